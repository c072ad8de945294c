"""A parameter that is changed from its default changes what is fitted, or it is said that it does nothing.

Every parameter of every estimator is walked through beside several others. Where scikit-learn's MLP has the
parameter and all that it stands beside, it is silent, and so may we be.
"""

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    BackpropSearchCV,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.averaging import StochasticAverage
from skbackprop.layers import Dense, Dropout, NTKDense
from skbackprop.losses import Huber, Quantile
from skbackprop.model_selection import learning_rate_range
from skbackprop.optimizers import SGD, Adam
from skbackprop.schedules import Scheduled

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = 3.0 * RNG.normal(size=(40, 3))
Y = X[:, 0] + 0.1 * X[:, 1] ** 2
C = np.array(["a", "b", "c"])[np.digitize(Y, [-1.0, 2.0])]
HOLED = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
HALF = ShuffleSplit(1, test_size=0.5, random_state=0)
SMALL = {"hidden_layer_sizes": (4, 3), "max_iter": 6, "batch_size": 10, "random_state": 0}
SMALL |= {"n_iter_no_change": 2, "tol": 100.0}  # the last epochs are a plateau

CHANGED = {  # each parameter of the networks, and another value
    "loss": "huber",
    "hidden_layer_sizes": (3, 3),
    "activation": "tanh",
    "solver": "adamw",
    "alpha": 0.5,
    "batch_size": 7,
    "learning_rate": ["cosine", "plateau", "invscaling", "adaptive"],
    "learning_rate_init": 0.05,
    "power_t": 0.3,
    "max_iter": 2,
    "shuffle": False,
    "random_state": 1,
    "tol": 0.0,
    "momentum": 0.5,
    "nesterovs_momentum": False,
    "early_stopping": True,
    "validation_fraction": 0.4,
    "beta_1": 0.5,
    "beta_2": 0.9,
    "epsilon": 0.1,
    "n_iter_no_change": 1,
    "max_fun": 2,
    "output_layer": [NTKDense(1), Dense(1, "tanh")],
    "validation": HALF,
    "scoring": "neg_mean_absolute_error",
    "best_epoch": "last",
    "schedule_epochs": 9,
    "resume": True,
    "max_time": 1e-9,
    "clip_norm": 0.01,
    "average": "ema",
    "missing": ["impute", "skip"],
    "predict_missing": "nan",
    "transform_layer": -2,
    "output_activation": "softplus",
    "output_range": (-1e3, 1e3),
    "quantile": [0.9, [0.1, 0.9]],
    "target_scaling": "standard",
    "clamp": True,
    "class_weight": "balanced",
    "calibration": "temperature",
}
ELSEWHERE = {"verbose", "warm_start", "grow", "checkpoint", "engine"}  # output, later calls, files, speed
NEEDS_OTHER_ROWS = {"best_epoch", "missing", "predict_missing"}  # equal scores, missing values
OF_SOLVERS = "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon", "max_fun", "learning_rate_init"
DEPENDS_ON = {  # where scikit-learn has such a parameter, and it does not always act
    **dict.fromkeys((*OF_SOLVERS, "batch_size", "shuffle", "n_iter_no_change"), ("solver",)),
    **dict.fromkeys(("learning_rate", "power_t"), ("solver", "learning_rate")),
    "early_stopping": ("solver",),
    "validation_fraction": ("early_stopping", "validation"),
}
BASES = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "sgd, invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "lbfgs": {"solver": "lbfgs", "tol": 1e-4},
    "lbfgs, early stopping": {"solver": "lbfgs", "tol": 1e-4, "early_stopping": True},
    "lbfgs, validation": {"solver": "lbfgs", "tol": 1e-4, "validation": HALF},
    "adamw": {"solver": "adamw"},
    "rmsprop": {"solver": "rmsprop"},
    "lion": {"solver": "lion"},
    "muon": {"solver": "muon"},
    "an optimizer": {"solver": Adam(0.01)},
    "an optimizer, invscaling": {"solver": SGD(0.01), "learning_rate": "invscaling"},
    "early stopping": {"early_stopping": True},
    "validation": {"validation": HALF},
    "both": {"validation": HALF, "early_stopping": True},
    "cosine": {"learning_rate": "cosine"},
    "plateau": {"learning_rate": "plateau"},
    "swa": {"average": StochasticAverage(0.5)},
    "layers": {"hidden_layer_sizes": [Dense(4), Dense(3)]},
    "dropout": {"hidden_layer_sizes": [4, Dropout(Scheduled(0.5, "cosine")), 3]},
    "skip": {"missing": "skip"},
    "quantile": {"loss": "quantile"},
    "losses": {"loss": ["quantile"]},
}


