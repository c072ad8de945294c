from math import log

import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from shared.naming import component_id
from sklearn.base import clone
from sklearn.metrics import mean_pinball_loss

from skbackprop.layers import Dense
from skbackprop.losses import (
    AbsoluteError,
    BinaryLogLoss,
    CrossEntropy,
    Gamma,
    Huber,
    JointLoss,
    LogCosh,
    LogLoss,
    MultinomialLogLoss,
    Poisson,
    Quantile,
    Quantiles,
    SquaredError,
)
from skbackprop.memory import Workspaces
from skbackprop.network import Network
from skbackprop.objective import Objective

REGRESSION = [SquaredError(), AbsoluteError(), Huber(0.7), LogCosh(), Quantile(0.3), Poisson(), Gamma()]
CLASSIFICATION = [BinaryLogLoss(), BinaryLogLoss(0.2), MultinomialLogLoss(), MultinomialLogLoss(0.2)]
SHARES = [CrossEntropy()]
SEVERAL = [Quantiles((0.2, 0.5, 0.9)), JointLoss([Huber(0.7), Gamma(), Quantile(0.3)])]
EVERY = pytest.mark.parametrize("loss", REGRESSION + CLASSIFICATION + SHARES + SEVERAL, ids=component_id)


def value_and_delta(loss, y, z, weight=None, dtype=np.float64):
    y, z = np.array(y, dtype, ndmin=2), np.array(z, dtype, ndmin=2)
    weight = None if weight is None else np.array(weight, dtype).reshape(len(y), -1)
    work = Workspaces(loss.buffers(z.shape[1]), z.dtype)[len(z)]
    value = loss.value_and_delta(y, z, weight, work.delta, work)
    assert value.dtype == work.delta.dtype == dtype
    return value.item(), work.delta


def data(loss, seed=0, n_samples=6, n_outputs=3):
    """Targets that every loss accepts: one-hot for classes, shares, positive numbers otherwise."""
    random_state = np.random.RandomState(seed)
    y = random_state.gamma(2.0, size=(n_samples, n_outputs))
    if isinstance(loss, LogLoss):
        y = np.eye(n_outputs)[random_state.randint(n_outputs, size=n_samples)]
    if isinstance(loss, Quantiles):
        y = y[:, :1]
    if isinstance(loss, CrossEntropy):
        y /= y.sum(axis=1, keepdims=True)
    return y, random_state.normal(size=(n_samples, n_outputs))


@pytest.mark.parametrize(
    "loss, y, z, value, delta",
    [
        (SquaredError(), [1.0], [3.0], 2.0, [2.0]),
        (SquaredError(), [1.0, 0.0], [3.0, -1.0], 2.5, [2.0, -1.0]),
        (AbsoluteError(), [1.0], [-2.0], 3.0, [-1.0]),
        (AbsoluteError(), [1.0], [1.0], 0.0, [0.0]),
        (Huber(), [0.0], [0.5], 0.125, [0.5]),
        (Huber(), [0.0], [-3.0], 2.5, [-1.0]),
        (Huber(2.0), [1.0], [4.0], 4.0, [2.0]),
        (LogCosh(), [1.0], [1.0 + log(2)], log(1.25), [0.6]),
        (LogCosh(), [1e4], [0.0], 1e4 - log(2), [-1.0]),
        (Quantile(0.2), [1.0], [3.0], 1.6, [0.8]),
        (Quantile(0.2), [1.0], [-1.0], 0.4, [-0.2]),
        (Poisson(), [2.0], [0.0], 2 * log(2) - 1, [-1.0]),
        (Poisson(), [0.0], [log(3)], 3.0, [3.0]),
        (Gamma(), [2.0], [0.0], 1 - log(2), [-1.0]),
        (Gamma(), [3.0], [log(1.5)], log(0.5) + 1, [-1.0]),
        (BinaryLogLoss(), [1.0], [0.0], log(2), [-0.5]),
        (BinaryLogLoss(), [0.0], [log(3)], log(4), [0.75]),
        (BinaryLogLoss(0.2), [1.0], [log(3)], log(4) - 0.9 * log(3), [-0.15]),
        (MultinomialLogLoss(), [1, 0, 0], [0, 0, log(2)], log(4), [-0.75, 0.25, 0.5]),
        (MultinomialLogLoss(0.3), [1, 0, 0], [0, 0, log(2)], 1.9 * log(2), [-0.55, 0.15, 0.4]),
        (CrossEntropy(), [0.5, 0.5, 0], [0, 0, log(2)], log(4), [-0.25, -0.25, 0.5]),
        (CrossEntropy(), [0.2, 0.3, 0.5], [0, 0, log(2)], 1.5 * log(2), [0.05, -0.05, 0.0]),
    ],
    ids=component_id,
)
def test_by_hand(loss, y, z, value, delta):
    result = value_and_delta(loss, y, z)
    assert result[0] == pytest.approx(value, abs=1e-14)
    np.testing.assert_allclose(result[1], [delta], atol=1e-14)


