"""`coefs_` and `intercepts_`: what acts, and what can be written from outside."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.layers import Concatenate, Dense, Dropout, Frozen, LayerNorm, NTKDense, Residual, Sequential

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = X[:, 0] * X[:, 1] + X[:, 2]
C = np.array(["low", "mid", "high"])[np.digitize(Y, [-0.5, 0.5])]
SETTINGS = {"hidden_layer_sizes": (6, 5), "max_iter": 4, "random_state": 0}
LAYERS = {
    "dense": [6, 5],
    "ntk": [NTKDense(6), NTKDense(5, "tanh")],
    "inside others": [Residual(Sequential([LayerNorm(), NTKDense(4)])), Concatenate([Dense(3), NTKDense(2)])],
    "frozen": [Frozen(NTKDense(6)), Dropout(0.1), 5],
    "bounded": [Dense(6, max_norm=0.5)],
}


def item_by_item(net, weights, biases):
    for i, weight in enumerate(weights):
        net.coefs_[i] = weight
    for i, bias in enumerate(biases):
        net.intercepts_[i] = bias


def as_lists(net, weights, biases):
    net.coefs_, net.intercepts_ = weights, biases


def as_tuples_of_lists(net, weights, biases):
    net.coefs_ = tuple(weight.tolist() for weight in weights)
    net.intercepts_ = tuple(bias.tolist() for bias in biases)


def in_slices(net, weights, biases):
    net.coefs_[:1], net.coefs_[1:] = weights[:1], weights[1:]
    net.intercepts_[::-1] = biases[::-1]


def from_the_end(net, weights, biases):
    for i in range(-1, -1 - len(weights), -1):
        net.coefs_[i], net.intercepts_[i] = weights[i], biases[i]


def in_place(net, weights, biases):
    for array, value in zip(net.coefs_ + net.intercepts_, weights + biases):
        array[...] = value


WAYS = [item_by_item, as_lists, as_tuples_of_lists, in_slices, from_the_end, in_place]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("ours", "theirs", "y"),
    [(BackpropRegressor, MLPRegressor, Y), (BackpropClassifier, MLPClassifier, C)],
    ids=["regressor", "classifier"],
)
def test_as_in_scikit_learn(ours, theirs, y, way):
    ours, theirs = ours(**SETTINGS).fit(X, y), theirs(**SETTINGS).fit(X, y)
    values = [[0.5 * a for a in theirs.coefs_], [a + 1.0 for a in theirs.intercepts_]]
    for net in (ours, theirs):
        if net is theirs and way in (as_tuples_of_lists, in_slices):
            as_lists(net, *values)
        else:
            way(net, *values)
    for left, right in zip(ours.coefs_ + ours.intercepts_, values[0] + values[1]):
        assert_array_equal(left, right)
    for method in ("predict",) if y is Y else ("predict_proba",):
        assert_allclose(getattr(ours, method)(X), getattr(theirs, method)(X))


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_weight_is_the_one_that_acts(layers, dtype):
    net = BackpropRegressor(**SETTINGS | {"hidden_layer_sizes": layers}).fit(X.astype(dtype), Y)
    for round_ in range(2):
        net.network_.forward(X.astype(dtype))
        parts = [part for part in net.network_.parts(net.network_.work) if isinstance(part[1], Dense)]
        assert len(net.coefs_) == len(net.intercepts_) == len(parts)
        for weight, bias, (_, _, _, work) in zip(net.coefs_, net.intercepts_, parts):
            assert weight.dtype == bias.dtype == dtype
            tolerance = 1e-12 if dtype == np.float64 else 1e-5
            assert_allclose(work.x @ weight + bias, work.net_input, rtol=tolerance, atol=tolerance)
        if round_ == 0:
            values = [RNG.normal(size=weight.shape).astype(dtype) for weight in net.coefs_]
            net.coefs_ = values
            for weight, value in zip(net.coefs_, values):
                assert_allclose(weight, value, rtol=1e-6)


def test_what_would_be_lost_cannot_be_written():
    net = BackpropRegressor(**SETTINGS | {"hidden_layer_sizes": [NTKDense(6)]}).fit(X, Y)
    with pytest.raises(ValueError, match="read-only"):
        net.coefs_[0][0, 0] = 1.0
    net.coefs_[0] = 0.5 * net.coefs_[0]
    plain = BackpropRegressor(**SETTINGS).fit(X, Y)
    before = plain.predict(X)
    plain.coefs_[-1] *= 2.0
    plain.intercepts_[-1] *= 2.0
    assert_allclose(plain.predict(X), 2.0 * before)


WRONG = [
    ("coefs_", 1, np.ones((5, 6)), ValueError, r"coefs_\[1\] must have shape \(6, 5\), got \(5, 6\)"),
    ("coefs_", 0, 0.0, ValueError, r"coefs_\[0\] must have shape \(4, 6\), got \(\)"),
    ("intercepts_", -1, np.ones((1, 1)), ValueError, r"intercepts_\[2\] must have shape \(1,\)"),
    ("coefs_", 3, np.ones(1), IndexError, "range"),
    ("coefs_", 0, np.full((4, 6), np.nan), ValueError, r"coefs_\[0\] must be finite"),
    ("coefs_", 0, np.full((4, 6), "1"), TypeError, r"coefs_\[0\] must hold numbers"),
    ("coefs_", 0, np.full((4, 6), 1j), TypeError, r"coefs_\[0\] must hold numbers"),
    ("coefs_", slice(None), [np.ones((4, 6))], ValueError, "coefs_ has 3 arrays, one for each layer, not 1"),
    ("coefs_", slice(None), [np.ones((4, 6)), np.ones((6, 5)), 7.0], ValueError, r"coefs_\[2\]"),
]


@pytest.mark.parametrize(("name", "place", "value", "error", "message"), WRONG)
def test_what_does_not_fit_changes_nothing(name, place, value, error, message):
    net = BackpropRegressor(**SETTINGS).fit(X, Y)
    before = net.network_.theta.copy()
    with pytest.raises(error, match=message):
        getattr(net, name)[place] = value
    if isinstance(place, slice):
        with pytest.raises(error, match=message):
            setattr(net, name, value)
    assert_array_equal(net.network_.theta, before)


def test_no_layer_can_be_added_or_removed():
    net = BackpropRegressor(**SETTINGS).fit(X, Y)
    for change in (
        lambda weights: weights.append(np.ones(1)),
        lambda weights: weights.extend([]),
        lambda weights: weights.pop(),
        lambda weights: weights.__delitem__(0),
        lambda weights: weights.reverse(),
    ):
        for weights in (net.coefs_, net.intercepts_):
            with pytest.raises(TypeError, match="none can be added or removed"):
                change(weights)


def test_too_large_for_float32():
    net = BackpropRegressor(**SETTINGS).fit(X.astype(np.float32), Y)
    with pytest.raises(ValueError, match="must be finite in float32"):
        net.coefs_[0] = np.full((4, 6), 1e39)


def test_frames_and_integers():
    net = BackpropRegressor(**SETTINGS).fit(X, Y)
    net.coefs_[0] = pd.DataFrame(np.arange(24).reshape(4, 6))
    net.coefs_[1] = np.ones((6, 5), dtype=bool)
    assert_array_equal(net.coefs_[0], np.arange(24.0).reshape(4, 6))
    assert_array_equal(net.coefs_[1], 1.0)


def test_without_a_fit():
    for change in (lambda: BackpropRegressor().coefs_, lambda: setattr(BackpropRegressor(), "coefs_", [])):
        with pytest.raises(AttributeError, match="not fitted yet"):
            change()
    assert not hasattr(BackpropRegressor(), "intercepts_")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
def test_a_copy_is_a_list_of_its_own(copied):
    net = BackpropRegressor(**SETTINGS).fit(X, Y)
    kept = copied(net.coefs_)
    assert type(kept) is list
    before = net.predict(X)
    net.coefs_ = [0.0 * weight for weight in net.coefs_]
    assert not np.allclose(net.predict(X), before)
    net.coefs_ = kept
    assert_array_equal(net.predict(X), before)


def test_the_better_of_two_epochs_averages_and_parts_of_what_is_written_to():
    one, two = (BackpropRegressor(**SETTINGS | {"random_state": seed}).fit(X, Y) for seed in range(2))
    expected = [(a + b) / 2 for a, b in zip(one.coefs_, two.coefs_)]
    one.coefs_ = [(a + b) / 2 for a, b in zip(one.coefs_, two.coefs_)]
    for weight, value in zip(one.coefs_, expected):
        assert_array_equal(weight, value)
    square = BackpropRegressor(**SETTINGS | {"hidden_layer_sizes": (4, 4)}).fit(X, Y)
    transposed = square.coefs_[0].T.copy()
    square.coefs_[0] = square.coefs_[0].T
    assert_array_equal(square.coefs_[0], transposed)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"average": "ema"},
        {"average": "swa"},
        {"early_stopping": True},
        {"early_stopping": True, "average": "ema"},
        {"engine": "numpy", "average": "ema"},
        {"solver": "sgd"},
        {"solver": "lbfgs"},
    ],
    ids=str,
)
@pytest.mark.parametrize("way", [as_lists, in_place])
@pytest.mark.parametrize("again", ["fit", "partial_fit"])
def test_training_goes_on_from_what_was_written(settings, way, again):
    if again == "partial_fit" and "lbfgs" in settings.values():
        return
    rate = {} if "lbfgs" in settings.values() else {"learning_rate_init": 1e-9}  # it stays where it begins
    net = BackpropRegressor(**SETTINGS | {"warm_start": True} | rate, **settings).fit(X, Y)
    written = [[np.ones_like(a) for a in arrays] for arrays in (net.coefs_, net.intercepts_)]
    way(net, *written)
    if rate:
        getattr(net, again)(X, Y)
        for array, value in zip(net.coefs_ + net.intercepts_, written[0] + written[1]):
            assert_allclose(array, value, atol=1e-3)
    else:
        fresh = BackpropRegressor(**SETTINGS | {"max_iter": 1}, **settings).fit(X, Y)
        way(fresh, *written)
        fresh.set_params(warm_start=True, max_iter=4).fit(X, Y)
        net.fit(X, Y)
        assert_allclose(net.coefs_[0], fresh.coefs_[0])


def test_a_validation_part_of_ones_own_goes_on_from_what_was_written():
    net = BackpropRegressor(**SETTINGS | {"learning_rate_init": 1e-9}, early_stopping=True)
    for _ in range(3):
        net.partial_fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])
    written = [0.1 * np.ones_like(weight) for weight in net.coefs_]
    net.coefs_ = written
    net.partial_fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])
    for weight, value in zip(net.coefs_, written):
        assert_allclose(weight, value, atol=1e-3)
