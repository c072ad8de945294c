"""The estimators as users meet them: scikit-learn's contract, kinds of input, failure, persistence."""

import copy
import io
import pickle
import re
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from shared.checks import scikit_learn_checks
from shared.processes import in_another_process
from sklearn.base import BaseEstimator, clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import LeakyReLU, Tanh
from skbackprop.estimators.solver import SOLVERS
from skbackprop.layers import BatchNorm, Concatenate, Dense, Dropout, Ensemble, LayerNorm, Residual
from skbackprop.losses import BinaryLogLoss, Huber, LogLoss, MultinomialLogLoss, Quantile
from skbackprop.optimizers import SGD, Adam, AdamW, Chain, ClipNorm, RMSProp, ScaleByAdam
from skbackprop.schedules import Cosine, WarmUp

# The fits here are short on purpose; that the warning comes is tested where it is the subject.
# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.* has no effect",
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4))
Y = X[:, 0] + X[:, 1] * X[:, 2]
C = np.digitize(X[:, 0], [-0.5, 0.5])
B = Y > 0


def same(a, b):
    return np.array_equal(a.network_.theta, b.network_.theta)


def in_both(**settings):
    settings = {"random_state": 0, **settings}
    return BackpropRegressor(**settings), BackpropClassifier(**settings)


