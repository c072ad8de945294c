"""The next training step of a fitted estimator on given rows, taken by a copy of it."""

from copy import deepcopy
from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop.batches import Batch
from skbackprop.estimators import solver as solvers
from skbackprop.estimators.fitting import Fitting
from skbackprop.estimators.seen import batch_of
from skbackprop.estimators.settings import Settings
from skbackprop.estimators.tabular.base import streams_of
from skbackprop.optimizers import Descent, Optimizer
from skbackprop.sparse import SparseRows

ALL_ROWS_ARE_TRACED = {
    "warm_start": True,
    "early_stopping": False,
    "validation": None,
    "calibration": None,
    "checkpoint": None,
    "resume": False,
    "grow": False,
    "batch_size": "auto",
}


class NoStepError(ValueError):
    """The solver takes no single steps."""


class EstimatorStep:
    """All rows as one batch, for the network of a `BackpropRegressor` or a `BackpropClassifier`."""

    def __init__(self, estimator, X, y, sample_weight, member):
        check_is_fitted(estimator)
        check_member(member, 1)
        self.estimator = deepcopy(estimator)
        vars(self.estimator).update(ALL_ROWS_ARE_TRACED)
        fitting = Fitting(self.estimator, keeps_all=True)
        if not fitting.begin(X, y, sample_weight):
            raise ValueError("X or y holds NaN in every row: nothing is left to trace.")
        x, columns, weight = fitting.batches.all_rows()
        x = x.matrix.toarray() if isinstance(x, SparseRows) else x
        self.batch = Batch(x, columns, weight)
        self.network, self.loss, self.member = self.estimator.network_, self.estimator.model_.loss, 0
        n_planned = estimator.schedule_epochs or estimator.max_iter
        self.progress = min(fitting.run.record.n_epochs / n_planned, 1.0)

    @property
    def targets(self):
        """How y became columns."""
        return self.estimator.model_.targets

    def take(self, solver=None):
        """The gradient of what training minimises, and the change of theta, both like theta."""
        estimator = deepcopy(self.estimator)
        run = estimator.run_
        np.copyto(run.theta, estimator.network_.theta)
        if solver is not None:
            estimator.solver, run.descent = solver, None
            solvers.prepare(run, Settings.of(estimator), estimator.network_)
        if run.descent is None:
            raise NoStepError(
                "solver='lbfgs' searches along a line and has no next step of its own: name another one, as "
                "in update('sgd')."
            )
        rate = run.rate.at(self.progress)
        return step(run.objective, run.descent, rate, self.progress, _learned(self.batch))


class TabularStep:
    """All rows as one batch, for a member of a tabular estimator."""

    def __init__(self, estimator, X, y, sample_weight, member):
        check_is_fitted(estimator, "model_")
        sizes = [len(network.theta) for network in estimator.networks_]
        check_member(member, sum(sizes))
        self.estimator = deepcopy(estimator)
        self.batch = batch_of(self.estimator, X, y, sample_weight)
        self.place, self.member = 0, member
        while self.member >= sizes[self.place]:
            self.member -= sizes[self.place]
            self.place += 1
        self.network, self.loss = self.estimator.networks_[self.place], self.estimator.model_.loss
        self.progress = 0.0

    @property
    def targets(self):
        """How y became columns."""
        return self.estimator.model_.targets

    def take(self, solver=None):
        """The gradient of what training minimises, and the change of theta, both of the member."""
        estimator = deepcopy(self.estimator)
        streams, settings = streams_of(estimator)
        run, _ = streams[self.place]
        np.copyto(run.theta, self.network.theta)
        descent, rate = run.descent, run.rate.at(0.0)
        if solver is not None:
            optimizer = _optimizer(solver, settings.learning_rate_init)
            descent, rate = Descent(optimizer, run.objective.network), optimizer.learning_rate
        gradient, change = step(run.objective, descent, rate, 0.0, self.batch)
        return gradient[self.member], change[self.member]


def _learned(batch):
    """The rows that training sees: none of weight 0."""
    if batch.weight is None or not (counts := batch.weight.any(axis=1)).any():
        return batch
    return Batch(*(part[counts] for part in batch))


def _optimizer(solver, learning_rate):
    if isinstance(solver, Optimizer):
        return solver
    if solver not in solvers.SOLVERS:
        raise ValueError(f"solver={solver!r} must be one of {sorted(solvers.SOLVERS)}, or an optimizer.")
    kind, _ = solvers.SOLVERS[solver]
    return kind(learning_rate=learning_rate)


def step(objective, descent, rate, progress, batch):
    """(gradient, change of theta) of one step at the weights that the network predicts with."""
    network = objective.network
    descent.learning_rate[...] = rate
    objective.set_progress(progress)
    descent.set_progress(progress)
    before = network.theta.copy()
    with np.errstate(all="ignore"):
        objective.value_and_gradient(batch)
        gradient = network.gradient.copy()
        descent.step()
    return gradient, network.theta - before


def check_member(member, n_members):
    """Which of the members is traced."""
    if not (isinstance(member, Integral) and 0 <= member < n_members):
        raise ValueError(f"member={member!r} must be a whole number from 0 to {n_members - 1}.")
