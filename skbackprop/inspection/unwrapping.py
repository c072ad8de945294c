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


def _transformed_target(estimator, y):
    y = np.asarray(y)
    columns = estimator.transformer_.transform(y.reshape(len(y), -1))
    return columns[:, 0] if columns.ndim == 2 and columns.shape[1] == 1 else columns
