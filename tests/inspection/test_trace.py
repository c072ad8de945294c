"""Every number of a trace: against arithmetic in plain Python, the network's own gradient, and real steps."""

import pickle
import re
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from shared.by_hand import INPUTS, TARGETS, outputs_of_all_nodes
from shared.crossings import crossed
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.activations import ACTIVATIONS
from skbackprop.batches import Batch
from skbackprop.estimators.solver import SOLVERS
from skbackprop.inspection import trace
from skbackprop.layers import (
    PBLD,
    PLR,
    BatchNorm,
    Blocks,
    Concatenate,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Frozen,
    LayerNorm,
    MaxPool1D,
    NTKDense,
    Parametric,
    Passthrough,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.losses import Huber, LogLoss
from skbackprop.objective import Objective
from skbackprop.optimizers import SGD, AdamW, Chain, ClipNorm, Descent, Muon, NAdam
from skbackprop.training import train_step

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.* has no effect",
)

RNG = np.random.default_rng(0)
N = 7
X = RNG.normal(size=(N, 3))
Y = X[:, 0] - 0.5 * X[:, 1] * X[:, 2] + 0.1
CLASSES = np.array(["low", "mid", "high", "mid", "low", "high", "low"])
LABELS = np.array([[1, 0], [0, 0], [1, 1], [0, 1], [1, 0], [0, 1], [1, 1]])
WEIGHT = np.array([1.0, 2.0, 0.5, 0.0, 3.0, 1.0, 0.25])
TWO = np.column_stack([Y, Y**2])
SMALL = {"hidden_layer_sizes": (4,), "activation": "tanh", "alpha": 0.0, "max_iter": 3, "random_state": 0}


def fitted(model, y, **more):
    return model.set_params(**SMALL | more).fit(X, y)


# The network of the source, in plain Python


@pytest.fixture(scope="module")
def source():
    """A fitted network of 3-3-3-1 nodes, and its weights as lists w[x][j][k], b[x][j]."""
    model = BackpropRegressor(
        hidden_layer_sizes=(3, 3),
        activation="logistic",
        output_activation="logistic",
        alpha=0.0,
        max_iter=20,
        random_state=0,
    ).fit(INPUTS, TARGETS)
    w, b = ([part.T.tolist() for part in parts] for parts in (model.coefs_, model.intercepts_))
    return trace(model, INPUTS, TARGETS), w, b


def by_hand(w, b, inputs, target):
    """Of one observation: net, Out, dE/dOut and delta of each node; the error; dE/dw of each weight."""
    n = outputs_of_all_nodes(w, b, inputs)
    nodes = {f"n[0,{k + 1}]": {"out": value} for k, value in enumerate(inputs)}
    gradients, out = {}, n[3][0]
    output_gradient = [out - target]
    for x in (3, 2, 1):
        delta = [g * a * (1 - a) for g, a in zip(output_gradient, n[x])]
        for j, delta_j in enumerate(delta):
            net = sum(w[x - 1][j][k] * n[x - 1][k] for k in range(3)) + b[x - 1][j]
            nodes[f"n[{x},{j + 1}]"] = {
                "net": net,
                "out": n[x][j],
                "output_gradient": output_gradient[j],
                "delta": delta_j,
            }
            gradients[f"b[{x},{j + 1}]"] = delta_j
            for k in range(3):
                gradients[f"w[{x},{j + 1},{k + 1}]"] = delta_j * n[x - 1][k]
        output_gradient = [sum(w[x - 1][j][k] * delta_j for j, delta_j in enumerate(delta)) for k in range(3)]
    return nodes, 0.5 * (target - out) ** 2, gradients


@pytest.mark.smoke
def test_every_node_of_the_source_network(source):
    seen, w, b = source
    table = seen.nodes.set_index(["sample", "name"])
    assert len(table) == len(INPUTS) * (3 + 3 + 3 + 1)
    for sample, (inputs, target) in enumerate(zip(INPUTS, TARGETS)):
        nodes, error, _ = by_hand(w, b, inputs, target)
        for name, numbers in nodes.items():
            for column, value in numbers.items():
                assert table.loc[(sample, name), column] == pytest.approx(value, abs=1e-12, rel=0)
        assert seen.errors[sample] == pytest.approx(error, abs=1e-12, rel=0)
        assert table.loc[(sample, "n[3,1]"), "target"] == target
    assert seen.total == pytest.approx(seen.errors.sum(), abs=1e-12)


def test_every_weight_of_the_source_network_for_each_sample_and_in_sum(source):
    seen, w, b = source
    of_samples = [by_hand(w, b, *pair)[2] for pair in zip(INPUTS, TARGETS)]
    table = seen.weights.set_index("name")
    assert sorted(table.index) == sorted(of_samples[0])
    for name, gradient in table["gradient"].items():
        letter, places = name[0], [int(part) for part in name[2:-1].split(",")]
        x, j, *k = (place - 1 for place in places)
        rows = seen.layers[x].weight_gradients[:, k[0], j] if k else seen.layers[x].bias_gradients[:, j]
        expected = [of_one[name] for of_one in of_samples]
        assert rows == pytest.approx(expected, abs=1e-12, rel=0)
        assert gradient == pytest.approx(sum(expected), abs=1e-12, rel=0)
        assert table.loc[name, "weight"] == (w[x][j][k[0]] if letter == "w" else b[x][j])
        assert seen.chain_rule(name).value == pytest.approx(sum(expected), abs=1e-12, rel=0)
        for sample, value in enumerate(expected):
            assert seen.chain_rule(name, sample).value == pytest.approx(value, abs=1e-12, rel=0)


