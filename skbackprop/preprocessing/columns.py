"""One column of a table, read as numbers, dates, durations or levels, wherever it came from.

`kind` is what it holds by nature. A column of another kind is read through its Python objects, so that 1 is
the same number as an object, a nullable integer or a category, and an error can show what is none.
"""

import datetime
from collections import Counter
from decimal import Decimal
from functools import cached_property
from itertools import repeat
from numbers import Real

import numpy as np

NUMBERS, DATES, DURATIONS, LEVELS = "numbers", "dates", "durations", "categories"
KIND_OF = {"i": NUMBERS, "u": NUMBERS, "f": NUMBERS, "b": LEVELS, "M": DATES, "m": DURATIONS}  # by dtype.kind
TYPES_OF = {
    NUMBERS: (Real, Decimal),
    DATES: (datetime.date, np.datetime64),
    DURATIONS: (datetime.timedelta, np.timedelta64, datetime.time),
}
BOOLEANS = bool, np.bool_
NOTHING = "NoneType", "NAType", "NaTType"
MAY_BE_NAN = float, np.floating, Decimal, np.datetime64, np.timedelta64
SECOND = np.timedelta64(1, "s")
NEW_YEAR = datetime.date(1970, 1, 1)


def is_missing(thing):
    """None, NaN, NA or NaT."""
    return type(thing).__name__ in NOTHING or (isinstance(thing, MAY_BE_NAN) and bool(thing != thing))


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

    def dates(self):
        """Wall time (n_rows,) as datetime64[us], and its time zone."""
        dates = self._only(DATES)
        zones = {str(date.tzinfo) for date in dates if getattr(date, "tzinfo", None) is not None}
        if len(zones) > 1:
            raise ValueError(f"The column {self.name!r} holds dates of several time zones: {sorted(zones)}.")
        if zones:
            dates = [date if date is None else date.replace(tzinfo=None) for date in dates]
        return np.array(dates, dtype="datetime64[us]"), next(iter(zones), None)

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
        wrong = tuple(t for t in self.types if not issubclass(t, TYPES_OF[kind] + others))
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

    def dates(self):
        return (self.values.astype("M8[us]"), None) if self.kind == DATES else super().dates()

    def seconds(self):
        return self.values / SECOND if self.kind == DURATIONS else super().seconds()