EQUIVALENCE = tuple(f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse"))
PARTIAL_FIT = (
    *("check_estimators_partial_fit_n_features", "check_fit_score_takes_y"),
    "check_n_features_in_after_fitting",
)
TAKES_MORE_COLUMNS = ("check_n_features_in_after_fitting", "check_classifiers_train")
PREDICTS_A_COLUMN = (
    *("check_regressors_train", "check_regressor_multioutput"),
    *("check_estimator_sparse_array", "check_estimator_sparse_matrix"),
)


def expected_failures(estimator):
    """Checks that a setting contradicts, with the reason."""
    failures = {}
    if estimator.early_stopping:
        failures |= dict.fromkeys(EQUIVALENCE, "a row that is given twice may be held out once")
        failures["check_class_weight_classifiers"] = "the validation score is without class weights"
    if getattr(estimator, "class_weight", None) == "balanced":
        failures |= dict.fromkeys(PARTIAL_FIT, "partial_fit refuses 'balanced', as SGDClassifier does")
    if isinstance(estimator.hidden_layer_sizes, list) and len(estimator.hidden_layer_sizes) == 4:
        failures |= dict.fromkeys(EQUIVALENCE, "dropout is drawn, and batch statistics have no weights")
    if isinstance(getattr(estimator, "quantile", None), list):
        failures |= dict.fromkeys(PREDICTS_A_COLUMN, "predict has a column for each quantile")
    if estimator.grow:
        failures |= dict.fromkeys(TAKES_MORE_COLUMNS, "predict leaves out columns that are not learned yet")
    if estimator.loss == "poisson":
        failures["check_regressor_multioutput"] = "the check's targets are negative"
    if isinstance(estimator.loss, MultinomialLogLoss):
        failures["check_classifier_multioutput"] = "its targets are several labels, which have other losses"
    return failures


QUICK = {"hidden_layer_sizes": (20,), "max_iter": 60, "learning_rate_init": 0.01}
CHECKED = [
    BackpropRegressor(),
    BackpropClassifier(),
    BackpropRegressor(solver="lbfgs", loss="huber", activation="tanh", hidden_layer_sizes=(16,), max_iter=30),
    BackpropClassifier(grow=True, random_state=0, **QUICK),
]
CHECKED_SLOWLY = [
    BackpropClassifier(**QUICK | {"hidden_layer_sizes": [Dense(20, "silu"), Residual(LayerNorm())]}),
    BackpropRegressor(missing="skip", random_state=0, **QUICK),
    BackpropClassifier(class_weight="balanced", random_state=0, **QUICK),
    BackpropRegressor("quantile", quantile=[0.1, 0.5, 0.9], target_scaling="standard", **QUICK),
    BackpropClassifier(solver="sgd", learning_rate_init=0.01),
    *(BackpropRegressor(solver=name, target_scaling="standard", random_state=0) for name in SOLVERS),
    *(BackpropClassifier(solver=name, max_iter=100, random_state=0) for name in SOLVERS),
    *in_both(solver="lbfgs", alpha=1.0, activation="tanh", max_iter=20),
    *in_both(missing="impute"),
    *in_both(missing="skip"),
    *in_both(grow=True),
    *in_both(early_stopping=True, validation=ShuffleSplit(1, test_size=0.5, random_state=0)),
    *in_both(early_stopping=True, validation_fraction=0.4, scoring="loss", best_epoch="last"),
    *in_both(average="ema", clip_norm=1.0, learning_rate="one_cycle"),
    *in_both(hidden_layer_sizes=[Dense(20, max_norm=2.0), BatchNorm(), Dropout(0.1), 10]),
    BackpropClassifier(calibration="temperature", early_stopping=True, validation_fraction=0.4),
    BackpropClassifier(loss=MultinomialLogLoss()),
    BackpropRegressor("huber", target_scaling="standard", clamp=True),
    BackpropRegressor("poisson", learning_rate_init=0.05, random_state=0),
]


@scikit_learn_checks(CHECKED, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@scikit_learn_checks(CHECKED_SLOWLY, expected_failed_checks=expected_failures)
def test_scikit_learn_checks_of_more_settings(estimator, check):
    check(estimator)


# ------------------------------------------------------------------ parameters


def linear(progress):
    return 1 - progress / 2


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_layer_sizes": 7},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": np.array([5, 4])},
        {"hidden_layer_sizes": [Dense(8, "gelu"), LayerNorm(), Dropout(0.2), 5], "activation": ["mish"]},
        {"hidden_layer_sizes": Residual(Dense(4, "tanh"))},
        {"hidden_layer_sizes": [Concatenate([Dense(3), Dense(4, "tanh")])]},
        {"hidden_layer_sizes": (6, 5), "activation": ["tanh", LeakyReLU(0.1)]},
        {"activation": Tanh()},
        {"solver": AdamW(0.01, weight_decay=0.1)},
        {"solver": RMSProp()},
        {"solver": SGD(0.01, momentum=0.9, nesterov=True)},
        {"solver": Chain([ClipNorm(1.0), ScaleByAdam()], 0.01)},
        {"learning_rate": Cosine()},
        {"learning_rate": linear, "solver": "sgd"},
    ],
    ids=lambda settings: "-".join(settings),
)
@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C)])
def test_the_vocabulary_learns(kind, y, settings):
    model = kind(max_iter=150, learning_rate_init=0.01, random_state=0, **settings)
    model.fit(X, y)
    assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]
    again = clone(model).fit(X, y)
    assert same(model, again)
    assert again.predict(X).shape == y.shape


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "log_cosh", "quantile", Huber(0.5)]
)
def test_losses_of_the_regressor_learn(loss):
    model = BackpropRegressor(loss, solver="lbfgs", hidden_layer_sizes=(10,), random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.8


def test_quantiles_cover_their_share():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2000, 1))
    y = x[:, 0] + rng.normal(size=2000) * (1.5 + x[:, 0])
    for q in (0.1, 0.5, 0.9):
        model = BackpropRegressor(Quantile(q), max_iter=60, learning_rate_init=0.01, random_state=0)
        assert np.mean(y < model.fit(x, y).predict(x)) == pytest.approx(q, abs=0.03)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_log_link_losses_predict_positive_means(loss):
    y = np.exp(X[:, 0]) * RNG.uniform(0.5, 1.5, len(X))
    model = BackpropRegressor(loss, solver="lbfgs", alpha=0, random_state=0).fit(X, y)
    assert model.out_activation_ == "exp"
    assert model.predict(X).min() > 0
    with pytest.raises(ValueError, match=f"loss '{loss}'"):
        model.fit(X, y - 10)
    with pytest.raises(ValueError, match="output_activation"):
        clone(model).set_params(output_activation="softplus").fit(X, y)


def test_output_activation_bounds_the_prediction():
    model = BackpropRegressor(output_activation="logistic", max_iter=300, random_state=0)
    model.fit(X, 1 / (1 + np.exp(-3 * Y)))
    assert model.out_activation_ == "logistic"
    assert 0 < model.predict(100 * X).min() <= model.predict(100 * X).max() <= 1


@pytest.mark.parametrize("y", [B, C], ids=["two classes", "three classes"])
def test_label_smoothing_tempers_probabilities(y):
    settings = {"solver": "lbfgs", "alpha": 0, "random_state": 0}
    sharp, smooth = (
        BackpropClassifier(loss=loss, **settings).fit(X, y).predict_proba(X).max()
        for loss in ("log_loss", LogLoss(label_smoothing=0.2))
    )
    assert sharp > 0.999 > 0.95 > smooth


