"""X and y of a forecaster as rows of numbers: y first, then the columns, those known ahead last."""

from dataclasses import replace

import numpy as np
from sklearn.utils.validation import check_array, column_or_1d

from skbackprop.preprocessing.times import refuse_times
from skbackprop.time_series.rows import as_frame, as_list, columns_of, is_frame, is_pandas, opened, read

FLOATS = [np.float64, np.float32]


def read_series(forecaster, X, y, reset):
    """The rows of X and y; `reset`: whether the columns are learned, else checked."""
    rows = _read_columns(forecaster, X, reset)
    return _with_first(rows, read_target(forecaster, y, len(rows.values)))


def read_ahead(forecaster, X):
    """Rows to come, with NaN for y; columns that are not known ahead are not used, and may be absent."""
    learned = list(vars(forecaster).get("feature_names_in_", []))
    known_ahead = as_list(forecaster.known_future)
    past = [name for name in columns_of(forecaster, learned) if name not in known_ahead]
    X = as_frame(X)
    if past and is_frame(X):
        unknown = dict.fromkeys(past, np.nan)
        X = X.assign(**unknown) if is_pandas(X) else X.with_columns(**unknown)
        place = {name: number for number, name in enumerate(learned)}
        X = X[sorted(X.columns, key=lambda name: place.get(name, len(place)))]
    rows = _read_columns(forecaster, X, reset=False)
    return _with_first(rows, np.full(len(rows.values), np.nan))


def read_target(forecaster, y, n_rows):
    """y as the models learn it."""
    y = floats_of(forecaster, y)
    if len(y) != n_rows:
        raise ValueError(f"X has {n_rows} rows, but y {len(y)}: inconsistent numbers of samples.")
    if forecaster.target_transform is None:
        return y
    if (y <= -1).any():
        raise ValueError(f"target_transform='log1p' needs y above -1, the smallest is {np.nanmin(y)}.")
    return np.log1p(y)


def floats_of(forecaster, y):
    """y as a vector of floating point numbers, of which some may be missing."""
    if y is None:
        raise ValueError(f"{type(forecaster).__name__} requires y to be passed, but the target y is None.")
    refuse_times(y, "y")
    y = column_or_1d(y, dtype=None, warn=True)
    return check_array(y, ensure_2d=False, ensure_all_finite="allow-nan", dtype=FLOATS, input_name="y")


def _read_columns(forecaster, X, reset):
    rows = read(forecaster, X, reset)
    names = columns_of(forecaster, opened(forecaster, X, False).names)
    future = as_list(forecaster.known_future)
    unknown = [name for name in future if name not in names]
    if unknown:
        raise ValueError(f"known_future: X has no column {unknown[0]!r} of numbers, only {names}.")
    order = sorted(range(len(names)), key=lambda k: names[k] in future)
    return replace(rows, values=np.asarray(rows.values)[:, order])


def _with_first(rows, y):
    return replace(rows, values=np.column_stack([y, rows.values.astype(y.dtype, copy=False)]))
