"""Statistics of a moving window in O(1) a row, by additions only.

A lane is cut into blocks of the window's length. A window is the end of one block and the beginning of the
next, and these are accumulated inside their blocks (van Herk 1992; Gil and Werman 1993). Nothing is ever
subtracted again: no drift, NaN and inf are forgotten when they leave the window, and a result depends on
the window's values and its place alone, so that a stream has the same bits as a batch.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

CHUNK = 1 << 16  # values at a time, which fit in the cache
SORTED = 1 << 20  # values at a time, of windows written out
MOST = 256  # blocks at a time, at least: each place of all of them is one operation


def rolling(lanes, window, min_periods, statistics):
    """{statistic: its value for the window that ends at each place of (n_lanes, width)}.

    NaN in the first block of a lane. NaN is left out if `min_periods` < window.
    """
    blocks = lanes.reshape(len(lanes), -1, window)
    results = {name: np.empty(blocks.shape) for name in statistics}
    for values in results.values():
        values[:, 0] = np.nan
    quantiles = [name for name in statistics if name not in KERNELS]
    kind = SparseWindows if min_periods < window else FullWindows
    step = -(-max(MOST, CHUNK // window) // len(lanes))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for begin in range(1, blocks.shape[1], step):
            end = min(begin + step, blocks.shape[1])
            part = kind(blocks[:, begin - 1 : end], min_periods)
            for name in statistics:
                if name in KERNELS:
                    values = part.where_enough(KERNELS[name](part))
                    results[name][:, begin:end] = values.transpose(2, 1, 0)
            for name, values in zip(quantiles, part.quantiles([level_of(q) for q in quantiles])):
                results[name][:, begin:end] = values
    return {name: values.reshape(lanes.shape) for name, values in results.items()}


def level_of(statistic):
    return 0.5 if statistic == "median" else statistic


class FullWindows:
    """The windows that end in blocks, `rows` (n_lanes, n + 1, window), but in the first of each lane.

    A statistic is (window, n, n_lanes): one place of all blocks after the other.
    """

    minimum: np.ufunc = np.minimum
    maximum: np.ufunc = np.maximum

    def __init__(self, rows, min_periods):
        self.rows, self.window, self.min_periods = rows, rows.shape[-1], min_periods
        self.blocks = np.ascontiguousarray(rows.transpose(2, 1, 0))

    def where_enough(self, values):
        return values

    def sum(self):
        return joined(np.add, *parted(self.blocks))

    def min(self):
        return joined(self.minimum, *parted(self.blocks))

    def max(self):
        return joined(self.maximum, *parted(self.blocks))

    def mean(self):
        return self.moments[0]

    def var(self):
        return self.moments[1] / (self.window - 1 if self.window > 1 else np.nan)

    @cached_property
    def moments(self):
        """Mean and sum of squared deviations, by deviations from a value of the window.

        d = x - r;  mean = r + sum d / n;  M2 = sum d^2 - (sum d)^2 / n, r the first value of the block in
        which the window ends.
        """
        r = finite(self.blocks[0, 1:])
        end, beginning = self.blocks[1:, :-1] - r, self.blocks[:, 1:] - r
        squares = joined(np.add, end * end, beginning * beginning)
        return central(joined(np.add, end, beginning), squares, self.window, r)

    def quantiles(self, levels):
        """Linear interpolation between the two values around each level, as numpy.quantile.

        (n_levels, n_lanes, n, window); some windows at a time are written out and sorted.
        """
        n_lanes, n_blocks, window = self.rows.shape
        windows = sliding_window_view(self.rows.reshape(n_lanes, -1), window, axis=1)[:, 1:]
        results = np.empty((len(levels), *windows.shape[:2]))
        step = max(1, SORTED // (n_lanes * window))
        for begin in range(0, windows.shape[1] if levels else 0, step):
            ordered = np.sort(windows[:, begin : begin + step], axis=2)  # NaN comes last
            n = window - np.isnan(ordered).sum(axis=2, keepdims=True)
            for level, result in zip(levels, results):
                place = level * np.maximum(n - 1.0, 0.0)
                below, above = place.astype(np.intp), np.ceil(place).astype(np.intp)
                low, high = (np.take_along_axis(ordered, at, axis=2) for at in (below, above))
                values = low + np.where(high == low, 0.0, high - low) * (place - below)
                values = np.where(n >= self.min_periods, values, np.nan)
                result[:, begin : begin + step] = values[:, :, 0]
        return results.reshape(len(levels), n_lanes, n_blocks - 1, window)


class SparseWindows(FullWindows):
    """Windows of which NaN is left out. Of less than `min_periods` values there is no statistic."""

    minimum, maximum = np.fmin, np.fmax

    def __init__(self, rows, min_periods):
        super().__init__(rows, min_periods)
        self.missing = np.isnan(self.blocks)
        self.n_end, self.n_beginning = accumulated(np.add, *parted((~self.missing).astype(float)))
        self.n = merged(np.add, self.n_end, self.n_beginning.copy())

    def where_enough(self, values):
        return np.where(self.n >= self.min_periods, values, np.nan)

    def sum(self):
        return joined(np.add, *parted(np.where(self.missing, 0.0, self.blocks)))

    def var(self):
        return np.where(self.n > 1, self.moments[1] / np.maximum(self.n - 1, 1), np.nan)

    @cached_property
    def moments(self):
        """Mean and sum of squared deviations, merged as in Chan, Golub and LeVeque (1983), eq. 2.1.

        n = n_a + n_b;  mean = mean_b + (mean_a - mean_b) n_a / n;  M2 = M2_a + M2_b + (mean_a - mean_b)^2
        n_a n_b / n, a the end of a block and b the beginning of the next; the deviations of a are from its
        last value, those of b from its first.
        """
        first, last = self.missing.argmin(axis=0), self.window - 1 - self.missing[::-1].argmin(axis=0)
        r_a, r_b = (finite(np.take_along_axis(self.blocks, at[None], axis=0)[0]) for at in (last, first))
        a = np.where(self.missing, 0.0, self.blocks - r_a)[1:, :-1]
        b = np.where(self.missing, 0.0, self.blocks - r_b)[:, 1:]
        squares_a, squares_b = accumulated(np.add, a * a, b * b)
        total_a, total_b = accumulated(np.add, a, b)
        n_a, n_b = self.n_end, self.n_beginning[:-1]
        mean_a, squares_a = central(total_a, squares_a, np.maximum(n_a, 1), r_a[:-1])
        mean, squares = central(total_b, squares_b, np.maximum(self.n_beginning, 1), r_b[1:])
        share = n_a / np.maximum(n_a + n_b, 1)
        apart = np.where(n_a * n_b > 0, mean_a - mean[:-1], 0.0)
        squares[:-1] += squares_a + apart * apart * (share * n_b)
        mean[:-1] = np.where(n_b > 0, mean[:-1] + apart * share, mean_a)
        return mean, squares


def finite(reference):
    """What deviations can be taken from: with inf in a window nothing else matters."""
    return np.where(np.isfinite(reference), reference, 0.0)


def parted(blocks):
    """Copies: the ends of the blocks (window - 1, n, n_lanes), and the beginnings (window, n, n_lanes)."""
    return blocks[1:, :-1].copy(), blocks[:, 1:].copy()


def accumulated(ufunc, end, beginning):
    """Accumulated in place: from each place to the end of its block, and from the beginning to each place."""
    for places in (end[::-1], beginning):
        for before, here in pairwise(places):
            ufunc(before, here, out=here)
    return end, beginning


def merged(ufunc, end, beginning):
    """In `beginning`: a window is the end of one block and the beginning of the next, or one block."""
    ufunc(beginning[:-1], end, out=beginning[:-1])
    return beginning


def joined(ufunc, end, beginning):
    """Over each window, in place."""
    return merged(ufunc, *accumulated(ufunc, end, beginning))


def central(total, squares, n, reference):
    """Mean and sum of squared deviations, from sums of n deviations d from a reference and of d^2; in place.

    mean = reference + sum d / n;  M2 = sum d^2 - (sum d)^2 / n
    """
    mean = total / n
    squares -= np.multiply(total, mean, out=total)
    return np.add(mean, reference, out=mean), np.maximum(squares, 0.0, out=squares)


KERNELS = {
    "sum": lambda windows: windows.sum(),
    "mean": lambda windows: windows.mean(),
    "var": lambda windows: windows.var(),
    "std": lambda windows: np.sqrt(windows.var()),
    "min": lambda windows: windows.min(),
    "max": lambda windows: windows.max(),
}
