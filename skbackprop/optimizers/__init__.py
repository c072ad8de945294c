"""Gradient descent as a chain of small transforms of one flat vector, in place.

An `Optimizer` holds settings: which transforms, in which order. A `Descent` binds it to a network and
owns its arrays.
"""

from skbackprop.optimizers.adam import Adam, AdamW, ScaleByAdam
from skbackprop.optimizers.clipping import ClipNorm, ClipValue
from skbackprop.optimizers.decay import DecayWeights
from skbackprop.optimizers.descent import Descent
from skbackprop.optimizers.lion import Lion, ScaleByLion
from skbackprop.optimizers.muon import Muon, Orthogonalize
from skbackprop.optimizers.nadam import NAdam, ScaleByNAdam
from skbackprop.optimizers.optimizer import Chain, Optimizer
from skbackprop.optimizers.rms_prop import RMSProp, ScaleByRMS
from skbackprop.optimizers.sgd import SGD, Momentum, NesterovMomentum
from skbackprop.optimizers.transform import GradientTransform, ScaleByLearningRate

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Chain",
    "ClipNorm",
    "ClipValue",
    "DecayWeights",
    "Descent",
    "GradientTransform",
    "Lion",
    "Momentum",
    "Muon",
    "NAdam",
    "NesterovMomentum",
    "Optimizer",
    "Orthogonalize",
    "RMSProp",
    "ScaleByAdam",
    "ScaleByLearningRate",
    "ScaleByLion",
    "ScaleByNAdam",
    "ScaleByRMS",
]
