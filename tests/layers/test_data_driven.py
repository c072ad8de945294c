"""First weights and biases that fit the data."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from shared.naming import component_id

from skbackprop import BackpropRegressor
from skbackprop.initializers import DataDriven
from skbackprop.layers import (
    PBLD,
    Blocks,
    Concatenate,
    Dense,
    Dropout,
    Ensemble,
    Frozen,
    LayerNorm,
    NTKDense,
    Parametric,
    Passthrough,
    Pretrained,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.network import ROWS_AT_ONCE, Network
from skbackprop.sparse import SparseRows

N_INPUTS = 5


def driven(n_units, activation="mish", kind=Dense):
    return kind(n_units, activation, "data_driven")


def draw(*shape, seed=0):
    return 3.0 + 7.0 * np.random.RandomState(seed).normal(size=shape)


def net_inputs(network, x):
    """z of every layer that takes data; an axis of members in front."""
    network.forward(x)
    parts = network.parts(network.work)
    return [np.array(work.net_input, ndmin=3) for _, layer, _, work in parts if layer.takes_data]


ROOTS = {
    "Dense": Sequential([driven(6), driven(4, "tanh"), driven(2, "identity")]),
    "NTKDense": Sequential([Scale(), driven(6, "elu", NTKDense), Parametric(), driven(2, "elu", NTKDense)]),
    "Blocks": Sequential([Blocks([PBLD(), driven(3), Passthrough()], [2, 2, 1]), driven(4)]),
    "containers": Sequential(
        [
            Concatenate([driven(3), Dense(2)]),
            LayerNorm(),
            Dropout(0.3),
            Residual(Sequential([driven(5), driven(5, kind=NTKDense)])),
            Frozen(driven(3)),
        ]
    ),
}


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ROOTS)
def test_every_net_input_has_deviation_one_and_a_zero_inside_the_data(name, dtype, members):
    root, x = ROOTS[name], draw(200, N_INPUTS).astype(dtype)
    network = Network(root if members is None else Ensemble(members, root), N_INPUTS, dtype, random_state=0)
    network.initialize_from_data(x, random_state=1)
    zs = net_inputs(network, x)
    assert len(zs) == {"Dense": 3, "NTKDense": 2, "Blocks": 2, "containers": 4}[name]
    for z in zs:
        np.testing.assert_allclose(z.std(axis=-2), 1.0, rtol=1e-4 if dtype is np.float32 else 1e-10)
        assert (z.min(axis=-2) < 0.0).all()
        assert (z.max(axis=-2) > 0.0).all()


def test_members_draw_for_themselves():
    network = Network(Ensemble(3, ROOTS["Dense"]), N_INPUTS, random_state=0)
    network.theta[...] = network.theta[0]
    network.initialize_from_data(draw(50, N_INPUTS), random_state=0)
    first = network.params.layer.layers[0]
    np.testing.assert_allclose(first.weight[0], first.weight[1], rtol=1e-12)
    assert not np.isclose(first.bias[0], first.bias[1]).any()


def test_the_bias_is_the_mean_of_some_net_inputs():
    """With one point the kink lies at a row of the data; with many, near the mean."""
    x = draw(50, N_INPUTS)
    network = Network(Dense(7, "relu", DataDriven(n_points=1)), N_INPUTS, random_state=0)
    network.initialize_from_data(x, random_state=1)
    (z,) = net_inputs(network, x)
    np.testing.assert_allclose(np.abs(z[0]).min(axis=0), 0.0, atol=1e-12)
    network = Network(Dense(7, "relu", DataDriven(n_points=5000)), N_INPUTS, random_state=0)
    network.initialize_from_data(x, random_state=1)
    (z,) = net_inputs(network, x)
    np.testing.assert_allclose(z[0].mean(axis=0), 0.0, atol=0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_net_inputs_keep_their_weights(dtype):
    x = np.full((40, N_INPUTS), 0.1, dtype)
    network = Network(driven(4), N_INPUTS, dtype, random_state=0)
    before = network.params.weight.copy()
    network.initialize_from_data(x, random_state=0)
    np.testing.assert_array_equal(network.params.weight, before)
    np.testing.assert_allclose(network.forward(x), 0.0, atol=1e-6)  # mish(0)


def test_other_layers_keep_their_values():
    values = [np.ones((N_INPUTS, 3)), np.zeros(3)]
    layers = [Pretrained(driven(3), values), Dense(4), LayerNorm(), Dense(2, "identity", "zeros")]
    network = Network(Sequential(layers), N_INPUTS, random_state=0)
    assert not network.takes_data
    before = network.theta.copy()
    network.initialize_from_data(draw(20, N_INPUTS))
    np.testing.assert_array_equal(network.theta, before)
    assert Network(ROOTS["Blocks"], N_INPUTS).takes_data


def test_sparse_rows_are_rows():
    x = draw(30, N_INPUTS) * (draw(30, N_INPUTS, seed=1) > 3.0)
    networks = [Network(ROOTS["Dense"], N_INPUTS, random_state=0) for _ in range(2)]
    for network, rows in zip(networks, (x, SparseRows(csr_array(x)))):
        network.initialize_from_data(rows, random_state=0)
    np.testing.assert_allclose(networks[0].theta, networks[1].theta, rtol=1e-10)


def test_many_rows_are_a_sample():
    x = draw(5 * ROWS_AT_ONCE, N_INPUTS)
    network = Network(ROOTS["Dense"], N_INPUTS, random_state=0)
    network.initialize_from_data(x, random_state=0)
    for z in net_inputs(network, x):
        np.testing.assert_allclose(z.std(axis=-2), 1.0, rtol=0.15)
    assert len(network.workspaces.sizes) <= 1  # of the forward pass of this test


@pytest.mark.parametrize("sparse", [False, True])
def test_an_estimator_starts_from_its_data(sparse):
    x, y = draw(80, N_INPUTS), np.arange(80.0)
    net = BackpropRegressor(hidden_layer_sizes=[driven(6), driven(5)], random_state=0, max_iter=1)
    nets = [pickle.loads(pickle.dumps(net)) for _ in range(2)]
    for one in nets:
        one.set_params(learning_rate_init=1e-300, batch_size=80)
        one.partial_fit(csr_array(x) if sparse else x, y)
        for z in net_inputs(one.network_, x):
            np.testing.assert_allclose(z.std(axis=-2), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(nets[0].network_.theta, nets[1].network_.theta)


@pytest.mark.parametrize("n_points", [0, 1.5])
def test_wrong_settings(n_points):
    with pytest.raises(ValueError, match="'n_points' parameter of DataDriven"):
        Network(Dense(2, initializer=DataDriven(n_points)), N_INPUTS)


@pytest.mark.parametrize("layer", [Dense(2), Scale(), Residual(Dense(5)), PBLD()], ids=component_id)
def test_layers_take_no_data_unless_told_so(layer):
    assert not Network(layer, N_INPUTS).takes_data
