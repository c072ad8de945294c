"""What becomes of each column of a table: fitted parts of `TabularEncoder`."""

from dataclasses import dataclass

import numpy as np

from skbackprop.preprocessing.columns import DATES, DURATIONS, LEVELS, NUMBERS
from skbackprop.preprocessing.dates import has_time_of_day, names_of_parts, write_parts
from skbackprop.preprocessing.levels import Levels


@dataclass(frozen=True)
class Number:
    """A number as it is."""

    source: int  # the place of the column in X
    width = 1

    @classmethod
    def learned(cls, source, column):
        return cls(source)

    def names(self, name):
        return [str(name)]

    def write(self, column, out):
        out[:, 0] = column.numbers()


class Duration(Number):
    """Seconds."""

    def write(self, column, out):
        out[:, 0] = column.seconds()


@dataclass(frozen=True)
class Date:
    """Days since 1970 and waves of the year, the week and, if it varies, the day."""

    source: int
    has_time: bool
    zone: str | None

    @classmethod
    def learned(cls, source, column):
        dates = column.dates()
        return cls(source, has_time_of_day(dates), column.zone)

    @property
    def width(self):
        return len(self.names(""))

    def names(self, name):
        return names_of_parts(name, self.has_time)

    def write(self, column, out):
        dates = column.dates()
        if column.zone != self.zone and not np.isnat(dates).all():
            raise ValueError(
                f"The dates of the column {column.name!r} had the time zone {self.zone} in fit; now they have "
                f"{column.zone}."
            )
        write_parts(dates, self.has_time, out)


@dataclass(frozen=True)
class Category:
    """Levels, as columns of ones and zeros or as codes."""

    source: int
    levels: Levels

    @property
    def width(self):
        return self.levels.n_one_hot

    def names(self, name):
        return self.levels.one_hot_names(name)

    def write(self, column, out):
        self.levels.write_one_hot(column, out)


NUMERIC = {NUMBERS: Number, DATES: Date, DURATIONS: Duration}


def numeric_feature(source, column, categorical_features):
    kind = column.kind
    if kind == LEVELS and not column.is_boolean:
        raise ValueError(
            f"The column {column.name!r} holds no numbers, and categorical_features={categorical_features!r}: "
            "with 'from_dtype' such columns are categories."
        )
    return NUMERIC.get(kind, Number).learned(source, column)
