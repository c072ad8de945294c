"""Replayed steps beside NumPy's: the same bits, for whatever is written by the rule."""

import pickle
from dataclasses import dataclass
from itertools import product
from threading import Thread

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from shared.components import LAYERS, LOSSES, N_INPUTS, OPTIMIZERS, PHIS, PLACES
from shared.crossings import crossed, some_or_all
from shared.replays import replayed
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris

from skbackprop import BackpropClassifier, BackpropRegressor, TabularBackpropClassifier
from skbackprop.activations import Activation
from skbackprop.averaging import Averaging, ExponentialAverage
from skbackprop.batches import Batches, MemberBatches
from skbackprop.divergence import DivergenceError
from skbackprop.layers import Dense, Dropout, Embedding, Layer, Sequential
from skbackprop.losses import Loss, SquaredError
from skbackprop.memory import Buffer, Parameter
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import (
    Adam,
    Descent,
    GradientTransform,
    Optimizer,
)
from skbackprop.replay.choice import make_engine
from skbackprop.replay.engine import Replay
from skbackprop.replay.program import CannotReplayError, Program
from skbackprop.schedules import Constant, Scheduled, ScheduledRate
from skbackprop.training import Record, Run, train_epoch

DTYPES = np.float32, np.float64

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def train(root, loss, draw, optimizer, dtype, engine, n_rows=23, n_epochs=3, alpha=0.01, weighted=True):
    """A training after some epochs of batches of 8 rows and a shorter last one; the losses."""
    random_state = np.random.RandomState(3)
    X = random_state.normal(size=(n_rows, N_INPUTS)).astype(dtype)
    X[:, -1] = random_state.randint(2, size=n_rows)
    y = draw(random_state, n_rows).astype(dtype)
    weight = random_state.uniform(0.5, 2.0, (n_rows, 1)).astype(dtype) if weighted else None
    network = Network(root, N_INPUTS, dtype, 1)
    training = Run(Objective(network, loss, alpha))
    training.descent = Descent(optimizer, network)
    training.records = [Record() for _ in np.atleast_2d(network.theta)]
    training.rate = ScheduledRate(0.01, Constant())
    training.averaging = Averaging(ExponentialAverage(0.9), network)
    training.engine = engine
    if network.members:
        orders = np.array([random_state.permutation(n_rows) for _ in range(*network.members)])
        batches, order = MemberBatches(X, y, weight, 8, orders), np.random.default_rng(0)
    else:
        batches, order = Batches(X, y, weight, 8), np.random.RandomState(0)
    losses = []
    with np.errstate(all="ignore"):
        for epoch in range(n_epochs):
            batches.shuffle(order)
            loss, n_rows_seen = train_epoch(training, batches, epoch, n_epochs)
            losses.append([*np.atleast_1d(loss), n_rows_seen])
    return training, losses


def assert_same_bits(*settings, **more):
    wanted, wanted_losses = train(*settings, engine=None, **more)
    found, found_losses = train(*settings, engine=Replay(), **more)
    assert found.engine.refusal is None
    for a, b in zip(found.arrays(), wanted.arrays()):
        np.testing.assert_array_equal(a, b)
    assert found_losses == wanted_losses


# Rows of a program come from a layer, an activation, a loss or an optimizer, and seldom know of another: each
# is recorded beside a few of the other kinds, and beside all of them in the slow tests.


@some_or_all
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_with_every_activation(layer, place, of_all):
    is_whole = of_all or (layer == "Dense" and place != "inside Residual")
    one = "mish" if list(LAYERS).index(layer) % 2 else "tanh"
    for phi in PHIS.values() if is_whole else [PHIS[one]]:
        root = PLACES[place](LAYERS[layer](phi, N_INPUTS))
        assert_same_bits(root, *LOSSES["squared"], OPTIMIZERS["adam"], np.float32, n_epochs=2)


