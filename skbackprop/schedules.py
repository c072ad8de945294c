"""Schedules: any callable that takes the progress, 0 to 1, and returns a factor.

The factor multiplies the initial learning rate, or another setting (see `Scheduled`). Progress is the
fraction of the planned steps that are done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, isfinite, log2, pi
from numbers import Integral, Real
from typing import Any

from sklearn.base import BaseEstimator

from skbackprop.compat import Interval, validate_parameter_constraints
from skbackprop.names import resolve
from skbackprop.parametrized import Parametrized

Schedule = Callable[[float], float]

_SHARE = [Interval(Real, 0, 1, closed="left")]
_FINAL = {"final": [Interval(Real, 0, 1, closed="both")]}


class Constant(Parametrized):
    """1."""

    _parameter_constraints: dict = {}

    def __call__(self, progress: float) -> float:
        return 1.0


@dataclass(eq=False, repr=False)
class Step(Parametrized):
    """factor^k after k milestones; each milestone is a progress in [0, 1]."""

    milestones: tuple[float, ...] = (0.5, 0.75)
    factor: float = 0.1

    _parameter_constraints = {
        "milestones": ["array-like"],
        "factor": [Interval(Real, 0, None, closed="left")],
    }

    def _validate_params(self) -> None:
        super()._validate_params()
        if not all(
            isinstance(milestone, Real) and 0 <= float(milestone) <= 1 for milestone in self.milestones
        ):
            raise ValueError(f"milestones={self.milestones!r} must be numbers in [0, 1].")

    def __call__(self, progress: float) -> float:
        return self.factor ** sum(progress >= milestone for milestone in self.milestones)


@dataclass(eq=False, repr=False)
class Exponential(Parametrized):
    """final^progress: from 1 down to `final`."""

    final: float = 0.01

    _parameter_constraints = {"final": [Interval(Real, 0, 1, closed="right")]}

    def __call__(self, progress: float) -> float:
        return self.final**progress


@dataclass(eq=False, repr=False)
class Cosine(Parametrized):
    """final + (1 - final) (1 + cos(pi progress)) / 2 (Loshchilov, Hutter, 2017)."""

    final: float = 0.0

    _parameter_constraints = _FINAL

    def __call__(self, progress: float) -> float:
        return _cosine(1.0, self.final, progress)


def _cosine(first: float, last: float, share: float) -> float:
    """From `first` to `last` along half a period of a cosine."""
    return last + (first - last) * 0.5 * (1.0 + cos(pi * share))


@dataclass(eq=False, repr=False)
class CosineRestarts(Parametrized):
    """`Cosine` again and again: 1 at the start of each cycle (SGDR: Loshchilov, Hutter, 2017).

    Parameters
    ----------
    n_cycles : int, default=4
        Number of cycles.

    growth : float, default=1.0
        Length of a cycle as a multiple of the previous one, above 0.

    final : float, default=0.0
        The factor at the end of each cycle, in [0, 1].
    """

    n_cycles: int = 4
    growth: float = 1.0
    final: float = 0.0

    _parameter_constraints = {
        "n_cycles": [Interval(Integral, 1, None, closed="left")],
        "growth": [Interval(Real, 0, None, closed="neither")],
        **_FINAL,
    }

    def __call__(self, progress: float) -> float:
        lengths = [self.growth**cycle for cycle in range(self.n_cycles)]
        start, position = 0.0, progress * sum(lengths)
        for length in lengths[:-1]:
            if position < start + length * (1.0 - 1e-9):  # a step at the boundary belongs to the next cycle
                return _cosine(1.0, self.final, (position - start) / length)
            start += length
        return _cosine(1.0, self.final, (position - start) / lengths[-1])


@dataclass(eq=False, repr=False)
class CosineCycles(Parametrized):
    """(1 - cos(2 pi log2(1 + (2^n - 1) progress))) / 2, n = `n_cycles` (Holzmüller et al., 2024).

    The factor goes from 0 to 1 and back n times; each cycle is about twice as long as the previous one.
    """

    n_cycles: int = 4

    _parameter_constraints = {"n_cycles": [Interval(Integral, 1, None, closed="left")]}

    def __call__(self, progress: float) -> float:
        return _cosine(0.0, 1.0, 2.0 * log2(1.0 + (2**self.n_cycles - 1) * progress))


@dataclass(eq=False, repr=False)
class FlatCosine(Parametrized):
    """1 until progress `flat`, then down to 0 along a cosine (Holzmüller et al., 2024)."""

    flat: float = 0.5

    _parameter_constraints = {"flat": _SHARE}

    def __call__(self, progress: float) -> float:
        return _cosine(1.0, 0.0, max(0.0, progress - self.flat) / (1.0 - self.flat))


@dataclass(eq=False, repr=False)
class OneCycle(Parametrized):
    """From `start` up to 1, then down to `start` times `final`, along cosines (Smith, 2018).

    Parameters
    ----------
    start : float, default=0.04
        The factor at progress 0, in (0, 1].

    peak_at : float, default=0.3
        The progress at which the factor is 1, in (0, 1).

    final : float, default=1e-4
        The factor at progress 1 as a multiple of `start`, in [0, 1].
    """

    start: float = 0.04
    peak_at: float = 0.3
    final: float = 1e-4

    _parameter_constraints = {
        "start": [Interval(Real, 0, 1, closed="right")],
        "peak_at": [Interval(Real, 0, 1, closed="neither")],
        **_FINAL,
    }

    def __call__(self, progress: float) -> float:
        if progress < self.peak_at:
            return _cosine(self.start, 1.0, progress / self.peak_at)
        return _cosine(1.0, self.start * self.final, (progress - self.peak_at) / (1.0 - self.peak_at))


@dataclass(eq=False, repr=False)
class Inverse(Parametrized):
    """1 / (1 + decay progress)."""

    decay: float = 9.0

    _parameter_constraints = {"decay": [Interval(Real, 0, None, closed="left")]}

    def __call__(self, progress: float) -> float:
        return 1.0 / (1.0 + self.decay * progress)


@dataclass(eq=False, repr=False)
class WarmUp(Parametrized):
    """progress / warm_up until progress `warm_up`, then `schedule` (by default constant) over the rest."""

    warm_up: float = 0.1
    schedule: Schedule | None = None

    _parameter_constraints = {"warm_up": _SHARE, "schedule": [callable, None]}

    def __call__(self, progress: float) -> float:
        if progress < self.warm_up:
            return progress / self.warm_up
        if self.schedule is None:
            return 1.0
        return self.schedule((progress - self.warm_up) / (1.0 - self.warm_up))


@dataclass(eq=False, repr=False)
class Plateau(Parametrized):
    """1 at first; multiplied by `factor` each time that `n_iter_no_change` epochs bring no improvement.

    It does not depend on the progress, and cannot be used inside `WarmUp` or `Scheduled`.

    Parameters
    ----------
    factor : float, default=0.2
        The learning rate is multiplied by it on each plateau, in (0, 1).

    smallest : float, default=1e-3
        Training stops on a plateau if the rate is at most `smallest` times the initial one.
    """

    factor: float = 0.2
    smallest: float = 1e-3

    _parameter_constraints = {
        "factor": [Interval(Real, 0, 1, closed="neither")],
        "smallest": [Interval(Real, 0, 1, closed="right")],
    }

    def __call__(self, progress: float) -> float:
        return 1.0


SCHEDULES = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "cosine": Cosine,
    "cosine_restarts": CosineRestarts,
    "coslog4": CosineCycles,
    "flat_cos": FlatCosine,
    "one_cycle": OneCycle,
    "warm_up": WarmUp,
    "inverse": Inverse,
    "plateau": Plateau,
}


def _validate(schedule: Schedule | None) -> None:
    """Check the settings of a schedule of this module, and of a schedule inside it."""
    if isinstance(schedule, BaseEstimator) and hasattr(schedule, "_parameter_constraints"):
        schedule._validate_params()
    if isinstance(schedule, WarmUp):
        if isinstance(schedule.schedule, Plateau):
            raise ValueError(f"{schedule!r}: Plateau does not depend on the progress: WarmUp cannot use it.")
        _validate(schedule.schedule)


@dataclass(eq=False, repr=False)
class Scheduled(Parametrized):
    """A number that changes during training: initial * schedule(progress).

    `Dropout`, the losses of a classifier, weight decay and clipping accept it instead of a number.
    Predictions do not depend on it; a validation loss uses its value at progress 0.

    Parameters
    ----------
    initial : float
        The number that is multiplied by the factor of the schedule.

    schedule : str or callable, default="flat_cos"
        A name, or a function of the progress, 0 to 1.

    Examples
    --------
    >>> from skbackprop.schedules import Scheduled
    >>> rate = Scheduled(0.2, "cosine")
    >>> [round(rate.at(progress), 3) for progress in (0.0, 0.5, 1.0)]
    [0.2, 0.1, 0.0]
    """

    initial: float
    schedule: str | Schedule = "flat_cos"

    _parameter_constraints = {"initial": [Real], "schedule": [str, callable]}

    def _validate_params(self) -> None:
        super()._validate_params()
        schedule = resolve(self.schedule, SCHEDULES, "schedule")
        if isinstance(schedule, Plateau):
            raise ValueError(f"{self!r}: Plateau does not depend on the progress: use another schedule.")
        _validate(schedule)

    def at(self, progress: float) -> float:
        """The value at this progress."""
        return self.initial * resolve(self.schedule, SCHEDULES, "schedule")(progress)


def scheduled_settings(component: object) -> dict[str, Scheduled]:
    """The settings of a component that are `Scheduled`, by name."""
    return {name: value for name, value in vars(component).items() if isinstance(value, Scheduled)}


def check_scheduled(component: BaseEstimator) -> None:
    """Raise an error if a `Scheduled` setting has a value that is not valid for the component."""
    for name, setting in scheduled_settings(component).items():
        setting._validate_params()
        constraints = {name: component._parameter_constraints[name]}
        for step in range(21):
            value = {name: setting.at(step / 20)}
            validate_parameter_constraints(constraints, value, type(component).__name__)


class ScheduledRate:
    """initial * schedule(progress)."""

    initial: float
    schedule: Any

    def __init__(self, initial: float, schedule: Schedule) -> None:
        _validate(schedule)
        factor = schedule(0.0)
        if not (isinstance(factor, Real) and isfinite(factor) and factor >= 0.0):
            raise ValueError(
                f"learning_rate={schedule!r} must return a finite number >= 0, got {factor!r} for 0.0."
            )
        self.initial, self.schedule = initial, schedule

    def at(self, progress: float) -> float:
        """The learning rate for the next step."""
        return self.initial * self.schedule(min(progress, 1.0))

    @property
    def is_planned(self) -> bool:
        """Whether it is planned for all epochs, so that training is complete at their end."""
        return not isinstance(self.schedule, Constant)

    def end_epoch(self, n_samples_seen: int) -> None:
        """Called after every epoch."""

    def lower(self) -> bool:
        """Called on a plateau: lower the rate; returns False if it cannot be lowered, to stop training."""
        return False


class InverseScalingRate(ScheduledRate):
    """initial / (t + 1)^power_t, where t is the number of samples seen until the end of the last epoch."""

    is_planned = False

    def __init__(self, initial: float, power_t: float) -> None:
        self.initial, self.power_t, self.rate = initial, power_t, initial

    def at(self, progress: float) -> float:
        return self.rate

    def end_epoch(self, n_samples_seen: int) -> None:
        self.rate = self.initial / (n_samples_seen + 1) ** self.power_t


class PlateauRate(ScheduledRate):
    """Multiplied by the plateau's factor each time that `lower` is called."""

    is_planned = False

    def __init__(self, initial: float, plateau: Plateau) -> None:
        super().__init__(initial, plateau)
        self.rate = initial

    @property
    def smallest(self) -> float:
        return self.initial * self.schedule.smallest * (1.0 + 1e-9)  # so that rounding does not add a plateau

    def at(self, progress: float) -> float:
        return self.rate

    def lower(self) -> bool:
        if self.rate <= self.smallest:
            return False
        self.rate /= 1.0 / self.schedule.factor  # 5 for 0.2, exactly
        return True


class AdaptiveRate(PlateauRate):
    """Divided by 5 on every plateau, down to 1e-6: scikit-learn's "adaptive"."""

    smallest = 1e-6

    def __init__(self, initial: float) -> None:
        super().__init__(initial, Plateau(factor=0.2))
