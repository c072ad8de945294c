"""Rows as the networks of a fitted estimator see them: where whatever looks into an estimator starts."""

import numpy as np

from skbackprop.batches import Batch
from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.weights import check_weight
from skbackprop.model.columns import Data


def inputs_of(estimator, X):
    """The networks' columns of X as the estimator takes it, (n_samples, n_inputs)."""
    if isinstance(estimator, BaseBackprop):
        X = estimator._checked(X)
        return estimator._inputs(X)
    return estimator.model_.inputs(X)


def batch_of(estimator, X, y, sample_weight=None):
    """The same with encoded targets and the weights of the loss; rows that are not learned are left out."""
    if not isinstance(estimator, BaseBackprop):
        rows, _ = estimator._read(X, y, sample_weight)
        return Batch(*rows)
    model = estimator.model_
    columns = model.columns
    X, y = estimator._check_X_y(
        X, y, reset=False, dtype=model.dtype, finite=columns.finite, y_finite=columns.y_finite
    )
    n_outputs = y.shape[1] if estimator._weighs_outputs and y.ndim == 2 else 1
    data = Data(X, y, check_weight(sample_weight, X.shape[0], n_outputs=n_outputs))
    _, kept = columns.seen(X, y)
    data = data if kept is None else data.take(kept)
    weight = estimator._loss_weight(data, np.arange(data.X.shape[0]), incremental=False)
    return Batch(columns.encode(data.X), model.targets.encode(data.y, np.float64), weight)
