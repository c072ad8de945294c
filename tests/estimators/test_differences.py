"""docs/differences.md, line by line: where scikit-learn's MLP is mistaken, ours agrees with the truth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, xlogy
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.optimizers import SGD

# The fits here are short on purpose; that the warning comes is tested where it is the subject.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few epochs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = np.column_stack([X[:, 0] * X[:, 1], X[:, 2], np.sin(X[:, 3])])
CLASSES = np.digitize(X[:, 0], [-0.8, 0.8])


def same_weights(a, b):
    return all(np.array_equal(u, v) for u, v in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_))


@pytest.mark.parametrize("n_outputs", [1, 2, 3])
def test_multi_output_gradient_is_the_gradient_of_the_loss(n_outputs):
    """#8349: loss_ is sum_j 1/2 mean_i (z_ij - y_ij)^2 + penalty, and one step follows its gradient."""
    y, alpha, eta = Y[:, :n_outputs], 0.5, 1e-3
    settings = {"solver": SGD(eta), "alpha": alpha, "batch_size": len(X), "random_state": 0}
    model = BackpropRegressor(
        hidden_layer_sizes=(5,), activation="tanh", max_iter=1, warm_start=True, **settings
    )
    model.fit(X, y.squeeze())
    theta = model.network_.theta
    before = theta.copy()

    def loss(parameters):
        theta[:] = parameters
        z = model.predict(X).reshape(len(X), n_outputs)
        penalty = alpha / (2 * len(X)) * sum(np.sum(weight**2) for weight in model.coefs_)
        return 0.5 * np.mean((z - y) ** 2, axis=0).sum() + penalty

    model.fit(X, y.squeeze())
    gradient = (before - theta) / eta
    h = 1e-6
    numeric = [(loss(before + h * unit) - loss(before - h * unit)) / (2 * h) for unit in np.eye(len(theta))]
    assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)
    assert model.loss_ == pytest.approx(loss(before), rel=1e-12)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_goes_on_with_the_random_sequence(solver):
    """An int seed gives the stream that a generator with that seed gives: every call has a new order."""
    streams = [
        BackpropRegressor(hidden_layer_sizes=(5,), solver=solver, batch_size=16, random_state=seed)
        for seed in (0, np.random.RandomState(0))
    ]
    for _ in range(5):
        for model in streams:
            model.partial_fit(X, Y)
    assert same_weights(*streams)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_in_order_is_fit(solver):
    settings = {"solver": solver, "batch_size": 16, "shuffle": False, "random_state": 0}
    streamed = BackpropRegressor(hidden_layer_sizes=(5,), **settings)
    for _ in range(5):
        streamed.partial_fit(X, Y)
    whole = BackpropRegressor(hidden_layer_sizes=(5,), max_iter=5, **settings).fit(X, Y)
    assert same_weights(streamed, whole)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_warm_start_keeps_the_state_of_the_optimizer(solver):
    settings = {"solver": solver, "batch_size": 16, "random_state": 0}
    twice = (
        BackpropRegressor(hidden_layer_sizes=(5,), max_iter=4, warm_start=True, **settings)
        .fit(X, Y)
        .fit(X, Y)
    )
    once = BackpropRegressor(hidden_layer_sizes=(5,), max_iter=8, **settings).fit(X, Y)
    assert same_weights(twice, once)
    assert twice.loss_curve_ == once.loss_curve_


class SeenClassifier(BackpropClassifier):
    """Notes the labels that are scored: after every epoch the validation part, then training rows."""

    def _score_net_input(self, z, y, sample_weight):
        self.__dict__.setdefault("seen", []).append(y)
        return super()._score_net_input(z, y, sample_weight)


def test_the_validation_part_of_several_classes_is_stratified():
    model = SeenClassifier((5,), early_stopping=True, max_iter=2, random_state=0).fit(X, CLASSES)
    _, expected = train_test_split(CLASSES, test_size=0.1, stratify=CLASSES, random_state=0)
    assert_array_equal(np.bincount(model.seen[0]), np.bincount(expected))


def test_warm_start_holds_out_the_same_rows():
    model = SeenClassifier((5,), early_stopping=True, max_iter=2, warm_start=True, random_state=0)
    model.fit(X, CLASSES).fit(X, CLASSES)
    assert_array_equal(model.seen[0], model.seen[-2])


