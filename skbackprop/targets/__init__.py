"""Convert y to the matrix that the network learns, and back."""

from skbackprop.targets.classification import ManyOutputs, classification_targets
from skbackprop.targets.regression import RegressionTargets

__all__ = ["ManyOutputs", "RegressionTargets", "classification_targets"]
