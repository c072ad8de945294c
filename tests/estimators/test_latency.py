"""What `partial_fit` and `predict` skip on small input changes no number, no error and no state."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.averaging import ExponentialAverage
from skbackprop.batches import Batches
from skbackprop.estimators import fitting, validation
from skbackprop.finite import all_finite
from skbackprop.layers import Dense
from skbackprop.optimizers import Adam

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] - X[:, 1] ** 2
C = np.digitize(Y, [-1.0, 0.5])
SETTINGS = {"hidden_layer_sizes": (5,), "random_state": 0}


def stream(net, rows, y=Y, **given):
    for k in range(rows.start, rows.stop):
        net.partial_fit(X[k : k + 1], y[k : k + 1], **given)
    return net


def state(net):
    training = net.run_
    return [array.copy() for array in training.arrays()] + [np.array(net.loss_curve_), np.array(net.t_)]


def assert_same(one, other):
    for a, b in zip(state(one), state(other), strict=True):
        assert_array_equal(a, b)


def outcome(call, *arguments):
    """What a call returns, or the error that it raises."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            result = np.asarray(call(*arguments)).tolist()
        except Exception as error:
            result = type(error), str(error)
    return result, [(w.category, str(w.message)) for w in warned]


# ------------------------------------------------------------------ input that is not what it was


def with_entry(value, dtype=float):
    rows = X[:2].astype(dtype)
    rows[1, 2] = value
    return rows


INPUTS = {
    "nan": with_entry(np.nan),
    "inf": with_entry(np.inf),
    "minus inf": with_entry(-np.inf),
    "inf and minus inf": np.array([[np.inf, -np.inf, 1.0]]),
    "a square that overflows": with_entry(1e200),
    "float32": X[:2].astype(np.float32),
    "float32 nan": with_entry(np.nan, np.float32),
    "int": np.arange(6).reshape(2, 3),
    "bool": np.ones((2, 3), bool),
    "complex": X[:2] + 1j,
    "objects": with_entry(2.5, object),
    "a string": with_entry("a", object),
    "None": with_entry(None, object),
    "a list": X[:2].tolist(),
    "a list with nan": with_entry(np.nan).tolist(),
    "too wide": np.ones((2, 4)),
    "too narrow": X[:2, :2],
    "a vector": X[0],
    "three axes": X[:4].reshape(2, 2, 3),
    "no rows": X[:0],
    "strided": X[::30],
    "columns first": np.asfortranarray(X[:2]),
    "masked": np.ma.masked_array(X[:2], mask=False),
    "sparse": sparse.csr_array(X[:2]),
    "sparse nan": sparse.csr_array(with_entry(np.nan)),
    "names": pd.DataFrame(X[:2], columns=list("abc")),
    "None itself": None,
}


@pytest.mark.parametrize("what", INPUTS)
@pytest.mark.parametrize("kind", [BackpropRegressor, BackpropClassifier])
def test_small_input_is_checked_as_any_other(kind, what, monkeypatch):
    y = Y if kind is BackpropRegressor else C
    rows, first = INPUTS[what], {} if kind is BackpropRegressor else {"classes": [0, 1, 2]}
    net = kind(**SETTINGS).partial_fit(X, y, **first)
    twin = kind(**SETTINGS).partial_fit(X, y, **first)
    stream(net, range(3), y)
    stream(twin, range(3), y)
    found = outcome(net.predict, rows)
    learned = outcome(lambda rows: [net.partial_fit(rows, y[:2])][1:], rows)
    monkeypatch.setattr(validation, "_is_ready", lambda *_: False)
    assert found == outcome(twin.predict, rows)
    assert learned == outcome(lambda rows: [twin.partial_fit(rows, y[:2])][1:], rows)
    monkeypatch.undo()
    assert_same(stream(net, range(3, 6), y), stream(twin, range(3, 6), y))


