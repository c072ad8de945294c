"""What the regressor and the classifier share: `fit`, the fitted attributes, hidden layers, weights."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skbackprop.compat import N_FRAMES, CallbackSupportMixin, with_callbacks
from skbackprop.divergence import DivergenceError
from skbackprop.estimators.checkpoint import read_checkpoint
from skbackprop.estimators.fitting import NOTHING, Fitting
from skbackprop.estimators.parameters import BackpropParameters
from skbackprop.estimators.running import train_begun
from skbackprop.estimators.unchanged import Before
from skbackprop.estimators.validation import check_X, validation_arguments
from skbackprop.model import Model, model_of
from skbackprop.model.columns import rows_with_nan
from skbackprop.model.written_weights import biases_of, weights_of
from skbackprop.network import Network, net_input
from skbackprop.persistence import Persistent
from skbackprop.training import Run


class BaseBackprop(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    Persistent,
    BackpropParameters,
    ABC,
):
    """Base class; not for direct use."""

    model_: Model
    run_: Run

    _may_change = {"max_iter", "predict_missing", "transform_layer"}  # in a fit that resumes another one
    _weighs_outputs = False  # whether sample_weight may have a column for each output

    @abstractmethod
    def _check_X_y(self, X, y, **settings):
        """X and y as arrays; settings as in `validation.check_X_y`."""

    @abstractmethod
    def _make_targets(self, y, dtype, **stream):
        """How y becomes columns, the loss for these, and the activation of the last layer."""

    @abstractmethod
    def _score_net_input(self, z, y, sample_weight):
        """The score of rows with net input z."""

    @abstractmethod
    def _end_fit(self, monitor):
        """What is found on the validation part when training is over; monitor is None without one."""

    @abstractmethod
    def _forget_validation(self):
        """What was found on the validation part of an earlier call holds no longer."""

    def _check_targets(self, y):
        """An error for targets that the loss is not defined for."""

    def _learn_targets(self, data, order, first_pass):
        """What is learned from the targets of the rows to train on; order=None: all of them."""

    def _grown_targets(self, y, **stream):
        """(targets, the output that each output was or -1, loss) where y needs more of them; else None."""

    def _check_monitor(self, monitor):
        """An error where a validation part is needed and was not given."""

    def _loss_weight(self, data, order, incremental):
        """The weight of each row, or of each row and output, in the loss; `order`: the rows to train on."""
        return data.weight

    def _known_of_all(self, y, stream):
        """What is known beforehand, `stream`, and what all rows of the call tell, those of weight 0 too."""
        return stream

    def _strata(self, y, n_held_out):
        """Classes whose shares the validation part keeps; None: drawn from all alike."""
        return None

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input; float32 stays float32.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target: numbers, or class labels, a column for each output; or, for a classifier, an indicator
            matrix of several labels.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Weights of the rows, not negative; for a regressor also of each output of each row: 0 where a
            target is not known.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation part: its loss and score are kept for every epoch, and decide with
            `early_stopping`. No other rows are held out then. In a Pipeline, name it in
            `transform_input` and ask for it with `set_fit_request`.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its target.

        sample_weight_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            The weights of its rows.

        groups : array-like of shape (n_samples,), default=None
            For a splitter in `validation` that keeps groups together.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For input or parameters that are not valid, and if training diverges. An estimator that was
            fitted before is then as it was; with `warm_start`, as after the last whole epoch.
        """
        validation = validation_arguments(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation=validation, groups=groups)

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
        """A call that fails leaves a fitted estimator as it was before.

        With `warm_start`, and in a stream, it is then as after its last whole epoch.

        One that was not fitted keeps weights whose training has diverged, so that they can be examined.
        """
        before, done, has_begun = Before(self), 0, False
        goes_on, was_fitted = incremental or self.warm_start, "model_" in before.attributes
        try:
            resumed = None if incremental or not self.resume else self._resume()
            fitting = Fitting(self, incremental, resumed)
            has_begun = fitting.begin(X, y, sample_weight, validation, groups, **stream)
            if not has_begun:
                if not was_fitted:  # a stream that has not begun: kept is what a first call says alone
                    _, n_skipped = before.attributes.get("_before_first", NOTHING)
                    before.restore()
                    self._before_first = stream, n_skipped + fitting.columns.n_skipped
                return self
            done = self.run_.record.n_iter = 0 if resumed is None else resumed["n_iter"]
            metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
            finished = train_begun(fitting, n_epochs, {"X": X, "y": y, "metadata": metadata})
        except BaseException as error:
            has_whole_epochs = goes_on and has_begun and self.run_.record.n_iter > done
            is_examined = isinstance(error, DivergenceError) and not (goes_on or was_fitted)
            if not (has_whole_epochs or is_examined):
                before.restore()
            raise
        if was_fitted and not (finished or goes_on or self.run_.record.n_iter):
            before.restore()
            warnings.warn("No epoch was over: the estimator is as it was before.", stacklevel=3 + N_FRAMES)
        return self

    def _resume(self):
        """The run that the checkpoint tells of, if there is one; its state is then that of the estimator."""
        self._validate_params()
        saved, resumed = read_checkpoint(self) or ({}, None)
        vars(self).update(saved)
        return resumed

    def _publish(self):
        """The fitted attributes, under scikit-learn's names."""
        run, record = self.run_, self.run_.record
        run.publish(self.model_.network)
        curves, stops = record.curves, record.patience_about is not None
        self.n_iter_ = record.n_iter
        self.engine_refusal_ = run.engine and run.engine.refusal
        self.engine_ = run.engine_name
        self.stopped_ = record.has_stopped(self.n_iter_no_change)
        self.t_ = record.n_samples_seen
        self.loss_curve_ = record.loss_curve
        self.loss_ = record.loss_curve[-1] if record.loss_curve else np.inf
        self.best_loss_ = None if stops else -record.patience.best
        self.validation_scores_ = curves and curves.validation_scores
        self.validation_loss_curve_ = curves and curves.validation_losses
        self.training_scores_ = curves and curves.training_scores
        self.best_validation_score_ = None
        if curves is not None:
            by_score = stops and self.scoring != "loss"
            self.best_validation_score_ = (
                record.patience.best if by_score else max(curves.validation_scores, default=None)
            )

    def _check_solver(self):
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
            )
        return True

    @property
    def network_(self) -> Network:
        """The network itself: layers, `theta`, and named views of it."""
        return model_of(self).network

    @property
    def coefs_(self) -> list[np.ndarray]:
        """W of each dense layer, in net input = x W + b, shape (n_inputs, n_units); see `intercepts_`."""
        return weights_of(model_of(self).dense_layers)

    @coefs_.setter
    def coefs_(self, weights: Sequence[np.ndarray]) -> None:
        self.coefs_[:] = weights

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """b of each dense layer, shape (n_units,). What is set is written into the network's memory."""
        return biases_of(model_of(self).dense_layers)

    @intercepts_.setter
    def intercepts_(self, biases: Sequence[np.ndarray]) -> None:
        self.intercepts_[:] = biases

    def _check_has_learned(self):
        if "_before_first" in vars(self):
            raise NotFittedError(
                f"This {type(self).__name__} has learned nothing yet: every row so far held NaN, and "
                "missing='skip' leaves such rows out."
            )
        if "model_" not in vars(self):
            check_is_fitted(self)

    def _checked(self, X):
        self._check_has_learned()
        return check_X(self, X, self.model_.dtype, finite=self.model_.columns.finite)

    def _predicts_nan(self):
        return self.predict_missing == "nan" and self.missing == "skip"

    def _inputs(self, X):
        """As the network sees rows that are checked."""
        unused = rows_with_nan(X) if self.model_.codes and self._predicts_nan() else None
        return self.model_.inputs(X, unused)

    def _outputs(self, X, finish=net_input, depth=None):
        """finish(z) of rows as they are given."""
        X = self._checked(X)
        outputs = self.model_.outputs(self._inputs(X), finish, depth)
        if self._predicts_nan():
            outputs[rows_with_nan(X)] = np.nan
        return outputs

    def transform(self, X: Any) -> np.ndarray:
        """The output of a hidden layer, the one that `transform_layer` chooses.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        Returns
        -------
        a : ndarray of shape (n_samples, n_units)
            The layer's output; `set_output` may ask for a DataFrame.
        """
        return self._outputs(X, depth=self._transform_depth())

    def _transform_depth(self):
        self._check_has_learned()
        n_hidden = len(self.network_.root.layers) - 1
        if not -n_hidden <= self.transform_layer < n_hidden:
            raise ValueError(
                f"transform_layer={self.transform_layer} is not the index of a hidden layer: there are "
                f"{n_hidden}."
            )
        return self.transform_layer % n_hidden + 1

    def _has_such_a_layer(self):
        if "model_" in vars(self):
            try:
                self._transform_depth()
            except ValueError as error:
                raise AttributeError(str(error)) from error
        return True

    @available_if(_has_such_a_layer)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns of `transform`: the estimator's name and a number.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Not used, for the API.

        Returns
        -------
        names : ndarray of str objects of shape (n_units,)
        """
        return super().get_feature_names_out(input_features)

    @property
    def _n_features_out(self):
        self._has_such_a_layer()
        root = self.network_.root
        return replace(root, layers=root.layers[: self._transform_depth()]).n_outputs(self.network_.n_inputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
