"""The interpreter: runs the rows of a program, and the batches of an epoch, without Python.

This is the only file that numba compiles, and it contains no formula: a row calls one of NumPy's inner
loops or a kernel on given addresses, or copies numbers. The import of this module compiles it, or loads the
compiled code of an earlier process, and tries it. If numba cannot be used, the import fails.

The layout of rows is defined only here, because numba keeps the compiled code on disk until this file
changes.
"""

import numpy as np
from llvmlite import ir
from numba import carray, config, njit, types
from numba.extending import intrinsic

# the kinds of rows
GROUP, LOOP, CAST, FUSED, GUFUNC, TAKE, ADD_AT, COPY_WHERE, RANDOM = range(9)

# the columns of a row; from AT on there are four entries each, one for each operand; steps are in bytes
KIND, FUNCTION, DATA, N_ARGUMENTS, MODE, MIDDLE, LAST, SIZE = range(8)
AT, BY_MEMBER, BY_ROW, BY_MIDDLE, BY_LAST = range(8, 28, 4)
DIMENSIONS, STEPS = 12, 18  # for a generalised ufunc
WIDTH = 32

# how an elementwise row processes a block: in one call, one call per row, or one call per column
FLAT, ROWS, COLUMNS = range(3)

BYTE, FLOAT, DOUBLE, INTEGER = types.uint8, types.float32, types.float64, types.intp


@intrinsic
def call(typingctx, function, arguments, dimensions, steps, data):
    """Call function(arguments, dimensions, steps, data), where all are given as integers."""

    def codegen(context, builder, signature, values):
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer] * 4)
        address, *rest = values
        function = builder.inttoptr(address, kind.as_pointer())
        builder.call(function, [builder.inttoptr(value, pointer) for value in rest])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), codegen


@intrinsic
def pointer(typingctx, address, kind):
    """The address as a pointer to numbers of this type."""
    result = types.CPointer(kind.instance_type)

    def codegen(context, builder, signature, values):
        return builder.inttoptr(values[0], context.get_value_type(result))

    return result(types.intp, kind), codegen


@njit(nogil=True)
def array(address, n, kind):
    return carray(pointer(address, kind), n)


@njit(nogil=True)
def converted(source, target, n, from_kind, to_kind):
    """target[i] = source[i], with a cast to another type."""
    x, out = array(source, n, from_kind), array(target, n, to_kind)
    for i in range(n):
        out[i] = x[i]


@njit(nogil=True)
def filled(source, target, n, kind):
    """target[i] = source[0]."""
    value, out = array(source, 1, kind)[0], array(target, n, kind)
    for i in range(n):
        out[i] = value


@njit(nogil=True)
def cast_row(which, source, target, n):
    """The cast with this index in `rows.CASTS`, of n contiguous numbers."""
    if which == 0:
        converted(source, target, n, FLOAT, FLOAT)
    elif which == 1:
        converted(source, target, n, DOUBLE, DOUBLE)
    elif which == 2:
        converted(source, target, n, BYTE, FLOAT)
    elif which == 3:
        converted(source, target, n, BYTE, DOUBLE)
    elif which == 4:
        converted(source, target, n, DOUBLE, FLOAT)
    elif which == 5:
        converted(source, target, n, FLOAT, DOUBLE)
    elif which == 6:
        converted(source, target, n, FLOAT, INTEGER)
    elif which == 7:
        converted(source, target, n, DOUBLE, INTEGER)
    elif which == 8:
        converted(source, target, n, INTEGER, INTEGER)
    else:
        converted(source, target, n, BYTE, BYTE)


@njit(nogil=True)
def cast(which, source, target, n, source_step, target_step, source_size, target_size):
    """Copy n numbers, with or without a cast; steps and sizes are in bytes."""
    if source_step == source_size and target_step == target_size:
        cast_row(which, source, target, n)
    elif source_step == 0 and target_step == target_size and which == 0:
        filled(source, target, n, FLOAT)
    elif source_step == 0 and target_step == target_size and which == 1:
        filled(source, target, n, DOUBLE)
    else:
        for i in range(n):
            cast_row(which, source + i * source_step, target + i * target_step, 1)


