"""The outputs of the hidden layers for given rows."""

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from skbackprop.inspection.opened import opened
from skbackprop.layers import Ensemble
from skbackprop.network import net_input


def hidden_activations(estimator: BaseEstimator, X: Any, layer: int | None = None) -> Any:
    """The outputs of the hidden layers.

    Parameters
    ----------
    estimator : estimator
        As in `input_gradients`.

    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Rows in the form that the estimator takes.

    layer : int, str or None, default=None
        The index of a hidden layer, or its name, such as "layers[0]". None: all.

    Returns
    -------
    activations : DataFrame or ndarray
        For all layers: a DataFrame with the columns (layer, node), where nodes count from 1, or (network,
        member, layer, node) for tabular estimators. For one layer: an array of shape (n_samples, n_units);
        for tabular estimators it has a first axis for the members.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import hidden_activations
    >>> X, y = load_iris(return_X_y=True)
    >>> net = BackpropClassifier((8, 4), solver="lbfgs", tol=1e-2, max_iter=1000, random_state=0).fit(X, y)
    >>> hidden_activations(net, X).shape, hidden_activations(net, X, layer="layers[1]").shape
    ((150, 12), (150, 4))
    """
    model = opened(estimator)
    x = model.inputs(X)
    n_hidden = _n_hidden(model.trained_networks[0].root)
    if layer is not None:
        depth = _depth(layer, n_hidden)
        parts = [network.predict(x, net_input, depth) for network in model.trained_networks]
        return parts[0] if parts[0].ndim == 2 else np.concatenate(parts)
    if not n_hidden:
        raise ValueError("The network has no hidden layers.")
    index = X.index if hasattr(X, "iloc") else None
    parts, codes = [], []
    for k, network in enumerate(model.trained_networks):
        for depth in range(1, n_hidden + 1):
            outputs = network.predict(x, net_input, depth)
            for member, of_member in enumerate(outputs.reshape(-1, *outputs.shape[-2:])):
                parts.append(of_member)
                codes += [(k, member, depth - 1, node) for node in range(of_member.shape[1])]
    order = sorted(range(len(codes)), key=codes.__getitem__)
    return pd.DataFrame(np.hstack(parts)[:, order], index, _columns(np.array(codes)[order], network.members))


def _columns(codes, members):
    """(layer, node), or (network, member, layer, node) if there are members."""
    names = ["network", "member", "layer", "node"]
    counts = codes.max(axis=0) + 1
    layers = [f"layers[{i}]" for i in range(counts[2])]
    levels = [range(counts[0]), range(counts[1]), layers, range(1, counts[3] + 1)]
    first = 0 if members else 2
    return pd.MultiIndex(levels[first:], codes.T[first:], names=names[first:])


def _n_hidden(root):
    return len((root.layer if isinstance(root, Ensemble) else root).layers) - 1


def _depth(layer, n_hidden):
    names = [f"layers[{i}]" for i in range(n_hidden)]
    if isinstance(layer, str) and layer in names:
        return names.index(layer) + 1
    if isinstance(layer, Integral) and -n_hidden <= layer < n_hidden:
        return layer % n_hidden + 1
    raise ValueError(f"layer={layer!r} is not a hidden layer: it must be one of {names}, or an index.")
