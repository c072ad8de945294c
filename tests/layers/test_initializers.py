import numpy as np
import pytest
from shared.naming import component_id
from sklearn.base import clone
from sklearn.neural_network import MLPRegressor

from skbackprop.activations import ACTIVATIONS
from skbackprop.initializers import NTK, BoundedGlorot, Given, Glorot, He, LeCun, Orthogonal
from skbackprop.layers import Dense, Ensemble, Sequential
from skbackprop.network import Network

N_INPUTS, N_UNITS = 300, 200


def weights(initializer, activation="relu", n_inputs=N_INPUTS, n_units=N_UNITS):
    return initializer.weight(np.random.RandomState(0), n_inputs, n_units, ACTIVATIONS[activation]())


@pytest.mark.parametrize(
    "kind, variance", [(Glorot, 2 / (N_INPUTS + N_UNITS)), (He, 2 / N_INPUTS), (LeCun, 1 / N_INPUTS)]
)
@pytest.mark.parametrize("distribution, reach", [("uniform", np.sqrt(3)), ("normal", np.inf)])
def test_variance_scaling(kind, variance, distribution, reach):
    w = weights(kind(distribution))
    assert w.shape == (N_INPUTS, N_UNITS)
    assert w.mean() == pytest.approx(0.0, abs=4 * np.sqrt(variance / w.size))
    assert w.var() == pytest.approx(variance, rel=0.03)
    largest = np.abs(w).max() / np.sqrt(variance)
    assert (0.99 * reach < largest <= reach) if reach < np.inf else largest > 3.5
    bias = kind(distribution).bias(np.random.RandomState(0), N_INPUTS, N_UNITS, None)
    np.testing.assert_array_equal(bias, np.zeros((1, N_UNITS)))


def test_ntk():
    bias = NTK().bias(np.random.RandomState(0), N_INPUTS, N_UNITS, None)
    assert bias.shape == (1, N_UNITS)
    for values in (weights(NTK()), bias):
        assert values.mean() == pytest.approx(0.0, abs=4 / np.sqrt(values.size))
        assert values.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * values.size))


@pytest.mark.parametrize(
    "initializer, activation, factor",
    [
        (BoundedGlorot(), "relu", 6.0),
        (BoundedGlorot(), "tanh", 6.0),
        (BoundedGlorot(), "logistic", 2.0),
        (BoundedGlorot(3.0), "logistic", 3.0),
    ],
)
def test_bounded_glorot_range(initializer, activation, factor):
    bound = np.sqrt(factor / (N_INPUTS + N_UNITS))
    assert 0.99 * bound < np.abs(weights(initializer, activation)).max() <= bound
    bias = initializer.bias(np.random.RandomState(0), N_INPUTS, N_UNITS, ACTIVATIONS[activation]())
    assert bias.shape == (1, N_UNITS)
    assert 0.9 * bound < np.abs(bias).max() <= bound


@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_bounded_glorot_draws_what_scikit_learn_draws(activation):
    X = np.random.RandomState(1).normal(size=(10, 4))
    settings = {"solver": "sgd", "learning_rate_init": 1e-300, "random_state": 2}
    peer = MLPRegressor(hidden_layer_sizes=(5, 3), activation=activation, **settings)
    peer.partial_fit(X, X[:, 0])
    last = Dense(1, "identity", BoundedGlorot(2.0 if activation == "logistic" else 6.0))
    root = Sequential([Dense(5, activation), Dense(3, activation), last])
    layers = Network(root, 4, random_state=2).params.layers
    for layer, coef, intercept in zip(layers, peer.coefs_, peer.intercepts_):
        np.testing.assert_array_equal(layer.weight, coef)
        np.testing.assert_array_equal(layer.bias[0], intercept)


@pytest.mark.parametrize("n_inputs, n_units", [(5, 5), (7, 4), (4, 7), (6, 1)])
def test_orthogonal(n_inputs, n_units):
    w = weights(Orthogonal(1.5), n_inputs=n_inputs, n_units=n_units)
    assert w.shape == (n_inputs, n_units)
    product = w.T @ w if n_inputs >= n_units else w @ w.T
    np.testing.assert_allclose(product, 1.5**2 * np.eye(min(n_inputs, n_units)), atol=1e-12)


def test_orthogonal_is_uniform():
    """The sign of an entry is a coin toss, which QR alone does not give."""
    random_state = np.random.RandomState(0)
    signs = [np.sign(Orthogonal().weight(random_state, 3, 3, None)[0, 0]) for _ in range(400)]
    assert abs(np.mean(signs)) < 0.2


@pytest.mark.parametrize(
    "initializer, argument",
    [
        (Glorot("gaussian"), "distribution"),
        (BoundedGlorot(0.0), "factor"),
        (Orthogonal(-1.0), "gain"),
    ],
    ids=component_id,
)
def test_wrong_settings(initializer, argument):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        Network(Dense(2, initializer=initializer), 3)


@pytest.mark.parametrize("given_bias", [[0.5, -1.0], [[0.5, -1.0]], None])
def test_given(given_bias):
    w = np.arange(6).reshape(3, 2)
    root = Sequential([Dense(2, "tanh", Given(w, given_bias)), Dense(1)])
    b = [[0.0, 0.0]] if given_bias is None else np.reshape(given_bias, (1, 2))
    for members in (1, 3):
        first = Network(Ensemble(members, root), 3, np.float32).params.layer.layers[0]
        np.testing.assert_array_equal(first.weight, np.broadcast_to(w, (members, 3, 2)))
        np.testing.assert_array_equal(first.bias, np.broadcast_to(b, (members, 1, 2)))


@pytest.mark.parametrize(
    "initializer, message",
    [
        (Given(np.ones((2, 3))), r"Given\(coef=...\) has shape \(2, 3\), but .* has shape \(3, 2\)"),
        (Given(np.ones((3, 2)), np.ones(3)), r"Given\(intercept=...\) has shape \(3,\), but .* \(1, 2\)"),
        (Given(np.ones((3, 2)), np.ones((2, 1))), r"Given\(intercept=...\) has shape \(2, 1\), but"),
        (Given(np.full((3, 2), np.inf)), r"Given\(coef=...\) contains infinity"),
        (Given(np.ones((3, 2)), [0.0, np.nan]), r"Given\(intercept=...\) contains NaN"),
        (Given("ones"), "'coef' parameter of Given"),
        (Given(1.0), "'coef' parameter of Given"),
        (Given(np.ones((3, 2)), 0.0), "'intercept' parameter of Given"),
    ],
    ids=range(8),
)
def test_given_values_must_fit(initializer, message):
    with pytest.raises(ValueError, match=message):
        Network(Dense(2, initializer=initializer), 3)


def test_given_is_cloned_with_its_arrays():
    w = np.ones((3, 2))
    network = Network(Dense(2, initializer=Given(w)), 3)
    w[...] = 0.0
    np.testing.assert_array_equal(network.root.initializer.coef, np.ones((3, 2)))
    np.testing.assert_array_equal(Network(clone(network.root), 3).theta, network.theta)


def test_unknown_name():
    with pytest.raises(ValueError, match="initializer='xavier' is not known"):
        Network(Dense(2, initializer="xavier"), 3)