@njit(nogil=True)
def put(row, n, arguments, dimensions, steps):
    """Call a row's loop once, or cast, on n elements at the addresses in `arguments`, with `steps`."""
    if row[KIND] == CAST:
        cast(row[FUNCTION], arguments[0], arguments[1], n, steps[0], steps[1], row[DATA], row[SIZE])
    else:
        dimensions[0] = n
        call(row[FUNCTION], arguments.ctypes.data, dimensions.ctypes.data, steps.ctypes.data, row[DATA])


@njit(nogil=True)
def elementwise(row, member, first, n_rows, arguments, dimensions, steps):
    """Run a row of a group on the array rows first, ..., first + n_rows - 1 of a member."""
    if row[KIND] == FUSED:
        call(row[FUNCTION], row[DATA], member, first, n_rows)
        return
    n_arguments, mode, n_middle, n_last = row[N_ARGUMENTS], row[MODE], row[MIDDLE], row[LAST]
    if mode == FLAT:
        for a in range(n_arguments):
            arguments[a] = row[AT + a] + member * row[BY_MEMBER + a] + first * row[BY_ROW + a]
            steps[a] = row[BY_LAST + a]
        put(row, n_rows * n_middle * n_last, arguments, dimensions, steps)
        return
    if mode == COLUMNS:
        for j in range(n_middle):
            for i in range(n_last):
                for a in range(n_arguments):
                    start = row[AT + a] + member * row[BY_MEMBER + a] + first * row[BY_ROW + a]
                    arguments[a] = start + j * row[BY_MIDDLE + a] + i * row[BY_LAST + a]
                    steps[a] = row[BY_ROW + a]
                put(row, n_rows, arguments, dimensions, steps)
        return
    for r in range(n_rows):
        for j in range(n_middle):
            for a in range(n_arguments):
                start = row[AT + a] + member * row[BY_MEMBER + a] + first * row[BY_ROW + a]
                arguments[a] = start + r * row[BY_ROW + a] + j * row[BY_MIDDLE + a]
                steps[a] = row[BY_LAST + a]
            put(row, n_last, arguments, dimensions, steps)


@njit(nogil=True)
def take(source, indices, target, n, largest, size):
    """target[i] = source[indices[i]], for numbers of 4 or 8 bytes; indices are clipped to the valid range."""
    index = array(indices, n, INTEGER)
    if size == 4:
        x, out = array(source, largest + 1, FLOAT), array(target, n, FLOAT)
        for i in range(n):
            out[i] = x[min(max(index[i], 0), largest)]
    else:
        y, result = array(source, largest + 1, DOUBLE), array(target, n, DOUBLE)
        for i in range(n):
            result[i] = y[min(max(index[i], 0), largest)]


@njit(nogil=True)
def add_at(target, indices, source, n, n_target, size):
    """target[indices[i]] += source[i], in this order; if NumPy would raise an error, target becomes NaN."""
    index = array(indices, n, INTEGER)
    is_inside = True
    for i in range(n):
        is_inside = is_inside and -n_target <= index[i] < n_target
    if size == 4:
        out, x = array(target, n_target, FLOAT), array(source, n, FLOAT)
        if not is_inside:
            out[:] = np.nan
            return
        for i in range(n):
            out[index[i]] += x[i]
    else:
        result, y = array(target, n_target, DOUBLE), array(source, n, DOUBLE)
        if not is_inside:
            result[:] = np.nan
            return
        for i in range(n):
            result[index[i]] += y[i]


@njit(nogil=True)
def copy_where(mask, source, target, n, source_step, size):
    """target[i] = source[i] where mask[i]."""
    chosen = array(mask, n, BYTE)
    for i in range(n):
        if chosen[i]:
            if size == 4:
                array(target + 4 * i, 1, FLOAT)[0] = array(source + i * source_step, 1, FLOAT)[0]
            else:
                array(target + 8 * i, 1, DOUBLE)[0] = array(source + i * source_step, 1, DOUBLE)[0]


