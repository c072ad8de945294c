"""What the regressor and the classifier share: the network, fitting, the fitted attributes."""

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import replace

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_consistent_length, check_random_state

from skbackprop.activations import ACTIVATIONS
from skbackprop.averaging import AVERAGES, Averaging
from skbackprop.batches import Batches, OneRow
from skbackprop.compat import N_FRAMES, CallbackSupportMixin
from skbackprop.divergence import DivergenceError
from skbackprop.estimators import building, solver
from skbackprop.estimators.acting import warn_of_network
from skbackprop.estimators.checkpoint import check_same_data, data_print, read_checkpoint
from skbackprop.estimators.codes import code_columns
from skbackprop.estimators.fitted import FittedNetwork
from skbackprop.estimators.growing import Growing, learn_columns, sources
from skbackprop.estimators.missing import MISSING, Data
from skbackprop.estimators.monitor import Monitor, Numbered, Prequential, Rows, split
from skbackprop.estimators.parameters import BackpropParameters
from skbackprop.estimators.running import Job, Running
from skbackprop.estimators.unchanged import Before
from skbackprop.estimators.validation import about, check_parameters
from skbackprop.estimators.weights import counted, divided, in_range, of_weight
from skbackprop.lbfgs import check_network
from skbackprop.names import resolve
from skbackprop.network import Network, first_layer
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.persistence import Persistent
from skbackprop.sparse import SparseRows
from skbackprop.training import Run

ARCHITECTURE = (
    *("hidden_layer_sizes", "activation", "loss", "quantile", "output_layer", "output_activation"),
    *("output_range", "target_scaling", "missing"),
)
NOTHING = {}, 0  # what a first call says alone, such as `classes`, and the rows skipped so far


