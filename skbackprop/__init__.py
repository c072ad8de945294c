"""Neural networks for people who live in scikit-learn."""

from skbackprop.estimators import BackpropClassifier, BackpropRegressor
from skbackprop.layers import (
    Concatenate,
    Dense,
    Dropout,
    Ensemble,
    Layer,
    LayerNorm,
    Residual,
    Sequential,
)
from skbackprop.network import Network

__version__ = "0.1.0"

__all__ = [
    "BackpropClassifier",
    "BackpropRegressor",
    "Concatenate",
    "Dense",
    "Dropout",
    "Ensemble",
    "Layer",
    "LayerNorm",
    "Network",
    "Residual",
    "Sequential",
]
