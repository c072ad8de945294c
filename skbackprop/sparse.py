"""Rows of a CSR matrix that work in `np.dot(..., out=)` like dense rows."""

import numpy as np

ONLY_DENSE = "With a sparse X the first layer must be a Dense layer: put one first, or give a dense X."


class SparseRows:
    """A batch of sparse rows for the first layer; it only allows matrix products."""

    def __init__(self, matrix):
        self.matrix = matrix
        self.shape = matrix.shape

    def astype(self, dtype, copy=True):
        return SparseRows(self.matrix.astype(dtype, copy=copy))

    def __getitem__(self, rows):
        return SparseRows(self.matrix[rows])

    @property
    def mT(self):
        return SparseRows(self.matrix.T)

    def __array_function__(self, function, types, arguments, settings):
        left, right = arguments if len(arguments) == 2 else (None, None)
        if function is not np.dot or not isinstance(left, SparseRows):
            raise TypeError(ONLY_DENSE)
        out = settings["out"]
        np.copyto(out, left.matrix @ right)
        return out

    def __array_ufunc__(self, ufunc, method, *inputs, **settings):
        raise TypeError(ONLY_DENSE)
