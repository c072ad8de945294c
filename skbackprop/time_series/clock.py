"""The clock of some times: what `freq` says, or what the times themselves show."""

import warnings

import numpy as np
import pandas as pd
from pandas.tseries import offsets

from skbackprop.time_series.stepping import (
    DAY,
    NS,
    Clock,
    kind_of,
    order_clock,
    period_of,
    ticks_in,
    ticks_of,
    wall,
    zone_of,
)
from skbackprop.time_series.waiting import TooFewRowsError

MONTHS = {"Month": 1, "Quarter": 3, "HalfYear": 6, "Year": 12}
MONTHS = {
    f"{kind}{name}{end}": n for name, n in MONTHS.items() for kind in ("", "B") for end in ("End", "Begin")
}
MONTHS |= {f"{kind}Month{end}": 1 for kind in ("Business", "CustomBusiness") for end in ("End", "Begin")}
MONTHS |= {"WeekOfMonth": 1, "LastWeekOfMonth": 1, "Easter": 12}
KEYWORDS = {"years": ("months", 12), "months": ("months", 1), "weeks": ("days", 7), "days": ("days", 1)}
KEYWORDS |= {"hours": ("ns", DAY // 24), "minutes": ("ns", DAY // 1440), "seconds": ("ns", NS["s"])}
KEYWORDS |= {"milliseconds": ("ns", 10**6), "microseconds": ("ns", 10**3), "nanoseconds": ("ns", 1)}
WORKDAYS = (0, 1, 2, 3, 4)
OFTEN = 3  # times that a weekday is passed without a row, at least, before it counts as closed
USUAL = 2 / 3  # of the days that are open, at least, have a row where some are closed
PLACE = 6  # days that the place of a time in its month may vary, such as that of a third Friday
SPARSE = 1 / 2  # of the steps without a row, from which on the clock is doubtful


def advice_for(owner):
    """What to give an estimator, or a splitter, whose clock does not fit."""
    if getattr(owner, "on_gap", "ignore") == "ignore":
        return "give freq="
    return "give freq=, or on_gap='ignore' to count rows instead of time"


def clock_for(owner, rows):
    """The clock of an estimator's rows; None where they have no time."""
    if rows.times is None:
        return None
    if owner.on_gap == "ignore" and getattr(owner, "forget_after", None) is None:
        return order_clock(rows.times)
    return learn_clock(rows.times, owner.freq, rows.ticks, advice=advice_for(owner))


def learn_clock(times, freq=None, ticks=None, advice="give freq=", closed=True):
    """The clock of which all `times`, a pandas Index, are steps; `ticks` are the same times in runs.

    `closed`: whether days of the week that never occur are left out of the count.
    """
    ticks = ticks_of(times, np.zeros(1, np.intp)) if ticks is None else ticks
    kind = kind_of(times)
    if kind == "whole numbers":
        return Clock.through("numbers", _number_step(times, freq, ticks), times[0])
    if kind == "periods":
        return _of_periods(times, freq, closed)
    zone = zone_of(times)
    step = _step(_offset(freq), f"freq={freq!r}") if freq is not None else None
    if step is None and times.freq is not None:
        step = _step_of(times.freq)
    if step is None:
        return _inferred(times, ticks, zone, advice, closed)
    unit, size, more = step
    if unit == "ns" and zone is not None and _moves(times, size):
        unit = "wall"
    return Clock.through(unit, size, _first_tick(unit, times), zone=zone, **more)


def season_clock(rows, clock, owner):
    """The clock on which seasons are counted: of periods their dates, of counted rows a regular one."""
    if clock is not None and clock.unit == "periods":
        some = pd.period_range("2024-01-01", periods=10, freq=f"{clock.size}{clock.period}")
        return learn_clock(some.to_timestamp())
    if owner.on_gap != "ignore" or clock is None or clock.kind != "dates":
        return clock
    try:
        return learn_clock(rows.times, owner.freq, rows.ticks)
    except ValueError:
        return None


def _first_tick(unit, times):
    if unit in ("ns", "wall"):
        return int((wall(times[:1]) if unit == "wall" else times).asi8[0]) * NS[times.unit]
    return ticks_in(unit, times[:1])[0][0]


def _number_step(times, freq, ticks):
    if freq is not None:
        if not isinstance(freq, int | np.integer) or isinstance(freq, bool) or freq < 1:
            raise ValueError(
                f"freq={freq!r}: for whole numbers as times, it is a whole number of at least 1."
            )
        return int(freq)
    if isinstance(times, pd.RangeIndex):
        return abs(times.step)
    apart = ticks.differences()
    return int(np.gcd.reduce(apart)) if len(apart) else 1


def _of_periods(times, freq, closed):
    name, size = period_of(times), times.freq.n
    if freq is not None:
        try:
            given = pd.PeriodIndex([], dtype=pd.PeriodDtype(freq))
        except (ValueError, TypeError, AttributeError):
            given = None
        if given is None or period_of(given) != name:
            raise ValueError(
                f"freq={freq!r}: for periods of {name!r} as times, it is a multiple of {name!r}, such as "
                f"'2{name}'."
            )
        size = given.freq.n
    elif name == "D" and size == 1 and closed:
        weekdays = open_weekdays(np.unique(times.asi8))
        if weekdays:
            return Clock("business days", 1, 0, period=name, weekdays=weekdays)
    return Clock.through("periods", size, times.asi8[0], period=name)


# ------------------------------------------------------------------ as freq says


def _offset(freq):
    try:
        return pd.tseries.frequencies.to_offset(freq)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"freq={freq!r}: for dates as times, it is an offset of pandas, such as 'h', '15min' or 'D'."
        ) from error


def _step(offset, named):
    step = _step_of(offset)
    if step is None:
        raise ValueError(
            f"{named} is not a step of a regular clock. Give nanoseconds to weeks, business days (with their "
            "holidays), months, quarters or years, or whole numbers as times."
        )
    return step


def _step_of(offset):
    """An offset of pandas as unit, size and more of a clock; None where it is no regular step."""
    name, n = type(offset).__name__, offset.n
    if n < 1:
        return None
    if name == "Day":
        return "days", n, {}
    if name == "Week":
        return "days", 7 * n, {}
    if name in MONTHS:
        return "months", MONTHS[name] * n, {}
    if name == "BusinessDay" and n == 1:
        return "business days", 1, {}
    if name == "CustomBusinessDay" and n == 1:
        return "business days", 1, _open_days(offset.calendar)
    if isinstance(offset, offsets.Tick):
        return "ns", offset.nanos, {}
    if name == "DateOffset" and len(offset.kwds) == 1:
        (keyword, number), *_ = offset.kwds.items()
        if keyword in KEYWORDS and number >= 1:
            unit, size = KEYWORDS[keyword]
            return unit, size * number * n, {}
    return None


def _open_days(calendar):
    """The weekdays and holidays of a `numpy.busdaycalendar`."""
    weekdays = tuple(np.flatnonzero(calendar.weekmask).tolist())
    days = np.unique(calendar.holidays.astype("datetime64[D]").astype(np.int64))
    return {"weekdays": weekdays, "holidays": tuple(days[np.isin((days + 3) % 7, weekdays)].tolist())}


def _moves(times, size):
    """Whether steps of two hours and more are regular as the zone shows them, and not between instants."""
    if size < DAY // 12:
        return False

    def regular(unit):
        ticks, step, _ = ticks_in(unit, times, size, 0)
        return not np.any((ticks - ticks[0]) % step)

    return not regular("ns") and regular("wall")


# ------------------------------------------------------------------ as the times show


def _inferred(times, ticks, zone, advice, closed):
    apart, ns = ticks.differences(), NS[times.unit]
    if len(apart) == 0:
        raise TooFewRowsError(
            f"The step of the clock cannot be inferred from one time, {times[0]}: give freq=, such as 'D'."
        )
    shortest = int(apart.min())
    if shortest * ns >= 23 * DAY // 24:  # summer time may begin in between
        clock = _in_days(_each_once(times, ticks), zone, closed)
        if clock is not None:
            return clock
    off = apart % shortest != 0
    if not off.any():
        return Clock.through("ns", shortest * ns, _first_tick("ns", times), zone=zone)
    if zone is not None and _moves(times, shortest * ns):
        return Clock.through("wall", shortest * ns, _first_tick("wall", times), zone=zone)
    first, other = (pd.Timedelta(np.timedelta64(int(n), times.unit)) for n in (shortest, apart[off][0]))
    raise ValueError(
        f"The times are not on one clock: the shortest step is {first}, another is {other}. "
        f"{advice[0].upper()}{advice[1:]}."
    )


def _each_once(times, ticks):
    """The times, each once and in their order."""
    distinct = pd.DatetimeIndex(ticks.distinct.view(f"datetime64[{times.unit}]"))
    return distinct if times.tz is None else distinct.tz_localize("UTC").tz_convert(times.tz)


def _in_days(times, zone, closed):
    """A clock of days, some of them, or months, for times that show one time of the day; else None."""
    shown, day = wall(times), DAY // NS[times.unit]
    days = shown.asi8 // day
    of_day = shown.asi8[0] % day
    if len(days) < 2 or (shown.asi8 % day != of_day).any() or (np.diff(days) < 1).any():
        return None
    months = _months(days)
    if months and _same_place(days):
        return Clock.through("months", *months, zone=zone)
    apart = np.diff(days)
    shortest, is_regular = int(apart.min()), not (apart % apart.min()).any()
    weekdays = open_weekdays(days) if shortest == 1 or not is_regular else ()
    if weekdays and closed:
        return Clock("business days", 1, 0, zone=zone, weekdays=weekdays)
    if weekdays:
        shortest, is_regular = 1, True
    if is_regular and zone is not None:
        return Clock.through("days", shortest, days[0], zone=zone)
    if is_regular:
        return Clock.through("ns", shortest * DAY, int(days[0]) * DAY + int(of_day) * NS[times.unit])
    return Clock.through("months", *months, zone=zone) if months and _near_place(days) else None


def open_weekdays(days):
    """The weekdays on which there are rows, if the others lack rows again and again; otherwise ().

    `days` (n_days,) since 1970, ascending. One weekend without rows is enough where no other day lacks one.
    """
    weekday = (days + 3) % 7
    rows = np.bincount(weekday, minlength=7)
    open_ = tuple(np.flatnonzero(rows).tolist())
    if len(open_) in (1, 7):
        return ()
    first, n_days = int(weekday[0]), int(days[-1] - days[0]) + 1
    passed = np.array([(n_days - 1 - (day - first) % 7) // 7 + 1 for day in range(7)])
    is_open = rows > 0
    is_complete = (rows == passed)[is_open].all()
    closed = passed[~is_open].min()
    if open_ == WORKDAYS:
        enough = closed >= (1 if is_complete else 2)
    else:
        enough = closed >= (OFTEN if is_complete else OFTEN + 1)
    return open_ if enough and (rows >= USUAL * passed)[is_open].all() else ()


def _months(days):
    """The number of months of a step, and the first month, for days of which each has a month of its own."""
    months = np.unique(days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))
    if len(months) < len(days) or np.diff(days).min() < 26:
        return None
    return int(np.gcd.reduce(np.diff(months))), int(months[0]) + 12 * 1970


def _places(days):
    """The days before each in its month, and those after it."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return days - months.astype("datetime64[D]").astype(np.int64), (
        (months + 1).astype("datetime64[D]").astype(np.int64) - days - 1
    )


def _same_place(days):
    """Whether all are the same day of their months, or the last one of a shorter month."""
    before, after = _places(days)
    return bool(((before == before.max()) | ((after == 0) & (before < before.max()))).all())


def _near_place(days):
    """Whether all are near one place of their months, such as the last business day or a third Friday."""
    return min(map(np.ptp, _places(days))) <= PLACE


# ------------------------------------------------------------------ what is missing


def check_fits(series, owner, clock):
    """An error, or a warning, where the clock of an estimator's rows has steps that hardly ever have one."""
    if clock is None or series.gaps is None or owner.freq is not None or owner.on_gap != "nan":
        return
    inner = np.ones(series.n_rows, dtype=bool)
    inner[series.starts] = False
    gaps = series.gaps[inner]
    unit = f"{clock.size} {clock.unit}" if clock.period is None else f"{clock.size} {clock.period!r}"
    remedies = (
        "give freq= if that is the clock, on_gap='ignore' to count rows instead of time, or "
        "freq=pandas.offsets.CustomBusinessDay(weekmask=, holidays=) for the days that are open"
    )
    if (gaps > 1).all() and np.count_nonzero(series.lengths > 1) > 1:
        raise ValueError(
            f"No row of any series comes one step of the clock, {unit}, after another: "
            f"every lag would be missing. {remedies[0].upper()}{remedies[1:]}."
        )
    share = (gaps - 1).sum() / (gaps.sum() + len(series.starts))
    if share > SPARSE and np.count_nonzero(gaps > 1) >= OFTEN:
        warnings.warn(
            f"{share:.0%} of the steps of the clock, {unit}, have no row: {remedies}.", stacklevel=4
        )