def test_warm_start_does_not_write_to_the_best_weights():
    """The second fit learns noise: the best weights remain those of the first."""
    signal = X[:, 0] + 2 * X[:, 1]
    model = BackpropRegressor(
        hidden_layer_sizes=(20,), early_stopping=True, max_iter=80, random_state=0, warm_start=True
    )
    model.fit(X, signal)
    best = [weight.copy() for weight in model.coefs_]
    model.set_params(learning_rate_init=1.0, n_iter_no_change=5).fit(X, signal)
    assert all(np.array_equal(a, b) for a, b in zip(best, model.coefs_))


@pytest.mark.parametrize("kind", [BackpropRegressor, BackpropClassifier])
def test_partial_fit_is_not_offered_with_lbfgs(kind):
    assert not hasattr(kind(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        kind(solver="lbfgs").partial_fit(X, CLASSES)


def test_log_probabilities_are_finite_far_out():
    model = BackpropClassifier((5,), max_iter=30, random_state=0).fit(X, CLASSES > 1)
    for weight in model.coefs_:
        weight *= 100
    z = model.decision_function(X)
    assert np.abs(z).max() > 800  # where exp(-|z|) is 0
    assert_allclose(model.predict_log_proba(X)[:, 1], -np.logaddexp(0, -z), rtol=1e-12)
    assert np.isfinite(model.predict_log_proba(X)).all()


def test_a_nan_score_is_no_progress():
    class NanScores(BackpropRegressor):
        def _score_net_input(self, z, y, sample_weight):
            return np.nan

    model = NanScores(early_stopping=True, n_iter_no_change=3, random_state=0)
    with pytest.warns(UserWarning, match="No epoch had a validation score"):
        model.fit(X, Y)
    assert model.n_iter_ == 4


def test_the_loss_of_confident_mistakes_is_not_clipped():
    model = BackpropClassifier((), solver=SGD(1e-9), max_iter=1, warm_start=True, random_state=0)
    y = X[:, 0] > 0
    model.fit(X, y)
    model.coefs_[0][:] = -1e4 * np.eye(4)[:, :1]
    z = X @ model.coefs_[0][:, 0] + model.intercepts_[0]
    model.set_params(alpha=0.0).fit(X, y)
    assert_allclose(model.loss_, np.mean(np.logaddexp(0, z) - y * z), rtol=1e-9)
    p = np.clip(expit(z), np.finfo(float).eps, 1 - np.finfo(float).eps)
    clipped = -np.mean(xlogy(y, p) + xlogy(~y, 1 - p))
    assert model.loss_ > 10 * clipped


def test_batches_without_weight_are_passed_over():
    weight = np.r_[np.zeros(60), np.ones(60)]
    settings = {"batch_size": 60, "shuffle": False, "solver": "sgd", "momentum": 0.0, "random_state": 0}
    model = BackpropRegressor(hidden_layer_sizes=(5,), max_iter=3, alpha=0.1, **settings).fit(X, Y, weight)
    half = BackpropRegressor(hidden_layer_sizes=(5,), max_iter=3, alpha=0.1, **settings).fit(X[60:], Y[60:])
    for a, b in zip(model.coefs_, half.coefs_):
        assert_allclose(a, b, rtol=1e-12)


def test_float32_stays_float32_with_lbfgs():
    model = BackpropRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=20, random_state=0).fit(
        X.astype("f4"), Y
    )
    double = BackpropRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=20, random_state=0).fit(X, Y)
    assert {weight.dtype for weight in model.coefs_} == {np.dtype("f4")}
    assert model.predict(X.astype("f4")).dtype == np.float32
    assert model.loss_ == pytest.approx(double.loss_, rel=1e-3)


def test_one_class_has_one_column_of_probabilities():
    model = BackpropClassifier((3,), max_iter=2, random_state=0).fit(X, np.repeat("only", len(X)))
    assert_array_equal(model.predict(X[:3]), ["only"] * 3)
    assert_array_equal(model.predict_proba(X[:3]), np.ones((3, 1)))
    assert_array_equal(model.predict_log_proba(X[:3]), np.zeros((3, 1)))


def test_a_negative_sample_weight_is_refused():
    with pytest.raises(ValueError, match="sample_weight"):
        BackpropRegressor().fit(X, Y, sample_weight=np.r_[-1.0, np.ones(119)])
