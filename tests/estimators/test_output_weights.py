"""A weight for each output of each row: a target that is not known counts for nothing."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.batches import Batch
from skbackprop.layers import Dense, Ensemble, Sequential
from skbackprop.losses import AbsoluteError, Huber, JointLoss, LogCosh, Poisson, SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = np.column_stack([X @ [1.0, 2.0, 0.0], X @ [0.0, 1.0, -1.0]])
KNOWN = RNG.random(Y.shape) < 0.6
GARBAGE = np.where(KNOWN, Y, 1e6)


@pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError(), Huber(), LogCosh(), Poisson()])
@pytest.mark.parametrize("members", [False, True])
def test_a_loss_equals_one_loss_an_output(loss, members):
    root = Sequential([Dense(4), Dense(2, activation="identity")])
    weight = RNG.random((120, 2)) * KNOWN
    weight[:, 1] *= 3
    values, gradients = [], []
    for of_all in (loss, JointLoss([loss, loss])):
        network = Network(Ensemble(2, root) if members else root, 3, np.float64, np.random.RandomState(0))
        objective = Objective(network, of_all, alpha=0.5)
        values.append(objective.value_and_gradient(Batch(X, np.abs(Y), weight)).copy())
        gradients.append(network.gradient.copy())
    assert_allclose(*values, rtol=1e-12)
    assert_allclose(*gradients, rtol=1e-12, atol=1e-15)


def net(**settings):
    settings = {"hidden_layer_sizes": (8,), "max_iter": 8, "tol": 0.0, "random_state": 0} | settings
    return BackpropRegressor(**settings)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("engine", ["numpy", "replay"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
        {"target_scaling": "standard"},
        {"solver": "lbfgs"},
        {"early_stopping": True},
        {"early_stopping": True, "loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
    ],
    ids=str,
)
def test_what_has_no_weight_changes_nothing(settings, engine):
    if engine == "replay":
        pytest.importorskip("numba")
        if settings.get("solver") == "lbfgs":
            pytest.skip("L-BFGS is not replayed")
    weight = KNOWN.astype(float)
    a = net(engine=engine, **settings).fit(X, Y, weight)
    b = net(engine=engine, **settings).fit(X, GARBAGE, weight)
    assert_array_equal(a.predict(X), b.predict(X))
    assert a.validation_scores_ == b.validation_scores_
    assert a.score(X, Y, weight) == b.score(X, GARBAGE, weight)
    if a.validation_residuals_ is not None:
        assert_array_equal(a.validation_residuals_, b.validation_residuals_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_both_engines_learn_the_same():
    pytest.importorskip("numba")
    weight = KNOWN.astype(float)
    a, b = (net(engine=engine).fit(X, Y, weight) for engine in ("numpy", "replay"))
    assert b.engine_ == "replay"
    assert_allclose(a.predict(X), b.predict(X), rtol=1e-9)


def test_equal_columns_are_a_weight_for_each_row():
    weight = RNG.random(120)
    a = net(max_iter=500, solver="lbfgs", alpha=0.0).fit(X, Y, weight)
    b = net(max_iter=500, solver="lbfgs", alpha=0.0).fit(X, Y, np.column_stack([weight, weight]))
    assert_allclose(a.predict(X), b.predict(X), atol=1e-3)
    assert_allclose(a.score(X, Y, weight), a.score(X, Y, np.column_stack([weight, weight])))


def test_outputs_that_are_partly_known_are_learned():
    part = net(solver="lbfgs", max_iter=2000, alpha=0.0).fit(X, GARBAGE, KNOWN.astype(float))
    assert r2_score(Y, part.predict(X)) > 0.95


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_validation_and_streams_take_them():
    weight = KNOWN.astype(float)
    given = {"X_val": X[:40], "sample_weight_val": weight[:40]}
    models = [
        net(early_stopping=True).partial_fit(X[40:], y[40:], weight[40:], y_val=y[:40], **given)
        for y in (Y, GARBAGE)
    ]
    assert models[0].validation_scores_ == models[1].validation_scores_
    assert_array_equal(models[0].predict(X), models[1].predict(X))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones((120, 3)), r"sample_weight has shape \(120, 3\), expected \(120,\).* or \(120, 2\)"),
        (np.ones((60, 2)), r"sample_weight has shape \(60, 2\)"),
        (-np.ones((120, 2)), "Negative values"),
        (np.full((120, 2), np.nan), "NaN"),
        (np.zeros((120, 2)), "all weights are 0"),
    ],
)
def test_weights_that_cannot_be(weight, message):
    with pytest.raises(ValueError, match=message):
        net().fit(X, Y, weight)


def test_who_cannot_take_them():
    with pytest.raises(ValueError, match="1D"):
        BackpropClassifier().fit(X, (Y > 0).astype(int), KNOWN.astype(float))
    with pytest.raises(ValueError, match="1D"):
        net().fit(X, Y[:, 0], KNOWN.astype(float))
    with pytest.raises(ValueError, match=r"scoring='r2'.*a weight for each row"):
        net(early_stopping=True, scoring="r2").fit(X, Y, KNOWN.astype(float))
