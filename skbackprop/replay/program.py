"""Turn the calls of a recorded step into rows of integers, which the interpreter runs.

Elementwise calls on the same array rows are in one group: the interpreter passes a block of array rows, as
many as fit into the first-level cache, through all of the calls before it continues with the next block. Runs
of calls that one loop can compute become kernels.
"""

import numpy as np

from skbackprop.memory import empty
from skbackprop.replay.fused import fused
from skbackprop.replay.interpreter import (
    ADD_AT,
    AT,
    CAST,
    COPY_WHERE,
    DATA,
    DIMENSIONS,
    FLAT,
    FUNCTION,
    GROUP,
    GUFUNC,
    KIND,
    LOOP,
    RANDOM,
    STEPS,
    TAKE,
    WIDTH,
)
from skbackprop.replay.loops import core_dimensions, find_loop, resolve
from skbackprop.replay.rows import (
    BYTE,
    CASTS,
    DOUBLE,
    SINGLE,
    WHOLE,
    CannotReplayError,
    Row,
    address_of,
    collide,
    operand,
    overlap,
    rows_at_once,
)

MOST_CALLS = 1024  # the most rows for one call


class Program:
    """Collects the rows of a step.

    Parameters
    ----------
    has_members : bool
        Whether the first axis of every array except scalars is that of an `Ensemble`.

    dtype : dtype, default=float64
        The dtype of theta, and so of the random numbers that the engine draws.
    """

    def __init__(self, has_members, dtype=DOUBLE):
        self.has_members, self.dtype = has_members, np.dtype(dtype)
        self.codes, self.group, self.kept = [], [], []
        self.n_random = 0

    def code(self):
        """The rows as an array of shape (n_rows, WIDTH)."""
        self._end_group()
        return np.array(self.codes, np.int64).reshape(-1, WIDTH)

    # elementwise calls

    def elementwise(self, ufunc, inputs, outputs, sums=False):
        """ufunc(*inputs, out=outputs), where inputs are arrays, which are broadcast, or numbers."""
        n_inputs = len(inputs)
        self._check(n_inputs + len(outputs) <= 4, ufunc, "has many operands")
        apart = not any(overlap(x, out) for x in inputs for out in outputs)
        self._check(apart, ufunc, "overwrites a part of its input")
        dtypes = self._dtypes(ufunc, inputs)
        loop = self._loop(ufunc, dtypes)
        inputs = [
            self._constant(value, dtype) if not isinstance(value, np.ndarray) else value
            for value, dtype in zip(inputs, dtypes)
        ]
        whole = np.broadcast_shapes(*(array.shape for array in (*inputs, *outputs)))
        if 0 in whole:
            return
        shape = self._four(whole)
        before, after, operands = [], [], []
        for array, dtype, is_output in zip(
            (*inputs, *outputs), dtypes, [False] * n_inputs + [True] * len(outputs)
        ):
            place = self._operand(array, whole)
            if array.dtype != dtype:
                scratch = self._scratch(dtype, shape)
                pair = (scratch, place) if is_output else (place, scratch)
                pair_dtypes = (dtype, array.dtype) if is_output else (array.dtype, dtype)
                (after if is_output else before).append(self._cast(pair_dtypes, pair, shape))
                place = scratch
            operands.append(place)
        name, dtypes, n_outputs = _name_of(ufunc), tuple(dtypes), len(outputs)
        row = Row(name, dtypes, LOOP, loop.address, loop.data, shape, tuple(operands), n_outputs, sums)
        self._add([*before, row, *after])

    def copy(self, source, target):
        """target[...] = source."""
        if not target.size:
            return
        if not isinstance(source, np.ndarray):
            source = self._constant(source, target.dtype)
        self._check(not overlap(source, target), "copyto", "overwrites a part of its source")
        whole, shape = target.shape, self._four(target.shape)
        pair = self._operand(source, whole), self._operand(target, whole)
        self._add([self._cast((source.dtype, target.dtype), pair, shape)])

    def reduce(self, ufunc, x, axis, out):
        """ufunc.reduce(x, axis, keepdims=True, out=out), in NumPy's order."""
        self._check(self._dtypes(ufunc, [out, x])[-1] == out.dtype, ufunc, "reduces to another type")
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

    def accumulate(self, ufunc, x, axis, out):
        """ufunc.accumulate(x, axis, out=out), as one call for each index of the axis."""
        x, out = np.moveaxis(x, axis, 0), np.moveaxis(out, axis, 0)
        self._check(len(x) <= MOST_CALLS, ufunc, "accumulates over a long axis")
        self.copy(x[0, ...], out[0, ...])
        for place in range(1, len(x)):
            self.elementwise(ufunc, [out[place - 1, ...], x[place, ...]], [out[place, ...]])

    # other calls

    def gufunc(self, ufunc, inputs, outputs):
        """A generalised ufunc, such as matmul, with a call per index of the leading axes but the last."""
        arrays = (*inputs, *outputs)
        self._check_arrays(ufunc, *arrays)
        apart = not any(np.shares_memory(x, out) for x in inputs for out in outputs)
        self._check(apart, ufunc, "overwrites its input")
        dtypes = self._dtypes(ufunc, inputs)
        self._check(all(array.dtype == dtype for array, dtype in zip(arrays, dtypes)), ufunc, "casts")
        loop, names = self._loop(ufunc, dtypes), core_dimensions(ufunc)
        splits = [array.ndim - len(core) for array, core in zip(arrays, names)]
        self._check(min(splits) >= 0, ufunc, "multiplies vectors")
        in_front = np.broadcast_shapes(*(array.shape[:split] for array, split in zip(arrays, splits)))
        arrays = [
            np.broadcast_to(array, in_front + array.shape[split:]) for array, split in zip(arrays, splits)
        ]
        sizes = {
            name: n
            for array, core in zip(arrays, names)
            for name, n in zip(core, array.shape[len(in_front) :])
        }
        self._check(np.prod(in_front[:-1], dtype=int) <= MOST_CALLS, ufunc, "has long axes in front")
        for place in np.ndindex(in_front[:-1]):
            self._gufunc_row(loop, [array[(*place, ...)] for array in arrays], sizes, len(in_front[-1:]))

    def _gufunc_row(self, loop, arrays, sizes, n_front):
        """A row with one leading axis before the core dimensions, or with none."""
        row = np.zeros(WIDTH, np.int64)
        row[KIND], row[FUNCTION], row[DATA] = GUFUNC, loop.address, loop.data
        row[AT : AT + len(arrays)] = [address_of(array) for array in arrays]
        n_outer = arrays[0].shape[0] if n_front else 1
        steps = [array.strides[0] if n_front else 0 for array in arrays]
        steps += [step for array in arrays for step in array.strides[n_front:]]
        is_short = len(steps) <= WIDTH - STEPS and len(sizes) < STEPS - DIMENSIONS
        self._check(is_short, "a product", "has many axes")
        row[DIMENSIONS : DIMENSIONS + 1 + len(sizes)] = [n_outer, *sizes.values()]
        row[STEPS : STEPS + len(steps)] = steps
        self._alone(row, arrays)

    def take(self, source, indices, out):
        """source.take(indices, out=out, mode="clip") on flattened arrays."""
        self._check_contiguous("take", source, indices, out)
        self._check(indices.dtype == WHOLE and source.dtype == out.dtype, "take", "casts")
        self._check(out.itemsize in (4, 8), "take", f"moves elements of {out.itemsize} bytes")
        numbers = address_of(source), address_of(indices), address_of(out), indices.size, source.size - 1
        self._alone(self._numbers(TAKE, *numbers, out.itemsize), (source, indices, out))

    def add_at(self, target, indices, source):
        """np.add.at(target, indices, source), where all are vectors."""
        self._check_contiguous("add.at", target, indices, source)
        same = target.dtype == source.dtype and source.shape == indices.shape and target.ndim == 1
        self._check(indices.dtype == WHOLE and same, "add.at", "casts or broadcasts")
        self._check(target.dtype in (SINGLE, DOUBLE), "add.at", f"adds {target.dtype}")
        numbers = address_of(target), address_of(indices), address_of(source), indices.size, target.size
        self._alone(self._numbers(ADD_AT, *numbers, target.itemsize), (target, indices, source))

    def copy_where(self, source, target, mask):
        """np.copyto(target, source, where=mask)."""
        if not isinstance(source, np.ndarray):
            source = self._constant(source, target.dtype)
        self._check_contiguous("copyto", target, mask)
        plain = source.size == 1 or (source.shape == target.shape and source.flags.c_contiguous)
        same = mask.shape == target.shape and mask.dtype == BYTE and source.dtype == target.dtype
        self._check(plain and same and target.dtype in (SINGLE, DOUBLE), "copyto", "casts or broadcasts")
        step = 0 if source.size == 1 else source.itemsize
        numbers = address_of(mask), address_of(source), address_of(target), target.size, step, target.itemsize
        self._alone(self._numbers(COPY_WHERE, *numbers), (mask, source, target))

    def random(self, out):
        """generator.random(out=out), which copies from this step's random numbers."""
        self._check_contiguous("random", out)
        self._check(out.dtype == self.dtype, "random", f"draws {out.dtype}, where theta has {self.dtype}")
        self.n_random += out.size
        self._alone(self._numbers(RANDOM, address_of(out), out.nbytes), (out,))

    # pieces

    def _check(self, holds, what, why):
        if not holds:
            raise CannotReplayError(f"{getattr(what, '__name__', what)} {why}")

    def _check_arrays(self, what, *operands):
        self._check(all(isinstance(x, np.ndarray) for x in operands), what, "has an operand that is no array")

    def _check_contiguous(self, what, *arrays):
        self._check_arrays(what, *arrays)
        self._check(all(array.flags.c_contiguous for array in arrays), what, "sees a cut array")

    def _dtypes(self, ufunc, inputs):
        """The dtypes of the operands, as NumPy would choose them."""
        try:
            return resolve(ufunc, inputs)
        except (TypeError, ValueError) as error:  # NumPy's error for an input that it converts to an array
            raise CannotReplayError(f"{ufunc.__name__} has an operand that is no array: {error}") from error

    def _loop(self, ufunc, dtypes):
        loop = find_loop(ufunc, tuple(dtypes))
        self._check(loop is not None, ufunc, f"has no loop for {[str(dtype) for dtype in dtypes]}")
        return loop

    def _constant(self, value, dtype):
        try:
            array = np.array(value, dtype)
        except (
            TypeError,
            ValueError,
            OverflowError,
        ) as error:  # NumPy converts this in a call, but not here
            raise CannotReplayError(f"{value!r} is no number of {dtype}: {error}") from error
        self.kept.append(array)
        return array

    def _cast(self, dtypes, pair, shape):
        self._check(dtypes in CASTS, "a cast", f"from {dtypes[0]} to {dtypes[1]} is not known")
        return Row("cast", dtypes, CAST, CASTS.index(dtypes), pair[0].size, shape, pair, 1, False)

    def _four(self, shape):
        """The shape as (members, rows, middle, last), with length 1 for missing axes."""
        self._check(len(shape) <= 4, "an array", f"has {len(shape)} axes")
        return self._on_four_axes(shape, 1)

    def _on_four_axes(self, numbers, missing):
        """One number for each axis, as (members, rows, middle, last)."""
        has_members = len(numbers) == 4 or (self.has_members and len(numbers) > 1)
        members, rest = (numbers[:1], numbers[1:]) if has_members else ([missing], numbers)
        rows, rest = rest[:1] or [missing], rest[1:]
        return (*members, *rows, *[missing] * (2 - len(rest)), *rest)

    def _operand(self, array, shape):
        steps = np.broadcast_to(array, shape).strides if array.shape != tuple(shape) else array.strides
        self._check(min(steps, default=0) >= 0, "an array", "runs backwards")
        steps = self._on_four_axes([0 if n == 1 else step for n, step in zip(shape, steps)], 0)
        self.kept.append(array)
        return operand(array, steps, self._four(shape))

    def _scratch(self, dtype, shape):
        """A scratch array for an operand in another type."""
        array = empty(shape, dtype)
        self.kept.append(array)
        return operand(array, array.strides, shape, is_scratch=True)

    def _add(self, rows):
        """Add rows that must stay together to the group, or begin a new group with them."""
        if self.group and not self._fits(rows):
            self._end_group()
        self.group += rows

    def _fits(self, rows):
        if self.group[0].shape[:2] != rows[0].shape[:2] or any(map(_has_one_sum, (*self.group, *rows))):
            return False
        return not any(collide(earlier, row) for earlier in self.group for row in rows)

    def _end_group(self):
        if self.group:
            group, self.group = fused(self.group), []
            self.kept += group
            shape = group[0].shape
            most = shape[1] if len(group) == 1 else min(rows_at_once(row.shape) for row in group)
            head = np.zeros(WIDTH, np.int64)
            head[:5] = GROUP, *shape[:2], most, len(group)
            self.codes += [head, *(row.code() for row in group)]

    def _numbers(self, kind, *numbers):
        row = np.zeros(WIDTH, np.int64)
        row[: 1 + len(numbers)] = kind, *numbers
        return row

    def _alone(self, row, arrays):
        self._end_group()
        self.kept += arrays
        self.codes.append(row)


def _name_of(ufunc):
    """The name of a ufunc of NumPy; None for other ufuncs."""
    return ufunc.__name__ if getattr(np, ufunc.__name__, None) is ufunc else ""


def _has_one_sum(row):
    """Whether the row adds all numbers in one call: in blocks the order would differ."""
    return row.sums and row.mode() == FLAT
