"""Only the matrix products of a training step: a lower bound for every step that uses the same BLAS."""

from itertools import pairwise

import numpy as np


def products(widths, n_rows, dtype):
    """(left, right, out) of every product of a step, in order.

    Forward z = x W; then, from the last layer to the first, dE/dW = x^T delta and dE/dx = delta W^T, which
    nobody asks of the first layer. A layer's output is the next one's input, as in training.
    """
    rng = np.random.default_rng(0)
    outputs = [rng.standard_normal((n_rows, n), dtype=dtype) for n in widths]
    deltas = [np.empty_like(output) for output in outputs]
    deltas[-1][:] = outputs[-1]
    weights = [rng.standard_normal(shape, dtype=dtype) / shape[0] ** 0.5 for shape in pairwise(widths)]
    gradients = [np.empty_like(weight) for weight in weights]
    forward = [(outputs[i], weight, outputs[i + 1]) for i, weight in enumerate(weights)]
    backward = []
    for i in reversed(range(len(weights))):
        backward.append((outputs[i].T, deltas[i + 1], gradients[i]))
        if i > 0:
            backward.append((deltas[i + 1], weights[i].T, deltas[i]))
    return forward + backward


def n_operations(widths, n_rows):
    """The number of multiplications and additions in a step."""
    by_layer = [2 * n_rows * n_in * n_out for n_in, n_out in pairwise(widths)]
    return 3 * sum(by_layer) - by_layer[0]


class MatrixProducts:
    """A peer whose epoch consists only of the products of its steps."""

    package = "numpy"

    def __init__(self, case, n_threads):
        self.case = case
        self.products = products(case.widths, case.batch, case.dtype)

    def fit(self, n_epochs):
        for _ in range(n_epochs * self.case.n_batches):
            for left, right, out in self.products:
                np.dot(left, right, out=out)
