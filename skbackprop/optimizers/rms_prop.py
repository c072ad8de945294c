"""RMSProp: each coordinate is divided by the size of its recent gradients."""

from dataclasses import dataclass

import numpy as np

from skbackprop.optimizers.optimizer import Optimizer
from skbackprop.optimizers.transform import (
    POSITIVE,
    RATE,
    SHARE,
    GradientTransform,
    ScaleByLearningRate,
    scalar,
)


@dataclass(eq=False, repr=False)
class ScaleByRMS(GradientTransform):
    """v <- rho v + (1 - rho) u^2, u <- u / (sqrt(v) + epsilon) (Tieleman, Hinton, 2012)."""

    rho: float = 0.9
    epsilon: float = 1e-8

    _parameter_constraints = {"rho": SHARE, "epsilon": POSITIVE}

    def init(self, network):
        return {"v": np.zeros_like(network.theta)}

    def work(self, network):
        return {
            "root": np.empty_like(network.theta),
            "rho": scalar(self.rho, network),
            "one_minus_rho": scalar(1.0 - self.rho, network),
            "epsilon": scalar(self.epsilon, network),
        }

    def apply(self, update, theta, state):
        np.multiply(update, update, out=state.root)
        np.multiply(state.root, state.one_minus_rho, out=state.root)
        np.multiply(state.v, state.rho, out=state.v)
        np.add(state.v, state.root, out=state.v)
        np.sqrt(state.v, out=state.root)
        np.add(state.root, state.epsilon, out=state.root)
        np.divide(update, state.root, out=update)


@dataclass(eq=False, repr=False)
class RMSProp(Optimizer):
    """theta <- theta - eta g / (sqrt(v) + epsilon), where v is the running mean of g^2.

    Parameters
    ----------
    learning_rate : float, default=0.001
        The learning rate eta.

    rho : float, default=0.9
        Decay rate of v.

    epsilon : float, default=1e-8
        Added to the root of v.
    """

    learning_rate: float = 0.001
    rho: float = 0.9
    epsilon: float = 1e-8

    _parameter_constraints = {**RATE, **ScaleByRMS._parameter_constraints}

    def transforms(self):
        return [ScaleByRMS(self.rho, self.epsilon), ScaleByLearningRate()]