def test_mean_over_samples_sum_over_outputs():
    y, z = np.zeros((2, 2)), [[2.0, 0.0], [0.0, 4.0]]
    value, delta = value_and_delta(SquaredError(), y, z)
    assert value == 5.0
    np.testing.assert_allclose(delta, [[1.0, 0.0], [0.0, 2.0]])
    value, delta = value_and_delta(SquaredError(), y, z, weight=[3.0, 1.0])
    assert value == 3.5
    np.testing.assert_allclose(delta, [[1.5, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    "loss, link, y",
    [
        (SquaredError(), lambda y: y, [[-2.0, 0.3]]),
        (AbsoluteError(), lambda y: y, [[-2.0, 0.3]]),
        (Huber(0.5), lambda y: y, [[-2.0, 0.3]]),
        (LogCosh(), lambda y: y, [[-2.0, 0.3]]),
        (Poisson(), np.log, [[0.2, 4.0]]),
        (Gamma(), np.log, [[0.2, 4.0]]),
        (BinaryLogLoss(), logit, [[0.2, 0.9]]),
        (MultinomialLogLoss(), np.log, [[0.2, 0.7, 0.1]]),
        (CrossEntropy(), np.log, [[0.2, 0.7, 0.1]]),
    ],
    ids=component_id,
)
def test_truth_is_the_minimum_and_the_link_its_inverse(loss, link, y):
    z = link(np.array(y))
    value, delta = value_and_delta(loss, y, z)
    np.testing.assert_allclose(delta, 0.0, atol=1e-14)
    if isinstance(loss, CrossEntropy):
        assert value == pytest.approx(-np.sum(y * np.log(y)))
    elif not isinstance(loss, LogLoss):
        assert value == pytest.approx(0.0, abs=1e-14)
    random_state = np.random.RandomState(0)
    for _ in range(20):
        assert value_and_delta(loss, y, z + random_state.normal(size=z.shape))[0] > value
    out = np.empty_like(z)
    loss.predict(z, out)
    np.testing.assert_allclose(out, y, rtol=1e-14)


@pytest.mark.parametrize(
    "loss, statistic",
    [
        (SquaredError(), np.mean),
        (AbsoluteError(), np.median),
        (Huber(1e-6), np.median),
        (Huber(1e6), np.mean),
        (Quantile(0.2), lambda y: np.quantile(y, 0.2)),
        (Quantile(0.9), lambda y: np.quantile(y, 0.9)),
        (Poisson(), lambda y: log(np.mean(y))),
        (Gamma(), lambda y: log(np.mean(y))),
    ],
    ids=component_id,
)
def test_best_constant(loss, statistic):
    y = np.random.RandomState(0).gamma(2.0, size=(101, 1))
    best = statistic(y)
    values = [value_and_delta(loss, y, np.full_like(y, best + d))[0] for d in (-0.05, 0.0, 0.05)]
    assert values[1] < min(values[0], values[2])


@pytest.mark.parametrize(
    "loss, inverse, name",
    [(loss, lambda z: z, "identity") for loss in REGRESSION[:5]]
    + [(loss, np.exp, "exp") for loss in REGRESSION[5:]]
    + [(loss, expit, "logistic") for loss in CLASSIFICATION[:2]]
    + [(loss, lambda z: softmax(z, axis=-1), "softmax") for loss in CLASSIFICATION[2:] + SHARES],
    ids=component_id,
)
def test_predict(loss, inverse, name):
    _, z = data(loss)
    out = np.empty_like(z)
    loss.predict(z, out)
    np.testing.assert_allclose(out, inverse(z), rtol=1e-13)
    assert loss.out_activation == name


@EVERY
def test_scale_of_the_weights_changes_nothing(loss):
    y, z = data(loss)
    weight = np.arange(6.0)
    value, delta = value_and_delta(loss, y, z, weight)
    for scale in (1e-30, 1e-3, 7.0, 1e30):
        scaled = value_and_delta(loss, y, z, weight * scale)
        np.testing.assert_allclose(scaled[0], value, rtol=1e-14)
        np.testing.assert_allclose(scaled[1], delta, rtol=1e-13)


@EVERY
def test_integer_weights_are_repetitions(loss):
    y, z = data(loss)
    weight = np.array([0, 1, 2, 3, 1, 5])
    value, delta = value_and_delta(loss, y, z, weight)
    rows = np.repeat(np.arange(6), weight)
    repeated, deltas = value_and_delta(loss, y[rows], z[rows])
    assert value == pytest.approx(repeated, rel=1e-13)
    sums = np.zeros_like(delta)
    np.add.at(sums, rows, deltas)
    np.testing.assert_allclose(delta, sums, rtol=1e-13)


@EVERY
def test_all_weights_zero(loss):
    y, z = data(loss)
    value, delta = value_and_delta(loss, y, z, np.zeros(6))
    assert value == 0.0
    np.testing.assert_array_equal(delta, np.zeros_like(z))


@pytest.mark.parametrize("weight", [None, np.arange(6.0)], ids=["equal weights", "weighted"])
@pytest.mark.parametrize(
    "loss, same, factor",
    [
        (Huber(1e9), SquaredError(), 1.0),
        (Quantile(0.5), AbsoluteError(), 0.5),
        (BinaryLogLoss(0.0), LogLoss().for_columns(exclusive=False), 1.0),
        (MultinomialLogLoss(0.1), LogLoss(0.1).for_columns(exclusive=True), 1.0),
        (MultinomialLogLoss(), CrossEntropy(), 1.0),
    ],
    ids=component_id,
)
def test_losses_that_coincide(loss, same, factor, weight):
    y, z = data(loss)
    value, delta = value_and_delta(loss, y, z, weight)
    expected, expected_delta = value_and_delta(same, y, z, weight)
    assert value == pytest.approx(factor * expected, rel=1e-13)
    np.testing.assert_allclose(delta, factor * expected_delta, rtol=1e-13)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_two_columns_of_softmax_are_one_of_the_logistic(smoothing):
    random_state = np.random.RandomState(0)
    z, y = random_state.normal(size=(6, 1)), random_state.randint(2, size=(6, 1))
    one, one_delta = value_and_delta(BinaryLogLoss(smoothing), y, z)
    columns = np.hstack([1 - y, y]), np.hstack([0.3 - z, np.full_like(z, 0.3)])
    two, two_delta = value_and_delta(MultinomialLogLoss(smoothing), *columns)
    assert two == pytest.approx(one)
    np.testing.assert_allclose(two_delta, np.hstack([-one_delta, one_delta]), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "loss, y, z, value, delta",
    [
        (BinaryLogLoss(), [1.0], [1e4], 0.0, [0.0]),
        (BinaryLogLoss(), [0.0], [1e4], 1e4, [1.0]),
        (BinaryLogLoss(), [1.0], [-1e4], 1e4, [-1.0]),
        (BinaryLogLoss(), [0.0], [-1e4], 0.0, [0.0]),
        (BinaryLogLoss(0.5), [0.0], [1e4], 7.5e3, [0.75]),
        (MultinomialLogLoss(), [1, 0, 0], [1e4, -1e4, 0.0], 0.0, [0.0, 0.0, 0.0]),
        (MultinomialLogLoss(), [0, 1, 0], [1e4, -1e4, 0.0], 2e4, [1.0, -1.0, 0.0]),
        (MultinomialLogLoss(), [0, 1, 0], [-1e4] * 3, log(3), [1 / 3, -2 / 3, 1 / 3]),
        (MultinomialLogLoss(0.3), [0, 0, 1], [1e4, 0.0, 1e4], log(2) + 1e3, [0.4, -0.1, -0.3]),
        (CrossEntropy(), [0.25, 0.75, 0.0], [1e4, -1e4, 0.0], 1.5e4, [0.75, -0.75, 0.0]),
    ],
    ids=component_id,
)
def test_log_losses_far_from_zero(loss, y, z, value, delta, dtype):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        result = value_and_delta(loss, y, z, dtype=dtype)
        out = np.empty((1, len(z)), dtype)
        loss.predict(np.array([z], dtype), out)
    assert result[0] == pytest.approx(value, rel=1e-6, abs=1e-6)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(result[1], [delta], rtol=1e-6, atol=1e-7)


@EVERY
@pytest.mark.parametrize("weight", [None, np.arange(6.0)], ids=["equal weights", "weighted"])
def test_value_is_that_of_value_and_delta(loss, weight):
    y, z = data(loss)
    found = loss.value(y.tolist(), z.tolist(), weight)
    assert type(found) is float
    assert found == value_and_delta(loss, y, z, weight)[0]
    if weight is not None:
        single = loss.value(y, z.astype(np.float32), weight)
        assert single == value_and_delta(loss, y, z, weight, np.float32)[0]


def test_value_of_one_column_and_of_weights_for_each_output():
    assert SquaredError().value([1, 2], [2, 4]) == 1.25
    loss, weight = JointLoss([SquaredError(), AbsoluteError()]), [[1.0, 0.0], [0.0, 1.0]]
    assert loss.value(np.zeros((2, 2)), [[2.0, 5.0], [7.0, 3.0]], weight) == 5.0


@EVERY
def test_a_loss_holds_no_data(loss):
    settings = vars(loss).copy()
    first, second = data(loss, seed=1), data(loss, seed=2, n_samples=9)
    before = value_and_delta(loss, *first)
    value_and_delta(loss, *second, weight=np.arange(9.0))
    after = value_and_delta(loss, *first)
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1], after[1])
    assert vars(loss) == settings