def test_a_multinomial_loss_for_two_classes_has_two_columns():
    model = BackpropClassifier(loss=MultinomialLogLoss(), random_state=0).fit(X, B)
    assert model.n_outputs_ == 2
    assert model.decision_function(X).shape == (80,)
    assert_array_equal(model.decision_function(X) > 0, model.predict(X))
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    with pytest.raises(ValueError, match="BinaryLogLoss"):
        BackpropClassifier(loss=BinaryLogLoss()).fit(X, C)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"activation": "sigmoid"}, "activation"),
        ({"activation": ["relu", "tanh"]}, "activation.*2 entries"),
        ({"activation": ["cosine"]}, "activation='cosine'"),
        ({"solver": "newton"}, "solver"),
        ({"solver": Adam(learning_rate=-1.0)}, "learning_rate"),
        ({"solver": Chain([Adam()])}, "gradient transforms"),
        ({"loss": "mae"}, "loss"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be > 0"),
        ({"hidden_layer_sizes": [Dense(-3)]}, "n_units"),
        ({"hidden_layer_sizes": [Dropout(1.5)]}, "rate"),
        ({"hidden_layer_sizes": [Residual(Dense(5))]}, "Residual"),
        ({"hidden_layer_sizes": [Ensemble(2, Dense(5))]}, "Ensemble"),
        ({"hidden_layer_sizes": ["wide"]}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": (2.5,)}, "hidden_layer_sizes"),
        ({"learning_rate": Cosine}, "learning_rate"),
        ({"learning_rate": str}, "learning_rate"),
        ({"alpha": -1}, "alpha"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": "cosinus"}, "learning_rate"),
        ({"max_iter": 0}, "max_iter"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"n_iter_no_change": 0}, "n_iter_no_change"),
        ({"early_stopping": True, "validation_fraction": 0.01}, "validation set is too small"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, B)])
@pytest.mark.smoke
def test_wrong_parameters_name_themselves_and_lose_nothing(kind, y, settings, message):
    model = kind(max_iter=3, random_state=0).fit(X, y)
    before, prediction = dict(vars(model)), model.predict(X)
    with pytest.raises((ValueError, TypeError), match=message):
        model.set_params(**settings).fit(X, y)
    after = {name: value for name, value in vars(model).items() if name not in settings}
    assert after == {name: value for name, value in before.items() if name not in settings}
    assert_array_equal(model.predict(X), prediction)


@pytest.mark.parametrize(
    "bad, message",
    [
        ((np.full((80, 4), np.nan), Y), "NaN"),
        ((np.full((80, 4), np.inf), Y), "infinity"),
        ((X[:, :0], Y), "0 feature"),
        ((X[:5], Y), "inconsistent numbers of samples"),
        ((X, np.full(80, np.nan)), "NaN"),
        ((X[0], Y), "2D array"),
        ((X.astype(complex), Y), "[Cc]omplex"),
        ((np.full((80, 4), "a"), Y), "convert string"),
    ],
)
def test_bad_data_loses_nothing(bad, message):
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = BackpropRegressor(max_iter=3, random_state=0).fit(frame, Y)
    prediction = model.predict(frame)
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the frame's names are missing
            call(*bad)
    assert list(model.feature_names_in_) == list("abcd")
    assert_array_equal(model.predict(frame), prediction)


# ------------------------------------------------------------------ kinds of input


@pytest.mark.parametrize(
    "labels",
    [["b", "a"], [True, False], [3, -7], [2.0, 1.0], ["x", "y", "z"], np.array(["u", "v"], object)],
    ids=str,
)
def test_labels_of_any_kind(labels):
    y = np.asarray(labels)[(C if len(labels) == 3 else B.astype(int))]
    model = BackpropClassifier(solver="lbfgs", random_state=0).fit(X, y)
    assert_array_equal(model.classes_, np.unique(y))
    assert model.predict(X).dtype == y.dtype
    assert model.score(X, y) == 1.0
    assert_array_equal(model.classes_[model.predict_proba(X).argmax(axis=1)], model.predict(X))


def test_multilabel_targets():
    y = np.column_stack([B, C == 1, X[:, 3] > 0])
    model = BackpropClassifier(solver="lbfgs", random_state=0).fit(X, y)
    assert_array_equal(model.predict(X), y)
    assert model.decision_function(X).shape == model.predict_proba(X).shape == (80, 3)
    as_sparse = BackpropClassifier(solver="lbfgs", random_state=0).fit(X, sparse.csr_array(y.astype(int)))
    assert same(model, as_sparse)


def test_continuous_classes_are_refused():
    with pytest.raises(ValueError, match=r"[Uu]nknown label type"):
        BackpropClassifier().fit(X, Y)


