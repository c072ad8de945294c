"""Weight decay that is not scaled like the gradient."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from skbackprop.compat import Interval
from skbackprop.optimizers.transform import GradientTransform, scalar
from skbackprop.schedules import Scheduled

WEIGHT_DECAY = {"weight_decay": [Interval(Real, 0, None, closed="left"), Scheduled]}


@dataclass(eq=False, repr=False)
class DecayWeights(GradientTransform):
    """u <- u + lambda theta for weights, not for biases (decoupled: Loshchilov, Hutter, 2019).

    lambda is multiplied by the `weight_decay` of each parameter.
    """

    weight_decay: float | Scheduled = 0.01

    _parameter_constraints = WEIGHT_DECAY

    def work(self, network):
        weight_decay, factors = scalar(self.weight_decay, network), network.weight_decays
        factors = scalar(1.0, network) if factors is None else factors.astype(network.theta.dtype)
        return {
            "decay": np.empty_like(network.theta),
            "weight_decay": weight_decay,
            "factors": factors,
            "strength": np.asarray(factors * weight_decay),
        }

    def set_progress(self, progress, state):
        super().set_progress(progress, state)
        np.multiply(state.factors, state.weight_decay, out=state.strength)

    def bind(self, update, theta, state):
        weights = slice(0, state.n_decayed)
        state.weights, state.weight_updates = theta[..., weights], update[..., weights]
        state.decay = state.decay[..., weights]
        if state.strength.ndim:
            state.strength = state.strength[..., weights]

    def apply(self, update, theta, state):
        np.multiply(state.weights, state.strength, out=state.decay)
        np.add(state.weight_updates, state.decay, out=state.weight_updates)


def decoupled(weight_decay):
    """The transforms for this `weight_decay`, to be put before the learning rate in a chain."""
    return [DecayWeights(weight_decay)] if weight_decay else []
