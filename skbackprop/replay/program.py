"""From the calls of a recorded step to rows of integers, which the interpreter walks.

Calls that work element by element on the same rows stand in one group: the interpreter passes a block of rows,
as many as stay in the first-level cache, through all of them before it goes on to the next block.
"""

from typing import NamedTuple

import numpy as np

from skbackprop.memory import empty
from skbackprop.replay.loops import core_dimensions, find_loop, resolve

# kinds of rows
GROUP, LOOP, CAST, GUFUNC, TAKE, ADD_AT, COPY_WHERE, RANDOM = range(8)

# columns of a row; from AT on there is one for each of four operands, steps in bytes
KIND, FUNCTION, DATA, N_ARGUMENTS, MODE, MIDDLE, LAST, SIZE = range(8)
AT, BY_MEMBER, BY_BLOCK, BY_ROW, BY_MIDDLE, BY_LAST = range(8, 32, 4)
DIMENSIONS, STEPS = 12, 18  # of a generalised ufunc
WIDTH = 32

# how an elementwise row visits a block: in one call, in a call for each row, in a call for each column
FLAT, ROWS, COLUMNS = range(3)
NARROW = 8  # columns: calls along the rows are faster below

BLOCK = 2**14  # bytes of one array
LINE = 16  # rows: blocks of so many begin at a cache line where the first does
MANY_BLOCKS = 3  # from so many on a row that is added to all others is repeated for a block

BYTE, WHOLE, SINGLE, DOUBLE = map(np.dtype, (bool, np.intp, np.float32, np.float64))
CASTS = [
    *((SINGLE, SINGLE), (DOUBLE, DOUBLE), (BYTE, SINGLE), (BYTE, DOUBLE), (DOUBLE, SINGLE)),
    *((SINGLE, DOUBLE), (SINGLE, WHOLE), (DOUBLE, WHOLE), (WHOLE, WHOLE), (BYTE, BYTE)),
]


class CannotReplayError(Exception):
    """Why a step cannot be replayed."""


class Operand(NamedTuple):
    """An array as the interpreter sees it: (members, rows, middle, last), steps in bytes."""

    address: int
    steps: tuple
    size: int  # bytes of an element
    by_block: (
        int  # how far a block of n rows moves it is n times this: 0 for scratch that every block uses again
    )

    def range_of_row(self, shape):
        """First and last byte, and one, that row 0 of member 0 touches."""
        _, _, n_middle, n_last = shape
        return self.address, self.address + self.size + sum(
            (n - 1) * step for n, step in zip((n_middle, n_last), self.steps[2:])
        )

    def range(self, shape):
        start, stop = self.range_of_row(shape)
        return start, stop + sum((n - 1) * step for n, step in zip(shape[:2], self.steps[:2]))


class Row(NamedTuple):
    """An elementwise row: operands, those it writes last."""

    kind: int
    loop: int
    data: int
    shape: tuple
    operands: tuple
    n_outputs: int
    sums: bool  # of which the order matters: adds up along a row

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
            row[AT + k], row[BY_BLOCK + k] = operand.address, operand.by_block
            row[BY_MEMBER + k], row[BY_ROW + k], row[BY_MIDDLE + k], row[BY_LAST + k] = operand.steps
            if row[MODE] == FLAT:
                row[BY_LAST + k] = _flat_step(operand, self.shape)
        return row

    def mode(self):
        _, _, n_middle, n_last = self.shape
        if all(_flat_step(operand, self.shape) is not None for operand in self.operands):
            return FLAT
        return COLUMNS if n_middle * n_last < NARROW and not self.sums else ROWS


def _is_same_for_each_row(operand, shape):
    _, _, n_middle, n_last = shape
    inner = (n_last * operand.size if n_middle > 1 else 0, operand.size)
    return n_last > 1 and operand.steps[1:] == (0, *inner)


def _flat_step(operand, shape):
    """The one step in which all rows of a block are visited; None if there is no such step."""
    _, n_rows, n_middle, n_last = shape
    sizes = [(n, step) for n, step in zip((n_rows, n_middle, n_last), operand.steps[1:]) if n > 1]
    if not sizes:
        return operand.size
    for (_, outer), (n, inner) in zip(sizes, sizes[1:]):
        if outer != n * inner:
            return None
    return sizes[-1][1]


