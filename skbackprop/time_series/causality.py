"""Does the past depend on the future?"""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_random_state

from skbackprop.time_series.rows import is_pandas, is_polars


def check_causal(estimator, X, y=None, *, time=None, n_points=5, random_state=None):
    """Change the future, and see whether features or predictions of the past change.

    The estimator is fitted once. Then, for some points in time, the numbers of X from there on are replaced by others, and
    what `transform`, or else `predict`, gives for the rows before must stay the same, bit for bit.

    Parameters
    ----------
    estimator : estimator
        With `transform` or `predict`; a clone of it is fitted.

    X : DataFrame or array of shape (n_rows, n_columns)
        Rows of one or more series.

    y : array-like or None, default=None
        Targets, for `fit`.

    time : str, int or None, default=None
        The column, or level of the index, that holds the times; it is left as it is. None: an index of dates or
        periods, else the order of the rows.

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
                f"{int(np.flatnonzero(past)[row])} depends on rows after it, from row {int(np.flatnonzero(~past)[0])} on."
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
    if is_polars(X):
        return type(X)(_with_other_future(X.to_pandas(), future, time, random))
    if not is_pandas(X):
        X = np.array(X)
        columns = [c for c in range(X.shape[1]) if c != time] if X.dtype.kind == "f" else []
        for column in columns:
            X[future, column] = random.normal(scale=1e3, size=future.sum())
        return X
    X = X.copy()
    for column in X.columns:
        if column != time and pd.api.types.is_float_dtype(X[column].dtype):
            values = X[column].to_numpy(copy=True)
            values[future] = random.normal(scale=1e3, size=future.sum())
            X[column] = values
    return X


def _as_frame(values):
    if is_polars(values):
        return values.to_pandas()
    return pd.DataFrame(values).reset_index(drop=True)
