"""Weighted losses against scikit-learn's and NumPy's; networks of one layer against linear models."""

import numpy as np
import pytest
from scipy.special import log_softmax
from shared.crossings import crossed
from shared.naming import component_id
from sklearn._loss import loss as peers
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
)
from sklearn.metrics import mean_pinball_loss

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.losses import (
    AbsoluteError,
    BinaryLogLoss,
    Gamma,
    Huber,
    JointLoss,
    LogCosh,
    LogLoss,
    MultinomialLogLoss,
    Poisson,
    Quantile,
    SquaredError,
)
from skbackprop.memory import Workspaces
from skbackprop.optimizers import SGD
from skbackprop.schedules import Cosine

N_SAMPLES = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_SAMPLES, 3))
SIGNAL = X @ [0.6, -0.4, 0.2]
WEIGHT = RNG.uniform(0.2, 3.0, N_SAMPLES)
TOLERANCE = {np.float64: {"rtol": 1e-10, "atol": 1e-13}, np.float32: {"rtol": 1e-5, "atol": 1e-6}}
WEIGHTED = {"equal weights": None, "weighted": WEIGHT}
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
WEIGHTS = pytest.mark.parametrize("weight", WEIGHTED.values(), ids=WEIGHTED)

# ------------------------------------------------------------------ values and gradients


def value_and_delta(loss, y, z, weight, dtype):
    y, z = y.astype(dtype), z.astype(dtype)
    weight = None if weight is None else weight.astype(dtype).reshape(-1, 1)
    work = Workspaces(loss.buffers(z.shape[1]), dtype)[len(z)]
    value = loss.value_and_delta(y, z, weight, work.delta, work)
    return value.item(), work.delta


def assert_same(loss, y, z, weight, dtype, losses, gradients):
    """`losses` and `gradients` are the peer's, of each sample and already weighted."""
    value, delta = value_and_delta(loss, y, z, weight, dtype)
    total = N_SAMPLES if weight is None else weight.sum()
    np.testing.assert_allclose(value, np.sum(losses) / total, **TOLERANCE[dtype])
    np.testing.assert_allclose(delta, gradients / total, **TOLERANCE[dtype])


def counts(rng, shape):
    return rng.poisson(1.5, shape).astype(float)


def positive(rng, shape):
    return rng.gamma(2.0, size=shape)


def numbers(rng, shape):
    return rng.normal(0.0, 3.0, shape)


def labels(rng, shape):
    return rng.integers(2, size=shape).astype(float)


def probabilities(rng, shape):
    return rng.uniform(size=shape)


@DTYPES
@WEIGHTS
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize(
    "loss, peer, draw",
    [
        (SquaredError(), peers.HalfSquaredError(), numbers),
        (AbsoluteError(), peers.AbsoluteError(), numbers),
        (Huber(0.4), peers.HuberLoss(delta=0.4), numbers),
        (Huber(2.5), peers.HuberLoss(delta=2.5), numbers),
        (Quantile(0.1), peers.PinballLoss(quantile=0.1), numbers),
        (Quantile(0.7), peers.PinballLoss(quantile=0.7), numbers),
        (Poisson(), peers.HalfPoissonLoss(), counts),
        (Poisson(), peers.HalfPoissonLoss(), positive),
        (Gamma(), peers.HalfGammaLoss(), positive),
        (BinaryLogLoss(), peers.HalfBinomialLoss(), labels),
        (BinaryLogLoss(), peers.HalfBinomialLoss(), probabilities),
    ],
    ids=component_id,
)
def test_loss_of_scikit_learn(loss, peer, draw, n_outputs, weight, dtype):
    rng = np.random.default_rng(1)
    # numbers that float32 holds, else a kink may lie between the two roundings
    y = draw(rng, (N_SAMPLES, n_outputs)).astype(np.float32).astype(float)
    z = rng.normal(0.0, 2.0, (N_SAMPLES, n_outputs)).astype(np.float32).astype(float)
    losses, gradients = np.empty_like(z), np.empty_like(z)
    for k in range(n_outputs):
        column, prediction = y[:, k].copy(), z[:, k].copy()
        losses[:, k], gradients[:, k] = peer.loss_gradient(column, prediction, weight)
        if loss.out_activation == "exp":  # the peer leaves out what does not depend on z
            losses[:, k] += peer.constant_to_optimal_zero(column, weight)
    assert_same(loss, y, z, weight, dtype, losses, gradients)


@DTYPES
@WEIGHTS
@pytest.mark.parametrize("n_classes", [3, 7])
def test_multinomial_loss_of_scikit_learn(n_classes, weight, dtype):
    rng = np.random.default_rng(2)
    codes = rng.integers(n_classes, size=N_SAMPLES)
    z = rng.normal(0.0, 3.0, (N_SAMPLES, n_classes)).astype(np.float32).astype(float)
    peer = peers.HalfMultinomialLoss(n_classes=n_classes)
    losses, gradients = peer.loss_gradient(codes.astype(float), z, weight)
    assert_same(MultinomialLogLoss(), np.eye(n_classes)[codes], z, weight, dtype, losses, gradients)


