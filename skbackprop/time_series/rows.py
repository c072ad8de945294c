"""X as columns of numbers, and for each row the series and the time that it belongs to."""

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skbackprop.preprocessing.columns import NUMBERS
from skbackprop.preprocessing.frame_column import frame_column
from skbackprop.preprocessing.times import refuse_times
from skbackprop.time_series.runs import MISSING, Runs, Ticks, run_starts
from skbackprop.time_series.stepping import ticks_of
from skbackprop.time_series.times import missing_time, read_times

NO_INDEX = "its index says nothing"  # in `attrs` of a frame


@dataclass(frozen=True)
class KeyedRows:
    """Validated rows."""

    values: np.ndarray  # (n_rows, n_columns)
    ids: pd.Index  # the series, each once
    runs: Runs  # of neighbours of one series
    times: pd.Index | None  # (n_rows,), None where rows have no time
    ticks: Ticks | None  # the same
    where: str = ""  # what holds the times

    @property
    def codes(self):
        """(n_rows,), places in `ids`."""
        return self.runs.codes


def is_pandas(X):
    return isinstance(X, pd.DataFrame)


def is_polars(X):
    return type(X).__module__.partition(".")[0] == "polars" and hasattr(X, "get_column")


def is_frame(X):
    return is_pandas(X) or is_polars(X)


def as_frame(X):
    """X itself; a table of pyarrow as a pandas DataFrame with the same types."""
    if type(X).__module__.partition(".")[0] != "pyarrow" or not hasattr(X, "to_pandas"):
        return X
    frame = X.to_pandas(types_mapper=pd.ArrowDtype)
    if isinstance(frame.index, pd.RangeIndex):  # the table has none: that would be times from 0 on in each
        frame.attrs[NO_INDEX] = True
    return frame


def read(estimator, X, reset):
    """The rows of X, for an estimator with the parameters columns, groups and time."""
    table = opened(estimator, X, reset)
    groups = as_list(estimator.groups)
    check_known(table, "groups", groups)
    check_known(table, "columns", as_list(estimator.columns))
    times, where = _times_and_where(table, estimator.time, groups)
    ids, runs = runs_of(table, groups)
    ticks = None if times is None else _complete(times, where, runs.starts)
    names = columns_of(estimator, table.names)
    wrong = table.no_number(names)
    if wrong is not None:
        raise no_numbers(estimator, *wrong)
    return KeyedRows(table.numbers(names), ids, runs, times, ticks, where)


def opened(estimator, X, reset):
    """X as a table, its columns learned or checked."""
    X = as_frame(X)
    if is_frame(X):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        if len(X) == 0:
            raise ValueError(f"X has 0 rows, while {type(estimator).__name__} needs at least 1.")
        table = table_of(X)
    else:
        table = ArrayTable(validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False))
    check_passthrough(estimator, table.names)
    return table


def check_known(table, role, names):
    unknown = [name for name in names if not table.has(name)]
    if unknown:
        raise ValueError(f"{role}: X has no column {unknown[0]!r}, only {table.names}.")


def columns_of(estimator, names):
    """The columns that features are made of: `columns`, or all that are neither groups nor time."""
    if estimator.columns is not None:
        return as_list(estimator.columns)
    taken = {*as_list(estimator.groups), *as_list(estimator.time)}
    return [name for name in names if name not in taken]


def as_list(value):
    if value is None:
        return []
    return [value] if isinstance(value, str | int | np.integer) else list(value)


def series_of(table, groups):
    """The ids of the series, and for each row which of them it is of."""
    ids, runs = runs_of(table, groups)
    return ids, runs.codes


def _native(values):
    """In the byte order of the machine: pandas looks up no others."""
    dtype = values.dtype
    is_foreign = isinstance(dtype, np.dtype) and not dtype.isnative
    return values.astype(dtype.newbyteorder("=")) if is_foreign else values


