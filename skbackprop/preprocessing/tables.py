"""X as a table of columns: a data frame of any library, or an array."""

import sys

import narwhals.stable.v2 as nw
import numpy as np
from sklearn.utils.validation import validate_data

from skbackprop.masked import unmasked
from skbackprop.preprocessing.columns import ArrayColumn, Column
from skbackprop.preprocessing.frame_column import frame_column

SMALL = 4096  # numbers: up to here scikit-learn's checks cost more than the work


def opened(estimator, X, reset):
    """X as a table, its columns learned or checked; without rows it is an error in `fit` alone."""
    if not reset and _is_ready(estimator, X):
        return ArrayColumns(X)
    frame = frame_of(X)
    if frame is not None:
        validate_data(estimator, nw.to_native(frame), reset=reset, skip_check_array=True)
        _check_shape(estimator, frame.shape, int(reset))
        return table_of(frame)
    X = unmasked(X)
    if not hasattr(X, "dtype") and np.asarray(X).dtype.kind in "US":
        X = np.array(X, dtype=object)  # a list of lists: numbers next to text stay numbers
    X = validate_data(
        estimator, X, reset=reset, dtype=None, ensure_all_finite=False, ensure_min_samples=int(reset)
    )
    return ArrayColumns(X)


def frame_of(X):
    """X as a narwhals DataFrame; None where it is no data frame."""
    if isinstance(X, np.ndarray | list | tuple):
        return None
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and isinstance(X, pyarrow.RecordBatch):
        X = pyarrow.Table.from_batches([X])
    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.LazyFrame) and not hasattr(X, "__array__"):  # dask's gives its rows to NumPy
        raise TypeError("X is a lazy frame, without rows: give X.collect().")
    return frame if isinstance(frame, nw.DataFrame) else None


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


def table_of(frame):
    """A narwhals DataFrame as a table."""
    if nw.dependencies.is_pandas_dataframe(X := nw.to_native(frame)):
        dtypes = set(X.dtypes)
        if len(dtypes) == 1 and isinstance(dtype := dtypes.pop(), np.dtype) and dtype.kind in "iuf":
            return ArrayColumns(X.to_numpy(), list(X.columns))
    return FrameColumns(len(frame), [frame_column(series) for series in frame.iter_columns()])


class FrameColumns:
    """Columns of many kinds, one by one."""

    def __init__(self, n_rows, columns):
        self.n_rows, self.columns = n_rows, columns
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
