"""y to and from the matrix that the network learns."""

from skbackprop.targets.classification import ManyOutputs, classification_targets
from skbackprop.targets.regression import RegressionTargets

__all__ = ["ManyOutputs", "RegressionTargets", "classification_targets"]
