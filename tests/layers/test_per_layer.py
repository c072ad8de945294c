"""What a layer may have of its own: a learning rate, a decay, a bound, first values, running statistics."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from shared.components import LOSSES
from shared.naming import component_id
from shared.slopes import Case
from sklearn.base import clone

from skbackprop.batches import Batch, Batches
from skbackprop.estimators import BackpropRegressor
from skbackprop.layers import (
    BatchNorm,
    Concatenate,
    Dense,
    Dropout,
    Ensemble,
    Frozen,
    LayerNorm,
    Pretrained,
    Residual,
    Sequential,
)
from skbackprop.lbfgs import check_network
from skbackprop.losses import SquaredError
from skbackprop.memory import leaves
from skbackprop.network import ROWS_AT_ONCE, Network, first_layer
from skbackprop.objective import Objective
from skbackprop.optimizers import SGD, Adam, Chain, ClipNorm, Descent, RMSProp, ScaleByAdam
from skbackprop.schedules import Constant, ScheduledRate
from skbackprop.training import Curves, Limits, Rule, Run, only, train, train_step

N_INPUTS = 4
LAST = Dense(2, "identity")
SQUARED = LOSSES["squared"]


def draw(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def as_it_is(z, out):
    np.copyto(out, z)


def batch(n_samples, seed=0, weight=None):
    return Batch(draw(n_samples, N_INPUTS, seed=seed), draw(n_samples, 2, seed=seed + 1), weight)


def start(*layers, members=None, **settings):
    root = Sequential([*layers, LAST])
    return Network(Ensemble(members, root) if members else root, N_INPUTS, random_state=0, **settings)


def descend(network, optimizer, n_steps, alpha=0.0):
    objective, descent = Objective(network, SquaredError(), alpha), Descent(optimizer, network)
    descent.learning_rate[...] = 0.05
    for seed in range(n_steps):
        train_step(objective, descent, batch(6, seed))
    return network


def values_of(params):
    return [array.copy() for array in leaves(params)]


# ------------------------------------------------------------------ Dense's own settings


def test_settings_of_a_dense_layer_reach_the_layout():
    slow = Dense(1, learning_rate=0.5, weight_decay=3.0, max_norm=2.0)
    network = Network(Sequential([Dense(1), slow]), 2)
    # theta: the weights (2, 1) and (1, 1), then the biases
    np.testing.assert_array_equal(network.learning_rates, [1.0, 1.0, 0.5, 1.0, 0.5])
    np.testing.assert_array_equal(network.weight_decays[: network.n_decayed], [1.0, 1.0, 3.0])
    assert [parameter.max_norm for _, _, parameter in network.matrices] == [None, 2.0]
    plain = Network(Sequential([Dense(1), Dense(1)]), 2)
    assert plain.learning_rates is plain.weight_decays is None


@pytest.mark.parametrize("members", [None, 3])
def test_the_penalty_of_a_layer_has_its_factor(members):
    network = start(Dense(3, "tanh", weight_decay=3.0), Dense(2, weight_decay=0.0), members=members)
    alpha, data = 0.7, batch(5)
    objectives = [Objective(network, SquaredError(), a) for a in (0.0, alpha)]
    (plain, g), (penalised, h) = (
        (objective.value_and_gradient(data).copy()[..., 0, 0], network.gradient.copy())
        for objective in objectives
    )
    params = (network.params.layer if members else network.params).layers
    squares = [np.square(layer.weight).sum(axis=(-2, -1)) for layer in params]
    np.testing.assert_allclose(penalised - plain, alpha / (2 * 5) * (3 * squares[0] + squares[2]), rtol=1e-12)
    factors = np.zeros_like(network.theta)
    factors[..., : network.n_decayed] = np.repeat([3.0, 0.0, 1.0], [12, 6, 4])
    np.testing.assert_allclose(h - g, alpha / 5 * factors * network.theta, atol=1e-15)


@pytest.mark.parametrize("place", [lambda root: root, lambda root: Ensemble(2, root)])
def test_the_gradient_belongs_to_the_value(place):
    layers = [Dense(3, "tanh", weight_decay=3.0), Dense(3, "elu", weight_decay=0.0), LAST]
    Case(place(Sequential(layers)), *SQUARED, 5, 3).weighted(alpha=0.9).assert_random_directions(4)


@pytest.mark.parametrize("place", [lambda root: root, lambda root: Ensemble(2, root)])
def test_the_penalty_in_parts_is_the_whole(place, monkeypatch):
    """alpha / (2 n) sum f w^2 and its gradient, whatever the size of the parts."""
    found = []
    for size in (2**15, 4):
        monkeypatch.setattr("skbackprop.memory.BLOCK", size)
        layers = [Dense(3, "tanh", weight_decay=3.0), Dense(3, "elu"), LAST]
        case = Case(place(Sequential(layers)), *SQUARED, 5, 3)
        objective = Objective(case.network, SquaredError(), 0.9)
        found.append(
            (
                len(objective.parts),
                objective.value_and_gradient(case.batch).copy(),
                case.network.gradient.copy(),
            )
        )
    (one, value, gradient), (many, *in_parts) = found
    assert one == 1 and many > 3
    np.testing.assert_allclose(in_parts[0], value, rtol=1e-13)
    np.testing.assert_array_equal(in_parts[1], gradient)


def test_networks_without_factors_pay_nothing():
    objective = Objective(start(Dense(3), LayerNorm()), SquaredError(), 0.1)
    assert objective.parts[0].factors is objective._frozen is None
    objective = Objective(start(Dense(3, learning_rate=0.5)), SquaredError(), 0.1)
    assert objective.parts[0].factors is objective._frozen is None


# ------------------------------------------------------------------ Frozen

FROZEN = {
    "Dense": Dense(4, "tanh"),
    "bounded": Dense(4, "tanh", max_norm=0.1),
    "Sequential": Sequential([Dense(3), LayerNorm(), Dense(4, "tanh")]),
    "Residual": Residual(Dense(4, "tanh")),
    "Concatenate": Concatenate([Dense(3, "elu"), Dense(1)]),
    "BatchNorm": Sequential([Dense(4), BatchNorm()]),
    "Pretrained": Pretrained(Dense(4, "tanh"), [draw(4, 4), draw(4)]),
}


@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize("layer", FROZEN.values(), ids=FROZEN)
@pytest.mark.parametrize(
    "optimizer",
    [Adam(), SGD(momentum=0.9), SGD(momentum=0.9, nesterov=True), RMSProp()],
    ids=component_id,
)
def test_frozen_layers_stay_bit_for_bit(optimizer, layer, members):
    network = start(Dense(4, "tanh"), Frozen(layer), members=members)
    below, frozen, last = (network.params.layer if members else network.params).layers
    kept, moving = values_of(frozen), [*values_of(below), *values_of(last)]
    descend(network, optimizer, 5, alpha=0.5)
    for before, after in zip(kept, leaves(frozen)):
        assert before.tobytes() == after.tobytes()
    for before, after in zip(moving, [*leaves(below), *leaves(last)]):
        assert not np.isclose(before, after).all()


def test_frozen_layers_are_not_penalised():
    network, data = start(Frozen(Dense(3, "tanh"))), batch(5)
    plain, penalised = (
        Objective(network, SquaredError(), alpha).value_and_gradient(data).item() for alpha in (0.0, 0.7)
    )
    weight = network.params.layers[1].weight
    assert penalised - plain == pytest.approx(0.7 / (2 * 5) * np.square(weight).sum(), rel=1e-12)


def test_a_learning_rate_of_zero_freezes():
    network = start(Dense(3, learning_rate=0.0))
    before = values_of(network.params.layers[0])
    descend(network, Adam(), 3, alpha=0.5)
    np.testing.assert_equal(values_of(network.params.layers[0]), before)


@pytest.mark.parametrize("members", [None, 2])
def test_only_what_moves_has_a_gradient(members):
    inner = Residual(Dense(4, "tanh"))
    free, kept = (start(Dense(4), layer, members=members) for layer in (inner, Frozen(inner)))
    for network in (free, kept):
        Objective(network, SquaredError()).value_and_gradient(batch(6))
    mask = kept.learning_rates == 0.0
    assert mask.sum() == 20 * (members or 1)
    assert (np.abs(free.gradient[mask]) > 0.0).any()
    np.testing.assert_array_equal(kept.gradient[mask], 0.0)
    np.testing.assert_array_equal(kept.gradient[~mask], free.gradient[~mask])


def test_frozen_layers_do_not_enter_the_clipped_norm():
    """A step of the last layer is the one that it takes alone, on the outputs of the frozen layer."""
    first = Dense(3, "tanh")
    whole = start(Frozen(first))
    outputs = whole.predict(batch(6).x, as_it_is, depth=1)
    head = Network(LAST, 3)
    head.params.weight[...], head.params.bias[...] = vars(whole.params.layers[1]).values()
    clipped = Chain([ClipNorm(1e-3), ScaleByAdam(epsilon=1.0)])
    for network, x in ((whole, batch(6).x), (head, outputs)):
        descent = Descent(clipped, network)
        descent.learning_rate[...] = 0.5
        train_step(Objective(network, SquaredError()), descent, batch(6)._replace(x=x))
    np.testing.assert_allclose(whole.params.layers[1].weight, head.params.weight, rtol=1e-12)


def test_frozen_layers_compute_as_in_prediction():
    layer = Sequential([Dropout(0.5), Dense(4), BatchNorm()])
    network, x = Network(Frozen(layer), N_INPUTS, random_state=0), batch(6).x
    np.testing.assert_array_equal(network.forward(x, training=True), network.predict(x, as_it_is))


@pytest.mark.parametrize("layer", FROZEN.values(), ids=FROZEN)
def test_gradients_through_frozen_layers(layer):
    case = Case(Sequential([Dense(4, "tanh"), Frozen(layer), LAST]), *SQUARED, 5, 3).weighted(alpha=0.3)
    for array in [*leaves(case.network.params.layers[1])][-1:]:
        np.abs(array, out=array)  # a running variance is positive
    exact_theta, exact_x = case.gradients()
    for array, exact, fixed in (
        (case.theta, exact_theta, case.network.learning_rates == 0.0),
        (case.x, exact_x, np.zeros(case.x.shape, bool)),
    ):
        direction = np.where(fixed, 0.0, draw(*array.shape, seed=5))

        def move(step, array=array, direction=direction):
            array += step * direction

        assert abs(np.vdot(exact, direction)) > 1e-4
        np.testing.assert_allclose(case.slope(move, h=1e-6), np.vdot(exact, direction), rtol=1e-6)


# ------------------------------------------------------------------ Pretrained


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("around", [lambda layer: layer, Frozen, Residual, lambda layer: Sequential([layer])])
@pytest.mark.parametrize("members", [None, 3])
def test_pretrained_starts_from_its_values(around, members, dtype):
    inner = Sequential([Dense(4, "tanh"), LayerNorm()])
    values = [draw(4, 4), draw(4), draw(1, 4, seed=1), draw(4, seed=2)]
    network = start(around(Pretrained(inner, values)), members=members, dtype=dtype)
    params = (network.params.layer if members else network.params).layers[0]
    for array, value in zip(leaves(params), values):
        for member in array if members else [array]:
            np.testing.assert_array_equal(member.ravel(), value.astype(dtype).ravel())
    x = draw(5, N_INPUTS).astype(dtype)
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.predict(x, as_it_is), network.predict(x, as_it_is))
    np.testing.assert_array_equal(again.theta, network.theta)
    other = Network(clone(network.root), N_INPUTS, dtype, random_state=0)
    np.testing.assert_array_equal(other.theta, network.theta)


def test_pretrained_keeps_no_hold_of_the_given_arrays():
    values = [draw(4, 3), draw(3)]
    network = start(Pretrained(Dense(3), values))
    values[0][...] = 0.0
    np.testing.assert_array_equal(clone(network.root).layers[0].values[0], draw(4, 3))


def test_pretrained_layers_learn():
    network = start(Pretrained(Dense(3), [draw(4, 3), draw(3)]))
    assert not np.isclose(descend(network, Adam(), 3).params.layers[0].layer.weight, draw(4, 3)).all()


def test_a_long_list_of_values_has_a_short_repr():
    layer = Pretrained(Dense(300), [np.zeros((500, 300)), np.zeros(300)])
    for shown in (layer, clone(layer), Pretrained(Dense(300), tuple(layer.values))):
        assert "array of shape (500, 300), array of shape (300,)" in repr(shown)
    assert len(repr(Sequential([Frozen(layer)]))) < 250


def test_parts_of_wrapped_layers():
    network = start(Frozen(Pretrained(Dense(3), [draw(4, 3), draw(3)])), Dropout())
    network.forward(batch(2).x)
    parts = network.parts(network.work)
    assert [name for name, *_ in parts] == ["layers[0].layer.layer", "layers[1]", "layers[2]"]
    assert [type(layer) for _, layer, _, _ in parts] == [Dense, Dropout, Dense]
    assert np.shares_memory(parts[0][2].weight, network.theta)
    assert parts[0][3].output.shape == (2, 3)


def test_pretrained_layers_of_a_network():
    source = start(Dense(5, "tanh"), BatchNorm(), Dropout(0.2), Residual(Dense(5, "gelu")))
    descend(source, Adam(), 4)
    layers = source.pretrained_layers()
    assert [type(layer) for layer in layers] == [Pretrained, Pretrained, Dropout, Pretrained, Pretrained]
    again = Network(Sequential(layers), N_INPUTS, random_state=5)
    np.testing.assert_array_equal(again.theta, source.theta)
    again.theta[...] = 0.0
    assert source.theta.any()
    np.testing.assert_array_equal(layers[0].values[0], source.params.layers[0].weight)
    assert not any(np.shares_memory(value, source.theta) for value in layers[0].values)


def test_pretrained_layers_are_not_wrapped_twice():
    source = start(
        Pretrained(Dense(5), [draw(4, 5), draw(5)]),
        Frozen(Pretrained(Dense(5), [draw(5, 5), draw(5)])),
        Residual(Sequential([Pretrained(Dense(5), [draw(5, 5), draw(5)])])),
    )
    layers = descend(source, Adam(), 2).pretrained_layers()
    assert [type(layer) for layer in layers] == [Pretrained] * 4
    assert all(repr(layer).count("Pretrained") == 1 for layer in layers)
    assert isinstance(layers[1].layer, Frozen)
    again = Network(Sequential(layers), N_INPUTS)
    np.testing.assert_array_equal(again.theta, source.theta)
    np.testing.assert_array_equal(again.learning_rates, source.learning_rates)


def test_pretrained_layers_need_a_sequential():
    for root in (Dense(3), Ensemble(2, Sequential([Dense(3)]))):
        with pytest.raises(ValueError, match="needs a network of Sequential layers, not"):
            Network(root, N_INPUTS).pretrained_layers()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_starts_from_the_layers_of_another():
    X, y = draw(60, 4), draw(60, seed=3)
    settings = {"max_iter": 3, "random_state": 0}
    source = BackpropRegressor(hidden_layer_sizes=[6, 5], **settings).fit(X, y)
    below = source.network_.pretrained_layers()[:-1]
    target = BackpropRegressor(hidden_layer_sizes=[*map(Frozen, below), 3], **settings).fit(X, y)
    for ours, theirs in zip(target.coefs_[:2], source.coefs_):
        np.testing.assert_array_equal(ours, theirs)
    assert target.coefs_[2].shape == (5, 3)
    tuned = BackpropRegressor(hidden_layer_sizes=[*below, 3], **settings).fit(X, y)
    assert not np.isclose(tuned.coefs_[0], source.coefs_[0]).all()
    clone(tuned).fit(X, y)


# ------------------------------------------------------------------ L-BFGS


@pytest.mark.parametrize(
    "layer, message",
    [
        (Dropout(), "remove Dropout"),
        (Residual(BatchNorm()), "remove BatchNorm"),
        (Dense(3, learning_rate=0.5), "has no learning rate: .* must be 1, or 0"),
        (Dense(3, max_norm=1.0), "cannot use a max_norm"),
    ],
    ids=component_id,
)
def test_what_lbfgs_cannot_do(layer, message):
    for members in (None, 2):
        with pytest.raises(ValueError, match=message):
            check_network(start(layer, members=members))


def test_what_lbfgs_can_do():
    check_network(start(Frozen(Dense(3, learning_rate=0.5, max_norm=1.0)), Dense(3, learning_rate=0.0)))
    check_network(start(Dense(3, weight_decay=0.5), LayerNorm()))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lbfgs_leaves_frozen_layers_alone(dtype):
    X, y = draw(50, 4).astype(dtype), draw(50, seed=1).astype(dtype)
    frozen = Frozen(Pretrained(Dense(6, "tanh"), [draw(4, 6), draw(6)]))
    model = BackpropRegressor(
        hidden_layer_sizes=[frozen, 3], solver="lbfgs", alpha=0.1, max_iter=50, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], draw(4, 6).astype(dtype))
    np.testing.assert_array_equal(model.intercepts_[0], draw(6).astype(dtype))
    assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]


# ------------------------------------------------------------------ BatchNorm


def bound_batch_norm(n_inputs=3, members=None, **settings):
    """With gains and biases that are not 1 and 0."""
    layer = BatchNorm(**settings)
    network = Network(Ensemble(members, layer) if members else layer, n_inputs)
    params = network.params.layer if members else network.params
    params.gain[...], params.bias[...] = draw(*params.gain.shape, seed=7), draw(*params.bias.shape, seed=8)
    return network, params


@pytest.mark.parametrize("members", [None, 2])
def test_batch_norm_by_its_formula(members):
    network, params = bound_batch_norm(members=members, momentum=0.3, epsilon=1e-3)
    x = 5.0 + 2.0 * draw(7, 3)
    a = network.forward(x, training=True)
    normalized = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3)
    np.testing.assert_allclose(a, params.gain * normalized + params.bias, rtol=1e-12)
    mean, variance = 0.3 * x.mean(axis=0), 0.7 + 0.3 * x.var(axis=0, ddof=1)
    np.testing.assert_allclose(params.running_mean, np.broadcast_to(mean, params.gain.shape), rtol=1e-12)
    np.testing.assert_allclose(params.running_variance, np.broadcast_to(variance, params.gain.shape))
    before = network.theta.copy()
    normalized = (x - mean) / np.sqrt(variance + 1e-3)
    for predicted in (network.predict(x, as_it_is), network.forward(x)):
        np.testing.assert_allclose(predicted, params.gain * normalized + params.bias, rtol=1e-12)
    np.testing.assert_array_equal(network.theta, before)


def test_running_statistics_are_moving_averages():
    network, params = bound_batch_norm(n_inputs=2, momentum=0.5)
    np.testing.assert_array_equal(network.learning_rates, np.repeat([1.0, 0.0], 4))
    assert network.weight_decays is None
    mean, variance = np.zeros(2), np.ones(2)
    for seed, n_samples in enumerate((4, 2, 6, 4)):
        x = draw(n_samples, 2, seed=seed)
        network.forward(x, training=True)
        mean, variance = (mean + x.mean(axis=0)) / 2, (variance + x.var(axis=0, ddof=1)) / 2
    np.testing.assert_allclose(params.running_mean[0], mean, rtol=1e-12)
    np.testing.assert_allclose(params.running_variance[0], variance, rtol=1e-12)


def test_batch_norm_by_hand():
    network = Network(BatchNorm(momentum=0.1, epsilon=1e-12), 1)
    a = network.forward(np.array([[1.0], [3.0], [8.0]]), training=True)  # mean 4, variance 26/3 or 13
    np.testing.assert_allclose(a[:, 0], np.array([-3.0, -1.0, 4.0]) / np.sqrt(26 / 3), rtol=1e-10)
    np.testing.assert_allclose(values_of(network.params)[2:], [[[0.4]], [[0.9 + 1.3]]])


@pytest.mark.parametrize("members", [None, 2])
def test_a_batch_of_one_row_is_normalised_as_in_prediction(members):
    network, _ = bound_batch_norm(members=members)
    network.forward(draw(9, 3), training=True)
    before, x = network.theta.copy(), draw(1, 3, seed=2)
    a = network.forward(x, training=True).copy()
    np.testing.assert_array_equal(a, network.predict(x, as_it_is))
    np.testing.assert_array_equal(network.theta, before)
    network.forward(x, training=True)
    network.backward(np.ones_like(a))
    assert np.isfinite(network.gradient).all()


def test_a_constant_column_gives_the_bias():
    network, params = bound_batch_norm()
    x = draw(4, 3)
    x[:, 1] = 7.0
    a = network.forward(x, training=True)
    np.testing.assert_allclose(a[:, 1], params.bias[0, 1])
    network.backward(draw(4, 3, seed=1))
    assert np.isfinite(network.root.input_gradient(network.params, network.work)).all()


NORMALISED = {
    "first": [BatchNorm(epsilon=0.1), Dense(4, "tanh")],
    "between": [Dense(4, "tanh"), BatchNorm(epsilon=0.1)],
    "inside Residual": [Residual(Sequential([BatchNorm(epsilon=0.1), Dense(3, "gelu"), BatchNorm()]))],
}


@pytest.mark.parametrize("n_samples", [2, 5])
@pytest.mark.parametrize("layers", NORMALISED.values(), ids=NORMALISED)
def test_gradient_of_batch_norm(layers, n_samples):
    case = Case(Sequential([*layers, LAST]), *SQUARED, n_samples, 3).weighted(alpha=0.2)
    case.assert_every_coordinate()
    Case(Ensemble(2, Sequential([*layers, LAST])), *SQUARED, n_samples, 3).assert_random_directions()


def test_gradient_of_batch_norm_in_prediction():
    """dE/dx of a pass without training: the running statistics do not depend on x."""
    network, _ = bound_batch_norm()
    network.forward(5.0 + draw(9, 3), training=True)
    x, g = draw(4, 3), draw(4, 3, seed=1)
    network.forward(x)
    network.backward(g)
    exact = network.root.input_gradient(network.params, network.work).copy()
    direction, h = draw(4, 3, seed=2), 1e-6
    slope = np.vdot(g, network.forward(x + h * direction).copy() - network.forward(x - h * direction)) / 2 / h
    assert slope == pytest.approx(np.vdot(exact, direction), rel=1e-8)


def test_the_optimizer_leaves_running_statistics_alone():
    """They are what the batches say, whatever the solver adds: momentum, decay, the penalty."""
    network = start(BatchNorm())
    mean, variance = np.zeros(4), np.ones(4)
    for seed in range(5):
        x = batch(6, seed).x
        mean, variance = 0.9 * mean + 0.1 * x.mean(axis=0), 0.9 * variance + 0.1 * x.var(axis=0, ddof=1)
    params = descend(network, Adam(), 5, alpha=0.5).params.layers[0]
    np.testing.assert_allclose(params.running_mean[0], mean, rtol=1e-12)
    np.testing.assert_allclose(params.running_variance[0], variance, rtol=1e-12)
    assert not np.isclose(params.gain, 1.0).any()


def test_pickled_batch_norm_goes_on_bit_for_bit():
    network = descend(start(Dense(5), BatchNorm()), Adam(), 3)
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.predict(batch(3).x, as_it_is), network.predict(batch(3).x, as_it_is))
    np.testing.assert_array_equal(descend(again, Adam(), 2).theta, descend(network, Adam(), 2).theta)


def training_of(network):
    random_state = np.random.RandomState(0)
    objective, descent = Objective(network, SquaredError()), Descent(Adam(), network)
    rate = ScheduledRate(0.05, Constant())
    return Run(objective, descent, rate, random_state=random_state)


def test_running_statistics_belong_to_the_best_weights():
    network = start(BatchNorm())
    training, data, seen = training_of(network), batch(12), []
    training.record.stop_on_scores(about=("all",))
    training.record.curves = Curves()

    def monitor(network):
        seen.append(values_of(network.params))
        score = -abs(len(seen) - 2)  # the second epoch is the best one
        return SimpleNamespace(score=score, loss=0.0, training_score=0.0, criterion=score)

    rule = Rule(1e-4, 10, by_score=True, keeps_best=True)
    train(only(training, Batches(data.x, data.y, None, 6), rule, monitor=monitor), Limits(4))
    training.publish(network)
    np.testing.assert_equal(values_of(network.params), seen[1])
    assert not np.isclose(seen[1][2], seen[3][2]).any()  # the running means


def test_running_statistics_go_back_after_a_divergence():
    network = start(BatchNorm())
    training, data = training_of(network), batch(12)
    batches = Batches(data.x, data.y, None, 6)
    train(only(training, batches, Rule()), Limits(1))
    before = network.theta.copy()
    data.x[-1] = np.inf
    with pytest.raises(ValueError, match="diverged"):
        train(only(training, batches, Rule(), shuffles=False), Limits(1))
    np.testing.assert_array_equal(network.theta, before)


# ------------------------------------------------------------------ the first layers

DEEP = Sequential(
    [Dense(5, "tanh"), Dropout(0.3), BatchNorm(), Residual(Dense(5, "gelu")), Dense(2, "identity")]
)


@pytest.mark.parametrize("members", [None, 2])
def test_predictions_of_the_first_layers(members):
    network = Network(Ensemble(members, DEEP) if members else DEEP, N_INPUTS, random_state=0)
    x = draw(ROWS_AT_ONCE + 7, N_INPUTS)
    whole = network.predict(x, as_it_is)
    params = (network.params.layer if members else network.params).layers
    first = np.tanh(x @ params[0].weight + params[0].bias)
    np.testing.assert_allclose(network.predict(x, as_it_is, depth=1), first, rtol=1e-12)
    np.testing.assert_allclose(network.predict(x, as_it_is, depth=2), first, rtol=1e-12)
    last = network.predict(x, as_it_is, depth=4) @ params[4].weight + params[4].bias
    np.testing.assert_allclose(last, whole, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(network.predict(x, as_it_is, depth=5), whole)
    assert len(network._spare_workspaces) == 1
    assert network.predict(x[:0], as_it_is, depth=3).shape[-2:] == (0, 5)


@pytest.mark.parametrize("depth", [0, 6, -1, 2.0, "2"])
def test_depth_counts_the_layers(depth):
    with pytest.raises(ValueError, match=f"depth={depth!r} must be an integer from 1 to 5"):
        Network(DEEP, N_INPUTS).predict(draw(3, N_INPUTS), as_it_is, depth=depth)


def test_depth_needs_a_sequential():
    with pytest.raises(ValueError, match="needs a network of Sequential layers"):
        Network(Dense(2), N_INPUTS).predict(draw(3, N_INPUTS), as_it_is, depth=1)


def test_first_layer():
    dense = Dense(3)
    assert first_layer(dense) is dense
    assert first_layer(Sequential([Frozen(Pretrained(Sequential([dense, LAST]), [])), LAST])) is dense
    residual = Residual(Dense(4))
    assert first_layer(Frozen(residual)) is residual