@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C)])
def test_a_column_vector_warns(kind, y):
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = kind(max_iter=2, random_state=0).fit(X, y[:, None])
    assert same(model, kind(max_iter=2, random_state=0).fit(X, y))


def _read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


CONTAINERS = {
    "list": lambda a: a.tolist(),
    "F-ordered": np.asfortranarray,
    "every second": lambda a: np.repeat(np.repeat(a, 2, axis=0), 2, axis=1)[::2, ::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "read-only": _read_only,
    "big-endian": lambda a: a.astype(">f8"),
    "pandas": lambda a: pd.DataFrame(a, columns=list("abcd")),
    "pandas nullable": lambda a: pd.DataFrame(a, columns=list("abcd")).convert_dtypes(),
    "polars": lambda a: pl.DataFrame(a, schema=list("abcd")),
    "csr": sparse.csr_array,
    "csr matrix": sparse.csr_matrix,
    "csc": sparse.csc_array,
    "coo": sparse.coo_array,
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, B)])
def test_containers_give_one_model(kind, y, solver, container):
    data = CONTAINERS[container](X)
    settings = {"solver": solver, "max_iter": 15, "batch_size": 30, "random_state": 0}
    model, plain = kind(**settings).fit(data, y), kind(**settings).fit(X, y)
    assert_allclose(model.network_.theta, plain.network_.theta, rtol=1e-6, atol=1e-9)
    assert_allclose(model.predict(data), plain.predict(X), rtol=1e-6)
    if container in ("pandas", "polars"):
        assert list(model.feature_names_in_) == list("abcd")
    if solver == "adam":
        model.partial_fit(data, y)


@pytest.mark.parametrize("container", [pd.Series, pl.Series, list])
def test_containers_of_targets(container):
    for kind, y in ((BackpropRegressor, Y), (BackpropClassifier, C)):
        model = kind(max_iter=3, random_state=0).fit(X, container(y.tolist()))
        assert same(model, kind(max_iter=3, random_state=0).fit(X, y))


@pytest.mark.parametrize("dtype", ["i1", "u2", "i8", "f2", "?"])
def test_numbers_of_any_kind(dtype):
    data = (10 * X).clip(0, 100).astype(dtype)
    model = BackpropRegressor(max_iter=3, random_state=0).fit(data, Y)
    assert model.predict(data).dtype == np.float64


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_float32_stays_float32(solver):
    x = X.astype("f4")
    for kind, y in ((BackpropRegressor, Y), (BackpropClassifier, C)):
        model = kind(solver=solver, max_iter=30, random_state=0).fit(x, y)
        double = kind(solver=solver, max_iter=30, random_state=0).fit(X, y)
        assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype("f4")}
        assert_allclose(model.loss_, double.loss_, rtol=1e-2)
        outputs = (
            [model.predict(x)]
            if kind is BackpropRegressor
            else [model.predict_proba(x), model.predict_log_proba(x), model.decision_function(x)]
        )
        assert {output.dtype for output in outputs} == {np.dtype("f4")}


@pytest.mark.parametrize(
    "y, message",
    [(Y.astype(str), "numbers"), (pd.date_range("2020", periods=80), "dates"), (Y * 1e60, "float32")],
)
def test_targets_that_are_no_numbers(y, message):
    with pytest.raises(ValueError, match=f"y .*{message}"):
        BackpropRegressor().fit(X.astype("f4"), y)


def test_one_row_batches_and_batches_larger_than_the_data():
    model = BackpropRegressor(batch_size=1, max_iter=3, random_state=0).fit(X, Y)
    assert model.t_ == 240
    with pytest.warns(UserWarning, match="clipped"):
        large = BackpropRegressor(batch_size=500, max_iter=3, random_state=0).fit(X, Y)
    assert same(large, BackpropRegressor(batch_size=80, max_iter=3, random_state=0).fit(X, Y))


def test_one_row():
    model = BackpropRegressor(max_iter=5, random_state=0).fit(X[:1], Y[:1])
    assert model.predict(X[:1]).shape == (1,)
    assert_allclose(model.predict(X)[0], model.predict(X[:1])[0])


def test_names_of_columns_are_checked():
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = BackpropRegressor(max_iter=3).fit(frame, Y)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("bacd")])
    with pytest.warns(UserWarning, match="valid feature names"):
        model.predict(X)
    with pytest.raises(ValueError, match="4 features"):
        BackpropRegressor(max_iter=3).fit(X, Y).predict(X[:, :3])


