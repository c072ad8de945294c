"""What a user imports."""

from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.persistence import load
from skbackprop.estimators.rate_range import learning_rate_range
from skbackprop.estimators.regressor import BackpropRegressor

__all__ = ["BackpropClassifier", "BackpropRegressor", "learning_rate_range", "load"]
