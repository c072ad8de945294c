"""What the two tabular estimators share: from a table to members, and what these predict."""

from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from skbackprop.compat import N_FRAMES, CallbackSupportMixin
from skbackprop.estimators.acting import reasons_of_members, reasons_of_stream
from skbackprop.estimators.tabular.callbacks import tasks_of
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
)
from skbackprop.estimators.tabular.members import Plan, folds, learn_once
from skbackprop.estimators.tabular.parameters import TabularParameters
from skbackprop.estimators.tabular.recipes import Recipe, batch_size, patience
from skbackprop.estimators.unchanged import unchanged_on_error
from skbackprop.estimators.validation import about
from skbackprop.estimators.weights import counted, in_range
from skbackprop.persistence import Persistent
from skbackprop.preprocessing import TabularEncoder
from skbackprop.unused import warn_unused

STREAM_RATE = 0.25  # factor of the learning rate in `partial_fit`, where no schedule lowers it


class BaseTabular(CallbackSupportMixin, Persistent, TabularParameters, ABC):
    """Base class; not for direct use."""

    _recipes: dict  # by name

    @abstractmethod
    def _check_y(self, y):
        """y as an array."""

    @abstractmethod
    def _learn_targets(self, y, weight, settings, classes):
        """How y becomes columns, in `_targets`, and the loss for these, in `_loss`."""

    @abstractmethod
    def _criterion(self):
        """A function of (columns, z, weight) that is lower where z is better."""

    def _classes_of_all(self, y):
        """The classes of all rows of the call, those of weight 0 too; None for numbers."""

    def _strata(self, y):
        """Classes whose shares all validation parts keep; None: rows are drawn from all alike."""
        return None

    def _loss_weight(self, y, weight):
        """The weight of each row in the loss."""
        return weight

    def _end_fit(self, rows, held_out, net_input):
        """What is learned from the rows that each member holds out, (n_members, n_held_out, ...)."""

    def _settings(self, **more):
        """The parameters, with the recipe's values for those that are None."""
        recipe = self._recipes[self.recipe]
        settings = {"average": None, "n_iter_no_change": None}
        settings |= {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
        settings |= {name: value for name, value in self._settings_by_name().items() if value is not None}
        sizes = np.atleast_1d(settings["hidden_layer_sizes"]).tolist()
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}: whole numbers > 0 are allowed."
            )
        return SimpleNamespace(**settings | {"hidden_layer_sizes": sizes} | more)

    def _stream_settings(self):
        settings = self._settings(learning_rate="constant")
        settings.learning_rate_init *= STREAM_RATE
        return settings

    def _fit(self, X, y, sample_weight):
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        data = {"X": X, "y": y, "metadata": metadata}
        with unchanged_on_error(self):
            self._validate_params()
            settings, random_state = self._settings(), check_random_state(self.random_state)
            rows, y = self._learn_table(X, y, sample_weight, settings)
            learned, held_out = folds(
                len(y), settings.n_estimators, self.validation_fraction, self._strata(y), random_state
            )
            warn_unused(self, reasons_of_members(self, settings, held_out.size > 0), 3 + N_FRAMES)
            parts = together(settings.n_estimators, learned.shape[1], rows.X.shape[1], settings)
            task = self._task(rows, settings, n_rounds(self.n_jobs, len(parts)) * (1 + self.refit))
            (first, *second), at_the_end = tasks_of(self, len(parts), 1 + self.refit, settings.max_iter, data)

            def train(train_part, callbacks, *arrays):
                seeds = random_state.randint(2**31 - 1, size=len(parts))
                arguments = [
                    (task, *(array[part] for array in arrays), seed, of_part)
                    for part, seed, of_part in zip(parts, seeds, callbacks)
                ]
                return side_by_side(self.n_jobs, train_part, arguments, prefer="processes")

            fitted = train(fit_members, first, learned, held_out)
            self._publish([part.record for part in fitted])
            if held_out.size:
                self._end_fit(rows, held_out, np.concatenate([part.net_input for part in fitted]))
            if self.refit:
                every = np.tile(np.arange(len(y)), (settings.n_estimators, 1))
                fitted = train(refit_members, *second, every, self.best_epochs_)
            self.networks_ = [part.network for part in fitted]
            self._streams = None
            at_the_end()
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        with unchanged_on_error(self):
            self._validate_params()
            settings = self._stream_settings()
            if "networks_" not in vars(self):
                warn_unused(self, reasons_of_stream(self, settings), 3)
                rows, y = self._learn_table(X, y, sample_weight, settings, classes)
                streams = self._first_streams(rows, settings)
            else:
                rows, y = self._read(X, y, sample_weight)
                streams = deepcopy(self._streams) or self._new_streams(settings)
                for (training, _), network in zip(streams, self.networks_):
                    training.take_what_was_written(network)
            arguments = [(*stream, rows, batch_size(settings, len(y))) for stream in streams]
            side_by_side(self.n_jobs, learn_once, arguments, require="sharedmem")
            self._streams = streams
            self.networks_ = [training.measured.copy() for training, _ in streams]
        return self

    def _first_streams(self, rows, settings):
        """Members at their first weights, and what trains them."""
        self._publish([])
        random_state, task = check_random_state(self.random_state), self._task(rows, settings, 1)
        every = np.tile(np.arange(len(rows.X)), (settings.n_estimators, 1))
        parts = together(settings.n_estimators, *rows.X.shape, settings)
        seeds = random_state.randint(2**31 - 1, size=len(parts))
        return [start(task, every[part], seed) for part, seed in zip(parts, seeds)]

    def _new_streams(self, settings):
        """What trains the members from where `fit` left them."""
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=len(self.networks_))
        return [
            (training_of(network.copy(), self._loss, settings), np.random.default_rng(seed))
            for network, seed in zip(self.networks_, seeds)
        ]

    def _learn_table(self, X, y, sample_weight, settings, classes=None):
        """The encoder and the targets, and the rows as the networks learn them."""
        every, (X, y, sample_weight) = y, self._counted(X, y, sample_weight)
        if classes is None and y is not every:
            classes = self._classes_of_all(every)
        coded = {"max_one_hot_categories": self.max_one_hot_categories}
        if not settings.embed_categories:
            coded = {"embed": False}
        self.encoder_ = TabularEncoder(self.categorical_features, **coded).fit(X)
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            if hasattr(self.encoder_, name):
                setattr(self, name, getattr(self.encoder_, name))
        return self._encoded(
            X, y, sample_weight, lambda y, weight: self._learn_targets(y, weight, settings, classes)
        )

    def _read(self, X, y, sample_weight):
        """The rows that count, as the networks learn them, and their targets."""
        return self._encoded(*self._counted(X, y, sample_weight))

    def _counted(self, X, y, sample_weight):
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        X, y, weight, _ = counted(X, y, sample_weight)
        return X, y, weight

    def _encoded(self, X, y, weight, learn_targets=None):
        X = self.encoder_._encoded(X)
        with about("y"):
            y = self._check_y(y)
        check_consistent_length(X, y)
        if learn_targets is not None:
            learn_targets(y, weight)
        with about("y"):
            columns = self._targets.encode(y, X.dtype)
        weight, _ = in_range(self._loss_weight(y, weight), X.dtype)
        if weight is None or weight.all():
            return TableRows(X, columns, weight), y
        learned = np.flatnonzero(weight)
        return TableRows(X[learned], columns[learned], weight[learned]), y[learned]

    def _task(self, rows, settings, n_rounds):
        plan = Plan(
            settings.max_iter,
            seconds=np.inf if self.max_time is None else self.max_time / n_rounds,
            patience=patience(settings),
        )
        n_outputs = self._loss.n_nodes(rows.columns.shape[1])
        return Task(settings, self.encoder_, self._loss, n_outputs, self._criterion(), rows, plan)

    def _publish(self, records):
        """The fitted attributes that tell of training."""
        self.best_epochs_ = _joined([record.best_epochs for record in records])
        self.validation_losses_ = _joined([record.best for record in records])
        curves = [np.array(record.curve) for record in records]
        n_iter = max(map(len, curves), default=1)
        self.validation_curves_ = _joined([_longer(curve, n_iter) for curve in curves], axis=1)
        losses = [_longer(np.array(record.losses), n_iter) for record in records]
        self.loss_curves_ = np.stack(losses, axis=1) if losses else np.empty((0, 0))
        self.n_iter_ = n_iter
        self.engine_ = min((record.engine for record in records), default="numpy")

    def _outputs(self, X, finish):
        """finish(z) of each member, shape (n_estimators, n_rows, n_outputs)."""
        check_is_fitted(self, "networks_")
        X = self.encoder_._encoded(X)
        return np.concatenate([network.predict(X, finish) for network in self.networks_])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def _joined(arrays, axis=0):
    return np.concatenate(arrays, axis=axis) if arrays else np.empty(0)


def _longer(curve, n_rows):
    """With NaN for epochs that other members have trained longer."""
    missing = np.full((n_rows - len(curve), *curve.shape[1:]), np.nan)
    return np.concatenate([curve, missing])
