"""What becomes of each column of a table: the fitted parts of `TabularEncoder`."""

from dataclasses import dataclass

import numpy as np

from skbackprop.preprocessing.columns import DATES, DURATIONS, NUMBERS
from skbackprop.preprocessing.dates import has_time_of_day, names_of_parts, write_parts
from skbackprop.preprocessing.levels import Levels


@dataclass(frozen=True)
class Number:
    """A number as it is: those of all columns are read at once."""

    source: int  # the place of the column in X
    width = 1

    @classmethod
    def learned(cls, source, column):
        return cls(source)

    def names(self, name):
        return [str(name)]


class Duration(Number):
    """Seconds."""

    def write(self, column, out):
        out[:, 0] = column.seconds()


@dataclass(frozen=True)
class Date:
    """Days since 1970 and waves of the year, the week and, if `fit` saw times of the day, the day."""

    source: int
    has_time: bool
    zone: str | None

    @classmethod
    def learned(cls, source, column):
        dates, zone = column.dates()
        return cls(source, has_time_of_day(dates), zone)

    @property
    def width(self):
        return len(self.names(""))

    def names(self, name):
        return names_of_parts(name, self.has_time)

    def write(self, column, out):
        dates, zone = column.dates(self.zone)
        if zone != self.zone and not np.isnat(dates).all():
            raise ValueError(
                f"The dates of the column {column.name!r} had the time zone {self.zone} in fit, now {zone}."
            )
        write_parts(dates, self.has_time, out)


@dataclass(frozen=True)
class OneHot:
    """A category as columns of ones and zeros."""

    source: int
    levels: Levels

    @property
    def width(self):
        return self.levels.n_one_hot

    def names(self, name):
        return self.levels.one_hot_names(name)

    def write(self, column, out):
        self.levels.write_one_hot(column, out)


@dataclass(frozen=True)
class Coded:
    """A category as one column of codes, to be embedded."""

    source: int
    levels: Levels

    def write(self, column, out):
        out[:, 0] = self.levels.codes(column)


NUMERIC = {NUMBERS: Number, DATES: Date, DURATIONS: Duration}


def numeric_feature(source, column):
    """What a column becomes that is no category."""
    kind = NUMBERS if column.kind not in NUMERIC and column.is_boolean else column.kind
    if kind not in NUMERIC:
        raise ValueError(
            f"The column {column.name!r} holds text or values of several kinds, and is no category: leave "
            "categorical_features='from_dtype', and it is one."
        )
    return NUMERIC[kind].learned(source, column)
