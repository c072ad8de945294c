"""Recipes, those of RealMLP (Holzmüller et al., 2024, table A.1) and ours: what None stands for."""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from skbackprop.layers import (
    PBLD,
    PL,
    PLR,
    Blocks,
    Dropout,
    Embedding,
    Ensemble,
    NTKDense,
    Parametric,
    Passthrough,
    Scale,
    Sequential,
)
from skbackprop.optimizers import AdamW, Muon
from skbackprop.schedules import Scheduled

NUMERIC_EMBEDDINGS = {"pbld": PBLD, "plr": PLR, "pl": PL}
SOLVERS = {"adamw": AdamW, "muon": Muon}
EMBEDDING_SIZE = 8
BIAS_RATE = 0.1  # factor of the learning rate
PATIENCE = 0.4  # of all epochs


@dataclass(frozen=True)
class Recipe:
    """The values of parameters that are None."""

    learning_rate_init: float
    activation: str
    n_estimators: int = 1
    hidden_layer_sizes: tuple = (256, 256, 256)
    batch_size: int | str = 256
    max_iter: int = 256
    early_stopping: bool = False
    parametric: bool = True  # whether the strength of the activation is learned
    numeric_embedding: str | None = "pbld"
    embed_categories: bool = True
    front_scale: bool = True
    dropout: float = 0.15
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    clamp: bool = True
    initializer: str = "data_driven"
    output_initializer: str = "data_driven"


SIMPLE: dict[str, Any] = {
    "parametric": False,
    "numeric_embedding": None,
    "embed_categories": False,
    "dropout": 0.0,
    "weight_decay": 0.0,
    "clamp": False,
    "initializer": "ntk",
    "output_initializer": "zeros",
}
BAGGED: dict[str, Any] = {
    "n_estimators": 5,
    "hidden_layer_sizes": (128, 128, 128),
    "batch_size": "auto",
    "max_iter": 100,
    "early_stopping": True,
}
FOR_CLASSES = {
    "bagged": Recipe(0.04, "selu", **BAGGED),
    "td": Recipe(0.04, "selu"),
    "td_s": Recipe(0.04, "selu", **SIMPLE),
}
FOR_NUMBERS = {
    "bagged": Recipe(0.2, "mish", dropout=0.0, **BAGGED),
    "td": Recipe(0.2, "mish"),
    "td_s": Recipe(0.07, "mish", **SIMPLE),
}


def patience(settings):
    """Epochs after the best one before members stop."""
    if not settings.early_stopping:
        return np.inf
    return settings.n_iter_no_change or ceil(PATIENCE * settings.max_iter)


def batch_size(settings, n_rows):
    """About how many rows a batch has of those that a member learns."""
    if settings.batch_size != "auto":
        return settings.batch_size
    return 64 << int(np.searchsorted([1024, 8192, 30_000, 100_000], n_rows))


def make_root(settings, encoder, n_outputs, n_members):
    """The network of some members: embeddings, front scale, blocks of a dense layer, output."""
    layers = _front(settings, encoder)
    if settings.front_scale:
        layers.append(Scale())
    for n_units in settings.hidden_layer_sizes:
        if settings.parametric:
            layers += [_dense(n_units, settings.initializer), Parametric(settings.activation)]
        else:
            layers.append(_dense(n_units, settings.initializer, settings.activation))
        if settings.dropout:
            layers.append(Dropout(Scheduled(settings.dropout, "flat_cos")))
    layers.append(_dense(n_outputs, settings.output_initializer))
    return Ensemble(n_members, Sequential(layers))


def _dense(n_units, initializer, activation="identity"):
    return NTKDense(n_units, activation, initializer, bias_learning_rate=BIAS_RATE)


def _front(settings, encoder):
    """What makes columns of numbers of the encoder's; none where they are left as they are."""
    kind = NUMERIC_EMBEDDINGS.get(settings.numeric_embedding)
    blocks = [
        (encoder.n_numeric_, Passthrough() if kind is None else kind()),
        (encoder.n_one_hot_, Passthrough()),
        (len(encoder.n_categories_), Embedding(list(encoder.n_categories_), EMBEDDING_SIZE)),
    ]
    blocks = [(n, layer) for n, layer in blocks if n]
    if all(isinstance(layer, Passthrough) for _, layer in blocks):
        return []
    return [Blocks([layer for _, layer in blocks], [n for n, _ in blocks])]


def make_optimizer(settings):
    """Adam, or Muon, with a short memory of squares, and decay that fades."""
    decay = Scheduled(settings.weight_decay, "flat_cos") if settings.weight_decay else 0.0
    return SOLVERS[settings.solver](settings.learning_rate_init, beta_2=settings.beta_2, weight_decay=decay)
