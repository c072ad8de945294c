"""X as a table of columns: a pandas or a polars frame, or an array."""

import sys

import numpy as np
from sklearn.utils.validation import validate_data

from skbackprop.preprocessing.columns import ArrayColumn, Column
from skbackprop.preprocessing.pandas_column import PandasColumn
from skbackprop.preprocessing.polars_column import PolarsColumn

SMALL = 4096  # numbers: up to here scikit-learn's checks cost more than the work


def opened(estimator, X, reset):
    """X as a table, its columns learned or checked; rows may be none but in fit."""
    if _is_pandas(X) or _is_polars(X):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        _check_shape(estimator, X.shape, int(reset))
        return _of_frame(X)
    if not reset and _is_ready(estimator, X):
        return ArrayColumns(X)
    if not hasattr(X, "dtype") and np.asarray(X).dtype.kind in "US":
        X = np.array(X, dtype=object)  # a list of lists: numbers beside text stay numbers
    X = validate_data(
        estimator, X, reset=reset, dtype=None, ensure_all_finite=False, ensure_min_samples=int(reset)
    )
    return ArrayColumns(X)


def _is_pandas(X):
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(X, pandas.DataFrame)


def _is_polars(X):
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(X, polars.DataFrame)


def _is_ready(estimator, X):
    return (
        type(X) is np.ndarray
        and X.dtype.kind == "f"
        and X.ndim == 2
        and X.shape[1] == estimator.n_features_in_
        and 0 < X.size <= SMALL
        and "feature_names_in_" not in vars(estimator)
    )


def _check_shape(estimator, shape, least):
    for n, kind, required in zip(shape, ("sample", "feature"), (least, 1)):
        if n < required:
            raise ValueError(
                f"Found array with {n} {kind}(s) (shape={shape}) while a minimum of {required} is required "
                f"by {type(estimator).__name__}."
            )


def _of_frame(X):
    if _is_polars(X):
        return FrameColumns(X, [PolarsColumn(series.name, series) for series in X.get_columns()])
    dtypes = set(X.dtypes)
    if len(dtypes) == 1 and isinstance(dtype := dtypes.pop(), np.dtype) and dtype.kind in "iuf":
        return ArrayColumns(X.to_numpy(), list(X.columns))
    return FrameColumns(X, [PandasColumn(name, series) for name, series in X.items()])


class FrameColumns:
    """Columns of many kinds, one by one."""

    def __init__(self, X, columns):
        self.n_rows, self.columns = len(X), columns
        self.dtype = np.dtype(np.float64)

    def column(self, index):
        return self.columns[index]

    def numbers(self, indices):
        """These columns as floats (n_rows, n_indices)."""
        return stacked([self.columns[i].numbers() for i in indices], self.n_rows)


class ArrayColumns:
    """Columns of one kind, or of objects."""

    def __init__(self, X, names=None):
        self.n_rows = X.shape[0]
        self.X, self.names = X, range(X.shape[1]) if names is None else names
        self.dtype = X.dtype if X.dtype == np.float32 else np.dtype(np.float64)

    def column(self, index):
        kind = Column if self.X.dtype == object else ArrayColumn
        return kind(self.names[index], self.X[:, index])

    def numbers(self, indices):
        """These columns as floats (n_rows, n_indices)."""
        if self.X.dtype.kind in "iuf":
            return self.X if len(indices) == self.X.shape[1] else self.X[:, indices]
        return stacked([self.column(i).numbers() for i in indices], self.n_rows)


def stacked(columns, n_rows):
    return np.array(columns, np.float64).reshape(len(columns), n_rows).T
