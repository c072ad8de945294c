"""What users may write in a step: replayed with NumPy's bits, or refused and left to NumPy."""

import ctypes
import gc
import os
import pickle
import shutil
import subprocess
import sys
import warnings
import weakref
from dataclasses import dataclass
from itertools import count
from unittest.mock import Mock

import numpy as np
import pytest
from shared.processes import in_another_process
from shared.replays import replayed
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropRegressor
from skbackprop.layers import Layer
from skbackprop.memory import GENERATOR, Buffer, Parameter
from skbackprop.replay import choice, engine, interpreter, kernels
from skbackprop.replay.program import CannotReplayError, Program

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:engine='replay'"
)


def make_an_array(x, work):
    np.copyto(work.output, x * 1.0)


def copy_it(x, work):
    np.multiply(x.copy(), 1.0, out=work.output)


def index_it(x, work):
    np.copyto(work.output, x[..., np.arange(x.shape[-1])])


def read_a_sum(x, work):
    np.add.reduce(x, axis=None, out=work.total)
    np.multiply(x, float(work.total) ** 0, out=work.output)


def choose_by_where(x, work):
    np.copyto(work.output, np.where(x > 0, x, x))


def strip(x, work):
    np.multiply(np.asarray(x), 1.0, out=np.asarray(work.output))


def assign_by_mask(x, work):
    np.greater(x, 0.5, out=work.mask)
    np.copyto(work.output, x)
    work.output[work.mask] = 0.5


def assign_elements(x, work):
    work.row[0] = 2.0
    work.row[1:] = [3.0, 4.0]
    np.multiply(x, work.row[:1], out=work.output)


def product_without_out(x, work):
    np.copyto(work.output, np.dot(x, np.eye(x.shape[-1], dtype=x.dtype)))


def operand_in_a_list(x, work):
    np.multiply(x, [2.0] * x.shape[-1], out=work.output)


def count_in_place(x, work):
    np.add.at(work.row, np.array([0, 1, 1]), 1.0)
    np.copyto(work.output, x)


def read_a_number(x, work):
    np.add(work.row, 1.0, out=work.row)
    np.multiply(x, work.row[0] ** 0, out=work.output)


def iterate(x, work):
    np.multiply(x, max(work.row) * 0.0 + 1.0, out=work.output)


def draw_in_double(x, work):
    work.generator.random(out=work.double)
    np.multiply(x, 0.5, out=work.output)


def keywords(x, work):
    np.copyto(dst=work.output, src=x)


def logic(x, work):
    np.greater(x, -1.0, out=work.mask)
    np.less(x, 1.0, out=work.other)
    np.multiply(work.mask, work.other, out=work.mask)
    np.add(work.mask, work.other, out=work.other)
    np.multiply(x, work.mask, out=work.output)


def shift(x, work):
    np.copyto(work.output, x)
    np.copyto(work.output[..., 1:], work.output[..., :-1])


def normalize_over_the_middle(x, work):
    parts = work.parts
    np.copyto(parts[:, :, 0], x)
    np.multiply(x, x, out=parts[:, :, 1])
    np.add.reduce(parts, axis=1, keepdims=True, out=work.sums)
    np.add(work.sums, 20.0, out=work.sums)
    np.divide(parts, work.sums, out=parts)
    np.copyto(work.output, parts[:, :, 0])


WAYS = [
    (make_an_array, "makes an array"),
    (copy_it, "copy"),
    (index_it, "makes an array"),
    (read_a_sum, "reduce with these settings"),
    (choose_by_where, "makes an array"),
    (strip, "other numbers"),
    (assign_by_mask, "assignment to chosen elements"),
    (assign_elements, None),
    (product_without_out, "dot"),
    (operand_in_a_list, "an operand that is no array"),
    (count_in_place, "an operand that is no array"),
    (read_a_number, "read by indexing"),
    (iterate, "read by indexing"),
    (draw_in_double, "draws float64"),
    (keywords, None),
    (logic, None),
    (shift, "overwrites a part"),
    (normalize_over_the_middle, None),
]


