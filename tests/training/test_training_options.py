"""How training goes: clipping, averages, time, schedules and solvers by name, settings of layers."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.averaging import ExponentialAverage, StochasticAverage
from skbackprop.initializers import Given
from skbackprop.layers import BatchNorm, Dense, Dropout, Frozen, LayerNorm
from skbackprop.model_selection import learning_rate_range
from skbackprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Chain,
    ClipNorm,
    Lion,
    Muon,
    NAdam,
    RMSProp,
    ScaleByAdam,
)
from skbackprop.schedules import SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(1)
X = RNG.normal(size=(120, 5))
Y = X[:, 0] + X[:, 1] * X[:, 2]
C = np.digitize(X[:, 0], [-0.5, 0.5])


def theta(model):
    return model.network_.theta.copy()


def net(**settings):
    return BackpropRegressor(**{"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, **settings})


# ------------------------------------------------------------------ clipping, time


@pytest.mark.parametrize(
    "settings, steps",
    [
        ({"clip_norm": 0.1}, [ClipNorm(0.1)]),
    ],
    ids=["norm"],
)
def test_clipping_is_a_chain(settings, steps):
    clipped = net(**settings).fit(X, Y)
    chained = net(solver=Chain([*steps, ScaleByAdam()], 0.001)).fit(X, Y)
    assert_array_equal(theta(clipped), theta(chained))
    assert not np.array_equal(theta(clipped), theta(net().fit(X, Y)))


def test_clipping_tames_a_solver_given_as_an_object():
    wild = net(solver=SGD(10.0), clip_norm=1e-3, max_iter=20).fit(X, 1e3 * Y)
    start = theta(net(solver=SGD(1e-300), max_iter=1).fit(X, Y))
    assert np.linalg.norm(theta(wild) - start) <= 20 * 10.0 * 1e-3 * (1 + 1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_training_stops_in_time(solver):
    big = np.tile(X, (400, 1))
    model = net(solver=solver, max_time=0.3, max_iter=10**6, max_fun=10**9, tol=0, n_iter_no_change=10**6)
    with pytest.warns(ConvergenceWarning, match=r"max_time=0\.3"):
        model.fit(big, np.tile(Y, 400) + 0.0)
    assert 0 < model.n_iter_ < 10**6
    assert len(model.loss_curve_) == model.n_iter_


def test_an_epoch_that_is_too_long_ends_within():
    model = net(max_time=1e-9, batch_size=10).fit(X, Y)
    assert (model.n_iter_, model.t_) == (1, 10)


# ------------------------------------------------------------------ averages


def test_ema_is_the_weighted_mean_of_all_steps():
    settings = {"batch_size": len(X), "shuffle": False, "max_iter": 1, "warm_start": True}
    plain, thetas = net(**settings), []
    for _ in range(6):
        thetas.append(theta(plain.fit(X, Y)))
    weights = 0.8 ** np.arange(6)[::-1]
    averaged = net(**{**settings, "max_iter": 6}, average=ExponentialAverage(0.8)).fit(X, Y)
    assert_allclose(theta(averaged), np.average(thetas, axis=0, weights=weights), rtol=1e-12)


def test_swa_is_the_mean_of_the_last_epochs():
    settings = {"batch_size": 30, "max_iter": 1, "warm_start": True}
    plain, thetas = net(**settings), []
    for _ in range(8):
        thetas.append(theta(plain.fit(X, Y)))
    averaged = net(**{**settings, "max_iter": 8}, average=StochasticAverage(0.75)).fit(X, Y)
    assert_allclose(theta(averaged), np.mean(thetas[5:], axis=0), rtol=1e-12)


@pytest.mark.parametrize("average", ["ema", "swa"])
def test_averages_go_on_after_a_pickle(average):
    settings = {"average": average, "warm_start": True, "learning_rate_init": 0.01}
    once = net(**settings, max_iter=10).fit(X, Y)
    if average == "swa":  # a schedule of epochs is that of one call
        again = pickle.loads(pickle.dumps(net(**settings, max_iter=10).fit(X, Y)))
        assert_array_equal(theta(again), theta(once))
        return
    twice = net(**settings, max_iter=5).fit(X, Y)
    twice = pickle.loads(pickle.dumps(twice)).fit(X, Y)
    assert_array_equal(theta(twice), theta(once))


def test_early_stopping_scores_the_average():
    model = net(average="ema", early_stopping=True, max_iter=30, learning_rate_init=0.01, tol=0)
    model.fit(X, Y, X_val=X[:40], y_val=Y[:40])
    assert model.score(X[:40], Y[:40]) == pytest.approx(model.best_validation_score_, rel=1e-12)


# ------------------------------------------------------------------ names


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_by_name_is_its_object(name):
    for solver in ("sgd", "adam", "muon"):
        by_name = net(learning_rate=name, solver=solver).fit(X, Y)
        by_object = net(learning_rate=SCHEDULES[name](), solver=solver).fit(X, Y)
        assert_array_equal(theta(by_name), theta(by_object))


@pytest.mark.parametrize(
    "name, solver",
    [
        ("sgd", SGD(0.01, momentum=0.9, nesterov=True)),
        ("adam", Adam(0.01)),
        ("adamw", AdamW(0.01)),
        ("nadam", NAdam(0.01)),
        ("rmsprop", RMSProp(0.01)),
        ("lion", Lion(0.01)),
        ("muon", Muon(0.01)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C)])
def test_a_solver_by_name_is_its_object_and_learns(kind, y, name, solver):
    settings = {"hidden_layer_sizes": (8, 6), "max_iter": 40, "random_state": 0}
    by_name = kind(solver=name, learning_rate_init=0.01, **settings).fit(X, y)
    by_object = kind(solver=solver, **settings).fit(X, y)
    assert_array_equal(theta(by_name), theta(by_object))
    assert by_name.loss_curve_[-1] < 0.95 * by_name.loss_curve_[0]


def test_plateau_lowers_the_rate_and_then_stops():
    noise = RNG.normal(size=len(X))
    settings = {"solver": "sgd", "learning_rate_init": 1e-6, "max_iter": 500, "n_iter_no_change": 3}
    constant = net(**settings).fit(X, noise)
    plateau = net(**settings, learning_rate="plateau").fit(X, noise)
    assert constant.n_iter_ < plateau.n_iter_ < 500


# ------------------------------------------------------------------ layers


def test_layers_with_rates_of_their_own():
    """SGD without momentum, one full batch: each layer moves by its own rate times the gradient."""
    layers = [Dense(6, "tanh", learning_rate=0.5), Dense(4, "tanh", learning_rate=2.0)]
    settings = {
        "solver": SGD(0.1),
        "max_iter": 1,
        "batch_size": len(X),
        "warm_start": True,
        "output_layer": Dense(1, learning_rate=0.0),
    }
    start = net(**{**settings, "hidden_layer_sizes": layers, "solver": SGD(1e-300)}).fit(X, Y)
    same = net(**{**settings, "hidden_layer_sizes": [6, 4], "activation": "tanh", "output_layer": None})
    moved, plain = net(**{**settings, "hidden_layer_sizes": layers}).fit(X, Y), same.fit(X, Y)
    for rate, first, mine, usual in zip((0.5, 2.0, 0.0), start.coefs_, moved.coefs_, plain.coefs_):
        assert_allclose(mine - first, rate * (usual - first), atol=1e-14)


def test_max_norm_holds():
    layers = [Dense(8, max_norm=0.3), Dense(4)]
    model = net(hidden_layer_sizes=layers, max_iter=30, learning_rate_init=0.05).fit(X, Y)
    norms = [np.linalg.norm(weight, axis=0) for weight in model.coefs_[:2]]
    assert norms[0].max() <= 0.3 * (1 + 1e-12)
    assert norms[1].max() > 0.3


def test_weight_decay_of_one_layer():
    kept = net(hidden_layer_sizes=[Dense(8, weight_decay=0.0)], solver=AdamW(0.01, weight_decay=0.5))
    decayed = net(hidden_layer_sizes=[Dense(8)], solver=AdamW(0.01, weight_decay=0.5))
    kept, decayed = (model.set_params(max_iter=50).fit(X, Y) for model in (kept, decayed))
    assert np.linalg.norm(kept.coefs_[0]) > 1.1 * np.linalg.norm(decayed.coefs_[0])


def test_layers_of_a_fitted_network_are_kept_or_learned_on():
    source = net(hidden_layer_sizes=(10, LayerNorm(), 6), max_iter=40).fit(X, Y)
    layers = source.network_.pretrained_layers()[:-1]
    frozen = BackpropClassifier([*map(Frozen, layers), 5], solver="adamw", max_iter=20, random_state=0)
    frozen.fit(X, C)
    assert_array_equal(frozen.coefs_[0], source.coefs_[0])
    assert_array_equal(frozen.intercepts_[1], source.intercepts_[1])
    assert_allclose(frozen.set_params(transform_layer=2).transform(X), source.transform(X), rtol=1e-12)
    tuned = BackpropClassifier([*layers, 5], solver=SGD(1e-9), max_iter=1, random_state=0).fit(X, C)
    assert_allclose(tuned.coefs_[0], source.coefs_[0], atol=1e-6)
    assert not np.array_equal(tuned.coefs_[0], source.coefs_[0])
    again = pickle.loads(pickle.dumps(clone(frozen).fit(X, C)))
    assert_array_equal(again.predict_proba(X), frozen.predict_proba(X))


def test_given_values_start_any_layer():
    weight, bias = RNG.normal(size=(5, 3)), RNG.normal(size=3)
    last = RNG.normal(size=(3, 1))
    model = net(
        hidden_layer_sizes=[Dense(3, "tanh", Given(weight, bias))],
        output_layer=Dense(1, initializer=Given(last)),
        solver=SGD(1e-300),
        max_iter=1,
    ).fit(X, Y)
    assert_allclose(model.predict(X), (np.tanh(X @ weight + bias) @ last)[:, 0], rtol=1e-12)
    with pytest.raises(ValueError, match="shape"):
        net(hidden_layer_sizes=[Dense(3, initializer=Given(weight.T))]).fit(X, Y)


def test_batch_norm_and_dropout_in_an_estimator():
    layers = [Dense(16), BatchNorm(), Dropout(0.1), Dense(8)]
    model = net(hidden_layer_sizes=layers, max_iter=150, learning_rate_init=0.01).fit(X, Y)
    assert model.score(X, Y) > 0.7
    assert_allclose(np.concatenate([model.predict(row[None]) for row in X]), model.predict(X), rtol=1e-10)
    with pytest.raises(ValueError, match="BatchNorm"):
        net(hidden_layer_sizes=[BatchNorm()], solver="lbfgs").fit(X, Y)


# ------------------------------------------------------------------ the range of learning rates


@pytest.mark.parametrize("solver", ["sgd", "adam", "muon"])
def test_the_suggested_rate_trains_well(solver):
    model = net(solver=solver, max_iter=60)
    before = dict(vars(model))
    found = learning_rate_range(model, X, Y)
    assert vars(model) == before
    assert len(found.learning_rates) == len(found.losses) > 10
    assert (np.diff(found.learning_rates) > 0).all()
    suggested = clone(model).set_params(learning_rate_init=found.suggestion).fit(X, Y)
    too_low = clone(model).set_params(learning_rate_init=found.suggestion / 1000).fit(X, Y)
    assert suggested.score(X, Y) > max(0.5, too_low.score(X, Y))


@pytest.mark.parametrize(
    "settings, message",
    [({"lowest": 0}, "lowest"), ({"highest": 1e-9}, "highest"), ({"n_steps": 3}, "n_steps")],
)
def test_the_range_is_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        learning_rate_range(net(), X, Y, **settings)


def test_lbfgs_has_no_rate():
    with pytest.raises(ValueError, match="lbfgs"):
        learning_rate_range(net(solver="lbfgs"), X, Y)


def test_lbfgs_stops_in_the_middle_of_an_iteration_too():
    X, y = np.random.default_rng(0).normal(size=(2000, 20)), np.arange(2000.0)
    net = BackpropRegressor(hidden_layer_sizes=(300, 300), solver="lbfgs", max_time=1e-9, max_iter=50)
    with pytest.warns(ConvergenceWarning, match="max_time"):
        net.fit(X, y)
    assert len(net.loss_curve_) == 0
    assert np.isfinite(net.predict(X)).all()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"n_steps": 20.5}, "n_steps"),
        ({"lowest": "a"}, "lowest"),
        ({"estimator": "net"}, "estimator"),
    ],
)
def test_bad_arguments_of_the_rate_range(settings, message):
    arguments = {"estimator": BackpropRegressor(), "X": np.eye(20), "y": np.arange(20.0), **settings}
    with pytest.raises((TypeError, ValueError), match=message):
        learning_rate_range(**arguments)


def test_the_rate_range_of_a_calibrated_classifier():
    net = BackpropClassifier(5, calibration="temperature", early_stopping=True, random_state=0)
    X = np.random.default_rng(0).normal(size=(100, 3))
    assert learning_rate_range(net, X, X[:, 0] > 0).suggestion > 0