@DTYPES
@WEIGHTS
def test_multinomial_loss_of_smooth_targets(weight, dtype):
    rng = np.random.default_rng(3)
    y = np.eye(4)[rng.integers(4, size=N_SAMPLES)]
    z = rng.normal(0.0, 3.0, (N_SAMPLES, 4)).astype(np.float32).astype(float)
    smooth, log_p = 0.8 * y + 0.05, log_softmax(z, axis=1)
    w = np.ones((N_SAMPLES, 1)) if weight is None else weight[:, None]
    losses, gradients = -w * smooth * log_p, w * (np.exp(log_p) - smooth)
    assert_same(MultinomialLogLoss(0.2), y, z, weight, dtype, losses, gradients)


@DTYPES
@WEIGHTS
def test_log_cosh_of_numpy(weight, dtype):
    rng = np.random.default_rng(4)
    y = rng.normal(0.0, 3.0, (N_SAMPLES, 2)).astype(np.float32).astype(float)
    z = rng.normal(0.0, 3.0, (N_SAMPLES, 2)).astype(np.float32).astype(float)
    w = np.ones((N_SAMPLES, 1)) if weight is None else weight[:, None]
    assert_same(LogCosh(), y, z, weight, dtype, w * np.log(np.cosh(z - y)), w * np.tanh(z - y))


# ------------------------------------------------------------------ linear models


def linear(estimator=BackpropRegressor, **settings):
    """A network without hidden layers, brought to its minimum."""
    return estimator(
        hidden_layer_sizes=(),
        solver="lbfgs",
        tol=1e-9,
        max_iter=20_000,
        max_fun=40_000,
        random_state=0,
        **settings,
    )


