"""Convert numbers to the matrix that the network learns (shifted and scaled), and back (clamped)."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.preprocessing import StandardScaler

from skbackprop.finite import all_finite

LARGEST = np.finfo(np.float32).max / 100  # of y for float32 predictions, which may be larger
FINEST = np.finfo(np.float32).tiny / np.finfo(np.float32).eps  # smaller numbers lose digits in float32
SMALLEST = np.sqrt(np.finfo(np.float64).tiny)  # squares of smaller numbers lose digits


@dataclass(frozen=True)
class RegressionTargets:
    """(n_samples,) or (n_samples, n_targets) of numbers; the network learns (y - shift) / scale.

    `widths` is the number of columns of the network for each target: more than one if a loss has several
    quantiles. If `low` and `high` are given, predictions are clamped to [low, high]. With `in_double`
    predictions are float64 also if the network is float32, because float32 could not hold them.
    """

    widths: tuple[int, ...] = (1,)
    shift: np.ndarray | None = None  # (n_targets,)
    scale: np.ndarray | None = None
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    in_double: bool = False

    @property
    def n_targets(self):
        return len(self.widths)

    @property
    def n_columns(self):
        return sum(self.widths)

    def clamped_to(self, y):
        """A copy whose predictions are clamped to the range of y and of all earlier y."""
        y = y.reshape(len(y), -1)
        low, high = y.min(axis=0), y.max(axis=0)
        if self.low is not None:
            low, high = np.minimum(low, self.low), np.maximum(high, self.high)
        return replace(self, low=low, high=high)

    def standardized_by(self, y, weight):
        """A copy with the mean of each target as shift and the standard deviation as scale."""
        y = y.reshape(len(y), -1).astype(np.float64)
        weights = [None] if weight is None else weight.T  # one for all targets, or one for each
        parts = [y] if len(weights) == 1 else np.hsplit(y, y.shape[1])
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            scalers = [
                StandardScaler().fit(part, None, None if w is None or not w.any() else _in_range(w))
                for part, w in zip(parts, weights)
            ]
        shift, scale = (np.concatenate([getattr(s, name) for s in scalers]) for name in ("mean_", "scale_"))
        if not np.isfinite([shift, scale]).all():
            raise ValueError("y is too large to be standardised, its variance overflows: use another unit.")
        if (np.abs(y).max(axis=0) < SMALLEST)[np.ptp(y, axis=0) > 0].any():
            raise ValueError("y is too small to be standardised, its variance is 0: use another unit.")
        in_double = self.in_double or bool(np.abs(y).max() > LARGEST or scale.min() < FINEST)
        return replace(self, shift=shift, scale=scale, in_double=in_double)

    @np.errstate(over="ignore")
    def encode(self, y, dtype):
        columns = y.reshape(len(y), -1)
        if columns.shape[1] != self.n_targets:
            raise ValueError(
                f"y has {columns.shape[1]} output column(s), but the network was made for {self.n_targets}."
            )
        finite = self.scale is None or self.in_double or all_finite(np.asarray(columns, dtype))
        if self.scale is not None:
            columns = (columns - self.shift) / self.scale
        columns = np.ascontiguousarray(columns, dtype)
        if not (finite and all_finite(columns)):
            raise ValueError(
                f"y has values that are too large for {columns.dtype}, the dtype of the network and of "
                "the first X: give y in another unit, or X as float64."
            )
        return columns

    @np.errstate(over="ignore", invalid="ignore")  # values that are too large become inf
    def decode(self, output):
        """Predictions of shape (n_samples,) or (n_samples, n_targets), with a last axis for quantiles."""
        dtype = np.float64 if self.in_double else output.dtype
        output = self._in_units_of_y(output).astype(dtype, copy=False)
        if self.widths == (1,):
            return output.ravel()
        if self.n_targets > 1 and set(self.widths) == {self.widths[0]} != {1}:
            return output.reshape(len(output), self.n_targets, -1)
        return output

    def _in_units_of_y(self, output):
        if self.scale is not None:
            output = output * self._by_column(self.scale) + self._by_column(self.shift)
        if self.low is not None:
            output = np.clip(output, self._by_column(self.low), self._by_column(self.high))
        return output

    def within_bounds(self, interval):
        """Clamp lower and upper bounds, of shape (n_samples, 2) or (n_samples, n_targets, 2)."""
        if self.low is None:
            return interval
        return np.clip(interval, *(np.squeeze(bound)[..., None] for bound in (self.low, self.high)))

    def _by_column(self, values):
        return np.repeat(values, self.widths)


def _in_range(weight):
    """Divide by a power of two, so that sums of squares do not overflow; means do not change."""
    return np.ldexp(weight, -np.frexp(weight.max())[1])
