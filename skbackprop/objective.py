"""The objective of training: the mean loss of a batch plus the penalty on the weights."""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from skbackprop.memory import Workspaces, blocks, with_members
from skbackprop.products import VectorProduct


class _Part(NamedTuple):
    """Weights that fit into the cache while the penalty is added."""

    weights: np.ndarray
    gradients: np.ndarray
    decay: np.ndarray  # the gradient of the penalty; all parts use the same memory
    factors: np.ndarray | None


class Objective:
    """E(theta) on a batch: the mean loss + alpha / (2 sum(w)) |W|^2, where W are the weights without biases.

    A layer with `weight_decay` f contributes f |W|^2. dE/dtheta is set to 0 for parameters with learning rate
    0, so that the norm of the gradient, momentum and L-BFGS only depend on parameters that change.

    Parameters
    ----------
    network : Network

    loss : Loss

    alpha : float or array of shape (n_members, 1, 1), default=0.0
        Strength of the L2 penalty; each member of an `Ensemble` may have a different one.
    """

    def __init__(self, network, loss, alpha=0.0):
        loss._validate_params()
        self.network, self.loss, self.alpha = network, clone(loss), alpha
        self._bind()

    def __getstate__(self):
        return {name: getattr(self, name) for name in ("network", "loss", "alpha")}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._bind()

    def set_alpha(self, alpha):
        """Change the strength of the penalty, from the next step on."""
        self.alpha = alpha
        self._alpha[...] = alpha
        self.has_penalty = bool(np.any(alpha))

    def set_progress(self, progress):
        """Set the `Scheduled` settings of layers and losses to their values at this progress, 0 to 1."""
        self.network.set_progress(progress)
        self.workspaces.set_progress(progress)

    @property
    def follows(self):
        """Whether any setting of a layer or of the loss is `Scheduled`."""
        return self.network.workspaces.follows or self.workspaces.follows

    def _bind(self):
        network, dtype = self.network, self.network.theta.dtype
        buffers = self.loss.buffers(network.n_outputs)
        if network.members:
            buffers = with_members(buffers, *network.members)
        self.workspaces = Workspaces(buffers, dtype)
        self.parts = self._cut()
        rates = network.learning_rates
        self._frozen = None if rates is None or rates.all() else rates == 0.0
        self._alpha = np.array(self.alpha, dtype)
        self.has_penalty = bool(np.any(self.alpha))
        self._half = np.array(0.5, dtype)
        self._dot = VectorProduct()
        self._strength = np.zeros((*network.members, 1, 1), dtype)
        self._strengths = self._strength[..., 0]
        self._penalty = np.empty((*network.members, 1, 1), dtype)
        self._squares = self._penalty[..., 0, 0]

    def _cut(self):
        theta, gradient, factors = self.network.theta, self.network.gradient, self.network.weight_decays
        slices = blocks(0, self.network.n_decayed, self.network.members)
        decay = np.empty_like(theta[..., slices[0]]) if slices else None
        return [
            _Part(
                theta[..., part],
                gradient[..., part],
                decay[..., : part.stop - part.start],
                None if factors is None else factors[..., part].astype(theta.dtype),
            )
            for part in slices
        ]

    def astype(self, dtype):
        """The same objective on a copy of the network in another dtype."""
        return Objective(self.network.astype(dtype), self.loss, self.alpha)

    def value_and_gradient(self, batch):
        """Return E, of shape (*members, 1, 1), and write its gradient to `network.gradient`."""
        z = self.network.forward(batch.x, training=True)
        work = self.workspaces[batch.x.shape[-2]]
        value = self.loss.value_and_delta(batch.y, z, batch.weight, work.delta, work)
        self.network.backward(work.delta)
        if self.has_penalty:
            self._add_penalty(value, work.inverse_weight)
        if self._frozen is not None:
            np.copyto(self.network.gradient, 0.0, where=self._frozen)
        return value

    def value(self, batch):
        """Return only E, by the same forward pass, for finite differences. Overwrites the gradient."""
        z = self.network.forward(batch.x, training=True)
        work = self.workspaces[batch.x.shape[-2]]
        value = self.loss.value_and_delta(batch.y, z, batch.weight, work.delta, work)
        if self.has_penalty:
            self._add_penalty(value, work.inverse_weight)
        return value

    def _add_penalty(self, value, inverse_weight):
        np.multiply(inverse_weight, self._alpha, out=self._strength)
        for weights, gradients, decay, factors in self.parts:
            np.multiply(weights, self._strengths, out=decay)
            if factors is not None:
                np.multiply(decay, factors, out=decay)
            np.add(gradients, decay, out=gradients)
            self._dot(weights, decay, out=self._squares)
            np.multiply(self._penalty, self._half, out=self._penalty)
            np.add(value, self._penalty, out=value)
