"""A grid search over the parameters of a network, and a test of a range of learning rates."""

from skbackprop.model_selection.rate_range import LearningRateRange, learning_rate_range
from skbackprop.model_selection.search import BackpropSearchCV

__all__ = ["BackpropSearchCV", "LearningRateRange", "learning_rate_range"]
