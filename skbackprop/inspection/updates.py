"""The next training step of a fitted estimator on given rows, taken by a copy of it."""

from copy import deepcopy
from numbers import Integral
from types import SimpleNamespace

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop.batches import Batch
from skbackprop.estimators import solver as solvers
from skbackprop.optimizers import Descent, Optimizer
from skbackprop.sparse import SparseRows

ALL_ROWS_ARE_TRACED = {
    "_keeps_all": True,
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
        job = self.estimator._begin(X, y, sample_weight)
        if job is None:
            raise ValueError("X or y holds NaN in every row: nothing is left to trace.")
        x, columns, weight = job.batches.all_rows()
        x = x.matrix.toarray() if isinstance(x, SparseRows) else x
        self.batch = Batch(x, columns, weight)
        training = self.estimator._training
        self.network, self.loss, self.member = self.estimator.network_, training.objective.loss, 0
        n_planned = estimator.schedule_epochs or estimator.max_iter
        self.progress = min(training.record.n_epochs / n_planned, 1.0)

    @property
    def targets(self):
        """How y became columns."""
        return self.estimator._targets

    def take(self, solver=None):
        """The gradient of what training minimises, and the change of theta, both like theta."""
        estimator = deepcopy(self.estimator)
        training = estimator._training
        np.copyto(training.theta, estimator.network_.theta)
        if solver is not None:
            estimator.solver, training.descent = solver, None
            estimator._validate_params()
            estimator._prepare_solver(SimpleNamespace(inputs=self.batch.x))
        if training.descent is None:
            raise NoStepError(
                "solver='lbfgs' searches along a line and has no next step of its own: name another one, as "
                "in update('sgd')."
            )
        rate = training.rate.at(self.progress)
        return step(training.objective, training.descent, rate, self.progress, _learned(self.batch))


class TabularStep:
    """All rows as one batch, for a member of a tabular estimator."""

    def __init__(self, estimator, X, y, sample_weight, member):
        check_is_fitted(estimator, "networks_")
        sizes = [len(network.theta) for network in estimator.networks_]
        check_member(member, sum(sizes))
        self.estimator = deepcopy(estimator)
        rows, _ = self.estimator._read(X, y, sample_weight)
        self.batch = Batch(*rows)
        self.place, self.member = 0, member
        while self.member >= sizes[self.place]:
            self.member -= sizes[self.place]
            self.place += 1
        self.network, self.loss = self.estimator.networks_[self.place], self.estimator._loss
        self.progress = 0.0

    @property
    def targets(self):
        """How y became columns."""
        return self.estimator._targets

    def take(self, solver=None):
        """The gradient of what training minimises, and the change of theta, both of the member."""
        estimator = deepcopy(self.estimator)
        settings = estimator._stream_settings()
        streams = estimator._streams or estimator._new_streams(settings)
        training, _ = streams[self.place]
        np.copyto(training.theta, self.network.theta)
        descent, rate = training.descent, training.rate.at(0.0)
        if solver is not None:
            optimizer = _optimizer(solver, settings.learning_rate_init)
            descent, rate = Descent(optimizer, training.objective.network), optimizer.learning_rate
        gradient, change = step(training.objective, descent, rate, 0.0, self.batch)
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
