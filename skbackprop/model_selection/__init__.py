"""Searches over the settings of a network, made of scikit-learn's; a test of learning rates."""

from skbackprop.model_selection.rate_range import LearningRateRange, learning_rate_range
from skbackprop.model_selection.search import BackpropSearchCV

__all__ = ["BackpropSearchCV", "LearningRateRange", "learning_rate_range"]
