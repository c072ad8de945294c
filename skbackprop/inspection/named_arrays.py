"""The parameters of a network by name."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from skbackprop.memory import Parameter, leaves


class NamedArray(NamedTuple):
    """One parameter array: views of theta and of the gradient, and its declaration."""

    name: str
    array: np.ndarray
    gradient: np.ndarray
    declared: Parameter


def learned_arrays(params, gradients, declared):
    """The arrays that are trained, in the order of declaration, from the trees of a layer or a network."""
    parts = zip(_names(params, ""), leaves(params), leaves(gradients), leaves(declared))
    return [NamedArray(*part) for part in parts if part[3].learning_rate]


def _names(tree, name):
    """Names such as `layers[0].weight`."""
    if isinstance(tree, SimpleNamespace):
        for key, part in vars(tree).items():
            yield from _names(part, f"{name}.{key}".lstrip("."))
    elif isinstance(tree, list):
        for i, part in enumerate(tree):
            yield from _names(part, f"{name}[{i}]")
    else:
        yield name
