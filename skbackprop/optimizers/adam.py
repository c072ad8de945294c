"""Adam, and Adam with decoupled weight decay."""

from dataclasses import dataclass

import numpy as np

from skbackprop.optimizers.decay import WEIGHT_DECAY, decoupled
from skbackprop.optimizers.optimizer import Optimizer
from skbackprop.optimizers.transform import (
    POSITIVE,
    RATE,
    SHARE,
    GradientTransform,
    ScaleByLearningRate,
    scalar,
)
from skbackprop.schedules import Scheduled


@dataclass(eq=False, repr=False)
class ScaleByAdam(GradientTransform):
    """u <- (m / s_1) / (sqrt(v / s_2) + e / sqrt(s_2)) (Kingma, Ba, 2015, in the order of section 2).

    m and v are sums over the present and past u and u^2 with weights beta^0, beta^1, ...; s_1 and s_2 are the
    sums of those weights. m / s_1 and v / s_2 are the corrected moments of the paper; e is
    epsilon / sqrt(1 - beta_2).
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    _parameter_constraints = {"beta_1": SHARE, "beta_2": SHARE, "epsilon": POSITIVE}

    def init(self, network):
        return {"m": np.zeros_like(network.theta), "v": np.zeros_like(network.theta), "s": np.zeros(2)}

    def work(self, network):
        return {
            "betas": np.array([self.beta_1, self.beta_2]),
            "one": np.ones(()),
            "root": np.ones(1),
            "scale": np.ones(1, network.theta.dtype),
            "beta_1": scalar(self.beta_1, network),
            "beta_2": scalar(self.beta_2, network),
            "epsilon": scalar(self.epsilon / np.sqrt(1.0 - self.beta_2), network),
        }

    def advance(self, state):
        np.multiply(state.s, state.betas, out=state.s)
        np.add(state.s, state.one, out=state.s)
        np.sqrt(state.s[1:], out=state.root)
        np.divide(state.root, state.s[:1], out=state.scale, casting="same_kind")

    def apply(self, update, theta, state):
        np.multiply(state.m, state.beta_1, out=state.m)
        np.add(state.m, update, out=state.m)
        np.multiply(update, update, out=update)
        np.multiply(state.v, state.beta_2, out=state.v)
        np.add(state.v, update, out=state.v)
        np.sqrt(state.v, out=update)
        np.add(update, state.epsilon, out=update)
        np.divide(state.m, update, out=update)
        np.multiply(update, state.scale, out=update)


@dataclass(eq=False, repr=False)
class Adam(Optimizer):
    """Adam (Kingma, Ba, 2015), with epsilon at the same place as in section 2 of the paper and scikit-learn.

    Parameters
    ----------
    learning_rate : float, default=0.001
        The learning rate eta.

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the first and the second moment.

    epsilon : float, default=1e-8
        Added to the root of the second moment.
    """

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    _parameter_constraints = {**RATE, **ScaleByAdam._parameter_constraints}

    def transforms(self):
        return [ScaleByAdam(self.beta_1, self.beta_2, self.epsilon), ScaleByLearningRate()]


@dataclass(eq=False, repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov, Hutter, 2019): theta <- theta - eta (u + lambda theta).

    Parameters
    ----------
    learning_rate : float, default=0.001
        The learning rate eta.

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the first and the second moment.

    epsilon : float, default=1e-8
        Added to the root of the second moment.

    weight_decay : float or Scheduled, default=0.01
        lambda; biases have no weight decay.
    """

    weight_decay: float | Scheduled = 0.01

    _parameter_constraints = {**Adam._parameter_constraints, **WEIGHT_DECAY}

    def transforms(self):
        adam, rate = super().transforms()
        return [adam, *decoupled(self.weight_decay), rate]
