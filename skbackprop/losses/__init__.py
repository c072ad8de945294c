"""Losses, and the names by which an estimator finds them."""

from skbackprop.losses.classification import BinaryLogLoss, LogLoss, MultinomialLogLoss
from skbackprop.losses.cross_entropy import CrossEntropy
from skbackprop.losses.joint import JointLoss
from skbackprop.losses.loss import Loss
from skbackprop.losses.quantile import Quantile, Quantiles
from skbackprop.losses.regression import AbsoluteError, Gamma, Huber, LogCosh, Poisson, SquaredError

REGRESSION_LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
    "cross_entropy": CrossEntropy,
}
CLASSIFICATION_LOSSES = {"log_loss": LogLoss}

__all__ = [
    "CLASSIFICATION_LOSSES",
    "REGRESSION_LOSSES",
    "AbsoluteError",
    "BinaryLogLoss",
    "CrossEntropy",
    "Gamma",
    "Huber",
    "JointLoss",
    "LogCosh",
    "LogLoss",
    "Loss",
    "MultinomialLogLoss",
    "Poisson",
    "Quantile",
    "Quantiles",
    "SquaredError",
]
