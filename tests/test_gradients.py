"""Backpropagation against central differences in float64: every layer, activation and loss."""

from contextlib import contextmanager
from itertools import product

import numpy as np
import pytest

from skbackprop.activations import ACTIVATIONS, ELU, Bounded, LeakyReLU
from skbackprop.batches import Batch
from skbackprop.layers import (
    PBLD,
    PL,
    PLR,
    BatchNorm,
    Blocks,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Ensemble,
    LayerNorm,
    NTKDense,
    Parametric,
    Passthrough,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.losses import (
    AbsoluteError,
    BinaryLogLoss,
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
from skbackprop.network import Network
from skbackprop.objective import Objective

N_INPUTS, N_OUTPUTS = 3, 2

# Each keeps the width, so that it fits into Residual.
LAYERS = {
    "Dense": lambda phi, m: Dense(m, phi),
    "one node": lambda phi, m: Sequential([Dense(1, phi), Dense(m, phi)]),
    "Dropout": lambda phi, m: Sequential([Dropout(0.3), Dense(m, phi), Dropout(0.4)]),
    "BatchNorm": lambda phi, m: Sequential([BatchNorm(epsilon=0.1), Dense(m, phi), BatchNorm(epsilon=0.1)]),
    "LayerNorm": lambda phi, m: Sequential([LayerNorm(0.1), Dense(m, phi), LayerNorm(0.1)]),
    "Residual": lambda phi, m: Residual(Sequential([Dense(2, phi), Dense(m, phi)])),
    "Concatenate": lambda phi, m: Concatenate([Dense(1, phi), Sequential([Dense(2, phi), Dense(m - 1)])]),
    "Sequential": lambda phi, m: Sequential([Dense(2, phi), Sequential([Dense(m, phi)])]),
    "NTKDense": lambda phi, m: Sequential([Scale(), NTKDense(m, phi)]),
    "Blocks": lambda phi, m: Sequential(
        [Blocks([PBLD(3, 2), Embedding(2, 2), Passthrough()], [m - 2, 1, 1]), Dense(m, phi)]
    ),
    "Parametric": lambda phi, m: Sequential([Parametric(phi), NTKDense(m, "identity"), Parametric(phi)]),
}
PLACES = {
    "plain": lambda layer: Sequential([layer, Dense(N_OUTPUTS, "identity")]),
    "inside Residual": lambda layer: Sequential([Residual(layer), Dense(N_OUTPUTS, "identity")]),
    "inside Ensemble": lambda layer: Ensemble(2, Sequential([layer, Dense(N_OUTPUTS, "identity")])),
}
PHIS = {
    **{name: kind() for name, kind in ACTIVATIONS.items()},
    "leaky_relu(0.4)": LeakyReLU(0.4),
    "leaky_relu(1)": LeakyReLU(1.0),
    "elu(0.4)": ELU(0.4),
    "Bounded(-2, 3)": Bounded(-2.0, 3.0),
}


def numbers(random_state, n):
    return random_state.normal(size=(n, N_OUTPUTS))


def one_number(random_state, n):
    return random_state.normal(size=(n, 1))


def counts(random_state, n):
    return random_state.poisson(1.5, (n, N_OUTPUTS)).astype(float)


def positive(random_state, n):
    return random_state.gamma(2.0, size=(n, N_OUTPUTS))


def labels(random_state, n):
    return random_state.randint(2, size=(n, N_OUTPUTS)).astype(float)


def one_hot(random_state, n):
    return np.eye(N_OUTPUTS)[random_state.randint(N_OUTPUTS, size=n)]


LOSSES = {
    "squared": (SquaredError(), numbers),
    "absolute": (AbsoluteError(), numbers),
    "Huber(0.1)": (Huber(0.1), numbers),
    "Huber(0.5)": (Huber(0.5), numbers),
    "Huber(5)": (Huber(5.0), numbers),
    "log cosh": (LogCosh(), numbers),
    "Quantile(0.1)": (Quantile(0.1), numbers),
    "Quantile(0.5)": (Quantile(0.5), numbers),
    "Quantile(0.8)": (Quantile(0.8), numbers),
    "Poisson": (Poisson(), counts),
    "Gamma": (Gamma(), positive),
    "binary": (BinaryLogLoss(), labels),
    "binary, smooth": (BinaryLogLoss(0.2), labels),
    "multinomial": (MultinomialLogLoss(), one_hot),
    "multinomial, smooth": (MultinomialLogLoss(0.2), one_hot),
    "Quantiles": (Quantiles((0.2, 0.7)), one_number),
    "joint": (JointLoss([Gamma(), Huber(0.5)]), positive),
}


def blocks(*draws):
    """Targets side by side: of every draw the first so many columns."""
    return lambda random_state, n: np.hstack([draw(random_state, n)[:, :m] for draw, m in draws])


def three_classes(random_state, n):
    return np.eye(3)[random_state.randint(3, size=n)]


JOINT = {
    "numbers": (
        JointLoss([Poisson(), SquaredError(), Quantile(0.3)]),
        blocks((counts, 1), (numbers, 2)),
    ),
    "several columns each": (
        JointLoss([SquaredError(), Gamma()], y_widths=[2, 1]),
        blocks((numbers, 2), (positive, 1)),
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


class Case:
    """E as a function of theta and x, and its gradient by backpropagation; dropout's mask stays the same."""

    def __init__(self, root, loss, draw, n_samples, n_inputs):
        random_state = np.random.RandomState(12)
        self.x = random_state.normal(size=(n_samples, n_inputs))
        self.network = Network(root, n_inputs, random_state=3)
        self.theta = self.network.theta
        self.theta[...] = random_state.normal(0.0, 0.7, self.theta.shape)  # gains and biases too
        self.generator_state = self.network.generator and self.network.generator.bit_generator.state
        self.objective = Objective(self.network, loss)
        self.weight = random_state.uniform(0.5, 2.0, (n_samples, 1))
        self.weight[1] = 0.0
        self.batch = Batch(self.x, draw(random_state, n_samples), None)

    def weighted(self, alpha):
        """The same case with sample weights, one row of them zero, and the L2 penalty."""
        self.batch = self.batch._replace(weight=self.weight)
        self.objective.set_alpha(alpha)
        return self

    def value(self):
        if self.generator_state:
            self.network.generator.bit_generator.state = self.generator_state
        return self.objective.value_and_gradient(self.batch).sum()

    def gradients(self):
        """dE/dtheta and dE/dx."""
        self.value()
        network = self.network
        return network.gradient.copy(), network.root.input_gradient(network.params, network.work).copy()

    def slope(self, move, h=2e-5):
        """(E after move(h) - E after move(-h)) / 2h; `move` leaves its arrays changed by that much."""
        move(h)
        above = self.value()
        move(-2.0 * h)
        below = self.value()
        move(h)
        return (above - below) / (2.0 * h)

    def assert_every_coordinate(self):
        for array, exact in zip((self.theta, self.x), self.gradients()):
            slopes = np.empty_like(exact)
            for i in np.ndindex(exact.shape):

                def move(step, array=array, i=i):
                    array[i] += step

                slopes[i] = self.slope(move)
            assert np.abs(exact).max() > 1e-4
            np.testing.assert_allclose(slopes, exact, rtol=1e-6, atol=1e-7 * np.abs(exact).max())

    def assert_random_directions(self, n_directions=2):
        exact = np.concatenate([part.ravel() for part in self.gradients()])
        random_state = np.random.RandomState(11)
        for _ in range(n_directions):
            direction = random_state.normal(size=exact.size) / np.sqrt(exact.size)
            v = direction[: self.theta.size].reshape(self.theta.shape)
            u = direction[self.theta.size :].reshape(self.x.shape)

            def move(step, v=v, u=u):
                self.theta += step * v
                self.x += step * u

            np.testing.assert_allclose(self.slope(move), exact @ direction, rtol=1e-6, atol=1e-8)


@contextmanager
def named(loss):
    """An error says which loss of the table it is about: a test for each takes longer to set up."""
    try:
        yield
    except Exception as error:
        error.add_note(f"with the loss {loss!r}")
        raise


@pytest.mark.parametrize("layer, phi", list(product(LAYERS, PHIS)))
def test_every_coordinate(layer, phi):
    root = PLACES["plain"](LAYERS[layer](PHIS[phi], N_INPUTS))
    for name, loss in LOSSES.items():
        with named(name):
            Case(root, *loss, 4, N_INPUTS).weighted(alpha=0.0).assert_every_coordinate()


@pytest.mark.parametrize("place, layer, phi", list(product(PLACES, LAYERS, PHIS)))
def test_random_directions(place, layer, phi):
    for name, loss in LOSSES.items():
        with named(name):
            case = Case(PLACES[place](LAYERS[layer](PHIS[phi], 6)), *loss, 8, 6)
            case.assert_random_directions()
            case.weighted(alpha=0.3).assert_random_directions()


@pytest.mark.parametrize("own_weights", [False, True], ids=["shared weights", "own weights"])
@pytest.mark.parametrize("members", [False, True], ids=["one network", "inside Ensemble"])
@pytest.mark.parametrize("loss", JOINT)
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
def test_numeric_embeddings(name, below, members):
    layers = [Dense(4, "tanh")] if below else []
    root = Sequential([*layers, NUMBERS[name], Dense(N_OUTPUTS, "identity")])
    case = Case(Ensemble(2, root) if members else root, *LOSSES["squared"], 6, N_INPUTS)
    case.assert_every_coordinate()
    case.weighted(alpha=0.3).assert_random_directions()


@pytest.mark.parametrize("members", [False, True], ids=["one network", "inside Ensemble"])
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
