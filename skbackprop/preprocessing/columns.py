"""One column of a table, read as numbers, as dates, as durations or as levels, wherever it came from.

`kind` says what it holds by nature; a column of another kind is read through its Python objects, so that
1 as an object, a nullable integer or a category is the same number, and an error can show what is not.
"""

import datetime
from collections import Counter
from decimal import Decimal
from functools import cached_property
from itertools import repeat
from numbers import Real

import numpy as np

NUMBERS, DATES, DURATIONS, LEVELS = "numbers", "dates", "durations", "categories"
BOOLEANS = bool, np.bool_
SPANS = datetime.timedelta, np.timedelta64, datetime.time
ALLOWED = {NUMBERS: (Real, Decimal), DURATIONS: SPANS, DATES: (datetime.date, np.datetime64)}
KIND_OF = {"i": NUMBERS, "u": NUMBERS, "f": NUMBERS, "b": LEVELS, "M": DATES, "m": DURATIONS}  # by dtype.kind
NOTHING = {"NoneType", "NAType", "NaTType"}
SECOND, MIDNIGHT = np.timedelta64(1, "s"), datetime.datetime(1970, 1, 1)


class Column:
    """Any Python objects."""

    zone = None  # of dates

    def __init__(self, name, values):
        self.name, self.values = name, values

    @cached_property
    def objects(self):
        return self.values

    @cached_property
    def types(self):
        """Of the objects, without those that say that there is none."""
        return {kind for kind in set(map(type, self.objects)) if kind.__name__ not in NOTHING}

    @property
    def kind(self):
        """Numbers where nothing is known."""
        if self.is_boolean:
            return LEVELS
        for kind, allowed in ALLOWED.items():
            if all(issubclass(t, allowed) and not issubclass(t, BOOLEANS) for t in self.types):
                return kind
        return LEVELS

    @property
    def is_boolean(self):
        return bool(self.types) and all(issubclass(kind, BOOLEANS) for kind in self.types)

    def numbers(self):
        """Floats, NaN where there is none."""
        return np.array(self._only(NUMBERS, ALLOWED[NUMBERS] + BOOLEANS), dtype=np.float64)

    def dates(self):
        """Wall time (n_rows,) as datetime64[us]."""
        dates = self._only(DATES, ALLOWED[DATES])
        zones = {str(zone) for zone in (getattr(date, "tzinfo", None) for date in dates) if zone is not None}
        if len(zones) > 1:
            raise ValueError(f"The column {self.name!r} holds dates of several time zones: {sorted(zones)}.")
        self.zone = zones.pop() if zones else None
        naive = [d.replace(tzinfo=None) if isinstance(d, datetime.datetime) else d for d in dates]
        return np.array(naive, dtype="datetime64[us]")

    def seconds(self):
        """Durations, and times of the day, in seconds."""
        spans = [
            datetime.datetime.combine(MIDNIGHT, span) - MIDNIGHT if isinstance(span, datetime.time) else span
            for span in self._only(DURATIONS, SPANS)
        ]
        return np.array(spans, dtype="timedelta64[us]") / SECOND

    def counts(self):
        """{level: how often it occurs}, in order where they have one."""
        counts = {level: n for level, n in self._hashed(Counter).items() if not is_missing(level)}
        try:
            return dict(sorted(counts.items(), key=lambda item: item[0]))
        except TypeError:
            return dict(sorted(counts.items(), key=lambda item: (type(item[0]).__name__, str(item[0]))))

    def codes(self, code_of):
        """The number of each row's level (n_rows,), 0 for those that `code_of` lacks."""
        codes = self._hashed(lambda objects: map(code_of.get, objects, repeat(0)))
        return np.fromiter(codes, dtype=np.intp, count=len(self.objects))

    def _hashed(self, function):
        try:
            return function(self.objects)
        except TypeError as error:
            self._check_hashable()
            raise error

    def _check_hashable(self):
        for thing in self.objects:
            if getattr(thing, "__hash__", None) is None:
                raise TypeError(
                    f"The column {self.name!r} holds a {type(thing).__name__}, {thing!r}: a level is text, a "
                    "number or another value that can be hashed."
                )

    def _only(self, kind, allowed):
        """The objects, None where there is none; all must be of this kind."""
        wrong = tuple(t for t in self.types if not issubclass(t, allowed))
        if wrong:
            first = next(
                thing for thing in self.objects if isinstance(thing, wrong) and not is_missing(thing)
            )
            raise ValueError(f"The column {self.name!r} held {kind} in fit; now it holds {first!r}.")
        return [None if type(thing).__name__ in NOTHING else thing for thing in self.objects]


def is_missing(thing):
    """None, NaN, NA and NaT."""
    return type(thing).__name__ in NOTHING or bool(thing != thing)


