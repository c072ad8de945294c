"""The chain rule for one weight: all paths from its node to the outputs."""

import re
from dataclasses import dataclass
from itertools import pairwise, product
from math import prod

import numpy as np

from skbackprop.inspection import factors
from skbackprop.inspection.factors import Factor, plain
from skbackprop.layers import (
    Dense,
    Dropout,
    Ensemble,
    Frozen,
    Layer,
    NTKDense,
    Passthrough,
    Pretrained,
    Sequential,
)
from skbackprop.losses import JointLoss
from skbackprop.network import inner_layers

MOST_PATHS = 64
NAME = re.compile(r"w\[(\d+), ?(\d+), ?(\d+)\]|b\[(\d+), ?(\d+)\]")
LABELS = "kmpqruvxyz"  # the indices of nested sums
DENSE, SAME = {Dense, NTKDense}, {Dropout, Passthrough}  # links of a chain; unchanged input
ONE_BY_ONE = Sequential, Ensemble, Frozen, Pretrained


@dataclass(frozen=True, eq=False)
class Equation:
    """`left` is the sum of the terms, each a product of factors."""

    left: str
    terms: list[list[Factor]]
    where: str = ""  # the nodes for which it is valid; if given, there are only symbols

    def values(self):
        """The number of each term, shape (n_samples, n_terms)."""
        return np.stack([np.prod([factor.values for factor in term], axis=0) for term in self.terms], axis=-1)


def equations(trace, name):
    """The derivative by the weight of this name, as one sum over paths, or as nested sums."""
    letter, layer, j, k = _place(trace, name)
    chain = _chain(trace, layer, name)
    indices = [layer.index, j + 1] if k is None else [layer.index, j + 1, k + 1]
    left = f"dE/d{letter}[{','.join(map(str, indices))}]"
    last = []
    if k is not None:
        last = [*factors.constant(layer, trace), *factors.node_before(layer, k, k + 1, trace)]
    widths = [part.delta.shape[1] for part in chain[1:]]
    if prod(widths) > MOST_PATHS:
        return _nested(trace, chain, j, left, last)
    return [Equation(left, [[*_path(trace, chain, (j, *p)), *last] for p in product(*map(range, widths))])]


def _path(trace, chain, nodes):
    """The factors from the error at the last of the nodes back to the net input of the first."""
    way = [*factors.error(nodes[-1], nodes[-1] + 1, trace)]
    for layer, node, before in zip(chain[:0:-1], nodes[:0:-1], nodes[-2::-1]):
        labels = str(node + 1), str(before + 1)
        way += factors.slope(layer, node, node + 1, trace)
        way += factors.weight(layer, node, before, labels, trace)
    return [*way, *factors.slope(chain[0], nodes[0], nodes[0] + 1, trace)]


def _nested(trace, chain, j, left, last):
    """delta of each layer from delta of the next: numbers for the requested node, symbols for the others."""
    first, deltas = chain[0], _deltas(trace, chain)
    delta = plain(f"delta[{first.index},{j + 1}]", deltas[0][:, j])
    lines = [Equation(left, [[delta, *last]])]
    for place, (layer, after) in enumerate(pairwise(chain)):
        node, label = (j, str(j + 1)) if place == 0 else (0, LABELS[(place - 1) % len(LABELS)])
        over = LABELS[place % len(LABELS)]
        by_weight = f"w[{after.index},{over},{label}] delta[{after.index},{over}]"
        total = plain(f"sum_{over} {by_weight}", deltas[place + 1] @ after.weight[node])
        term = [*factors.slope(layer, node, label, trace), *factors.constant(after, trace), total]
        lines.append(Equation(f"delta[{layer.index},{label}]", [term], _where(layer, label)))
    label = LABELS[(len(chain) - 2) % len(LABELS)]
    of_output = factors.error(0, label, trace)
    if isinstance(trace.loss, JointLoss):
        of_output = [plain(f"dE/dOut[{label}]", chain[-1].output_gradient[:, 0])]
    term = [*of_output, *factors.slope(chain[-1], 0, label, trace)]
    return [*lines, Equation(f"delta[{chain[-1].index},{label}]", [term], _where(chain[-1], label))]


def _where(layer, label):
    return "" if label.isdigit() else f"{label} = 1 to {layer.delta.shape[1]}"


def _deltas(trace, chain):
    """delta of each layer of the chain, computed only from the errors and the weights."""
    outputs = range(trace.outputs.shape[1])
    errors = [[factor.values for factor in factors.error(m, "", trace)] for m in outputs]
    gradient = np.stack([np.prod(of_one, axis=0) for of_one in errors], axis=-1)
    deltas = []
    for layer in reversed(chain):
        deltas.append(gradient * layer.slope)
        gradient = layer.input_factor * deltas[-1] @ layer.weight.T
    return deltas[::-1]


def _place(trace, name):
    """(letter, layer, target node, source node or None); nodes count from 0."""
    match = NAME.fullmatch(name) if isinstance(name, str) else None
    if match is not None:
        index, j, *k = (int(part) for part in match.groups() if part is not None)
        layer = trace.layers[index - 1] if 1 <= index <= len(trace.layers) else None
        has_it = layer is not None and (layer.weight if k else layer.bias) is not None
        if has_it and 1 <= j <= layer.weight.shape[1] and (not k or 1 <= k[0] <= layer.weight.shape[0]):
            return name[0], layer, j - 1, k[0] - 1 if k else None
    known = ", ".join(
        f"layer {layer.index} from {layer.weight.shape[0]} to {layer.weight.shape[1]} nodes"
        for layer in trace.layers
        if layer.weight is not None
    )
    raise ValueError(
        f"name={name!r} must be 'w[layer,to,from]' or 'b[layer,to]', all counted from 1. Weights: {known}."
    )


def _chain(trace, layer, name):
    """The dense layers from this one to the last; an error if there are others between."""
    linked = list(_linked(trace.network.root))
    for later, is_linked in zip(trace.layers[layer.index - 1 :], linked[layer.index - 1 :]):
        if not is_linked:
            raise ValueError(
                f"name={name!r}: the expansion needs stacks of Dense and NTKDense layers with nothing but "
                f"Dropout between them, but layer {later.index}, {later.name}, is {later.layer!r} or is "
                "parallel to others. Its gradients are in `weights`."
            )
    chain = [later for later in trace.layers[layer.index - 1 :] if type(later.layer) in DENSE]
    for later in chain:
        if not later.layer.activation.elementwise:
            raise ValueError(
                f"name={name!r}: the expansion needs one slope per node, but {later.activation} of layer "
                f"{later.index}, {later.name}, takes the whole row. Its gradients are in `weights`."
            )
    return chain


def _linked(layer, inside=True):
    """For each layer without layers inside, in forward order: whether it is a link of one chain."""
    inside = inside and (isinstance(layer, ONE_BY_ONE) or type(layer) in DENSE | SAME)
    held = ([value] if isinstance(value, Layer) else value for value in inner_layers(layer).values())
    parts = [part for parts in held for part in parts]
    if not parts:
        yield inside
    for part in parts:
        yield from _linked(part, inside)