def test_one_path_for_layer_2_and_three_for_layer_1(source):
    """The pattern of layer 2, longer by two terms and a weight, is one of the three paths of layer 1."""
    seen, w, b = source
    second, first = seen.chain_rule("w[2,1,1]", sample=0), seen.chain_rule("w[1,1,2]", sample=0)
    assert second.symbols == (
        "dE/dw[2,1,1] = (Out - Target) * Out(1 - Out) * w[3,1,1] * n[2,1](1 - n[2,1]) * n[1,1]"
    )
    n = outputs_of_all_nodes(w, b, INPUTS[0])
    out = n[3][0]
    paths = [
        *(
            (out - TARGETS[0]) * out * (1 - out) * w[2][0][j] * n[2][j] * (1 - n[2][j]) * w[1][j][0]
            for j in range(3)
        )
    ]
    paths = [path * n[1][0] * (1 - n[1][0]) * INPUTS[0][1] for path in paths]
    assert first.symbols.count("\n") == 2
    assert_allclose(first.values, [paths], rtol=0, atol=1e-12)
    assert abs(first.value - paths[0]) > 1e-6


# Against the gradient of the network


HEADS = {
    "regressor": (BackpropRegressor(), Y),
    "several targets": (BackpropRegressor(), TWO),
    "absolute error": (BackpropRegressor("absolute_error"), Y),
    "huber": (BackpropRegressor(Huber(0.3)), Y),
    "log cosh": (BackpropRegressor("log_cosh"), Y),
    "poisson": (BackpropRegressor("poisson"), Y**2),
    "gamma": (BackpropRegressor("gamma"), Y**2 + 0.1),
    "quantiles": (BackpropRegressor("quantile", quantile=[0.1, 0.5, 0.9]), Y),
    "a loss for each target": (BackpropRegressor(["huber", "squared_error"]), TWO),
    "bounded": (BackpropRegressor(output_range=(-5, 5)), Y),
    "scaled": (BackpropRegressor(target_scaling="standard"), TWO),
    "softplus at the end": (BackpropRegressor(output_activation="softplus"), Y),
    "two classes": (BackpropClassifier(), Y > 0),
    "many classes": (BackpropClassifier(), CLASSES),
    "smoothed": (BackpropClassifier(loss=LogLoss(0.1)), CLASSES),
    "labels": (BackpropClassifier(), LABELS),
    "several outputs of classes": (BackpropClassifier(), np.column_stack([CLASSES, CLASSES[::-1]])),
    "class weights": (BackpropClassifier(class_weight={"low": 2.0, "mid": 0.5}), CLASSES),
    "weights of labels": (BackpropClassifier(class_weight=[{1: 2.0}, {0: 0.5}]), LABELS),
}
heads = pytest.mark.parametrize("head", HEADS)


def mean_error_and_gradients(model, y, sample_weight):
    """E as training has it, without a penalty, and dE/d(coefs_ and intercepts_)."""
    model = deepcopy(model)
    columns = model.model_.targets.encode(y, X.dtype)
    weight = None if sample_weight is None else sample_weight[:, None]
    if getattr(model, "class_weight", None) is not None:
        from skbackprop.estimators.class_weight import class_weights

        learned = np.ones(N) if sample_weight is None else sample_weight
        weight = class_weights(model.class_weight, model.model_.targets, y, learned)
        weight = weight if sample_weight is None else weight * sample_weight[:, None]
    network = model.network_
    objective = Objective(network, model.run_.objective.loss)
    value = objective.value_and_gradient(Batch(X, columns, weight)).item()
    dense = [
        params for _, layer, params, _ in network.parts(params=network.gradients) if isinstance(layer, Dense)
    ]
    return value, weight, [(params.weight, params.bias[0]) for params in dense]


