"""Lion: the sign of a momentum."""

from dataclasses import dataclass

import numpy as np

from skbackprop.optimizers.decay import WEIGHT_DECAY, decoupled
from skbackprop.optimizers.optimizer import Optimizer
from skbackprop.optimizers.transform import (
    RATE,
    SHARE,
    GradientTransform,
    ScaleByLearningRate,
    scalar,
)
from skbackprop.schedules import Scheduled


@dataclass(eq=False, repr=False)
class ScaleByLion(GradientTransform):
    """g <- u, u <- sign(beta_1 m + (1 - beta_1) g), m <- beta_2 m + (1 - beta_2) g (Chen et al., 2023)."""

    beta_1: float = 0.9
    beta_2: float = 0.99

    _parameter_constraints = {"beta_1": SHARE, "beta_2": SHARE}

    def init(self, network):
        return {"m": np.zeros_like(network.theta)}

    def work(self, network):
        return {
            "mixed": np.empty_like(network.theta),
            "beta_1": scalar(self.beta_1, network),
            "beta_2": scalar(self.beta_2, network),
        }

    def apply(self, update, theta, state):
        m = state.m
        np.subtract(m, update, out=m)
        np.multiply(m, state.beta_1, out=state.mixed)
        np.add(state.mixed, update, out=state.mixed)  # beta_1 (m - g) + g
        np.multiply(m, state.beta_2, out=m)
        np.add(m, update, out=m)
        np.sign(state.mixed, out=update)


@dataclass(eq=False, repr=False)
class Lion(Optimizer):
    """theta <- theta - eta (sign(beta_1 m + (1 - beta_1) g) + lambda theta) (Chen et al., 2023).

    Every coordinate changes by eta: use a learning rate that is 3 to 10 times smaller than for Adam, and a
    lambda that is larger by the same factor.

    Parameters
    ----------
    learning_rate : float, default=0.0001
        The learning rate eta.

    beta_1 : float, default=0.9
        Weight of the momentum m in the update.

    beta_2 : float, default=0.99
        Decay rate of m.

    weight_decay : float or Scheduled, default=0.0
        lambda; biases have no weight decay.
    """

    learning_rate: float = 0.0001
    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float | Scheduled = 0.0

    _parameter_constraints = {
        **RATE,
        **ScaleByLion._parameter_constraints,
        **WEIGHT_DECAY,
    }

    def transforms(self):
        lion = ScaleByLion(self.beta_1, self.beta_2)
        return [lion, *decoupled(self.weight_decay), ScaleByLearningRate()]