def runs_of(table, groups):
    """The ids of the series, in the order in which they come, and the rows as runs of them."""
    if not groups:
        return pd.RangeIndex(1), Runs(np.zeros(1, np.intp), np.zeros(1, np.intp), table.n_rows)
    keys = [pd.Index(_native(table.column(name)), name=name) for name in groups]
    for name, key in zip(groups, keys):
        if key.hasnans:
            raise ValueError(f"groups={name!r}: an id is missing in row {int(np.argmax(key.isna()))}.")
    key = keys[0] if len(keys) == 1 else pd.MultiIndex.from_arrays(keys)
    if isinstance(key.dtype, np.dtype) and key.dtype.kind in "biu":  # cheaper to compare than to look up
        starts = run_starts(key.to_numpy())
        series, ids = pd.factorize(key[starts])
    else:
        codes, ids = pd.factorize(key)
        starts = run_starts(codes)
        series = codes[starts]
    return pd.Index(ids), Runs(series, starts, table.n_rows)


def times_of(table, time, groups):
    """The time of each row as a pandas Index, or None."""
    times, where = _times_and_where(table, time, groups)
    if times is not None:
        _complete(times, where, np.zeros(1, np.intp))
    return times


def _times_and_where(table, time, groups):
    """The times, some of which may be missing, or None, and what holds them, in words."""
    if time is not None:
        check_known(table, "time", [time])
        return read_times(table.times(time), f"time={time!r}"), f"time={time!r}"
    times, where = table.index(groups)
    return (None if times is None else read_times(times, where)), where


def _complete(times, where, starts):
    """The times as whole numbers, in runs; one that is missing is an error."""
    ticks = ticks_of(times, starts)
    if MISSING in ticks:
        raise missing_time(where, int(np.argmax(times.isna())))
    return ticks


def check_passthrough(estimator, names):
    """An error for columns to pass through that X does not have."""
    wanted = getattr(estimator, "passthrough", False)
    if isinstance(wanted, bool | np.bool_):
        return
    unknown = [name for name in as_list(wanted) if name not in names]
    if unknown:
        raise ValueError(f"passthrough={wanted!r}: X has no column {unknown[0]!r}, only {list(names)}.")


def no_numbers(estimator, name, dtype):
    """The error for a column without numbers, with what to give the estimator instead."""
    remedy = "encode it, leave it out, or name it with groups= if it holds the ids"
    if "columns" in estimator.get_params(deep=False):
        remedy = "columns= names those that features are made of, groups= the ids"
    return ValueError(f"The column {name!r} holds {dtype}, no numbers: {remedy}.")


class Columns:
    """The columns of a data frame X that hold numbers, in whatever way."""

    def __init__(self, X):
        self.X, self.names, self.n_rows = X, list(X.columns), len(X)

    def _read(self, name):
        return frame_column(nw.from_native(self.X[name], series_only=True))

    def no_number(self, names):
        """The first of the columns that holds no numbers, and what it holds; or None."""
        for name in names:
            column = self._read(name)
            if column.kind != NUMBERS and not column.is_boolean:
                return name, self.X[name].dtype
        return None

    def numbers(self, names):
        columns = [self._read(name).numbers() for name in names]
        dtype = np.float32 if columns and all(c.dtype == np.float32 for c in columns) else np.float64
        return np.array(columns, dtype=dtype).reshape(len(names), len(self.X)).T


