"""Rows of many series in one flat buffer, so that a lag is one shift for all of them.

Step s of a series is next to step s + 1; steps without a row, and `reach` places before each series, are
NaN. A series begins at a place congruent to its first step modulo `align`: blocks of that length, counted
from the beginning of a lane of the buffer, are then blocks of absolute time.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from skbackprop.time_series.runs import CHUNK


@dataclass(frozen=True)
class Grid:
    """Series of equal length without gaps: a buffer of (n_series, width), the rows from column `first` on."""

    n_series: int
    align: int
    first: int
    n_steps: int
    n_history: int  # rows directly before those, of a single series

    @property
    def width(self):
        return _whole(self.first + self.n_steps, self.align)

    @property
    def size(self):
        return self.n_series * self.width

    @property
    def n_lanes(self):
        return self.n_series

    def parts(self):
        """Grids that fit in the cache, and the rows of each: of some series, or of some steps of one."""
        at_once = CHUNK // self.width | 1  # strides that are powers of two collide in the cache
        for begin in range(0, self.n_series, at_once):
            some = replace(self, n_series=min(at_once, self.n_series - begin))
            yield from some._in_time(begin * self.n_steps)

    def _in_time(self, row):
        """Parts of which each has for its history as many rows before it as anything looks back on."""
        front = self.first - self.n_history + self.align + self.n_history % self.align
        size = _whole(front + CHUNK, self.align)
        if self.n_series > 1 or self.n_steps <= size:
            yield self, slice(row, row + self.n_series * self.n_steps)
            return
        yield replace(self, n_steps=size), slice(row, row + size)
        for begin in range(size, self.n_steps, size):
            n_steps = min(size, self.n_steps - begin)
            part = replace(self, first=front, n_steps=n_steps, n_history=front)
            yield part, slice(row + begin, row + begin + n_steps)

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
        """The value `lag` steps before each row."""
        begin = self.first - lag
        out.reshape(self.n_series, self.n_steps)[:] = buffer.reshape(self.n_series, self.width)[
            :, begin : begin + self.n_steps
        ]


@dataclass(frozen=True)
class Scattered:
    """Any rows: each has its place in one lane."""

    size: int
    places: np.ndarray  # (n_history + n_rows,)
    n_history: int
    begin: np.ndarray  # (n_series,)
    lengths: np.ndarray  # (n_series,)
    n_lanes = 1

    def parts(self):
        """All of it, and all rows."""
        yield self, slice(None)

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
        """The value `lag` steps before each row."""
        np.take(buffer, self.places[self.n_history :] - lag, out=out, mode="clip")


@dataclass(frozen=True)
class Series:
    """Rows in the order of series and steps; every series has some."""

    starts: np.ndarray  # (n_series,), the place of the first row of each
    first: np.ndarray  # (n_series,), its step
    n_rows: int
    gaps: np.ndarray | None = None  # (n_rows,), steps from the row before in the series; None: all are 1
    order: np.ndarray | None = None  # (n_rows,), the row at each place; None: the same

    @classmethod
    def of(cls, codes, steps):
        """Rows in any order, of the series `codes` (n_rows,)."""
        order, gaps, change = None, np.diff(steps), np.diff(codes)
        if not ((change > 0) | ((change == 0) & (gaps > 0))).all():
            order = np.lexsort((steps, codes))
            codes, steps = codes[order], steps[order]
            gaps, change = np.diff(steps), np.diff(codes)
        gaps[change > 0] = 1
        starts = np.concatenate([[0], np.flatnonzero(change) + 1])
        gaps = None if (gaps == 1).all() else np.concatenate([[1], gaps])
        return cls(starts, steps[starts], len(steps), gaps, order)

    def counted(self, first):
        """The same rows without gaps, from the steps `first` (n_series,) on."""
        return replace(self, first=first, gaps=None)

    @cached_property
    def lengths(self):
        return np.diff(self.starts, append=self.n_rows)

    @cached_property
    def ends(self):
        """The place of the last row of each series."""
        return self.starts + self.lengths - 1

    @cached_property
    def _elapsed(self):
        return np.cumsum(self.gaps)

    def n_within(self, n_steps):
        """How many rows the last steps of each series have."""
        if self.gaps is None:
            return np.minimum(self.lengths, n_steps)
        before = np.searchsorted(self._elapsed, self._elapsed[self.ends] - n_steps, side="right")
        return self.ends + 1 - np.maximum(before, self.starts)

    def steps_at(self, places, n):
        """The steps of the rows at some places of the order, `n` places of each series after the other."""
        if self.gaps is None:
            steps = np.repeat(self.first - self.starts, n)
            steps += places
        else:
            steps = np.repeat(self.first - self._elapsed[self.starts], n)
            steps += self._elapsed[places]
        return steps

    @cached_property
    def last(self):
        """The step of the last row of each series."""
        return self.steps_at(self.ends, 1)

    @cached_property
    def steps(self):
        """The step at each place of the order."""
        return self.steps_at(np.arange(self.n_rows), self.lengths)

    def by_row(self, values):
        """From the order of the places to that of the rows."""
        if self.order is None:
            return values
        of_rows = np.empty_like(values)
        of_rows[self.order] = values
        return of_rows

    def row(self, place):
        """The number of the row at a place of the order."""
        return int(place if self.order is None else self.order[place])


def timeline(series, n_history, reach, align=1, ahead=0):
    """The places of the rows of `series`; the first `n_history` of them are history.

    A gap over which nothing is seen is shortened, as far as that changes no block. `ahead` (n_series,) are
    the steps from the beginning of each series to its first row.
    """
    if series.gaps is None:
        last = series.lengths - 1 + ahead
    else:
        unseen = reach + 1
        shortened = unseen + (series.gaps - unseen) % align
        local = np.cumsum(np.where(series.gaps > unseen, shortened, series.gaps))
        last = local[series.ends] - local[series.starts] + ahead
    before = reach + (series.first - reach) % align
    width = _whole(before + last + 1, align)
    if (
        series.gaps is None
        and series.order is None
        and np.all(ahead == 0)
        and _all_equal(width, before, series.lengths)
    ):
        n_series, first, n_steps = len(width), int(before[0]), int(series.lengths[0])
        if n_series == 1 or n_history == 0:
            return Grid(n_series, align, first + n_history, n_steps - n_history, n_history)
    begin = np.cumsum(width) - width + before
    if series.gaps is None:
        local = np.arange(series.n_rows)
    places = series.by_row(local + np.repeat(begin + ahead - local[series.starts], series.lengths))
    return Scattered(int(width.sum()), places, n_history, begin, last + 1)


def _whole(n, align):
    """The next multiple."""
    return -(-n // align) * align


def _all_equal(*arrays):
    return all((array == array[0]).all() for array in arrays)