def print_of(net, data, attributes):
    """What a fit gives, as text, or its error; and what was said."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            found = attributes(net.fit(*data), data[0])
        except (ValueError, TypeError, AttributeError) as error:
            found = f"{type(error).__name__}: {error}"
    return found, [str(warning.message) for warning in said]


def of_network(net, rows):
    predict = getattr(net, "predict_proba", net.predict)
    arrays = net.network_.theta, predict(rows), predict(100.0 * rows), net.transform(rows)
    rest = net.out_activation_, net.n_iter_, net.validation_scores_, net.best_loss_
    return [*(array.tobytes() for array in arrays), repr(rest)]


def is_silent(name, settings):
    """Whether scikit-learn has the parameter with what it depends on, and says nothing."""
    shares = DEPENDS_ON.get(name)
    if shares is None:
        return False
    try:
        MLPRegressor(**{key: settings[key] for key in (name, *shares) if key in settings})._validate_params()
    except (TypeError, InvalidParameterError):
        return False
    return True


def values_of(name):
    values = CHANGED[name]
    return values if isinstance(values, list) else [values]


KINDS = {BackpropRegressor: Y, BackpropClassifier: C}


RELATED = {  # what these give, others give: in the slow tests
    *("sgd, invscaling", "lbfgs, early stopping", "lbfgs, validation", "adamw", "rmsprop", "lion"),
    *("an optimizer, invscaling", "validation", "both", "cosine", "plateau", "layers", "losses"),
}
OFTEN = [  # of the classifier, which has the regressor's training: those with what it has besides
    *((BackpropRegressor, base) for base in BASES if base not in RELATED),
    *((BackpropClassifier, base) for base in ("adam", "early stopping", "skip")),
]


@pytest.mark.parametrize(("kind", "base"), OFTEN)
def test_networks(kind, base):
    walk_networks(kind, base)


@pytest.mark.slow
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("kind", KINDS)
def test_networks_beside_everything(kind, base):
    walk_networks(kind, base)


def walk_networks(kind, base):
    given, y, wrong = SMALL | BASES[base], KINDS[kind], []
    parameters = set(kind._parameter_constraints)
    if not parameters.issuperset(given) or (kind is BackpropClassifier and "loss" in given):
        pytest.skip("a parameter of the other kind")
    before, said_before = print_of(kind(**given), (X, y), of_network)
    assert not isinstance(before, str), before
    assert not [text for text in said_before if "no effect" in text]
    for name in sorted(parameters.intersection(CHANGED).difference(BASES[base])):
        for value in values_of(name):
            if kind is BackpropClassifier and name == "loss":
                continue
            after, said = print_of(kind(**given | {name: value}), (X, y), of_network)
            is_told = any(text.startswith(f"{name}=") for text in said if "no effect" in text)
            changes = after != before
            if changes and is_told:
                wrong.append(f"{name}={value!r} acts, though it is said that it does not: {said}")
            may_be_silent = name in NEEDS_OTHER_ROWS or is_silent(name, given | {name: value})
            if not changes and not is_told and not may_be_silent:
                wrong.append(f"{name}={value!r} is ignored without a word")
    assert not wrong, "\n".join([base, *wrong])


@pytest.mark.parametrize("kind", KINDS)
def test_networks_with_missing_values(kind):
    found = [
        print_of(kind(**SMALL | settings), (HOLED, KINDS[kind]), of_network)
        for settings in (
            {},
            {"missing": "impute"},
            {"missing": "skip"},
            {"missing": "skip", "predict_missing": "nan"},
        )
    ]
    assert not any(said for _, said in found)
    assert all(a != b for (a, _), (b, _) in combinations(found, 2))


TOLD = {  # by settings, what is said
    "an optimizer": (
        {"solver": Adam(), "learning_rate_init": 0.1, "beta_1": 0.5},
        ["learning_rate_init=0.1 has no effect: solver=Adam", "beta_1=0.5 has no effect: solver=Adam"],
    ),
    "lbfgs": (
        {
            "solver": "lbfgs",
            "clip_norm": 1.0,
            "learning_rate": "cosine",
            "engine": "replay",
            "average": "swa",
        },
        ["learning_rate='cosine'", "clip_norm=1.0", "average='swa'", "engine='replay'"],
    ),
    "no validation": (
        {"scoring": "neg_mean_absolute_error", "best_epoch": "last"},
        ["best_epoch='last'", "scoring='neg_mean_absolute_error'"],
    ),
    "another solver": (
        {"solver": "lion", "momentum": 0.5},
        ["momentum=0.5 has no effect: it is a setting of"],
    ),
}


@pytest.mark.parametrize(("settings", "told"), TOLD.values(), ids=TOLD)
def test_what_is_said_and_when(settings, told):
    net = BackpropRegressor(**SMALL | {"tol": 1e-4} | settings)
    for model, calls in (
        (net, lambda: net.fit(X, Y)),
        (net, lambda: net.fit(X, Y)),  # again, each time
        (None, lambda: cross_val_score(net, X, Y, cv=2)),
        (None, lambda: make_pipeline(StandardScaler(), net).fit(X, Y)),
    ):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            calls()
        said = [warning for warning in said if "has no effect" in str(warning.message)]
        assert len(said) == len(told) * (1 if "cross" not in calls.__code__.co_names[0] else 2)
        for warning, text in zip(said, told):
            assert str(warning.message).startswith(text)
            assert warning.category is UserWarning
            assert model is None or warning.filename == __file__


def test_a_stream_is_told_once():
    net = BackpropRegressor(**SMALL, scoring="neg_mean_absolute_error", clip_norm=1.0, best_epoch="last")
    with pytest.warns(UserWarning, match="has no effect") as said:
        net.partial_fit(X, Y)
    assert len(said) == 2
    assert said[0].filename == __file__
    net.partial_fit(X, Y)
    with pytest.warns(UserWarning, match="beta_1=0.5 has no effect"):
        net.set_params(solver=Adam(), beta_1=0.5, best_epoch="first").partial_fit(X, Y)


def test_a_validation_part_of_ones_own():
    net = BackpropRegressor(**SMALL, scoring="neg_mean_absolute_error", validation_fraction=0.3)
    with pytest.warns(UserWarning, match="validation_fraction=0.3 has no effect: X_val and y_val"):
        net.fit(X, Y, X_val=X, y_val=Y)
    with pytest.warns(UserWarning, match="scoring='neg_mean_absolute_error' has no effect"):
        net.fit(X, Y)


def test_rates_are_tried_without_a_validation_part_and_a_word():
    net = BackpropRegressor(
        **SMALL, early_stopping=True, scoring="neg_mean_absolute_error", best_epoch="last"
    )
    assert learning_rate_range(net, X, Y).suggestion > 0


@pytest.mark.parametrize("search", [GridSearchCV, BackpropSearchCV])
def test_a_search_tells_it_too(search):
    with pytest.warns(UserWarning, match="momentum=0.5 has no effect"):
        search(BackpropRegressor(**SMALL, solver="lion"), {"momentum": [0.5, 0.9]}, cv=2).fit(X, Y)


@pytest.mark.parametrize("loss", ["squared_error", "huber", Huber(2.0), Quantile(0.9), ["huber"]], ids=str)
@pytest.mark.parametrize("quantile", [0.9, 0.1, [0.1, 0.9], [0.5]], ids=str)
@pytest.mark.parametrize("kind", [BackpropRegressor, TabularBackpropRegressor])
def test_a_quantile_that_no_loss_asks_for_is_an_error(kind, loss, quantile):
    if kind is TabularBackpropRegressor and isinstance(loss, list):
        return
    net = kind(loss=loss, quantile=quantile)
    for fit in (net.fit, net.partial_fit):
        with pytest.raises(InvalidParameterError, match=r"quantile=.* has no effect with loss="):
            fit(X, Y)


def test_activation_of_an_output_layer():
    with pytest.raises(InvalidParameterError, match="set output_activation"):
        BackpropRegressor(output_layer=Dense(1, "tanh")).fit(X, Y)
    with pytest.raises(InvalidParameterError, match="the loss has its own"):
        BackpropClassifier(output_layer=Dense(1, "tanh")).fit(X, C)
    for layer, settings in ((Dense(1, "identity"), {}), (Dense(1, "tanh"), {"output_activation": "tanh"})):
        net = BackpropRegressor(**SMALL, output_layer=layer, **settings).fit(X, Y)
        plain = BackpropRegressor(**SMALL, output_layer=Dense(1), **settings).fit(X, Y)
        assert_array_equal(net.predict(X), plain.predict(X))


def test_calibration_of_tables_needs_rows_to_measure():
    net = TabularBackpropClassifier(calibration="temperature", max_iter=2, random_state=0)
    with pytest.raises(ValueError, match="calibration='temperature' needs a validation part"):
        net.set_params(validation_fraction=0).fit(TABLE, C)
    with pytest.warns(UserWarning, match="calibration='temperature' has no effect: partial_fit holds out no"):
        net.partial_fit(TABLE, C, classes=np.unique(C))


def test_every_parameter_of_the_networks_is_walked_through_and_acts_somewhere():
    for kind in KINDS:
        assert set(kind._parameter_constraints) <= {*CHANGED, *ELSEWHERE}


# ------------------------------------------------------------------ tables

TABULAR = {
    "recipe": "td_s",
    "n_estimators": 2,
    "hidden_layer_sizes": 5,
    "activation": "tanh",
    "numeric_embedding": "pl",
    "dropout": 0.3,
    "solver": "muon",
    "learning_rate_init": 0.01,
    "learning_rate": "constant",
    "beta_2": 0.5,
    "weight_decay": 0.5,
    "average": "ema",
    "batch_size": 7,
    "max_iter": 2,
    "max_time": 1e-9,
    "validation": 3,
    "validation_fraction": 0.4,
    "early_stopping": True,
    "n_iter_no_change": 1,
    "refit": True,
    "categorical_features": [0],
    "max_one_hot_categories": 1,
    "random_state": 1,
    "loss": "absolute_error",
    "quantile": [0.9, [0.1, 0.9]],
    "clamp": False,
    "label_smoothing": 0.3,
    "scoring": "neg_log_loss",
    "class_weight": "balanced",
    "calibration": "temperature",
}
HOW = {"engine", "n_jobs", "verbose", "checkpoint", "resume"}
TABULAR_BASES = {
    "bagged": {},
    "td": {"recipe": "td", "n_estimators": 1},
    "td_s": {"recipe": "td_s", "n_estimators": 1},
    "nothing held out": {"validation_fraction": 0},
    "nothing held out, smoothed": {"validation_fraction": 0.0, "label_smoothing": 0.1},
    "stops": {"early_stopping": True, "n_iter_no_change": 3},
    "does not stop": {"early_stopping": False},
    "quantile": {"loss": "quantile"},
}
TABLE = pd.DataFrame({"number": X[:, 0], "code": np.arange(40) % 5, "word": list("abcd") * 10})
TABULAR_KINDS = {TabularBackpropRegressor: Y, TabularBackpropClassifier: C}


def of_members(net, rows):
    predict = getattr(net, "predict_proba", net.predict)
    far = TABLE.assign(number=100.0 * TABLE["number"])
    arrays = (
        *(network.theta for network in net.networks_),
        predict(TABLE),
        predict(far),
        getattr(net, "best_epochs_", X[:0]),
    )
    return [*(array.tobytes() for array in arrays), getattr(net, "n_iter_", None), len(net.networks_)]


TABLES_OFTEN = [  # as with the networks
    *((TabularBackpropRegressor, base) for base in ("bagged", "td", "nothing held out", "stops", "quantile")),
    (TabularBackpropClassifier, "nothing held out, smoothed"),
]


@pytest.mark.parametrize(("kind", "base"), TABLES_OFTEN)
def test_tables(kind, base):
    walk_tables(kind, base)


@pytest.mark.slow
@pytest.mark.parametrize("base", TABULAR_BASES)
@pytest.mark.parametrize("kind", TABULAR_KINDS)
def test_tables_beside_everything(kind, base):
    walk_tables(kind, base)


def walk_tables(kind, base):
    small = {
        "hidden_layer_sizes": (4,),
        "max_iter": 6,
        "n_estimators": 3,
        "random_state": 0,
        "batch_size": 16,
    }
    given, y, wrong = small | TABULAR_BASES[base], TABULAR_KINDS[kind], []
    parameters = set(kind._parameter_constraints)
    if not parameters.issuperset(given):
        pytest.skip("a parameter of the other kind")
    before, said_before = print_of(kind(**given), (TABLE, y), of_members)
    assert not isinstance(before, str), before
    assert not [text for text in said_before if "no effect" in text]
    for name in sorted(parameters.intersection(TABULAR).difference(TABULAR_BASES[base])):
        for value in TABULAR[name] if name == "quantile" else [TABULAR[name]]:
            after, said = print_of(kind(**given | {name: value}), (TABLE, y), of_members)
            is_told = any(text.startswith(f"{name}=") for text in said if "no effect" in text)
            may_be_silent = name in {"early_stopping", "n_iter_no_change", "clamp"}  # on these rows
            if after != before if is_told else after == before and not may_be_silent:
                wrong.append(f"{name}={value!r}: changes {after != before}, told {is_told}")
    assert not wrong, "\n".join([base, *wrong])


AS_IN_MLP = {"max_iter", "n_iter_no_change", "validation_fraction"}  # silent in partial_fit


STREAM_BASES = [{}, {"recipe": "td_s", "n_estimators": 2}, {"label_smoothing": 0.1}]


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        *((TabularBackpropRegressor, base) for base in STREAM_BASES[:2]),
        (TabularBackpropClassifier, STREAM_BASES[2]),
    ],
    ids=str,
)
def test_tables_in_a_stream(kind, base):
    walk_a_stream(kind, base)


@pytest.mark.slow
@pytest.mark.parametrize("base", STREAM_BASES, ids=str)
@pytest.mark.parametrize("kind", TABULAR_KINDS)
def test_tables_in_a_stream_beside_everything(kind, base):
    walk_a_stream(kind, base)


def walk_a_stream(kind, base):
    given, y, wrong = (
        {"hidden_layer_sizes": 4, "random_state": 0, "batch_size": 16} | base,
        TABULAR_KINDS[kind],
        [],
    )
    if not set(kind._parameter_constraints).issuperset(given):
        pytest.skip("a parameter of the other kind")

    def learned(net):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            classes = {"classes": np.unique(y)} if kind is TabularBackpropClassifier else {}
            net.partial_fit(TABLE[:20], y[:20], **classes)
            n_said = len(said)
            net.partial_fit(TABLE[20:], y[20:])
        assert len(said) == n_said  # once
        return of_members(net, TABLE), [str(warning.message) for warning in said]

    before, said = learned(kind(**given))
    assert not said
    for name in sorted(set(kind._parameter_constraints).intersection(TABULAR).difference(base, {"quantile"})):
        after, said = learned(kind(**given | {name: TABULAR[name]}))
        is_told = any(text.startswith(f"{name}=") for text in said)
        is_silent = name in {*AS_IN_MLP, "clamp"} or (name == "learning_rate" and TABULAR[name] == "constant")
        if after != before if is_told else after == before and not is_silent:
            wrong.append(f"{name}: changes {after != before}, told {is_told}")
    assert not wrong, "\n".join(wrong)


def test_a_schedule_is_for_fit():
    net = TabularBackpropRegressor(
        hidden_layer_sizes=4, learning_rate=np.cos, max_time=9.0, early_stopping=True
    )
    with pytest.warns(UserWarning, match="has no effect: ") as said:
        net.partial_fit(TABLE, Y)
    told = [str(warning.message).partition("=")[0] for warning in said]
    assert told == ["early_stopping", "max_time", "learning_rate"]
    assert said[0].filename == __file__


def test_every_parameter_of_the_tabular_estimators_is_walked_through():
    for kind in TABULAR_KINDS:
        assert set(kind._parameter_constraints) <= {*TABULAR, *HOW}
