"""Rows of a program, and which of them may be in one group."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from skbackprop.replay.interpreter import (
    AT,
    BY_LAST,
    BY_MEMBER,
    BY_MIDDLE,
    BY_ROW,
    COLUMNS,
    DATA,
    FLAT,
    FUNCTION,
    KIND,
    LAST,
    MIDDLE,
    MODE,
    N_ARGUMENTS,
    ROWS,
    SIZE,
    WIDTH,
)

NARROW = 8  # with fewer columns than this, one call per column is faster

BLOCK = 2**14  # bytes of one array
LINE = 16  # blocks of this many rows begin at a cache line if the first one does

BYTE, WHOLE, SINGLE, DOUBLE = map(np.dtype, (bool, np.intp, np.float32, np.float64))
CASTS = [
    *((SINGLE, SINGLE), (DOUBLE, DOUBLE), (BYTE, SINGLE), (BYTE, DOUBLE), (DOUBLE, SINGLE)),
    *((SINGLE, DOUBLE), (SINGLE, WHOLE), (DOUBLE, WHOLE), (WHOLE, WHOLE), (BYTE, BYTE)),
]


class CannotReplayError(Exception):
    """The reason why a step cannot be replayed."""


class Operand(NamedTuple):
    """An array as the interpreter sees it: (members, rows, middle, last), steps in bytes."""

    address: int
    steps: tuple
    size: int  # bytes of an element
    row_stop: int  # after the last byte of row 0 of member 0
    stop: int  # after the last byte
    is_scratch: bool  # read only in its own group


def operand(array, steps, shape, is_scratch=False):
    """The operand for an array with these steps on the four axes of `shape`."""
    address, (by_member, by_row, by_middle, by_last) = address_of(array), steps
    n_members, n_rows, n_middle, n_last = shape
    row_stop = address + array.itemsize + (n_middle - 1) * by_middle + (n_last - 1) * by_last
    stop = row_stop + (n_members - 1) * by_member + (n_rows - 1) * by_row
    return Operand(address, steps, array.itemsize, row_stop, stop, is_scratch)


class Row(NamedTuple):
    """An elementwise row with its operands; those that it writes come last."""

    name: str  # the name of the ufunc, or "cast"
    dtypes: tuple  # one for each operand
    kind: int
    loop: int
    data: int
    shape: tuple
    operands: tuple
    n_outputs: int
    sums: bool  # whether it adds along a row, so that the order matters

    @property
    def reads(self):
        return self.operands[: len(self.operands) - self.n_outputs]

    @property
    def writes(self):
        return self.operands[len(self.operands) - self.n_outputs :]

    def code(self):
        row = np.zeros(WIDTH, np.int64)
        row[KIND], row[FUNCTION], row[DATA], row[N_ARGUMENTS] = (
            self.kind,
            self.loop,
            self.data,
            len(self.operands),
        )
        row[MODE], row[MIDDLE], row[LAST] = self.mode(), *self.shape[2:]
        row[SIZE] = self.operands[-1].size
        for k, operand in enumerate(self.operands):
            row[AT + k] = operand.address
            row[BY_MEMBER + k], row[BY_ROW + k], row[BY_MIDDLE + k], row[BY_LAST + k] = operand.steps
            if row[MODE] == FLAT:
                row[BY_LAST + k] = flat_step(operand, self.shape)
        return row

    def mode(self):
        _, _, n_middle, n_last = self.shape
        if all(flat_step(operand, self.shape) is not None for operand in self.operands):
            return FLAT
        return COLUMNS if n_middle * n_last < NARROW and not self.sums else ROWS


def flat_step(operand, shape):
    """The constant step from each element of a block to the next; None if it is not constant."""
    _, n_rows, n_middle, n_last = shape
    sizes = [(n, step) for n, step in zip((n_rows, n_middle, n_last), operand.steps[1:]) if n > 1]
    if not sizes:
        return operand.size
    for (_, outer), (n, inner) in pairwise(sizes):
        if outer != n * inner:
            return None
    return sizes[-1][1]


def rows_at_once(shape):
    n = max(1, BLOCK // (4 * shape[2] * shape[3]))
    return n if n < LINE else n - n % LINE


def address_of(array):
    if not isinstance(array, np.ndarray):
        raise CannotReplayError(f"{array!r} is no array: objects without an array cannot be replayed")
    return array.__array_interface__["data"][0]


def overlap(x, out):
    """Whether an input shares memory with an output without being the same array."""
    if not isinstance(x, np.ndarray):
        return False
    is_same = (address_of(x), x.shape, x.strides) == (address_of(out), out.shape, out.strides)
    return not is_same and np.shares_memory(x, out)


def collide(a, b):
    """Whether a row in one group would access another block of an array that the other row writes."""
    return any(_out_of_step(x, y, a.shape) for x in a.writes for y in b.operands) or any(
        _out_of_step(x, y, a.shape) for x in a.reads for y in b.writes
    )


def _out_of_step(x, y, shape):
    if x.stop <= y.address or y.stop <= x.address:
        return False
    n_members, n_rows = shape[:2]
    extent = max(x.row_stop, y.row_stop) - min(x.address, y.address)
    if n_rows > 1 and not x.steps[1] == y.steps[1] >= extent:
        return True
    extent += (n_rows - 1) * x.steps[1]
    return n_members > 1 and not x.steps[0] == y.steps[0] >= extent
