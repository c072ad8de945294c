"""Attributions: how much each column contributes to each output, by backward passes of the network."""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from skbackprop.inspection.attribution_table import Attributions
from skbackprop.inspection.column_sums import ColumnSums
from skbackprop.inspection.opened import opened
from skbackprop.inspection.output_gradients import OutputFunction
from skbackprop.inspection.path_integral import NODES, integral
from skbackprop.network import ROWS_AT_ONCE

ROUNDING = 1e-9  # relative to a prediction: smaller differences are rounding


def input_gradients(estimator: BaseEstimator, X: Any, *, of: str = "prediction") -> Attributions:
    """The gradients of the outputs with respect to the input columns of the network: df/dx.

    Parameters
    ----------
    estimator : estimator
        A fitted BackpropRegressor, BackpropClassifier, TabularBackpropRegressor or
        TabularBackpropClassifier, or a Pipeline, a TransformedTargetRegressor or a search that ends in one.

    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Rows as the estimator takes them.

    of : {'prediction', 'net_input'}, default='prediction'
        'prediction': the result of `predict`, for classifiers of `predict_proba` (with two classes only
        that of the second one). 'net_input': the net input of the last layer; for several members, the mean.

    Returns
    -------
    gradients : Attributions
        Its columns are the input columns of the network, after the steps of a pipeline.

    See Also
    --------
    integrated_gradients : Contributions that sum to a difference of predictions.

    Notes
    -----
    ``clamp`` is ignored, because its slope is 0 or 1. Inside a TransformedTargetRegressor the prediction is
    that of the inner regressor, in its units. An embedded category has a column for each code, which holds
    the slope of the output along the one-hot column of that code.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.inspection import input_gradients
    >>> X, y = load_diabetes(as_frame=True, return_X_y=True)
    >>> net = BackpropRegressor(target_scaling="standard", solver="lbfgs", max_iter=20, random_state=0)
    >>> input_gradients(net.set_params(tol=1.0).fit(X, y), X[:2]).to_frame().shape
    (2, 10)
    """
    model, function, x = _prepared(estimator, X, of)
    _, names, _ = model.columns(X)
    gradients = function.gradients(x)
    return _table(model, X, gradients, _names_of_places(model, names), function.values(x))


def gradient_times_input(estimator: BaseEstimator, X: Any, *, of: str = "prediction") -> Attributions:
    """The first-order contribution of each column: x df/dx, where x is the input of the network.

    Parameters
    ----------
    estimator : estimator
        As in `input_gradients`.

    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Rows as the estimator takes them.

    of : {'prediction', 'net_input'}, default='prediction'
        As in `input_gradients`.

    Returns
    -------
    attributions : Attributions
        For each column of X the sum over the columns that a pipeline makes from it. A column that is made
        from several, such as a principal component, keeps its own name.

    Notes
    -----
    Contributions sum to the output only if it is linear without a constant; otherwise use
    `integrated_gradients`.
    """
    model, function, x = _prepared(estimator, X, of)
    sums = ColumnSums(model, X)
    contributions = sums(function.gradients(x) * x[:, :, None])
    return _table(model, X, contributions, sums.names, function.values(x))


