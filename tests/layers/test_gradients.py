"""Backpropagation against central differences in float64: every layer, activation and loss."""

from contextlib import contextmanager
from itertools import product

import numpy as np
import pytest
from shared.components import (
    LAYERS,
    LOSSES,
    N_INPUTS,
    N_OUTPUTS,
    PHIS,
    PLACES,
    counts,
    labels,
    numbers,
    one_hot,
    positive,
)
from shared.crossings import some_or_all
from shared.slopes import Case

from skbackprop.layers import (
    PBLD,
    PL,
    PLR,
    Dense,
    Embedding,
    Ensemble,
    Parametric,
    Sequential,
)
from skbackprop.losses import (
    BinaryLogLoss,
    CrossEntropy,
    Gamma,
    Huber,
    JointLoss,
    LogCosh,
    MultinomialLogLoss,
    Poisson,
    Quantile,
    Quantiles,
    SquaredError,
)


def blocks(*draws):
    """Targets side by side: of every draw the first so many columns."""
    return lambda random_state, n: np.hstack([draw(random_state, n)[:, :m] for draw, m in draws])


def three_classes(random_state, n):
    return np.eye(3)[random_state.randint(3, size=n)]


def three_shares(random_state, n):
    return random_state.dirichlet(np.ones(3), n)


JOINT = {
    "numbers": (
        JointLoss([Poisson(), SquaredError(), Quantile(0.3)]),
        blocks((counts, 1), (numbers, 2)),
    ),
    "several columns each": (
        JointLoss([SquaredError(), Gamma()], y_widths=[2, 1]),
        blocks((numbers, 2), (positive, 1)),
    ),
    "shares and a number": (
        JointLoss([CrossEntropy(), Huber(0.5)], y_widths=[3, 1]),
        blocks((three_shares, 3), (numbers, 1)),
    ),
    "quantiles of two targets": (
        JointLoss([Quantiles(), LogCosh(), Quantiles((0.4, 0.9))], [3, 1, 2], [1, 1, 1]),
        blocks((numbers, 2), (numbers, 1)),
    ),
    "classes of three outputs": (
        JointLoss([MultinomialLogLoss(), BinaryLogLoss(), MultinomialLogLoss(0.2)], y_widths=[3, 1, 2]),
        blocks((three_classes, 3), (labels, 1), (one_hot, 2)),
    ),
    "labels": (JointLoss([BinaryLogLoss(), BinaryLogLoss(0.3)]), labels),
    "joint inside joint": (
        JointLoss([JointLoss([Huber(0.5), Poisson()]), Gamma()], y_widths=[2, 1]),
        blocks((positive, 2), (positive, 1)),
    ),
}


@contextmanager
def named(loss):
    """An error says which loss of the table it is about: a test for each takes longer to set up."""
    try:
        yield
    except Exception as error:
        error.add_note(f"with the loss {loss!r}")
        raise


def losses_for(of_all, *places):
    """All losses, or every ninth one, from another on for the next entry of a table.

    Every layer, activation and place then meets every loss; each pair of them does so in the slow tests only.
    """
    first = sum(list(table).index(name) for table, name in places) % 9
    return list(LOSSES)[0 if of_all else first :: 1 if of_all else 9]


@pytest.mark.parametrize("tables", [("layer", "phi"), ("place", "layer", "phi")], ids=len)
def test_every_loss_is_met_by_every_layer_activation_and_place(tables):
    """As in test_every_coordinate and test_random_directions."""
    tables = {name: {"place": PLACES, "layer": LAYERS, "phi": PHIS}[name] for name in tables}
    met = {(kind, name): set() for kind, table in tables.items() for name in table}
    for names in product(*tables.values()):
        losses = losses_for(False, *zip(tables.values(), names))
        for pair in zip(tables, names):
            met[pair].update(losses)
    assert all(losses == set(LOSSES) for losses in met.values())


with_tanh_smoke = [
    pytest.param(layer, phi, marks=pytest.mark.smoke if phi == "tanh" else ())
    for layer, phi in product(LAYERS, PHIS)
]


@some_or_all
@pytest.mark.parametrize("layer, phi", with_tanh_smoke)
def test_every_coordinate(layer, phi, of_all):
    root = PLACES["plain"](LAYERS[layer](PHIS[phi], N_INPUTS))
    for name in losses_for(of_all, (LAYERS, layer), (PHIS, phi)):
        with named(name):
            Case(root, *LOSSES[name], 4, N_INPUTS).weighted(alpha=0.0).assert_every_coordinate()


