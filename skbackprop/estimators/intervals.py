"""Prediction intervals: from quantiles, or from the residuals of the validation part."""

from collections.abc import Sequence
from numbers import Real

import numpy as np


def check_coverage(coverage):
    """A share between 0 and 1."""
    if not (isinstance(coverage, Real) and 0 < coverage < 1):
        raise ValueError(f"coverage={coverage!r} must be a number between 0 and 1.")


def interval_columns(quantiles: Sequence[float], coverage: float) -> list[int]:
    """The positions of the two quantiles that enclose `coverage`."""
    wanted = (1 - coverage) / 2, (1 + coverage) / 2
    found = [np.flatnonzero(np.isclose(quantiles, quantile, rtol=0, atol=1e-9)) for quantile in wanted]
    if not all(len(position) for position in found):
        raise ValueError(
            f"coverage={coverage} needs the quantiles {wanted[0]:.6g} and {wanted[1]:.6g}, "
            f"but quantile={list(quantiles)}."
        )
    return [int(position[0]) for position in found]


def sorted_residuals(residuals, weight):
    """The residuals of each output in order; with weights as many of their quantiles as there are rows.

    Rows without weight do not count, and whole weights are repetition.
    """
    if weight is None:
        return np.sort(residuals, axis=0)
    columns, counted = residuals.reshape(len(residuals), -1), weight.any(axis=1).sum()
    weights = np.broadcast_to(weight.astype(np.float64), columns.shape)
    levels = (np.arange(counted) + 0.5) / counted

    def quantiles(column, weight):
        order = np.argsort(column)
        order = order[weight[order] > 0]
        if len(order) == 0:
            return np.full(counted, np.nan)
        share = np.cumsum(weight[order]) / weight[order].sum()
        return column[order][np.minimum(np.searchsorted(share, levels), len(order) - 1)]

    of_outputs = [quantiles(column, weight) for column, weight in zip(columns.T, weights.T)]
    return np.column_stack(of_outputs).reshape(-1, *residuals.shape[1:])


def conformal_margin(residuals, coverage):
    """The ceil((n + 1) coverage)-th smallest of n sorted residuals, for each output."""
    if residuals is None:
        raise ValueError(
            "predict_interval needs loss='quantile' with a list of quantiles, or a validation part: fit with "
            "early_stopping=True, validation=..., or X_val and y_val."
        )
    n_residuals = len(residuals)
    rank = int(np.ceil((n_residuals + 1) * coverage - 1e-9))
    if rank > n_residuals:
        raise ValueError(
            f"coverage={coverage} needs at least {int(np.ceil(coverage / (1 - coverage) - 1e-9))} validation "
            f"rows, but there were {n_residuals}."
        )
    return residuals[rank - 1]
