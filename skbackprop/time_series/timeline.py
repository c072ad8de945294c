"""Rows of many series in one flat buffer, so that a lag is one shift for all of them.

Step s of a series stands beside step s + 1; steps without a row, and `reach` places before each series, are
NaN. A series begins at a place congruent to its first step modulo `align`: blocks of that length, counted
from the buffer's start, are then blocks of absolute time.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Grid:
    """Series of equal length without gaps: a buffer of (n_series, width), the rows from column `first` on."""

    n_series: int
    width: int
    first: int
    n_steps: int
    n_history: int  # rows directly before those, of a single series

    @property
    def size(self):
        return self.n_series * self.width

    def spans(self):
        """Where each series begins, and its length."""
        begin = self.first - self.n_history + self.width * np.arange(self.n_series)
        return begin, np.full(self.n_series, self.n_history + self.n_steps)

    def scatter(self, history, values, dtype):
        """A buffer that holds a column of the history and of the rows."""
        buffer = np.empty((self.n_series, self.width), dtype)
        begin, end = self.first - self.n_history, self.first + self.n_steps
        buffer[:, :begin] = buffer[:, end:] = np.nan
        buffer[:, begin : self.first] = history
        buffer[:, self.first : end] = values.reshape(self.n_series, self.n_steps)
        return buffer.reshape(-1)

    def gather(self, buffer, lag, out):
        """What stands `lag` steps before each row."""
        begin = self.first - lag
        out.reshape(self.n_series, self.n_steps)[:] = buffer.reshape(self.n_series, self.width)[
            :, begin : begin + self.n_steps
        ]


@dataclass(frozen=True)
class Scattered:
    """Any rows: each has its place."""

    size: int
    places: np.ndarray  # (n_history + n_rows,)
    n_history: int
    begin: np.ndarray  # (n_series,)
    lengths: np.ndarray  # (n_series,)

    def spans(self):
        """Where each series begins, and its length."""
        return self.begin, self.lengths

    def scatter(self, history, values, dtype):
        """A buffer that holds a column of the history and of the rows."""
        buffer = np.full(self.size, np.nan, dtype)
        buffer[self.places[: self.n_history]] = history
        buffer[self.places[self.n_history :]] = values
        return buffer

    def gather(self, buffer, lag, out):
        """What stands `lag` steps before each row."""
        np.take(buffer, self.places[self.n_history :] - lag, out=out, mode="clip")


class Series:
    """Rows in the order of series and steps: `order` sorts them, `starts` says where each series begins."""

    def __init__(self, codes, steps):
        self.order, self.contiguous = None, codes is None and isinstance(steps, pd.RangeIndex)
        n_rows, steps = len(steps), np.asarray(steps)
        self.codes = np.broadcast_to(np.intp(0), n_rows) if codes is None else codes
        self.steps, change = steps, np.zeros(0, dtype=np.intp)
        if not self.contiguous:
            gaps, change = np.diff(steps), np.diff(self.codes)
            if not ((change > 0) | ((change == 0) & (gaps > 0))).all():
                self.order = np.lexsort((steps, self.codes))
                self.codes, self.steps = self.codes[self.order], steps[self.order]
                gaps, change = np.diff(self.steps), np.diff(self.codes)
            self.gaps = np.concatenate([[1], np.where(change, 1, gaps)])  # to the row before in the series
            self.contiguous = bool((self.gaps == 1).all())
        self.starts = np.r_[0, np.flatnonzero(change) + 1]
        self.lengths = np.diff(np.r_[self.starts, n_rows])

    @property
    def ids(self):
        """The code of each series."""
        return self.codes[self.starts]

    @property
    def ends(self):
        """The place of the last row of each series."""
        return self.starts + self.lengths - 1

    def number_of(self, places):
        """Which series stands at these places of the order."""
        return np.searchsorted(self.starts, places, side="right") - 1

    def row(self, place):
        """The number of the row that stands at a place of the order."""
        return int(place if self.order is None else self.order[place])


def timeline(series, n_history, reach, align=1, ahead=0):
    """Where the rows of `series` stand; the first `n_history` of them are history.

    A gap over which nothing is seen is shortened, as far as that changes no block. `ahead` (n_series,) are
    the steps from the beginning of each series to its first row.
    """
    contiguous = series.contiguous
    if contiguous:
        last = series.lengths - 1 + ahead
    else:
        unseen = reach + 1
        shortened = unseen + (series.gaps - unseen) % align
        local = np.cumsum(np.where(series.gaps > unseen, shortened, series.gaps))
        last = local[series.ends] - local[series.starts] + ahead
    before = reach + (series.steps[series.starts] - reach) % align
    width = -(-(before + last + 1) // align) * align
    if (
        contiguous
        and series.order is None
        and np.all(ahead == 0)
        and _all_equal(width, before, series.lengths)
    ):
        n_series, first, n_steps = len(width), int(before[0]), int(series.lengths[0])
        if n_series == 1 or n_history == 0:
            return Grid(n_series, int(width[0]), first + n_history, n_steps - n_history, n_history)
    begin = np.cumsum(width) - width + before
    if contiguous:
        local = np.arange(len(series.steps))
    sorted_places = local + np.repeat(begin + ahead - local[series.starts], series.lengths)
    places = sorted_places
    if series.order is not None:
        places = np.empty_like(sorted_places)
        places[series.order] = sorted_places
    return Scattered(int(width.sum()), places, n_history, begin, last + 1)


def _all_equal(*arrays):
    return all((array == array[0]).all() for array in arrays)