class Program:
    """Collects the rows of a step.

    Parameters
    ----------
    has_members : bool
        Whether the first axis of every array but scalars is that of an `Ensemble`.
    """

    def __init__(self, has_members):
        self.has_members = has_members
        self.codes, self.group, self.kept = [], [], []
        self.n_random = 0

    def code(self):
        """The rows as an array of shape (n_rows, WIDTH)."""
        self._end_group()
        return np.array(self.codes, np.int64).reshape(-1, WIDTH)

    # elementwise calls

    def elementwise(self, ufunc, inputs, outputs, sums=False):
        """ufunc(*inputs, out=outputs): arrays that are broadcast, or numbers."""
        n_inputs = len(inputs)
        self._check(n_inputs + len(outputs) <= 4, ufunc, "has many operands")
        self._check(
            not any(_overlap(x, out) for x in inputs for out in outputs), ufunc, "overwrites its input"
        )
        dtypes = resolve(ufunc, [*inputs, *outputs], n_inputs)
        loop = self._loop(ufunc, dtypes)
        inputs = [
            self._constant(value, dtype) if not isinstance(value, np.ndarray) else value
            for value, dtype in zip(inputs, dtypes)
        ]
        whole = np.broadcast_shapes(*(array.shape for array in (*inputs, *outputs)))
        shape = self._four(whole)
        before, after, operands = [], [], []
        for array, dtype, is_output in zip(
            (*inputs, *outputs), dtypes, [False] * n_inputs + [True] * len(outputs)
        ):
            operand = self._operand(array, whole)
            if array.dtype != dtype:
                scratch = self._scratch(dtype, shape)
                pair = (scratch, operand) if is_output else (operand, scratch)
                pair_dtypes = (dtype, array.dtype) if is_output else (array.dtype, dtype)
                (after if is_output else before).append(self._cast(pair_dtypes, pair, shape))
                operand = scratch
            operands.append(operand)
        row = Row(LOOP, loop.address, loop.data, shape, tuple(operands), len(outputs), sums)
        self._add([*before, row, *after])

    def copy(self, source, target):
        """target[...] = source."""
        if not isinstance(source, np.ndarray):
            source = self._constant(source, target.dtype)
        whole, shape = target.shape, self._four(target.shape)
        pair = self._operand(source, whole), self._operand(target, whole)
        self._add([self._cast((source.dtype, target.dtype), pair, shape)])

    def reduce(self, ufunc, x, axis, out):
        """ufunc.reduce(x, axis, keepdims=True, out=out), in NumPy's order."""
        identity = ufunc.identity
        if identity is None:
            first = [slice(None)] * x.ndim
            first[axis] = slice(0, 1)
            self.copy(x[tuple(first)], out)
            first[axis] = slice(1, None)
            x = x[tuple(first)]
            if not x.size:
                return
        else:
            self.copy(float(identity), out)
        out = np.broadcast_to(out, x.shape)
        self.elementwise(ufunc, [out, x], [out], sums=ufunc is np.add)

    # other calls

    def gufunc(self, ufunc, inputs, outputs):
        """A generalised ufunc, such as matmul, with one axis in front of the core dimensions at most."""
        arrays = (*inputs, *outputs)
        dtypes = resolve(ufunc, arrays, len(inputs))
        self._check(all(array.dtype == dtype for array, dtype in zip(arrays, dtypes)), ufunc, "casts")
        loop = self._loop(ufunc, dtypes)
        names = core_dimensions(ufunc)
        sizes, outer = {}, []
        for array, core in zip(arrays, names):
            split = array.ndim - len(core)
            self._check(split >= 0, ufunc, "multiplies vectors")
            sizes.update(zip(core, array.shape[split:]))
            outer.append((array.shape[:split], array.strides[:split], array.strides[split:]))
        in_front = np.broadcast_shapes(*(shape for shape, _, _ in outer))
        self._check(len(in_front) <= 1, ufunc, "has several axes in front")
        n_outer = int(np.prod(in_front))
        steps = [strides[0] if shape and shape[0] > 1 else 0 for shape, strides, _ in outer]
        steps += [step for _, _, core in outer for step in core]
        self._check(len(steps) <= WIDTH - STEPS and len(sizes) < STEPS - DIMENSIONS, ufunc, "has many axes")
        row = np.zeros(WIDTH, np.int64)
        row[KIND], row[FUNCTION], row[DATA] = GUFUNC, loop.address, loop.data
        for k, array in enumerate(arrays):
            row[AT + k] = _address(array)
        row[DIMENSIONS : DIMENSIONS + 1 + len(sizes)] = [n_outer, *sizes.values()]
        row[STEPS : STEPS + len(steps)] = steps
        self._alone(row, arrays)

    def take(self, source, indices, out):
        """source.take(indices, out=out, mode="clip"), of all numbers in a row."""
        self._check_contiguous("take", source, indices, out)
        self._check(indices.dtype == WHOLE and source.dtype == out.dtype, "take", "casts")
        numbers = _address(source), _address(indices), _address(out), indices.size, source.size - 1
        self._alone(self._numbers(TAKE, *numbers, out.itemsize), (source, indices, out))

    def add_at(self, target, indices, source):
        """np.add.at(target, indices, source), a vector all."""
        self._check_contiguous("add.at", target, indices, source)
        same = target.dtype == source.dtype and source.shape == indices.shape and target.ndim == 1
        self._check(indices.dtype == WHOLE and same, "add.at", "casts or broadcasts")
        numbers = _address(target), _address(indices), _address(source), indices.size, target.size
        self._alone(self._numbers(ADD_AT, *numbers, target.itemsize), (target, indices, source))

    def copy_where(self, source, target, mask):
        """np.copyto(target, source, where=mask)."""
        if not isinstance(source, np.ndarray):
            source = self._constant(source, target.dtype)
        self._check_contiguous("copyto", target, mask)
        plain = source.size == 1 or (source.shape == target.shape and source.flags.c_contiguous)
        same = mask.shape == target.shape and mask.dtype == BYTE and source.dtype == target.dtype
        self._check(plain and same and target.dtype.kind == "f", "copyto", "casts or broadcasts")
        step = 0 if source.size == 1 else source.itemsize
        numbers = _address(mask), _address(source), _address(target), target.size, step, target.itemsize
        self._alone(self._numbers(COPY_WHERE, *numbers), (mask, source, target))

    def random(self, out):
        """generator.random(out=out): from the step's own row of numbers."""
        self._check_contiguous("random", out)
        self.n_random += out.size
        self._alone(self._numbers(RANDOM, _address(out), out.nbytes), (out,))

    # pieces

    def _check(self, holds, what, why):
        if not holds:
            raise CannotReplayError(f"{getattr(what, '__name__', what)} {why}")

    def _check_contiguous(self, what, *arrays):
        self._check(all(array.flags.c_contiguous for array in arrays), what, "sees a cut array")

    def _loop(self, ufunc, dtypes):
        loop = find_loop(ufunc, tuple(dtypes))
        self._check(loop is not None, ufunc, f"has no loop for {[str(dtype) for dtype in dtypes]}")
        return loop

    def _constant(self, value, dtype):
        array = np.array(value, dtype)
        self.kept.append(array)
        return array

    def _cast(self, dtypes, pair, shape):
        self._check(dtypes in CASTS, "a cast", f"from {dtypes[0]} to {dtypes[1]} is not known")
        return Row(CAST, CASTS.index(dtypes), pair[0].size, shape, pair, 1, False)

    def _four(self, shape):
        """The shape with axes of length 1 where some are missing: (members, rows, middle, last)."""
        members = ()
        if self.has_members and len(shape) > 1:
            members, shape = shape[:1], shape[1:]
        self._check(len(shape) <= 3, "an array", f"has {len(shape) + len(members)} axes")
        rows, rest = shape[:1] or (1,), shape[1:]
        return (*(members or (1,)), *rows, *(1,) * (2 - len(rest)), *rest)

    def _operand(self, array, shape):
        steps = np.broadcast_to(array, shape).strides if array.shape != tuple(shape) else array.strides
        self._check(min(steps, default=0) >= 0, "an array", "runs backwards")
        steps = [0 if n == 1 else step for n, step in zip(shape, steps)]
        members = ()
        if self.has_members and len(shape) > 1:
            members, steps = steps[:1], steps[1:]
        rows, rest = steps[:1] or (0,), steps[1:]
        steps = (*(members or (0,)), *rows, *(0,) * (2 - len(rest)), *rest)
        self.kept.append(array)
        return Operand(_address(array), steps, array.itemsize, steps[1])

    def _scratch(self, dtype, shape):
        """Room for a block in another type."""
        _, n_rows, n_middle, n_last = shape
        size = dtype.itemsize
        n = min(n_rows, _rows_at_once(shape))
        array = empty(n * n_middle * n_last, dtype)
        self.kept.append(array)
        steps = (0, n_middle * n_last * size, n_last * size, size)
        return Operand(_address(array), steps, size, 0)

    def _add(self, rows):
        """Rows that belong together join the group, or begin a new one."""
        if self.group and not self._fits(rows):
            self._end_group()
        self.group += rows

    def _fits(self, rows):
        if self.group[0].shape[:2] != rows[0].shape[:2]:
            return False
        return not any(_collide(earlier, row) for earlier in self.group for row in rows)

    def _end_group(self):
        if self.group:
            group, self.group = self.group, []
            most = min(_rows_at_once(row.shape) for row in group)
            if group[0].shape[1] >= MANY_BLOCKS * most:
                tiles = {}
                group = [self._tiled(row, most, tiles) for row in group]
                if tiles:
                    self._write_group(list(tiles.values()), most)
            self._write_group(group, most)

    def _write_group(self, group, most):
        head = np.zeros(WIDTH, np.int64)
        head[:5] = GROUP, *group[0].shape[:2], most, len(group)
        self.codes += [head, *(row.code() for row in group)]

    def _tiled(self, row, most, tiles):
        """The row in one call a block: what is the same for each row is repeated for a block beforehand."""
        repeated = [operand for operand in row.reads if _is_same_for_each_row(operand, row.shape)]
        flat = [operand for operand in row.operands if _flat_step(operand, row.shape) is not None]
        if row.sums or not repeated or len(repeated) + len(flat) < len(row.operands):
            return row
        found = {operand: tiles.get(operand) or self._tile(operand, row.shape, most) for operand in repeated}
        tiles.update(found)
        tile_of = {operand: copy.writes[0] for operand, copy in found.items()}
        return row._replace(operands=tuple(tile_of.get(operand, operand) for operand in row.operands))

    def _tile(self, operand, shape, most):
        """A copy of a row for each row of a block, as the call that makes it."""
        n_members, _, n_middle, n_last = shape
        array = empty((n_members, most, n_middle, n_last), f"V{operand.size}")
        self.kept.append(array)
        tile = Operand(_address(array), array.strides, operand.size, 0)
        kind = {1: (BYTE, BYTE), 4: (SINGLE, SINGLE), 8: (DOUBLE, DOUBLE)}[operand.size]
        return self._cast(kind, (operand, tile), array.shape)

    def _numbers(self, kind, *numbers):
        row = np.zeros(WIDTH, np.int64)
        row[: 1 + len(numbers)] = kind, *numbers
        return row

    def _alone(self, row, arrays):
        self._end_group()
        self.kept += arrays
        self.codes.append(row)


