"""The layers of a network that follow one another."""

from typing import NamedTuple

import numpy as np

from skbackprop.activations import ACTIVATIONS
from skbackprop.layers import Frozen, Pretrained, Sequential

ACTIVATION_NAMES = {kind: name for name, kind in ACTIVATIONS.items()}


class Chain(NamedTuple):
    """The layers with a weight matrix, and texts for a picture."""

    params: list  # with weight and bias
    names: dict


def chain_of(estimator):
    """What a picture of the estimator's network needs; an error where layers stand side by side."""
    network = estimator.network_
    params, layer_names, n_nodes = [], ["input"], network.n_inputs
    parts = network.parts()
    for layer in _one_by_one(network.root):
        if all(layer is not part for _, part, _, _ in parts):
            raise _not_a_chain(layer)
    for _, layer, own, _ in parts:
        n_before, n_nodes = n_nodes, layer.n_outputs(n_nodes)
        if getattr(own, "weight", np.empty(0)).shape == (n_before, n_nodes):
            params.append(own)
            layer_names.append(f"layer {len(params)}\n{_activation_name(layer)}")
        elif n_nodes == n_before:
            layer_names[-1] += f"\n{type(layer).__name__}"
        else:
            raise _not_a_chain(layer)
    layer_names[-1] = f"output\n{estimator.out_activation_}"
    inputs = getattr(estimator, "feature_names_in_", None)
    names = {
        "layer_names": layer_names,
        "input_names": None if inputs is None or len(inputs) != network.n_inputs else list(inputs),
        "output_names": _output_names(estimator),
    }
    return Chain(params, names)


def _one_by_one(layer):
    if isinstance(layer, Sequential):
        for part in layer.layers:
            yield from _one_by_one(part)
    elif isinstance(layer, Frozen | Pretrained):
        yield from _one_by_one(layer.layer)
    else:
        yield layer


def _not_a_chain(layer):
    return ValueError(
        f"estimator: NetworkDisplay draws weights between layers that follow one another, and {layer!r} is "
        "not such a layer."
    )


def _activation_name(layer):
    return ACTIVATION_NAMES.get(type(layer.activation), type(layer.activation).__name__)


def _output_names(estimator):
    """Labels, where there is a node for each."""
    classes = getattr(estimator, "classes_", None)
    if isinstance(classes, np.ndarray) and len(classes) == estimator.n_outputs_:
        return list(classes)
    return None
