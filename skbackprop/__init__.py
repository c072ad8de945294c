"""Neural networks for people who live in scikit-learn."""

from skbackprop.estimators import BackpropClassifier, BackpropRegressor, learning_rate_range, load
from skbackprop.layers import (
    BatchNorm,
    Concatenate,
    Dense,
    Dropout,
    Ensemble,
    Frozen,
    Layer,
    LayerNorm,
    NTKDense,
    Parametric,
    Pretrained,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.network import Network

__version__ = "0.1.0"

__all__ = [
    "BackpropClassifier",
    "BackpropRegressor",
    "BatchNorm",
    "Concatenate",
    "Dense",
    "Dropout",
    "Ensemble",
    "Frozen",
    "Layer",
    "LayerNorm",
    "NTKDense",
    "Network",
    "Parametric",
    "Pretrained",
    "Residual",
    "Scale",
    "Sequential",
    "learning_rate_range",
    "load",
]
