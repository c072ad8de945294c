"""Every layer, place, activation, loss and optimizer, by name: tables of tests are crossings of these.

A new one takes its line here, and is in all of them.
"""

import numpy as np

from skbackprop.activations import ACTIVATIONS, ELU, Bounded, LeakyReLU, Softmax
from skbackprop.layers import (
    PBLD,
    BatchNorm,
    Blocks,
    Concatenate,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Ensemble,
    LayerNorm,
    MaxPool1D,
    NTKDense,
    Parametric,
    Passthrough,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.losses import (
    AbsoluteError,
    BinaryLogLoss,
    CrossEntropy,
    Gamma,
    Huber,
    JointLoss,
    LogCosh,
    MultinomialLogLoss,
    Poisson,
    Quantile,
    Quantiles,
    SquaredError,
)
from skbackprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Chain,
    ClipNorm,
    ClipValue,
    DecayWeights,
    Lion,
    Muon,
    NAdam,
    RMSProp,
)

N_INPUTS, N_OUTPUTS = 3, 2


def alone(phi):
    """One node, or two that share 1: a single one would be 1 always."""
    return Dense(2 if isinstance(phi, Softmax) else 1, phi)


# Each keeps the width, so that it fits into Residual.
LAYERS = {
    "Dense": lambda phi, m: Dense(m, phi),
    "one node": lambda phi, m: Sequential([alone(phi), Dense(m, phi)]),
    "Dropout": lambda phi, m: Sequential([Dropout(0.3), Dense(m, phi), Dropout(0.4)]),
    "BatchNorm": lambda phi, m: Sequential([BatchNorm(epsilon=0.1), Dense(m, phi), BatchNorm(epsilon=0.1)]),
    "LayerNorm": lambda phi, m: Sequential([LayerNorm(0.1), Dense(m, phi), LayerNorm(0.1)]),
    "Residual": lambda phi, m: Residual(Sequential([Dense(2, phi), Dense(m, phi)])),
    "Concatenate": lambda phi, m: Concatenate([Dense(2, phi), Sequential([Dense(2, phi), Dense(m - 2)])]),
    "Sequential": lambda phi, m: Sequential([Dense(2, phi), Sequential([Dense(m, phi)])]),
    "NTKDense": lambda phi, m: Sequential([Scale(), NTKDense(m, phi)]),
    "Blocks": lambda phi, m: Sequential(
        [Blocks([PBLD(3, 2), Embedding(2, 2), Passthrough()], [m - 2, 1, 1]), Dense(m, phi)]
    ),
    "Conv1D": lambda phi, m: Sequential([Conv1D(4, 2, 1, phi), Conv1D(m, m - 1, 4, phi)]),
    "MaxPool1D": lambda phi, m: Sequential([Dense(5, phi), MaxPool1D(2), Dense(2 * m, phi), MaxPool1D(2, m)]),
    "Parametric": lambda phi, m: Sequential([Parametric(phi), NTKDense(m, "identity"), Parametric(phi)]),
}
PLACES = {
    "plain": lambda layer: Sequential([layer, Dense(N_OUTPUTS, "identity")]),
    "inside Residual": lambda layer: Sequential([Residual(layer), Dense(N_OUTPUTS, "identity")]),
    "inside Ensemble": lambda layer: Ensemble(2, Sequential([layer, Dense(N_OUTPUTS, "identity")])),
}
PHIS = {
    **{name: kind() for name, kind in ACTIVATIONS.items()},
    "leaky_relu(0.4)": LeakyReLU(0.4),
    "leaky_relu(1)": LeakyReLU(1.0),
    "elu(0.4)": ELU(0.4),
    "Bounded(-2, 3)": Bounded(-2.0, 3.0),
}


def numbers(random_state, n):
    return random_state.normal(size=(n, N_OUTPUTS))


def one_number(random_state, n):
    return random_state.normal(size=(n, 1))


def counts(random_state, n):
    return random_state.poisson(1.5, (n, N_OUTPUTS)).astype(float)


def positive(random_state, n):
    return random_state.gamma(2.0, size=(n, N_OUTPUTS))


def shares(random_state, n):
    return random_state.dirichlet(np.ones(N_OUTPUTS), n)


def labels(random_state, n):
    return random_state.randint(2, size=(n, N_OUTPUTS)).astype(float)


def one_hot(random_state, n):
    return np.eye(N_OUTPUTS)[random_state.randint(N_OUTPUTS, size=n)]


LOSSES = {
    "squared": (SquaredError(), numbers),
    "absolute": (AbsoluteError(), numbers),
    "Huber(0.1)": (Huber(0.1), numbers),
    "Huber(0.5)": (Huber(0.5), numbers),
    "Huber(5)": (Huber(5.0), numbers),
    "log cosh": (LogCosh(), numbers),
    "Quantile(0.1)": (Quantile(0.1), numbers),
    "Quantile(0.5)": (Quantile(0.5), numbers),
    "Quantile(0.8)": (Quantile(0.8), numbers),
    "Poisson": (Poisson(), counts),
    "Gamma": (Gamma(), positive),
    "cross entropy": (CrossEntropy(), shares),
    "binary": (BinaryLogLoss(), labels),
    "binary, smooth": (BinaryLogLoss(0.2), labels),
    "multinomial": (MultinomialLogLoss(), one_hot),
    "multinomial, smooth": (MultinomialLogLoss(0.2), one_hot),
    "Quantiles": (Quantiles((0.2, 0.7)), one_number),
    "joint": (JointLoss([Gamma(), Huber(0.5)]), positive),
}

OPTIMIZERS = {
    "sgd": SGD(0.01),
    "momentum": SGD(0.01, 0.9),
    "nesterov": SGD(0.01, 0.9, True),
    "adam": Adam(0.01),
    "adamw": AdamW(0.01, weight_decay=0.1),
    "nadam": NAdam(),
    "rmsprop": RMSProp(),
    "lion": Lion(),
    "muon": Muon(),
    "clip and decay": Chain([ClipValue(0.5), ClipNorm(0.1), DecayWeights(0.1)], learning_rate=0.01),
}
