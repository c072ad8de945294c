"""Limits for the update before a step, and for the weights after it."""

from dataclasses import dataclass

import numpy as np

from skbackprop.optimizers.transform import POSITIVE, GradientTransform, scalar
from skbackprop.products import VectorProduct
from skbackprop.schedules import Scheduled


@dataclass(eq=False, repr=False)
class ClipNorm(GradientTransform):
    """u <- u min(1, max_norm / |u|) (Pascanu et al., 2013); each member of an ensemble by its own norm."""

    max_norm: float | Scheduled = 1.0

    _parameter_constraints = {"max_norm": [*POSITIVE, Scheduled]}
    elementwise = False

    def work(self, network):
        theta = network.theta
        norm = np.empty((*theta.shape[:-1], 1), theta.dtype)
        return {"norm": norm, "squared_norm": norm[..., 0], "max_norm": scalar(self.max_norm, network)}

    def bind(self, update, theta, state):
        state.dot = VectorProduct()

    def apply(self, update, theta, state):
        state.dot(update, update, out=state.squared_norm)
        np.multiply(update, _shrinkage(state), out=update)


@dataclass(eq=False, repr=False)
class ClipValue(GradientTransform):
    """u <- max(-c, min(c, u)) with c = `max_value`, for each coordinate (Mikolov, 2012)."""

    max_value: float | Scheduled = 1.0

    _parameter_constraints = {"max_value": [*POSITIVE, Scheduled]}

    def work(self, network):
        max_value = scalar(self.max_value, network)
        return {"max_value": max_value, "min_value": np.asarray(-max_value)}

    def set_progress(self, progress, state):
        super().set_progress(progress, state)
        np.negative(state.max_value, out=state.min_value)

    def apply(self, update, theta, state):
        np.minimum(update, state.max_value, out=update)
        np.maximum(update, state.min_value, out=update)


class BoundColumns(GradientTransform):
    """w <- w min(1, c / |w|) for the weights w into each node of one matrix (Srivastava et al., 2014).

    `Descent` adds it after the step for each matrix with a `max_norm` c.
    """

    elementwise = False

    def __init__(self, part, shape, max_norm):
        self.part, self.shape, self.max_norm = part, shape, max_norm

    def pieces(self, network):
        return [(self.part, self.shape)]

    def work(self, network):
        theta = network.theta
        norm = np.empty((*theta.shape[:-1], 1, self.shape[1]), theta.dtype)
        return {"norm": norm, "max_norm": scalar(self.max_norm, network)}

    def bind(self, update, theta, state):
        state.scratch = np.empty(theta.shape, theta.dtype)

    def apply(self, update, theta, state):
        np.multiply(theta, theta, out=state.scratch)
        np.add.reduce(state.scratch, axis=-2, keepdims=True, out=state.norm)
        np.multiply(theta, _shrinkage(state), out=state.scratch)  # in place, NumPy would copy the members
        np.copyto(theta, state.scratch)


def _shrinkage(state):
    """min(1, c / |x|); `norm` holds |x|^2."""
    np.sqrt(state.norm, out=state.norm)
    np.maximum(state.norm, state.max_norm, out=state.norm)
    return np.divide(state.max_norm, state.norm, out=state.norm)
