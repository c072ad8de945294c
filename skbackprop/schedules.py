"""Learning-rate schedules: any callable that takes the progress, 0 to 1, and returns a factor.

The factor multiplies the initial learning rate. Progress is the share of the planned steps done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, isfinite, pi

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Real

Schedule = Callable[[float], float]

_SHARE = [Interval(Real, 0, 1, closed="left")]


class Constant(BaseEstimator):
    """1."""

    _parameter_constraints: dict = {}

    def __call__(self, progress):
        return 1.0


@dataclass(eq=False, repr=False)
class Step(BaseEstimator):
    """factor^k, k the number of milestones passed."""

    milestones: tuple = (0.5, 0.75)
    factor: float = 0.1

    _parameter_constraints = {
        "milestones": ["array-like"],
        "factor": [Interval(Real, 0, None, closed="left")],
    }

    def __call__(self, progress):
        return self.factor ** sum(progress >= milestone for milestone in self.milestones)


@dataclass(eq=False, repr=False)
class Exponential(BaseEstimator):
    """final^progress: from 1 down to `final`."""

    final: float = 0.01

    _parameter_constraints = {"final": [Interval(Real, 0, 1, closed="right")]}

    def __call__(self, progress):
        return self.final**progress


@dataclass(eq=False, repr=False)
class Cosine(BaseEstimator):
    """final + (1 - final) (1 + cos(pi progress)) / 2 (Loshchilov, Hutter, 2017)."""

    final: float = 0.0

    _parameter_constraints = {"final": [Interval(Real, 0, 1, closed="both")]}

    def __call__(self, progress):
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + cos(pi * progress))


@dataclass(eq=False, repr=False)
class WarmUp(BaseEstimator):
    """progress / warm_up at first, then `schedule` (by default constant) over the rest."""

    warm_up: float = 0.1
    schedule: Schedule | None = None

    _parameter_constraints = {"warm_up": _SHARE, "schedule": [callable, None]}

    def __call__(self, progress):
        if progress < self.warm_up:
            return progress / self.warm_up
        if self.schedule is None:
            return 1.0
        return self.schedule((progress - self.warm_up) / (1.0 - self.warm_up))


def _validate(schedule):
    """The settings of a schedule of this module, and of the one inside it."""
    if isinstance(schedule, BaseEstimator) and hasattr(schedule, "_parameter_constraints"):
        schedule._validate_params()
    if isinstance(schedule, WarmUp):
        _validate(schedule.schedule)


class ScheduledRate:
    """initial * schedule(progress)."""

    def __init__(self, initial, schedule):
        _validate(schedule)
        factor = schedule(0.0)
        if not isinstance(factor, Real) or not isfinite(factor):
            raise ValueError(
                f"learning_rate={schedule!r} must return a finite number, got {factor!r} for 0.0."
            )
        self.initial, self.schedule = initial, schedule

    def at(self, progress):
        """The learning rate of the next step."""
        return self.initial * self.schedule(min(progress, 1.0))

    def end_epoch(self, n_samples_seen):
        """Called after every epoch."""

    def lower(self):
        """On a plateau: whether the rate could still be lowered, else training stops."""
        return False


class InverseScalingRate(ScheduledRate):
    """initial / (t + 1)^power_t, t the number of samples seen up to the last epoch's end."""

    def __init__(self, initial, power_t):
        self.initial, self.power_t, self.rate = initial, power_t, initial

    def at(self, progress):
        return self.rate

    def end_epoch(self, n_samples_seen):
        self.rate = self.initial / (n_samples_seen + 1) ** self.power_t


class AdaptiveRate(ScheduledRate):
    """Divided by 5 on every plateau, down to 1e-6."""

    def __init__(self, initial):
        self.rate = initial

    def at(self, progress):
        return self.rate

    def lower(self):
        if self.rate <= 1e-6:
            return False
        self.rate /= 5.0
        return True
