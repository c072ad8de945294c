"""From what a user has fitted to the estimator with the network, and the rows as this one sees them."""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skbackprop.compat import BaseSearchCV
from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.tabular.base import BaseTabular


def layers_around(estimator):
    """(the steps before it, the transformers of its target, the estimator of this library inside)."""
    before, targets, model = [], [], estimator
    while not isinstance(model, BaseBackprop | BaseTabular):
        if isinstance(model, BaseSearchCV | TransformedTargetRegressor | Pipeline):
            check_is_fitted(model)
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, TransformedTargetRegressor):
            targets.append(model.transformer_)
            model = model.regressor_
        elif isinstance(model, Pipeline):
            before += [step for _, step in model.steps[:-1] if step is not None and step != "passthrough"]
            model = model.steps[-1][1]
        else:
            raise TypeError(
                f"estimator={estimator!r} holds no fitted network: give a fitted BackpropRegressor, "
                "BackpropClassifier, TabularBackpropRegressor or TabularBackpropClassifier, or a Pipeline, a "
                "TransformedTargetRegressor or a search that ends in one."
            )
    return before, targets, model


def transformed_rows(steps, X):
    """X after the steps before the estimator."""
    for step in steps:
        X = step.transform(X)
    return X


def transformed_targets(transformers, y):
    """y as the estimator has learned it: a column stays one."""
    for transformer in transformers:
        y = np.asarray(y)
        columns = np.asarray(transformer.transform(y.reshape(len(y), -1)))  # of whatever container
        y = columns[:, 0] if y.ndim == 1 and columns.shape[1:] == (1,) else columns
    return y


def unwrapped(estimator, X, y):
    """(estimator, X, y) inside pipelines, searches with a best estimator, and transformed targets."""
    before, targets, model = layers_around(estimator)
    return model, transformed_rows(before, X), transformed_targets(targets, y)


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