def assert_same_line(ours, theirs, tolerance=1e-4):
    coef = np.atleast_2d(theirs.coef_).T
    np.testing.assert_allclose(ours.coefs_[0], coef, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(
        ours.intercepts_[0], np.atleast_1d(theirs.intercept_), rtol=tolerance, atol=tolerance
    )


@DTYPES
@WEIGHTS
@pytest.mark.parametrize("alpha", [0.0, 0.1, 2.0])
@pytest.mark.parametrize(
    "loss, model, draw",
    [
        ("poisson", PoissonRegressor, lambda rng, mean: rng.poisson(mean)),
        ("gamma", GammaRegressor, lambda rng, mean: rng.gamma(2.0, mean / 2.0)),
    ],
)
def test_generalized_linear_models(loss, model, draw, alpha, weight, dtype):
    """Theirs: the mean deviance / 2 + alpha / 2 |w|^2; ours: alpha / (2 sum of the weights) |w|^2."""
    y = draw(np.random.default_rng(5), np.exp(SIGNAL))
    theirs = model(alpha=alpha, tol=1e-10, max_iter=10_000).fit(X, y, sample_weight=weight)
    total = N_SAMPLES if weight is None else weight.sum()
    ours = linear(loss=loss, alpha=alpha * total).fit(X.astype(dtype), y, sample_weight=weight)
    assert_same_line(ours, theirs)
    np.testing.assert_allclose(ours.predict(X.astype(dtype)), theirs.predict(X), rtol=1e-3)


@DTYPES
@WEIGHTS
@pytest.mark.parametrize("alpha", [0.0, 0.1, 30.0])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_ridge(n_outputs, alpha, weight, dtype):
    """Theirs: sum of w r^2 + alpha |w|^2, ours is half of it over the sum of the weights."""
    noise = np.random.default_rng(6).normal(size=(N_SAMPLES, n_outputs))
    y = (SIGNAL[:, None] + noise) * [1.0, -3.0][:n_outputs]
    y = y if n_outputs > 1 else y[:, 0]
    theirs = Ridge(alpha=alpha).fit(X, y, sample_weight=weight)
    ours = linear(alpha=alpha).fit(X.astype(dtype), y, sample_weight=weight)
    assert_same_line(ours, theirs)


@DTYPES
@WEIGHTS
@pytest.mark.parametrize("alpha", [0.1, 10.0])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_logistic_regression(n_classes, alpha, weight, dtype):
    """Theirs: C times the sum of w L + 1/2 |w|^2."""
    noise = np.random.default_rng(7).normal(size=N_SAMPLES)
    y = np.digitize(SIGNAL + noise, [-0.4, 0.5][: n_classes - 1])
    theirs = LogisticRegression(C=1 / alpha, tol=1e-9, max_iter=10_000).fit(X, y, sample_weight=weight)
    ours = linear(BackpropClassifier, alpha=alpha).fit(X.astype(dtype), y, sample_weight=weight)
    # adding a number to every class's intercept changes no probability
    ours.intercepts_[0][...] -= ours.intercepts_[0].mean() - theirs.intercept_.mean()
    assert_same_line(ours, theirs)
    np.testing.assert_allclose(ours.predict_proba(X.astype(dtype)), theirs.predict_proba(X), atol=1e-4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a schedule ends the training
@crossed(quantile=[0.1, 0.5, 0.8], weight=WEIGHTED, dtype={"float64": np.float64, "float32": np.float32})
def test_quantile_regression(quantile, weight, dtype):
    y = SIGNAL + np.random.default_rng(8).gumbel(size=N_SAMPLES) * np.exp(0.5 * X[:, 0])
    theirs = QuantileRegressor(quantile=quantile, alpha=0.0, solver="highs").fit(X, y, sample_weight=weight)
    ours = BackpropRegressor(
        loss=Quantile(quantile),
        hidden_layer_sizes=(),
        alpha=0.0,
        solver="adam",
        learning_rate=Cosine(),
        learning_rate_init=0.05,
        batch_size=N_SAMPLES,
        max_iter=1500,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X.astype(dtype), y, sample_weight=weight)
    best, reached = (
        mean_pinball_loss(y, prediction, alpha=quantile, sample_weight=weight)
        for prediction in (theirs.predict(X), ours.predict(X.astype(dtype)))
    )
    assert best * (1 - 1e-6) <= reached <= best * 1.01


# ------------------------------------------------------------------ what a weight means

Y = {
    "number": SIGNAL + RNG.normal(size=N_SAMPLES),
    "positive": RNG.gamma(2.0, np.exp(SIGNAL)),
    "two positive": RNG.gamma(2.0, np.exp(SIGNAL[:, None] * [1.0, -1.0])),
    "two classes": (SIGNAL + RNG.normal(size=N_SAMPLES) > 0).astype(int),
    "three classes": np.digitize(SIGNAL + RNG.normal(size=N_SAMPLES), [-0.5, 0.5]),
    "labels": (SIGNAL[:, None] + RNG.normal(size=(N_SAMPLES, 3)) > 0).astype(int),
}
ESTIMATORS = pytest.mark.parametrize(
    "estimator, loss, target",
    [
        *((BackpropRegressor, loss, "number") for loss in (SquaredError(), AbsoluteError(), LogCosh())),
        *((BackpropRegressor, loss, "number") for loss in (Huber(0.5), Quantile(0.2))),
        *((BackpropRegressor, loss, "positive") for loss in (Poisson(), Gamma())),
        (BackpropRegressor, Huber(0.5), "two positive"),
        (BackpropRegressor, JointLoss([Huber(0.5), Gamma()]), "two positive"),
        *((BackpropClassifier, LogLoss(), target) for target in ("two classes", "three classes", "labels")),
        *(
            (BackpropClassifier, LogLoss(0.2), target)
            for target in ("two classes", "three classes", "labels")
        ),
        (BackpropClassifier, BinaryLogLoss(), "two classes"),
        (BackpropClassifier, MultinomialLogLoss(), "two classes"),
        (BackpropClassifier, JointLoss([LogLoss(), LogLoss(0.1), LogLoss()]), "labels"),
    ],
    ids=component_id,
)


def theta_after(estimator, loss, X, y, weight):
    """The weights after some epochs of one batch each, which holds all rows in their order."""
    model = estimator(
        loss=loss,
        hidden_layer_sizes=(5,),
        activation="tanh",
        alpha=0.0,
        solver=SGD(0.1, momentum=0.9),
        batch_size=len(X),
        shuffle=False,
        max_iter=25,
        random_state=0,
    )
    return model.fit(X, y, sample_weight=weight).network_.theta


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few epochs only
@ESTIMATORS
@pytest.mark.parametrize("scale", [1e-6, 0.3, 1e6])
def test_scale_of_the_weights_changes_nothing(estimator, loss, target, scale):
    y = Y[target]
    theta = theta_after(estimator, loss, X, y, WEIGHT)
    scaled = theta_after(estimator, loss, X, y, scale * WEIGHT)
    np.testing.assert_allclose(scaled, theta, rtol=1e-9, atol=1e-9)
    assert np.abs(theta - theta_after(estimator, loss, X, y, None)).max() > 1e-3


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few epochs only
@ESTIMATORS
def test_integer_weights_are_repeated_rows(estimator, loss, target):
    y, times = Y[target], np.arange(N_SAMPLES) % 4
    rows = np.repeat(np.arange(N_SAMPLES), times)
    weighted = theta_after(estimator, loss, X, y, times.astype(float))
    repeated = theta_after(estimator, loss, X[rows], y[rows], None)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9, atol=1e-9)