def test_the_short_cut_of_validation_refuses_what_scikit_learn_refuses():
    model = BackpropRegressor(max_iter=3).fit(X, Y)
    for bad in (np.array([[np.nan, 0, 0, 0]]), np.array([[np.inf, 0, 0, 0]]), X[:1, :3], X[0], X[:0]):
        with pytest.raises(ValueError):
            model.predict(bad)
        with pytest.raises(ValueError):
            model.partial_fit(bad, Y[: len(bad)])


# ------------------------------------------------------------------ streams


def test_partial_fit_needs_classes_once():
    model = BackpropClassifier(random_state=0)
    with pytest.raises(ValueError, match="classes must be passed"):
        model.partial_fit(X, C)
    assert not hasattr(model, "classes_")
    model.partial_fit(X[:1], C[:1], classes=[0, 1, 2, 9])
    for row in range(1, 80):
        model.partial_fit(X[row : row + 1], C[row : row + 1])
    assert model.predict_proba(X).shape == (80, 4)
    assert model.t_ == 80
    with pytest.raises(ValueError, match=r"classes not in .*7"):
        model.partial_fit(X[:1], [7])
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X[:1], C[:1], classes=[0, 1])


def test_a_failed_first_partial_fit_leaves_no_trace():
    model = BackpropClassifier()
    before = dict(vars(model))
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(np.full((2, 4), np.nan), [0, 1], classes=[0, 1])
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_another_number_of_outputs_is_refused():
    model = BackpropRegressor(max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match="2 output column"):
        model.partial_fit(X, np.column_stack([Y, Y]))


def test_warm_start_needs_the_same_architecture_and_classes():
    model = BackpropClassifier((5,), max_iter=2, warm_start=True).fit(X, C)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(6,\) is not what"):
        clone(model).fit(X, C).set_params(hidden_layer_sizes=(6,)).fit(X, C)
    with pytest.raises(ValueError, match="classes not in"):
        model.fit(X, C + 1)


def test_changed_settings_act_in_the_next_call():
    model = BackpropRegressor(max_iter=2, warm_start=True, solver=Adam(0.01), random_state=0).fit(X, Y)
    moments = model.run_.descent.states[0]["m"].copy()
    theta = model.network_.theta.copy()
    model.set_params(solver__learning_rate=1e-12).fit(X, Y)
    assert_allclose(model.network_.theta, theta, atol=1e-10)
    assert not np.array_equal(model.run_.descent.states[0]["m"], moments)
    model.set_params(alpha=1e9).fit(X, Y)
    assert model.loss_ > 1e6


def test_a_changed_parameter_is_checked_in_a_stream():
    model = BackpropRegressor(random_state=0).partial_fit(X, Y)
    with pytest.raises(ValueError, match="solver"):
        model.set_params(solver="nonsense").partial_fit(X, Y)
    with pytest.raises(ValueError, match="alpha"):
        model.set_params(solver="adam", alpha=-1).partial_fit(X, Y)
    model.set_params(alpha=1.0).partial_fit(X, Y)


def test_every_fit_with_warm_start_runs_through_the_schedule():
    seen = []

    def schedule(progress):
        seen.append(progress)
        return 1.0

    model = BackpropRegressor(learning_rate=schedule, max_iter=2, batch_size=40, warm_start=True)
    model.fit(X, Y)
    assert seen[-4:] == [0, 0.25, 0.5, 0.75]
    model.fit(X, Y).partial_fit(X, Y)
    assert seen[-6:] == [0, 0.25, 0.5, 0.75, 1, 1]


def test_a_loss_of_the_other_kind_is_refused():
    with pytest.raises(ValueError, match="not for class labels"):
        BackpropClassifier(loss=Huber()).fit(X, C)
    with pytest.raises(ValueError, match="not for numbers"):
        BackpropRegressor(loss=LogLoss()).fit(X, Y)


@pytest.mark.parametrize(
    "settings, change",
    [
        ({"hidden_layer_sizes": Dense(8)}, {"hidden_layer_sizes__n_units": 4}),
        ({"activation": LeakyReLU(0.1)}, {"activation__negative_slope": 0.5}),
        ({"loss": Huber(1.0)}, {"loss__delta": 2.0}),
        ({"hidden_layer_sizes": [3] * 40}, {"hidden_layer_sizes": [*[3] * 34, 5, *[3] * 5]}),
    ],
    ids=str,
)
def test_a_network_made_with_other_settings_is_not_continued(settings, change):
    model = BackpropRegressor(max_iter=2, warm_start=True, random_state=0, **settings).fit(X, Y)
    prediction = model.predict(X)
    model.set_params(**change)
    assert_array_equal(model.predict(X), prediction)  # the network has copies of its own
    with pytest.raises(ValueError, match=f"{next(iter(settings))}=.* is not what the network was made with"):
        model.fit(X, Y)
    assert_array_equal(model.predict(X), prediction)


