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

COEFFICIENTS = 3.4445, -4.7750, 2.0315  # of Newton and Schulz's iteration, tuned by Jordan et al.


def hidden_matrices(network):
    """(slice, shape) of every weight matrix but the last one, with two rows and columns at least."""
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
    """`ScaleByAdam` on all but the hidden matrices: the last layer, biases, gains."""

    def pieces(self, network):
        return elsewhere(network)


@dataclass(eq=False, repr=False)
class Orthogonalize(GradientTransform):
    """U <- 0.2 sqrt(max(n, m)) X for each hidden matrix U, of shape (n, m), X near the U' V'^T of its SVD.

    X starts as U / |U| and takes X <- a X + (b A + c A^2) X, A = X X^T, `n_steps` times (Newton, Schulz;
    Jordan et al., 2024). The factor gives Adam's usual size of an update (Liu et al., 2025).
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
        state.update = update if n <= m else update.mT  # lies: not more rows than columns
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
            np.copyto(product, x)  # BLAS has a product of its own for X X^T: with threads of its own
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
    """Hidden weight matrices by orthogonal updates of a momentum, everything else by Adam.

    For a matrix W, of shape (n, m), with gradient G: V <- mu V + G, W <- W - eta (0.2 sqrt(max(n, m)) X +
    lambda W), X the nearest orthogonal matrix to mu V + G, nearly (Jordan et al., 2024; the factor is of
    Liu et al., 2025: one learning rate serves both parts). The last layer and biases take Adam's steps.

    Parameters
    ----------
    learning_rate : float, default=0.001
        eta.

    momentum : float, default=0.95
        mu, in [0, 1].

    beta_1, beta_2 : float, default=0.9 and 0.999
        Adam's decay rates of the first and the second moment.

    epsilon : float, default=1e-8
        Adam's: added to the root of the second moment.

    weight_decay : float or Scheduled, default=0.0
        lambda; biases are not decayed.
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
