"""A column of a data frame of any library that narwhals reads: pandas, polars, pyarrow and others."""

from functools import cached_property

import narwhals.stable.v2 as nw
import numpy as np

from skbackprop.preprocessing.columns import DATES, DURATIONS, LEVELS, NUMBERS, SECOND, Column

KIND_OF = {
    **dict.fromkeys((nw.Date, nw.Datetime), DATES),
    **dict.fromkeys((nw.Duration, nw.Time), DURATIONS),
    **dict.fromkeys((nw.String, nw.Categorical, nw.Enum, nw.Boolean), LEVELS),
}


def frame_column(series):
    """A narwhals Series as a column."""
    column = FrameColumn(series.name, series)
    if type(column.dtype) not in (nw.Unknown, nw.Categorical, nw.Enum):
        return column
    native = nw.to_native(series)
    dtype = str(native.dtype) if hasattr(native, "dtype") else ""  # a dtype that only pandas has
    if dtype == "category":
        return CategoryColumn(series.name, series)
    if dtype.startswith("complex"):
        raise ValueError(f"Complex data not supported: the column {series.name!r} holds {dtype}.")
    if dtype.startswith("period"):
        return FrameColumn(series.name, nw.from_native(native.dt.to_timestamp(), series_only=True))
    return column


class FrameColumn(Column):
    """A Series of any dtype; one that narwhals has no name for is read through its objects."""

    @cached_property
    def objects(self):
        return self.values.to_list()

    @cached_property
    def dtype(self):
        return self.values.dtype

    @property
    def is_boolean(self):
        return type(self.dtype) is nw.Boolean or (not self.dtype.is_numeric() and super().is_boolean)

    @property
    def kind(self):
        return NUMBERS if self.dtype.is_numeric() else KIND_OF.get(type(self.dtype)) or super().kind

    def numbers(self):
        if not (self.dtype.is_numeric() or type(self.dtype) is nw.Boolean):
            return super().numbers()
        numbers = self.values.to_numpy()
        return numbers if numbers.dtype.kind in "biuf" else self.values.cast(nw.Float64).to_numpy()

    def dates(self, zone=None):
        if KIND_OF.get(type(self.dtype)) != DATES:
            return super().dates(zone)
        zone = getattr(self.dtype, "time_zone", None)
        dates = self.values.cast(nw.Datetime("us")) if type(self.dtype) is nw.Date else self.values
        dates = dates if zone is None else dates.dt.replace_time_zone(None)
        return _times(dates, "M8[us]"), zone

    def seconds(self):
        if type(self.dtype) is not nw.Duration:
            return super().seconds()
        return _times(self.values, "m8[us]") / SECOND


def _times(series, dtype):
    if not series.implementation.is_polars():
        return series.to_numpy().astype(dtype)
    ticks = series.dt.total_microseconds() if dtype == "m8[us]" else series.dt.timestamp("us")
    return ticks.fill_null(np.iinfo(np.int64).min).to_numpy().view(dtype)  # polars 1.0 crashes on times


class CategoryColumn(FrameColumn):
    """A pandas Series with a category dtype: its levels have an order, and each is looked up once."""

    @cached_property
    def categorical(self):
        return nw.to_native(self.values).cat

    def counts(self):
        levels, places = self.categorical.categories.tolist(), self.categorical.codes.to_numpy()
        counts = np.bincount(places + 1, minlength=len(levels) + 1)[1:]
        return {level: n for level, n in zip(levels, counts.tolist()) if n}

    def codes(self, code_of):
        of_category = [code_of.get(level, 0) for level in self.categorical.categories.tolist()]
        return np.array([*of_category, 0])[self.categorical.codes.to_numpy()]  # -1, missing, is the last
