"""Neural networks for people who live in scikit-learn."""

from skbackprop.estimators import BackpropClassifier, BackpropRegressor, learning_rate_range, load
from skbackprop.layers import (
    PBLD,
    PL,
    PLR,
    BatchNorm,
    Blocks,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Ensemble,
    Frozen,
    Layer,
    LayerNorm,
    NTKDense,
    Parametric,
    Passthrough,
    Pretrained,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.network import Network

__version__ = "0.1.0"

__all__ = [
    "PBLD",
    "PL",
    "PLR",
    "BackpropClassifier",
    "BackpropRegressor",
    "BatchNorm",
    "Blocks",
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "Ensemble",
    "Frozen",
    "Layer",
    "LayerNorm",
    "NTKDense",
    "Network",
    "Parametric",
    "Passthrough",
    "Pretrained",
    "Residual",
    "Scale",
    "Sequential",
    "learning_rate_range",
    "load",
]
