"""What the regressor and the classifier share: the network, fitting, the fitted attributes."""

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy
from operator import ge, gt, is_
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.optimize import _check_optimize_result

from skbackprop.activations import ACTIVATIONS
from skbackprop.averaging import AVERAGES, Averaging
from skbackprop.batches import Batches
from skbackprop.divergence import DivergenceError
from skbackprop.estimators import building, solver
from skbackprop.estimators.fitted import FittedNetwork
from skbackprop.estimators.missing import MISSING
from skbackprop.estimators.monitor import Monitor, Rows, split
from skbackprop.estimators.parameters import BackpropParameters
from skbackprop.estimators.validation import about, check_weight, restore, unchanged_on_error
from skbackprop.lbfgs import check_network, minimize_lbfgs
from skbackprop.names import resolve
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.training import Curves, Training, train

ARCHITECTURE = (
    *("hidden_layer_sizes", "activation", "loss", "quantile", "output_layer", "output_activation"),
    *("output_range", "target_scaling", "missing"),
)
STOPPED_BY_CALLBACK = 99  # SciPy's status
BETTER = {"first": gt, "last": ge}
LIMITS = {
    "max_iter": "Stochastic Optimizer: Maximum iterations ({0.max_iter}) reached and the "
    "optimization hasn't converged yet.",
    "max_time": "Stochastic Optimizer: max_time={0.max_time} seconds passed and the optimization "
    "hasn't converged yet.",
}


class Job(NamedTuple):
    """What a call of `fit` has to do."""

    batches: Batches
    monitor: Monitor | None


