"""What the regressor and the classifier share: the network, fitting, the fitted attributes."""

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy
from zlib import crc32

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.optimize import _check_optimize_result
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from skbackprop.activations import ACTIVATIONS
from skbackprop.batches import Batch, Batches
from skbackprop.estimators import building
from skbackprop.estimators.parameters import BackpropParameters
from skbackprop.estimators.validation import check_X, unchanged_on_error
from skbackprop.layers import Dense
from skbackprop.lbfgs import minimize_lbfgs
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.sparse import SparseRows
from skbackprop.training import Training, train

ARCHITECTURE = "hidden_layer_sizes", "activation", "loss", "output_activation"


class BaseBackprop(BackpropParameters, ABC):
    """Base class; not for direct use."""

    @abstractmethod
    def _validate(self, X, y, reset, dtype, **stream):
        """X, y and how y becomes columns; `stream` is what `partial_fit` was told besides."""

    @abstractmethod
    def _make_loss(self, targets):
        """The loss, and the activation of the last layer."""

    @abstractmethod
    def _score_rows(self, X, y, sample_weight):
        """The score of X, y that stops training early."""

    # ------------------------------------------------------------------ fitting

    def _fit(self, X, y, sample_weight=None, incremental=False, **stream):
        fitted = "network_" in vars(self)
        parameters = [getattr(self, name) for name in self._parameter_constraints]
        if not fitted or any(a is not b for a, b in zip(parameters, self._checked_parameters)):
            self._validate_params()
        first_pass = not fitted or not (self.warm_start or incremental)
        with unchanged_on_error(self):
            if incremental and self.early_stopping:
                raise ValueError("partial_fit does not support early_stopping=True")
            dtype = (np.float64, np.float32) if first_pass else self.network_.theta.dtype
            X, y, targets = self._validate(X, y, first_pass, dtype, **stream)
            columns = targets.encode(y, X.dtype)
            if sample_weight is not None:
                sample_weight = _check_sample_weight(
                    sample_weight, X, dtype=X.dtype, ensure_non_negative=True
                ).reshape(-1, 1)
            if first_pass:
                self._start(X.shape[1], X.dtype, targets)
            else:
                self._check_same_architecture(targets)
            if issparse(X):
                building.check_first_layer(self.network_.root)
            self._prepare_solver()
            rows, score = self._split(X, y, columns, sample_weight, first_pass)
            rows = self._order(np.arange(X.shape[0]) if rows is None else rows, incremental)
            batch_size = self._batch_size(len(rows))
            self._checked_parameters = parameters
        if self.solver == "lbfgs":
            self._run_lbfgs(X, columns, sample_weight)
        else:
            batches = Batches(X, columns, sample_weight, batch_size, rows)
            self._run_epochs(batches, score, incremental)
        return self

    def _start(self, n_inputs, dtype, targets):
        random_state = check_random_state(self.random_state)
        loss, output_activation = self._make_loss(targets)
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

    def _check_same_architecture(self, targets):
        for name, before in self._fitted_with.items():
            now = getattr(self, name, None)
            if building.description(now) != before:
                raise ValueError(
                    f"{name}={now!r} is not what the network was made with: warm_start and partial_fit "
                    "continue the same network."
                )
        if targets.n_columns != self.n_outputs_:
            raise ValueError(
                f"y has {targets.n_columns} output column(s), but the network was made for {self.n_outputs_}."
            )

    def _prepare_solver(self):
        """The descent and the learning rate go on as they are, unless their settings changed."""
        training = self._training
        training.objective.set_alpha(self.alpha)
        if self.solver == "lbfgs":
            if self.network_.generator is not None:
                raise ValueError("solver='lbfgs' needs an objective that stays the same: leave Dropout out.")
            return
        settings = building.optimizer_settings(self)
        if training.descent is None or settings != training.descent_settings:
            descent = Descent(building.make_optimizer(self), self.network_)
            if training.descent is not None:
                descent.continue_from(training.descent)
            training.descent, training.descent_settings = descent, settings
        settings = building.rate_settings(self)
        if settings != training.rate_settings:
            training.rate, training.rate_settings = building.make_rate(*settings), settings

    def _split(self, X, y, columns, sample_weight, first_pass):
        """The rows to train on, and a function that scores the others; (None, None) without them."""
        training = self._training
        if not self.early_stopping or self.solver == "lbfgs":
            training.stop_on_loss()
            return None, None
        n_held_out = int(np.ceil(self.validation_fraction * X.shape[0]))
        if n_held_out < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        again = deepcopy(training.split_random_state)  # warm_start: the same part as before
        rows, held_out = train_test_split(
            np.arange(X.shape[0]),
            random_state=training.random_state if first_pass else again,
            test_size=self.validation_fraction,
            stratify=self._strata(columns, n_held_out),
        )
        training.stop_on_score(crc32(columns[held_out]))
        X, y = X[held_out], y[held_out]
        weight = None if sample_weight is None else sample_weight[held_out, 0]
        return rows, lambda: self._score_rows(X, y, weight)

    def _strata(self, columns, n_held_out):
        """Classes whose shares the validation part keeps; None: drawn from all alike."""
        return None

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
                stacklevel=4,
            )
        return min(self.batch_size, n_samples)

    def _run_epochs(self, batches, score, incremental):
        try:
            converged = train(
                self._training,
                batches,
                1 if incremental else self.max_iter,
                n_done=self._training.n_epochs if incremental else 0,
                n_planned=self.max_iter,
                shuffle=self.shuffle,
                tol=self.tol,
                n_iter_no_change=self.n_iter_no_change,
                score=score,
                verbose=self.verbose,
            )
        finally:
            self._training.order = batches.order if self.warm_start and not incremental else None
            self._publish()
        if not (converged or incremental):
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _run_lbfgs(self, X, columns, sample_weight):
        batch = Batch(SparseRows(X) if issparse(X) else X, columns, sample_weight)
        try:
            result = minimize_lbfgs(
                self._training,
                batch,
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                verbose=self.verbose,
            )
        finally:
            self._publish()
        if result is not None:
            self.loss_ = float(result.fun)
            self.n_iter_ = _check_optimize_result("lbfgs", result, self.max_iter)

    def _publish(self):
        """The fitted attributes, under scikit-learn's names."""
        training = self._training
        on_score = training.validation_scores is not None
        self.n_iter_ = training.n_iter
        self.t_ = training.n_samples_seen
        self.loss_curve_ = training.loss_curve
        self.loss_ = training.loss_curve[-1] if training.loss_curve else np.inf
        self.best_loss_ = None if on_score else -training.patience.best
        self.validation_scores_ = training.validation_scores
        self.best_validation_score_ = training.patience.best if on_score else None

    # ------------------------------------------------------------------ the fitted network

    def _dense_params(self):
        """The weight and the bias of every Dense layer, in forward order."""
        if "network_" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        parts = self.network_.parts()
        return [params for _, layer, params, _ in parts if isinstance(layer, Dense)]

    @property
    def coefs_(self):
        """Weights of each layer, views of shape (n_inputs, n_units) on the network's memory."""
        return [params.weight for params in self._dense_params()]

    @property
    def intercepts_(self):
        """Biases of each layer, views of shape (n_units,) on the network's memory."""
        return [params.bias[0] for params in self._dense_params()]

    def _finish(self, z, out):
        """The loss's inverse link."""
        self._training.objective.loss.predict(z, out)

    def _outputs(self, X, finish):
        """finish(z) for rows that are checked already."""
        return self.network_.predict(SparseRows(X) if issparse(X) else X, finish)

    def _checked_outputs(self, X, finish):
        if "network_" not in vars(self):
            check_is_fitted(self)
        return self._outputs(check_X(self, X, self.network_.theta.dtype), finish)

    def _check_solver(self):
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
            )
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def net_input(z, out):
    """Leaves z as it is: the finish of predictions that start from the net input."""
    np.copyto(out, z)
