"""The contract of a transform of the gradient, and the simplest one, the learning rate."""

from abc import ABC, abstractmethod
from numbers import Real
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from skbackprop.compat import Interval
from skbackprop.parametrized import Parametrized
from skbackprop.schedules import Scheduled, check_scheduled, scheduled_settings

RATE = {"learning_rate": [Interval(Real, 0, None, closed="neither")]}
SHARE = [Interval(Real, 0, 1, closed="left")]
POSITIVE = [Interval(Real, 0, None, closed="neither")]
NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]


class Parameters(Protocol):
    """The attributes of a network that a transform uses."""

    theta: np.ndarray  # (*members, n_parameters)
    gradient: np.ndarray  # of the shape of theta
    n_decayed: int  # weights with weight decay come first in theta
    learning_rates: np.ndarray | None  # a factor for each parameter; None: 1 for all
    weight_decays: np.ndarray | None  # the same for weight decay
    matrices: list[tuple[slice, tuple[int, ...], Any]]  # (part of theta, shape, `Parameter`) for each matrix


class GradientTransform(Parametrized, ABC):
    """The update u is the gradient at first; `apply` changes it in place.

    `init` returns the arrays that are kept from step to step, `work` constants and scratch arrays; `apply`
    has both in `state`. `pieces` says which parts of theta the transform changes: arrays of theta's shape are
    split in the same way, and an elementwise transform is applied block by block.
    """

    _parameter_constraints: dict = {}
    elementwise: bool = True

    def _validate_params(self) -> None:
        super()._validate_params()
        check_scheduled(self)

    def init(self, network: Parameters) -> dict[str, np.ndarray]:
        """Arrays by name: the state, which is kept and pickled."""
        return {}

    def work(self, network: Parameters) -> dict[str, np.ndarray]:
        """Arrays by name: constants and scratch arrays, made again from the settings when needed."""
        return {}

    def pieces(self, network: Parameters) -> list[tuple[slice, tuple[int, ...]]]:
        """(slice of theta's last axis, the shape that `apply` receives) for every part to change."""
        n_parameters = network.theta.shape[-1]
        return [(slice(0, n_parameters), (n_parameters,))]

    def bind(self, update: np.ndarray, theta: np.ndarray, state: SimpleNamespace) -> None:
        """Called once for each block: put views and scratch arrays that depend on it into `state`.

        `state.n_decayed` is the number of weights with weight decay, at the start of the block.
        """

    def advance(self, state: SimpleNamespace) -> None:
        """Called once per step, to update scalars."""

    def set_progress(self, progress: float, state: SimpleNamespace) -> None:
        """Called once per step if a setting is `Scheduled`: writes its value to the array of that name."""
        for name, setting in scheduled_settings(self).items():
            getattr(state, name)[...] = setting.at(progress)

    @abstractmethod
    def apply(self, update: np.ndarray, theta: np.ndarray, state: SimpleNamespace) -> None:
        """Change the update in place."""


def scalar(value: float | Scheduled, network: Parameters) -> np.ndarray:
    """An array of shape (); for a `Scheduled` its value at progress 0."""
    return np.array(value.at(0.0) if isinstance(value, Scheduled) else value, network.theta.dtype)


class ScaleByLearningRate(GradientTransform):
    """u <- eta u. The training writes the array `learning_rate`; members may have different values."""

    def init(self, network: Parameters) -> dict[str, np.ndarray]:
        theta = network.theta
        return {"learning_rate": np.zeros((*theta.shape[:-1], 1), theta.dtype)}

    def apply(self, update: np.ndarray, theta: np.ndarray, state: SimpleNamespace) -> None:
        np.multiply(update, state.learning_rate, out=update)
