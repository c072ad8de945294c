"""How much series usually change: a unit for windows that do not change."""

from dataclasses import dataclass

import numpy as np

DIGITS = 8  # units in the last place that are rounding errors


@dataclass(frozen=True)
class Changes:
    """Of each series the sum of the changes from one known value to the next, and how many were not 0.

    Runs of equal values say nothing about the size of a change, and so do not count.
    """

    total: np.ndarray  # (n_series,)
    count: np.ndarray

    @classmethod
    def none(cls):
        return cls(np.zeros(0), np.zeros(0))

    @property
    def usual(self):
        """The mean of those changes, (n_series,); 0 where a series has never changed."""
        return self.total / np.maximum(self.count, 1)

    @property
    def unit(self):
        """One number for all series, the median of what is usual in those that change; 0 if none does."""
        usual = self.usual[self.count > 0]
        return float(np.median(usual)) if len(usual) else 0.0

    def after(self, rows, n_series):
        """The same with those of some rows, `OrderedRows`, that are new."""
        known = np.flatnonzero(np.isfinite(rows.y))
        values, codes = rows.y[known], rows.codes[known]
        change = np.abs(np.diff(values)).astype(np.float64)
        counted = (np.diff(codes) == 0) & rows.is_new[known[1:]]
        counted &= change > rounding(np.maximum(np.abs(values[1:]), np.abs(values[:-1])))
        codes, change = codes[1:][counted], change[counted]
        total = np.bincount(codes, change, n_series).astype(np.float64)
        count = np.bincount(codes, minlength=n_series).astype(np.float64)
        for before, new in ((self.total, total), (self.count, count)):
            new[: len(before)] += before
        return Changes(total, count)


def rounding(size):
    """Differences of numbers of such a size that may be errors of rounding."""
    return DIGITS * np.finfo(size.dtype).eps * size
