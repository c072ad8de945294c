"""The same values in other dtypes and containers."""

import tempfile
from importlib.util import find_spec

import numpy as np
import pandas as pd

HAS_ARROW, HAS_POLARS = find_spec("pyarrow") is not None, find_spec("polars") is not None


# ------------------------------------------------------------------ tables


def of_table(X):
    """Functions by name: each makes of the plain frame another table with the same values."""
    makers = dict(FRAMES)
    if "v" in X:  # series, which refuse columns of objects by name
        del makers["frame of objects"]
        if "t" not in X:  # its index would be the time
            del makers["frame with another index"]
    numeric = all(dtype.kind in "fiu" for dtype in X.dtypes)
    if numeric and "t" not in X:  # floats are no times
        makers |= ARRAYS
    if numeric:
        values = X.to_numpy(dtype=float)
        if (values == np.floor(values)).all():  # no NaN among them
            makers |= {f"array of {name}": _array_of(name) for name in ("i8", "i4", "i2", ">i4", "O")}
    return makers


def nameless(X):
    return not hasattr(X, "columns") and not hasattr(X, "column_names")


def _memory_map(X):
    values = X.to_numpy(dtype=float)
    with tempfile.NamedTemporaryFile() as file:  # the mapping outlives the name
        file.write(values.tobytes())
        file.flush()
        return np.memmap(file.name, dtype=float, mode="r", shape=values.shape)


def _read_only(X):
    values = X.to_numpy(dtype=float).copy()
    values.flags.writeable = False
    return values


def _strided(X):
    values = X.to_numpy(dtype=float)
    wide = np.full((2 * len(values), 2 * values.shape[1]), 1e300)
    wide[::2, ::2] = values
    return wide[::2, ::2]


def _array_of(dtype):
    return lambda X: X.astype(object).to_numpy().astype(dtype)  # whole numbers beside floats stay whole


ARRAYS = {
    "array": lambda X: X.to_numpy(dtype=float),
    "Fortran array": lambda X: np.asfortranarray(X.to_numpy(dtype=float)),
    "big-endian array": lambda X: X.to_numpy(dtype=float).astype(">f8"),
    "memory map": _memory_map,
    "read-only array": _read_only,
    "strided array": _strided,
    "lists": lambda X: X.to_numpy(dtype=float).tolist(),
}


def _categories(X):
    return X.astype({name: "category" for name in X if X[name].dtype.kind == "O" or _is_text(X[name])})


def _is_text(column):
    return isinstance(column.dtype, pd.StringDtype)


def _polars(X):
    import polars as pl

    return pl.DataFrame({name: _for_polars(X[name]) for name in X})


def _for_polars(column):
    if column.dtype.kind == "f":
        return [None if np.isnan(value) else value for value in column]
    if column.dtype.kind == "M":
        return [None if pd.isna(value) else value.to_pydatetime() for value in column]
    return [None if value is None or value is np.nan else value for value in column.tolist()]


def _polars_categories(X):
    import polars as pl

    frame = _polars(X)
    return frame.with_columns(pl.col(pl.String).cast(pl.Categorical))


def _arrow_table(X):
    import pyarrow as pa

    return pa.table({name: pa.array(X[name], from_pandas=True) for name in X})


def _arrow_chunks(X):
    import pyarrow as pa

    half = len(X) // 2
    return pa.concat_tables([_arrow_table(X[:half]), _arrow_table(X[half:])]).combine_chunks().slice(0)


FRAMES = {
    "frame with another index": lambda X: X.set_axis([f"row {k % 3}" for k in range(len(X))]),
    "frame of nullable types": lambda X: X.convert_dtypes(dtype_backend="numpy_nullable"),
    "frame of categories": _categories,
    "frame of objects": lambda X: X.astype({name: object for name in X if X[name].dtype.kind != "M"}),
    "frame in columns": lambda X: pd.concat([X[[name]] for name in X], axis=1),
}
if HAS_ARROW:
    FRAMES["frame of arrow types"] = lambda X: X.convert_dtypes(dtype_backend="pyarrow")
    FRAMES["pyarrow table"] = _arrow_table
if HAS_POLARS:
    FRAMES["polars frame"] = _polars
    FRAMES["polars frame of categories"] = _polars_categories


# ------------------------------------------------------------------ targets


def of_target(y):
    """Functions by name: each makes of a plain vector or matrix another target with the same values."""
    makers = dict(TARGETS)
    if y.ndim == 1:
        makers |= VECTORS
        if not (y.dtype.kind == "f" and np.isnan(y).any()) and (y == np.floor(y)).all():
            makers |= {f"vector of {name}": _vector_of(name) for name in ("i8", "i2", ">i4", "f4", "O")}
            makers["nullable integers"] = lambda y: pd.Series(y).astype("Int64")
    return makers


def _vector_of(dtype):
    return lambda y: y.astype(dtype)


def _read_only_target(y):
    y = y.copy()
    y.flags.writeable = False
    return y


def _strided_target(y):
    wide = np.zeros((2 * len(y), *y.shape[1:]), y.dtype)
    wide[::2] = y
    return wide[::2]


def _polars_series(y):
    import polars as pl

    return pl.Series(values=y.tolist())


def _arrow_array(y):
    import pyarrow as pa

    return pa.array(y)


TARGETS = {
    "array": lambda y: y,
    "Fortran array": np.asfortranarray,
    "big-endian array": lambda y: y.astype(y.dtype.newbyteorder(">")),
    "read-only array": _read_only_target,
    "strided array": _strided_target,
    "lists": lambda y: y.tolist(),
}
VECTORS = {
    "series": pd.Series,
    "series with another index": lambda y: pd.Series(y, index=np.arange(len(y))[::-1] * 7),
    "nullable series": lambda y: pd.Series(y).convert_dtypes(),
    "series of objects": lambda y: pd.Series(y).astype(object),
}
if HAS_ARROW:
    VECTORS["series of arrow type"] = lambda y: pd.Series(y).convert_dtypes(dtype_backend="pyarrow")
    VECTORS["pyarrow array"] = _arrow_array
if HAS_POLARS:
    VECTORS["polars series"] = _polars_series