@some_or_all
@pytest.mark.parametrize("place, layer, phi", list(product(PLACES, LAYERS, PHIS)))
def test_random_directions(place, layer, phi, of_all):
    for name in losses_for(of_all, (PLACES, place), (LAYERS, layer), (PHIS, phi)):
        with named(name):
            case = Case(PLACES[place](LAYERS[layer](PHIS[phi], 6)), *LOSSES[name], 8, 6)
            case.assert_random_directions()
            case.weighted(alpha=0.3).assert_random_directions()


@pytest.mark.parametrize("own_weights", [False, True], ids=["shared weights", "own weights"])
@pytest.mark.parametrize("members", [False, True], ids=["one network", "inside Ensemble"])
@pytest.mark.parametrize("loss", JOINT)
@pytest.mark.smoke
def test_joint_loss(loss, members, own_weights):
    loss, draw = JOINT[loss]
    n_nodes = loss.n_nodes(draw(np.random.RandomState(0), 1).shape[1])
    root = Sequential([Dense(4, "tanh"), Dense(n_nodes, "identity")])
    case = Case(Ensemble(2, root) if members else root, loss, draw, 8, N_INPUTS)
    case.assert_every_coordinate()
    if own_weights:
        case.weight = np.random.RandomState(1).uniform(0.5, 2.0, (8, len(loss.losses)))
        case.weight[0, 0] = case.weight[1] = 0.0
    case.weighted(alpha=0.0).assert_every_coordinate()
    case.weighted(alpha=0.3).assert_random_directions()


@pytest.mark.parametrize("loss", LOSSES)
def test_softmax_as_the_last_activation(loss):
    """The loss acts on shares: its delta at each node goes to all nodes."""
    loss, draw = LOSSES[loss]
    root = Sequential([Dense(4, "softmax"), Dense(N_OUTPUTS, "softmax")])
    for place in (root, Ensemble(2, root)):
        Case(place, loss, draw, 8, N_INPUTS).weighted(alpha=0.0).assert_random_directions()


@pytest.mark.parametrize("activation", ["mish", "softmax"])
def test_parametric_with_a_strength_for_each_node(activation):
    case = Case(Sequential([Parametric(activation), Dense(2, "identity")]), *LOSSES["squared"], 4, N_INPUTS)
    assert np.ptp(case.network.params.layers[0].alpha) > 0.5
    case.assert_every_coordinate()


NUMBERS = {
    "PBLD": PBLD(5, 3, 0.5),
    "PBLD with one linear component": PBLD(2, 2),
    "PL": PL(3, 2, 0.5),
    "PL with one component": PL(1, 1),
    "PLR": PLR(4, 3, 0.5),
}


@pytest.mark.parametrize("members", [False, True], ids=["one network", "inside Ensemble"])
@pytest.mark.parametrize("below", [False, True], ids=["first layer", "second layer"])
@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.smoke
def test_numeric_embeddings(name, below, members):
    layers = [Dense(4, "tanh")] if below else []
    root = Sequential([*layers, NUMBERS[name], Dense(N_OUTPUTS, "identity")])
    case = Case(Ensemble(2, root) if members else root, *LOSSES["squared"], 6, N_INPUTS)
    case.assert_every_coordinate()
    case.weighted(alpha=0.3).assert_random_directions()


@pytest.mark.parametrize("members", [False, True], ids=["one network", "inside Ensemble"])
@pytest.mark.smoke
def test_embeddings_of_categories(members):
    """dE/dtheta only: codes have no gradient. Both columns are drawn from their whole range and beyond."""
    root = Sequential([Embedding([3, 5], 2), Dense(N_OUTPUTS, "tanh")])
    case = Case(Ensemble(2, root) if members else root, *LOSSES["squared"], 12, 2)
    case.x[...] = np.random.RandomState(4).randint(-1, 6, size=(12, 2))
    exact, back = case.gradients()
    np.testing.assert_array_equal(back, 0.0)
    for i in np.ndindex(exact.shape):

        def move(step, i=i):
            case.theta[i] += step

        np.testing.assert_allclose(case.slope(move), exact[i], rtol=1e-6, atol=1e-8)
