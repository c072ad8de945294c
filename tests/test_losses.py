from math import log

import numpy as np
import pytest
from naming import component_id
from scipy.special import expit, logit, softmax
from sklearn._loss import loss as peers

from skbackprop.layers import Dense
from skbackprop.losses import (
    AbsoluteError,
    BinaryLogLoss,
    Gamma,
    Huber,
    LogCosh,
    LogLoss,
    MultinomialLogLoss,
    Poisson,
    Quantile,
    SquaredError,
)
from skbackprop.memory import Workspaces
from skbackprop.network import Network
from skbackprop.objective import Objective

REGRESSION = [SquaredError(), AbsoluteError(), Huber(0.7), LogCosh(), Quantile(0.3), Poisson(), Gamma()]
CLASSIFICATION = [BinaryLogLoss(), BinaryLogLoss(0.2), MultinomialLogLoss(), MultinomialLogLoss(0.2)]
EVERY = pytest.mark.parametrize("loss", REGRESSION + CLASSIFICATION, ids=component_id)


def value_and_delta(loss, y, z, weight=None, dtype=np.float64):
    y, z = np.array(y, dtype, ndmin=2), np.array(z, dtype, ndmin=2)
    weight = None if weight is None else np.array(weight, dtype).reshape(-1, 1)
    work = Workspaces(loss.buffers(z.shape[1]), z.dtype)[len(z)]
    value = loss.value_and_delta(y, z, weight, work.delta, work)
    assert value.dtype == work.delta.dtype == dtype
    return value.item(), work.delta


def data(loss, seed=0, n_samples=6, n_outputs=3):
    """Targets that every loss accepts: one-hot for classes, positive numbers otherwise."""
    random_state = np.random.RandomState(seed)
    y = random_state.gamma(2.0, size=(n_samples, n_outputs))
    if isinstance(loss, LogLoss):
        y = np.eye(n_outputs)[random_state.randint(n_outputs, size=n_samples)]
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
    ],
    ids=component_id,
)
def test_truth_is_the_minimum_and_the_link_its_inverse(loss, link, y):
    z = link(np.array(y))
    value, delta = value_and_delta(loss, y, z)
    np.testing.assert_allclose(delta, 0.0, atol=1e-14)
    if not isinstance(loss, LogLoss):
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
    + [(loss, lambda z: softmax(z, axis=-1), "softmax") for loss in CLASSIFICATION[2:]],
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


@pytest.mark.parametrize("weight", [None, np.arange(6.0)], ids=["equal weights", "weighted"])
@pytest.mark.parametrize(
    "loss, peer",
    [
        (SquaredError(), peers.HalfSquaredError()),
        (AbsoluteError(), peers.AbsoluteError()),
        (Huber(0.4), peers.HuberLoss(delta=0.4)),
        (Quantile(0.3), peers.PinballLoss(quantile=0.3)),
        (Poisson(), peers.HalfPoissonLoss()),
        (Gamma(), peers.HalfGammaLoss()),
        (BinaryLogLoss(), peers.HalfBinomialLoss()),
    ],
    ids=component_id,
)
def test_peer_for_one_column(loss, peer, weight):
    y, z = (part[:, :1].copy() for part in data(loss, seed=3))
    value, delta = value_and_delta(loss, y, z, weight)
    losses, gradient = peer.loss_gradient(y[:, 0], z[:, 0], weight)
    total = 6.0 if weight is None else weight.sum()
    constant = peer.constant_to_optimal_zero(y[:, 0], weight)
    assert value == pytest.approx((losses + constant).sum() / total, rel=1e-12)
    np.testing.assert_allclose(delta[:, 0], gradient / total, rtol=1e-12)


@pytest.mark.parametrize("weight", [None, np.arange(6.0)], ids=["equal weights", "weighted"])
def test_peer_for_classes(weight):
    y, z = data(MultinomialLogLoss())
    value, delta = value_and_delta(MultinomialLogLoss(), y, z, weight)
    losses, gradient = peers.HalfMultinomialLoss(n_classes=3).loss_gradient(
        y.argmax(axis=1).astype(float), z, weight
    )
    total = 6.0 if weight is None else weight.sum()
    assert value == pytest.approx(losses.sum() / total, rel=1e-13)
    np.testing.assert_allclose(delta, gradient / total, rtol=1e-12)


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
    ],
)
def test_targets_out_of_range(loss, y, message):
    with pytest.raises(ValueError, match=message):
        loss.check_targets(np.array(y))


@pytest.mark.parametrize("loss, y", [(Poisson(), [0.0, 0.0]), (Gamma(), [1e-9]), (SquaredError(), [-1.0])])
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
    ],
    ids=component_id,
)
def test_wrong_settings(loss, argument):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        Objective(Network(Dense(2), 3), loss)


def test_log_losses_for_other_columns():
    with pytest.raises(ValueError, match="BinaryLogLoss is for two classes"):
        BinaryLogLoss().for_columns(exclusive=True)
    with pytest.raises(ValueError, match="MultinomialLogLoss needs exactly one class"):
        MultinomialLogLoss().for_columns(exclusive=False)
    with pytest.raises(TypeError, match="for_columns"):
        value_and_delta(LogLoss(), [1.0], [0.0])
