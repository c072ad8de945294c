"""Does the past depend on the future?"""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_random_state

from skbackprop.time_series.rows import is_pandas, is_polars


def check_causal(estimator, X, y=None, *, time=None, n_points=5, random_state=None):
    """Change the future, and see whether features or predictions of the past change.

    The estimator is fitted once. Then, for some points in time, the numbers of X from there on are replaced
    by others, and what `transform`, or else `predict`, gives for the rows before must stay the same, bit for
    bit.

    Parameters
    ----------
    estimator : estimator
        With `transform` or `predict`; a clone of it is fitted.

    X : DataFrame or array of shape (n_rows, n_columns)
        Rows of one or more series.

    y : array-like or None, default=None
        Targets, for `fit`.

    time : str, int or None, default=None
        The column, or level of the index, that holds the times; it is left as it is. None: an index of dates
        or periods, else the order of the rows.

    n_points : int, default=5
        How many points in time.

    random_state : int, RandomState instance or None, default=None
        Draws the points and the numbers.

    Raises
    ------
    AssertionError
        Where a row depends on later ones; it names the row and the column.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import LagFeatures, check_causal
    >>> check_causal(LagFeatures(3), np.arange(20.0)[:, None])
    """
    random = check_random_state(random_state)
    fitted = clone(estimator).fit(X, y) if y is not None else clone(estimator).fit(X)
    method = fitted.transform if hasattr(fitted, "transform") else fitted.predict
    order = _order(X, time)
    distinct = np.unique(order)
    if len(distinct) < 2:
        raise ValueError(f"X holds {len(distinct)} time: at least 2 are needed.")
    before = _as_frame(method(X))
    for point in random.choice(distinct[1:], size=min(n_points, len(distinct) - 1), replace=False):
        past = order < point
        after = _as_frame(method(_with_other_future(X, ~past, time, random)))
        same = (before[past] == after[past]) | (before[past].isna() & after[past].isna())
        if not same.to_numpy().all():
            row, column = np.argwhere(~same.to_numpy())[0]
            raise AssertionError(
                f"{type(estimator).__name__} is not causal: column {before.columns[column]!r} of row "
                f"{int(np.flatnonzero(past)[row])} depends on rows after it, such as row "
                f"{int(np.flatnonzero(~past)[0])}."
            )


def _order(X, time):
    """For each row the rank of its time."""
    if time is not None:
        if is_pandas(X):
            values = X[time] if time in X.columns else X.index.get_level_values(time)
        else:
            values = X.get_column(time).to_numpy() if is_polars(X) else np.asarray(X)[:, time]
    elif is_pandas(X) and isinstance(X.index, pd.DatetimeIndex | pd.PeriodIndex):
        values = X.index
    else:
        values = np.arange(len(X))
    return pd.factorize(pd.Index(values), sort=True)[0]


def _with_other_future(X, future, time, random):
    """Other numbers in the rows of the future; whole numbers, texts and times stay, as they may be ids."""

    def other(values):
        values = np.array(values)
        values[future] = random.normal(scale=1e3, size=future.sum())
        return values

    if is_polars(X):
        names = [name for name in X.columns if name != time and X.schema[name].is_float()]
        return X.with_columns(**{name: other(X.get_column(name).to_numpy()) for name in names})
    if is_pandas(X):
        names = [name for name in X.columns if name != time and pd.api.types.is_float_dtype(X[name].dtype)]
        X = X.copy()
        for name in names:
            X[name] = other(X[name])
        return X
    X = np.array(X)
    for column in range(X.shape[1] if X.dtype.kind == "f" else 0):
        if column != time:
            X[:, column] = other(X[:, column])
    return X


def _as_frame(values):
    if is_polars(values):
        return pd.DataFrame({name: values.get_column(name).to_numpy() for name in values.columns})
    return pd.DataFrame(values).reset_index(drop=True)
