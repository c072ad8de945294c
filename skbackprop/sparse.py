"""Rows of a CSR matrix that take part in `np.matmul(..., out=)` as dense ones do."""

import numpy as np


class SparseRows:
    """A batch of sparse rows for the first layer; everything but a matrix product is refused."""

    def __init__(self, matrix):
        self.matrix = matrix
        self.shape = matrix.shape

    def astype(self, dtype):
        return SparseRows(self.matrix.astype(dtype))

    def __getitem__(self, rows):
        return SparseRows(self.matrix[rows])

    @property
    def mT(self):  # noqa: N802 - NumPy's name
        return SparseRows(self.matrix.T)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **settings):
        left, right = inputs[0], inputs[-1]
        if ufunc is not np.matmul or not isinstance(left, SparseRows):
            raise TypeError("Sparse input goes into a Dense layer only: put one first, or give dense input.")
        np.copyto(out[0], left.matrix @ right)
        return out[0]

    def __array_function__(self, function, types, arguments, settings):
        raise TypeError("Sparse input goes into a Dense layer only: put one first, or give dense input.")