def test_equal_settings_in_another_container_continue():
    model = BackpropRegressor(hidden_layer_sizes=(5, 4), max_iter=2, warm_start=True).fit(X, Y)
    model.set_params(hidden_layer_sizes=np.array([5, 4])).fit(X, Y)
    assert len(model.loss_curve_) == 4


@pytest.mark.parametrize(
    "before, after",
    [
        (Adam(0.01), Adam(0.01, beta_1=0.8, beta_2=0.998)),
        (SGD(0.01, momentum=0.9), SGD(0.01, momentum=0.9, nesterov=True)),
    ],
    ids=str,
)
def test_state_goes_on_under_other_settings_of_the_solver(before, after):
    """A tiny step after the change moves the weights about as far as one before it."""
    settings = {"batch_size": 80, "shuffle": False, "max_iter": 50, "warm_start": True, "random_state": 0}
    model = BackpropRegressor(solver=before, **settings).fit(X, Y).set_params(max_iter=1)
    steps = []
    for solver in (before, after):
        theta = model.network_.theta.copy()
        model.set_params(solver=solver).fit(X, Y)
        steps.append(np.linalg.norm(model.network_.theta - theta))
    assert 0.5 < steps[1] / steps[0] < 2


def test_other_data_under_warm_start_and_early_stopping_is_learned():
    settings = {"early_stopping": True, "warm_start": True, "learning_rate_init": 0.01, "random_state": 0}
    model = BackpropRegressor(**settings).fit(X, X[:, 0]).fit(X, -X[:, 0])
    assert model.score(X, -X[:, 0]) > 0.5


def test_early_stopping_switched_off():
    model = BackpropRegressor(early_stopping=True, warm_start=True, max_iter=5, random_state=0).fit(X, Y)
    model.set_params(early_stopping=False).fit(X, Y)
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.validation_scores_ is None


def test_a_failed_change_of_solver_leaves_the_training_as_it_was():
    settings = {"early_stopping": True, "warm_start": True, "max_iter": 5, "random_state": 0}
    model = BackpropRegressor(**settings).fit(X, Y)
    with pytest.raises(ValueError, match="learning_rate"):
        model.set_params(early_stopping=False, solver=Adam(-1.0)).fit(X, Y)
    assert model.run_.record.curves is not None
    model.set_params(early_stopping=True, solver="adam").fit(X, Y)
    assert len(model.validation_scores_) == 10


def test_counts_of_zero_are_learned_in_a_stream():
    model = BackpropRegressor("poisson", random_state=0)
    for row in range(20):
        model.partial_fit(X[row : row + 1], [row % 2])
    assert model.predict(X).min() > 0


def test_indicators_are_0_and_1():
    y = np.column_stack([B, ~B]).astype(int)
    with pytest.raises(ValueError, match="0 and 1"):
        BackpropClassifier().fit(X, 2 * y - 1)
    with pytest.raises(ValueError, match="2 columns of labels, but classes has 4"):
        BackpropClassifier().partial_fit(X, y, classes=range(4))
    with pytest.raises(ValueError, match="one class label per sample"):
        BackpropClassifier(max_iter=2).fit(X, B).partial_fit(X, y)


def test_one_class_with_a_multinomial_loss():
    model = BackpropClassifier(loss=MultinomialLogLoss(), max_iter=2).fit(X, np.ones(80))
    assert_array_equal(model.predict_proba(X), np.ones((80, 1)))


def test_a_schedule_of_the_user_is_reached_by_a_grid():
    class Power(BaseEstimator):
        def __init__(self, k=1):
            self.k = k

        def __call__(self, progress):
            return (1 - progress) ** self.k

    model = BackpropRegressor(learning_rate=Power(), max_iter=2).set_params(learning_rate__k=2)
    assert model.fit(X, Y).learning_rate.k == 2
    with pytest.raises(ValueError, match="final"):
        BackpropRegressor(learning_rate=WarmUp(0.1, Cosine(final=-7.0))).fit(X, Y)


def test_lbfgs_refuses_dropout():
    with pytest.raises(ValueError, match="Dropout"):
        BackpropRegressor(hidden_layer_sizes=[Dense(5), Dropout(0.5)], solver="lbfgs").fit(X, Y)


