"""Columns of numbers on one scale that outliers do not set, and between limits that they do not pass."""

import numpy as np

FAR = 1e9  # limits from 0 on, where nothing is left of the difference to the limit


def center_and_scale(X):
    """Of each column: the median, and 1 / (q75 - q25), or else 2 / (max - min), or else 0."""
    center, scale = np.zeros((2, X.shape[1]))
    for j in range(X.shape[1]):
        known = X[~np.isnan(X[:, j]), j].astype(np.float64)
        if len(known):
            low, q25, center[j], q75, high = np.quantile(known, [0, 0.25, 0.5, 0.75, 1])
            half = q75 / 2 - q25 / 2 or (high / 2 - low / 2) / 2
            scale[j] = 0.5 / max(half, np.finfo(np.float64).tiny) if half else 0.0
    return center, scale


def squash(X, center, scale, limit):
    """z = (x - center) scale, then z / sqrt(1 + (z / limit)^2), in place."""
    with np.errstate(over="ignore", invalid="ignore"):  # of huge numbers
        X -= center.astype(X.dtype)
        X *= scale.astype(X.dtype)
    if limit is not None:
        np.clip(X, -FAR * limit, FAR * limit, out=X)
        X /= np.sqrt(1 + np.square(X / limit))
    return X
