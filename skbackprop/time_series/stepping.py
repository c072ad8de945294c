"""Time as whole numbers: the step of a clock that a row is at."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skbackprop.time_series.runs import Ticks

DAY = 86_400_000_000_000  # ns
NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Clock:
    """Step s is the time `phase + s * size`, in `unit`s, 0 <= phase < size: any rows give the same clock.

    Units are 'ns' of instants; 'wall' (ns), 'days', 'business days' and 'months' of the date that the clock's
    zone shows; 'periods' and whole 'numbers'. Of business days only those are steps that fall on one of
    `weekdays` (0 is Monday) and not on one of `holidays`.
    """

    unit: str
    size: int
    phase: int
    zone: object = None  # of dates, a name where it has one; None: they have no zone
    period: str | None = None  # of periods, their frequency
    weekdays: tuple = (0, 1, 2, 3, 4)
    holidays: tuple = ()  # days since 1970, ascending

    @classmethod
    def through(cls, unit, size, tick, **more):
        return cls(unit, size, int(tick) % size, **more)

    @property
    def kind(self):
        if self.period is not None:
            return "periods"
        return "whole numbers" if self.unit == "numbers" else "dates"

    def steps(self, times, advice="give freq="):
        """The steps of a pandas Index of times; a time between two steps is a ValueError."""
        times = self.own(times)
        ticks, size, phase = ticks_in(self.unit, times, self.size, self.phase)
        if self.unit == "business days":
            return self._open_steps(times, ticks)
        steps, rest = np.divmod(ticks - phase, size)
        if rest.any():
            at = times[int(np.flatnonzero(rest)[0])]
            raise ValueError(
                f"The time {at} is not on the clock of step {self.size} {self.unit} that was learned: "
                f"{advice}."
            )
        return steps

    def length(self, times):
        """Of a step, in what an index of times stores; 0 where it has no single one."""
        if kind_of(times) != self.kind:
            return 0
        if self.unit in ("numbers", "periods"):
            return self.size
        if self.unit == "ns":
            return 0 if self.size % NS[times.unit] else self.size // NS[times.unit]
        if self.unit == "days" and self.zone is times.tz is None:
            return self.size * DAY // NS[times.unit]
        return 0

    def own(self, times):
        """The times in the zone of the clock; those of another kind are a ValueError."""
        kind = kind_of(times)
        if kind != self.kind:
            raise ValueError(
                f"The times are {kind} ({times.dtype}), but those learned before are {self.kind}: give these."
            )
        if kind == "periods" and period_of(times) != self.period:
            raise ValueError(
                f"The times are periods of {period_of(times)!r}, but those learned before are of "
                f"{self.period!r}: asfreq({self.period!r}) converts them."
            )
        if kind != "dates" or (self.zone is times.tz is None):
            return times
        if times.tz is None:
            raise ValueError(
                f"The times have no zone, but those learned before are in {self.zone}: "
                f"tz_localize({str(self.zone)!r}) gives them one."
            )
        if self.zone is None:
            raise ValueError(
                f"The times are in {times.tz}, but those learned before have no zone: tz_localize(None) "
                "takes it away."
            )
        return times.tz_convert(self.zone)

    def _open_steps(self, times, days):
        week, weekday = np.divmod(days + 3, 7)  # 1970-01-01 was a Thursday
        rank = np.full(7, -1)
        rank[list(self.weekdays)] = np.arange(len(self.weekdays))
        steps = len(self.weekdays) * week + rank[weekday]
        closed = rank[weekday] < 0
        if self.holidays:
            steps -= np.searchsorted(self.holidays, days)
            closed |= np.isin(days, self.holidays)
        if closed.any():
            row = int(np.argmax(closed))
            why = "a holiday of freq=" if rank[weekday[row]] >= 0 else f"a {WEEKDAYS[weekday[row]]}"
            names = ", ".join(WEEKDAYS[day] for day in self.weekdays)
            raise ValueError(
                f"The time {times[row]} is no step of the clock: it is {why}, and rows that were learned "
                f"fell on {names} only. Leave it out, or fit with freq='D', which counts all days."
            )
        return steps


def order_clock(times):
    """The finest clock of times: it gives their order, which is enough where rows are counted."""
    if isinstance(times, pd.PeriodIndex):
        return Clock("periods", 1, 0, period=period_of(times))
    if not isinstance(times, pd.DatetimeIndex):
        return Clock("numbers", 1, 0)
    limit = np.iinfo(np.int64).max // NS[times.unit]
    is_far = len(times) and max(-int(times.asi8.min()), int(times.asi8.max())) > limit
    return Clock("ns", NS["us"] if is_far else 1, 0, zone=zone_of(times))


def kind_of(times):
    if isinstance(times, pd.PeriodIndex):
        return "periods"
    return "dates" if isinstance(times, pd.DatetimeIndex) else "whole numbers"


def period_of(times):
    """The frequency of which those of periods are multiples."""
    return times.freqstr.lstrip("0123456789")


def zone_of(times):
    """The zone of dates, as its name where that is enough to make it again."""
    if times.tz is None:
        return None
    name = str(times.tz)
    try:
        named = times[:0].tz_convert(name).tz
    except (KeyError, ValueError, TypeError, OSError):  # it is no name: pytz, zoneinfo and dateutil differ
        return times.tz
    return name if str(named) == name else times.tz


def ticks_of(times, starts):
    """The whole numbers that a pandas Index of times stores, in runs that begin at `starts`."""
    values = np.asarray(times, dtype=np.int64) if kind_of(times) == "whole numbers" else times.asi8
    return Ticks(values, starts)


def wall(times):
    """Dates as their zone shows them."""
    return times.tz_localize(None)


def ticks_in(unit, times, size=1, phase=0):
    """Times as whole numbers of a unit; with the size and phase of a clock, in it or a finer one."""
    if unit in ("days", "business days"):
        is_dates = isinstance(times, pd.DatetimeIndex)
        return (wall(times).asi8 // (DAY // NS[times.unit]) if is_dates else times.asi8), size, phase
    if unit == "months":
        shown = wall(times)
        return np.asarray(12 * shown.year + shown.month - 1, dtype=np.int64), size, phase
    if unit == "numbers":
        return np.asarray(times, dtype=np.int64), size, phase
    if unit == "periods":
        return times.asi8, size, phase
    ticks = (wall(times) if unit == "wall" else times).asi8
    common = math.gcd(size, phase, NS[times.unit])
    factor = NS[times.unit] // common
    if factor > 1 and len(ticks):
        limit = np.iinfo(np.int64).max // factor
        far = (ticks > limit) | (ticks < -limit)
        if far.any():
            raise ValueError(
                f"The time {times[int(np.argmax(far))]} is too far from 1970 for the clock of step {size} ns "
                "that was learned: fit with times of whole microseconds."
            )
        ticks = ticks * factor
    return ticks, size // common, phase // common