@heads
@pytest.mark.parametrize("sample_weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_the_sum_is_n_times_what_training_has(head, sample_weight):
    model, y = HEADS[head]
    model = fitted(model, y)
    seen = trace(model, X, y, sample_weight)
    value, weight, gradients = mean_error_and_gradients(model, y, sample_weight)
    if weight is not None and weight.shape[1] > 1:
        assert_allclose(seen.n, weight.sum(axis=0))
        return
    assert seen.n == pytest.approx(N if weight is None else weight.sum())
    assert seen.total == pytest.approx(seen.n * value, rel=1e-12)
    for layer, (of_weight, of_bias) in zip(seen.layers, gradients):
        assert_allclose(layer.gradients["weight"], seen.n * of_weight, rtol=1e-10, atol=1e-13)
        assert_allclose(layer.gradients["bias"][0], seen.n * of_bias, rtol=1e-10, atol=1e-13)
        assert_allclose(layer.weight_gradients.sum(axis=0), layer.gradients["weight"], rtol=1e-10, atol=1e-13)
        assert_allclose(layer.bias_gradients.sum(axis=0), layer.delta.sum(axis=0), rtol=1e-10, atol=1e-13)


@heads
def test_a_row_alone_has_the_same_numbers(head):
    model, y = HEADS[head]
    model = fitted(model, y)
    seen, alone = trace(model, X, y), trace(model, X[2:3], y[2:3])
    assert alone.errors[0] == pytest.approx(seen.errors[2], rel=1e-12)
    for layer, of_one in zip(seen.layers, alone.layers):
        for name in (
            "inputs",
            "net_input",
            "output",
            "output_gradient",
            "delta",
            "slope",
            "weight_gradients",
        ):
            assert_allclose(getattr(layer, name)[2:3], getattr(of_one, name), rtol=1e-12, atol=1e-14)


@heads
@pytest.mark.smoke
def test_the_errors_are_what_differences_say(head):
    """dE_s/dw by central differences of E_s, weight by weight of the second layer."""
    model, y = HEADS[head]
    model = fitted(model, y)
    seen, h = trace(model, X, y, WEIGHT), 1e-5
    kinks = head in {"absolute error", "quantiles", "huber"}
    moved, weight = deepcopy(model), seen.layers[1].weight
    for k, j in np.ndindex(weight.shape):
        errors = []
        for change in (h, -h):
            moved.coefs_[1][k, j] = weight[k, j] + change
            errors.append(trace(moved, X, y, WEIGHT).errors)
        moved.coefs_[1][k, j] = weight[k, j]
        difference = (errors[0] - errors[1]) / (2 * h)
        assert_allclose(seen.layers[1].weight_gradients[:, k, j], difference, atol=1e-4 if kinks else 1e-8)


@crossed(
    head=list(HEADS), sample_weight={"equal": None, "weighted": WEIGHT}, hidden=[(), (2,), (3, 2), (2, 3, 2)]
)
def test_the_chain_rule_is_the_gradient_of_every_weight(head, hidden, sample_weight):
    model, y = HEADS[head]
    model = fitted(model, y, hidden_layer_sizes=hidden)
    seen = trace(model, X, y, sample_weight)
    for name, gradient in seen.weights.set_index("name")["gradient"].items():
        rule = seen.chain_rule(name)
        assert rule.value == pytest.approx(gradient, rel=1e-10, abs=1e-14), name
        assert rule.values.shape[0] == N


@pytest.mark.parametrize("activation", [name for name, kind in ACTIVATIONS.items() if kind.elementwise])
@pytest.mark.parametrize("kind", [Dense, NTKDense])
def test_the_chain_rule_knows_every_activation(activation, kind):
    layers = [kind(3, activation), Dropout(0.5), kind(2, activation), Frozen(kind(3, activation))]
    model = fitted(BackpropRegressor(), TWO, hidden_layer_sizes=layers)
    seen = trace(model, X, TWO)
    assert [layer.index for layer in seen.layers if layer.weight is not None] == [1, 3, 4, 5]
    assert {layer.activation for layer in seen.layers} == {activation, None, "identity"}
    for name, gradient in seen.weights.set_index("name")["gradient"].items():
        assert seen.chain_rule(name).value == pytest.approx(gradient, rel=1e-10, abs=1e-14)


def test_the_chain_rule_has_one_slope_for_each_node():
    """Softmax takes the whole row: its gradients are there, the expansion says why it is not."""
    y = np.column_stack([TWO, TWO[:, :1]])
    model = fitted(BackpropRegressor(output_activation="softmax"), y, hidden_layer_sizes=(3,))
    seen = trace(model, X, y)
    assert seen.layers[1].slope is None
    a, g = seen.layers[1].output, seen.layers[1].output_gradient
    assert_allclose(seen.layers[1].delta, a * (g - (a * g).sum(axis=1, keepdims=True)), atol=1e-14)
    with pytest.raises(ValueError, match=r"softmax of layer 2, layers\[1\], takes the whole row"):
        seen.chain_rule("w[1,1,1]")


def test_coefs_gradients_of_three_hidden_layers():
    """dE/dcoefs_ by the textbook's recursion in matrices, for every weight's expansion."""
    model = fitted(BackpropRegressor(), TWO, hidden_layer_sizes=(3, 2, 3), activation="tanh")
    seen = trace(model, X, TWO)
    outputs = [X]
    for W, b in zip(model.coefs_, model.intercepts_):
        outputs.append(np.tanh(outputs[-1] @ W + b))
    outputs[-1] = outputs[-2] @ model.coefs_[-1] + model.intercepts_[-1]
    delta = outputs[-1] - TWO
    for x in (4, 3, 2, 1):
        gradient = outputs[x - 1].T @ delta
        for k, j in np.ndindex(gradient.shape):
            rule = seen.chain_rule(f"w[{x},{j + 1},{k + 1}]")
            assert rule.value == pytest.approx(gradient[k, j], rel=1e-11)
            assert rule.values.shape == (N, [None, 12, 6, 2, 1][x])
        delta = delta @ model.coefs_[x - 1].T * (1 - outputs[x - 1] ** 2)


@pytest.mark.parametrize("head", ["several targets", "many classes", "a loss for each target", "quantiles"])
def test_many_paths_are_nested_sums(head):
    model, y = HEADS[head]
    model = fitted(model, y, hidden_layer_sizes=[5, NTKDense(12, "gelu"), 6])
    seen = trace(model, X, y, WEIGHT)
    weights = seen.weights.set_index("name")["gradient"]
    for name in ("w[1,2,3]", "b[1,5]", "w[2,3,1]", "b[4,1]"):
        assert seen.chain_rule(name).value == pytest.approx(weights[name], rel=1e-10)
    rule = seen.chain_rule("w[1,2,3]")
    assert rule.symbols.splitlines()[:3] == [
        "dE/dw[1,2,3] = delta[1,2] * n[0,3]",
        "delta[1,2] = (1 - n[1,2]^2) * c[2] * sum_k w[2,k,2] delta[2,k]",
        "delta[2,k] = gelu'(net[2,k]) * sum_m w[3,m,k] delta[3,m]    k = 1 to 12",
    ]
    assert rule.values.shape == (N, 1)


# What an expansion looks like


def test_text_of_a_single_sample(source):
    seen, w, b = source
    rule = seen.chain_rule("w[3,1,2]", sample=1)
    n = outputs_of_all_nodes(w, b, INPUTS[1])
    out, node = n[3][0], n[2][1]
    number = f"({out:.6g} - 0.2) * {out:.6g}(1 - {out:.6g}) * {node:.6g}"
    assert str(rule).splitlines() == [
        "dE/dw[3,1,2] = (Out - Target) * Out(1 - Out) * n[2,2]",
        "sample 1",
        f"dE/dw[3,1,2] = {number}",
        f"             = {(out - 0.2) * out * (1 - out) * node:.6g}",
    ]
    assert repr(rule) == str(rule)


def test_numbers_written_are_the_values(source):
    """What is printed, evaluated as Python, is the value to the digits shown."""
    rule = source[0].chain_rule("w[1,2,3]", sample=4)
    terms = [re.split(" [=+] ", line)[1] for line in rule.numbers.splitlines()[1:4]]
    written = [eval(re.sub(r"([0-9])\(", r"\1 * (", term)) for term in terms]
    assert_allclose(written, rule.values[0], rtol=1e-4)
    assert rule.numbers.splitlines()[-1].endswith(f"= {rule.value:.6g}")


def test_text_of_many_samples_is_short(source):
    text = str(source[0].chain_rule("b[2,1]"))
    assert text.count("\nsample ") == 3
    assert "... and 2 more samples\nsum over 5 samples\ndE/db[2,1] = " in text


@pytest.mark.parametrize(
    ("activation", "symbols"),
    [("tanh", "(1 - n[1,1]^2)"), ("relu", "[net[1,1] > 0]"), ("silu", "silu'(net[1,1])"), ("identity", None)],
)
def test_symbols_of_activations(activation, symbols):
    model = fitted(BackpropRegressor(), Y, activation=activation)
    middle = "" if symbols is None else f" * {symbols}"
    assert trace(model, X, Y).chain_rule("w[1,1,3]").symbols == (
        f"dE/dw[1,1,3] = (Out - Target) * w[2,1,1]{middle} * n[0,3]"
    )


@pytest.mark.parametrize(
    ("head", "symbols"),
    [
        ("many classes", "(Out[2] - Target[2])"),
        ("two classes", "(Out - Target)"),
        ("absolute error", "sign(Out - Target)"),
        ("log cosh", "tanh(Out - Target)"),
        ("huber", "dE/dOut"),
        ("gamma", "dE/dnet[2,1]"),
        ("smoothed", "dE/dnet[2,2]"),
        ("bounded", "(Out - Target) * Out(1 - Out)"),
    ],
)
def test_symbols_of_losses(head, symbols):
    model, y = HEADS[head]
    seen = trace(fitted(model, y), X, y)
    j = seen.outputs.shape[1] // 2 + 1
    assert seen.chain_rule(f"b[2,{j}]").symbols == f"dE/db[2,{j}] = {symbols}"
    weighted = trace(model, X, y, WEIGHT).chain_rule(f"b[2,{j}]").symbols
    assert ("sample_weight * " in weighted) is ("dE/d" not in symbols)


def test_latex(source):
    one = source[0].chain_rule("w[2,3,1]", sample=0).latex()
    assert one.startswith(
        "\\begin{aligned}\n\\frac{\\partial E}{\\partial w_{2,3,1}} &= (O - T) \\cdot O(1 - O)"
        " \\cdot w_{3,1,3} \\cdot n_{2,3}(1 - n_{2,3}) \\cdot n_{1,1} \\\\\n&= ("
    )
    assert one.endswith("\\end{aligned}")
    several = source[0].chain_rule("b[1,1]").latex()
    assert "\\sum_s \\bigl(" in several
    assert several.count("{") == several.count("}")
    assert several.count("(") == several.count(")")


def test_latex_is_what_matplotlib_can_set(source):
    """Its parser refuses what is not mathematics."""
    mathtext = pytest.importorskip("matplotlib.mathtext")
    model = fitted(BackpropClassifier(), CLASSES, hidden_layer_sizes=[6, NTKDense(5, "gelu")])
    for rule in (
        source[0].chain_rule("w[2,1,1]", sample=2),
        source[0].chain_rule("b[2,2]"),
        trace(model, X, CLASSES).chain_rule("w[1,1,1]", 0),
    ):
        lines = rule.latex().splitlines()[1:-1]
        for line in "".join(lines).split("\\\\"):
            mathtext.MathTextParser("agg").parse(
                f"${line.replace('&', '')}$".replace("\\bigl", "").replace("\\bigr", "")
            )


@pytest.mark.smoke
def test_html(source):
    page = source[0].chain_rule("w[1,1,1]")._repr_html_()
    assert page.startswith("<table><tr><th>dE/dw[1,1,1] =</th><td>(Out - Target)")
    assert page.count("<tr>") == page.count("</tr>") == 3 + 3 * 4 + 1
    relu = fitted(BackpropRegressor(), Y, activation="relu")
    assert "[net[1,1] &gt; 0]" in trace(relu, X, Y).chain_rule("b[1,1]")._repr_html_()


@pytest.mark.parametrize(
    "name",
    ["w[1,1]", "w[0,1,1]", "w[3,1,1]", "w[1,5,1]", "w[1,1,4]", "b[1,0]", "b[1,1,1]", "v[1,1]", "", 3, None],
)
def test_names_that_are_not_there(name):
    seen = trace(fitted(BackpropRegressor(), Y), X, Y)
    with pytest.raises(ValueError, match=r"name=.* must be 'w\[layer,to,from\]'.*layer 1 from 3 to 4 nodes"):
        seen.chain_rule(name)


@pytest.mark.parametrize("sample", [-1, N, 1.0, "a"])
def test_samples_that_are_not_there(sample):
    with pytest.raises(ValueError, match=f"sample={sample!r} must be None or an integer from 0 to 6"):
        trace(fitted(BackpropRegressor(), Y), X, Y).chain_rule("b[1,1]", sample)


# Layers of every kind


LAYERS = {
    "dropout": [Dense(4), Dropout(0.5), Dense(3)],
    "norms": [Dense(4), LayerNorm(), BatchNorm(), Dense(3, "tanh")],
    "residual": [Dense(4), Residual(Sequential([Dense(4), Dropout(0.2), Dense(4, "tanh")]))],
    "concatenate": [Concatenate([Dense(2), Passthrough(), Sequential([Dense(3), Dense(2, "gelu")])]), 3],
    "blocks": [
        Blocks([PBLD(3, 3), Passthrough(), PLR(2, 2)], [1, 1, 1]),
        Scale(),
        NTKDense(4),
        Parametric("mish"),
    ],
    "sequences": [Conv1D(2, 2, activation="tanh"), MaxPool1D(2, 2), Dense(3, "tanh")],
    "frozen": [Frozen(Dense(4)), NTKDense(3, "selu")],
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_listed_with_its_gradients(name):
    """Against the network itself, whose gradients are checked by finite differences elsewhere."""
    model = fitted(BackpropRegressor(), TWO, hidden_layer_sizes=LAYERS[name])
    network = deepcopy(model.network_)
    seen = trace(model, X, TWO)
    parts = network.parts()
    assert [layer.name for layer in seen.layers] == [part[0] for part in parts]
    assert [layer.kind for layer in seen.layers] == [type(part[1]).__name__ for part in parts]
    z = network.forward(X)
    network.backward(z - TWO)
    for layer, (_, _, params, _) in zip(seen.layers, network.parts(params=network.gradients)):
        assert list(layer.gradients) == list(vars(params)) == list(layer.row_gradients)
        for parameter, gradient in vars(params).items():
            assert_allclose(layer.gradients[parameter], gradient, rtol=1e-10, atol=1e-13)
            assert_allclose(layer.row_gradients[parameter].sum(axis=0), gradient, rtol=1e-9, atol=1e-12)
    assert len(seen.weights) == network.theta.size
    assert seen.weights["name"].is_unique
    assert_array_equal(np.sort(seen.weights["weight"]), np.sort(network.theta))
    assert_array_equal(seen.outputs, z)
    for layer in seen.layers:
        assert layer.output.shape == layer.output_gradient.shape
        if layer.weight is not None:
            assert_allclose(
                layer.net_input,
                layer.input_factor * layer.inputs @ layer.weight + layer.bias,
                rtol=1e-12,
                atol=1e-14,
            )
            assert_allclose(layer.delta, layer.output_gradient * layer.slope, rtol=1e-12, atol=1e-14)
            rows = layer.input_factor * layer.inputs[:, :, None] * layer.delta[:, None, :]
            assert_allclose(layer.weight_gradients, rows, rtol=1e-10, atol=1e-14)


def test_the_gradient_by_the_inputs():
    model, h = fitted(BackpropRegressor(), TWO), 1e-6
    seen = trace(model, X, TWO)
    for k in range(3):
        errors = [trace(model, X + change * np.eye(3)[k], TWO).errors for change in (h, -h)]
        assert_allclose(seen.input_gradient[:, k], (errors[0] - errors[1]) / (2 * h), atol=1e-8)
    table = seen.nodes.query("layer == 0")
    assert_array_equal(table["output_gradient"].to_numpy().reshape(N, 3), seen.input_gradient)


def test_waves_have_net_inputs_and_deltas_by_row():
    model = fitted(BackpropRegressor(), Y, hidden_layer_sizes=[PLR(2, 3), 4])
    waves = trace(model, X, Y)["layers[0]"]
    assert waves.net_input.shape == waves.delta.shape == waves.output.shape == (N, 9)
    assert_array_equal(waves.output, np.maximum(waves.net_input, 0))
    assert_allclose(waves.delta, waves.output_gradient * (waves.net_input > 0))


def test_layers_that_the_expansion_cannot_pass():
    model = fitted(BackpropRegressor(), Y, hidden_layer_sizes=[4, LayerNorm(), 3])
    seen = trace(model, X, Y)
    with pytest.raises(ValueError, match=r"stacks of Dense.*layer 2, layers\[1\], is LayerNorm"):
        seen.chain_rule("w[1,1,1]")
    gradients = seen.weights.set_index("name")["gradient"]
    assert seen.chain_rule("w[3,1,2]").value == pytest.approx(gradients["w[3,1,2]"], rel=1e-10)
    inside = fitted(BackpropRegressor(), Y, hidden_layer_sizes=[4, Residual(Dense(4))])
    with pytest.raises(ValueError, match=r"layer 2, layers\[1\].layer, is Dense.* parallel to others"):
        trace(inside, X, Y).chain_rule("w[2,1,1]")


def test_names_of_other_parameters():
    layers = [Blocks([Embedding(3, 2), Passthrough()], [1, 2]), Dense(4), LayerNorm()]
    rows = np.column_stack([[0, 1, 2, 0, 1, 2, 0], X[:, 1:]])
    model = BackpropRegressor(**SMALL | {"hidden_layer_sizes": layers}).fit(rows, Y)
    table = trace(model, rows, Y).weights.set_index("name")
    assert {"table[1,3,2]", "w[3,4,4]", "b[3,1]", "gain[4,2]", "bias[4,4]", "w[5,1,4]"} <= set(table.index)
    assert table.loc["w[3,2,4]", ["to", "from"]].tolist() == [2, 4]
    assert table.loc["b[3,2]", "to"] == 2
    assert table.loc["b[3,2]", "from"] is pd.NA
    assert table.loc["gain[4,2]", "layer_name"] == "layers[2]"
    assert trace(model, rows, Y).chain_rule("w[5,1,4]").symbols.endswith(" * n[4,4]")
    assert trace(model, rows, Y).chain_rule("w[5,1,4]").value == pytest.approx(table["gradient"]["w[5,1,4]"])
    joined = fitted(BackpropRegressor(), Y, hidden_layer_sizes=[Concatenate([Dense(2), Dense(3)])])
    rule = trace(joined, X, Y).chain_rule("w[3,1,4]")
    assert rule.symbols == "dE/dw[3,1,4] = (Out - Target) * in[3,4]"


# Tables


def test_tables_have_one_row_for_each_node_and_weight(source):
    seen, _, _ = source
    assert list(seen.nodes.columns) == [
        *("sample", "layer", "node", "name", "net", "out", "output_gradient", "delta", "target", "layer_name")
    ]
    assert list(seen.weights.columns) == [
        *("name", "layer", "to", "from", "weight", "gradient", "update", "layer_name")
    ]
    assert seen.nodes["name"].tolist()[:4] == ["n[0,1]", "n[0,2]", "n[0,3]", "n[1,1]"]
    assert seen.weights["name"].tolist()[7:13] == [
        *("w[1,3,2]", "w[1,3,3]", "b[1,1]", "b[1,2]", "b[1,3]", "w[2,1,1]")
    ]
    assert repr(seen) == f"Trace of 5 samples through 3 layers: E = {seen.total:.6g}"
    assert seen["layers[1]"] is seen.layers[1]
    with pytest.raises(KeyError, match=r"no layer 'x'.*'layers\[0\]'"):
        seen["x"]


def test_out_of_a_classifier_is_its_probability():
    model = fitted(BackpropClassifier(), CLASSES)
    seen = trace(model, X, CLASSES)
    outputs = seen.nodes.query("layer == 2")
    assert_allclose(seen.outputs, model.predict_proba(X), rtol=1e-12)
    assert_allclose(outputs["out"].to_numpy().reshape(N, 3), seen.outputs)
    assert_allclose(outputs["target"].to_numpy().reshape(N, 3), CLASSES[:, None] == model.classes_)
    assert_allclose(outputs["delta"], outputs["out"] - outputs["target"], atol=1e-15)
    assert outputs["output_gradient"].isna().all()
    assert seen.has_link
    assert_allclose(seen.errors, -np.log(seen.outputs[seen.targets == 1]), rtol=1e-12)


def test_target_of_several_quantiles():
    model, y = HEADS["quantiles"]
    seen = trace(fitted(model, y), X, y)
    assert_array_equal(seen.targets, np.repeat(Y[:, None], 3, axis=1))
    assert_allclose(seen.outputs, model.predict(X))


# The next step


def train_on_all(model, y, **weights):
    return model.partial_fit(X, y, **weights)


OWN = {
    **{name: {"solver": name} for name in SOLVERS},
    "schedule": {"solver": "adam", "learning_rate": "cosine", "max_iter": 10},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "penalty": {"solver": "sgd", "alpha": 0.5},
    "clipped": {"solver": "adam", "clip_norm": 0.01},
    "object": {"solver": Chain([ClipNorm(0.1)], 0.5)},
    "dropout": {"hidden_layer_sizes": [Dense(8, "tanh"), Dropout(0.5)]},
    "batch norm": {"hidden_layer_sizes": [Dense(8, "tanh"), BatchNorm()]},
    "rates": {"hidden_layer_sizes": [Dense(4, "tanh", learning_rate=0.1, max_norm=0.5), Frozen(Dense(3))]},
}


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("sample_weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_the_update_is_the_next_step_of_training(name, sample_weight):
    model = BackpropRegressor(**SMALL | {"shuffle": False} | OWN[name])
    for _ in range(3):
        model.partial_fit(X, TWO, sample_weight)
    seen = trace(model, X, TWO, sample_weight)
    table = seen.update()
    before = [weight.copy() for weight in (*model.coefs_, *model.intercepts_)]
    model.partial_fit(X, TWO, sample_weight)
    after = [*model.coefs_, *model.intercepts_]
    n_layers = len(model.coefs_)
    updates = table.set_index("name")["update"]
    dense = [layer for layer in seen.layers if layer.weight is not None]
    for x, layer in enumerate(dense):
        for k, j in np.ndindex(layer.weight.shape):
            moved = after[x][k, j] - before[x][k, j]
            assert updates[f"w[{layer.index},{j + 1},{k + 1}]"] == pytest.approx(moved, rel=1e-9, abs=1e-16)
        for j, moved in enumerate(after[n_layers + x] - before[n_layers + x]):
            assert updates[f"b[{layer.index},{j + 1}]"] == pytest.approx(moved, rel=1e-9, abs=1e-16)
    assert_array_equal(seen.weights["update"], table["update"])
    assert updates.abs().max() > 0


SOLVERS_OF_ALL_KINDS = [*SOLVERS, SGD(0.3, momentum=0.9), AdamW(0.02, weight_decay=0.1), NAdam(), Muon(0.1)]


@pytest.mark.parametrize("solver", SOLVERS_OF_ALL_KINDS, ids=str)
@pytest.mark.parametrize("head", ["several targets", "many classes", "weights of labels"])
def test_the_update_of_another_solver_is_its_first_step(solver, head):
    model, y = HEADS[head]
    model = fitted(model, y, solver="adam", alpha=0.1, learning_rate_init=0.05)
    seen = trace(model, X, y, WEIGHT)
    table = seen.update(solver)
    copy = deepcopy(model)
    network = copy.network_
    optimizer = SOLVERS[solver][0] if isinstance(solver, str) else solver
    if solver == "sgd":
        optimizer = SGD(0.05, momentum=0.9, nesterov=True)
    elif isinstance(solver, str):
        optimizer = optimizer(learning_rate=0.05)
    before = network.theta.copy()
    objective = Objective(network, copy.run_.objective.loss, alpha=0.1)
    train_step(objective, Descent(optimizer, network), Batch(*seen.step.batch))
    moved = [vars(part) for _, _, part, _ in network.parts(params=network.views(network.theta - before))]
    for layer, change in zip(seen.layers, moved):
        rows = table[table["layer"] == layer.index]
        weights, biases = rows[rows["from"].notna()], rows[rows["from"].isna()]
        assert_allclose(weights["update"], change["weight"].T.ravel(), rtol=1e-9, atol=1e-16)
        assert_allclose(biases["update"], change["bias"].ravel(), rtol=1e-9, atol=1e-16)


def test_the_gradient_of_the_update_is_the_mean_and_the_penalty():
    model = fitted(BackpropRegressor(), Y, alpha=0.3)
    seen = trace(model, X, Y, WEIGHT)
    table, summed = seen.update("sgd"), seen.weights
    penalty = np.where(table["from"].notna(), 0.3 * table["weight"], 0.0)
    assert_allclose(table["gradient"], (summed["gradient"] + penalty) / WEIGHT.sum(), rtol=1e-10, atol=1e-14)
    assert_allclose(seen.update(SGD(0.25))["update"], -0.25 * table["gradient"], rtol=1e-9, atol=1e-16)


def test_lbfgs_has_no_next_step():
    model = fitted(BackpropRegressor(), Y, solver="lbfgs")
    seen = trace(model, X, Y)
    with pytest.raises(ValueError, match="'lbfgs' searches along a line"):
        seen.update()
    assert seen.weights["update"].isna().all()
    assert seen.update("sgd")["update"].abs().max() > 0
    with pytest.raises(ValueError, match="'solver' parameter"):
        seen.update("sdg")


def test_the_update_starts_from_the_weights_traced():
    """After early stopping these are the best ones, from which partial_fit goes on."""
    model = BackpropRegressor(
        hidden_layer_sizes=(4,),
        early_stopping=True,
        learning_rate_init=0.3,
        shuffle=False,
        max_iter=30,
        random_state=0,
    ).fit(np.tile(X, (5, 1)), np.tile(Y, 5))
    seen = trace(model, X, Y)
    assert_array_equal(seen.layers[0].weight, model.coefs_[0])
    before = model.coefs_[0].copy()
    model.set_params(early_stopping=False).partial_fit(X, Y)
    updates = seen.update().query("layer == 1 and `from`.notna()")["update"]
    assert_allclose(updates, (model.coefs_[0] - before).T.ravel(), rtol=1e-9)


# What may be traced


@pytest.mark.parametrize("head", ["regressor", "many classes", "weights of labels"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_estimator_is_not_changed(head, solver):
    model, y = HEADS[head]
    layers = [Dense(4), Dropout(0.3)] if solver == "adam" else [Dense(4)]
    model = fitted(model, y, solver=solver, hidden_layer_sizes=layers)
    before, batch = pickle.dumps(model), [X.copy(), y.copy(), WEIGHT.copy()]
    seen = trace(model, X, y, WEIGHT)
    seen.update("sgd"), seen.weights, seen.nodes, seen.chain_rule("w[1,1,1]"), seen.layers[0].weight_gradients
    assert pickle.dumps(model) == before
    for array, same in zip((X, y, WEIGHT), batch):
        assert_array_equal(array, same)
    numbers = seen.layers[0].output.copy(), seen.weights["update"].copy()
    model.set_params(solver="adam").partial_fit(X, y)
    assert_array_equal(seen.layers[0].output, numbers[0])
    assert_array_equal(seen.weights["update"], numbers[1])


def test_float32_is_traced_in_float64():
    model = BackpropRegressor(**SMALL).fit(X.astype(np.float32), Y)
    seen = trace(model, X.astype(np.float32), Y)
    assert model.network_.theta.dtype == np.float32
    assert seen.layers[0].delta.dtype == seen.errors.dtype == np.float64
    gradient = seen.weights.set_index("name")["gradient"]
    for name in ("w[1,1,1]", "b[2,1]"):
        assert seen.chain_rule(name).value == pytest.approx(gradient[name], rel=1e-12)
    before = model.coefs_[0].copy()
    model.partial_fit(X.astype(np.float32), Y)
    updates = seen.update().query("layer == 1 and `from`.notna()")["update"]
    assert_allclose(updates, (model.coefs_[0] - before).T.ravel(), rtol=1e-4)


@pytest.mark.parametrize("head", ["regressor", "many classes"])
def test_sparse_rows(head):
    model, y = HEADS[head]
    rows = np.where(np.abs(X) > 0.5, X, 0.0)
    model = model.set_params(**SMALL).fit(csr_matrix(rows), y)
    of_sparse, of_dense = trace(model, csr_matrix(rows), y), trace(model, rows, y)
    assert_array_equal(of_sparse.X, rows)
    assert_array_equal(of_sparse.weights["gradient"], of_dense.weights["gradient"])


def test_a_pipeline_a_search_and_a_transformed_target():
    frame = pd.DataFrame(100 * X + 3, columns=["a", "b", "c"])
    net = BackpropRegressor(**SMALL)
    scaled = TransformedTargetRegressor(net, transformer=StandardScaler())
    search = GridSearchCV(make_pipeline(StandardScaler(), scaled), {}, cv=2).fit(frame, Y)
    inner = search.best_estimator_[-1].regressor_
    rows, target = StandardScaler().fit_transform(frame), (Y - Y.mean()) / Y.std()
    seen, expected = trace(search, frame, Y), trace(inner, rows, target)
    assert_allclose(seen.weights["gradient"], expected.weights["gradient"], rtol=1e-10, atol=1e-14)
    assert_allclose(seen.targets[:, 0], target)


def test_rows_with_nan():
    rows = X.copy()
    rows[1, 2] = np.nan
    skipping = BackpropRegressor(**SMALL, missing="skip").fit(rows, Y)
    assert len(trace(skipping, rows, Y).errors) == N - 1
    with pytest.raises(ValueError, match="NaN in every row"):
        trace(skipping, rows[1:2], Y[1:2])
    filling = BackpropRegressor(**SMALL, missing="impute").fit(rows, Y)
    assert trace(filling, rows, Y).X.shape == (N, 4)


def test_calibration_early_stopping_and_growing_do_not_matter():
    y = np.tile(CLASSES, 6)
    rows = np.tile(X, (6, 1)) + 0.01 * RNG.normal(size=(6 * N, 3))
    model = BackpropClassifier(
        **SMALL,
        calibration="temperature",
        early_stopping=True,
        grow=True,
        batch_size=10,
        class_weight="balanced",
    ).fit(rows, y)
    seen = trace(model, X, CLASSES)
    assert len(seen.errors) == N
    assert_allclose(seen.layers[1].output, model.decision_function(X), rtol=1e-12)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_members_of_tabular_estimators(n_jobs):
    table = pd.DataFrame(np.tile(X, (8, 1)), columns=list("abc")).assign(d=np.tile(CLASSES, 8))
    y = np.tile(Y, 8)
    model = TabularBackpropRegressor(
        n_estimators=3, hidden_layer_sizes=[5, 4], max_iter=3, random_state=0, n_jobs=n_jobs
    ).fit(table, y)
    outputs = []
    for member in range(3):
        seen = trace(model, table[:9], y[:9], member=member)
        outputs.append(model.model_.targets.decode(seen.outputs))
        gradients = seen.weights.set_index("name")["gradient"]
        last = seen.layers[-1]
        assert seen.chain_rule(f"w[{last.index},1,2]").value == pytest.approx(
            gradients[f"w[{last.index},1,2]"]
        )
        row = trace(model, table[2:3], y[2:3], member=member)
        assert_allclose(last.weight_gradients[2], row.layers[-1].gradients["weight"], rtol=1e-5, atol=1e-12)
        assert seen.update()["update"].abs().max() > 0
    assert_allclose(np.mean(outputs, axis=0), model.predict(table[:9]), rtol=1e-4)
    assert not np.array_equal(outputs[0], outputs[1])
    for bad in (-1, 3, 0.5):
        with pytest.raises(ValueError, match=f"member={bad!r} must be a whole number from 0 to 2"):
            trace(model, table[:9], y[:9], member=bad)


def test_the_update_of_a_tabular_member_is_its_next_step_on_a_stream():
    rows, y = np.tile(X, (3, 1)), np.tile(CLASSES, 3)
    model = TabularBackpropClassifier(n_estimators=2, hidden_layer_sizes=4, dropout=0.0, random_state=0)
    for _ in range(2):
        model.partial_fit(rows, y, classes=["high", "low", "mid"])
    seen = trace(model, rows, y, member=1)
    before = np.concatenate([network.theta for network in model.networks_])[1]
    model.partial_fit(rows, y)
    moved = np.concatenate([network.theta for network in model.networks_])[1] - before
    assert_allclose(np.sort(seen.update()["update"]), np.sort(moved), rtol=1e-2, atol=1e-5)
    sgd = seen.update(SGD(0.5))
    assert_allclose(sgd["update"], -0.5 * sgd["gradient"] * _rates(seen, sgd), rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match="solver='sdg' must be one of"):
        seen.update("sdg")


def _rates(seen, table):
    """The learning rate of each parameter, as a factor."""
    rates = seen.network.learning_rates
    per_layer = [vars(part) for _, _, part, _ in seen.network.parts(params=seen.network.views(rates[0]))]
    factors = []
    for layer, of_layer in zip(seen.layers, per_layer):
        for name in layer.parameters:
            factors += np.ravel(
                of_layer[name].T if name == "weight" and layer.weight is not None else of_layer[name]
            ).tolist()
    return np.array(factors)


def test_what_cannot_be_traced():
    with pytest.raises(TypeError, match=r"estimator=StandardScaler.* holds no fitted network: give"):
        trace(StandardScaler().fit(X), X, Y)
    with pytest.raises(ValueError, match="not fitted"):
        trace(BackpropRegressor(), X, Y)
    with pytest.raises(ValueError, match="not fitted"):
        trace(make_pipeline(StandardScaler(), BackpropRegressor()), X, Y)
    model = fitted(BackpropRegressor(), Y)
    with pytest.raises(ValueError, match="3 features"):
        trace(model, X[:, :2], Y)
    with pytest.raises(ValueError, match="inconsistent"):
        trace(model, X, Y[:-1])
    with pytest.raises(ValueError, match="sample_weight"):
        trace(model, X, Y, -WEIGHT)
    classifier = fitted(BackpropClassifier(), CLASSES)
    with pytest.raises(ValueError, match="classes not in"):
        trace(classifier, X, np.where(CLASSES == "low", "new", CLASSES))
    with pytest.raises(ValueError, match="member=1 must be a whole number from 0 to 0"):
        trace(model, X, Y, member=1)
