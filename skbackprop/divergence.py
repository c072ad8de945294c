"""The error message when a loss or a weight is no longer finite."""

import numpy as np
from scipy.sparse import issparse

from skbackprop.sparse import SparseRows

SEEN = "net_input", "output"  # the work arrays of a layer that are searched


class DivergenceError(ValueError):
    """A loss, a weight or an output is not finite.

    `diverged` is a boolean array of shape () or, for an `Ensemble`, with an entry for each member.
    """

    diverged = None


def look(network, x, training):
    """A forward pass without values of earlier passes: some layers write fewer arrays in prediction."""
    work = network.workspaces[x.shape[-2]].root
    for *_, part in network.parts(work):
        for name in SEEN:
            if hasattr(part, name):
                getattr(part, name).fill(0.0)
    network.forward(x, training)


def explain(network, when, X, y):
    """The place of the first value that is not finite, the range of the data, and what to try."""
    return (
        f"Training diverged at {when}: {first_not_finite(network)}. {data_range(X, y)} "
        "What the estimator had learned before is kept. Try to scale X (StandardScaler) and a numeric "
        "target (TransformedTargetRegressor), a smaller learning rate, or to clip the gradient "
        "(solver=Chain([ClipNorm(1.0), ScaleByAdam()]))."
    )


def first_not_finite(network):
    """The first layer with a value that is not finite in the last forward pass."""
    for name, layer, params, work in network.parts(network.work):
        arrays = [(what, getattr(params, what)) for what in vars(params)]
        arrays += [(what, getattr(work, what)) for what in SEEN if hasattr(work, what)]
        for what, array in arrays:
            if not np.isfinite(array).all():
                return f"the first values that are not finite are the {what} of {name} ({layer!r})"
    return "the loss overflows though the outputs of every layer are finite"


def data_range(X, y):
    """The largest |X| and the spread of the target, in words."""
    X = X.matrix if isinstance(X, SparseRows) else X
    values = X.data if issparse(X) else X
    largest = max(values.max(initial=0.0), -values.min(initial=0.0))
    return (
        f"The largest |X| is {largest:.3g}; the target runs from {y.min():.3g} to {y.max():.3g} "
        f"(standard deviation {y.std(dtype=np.float64):.3g})."
    )
