"""Estimators of raw tables."""

from skbackprop.estimators.tabular.classifier import TabularBackpropClassifier
from skbackprop.estimators.tabular.regressor import TabularBackpropRegressor

__all__ = ["TabularBackpropClassifier", "TabularBackpropRegressor"]