class BaseBackprop(
    CallbackSupportMixin, FittedNetwork, Growing, Running, Persistent, BackpropParameters, ABC
):
    """Base class; not for direct use."""

    _may_change = {"max_iter", "predict_missing", "transform_layer"}  # in a fit that resumes another one
    _weighs_outputs = False  # whether sample_weight may have a column for each output
    _keeps_all = False  # whether rows of weight 0 are part of the batches, to be looked at

    @abstractmethod
    def _check_X_y(self, X, y, **settings):
        """X and y as arrays; settings as in `validation.check_X_y`."""

    @abstractmethod
    def _make_targets(self, y, dtype, **stream):
        """How y becomes columns, the loss for these, and the activation of the last layer."""

    @abstractmethod
    def _score_net_input(self, z, y, sample_weight):
        """The score of rows with net input z."""

    def _check_targets(self, y):
        """An error for targets that the loss is not defined for."""

    def _learn_targets(self, data, order, first_pass):
        """What is learned from the targets of the rows to train on; order=None: all of them."""

    def _forget_validation(self):
        """What was found on the validation part of an earlier call holds no longer."""

    def _loss_weight(self, data, order, incremental):
        """The weight of each row, or of each row and output, in the loss; `order`: the rows to train on."""
        return data.weight

    def _known_of_all(self, y, stream):
        """What is known beforehand, `stream`, and what all rows of the call tell, those of weight 0 too."""
        return stream

    def _strata(self, y, n_held_out):
        """Classes whose shares the validation part keeps; None: drawn from all alike."""
        return None

    def _fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        incremental=False,
        validation=None,
        groups=None,
        n_epochs=None,
        **stream,
    ):
        """A call that fails leaves a fitted estimator as it was; one that goes on, at its last whole epoch.

        One that was not fitted keeps weights whose training has diverged, so that they can be examined.
        """
        before, job, done = Before(self), None, 0
        goes_on, was_fitted = incremental or self.warm_start, "network_" in before.attributes
        try:
            run = None if incremental or not self.resume else self._resume()
            job = self._begin(X, y, sample_weight, incremental, validation, groups, run, **stream)
            if job is None:
                if not was_fitted:  # a stream that has not begun: kept is what a first call says alone
                    _, n_skipped = before.attributes.get("_before_first", NOTHING)
                    n_skipped += self._missing.n_skipped
                    before.restore()
                    self._before_first = stream, n_skipped
                return self
            done = self._training.record.n_iter = 0 if run is None else run["n_iter"]
            metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
            finished = self._train(job, incremental, n_epochs, {"X": X, "y": y, "metadata": metadata})
        except BaseException as error:
            has_whole_epochs = goes_on and job is not None and self._training.record.n_iter > done
            is_examined = isinstance(error, DivergenceError) and not (goes_on or was_fitted)
            if not (has_whole_epochs or is_examined):
                before.restore()
            raise
        if was_fitted and not (finished or goes_on or self._training.record.n_iter):
            before.restore()
            warnings.warn("No epoch was over: the estimator is as it was before.", stacklevel=3 + N_FRAMES)
        return self

    def _resume(self):
        """The run that the checkpoint tells of, if there is one; its state is then that of the estimator."""
        self._validate_params()
        saved, run = read_checkpoint(self) or ({}, None)
        vars(self).update(saved)
        return run

    @np.errstate(over="ignore", invalid="ignore")  # of huge values
    def _begin(
        self, X, y, sample_weight, incremental=False, validation=None, groups=None, run=None, **stream
    ):
        """Everything up to the first step; None where no row is left to learn."""
        fitted = "network_" in vars(self)
        if fitted:
            self._training.take_what_was_written(self.network_)
        parameters = check_parameters(self)
        first_pass = not fitted or not (self.warm_start or incremental or run is not None)
        learned_before = None if run is None else self._missing
        data, numbered = self._read(X, y, sample_weight, groups, first_pass)
        if data is None and first_pass and not incremental:
            raise ValueError(
                "X or y holds NaN in every row, and missing='skip' leaves such rows out: nothing is left."
            )
        self.n_rows_skipped_ = self._missing.n_skipped
        if data is None:
            return None
        if numbered.places is not None:
            stream = self._known_of_all(y, stream)
        if first_pass:
            _, n_skipped = vars(self).pop("_before_first", NOTHING)
            if incremental and n_skipped:
                self._missing = replace(self._missing, n_skipped=self._missing.n_skipped + n_skipped)
            self._start(data, **stream)
        else:
            if self._training.prepared_for is not parameters:
                self._check_same_architecture()
            if self.grow:
                self._grow_targets(data.y, **stream)
        self._check_targets(data.y)
        self._forget_validation()
        given = None if validation is None else self._read_validation(*validation)
        order, held_out = None, None
        if not incremental and given is None and self._holds_out():
            again = deepcopy(self._training.split_random_state)  # warm_start: the same part as before
            random_state = self._training.random_state if first_pass else again
            order, held_out = split(self, data, numbered, random_state)
        self._missing = learned_before or self._missing.learned(data, order)
        self.n_rows_skipped_ = self._missing.n_skipped
        self._learn_targets(data, order, first_pass)
        rows = self._encoded(data)
        is_sparse = issparse(rows.inputs)
        if self._training.prepared_for is not parameters or is_sparse:
            self._training.prepared_for = None
            self._prepare_solver(rows)
            self._training.prepared_for = parameters if all(map(building.is_fixed, parameters)) else None
        monitor = self._make_monitor(rows, given, order, held_out, incremental)
        self._prepare_stopping(monitor)
        warn_of_network(self, parameters, monitor, given, incremental, first_pass)
        order = np.arange(data.X.shape[0]) if order is None else order
        weight = self._weigh(self._loss_weight(data, order, incremental), rows.inputs.dtype)
        n_given = len(order) + numbered.n_weightless
        order = self._order(order if self._keeps_all else of_weight(order, weight), incremental)
        size = self._batch_size(len(order), n_given, incremental)
        if data.X.shape[0] == 1 and not is_sparse:
            batches = OneRow(rows.inputs, rows.columns, weight)
        else:
            batches = Batches(rows.inputs, rows.columns, weight, size, order)
        self._checked_parameters = parameters
        parts = None
        if self.checkpoint is not None and not incremental:
            parts = data_print(*data, *(given or ()))
            if run is not None:
                check_same_data(self, run, parts)
        return Job(batches, monitor, run, parts)

    def _read(self, X, y, sample_weight, groups, first_pass):
        """The rows to learn (None: there are none), and by which numbers a splitter names them."""
        missing = MISSING[self.missing]() if first_pass else self._missing
        dtype = (np.float64, np.float32) if first_pass else self.network_.theta.dtype
        n_before = None if first_pass else self.n_features_in_
        given = X
        X, y, weight, rows = counted(
            X, y, sample_weight, of_outputs=self._weighs_outputs, keep=self._keeps_all
        )
        n_new = learn_columns(self, X) if self.grow and not first_pass else 0
        X, y = self._check_X_y(
            X, y, reset=first_pass, dtype=dtype, finite=missing.finite, y_finite=missing.y_finite
        )
        if n_new:
            before = missing.places(n_before)
            missing = missing.grown(n_new, X, weight)
            self._grow_inputs(sources(before, missing.places(X.shape[1]), n_before, n_new))
        if groups is not None:
            with about("groups"):
                check_consistent_length(given, groups)
        numbered = Numbered.of(given, rows, groups)
        self._missing, kept = missing.seen(X, y)
        data = Data(X, y, weight)
        if kept is None:
            return data, numbered
        if not kept.any():
            return None, None
        return data.take(kept), numbered.without(~kept)

    def _weigh(self, weight, dtype):
        """Weights that the loss can work with; the penalty is divided by their sum as it was given."""
        weight, unit = in_range(weight, dtype)
        alpha = divided(self.alpha, unit, dtype)
        if alpha != self._training.objective.alpha:
            self._training.objective.set_alpha(alpha)
        return weight

    def _encoded(self, data):
        """As the network sees the rows."""
        X, y, weight = data
        with about("y"):
            columns = self._targets.encode(y, X.dtype)
        return Rows(X, y, self._filled(X), columns, weight)

    def _start(self, data, **stream):
        """A network for such data."""
        random_state = check_random_state(self.random_state)
        targets, loss, output_activation = self._make_targets(data.y, data.X.dtype, **stream)
        root = building.make_layers(self, targets.n_columns, output_activation)
        n_inputs = self._missing.n_inputs(data.X.shape[1])
        self._code_columns = code_columns(root, n_inputs)
        self.network_ = Network(root, n_inputs, data.X.dtype, random_state)
        if self.network_.takes_data:
            inputs = self._missing.fill(data.X)
            inputs = SparseRows(inputs) if issparse(inputs) else inputs
            self.network_.initialize_from_data(inputs, random_state)
        self._targets = targets
        self._training = run = Run(Objective(self.network_.copy(), loss))
        run.random_state, run.split_random_state = random_state, deepcopy(random_state)
        self._fitted_with = {name: building.description(getattr(self, name, None)) for name in ARCHITECTURE}
        self.n_outputs_ = targets.n_columns
        self.n_layers_ = 1 + len(self._dense_layers())
        last = first_layer(self.network_.root.layers[-1]).activation
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
        if self.solver == "lbfgs":
            if self.checkpoint is not None:
                raise ValueError("checkpoint needs another solver than 'lbfgs', whose state is SciPy's.")
            check_network(self.network_)
            training.go_on_from(self.network_)
            return
        settings = solver.optimizer_settings(self)
        if training.descent is None or settings != training.descent_settings:
            descent = Descent(solver.make_optimizer(self), training.objective.network)
            if training.descent is not None:
                descent.continue_from(training.descent)
            training.descent, training.descent_settings = descent, settings
        settings = solver.rate_settings(self)
        described = building.description(settings)
        if described != training.rate_settings:
            training.rate, training.rate_settings = solver.make_rate(*settings), described
        settings = building.description(self.average)
        if settings != training.averaging_settings:
            average = resolve(self.average, AVERAGES, "average")
            if not training.has_best:
                np.copyto(training.theta, self.network_.theta)
            training.averaging = None if average is None else Averaging(average, training.objective.network)
            training.averaging_settings = settings

    def _stops(self):
        """Whether a validation part decides when training stops."""
        return self.early_stopping and self.solver != "lbfgs"

    def _holds_out(self):
        """Whether a part of the rows is kept for validation."""
        return self._stops() or self.validation is not None

    def _make_monitor(self, rows, given, order, held_out, incremental):
        """What measures the validation part; None without one."""
        if given is None and held_out is None:
            return Prequential(self, rows, True) if incremental and self._stops() else None
        measured = self._encoded(given) if held_out is None else rows.take(held_out)
        n_measured = len(measured.columns)
        like_these = slice(0, n_measured) if order is None else order[:n_measured]
        return Monitor(self, measured, rows.take(like_these), self._stops())

    def _prepare_stopping(self, monitor):
        """Curves and patience go on where they are about the same."""
        about = monitor.about if monitor is not None and monitor.stops else None
        self._training.stop_on(about, monitor is not None, self.best_epoch == "last")

    def _read_validation(self, X, y, sample_weight):
        """The validation rows that the user gave."""
        if self.validation is not None:
            raise ValueError(
                f"validation={self.validation!r} splits X, and X_val was given too: leave one out."
            )
        missing, dtype = self._missing, self.network_.theta.dtype
        finite = {"finite": missing.finite, "y_finite": missing.y_finite}
        X, y, weight, _ = counted(X, y, sample_weight, "sample_weight_val", self._weighs_outputs)
        with about("X_val, y_val"):
            X, y = self._check_X_y(X, y, reset=False, dtype=dtype, **finite)
        data = Data(X, y, weight)
        _, kept = missing.seen(X, y)
        if kept is not None:
            data = data.take(kept)
        if data.X.shape[0] == 0:
            raise ValueError("X_val or y_val holds NaN in every row: nothing is left to measure.")
        with about("y_val"):
            self._check_targets(data.y)
            self._targets.encode(data.y, dtype)
        return data
