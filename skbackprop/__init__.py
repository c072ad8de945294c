"""Neural networks for people who live in scikit-learn."""

from skbackprop.estimators import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
    learning_rate_range,
    load,
)
from skbackprop.layers import (
    PBLD,
    PL,
    PLR,
    BatchNorm,
    Blocks,
    Concatenate,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Ensemble,
    Frozen,
    Layer,
    LayerNorm,
    MaxPool1D,
    NTKDense,
    Parametric,
    Passthrough,
    Pretrained,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.model_selection import BackpropSearchCV
from skbackprop.network import Network
from skbackprop.trusted import trusted_types

__version__ = "0.1.0"

__all__ = [
    "PBLD",
    "PL",
    "PLR",
    "BackpropClassifier",
    "BackpropRegressor",
    "BackpropSearchCV",
    "BatchNorm",
    "Blocks",
    "Concatenate",
    "Conv1D",
    "Dense",
    "Dropout",
    "Embedding",
    "Ensemble",
    "Frozen",
    "Layer",
    "LayerNorm",
    "MaxPool1D",
    "NTKDense",
    "Network",
    "Parametric",
    "Passthrough",
    "Pretrained",
    "Residual",
    "Scale",
    "Sequential",
    "TabularBackpropClassifier",
    "TabularBackpropRegressor",
    "learning_rate_range",
    "load",
    "trusted_types",
]
