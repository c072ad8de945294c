"""The same `random_state` gives scikit-learn's model, to 1e-8."""

from itertools import combinations, product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from shared.mended import MendedClassifier, MendedRegressor, mend
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5))
SIGNAL = X[:, 0] + X[:, 1] * X[:, 2]
TARGETS = {
    "regression": SIGNAL,
    "binary": np.where(SIGNAL > 0, 7, 3),
    "multiclass": np.digitize(SIGNAL, [-0.7, 0.7]),
    "multilabel": np.column_stack([SIGNAL > 0, X[:, 3] > 0.3, X[:, 1] > 0]).astype(int),
}
SOLVERS = {
    **{
        f"sgd-{rate}-{name}": {
            "solver": "sgd",
            "learning_rate": rate,
            "learning_rate_init": 0.03,
            "power_t": 0.3,
            **momentum,
        }
        for rate in ("constant", "invscaling", "adaptive")
        for name, momentum in {
            "plain": {"momentum": 0.0},
            "momentum": {"momentum": 0.8, "nesterovs_momentum": False},
            "nesterov": {"momentum": 0.8, "nesterovs_momentum": True},
        }.items()
    },
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
    "lbfgs": {"solver": "lbfgs"},
}
ACTIVATIONS = "identity", "logistic", "tanh", "relu"
SWITCHES = {
    "-".join(("early" * early, "weight" * weight, "shuffle" * shuffle, "warm" * warm)): (
        early,
        weight,
        shuffle,
        warm,
    )
    for early, weight, shuffle, warm in product((False, True), repeat=4)
}


def both(target):
    is_regression = target == "regression"
    return (MendedRegressor, BackpropRegressor) if is_regression else (MendedClassifier, BackpropClassifier)


def assert_same_model(ours, theirs, tolerance):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    for name in ("loss_", "n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a == (b if isinstance(b, int | str) else pytest.approx(b, rel=tolerance)), name
    if not hasattr(theirs, "classes_"):
        assert_allclose(ours.predict(X), theirs.predict(X), rtol=tolerance, atol=tolerance)
    else:
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=tolerance)
        assert_allclose(np.exp(ours.predict_log_proba(X)), theirs.predict_proba(X), atol=tolerance)
    if not hasattr(theirs, "loss_curve_"):
        return
    for name in ("loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_"):
        a, b = getattr(ours, name), getattr(theirs, name)
        if b is None:
            assert a is None, name
        else:
            assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)


def all_settings():
    """Every combination; those that are not needed to have each pair of values together are slow."""
    tables = list(map(list, (TARGETS, SOLVERS, ACTIVATIONS, SWITCHES)))
    for places in product(*(range(len(table)) for table in tables)):
        target, solver, activation, switches = places
        is_needed = (target + solver + switches // 4) % 4 == 0 and (activation + solver + switches) % 4 == 0
        values = [table[place] for table, place in zip(tables, places)]
        yield pytest.param(*values, marks=() if is_needed else pytest.mark.slow)


def test_the_settings_of_the_default_run_hold_every_pair_of_values():
    needed = [parameters.values for parameters in all_settings() if not parameters.marks]
    for i, j in combinations(range(4), 2):
        assert len({(values[i], values[j]) for values in needed}) == len(
            set(product({values[i] for values in needed}, {values[j] for values in needed}))
        )
    assert {values[1] for values in needed} == set(SOLVERS) and {values[3] for values in needed} == set(
        SWITCHES
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few epochs only
@pytest.mark.parametrize("target, solver, activation, switches", list(all_settings()))
def test_fit_equals_scikit_learn(target, solver, activation, switches, monkeypatch):
    early_stopping, weighted, shuffle, warm_start = SWITCHES[switches]
    if solver == "lbfgs" and (early_stopping or not shuffle):
        early_stopping, shuffle = False, True  # not used by lbfgs: the model must not depend on them
    n_epochs = 22
    if (solver, activation) == ("lbfgs", "relu"):
        n_epochs = 4  # then a line search may meet a kink, where rounding decides on the way taken
    mend(monkeypatch)
    settings = {
        **SOLVERS[solver],
        "hidden_layer_sizes": (6, 4),
        "activation": activation,
        "alpha": 0.01,
        "batch_size": 32,
        "max_iter": n_epochs // 2 if warm_start else n_epochs,
        "tol": 1e-3,
        "n_iter_no_change": 3,
        "early_stopping": early_stopping,
        "validation_fraction": 0.2,
        "shuffle": shuffle,
        "warm_start": warm_start,
        "random_state": 3,
    }
    weight = np.random.default_rng(1).uniform(0.2, 2.0, len(X)) if weighted else None
    models = [kind(**settings) for kind in both(target)]
    # with early stopping scikit-learn's second fit starts from the best weights, ours from the last ones
    for _ in range(2 if warm_start and not early_stopping else 1):
        for model in models:
            model.fit(X, TARGETS[target], sample_weight=weight)
    theirs, ours = models
    assert_same_model(ours, theirs, 1e-4 if solver == "lbfgs" else 1e-8)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", [name for name in SOLVERS if name != "lbfgs"])
@pytest.mark.parametrize("target", TARGETS)
def test_partial_fit_equals_scikit_learn(target, solver, weighted, monkeypatch):
    mend(monkeypatch, stream=True)
    models = [
        kind(hidden_layer_sizes=(6,), batch_size=16, n_iter_no_change=2, random_state=0, **SOLVERS[solver])
        for kind in both(target)
    ]
    y = TARGETS[target]
    classes = {} if target == "regression" else {"classes": np.arange(3) if y.ndim == 2 else np.unique(y)}
    for start in range(0, 90, 30):
        rows = slice(start, start + 30)
        weight = np.linspace(0.5, 2.0, 30) if weighted else None
        for model in models:
            for _ in range(4):
                model.partial_fit(X[rows], y[rows], sample_weight=weight, **classes)
    theirs, ours = models
    assert_same_model(ours, theirs, 1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few epochs only
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_poisson_equals_scikit_learn(solver):
    y = np.random.default_rng(0).poisson(np.exp(X[:, 0] / 2))
    theirs, ours = (
        kind(loss="poisson", solver=solver, hidden_layer_sizes=(6,), max_iter=25, random_state=0).fit(X, y)
        for kind in both("regression")
    )
    assert_same_model(ours, theirs, 1e-4 if solver == "lbfgs" else 1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few epochs only
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.smoke
def test_sixty_epochs_of_the_defaults(target, early_stopping, monkeypatch):
    mend(monkeypatch)
    theirs, ours = (
        kind(max_iter=60, early_stopping=early_stopping, random_state=7).fit(X, TARGETS[target])
        for kind in both(target)
    )
    assert_same_model(ours, theirs, 1e-8)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.smoke
def test_same_parameters_and_defaults(target):
    theirs, ours = (kind().get_params() for kind in both(target))
    assert {name: ours[name] for name in theirs} == theirs


def test_a_convergence_warning_comes_with_the_same_message():
    messages = []
    for kind in both("regression"):
        with pytest.warns(ConvergenceWarning) as record:
            kind(max_iter=2, random_state=0).fit(X, SIGNAL)
        messages.append(str(record[0].message))
    assert messages[0] == messages[1]
