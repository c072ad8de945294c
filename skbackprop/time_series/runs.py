"""Rows as runs: neighbours that are of one series, or that follow each other step by step.

Rows that stand series by series and step by step are told by a few numbers a series, and nothing is computed
for each row.
"""

from functools import cached_property

import numpy as np

CHUNK = 1 << 15  # rows at a time, which fit in the cache


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


def consecutive(ticks, step, starts):
    """Whether each tick is `step` after the one before, except at `starts`."""
    allowed = np.count_nonzero(ticks[starts[1:]] - ticks[starts[1:] - 1] != step)
    for begin in range(0, len(ticks) - 1, CHUNK):
        part = ticks[begin : begin + CHUNK + 1]
        allowed -= np.count_nonzero(part[1:] - part[:-1] != step)
        if allowed < 0:
            return False
    return True


def differences(ticks, starts):
    """The differences of neighbours among the distinct ticks; those of equal size may be given once."""
    step = _step(ticks, starts)
    if step > 0 and consecutive(ticks, step, starts) and _is_one_range(ticks, step, starts):
        return np.array([step])
    return np.diff(np.unique(ticks))


def _step(ticks, starts):
    """The first difference within a run, or 0."""
    long = starts[np.diff(starts, append=len(ticks)) > 1]
    return int(ticks[long[0] + 1]) - int(ticks[long[0]]) if len(long) else 0


def _is_one_range(ticks, step, starts):
    """Whether ranges of ticks, a `step` apart, are together one such range."""
    first, last = ticks[starts], ticks[np.append(starts[1:], len(ticks)) - 1]
    order = np.argsort(first, kind="stable")
    reached = np.maximum.accumulate(last[order])
    return not ((first - first[0]) % step).any() and bool((first[order][1:] <= reached[:-1] + step).all())