@dataclass(eq=False, repr=False)
class Written(Layer):
    """A layer whose output is written by `way(x, work)`; the gradient is that of its input."""

    way: object = keywords

    def buffers(self, n_inputs):
        return {
            "output": n_inputs,
            "input_gradient": n_inputs,
            "mask": Buffer((n_inputs,), dtype=bool),
            "other": Buffer((n_inputs,), dtype=bool),
            "double": Buffer((n_inputs,), dtype=float),
            "total": Buffer((), per_sample=False),
            "row": Buffer((3,), per_sample=False, fill=lambda n_samples: 0.0),
            "parts": Buffer((n_inputs, 2)),
            "sums": Buffer((1, 2)),
            "generator": GENERATOR,
        }

    def forward(self, x, params, work, training):
        self.way(x, work)
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient

    def input_gradient(self, params, work):
        return work.output_gradient


@pytest.mark.parametrize(("way", "reason"), WAYS, ids=lambda value: getattr(value, "__name__", ""))
def test_whatever_is_written(way, reason):
    X, y = load_diabetes(return_X_y=True)
    X = (20.0 * X).astype(np.float32)
    model = BackpropRegressor(hidden_layer_sizes=[Written(way), 5], random_state=0, max_iter=5)
    wanted = clone(model).set_params(engine="numpy").fit(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = clone(model).set_params(engine="replay").fit(X, y)
    said = [str(w.message) for w in caught if not issubclass(w.category, ConvergenceWarning)]
    np.testing.assert_array_equal(found.network_.theta, wanted.network_.theta)
    assert found.loss_curve_ == wanted.loss_curve_
    if reason is None:
        assert (found.engine_, found.engine_refusal_, said) == ("replay", None, [])
    else:
        assert found.engine_ == "numpy"
        assert reason in found.engine_refusal_
        assert said == [f"engine='replay': NumPy did the steps, because {found.engine_refusal_}."]


def test_a_layer_that_counts_its_calls_is_found():
    calls = count(1)

    def counted(x, work):
        np.multiply(x, 1.0 + 1e-2 * next(calls), out=work.output)

    X, y = load_diabetes(return_X_y=True)
    model = BackpropRegressor(
        hidden_layer_sizes=[Written(counted), 5], random_state=0, max_iter=3, engine="replay"
    )
    assert "other numbers" in model.fit(20.0 * X, y).engine_refusal_


@dataclass(eq=False, repr=False)
class Hidden(Layer):
    """x + b, whose gradient no tape sees."""

    def parameters(self, n_inputs):
        return {"b": Parameter((n_inputs,), lambda random_state: np.zeros(n_inputs))}

    def buffers(self, n_inputs):
        return {"output": n_inputs, "input_gradient": n_inputs}

    def forward(self, x, params, work, training):
        np.add(x, params.b, out=work.output)
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        np.add.reduce(np.asarray(output_gradient), axis=0, out=np.asarray(gradients.b))
        work.output_gradient = output_gradient

    def input_gradient(self, params, work):
        return work.output_gradient


def test_a_gradient_that_no_tape_sees_is_found_in_a_small_step():
    X, y = load_diabetes(return_X_y=True)
    settings = {"hidden_layer_sizes": [5, Hidden()], "solver": "sgd", "momentum": 0.0, "max_iter": 3}
    net = BackpropRegressor(**settings, random_state=0, engine="replay")
    assert "other numbers" in net.fit(X.astype(np.float32), y / 100.0).engine_refusal_


def test_what_a_recording_holds_goes_with_the_estimator():
    X, y = load_diabetes(return_X_y=True)
    net = BackpropRegressor(random_state=0, max_iter=3, engine="replay").fit(X, y)
    recordings = net.run_.engine._recordings.values()
    kept = [array for recording in recordings for array in recording.kept if isinstance(array, np.ndarray)]
    arrays = [weakref.ref(array) for array in kept]
    assert len(arrays) > 20
    del net, recordings, kept
    gc.collect()
    assert [array() for array in arrays] == [None] * len(arrays)


def test_a_stream_with_many_sizes_keeps_the_last_recordings(monkeypatch):
    monkeypatch.setattr(engine, "MOST_SIZES", 2)
    X, y = load_diabetes(return_X_y=True)
    sizes = [5, 6, 7, 7, 6, 7, 5]
    nets = [BackpropRegressor(random_state=0, engine=name) for name in ("replay", "numpy")]
    for net in nets:
        for size in sizes:
            net.partial_fit(X[:size], y[:size])
    assert [key[0] for key in nets[0].run_.engine._recordings] == [7, 5]
    np.testing.assert_array_equal(nets[0].network_.theta, nets[1].network_.theta)


@pytest.mark.parametrize(
    ("numba", "message"),
    [
        ("sys.modules['numba'] = None", ": python -m pip install 'skbackprop[fast]'"),
        ("sys.path.insert(0, folder)", ", which cannot be used here: Numba needs NumPy 1.0 or less"),
    ],
    ids=["missing", "unusable"],
)
def test_without_numba_auto_is_numpy_and_replay_says_why(numba, message, tmp_path):
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text("raise ImportError('Numba needs NumPy 1.0 or less')")
    program = (
        f"import sys; assert 'numba' not in sys.modules; {numba}\n"
        "from skbackprop import BackpropRegressor\n"
        "X = [[0.0], [1.0]]; y = [0.0, 1.0]\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "answer = [BackpropRegressor(max_iter=200_000, tol=0, n_iter_no_change=2).fit(X, y).engine_]\n"
        "try:\n    BackpropRegressor(engine='replay').fit(X, y)\n"
        "except ImportError as error:\n    answer.append(str(error))\n"
    )
    status, answer = in_another_process(program, folder=str(tmp_path))
    assert (status, answer) == (0, ["numpy", f"engine='replay' needs numba{message}"])


STREAM = """
import warnings; warnings.simplefilter("ignore")
from skbackprop import BackpropRegressor
net = BackpropRegressor(max_iter=200_000, tol=0, n_iter_no_change=2).fit([[0.0], [1.0]], [0.0, 1.0])
print(net.engine_, net.engine_refusal_)
try:
    print(BackpropRegressor(engine="replay").fit([[0.0], [1.0]], [0.0, 1.0]).engine_)
except ImportError as error:
    print(error)
"""


def in_a_process(before="", **environment):
    """What a program prints that fits with both engines, with such settings of the environment."""
    command = ["bash", "-c", f"{before} exec {sys.executable} -c '{STREAM}'"]
    result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    assert not result.returncode, result.stderr
    return result.stdout.splitlines()


def test_where_numba_is_told_to_compile_nothing_numpy_does_the_steps():
    assert in_a_process(NUMBA_DISABLE_JIT="1") == [
        "numpy numba cannot be used here: numba compiles nothing because NUMBA_DISABLE_JIT is set",
        "engine='replay' needs numba, which cannot be used here: numba compiles nothing because "
        "NUMBA_DISABLE_JIT is set",
    ]


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "other bytes": lambda path: path.write_bytes(bytes(range(256)) * 8),
    "of another kind": lambda path: path.write_bytes(pickle.dumps({"a": 1})),
    "unreadable": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.fixture(scope="module")
def cache_of_numba(tmp_path_factory):
    """A folder that one process has filled: to compile takes the better part of a minute."""
    folder = tmp_path_factory.mktemp("cache")
    assert in_a_process(NUMBA_CACHE_DIR=str(folder)) == ["replay None", "replay"]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "ending"), [*((damage, "nbi") for damage in DAMAGE), ("cut", "nbc")])
