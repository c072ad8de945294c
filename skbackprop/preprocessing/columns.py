"""One column of a table, read as numbers, dates, durations or levels, wherever it came from.

`kind` is what the dtype says it holds. A column of another kind is read through its Python objects, so that
1 is the same number as an object, a nullable integer or a category, and an error can show a wrong value.
"""

import datetime
from collections import Counter
from decimal import Decimal
from functools import cached_property
from itertools import repeat
from numbers import Real
from zoneinfo import ZoneInfo

import numpy as np

NUMBERS, DATES, DURATIONS, LEVELS = "numbers", "dates", "durations", "categories"
KIND_OF = {"i": NUMBERS, "u": NUMBERS, "f": NUMBERS, "b": LEVELS, "M": DATES, "m": DURATIONS}  # by dtype.kind
TYPES_OF = {
    DATES: (datetime.date, np.datetime64),
    DURATIONS: (datetime.timedelta, np.timedelta64, datetime.time),
    NUMBERS: (Real, Decimal),  # NumPy counts timedelta64 among its integers
}
BOOLEANS = bool, np.bool_
NOTHING = "NoneType", "NAType", "NaTType"
MAY_BE_NAN = float, np.floating, Decimal, np.datetime64, np.timedelta64
SECOND = np.timedelta64(1, "s")
NEW_YEAR = datetime.date(1970, 1, 1)


def is_missing(thing):
    """None, NaN, NA or NaT."""
    return type(thing).__name__ in NOTHING or (isinstance(thing, MAY_BE_NAN) and bool(thing != thing))


def type_in_words(level):
    """Levels of types that differ in this are never equal."""
    if isinstance(level, datetime.datetime | np.datetime64):
        zone = getattr(level, "tzinfo", None)
        return "dates with times" if zone is None else "dates with times and a zone"
    names = {str: "text", bytes: "bytes", datetime.date: "dates", datetime.time: "times of the day"}
    names |= dict.fromkeys((datetime.timedelta, np.timedelta64), "durations")
    names |= dict.fromkeys(BOOLEANS + TYPES_OF[NUMBERS], "numbers or booleans")
    return next((name for kind, name in names.items() if isinstance(level, kind)), type(level).__name__)


class Column:
    """Any Python objects."""

    def __init__(self, name, values):
        self.name, self.values = name, values

    @cached_property
    def objects(self):
        """The values as Python objects, missing ones as they are."""
        return self.values

    @cached_property
    def types(self):
        """The types of the objects that are not missing."""
        types = {t for t in set(map(type, self.objects)) if t.__name__ not in NOTHING}
        for t in [t for t in types if issubclass(t, MAY_BE_NAN)]:
            if all(is_missing(thing) for thing in self.objects if type(thing) is t):
                types.remove(t)
        return types

    @property
    def is_boolean(self):
        return all(issubclass(t, BOOLEANS) for t in self.types)

    @property
    def kind(self):
        """Levels where they are mixed, or nothing is known."""
        if not self.is_boolean:
            for kind, allowed in TYPES_OF.items():
                if all(issubclass(t, allowed) and not issubclass(t, BOOLEANS) for t in self.types):
                    return kind
        return LEVELS

    def numbers(self):
        """Numbers (n_rows,), NaN where one is missing."""
        return np.array(self._only(NUMBERS, BOOLEANS), dtype=np.float64)

    def dates(self, zone=None):
        """Wall time (n_rows,) as datetime64[us], and its time zone; text tells instants of `zone`."""
        dates = self._only(DATES, (str,))
        if any(issubclass(t, str) for t in self.types):
            dates = [self._parsed(date, zone) if isinstance(date, str) else date for date in dates]
        zones = {str(date.tzinfo) for date in dates if getattr(date, "tzinfo", None) is not None}
        if len(zones) > 1:
            raise ValueError(f"The column {self.name!r} holds dates of several time zones: {sorted(zones)}.")
        if zones:
            dates = [date if date is None else date.replace(tzinfo=None) for date in dates]
        return np.array(dates, dtype="datetime64[us]"), next(iter(zones), None)

    def _parsed(self, text, zone):
        """A date as ISO 8601 writes it, as JSON has dates; one with an offset is an instant."""
        try:
            date = datetime.datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(
                f"The column {self.name!r} held dates in fit; now it holds {text!r}. Text is read as a date "
                "where it is as in ISO 8601: '2024-02-29', '2024-02-29T16:30', with 'Z' or '+01:00' for a "
                "zone; pandas.to_datetime reads other ways to write one."
            ) from error
        if date.tzinfo is None or zone is None:
            return date
        try:
            return date.astimezone(ZoneInfo(zone))
        except (KeyError, ValueError):  # an offset, or of a library that names zones in its own way
            return date

    def seconds(self):
        """Durations, and times of the day, in seconds (n_rows,)."""
        return np.array([_duration(span) for span in self._only(DURATIONS)], dtype="timedelta64[us]") / SECOND

    def counts(self):
        """{level: how often it occurs}, in order where they have one."""
        counts = {level: n for level, n in self._of_levels(Counter).items() if not is_missing(level)}
        try:
            return {level: counts[level] for level in sorted(counts)}
        except TypeError:
            order = sorted(counts, key=lambda level: (type(level).__name__, str(level)))
            return {level: counts[level] for level in order}

    def codes(self, code_of):
        """The code of each row's level (n_rows,), 0 for those that `code_of` lacks."""
        return self._of_levels(
            lambda levels: np.fromiter(map(code_of.get, levels, repeat(0)), np.intp, len(levels))
        )

    def _of_levels(self, function):
        try:
            return function(self.objects)
        except TypeError as error:
            raise TypeError(
                f"The column {self.name!r}: levels are text, numbers or other values with a hash ({error})."
            ) from error

    def _only(self, kind, others=()):
        """The objects, None for missing ones; all must be of this kind."""
        allowed = TYPES_OF[kind] + others
        wrong = {t for t in self.types if not issubclass(t, allowed)}
        if kind == NUMBERS:
            wrong |= {t for t in self.types if issubclass(t, np.timedelta64)}
        if wrong:
            first = next(thing for thing in self.objects if type(thing) in wrong and not is_missing(thing))
            raise ValueError(f"The column {self.name!r} held {kind} in fit; now it holds {first!r}.")
        return [None if is_missing(thing) else thing for thing in self.objects]


def _duration(span):
    if not isinstance(span, datetime.time):
        return span
    combine = datetime.datetime.combine
    return combine(NEW_YEAR, span.replace(tzinfo=None)) - combine(NEW_YEAR, datetime.time())


class ArrayColumn(Column):
    """A vector of any dtype of NumPy's but object."""

    @cached_property
    def objects(self):
        if self.values.dtype.kind in "Mm":
            return self.values.astype(f"{self.values.dtype.kind}8[us]").tolist()
        return self.values.tolist()

    @property
    def kind(self):
        return KIND_OF.get(self.values.dtype.kind, LEVELS)

    def numbers(self):
        return self.values if self.values.dtype.kind in "iufb" else super().numbers()

    def dates(self, zone=None):
        return (self.values.astype("M8[us]"), None) if self.kind == DATES else super().dates(zone)

    def seconds(self):
        return self.values / SECOND if self.kind == DURATIONS else super().seconds()
