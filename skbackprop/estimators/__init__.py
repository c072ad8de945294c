"""What a user imports."""

from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.regressor import BackpropRegressor
from skbackprop.estimators.tabular import TabularBackpropClassifier, TabularBackpropRegressor
from skbackprop.persistence import load

__all__ = [
    "BackpropClassifier",
    "BackpropRegressor",
    "TabularBackpropClassifier",
    "TabularBackpropRegressor",
    "load",
]