TARGETS = {
    "nan": np.array([1.0, np.nan]),
    "inf": np.array([np.inf, 1.0]),
    "too large for float32": np.array([1.0, 1e60]),
    "int": np.array([1, 2]),
    "bool": np.array([True, False]),
    "a list": [1.0, 2.0],
    "strings": np.array(["a", "b"]),
    "objects": np.array([1.0, None], dtype=object),
    "a column": np.array([[1.0], [2.0]]),
    "two columns": np.ones((2, 2)),
    "too long": np.ones(3),
    "half": np.array([1.0, 60_000.0], np.float16),
    "complex": np.array([1j, 2.0]),
    "None": None,
}


@pytest.mark.parametrize("what", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_targets_are_checked_as_any_other(what, dtype, monkeypatch):
    data, y = X.astype(dtype), TARGETS[what]
    net, twin = (BackpropRegressor(**SETTINGS).partial_fit(data, Y) for _ in range(2))
    for model in (net, twin):
        model.partial_fit(data[:1], Y[:1])
    found = outcome(lambda: [net.partial_fit(data[:2], y)][1:])
    monkeypatch.setattr(validation, "_is_vector", lambda *_: False)
    assert found == outcome(lambda: [twin.partial_fit(data[:2], y)][1:])
    assert_same(net, twin)


def test_names_of_features_are_asked_for():
    frame = pd.DataFrame(X, columns=list("abc"))
    net = BackpropRegressor(**SETTINGS).partial_fit(frame, Y)
    before = state(net)
    with pytest.raises(ValueError, match="feature names should match"):
        net.partial_fit(frame[["b", "a", "c"]][:1], Y[:1])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        net.predict(X[:1])
    for a, b in zip(before, state(net), strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_all_finite(dtype):
    x = np.ones((4, 5), dtype)
    assert all_finite(x) and all_finite(x[:0]) and all_finite(x[::2, 1::3])
    assert all_finite(np.full(3, np.finfo(dtype).max))  # whose squares are not
    for value in (np.nan, np.inf, -np.inf):
        for place in ((0, 0), (3, 4), (2, 1)):
            y = x.copy()
            y[place] = value
            assert not all_finite(y) and not all_finite(y.T)
            assert all_finite(np.delete(y, place[0], axis=0))
    assert all_finite(np.array([2**62, 2**62])) and all_finite(np.array([True]))


# ------------------------------------------------------------------ parameters


@pytest.mark.parametrize(
    "changed",
    [
        {"learning_rate_init": 0.1},
        {"alpha": 0.0},
        {"alpha": 5.0},
        {"beta_1": 0.5},
        {"solver": "sgd"},
        {"learning_rate": "cosine", "max_iter": 50},
        {"clip_norm": 1e-3},
        {"average": "ema"},
    ],
)
def test_a_parameter_counts_from_the_next_call_on(changed):
    net = stream(BackpropRegressor(**SETTINGS), range(5))
    kept = stream(clone(net), range(5))
    stream(net.set_params(**changed), range(5, 8))
    one_call = clone(kept).set_params(**{name: kept.get_params()[name] for name in changed})
    stream(one_call, range(5))
    one_call.run_.settings = one_call.run_.settings.to_compare()  # everything is looked at again
    stream(one_call.set_params(**changed), range(5, 8))
    assert_same(net, one_call)
    assert not np.array_equal(net.network_.theta, stream(kept, range(5, 8)).network_.theta)


def test_components_that_change_in_place_are_seen():
    optimizer, sizes = Adam(learning_rate=0.001), [5, Dense(4)]
    net = stream(BackpropRegressor(hidden_layer_sizes=sizes, solver=optimizer, random_state=0), range(5))
    before = net.network_.theta.copy()
    optimizer.learning_rate = 0.5
    stream(net, range(5, 6))
    assert np.abs(net.network_.theta - before).max() > 0.1
    sizes[0] = 7
    with pytest.raises(ValueError, match="is not what the network was made with"):
        stream(net, range(6, 7))


def test_wrong_parameters_are_refused_also_late():
    net = stream(BackpropRegressor(**SETTINGS), range(5))
    for name, value, message in [
        ("max_iter", 200.0, "'max_iter' parameter"),  # equal to the one that was checked
        ("alpha", -1.0, "'alpha' parameter"),
        ("hidden_layer_sizes", (6,), "is not what the network was made with"),
    ]:
        right = net.get_params()[name]
        with pytest.raises(ValueError, match=message):
            stream(net.set_params(**{name: value}), range(5, 6))
        net.set_params(**{name: right})
    assert_same(stream(net, range(5, 8)), stream(BackpropRegressor(**SETTINGS), range(8)))


def test_a_call_that_fails_while_the_solver_is_prepared_leaves_no_trace():
    net = stream(BackpropRegressor(**SETTINGS), range(5))
    right = {name: net.get_params()[name] for name in ("alpha", "average")}
    with pytest.raises(ValueError, match="'decay' parameter"):
        stream(net.set_params(alpha=5.0, average=ExponentialAverage(decay=2.0)), range(5, 6))
    net.set_params(**right)
    assert_same(stream(net, range(5, 8)), stream(BackpropRegressor(**SETTINGS), range(8)))


def test_a_subclass_that_stores_few_parameters():
    class Small(BackpropRegressor):
        def __init__(self, alpha=0.1):
            self.alpha = alpha

    net = stream(Small(), range(4))
    net.alpha = 2.0
    stream(net, range(4, 5))
    assert net.run_.objective.alpha == 2.0


# ------------------------------------------------------------------ steps


@pytest.mark.parametrize("weight", [None, np.array([2.0])])
def test_one_row_is_learned_as_a_batch_of_one(weight, monkeypatch):
    settings = {**SETTINGS, "hidden_layer_sizes": (5, 4), "missing": "skip"}
    net, twin = BackpropRegressor(**settings), BackpropRegressor(**settings)
    stream(net, range(6), sample_weight=weight)
    monkeypatch.setattr(fitting, "OneRow", lambda X, y, w: Batches(X, y, w, 1))
    stream(twin, range(6), sample_weight=weight)
    assert_same(net, twin)
    assert_same(net.partial_fit(X, Y, n_epochs=2), twin.partial_fit(X, Y, n_epochs=2))  # the same draws


def test_no_row_is_kept():
    net = stream(BackpropRegressor(**SETTINGS), range(3))
    row = X[:1].copy()
    net.partial_fit(row, Y[:1])
    assert not np.shares_memory(net.run_.objective.network.workspaces[1].root.layers[0].x, row)


class Interrupting(Dense):
    """Stands in for a user who presses Ctrl-C in a step."""

    at = None

    def forward(self, x, params, work, training):
        if training and Interrupting.at is not None:
            Interrupting.at -= 1
            if Interrupting.at == 0:
                raise KeyboardInterrupt
        return super().forward(x, params, work, training)


@pytest.mark.parametrize(("n_rows", "at"), [(1, 1), (1, 3), (30, 5)])
def test_an_interrupt_leaves_the_last_whole_epoch(n_rows, at):
    settings = {"hidden_layer_sizes": [Interrupting(5)], "batch_size": min(n_rows, 10), "random_state": 0}
    net, twin = (BackpropRegressor(**settings).partial_fit(X, Y) for _ in range(2))
    Interrupting.at = at
    with pytest.warns(UserWarning, match="interrupted"):
        net.partial_fit(X[:n_rows], Y[:n_rows], n_epochs=4)
    Interrupting.at = None
    whole = (at - 1) // (3 if n_rows > 1 else 1)
    assert net.n_iter_ == whole
    if whole:
        twin.partial_fit(X[:n_rows], Y[:n_rows], n_epochs=whole)
    assert_same(net, twin)


def test_an_error_in_the_second_epoch_leaves_the_first():
    def rate(progress):
        if progress > 0.5:
            raise RuntimeError("no rate")
        return 1.0

    net = BackpropRegressor(**SETTINGS, learning_rate=rate, max_iter=4).partial_fit(X, Y)
    twin = BackpropRegressor(**SETTINGS, learning_rate=rate, max_iter=4).partial_fit(X, Y)
    with pytest.raises(RuntimeError, match="no rate"):
        net.partial_fit(X, Y, n_epochs=3)
    assert_same(net, twin.partial_fit(X, Y, n_epochs=2))