@pytest.mark.parametrize(
    "loss, y, message",
    [
        (Poisson(), [1.0, -1e-9], "'poisson': y >= 0"),
        (Gamma(), [1.0, 0.0], "'gamma': y > 0"),
        (CrossEntropy(), [[0.5, 0.5], [1.1, -0.1]], "shares y >= 0, got -0.1"),
        (CrossEntropy(), [[0.5, 0.5], [0.3, 0.6]], r"row 1 of y sums to 0.9: give y / y.sum\(axis=1"),
    ],
)
def test_targets_out_of_range(loss, y, message):
    with pytest.raises(ValueError, match=message):
        loss.check_targets(np.array(y))


@pytest.mark.parametrize(
    "loss, y",
    [
        (Poisson(), [0.0, 0.0]),
        (Gamma(), [1e-9]),
        (SquaredError(), [-1.0]),
        (CrossEntropy(), [[0.0, 1.0], [0.33334, 0.66667]]),
    ],
)
def test_targets_in_range(loss, y):
    loss.check_targets(np.array(y))


@pytest.mark.parametrize(
    "loss, argument",
    [
        (Huber(0.0), "delta"),
        (Quantile(0.0), "quantile"),
        (Quantile(1.0), "quantile"),
        (BinaryLogLoss(1.0), "label_smoothing"),
        (MultinomialLogLoss(-0.1), "label_smoothing"),
        (Quantiles(0.5), "quantiles"),
        (JointLoss(Huber()), "losses"),
        (JointLoss([Huber(), Huber(-1.0)]), "delta"),
        (JointLoss([Huber(), Huber()], y_widths=2), "y_widths"),
    ],
    ids=component_id,
)
def test_wrong_settings(loss, argument):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        Objective(Network(Dense(2), 3), loss)


