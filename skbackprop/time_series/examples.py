"""Windows with their targets: what a model learns from."""

from dataclasses import dataclass

import numpy as np

from skbackprop.time_series.changes import Changes, rounding
from skbackprop.time_series.strategies import Stage
from skbackprop.time_series.waiting import TooFewRowsError
from skbackprop.time_series.windows import Buffers, Origins, Windows, take

SAME_PHASE = 4.0  # weight of origins in the phase of the season from which the next forecast starts
WEIGHTS = (1e-3, 3.0)  # the least and the most of a window's scale, in usual changes of its series
FAR = 30.0  # a target is clipped beyond so many scales, or usual changes of its series if these are larger


def learnable(buffers, places, rows, windows, steps, n_lags):
    """The origins of which a target is known, and half of what a window of the series usually holds.

    The last target is not before the first of the new rows, nor after the last one: a window is learned once,
    when all of its time has passed. `places` are those of the rows.
    """
    known = np.isfinite(buffers.y)
    has_target = np.zeros_like(known)
    for step in steps:
        has_target[:-step] |= known[step:]
    origins = np.flatnonzero(has_target)
    after = np.searchsorted(places, origins)  # the first row that does not come before
    begin, after_last = span_of_new_rows(rows)
    codes, steps_there = rows.codes[after], rows.steps[after] - (places[after] - origins)
    ends = steps_there + int(steps[-1])
    origins = Origins(origins, steps_there, codes)[(ends >= begin[after]) & (ends < after_last[after])]
    n_seen = np.zeros(len(origins), dtype=np.intp)
    for lag in windows.lags:
        n_seen += np.isfinite(take(buffers.y, origins.places, np.array([1 - lag]))[:, 0])
    usual = min(len(windows.lags), n_lags) * known_share(rows)[origins.codes]
    return origins[(n_seen > 0) & (2 * n_seen >= usual)]


def span_of_new_rows(rows):
    """For each row the first step after its series' history, or of it, and the first after its last row."""
    starts = np.flatnonzero(np.diff(rows.codes, prepend=-1))
    lengths = np.diff(starts, append=len(rows.codes))
    last = rows.steps[starts + lengths - 1]
    n_history = np.add.reduceat(~rows.is_new, starts, dtype=np.intp)
    begin = np.where(n_history > 0, rows.steps[starts + np.maximum(n_history, 1) - 1] + 1, rows.steps[starts])
    return np.repeat(begin, lengths), np.repeat(last + 1, lengths)


def known_share(rows):
    """Of the steps of each series, from its first row to its last, the share whose y is known."""
    n_known = np.bincount(rows.codes, np.isfinite(rows.y))
    starts = np.flatnonzero(np.diff(rows.codes, prepend=-1))
    ends, n_steps = np.append(starts[1:], len(rows.codes)) - 1, np.ones_like(n_known)
    n_steps[rows.codes[starts]] = rows.steps[ends] - rows.steps[starts] + 1
    return n_known / n_steps


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
        raise TooFewRowsError(
            f"validation_fraction={held_out} leaves {len(learned)} windows to learn from and "
            f"{len(validated)} to validate on, each of {last} steps ahead: at least one each is needed."
        )
    return learned, validated


@dataclass
class Examples:
    """Called with numbers of windows: their features, normalised targets (NaN: not known) and weights.

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
    changes: Changes

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
            usual = self.changes.usual[origins.codes, None]
            far = FAR * np.maximum(1, usual / np.where(scale.scale > 0, scale.scale, np.inf)).astype(Z.dtype)
            Z = np.clip(Z, -far, far)
        return X, Z, weight / weight.mean()

    def _usual_change(self):
        """The mean absolute seasonal change of each series, the unit of MASE; if all are 0, that of steps."""
        pair = take(self.buffers.y, self.origins.places, np.array([-self.season, 0]))
        change = np.abs(pair[:, 1] - pair[:, 0])
        change[change <= rounding(np.abs(pair).max(axis=1))] = 0
        known, codes = np.isfinite(change), self.origins.codes
        total = np.bincount(codes[known], change[known], len(self.last_step))
        usual = total / np.maximum(np.bincount(codes[known], minlength=len(self.last_step)), 1)
        usual = np.where(usual > 0, usual, self.changes.usual)
        return np.where(usual > 0, usual, self.windows.unit)
