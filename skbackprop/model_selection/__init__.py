"""Searches over the settings of a network, made of scikit-learn's."""

from skbackprop.model_selection.search import BackpropSearchCV

__all__ = ["BackpropSearchCV"]
