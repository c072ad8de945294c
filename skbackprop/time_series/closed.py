"""Steps of the week on which a series never has a value, such as Sundays of one shop among others.

Forecasts of many steps skip them: they were missing in the windows that were learned, and so they are in the
windows of forecasts.
"""

from dataclasses import dataclass

import numpy as np

from skbackprop.time_series.panels import row_steps
from skbackprop.time_series.stepping import DAY

OFTEN = 4  # times, at least, that a step of the week has come without a value
LONGEST = 2016  # steps of a week that are distinguished, such as those of five minutes
MOST = 10_000_000  # of all series
WEEKS = {"h": 168, "D": 7, "B": 5}  # in steps of periods


@dataclass(frozen=True)
class Closed:
    never: np.ndarray  # (n_series, n_steps of a week)

    def at(self, series, steps):
        """Whether these steps of these series are closed; series that came later have no closed steps."""
        known = series < len(self.never)
        return known & self.never[np.where(known, series, 0), steps % self.never.shape[1]]

    def after(self, rows):
        """The same after `OrderedRows`: where one has a value nothing is closed any more."""
        known = np.isfinite(rows.y) & (rows.codes < len(self.never))
        never = self.never.copy()
        never[rows.codes[known], rows.steps[known] % never.shape[1]] = False
        return Closed(never)


def closed_steps(placed, clock):
    """The closed steps of series with y as their first column; None if there are none."""
    n_series, n_steps = len(placed.ids), 0 if clock is None else week_of(clock)
    if not 1 < n_steps <= LONGEST or n_series * n_steps > MOST:
        return None
    known = np.isfinite(placed.values[:, 0])
    place = placed.codes * n_steps + row_steps(placed) % n_steps
    n_known = np.bincount(place[known], minlength=n_series * n_steps).reshape(n_series, n_steps)
    step = np.arange(n_steps)
    passed = (placed.series.last[:, None] - step) // n_steps - (
        placed.series.first[:, None] - 1 - step
    ) // n_steps
    never = (n_known == 0) & (passed >= OFTEN) & (n_known > 0).any(axis=1)[:, None]
    return Closed(never) if never.any() else None


def week_of(clock):
    """Steps of a week; 0 where they are no whole number."""
    if clock.unit == "business days":
        return len(clock.weekdays)
    if clock.unit == "periods":
        week, size = WEEKS.get(clock.period, 0), clock.size
    elif clock.unit in ("ns", "wall", "days"):
        week, size = 7 * (1 if clock.unit == "days" else DAY), clock.size
    else:
        return 0
    return 0 if week % size else week // size