def test_shares_are_one_target_of_several_columns():
    with pytest.raises(ValueError, match="y has one column: give a column for each share"):
        CrossEntropy().n_nodes(1)
    y, z = data(CrossEntropy())
    with pytest.raises(ValueError, match=r"sample_weight has 3 columns.*one weight for each row"):
        value_and_delta(CrossEntropy(), y, z, np.ones((6, 3)))


def test_log_losses_for_other_columns():
    with pytest.raises(ValueError, match="BinaryLogLoss is for two classes"):
        BinaryLogLoss().for_columns(exclusive=True)
    with pytest.raises(ValueError, match="needs exactly one class"):
        MultinomialLogLoss().for_columns(exclusive=False)
    with pytest.raises(TypeError, match="for_columns"):
        value_and_delta(LogLoss(), [1.0], [0.0])


QUANTILES = pytest.mark.parametrize(
    "quantiles", [(0.05, 0.5, 0.95), (0.3,), [0.01, 0.02, 0.9, 0.99]], ids=str
)


@QUANTILES
@pytest.mark.parametrize("weight", [None, np.arange(6.0)], ids=["equal weights", "weighted"])
def test_quantiles_are_pinball_losses_of_cumulative_softplus(quantiles, weight):
    random_state = np.random.RandomState(0)
    y, z = random_state.normal(size=(6, 1)), random_state.normal(0.0, 2.0, (6, len(quantiles)))
    value, _ = value_and_delta(Quantiles(quantiles), y, z, weight)
    steps = np.log1p(np.exp(z))
    steps[:, 0] = z[:, 0]
    q = np.cumsum(steps, axis=1)
    expected = sum(
        mean_pinball_loss(y, q[:, k], alpha=tau, sample_weight=weight) for k, tau in enumerate(quantiles)
    )
    assert value == pytest.approx(expected, rel=1e-13)
    out = np.empty_like(z)
    Quantiles(quantiles).predict(z, out)
    np.testing.assert_allclose(out, q, rtol=1e-13)


