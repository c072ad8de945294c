"""The parts of tabular networks: scales, NTK parametrisation, parametric activations, embeddings."""

import numpy as np
import pytest

from skbackprop.batches import Batch
from skbackprop.initializers import Given
from skbackprop.layers import (
    PBLD,
    PL,
    PLR,
    Blocks,
    Dense,
    Embedding,
    Ensemble,
    NTKDense,
    Parametric,
    Passthrough,
    Pretrained,
    Scale,
    Sequential,
)
from skbackprop.losses import SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Adam, Descent
from skbackprop.optimizers.muon import hidden_matrices
from skbackprop.training import train_step

N_INPUTS = 4


def draw(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def test_scale_by_hand():
    network, x = Network(Scale(), 2), np.array([[1.0, 2.0], [3.0, -4.0]])
    np.testing.assert_array_equal(network.forward(x, training=True), x)
    network.params.scale[...] = [[2.0, -1.0]]
    np.testing.assert_array_equal(network.forward(x, training=True), [[2.0, -2.0], [6.0, 4.0]])
    network.backward(np.array([[1.0, 10.0], [100.0, 1000.0]]))
    np.testing.assert_array_equal(network.gradients.scale, [[301.0, -3980.0]])
    back = network.root.input_gradient(network.params, network.work)
    np.testing.assert_array_equal(back, [[2.0, -10.0], [200.0, -1000.0]])


def test_parametric_by_hand():
    network, x = Network(Parametric("relu"), 2), np.array([[1.0, 2.0], [-3.0, -4.0]])
    np.testing.assert_array_equal(network.forward(x), np.maximum(x, 0.0))
    network.params.alpha[...] = [[0.5, 0.0]]
    np.testing.assert_array_equal(network.forward(x, training=True), [[1.0, 2.0], [-1.5, -4.0]])
    network.backward(np.array([[1.0, 1.0], [10.0, 100.0]]))
    np.testing.assert_array_equal(network.gradients.alpha, [[30.0, 400.0]])
    back = network.root.input_gradient(network.params, network.work)
    np.testing.assert_array_equal(back, [[1.0, 1.0], [5.0, 100.0]])


def test_rates_and_decays():
    layers = [Scale(), Dense(3, bias_learning_rate=0.2, learning_rate=0.5), Parametric(), NTKDense(2)]
    network = Network(Sequential(layers), 2)
    # theta: scale 2, W (2, 3), alpha 3, W (3, 2), then the biases 3 and 2
    counts = [2, 6, 3, 6, 3, 2]
    np.testing.assert_array_equal(network.learning_rates, np.repeat([6.0, 0.5, 0.1, 1.0, 0.1, 1.0], counts))
    decays = network.weight_decays[: network.n_decayed]
    np.testing.assert_array_equal(decays, np.repeat([6.0, 1.0, 0.1, 1.0], counts[:4]))


def test_scales_are_no_matrices():
    network = Network(Sequential([Scale(), Dense(3), Parametric(), Dense(2), Dense(2), Scale()]), 3)
    assert [shape for _, shape, _ in network.matrices] == [(3, 3), (3, 2), (2, 2)]
    assert [shape for _, shape in hidden_matrices(network)] == [(3, 3), (3, 2)]


def test_bias_learning_rate_is_the_biases_own():
    network = Network(Dense(2, "identity", bias_learning_rate=0.0), N_INPUTS, random_state=0)
    before = network.params.bias.copy(), network.params.weight.copy()
    objective, descent = Objective(network, SquaredError()), Descent(Adam(0.1), network)
    train_step(objective, descent, Batch(draw(6, N_INPUTS), draw(6, 2, seed=1), None))
    np.testing.assert_array_equal(network.params.bias, before[0])
    assert (network.params.weight != before[1]).all()


@pytest.mark.parametrize("members", [None, 3])
def test_ntk_is_a_learning_rate_by_width(members):
    """Adam's steps on W / sqrt(n) with rate eta are those on W with rate eta / sqrt(n)."""
    widths, activations = (5, 3, 2), ("tanh", "mish", "identity")
    sizes = (N_INPUTS, *widths)
    first = [draw(n, m, seed=n) for n, m in zip(sizes, widths)]

    def network(layers):
        root = Sequential(layers)
        return Network(root if members is None else Ensemble(members, root), N_INPUTS)

    ntk = network([NTKDense(m, a, Given(w)) for m, a, w in zip(widths, activations, first)])
    layers = zip(sizes, widths, activations, first)
    plain = network(
        [Dense(m, a, Given(w / n**0.5), n**-0.5, bias_learning_rate=n**0.5) for n, m, a, w in layers]
    )
    batches = [Batch(draw(8, N_INPUTS, seed=i), draw(8, 2, seed=100 + i), None) for i in range(20)]
    for one in (ntk, plain):
        objective, descent = Objective(one, SquaredError()), Descent(Adam(0.02, epsilon=1e-30), one)
        for batch in batches:
            train_step(objective, descent, batch)
    x = draw(10, N_INPUTS, seed=7)
    np.testing.assert_allclose(ntk.forward(x), plain.forward(x), rtol=1e-10)
    assert np.abs(ntk.theta).max() > 1.0


def test_ntk_starts_with_net_inputs_of_unit_size():
    x = draw(500, 400)
    z = Network(NTKDense(300, "identity"), 400, random_state=0).forward(x)
    np.testing.assert_allclose(z.std(axis=0), 1.0, rtol=0.2)


def test_a_last_layer_of_zeros():
    root = Sequential([NTKDense(5), NTKDense(2, "identity", "zeros")])
    np.testing.assert_array_equal(Network(root, N_INPUTS, random_state=0).forward(draw(6, N_INPUTS)), 0.0)


# ------------------------------------------------------------------ embeddings


def linear(params, waves):
    """waves: (n_samples, n_columns, n_waves)."""
    h = np.einsum("nfk,flk->nfl", waves, params.weight) + params.bias[..., 0]
    return h.reshape(len(h), -1)


def test_pbld_is_its_formula():
    network, x = Network(PBLD(16, 4, 0.7), 3, random_state=0), draw(6, 3)
    frequency, phase = np.moveaxis(network.params.angle, -1, 0)
    waves = np.cos(2 * np.pi * x[..., None] * frequency + phase)
    expected = np.hstack([linear(network.params, waves), x])
    np.testing.assert_allclose(network.forward(x), expected, rtol=1e-12)


@pytest.mark.parametrize("kind, least", [(PL, -np.inf), (PLR, 0.0)])
def test_periodic_linear_is_its_formula(kind, least):
    network, x = Network(kind(5, 2, 0.7), 3, random_state=0), draw(6, 3)
    angle = 2 * np.pi * x[..., None] * network.params.angle[..., 0]
    h = linear(network.params, np.concatenate([np.cos(angle), np.sin(angle)], axis=-1))
    assert (h < 0).any()
    np.testing.assert_allclose(network.forward(x), np.maximum(h, least), rtol=1e-12)


def test_first_values_of_numeric_embeddings():
    params = Network(PBLD(frequency_scale=0.3), 400, random_state=0).params
    frequency, phase = np.moveaxis(params.angle, -1, 0)
    assert frequency.std() == pytest.approx(0.3, rel=0.05)
    assert 0.98 * np.pi < np.abs(phase).max() <= np.pi
    for kind, n_waves in ((PBLD, 16), (PL, 32)):
        params = Network(kind(), 400, random_state=0).params
        for values in (params.weight, params.bias):
            assert 0.98 < np.abs(values).max() * np.sqrt(n_waves) <= 1.0


def test_rates_and_decays_of_embeddings():
    root = Blocks([PBLD(2, 2), Embedding(3, 2)], [1, 1])
    network = Network(root, 2)
    # theta: angle 4, weight 2, table 6, then the bias 1
    np.testing.assert_array_equal(network.learning_rates, np.repeat([0.1, 1.0, 0.1], [6, 6, 1]))
    np.testing.assert_array_equal(network.weight_decays[: network.n_decayed], np.repeat([0.1, 1.0], [6, 6]))
    assert network.matrices == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_embedding_by_hand(dtype):
    network = Network(Embedding([2, 3], 2), 2, dtype)
    network.params.table[...] = [[1, 2], [3, 4], [10, 20], [30, 40], [50, 60]]
    x = np.array([[0, 0], [1, 2], [1, 1], [0, 2]], dtype)
    expected = [[1, 2, 10, 20], [3, 4, 50, 60], [3, 4, 30, 40], [1, 2, 50, 60]]
    np.testing.assert_array_equal(network.forward(x, training=True), expected)
    network.backward(np.arange(16, dtype=dtype).reshape(4, 4))
    np.testing.assert_array_equal(network.gradients.table, [[12, 14], [12, 14], [2, 3], [10, 11], [20, 22]])


def test_codes_out_of_range_take_the_nearest_row():
    network = Network(Embedding([2, 3], 2), 2, random_state=0)
    x, clipped = np.array([[-1.0, 3.0], [7.0, -2.0], [1.0, 1e30]]), np.array([[0, 2], [1, 0], [1, 2]], float)
    np.testing.assert_array_equal(network.forward(x).copy(), network.forward(clipped))


def test_first_values_of_an_embedding():
    table = Network(Embedding(1000), 2, random_state=0).params.table
    assert table.shape == (2000, 8)
    assert table.std() == pytest.approx(1.0, rel=0.03)


# ------------------------------------------------------------------ blocks


def test_blocks_are_their_layers():
    layers = [PBLD(), Embedding(3), Passthrough(), Dense(2, "tanh")]
    x = np.hstack([draw(6, 2), np.random.RandomState(0).randint(3, size=(6, 1)), draw(6, 3), draw(6, 2)])
    network = Network(Blocks(layers, [2, 1, 3, 2]), 8, random_state=0)
    parts, start = [], 0
    for layer, params, n in zip(network.root.layers, network.params.layers, network.root.n_columns):
        part = Network(layer, n)
        for name, array in vars(params).items():
            getattr(part.params, name)[...] = array
        parts.append(part.forward(x[:, start : start + n]))
        start += n
    np.testing.assert_allclose(network.forward(x), np.hstack(parts), rtol=1e-14)
    np.testing.assert_array_equal(parts[2], x[:, 3:6])
    assert [name for name, *_ in network.parts()] == [f"layers[{i}]" for i in range(4)]


def test_blocks_can_be_taken_over():
    network = Network(Sequential([Blocks([PBLD(), Embedding(3)], [2, 1]), Dense(2)]), 3, random_state=0)
    layers = network.pretrained_layers()
    assert all(isinstance(layer, Pretrained) for layer in layers)
    np.testing.assert_array_equal(Network(Sequential(layers), 3, random_state=1).theta, network.theta)