def test_a_bad_file_of_numbas_cache_is_left_aside(damage, ending, cache_of_numba, tmp_path):
    folder = shutil.copytree(cache_of_numba, tmp_path / "cache")
    files = [*folder.rglob(f"*.{ending}")]
    assert files
    for path in files:
        DAMAGE[damage](path)
    assert in_a_process(NUMBA_CACHE_DIR=str(folder)) == ["replay None", "replay"]


@pytest.mark.slow
def test_a_full_disk_keeps_nobody_from_replay(tmp_path):
    assert in_a_process("ulimit -f 8;", NUMBA_CACHE_DIR=str(tmp_path)) == ["replay None", "replay"]


def one_step(code, tables, order, start, batch_size, rate, rates, streams, losses, totals, last):
    """What `steps_of_rows` does for a program without rows."""
    ctypes.memmove(rate, rates[0].ctypes.data, rates.shape[1])
    totals[0] = last[0] = 0.5
    return 1


def wrong(*arguments):
    return 1


@pytest.mark.parametrize(
    "fault",
    [EOFError(), OSError(28, "No space left"), pickle.UnpicklingError(), RuntimeError("no locator"), wrong],
)
def test_what_fails_with_the_cache_is_compiled_without_it(fault, monkeypatch):
    wishes = []

    def njit(cache=False, **settings):
        wishes.append(cache)
        if not cache:
            return lambda function: function
        return lambda function: wrong if fault is wrong else Mock(side_effect=fault)

    monkeypatch.setattr(interpreter, "njit", njit)
    assert interpreter._in_use(one_step) is one_step
    assert wishes == [True, False]
    with pytest.raises(RuntimeError, match="wrong numbers"):
        interpreter._in_use(wrong)