def integrated_gradients(
    estimator: BaseEstimator,
    X: Any,
    *,
    baseline: ArrayLike | None = None,
    of: str = "prediction",
    n_steps: int = 16,
    tolerance: float = 1e-3,
) -> Attributions:
    """Contributions along the line from a baseline b to x: (x - b) times the mean of df/dx on the line.

    They sum to f(x) - f(b), up to the error of the mean. The line is split into pieces with four
    Gauss-Legendre points each. A piece on which the sum is wrong is halved repeatedly, so that pieces are
    short at the kinks of relu and long elsewhere.

    Parameters
    ----------
    estimator : estimator
        As in `input_gradients`.

    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Rows as the estimator takes them.

    baseline : {array-like, sparse matrix, DataFrame} of shape (1, n_features) or (n_samples, n_features), \
default=None
        A row to compare with, or one for each row, in the same format as X. None: the mean of the rows, as
        inputs of the network.

    of : {'prediction', 'net_input'}, default='prediction'
        As in `input_gradients`.

    n_steps : int, default=16
        The initial number of points, four for each piece.

    tolerance : float, default=1e-3
        The largest accepted difference between the sum and f(x) - f(b), relative to the largest
        |f(x) - f(b)| of the output.

    Returns
    -------
    attributions : Attributions
        With `completeness_errors`; columns as in `gradient_times_input`.

    Warns
    -----
    UserWarning
        If the sum is not within `tolerance` for some rows.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import integrated_gradients
    >>> X, y = load_iris(return_X_y=True)
    >>> net = BackpropClassifier((10,), solver="lbfgs", tol=1e-2, max_iter=1000, random_state=0).fit(X, y)
    >>> attributions = integrated_gradients(net, X)
    >>> attributions.values.shape
    (150, 4, 3)
    >>> bool(abs(attributions.completeness_errors).max() < 1e-3)
    True
    """
    _check_whole("n_steps", n_steps, least=1)
    if not (isinstance(tolerance, Real) and tolerance > 0):
        raise ValueError(f"tolerance={tolerance!r} must be a number > 0.")
    model, function, x = _prepared(estimator, X, of)
    start = x.mean(axis=0, keepdims=True) if baseline is None else _expanded_rows(model, baseline)
    if len(start) not in (1, len(x)):
        raise ValueError(f"baseline has {len(start)} rows: give one, or one for each of the {len(x)} of X.")
    start = np.broadcast_to(start, x.shape)
    sums = ColumnSums(model, X)
    predictions, base_values = function.values(x), function.values(start)
    change = predictions - base_values
    allowed = tolerance * np.abs(change).max(axis=0) + ROUNDING * np.abs(predictions).max(axis=0)
    n_pieces = -(-n_steps // len(NODES))
    pieces = [integral(function, start[rows], x[rows], sums, n_pieces, allowed) for rows in _pieces(len(x))]
    found = _table(model, X, np.concatenate(pieces), sums.names, predictions, base_values)
    n_missed = int((np.abs(found.completeness_errors) > allowed).any(axis=1).sum())
    if n_missed:
        warnings.warn(
            f"The sums of the attributions of {n_missed} of {len(x)} rows differ from f(x) - f(baseline) by "
            f"more than tolerance={tolerance!r} times its largest value: see completeness_errors.",
            stacklevel=2,
        )
    return found


def expected_gradients(
    estimator: BaseEstimator,
    X: Any,
    background: Any,
    *,
    of: str = "prediction",
    n_samples: int = 200,
    random_state: int | np.random.RandomState | None = None,
) -> Attributions:
    """Integrated gradients, averaged over background rows as baselines: an estimate of SHAP values.

    For each row, `n_samples` pairs of a background row b and a position t on the line from b to x are drawn;
    the result is the mean of (x - b) df/dx at b + t (x - b). All background rows are used equally often, and
    positions come from equal parts of [0, 1]. The contributions sum to f(x) - mean f(b), up to sampling
    error.

    Parameters
    ----------
    estimator : estimator
        As in `input_gradients`.

    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Rows as the estimator takes them.

    background : {array-like, sparse matrix, DataFrame} of shape (n_background, n_features)
        Rows to compare with, for example some of the training rows.

    of : {'prediction', 'net_input'}, default='prediction'
        As in `input_gradients`.

    n_samples : int, default=200
        The number of pairs for each row.

    random_state : int, RandomState instance or None, default=None
        Draws the pairs.

    Returns
    -------
    attributions : Attributions
        With `standard_errors`, and `completeness_errors`; columns as in `gradient_times_input`.

    References
    ----------
    .. [1] G. Erion, J. Janizek, P. Sturmfels, S. Lundberg, S.-I. Lee, "Improving Performance of Deep Learning
       Models with Axiomatic Attribution Priors and Expected Gradients", Nature Machine Intelligence 3, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import expected_gradients
    >>> X, y = load_iris(return_X_y=True)
    >>> net = BackpropClassifier((10,), solver="lbfgs", tol=1e-2, max_iter=1000, random_state=0).fit(X, y)
    >>> expected_gradients(net, X[:5], X[::10], random_state=0).values.shape
    (5, 4, 3)
    """
    _check_whole("n_samples", n_samples, least=2)
    random = check_random_state(random_state)
    model, function, x = _prepared(estimator, X, of)
    starts = _expanded_rows(model, background)
    sums = ColumnSums(model, X)
    turns = np.resize(random.permutation(len(starts)), n_samples)
    strata = random.permutation(n_samples)[:, None]
    places = (strata + random.uniform(size=(n_samples, len(x)))) / n_samples
    pieces = [_moments(function, starts[turns], x[rows], places[:, rows], sums) for rows in _pieces(len(x))]
    mean, mean_square = (np.concatenate(parts) for parts in zip(*pieces))
    errors = np.sqrt(np.maximum(mean_square - mean**2, 0.0) / (n_samples - 1))
    base_values = function.values(starts).mean(axis=0, keepdims=True)
    return _table(model, X, mean, sums.names, function.values(x), base_values, errors)


def _moments(function, starts, x, places, sums):
    """Means of c_k and of c_k^2 over k, c_k = (x - b_k) df/dx at b_k + t_k (x - b_k), summed by column."""
    total = total_of_squares = 0.0
    n_at_once = max(1, ROWS_AT_ONCE // len(x))
    for k in range(0, len(places), n_at_once):
        b, t = starts[k : k + n_at_once, None], places[k : k + n_at_once, :, None]
        change = x - b  # (n_steps, n_samples, n_inputs)
        gradients = function.gradients((b + t * change).reshape(-1, x.shape[1]))
        gradients *= change.reshape(-1, x.shape[1], 1)
        contributions = sums(gradients).reshape(*t.shape[:2], len(sums.names), -1)
        total = total + contributions.sum(axis=0)
        total_of_squares = total_of_squares + np.square(contributions).sum(axis=0)
    return total / len(places), total_of_squares / len(places)


def _pieces(n_rows):
    return [slice(k, k + ROWS_AT_ONCE) for k in range(0, n_rows, ROWS_AT_ONCE)]


def _prepared(estimator, X, of):
    model = opened(estimator)
    function = OutputFunction(model, of)
    return model, function, _expanded_rows(model, X)


def _expanded_rows(model, X):
    return model.expanded[0].rows(model.inputs(X))


def _names_of_places(model, names):
    """The names of the networks' columns; a column of codes has a name for each code."""
    expanded = model.expanded[0]
    found = []
    for name, count in zip(names, expanded.counts):
        found += [f"{name}[{code}]" for code in range(count)] or [name]
    return found


def _table(model, X, values, names, predictions, base_values=None, standard_errors=None):
    index = X.index if hasattr(X, "iloc") else None
    return Attributions(
        values, names, model.output_names, predictions, base_values, standard_errors, index=index
    )


def _check_whole(name, value, least):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name}={value!r} must be an integer >= {least}.")
