"""Windows with what followed them: what a model learns from."""

from dataclasses import dataclass

import numpy as np

from skbackprop.time_series.strategies import Stage
from skbackprop.time_series.windows import Buffers, Origins, Windows, take

SAME_PHASE = 4.0  # weight of origins in the phase of the season from which the next forecast starts
WEIGHTS = (1e-3, 3.0)  # the least and the most of a window's scale, in usual changes of its series
FAR = 30.0  # scales beyond which a target is clipped


def complete(buffers, ends, windows, steps, n_lags):
    """The origins whose last target is one of `ends`: targets and half of the window are known."""
    last = int(steps[-1])
    origins = Origins(ends.places - last, ends.steps - last, ends.codes)
    origins = origins[origins.places >= 0]
    known = np.ones(len(origins), dtype=bool)
    for step in (0, *steps):
        known &= np.isfinite(buffers.y[origins.places + step])
    n_seen = np.zeros(len(origins), dtype=np.intp)
    for lag in windows.lags:
        n_seen += np.isfinite(take(buffers.y, origins.places, np.array([1 - lag]))[:, 0])
    return origins[known & (2 * n_seen >= min(len(windows.lags), n_lags))]


def divided(origins, last, held_out):
    """The numbers of the origins to learn from, and of those to validate on: the last share of time.

    No target of a window to learn from comes at or after the first target to validate on.
    """
    numbers, ends = np.arange(len(origins)), origins.steps + last
    if held_out == 0:
        return numbers, numbers[:0]
    first = ends.max() - int(np.ceil(held_out * (ends.max() - ends.min() + 1))) + 1
    learned, validated = numbers[ends < first], numbers[origins.steps + 1 >= first]
    if len(learned) == 0 or len(validated) == 0:
        raise ValueError(
            f"validation_fraction={held_out} leaves {len(learned)} windows to learn from and "
            f"{len(validated)} to validate on, each of {last} steps ahead: at least one each is needed."
        )
    return learned, validated


@dataclass
class Examples:
    """Called with numbers of windows: their features, normalised targets and weights.

    A weight is that of the window's error in MASE, with which the forecast is measured; it is larger for
    origins in the phase of the season from which the next forecast starts, and halves every quarter of the
    time.
    """

    buffers: Buffers
    origins: Origins
    windows: Windows
    stage: Stage
    fill: float | None
    season: int
    last_step: np.ndarray  # of each series

    def __post_init__(self):
        self.usual = self._usual_change()
        self.age = self.last_step[self.origins.codes] - self.origins.steps
        self.half_life = max(1.0, self.age.max(initial=1) / 4)

    def __call__(self, chosen):
        origins, age = self.origins[chosen], self.age[chosen]
        X, scale = self.windows.rows(self.buffers, origins, self.fill)
        Z = scale.of(take(self.buffers.y, origins.places, self.stage.steps))
        weight = np.clip(scale.scale[:, 0] / self.usual[origins.codes], *WEIGHTS)
        weight *= 0.5 ** (age / self.half_life)
        weight[(age + self.stage.shift) % self.season == 0] *= SAME_PHASE
        if self.windows.normalize is not None:
            Z = np.clip(Z, -FAR, FAR)
        return X, Z, weight / weight.mean()

    def _usual_change(self):
        """The mean absolute seasonal change of each series, the unit of MASE."""
        pair = take(self.buffers.y, self.origins.places, np.array([-self.season, 0]))
        change = np.abs(pair[:, 1] - pair[:, 0])
        known, codes = np.isfinite(change), self.origins.codes
        total = np.bincount(codes[known], change[known], len(self.last_step))
        usual = total / np.maximum(np.bincount(codes[known], minlength=len(self.last_step)), 1)
        general = usual[usual > 0].mean() if (usual > 0).any() else 1.0
        return np.where(usual > 0, usual, general)