def test_one_of_the_quantiles_is_the_pinball_loss():
    y, z = (part[:, :1] for part in data(Quantile()))
    value, delta = value_and_delta(Quantiles((0.3,)), y, z)
    expected, expected_delta = value_and_delta(Quantile(0.3), y, z)
    assert value == expected
    np.testing.assert_array_equal(delta, expected_delta)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quantiles_never_cross(scale, dtype):
    z = (scale * np.random.RandomState(0).normal(size=(3000, 9))).astype(dtype)
    z[:9] = -scale * np.eye(9, dtype=dtype)
    loss, q = Quantiles(tuple(np.linspace(0.1, 0.9, 9))), np.empty_like(z)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss.predict(z, q)
        value, delta = value_and_delta(loss, np.zeros((3000, 1)), z, dtype=dtype)
    assert (np.diff(q) >= 0.0).all()
    assert np.isfinite(value)
    assert np.isfinite(delta).all()


def test_best_constant_quantiles():
    y = np.random.RandomState(0).gamma(2.0, size=(501, 1))
    quantiles = (0.1, 0.5, 0.9)
    q = np.quantile(y, quantiles)
    z = np.array([q[0], *np.log(np.expm1(np.diff(q)))])
    best = value_and_delta(Quantiles(quantiles), y, np.tile(z, (501, 1)))[0]
    for step in 0.05 * np.vstack([np.eye(3), -np.eye(3)]):
        assert value_and_delta(Quantiles(quantiles), y, np.tile(z + step, (501, 1)))[0] > best