def test_sparse_input_needs_a_dense_layer_first():
    model = BackpropRegressor(max_iter=2, random_state=0).fit(X, Y)
    prediction = model.predict(X)
    with pytest.raises(TypeError, match="LayerNorm"):
        model.set_params(hidden_layer_sizes=[LayerNorm(), 3]).fit(sparse.csr_array(X), Y)
    assert_array_equal(model.predict(X), prediction)


# ------------------------------------------------------------------ failure


@pytest.mark.parametrize(
    "make, where",
    [
        (
            lambda: BackpropRegressor(solver="sgd", learning_rate_init=1e3, random_state=0),
            "epoch 4, step 1 of 1",
        ),
        (lambda: BackpropRegressor(solver=SGD(1e3), random_state=0, batch_size=10), "layers"),
        (lambda: BackpropRegressor("poisson", learning_rate_init=1e4, random_state=0), "epoch"),
    ],
)
def test_divergence_is_explained_and_the_last_finite_weights_stay(make, where):
    scale = np.r_[1e3, np.ones(79)][:, None]
    with pytest.raises(ValueError, match=where) as error:
        make().fit(X * scale, np.abs(Y) * 1e3)
    for part in ("largest |X|", "standard deviation", "StandardScaler", "learning rate"):
        assert part in str(error.value)
    model = make()
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X * scale, np.abs(Y) * 1e3)
    assert np.isfinite(model.network_.theta).all()
    assert not np.isnan(model.predict(X)).any()


def test_divergence_in_a_stream_keeps_what_was_learned():
    model = BackpropRegressor(solver="sgd", random_state=0).partial_fit(X, Y)
    theta = model.network_.theta.copy()
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(X * 1e200, Y)
    assert_array_equal(model.network_.theta, theta)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_after_a_divergence_the_stream_goes_on(solver):
    """The velocity and the moments go back with the weights."""
    diverging, steady = (
        BackpropRegressor(solver=solver, batch_size=10, shuffle=False, random_state=0).partial_fit(X, Y)
        for _ in range(2)
    )
    with pytest.raises(ValueError, match="diverged"):
        diverging.partial_fit(X * 1e200, Y)
    assert same(diverging.partial_fit(X, Y), steady.partial_fit(X, Y))


def test_divergence_with_lbfgs():
    with pytest.raises(ValueError, match="diverged at iteration") as error:
        BackpropRegressor("poisson", solver="lbfgs", random_state=0).fit(X * 1e6, np.abs(Y))
    assert "largest |X| is" in str(error.value)


class Interrupted(Dense):
    """Stands in for a user who presses Ctrl-C in the seventh step."""

    steps = 0

    def forward(self, x, params, work, training):
        Interrupted.steps += training
        if training and Interrupted.steps == 7:
            raise KeyboardInterrupt
        return super().forward(x, params, work, training)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_interrupted_fit_is_a_usable_model(solver):
    Interrupted.steps = 0
    model = BackpropRegressor(
        hidden_layer_sizes=[Interrupted(5)], solver=solver, batch_size=40, random_state=0, engine="numpy"
    )  # the layer interrupts from Python, which a replayed step does not run
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, Y)
    assert 0 < model.n_iter_ < 7
    assert np.isfinite(model.predict(X)).all()
    assert len(model.loss_curve_) == model.n_iter_


def test_not_fitted():
    for call in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(BackpropClassifier(), call)(X)
    assert not hasattr(BackpropClassifier(), "coefs_")


def test_a_convergence_warning_points_at_the_user():
    with pytest.warns(ConvergenceWarning) as record:
        BackpropRegressor(max_iter=2).fit(X, Y)
    assert record[0].filename == __file__


def test_verbose_prints_a_table(capsys):
    net = BackpropRegressor(max_iter=2, verbose=True, early_stopping=True, random_state=0).fit(X, Y)
    head, *lines, last = capsys.readouterr().out.splitlines()
    assert last == net.stop_reason_
    assert re.split("  +", head.strip()) == ["epoch", "loss", "val loss", "val score", "rate", "left"]
    for epoch, line in enumerate(lines):
        measured = [net.loss_curve_, net.validation_loss_curve_, net.validation_scores_]
        assert line.split()[0] == str(epoch + 1)
        assert_allclose(np.array(line.split()[1:4], float), [curve[epoch] for curve in measured], rtol=1e-4)
    assert lines[-1].split()[4:] == ["0.001", "0.0", "s"]
    BackpropRegressor(max_iter=2, verbose=True, random_state=0).partial_fit(X, Y)
    assert re.split("  +", capsys.readouterr().out.splitlines()[0].strip()) == [
        "epoch",
        "loss",
        "rate",
        "left",
    ]
    BackpropRegressor(max_iter=2, solver="lbfgs", verbose=True, random_state=0).fit(X, Y)
    assert capsys.readouterr().out.startswith("Iteration 1, loss = ")


