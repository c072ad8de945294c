"""Stochastic gradient descent with momentum."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from skbackprop.compat import Interval
from skbackprop.optimizers.optimizer import Optimizer
from skbackprop.optimizers.transform import RATE, GradientTransform, ScaleByLearningRate, scalar

MOMENTUM = {"momentum": [Interval(Real, 0, 1, closed="both")]}


@dataclass(eq=False, repr=False)
class Momentum(GradientTransform):
    """v <- mu v + u, u <- v (Polyak, 1964)."""

    momentum: float = 0.9

    _parameter_constraints = MOMENTUM

    def init(self, network):
        return {"velocity": np.zeros_like(network.theta)}

    def work(self, network):
        return {"momentum": scalar(self.momentum, network)}

    def apply(self, update, theta, state):
        np.multiply(state.velocity, state.momentum, out=state.velocity)
        np.add(state.velocity, update, out=state.velocity)
        np.copyto(update, state.velocity)


@dataclass(eq=False, repr=False)
class NesterovMomentum(GradientTransform):
    """v <- mu v + u, u <- mu v + u (Nesterov, 1983, as in Sutskever et al., 2013)."""

    momentum: float = 0.9

    _parameter_constraints = MOMENTUM

    def init(self, network):
        return {"velocity": np.zeros_like(network.theta)}

    def work(self, network):
        return {"momentum": scalar(self.momentum, network), "ahead": np.empty_like(network.theta)}

    def apply(self, update, theta, state):
        np.multiply(state.velocity, state.momentum, out=state.velocity)
        np.add(state.velocity, update, out=state.velocity)
        np.multiply(state.velocity, state.momentum, out=state.ahead)
        np.add(update, state.ahead, out=update)


@dataclass(eq=False, repr=False)
class SGD(Optimizer):
    """theta <- theta - eta g; with momentum v <- mu v + eta g and theta <- theta - v.

    Parameters
    ----------
    learning_rate : float, default=0.001
        The learning rate eta.

    momentum : float, default=0.0
        The momentum mu, in [0, 1].

    nesterov : bool, default=False
        Whether to use Nesterov's momentum, theta <- theta - (mu v + eta g).
    """

    learning_rate: float = 0.001
    momentum: float = 0.0
    nesterov: bool = False

    _parameter_constraints = {**RATE, **MOMENTUM, "nesterov": ["boolean"]}

    def transforms(self):
        if not self.momentum:
            return [ScaleByLearningRate()]
        kind = NesterovMomentum if self.nesterov else Momentum
        return [ScaleByLearningRate(), kind(self.momentum)]
