"""Compare a slope by backpropagation with central differences of a function of one step."""

from typing import NamedTuple

import numpy as np

RIGHT, WRONG, KINK = "right", "wrong", "kink"
STEPS = 1e-5, 1e-6, 1e-7, 1e-4, 1e-3  # the first one is best for most functions
SHORTEST = 1e-8  # for kinks nearer than the shortest of STEPS; it gives the fewest digits
ROUNDING = 10 * np.finfo(np.float64).eps  # the relative error of a value


class Compared(NamedTuple):
    """One slope by both methods."""

    backprop: float
    differences: float
    error: float  # relative
    verdict: str


def compare(value, slope, typical, tolerance):
    """Compare `slope` with (value(h) - value(-h)) / 2h, for several steps h until one agrees.

    The error is relative to the larger of both slopes, or to a tenth of the `typical` slope if both are
    smaller. Differences within the rounding of the values are ignored. If no step agrees, there may be a
    kink, as in relu: the slopes on the two sides differ for every step. A slope between them is not wrong
    then.
    """
    steps = [_central(value, slope, typical, tolerance, h) for h in STEPS[:1]]
    for h in STEPS[1:]:
        if steps[-1].verdict == RIGHT:
            return steps[-1]
        steps.append(_central(value, slope, typical, tolerance, h))
    if steps[-1].verdict == WRONG and _has_kink_within(value, min(STEPS)):
        steps.append(_central(value, slope, typical, tolerance, SHORTEST))
        if steps[-1].verdict == WRONG:
            steps.append(_beside_a_kink(value, slope, tolerance))
    return steps[-1] if steps[-1].verdict != WRONG else min(steps, key=lambda found: found.error)


def _central(value, slope, typical, tolerance, h):
    above, below = value(h), value(-h)
    differences = (above - below) / (2.0 * h)
    lost = ROUNDING * max(abs(above), abs(below)) / h
    scale = max(abs(slope), abs(differences), 0.1 * typical)
    difference = abs(differences - slope)
    if not np.isfinite(differences):
        return Compared(slope, differences, np.inf, WRONG)
    if difference <= max(tolerance * scale, lost):
        return Compared(slope, differences, difference / max(scale, lost / tolerance, 1e-300), RIGHT)
    return Compared(slope, differences, difference / scale, WRONG)


def _one_sided(value, h):
    """The slopes to the left and to the right, and their rounding error."""
    here = value(0.0)
    return (here - value(-h)) / h, (value(h) - here) / h, ROUNDING * abs(here) / h


def _has_kink_within(value, h):
    """Whether the difference of both slopes is not proportional to h, as it is for smooth functions."""
    left, right, lost = _one_sided(value, h)
    far_left, far_right, _ = _one_sided(value, 100.0 * h)
    smooth = (far_right - far_left) / 100.0
    return abs(right - left - smooth) > max(0.1 * abs(smooth), 2.0 * lost)


def _beside_a_kink(value, slope, tolerance):
    left, right, lost = _one_sided(value, SHORTEST)
    slack = tolerance * max(abs(left), abs(right)) + lost
    outside = max(min(left, right) - slope, slope - max(left, right), 0.0)
    verdict = KINK if outside <= slack else WRONG
    return Compared(slope, (left + right) / 2.0, outside / max(abs(left), abs(right), 1e-300), verdict)
