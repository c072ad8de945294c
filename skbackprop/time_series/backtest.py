"""Forecasts from several origins in the past, compared with naive ones."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import mean_absolute_error, mean_pinball_loss
from sklearn.model_selection import check_cv

from skbackprop.compat import safe_indexing
from skbackprop.time_series.clock import advice_for, learn_clock
from skbackprop.time_series.forecaster import LagForecaster
from skbackprop.time_series.metrics import (
    coverage_score,
    mean_absolute_scaled_error,
    root_mean_squared_scaled_error,
    symmetric_mean_absolute_percentage_error,
)
from skbackprop.time_series.rows import as_frame, as_list, opened, series_of, times_of


@dataclass(frozen=True)
class Backtest:
    """What `backtest` found.

    Parameters
    ----------
    predictions : DataFrame
        A row for each row of a test part whose series has begun: fold, row (its number in X), series, time,
        y, and the forecasts of the forecaster (medians), 'naive' (the last value known) and 'seasonal naive';
        lower and upper ends of intervals, and quantiles.

    scores : DataFrame
        For each fold, series and method MAE, MASE, RMSSE and sMAPE; for intervals coverage; the mean pinball
        loss of the ends of intervals and of quantiles.
    """

    predictions: pd.DataFrame
    scores: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """The means over series, then folds.

        Returns
        -------
        table : DataFrame
            A row for each method.
        """
        numbers = self.scores.drop(columns=["fold", "series"]).columns.drop("method")
        of_folds = self.scores.groupby(["method", "fold"], sort=False)[list(numbers)].mean()
        return of_folds.groupby("method", sort=False).mean()


def backtest(
    forecaster: BaseEstimator,
    X: Any,
    y: Any,
    cv: Any,
    *,
    refit: bool = True,
    seasonality: int | None = None,
    coverage: Any = None,
) -> Backtest:
    """Forecast the test part of each fold from its training part, and measure.

    Parameters
    ----------
    forecaster : LagForecaster
        It is cloned.

    X : DataFrame or array-like of shape (n_rows, n_columns)
        Times, ids and other columns.

    y : array-like of shape (n_rows,)
        The series.

    cv : splitter or iterable
        Such as `PanelTimeSeriesSplit` or `sklearn.model_selection.TimeSeriesSplit`.

    refit : bool or int, default=True
        Whether each fold learns anew, or every so many folds; between, the forecaster observes the rows
        without learning. False: the first fold alone learns.

    seasonality : int or None, default=None
        Steps of a season. None: the shortest of ``forecaster.seasons_``, or 1.

    coverage : float or None, default=None
        Also forecast intervals that hold this share of the values.

    Returns
    -------
    result : Backtest
        ``predictions``, ``scores`` and ``summary()``.

    Raises
    ------
    TypeError
        For another forecaster.

    ValueError
        For test parts that are not after their training parts, and as in `LagForecaster`.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> from skbackprop.time_series import LagForecaster, PanelTimeSeriesSplit, backtest
    >>> X = pd.DataFrame(index=pd.date_range("2026-01-01", periods=90))
    >>> y = np.arange(90) + np.resize([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0], 90)
    >>> cv = PanelTimeSeriesSplit(3, horizon=7)
    >>> backtest(LagForecaster(Ridge(), horizon=7), X, y, cv).summary()["MASE"].round(2)
    method
    LagForecaster     0.00
    naive             1.06
    seasonal naive    1.00
    Name: MASE, dtype: float64
    """
    y = np.asarray(y, dtype=np.float64)
    if not isinstance(forecaster, LagForecaster):
        raise TypeError(f"forecaster: a LagForecaster is needed, not {type(forecaster).__name__}.")
    if not isinstance(refit, Integral) or refit < 0 or (refit == 0 and refit is not False):
        raise ValueError(f"refit={refit!r}: it must be True, False or a whole number of at least 1.")
    every = refit or np.inf
    X = as_frame(X)
    table = opened(clone(forecaster), X, reset=True)
    groups = as_list(forecaster.groups)
    times = times_of(table, forecaster.time, groups)
    ids, codes = series_of(table, groups)
    if times is None or forecaster.on_gap == "ignore":
        order = np.arange(len(y)) if times is None else pd.factorize(times, sort=True)[0]
        steps = pd.Series(order).groupby(codes).rank(method="first").to_numpy().astype(np.int64)
    else:
        clock = learn_clock(times, forecaster.freq, advice=advice_for(forecaster))
        steps = np.asarray(clock.steps(times))
    model, seen, predictions, scores = None, None, [], []
    for fold, (train, test) in enumerate(check_cv(cv).split(X, y)):
        if model is None or fold % every == 0:
            model = clone(forecaster).fit(safe_indexing(X, train), y[train])
        else:
            new = np.setdiff1d(train, seen)
            if len(new):
                model.observe(safe_indexing(X, new), y[new])
        seen = train
        test = test[np.isin(codes[test], codes[train[np.isfinite(y[train])]])]
        if len(test) == 0:
            continue
        season = seasonality or (int(model.seasons_[0]) if model.seasons_ else 1)
        part = pd.DataFrame({"fold": fold, "row": test, "series": np.asarray(ids)[codes[test]]})
        part["time"] = test if times is None else times[test]
        part["y"] = y[test]
        X_test = safe_indexing(X, test)
        forecasts, models = model._levels(X_test), model.models_
        part[type(forecaster).__name__] = forecasts[:, models.median]
        levels = {}  # the columns that are quantiles
        if coverage is not None:
            part["lower"], part["upper"] = model.predict_interval(X_test, coverage).T
            levels = {"lower": (1 - coverage) / 2, "upper": (1 + coverage) / 2}
        if len(models.levels) > 1:
            heads = {f"quantile {level}": level for level in np.atleast_1d(forecaster.quantile)}
            part[list(heads)] = forecasts[:, np.atleast_1d(models.asked)]
            levels |= heads
        for code in np.unique(codes[test]):
            known, rows = train[codes[train] == code], np.flatnonzero(codes[test] == code)
            history = on_clock(steps[known], y[known])
            ahead = steps[test[rows]] - steps[known].max()
            part.loc[rows, "naive"] = season_repeated(history, ahead, 1)
            part.loc[rows, "seasonal naive"] = season_repeated(history, ahead, season)
            scores += _scores(part.iloc[rows], history, season, levels, type(forecaster).__name__)
        predictions.append(part)
    return Backtest(pd.concat(predictions, ignore_index=True), pd.DataFrame(scores))


def on_clock(steps, y):
    """A series with a value for each step, NaN where none is known."""
    history = np.full(np.ptp(steps) + 1, np.nan)
    history[steps - steps.min()] = y
    return history


def season_repeated(history, ahead, season):
    """The last known value of the same phase, for steps ahead; where there is none the last known value."""
    known = np.flatnonzero(np.isfinite(history))
    last_of = np.full(season, known[-1])
    last_of[known % season] = known
    return history[last_of[(len(history) - 1 + ahead) % season]]


def _scores(part, history, season, levels, name):
    """Of one series in one fold, a dict for each method; a series without a unit has NaN."""
    part = part[np.isfinite(part["y"])]
    for method in (name, "naive", "seasonal naive"):
        y, y_pred = part["y"].to_numpy(), part[method].to_numpy()
        if not len(y):
            continue
        score = {"fold": part["fold"].iloc[0], "series": part["series"].iloc[0], "method": method}
        if np.isnan(y_pred).any():  # what a forecast rests on was not known
            score |= dict.fromkeys(["MAE", "MASE", "RMSSE", "sMAPE"], np.nan)
            yield score
            continue
        score["MAE"] = mean_absolute_error(y, y_pred)
        changes = history[season:] - history[:-season]
        has_unit = bool(np.nan_to_num(changes).any())
        unit = {"y_train": history, "seasonality": season}
        score["MASE"] = mean_absolute_scaled_error(y, y_pred, **unit) if has_unit else np.nan
        score["RMSSE"] = root_mean_squared_scaled_error(y, y_pred, **unit) if has_unit else np.nan
        score["sMAPE"] = symmetric_mean_absolute_percentage_error(y, y_pred)
        if method == name and "lower" in levels:
            score["coverage"] = coverage_score(y, part["lower"].to_numpy(), part["upper"].to_numpy())
        if method == name and levels:
            losses = [mean_pinball_loss(y, part[column], alpha=level) for column, level in levels.items()]
            score["pinball"] = np.mean(losses)
        yield score