def test_a_numba_that_cannot_be_used_is_tried_once(monkeypatch):
    X, y = load_diabetes(return_X_y=True)
    monkeypatch.setattr(choice, "_why_not", lambda: OSError("no space"))
    monkeypatch.setattr(choice, "_is_worth_it", lambda seconds: True)
    net = BackpropRegressor(max_iter=3, random_state=0).fit(X, y)
    assert (net.engine_, net.engine_refusal_) == ("numpy", "numba cannot be used here: no space")
    engine = net.run_.engine
    net.partial_fit(X, y)
    assert net.run_.engine is engine
    with pytest.raises(ImportError, match="cannot be used here: no space"):
        net.set_params(engine="replay").partial_fit(X, y)


def test_a_kernel_that_llvm_cannot_compile_is_a_refusal(monkeypatch):
    X, y = load_diabetes(return_X_y=True)
    kernels.compiled.cache_clear()
    monkeypatch.setattr(kernels.binding, "parse_assembly", Mock(side_effect=RuntimeError("unknown token")))
    with pytest.warns(UserWarning, match="a kernel cannot be compiled here: unknown token"):
        net = BackpropRegressor(engine="replay", random_state=0).partial_fit(X, y)
    assert net.engine_ == "numpy"
    assert np.array_equal(net.predict(X), BackpropRegressor(random_state=0).partial_fit(X, y).predict(X))


def test_a_fault_of_the_recording_itself_surfaces(monkeypatch):
    X, y = load_diabetes(return_X_y=True)
    monkeypatch.setattr(Program, "elementwise", Mock(side_effect=KeyError("internal")))
    with pytest.raises(KeyError, match="internal"):
        BackpropRegressor(engine="replay").partial_fit(X, y)


# pieces


def test_a_sum_of_one_row_is_pairwise_over_all_of_it():
    x = np.random.RandomState(0).normal(size=10_000).astype(np.float32)
    doubled, total, program = np.empty_like(x), np.empty(1, np.float32), Program(has_members=False)
    program.elementwise(np.multiply, [x, 2.0], [doubled])
    program.reduce(np.add, x, 0, total)
    program.elementwise(np.subtract, [doubled, 1.0], [doubled])
    replayed(program)
    assert total.item() == np.add.reduce(x)
    np.testing.assert_array_equal(doubled, 2.0 * x - 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_add_at_writes_nowhere_else(dtype):
    guarded, ones = np.zeros(9, dtype), np.ones(3, dtype)
    for indices, wanted in (
        ([0, -1, 0], [2.0, 0.0, 1.0]),
        ([0, 1, 3], [np.nan] * 3),
        ([-4, 0, 0], [np.nan] * 3),
    ):
        guarded[...] = 0.0
        program = Program(has_members=False)
        program.add_at(guarded[3:6], np.array(indices), ones)
        replayed(program)
        np.testing.assert_array_equal(guarded, [0.0, 0.0, 0.0, *wanted, 0.0, 0.0, 0.0])


def test_calls_that_no_row_can_do_are_refused():
    x, half, counts = np.ones((4, 4)), np.ones(4, np.float16), np.zeros(4, np.int64)
    indices, program = np.arange(4), Program(has_members=False, dtype=np.float32)
    calls = [
        ("overwrites its input", program.gufunc, np.matmul, [x, x], [x]),
        ("reduces to another type", program.reduce, np.add, x, 1, np.ones((4, 1), np.float32)),
        ("2 bytes", program.take, half, indices, half.copy()),
        ("adds int64", program.add_at, counts, indices, counts.copy()),
        ("casts or broadcasts", program.copy_where, half, half.copy(), half > 0),
        ("draws float64", program.random, x),
    ]
    for reason, call, *arguments in calls:
        with pytest.raises(CannotReplayError, match=reason):
            call(*arguments)