class FrameTable(Columns):
    """A pandas DataFrame: its index, or a level of it, may be time or ids."""

    def __init__(self, X):
        plain = {name: dtype for name, dtype in X.dtypes.items() if isinstance(dtype, np.dtype)}
        if not all(dtype.isnative for dtype in plain.values()):  # pandas cannot choose among such columns
            X = X.astype({name: dtype.newbyteorder("=") for name, dtype in plain.items()})
        super().__init__(X)

    def has(self, name):
        return name in self.X.columns or self._level(name) is not None

    def column(self, name):
        return self.X[name] if name in self.X.columns else self.X.index.get_level_values(self._level(name))

    times = column

    def _level(self, name):
        """The number of the level of the index that has this name; one without a name has its number."""
        names = list(self.X.index.names)
        if name in names:
            return names.index(name)
        if len(names) == 1 or not isinstance(name, int | np.integer) or isinstance(name, bool):
            return None
        return name if 0 <= name < len(names) and names[name] is None else None

    def index(self, groups):
        """What may be the times, or None; and how it is called."""
        if self.X.attrs.get(NO_INDEX, False):
            return None, "X"
        index = self.X.index
        if isinstance(index, pd.MultiIndex):
            names = [number if name is None else name for number, name in enumerate(index.names)]
            ids = {self._level(name) for name in groups if name not in self.X.columns}
            rest = [number for number in range(len(names)) if number not in ids]
            if len(rest) != 1:
                raise ValueError(f"X has the index levels {names}: groups= names all but the time.")
            return index.get_level_values(rest[0]), f"The index level {names[rest[0]]!r} of X"
        if groups and pd.api.types.infer_dtype(index) == "integer":
            index = None  # row numbers are no time of several series
        return index, "The index of X"

    def no_number(self, names):
        dtypes = (self.X if names == self.names else self.X[names]).dtypes
        return super().no_number([name for name, dtype in dtypes.items() if not _is_plain(dtype)])

    def numbers(self, names):
        part = self.X if names == self.names else self.X[names]
        dtypes = set(part.dtypes)
        if not all(map(_is_plain, dtypes)):
            return super().numbers(names)
        return part.to_numpy(dtype=np.float32 if dtypes == {np.dtype(np.float32)} else np.float64)


def _is_plain(dtype):
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf"


class PolarsTable(Columns):
    """A polars DataFrame: it has no index."""

    def has(self, name):
        return name in self.names

    def column(self, name):
        series = self.X.get_column(name)
        kind = {"Date": "M8", "Datetime": "M8", "Duration": "m8"}.get(str(series.dtype).partition("(")[0])
        if kind is None:
            return series.to_numpy()
        unit = getattr(series.dtype, "time_unit", "D")  # a Date has none
        times = np.full(len(series), "NaT", f"{kind}[{unit}]")
        ticks = series.drop_nulls().to_physical().to_numpy()
        times[series.is_not_null().to_numpy()] = ticks.astype(np.int64).view(times.dtype)
        zone = getattr(series.dtype, "time_zone", None)
        return times if zone is None else pd.DatetimeIndex(times, tz="UTC").tz_convert(zone)

    def times(self, name):
        """A column, in which whole numbers that are missing stay whole."""
        series = self.X.get_column(name)
        if series.dtype.is_integer() and series.null_count():
            return pd.array(series.to_list(), dtype="Int64")
        return self.column(name)

    def index(self, groups):
        return None, "X"


class ArrayTable:
    """An array: columns are numbers from 0 on."""

    def __init__(self, X):
        self.X, self.names, self.n_rows = X, list(range(X.shape[1])), len(X)

    def has(self, name):
        return isinstance(name, int | np.integer) and 0 <= name < self.X.shape[1]

    def column(self, name):
        column = self.X[:, name]
        return column if column.dtype != object else pd.Series(column).infer_objects().to_numpy()

    def times(self, name):
        return self.X[:, name]

    def index(self, groups):
        return None, "X"

    def no_number(self, names):
        """Left to scikit-learn's checks."""

    def numbers(self, names):
        part = self.X if names == self.names else self.X[:, names]
        refuse_times(part, "X", "time= names the column of the times.")
        return check_array(
            part,
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            ensure_min_features=0,
            input_name="X",
        )


def table_of(X):
    """Rows as they are, before any estimator has looked at them."""
    X = as_frame(X)
    if is_pandas(X):
        return FrameTable(X)
    return PolarsTable(X) if is_polars(X) else ArrayTable(np.asarray(X))
