"""One call of `fit` or `partial_fit` of an estimator with one network."""

import warnings
from copy import deepcopy
from dataclasses import replace

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_consistent_length, check_random_state

from skbackprop.activations import ACTIVATIONS
from skbackprop.batches import Batches, OneRow
from skbackprop.compat import N_FRAMES
from skbackprop.estimators import building, solver
from skbackprop.estimators.acting import warn_of_network
from skbackprop.estimators.checkpoint import check_same_data, data_print
from skbackprop.estimators.growing import learn_columns, sources
from skbackprop.estimators.monitor import Monitor, Numbered, Prequential, Rows, split
from skbackprop.estimators.settings import NETWORK, Settings
from skbackprop.estimators.validation import about
from skbackprop.estimators.weights import counted, divided, in_range, of_weight
from skbackprop.growth import check_can_grow, grown
from skbackprop.model import Model
from skbackprop.model.codes import code_columns
from skbackprop.model.columns import MISSING, Data
from skbackprop.network import Network, first_layer
from skbackprop.objective import Objective
from skbackprop.sparse import SparseRows
from skbackprop.training import Run
from skbackprop.training.checkpoint import checkpoint_of

# what only a first call says, such as `classes`, and the rows skipped so far
NOTHING: tuple[dict, int] = {}, 0


