"""`check_gradients` finds what is wrong, where it is, and nothing where all is right."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.activations import Tanh
from skbackprop.inspection import check_gradients
from skbackprop.inspection.differences import KINK, RIGHT, WRONG, compare
from skbackprop.layers import (
    PBLD,
    BatchNorm,
    Blocks,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Frozen,
    LayerNorm,
    Parametric,
    Passthrough,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.losses import SquaredError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_diabetes(return_X_y=True)
X = StandardScaler().fit_transform(X)
X_IRIS, IRIS = load_iris(return_X_y=True)
SMALL = {"max_iter": 5, "random_state": 0}


@dataclass(eq=False, repr=False)
class WrongWeight(Dense):
    """The gradient of one weight is off by a thousandth."""

    def backward(self, output_gradient, params, gradients, work):
        super().backward(output_gradient, params, gradients, work)
        gradients.weight[2, 1] *= 1.001


@dataclass(eq=False, repr=False)
class WrongBias(Dense):
    """The bias gets the mean, where it should get the sum."""

    def backward(self, output_gradient, params, gradients, work):
        super().backward(output_gradient, params, gradients, work)
        gradients.bias /= len(output_gradient)


@dataclass(eq=False, repr=False)
class WrongBelow(Dense):
    """Its own gradients are right, what it hands down is not."""

    def input_gradient(self, params, work):
        return -super().input_gradient(params, work)


class WrongTanh(Tanh):
    """phi' = 1 - a."""

    def backward(self, output_gradient, z, a, out, scratch):
        np.subtract(1.0, a, out=out)
        return np.multiply(out, output_gradient, out=out)


class SlopeError(SquaredError):
    """dL/dz = 2 (z - y) for L = 1/2 (z - y)^2."""

    def losses_and_delta(self, y, z, losses, out, work):
        super().losses_and_delta(y, z, losses, out, work)
        np.multiply(out, 2.0, out=out)


@dataclass(eq=False, repr=False)
class WrongSum(Residual):
    """The shortcut is forgotten on the way back."""

    def input_gradient(self, params, work):
        return self.layer.input_gradient(params.layer, work.layer)


def regressor(layers, loss="squared_error", **settings):
    return BackpropRegressor(loss, layers, target_scaling="standard", **SMALL | settings)


EVERYTHING = [
    Dropout(0.2),
    Blocks([PBLD(4), Passthrough()], [4, 6]),
    Scale(),
    Dense(12, "tanh"),
    BatchNorm(),
    Residual(Sequential([LayerNorm(), Dense(12, "mish"), Parametric()])),
    Concatenate([Dense(5, "silu"), Frozen(Dense(3, "tanh"))]),
]
MODELS = {
    "relu": (regressor((20, 10)), X, Y),
    "float32": (regressor((20, 10)), X.astype(np.float32), Y),
    "penalty": (regressor((8,), activation="tanh", alpha=3.0), X, Y),
    "every layer": (regressor(EVERYTHING), X, Y),
    "absolute error": (regressor((8,), "absolute_error"), X, Y),
    "quantiles": (BackpropRegressor("quantile", (8,), quantile=[0.1, 0.5, 0.9], **SMALL), X, Y / 100),
    "two outputs": (regressor((8,), ["huber", "squared_error"]), X, np.column_stack([Y, -Y])),
    "Poisson": (BackpropRegressor("poisson", (8,), **SMALL), X, Y),
    "three classes": (BackpropClassifier((8,), class_weight="balanced", **SMALL), X_IRIS, IRIS),
    "labels": (BackpropClassifier((8,), **SMALL), X_IRIS, np.eye(3)[IRIS][:, :2].astype(int)),
    "embedding": (
        BackpropClassifier([Blocks([Embedding(4, 2), Passthrough()], [1, 3]), 6], **SMALL),
        np.column_stack([np.arange(150) % 4, X_IRIS[:, 1:]]),
        IRIS,
    ),
    "impute": (BackpropRegressor("huber", (8,), missing="impute", **SMALL), np.where(X > 2, np.nan, X), Y),
    "pipeline": (make_pipeline(StandardScaler(), BackpropClassifier((8,), **SMALL)), X_IRIS, IRIS),
    "scaled target": (TransformedTargetRegressor(regressor((8,)), transformer=StandardScaler()), X, Y),
    "search": (GridSearchCV(regressor((8,)), {"alpha": [0.1, 1.0]}, cv=2), X, Y),
    "table, numbers": (TabularBackpropRegressor(n_estimators=2, max_iter=1, random_state=0), X, Y),
    "table, classes": (
        TabularBackpropClassifier(recipe="td", hidden_layer_sizes=16, max_iter=1, random_state=0),
        pd.DataFrame(X_IRIS, columns=list("abcd")).assign(
            kind=np.array(list("abcdefghijkl"))[np.arange(150) % 12]
        ),
        IRIS,
    ),
}