class BaseBackprop(FittedNetwork, BackpropParameters, ABC):
    """Base class; not for direct use."""

    @abstractmethod
    def _check_X_y(self, X, y, **settings):
        """X and y as arrays; settings as in `validation.check_X_y`."""

    @abstractmethod
    def _make_targets(self, y, weight, **stream):
        """How y becomes columns, the loss for these, and the activation of the last layer."""

    @abstractmethod
    def _score_net_input(self, z, y, sample_weight):
        """The score of rows with net input z."""

    def _update_targets(self, y):
        """What is learned from the targets of later calls."""

    def _loss_weight(self, rows, incremental):
        """The weight of each row, or of each row and output, in the loss."""
        return rows.weight

    def _strata(self, columns, n_held_out):
        """Classes whose shares the validation part keeps; None: drawn from all alike."""
        return None

    def _end_fit(self, monitor):
        """What is found on the validation part when training is over; monitor is None without one."""

    def _fit(self, X, y, sample_weight=None, incremental=False, validation=None, groups=None, **stream):
        before = dict(vars(self))
        with unchanged_on_error(self), np.errstate(over="ignore", invalid="ignore"):  # of huge values
            job = self._begin(X, y, sample_weight, incremental, validation, groups, **stream)
        if job is None:
            return self
        try:
            self._train(job, incremental)
        except DivergenceError:
            raise
        except Exception:  # of a scorer, a loss or a schedule of the user
            if self.network_ is not before.get("network_"):  # the same one has gone on, as published
                restore(self, before)
            raise
        return self

    def _train(self, job, incremental):
        if self.solver == "lbfgs":
            self._run_lbfgs(job)
        else:
            self._run_epochs(job, incremental)
        if not incremental:
            self._end_fit(job.monitor)

    def _begin(self, X, y, sample_weight, incremental=False, validation=None, groups=None, **stream):
        """Everything up to the first step; None where no row is left to learn."""
        fitted = "network_" in vars(self)
        parameters = [getattr(self, name) for name in self._parameter_constraints]
        if not fitted or not all(map(is_, parameters, self._checked_parameters)):
            self._validate_params()
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        first_pass = not fitted or not (self.warm_start or incremental)
        rows, groups = self._read(X, y, sample_weight, groups, first_pass, **stream)
        self.n_rows_skipped_ = self._missing.n_skipped
        if rows is None:
            return None
        if rows.weight is not None and not (incremental or rows.weight.any()):
            raise ValueError("sample_weight: all weights are 0, nothing can be learned.")
        self._prepare_solver(rows)
        weight = self._loss_weight(rows, incremental)
        order, monitor = None, None
        if incremental:
            self._training.stop_on_loss()
        else:
            order, monitor = self._validation_part(rows, validation, groups, first_pass)
        order = self._order(np.arange(len(rows.columns)) if order is None else order, incremental)
        batches = Batches(rows.inputs, rows.columns, weight, self._batch_size(len(order)), order)
        self._checked_parameters = parameters
        return Job(batches, monitor)

    def _read(self, X, y, sample_weight, groups, first_pass, **stream):
        """The rows to learn (None: there are none), and their groups; a network if there is none yet."""
        missing = MISSING[self.missing]() if first_pass else self._missing
        dtype = (np.float64, np.float32) if first_pass else self.network_.theta.dtype
        X, y = self._check_X_y(
            X, y, reset=first_pass, dtype=dtype, finite=missing.finite, y_finite=missing.y_finite
        )
        weight = check_weight(sample_weight, X)
        self._missing, kept = missing.after(X, y)
        if kept is not None:
            X, y, weight = X[kept], y[kept], None if weight is None else weight[kept]
            groups = None if groups is None else np.asarray(groups)[kept]
            if not kept.any():
                return None, None
        inputs = self._missing.fill(X)
        if first_pass:
            self._start(inputs.shape[1], X.dtype, *self._make_targets(y, weight, **stream))
        else:
            self._check_same_architecture()
        self._update_targets(y)
        return Rows(X, y, inputs, self._targets.encode(y, X.dtype), weight), groups

    def _start(self, n_inputs, dtype, targets, loss, output_activation):
        random_state = check_random_state(self.random_state)
        root = building.make_layers(self, targets.n_columns, output_activation)
        self.network_ = Network(root, n_inputs, dtype, random_state)
        self._targets = targets
        self._training = Training(Objective(self.network_, loss), random_state, deepcopy(random_state))
        self._fitted_with = {name: building.description(getattr(self, name, None)) for name in ARCHITECTURE}
        self.n_outputs_ = targets.n_columns
        self.n_layers_ = 1 + len(self._dense_params())
        last = self.network_.root.layers[-1].activation
        names = {kind: name for name, kind in ACTIVATIONS.items()}
        self.out_activation_ = (
            loss.out_activation
            if output_activation == "identity"
            else names.get(type(last), type(last).__name__)
        )

    def _check_same_architecture(self):
        for name, before in self._fitted_with.items():
            now = getattr(self, name, None)
            if now is not before and building.description(now) != before:
                raise ValueError(
                    f"{name}={now!r} is not what the network was made with: warm_start and partial_fit "
                    "continue the same network."
                )

    def _prepare_solver(self, rows):
        """The descent and the learning rate go on as they are, unless their settings changed."""
        training = self._training
        if issparse(rows.inputs):
            building.check_first_layer(self.network_.root)
        training.objective.set_alpha(self.alpha)
        if self.solver == "lbfgs":
            check_network(self.network_)
            return
        settings = solver.optimizer_settings(self)
        if training.descent is None or settings != training.descent_settings:
            descent = Descent(solver.make_optimizer(self), self.network_)
            if training.descent is not None:
                descent.continue_from(training.descent)
            training.descent, training.descent_settings = descent, settings
        settings = solver.rate_settings(self)
        if settings != training.rate_settings:
            training.rate, training.rate_settings = solver.make_rate(*settings), settings
        settings = building.description(self.average)
        if settings != training.averaging_settings:
            average = resolve(self.average, AVERAGES, "average")
            training.averaging = None if average is None else Averaging(average, self.network_)
            training.averaging_settings = settings

    def _validation_part(self, rows, validation, groups, first_pass):
        """The indices to train on (None: all), and what measures the other rows (None: nothing does)."""
        training = self._training
        stops = self.early_stopping and self.solver != "lbfgs"
        order = None
        if validation is not None:
            held_out = self._read_validation(*validation)
            training_rows = rows.take(slice(0, len(held_out.columns)))
        elif stops or self.validation is not None:
            again = deepcopy(training.split_random_state)  # warm_start: the same part as before
            order, indices = split(self, rows, groups, training.random_state if first_pass else again)
            held_out, training_rows = rows.take(indices), rows.take(order[: len(indices)])
        else:
            training.stop_on_loss()
            training.curves = None
            return None, None
        if held_out.weight is not None and not held_out.weight.any():
            raise ValueError("sample_weight: all weights of the validation part are 0.")
        monitor = Monitor(self, held_out, training_rows, stops)
        training.curves = training.curves or Curves()
        if stops:
            training.stop_on_scores(monitor.about, BETTER[self.best_epoch])
        else:
            training.stop_on_loss()
        return order, monitor

    def _read_validation(self, X, y, sample_weight):
        """The validation rows that the user gave."""
        if self.validation is not None:
            raise ValueError(
                f"validation={self.validation!r} splits X, and X_val was given too: leave one out."
            )
        missing = self._missing
        with about("X_val, y_val"):
            X, y = self._check_X_y(
                X,
                y,
                reset=False,
                dtype=self.network_.theta.dtype,
                finite=missing.finite,
                y_finite=missing.y_finite,
            )
        weight = check_weight(sample_weight, X, "sample_weight_val")
        if weight is not None and not weight.any():
            raise ValueError("sample_weight_val: all weights are 0, nothing can be measured.")
        _, kept = missing.after(X, y)
        if kept is not None and not kept.any():
            raise ValueError("X_val or y_val holds NaN in every row: nothing is left to measure.")
        rows = slice(None) if kept is None else kept
        X, y = X[rows], y[rows]
        if X.shape[0] == 0:
            raise ValueError("X_val or y_val holds NaN in every row: missing='skip' leaves no row.")
        weight = None if weight is None else weight[rows]
        with about("y_val"):
            columns = self._targets.encode(y, X.dtype)
        return Rows(X, y, missing.fill(X), columns, weight)

    def _order(self, rows, incremental):
        """Shuffling starts from the last order: two fits with warm_start are one of twice the epochs."""
        last = self._training.order
        if not incremental and last is not None and np.array_equal(np.sort(last), np.sort(rows)):
            return last
        return rows

    def _batch_size(self, n_samples):
        if self.batch_size == "auto" or self.solver == "lbfgs":
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
                stacklevel=5,
            )
        return min(self.batch_size, n_samples)

    def _run_epochs(self, job, incremental):
        batches, monitor = job
        try:
            limit = train(
                self._training,
                batches,
                1 if incremental else self.max_iter,
                n_done=self._training.n_epochs if incremental else 0,
                n_planned=self.max_iter,
                shuffle=self.shuffle,
                tol=self.tol,
                n_iter_no_change=self.n_iter_no_change,
                monitor=monitor,
                max_time=self.max_time,
                verbose=self.verbose,
            )
        finally:
            self._training.order = batches.order if self.warm_start and not incremental else None
            self._publish()
        if limit is not None and not incremental:
            warnings.warn(LIMITS[limit].format(self), ConvergenceWarning, stacklevel=5)

    def _run_lbfgs(self, job):
        batches, monitor = job
        try:
            result = minimize_lbfgs(
                self._training,
                batches.all_rows(),
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                monitor=monitor,
                max_time=self.max_time,
                verbose=self.verbose,
            )
        finally:
            self._publish()
        if result is None:
            return
        self.loss_ = float(result.fun)
        if result.status == STOPPED_BY_CALLBACK:
            warnings.warn(LIMITS["max_time"].format(self), ConvergenceWarning, stacklevel=5)
        else:
            self.n_iter_ = _check_optimize_result("lbfgs", result, self.max_iter)

    def _publish(self):
        """The fitted attributes, under scikit-learn's names."""
        training, curves = self._training, self._training.curves
        stops = training.patience_about is not None
        self.n_iter_ = training.n_iter
        self.t_ = training.n_samples_seen
        self.loss_curve_ = training.loss_curve
        self.loss_ = training.loss_curve[-1] if training.loss_curve else np.inf
        self.best_loss_ = None if stops else -training.patience.best
        self.validation_scores_ = curves and curves.validation_scores
        self.validation_loss_curve_ = curves and curves.validation_losses
        self.training_scores_ = curves and curves.training_scores
        self.best_validation_score_ = None
        if curves is not None:
            by_score = stops and self.scoring != "loss"
            self.best_validation_score_ = (
                training.patience.best if by_score else max(curves.validation_scores, default=None)
            )

    def _check_solver(self):
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
            )
        return True
