"""Layers, one per file, with forward next to backward. README.md states their contract."""

from skbackprop.layers.batch_norm import BatchNorm
from skbackprop.layers.blocks import Blocks
from skbackprop.layers.concatenate import Concatenate
from skbackprop.layers.conv import Conv1D
from skbackprop.layers.dense import Dense
from skbackprop.layers.dropout import Dropout
from skbackprop.layers.embedding import Embedding
from skbackprop.layers.ensemble import Ensemble
from skbackprop.layers.frozen import Frozen
from skbackprop.layers.layer import Layer
from skbackprop.layers.layer_norm import LayerNorm
from skbackprop.layers.max_pool import MaxPool1D
from skbackprop.layers.ntk_dense import NTKDense
from skbackprop.layers.numeric_embedding import PBLD, PL, PLR
from skbackprop.layers.parametric import Parametric
from skbackprop.layers.passthrough import Passthrough
from skbackprop.layers.pretrained import Pretrained
from skbackprop.layers.residual import Residual
from skbackprop.layers.scale import Scale
from skbackprop.layers.sequential import Sequential

__all__ = [
    "PBLD",
    "PL",
    "PLR",
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
    "Parametric",
    "Passthrough",
    "Pretrained",
    "Residual",
    "Scale",
    "Sequential",
]