@pytest.mark.parametrize(
    "quantiles",
    [(), (0.0, 0.5), (0.5, 1.0), (0.5, 0.5), (0.9, 0.1), (0.1, np.nan), ("a",), [[0.1, 0.9]], (1,)],
)
def test_wrong_quantiles(quantiles):
    loss = Quantiles(quantiles)
    with pytest.raises(ValueError, match=r"strictly increasing numbers inside \(0, 1\)"):
        loss._validate_params()


def test_nodes_for_columns_of_y():
    assert SquaredError().n_nodes(2) == 2
    assert Quantiles((0.1, 0.2, 0.3, 0.4)).n_nodes(1) == 4
    assert JointLoss([Quantiles(), Huber(), MultinomialLogLoss()], y_widths=[1, 2, 4]).n_nodes(7) == 9
    with pytest.raises(ValueError, match="Quantiles needs a single target, but y has 2"):
        Quantiles().n_nodes(2)
    with pytest.raises(ValueError, match=r"y has 3 column\(s\), but JointLoss\(y_widths=\[1, 1\]\) needs 2"):
        JointLoss([Huber(), Poisson()]).n_nodes(3)


@pytest.mark.parametrize("loss", [Quantiles(), JointLoss([Huber(), Huber(), Huber()])], ids=component_id)
def test_network_of_another_width(loss):
    with pytest.raises(ValueError, match=r"needs a network with 3 outputs.*it has 2"):
        Objective(Network(Dense(2), 3), loss)


