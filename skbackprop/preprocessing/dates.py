"""Dates as numbers: how many days since 1970, and the place in the year, the week and the day."""

import numpy as np

DAY = 86_400e6  # microseconds
YEAR, WEEK = 365.25, 7  # days


def names_of_parts(name, has_time):
    cycles = ("dayofyear", "weekday", "hour") if has_time else ("dayofyear", "weekday")
    return [f"{name}_days"] + [f"{name}_{cycle}_{wave}" for cycle in cycles for wave in ("sin", "cos")]


def has_time_of_day(dates):
    known = dates[~np.isnat(dates)]
    return bool((known != known.astype("datetime64[D]")).any())


def write_parts(dates, has_time, out):
    """Days since 1970; sin and cos of 2 pi t / period, the part of the day that has passed included."""
    missing = np.isnat(dates)
    date = dates.astype("datetime64[D]")
    days = dates.astype(np.int64) / DAY
    day_of_year = (date - date.astype("datetime64[Y]")).astype(np.int64)
    time_of_day = days - np.floor(days)
    phases = [(day_of_year + time_of_day) / YEAR, (days + 3) / WEEK]  # 1970 began on a Thursday
    if has_time:
        phases.append(time_of_day)
    out[:, 0] = days
    for i, phase in enumerate(phases):
        angle = 2 * np.pi * (phase % 1.0)
        out[:, 2 * i + 1], out[:, 2 * i + 2] = np.sin(angle), np.cos(angle)
    out[missing] = np.nan
