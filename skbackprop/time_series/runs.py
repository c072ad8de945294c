"""Rows as runs: neighbours of one series, or that follow each other step by step.

Rows that come series by series and step by step are described by a few numbers for each series, and nothing
is computed for each row.
"""

from functools import cached_property

import numpy as np

MISSING = np.iinfo(np.int64).min  # the tick of a time that is missing
CHUNK = 1 << 16  # rows at a time, which fit in the cache


class Runs:
    """Neighbours of one series: `series` (n_runs,) says which, `starts` (n_runs,) where each begins."""

    def __init__(self, series, starts, n_rows):
        self.series, self.starts, self.n_rows = series, starts, n_rows

    @cached_property
    def codes(self):
        """The series of each row (n_rows,)."""
        if len(self.starts) == 1:
            return np.broadcast_to(self.series, self.n_rows)
        return np.repeat(self.series, np.diff(self.starts, append=self.n_rows))


def run_starts(labels):
    """Where a value differs from the one before; 0 is the first."""
    return np.concatenate([[0], np.flatnonzero(labels[1:] != labels[:-1]) + 1])


class Ticks:
    """Times as whole numbers `values` (n_rows,), in runs that begin at `starts`."""

    def __init__(self, values, starts):
        self.values, self.starts = values, starts

    @cached_property
    def step(self):
        """The difference of neighbours, if it is one and not 0, else None; 0 where there are none."""
        values, inner = self.values, np.flatnonzero(np.diff(self.starts, append=len(self.values)) > 1)
        if len(inner) == 0:
            return 0
        first = self.starts[inner[0]]
        step = int(values[first + 1]) - int(values[first])
        if step == 0:
            return None
        others = np.count_nonzero(values[self.starts[1:]] - values[self.starts[1:] - 1] != step)
        for begin in range(0, len(values) - 1, CHUNK):
            part = values[begin : begin + CHUNK + 1]
            others -= np.count_nonzero(part[1:] - part[:-1] != step)
            if others < 0:
                return None
        return step

    def __contains__(self, value):
        """Of steps forward only the first tick of each run is looked at: none leads to a missing time."""
        forward = self.step is not None and self.step > 0
        return bool(((self.values[self.starts] if forward else self.values) == value).any())

    def differences(self):
        """The differences of neighbours in order of time; those of equal size may be given once."""
        if self._one_range:
            return np.array([self.step])
        return np.diff(self.distinct)

    @cached_property
    def distinct(self):
        """Each tick once, ascending."""
        if self._one_range:
            first, last = self.values[self.starts].min(), self.values[self._ends].max()
            return np.arange(first, last + 1, self.step)
        return np.unique(self.values)

    @property
    def _ends(self):
        return np.append(self.starts[1:], len(self.values)) - 1

    @cached_property
    def _one_range(self):
        """Whether the runs together are one range of times."""
        if self.step is None or self.step <= 0:
            return False
        first, last = self.values[self.starts], self.values[self._ends]
        order = np.argsort(first, kind="stable")
        beyond = np.maximum.accumulate(last[order]) + self.step
        return not ((first - first[0]) % self.step).any() and bool((first[order][1:] <= beyond[:-1]).all())
