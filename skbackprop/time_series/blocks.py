"""Statistics of a moving window in O(1) a row, by additions only.

A buffer is cut into blocks of the window's length. A window is the end of one block and the beginning of the
next, and these are accumulated inside their blocks (van Herk 1992; Gil and Werman 1993). Nothing is ever
subtracted again: no drift, NaN and inf are forgotten when they leave the window, and a result depends on
the window's values and its place alone, so that a stream has the same bits as a batch.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

CHUNK = 1 << 15  # values at a time, which fit in the cache
MOST = 256  # blocks at a time, at least: each place of all of them is one operation


def rolling(buffer, window, min_periods, statistics):
    """{statistic: its value for the window that ends at each place of the buffer}; NaN in the first block."""
    blocks = buffer.reshape(-1, window)
    results = {name: np.empty(blocks.shape) for name in statistics}
    for values in results.values():
        values[0] = np.nan
    quantiles = [name for name in statistics if name not in KERNELS]
    step = max(MOST, CHUNK // window)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for begin in range(1, len(blocks), step):
            end = min(begin + step, len(blocks))
            part = Part(blocks[begin - 1 : end], window, min_periods)
            for name in statistics:
                if name in KERNELS:
                    results[name][begin:end] = KERNELS[name](part).T
            for name, values in zip(quantiles, part.quantiles([level_of(q) for q in quantiles])):
                results[name][begin:end] = values
    return {name: values.reshape(-1) for name, values in results.items()}


def level_of(statistic):
    return 0.5 if statistic == "median" else statistic


class Part:
    """Blocks, their places along the first axis (window, n + 1); windows end in all blocks but the first.

    NaN is left out if `min_periods` < window.
    """

    def __init__(self, blocks, window, min_periods):
        self.rows, self.window, self.min_periods = blocks, window, min_periods
        self.blocks = np.ascontiguousarray(blocks.T)
        self.skip = min_periods < window
        self.seen, self.values = np.ones((window, 1)), self.blocks
        if self.skip:
            missing = np.isnan(self.blocks)
            self.seen, self.values = (~missing).astype(float), np.where(missing, 0.0, self.blocks)
        self.count, self.count_to_end = accumulated(np.add, self.seen)

    def n_values(self):
        """(window, n), or the window's length where all values count."""
        return joined(np.add, self.count, self.count_to_end) if self.skip else float(self.window)

    def where_enough(self, values):
        """NaN where there are less than `min_periods` values."""
        return np.where(self.n_values() >= self.min_periods, values, np.nan) if self.skip else values

    def sum(self):
        return joined(np.add, *accumulated(np.add, self.values))

    def extreme(self, ufunc):
        return joined(ufunc, *accumulated(ufunc, self.blocks))

    @cached_property
    def moments(self):
        """Number, mean and sum of squared deviations, merged as in Chan, Golub and LeVeque (1983), eq. 2.1.

        n = n_a + n_b;  mean = mean_b + (mean_a - mean_b) n_a / n;  M2 = M2_a + M2_b + (mean_a - mean_b)^2
        n_a n_b / n, a the end of a block and b the beginning of the next.
        """
        first, last = self._of_first_and_last()
        mean_b, squares_b = moments(self.values, self.seen, first, self.count, forward)
        mean_a, squares_a = moments(self.values, self.seen, last, self.count_to_end, backward)
        a, b = (np.s_[1:, :-1], np.s_[:-1, 1:]) if self.skip else (np.s_[1:], np.s_[:-1])
        n_a, n_b = self.count_to_end[a], self.count[b]
        a, b = np.s_[1:, :-1], np.s_[:-1, 1:]
        share = n_a / np.maximum(n_a + n_b, 1.0)
        apart = mean_a[a] - mean_b[b]
        mean, squares = mean_b[:, 1:].copy(), squares_b[:, 1:].copy()
        mean[:-1] += apart * share
        if self.skip:
            apart[n_a * n_b == 0] = 0.0
            mean[:-1] = np.where(n_a == 0, mean_b[b], np.where(n_b == 0, mean_a[a], mean[:-1]))
        squares[:-1] += squares_a[a] + apart * apart * (share * n_b)
        return mean, squares

    def _of_first_and_last(self):
        """A value of each beginning and of each end: deviations from it do not cancel."""
        if not self.skip:
            return self.values[0], self.values[-1]
        columns = np.arange(self.values.shape[1])
        first, last = self.seen.argmax(axis=0), self.window - 1 - self.seen[::-1].argmax(axis=0)
        return self.values[first, columns], self.values[last, columns]

    def quantiles(self, levels):
        """Linear interpolation between the two values beside each level, as numpy.quantile."""
        flat = self.rows.reshape(-1)
        ordered = np.sort(sliding_window_view(flat, self.window)[1:], axis=1)  # NaN comes last
        n = (self.window - np.isnan(ordered).sum(axis=1)).astype(np.float64)
        rows = np.arange(len(ordered))
        for level in levels:
            place = level * np.maximum(n - 1, 0)
            below = place.astype(np.intp)
            above = np.ceil(place).astype(np.intp)
            low, high = ordered[rows, below], ordered[rows, above]
            values = low + np.where(high == low, 0.0, high - low) * (place - below)
            yield np.where(n >= self.min_periods, values, np.nan).reshape(-1, self.window)


def forward(ufunc, values):
    """Accumulated from the beginning of each block."""
    out = values.copy()
    for before, here in pairwise(out):
        ufunc(before, here, out=here)
    return out


def backward(ufunc, values):
    """Accumulated to the end of each block."""
    return forward(ufunc, values[::-1])[::-1]


def accumulated(ufunc, values):
    return forward(ufunc, values), backward(ufunc, values)


def joined(ufunc, from_beginning, to_end):
    """For the window that ends at each place: the end of the block before with the beginning of this one."""
    out = from_beginning[:, 1:].copy()
    ufunc(to_end[1:, :-1], from_beginning[:-1, 1:], out=out[:-1])
    return out


def moments(values, seen, reference, count, accumulate):
    """Mean and sum of squared deviations, accumulated over the blocks.

    d = x - reference;  mean = reference + sum d / n;  M2 = sum d^2 - (sum d)^2 / n
    """
    d = values - reference
    if seen.shape == values.shape:
        d *= seen
    total, squares = accumulate(np.add, d), accumulate(np.add, d * d)
    mean = total / np.maximum(count, 1.0)
    squares -= total * mean
    return np.add(mean, reference, out=mean), np.maximum(squares, 0.0, out=squares)


def variance(part):
    return part.where_enough(part.moments[1] / _positive(part.n_values() - 1.0))


def _positive(n):
    return np.where(np.asarray(n) > 0, n, np.nan)


KERNELS = {
    "sum": lambda part: part.where_enough(part.sum()),
    "mean": lambda part: part.where_enough(part.moments[0]),
    "var": variance,
    "std": lambda part: np.sqrt(variance(part)),
    "min": lambda part: part.where_enough(part.extreme(np.fmin if part.skip else np.minimum)),
    "max": lambda part: part.where_enough(part.extreme(np.fmax if part.skip else np.maximum)),
}
