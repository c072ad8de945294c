"""Kernels of element-wise rows beside NumPy: the same bits, special values included, whatever the layout."""

from itertools import product

import numpy as np
import pytest
from shared.replays import replayed

from skbackprop.replay.fused import Kernel, fused
from skbackprop.replay.kernels import OPERATIONS
from skbackprop.replay.program import Program

DTYPES = np.float32, np.float64
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-42, -1e-42, 1.0, -1.0, 3.4e38]


def numbers(shape, dtype, seed=0):
    """Random numbers, a fifth of them special."""
    random_state = np.random.RandomState(seed)
    x = random_state.normal(size=shape)
    return np.where(random_state.uniform(size=shape) < 0.2, random_state.choice(SPECIAL, shape), x).astype(
        dtype
    )


def kernels_of(program):
    return [row for row in program.kept if isinstance(row, Kernel)]


def run_both(calls, arrays):
    """Arrays after the calls by NumPy, and after a program; the kernels. `arrays` makes new ones."""
    by_numpy, by_replay, program = arrays(), arrays(), Program(has_members=False)
    for ufunc, inputs, output in calls:
        with np.errstate(all="ignore"):
            ufunc(*(by_numpy.get(x, x) for x in inputs), out=by_numpy[output])
        program.elementwise(ufunc, [by_replay.get(x, x) for x in inputs], [by_replay[output]])
    replayed(program)
    return by_numpy, by_replay, kernels_of(program)


def assert_same(by_numpy, by_replay):
    for name, wanted in by_numpy.items():
        np.testing.assert_array_equal(by_replay[name], wanted, name)
        if wanted.dtype.kind == "f":
            known = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.signbit(by_replay[name][known]), np.signbit(wanted[known]), name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {"cast"}))
def test_every_operation_on_special_values(name, dtype):
    ufunc = getattr(np, name)
    inputs = ["x", "y"][: ufunc.nin]
    for n in (256, 257, 270, 1000, 4097):

        def arrays(n=n):
            x, y = numbers(n, dtype), numbers(n, dtype, 1)
            is_bool = name in ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
            return {
                "x": x,
                "y": y,
                "out": np.empty(n, bool if is_bool else dtype),
                "twice": np.empty(n, dtype),
            }

        calls = [
            (ufunc, inputs, "out"),
            (np.multiply, ["out", 2.0], "twice"),
            (np.add, ["twice", "x"], "twice"),
        ]
        by_numpy, by_replay, kernels = run_both(calls, arrays)
        assert len(kernels) == 1
        assert_same(by_numpy, by_replay)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(300, 50), (64, 8), (9, 3, 40), (700, 17), (40, 5), (1, 600)])
def test_rows_columns_and_numbers_that_are_broadcast(shape, dtype):
    column = (*shape[:-1], 1)

    def arrays():
        named = {
            "x": numbers(shape, dtype),
            "row": numbers(shape[-1:], dtype),
            "column": numbers(column, dtype),
        }
        return {**named, "out": numbers(shape, dtype, 2), "is_large": np.empty(shape, bool)}

    calls = [
        (np.add, ["x", "row"], "out"),
        (np.multiply, ["out", "column"], "out"),
        (np.maximum, ["out", 0.0], "x"),
        (np.greater, ["x", "row"], "is_large"),
        (np.multiply, ["is_large", "out"], "out"),
    ]
    by_numpy, by_replay, _ = run_both(calls, arrays)
    assert_same(by_numpy, by_replay)


def test_precisions_meet_in_one_kernel():
    def arrays():
        return {
            "x": numbers(500, np.float32),
            "y": numbers(500, np.float64),
            "out": np.empty(500, np.float32),
        }

    calls = [(np.add, ["x", "y"], "y"), (np.multiply, ["x", 2.0], "out"), (np.multiply, ["out", "x"], "x")]
    by_numpy, by_replay, kernels = run_both(calls, arrays)
    assert len(kernels) == 1
    assert_same(by_numpy, by_replay)


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts_of_one_array_are_apart_or_do_not_share_a_kernel(dtype):
    """Columns side by side, columns that overlap, and one array moved by a row."""
    for first, second in product([slice(0, 20), slice(5, 25), slice(20, 40)], repeat=2):

        def arrays(first=first, second=second):
            whole = numbers((300, 40), dtype)
            return {"first": whole[:, first], "second": whole[:, second], "out": numbers((300, 20), dtype)}

        calls = [
            (np.multiply, ["first", 0.5], "first"),
            (np.add, ["second", "out"], "out"),
            (np.subtract, ["out", "second"], "second"),
        ]
        by_numpy, by_replay, _ = run_both(calls, arrays)
        assert_same(by_numpy, by_replay)

    def moved():
        whole = numbers(601, dtype)
        return {"early": whole[:600], "late": whole[1:], "out": numbers(600, dtype, 1)}

    calls = [(np.multiply, ["early", 3.0], "early"), (np.add, ["late", "out"], "out")]
    by_numpy, by_replay, kernels = run_both(calls, moved)
    assert not kernels
    assert_same(by_numpy, by_replay)


def test_sums_over_rows_are_in_the_order_of_numpy():
    x, out = np.random.RandomState(0).normal(size=(300, 40)).astype(np.float32), np.empty((1, 40), np.float32)
    program = Program(has_members=False)
    program.elementwise(np.multiply, [x, x], [x])
    program.reduce(np.add, x, 0, out)
    wanted = np.add.reduce(x * x, axis=0, keepdims=True)
    replayed(program)
    np.testing.assert_array_equal(out, wanted)


def test_runs_of_one_form_share_a_kernel_and_a_few_numbers_have_none():
    programs = []
    for n in (300, 5000, 10):
        x, y = numbers(n, np.float32), numbers(n, np.float32, 1)
        programs.append(Program(has_members=False))
        programs[-1].elementwise(np.add, [x, y], [x])
        programs[-1].elementwise(np.sqrt, [x], [x])
        replayed(programs[-1])
    (first,), (second,), none = map(kernels_of, programs)
    assert first.function == second.function
    assert none == []


def test_what_is_not_exact_ends_a_run():
    x, program = np.ones(500), Program(has_members=False)
    for ufunc in (np.square, np.sqrt, np.exp, np.sqrt, np.square):
        program.elementwise(ufunc, [x], [x])
    (group,) = [fused(program.group)]
    assert [row.name if not isinstance(row, Kernel) else "kernel" for row in group] == [
        "kernel",
        "exp",
        "kernel",
    ]
