"""Compare backpropagation with central differences, for a user's own network and rows."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from skbackprop.inspection.comparison import Comparison, summed
from skbackprop.inspection.gradient_report import GradientReport
from skbackprop.inspection.opened import opened
from skbackprop.inspection.rows import some_rows


@np.errstate(over="ignore", invalid="ignore")  # huge values may overflow
def check_gradients(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None = None,
    *,
    n_coordinates: int = 20,
    n_directions: int = 2,
    n_rows: int = 100,
    tolerance: float = 1e-6,
    random_state: int | np.random.RandomState | None = None,
) -> GradientReport:
    """Compare every layer's gradient by backpropagation with central differences.

    Everything is computed on a copy of the network in float64, with the objective of training: the weighted
    loss plus the L2 penalty. The estimator is not changed.

    Parameters
    ----------
    estimator : estimator
        A fitted BackpropRegressor, BackpropClassifier, TabularBackpropRegressor or
        TabularBackpropClassifier, or a Pipeline, a TransformedTargetRegressor or a search that ends in one.

    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Rows in the form that the estimator takes.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.

    sample_weight : array-like of shape (n_samples,), default=None
        The sample weights.

    n_coordinates : int or None, default=20
        How many random entries of each parameter array are changed one by one. None: all.

    n_directions : int, default=2
        The number of random directions along which each parameter array, and the input of each layer, is
        changed as a whole.

    n_rows : int or None, default=100
        The number of rows to use, drawn at random if there are more. None: all.

    tolerance : float, default=1e-6
        The largest relative error of a gradient that counts as right.

    random_state : int, RandomState instance or None, default=None
        Draws rows, coordinates and directions.

    Returns
    -------
    report : GradientReport
        Printing it shows a table by layer, what is wrong, and the cost of both methods.

    Notes
    -----
    dE/dw = (E(w + h) - E(w - h)) / 2h + O(h^2), with h from 1e-7 to 1e-3. If no h agrees, the verdict is
    "wrong". It is "kink" if the slopes on both sides of w differ and that of backpropagation lies between
    them, as for a relu node whose net input is exactly 0. A shorter h avoids a kink that is only nearby.

    Dropout draws the same nodes in every pass. Frozen parameters are left out.

    Each layer is also checked alone: its input gradient and its parameters, for a random function of its
    output. A layer that is wrong in the network but right alone gets a wrong delta from a later layer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import check_gradients
    >>> X, y = load_iris(return_X_y=True)
    >>> net = BackpropClassifier((10,), "tanh", random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    >>> report = check_gradients(net, X, y, random_state=0)
    >>> report.right, report.wrong_layers
    (True, [])
    """
    _check_arguments(n_coordinates, n_directions, tolerance)
    random = check_random_state(random_state)
    model = opened(estimator)
    batch = model.batch(*some_rows(X, y, sample_weight, n_rows, random))
    kinds: dict[str, str] = {}
    found, costs = [], []
    for k, objective in enumerate(model.objectives()):
        comparison = Comparison(objective, batch, random, tolerance)
        if not np.isfinite(comparison.value()):
            raise ValueError(
                "The loss on these rows is not finite, so there is no slope to compare. Scale X, and scale y "
                "with target_scaling; `trace` shows the numbers that overflow."
            )
        of_loss = comparison.loss(n_directions)
        of_parameters = comparison.parameters(n_coordinates, n_directions)
        of_layers = comparison.layers_alone(n_directions)
        parts = [*of_loss, *of_parameters, *of_layers]
        found += [{"network": k, **part._asdict()} for part in parts]
        costs.append(comparison.costs([part for part in of_parameters if part.is_coordinate]))
        kinds |= comparison.kinds
    return GradientReport(pd.DataFrame(found), summed(costs), kinds, tolerance, len(batch.x))


def _check_arguments(n_coordinates, n_directions, tolerance):
    if n_coordinates is not None and not (isinstance(n_coordinates, Integral) and n_coordinates >= 0):
        raise ValueError(f"n_coordinates={n_coordinates!r} must be an integer >= 0, or None.")
    if not (isinstance(n_directions, Integral) and n_directions >= 0):
        raise ValueError(f"n_directions={n_directions!r} must be an integer >= 0.")
    if n_directions == n_coordinates == 0:
        raise ValueError("n_coordinates=0 and n_directions=0: nothing is left to check.")
    if not (isinstance(tolerance, Real) and 0 < tolerance < 1):
        raise ValueError(f"tolerance={tolerance!r} must be a number between 0 and 1.")
