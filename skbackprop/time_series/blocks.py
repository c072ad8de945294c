"""Statistics of a moving window in O(1) a row, by additions only.

A buffer is cut into blocks of the window's length. A window is the end of one block and the beginning of the
next, and these are accumulated inside their blocks (van Herk 1992; Gil and Werman 1993). Nothing is ever
subtracted again: no drift, NaN and inf are forgotten when they leave the window, and a result depends on
the window's values and its place alone, so that a stream has the same bits as a batch.
"""

from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

CHUNK = 1 << 15  # values at a time, which fit in the cache


def rolling(buffer, window, min_periods, statistics):
    """{statistic: its value for the window that ends at each place of the buffer}; NaN in the first block."""
    blocks = buffer.reshape(-1, window)
    results = {name: np.full(blocks.shape, np.nan) for name in statistics}
    quantiles = [name for name in statistics if name not in KERNELS]
    step = max(1, CHUNK // window)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for begin in range(1, len(blocks), step):
            end = min(begin + step, len(blocks))
            part = Part(blocks[begin - 1 : end], window, min_periods)
            for name in statistics:
                if name in KERNELS:
                    results[name][begin:end] = KERNELS[name](part)
            if quantiles:
                for name, values in zip(quantiles, part.quantiles([level_of(q) for q in quantiles])):
                    results[name][begin:end] = values
    return {name: values.reshape(-1) for name, values in results.items()}


def level_of(statistic):
    return 0.5 if statistic == "median" else statistic


class Part:
    """Blocks (n + 1, window): windows end in all but the first. NaN is left out if `min_periods` < window."""

    def __init__(self, blocks, window, min_periods):
        self.blocks, self.window, self.min_periods = blocks, window, min_periods
        self.skip = min_periods < window
        self.seen = ~np.isnan(blocks) if self.skip else np.ones((1, window), dtype=bool)
        self.values = np.where(self.seen, blocks, 0.0) if self.skip else blocks
        self.count = np.add.accumulate(self.seen, axis=1, dtype=np.float64)
        self.count_to_end = np.add.accumulate(self.seen[:, ::-1], axis=1, dtype=np.float64)[:, ::-1]

    def n_values(self):
        """(n, window), or the window's length where all values count."""
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
        mean_b, squares_b = moments(self.values, self.seen, first, self.count, np.s_[:, :])
        mean_a, squares_a = moments(self.values, self.seen, last, self.count_to_end, np.s_[:, ::-1])
        a, b = np.s_[:-1, 1:], np.s_[1:, :-1]
        n_a, n_b = (
            (self.count_to_end[a], self.count[b])
            if self.skip
            else (self.count_to_end[:, 1:], self.count[:, :-1])
        )
        share = n_a / np.maximum(n_a + n_b, 1.0)
        apart = np.where(n_a * n_b > 0, mean_a[a] - mean_b[b], 0.0) if self.skip else mean_a[a] - mean_b[b]
        mean, squares = mean_b[1:].copy(), squares_b[1:].copy()
        mean[:, :-1] += apart * share
        if self.skip:
            mean[:, :-1] = np.where(n_b > 0, mean[:, :-1], mean_a[a])
        squares[:, :-1] += squares_a[a] + apart * apart * (share * n_b)
        return mean, squares

    def _of_first_and_last(self):
        """A value of each beginning and of each end: deviations from it do not cancel."""
        if not self.skip:
            return self.values[:, :1], self.values[:, -1:]
        rows = np.arange(len(self.values))[:, None]
        first = self.seen.argmax(axis=1)[:, None]
        last = self.window - 1 - self.seen[:, ::-1].argmax(axis=1)[:, None]
        return self.values[rows, first], self.values[rows, last]

    def quantiles(self, levels):
        """Linear interpolation between the two values beside each level, as numpy.quantile."""
        flat = self.blocks.reshape(-1)
        ordered = np.sort(sliding_window_view(flat, self.window)[1:], axis=1)  # NaN comes last
        n = (self.window - np.isnan(ordered).sum(axis=1)).astype(np.float64)
        rows = np.arange(len(ordered))
        for level in levels:
            place = level * np.maximum(n - 1, 0)
            below = place.astype(np.intp)
            above = np.minimum(below + 1, np.maximum(n - 1, 0).astype(np.intp))
            low, high = ordered[rows, below], ordered[rows, above]
            values = low + np.where(high == low, 0.0, high - low) * (place - below)
            yield np.where(n >= self.min_periods, values, np.nan).reshape(-1, self.window)


def accumulated(ufunc, blocks):
    """Of each block from its beginning, and to its end."""
    return ufunc.accumulate(blocks, axis=1), ufunc.accumulate(blocks[:, ::-1], axis=1)[:, ::-1]


def joined(ufunc, from_beginning, to_end):
    """For the window that ends at each place: the end of the block before with the beginning of this one."""
    out = from_beginning[1:].copy()
    ufunc(to_end[:-1, 1:], from_beginning[1:, :-1], out=out[:, :-1])
    return out


def moments(values, seen, reference, count, direction):
    """Mean and sum of squared deviations, accumulated in one direction of the blocks.

    d = x - reference;  mean = reference + sum d / n;  M2 = sum d^2 - (sum d)^2 / n
    """
    d = (values - reference) * seen if seen.shape == values.shape else values - reference
    total = np.add.accumulate(d[direction], axis=1)[direction]
    squares = np.add.accumulate((d * d)[direction], axis=1)[direction]
    n = np.maximum(count, 1.0)
    return reference + total / n, np.maximum(squares - total * total / n, 0.0)


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
