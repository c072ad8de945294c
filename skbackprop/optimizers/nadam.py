"""NAdam: Adam with Nesterov's momentum."""

from dataclasses import dataclass

import numpy as np

from skbackprop.optimizers.adam import ScaleByAdam
from skbackprop.optimizers.decay import WEIGHT_DECAY, decoupled
from skbackprop.optimizers.optimizer import Optimizer
from skbackprop.optimizers.transform import (
    NOT_NEGATIVE,
    RATE,
    GradientTransform,
    ScaleByLearningRate,
    scalar,
)
from skbackprop.schedules import Scheduled


@dataclass(eq=False, repr=False)
class ScaleByNAdam(GradientTransform):
    """u <- (c_g u + c_m m) / (sqrt(v / s) + epsilon) (Dozat, 2016, algorithm 2 with his mu schedule).

    mu_t = beta_1 (1 - 0.96^(0.004 t) / 2), Pi_t = mu_1 ... mu_t, c_g = (1 - mu_t) / (1 - Pi_t) and
    c_m = (1 - beta_1) mu_(t+1) / (1 - Pi_(t+1)). m and v are sums over the present and past u and u^2 with
    weights beta^0, beta^1, ...; s is the sum of the weights of v. (1 - beta_1) m is the paper's first moment.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004

    _parameter_constraints = {**ScaleByAdam._parameter_constraints, "momentum_decay": NOT_NEGATIVE}

    def init(self, network):
        theta = network.theta
        return {
            "m": np.zeros_like(theta),
            "v": np.zeros_like(theta),
            "s": np.zeros(1),
            "t": np.array([0.0, 1.0]),  # the step and the next one
            "product": np.ones(1),
        }

    def work(self, network):
        dtype = network.theta.dtype
        return {
            "one": np.ones(()),
            "log_decay": np.array(self.momentum_decay * np.log(0.96)),
            "half_beta_1": np.array(0.5 * self.beta_1),
            "whole_beta_1": np.array(self.beta_1),
            "whole_beta_2": np.array(self.beta_2),
            "mu": np.empty(2),
            "rest": np.empty(2),
            "numerator": np.empty(2),
            "one_minus_beta_1": np.array(1.0 - self.beta_1),
            "coefficients": np.empty(2, dtype),
            "inverse_root": np.empty(1),
            "scale": np.empty(1, dtype),
            "beta_1": scalar(self.beta_1, network),
            "beta_2": scalar(self.beta_2, network),
            "epsilon": scalar(self.epsilon, network),
            "ahead": np.empty_like(network.theta),
            "root": np.empty_like(network.theta),
        }

    def advance(self, state):
        np.add(state.t, state.one, out=state.t)
        np.multiply(state.t, state.log_decay, out=state.mu)
        np.exp(state.mu, out=state.mu)
        np.multiply(state.mu, state.half_beta_1, out=state.mu)
        np.subtract(state.whole_beta_1, state.mu, out=state.mu)

        np.multiply(state.product, state.mu[:1], out=state.product)
        np.copyto(state.rest[:1], state.product)
        np.multiply(state.product, state.mu[1:], out=state.rest[1:])
        np.subtract(state.one, state.rest, out=state.rest)

        np.subtract(state.one, state.mu[:1], out=state.numerator[:1])
        np.multiply(state.mu[1:], state.one_minus_beta_1, out=state.numerator[1:])
        np.divide(state.numerator, state.rest, out=state.coefficients, casting="same_kind")

        np.multiply(state.s, state.whole_beta_2, out=state.s)
        np.add(state.s, state.one, out=state.s)
        np.sqrt(state.s, out=state.inverse_root)
        np.divide(state.one, state.inverse_root, out=state.scale, casting="same_kind")

    def apply(self, update, theta, state):
        np.multiply(state.m, state.beta_1, out=state.m)
        np.add(state.m, update, out=state.m)
        np.multiply(update, update, out=state.root)
        np.multiply(state.v, state.beta_2, out=state.v)
        np.add(state.v, state.root, out=state.v)
        np.sqrt(state.v, out=state.root)
        np.multiply(state.root, state.scale, out=state.root)
        np.add(state.root, state.epsilon, out=state.root)
        np.multiply(update, state.coefficients[:1], out=update)
        np.multiply(state.m, state.coefficients[1:], out=state.ahead)
        np.add(update, state.ahead, out=update)
        np.divide(update, state.root, out=update)


@dataclass(eq=False, repr=False)
class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016); weight decay is decoupled: eta (u + lambda theta).

    Parameters
    ----------
    learning_rate : float, default=0.001
        The learning rate eta.

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the first and the second moment.

    epsilon : float, default=1e-8
        Added to the root of the second moment.

    momentum_decay : float, default=0.004
        How fast the momentum rises from beta_1 / 2 to beta_1; 0 keeps it at beta_1 / 2.

    weight_decay : float or Scheduled, default=0.0
        lambda; biases have no weight decay.
    """

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004
    weight_decay: float | Scheduled = 0.0

    _parameter_constraints = {
        **RATE,
        **ScaleByNAdam._parameter_constraints,
        **WEIGHT_DECAY,
    }

    def transforms(self):
        nadam = ScaleByNAdam(self.beta_1, self.beta_2, self.epsilon, self.momentum_decay)
        return [nadam, *decoupled(self.weight_decay), ScaleByLearningRate()]
