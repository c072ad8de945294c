"""Neighbouring rows that add, multiply, compare or take roots become one loop over their arrays, a kernel.

The result of these operations is correctly rounded (IEEE 754), so every program computes the same digits. A
kernel keeps the results that pass from one operation to the next in registers.
"""

from math import prod

import numpy as np

from skbackprop.replay.interpreter import DATA, FUNCTION, FUSED, KIND, WIDTH
from skbackprop.replay.kernels import OPERATIONS, TYPES, Form, Operation, compiled
from skbackprop.replay.rows import BYTE, NARROW, flat_step

FEW = 256  # up to this many elements, no kernel is compiled
LONG = 8  # a run of at least this many rows ends at a row that reads none of its results


class Kernel:
    """A run of rows that is computed like one row."""

    def __init__(self, form, operands, shape):
        self.shape = shape
        self.function = compiled(form)
        places = [(x.address, *x.steps[:3]) for x in operands]
        self.table = np.array([*shape[2:], *(number for place in places for number in place)], np.int64)

    def code(self):
        row = np.zeros(WIDTH, np.int64)
        row[KIND], row[FUNCTION], row[DATA] = FUSED, self.function, self.table.ctypes.data
        return row


def fused(group):
    """The rows of a group, in which runs are replaced by kernels."""
    found, run = [], []
    for place, row in enumerate(group):
        if run and not _goes_on(run, row):
            found, run = [*found, *_as_kernel(run, group[place:])], []
        run.append(row)
    return [*found, *_as_kernel(run, [])]


def _goes_on(run, row):
    if not (_is_exact(run[0]) and _is_exact(row) and row.shape == run[0].shape):
        return False
    known = {x: dtype for earlier in run for x, dtype in zip(earlier.operands, earlier.dtypes)}
    if len(run) >= LONG and not any(x in known and any(x.steps) for x in row.reads):
        return False
    written = {x for earlier in run for x in earlier.writes}
    mine = dict(zip(row.operands, row.dtypes))
    same_types = all(known.get(x, dtype) == dtype for x, dtype in mine.items())
    pairs = [*((x, y) for x in row.writes for y in known), *((x, y) for x in written for y in mine)]
    return same_types and all(x == y or _apart(x, y) for x, y in pairs)


def _is_exact(row):
    """Whether a kernel can compute it: a known operation on contiguous elements or on one scalar."""
    (_, _, n_middle, n_last), steps = row.shape, _inner_steps(row)
    if n_middle > 1 and any(x.steps[2] == 0 for x in row.writes):  # complete only after the middle axis
        return False
    if row.name != "cast" and BYTE in row.dtypes[: len(row.reads)]:
        return False
    beside = all(step in (0, x.size) for step, x in zip(steps, row.operands))
    wide = _is_flat(row) or n_last >= NARROW
    return row.name in OPERATIONS and beside and wide and steps[-1] != 0 and set(row.dtypes) <= set(TYPES)


def _is_flat(row):
    return all(flat_step(x, row.shape) is not None for x in row.operands)


def _inner_steps(row):
    return [flat_step(x, row.shape) if _is_flat(row) else x.steps[3] for x in row.operands]


def _apart(x, y):
    """Whether two operands with the same steps share no memory."""
    return any(a <= b for a, b in ((x.stop, y.address), (y.stop, x.address))) or any(
        a <= b for a, b in ((x.row_stop, y.address), (y.row_stop, x.address))
    )


def _as_kernel(run, later):
    """A list with one kernel, or the rows themselves if a kernel is not faster."""
    if not run or not _is_exact(run[0]) or prod(run[0].shape) < FEW or (len(run) == 1 and _is_flat(run[0])):
        return run
    is_flat = all(map(_is_flat, run))
    places = {x: k for k, x in enumerate(dict.fromkeys(x for row in run for x in row.operands))}
    dtypes = {x: dtype for row in run for x, dtype in zip(row.operands, row.dtypes)}
    written = {x for row in run for x in row.writes}
    read_later = {x for row in later for x in row.reads}
    steps = {x: flat_step(x, run[0].shape) if is_flat else x.steps[3] for x in places}
    form = Form(
        tuple(Operation(row.name, tuple(places[x] for x in row.reads), places[row.writes[0]]) for row in run),
        tuple(dtypes[x] for x in places),
        tuple(steps[x] == 0 for x in places),
        tuple(x in written and (not x.is_scratch or x in read_later) for x in places),
        is_flat,
    )
    return [Kernel(form, list(places), run[0].shape)]