def _rows_at_once(shape):
    n = max(1, BLOCK // (4 * shape[2] * shape[3]))
    return n if n < LINE else n - n % LINE


def _address(array):
    return array.__array_interface__["data"][0]


def _overlap(x, out):
    """Whether an input shares memory with an output without being the same array."""
    if not isinstance(x, np.ndarray) or (_address(x), x.strides) == (_address(out), out.strides):
        return False
    return np.shares_memory(x, out)


def _collide(a, b):
    """Whether b, after a in one group, would see another block of what a writes, or a of what b writes."""
    pairs = [(x, y) for x in a.writes for y in b.operands] + [(x, y) for x in a.reads for y in b.writes]
    return any(_out_of_step(x, a.shape, y, b.shape) for x, y in pairs)


def _out_of_step(x, x_shape, y, y_shape):
    (x_start, x_stop), (y_start, y_stop) = x.range(x_shape), y.range(y_shape)
    if x_stop <= y_start or y_stop <= x_start:
        return False
    n_members, n_rows = x_shape[:2]
    (x_start, x_stop), (y_start, y_stop) = x.range_of_row(x_shape), y.range_of_row(y_shape)
    extent = max(x_stop, y_stop) - min(x_start, y_start)
    if n_rows > 1 and not x.steps[1] == y.steps[1] >= extent:
        return True
    extent += (n_rows - 1) * x.steps[1]
    return n_members > 1 and not (x.steps[0] == y.steps[0] >= extent)
