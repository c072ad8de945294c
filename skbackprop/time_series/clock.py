"""Time as whole numbers: on which step of a regular clock a row stands."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.tseries import offsets

from skbackprop.time_series.runs import Ticks

DAY = 86_400_000_000_000  # ns
MONTHS = {
    "Month": 1,
    "MonthEnd": 1,
    "MonthBegin": 1,
    "QuarterEnd": 3,
    "QuarterBegin": 3,
    "YearEnd": 12,
    "YearBegin": 12,
}
MONTHS |= {f"B{name}": n for name, n in MONTHS.items() if name != "Month"} | {
    f"Business{name}": n for name, n in MONTHS.items() if name.startswith("Month") and name != "Month"
}


@dataclass(frozen=True)
class Clock:
    """Step s is the time `phase + s * size`, in `unit`s, 0 <= phase < size: any rows give the same clock."""

    unit: str
    size: int
    phase: int

    @classmethod
    def through(cls, unit, size, tick):
        return cls(unit, size, int(tick) % size)

    def steps(self, times):
        """The steps of a pandas Index of times; a time between two steps is a ValueError."""
        if KIND[self.unit] is not _kind(times):
            raise ValueError(f"The times are {times.dtype}, but those learned before were {self.unit}.")
        ticks = TICKS[self.unit](times) - self.phase
        steps = ticks // self.size
        rest = ticks - steps * self.size
        if rest.any():
            at = times[int(np.flatnonzero(rest)[0])]
            raise ValueError(
                f"The time {at} is not on the clock of step {self.size} {self.unit} that was learned: give "
                "freq=, or on_gap='ignore' to count rows instead of time."
            )
        return steps

    def length(self, times):
        """Of a step, in what an index of times stores; 0 where it has no single one."""
        return LENGTH[self.unit](times, self.size) if KIND[self.unit] is _kind(times) else 0


def ticks_of(times, starts):
    """The whole numbers that a pandas Index of times stores, in runs that begin at `starts`."""
    return Ticks(np.asarray(times, dtype=np.int64) if _kind(times) is pd.Index else times.asi8, starts)


def learn_clock(times, freq=None, ticks=None):
    """The clock that all `times`, a pandas Index, stand on; `ticks` are the same times in runs."""
    ticks = ticks_of(times, np.zeros(1, np.intp)) if ticks is None else ticks
    if isinstance(times, pd.PeriodIndex):
        return Clock.through("periods", times.freq.n, times.asi8[0])
    if not isinstance(times, pd.DatetimeIndex):
        return Clock.through("numbers", _number_step(times, freq, ticks), times[0])
    offset = pd.tseries.frequencies.to_offset(freq if freq is not None else times.freq)
    if offset is None:
        return _inferred(times, ticks)
    unit, size = _unit_of(offset)
    return Clock.through(unit, size, TICKS[unit](times[:1])[0])


def _number_step(times, freq, ticks):
    if freq is not None:
        if not isinstance(freq, int | np.integer) or freq < 1:
            raise ValueError(
                f"freq={freq!r}: for whole numbers as times, it is a whole number of at least 1."
            )
        return int(freq)
    if isinstance(times, pd.RangeIndex):
        return abs(times.step)
    apart = ticks.differences()
    return int(np.gcd.reduce(apart)) if len(apart) else 1


def _unit_of(offset):
    """An offset of pandas as a unit and a number of them."""
    name = type(offset).__name__
    if name == "Day":
        return "days", offset.n
    if name == "Week":
        return "days", 7 * offset.n
    if name in MONTHS:
        return "months", MONTHS[name] * offset.n
    if name == "BusinessDay" and offset.n == 1:
        return "business days", 1
    if isinstance(offset, offsets.Tick):
        return "ns", offset.nanos
    raise ValueError(
        f"freq={offset.freqstr!r} is not a step of a regular clock. Give nanoseconds to weeks, (business) "
        "days, months, quarters or years, or whole numbers as times."
    )


def _inferred(times, ticks):
    if times.tz is not None and (_wall(times) == _wall(times).normalize()).all():
        times = _wall(times)  # midnights, which summer time moves
        by_wall = _inferred(times, ticks_of(times, ticks.starts))
        return (
            Clock.through("days", by_wall.size // DAY, _days(times)[0]) if by_wall.unit == "ns" else by_wall
        )
    apart = ticks.differences() * NS[times.unit]
    if len(apart) == 0:
        raise ValueError(
            f"The step of the clock cannot be inferred from one time, {times[0]}: give freq=, such as 'D'."
        )
    shortest = int(apart.min())
    if shortest >= 28 * DAY and (times.is_month_start.all() or times.is_month_end.all()):
        months = np.unique(TICKS["months"](times))
        return Clock.through("months", int(np.gcd.reduce(np.diff(months))), months[0])
    if shortest == DAY and set(np.unique(apart // DAY)) == {1, 3} and (times.day_of_week < 5).all():
        return Clock("business days", 1, 0)
    off = apart % shortest != 0
    if not off.any():
        return Clock.through("ns", shortest, TICKS["ns"](times[:1])[0])
    raise ValueError(
        f"The times are not on one clock: the shortest step is {pd.Timedelta(shortest)}, another is "
        f"{pd.Timedelta(int(apart[off][0]))}. Give freq=, or on_gap='ignore' to count rows instead of "
        "time."
    )


def _wall(times):
    return times.tz_localize(None)


def _business_days(times):
    days = _days(times)
    week, weekday = np.divmod(days + 3, 7)  # 1970-01-01 was a Thursday
    if (weekday > 4).any():
        raise ValueError(f"The time {times[int(np.argmax(weekday > 4))]} is no business day.")
    return 5 * week + weekday


def _days(times):
    return _wall(times).as_unit("ns").asi8 // DAY


NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
TICKS = {
    "ns": lambda times: times.as_unit("ns").asi8,
    "days": _days,
    "business days": _business_days,
    "months": lambda times: np.asarray(12 * _wall(times).year + _wall(times).month - 1, dtype=np.int64),
    "periods": lambda times: times.asi8,
    "numbers": lambda times: np.asarray(times, dtype=np.int64),
}
KIND = dict.fromkeys(TICKS, pd.DatetimeIndex) | {"periods": pd.PeriodIndex, "numbers": pd.Index}
LENGTH = {
    "ns": lambda times, size: 0 if size % NS[times.unit] else size // NS[times.unit],
    "days": lambda times, size: size * DAY // NS[times.unit] if times.tz is None else 0,
    "business days": lambda times, size: 0,
    "months": lambda times, size: 0,
    "periods": lambda times, size: size,
    "numbers": lambda times, size: size,
}


def _kind(times):
    dates = (kind for kind in (pd.DatetimeIndex, pd.PeriodIndex) if isinstance(times, kind))
    return next(dates, pd.Index)
