"""Muon: orthogonal updates for the hidden weight matrices, Adam for everything else."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skbackprop.compat import Interval
from skbackprop.optimizers.adam import ScaleByAdam
from skbackprop.optimizers.decay import WEIGHT_DECAY, decoupled
from skbackprop.optimizers.optimizer import Optimizer
from skbackprop.optimizers.sgd import MOMENTUM, NesterovMomentum
from skbackprop.optimizers.transform import (
    RATE,
    GradientTransform,
    ScaleByLearningRate,
    scalar,
)
from skbackprop.products import InPieces, VectorProduct
from skbackprop.schedules import Scheduled

COEFFICIENTS = 3.4445, -4.7750, 2.0315  # of the Newton-Schulz iteration, tuned by Jordan et al.


def hidden_matrices(network):
    """(slice, shape) of every weight matrix except the last, with at least two rows and two columns."""
    return [(part, shape) for part, shape, _ in network.matrices[:-1] if min(shape) >= 2]


def elsewhere(network):
    """(slice, shape) of every part of theta between the hidden matrices."""
    ends = [0]
    for part, _ in sorted(hidden_matrices(network), key=lambda piece: piece[0].start):
        ends += [part.start, part.stop]
    ends.append(network.theta.shape[-1])
    gaps = zip(ends[::2], ends[1::2])
    return [(slice(start, stop), (stop - start,)) for start, stop in gaps if start < stop]


class HiddenNesterovMomentum(NesterovMomentum):
    """`NesterovMomentum` on the hidden matrices."""

    def pieces(self, network):
        return hidden_matrices(network)


class ScaleByAdamElsewhere(ScaleByAdam):
    """`ScaleByAdam` on all other parameters: the last layer, biases, gains."""

    def pieces(self, network):
        return elsewhere(network)


@dataclass(eq=False, repr=False)
class Orthogonalize(GradientTransform):
    """U <- 0.2 sqrt(max(n, m)) X for each hidden matrix U, of shape (n, m), where X is nearly orthogonal.

    X approximates U' V'^T of the SVD of U. It starts as U / |U|, followed by `n_steps` iterations
    X <- a X + (b A + c A^2) X with A = X X^T (Newton, Schulz; Jordan et al., 2024). The factor gives updates
    the usual size of Adam's (Liu et al., 2025).
    """

    n_steps: int = 5

    _parameter_constraints = {"n_steps": [Interval(Integral, 1, None, closed="left")]}
    elementwise = False

    def pieces(self, network):
        return hidden_matrices(network)

    def work(self, network):
        a, b, c = (scalar(coefficient, network) for coefficient in COEFFICIENTS)
        return {"a": a, "b": b, "c": c, "epsilon": scalar(1e-7, network)}

    def bind(self, update, theta, state):
        *members, n, m = update.shape
        dtype = update.dtype
        state.update = update if n <= m else update.mT  # at least as many columns as rows
        state.flat = update.reshape(*members, n * m)
        state.norm = np.empty((*members, 1, 1), dtype)
        state.squared_norm = state.norm[..., 0, 0]
        state.multiply, state.dot = InPieces(), VectorProduct()
        state.scale = np.array(0.2 * np.sqrt(max(n, m)), dtype)
        state.x, state.product = (np.empty((*members, min(n, m), max(n, m)), dtype) for _ in range(2))
        state.gram, state.square = (np.empty((*members, min(n, m), min(n, m)), dtype) for _ in range(2))

    def apply(self, update, theta, state):
        x, gram, square, product = state.x, state.gram, state.square, state.product
        state.dot(state.flat, state.flat, out=state.squared_norm)
        np.sqrt(state.norm, out=state.norm)
        np.maximum(state.norm, state.epsilon, out=state.norm)
        np.divide(state.update, state.norm, out=x)
        for _ in range(self.n_steps):
            np.copyto(product, x)  # for X X^T NumPy calls another BLAS routine, which may use several threads
            state.multiply(x, product.mT, out=gram)
            state.multiply(gram, gram, out=square)
            np.multiply(gram, state.b, out=gram)
            np.multiply(square, state.c, out=square)
            np.add(gram, square, out=gram)
            state.multiply(gram, x, out=product)
            np.multiply(x, state.a, out=x)
            np.add(x, product, out=x)
        np.multiply(x, state.scale, out=state.update)


@dataclass(eq=False, repr=False)
class Muon(Optimizer):
    """Orthogonal updates with momentum for hidden weight matrices, Adam for all other parameters.

    For a matrix W, of shape (n, m), with gradient G: V <- mu V + G, W <- W - eta (0.2 sqrt(max(n, m)) X +
    lambda W), where X approximates the orthogonal matrix nearest to mu V + G (Jordan et al., 2024). With the
    factor of Liu et al. (2025) one learning rate fits both parts. The last layer and biases use Adam.

    Parameters
    ----------
    learning_rate : float, default=0.001
        The learning rate eta.

    momentum : float, default=0.95
        mu, in [0, 1].

    beta_1, beta_2 : float, default=0.9 and 0.999
        Adam's decay rates of the first and the second moment.

    epsilon : float, default=1e-8
        Added to the root of Adam's second moment.

    weight_decay : float or Scheduled, default=0.0
        lambda; biases have no weight decay.
    """

    learning_rate: float = 0.001
    momentum: float = 0.95
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float | Scheduled = 0.0

    _parameter_constraints = {
        **RATE,
        **MOMENTUM,
        **ScaleByAdam._parameter_constraints,
        **WEIGHT_DECAY,
    }

    def transforms(self):
        return [
            HiddenNesterovMomentum(self.momentum),
            Orthogonalize(),
            ScaleByAdamElsewhere(self.beta_1, self.beta_2, self.epsilon),
            *decoupled(self.weight_decay),
            ScaleByLearningRate(),
        ]