@pytest.mark.parametrize("net, X, y", MODELS.values(), ids=MODELS)
def test_right_networks_are_right(net, X, y):
    report = check_gradients(net.fit(X, y), X, y, random_state=0, n_coordinates=5)
    assert report.right, str(report)
    assert report.wrong_layers == []
    assert set(report.layers["verdict"]) <= {RIGHT, KINK}
    assert (report.layers["verdict"] == RIGHT).mean() > 0.9
    assert str(report).startswith("Backpropagation is right")


def test_every_coordinate():
    net = regressor((3,)).fit(X, Y)
    report = check_gradients(net, X, Y, n_coordinates=None, random_state=0)
    assert report.checks["is_coordinate"].sum() == net.network_.theta.size
    seen = report.checks.query("is_coordinate and layer == 'layers[0]' and what == 'weight'")
    assert seen["where"].tolist()[:4] == ["[0, 0]", "[0, 1]", "[0, 2]", "[1, 0]"]


def test_sample_weights_count():
    weight = np.linspace(0.1, 3.0, len(X))
    report = check_gradients(regressor((4,)).fit(X, Y, weight), X, Y, weight, random_state=0, n_rows=None)
    assert report.right
    assert report.n_rows == len(X)
    equal = check_gradients(regressor((4,)).fit(X, Y, weight), X, Y, random_state=0, n_rows=None)
    assert not np.allclose(report.checks["backprop"], equal.checks["backprop"])


WRONGS = {
    "a weight": ([WrongWeight(4), 5], "layers[0]", {"weight"}),
    "a bias": ([6, WrongBias(4), 5], "layers[1]", {"bias"}),
    "what is handed down": ([6, 5, WrongBelow(4)], "layers[2]", {"input"}),
    "phi'": ([6, Dense(4, WrongTanh()), 5], "layers[1]", {"weight", "bias", "input"}),
    "inside a residual": ([6, Residual(WrongBias(6)), 5], "layers[1].layer", {"bias"}),
    "a shortcut": ([6, WrongSum(Dense(6)), 5], "layers[1]", {"input"}),
    "in a branch": ([Concatenate([Dense(3), WrongBias(3)])], "layers[0].branches[1]", {"bias"}),
    "in a block": (
        [Blocks([Dense(3), Sequential([Dense(2), WrongBelow(3)])], [4, 6])],
        "layers[0].layers[1].layers[1]",
        {"input"},
    ),
}


@pytest.mark.parametrize("layers, name, what", WRONGS.values(), ids=WRONGS)
def test_a_wrong_layer_is_found_and_located(layers, name, what):
    net = regressor(layers).fit(X, Y)
    report = check_gradients(net, X, Y, random_state=0)
    assert not report.right
    assert report.wrong_layers == [name]
    wrong = report.checks.query("layer == @name and alone and verdict == 'wrong'")
    assert set(wrong["what"]) == what
    assert f"{name} ({report.kinds[name]}) is wrong by itself" in str(report)
    assert WRONG in report._repr_html_()


def test_all_below_a_wrong_layer_are_wrong_in_the_network_and_right_alone():
    report = check_gradients(regressor([6, 5, WrongBelow(4)]).fit(X, Y), X, Y, random_state=0)
    moving = report.checks.query("not alone and abs(backprop) > 1e-5")
    assert moving.groupby("layer")["verdict"].agg(set).to_dict() == {
        "layers[0]": {WRONG},
        "layers[1]": {WRONG},
        "layers[2]": {RIGHT},
        "layers[3]": {RIGHT},
    }
    assert set(report.checks.query("alone and layer in ['layers[0]', 'layers[1]']")["verdict"]) == {RIGHT}


def test_one_wrong_weight_is_named():
    report = check_gradients(regressor([WrongWeight(4)]).fit(X, Y), X, Y, random_state=0, n_coordinates=None)
    wrong = report.checks.query("is_coordinate and verdict == 'wrong'")
    assert wrong[["layer", "what", "where"]].values.tolist() == [["layers[0]", "weight", "[2, 1]"]]
    assert wrong["error"].item() == pytest.approx(1e-3, rel=0.01)


def test_a_wrong_loss_is_located():
    report = check_gradients(BackpropRegressor(SlopeError(), (5,), **SMALL).fit(X, Y), X, Y, random_state=0)
    assert report.wrong_layers == ["loss"]


def test_a_first_layer_may_have_no_input_gradient():
    class First(Dense):
        def input_gradient(self, params, work):
            raise NotImplementedError

    report = check_gradients(regressor([First(4), 5]).fit(X, Y), X, Y, random_state=0)
    assert report.right
    assert report.checks.query("layer == 'layers[0]' and what == 'input'").empty


# ------------------------------------------------------------------ kinks


def test_kinks_nearby_are_no_mistakes():
    """Net inputs of relu nodes lie within 1e-6 of 0, some of them to either side."""
    net = regressor((30,)).fit(X, Y)
    weight, bias = net.coefs_[0], net.intercepts_[0]
    rows = X[:30]
    bias[...] = -(rows * weight.T).sum(axis=1) + np.linspace(-1e-6, 1e-6, 30)
    report = check_gradients(net, rows, Y[:30], n_coordinates=None, random_state=0)
    assert report.right, str(report)
    assert (report.checks["verdict"] == RIGHT).mean() > 0.95


