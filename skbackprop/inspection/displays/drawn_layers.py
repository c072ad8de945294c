"""The layers of a network that form a chain."""

from typing import NamedTuple

import numpy as np

from skbackprop.inspection.columns import sources_of_columns
from skbackprop.inspection.layer_trace import NAMES
from skbackprop.layers import Frozen, Pretrained, Sequential


class DrawnLayers(NamedTuple):
    """The layers with a weight matrix, and texts for a plot."""

    places: list  # indices into the parts of the network
    params: list  # the weight and the bias of each layer
    names: dict


def drawn_layers(model):
    """The data for a plot of a network; an error if layers are parallel."""
    network = model.trained_networks[0]
    parts = network.parts()
    for layer in _one_by_one(network.root):
        if all(layer is not part for _, part, _, _ in parts):
            raise _not_a_chain(layer)
    places, layer_names, n_nodes = [], ["input"], network.n_inputs
    for place, (_, layer, params, _) in enumerate(parts):
        n_before, n_nodes = n_nodes, layer.n_outputs(n_nodes)
        if getattr(params, "weight", np.empty(0)).shape == (n_before, n_nodes):
            places.append(place)
            layer_names.append(f"layer {len(places)}\n{_activation_name(layer)}")
        elif n_nodes == n_before:
            layer_names[-1] += f"\n{type(layer).__name__}"
        else:
            raise _not_a_chain(layer)
    layer_names[-1] = f"output\n{model.estimator.out_activation_}"
    names = {
        "layer_names": layer_names,
        "input_names": _input_names(model),
        "output_names": model.output_names if len(model.output_names) == network.n_outputs else None,
    }
    return DrawnLayers(places, [parts[place][2] for place in places], names)


def _input_names(model):
    """Names of the network's columns, if those of the first step are known."""
    first = [*model.before, model.estimator][0]
    if not hasattr(first, "feature_names_in_"):
        return None
    _, seen = sources_of_columns(model.before, list(first.feature_names_in_))
    names, _ = model._own_sources(seen)
    return names


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
        f"estimator: NetworkDisplay can only draw layers that form a chain, and {layer!r} is "
        "not such a layer."
    )


def _activation_name(layer):
    return NAMES.get(type(layer.activation), type(layer.activation).__name__)
