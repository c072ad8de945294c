"""Convert frames, indices, times and sparse rows of other libraries to plain values and arrays, and back.

An object that is taken apart becomes a tuple: the name of its kind, then the arguments of `put_together`.
"""

import numpy as np

ZONES_READ_FROM_FILES = "dateutil"
PHYSICAL = "Date", "Datetime", "Duration"


def taken_apart(thing):
    """The parts of an object of pandas, polars or SciPy; None for any other object."""
    takes = TAKERS.get(type(thing).__module__.partition(".")[0])
    return None if takes is None else takes(thing)


def put_together(kind, *parts):
    """Make the object again; wrong parts raise errors of any type."""
    return MAKERS[kind](*parts)


# ------------------------------------------------------------------ pandas


def _of_pandas(thing):
    import pandas as pd

    if isinstance(thing, pd.DataFrame):
        columns = [_array(thing.iloc[:, k]) for k in range(thing.shape[1])]
        return "frame", thing.columns, thing.index, columns, dict(thing.attrs)
    if isinstance(thing, pd.Series):
        return "series", _array(thing), thing.index, thing.name
    if isinstance(thing, pd.RangeIndex):
        return "range", thing.start, thing.stop, thing.step, thing.name
    if isinstance(thing, pd.MultiIndex):
        return "levels", list(thing.levels), [np.asarray(codes) for codes in thing.codes], list(thing.names)
    if isinstance(thing, pd.Index):
        freq = thing.freq if isinstance(thing, pd.DatetimeIndex | pd.TimedeltaIndex) else None
        return "index", _array(thing), thing.name, freq
    if thing is pd.NA:
        return ("NA",)
    if isinstance(thing, pd.Timestamp | pd.Timedelta | pd.Period | type(pd.NaT)):
        return "value", _array(pd.Series([thing]))
    if isinstance(thing, pd.offsets.BaseOffset):
        more = {name: value for name, value in thing.kwds.items() if name != "calendar"}
        if more.get("holidays") is not None:
            more["holidays"] = np.array(more["holidays"], dtype="M8[D]")
        parts = "offset", type(thing).__name__, thing.n, thing.normalize, more
        return parts if put_together(*parts) == thing else None
    return None


def _array(values):
    """The values of a Series or an Index: a NumPy array, or a description of another array."""
    import pandas as pd

    dtype = values.dtype
    if isinstance(dtype, np.dtype):
        return values.to_numpy()
    if isinstance(dtype, pd.CategoricalDtype):
        return "category", np.asarray(pd.Categorical(values).codes), dtype.categories, bool(dtype.ordered)
    if isinstance(dtype, pd.PeriodDtype):
        return "periods", pd.PeriodIndex(values).asi8, pd.PeriodIndex(values).freqstr
    if isinstance(dtype, pd.DatetimeTZDtype):
        utc = pd.DatetimeIndex(values).tz_convert("UTC").tz_localize(None).to_numpy()
        told = "zoned", utc, str(dtype.tz)
    else:
        objects = values.astype(object).to_numpy()
        name = str(dtype)
        if name == "string":  # in pandas 2 the name does not say how the text is stored
            name = f"string[{dtype.storage}]"
        told = "nullable", np.where(pd.isna(objects), None, objects), name
    try:
        same = _values(told).dtype == dtype
    except (ValueError, TypeError, KeyError, NotImplementedError):
        same = False
    if not same:
        raise TypeError(f"Values of the pandas type {dtype} cannot be saved.")
    return told


def _values(told):
    """The values that `_array` described."""
    import pandas as pd

    if isinstance(told, np.ndarray):
        return told
    kind, values, *more = told
    if kind == "category":
        return pd.Categorical.from_codes(values, *more)
    if kind == "periods":
        return pd.PeriodIndex.from_ordinals(values, freq=more[0])
    if kind == "nullable":
        return pd.array(values, dtype=more[0])
    if kind != "zoned" or more[0].startswith(ZONES_READ_FROM_FILES):
        raise ValueError(f"{told!r:.100} does not describe values.")
    return pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(more[0])


