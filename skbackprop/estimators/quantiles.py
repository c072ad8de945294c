"""Predictions of numbers, some of which are several quantiles: which these are, and how good."""

import numpy as np
from sklearn.metrics import d2_pinball_score, r2_score

from skbackprop.losses import JointLoss


def quantiles_of_targets(loss, n_targets):
    """For each target the quantiles that a prediction has a column for, () where it is one number."""
    losses = loss.losses if isinstance(loss, JointLoss) else [loss] * n_targets
    return [tuple(getattr(of_target, "quantiles", ())) for of_target in losses]


def regression_score(y, prediction, quantiles, sample_weight=None):
    """R^2, for several quantiles the mean of their D^2; the mean over outputs."""
    if sample_weight is not None and np.ndim(sample_weight) == 2:
        return _score_of_outputs(y, prediction, quantiles, sample_weight)
    if not any(quantiles):
        return r2_score(y, prediction, sample_weight=sample_weight)
    y, prediction = np.asarray(y), prediction.reshape(len(prediction), -1)
    scores, columns = [], iter(prediction.T)
    for target, of_target in zip(y.reshape(len(y), -1).T, quantiles):
        if not of_target:
            scores.append(r2_score(target, next(columns), sample_weight=sample_weight))
            continue
        d2 = [
            d2_pinball_score(target, next(columns), sample_weight=sample_weight, alpha=q) for q in of_target
        ]
        scores.append(np.mean(d2))
    return float(np.mean(scores))


def _score_of_outputs(y, prediction, quantiles, sample_weight):
    """The mean over outputs, each on the rows that have a weight for it; NaN where fewer than two have."""
    scores, first = [], 0
    prediction = prediction.reshape(len(prediction), -1)
    for target, of_target, weight in zip(np.asarray(y).T, quantiles, np.asarray(sample_weight).T):
        columns = slice(first, first := first + max(1, len(of_target)))
        counted = weight > 0
        if counted.sum() > 1:
            part = prediction[counted, columns]
            scores.append(regression_score(target[counted], part, [of_target], weight[counted]))
    return float(np.mean(scores)) if scores else np.nan
