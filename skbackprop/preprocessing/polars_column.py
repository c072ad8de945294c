"""A column of a polars DataFrame. polars itself is not imported, and pyarrow not needed."""

from functools import cached_property

import numpy as np

from skbackprop.preprocessing.columns import DATES, DURATIONS, LEVELS, NUMBERS, SECOND, Column

KIND_OF = {
    **dict.fromkeys(("Date", "Datetime"), DATES),
    **dict.fromkeys(("Duration", "Time"), DURATIONS),
    **dict.fromkeys(("String", "Categorical", "Enum", "Boolean"), LEVELS),
}


class PolarsColumn(Column):
    """A Series of any dtype."""

    @cached_property
    def objects(self):
        return self.values.to_list()

    @cached_property
    def dtype_name(self):
        return str(self.values.dtype).partition("(")[0]

    @property
    def kind(self):
        if self.values.dtype.is_numeric():
            return NUMBERS
        return KIND_OF.get(self.dtype_name) or super().kind

    def numbers(self):
        if self.dtype_name in ("Float32", "Float64"):
            return self.values.to_numpy()
        if self.values.dtype.is_numeric() or self.dtype_name == "Boolean":
            return self.values.cast(float).to_numpy()
        return super().numbers()

    def dates(self):
        if KIND_OF.get(self.dtype_name) != DATES:
            return super().dates()
        zone = getattr(self.values.dtype, "time_zone", None)
        dates = self.values if zone is None else self.values.dt.replace_time_zone(None)
        return _ticks(dates, "M8").astype("M8[us]"), zone

    def seconds(self):
        if self.dtype_name == "Duration":
            return _ticks(self.values, "m8") / SECOND
        if self.dtype_name == "Time":
            return self.values.to_physical().cast(float).to_numpy() / 1e9  # nanoseconds since midnight
        return super().seconds()


def _ticks(series, kind):
    """As `series.to_numpy()`, which crashes in polars 1.0 for some dates."""
    unit = getattr(series.dtype, "time_unit", "D")  # a Date has none
    ticks = series.to_physical().cast(int).fill_null(np.iinfo(np.int64).min)
    return ticks.to_numpy().view(f"{kind}[{unit}]")