@njit(nogil=True)
def copy_bytes(source, target, n):
    if n % 4 == 0 and source % 4 == 0 and target % 4 == 0:
        x, out = array(source, n // 4, FLOAT), array(target, n // 4, FLOAT)
        for i in range(n // 4):
            out[i] = x[i]
    else:
        y, result = array(source, n, BYTE), array(target, n, BYTE)
        for i in range(n):
            result[i] = y[i]


@njit(nogil=True)
def run(code, stream, arguments, dimensions, steps):
    """Run one step. `stream` is the address of the random numbers for this step."""
    at, n_code = 0, len(code)
    while at < n_code:
        row = code[at]
        kind = row[KIND]
        at += 1
        if kind == GROUP:
            n_members, n_rows, most, n_ops = row[1], row[2], row[3], row[4]
            for member in range(n_members):
                for first in range(0, n_rows, most):
                    n = min(most, n_rows - first)
                    for k in range(at, at + n_ops):
                        elementwise(code[k], member, first, n, arguments, dimensions, steps)
            at += n_ops
        elif kind == GUFUNC:
            for k in range(4):
                arguments[k] = row[AT + k]
            start = row.ctypes.data
            size = 8 * DIMENSIONS
            call(row[FUNCTION], arguments.ctypes.data, start + size, start + 8 * STEPS, row[DATA])
        elif kind == TAKE:
            take(row[1], row[2], row[3], row[4], row[5], row[6])
        elif kind == ADD_AT:
            add_at(row[1], row[2], row[3], row[4], row[5], row[6])
        elif kind == COPY_WHERE:
            copy_where(row[1], row[2], row[3], row[4], row[5], row[6])
        else:
            copy_bytes(stream, row[1], row[2])
            stream += row[2]


@njit(nogil=True)
def gather(tables, order, start, n):
    """Copy the rows order[:, start], ..., order[:, start + n - 1] of each table into the batch."""
    for t in range(len(tables)):
        source, target, size, step = tables[t]
        for member in range(len(order)):
            for i in range(n):
                copy_bytes(source + order[member, start + i] * step, target + (member * n + i) * size, size)


@njit(nogil=True)
def add_losses(losses, n_rows, totals):
    """Add loss times rows of each member to the totals; return the sum of the losses in their dtype."""
    address, n, size = losses
    if size == 4:
        x, total = array(address, n, FLOAT), np.float32(0.0)
        for i in range(n):
            totals[i] += x[i] * np.float64(n_rows)
            total += x[i]
        return np.float64(total)
    y, result = array(address, n, DOUBLE), 0.0
    for i in range(n):
        totals[i] += y[i] * n_rows
        result += y[i]
    return result


def steps_of_rows(code, tables, order, start, batch_size, rate, rates, streams, losses, totals, last):
    """Run steps on one batch after another, until a loss is not finite; return the number of steps done.

    `tables` describes X, y and the weights: address, address in the batch, bytes of a row, bytes to the next
    row. `rate` is the address of the learning rate, `rates` its bytes with one row per step. `streams` has
    the random numbers, one row per step. `losses` has address, number and bytes of the losses of a step, one
    for each member. `totals` holds the sums of loss times rows, `last` the sum of the last losses over
    members.
    """
    arguments, dimensions, steps = np.zeros(4, np.intp), np.zeros(1, np.intp), np.zeros(4, np.intp)
    for step in range(len(rates)):
        gather(tables, order, start + step * batch_size, batch_size)
        copy_bytes(rates[step].ctypes.data, rate, rates.shape[1])
        run(code, streams[step].ctypes.data, arguments, dimensions, steps)
        last[0] = add_losses(losses, batch_size, totals)
        if not np.isfinite(last[0]):
            return step + 1
    return len(rates)


def _in_use(function):
    """The compiled function; it is not cached if the cache on disk cannot be used."""
    if config.DISABLE_JIT:
        raise RuntimeError("numba compiles nothing because NUMBA_DISABLE_JIT is set")
    try:
        return _tried(njit(nogil=True, cache=True)(function))
    except Exception:  # any error of numba: no folder for its cache, a full disk, a damaged file
        return _tried(njit(nogil=True)(function))


def _tried(run):
    """Call the function once with an empty program, because numba compiles, reads and writes at a call."""
    loss, totals, last, rate = np.array([0.5]), np.zeros(1), np.zeros(1), np.zeros(1)
    n_done = run(
        np.empty((0, WIDTH), np.int64),
        np.empty((0, 4), np.int64),
        np.zeros((1, 1), np.intp),
        0,
        1,
        rate.ctypes.data,
        np.ones(1).view(np.uint8).reshape(1, 8),
        np.empty((1, 0), np.uint8),
        np.array([loss.ctypes.data, 1, 8]),
        totals,
        last,
    )
    if (n_done, rate[0], totals[0], last[0]) != (1, 1.0, 0.5, 0.5):
        raise RuntimeError("the code that numba compiled gives wrong numbers")
    return run


run_steps = _in_use(steps_of_rows)