def _frame(names, index, columns, attrs):
    import pandas as pd

    frame = pd.DataFrame({k: _values(column) for k, column in enumerate(columns)}, index=index)
    frame.columns = names
    frame.attrs.update(attrs)
    return frame


def _series(values, index, name):
    import pandas as pd

    return pd.Series(_values(values), index=index, name=name)


def _range(start, stop, step, name):
    import pandas as pd

    return pd.RangeIndex(start, stop, step, name=name)


def _levels(levels, codes, names):
    import pandas as pd

    return pd.MultiIndex(levels, codes, names=names)


def _index(values, name, freq):
    import pandas as pd

    index = pd.Index(_values(values), dtype=getattr(values, "dtype", None), name=name)
    if freq is not None:
        index.freq = freq
    return index


def _missing():
    import pandas as pd

    return pd.NA


def _value(values):
    return _series(values, None, None).iloc[0]


def _offset(name, n, normalize, more):
    import pandas as pd

    kind = getattr(pd.offsets, name)
    if not issubclass(kind, pd.offsets.BaseOffset):
        raise ValueError(f"{name!r:.100} is not an offset of pandas.")
    if more.get("holidays") is not None:
        more = more | {"holidays": more["holidays"].tolist()}
    return kind(n, normalize=normalize, **more)


# ------------------------------------------------------------------ polars and SciPy


def _of_polars(thing):
    import polars as pl

    if not isinstance(thing, pl.DataFrame | pl.Series):
        return None
    columns = thing.get_columns() if isinstance(thing, pl.DataFrame) else [thing]
    told = []
    for column in columns:
        name, dtype = str(column.dtype).partition("(")[0], column.dtype
        arguments = (
            [getattr(dtype, part, None) for part in ("time_unit", "time_zone")] if name in PHYSICAL else []
        )
        arguments = [part for part in arguments if part is not None]
        if _polars_type(name, arguments) != dtype:
            raise TypeError(f"Values of the polars type {dtype} cannot be saved.")
        values = column.to_physical() if name in PHYSICAL else column
        told.append((column.name, name, arguments, values.to_list()))
    return ("polars", told, isinstance(thing, pl.DataFrame))


def _polars_type(name, arguments):
    import polars as pl

    kind = getattr(pl, name)
    return kind(*arguments) if arguments else kind


def _polars(told, is_frame):
    import polars as pl

    columns = []
    for name, kind, arguments, values in told:
        series = pl.Series(name, values, pl.Int64 if kind in PHYSICAL else _polars_type(kind, arguments))
        columns.append(series.cast(_polars_type(kind, arguments)))
    return pl.DataFrame(columns) if is_frame else columns[0]


def _of_scipy(thing):
    from scipy import sparse

    if not sparse.issparse(thing):
        return None
    if thing.format != "csr":
        raise TypeError(f"Sparse rows of the format {thing.format} cannot be saved: use tocsr().")
    kind = "csr array" if isinstance(thing, sparse.sparray) else "csr matrix"
    return kind, thing.data, thing.indices, thing.indptr, thing.shape


def _csr(kind):
    def make(data, indices, indptr, shape):
        from scipy import sparse

        rows = getattr(sparse, kind)((data, indices, indptr), shape=shape)
        rows.check_format(full_check=True)  # indices beyond the shape would read other memory
        return rows

    return make


TAKERS = {"pandas": _of_pandas, "polars": _of_polars, "scipy": _of_scipy}
MAKERS = {
    "frame": _frame,
    "series": _series,
    "range": _range,
    "levels": _levels,
    "index": _index,
    "NA": _missing,
    "value": _value,
    "offset": _offset,
    "polars": _polars,
    "csr array": _csr("csr_array"),
    "csr matrix": _csr("csr_matrix"),
}
