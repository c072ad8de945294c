"""Layers over sequences of steps: convolution and max-pooling."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from shared.naming import component_id
from sklearn.datasets import load_diabetes

from skbackprop import BackpropRegressor, load
from skbackprop.inspection import trace
from skbackprop.layers import Blocks, Conv1D, Dense, Ensemble, Layer, MaxPool1D, Passthrough, Sequential
from skbackprop.network import Network
from skbackprop.time_series import LagFeatures

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network_of(layer: Layer, n_inputs, dtype=np.float64):
    return Network(layer, n_inputs, dtype, random_state=0)


def passed_back(network, x, gradient):
    """The output, and dE/dx."""
    output = network.forward(x, training=True).copy()
    network.backward(gradient)
    return output, network.root.input_gradient(network.params, network.work)


def test_a_convolution_by_hand():
    """0.3 * 1.3 - 0.4 * 0.5 = 0.19, 0.4 * 1.3 - 0.5 * 0.5 = 0.27: the kernel is not flipped."""
    network = network_of(Conv1D(1, 2, activation="identity"), 3)
    network.params.weight[...], network.params.bias[...] = [[1.3], [-0.5]], 0.0
    output, back = passed_back(network, np.array([[0.3, 0.4, 0.5]]), np.array([[1.0, 10.0]]))
    assert_allclose(output, [[0.19, 0.27]], rtol=1e-14)
    assert_allclose(network.gradients.weight[:, 0], [0.3 + 4.0, 0.4 + 5.0], rtol=1e-14)
    assert_allclose(network.gradients.bias, [[11.0]])
    assert_allclose(back, [[1.3, -0.5 + 13.0, -5.0]], rtol=1e-14)


def convolved(x, weight, bias, kernel_size, n_channels):
    """By the definition, one product at a time; sequences and filters lie one after the other."""
    n_steps, n_filters = x.shape[1] // n_channels, weight.shape[1]
    n_windows = n_steps - kernel_size + 1
    z = np.empty((len(x), n_filters * n_windows))
    for i, f, t in np.ndindex(len(x), n_filters, n_windows):
        total = bias[0, f]
        for k, c in np.ndindex(kernel_size, n_channels):
            total += x[i, c * n_steps + t + k] * weight[k * n_channels + c, f]
        z[i, f * n_windows + t] = total
    return z


def pooled(x, pool_size, n_channels):
    n_steps = x.shape[1] // n_channels
    windows = [
        slice(c * n_steps + start, c * n_steps + min(start + pool_size, n_steps))
        for c in range(n_channels)
        for start in range(0, n_steps, pool_size)
    ]
    return np.column_stack([x[:, window].max(axis=1) for window in windows])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_filters, kernel_size, n_channels", [(1, 1, 1), (2, 3, 1), (3, 2, 2), (2, 4, 3)])
def test_a_convolution_is_its_definition(n_filters, kernel_size, n_channels, dtype):
    x = np.random.RandomState(0).normal(size=(5, 12)).astype(dtype)
    rtol = 1e-12 if dtype is np.float64 else 1e-4
    layer = Conv1D(n_filters, kernel_size, n_channels, activation="tanh")
    for root in (layer, Ensemble(2, layer)):
        network = network_of(root, 12, dtype)
        found = network.forward(x).reshape(-1, 5, network.n_outputs)
        weights, biases = (
            getattr(network.params.layer if network.members else network.params, name)
            for name in ("weight", "bias")
        )
        weights = weights.reshape(-1, kernel_size * n_channels, n_filters)
        for a, weight, bias in zip(found, weights, biases.reshape(-1, 1, n_filters)):
            wanted = np.tanh(convolved(x, weight, bias, kernel_size, n_channels))
            assert_allclose(a, wanted, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("pool_size, n_channels", [(1, 1), (2, 1), (5, 1), (12, 1), (2, 3), (3, 3), (4, 2)])
def test_pooling_is_its_definition(pool_size, n_channels):
    """The last window has the steps that are left: 12 by 5 is 5, 5 and 2."""
    x = np.random.RandomState(0).normal(size=(5, 12))
    network = network_of(MaxPool1D(pool_size, n_channels), 12)
    assert_array_equal(network.forward(x), pooled(x, pool_size, n_channels))


def test_the_first_of_equal_maxima_gets_the_gradient():
    x = np.array([[1.0, 3.0, 3.0, 3.0, 2.0, 2.0, -1.0], [0.0] * 7])
    output, back = passed_back(network_of(MaxPool1D(3), 7), x, np.array([[1.0, 10.0, 100.0]] * 2))
    assert_array_equal(output, [[3.0, 3.0, -1.0], [0.0] * 3])
    assert_array_equal(back, [[0.0, 1.0, 0.0, 10.0, 0.0, 0.0, 100.0], [1.0, 0.0, 0.0, 10.0, 0.0, 0.0, 100.0]])


def test_blocks_of_columns_are_sequences():
    """A sequence beside other columns: the layer sees columns that are not side by side in memory."""
    x = np.random.RandomState(0).normal(size=(6, 10))
    layer = Blocks([Passthrough(), Conv1D(2, 3, activation="identity"), MaxPool1D(2)], [1, 5, 4])
    for root in (layer, Ensemble(2, layer)):
        network = network_of(root, 10)
        (params, *_) = [params for _, part, params, _ in network.parts() if isinstance(part, Conv1D)]
        weight, bias = params.weight.reshape(-1, 3, 2)[0], params.bias.reshape(-1, 1, 2)[0]
        wanted = [x[:, :1], convolved(x[:, 1:6], weight, bias, 3, 1), pooled(x[:, 6:], 2, 1)]
        assert_allclose(network.forward(x).reshape(-1, 6, 9)[0], np.hstack(wanted), rtol=1e-12)


def test_lags_of_several_columns_are_channels():
    """`LagFeatures` has the lags of a column side by side: one filter sees the same lags of all columns."""
    rows = np.random.default_rng(0).normal(size=(30, 2))
    lagged = LagFeatures(4).fit_transform(rows)[4:]
    network = network_of(Conv1D(1, 4, 2, activation="identity"), 8)
    weight = np.arange(1.0, 9.0).reshape(4, 2)
    network.params.weight[...], network.params.bias[...] = weight.reshape(8, 1), 0.0
    wanted = [(rows[i - 4 : i][::-1] * weight).sum() for i in range(4, 30)]
    assert_allclose(network.forward(lagged)[:, 0], wanted, rtol=1e-12)


def test_first_weights_are_those_of_a_dense_layer_on_one_window():
    ours = network_of(Conv1D(4, 3, 2, "tanh", "orthogonal"), 20).params
    dense = network_of(Dense(4, "tanh", "orthogonal"), 6).params
    assert_array_equal(ours.weight, dense.weight)
    assert_array_equal(ours.bias, dense.bias)


def test_first_weights_that_fit_the_data():
    """Over rows and windows together the net inputs of each filter have deviation 1."""
    x = 5.0 + 3.0 * np.random.RandomState(0).normal(size=(200, 8))
    network = network_of(Sequential([Conv1D(3, 2, 2, initializer="data_driven"), Dense(2)]), 8)
    network.initialize_from_data(x, 0)
    network.forward(x)
    z = network.work.layers[0].net_input.reshape(200, 3, 3)
    assert_allclose(z.std(axis=(0, 2)), 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    "layer, message",
    [
        (Conv1D(2, 3, 5), r"n_channels=5 blocks of equal width, but its input has 8 columns.*Blocks"),
        (Conv1D(2, 5, 2), "kernel_size=5 must not exceed the 4 steps"),
        (Conv1D(0, 2), "'n_filters' parameter of Conv1D"),
        (Conv1D(2, 2, activation="rely"), "activation='rely'"),
        (MaxPool1D(2, 3), "n_channels=3 blocks of equal width"),
        (MaxPool1D(9), "pool_size=9 must not exceed the 8 steps"),
        (MaxPool1D(0), "'pool_size' parameter of MaxPool1D"),
    ],
    ids=component_id,
)
def test_wrong_settings(layer, message):
    with pytest.raises(ValueError, match=message):
        network_of(layer, 8)


LAYERS = [Conv1D(4, 3, activation="tanh"), MaxPool1D(2, 4), Conv1D(3, 2, 4, max_norm=1.0), 8]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_an_estimator(dtype, tmp_path):
    """Replay gives the numbers of NumPy, a file and a pickle those of the model; it learns."""
    X, y = load_diabetes(return_X_y=True)
    X, y = (20.0 * X).astype(dtype), (y - y.mean()) / y.std()
    settings = {"learning_rate_init": 0.01, "solver": "adamw", "max_iter": 20, "random_state": 0}
    net = BackpropRegressor(hidden_layer_sizes=LAYERS, engine="numpy", **settings).fit(X, y)
    replayed = BackpropRegressor(hidden_layer_sizes=LAYERS, engine="replay", **settings).fit(X, y)
    assert replayed.engine_ == "replay" and replayed.engine_refusal_ is None
    assert_array_equal(replayed.network_.theta, net.network_.theta)
    assert net.score(X, y) > 0.45 and net.predict(X).dtype == dtype
    net.save(tmp_path / "net")
    for same in (load(tmp_path / "net"), pickle.loads(pickle.dumps(net))):
        assert_array_equal(same.predict(X), net.predict(X))
        same.partial_fit(X, y)
        assert_array_equal(
            same.network_.theta, pickle.loads(pickle.dumps(net)).partial_fit(X, y).network_.theta
        )


def test_sparse_rows_and_growing_are_refused():
    X = np.eye(12)
    net = BackpropRegressor(hidden_layer_sizes=LAYERS, random_state=0, max_iter=2)
    with pytest.raises(TypeError, match=r"first layer is Conv1D"):
        net.fit(csr_matrix(X), X[:, 0])
    net.set_params(grow=True).partial_fit(pd.DataFrame(X).add_prefix("c"), X[:, 0])
    with pytest.raises(ValueError, match="grow=True needs a Dense layer as the first one"):
        net.partial_fit(pd.DataFrame(X).add_prefix("c").assign(new=1.0), X[:, 0])


def test_a_trace_names_no_node_that_a_filter_has_not():
    """Weights of a filter belong to all its windows: w[l,j,k] is for dense layers."""
    X, y = load_diabetes(return_X_y=True)
    net = BackpropRegressor(hidden_layer_sizes=LAYERS, random_state=0, max_iter=2).fit(X, y)
    seen = trace(net, X[:5], y[:5])
    assert [layer.kind for layer in seen.layers[:3]] == ["Conv1D", "MaxPool1D", "Conv1D"]
    assert seen.layers[0].weight is None and seen.layers[0].net_input.shape == (5, 32)
    table = seen.weights.set_index("name")["gradient"]
    assert table["weight[1,3,2]"] == seen.layers[0].gradients["weight"][2, 1]
    with pytest.raises(ValueError, match=r"layer 4 from 9 to 8 nodes"):
        seen.chain_rule("w[1,1,1]")
    assert seen.chain_rule("w[4,1,2]").value == pytest.approx(table["w[4,1,2]"], rel=1e-10)
