"""The factors of the chain rule: each has a symbol, and a number for each sample."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skbackprop.losses import CrossEntropy, JointLoss
from skbackprop.losses.classification import BinaryLogLoss, MultinomialLogLoss
from skbackprop.losses.regression import AbsoluteError, LogCosh, Poisson, SquaredError


@dataclass(frozen=True, eq=False)
class Factor:
    """One factor of a product."""

    symbol: str
    values: np.ndarray  # (n_samples,)
    written: Callable  # a function that returns the text of a sample's number


def number(value):
    """The number with six digits, in brackets if negative."""
    text = f"{value:.6g}"
    return f"({text})" if text.startswith("-") else text


def plain(symbol, values):
    """A factor that is one number."""
    return Factor(symbol, values, lambda sample: number(values[sample]))


def node(layer, label, trace):
    """The name of a layer's output node."""
    if layer is trace.layers[-1] and not trace.has_link:
        return output_node("Out", label, trace)
    return f"n[{layer.index},{label}]"


def output_node(name, label, trace):
    """Out or Target, with the number of the node if there are several."""
    return name if trace.outputs.shape[1] == 1 else f"{name}[{label}]"


def slope(layer, j, label, trace):
    """phi'(net) of node j as a list: no factor if it is always 1, otherwise one."""
    a, values, name = layer.output[:, j], layer.slope[:, j], node(layer, label, trace)
    if layer.activation == "identity":
        return []
    if layer.activation == "logistic":
        return [Factor(f"{name}(1 - {name})", values, lambda s: f"{number(a[s])}(1 - {number(a[s])})")]
    if layer.activation == "tanh":
        return [Factor(f"(1 - {name}^2)", values, lambda s: f"(1 - {number(a[s])}^2)")]
    if layer.activation == "relu":
        return [plain(f"[net[{layer.index},{label}] > 0]", values)]
    return [plain(f"{layer.activation}'(net[{layer.index},{label}])", values)]


def weight(layer, j, k, labels, trace):
    """The weight from node k to node j, and the constant in front of x W if there is one."""
    values = np.full(len(trace.X), layer.weight[k, j])
    return [*constant(layer, trace), plain(f"w[{layer.index},{','.join(labels)}]", values)]


def constant(layer, trace):
    """c in c x W + b: no factor for `Dense`."""
    if layer.input_factor == 1.0:
        return []
    return [plain(f"c[{layer.index}]", np.full(len(trace.X), layer.input_factor))]


def node_before(layer, k, label, trace):
    """The input that the weight multiplies."""
    before = trace.X if layer.index == 1 else trace.layers[layer.index - 2].output
    letter = "n" if np.array_equal(before, layer.inputs) else "in"
    index = layer.index - 1 if letter == "n" else layer.index
    return [plain(f"{letter}[{index},{label}]", layer.inputs[:, k])]


def error(m, label, trace):
    """dE/d(output m) of the last layer: (Out - Target) or similar, times the weight of the sample."""
    loss, place = _loss_of(trace.loss, m)
    out, target = trace.outputs[:, m], trace.targets[:, m]
    difference = " - ".join(output_node(name, label, trace) for name in ("Out", "Target"))

    def written(form):
        return lambda s: form.format(f"{number(out[s])} - {number(target[s])}")

    for kinds, form, function in FORMS:
        if type(loss) in kinds and not getattr(loss, "label_smoothing", 0):
            form = f"{form}({{}})"
            factor = Factor(form.format(difference), function(out - target), written(form))
            return [*_sample_weight(trace, place), factor]
    by = f"net[{len(trace.layers)},{label}]" if trace.has_link else output_node("Out", label, trace)
    return [plain(f"dE/d{by}", trace.layers[-1].output_gradient[:, m])]


FORMS = (
    (
        (SquaredError, BinaryLogLoss, MultinomialLogLoss, CrossEntropy, Poisson),
        "",
        lambda difference: difference,
    ),
    ((AbsoluteError,), "sign", np.sign),
    ((LogCosh,), "tanh", np.tanh),
)


def _loss_of(loss, m):
    """The loss of column m of z, and its index if there are several."""
    if isinstance(loss, JointLoss):
        for place, (part, _, columns) in enumerate(loss.blocks()):
            if columns.start <= m < columns.stop:
                return part, place
    return loss, 0


def _sample_weight(trace, place):
    if trace.sample_weight is None:
        return []
    of_loss = trace.sample_weight[:, place if trace.sample_weight.shape[1] > 1 else 0]
    return [plain("sample_weight", of_loss)]