@pytest.mark.parametrize("distance", [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4])
@pytest.mark.parametrize("n_kinks", [1, 30])
def test_kinks_at_every_distance(n_kinks, distance):
    places = distance * np.linspace(1.0, 2.0, n_kinks) * (-1.0) ** np.arange(n_kinks)

    def value(step):
        return 0.5 + 0.3 * step + step**2 + np.maximum(step - places, 0.0).mean()

    slope = 0.3 + (places < 0).mean()
    assert compare(value, slope, 1.0, 1e-6).verdict in ([RIGHT] if distance > 2e-8 else [RIGHT, KINK])
    assert compare(value, slope + 1e-3, 1.0, 1e-6).verdict in ([WRONG] if distance > 2e-8 else [WRONG, KINK])
    assert compare(value, 1.5, 1.0, 1e-6).verdict == WRONG


def test_a_network_on_its_kinks_is_no_mistake():
    net = regressor((6, 4)).fit(X, Y)
    rows = np.vstack([X[:20], np.zeros(10)])
    net.intercepts_[0][...] = 0.0  # each node has net input 0 for the last row
    report = check_gradients(net, rows, Y[:21], n_coordinates=None, random_state=0)
    assert report.right, str(report)
    assert report.layers["kinks"].sum() > 0
    assert "at a kink" in str(report)


def test_a_wrong_slope_at_a_kink_is_wrong():
    def value(step):
        return abs(step) + 2.0 * step

    assert compare(value, 1.0, 1.0, 1e-6).verdict == KINK
    assert compare(value, 2.0, 1.0, 1e-6).verdict == RIGHT
    assert compare(value, 3.5, 1.0, 1e-6).verdict == WRONG


@pytest.mark.parametrize("curvature", [0.0, 1.0, 1e3])
@pytest.mark.parametrize("slope", [1.0, 1e-3, -20.0])
def test_smooth_functions(slope, curvature):
    def value(step):
        return 5.0 + slope * step + curvature * step**2 + np.sin(step) - step

    right = compare(value, slope, abs(slope), 1e-6)
    assert right.verdict == RIGHT
    assert right.error < 1e-6
    wrong = compare(value, 1.001 * slope, abs(slope), 1e-6)
    assert wrong.verdict == WRONG
    assert wrong.error == pytest.approx(1e-3, rel=0.01)


def test_values_that_overflow_are_passed_over():
    assert compare(lambda step: np.inf if abs(step) > 5e-7 else 2.0 * step, 2.0, 2.0, 1e-6).verdict == RIGHT
    assert compare(lambda step: np.nan, 2.0, 2.0, 1e-6).verdict == WRONG


# ------------------------------------------------------------------ costs, and the estimator


def test_costs_are_measured():
    net = regressor((20, 10), activation="tanh").fit(X, Y)
    costs = check_gradients(net, X, Y, random_state=0).costs
    n_parameters = net.network_.theta.size
    assert costs["forward passes"].tolist() == [1, 2 * n_parameters]
    assert costs["backward passes"].tolist() == [1, 0]
    assert costs.loc["central differences", "seconds"] > 50 * costs.loc["backpropagation", "seconds"]
    assert 7 < costs.loc["central differences", "digits in float64"] < 12
    assert costs.loc["backpropagation", "digits in float32"] > 5
    assert costs.loc["central differences", "digits in float32"] < 4


@pytest.mark.parametrize("layers", [(8,), [Dropout(0.3), 8, BatchNorm()]], ids=["dense", "dropout"])
def test_the_estimator_stays_as_it_is(layers):
    net, again = (regressor(layers, max_iter=3).fit(X, Y) for _ in range(2))
    check_gradients(net, X, Y)
    np.testing.assert_array_equal(net.network_.theta, again.network_.theta)
    for model in (net, again):
        model.partial_fit(X, Y)
    np.testing.assert_array_equal(net.network_.theta, again.network_.theta)


def test_equal_seeds_give_equal_reports():
    net = regressor((8,)).fit(X, Y)
    first, second = (check_gradients(net, X, Y, random_state=3).checks for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_data_of_real_size_and_scale():
    """Columns of very different size, as they come."""
    X, y = load_breast_cancer(return_X_y=True)
    net = BackpropClassifier((30, 30), "relu", learning_rate_init=1e-5, **SMALL).fit(X, y)
    report = check_gradients(net, X, y, random_state=0)
    assert report.right, str(report)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"n_coordinates": -1}, "n_coordinates=-1"),
        ({"n_directions": 1.5}, r"n_directions=1\.5"),
        ({"n_rows": 0}, "n_rows=0"),
        ({"tolerance": 0}, "tolerance=0"),
        ({"n_coordinates": 0, "n_directions": 0}, "nothing is left"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        check_gradients(regressor((4,)).fit(X, Y), X, Y, **settings)


def test_wrong_estimators():
    with pytest.raises(TypeError, match="Ridge"):
        check_gradients(Ridge().fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="not fitted"):
        check_gradients(regressor((4,)), X, Y)