@some_or_all
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_loss_with_every_optimizer(optimizer, of_all):
    root = PLACES["plain"](Dense(5, "tanh"))
    losses = LOSSES if of_all or optimizer == "adam" else ["squared"]
    for name, dtype in product(losses, DTYPES):
        assert_same_bits(root, *LOSSES[name], OPTIMIZERS[optimizer], dtype, n_epochs=2)


@some_or_all
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("place", ["plain", "inside Ensemble"])
def test_every_layer_with_every_optimizer(place, optimizer, of_all):
    """Muon's rows differ with the shapes of the weights, a clipped norm's with their number."""
    some = ["Dense"] if place == "plain" else ["BatchNorm"]
    is_whole = of_all or (optimizer, place) in {("muon", "inside Ensemble"), ("clip and decay", "plain")}
    for layer in LAYERS if is_whole else some:
        root = PLACES[place](LAYERS[layer]("mish", N_INPUTS))
        assert_same_bits(root, *LOSSES["Huber(0.5)"], OPTIMIZERS[optimizer], np.float64, weighted=False)


@pytest.mark.smoke
def test_wide_layers_pass_in_many_blocks():
    """More rows than a block, row vectors repeated for a block, a softmax over many columns."""
    X, y = np.random.RandomState(0).normal(size=(700, 5)), np.arange(700) % 11
    settings = {"hidden_layer_sizes": [70, Dropout(0.2), 130], "batch_size": 300, "max_iter": 4, "alpha": 0.1}
    assert_same_fit(BackpropClassifier(random_state=0, **settings), X.astype(np.float32), y)


def assert_same_fit(model, X, y, sample_weight=None):
    by_numpy = clone(model).set_params(engine="numpy").fit(X, y, sample_weight=sample_weight)
    by_replay = clone(model).set_params(engine="replay").fit(X, y, sample_weight=sample_weight)
    assert (by_numpy.engine_, by_replay.engine_, by_replay.engine_refusal_) == ("numpy", "replay", None)
    np.testing.assert_array_equal(by_replay.network_.theta, by_numpy.network_.theta)
    assert by_replay.loss_curve_ == by_numpy.loss_curve_
    return by_replay


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": "cosine"},
        {"learning_rate": "adaptive", "solver": "sgd", "tol": 0.1, "n_iter_no_change": 2},
        {"learning_rate": "invscaling", "solver": "sgd"},
        {"early_stopping": True, "average": "ema"},
        {"average": "swa", "max_time": 1e6},
        {"hidden_layer_sizes": [Dense(9, "elu", max_norm=0.5, learning_rate=0.0), 7], "clip_norm": 0.1},
        {"hidden_layer_sizes": [Dropout(Scheduled(0.5, "cosine")), Dense(9, weight_decay=0.0)], "alpha": 1.0},
        {"shuffle": False, "batch_size": 442},
        {"batch_size": 1, "max_iter": 2},
    ],
    ids=str,
)
def test_fits_with_options(settings):
    X, y = load_diabetes(return_X_y=True)
    model = BackpropRegressor(random_state=0, **{"max_iter": 8, "hidden_layer_sizes": (9,), **settings})
    assert_same_fit(model, X, y, np.random.RandomState(0).uniform(size=len(X)))


def test_a_stream_with_batches_of_many_sizes_keeps_its_recordings():
    X, y = load_diabetes(return_X_y=True)
    models = [
        BackpropRegressor(hidden_layer_sizes=(9,), random_state=0, engine=e) for e in ("numpy", "replay")
    ]
    sizes = np.random.RandomState(0).randint(1, 12, 80)
    for model in models:
        start = 0
        for size in sizes:
            model.partial_fit(X[start : start + size], y[start : start + size])
            start = (start + size) % 400
        engine = model.run_.engine
        model = pickle.loads(pickle.dumps(model))  # the engine is not a part of it
        assert model.run_.engine is None
        model.set_params(alpha=1.0)  # another step from here on
        for _ in range(5):
            model.partial_fit(X[:50], y[:50])
    assert len(engine._recordings) == len(set(sizes))


# written here as a user would: nothing in the package knows them


