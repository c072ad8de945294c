"""Errors of forecasts that scikit-learn does not have."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length


def mean_absolute_scaled_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, y_train: ArrayLike, seasonality: int = 1
) -> float:
    """Mean absolute error in units of the mean seasonal change of the training part (Hyndman, Koehler, 2006).

    Parameters
    ----------
    y_true : array-like of shape (n_steps,)
        What came.

    y_pred : array-like of shape (n_steps,)
        What was forecast.

    y_train : array-like of shape (n_train,)
        The series before.

    seasonality : int, default=1
        Steps of a season.

    Returns
    -------
    loss : float
        1 is the error of the season repeated, in the training part.

    Raises
    ------
    ValueError
        For a training part of no more than a season, or one whose seasons are equal.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return float(np.mean(np.abs(y_true - y_pred)) / np.mean(np.abs(_changes(y_train, seasonality))))


def root_mean_squared_scaled_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, y_train: ArrayLike, seasonality: int = 1
) -> float:
    """Root of the mean squared error in units of that of seasonal changes before, as in the M5 competition.

    Parameters
    ----------
    y_true : array-like of shape (n_steps,)
        What came.

    y_pred : array-like of shape (n_steps,)
        What was forecast.

    y_train : array-like of shape (n_train,)
        The series before.

    seasonality : int, default=1
        Steps of a season.

    Returns
    -------
    loss : float
        1 is the error of the season repeated, in the training part.

    Raises
    ------
    ValueError
        For a training part of no more than a season, or one whose seasons are equal.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return float(np.sqrt(np.mean((y_true - y_pred) ** 2) / np.mean(_changes(y_train, seasonality) ** 2)))


def symmetric_mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean of 2 |y - forecast| / (|y| + |forecast|), as in the M4 competition, from 0 to 2; 0 / 0 is 0.

    Parameters
    ----------
    y_true : array-like of shape (n_steps,)
        What came.

    y_pred : array-like of shape (n_steps,)
        What was forecast.

    Returns
    -------
    loss : float
        A share; 0.1 are ten percent.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    size = np.abs(y_true) + np.abs(y_pred)
    error = np.abs(y_true - y_pred)
    return float(np.mean(np.divide(2 * error, size, out=np.zeros_like(error), where=size > 0)))


def coverage_score(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """The share of values within their intervals.

    Parameters
    ----------
    y_true : array-like of shape (n_steps,)
        What came.

    lower : array-like of shape (n_steps,)
        Lower ends.

    upper : array-like of shape (n_steps,)
        Upper ends.

    Returns
    -------
    share : float
        Between 0 and 1.
    """
    y_true, lower = _pair(y_true, lower)
    y_true, upper = _pair(y_true, upper)
    return float(np.mean((lower <= y_true) & (y_true <= upper)))


def _pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    pair = _series("y_true", y_true), _series("y_pred", y_pred)
    check_consistent_length(*pair)
    return pair


def _series(name, y):
    return check_array(y, ensure_2d=False, dtype=np.float64, input_name=name).ravel()


def _changes(y_train, seasonality):
    y_train = check_array(
        y_train, ensure_2d=False, ensure_all_finite="allow-nan", dtype=np.float64, input_name="y_train"
    ).ravel()
    changes = y_train[seasonality:] - y_train[:-seasonality]
    changes = changes[np.isfinite(changes)]
    if not changes.any():
        raise ValueError(
            f"y_train of {len(y_train)} steps does not change from season to season (seasonality="
            f"{seasonality}): there is no unit to measure errors in."
        )
    return changes