# ------------------------------------------------------------------ persistence and composition


def _joblib(model):
    memory = io.BytesIO()
    joblib.dump(model, memory)
    memory.seek(0)
    return joblib.load(memory)


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "joblib": _joblib,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("solver", ["adam", "sgd", AdamW()])
def test_training_goes_on_after_a_copy_bit_for_bit(solver, how):
    settings = {"solver": solver, "batch_size": 16, "random_state": 0, "warm_start": True, "max_iter": 3}
    model = BackpropClassifier([Dense(8), Dropout(0.3)], **settings).fit(X, C)
    other = COPIES[how](model)
    assert other.coefs_[0].base is not model.coefs_[0].base
    for each in (model, other):
        each.fit(X, C).partial_fit(X[:20], C[:20])
    assert same(model, other)
    assert np.shares_memory(other.coefs_[0], other.network_.theta)
    assert np.shares_memory(other.run_.theta, other.run_.descent.network.theta)
    assert_array_equal(model.predict_proba(X), other.predict_proba(X))


def test_a_clone_starts_anew():
    settings = {"solver": Adam(0.01), "random_state": 0, "max_iter": 3}
    model = BackpropRegressor(hidden_layer_sizes=[Dense(8), Dropout(0.3)], **settings).fit(X, Y)
    other = clone(model)
    assert not hasattr(other, "network_")
    assert other.solver is not model.solver
    assert same(other.fit(X, Y), model)


def test_a_pickle_trains_on_in_another_process(tmp_path):
    model = BackpropRegressor(max_iter=3, warm_start=True, batch_size=16, random_state=0).fit(X, Y)
    joblib.dump((model, X, Y), tmp_path / "model")
    program = (
        "import warnings, joblib; warnings.simplefilter('ignore')\n"
        "model, X, Y = joblib.load(path); joblib.dump(model.fit(X, Y), path)"
    )
    assert in_another_process(program, path=tmp_path / "model") == (0, None)
    assert same(joblib.load(tmp_path / "model"), model.fit(X, Y))


def test_a_pickle_does_not_carry_the_data():
    small, large = (
        len(
            pickle.dumps(BackpropRegressor(max_iter=1, random_state=0).fit(np.tile(X, (n, 1)), np.tile(Y, n)))
        )
        for n in (1, 100)
    )
    assert large < small + 1000


def test_in_a_grid_search_over_two_processes():
    frame = load_iris(as_frame=True)
    data = frame.data.assign(colour=np.where(frame.target == 0, "red", "blue"))
    prepare = make_column_transformer(
        (OneHotEncoder(), ["colour"]), remainder=StandardScaler(), sparse_threshold=0
    )
    model = make_pipeline(prepare, BackpropClassifier(solver=Adam(), max_iter=30, random_state=0))
    grid = {
        "backpropclassifier__solver__learning_rate": [1e-5, 0.02],
        "backpropclassifier__hidden_layer_sizes": [(10,), [Dense(10, "silu"), Dropout(0.1)]],
    }
    search = GridSearchCV(model, grid, n_jobs=2, cv=3).fit(data, frame.target)
    assert search.best_params_["backpropclassifier__solver__learning_rate"] == 0.02
    assert search.best_score_ > 0.9


def test_real_data():
    cancer = load_breast_cancer(return_X_y=True)
    diabetes = load_diabetes(return_X_y=True)
    classifier = make_pipeline(StandardScaler(), BackpropClassifier(early_stopping=True, random_state=0))
    regressor = make_pipeline(
        StandardScaler(), BackpropRegressor(learning_rate_init=0.01, max_iter=300, random_state=0)
    )
    assert cross_val_score(classifier, *cancer).mean() > 0.95
    assert cross_val_score(regressor, *diabetes).mean() > 0.42


def test_a_validation_part_without_room_for_every_class_is_not_stratified():
    y = np.arange(80) % 20
    model = BackpropClassifier(early_stopping=True, max_iter=2, random_state=0).fit(X, y)
    assert len(model.validation_scores_) == 2
    alone = np.r_[1, np.zeros(79, int)]
    assert BackpropClassifier(early_stopping=True, max_iter=2).fit(X, alone).n_iter_ == 2
