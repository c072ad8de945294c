"""The first rows of a stream, as long as there are too few for a forecaster to learn from."""

from copy import copy
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from skbackprop.compat import safe_indexing
from skbackprop.time_series.clock import clock_for
from skbackprop.time_series.history import empty_history, place
from skbackprop.time_series.reading import read_series
from skbackprop.time_series.stepping import order_clock
from skbackprop.time_series.stream_steps import First
from skbackprop.time_series.waiting import TooFewRowsError
from skbackprop.time_series.windows import chosen_lags


class FirstRows(NamedTuple):
    """Rows that are remembered, and why they are too few."""

    X: Any
    y: np.ndarray
    why: str

    @classmethod
    def of(cls, forecaster, X, y, why):
        """Those of these rows that the forecaster can need to begin with."""
        chosen = _needed(forecaster, X, y)
        return cls(safe_indexing(X, chosen), y[chosen], why)

    def followed_by(self, X, y):
        """X and y of these rows and the next ones."""
        return First(rows=(self.X, self.y, None)).rows_with(X, y, None)[:2]


def _needed(forecaster, X, y):
    """The numbers of the rows to remember."""
    rows = read_series(copy(forecaster), X, y, reset=True)
    try:
        clock = clock_for(forecaster, rows)
    except TooFewRowsError:  # of a single time
        clock = order_clock(rows.times)
    placed = place(rows, empty_history(rows, clock), 1, 1, None, forecaster.on_gap, True, "error")
    lags = chosen_lags(forecaster.lags, (), forecaster.horizon, np.iinfo(np.int32).max)
    return newest_rows(placed, most_steps(forecaster, int(lags.max())))


def most_steps(forecaster, n_lags):
    """Of each series, the steps that a forecaster with windows of `n_lags` steps needs to begin, and as many
    more for those whose y is not known."""
    horizon = forecaster.horizon
    n_steps = n_lags + 2 * horizon + horizon * (forecaster.calibration_horizons or 0)
    if forecaster.early_stopping:
        share = forecaster.validation_fraction
        n_steps += ceil(horizon / share) + ceil(1 / (1 - share))
    return 2 * n_steps


def newest_rows(placed, n_steps):
    """The numbers of the rows in the last steps of their series; none of them has a history yet."""
    series = placed.series
    return np.flatnonzero(series.by_row(series.steps) > (series.last - n_steps)[placed.codes])
