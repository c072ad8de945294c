"""Weight decay that does not pass through the scaling of the gradient."""

from dataclasses import dataclass

import numpy as np

from skbackprop.optimizers.transform import NOT_NEGATIVE, GradientTransform, scalar


@dataclass(eq=False, repr=False)
class DecayWeights(GradientTransform):
    """u <- u + lambda theta for weights, not for biases (decoupled: Loshchilov, Hutter, 2019).

    lambda is multiplied by the `weight_decay` of each parameter.
    """

    weight_decay: float = 0.01

    _parameter_constraints = {"weight_decay": NOT_NEGATIVE}

    def work(self, network):
        strength = scalar(self.weight_decay, network)
        if network.weight_decays is not None:
            strength = (strength * network.weight_decays).astype(network.theta.dtype)
        return {"decay": np.empty_like(network.theta), "strength": strength}

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
    """What an optimizer with this `weight_decay` adds to its chain, before the learning rate."""
    return [DecayWeights(weight_decay)] if weight_decay else []
