"""Rows of weight 0 change nothing, whatever they hold."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import KFold, LeaveOneGroupOut, PredefinedSplit

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.layers import BatchNorm, Dense

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few epochs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
Y = X @ [1.0, -2.0, 0.5]
C = (Y > 0).astype(int)
WEIGHT = RNG.uniform(0.5, 2, 90)
WEIGHT[RNG.choice(90, 30, replace=False)] = 0
COUNTS = WEIGHT > 0
SETTINGS = {"hidden_layer_sizes": (6,), "max_iter": 5, "batch_size": 16, "random_state": 0}
SMALL = {"hidden_layer_sizes": [8], "max_iter": 4, "n_estimators": 2, "random_state": 0}
NETS = {
    "plain": (BackpropRegressor, {}),
    "labels": (BackpropClassifier, {}),
    "balanced": (BackpropClassifier, {"class_weight": "balanced"}),
    "stopping": (BackpropRegressor, {"early_stopping": True, "validation_fraction": 0.2}),
    "stopping, labels": (BackpropClassifier, {"early_stopping": True, "calibration": "temperature"}),
    "scaled": (BackpropRegressor, {"target_scaling": "standard", "clamp": True}),
    "range": (BackpropRegressor, {"output_range": (-9, 9)}),
    "skip": (BackpropRegressor, {"missing": "skip"}),
    "impute": (BackpropRegressor, {"missing": "impute"}),
    "of data": (
        BackpropRegressor,
        {"hidden_layer_sizes": [Dense(6, initializer="data_driven"), BatchNorm()]},
    ),
    "lbfgs": (BackpropRegressor, {"solver": "lbfgs"}),
}
TABULAR = {
    "table": (TabularBackpropRegressor, {}),
    "table, labels": (TabularBackpropClassifier, {"class_weight": "balanced", "calibration": "temperature"}),
    "table, quantiles": (TabularBackpropRegressor, {"loss": "quantile", "quantile": [0.1, 0.9]}),
}


def make(name):
    kind, settings = {**NETS, **TABULAR}[name]
    return kind(**{**(SMALL if name in TABULAR else SETTINGS), **settings})


def target(name, garbage):
    """y, spoilt where nothing counts; a label that is none is no class."""
    y = C.astype(float) if "Classifier" in make(name).__class__.__name__ else Y
    return np.where(COUNTS, y, garbage)


@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("name", [*NETS, *TABULAR])
def test_garbage_is_not_seen(name, garbage):
    spoilt = np.where(COUNTS[:, None], X, garbage)
    y = target(name, np.nan if "labels" in name or name == "balanced" else garbage)
    a = make(name).fit(spoilt, y, sample_weight=WEIGHT)
    b = make(name).fit(X[COUNTS], y[COUNTS], sample_weight=WEIGHT[COUNTS])
    assert_array_equal(a.predict(X), b.predict(X))
    assert a.score(spoilt, y, WEIGHT) == b.score(X[COUNTS], y[COUNTS], WEIGHT[COUNTS])


CONTAINERS = {
    "frame": pd.DataFrame,
    "list": np.ndarray.tolist,
    "csr": sparse.csr_array,
    "coo": sparse.coo_matrix,
    "columns first": np.asfortranarray,
    "float32": lambda x: x.astype(np.float32),
    "objects": lambda x: x.astype(object),
    "nullable": lambda x: pd.DataFrame(x).astype("Float64"),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_in_every_container(container):
    given, alone = CONTAINERS[container](np.where(COUNTS[:, None], X, 1e30)), CONTAINERS[container](X[COUNTS])
    a = BackpropRegressor(**SETTINGS).fit(given, Y.tolist(), sample_weight=pd.Series(WEIGHT))
    b = BackpropRegressor(**SETTINGS).fit(alone, Y[COUNTS], sample_weight=WEIGHT[COUNTS])
    assert_array_equal(a.network_.theta, b.network_.theta)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_they_shape_no_encoder(library):
    frame = pytest.importorskip(library)
    names = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "table"}
    level = np.where(COUNTS, np.where(C, "u", "v"), [f"junk {i}" for i in range(90)])
    number = np.where(COUNTS, X[:, 0], np.inf)
    build = getattr(frame, names[library])
    table = build({"a": number.tolist(), "k": level.tolist()})
    alone = build({"a": number[COUNTS].tolist(), "k": level[COUNTS].tolist()})
    a = TabularBackpropRegressor(**SMALL).fit(table, Y, sample_weight=WEIGHT)
    b = TabularBackpropRegressor(**SMALL).fit(alone, Y[COUNTS], sample_weight=WEIGHT[COUNTS])
    assert a.encoder_.categories_ == {1: ["u", "v"]}
    assert_array_equal(a.encoder_.center_, b.encoder_.center_)
    assert_array_equal(a.predict(alone), b.predict(alone))


@pytest.mark.parametrize("name", ["labels", "table, labels"])
def test_classes_are_those_of_all_rows(name):
    """As scikit-learn lists them."""
    y = np.where(COUNTS, C, 2)
    net = make(name).fit(X, y, sample_weight=WEIGHT)
    assert_array_equal(net.classes_, [0, 1, 2])
    assert net.predict_proba(X).shape == (90, 3)


def test_streams_do_not_see_them():
    spoilt = np.where(COUNTS[:, None], X, np.nan)
    nets = [BackpropRegressor(**SETTINGS), BackpropRegressor(**SETTINGS)]
    for start in range(0, 90, 30):
        rows = np.arange(start, start + 30)
        counted = rows[COUNTS[rows]]
        nets[0].partial_fit(spoilt[rows], Y[rows], sample_weight=WEIGHT[rows])
        nets[1].partial_fit(X[counted], Y[counted], sample_weight=WEIGHT[counted])
    assert_array_equal(nets[0].network_.theta, nets[1].network_.theta)
    assert nets[0].t_ == nets[1].t_ == COUNTS.sum()


# ------------------------------------------------------------------ the validation part


@pytest.mark.parametrize("kind", [BackpropRegressor, BackpropClassifier])
def test_early_stopping_holds_out_rows_that_count(kind):
    y = Y if kind is BackpropRegressor else C
    settings = {"hidden_layer_sizes": 4, "early_stopping": True, "max_iter": 1}
    for seed in range(15):
        weight = (np.random.default_rng(seed).random(90) < 0.1).astype(float)  # fewer than 20 count
        net = kind(**settings, random_state=seed).fit(X, y, sample_weight=weight)
        assert np.isfinite(net.validation_scores_).all() or kind is BackpropRegressor


def test_bagging_of_early_stopping():
    net = BackpropClassifier(hidden_layer_sizes=4, early_stopping=True, max_iter=1)
    bagged = BaggingClassifier(net, 8, max_samples=0.3, random_state=0).fit(X, C)
    assert bagged.predict(X).shape == (90,)


def test_early_stopping_needs_rows_that_count():
    weight = np.zeros(90)
    weight[:2] = 1
    with pytest.raises(ValueError, match=r"validation set is too small: n_samples=2 with a weight above 0"):
        BackpropRegressor(early_stopping=True).fit(X, Y, sample_weight=weight)


def test_a_splitter_names_the_rows_of_the_call():
    last = np.arange(90) >= 60
    split = [(np.flatnonzero(~last), np.flatnonzero(last))]
    expected = BackpropRegressor(**SETTINGS).fit(
        X[COUNTS & ~last],
        Y[COUNTS & ~last],
        WEIGHT[COUNTS & ~last],
        X_val=X[COUNTS & last],
        y_val=Y[COUNTS & last],
        sample_weight_val=WEIGHT[COUNTS & last],
    )
    spoilt = np.where(COUNTS[:, None], X, np.nan)
    for validation in (split, PredefinedSplit(np.where(last, 0, -1)), KFold(3)):
        net = BackpropRegressor(validation=validation, **SETTINGS).fit(spoilt, Y, sample_weight=WEIGHT)
        assert_array_equal(net.network_.theta, expected.network_.theta)
        assert net.validation_scores_ == expected.validation_scores_


def test_groups_of_rows_that_do_not_count():
    groups = np.arange(90) // 30
    weight = np.where(groups == 2, 0, WEIGHT)
    net, alone = (BackpropRegressor(validation=LeaveOneGroupOut(), **SETTINGS) for _ in range(2))
    net.fit(X, Y, sample_weight=weight, groups=groups)
    counts = weight > 0
    alone.fit(X[counts], Y[counts], sample_weight=weight[counts], groups=groups[counts])
    assert_array_equal(net.network_.theta, alone.network_.theta)
    with pytest.raises(ValueError, match="groups"):
        net.fit(X, Y, sample_weight=WEIGHT, groups=groups[COUNTS])


@pytest.mark.parametrize(("part", "of"), [(1, "validate"), (0, "train")])
def test_a_part_without_a_row_that_counts_is_named(part, of):
    halves = np.arange(90) // 45
    net = BackpropRegressor(validation=PredefinedSplit(halves - 1), **SETTINGS)
    with pytest.raises(ValueError, match=f"sample_weight: all weights of the rows to {of} on are 0"):
        net.fit(X, Y, sample_weight=(halves != part).astype(float))


# ------------------------------------------------------------------ the weights themselves


@pytest.mark.parametrize("factor", [1e-60, 1e-30, 1e30, 1e45, 1e300])
@pytest.mark.parametrize("name", ["plain", "labels", "stopping", "scaled", *TABULAR])
def test_weights_in_any_unit(name, factor):
    """Only the penalty knows their unit: their sum divides it."""
    x = X.astype(np.float32)
    no_penalty = {} if name in TABULAR else {"alpha": 0}
    y = target(name, 0.0)
    unit = 2.0 ** np.round(np.log2(factor))  # exact
    a = make(name).set_params(**no_penalty).fit(x, y, sample_weight=WEIGHT)
    b = make(name).set_params(**no_penalty).fit(x, y, sample_weight=unit * WEIGHT)
    np.testing.assert_allclose(a.predict(x), b.predict(x), rtol=1e-4, atol=1e-5)


def test_a_penalty_that_tiny_weights_make_too_large_is_told():
    with pytest.raises(ValueError, match=r"alpha=0.0001 is divided by the sum of sample_weight.*float32"):
        BackpropRegressor().fit(X.astype(np.float32), Y, sample_weight=np.full(90, 1e-60))


@pytest.mark.parametrize("name", ["plain", "table"])
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(90), "all weights are 0"),
        (-np.ones(90), "Negative"),
        (np.ones(89), r"shape \(89,\), expected \(90,\)"),
        (np.full(90, np.nan), "NaN"),
        (np.ma.masked_less(np.arange(90.0), 1), "NaN"),
        (["a"] * 90, "could not convert"),
        (np.full(90, 1e307), "sum of the weights"),
    ],
    ids=["zero", "negative", "length", "NaN", "masked", "text", "sum"],
)
def test_weights_that_are_none(name, weight, message):
    with pytest.raises(ValueError, match=f"sample_weight.*{message}"):
        make(name).fit(X, Y, sample_weight=weight)


@pytest.mark.parametrize("name", ["labels", "table, labels"])
def test_class_weights_of_0_are_named(name):
    net = make(name).set_params(class_weight={0: 0.0, 1: 0.0})
    with pytest.raises(ValueError, match="class_weight"):
        net.fit(X, C)
    with pytest.raises(ValueError, match="class_weight"):
        net.fit(X, C, sample_weight=WEIGHT)