class Square(Activation):
    """phi(z) = z^2 / (1 + |z|)."""

    n_scratch = 1

    def forward(self, z, out, scratch):
        np.absolute(z, out=scratch[0])
        np.add(scratch[0], 1.0, out=scratch[0])
        np.multiply(z, z, out=out)
        return np.divide(out, scratch[0], out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        np.sign(z, out=out)
        np.multiply(out, a, out=out)
        np.subtract(z, out, out=out)
        np.add(out, z, out=out)
        np.divide(out, scratch[0], out=out)
        return np.multiply(out, output_gradient, out=out)


@dataclass(eq=False, repr=False)
class Rotation(Layer):
    """Columns in another order, times a gain and a sine of it; with arctan2, floor, clip and a maximum."""

    shift: int = 1

    def parameters(self, n_inputs):
        return {"gain": Parameter((1, n_inputs), lambda random_state: random_state.normal(size=n_inputs))}

    def buffers(self, n_inputs):
        return {
            "turned": n_inputs,
            "output": n_inputs,
            "product": n_inputs,
            "input_gradient": n_inputs,
            "largest": Buffer((1, n_inputs), per_sample=False),
            "ones": Buffer((1,), fill=lambda n_samples: 1.0),
        }

    def forward(self, x, params, work, training):
        np.copyto(work.turned[..., self.shift :], x[..., : -self.shift])
        np.copyto(work.turned[..., : self.shift], x[..., -self.shift :])
        np.maximum.reduce(work.turned, axis=-2, keepdims=True, out=work.largest)
        np.floor(work.largest, out=work.largest)
        np.multiply(work.turned, params.gain, out=work.output)
        return np.add(work.output, work.largest, out=work.output)

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient
        np.multiply(output_gradient, work.turned, out=work.product)
        np.matmul(work.ones.mT, work.product, out=gradients.gain)

    def input_gradient(self, params, work):
        np.multiply(work.output_gradient, params.gain, out=work.product)
        np.copyto(work.input_gradient[..., : -self.shift], work.product[..., self.shift :])
        np.copyto(work.input_gradient[..., -self.shift :], work.product[..., : self.shift])
        return work.input_gradient


class Cauchy(Loss):
    """L = log(1 + r^2), dL/dz = 2 r / (1 + r^2), r = z - y."""

    n_scratch = 1

    def losses_and_delta(self, y, z, losses, out, work):
        (square,) = work.scratch
        np.subtract(z, y, out=out)
        np.square(out, out=square)
        np.log1p(square, out=losses)
        np.add(square, 1.0, out=square)
        np.divide(out, square, out=out)
        np.ldexp(out, 1, out=out)


class ScaleBySign(GradientTransform):
    """u <- sign(u) |u|^0.5."""

    def work(self, network):
        return {"sign": np.empty_like(network.theta)}

    def apply(self, update, theta, state):
        np.sign(update, out=state.sign)
        np.absolute(update, out=update)
        np.power(update, 0.5, out=update)
        np.copysign(update, state.sign, out=update)


class RootDescent(Optimizer):
    learning_rate = 0.01

    def transforms(self):
        return [ScaleBySign()]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.smoke
def test_what_the_package_does_not_know(place, dtype):
    root = PLACES[place](Sequential([Rotation(), Dense(N_INPUTS, Square()), Rotation(2)]))
    assert_same_bits(root, Cauchy(), LOSSES["squared"][1], RootDescent(), dtype)


# what cannot be replayed


def test_sparse_rows_stay_with_numpy():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(match="the rows are sparse"):
        model = BackpropClassifier(max_iter=3, engine="replay").fit(csr_matrix(X), y)
    assert model.engine_ == "numpy"


@crossed(
    too_fast=[("sgd", 1e8), ("sgd", 30.0), ("adam", 1e30), ("nadam", 1e200)],
    activation=["relu", "identity", "tanh"],
    batch_size=[50, 442],
    dtype={"float32": np.float32, "float64": np.float64},
)
def test_divergence_is_the_same_error(too_fast, activation, batch_size, dtype):
    X, y = load_diabetes(return_X_y=True)
    solver, rate = too_fast
    messages = []
    for engine in ("numpy", "replay"):
        model = BackpropRegressor(
            hidden_layer_sizes=[8, Dropout(0.1), 8],
            random_state=0,
            max_iter=30,
            n_iter_no_change=30,
            engine=engine,
            solver=solver,
            activation=activation,
            learning_rate_init=rate,
            batch_size=batch_size,
        )
        try:
            model.fit((1e3 * X).astype(dtype), y)
        except DivergenceError as error:
            messages.append(str(error))
        else:
            messages.append(None)
    assert messages[0] == messages[1]


@pytest.mark.parametrize("engine", ["numpy", "replay"])
@pytest.mark.parametrize(
    ("layer", "factor", "cause"),
    [
        (0, np.nan, r"the weight of layers\[0\]"),
        (1, np.inf, r"the weight of layers\[1\]"),
        (0, 1e200, "the loss overflows though"),
        (1, 1e302, r"the net_input of layers\[1\]"),
    ],
)
def test_the_cause_is_in_the_forward_pass_of_the_batch_that_failed(engine, layer, factor, cause):
    """With the weights that it met: the step that follows it spoils them all."""
    X, y = load_diabetes(return_X_y=True)
    settings = {"hidden_layer_sizes": [Dense(5, "identity")], "random_state": 0, "engine": engine}
    net = BackpropRegressor(**settings).partial_fit(X, y, n_epochs=3)
    for pickled in (False, True):
        net = pickle.loads(pickle.dumps(net)) if pickled else net
        good = net.network_.theta.copy()
        net.coefs_[layer][...] = 1e5 * factor
        X_bad = 1e10 * X if layer else X
        with np.errstate(all="ignore"), pytest.raises(DivergenceError, match=cause):
            net.partial_fit(X_bad, y)
        net.network_.theta[...] = good
        assert np.isfinite(net.partial_fit(X, y).network_.theta).all()


@pytest.mark.parametrize("engine", ["numpy", "replay"])
@pytest.mark.parametrize(
    ("dtype", "of_x", "of_y"),
    [(np.float64, 1e199, 1.0), (np.float32, 1e30, 1.0), (np.float32, 1.0, 1e30), (np.float64, 1.0, 1e160)],
)
def test_a_first_step_that_is_not_finite_is_the_documented_error(engine, dtype, of_x, of_y):
    X, y = load_diabetes(return_X_y=True)
    net = BackpropRegressor(hidden_layer_sizes=(8,), random_state=0, engine=engine)
    bad = (X * of_x).astype(dtype), (y * of_y).astype(dtype)
    with pytest.raises(DivergenceError, match="epoch 1, step 1 of 3: the loss overflows though"):
        net.fit(*bad)
    net = clone(net).partial_fit(X.astype(dtype), y)
    net, twin = (pickle.loads(pickle.dumps(net)) for _ in range(2))
    with pytest.raises(DivergenceError, match="epoch 2, step 1 of 3: the loss overflows though"):
        net.partial_fit(*bad)
    for model in (net, twin):
        model.partial_fit(X.astype(dtype), y)
    np.testing.assert_array_equal(net.network_.theta, twin.network_.theta)


def test_fits_side_by_side_in_threads():
    X, y = load_diabetes(return_X_y=True)
    model = BackpropRegressor(hidden_layer_sizes=[20, Dropout(0.1)], max_iter=30, tol=0, engine="replay")

    def fit(seed, into):
        into[seed] = clone(model).set_params(random_state=seed).fit(X, y).network_.theta

    together, alone = {}, {}
    threads = [Thread(target=fit, args=(seed, together)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        fit(seed, alone)
    for seed in range(4):
        np.testing.assert_array_equal(together[seed], alone[seed])


# the choice


def test_auto_replays_where_the_steps_are_worth_the_start():
    small, large = (Network(Dense(n), 10, np.float32, 0) for n in (1, 1000))
    assert make_engine("numpy", 10**9, small, 100) is None
    assert make_engine("auto", 10, small, 100) is None
    assert make_engine("auto", 10**6, small, 100) is not None
    assert make_engine("auto", 700, small, 100) is None
    assert make_engine("auto", 700, large, 100) is not None
    assert make_engine("auto", 700, small, 100, n_trainings=100) is None  # each has to be recorded
    assert make_engine("auto", 10**5, small, 100, n_trainings=2) is not None
    engine = make_engine("replay", 1, small, 100)
    assert make_engine("auto", 1, small, 100, engine) is engine
    assert make_engine("numpy", 1, small, 100, engine) is None


def test_a_bad_engine_is_named():
    with pytest.raises(ValueError, match=r"'engine' parameter.*'fast'"):
        BackpropRegressor(engine="fast").fit([[0.0]], [1.0])


# pieces


@pytest.mark.parametrize("shape", [(3,), (1, 1), (7, 3), (5, 4, 3), (100, 40), (3, 2, 5, 2)])
def test_reductions_and_copies_on_all_axes(shape):
    random_state = np.random.RandomState(0)
    x = random_state.normal(size=shape)
    for ufunc, axis in product((np.add, np.maximum, np.multiply), range(-1, len(shape))):
        wanted = ufunc.reduce(x, axis=axis, keepdims=True)
        found, program = np.full_like(wanted, np.nan), Program(has_members=False)
        program.reduce(ufunc, x, axis, found)
        replayed(program)
        np.testing.assert_allclose(found, wanted, rtol=1e-14)
        program, running = Program(has_members=False), np.empty_like(x)
        program.accumulate(ufunc, x, axis, running)
        replayed(program)
        np.testing.assert_array_equal(running, ufunc.accumulate(x, axis=axis))


def test_an_embedding_of_codes_out_of_range():
    """take with mode="clip" and add.at beside NumPy's."""
    root = Sequential([Embedding(3, 2), Dense(2, "identity")])
    assert_same_bits(root, SquaredError(), LOSSES["squared"][1], Adam(0.01), np.float32, alpha=0.0)


def test_empty_arrays_need_no_row():
    x, out, program = np.zeros((5, 0)), np.zeros((5, 1)), Program(has_members=False)
    program.elementwise(np.add, [x, 1.0], [x])
    program.copy(1.0, x)
    program.reduce(np.add, x, -1, out)
    replayed(program)
    assert not out.any()


def test_a_shape_that_no_row_holds_is_refused():
    x = np.zeros((2, 2, 2, 2, 2))
    with pytest.raises(CannotReplayError, match="5 axes"):
        Program(has_members=False).elementwise(np.add, [x, x], [x])
    with pytest.raises(CannotReplayError, match="backwards"):
        Program(has_members=False).copy(x[0, 0, 0, ::-1], x[1, 0, 0])
    with pytest.raises(CannotReplayError, match="no loop"):
        Program(has_members=False).elementwise(np.add, [x[0, 0].astype(object), 1], [x[0, 0].astype(object)])
    with pytest.raises(CannotReplayError, match="a part of its input"):
        Program(has_members=False).elementwise(np.add, [x[0, 0, 0, :1], 1.0], [x[0, 0, 0]])
    with pytest.raises(CannotReplayError, match="no array"):
        Program(has_members=False).copy(0.0, x[0, 0, 0, 0, 0])


@pytest.mark.parametrize("recipe", ["bagged", "td", "td_s"])
def test_tables_are_learned_to_the_same_bits(recipe):
    iris = load_iris(as_frame=True)
    X = iris.data.assign(kind=iris.target.map({0: "a", 1: "b", 2: "b"}))
    model = TabularBackpropClassifier(recipe=recipe, max_iter=4, n_estimators=2, random_state=0)
    by_numpy = clone(model).set_params(engine="numpy").fit(X, iris.target)
    by_replay = clone(model).set_params(engine="replay").fit(X, iris.target)
    assert (by_numpy.engine_, by_replay.engine_) == ("numpy", "replay")
    np.testing.assert_array_equal(by_replay.predict_proba(X), by_numpy.predict_proba(X))