PARTS = {
    "numbers": ([Huber(0.7), Poisson(), LogCosh()], [1, 1, 1]),
    "numbers, several columns": ([Gamma(), SquaredError()], [2, 3]),
    "quantiles": ([Quantiles(), Quantile(0.2), Quantiles((0.1, 0.9))], [1, 2, 1]),
    "classes": ([MultinomialLogLoss(), BinaryLogLoss(0.1), MultinomialLogLoss(0.2)], [4, 1, 3]),
    "labels": ([BinaryLogLoss()] * 5, [1] * 5),
    "one": ([SquaredError()], [1]),
}
WEIGHTS = {
    "equal weights": lambda losses: None,
    "shared": lambda losses: np.arange(6.0)[:, None],
    "own": lambda losses: np.random.RandomState(1).randint(3, size=(6, len(losses))).astype(float),
    "own, one all zero": lambda losses: np.outer(np.arange(6.0), np.arange(len(losses))),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighting", WEIGHTS)
@pytest.mark.parametrize("parts", PARTS)
def test_joint_loss_is_the_sum_of_its_parts(parts, weighting, dtype):
    losses, y_widths = PARTS[parts]
    weight = WEIGHTS[weighting](losses)
    columns = [data(loss, k, n_outputs=width)[0] for k, (loss, width) in enumerate(zip(losses, y_widths))]
    z_widths = [loss.n_nodes(width) for loss, width in zip(losses, y_widths)]
    inputs = [np.random.RandomState(k).normal(size=(6, width)) for k, width in enumerate(z_widths)]
    joint = JointLoss(losses, y_widths=y_widths)
    value, delta = value_and_delta(joint, np.hstack(columns), np.hstack(inputs), weight, dtype)
    expected, deltas, predictions = 0.0, [], []
    for k, (loss, y, z) in enumerate(zip(losses, columns, inputs)):
        own = weight if weight is None or weight.shape[1] == 1 else weight[:, k]
        part, part_delta = value_and_delta(loss, y, z, own, dtype)
        expected += part
        deltas.append(part_delta)
        predictions.append(np.empty_like(z))
        loss.predict(z, predictions[-1])
    assert value == pytest.approx(expected, rel=1e-6 if dtype is np.float32 else 1e-14)
    np.testing.assert_allclose(delta, np.hstack(deltas), rtol=1e-5 if dtype is np.float32 else 1e-13)
    wide = np.full((6, sum(z_widths) + 2), 7.0)
    joint.predict(np.hstack(inputs), wide[:, 1:-1])  # into a part of another array
    np.testing.assert_array_equal(wide[:, 1:-1], np.hstack(predictions))
    assert (wide[:, [0, -1]] == 7.0).all()


@pytest.mark.parametrize(
    "weight, expected",
    [(None, 1 / 2), ([[1.0], [3.0]], 1 / 4), ([[1.0, 2.0], [3.0, 0.0]], (1 / 4 + 1 / 2) / 2)],
    ids=["equal weights", "shared", "own"],
)
def test_strength_of_the_penalty_of_a_joint_loss(weight, expected):
    loss, y = JointLoss([Huber(), SquaredError()]), np.zeros((2, 2))
    work = Workspaces(loss.buffers(2), np.float64)[2]
    weight = None if weight is None else np.array(weight)
    loss.value_and_delta(y, y, weight, work.delta, work)
    assert work.inverse_weight == pytest.approx(expected, rel=1e-15)


def test_joint_loss_with_weights_for_other_outputs():
    with pytest.raises(ValueError, match="sample_weight has 3 columns: give one, or one for each of the 2"):
        value_and_delta(JointLoss([Huber(), Huber()]), np.zeros((4, 2)), np.zeros((4, 2)), np.ones((4, 3)))


def test_targets_of_a_joint_loss():
    loss = JointLoss([Huber(), Poisson(), Gamma()])
    loss.check_targets(np.array([[-1.0, 0.0, 1.0]]))
    with pytest.raises(ValueError, match=r"Output 1 of y, counted from 0: .*'poisson': y >= 0"):
        loss.check_targets(np.array([[-1.0, 0.0, 1.0], [1.0, -1.0, 1.0]]))
    with pytest.raises(ValueError, match=r"Output 2 of y, counted from 0: .*'gamma': y > 0"):
        loss.check_targets(np.array([[-1.0, 0.0, 0.0]]))
    with pytest.raises(ValueError, match=r"y has 1 column\(s\)"):
        loss.check_targets(np.ones(5))
    JointLoss([Poisson()]).check_targets(np.ones(5))


@pytest.mark.parametrize(
    "loss, message",
    [
        (JointLoss([]), "losses=.* must be a list of losses such as Huber"),
        (JointLoss(["huber"]), "losses=.* must be a list of losses such as Huber"),
        (JointLoss([Huber(), BinaryLogLoss()]), "all for regression or all for classification"),
        (
            JointLoss([Huber(), Huber()], y_widths=[1]),
            r"y_widths=\[1\] must have an integer > 0 for each of the 2",
        ),
        (JointLoss([Huber()], z_widths=[0]), r"z_widths=\[0\] must have an integer > 0"),
        (
            JointLoss([Huber(), Quantiles()], [1, 2]),
            r"z_widths=\[1, 2\] does not fit: the losses need \[1, 3\]",
        ),
        (JointLoss([Quantiles()], y_widths=[2]), "Quantiles needs a single target"),
    ],
)
def test_wrong_joint_loss(loss, message):
    for use in (loss._validate_params, lambda: loss.for_classes, lambda: loss.check_targets(np.ones((3, 2)))):
        with pytest.raises(ValueError, match=message):
            use()


def test_what_a_joint_loss_says_of_itself():
    assert JointLoss([Huber(), SquaredError()]).out_activation == "identity"
    assert JointLoss([Huber(), Poisson()]).out_activation == "per_output"
    assert JointLoss([BinaryLogLoss()]).for_classes is True
    assert JointLoss([Quantiles()]).for_classes is False
    loss = JointLoss([LogLoss(0.1), LogLoss()], y_widths=[4, 1])
    assert repr(clone(loss)) == repr(loss)
    multinomial, binary = loss.for_columns(exclusive=False).losses
    assert type(multinomial) is MultinomialLogLoss
    assert type(binary) is BinaryLogLoss
    assert multinomial.label_smoothing == 0.1
    with pytest.raises(ValueError, match="JointLoss is for several outputs"):
        loss.for_columns(exclusive=True)
    with pytest.raises(TypeError, match="value_and_delta"):
        loss.losses_and_delta(None, None, None, None, None)
