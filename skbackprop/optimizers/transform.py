"""The contract of a transform of the gradient, and the simplest one, the learning rate."""

from abc import ABC, abstractmethod
from numbers import Real
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator

from skbackprop.compat import Interval
from skbackprop.schedules import Scheduled, check_scheduled, scheduled_settings

RATE = {"learning_rate": [Interval(Real, 0, None, closed="neither")]}
SHARE = [Interval(Real, 0, 1, closed="left")]
POSITIVE = [Interval(Real, 0, None, closed="neither")]
NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]


class Parameters(Protocol):
    """What a transform sees of a network."""

    theta: np.ndarray  # (*members, n_parameters)
    gradient: np.ndarray  # of the shape of theta
    n_decayed: int  # weights that decay come first
    learning_rates: np.ndarray | None  # a factor for each parameter; None: 1 for all
    weight_decays: np.ndarray | None  # the same for weight decay
    matrices: list[tuple[slice, tuple[int, ...], Any]]  # (part of theta, shape, `Parameter`) of each


class GradientTransform(BaseEstimator, ABC):
    """u, the update, starts as the gradient; `apply` changes it in place.

    `init` gives the arrays that continue from step to step, `work` constants and scratch; `apply` finds
    both in `state`. `pieces` says on which parts of theta it acts: arrays of theta's shape are cut in the
    same way, and an elementwise transform is applied block by block.
    """

    _parameter_constraints: dict = {}
    elementwise: bool = True

    def _validate_params(self) -> None:
        super()._validate_params()
        check_scheduled(self)

    def init(self, network: Parameters) -> dict[str, np.ndarray]:
        """Arrays by name: the state, kept and pickled."""
        return {}

    def work(self, network: Parameters) -> dict[str, np.ndarray]:
        """Arrays by name: constants and scratch, made again from the settings when needed."""
        return {}

    def pieces(self, network: Parameters) -> list[tuple[slice, tuple[int, ...]]]:
        """(slice of theta's last axis, the shape that `apply` sees) of every part to act on."""
        n_parameters = network.theta.shape[-1]
        return [(slice(0, n_parameters), (n_parameters,))]

    def bind(self, update: np.ndarray, theta: np.ndarray, state: SimpleNamespace) -> None:
        """Once a block: views and scratch that depend on it, put into `state`.

        `state.n_decayed` counts the leading weights of the block that decay.
        """

    def advance(self, state: SimpleNamespace) -> None:
        """Once a step: the scalars that change."""

    def set_progress(self, progress: float, state: SimpleNamespace) -> None:
        """Once a step where a setting is `Scheduled`: its value goes to the array of its name."""
        for name, setting in scheduled_settings(self).items():
            getattr(state, name)[...] = setting.at(progress)

    @abstractmethod
    def apply(self, update: np.ndarray, theta: np.ndarray, state: SimpleNamespace) -> None:
        """The new update, in place."""


def scalar(value: float | Scheduled, network: Parameters) -> np.ndarray:
    """An array of shape (); what is `Scheduled` starts at progress 0."""
    return np.array(value.at(0.0) if isinstance(value, Scheduled) else value, network.theta.dtype)


class ScaleByLearningRate(GradientTransform):
    """u <- eta u. The array `learning_rate` is written from outside; members may have their own."""

    def init(self, network: Parameters) -> dict[str, np.ndarray]:
        theta = network.theta
        return {"learning_rate": np.zeros((*theta.shape[:-1], 1), theta.dtype)}

    def apply(self, update: np.ndarray, theta: np.ndarray, state: SimpleNamespace) -> None:
        np.multiply(update, state.learning_rate, out=update)