class Fitting:
    """From data to batches: `begin` does everything up to the first step, `running.train_begun` the rest.

    Parameters
    ----------
    estimator : BaseBackprop
        Gets its `model_`, `run_` and all other fitted attributes.

    incremental : bool, default=False
        Whether the rows are a part of a stream.

    resumed : dict, default=None
        The run that a checkpoint continues.

    keeps_all : bool, default=False
        Whether rows of weight 0 are part of the batches, to be looked at.
    """

    def __init__(self, estimator, incremental=False, resumed=None, keeps_all=False):
        self.estimator, self.incremental = estimator, incremental
        self.resumed, self.keeps_all = resumed, keeps_all
        self.is_first = True  # whether the network is made in this call
        self.settings = self.earlier = None  # of this call, and of the one before
        self.columns = self.learned_before = self.batches = self.monitor = self.data = None

    @property
    def run(self):
        """What trains."""
        return self.estimator.run_

    @np.errstate(over="ignore", invalid="ignore")  # of huge values
    def begin(self, X, y, sample_weight=None, validation=None, groups=None, **stream):
        """Whether any row is left to learn."""
        estimator = self.estimator
        self._take_settings()
        data, numbered = self._read(X, y, sample_weight, groups)
        estimator.n_rows_skipped_ = self.columns.n_skipped
        if data is None:
            self._learn_nothing()
            return False
        if numbered.places is not None:
            stream = estimator._known_of_all(y, stream)
        if self.is_first:
            self._make_network(data, **stream)
        else:
            self._continue_network(data, **stream)
        estimator._check_targets(data.y)
        estimator._forget_validation()
        given = None if validation is None else self._read_validation(*validation)
        order, held_out = self._split(data, numbered, given)
        self._learn_statistics(data, order)
        rows = self._encoded(data)
        if issparse(rows.inputs):
            building.check_first_layer(estimator.model_.network.root)
        if self.settings is not self.run.settings:
            solver.prepare(self.run, self.settings, estimator.model_.network)
        self.monitor = self._make_monitor(rows, given, order, held_out)
        self._prepare_stopping()
        warn_of_network(self, given)
        self._make_batches(data, rows, np.arange(data.X.shape[0]) if order is None else order, numbered)
        if self.settings.checkpoint is not None and not self.incremental:
            self.data = data_print(*data, *(given or ()))
            if self.resumed is not None:
                check_same_data(estimator, self.resumed, self.data)
        return True

    def _take_settings(self):
        """Those of this call and of the one before, and whether the network is made in this one."""
        estimator = self.estimator
        is_fitted = "model_" in vars(estimator)
        if is_fitted:
            self.run.take_what_was_written(estimator.model_.network)
            self.earlier = self.run.settings
        self.settings = settings = Settings.of(estimator, self.earlier)
        if settings.checkpoint is not None:
            checkpoint_of(settings.checkpoint)  # an error for one that is not valid, before anything else
        goes_on = settings.warm_start or self.incremental or self.resumed is not None
        self.is_first = not (is_fitted and goes_on)

    def _learn_nothing(self):
        """Every row was left out."""
        if self.is_first and not self.incremental:
            raise ValueError(
                "X or y holds NaN in every row, and missing='skip' leaves such rows out: nothing is left."
            )
        if not self.is_first:
            self.estimator.model_ = replace(self.estimator.model_, columns=self.columns)

    def _read(self, X, y, sample_weight, groups):
        """The rows to learn (None: there are none), and by which numbers a splitter names them."""
        estimator, is_first = self.estimator, self.is_first
        columns = MISSING[self.settings.missing]() if is_first else estimator.model_.columns
        dtype = (np.float64, np.float32) if is_first else estimator.model_.dtype
        n_before = None if is_first else estimator.n_features_in_
        given = X
        X, y, weight, rows = counted(
            X, y, sample_weight, of_outputs=estimator._weighs_outputs, keep=self.keeps_all
        )
        n_new = learn_columns(estimator, X) if self.settings.grow and not is_first else 0
        X, y = estimator._check_X_y(
            X, y, reset=is_first, dtype=dtype, finite=columns.finite, y_finite=columns.y_finite
        )
        if n_new:
            before = columns.places(n_before)
            columns = columns.grown(n_new, X, weight)
            self._grow_inputs(sources(before, columns.places(X.shape[1]), n_before, n_new))
        if groups is not None:
            with about("groups"):
                check_consistent_length(given, groups)
        numbered = Numbered.of(given, rows, groups)
        self.columns, kept = columns.seen(X, y)
        data = Data(X, y, weight)
        if kept is None:
            return data, numbered
        if not kept.any():
            return None, None
        return data.take(kept), numbered.without(~kept)

    def _read_validation(self, X, y, sample_weight):
        """The validation rows that the user gave."""
        estimator, columns = self.estimator, self.columns
        if self.settings.validation is not None:
            raise ValueError(
                f"validation={self.settings.validation!r} splits X, and X_val was given too: leave one out."
            )
        X, y, weight, _ = counted(X, y, sample_weight, "sample_weight_val", estimator._weighs_outputs)
        with about("X_val, y_val"):
            X, y = estimator._check_X_y(
                X,
                y,
                reset=False,
                dtype=estimator.model_.dtype,
                finite=columns.finite,
                y_finite=columns.y_finite,
            )
        data = Data(X, y, weight)
        _, kept = columns.seen(X, y)
        if kept is not None:
            data = data.take(kept)
        if data.X.shape[0] == 0:
            raise ValueError("X_val or y_val holds NaN in every row: nothing is left to measure.")
        with about("y_val"):
            estimator._check_targets(data.y)
            estimator.model_.targets.encode(data.y, estimator.model_.dtype)
        return data

    def _encoded(self, data):
        """As the network sees the rows."""
        X, y, weight = data
        with about("y"):
            columns = self.estimator.model_.targets.encode(y, X.dtype)
        return Rows(X, y, self.estimator._inputs(X), columns, weight)

    def _make_network(self, data, **stream):
        """A network for such data, and what trains it."""
        estimator, settings = self.estimator, self.settings
        _, n_skipped = vars(estimator).pop("_before_first", NOTHING)
        if self.incremental and n_skipped:
            self.columns = replace(self.columns, n_skipped=self.columns.n_skipped + n_skipped)
        columns = self.columns
        random_state = check_random_state(settings.random_state)
        targets, loss, output_activation = estimator._make_targets(data.y, data.X.dtype, **stream)
        root = building.make_layers(settings, targets.n_columns, output_activation)
        n_inputs = columns.n_inputs(data.X.shape[1])
        codes = code_columns(root.resolved(), n_inputs)
        network = Network(root, n_inputs, data.X.dtype, random_state)
        if network.takes_data:
            inputs = columns.encode(data.X)
            network.initialize_from_data(SparseRows(inputs) if issparse(inputs) else inputs, random_state)
        objective = Objective(network.copy(), loss)
        estimator.model_ = model = Model(columns, [network], targets, objective.loss, codes)
        estimator.run_ = Run(objective, random_state=random_state, split_random_state=deepcopy(random_state))
        estimator.n_outputs_ = targets.n_columns
        estimator.n_layers_ = 1 + len(model.dense_layers)
        last = first_layer(network.root.layers[-1]).activation
        names = {kind: name for name, kind in ACTIVATIONS.items()}
        estimator.out_activation_ = (
            loss.out_activation
            if output_activation == "identity"
            else names.get(type(last), type(last).__name__)
        )

    def _continue_network(self, data, **stream):
        """The same network, which grows with what is new in y."""
        estimator, settings = self.estimator, self.settings
        if settings is not self.earlier and (name := settings.changed(self.earlier, NETWORK)):
            raise ValueError(
                f"{name}={getattr(settings, name)!r} is not what the network was made with: warm_start and "
                "partial_fit continue the same network."
            )
        self.learned_before = estimator.model_.columns if self.resumed is not None else None
        estimator.model_ = replace(estimator.model_, columns=self.columns)
        if settings.grow and (larger := estimator._grown_targets(data.y, **stream)) is not None:
            self._grow_outputs(*larger)

    def _split(self, data, numbered, given):
        """The rows to train on and those held out; None for all and for none."""
        holds_out = self.settings.validation is not None or stops(self.settings)
        if self.incremental or given is not None or not holds_out:
            return None, None
        again = deepcopy(self.run.split_random_state)  # warm_start: the same part as before
        return split(self.estimator, data, numbered, self.run.random_state if self.is_first else again)

    def _learn_statistics(self, data, order):
        """What columns and targets learn from the rows to train on, `order`."""
        estimator = self.estimator
        self.columns = self.learned_before or self.columns.learned(data, order)
        estimator.n_rows_skipped_ = self.columns.n_skipped
        estimator.model_ = replace(estimator.model_, columns=self.columns)
        estimator._learn_targets(data, order, self.is_first)

    def _grow_inputs(self, inputs):
        model = self.estimator.model_
        self._grow(inputs, np.arange(self.estimator.n_outputs_), model.targets, model.loss)

    def _grow_outputs(self, targets, outputs, loss):
        n_inputs = self.estimator.model_.network.n_inputs
        self._grow(np.arange(n_inputs), outputs, targets, loss)
        self.estimator.out_activation_ = loss.out_activation

    def _grow(self, inputs, outputs, targets, loss):
        """A larger network; see `growth.grown`."""
        estimator, model = self.estimator, self.estimator.model_
        root = model.network.root
        check_can_grow(root)
        last = replace(root.layers[-1], n_units=len(outputs))
        root = replace(root, layers=[*root.layers[:-1], last])
        estimator.run_ = run = grown(self.run, root, inputs, outputs, loss)
        network = run.measured.copy()
        run.publish(network)
        estimator.model_ = replace(model, networks=[network], targets=targets, loss=run.objective.loss)
        estimator.n_outputs_ = len(outputs)

    def _make_monitor(self, rows, given, order, held_out):
        """What measures the validation part; None without one."""
        estimator, by_score = self.estimator, stops(self.settings)
        if given is None and held_out is None:
            return Prequential(estimator, rows, True) if self.incremental and by_score else None
        measured = self._encoded(given) if held_out is None else rows.take(held_out)
        n_measured = len(measured.columns)
        like_these = slice(0, n_measured) if order is None else order[:n_measured]
        return Monitor(estimator, measured, rows.take(like_these), by_score)

    def _prepare_stopping(self):
        """Curves and patience continue if they are about the same rows and score as before."""
        monitor = self.monitor
        measured = monitor.about if monitor is not None and monitor.stops else None
        self.run.stop_on(measured, monitor is not None, self.settings.best_epoch == "last")
        self.estimator._check_monitor(monitor)

    def _weigh(self, weight, dtype):
        """Weights that the loss can work with; the penalty is divided by their sum as it was given."""
        weight, unit = in_range(weight, dtype)
        alpha = divided(self.settings.alpha, unit, dtype)
        if alpha != self.run.objective.alpha:
            self.run.objective.set_alpha(alpha)
        return weight

    def _make_batches(self, data, rows, order, numbered):
        """Of the rows `order`, with weights."""
        weight = self._weigh(self.estimator._loss_weight(data, order, self.incremental), rows.inputs.dtype)
        n_given = len(order) + numbered.n_weightless
        order = self._order(order if self.keeps_all else of_weight(order, weight))
        size = self._batch_size(len(order), n_given)
        if data.X.shape[0] == 1 and not issparse(rows.inputs):
            self.batches = OneRow(rows.inputs, rows.columns, weight)
        else:
            self.batches = Batches(rows.inputs, rows.columns, weight, size, order)

    def _order(self, rows):
        """Shuffling starts from the last order: two fits with warm_start are one of twice the epochs."""
        last = self.run.order
        if not self.incremental and last is not None and np.array_equal(np.sort(last), np.sort(rows)):
            return last
        return rows

    def _batch_size(self, n_samples, n_given):
        """For `n_samples` rows to train on; with those of weight 0 they are `n_given`."""
        size = self.settings.batch_size
        if size == "auto" or self.settings.solver == "lbfgs":
            return min(200, n_samples)
        if size > n_given:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
                stacklevel=7 if self.incremental else 7 + N_FRAMES,
            )
        return min(size, n_samples)


def stops(settings):
    """Whether a validation part decides when training stops."""
    return settings.early_stopping and settings.solver != "lbfgs"
