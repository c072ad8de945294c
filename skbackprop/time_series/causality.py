"""Does the past depend on the future?"""

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype, is_numeric_dtype
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state

from skbackprop.time_series.rows import as_frame, as_list, check_known, is_pandas, is_polars, table_of
from skbackprop.time_series.times import as_index, read_times


def check_causal(
    estimator: BaseEstimator,
    X: Any,
    y: Any = None,
    *,
    time: Any = None,
    n_points: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> None:
    """Change the future, and see whether features or predictions of the past change.

    The estimator is fitted once. Then, for some points in time, the floating point numbers of X from there
    on are replaced by others, and what `transform`, or else `predict`, gives for the rows before must stay
    the same, bit for bit. Of a `LagForecaster`, `predict_one_step` is tested: y changes too, columns known
    ahead do not, and the forecast of the point itself must stay as well.

    Parameters
    ----------
    estimator : estimator
        With `transform`, `predict` or `predict_one_step`; a clone of it is fitted.

    X : DataFrame or array of shape (n_rows, n_columns)
        Rows of one or more series. Whole numbers and texts stay, as they may be ids: give counts as
        floating point numbers.

    y : array-like or None, default=None
        Targets, for `fit`.

    time : str, int or None, default=None
        The column, or level of the index, that holds the times, or numbers in their order; it is left as it
        is. None: an index of dates or periods, or else the order of the rows.

    n_points : int, default=5
        How many points in time.

    random_state : int, RandomState instance or None, default=None
        Draws the points and the numbers.

    Raises
    ------
    AssertionError
        Where a row depends on later ones; it names the row and the column.

    ValueError
        For X of a single time, and X without a number to change.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import LagFeatures, check_causal
    >>> check_causal(LagFeatures(3), np.arange(20.0)[:, None])
    """
    random, X = check_random_state(random_state), as_frame(X)
    fitted = clone(estimator).fit(X, y) if y is not None else clone(estimator).fit(X)
    forecasts = hasattr(fitted, "predict_one_step")
    if forecasts:
        y = np.asarray(y, dtype=np.float64)
    stays = {time, *as_list(getattr(fitted, "known_future", None))}

    def given(X, y):
        if forecasts:
            return _as_frame(fitted.predict_one_step(X, y))
        return _as_frame(fitted.transform(X) if hasattr(fitted, "transform") else fitted.predict(X))

    order = _order(X, time)
    distinct = np.unique(order)
    if len(distinct) < 2:
        raise ValueError(f"X holds {len(distinct)} time: at least 2 are needed.")
    if not forecasts and not _changeable(X, stays):
        raise ValueError(
            "X holds no floating point numbers to change: whether it is causal cannot be tested."
        )
    before = given(X, y)
    for point in random.choice(distinct[1:], size=min(n_points, len(distinct) - 1), replace=False):
        future = order >= point
        past = order <= point if forecasts else ~future
        other_y = np.where(future, random.normal(scale=1e3, size=len(future)), y) if forecasts else None
        after = given(_with_other_future(X, future, stays, random), other_y)
        same = (before[past] == after[past]) | (before[past].isna() & after[past].isna())
        if not same.to_numpy().all():
            row, column = np.argwhere(~same.to_numpy())[0]
            raise AssertionError(
                f"{type(estimator).__name__} is not causal: column {before.columns[column]!r} of row "
                f"{int(np.flatnonzero(past)[row])} depends on rows after it, such as row "
                f"{int(np.flatnonzero(future)[0])}."
            )


def _order(X, time):
    """For each row the rank of its time."""
    values, where = None, "The index of X"
    if time is not None:
        table, where = table_of(X), f"time={time!r}"
        check_known(table, "time", [time])
        values = as_index(table.times(time))
    elif is_pandas(X) and not isinstance(X.index, pd.MultiIndex):
        values = None if is_numeric_dtype(X.index.dtype) else X.index
    if values is None:
        return np.arange(len(X))
    times = values if is_numeric_dtype(values.dtype) else read_times(values, where)
    return pd.factorize(times, sort=True)[0]


def _changeable(X, stays):
    """The columns of floating point numbers."""
    if is_polars(X):
        return [name for name in X.columns if name not in stays and X.schema[name].is_float()]
    if is_pandas(X):
        return [name for name in X.columns if name not in stays and is_float_dtype(X[name].dtype)]
    X = np.asarray(X)
    return [column for column in range(X.shape[1] if X.dtype.kind == "f" else 0) if column not in stays]


def _with_other_future(X, future, stays, random):
    """Other numbers in the rows of the future."""

    def other(values):
        values = np.array(values)
        values[future] = random.normal(scale=1e3, size=future.sum())
        return values

    names = _changeable(X, stays)
    if is_polars(X):
        return X.with_columns(**{name: other(X.get_column(name).to_numpy()) for name in names})
    X = X.copy() if is_pandas(X) else np.array(X)
    for name in names:
        if is_pandas(X):
            X[name] = other(X[name])
        else:
            X[:, name] = other(X[:, name])
    return X


def _as_frame(values):
    if is_polars(values):
        return pd.DataFrame({name: values.get_column(name).to_numpy() for name in values.columns})
    return pd.DataFrame(values).reset_index(drop=True)