class ArrayColumn(Column):
    """A vector of a dtype of NumPy's, but for objects."""

    @cached_property
    def objects(self):
        if self.values.dtype.kind == "M":
            return self.values.astype("datetime64[us]").tolist()
        if self.values.dtype.kind == "m":
            return self.values.astype("timedelta64[us]").tolist()
        return self.values.tolist()

    @property
    def kind(self):
        return KIND_OF.get(self.values.dtype.kind, LEVELS)

    def numbers(self):
        return self.values if self.values.dtype.kind in "iufb" else super().numbers()

    def dates(self):
        return self.values.astype("datetime64[us]") if self.kind == DATES else super().dates()

    def seconds(self):
        return self.values / SECOND if self.kind == DURATIONS else super().seconds()


class PandasColumn(Column):
    """A Series of any dtype."""

    @cached_property
    def objects(self):
        return self.values.to_numpy(dtype=object)

    @property
    def is_category(self):
        return self.values.dtype.name == "category"

    @property
    def is_period(self):
        return self.values.dtype.name.startswith("period[")

    @property
    def kind(self):
        dtype = self.values.dtype
        if dtype.kind == "c":
            raise ValueError(f"Complex data not supported: the column {self.name!r} holds {dtype}.")
        if self.is_category or dtype.name.startswith("str"):
            return LEVELS
        return DATES if self.is_period else KIND_OF.get(dtype.kind) or super().kind

    def numbers(self):
        dtype = self.values.dtype
        if dtype.kind not in "iufb" or self.is_category:
            return super().numbers()
        if isinstance(dtype, np.dtype):
            return self.values.to_numpy()
        return self.values.to_numpy(dtype=np.float64, na_value=np.nan)

    def dates(self):
        dates = self.values
        if self.is_period:
            dates = dates.dt.to_timestamp()
        elif self.is_category or dates.dtype.kind != "M":
            return super().dates()
        zone = getattr(dates.dtype, "tz", None) or getattr(_arrow_type(dates), "tz", None)
        if zone is not None:
            self.zone = str(zone)
            dates = dates.dt.tz_localize(None)
        return dates.to_numpy(dtype="datetime64[us]", na_value=np.datetime64("NaT"))

    def seconds(self):
        if self.is_category or self.values.dtype.kind != "m":
            return super().seconds()
        return self.values.to_numpy(dtype="timedelta64[us]", na_value=np.timedelta64("NaT")) / SECOND

    def counts(self):
        if not self.is_category:
            return super().counts()
        categories = self.values.cat.categories
        counts = np.bincount(self.values.cat.codes.to_numpy() + 1, minlength=len(categories) + 1)[1:]
        return {level: n for level, n in zip(categories.tolist(), counts.tolist()) if n}

    def codes(self, code_of):
        if not self.is_category:
            return super().codes(code_of)
        of_category = [code_of.get(level, 0) for level in self.values.cat.categories.tolist()]
        return np.array([*of_category, 0])[self.values.cat.codes.to_numpy()]  # -1, missing, is the last


def _arrow_type(series):
    return getattr(series.dtype, "pyarrow_dtype", None)


class PolarsColumn(Column):
    """A Series of polars."""

    @cached_property
    def objects(self):
        return self.values.to_list()

    @property
    def dtype(self):
        """Its name, without parameters."""
        return str(self.values.dtype).partition("(")[0]

    @property
    def is_number(self):
        return self.values.dtype.is_numeric()

    @property
    def kind(self):
        if self.is_number:
            return NUMBERS
        if self.dtype in ("Date", "Datetime"):
            return DATES
        if self.dtype in ("Duration", "Time"):
            return DURATIONS
        return LEVELS if self.dtype in ("String", "Categorical", "Enum", "Boolean") else super().kind

    def numbers(self):
        if self.dtype in ("Float32", "Float64"):
            return self.values.to_numpy()
        return self.values.cast(float).to_numpy() if self.is_number else super().numbers()

    def dates(self):
        if self.kind != DATES or self.dtype not in ("Date", "Datetime"):
            return super().dates()
        self.zone = getattr(self.values.dtype, "time_zone", None)
        dates = self.values if self.zone is None else self.values.dt.replace_time_zone(None)
        return self._ticks(dates, "datetime64").astype("datetime64[us]")

    def seconds(self):
        if self.dtype == "Duration":
            return self._ticks(self.values, "timedelta64") / SECOND
        if self.dtype == "Time":
            return self.values.to_physical().cast(float).to_numpy() / 1e9  # nanoseconds since midnight
        return super().seconds()

    def _ticks(self, series, kind):
        """As `series.to_numpy()`, which crashes in polars 1.0 for some dates."""
        unit = getattr(series.dtype, "time_unit", "D")  # a Date has none
        ticks = series.to_physical().cast(int).fill_null(np.iinfo(np.int64).min)
        return ticks.to_numpy().view(f"{kind}[{unit}]")
