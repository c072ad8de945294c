"""From what a user has fitted to the estimator with the network, and the rows as this one sees them."""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)

ONE_NETWORK = BackpropRegressor, BackpropClassifier
MEMBERS = TabularBackpropRegressor, TabularBackpropClassifier


def unwrapped(estimator, X, y):
    """(estimator, X, y) inside pipelines, searches with a best estimator, and transformed targets."""
    outer = estimator
    while not isinstance(estimator, (*ONE_NETWORK, *MEMBERS)):
        if isinstance(estimator, Pipeline):
            check_is_fitted(estimator)
            X = estimator[:-1].transform(X) if len(estimator) > 1 else X
            estimator = estimator[-1]
        elif isinstance(estimator, TransformedTargetRegressor):
            check_is_fitted(estimator)
            y, estimator = _transformed_target(estimator, y), estimator.regressor_
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            raise TypeError(
                f"estimator={outer!r} holds no fitted network: give a BackpropRegressor, a "
                "BackpropClassifier, a tabular estimator, or a Pipeline that ends in one."
            )
    return estimator, X, y


def input_names(estimator):
    """What the network's inputs are called, where the data had names of columns; else None."""
    if isinstance(estimator, Pipeline):
        steps = estimator[:-1]
        if not len(steps) or not hasattr(steps, "feature_names_in_"):
            return input_names(estimator[-1])
        try:
            return [str(name) for name in steps.get_feature_names_out()]
        except (AttributeError, ValueError):  # a step that has no names for its output
            return None
    for inner in ("regressor_", "best_estimator_"):
        if hasattr(estimator, inner):
            return input_names(getattr(estimator, inner))
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _transformed_target(estimator, y):
    y = np.asarray(y)
    columns = estimator.transformer_.transform(y.reshape(len(y), -1))
    return columns[:, 0] if columns.ndim == 2 and columns.shape[1] == 1 else columns
