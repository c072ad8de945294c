"""Search for reasons why a fitted model does not learn."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from skbackprop.inspection.data_health import class_findings, input_findings, target_findings
from skbackprop.inspection.findings import Diagnosis, Finding
from skbackprop.inspection.opened import opened
from skbackprop.inspection.rows import some_rows
from skbackprop.inspection.training_health import training_findings
from skbackprop.inspection.unit_health import delta_findings, unit_findings


@np.errstate(over="ignore", invalid="ignore")  # huge values are reported as findings
def diagnose(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None = None,
    *,
    n_rows: int = 1000,
    random_state: int | np.random.RandomState | None = None,
) -> Diagnosis:
    """Search for reasons why a network does not learn, and say what to try.

    The findings may be: nodes that are dead or saturated; layers in which all nodes are dead, as after one
    huge step; deltas that vanish or explode on the way back; steps of the solver that are large or small
    compared with the weights; a loss no better than that of the best constant; inputs or targets that are not
    scaled; rare classes. The estimator is not changed.

    Parameters
    ----------
    estimator : estimator
        A fitted BackpropRegressor, BackpropClassifier, TabularBackpropRegressor or
        TabularBackpropClassifier, or a Pipeline, a TransformedTargetRegressor or a search that ends in one.

    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        The training rows, or similar rows, in the form that `fit` takes.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.

    sample_weight : array-like of shape (n_samples,), default=None
        The sample weights.

    n_rows : int or None, default=1000
        The number of rows to use, drawn at random if there are more. None: all.

    random_state : int, RandomState instance or None, default=None
        Draws the rows.

    Returns
    -------
    diagnosis : Diagnosis
        The findings, each with a number and a remedy; empty if there are no problems.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import diagnose
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> net = BackpropClassifier((20,), early_stopping=True, random_state=0)
    >>> diagnose(make_pipeline(StandardScaler(), net).fit(X, y), X, y)
    Nothing found on 569 rows.
    >>> diagnose(net.fit(X, y), X, y).names
    ['unscaled_inputs', 'no_better_than_constant']
    """
    model = opened(estimator)
    X, y, sample_weight = some_rows(X, y, sample_weight, n_rows, check_random_state(random_state))
    batch = model.batch(X, y, sample_weight)
    findings = [*input_findings(model, X, batch.x), *target_findings(model, batch.y)]
    several = len(model.trained_networks) > 1
    of_nodes: list[Finding] = []
    for k, objective in enumerate(model.objectives()):
        where = f"network {k}, " if several else ""
        dead = unit_findings(objective, batch, where)
        a_dead_layer = any(finding.name == "dead_layer" for finding in dead)
        of_nodes += dead if a_dead_layer else [*dead, *delta_findings(objective, batch, where)]
    of_training = training_findings(model, batch, nodes_learn=not of_nodes)
    findings += [*of_nodes, *of_training, *class_findings(model, batch)]
    return Diagnosis(findings, len(batch.x))
