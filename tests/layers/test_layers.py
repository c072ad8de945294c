import tracemalloc
import weakref

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from shared.crossings import crossed
from shared.naming import component_id
from sklearn.base import clone

from skbackprop.activations import Activation
from skbackprop.batches import Batch, Batches
from skbackprop.initializers import Initializer
from skbackprop.layers import (
    PBLD,
    PL,
    PLR,
    BatchNorm,
    Blocks,
    Concatenate,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Ensemble,
    Frozen,
    Layer,
    LayerNorm,
    MaxPool1D,
    NTKDense,
    Parametric,
    Passthrough,
    Pretrained,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.losses import Huber, Loss, MultinomialLogLoss, SquaredError
from skbackprop.network import ROWS_AT_ONCE, Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Adam, Chain, ClipNorm, Descent, GradientTransform, Optimizer, ScaleByAdam
from skbackprop.sparse import ONLY_DENSE, SparseRows
from skbackprop.training import train_step

N_INPUTS = 4


def every_kind():
    """A network with every layer in it."""
    wide = Concatenate([Dense(3, "gelu"), Sequential([LayerNorm(), Dense(2, "mish")]), Dropout(0.1)])
    narrow = Pretrained(Dense(3), [np.full((9, 3), 0.1), np.full(3, -0.2)])
    return Sequential(
        [
            Blocks([PBLD(3, 3), Embedding(3, 2), Passthrough()], [2, 1, 1]),
            Scale(),
            Dense(4, "tanh"),
            PLR(2, 2),
            NTKDense(4, "identity", bias_learning_rate=0.1),
            Parametric("mish"),
            Conv1D(2, 2, activation="tanh"),
            MaxPool1D(2, 2),
            Frozen(Sequential([Dense(4), BatchNorm()])),
            wide,
            BatchNorm(),
            Residual(Dense(9, "elu")),
            Dropout(0.2),
            narrow,
            Dense(2, "identity", learning_rate=0.5, weight_decay=2.0, max_norm=1.0),
        ]
    )


LAYERS = [
    Dense(3),
    Dense(1, "identity"),
    Dropout(0.4),
    LayerNorm(),
    BatchNorm(),
    Scale(),
    Parametric(),
    NTKDense(3),
    NTKDense(1, "identity"),
    Passthrough(),
    PBLD(),
    PL(5, 2),
    PLR(),
    Embedding(2, 3),
    Blocks([PBLD(), Embedding([2, 3]), Dense(2)], [1, 2, 1]),
    Conv1D(3, 2),
    Conv1D(1, 1, 2, "softmax"),
    MaxPool1D(3),
    MaxPool1D(2, 2),
    Frozen(Sequential([Dense(3), BatchNorm(), Dropout()])),
    Pretrained(Dense(2, "tanh"), [np.full((N_INPUTS, 2), 0.3), [0.5, -0.5]]),
    Residual(Dense(N_INPUTS, "tanh")),
    Concatenate([Dense(2), LayerNorm(), Dropout()]),
    Sequential([Dense(2), Dense(3, "selu")]),
    Ensemble(3, Sequential([Dense(2), Dropout(), Dense(3, "silu")])),
    every_kind(),
]
EVERY = pytest.mark.parametrize("root", LAYERS, ids=component_id)


def read_only(array):
    array.flags.writeable = False
    return array


def rows(n_samples, dtype=np.float64, seed=0):
    return read_only(np.random.RandomState(seed).normal(size=(n_samples, N_INPUTS)).astype(dtype))


def as_it_is(z, out):
    np.copyto(out, z)


def batch_for(network, n_samples, seed=0):
    """Read-only arrays: a step that wrote to one of them would fail."""
    random_state, dtype = np.random.RandomState(seed), network.theta.dtype
    return Batch(
        rows(n_samples, dtype, seed),
        read_only(random_state.normal(size=(n_samples, network.n_outputs)).astype(dtype)),
        read_only(random_state.uniform(0.5, 2.0, (n_samples, 1)).astype(dtype)),
    )


@EVERY
def test_a_batch_is_its_rows(root):
    network, X = Network(root, N_INPUTS, random_state=0), rows(7)
    together = network.predict(X, as_it_is)
    apart = [network.predict(X[i : i + 1], as_it_is) for i in range(7)]
    np.testing.assert_allclose(together, np.concatenate(apart, axis=-2), rtol=1e-13, atol=1e-15)


def test_pieces_of_a_long_prediction():
    network, X = Network(every_kind(), N_INPUTS, random_state=0), rows(2 * ROWS_AT_ONCE + 5)
    np.testing.assert_allclose(network.predict(X, as_it_is), network.forward(X), rtol=1e-12)
    assert network.predict(X[:0], as_it_is).shape == (0, 2)


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_and_inputs_stay(root, dtype):
    network = Network(root, N_INPUTS, dtype, random_state=0)
    x = rows(5, dtype)
    z = network.forward(x, training=True)
    network.backward(read_only(np.ones_like(z)))
    back = network.root.input_gradient(network.params, network.work)
    predicted = network.predict(x, as_it_is)
    assert {array.dtype for array in (z, network.gradient, back, predicted)} == {np.dtype(dtype)}
    assert z.shape == predicted.shape == (*network.members, 5, network.n_outputs)
    assert back.shape == x.shape


@EVERY
def test_a_step_leaves_the_batch_alone(root):
    network = Network(root, N_INPUTS, random_state=0)
    objective = Objective(network, SquaredError(), alpha=0.1)
    batch = batch_for(network, 5)
    before = objective.value_and_gradient(batch).copy()
    assert before.shape == (*network.members, 1, 1)
    assert np.isfinite(before).all()


@EVERY
def test_prediction_does_not_disturb_training(root):
    networks = [Network(root, N_INPUTS, random_state=0) for _ in range(2)]
    for network, disturbed in zip(networks, (False, True)):
        z = network.forward(rows(5), training=True)
        if disturbed:
            network.predict(rows(5, seed=1), as_it_is)
        network.backward(np.cos(z))
    np.testing.assert_array_equal(networks[0].gradient, networks[1].gradient)


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_dropout_keeps_the_mean(rate):
    network = Network(Dropout(rate), N_INPUTS, random_state=0)
    x = read_only(np.ones((20_000, N_INPUTS)))
    a = network.forward(x, training=True)
    on = a != 0.0
    np.testing.assert_allclose(a[on], 1.0 / (1.0 - rate))
    np.testing.assert_allclose(on.mean(axis=0), 1.0 - rate, atol=0.015)
    assert a.mean() == pytest.approx(1.0, abs=0.05)


def test_dropout_is_off_in_prediction():
    network, x = Network(Dropout(0.5), N_INPUTS, random_state=0), rows(6)
    np.testing.assert_array_equal(network.predict(x, as_it_is), x)


def test_dropout_depends_on_the_seed():
    first, same, other = (
        Network(Sequential([Dense(8), Dropout()]), N_INPUTS, random_state=seed) for seed in (0, 0, 1)
    )
    passes = [[network.forward(rows(6), training=True).copy() for _ in range(2)] for network in (first, same)]
    np.testing.assert_array_equal(passes[0], passes[1])
    assert not np.array_equal(passes[0][0] == 0, passes[0][1] == 0)
    assert not np.array_equal(passes[0][0], other.forward(rows(6), training=True))


def test_members_drop_different_nodes():
    a = Network(Ensemble(2, Dropout()), 50, random_state=0).forward(np.ones((4, 50)), training=True)
    assert not np.array_equal(a[0], a[1])


def test_layer_norm():
    network, x = Network(LayerNorm(1e-12), N_INPUTS), 5.0 + 3.0 * rows(6)
    a = network.forward(x)
    np.testing.assert_allclose(a.mean(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(a.var(axis=1), 1.0, rtol=1e-9)
    network.params.gain[...], network.params.bias[...] = 2.0, -1.0
    np.testing.assert_allclose(network.forward(x).mean(axis=1), -1.0, atol=1e-12)
    np.testing.assert_allclose(network.forward(x).var(axis=1), 4.0, rtol=1e-9)


def test_layer_norm_of_a_constant_row():
    np.testing.assert_array_equal(Network(LayerNorm(), 3).forward(np.full((1, 3), 7.0)), np.zeros((1, 3)))


def test_dense_by_hand():
    network = Network(Dense(2, "relu"), 2)
    network.params.weight[...], network.params.bias[...] = [[1.0, -1.0], [2.0, 0.0]], [[0.5, 0.5]]
    a = network.forward(np.array([[1.0, 2.0], [-3.0, 1.0]]), training=True)
    np.testing.assert_array_equal(a, [[5.5, 0.0], [0.0, 3.5]])
    network.backward(np.array([[1.0, 10.0], [100.0, 1000.0]]))
    np.testing.assert_array_equal(network.gradients.weight, [[1.0, -3000.0], [2.0, 1000.0]])
    np.testing.assert_array_equal(network.gradients.bias, [[1.0, 1000.0]])
    back = network.root.input_gradient(network.params, network.work)
    np.testing.assert_array_equal(back, [[1.0, 2.0], [-1000.0, 0.0]])


def test_residual_and_concatenate_by_hand():
    network, x = (
        Network(Residual(Concatenate([Dense(3, "tanh"), Dense(1, "silu")])), 4, random_state=0),
        rows(5),
    )
    first, second = network.params.layer.branches
    u, v = (x @ part.weight + part.bias for part in (first, second))
    np.testing.assert_allclose(
        network.forward(x), x + np.hstack([np.tanh(u), v / (1 + np.exp(-v))]), rtol=1e-13
    )


@pytest.mark.parametrize("loss", [Huber(0.5), MultinomialLogLoss(0.1)], ids=component_id)
@pytest.mark.parametrize(
    "optimizer", [Adam(), Chain([ClipNorm(0.01), ScaleByAdam()])], ids=["Adam", "clipped Adam"]
)
def test_an_ensemble_is_separate_networks(optimizer, loss):
    member = Sequential(
        [
            Dense(5, "gelu"),
            LayerNorm(),
            Residual(Dense(5, "elu", weight_decay=3.0)),
            Blocks([PBLD(3, 2), Embedding(3, 1), PLR(2, 2)], [2, 1, 2]),
            Scale(),
            NTKDense(5, "identity"),
            Parametric("mish"),
            BatchNorm(),
            Frozen(Dense(5, "tanh")),
            Concatenate([Dense(1, "mish"), Dense(3)]),
            Dense(2, "identity"),
        ]
    )
    together = Network(Ensemble(3, member), N_INPUTS, random_state=0)
    assert together.theta.shape[0] == 3
    assert not np.array_equal(together.theta[0], together.theta[1])
    apart = [Network(member, N_INPUTS) for _ in range(3)]
    for network, theta in zip(apart, together.theta):
        network.theta[...] = theta
    networks = [together, *apart]
    objectives = [Objective(network, loss, alpha=0.2) for network in networks]
    descents = [Descent(optimizer, network) for network in networks]
    for descent in descents:
        descent.learning_rate[...] = 0.01
    for step in range(4):
        batch = batch_for(together, 6, seed=step)
        z = together.forward(batch.x).copy()
        np.testing.assert_allclose(z, [network.forward(batch.x) for network in apart], rtol=1e-9)
        values = [objective.value_and_gradient(batch) for objective in objectives]
        np.testing.assert_allclose(values[0], values[1:], rtol=1e-9)
        gradients = [network.gradient for network in apart]
        np.testing.assert_allclose(together.gradient, gradients, rtol=1e-7, atol=1e-12)
        for descent in descents:
            descent.step()
        np.testing.assert_allclose(together.theta, [network.theta for network in apart], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "root",
    [
        Sequential([Dense(3), Ensemble(2, Dense(3))]),
        Sequential([Ensemble(2, Dense(3)), Dropout()]),
        Residual(Ensemble(2, Dense(N_INPUTS))),
        Concatenate([Ensemble(2, Dense(3)), Ensemble(3, Dense(3))]),
        Ensemble(2, Ensemble(2, Dense(3))),
        Ensemble(2, Sequential([Dense(3), Ensemble(2, Dense(3))])),
    ],
    ids=component_id,
)
def test_ensemble_is_outermost(root):
    with pytest.raises(ValueError, match="Ensemble must be the outermost layer"):
        Network(root, N_INPUTS)


SPARSE_FIRST = [
    Sequential([Dense(3, "tanh"), LayerNorm(), Dense(2)]),
    Sequential([Concatenate([Dense(2), Dense(1, "tanh")]), Dense(2, "identity")]),
]


@pytest.mark.parametrize("make", [csr_matrix, csr_array])
@pytest.mark.parametrize("root", SPARSE_FIRST, ids=component_id)
def test_sparse_rows_are_rows(root, make):
    X = rows(6) * (rows(6, seed=1) > 0.3)
    network = Network(root, N_INPUTS, random_state=0)
    z = network.forward(X, training=True).copy()
    network.backward(np.cos(z))
    gradient = network.gradient.copy()
    sparse = SparseRows(make(X))
    np.testing.assert_allclose(network.forward(sparse, training=True), z, rtol=1e-13)
    network.backward(np.cos(z))
    np.testing.assert_allclose(network.gradient, gradient, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(network.predict(sparse, as_it_is), z, rtol=1e-13)


@pytest.mark.parametrize(
    "root",
    [Dropout(), LayerNorm(), BatchNorm(), Residual(Dense(N_INPUTS)), Ensemble(2, Dense(2))],
    ids=component_id,
)
def test_sparse_rows_go_into_dense_layers_only(root):
    with pytest.raises(TypeError, match=ONLY_DENSE):
        Network(root, N_INPUTS).forward(SparseRows(csr_array(rows(6))), training=True)


@crossed(
    root={"one network": every_kind(), "two members": Ensemble(2, every_kind())},
    weighted={"equal weights": False, "weighted": True},
    loss=[Huber(), MultinomialLogLoss(0.1)],
)
def test_a_step_allocates_nothing_that_grows_with_the_batch(root, weighted, loss):
    def peak(batch_size):
        network = Network(root, N_INPUTS, np.float32, random_state=0)
        objective, descent = Objective(network, loss, alpha=0.1), Descent(Adam(), network)
        x, y, weight = batch_for(network, 3 * batch_size)
        batches = Batches(x, y, weight if weighted else None, batch_size)
        for batch in batches:
            train_step(objective, descent, batch)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for batch in batches:
            train_step(objective, descent, batch)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most - before

    small, large = peak(4_000), peak(14_000)
    assert abs(large - small) < 8_000  # one column of 10,000 rows more would be 40,000 bytes


@pytest.mark.parametrize(
    "root, error, message",
    [
        (Dense(0), ValueError, "'n_units' parameter of Dense"),
        (Dense(2.5), ValueError, "'n_units' parameter of Dense"),
        (Dense(2, activation="rely"), ValueError, "activation='rely' is not known"),
        (Dense(2, activation=3), ValueError, "'activation' parameter of Dense"),
        (Dense(2, initializer="xavier"), ValueError, "initializer='xavier' is not known"),
        (Dropout(1.0), ValueError, "'rate' parameter of Dropout"),
        (Dropout(-0.1), ValueError, "'rate' parameter of Dropout"),
        (LayerNorm(0.0), ValueError, "'epsilon' parameter of LayerNorm"),
        (BatchNorm(epsilon=0.0), ValueError, "'epsilon' parameter of BatchNorm"),
        (BatchNorm(momentum=0.0), ValueError, "'momentum' parameter of BatchNorm"),
        (BatchNorm(momentum=1.1), ValueError, "'momentum' parameter of BatchNorm"),
        (Dense(2, learning_rate=-0.1), ValueError, "'learning_rate' parameter of Dense"),
        (Dense(2, learning_rate="slow"), ValueError, "'learning_rate' parameter of Dense"),
        (Dense(2, weight_decay=-1.0), ValueError, "'weight_decay' parameter of Dense"),
        (PBLD(0), ValueError, "'n_frequencies' parameter of PBLD"),
        (PBLD(n_components=1), ValueError, "'n_components' parameter of PBLD"),
        (PL(n_components=0), ValueError, "'n_components' parameter of PL"),
        (PLR(frequency_scale=0.0), ValueError, "'frequency_scale' parameter of PLR"),
        (PBLD(learning_rate=-1.0), ValueError, "'learning_rate' parameter of PBLD"),
        (Embedding(0), ValueError, "'n_categories' parameter of Embedding"),
        (Embedding([2, 3]), ValueError, r"n_categories=\[2, 3\]\) must be .* each of the 4 columns"),
        (Embedding([2, 3, 0, 1]), ValueError, r"n_categories=\[2, 3, 0, 1\]\) must be an integer > 0"),
        (Embedding(2, 0), ValueError, "'n_components' parameter of Embedding"),
        (Blocks([], []), ValueError, "needs one layer for each block"),
        (Blocks([Dense(2)], [2, 2]), ValueError, "needs one layer for each block, .* has 1"),
        (Blocks([Dense(2), 3], [2, 2]), TypeError, r"Blocks\(layers=...\) takes layers, got 3"),
        (Blocks([Dense(2), PL()], [4, 0]), ValueError, "must hold integers > 0, got 0"),
        (Blocks([Dense(2), PL()], [4, 1]), ValueError, "needs 5 columns, but its input has 4"),
        (Blocks([Ensemble(2, Dense(3))], [4]), ValueError, "Ensemble must be the outermost layer"),
        (Dense(2, bias_learning_rate=-1.0), ValueError, "'bias_learning_rate' parameter of Dense"),
        (NTKDense(0), ValueError, "'n_units' parameter of NTKDense"),
        (Scale(-1.0), ValueError, "'learning_rate' parameter of Scale"),
        (Scale(weight_decay=-1.0), ValueError, "'weight_decay' parameter of Scale"),
        (Parametric("rely"), ValueError, "activation='rely' is not known"),
        (Parametric(2), ValueError, "'activation' parameter of Parametric"),
        (Parametric(learning_rate=-1.0), ValueError, "'learning_rate' parameter of Parametric"),
        (Dense(2, max_norm=0.0), ValueError, "'max_norm' parameter of Dense"),
        (Frozen("dense"), ValueError, "'layer' parameter of Frozen"),
        (Frozen(Dense(0)), ValueError, "'n_units' parameter of Dense"),
        (Pretrained(2, []), ValueError, "'layer' parameter of Pretrained"),
        (Pretrained(Dense(2), 3), ValueError, "'values' parameter of Pretrained"),
        (Pretrained(Dense(2), [np.ones((4, 2))]), ValueError, "has 1 arrays, but the layer has 2"),
        (
            Pretrained(Dense(2), [np.ones((2, 4)), np.ones(2)]),
            ValueError,
            r"values=...\)\[0\] has shape \(2, 4\), but .* \(4, 2\)",
        ),
        (
            Pretrained(Dense(2), [np.ones((4, 2)), np.ones((2, 1))]),
            ValueError,
            r"values=...\)\[1\] has shape \(2, 1\), but .* \(1, 2\)",
        ),
        (
            Pretrained(Dense(2), [np.full((4, 2), np.nan), np.ones(2)]),
            ValueError,
            r"Pretrained\(values=...\)\[0\] contains NaN",
        ),
        (Residual("dense"), ValueError, "'layer' parameter of Residual"),
        (Residual(Dense(N_INPUTS + 1)), ValueError, "turns 4 inputs into 5 outputs"),
        (Ensemble(0, Dense(2)), ValueError, "'n_members' parameter of Ensemble"),
        (Ensemble(2, 3), ValueError, "'layer' parameter of Ensemble"),
        (Sequential([]), ValueError, r"Sequential\(layers=\[\]\)"),
        (Sequential([Dense(2), 3]), TypeError, r"Sequential\(layers=...\) takes layers, got 3"),
        (Concatenate([]), ValueError, r"Concatenate\(branches=\[\]\)"),
        (Concatenate(["dense"]), TypeError, r"Concatenate\(branches=...\) takes layers, got 'dense'"),
        (Sequential([Dense(2), Residual(Dropout(1.0))]), ValueError, "'rate' parameter of Dropout"),
    ],
)
def test_wrong_settings(root, error, message):
    with pytest.raises(error, match=message):
        Network(root, N_INPUTS)


@EVERY
def test_clone_and_repr(root):
    copy = clone(root)
    assert copy is not root
    assert repr(copy) == repr(root)
    assert repr(root).startswith(type(root).__name__)
    theta = Network(root, N_INPUTS, random_state=0).theta
    np.testing.assert_array_equal(Network(copy, N_INPUTS, random_state=0).theta, theta)


@EVERY
def test_a_network_leaves_the_settings_alone(root):
    before = repr(root)
    network = Network(root, N_INPUTS)
    assert repr(root) == before
    assert network.root is not root


@pytest.mark.parametrize(
    "root, name, value, expected",
    [
        (Dense(3), "n_units", 5, "Dense(n_units=5)"),
        (Residual(Dense(3)), "layer__n_units", 5, "Residual(layer=Dense(n_units=5))"),
        (Ensemble(2, Residual(Dropout())), "layer__layer__rate", 0.1, None),
    ],
)
def test_nested_set_params(root, name, value, expected):
    assert root.set_params(**{name: value}) is root
    assert root.get_params()[name] == value
    assert expected is None or repr(root) == expected


def test_a_pass_without_training_has_its_own_gradient():
    """After a prediction, backward gives the gradient of the network without dropout."""
    layers = [Dense(4, "tanh"), Dropout(0.5), Dense(1, "identity")]
    with_dropout = Network(Sequential(layers), 3, random_state=0)
    without = Network(Sequential([layers[0], layers[2]]), 3, random_state=0)
    x = np.random.default_rng(0).normal(size=(5, 3))
    for network in (with_dropout, without):
        network.forward(x, training=True)
        z = network.forward(x)
        network.backward(np.ones_like(z))
    np.testing.assert_array_equal(with_dropout.gradient, without.gradient)


@pytest.mark.parametrize("kind", [Layer, Activation, Loss, Initializer, Optimizer, GradientTransform])
def test_base_classes_name_what_is_missing(kind):
    with pytest.raises(TypeError, match="abstract"):
        type("Mine", (kind,), {})()


def test_predictions_keep_no_part_of_the_input():
    network = Network(Dense(2, "relu"), 3, random_state=0)
    x = np.ones((4, 3))
    network.predict(x, lambda z, out: np.copyto(out, z))
    x_alive = weakref.ref(x)
    del x
    assert x_alive() is None
