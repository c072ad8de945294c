"""Matrix products whose numbers do not depend on how many threads BLAS may use.

BLAS adds numbers in another order when it divides a product between threads. The number of its threads is a
setting of the whole process, made by the user or the environment, and is not changed here. OpenBLAS, which
comes with NumPy's wheels, uses one thread for a product below a fixed size. Therefore larger products are
split into pieces below that size. The pieces, and the order of the sums over them, depend only on the shapes.
For very large products, extra threads compute the pieces, which does not change the numbers.
"""

import multiprocessing
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from threading import Lock

import numpy as np
from threadpoolctl import ThreadpoolController

# The largest number of multiplications of a piece. OpenBLAS uses several threads for a product of matrices
# from 2^19 multiplications on (2^18 on some ARM processors), of a matrix and a vector from 9216, of vectors
# from 10,001.
MOST = (2**19 if platform.machine() in ("x86_64", "AMD64") else 2**18) - 1
MOST_OF_VECTOR = 9215
SUM_IN_ONE = 160  # terms of a sum that is not split; longer sums are split into parts of at most ...
SUM_OF_PART = 128
ROWS_OF_PIECE = 64  # about as high as wide, because BLAS packs a piece before the product
LEAST_OF_THREAD = 2**24  # multiplications that are worth starting a thread, about 0.3 ms


@dataclass(frozen=True)
class Product:
    """A leaf of buffers that becomes `product(a, b, out=)`, the matrix product on the last two axes.

    If the sizes other than n_samples are given, (n_inputs, n_units), the way to compute it is chosen once for
    each batch size; otherwise it is chosen in every call. `members` and `stacked` mean that there are axes in
    front of the matrices.
    """

    sizes: tuple[int, int] | None = None
    stacked: bool = False
    members: int | None = None  # set by Ensemble

    def bound(self, n_samples):
        plain = np.matmul if self.stacked or self.members is not None else np.dot
        if self.sizes is not None and self._is_small(n_samples):
            return plain  # np.dot takes two thirds of the time of np.matmul for small matrices
        return InPieces(plain)

    def _is_small(self, n_samples):
        n_inputs, n_units = self.sizes
        return is_small(*sorted((n_samples, n_inputs, n_units))) and is_small(1, n_samples, n_units)


class InPieces:
    """product(a, b, out=) for any size; keeps its arrays between calls."""

    def __init__(self, plain=np.matmul):
        self.plain = plain
        self._partial = {}

    def __call__(self, a, b, out):
        if not isinstance(a, np.ndarray):  # sparse rows have their own product
            return self.plain(a, b, out=out)
        (m, k), n = a.shape[-2:], b.shape[-1]
        if is_small(m, k, n):
            return self.plain(a, b, out=out)
        sums, rows, columns = tiling(m, k, n)
        if len(sums) == 1:
            _multiply(a, b, out, rows, columns)
            return out
        partial = _kept(self._partial, out.shape, out.dtype)
        for start, stop in sums:
            target = partial if start else out
            _multiply(a[..., start:stop], b[..., start:stop, :], target, rows, columns)
            if start:
                np.add(out, partial, out=out)
        return out


