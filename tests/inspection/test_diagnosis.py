"""`diagnose` finds each fault on real data that has it, and is silent on those that have not."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.inspection import Diagnosis, Finding, check_gradients, diagnose, trace
from skbackprop.inspection.data_health import deviation_and_mean
from skbackprop.layers import BatchNorm, Dense, Residual

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def scaled(X, y):
    return StandardScaler().fit_transform(X), y


DIABETES = load_diabetes(return_X_y=True, scaled=False)
CANCER, WINE = load_breast_cancer(return_X_y=True), load_wine(return_X_y=True)
DIGITS, IRIS = load_digits(return_X_y=True), load_iris(return_X_y=True)


def regressor(**settings):
    return BackpropRegressor(**{"target_scaling": "standard", "random_state": 0} | settings)


def classifier(**settings):
    return BackpropClassifier(**{"random_state": 0} | settings)


def few_malignant(n=20):
    """Breast cancer with few rows of the class 0."""
    X, y = scaled(*CANCER)
    kept = (y == 1) | (np.cumsum(y == 0) <= n)
    return X[kept], y[kept]


WELL = {
    "diabetes": (regressor(), *scaled(*DIABETES)),
    "diabetes, several layers": (regressor(hidden_layer_sizes=(32, 32, 32)), *scaled(*DIABETES)),
    "diabetes, tanh": (regressor(activation="tanh"), *scaled(*DIABETES)),
    "diabetes, two outputs": (
        regressor(),
        scaled(*DIABETES)[0],
        np.column_stack([DIABETES[1], np.sqrt(DIABETES[1])]),
    ),
    "diabetes, scaled outside": (
        TransformedTargetRegressor(regressor(target_scaling=None), transformer=StandardScaler()),
        *scaled(*DIABETES),
    ),
    "diabetes, Poisson": (regressor(loss="poisson", target_scaling=None), *scaled(*DIABETES)),
    "breast cancer": (make_pipeline(StandardScaler(), classifier()), *CANCER),
    "breast cancer, logistic": (classifier(activation="logistic"), *scaled(*CANCER)),
    "breast cancer, batch norm": (classifier(hidden_layer_sizes=[BatchNorm(), 50]), *CANCER),
    "wine": (classifier(hidden_layer_sizes=(50, 50)), *scaled(*WINE)),
    "wine, sgd": (classifier(solver="sgd", learning_rate_init=0.1), *scaled(*WINE)),
    "wine, lbfgs": (classifier(solver="lbfgs", max_iter=50), *scaled(*WINE)),
    "wine, mish, residual": (
        classifier(hidden_layer_sizes=[30, Residual(Dense(30, "mish"))]),
        *scaled(*WINE),
    ),
    "iris as it comes": (classifier(), *IRIS),
    "digits": (classifier(max_iter=30), *scaled(*DIGITS)),
    "digits as they come": (classifier(max_iter=30), *DIGITS),
    "digits, labels": (
        classifier(max_iter=30),
        scaled(*DIGITS)[0],
        np.eye(10, dtype=int)[DIGITS[1]][:, :0:-3],
    ),
    "rare classes with weights": (classifier(class_weight="balanced"), *few_malignant()),
    "iris, softmax inside": (classifier(activation="softmax"), *scaled(*IRIS)),
    "table of numbers": (TabularBackpropRegressor(n_estimators=2, max_iter=20, random_state=0), *DIABETES),
    "table of classes": (TabularBackpropClassifier(n_estimators=2, max_iter=20, random_state=0), *WINE),
}


@pytest.mark.parametrize("net, X, y", WELL.values(), ids=WELL)
def test_silent_when_all_is_well(net, X, y):
    diagnosis = diagnose(net.fit(X, y), X, y, random_state=0)
    assert list(diagnosis) == []
    assert not diagnosis
    assert repr(diagnosis) == f"Nothing found on {min(1000, len(y))} rows."


SLOW_SGD = {"solver": "sgd", "momentum": 0.0, "max_iter": 30}
ILL = {
    # name: (net, X, y, where, range of the number)
    "unscaled_inputs": (classifier(), *CANCER, "column x23", (400, 2000)),
    "unscaled_inputs, a year": (
        regressor(max_iter=20),
        np.column_stack([scaled(*DIABETES)[0], 2000 + np.arange(442) % 5]),
        DIABETES[1],
        "column x10",
        (2000, 2004),
    ),
    "unscaled_inputs, all alike": (
        regressor(max_iter=20),
        *load_diabetes(return_X_y=True),
        "all columns",
        (0.1, 0.2),
    ),
    "unscaled_targets": (regressor(target_scaling=None), *scaled(*DIABETES), "y", (70, 80)),
    "unscaled_targets, narrow": (
        regressor(target_scaling=None),
        scaled(*DIABETES)[0],
        DIABETES[1] / 1e4,
        "y",
        (0.007, 0.008),
    ),
    "unscaled_targets, one of two": (
        regressor(target_scaling=None),
        scaled(*DIABETES)[0],
        np.column_stack([DIABETES[1] / 100, DIABETES[1]]),
        "y1",
        (70, 80),
    ),
    "imbalanced_classes": (classifier(), *few_malignant(), "class 0", (0.05, 0.06)),
    "imbalanced_classes, labels": (
        classifier(max_iter=20),
        scaled(*WINE)[0],
        np.column_stack([WINE[1] == 0, np.arange(178) % 30 == 0]).astype(int),
        "output 1, class 1",
        (0.03, 0.04),
    ),
    "dead_units": (
        regressor(hidden_layer_sizes=(50, 50), learning_rate_init=0.3),
        *scaled(*DIABETES),
        "layers[1]",
        (0.5, 0.99),
    ),
    "dead_layer": (
        regressor(hidden_layer_sizes=(50, 50), learning_rate_init=1.5, **SLOW_SGD),
        *scaled(*DIABETES),
        "layers[1]",
        (1, 1),
    ),
    "dead_layer, raw": (
        regressor(hidden_layer_sizes=(50,), learning_rate_init=0.3, **SLOW_SGD),
        *DIABETES,
        "layers[0]",
        (1, 1),
    ),
    "saturated_units": (classifier(activation="tanh"), *WINE, "layers[0]", (0.5, 1.0)),
    "saturated_units, logistic": (
        make_pipeline(StandardScaler(), classifier(activation="logistic", learning_rate_init=3.0)),
        *WINE,
        "layers[0]",
        (0.3, 1.0),
    ),
    "vanishing_deltas": (
        regressor(activation="logistic", hidden_layer_sizes=(20,) * 8, max_iter=20),
        *scaled(*DIABETES),
        "layers[0]",
        (1e-9, 1e-4),
    ),
    "exploding_deltas": (
        regressor(hidden_layer_sizes=[Dense(100, "relu", "normal")] * 5, max_iter=2, learning_rate_init=1e-6),
        *scaled(*DIABETES),
        "layers[0]",
        (1e3, 1e6),
    ),
    "large_updates": (regressor(learning_rate_init=1.0, max_iter=3), *scaled(*DIABETES), None, (0.1, 1e3)),
    "small_updates": (regressor(learning_rate_init=1e-8), *scaled(*DIABETES), None, (1e-9, 1e-5)),
    "no_better_than_constant": (regressor(learning_rate_init=1e-8), *scaled(*DIABETES), "loss", (0.98, 2.0)),
    "no_better_than_constant, classes": (
        classifier(activation="logistic", hidden_layer_sizes=(32, 32, 32)),
        *scaled(*IRIS),
        "loss",
        (0.98, 1.02),
    ),
}


@pytest.mark.parametrize("case", ILL)
@pytest.mark.smoke
def test_each_fault_is_found(case):
    net, X, y, where, (low, high) = ILL[case]
    diagnosis = diagnose(net.fit(X, y), X, y, random_state=0)
    name = case.split(",")[0]
    finding = next(finding for finding in diagnosis if finding.name == name)
    assert low <= finding.number <= high
    assert where is None or finding.where == where
    assert finding.message.endswith(".")
    assert finding.remedy.endswith(".")
    assert str(finding) in str(diagnosis)


@pytest.mark.parametrize(
    "ill, mended",
    [
        ((classifier(), *CANCER), (make_pipeline(StandardScaler(), classifier()), *CANCER)),
        ((regressor(target_scaling=None), *scaled(*DIABETES)), (regressor(), *scaled(*DIABETES))),
        ((classifier(), *few_malignant()), (classifier(class_weight="balanced"), *few_malignant())),
        (
            (regressor(hidden_layer_sizes=(50, 50), learning_rate_init=1.5, **SLOW_SGD), *scaled(*DIABETES)),
            (
                regressor(hidden_layer_sizes=(50, 50), learning_rate_init=0.05, clip_norm=1.0, **SLOW_SGD),
                *scaled(*DIABETES),
            ),
        ),
    ],
    ids=["inputs", "targets", "classes", "dead layer"],
)
def test_the_remedy_helps(ill, mended):
    for (net, X, y), n_expected in ((ill, 1), (mended, 0)):
        assert min(1, len(diagnose(net.fit(X, y), X, y))) == n_expected


def test_an_outlier_that_blows_up_a_stream():
    """A single absurd target, and a network that was well is not."""
    X, y = scaled(*DIABETES)
    net = regressor(solver="sgd", learning_rate_init=0.01, max_iter=60, hidden_layer_sizes=(30, 30)).fit(X, y)
    assert not diagnose(net, X, y)
    net.partial_fit(X[:50], np.where(np.arange(50) == 3, 1e6, y[:50]))
    assert {"large_updates", "no_better_than_constant"} <= set(diagnose(net, X, y).names)


def test_no_contradiction():
    """A dead layer takes small steps: a higher learning rate would be bad advice."""
    net, X, y, _, _ = ILL["dead_layer"]
    names = diagnose(net.fit(X, y), X, y).names
    assert "dead_layer" in names
    assert "small_updates" not in names


def test_sample_weights_balance_classes():
    X, y = few_malignant()
    weight = np.where(y == 0, 18.0, 1.0)
    net = classifier().fit(X, y, weight)
    assert not diagnose(net, X, y, weight)
    assert diagnose(net, X, y).names == ["imbalanced_classes"]


def test_one_dead_member_of_several():
    X, y = scaled(*WINE)
    net = TabularBackpropClassifier(
        max_iter=10, n_estimators=3, batch_size=32, random_state=0, recipe="td_s"
    ).fit(X, y)
    network = net.networks_[0]
    dense = [params for _, layer, params, _ in network.parts() if isinstance(layer, Dense)]
    dense[1].bias[1] = -1e3  # selu is flat far below 0
    finding = diagnose(net, X, y)[0]
    assert (finding.name, finding.number) == ("dead_layer", 1.0)


def test_nothing_is_changed():
    X, y = scaled(*DIABETES)
    nets = [regressor(max_iter=5, average="ema", early_stopping=True).fit(X, y) for _ in range(2)]
    diagnose(nets[0], X, y)
    for net in nets:
        net.partial_fit(X, y)
    np.testing.assert_array_equal(nets[0].network_.theta, nets[1].network_.theta)


def test_names_of_columns_and_a_frame_of_findings():
    X, y = load_breast_cancer(as_frame=True, return_X_y=True)
    diagnosis = diagnose(classifier().fit(X, y), X, y)
    assert diagnosis[0].where == "column worst area"
    frame = diagnosis.to_frame()
    assert frame.columns.tolist() == ["name", "where", "number", "message", "remedy"]
    assert frame["name"].tolist() == diagnosis.names
    assert "worst area" in diagnosis._repr_html_()
    empty = Diagnosis([], 3)
    assert empty.to_frame().shape == (0, 5)
    assert "Nothing found" in empty._repr_html_()
    assert isinstance(diagnosis[0], Finding)


def test_wrong_arguments():
    X, y = scaled(*WINE)
    with pytest.raises(ValueError, match="n_rows=0"):
        diagnose(classifier(max_iter=2).fit(X, y), X, y, n_rows=0)
    with pytest.raises(TypeError, match="LogisticRegression"):
        diagnose(LogisticRegression().fit(X, y), X, y)
    with pytest.raises(ValueError, match="not fitted"):
        diagnose(classifier(), X, y)
    with pytest.raises(ValueError, match="features"):
        diagnose(classifier(max_iter=2).fit(X, y), pd.DataFrame(X[:, :3]), y)


@pytest.mark.parametrize("factor", [1e155, 1e160, 1e300])
@pytest.mark.parametrize("of", ["X", "y"])
def test_huge_values_are_found_without_warnings_of_numpy(of, factor):
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 3)), random.normal(size=60)
    net = BackpropRegressor(hidden_layer_sizes=4, max_iter=3, random_state=0).fit(X, y)
    X, y = (X * factor, y) if of == "X" else (X, y * factor)
    found = diagnose(net, X, y)
    name = "unscaled_inputs" if of == "X" else "unscaled_targets"
    assert name in found.names
    assert not re.search(r"\b(nan|inf)\b", str(found))
    values = trace(net, X, y)
    assert not np.isfinite(values.total)
    with pytest.raises(ValueError, match=r"The loss on these rows is not finite.*target_scaling"):
        check_gradients(net, X, y)


def test_the_deviation_of_huge_values_is_that_of_small_ones():
    x = np.random.default_rng(0).normal(size=(50, 3))
    for power in (0, 500, -500):
        deviation, mean = deviation_and_mean(np.ldexp(x, power))
        assert_array_equal(deviation, np.ldexp(x.std(axis=0), power))
        assert_array_equal(mean, np.ldexp(x.mean(axis=0), power))
    assert_array_equal(deviation_and_mean(np.zeros((4, 2))), np.zeros((2, 2)))
