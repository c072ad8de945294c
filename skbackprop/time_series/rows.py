"""X as columns of numbers, and for each row the series and the time that it belongs to."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skbackprop.preprocessing.times import refuse_times
from skbackprop.time_series.clock import ticks_of
from skbackprop.time_series.runs import MISSING, Runs, Ticks, run_starts


@dataclass(frozen=True)
class KeyedRows:
    """Validated rows."""

    values: np.ndarray  # (n_rows, n_columns)
    ids: pd.Index  # the series, each once
    runs: Runs  # of neighbours of one series
    times: pd.Index | None  # (n_rows,), None where rows have no time
    ticks: Ticks | None  # the same

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


def read(estimator, X, reset):
    """The rows of X, for an estimator with the parameters columns, groups and time."""
    table = opened(estimator, X, reset)
    groups = as_list(estimator.groups)
    check_known(table, "groups", groups)
    check_known(table, "columns", as_list(estimator.columns))
    times, where = _times_and_where(table, estimator.time, groups)
    ids, runs = runs_of(table, groups)
    ticks = None if times is None else _complete(times, where, runs.starts)
    return KeyedRows(table.numbers(columns_of(estimator, table.names)), ids, runs, times, ticks)


def opened(estimator, X, reset):
    """X as a table, its columns learned or checked."""
    if is_frame(X):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        if len(X) == 0:
            raise ValueError(f"X has 0 rows, while {type(estimator).__name__} needs at least 1.")
        return table_of(X)
    return ArrayTable(validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False))


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


def runs_of(table, groups):
    """The ids of the series, in the order in which they come, and the rows as runs of them."""
    if not groups:
        return pd.RangeIndex(1), Runs(np.zeros(1, np.intp), np.zeros(1, np.intp), table.n_rows)
    keys = [pd.Index(table.column(name), name=name) for name in groups]
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
        times, where = pd.Index(table.column(time)), f"time={time!r}"
    else:
        times, where = table.index(groups), "The index of X"
        if times is None or not _is_time(times):
            return None, where
    if not _is_time(times):
        raise ValueError(
            f"{where} holds {times.dtype}: dates, periods or whole numbers are times (pandas.to_datetime)."
        )
    return times, where


def _complete(times, where, starts):
    """The times as whole numbers, in runs; one that is missing is an error."""
    is_missing = pd.api.types.is_integer_dtype(times.dtype) and times.hasnans
    ticks = None if is_missing else ticks_of(times, starts)
    if is_missing or MISSING in ticks:
        raise ValueError(f"{where} lacks the time of row {int(np.argmax(times.isna()))}.")
    return ticks


def _is_time(times):
    return isinstance(times, pd.DatetimeIndex | pd.PeriodIndex) or pd.api.types.is_integer_dtype(times.dtype)


class FrameTable:
    """A pandas DataFrame: its index, or a level of it, may be time or ids."""

    def __init__(self, X):
        self.X, self.names, self.n_rows = X, list(X.columns), len(X)

    def has(self, name):
        return name in self.X.columns or name in self.X.index.names

    def column(self, name):
        return self.X[name] if name in self.X.columns else self.X.index.get_level_values(name)

    def index(self, groups):
        index = self.X.index
        if isinstance(index, pd.MultiIndex):
            rest = [name for name in index.names if name not in groups]
            if len(rest) != 1:
                raise ValueError(
                    f"X has the index levels {list(index.names)}: groups= names all but the time."
                )
            return index.get_level_values(rest[0])
        has_dates = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)
        return index if has_dates or not groups else None  # row numbers are no time of several series

    def numbers(self, names):
        part = self.X if names == self.names else self.X[names]
        kinds = set(map(str, part.dtypes))
        if kinds <= {"float64"} or kinds == {"float32"}:
            return part.to_numpy()
        wrong = [name for name in names if not pd.api.types.is_numeric_dtype(part[name].dtype)]
        if wrong:
            raise ValueError(
                f"The column {wrong[0]!r} holds {part[wrong[0]].dtype}, no numbers: columns= names those "
                "that features are made of, groups= the ids."
            )
        return part.to_numpy(dtype=np.float64, na_value=np.nan)


class PolarsTable:
    """A polars DataFrame: it has no index."""

    def __init__(self, X):
        self.X, self.names, self.n_rows = X, list(X.columns), len(X)

    def has(self, name):
        return name in self.names

    def column(self, name):
        series = self.X.get_column(name)
        if str(series.dtype).partition("(")[0] not in ("Date", "Datetime"):
            return series.to_numpy()
        unit = getattr(series.dtype, "time_unit", "D")  # a Date has none
        times = np.full(len(series), np.datetime64("NaT"), f"datetime64[{unit}]")
        ticks = series.drop_nulls().to_physical().to_numpy()
        times[series.is_not_null().to_numpy()] = ticks.astype(np.int64).view(times.dtype)
        zone = getattr(series.dtype, "time_zone", None)
        return times if zone is None else pd.DatetimeIndex(times, tz="UTC").tz_convert(zone)

    def index(self, groups):
        return None

    def numbers(self, names):
        wrong = [
            name
            for name in names
            if not (self.X.schema[name].is_numeric() or str(self.X.schema[name]) == "Boolean")
        ]
        if wrong:
            raise ValueError(f"The column {wrong[0]!r} holds {self.X.schema[wrong[0]]}, no numbers.")
        columns = [np.asarray(self.column(name)) for name in names]
        dtype = np.float32 if columns and all(c.dtype == np.float32 for c in columns) else np.float64
        return np.array(columns, dtype=dtype).reshape(len(names), len(self.X)).T


class ArrayTable:
    """An array: columns are numbers from 0 on."""

    def __init__(self, X):
        self.X, self.names, self.n_rows = X, list(range(X.shape[1])), len(X)

    def has(self, name):
        return isinstance(name, int | np.integer) and 0 <= name < self.X.shape[1]

    def column(self, name):
        column = self.X[:, name]
        return column if column.dtype != object else pd.Series(column).infer_objects().to_numpy()

    def index(self, groups):
        return None

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
    if is_pandas(X):
        return FrameTable(X)
    return PolarsTable(X) if is_polars(X) else ArrayTable(np.asarray(X))