class VectorProduct:
    """Like np.vecdot(a, b, out=) for vectors of any length on the last axis."""

    def __init__(self):
        self._partial = {}

    def __call__(self, a, b, out):
        n = a.shape[-1]
        if n <= MOST_OF_VECTOR:
            return np.vecdot(a, b, out=out)
        n_parts = -(-n // MOST_OF_VECTOR)
        size = n // n_parts
        stop = n_parts * size
        partial = _kept(self._partial, (*a.shape[:-1], n_parts + 1), out.dtype)
        parts = [x[..., :stop].reshape(*x.shape[:-1], n_parts, size) for x in (a, b)]
        np.vecdot(*parts, out=partial[..., :-1])
        np.vecdot(a[..., stop:], b[..., stop:], out=partial[..., -1])
        return np.add.reduce(partial, axis=-1, out=out)


def _kept(arrays, shape, dtype):
    """The array of this shape among those that are kept between calls."""
    if (shape, dtype) not in arrays:
        arrays[shape, dtype] = np.empty(shape, dtype)
    return arrays[shape, dtype]


def product(vector, matrix):
    """vector @ matrix; a sparse matrix has its own product."""
    if not isinstance(matrix, np.ndarray):
        return vector @ matrix
    out = np.empty((1, matrix.shape[1]), np.result_type(vector, matrix))
    return InPieces()(vector[None, :], matrix, out=out)[0]


def is_small(m, k, n):
    """Whether BLAS uses only one thread for (m, k) @ (k, n), whatever its setting."""
    return m * k * n <= (MOST if m > 1 and n > 1 else MOST_OF_VECTOR)


@lru_cache(maxsize=512)
def tiling(m, k, n):
    """How to split (m, k) @ (k, n): ends of the sums; runs of rows and of columns, (start, stop, size)."""
    if m == 1 or n == 1:
        sums = _parts(k, 256 if max(m, n) > 1 else MOST_OF_VECTOR)
        most = MOST_OF_VECTOR // max(sums)
        rows, columns = _parts(m, most), _parts(n, most)
    else:
        sums = [k] if k <= SUM_IN_ONE else _parts(k, SUM_OF_PART)
        most = MOST // max(sums)
        columns = _parts(n, most // min(m, ROWS_OF_PIECE))
        rows = _parts(m, most // max(columns))
    ends = np.cumsum([0, *sums]).tolist()
    return list(pairwise(ends)), _runs(rows), _runs(columns)


def _parts(n, most):
    """Split n into sizes <= `most` that differ by at most 1, or are equal if a few more parts allow it."""
    least = -(-n // most)
    n_parts = next((parts for parts in range(least, 2 * least) if n % parts == 0), least)
    size, n_larger = divmod(n, n_parts)
    return [size + 1] * n_larger + [size] * (n_parts - n_larger)


def _runs(sizes):
    """(start, stop, size) of each run of neighbouring parts of equal size."""
    n_larger = sizes.count(sizes[0])
    middle, end = n_larger * sizes[0], sum(sizes)
    runs = [(0, middle, sizes[0])]
    return runs if middle == end else [*runs, (middle, end, sizes[-1])]


def _multiply(a, b, out, rows, columns):
    """Compute each run of pieces by one call of np.matmul, with axes of pieces before those of matrices."""
    m, k = a.shape[-2:]
    for top, bottom, n_rows in rows:
        x = a if bottom - top == m else a[..., top:bottom, :]
        x = x.reshape(*a.shape[:-2], -1, 1, n_rows, k)
        for left, right, n_columns in columns:
            y, z = b, out
            if len(columns) > 1:
                y, z = b[..., left:right], out[..., left:right]
            if len(rows) > 1:
                z = z[..., top:bottom, :]
            n_across = (right - left) // n_columns
            y = y.reshape(*b.shape[:-2], 1, k, n_across, n_columns).swapaxes(-3, -2)
            z = z.reshape(*out.shape[:-2], -1, n_rows, n_across, n_columns).swapaxes(-3, -2)
            if is_small(n_rows, k, n_columns):
                _call(x, y, z)
            else:  # a single last row or column is a vector
                _multiply(x, y, z, *tiling(n_rows, k, n_columns)[1:])


def _call(x, y, z):
    """np.matmul; if it is worth it, the pieces along the rows are divided between threads."""
    n_threads = z.size * x.shape[-1] // LEAST_OF_THREAD
    if n_threads > 1:
        n_threads = min(n_threads, z.shape[-4], _n_cores())
    if n_threads < 2 or type(z) is not np.ndarray:  # arrays that record calls need this thread
        np.matmul(x, y, out=z)
        return
    ends = [z.shape[-4] * i // n_threads for i in range(n_threads + 1)]
    (_, first), *others = pairwise(ends)
    waiting = [
        _pool().submit(copy_context().run, np.matmul, x[..., i:j, :, :, :], y, out=z[..., i:j, :, :, :])
        for i, j in others
    ]
    np.matmul(x[..., :first, :, :, :], y, out=z[..., :first, :, :, :])
    for other in waiting:
        other.result()


@contextmanager
def scipy_on_one_thread(n):
    """Set one thread for SciPy's own BLAS while SciPy works on vectors of n numbers.

    The loops inside SciPy cannot be split into pieces from here. In the wheels, NumPy has a separate BLAS.
    """
    if n <= MOST_OF_VECTOR:
        yield
        return
    with _hold.lock:
        _hold.n_users += 1
        if _hold.n_users == 1:
            _hold.limiter = _blas_of_scipy().limit(limits=1)
    try:
        yield
    finally:
        with _hold.lock:
            _hold.n_users -= 1
            if _hold.n_users == 0:
                _hold.limiter.restore_original_limits()


class _Hold:
    """Counts the searches that limit SciPy's BLAS; the last one restores its setting."""

    def __init__(self):
        self.lock, self.n_users, self.limiter = Lock(), 0, None


_hold = _Hold()


def _blas_of_scipy():
    libraries = ThreadpoolController().select(user_api="blas")
    paths = [library.filepath for library in libraries.lib_controllers]
    own = [path for path in paths if "scipy" in os.path.basename(os.path.dirname(path))]
    return libraries.select(filepath=own) if own else libraries  # shared by both, as in conda


@lru_cache(maxsize=1)
def _n_cores():
    """The number of cores that this process may use; 1 in a worker process, because others run too."""
    if multiprocessing.parent_process() is not None:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def _pool():
    return ThreadPoolExecutor(_n_cores() - 1, thread_name_prefix="skbackprop")


if hasattr(os, "register_at_fork"):  # threads do not exist in a forked child
    os.register_at_fork(after_in_child=_pool.cache_clear)
    os.register_at_fork(after_in_child=_n_cores.cache_clear)
