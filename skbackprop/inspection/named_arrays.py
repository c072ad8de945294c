"""The parameters of a network by name."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from skbackprop.memory import Parameter, leaves


class NamedArray(NamedTuple):
    """One array of parameters: views of theta and of the gradient, and how it was declared."""

    name: str
    array: np.ndarray
    gradient: np.ndarray
    declared: Parameter


def learned_arrays(params, gradients, declared):
    """Those that learn, in the order of declaration; the trees are those of a layer or a network."""
    parts = zip(_names(params, ""), leaves(params), leaves(gradients), leaves(declared))
    return [NamedArray(*part) for part in parts if part[3].learning_rate]


def _names(tree, name):
    """As in `layers[0].weight`."""
    if isinstance(tree, SimpleNamespace):
        for key, part in vars(tree).items():
            yield from _names(part, f"{name}.{key}".lstrip("."))
    elif isinstance(tree, list):
        for i, part in enumerate(tree):
            yield from _names(part, f"{name}[{i}]")
    else:
        yield name
