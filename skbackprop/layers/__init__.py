"""Layers: forward beside backward, one a file. README.md states their contract."""

from skbackprop.layers.concatenate import Concatenate
from skbackprop.layers.dense import Dense
from skbackprop.layers.dropout import Dropout
from skbackprop.layers.ensemble import Ensemble
from skbackprop.layers.layer import Layer
from skbackprop.layers.layer_norm import LayerNorm
from skbackprop.layers.residual import Residual
from skbackprop.layers.sequential import Sequential

__all__ = [
    "Concatenate",
    "Dense",
    "Dropout",
    "Ensemble",
    "Layer",
    "LayerNorm",
    "Residual",
    "Sequential",
]
