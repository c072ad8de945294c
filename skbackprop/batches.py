"""Mini-batches, copied into buffers that are used again."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse

from skbackprop.memory import empty
from skbackprop.sparse import SparseRows


class Batch(NamedTuple):
    x: np.ndarray  # (n_samples, n_inputs)
    y: np.ndarray  # (n_samples, n_outputs)
    weight: np.ndarray | None  # (n_samples, 1), or a column for each output

    def astype(self, dtype):
        return Batch(*(part if part is None else part.astype(dtype, copy=False) for part in self))


class DenseRows:
    """Rows of a C-contiguous array, gathered into one buffer."""

    def __init__(self, X, batch_size):
        self.X = X
        self.buffer = empty((batch_size, X.shape[1]), X.dtype)

    def take(self, indices):
        return self.X.take(indices, axis=0, out=self.buffer[: len(indices)], mode="clip")


class CSRRows:
    """Rows of a CSR matrix; their number of entries changes, so each batch is a new matrix."""

    def __init__(self, X, batch_size):
        self.X = X

    def take(self, indices):
        return SparseRows(self.X[indices])


class Batches:
    """The training data as an iterable of batches, in an order that `shuffle` draws anew.

    Parameters
    ----------
    X : array or CSR matrix of shape (n_samples, n_inputs)

    y : array of shape (n_samples, n_outputs)

    sample_weight : array of shape (n_samples, 1) or (n_samples, n_outputs), or None

    batch_size : int

    order : array of int, default=None
        The rows to train on, in their first order; all by default.
    """

    def __init__(self, X, y, sample_weight, batch_size, order=None):
        self.order = np.arange(X.shape[0]) if order is None else order
        self.n_samples = len(self.order)
        self.batch_size = batch_size
        self.rows = (CSRRows if issparse(X) else DenseRows)(X, batch_size)
        self.X, self.targets, self.weights = X, y, sample_weight
        self.y = empty((batch_size, y.shape[1]), y.dtype)
        self.weight = None
        if sample_weight is not None:
            self.weight = empty((batch_size, sample_weight.shape[1]), y.dtype)

    def __len__(self):
        return -(-self.n_samples // self.batch_size)

    def all_rows(self):
        """One batch of all of them, in the order of the data; not copied if none is left out."""
        X, y, weight = self.X, self.targets, self.weights
        if self.n_samples < X.shape[0]:
            rows = np.sort(self.order)
            X, y, weight = X[rows], y[rows], None if weight is None else weight[rows]
        return Batch(SparseRows(X) if issparse(X) else X, y, weight)

    def tables(self):
        """(X, y, weights) and the order of their rows, (1, n_rows); None where X is sparse."""
        return None if issparse(self.X) else ((self.X, self.targets, self.weights), self.order[np.newaxis])

    def shuffle(self, random_state):
        """A new order, with the draws of `sklearn.utils.shuffle` applied to the present one."""
        permutation = np.arange(self.n_samples)
        random_state.shuffle(permutation)
        self.order = self.order[permutation]

    def noted_order(self):
        """The order as it is now: shuffling makes another array."""
        return self.order

    def restore_order(self, noted):
        """The order is what it was."""
        self.order = noted

    def __iter__(self):
        for start in range(0, self.n_samples, self.batch_size):
            rows = self.order[start : start + self.batch_size]
            y = self.targets.take(rows, axis=0, out=self.y[: len(rows)], mode="clip")
            weight = None
            if self.weight is not None:
                weight = self.weights.take(rows, axis=0, out=self.weight[: len(rows)], mode="clip")
            yield Batch(self.rows.take(rows), y, weight)


class OneRow(Batches):
    """A single row of a dense X: it has one order, and nothing is gathered."""

    def __init__(self, X, y, sample_weight):
        self.order, self.n_samples, self.batch_size = np.arange(1), 1, 1
        self.X, self.targets, self.weights = X, y, sample_weight

    def shuffle(self, random_state):
        pass

    def __iter__(self):
        yield Batch(self.X.copy(), self.targets, self.weights)  # the network keeps no part of the user's X


class MemberBatches:
    """Batches with other rows for each member of an `Ensemble`.

    Parameters
    ----------
    X : array of shape (n_samples, n_inputs)

    y : array of shape (n_samples, n_outputs)

    sample_weight : array of shape (n_samples, 1) or None

    batch_size : int
        Rows of a member in a batch; the last batch has the rest.

    orders : array of int of shape (n_members, n_rows)
        The rows of each member.
    """

    def __init__(self, X, y, sample_weight, batch_size, orders):
        self.X, self.targets, self.weights, self.orders = X, y, sample_weight, orders
        self.batch_size = batch_size
        self._buffers = [self._buffer(part) for part in (X, y, sample_weight)]

    def __len__(self):
        return -(-self.orders.shape[1] // self.batch_size)

    def tables(self):
        """(X, y, weights) and the order of their rows, (n_members, n_rows)."""
        return (self.X, self.targets, self.weights), self.orders

    def shuffle(self, generator):
        """A new order for each member."""
        generator.permuted(self.orders, axis=1, out=self.orders)

    def noted_order(self):
        """A copy of the orders: shuffling writes into the array."""
        return self.orders.copy()

    def restore_order(self, noted):
        """The orders are what they were."""
        np.copyto(self.orders, noted)

    def __iter__(self):
        for start in range(0, self.orders.shape[1], self.batch_size):
            rows = self.orders[:, start : start + self.batch_size]
            parts = zip((self.X, self.targets, self.weights), self._buffers)
            yield Batch(*(self._gathered(part, rows, buffer) for part, buffer in parts))

    def _buffer(self, part):
        n_members = len(self.orders)
        return None if part is None else empty((self.batch_size * n_members, part.shape[1]), part.dtype)

    def _gathered(self, part, rows, buffer):
        if part is None:
            return None
        out = buffer[: rows.size].reshape(*rows.shape, part.shape[1])
        return part.take(rows, axis=0, out=out, mode="clip")


def evenly(n_rows, batch_size):
    """About so many rows, that batches are of nearly the same size all."""
    return -(-n_rows // max(1, round(n_rows / batch_size)))
