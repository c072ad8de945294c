"""What the two tabular estimators share: from a table to members, and what these predict."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from skbackprop.compat import N_FRAMES, CallbackSupportMixin, with_callbacks
from skbackprop.estimators.acting import reasons_of_members, reasons_of_stream
from skbackprop.estimators.checkpoint import check_same_data, data_print, read_checkpoint
from skbackprop.estimators.monitor import Numbered
from skbackprop.estimators.settings import Settings
from skbackprop.estimators.tabular.callbacks import tasks_of
from skbackprop.estimators.tabular.checkpoint import Plan
from skbackprop.estimators.tabular.fitting import (
    TableRows,
    Task,
    fit_members,
    n_rounds,
    refit_members,
    side_by_side,
    start,
    together,
    training_of,
    usable,
)
from skbackprop.estimators.tabular.members import everything, folds, given_folds, learn_once, of_one_size
from skbackprop.estimators.tabular.parameters import TabularParameters
from skbackprop.estimators.tabular.recipes import Recipe, batch_size, patience
from skbackprop.estimators.unchanged import unchanged_on_error
from skbackprop.estimators.validation import about, validation_arguments
from skbackprop.estimators.weights import counted, in_range
from skbackprop.model import Model, model_of
from skbackprop.model.model import ColumnEncoder
from skbackprop.network import Network
from skbackprop.persistence import Persistent
from skbackprop.preprocessing import TabularEncoder
from skbackprop.training import PlannedByTime
from skbackprop.unused import warn_unused

RECIPE_NAMES = [field.name for field in fields(Recipe)]
STREAM_RATE = 0.25  # factor of the learning rate in `partial_fit`, where no schedule lowers it


class NoEpochError(Exception):
    """An interrupt before the first epoch was over: nothing takes the place of the earlier fit."""


class BaseTabular(CallbackSupportMixin, Persistent, TabularParameters, ABC):
    """Base class; not for direct use."""

    model_: Model
    _recipes: dict  # by name
    _may_change = {"n_jobs"}  # in a fit that resumes another one

    @abstractmethod
    def _check_y(self, y):
        """y as an array."""

    @abstractmethod
    def _learn_targets(self, y, weight, settings, classes):
        """How y becomes columns, and the loss for these."""

    @abstractmethod
    def _criterion(self, loss):
        """A function of (columns, z, weight) that is lower where z is better."""

    def _classes_of_all(self, y):
        """The classes of all rows of the call, those of weight 0 too; None for numbers."""

    def _strata(self, y):
        """Classes whose shares all validation parts keep; None: rows are drawn from all alike."""
        return None

    def _loss_weight(self, targets, y, weight):
        """The weight of each row in the loss."""
        return weight

    def _end_fit(self, model, rows, y, held_out, z):
        """The model with what is learned from the net input of rows held out, `held_out` of these rows."""
        return model

    def _settings(self, **more):
        """The parameters, with the recipe's values for those that are None."""
        given = Settings.of(self)
        recipe = self._recipes[given.recipe]
        values = {name: getattr(recipe, name) for name in RECIPE_NAMES if getattr(given, name, None) is None}
        settings = given.replaced(**values)
        sizes = np.atleast_1d(settings.hidden_layer_sizes).tolist()
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} must be whole numbers of at least 1."
            )
        return settings.replaced(hidden_layer_sizes=sizes, **more)

    def _stream_settings(self):
        settings = self._settings(learning_rate="constant")
        return settings.replaced(learning_rate_init=settings.learning_rate_init * STREAM_RATE)

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
        """Learn from a table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table, as it comes.

        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            The target: numbers, in one column or several, or class labels, in one.

        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, not negative.

        X_val : DataFrame or array-like of shape (n_val, n_columns), default=None
            A validation part: every member is measured on it after every epoch, and holds out no other rows.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its target.

        sample_weight_val : array-like of shape (n_val,), default=None
            The weights of its rows.

        groups : array-like of shape (n_rows,), default=None
            For a splitter in `validation` that keeps groups together.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For input or parameters that are not valid, and if training diverges; what was fitted before is
            kept.
        """
        given = validation_arguments(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, given, groups)

    def _fit(self, *arguments):
        try:
            self._fit_or_nothing(*arguments)
        except NoEpochError:
            warnings.warn("No epoch was over: the estimator is as it was before.", stacklevel=3 + N_FRAMES)
        return self

    def _fit_or_nothing(self, X, y, sample_weight, given, groups):
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        data = {"X": X, "y": y, "metadata": metadata}
        with unchanged_on_error(self):
            was_fitted = "model_" in vars(self)
            settings, random_state = self._settings(), check_random_state(self.random_state)
            model, rows, y, numbered = self._learn_table(X, y, sample_weight, settings, groups=groups)
            given = None if given is None else self._read_validation(model, *given)
            learned, held_out = self._folds(rows, y, numbered, given, settings, random_state)
            validates = held_out[0].size > 0
            warn_unused(self, reasons_of_members(self, settings, validates, given is not None), 4 + N_FRAMES)
            parts = together(settings.n_estimators, len(learned[0]), rows.X.shape[1], settings)
            parts = of_one_size(parts, learned, held_out)
            measured, y_measured = (rows, y) if given is None else given
            rounds = n_rounds(self.n_jobs, len(parts)) * (1 + self.refit)
            checkpoint = Plan.of(
                self, data_print(*rows, y, *([] if given is None else [*measured, y_measured]))
            )
            if checkpoint is not None and self._has_resumed(checkpoint):
                return
            task = self._task(model, rows, settings, rounds, None if given is None else measured, checkpoint)
            n_rounds_of_training = 1 + self.refit
            (first, *second), at_the_end = tasks_of(
                self, model, len(parts), n_rounds_of_training, settings.max_iter, data
            )

            def train(train_part, stage, hooks, *arrays):
                seeds = random_state.randint(2**31 - 1, size=len(parts))
                arguments = [
                    (task, *(np.array(array[part]) for array in arrays), f"{stage}{k}", seed, of_part)
                    for k, (part, seed, of_part) in enumerate(zip(parts, seeds, hooks))
                ]
                return side_by_side(self.n_jobs, train_part, arguments, prefer="processes")

            fitted = usable(train(fit_members, "fit", first, learned, held_out))
            is_interrupted = fitted[-1].is_interrupted
            if is_interrupted and not fitted[0].records[0].n_iter and was_fitted:
                raise NoEpochError
            self._publish(fitted, validates)
            if validates:
                order = np.concatenate([held_out[member] for member in range(len(self.best_epochs_))])
                z = np.concatenate([part.net_input.reshape(-1, part.net_input.shape[-1]) for part in fitted])
                model = self._end_fit(model, measured, y_measured, order, z)
            if self.refit and not is_interrupted:
                every = everything(len(y), settings.n_estimators)
                again = train(refit_members, "refit", *second, every, self.best_epochs_)
                is_interrupted = again[-1].is_interrupted
                fitted = fitted if is_interrupted else again
            if is_interrupted:
                warnings.warn("Training interrupted by user.", stacklevel=4 + N_FRAMES)
            self.model_ = replace(model, networks=[part.network for part in fitted])
            longest = max(fitted, key=lambda part: part.records[0].n_iter)
            self.stop_reason_, self._streams = longest.stop_reason, None
            at_the_end()
            if checkpoint is not None and not is_interrupted:
                names = [f"{stage}{k}" for stage in ("fit", "refit") for k in range(len(parts))]
                checkpoint.finish(self, names)

    def _has_resumed(self, plan):
        """Whether the file of a fit that was over is there; the estimator is then as it was."""
        found = read_checkpoint(self) if plan.resume else None
        if found is not None:
            saved, run = found
            check_same_data(self, run, plan.told["data"])
            vars(self).update(saved)
        return found is not None

    def _folds(self, rows, y, numbered, given, settings, random_state):
        """The rows that each member learns, and those that it holds out, of `rows` or of those given."""
        n_rows, n_members = len(y), settings.n_estimators
        if given is not None:
            if self.validation is not None:
                raise ValueError(
                    f"validation={self.validation!r} splits X, and X_val was given too: leave one out."
                )
            return everything(n_rows, n_members), everything(len(given[1]), n_members)
        if self.validation is not None:
            data = SimpleNamespace(X=rows.X, y=y, groups=numbered.groups)
            return given_folds(self, numbered, data, n_members, is_classifier(self))
        return folds(n_rows, n_members, self.validation_fraction, self._strata(y), random_state)

    def _read_validation(self, model, X, y, sample_weight):
        """The rows to validate on that the user gave, as (TableRows, y)."""
        X, y, weight, _ = counted(X, y, sample_weight, "sample_weight_val")
        with about("X_val, y_val"):
            rows, y, _ = self._rows(model, *self._checked(model.columns, X, y), weight, Numbered(None, None))
        return rows, y

    def _partial_fit(self, X, y, sample_weight, classes=None):
        with unchanged_on_error(self):
            settings = self._stream_settings()
            if "model_" not in vars(self):
                warn_unused(self, reasons_of_stream(self, settings), 3)
                model, rows, y, _ = self._learn_table(X, y, sample_weight, settings, classes)
                streams = self._first_streams(model, rows, settings)
            else:
                model, (rows, y) = self.model_, self._read(X, y, sample_weight)
                streams = deepcopy(self._streams) or new_streams(self, settings)
                for (run, _), network in zip(streams, self.networks_):
                    run.take_what_was_written(network)
            arguments = [(*stream, rows, batch_size(settings, len(y))) for stream in streams]
            side_by_side(self.n_jobs, learn_once, arguments, require="sharedmem")
            self._streams = streams
            self.model_ = replace(model, networks=[run.measured.copy() for run, _ in streams])
        return self

    def _first_streams(self, model, rows, settings):
        """Members at their first weights, and what trains them."""
        self._publish([], False)
        random_state, task = check_random_state(self.random_state), self._task(model, rows, settings, 1)
        every = np.tile(np.arange(len(rows.X)), (settings.n_estimators, 1))
        parts = together(settings.n_estimators, *rows.X.shape, settings)
        seeds = random_state.randint(2**31 - 1, size=len(parts))
        return [start(task, every[part], seed) for part, seed in zip(parts, seeds)]

    def _learn_table(self, X, y, sample_weight, settings, classes=None, groups=None):
        """A model that has no networks yet, and the rows as they will learn them."""
        every = y
        X, y, sample_weight, numbered = self._counted(X, y, sample_weight, groups)
        if classes is None and y is not every:
            classes = self._classes_of_all(every)
        coded = {"max_one_hot_categories": self.max_one_hot_categories}
        if not settings.embed_categories:
            coded = {"embed": False}
        encoder = TabularEncoder(self.categorical_features, **coded).fit(X)
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            if hasattr(encoder, name):
                setattr(self, name, getattr(encoder, name))
        inputs, y = self._checked(encoder, X, y)
        targets, loss = self._learn_targets(y, sample_weight, settings, classes)
        model = Model(encoder, [], targets, loss)
        return model, *self._rows(model, inputs, y, sample_weight, numbered)

    def _read(self, X, y, sample_weight):
        """The rows that count, as the networks learn them, and their targets."""
        X, y, weight, numbered = self._counted(X, y, sample_weight)
        model = self.model_
        rows, y, _ = self._rows(model, *self._checked(model.columns, X, y), weight, numbered)
        return rows, y

    def _counted(self, X, y, sample_weight, groups=None):
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        if groups is not None:
            with about("groups"):
                check_consistent_length(X, groups)
        given = X
        X, y, weight, places = counted(X, y, sample_weight)
        return X, y, weight, Numbered.of(given, places, groups)

    def _checked(self, encoder, X, y):
        """The networks' columns, and y as an array."""
        X = encoder.encode(X)
        with about("y"):
            y = self._check_y(y)
        check_consistent_length(X, y)
        return X, y

    def _rows(self, model, X, y, weight, numbered):
        """The rows that count in the loss, of encoded ones, their y and their numbers."""
        with about("y"):
            columns = model.targets.encode(y, X.dtype)
        weight, _ = in_range(self._loss_weight(model.targets, y, weight), X.dtype)
        if weight is None or weight.all():
            return TableRows(X, columns, weight), y, numbered
        learned = np.flatnonzero(weight)
        numbered = numbered.without(weight[:, 0] == 0)
        return TableRows(X[learned], columns[learned], weight[learned]), y[learned], numbered

    def _task(self, model, rows, settings, n_rounds, given=None, checkpoint=None):
        max_time = None if self.max_time is None else self.max_time / n_rounds
        limits = PlannedByTime(settings.max_iter, 0, settings.max_iter, max_time)
        loss = model.loss
        n_outputs = loss.n_nodes(rows.columns.shape[1])
        return Task(
            settings,
            model.columns,
            loss,
            n_outputs,
            self._criterion(loss),
            rows,
            limits,
            patience(settings),
            given,
            checkpoint,
        )

    def _publish(self, fitted, validates):
        """The fitted attributes that tell of training."""
        records = [record for part in fitted for record in part.records]
        last = [record.n_iter - 1 for record in records]
        best = [record.best_epoch if record.best_epoch >= 0 else n for record, n in zip(records, last)]
        losses = [-record.patience.best if validates else 0.0 for record in records]
        curves = [record.curves.validation_losses if validates else 0.0 for record in records]
        self.n_iter_ = max(last, default=0) + 1
        self.best_epochs_, self.validation_losses_ = np.array(best, np.intp), np.array(losses)
        self.validation_curves_ = self._side_by_side(curves, last)
        self.loss_curves_ = self._side_by_side([record.loss_curve for record in records], last)
        self.engine_ = min((part.engine for part in fitted), default="numpy")

    def _side_by_side(self, curves, last):
        """A column for each curve; NaN for epochs that other members have trained longer."""
        columns = np.full((self.n_iter_, len(curves)) if curves else (0, 0), np.nan)
        for column, curve, n in zip(columns.T, curves, last):
            column[: n + 1] = curve
        return columns

    def _outputs(self, X):
        """The model, and the net input that each member gives, shape (n_estimators, n_rows, n_outputs)."""
        check_is_fitted(self, "model_")
        model = self.model_  # once: another one may take its place meanwhile
        return model, model.outputs(model.inputs(X))

    @property
    def encoder_(self) -> ColumnEncoder:
        """What turns a table into the networks' columns."""
        return model_of(self).columns

    @property
    def networks_(self) -> list[Network]:
        """Each holds one member or several."""
        return model_of(self).networks

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def streams_of(estimator):
    """What trains each network of a fitted estimator in `partial_fit`, and the settings there."""
    settings = estimator._stream_settings()
    return estimator._streams or new_streams(estimator, settings), settings


def new_streams(estimator, settings):
    """What trains the networks from where `fit` left them."""
    model = estimator.model_
    seeds = check_random_state(estimator.random_state).randint(2**31 - 1, size=len(model.networks))
    return [
        (training_of(network.copy(), model.loss, settings), np.random.default_rng(seed))
        for network, seed in zip(model.networks, seeds)
    ]
