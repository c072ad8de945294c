"""The validation part: which rows it is, and what is measured on it after every epoch."""

import warnings
from copy import copy
from dataclasses import replace
from typing import NamedTuple
from zlib import crc32

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, train_test_split

from skbackprop.compat import N_FRAMES, num_samples
from skbackprop.estimators.building import description
from skbackprop.estimators.validation import about
from skbackprop.estimators.weights import in_range
from skbackprop.memory import Workspaces
from skbackprop.training import Measured


class Rows(NamedTuple):
    """Samples in every form that is needed: as given, as the network sees them, and their weights."""

    X: np.ndarray  # as validated
    y: np.ndarray
    inputs: np.ndarray  # X without NaN
    columns: np.ndarray  # y encoded
    weight: np.ndarray | None  # (n_samples, 1), or a column for each output: sample_weight

    def take(self, rows):
        X = self.X[rows]
        inputs = X if self.inputs is self.X else self.inputs[rows]
        weight = None if self.weight is None else self.weight[rows]
        return Rows(X, self.y[rows], inputs, self.columns[rows], weight)


class Monitor:
    """Called with a network after an epoch, it measures the validation rows and as many of the training rows.

    `stops` tells whether training stops by its criterion: the score, or minus the loss.
    """

    def __init__(self, estimator, held_out, training_rows, stops):
        self.estimator, self.held_out, self.training_rows = estimator, held_out, training_rows
        self.stops, self.by_loss = stops, estimator.scoring == "loss"
        self.scorer = None
        self.scores_weights = True
        if estimator.scoring is not None and not self.by_loss:
            with about(f"scoring={estimator.scoring!r}"):
                self.scorer = check_scoring(estimator, scoring=estimator.scoring)
        self.view = copy(estimator)
        vars(self.view).pop("feature_names_in_", None)  # the rows are arrays by now
        objective = estimator.run_.objective
        self.objective = objective
        work = Workspaces(objective.loss.buffers(objective.network.n_outputs), objective.network.theta.dtype)
        self.work = work[len(held_out.columns)]
        self.about = crc32(np.ascontiguousarray(held_out.columns)), description(estimator.scoring)

    @property
    def keeps_best(self):
        """Whether the weights of the best epoch are the result."""
        return self.stops

    def __call__(self, network):
        self.view.model_ = replace(self.view.model_, networks=[network])
        score, loss = self._score(self.held_out, with_loss=True)
        training_score, _ = self._score(self.training_rows)
        return Measured(score, loss, training_score, -loss if self.by_loss else score)

    def net_input(self):
        """z of the validation rows."""
        return self.estimator.model_.outputs(self.held_out.inputs)

    def _score(self, rows, with_loss=False):
        z = self.view.model_.outputs(rows.inputs)
        loss = self._loss(rows, z) if with_loss else None
        weight = rows.weight
        if weight is not None and weight.shape[1] == 1:
            weight = weight[:, 0]
        if not np.isfinite(z).all():
            return np.nan, loss
        if self.scorer is None:
            return self.estimator._score_net_input(z, rows.y, weight), loss
        with about(f"scoring={self.estimator.scoring!r}"):
            return self._by_scorer(rows, weight), loss

    def _by_scorer(self, rows, weight):
        """The user's score; without the weights where it does not take them."""
        if weight is not None and weight.ndim == 2:
            raise ValueError(
                "a scorer takes a weight for each row, and sample_weight has one for each output: give "
                "scoring=None or scoring='loss'."
            )
        if weight is not None and self.scores_weights:
            try:
                return self.scorer(self.view, rows.X, rows.y, sample_weight=weight)
            except TypeError as error:
                if "sample_weight" not in str(error):
                    raise
                self.scores_weights = False
        return self.scorer(self.view, rows.X, rows.y)

    def _loss(self, rows, z):
        loss = self.objective.loss
        weight, _ = in_range(rows.weight, z.dtype)
        return loss.value_and_delta(rows.columns, z, weight, self.work.delta, self.work).item()


class Prequential(Monitor):
    """Rows of a stream are measured once, before they are learned (Gama, Sebastiao, Rodrigues, 2013).

    Scores of different rows do not say whose weights are best: the last ones are the result.
    """

    keeps_best = False

    def __init__(self, estimator, rows, stops):
        super().__init__(estimator, rows, rows, stops)
        self.about = "prequential", description(estimator.scoring)
        score, loss = self._score(rows, with_loss=True)
        self.measured = Measured(score, loss, score, -loss if self.by_loss else score)

    def __call__(self, network):
        measured, self.measured = self.measured, None
        return measured


class Numbered(NamedTuple):
    """The rows that a splitter may name, by the numbers that they have in the call."""

    places: np.ndarray | None  # of each one in the data, -1 for a row of weight 0; None: it is its number
    groups: np.ndarray | None

    @classmethod
    def of(cls, X, rows, groups):
        """For a call with X, of which `rows` count; None: all."""
        places = None
        if rows is not None:
            places = np.full(num_samples(X), -1)
            places[rows] = np.arange(len(rows))
        return cls(places, None if groups is None else np.asarray(groups))

    @property
    def n_weightless(self):
        """How many rows of weight 0 the call has."""
        return 0 if self.places is None else int(np.count_nonzero(self.places < 0))

    def without(self, skipped):
        """When these rows of the data have gone, as if they had not been given."""
        groups = self.groups
        if self.places is None:
            return Numbered(None, None if groups is None else groups[~skipped])
        still = (self.places < 0) | ~skipped[self.places]
        places = np.where(self.places < 0, -1, np.cumsum(~skipped)[self.places] - 1)
        return Numbered(places[still], None if groups is None else groups[still])

    def split(self, splitter, data):
        """The places in the data of the last split, and how many numbers it names."""
        return self.splits(splitter, data)[-1]

    def splits(self, splitter, data):
        """The same of every split.

        To the splitter a row of weight 0 looks like the row that counts before it.
        """
        X, y, groups = data.X, data.y, self.groups
        if self.places is not None:
            stand_ins = np.maximum(np.maximum.accumulate(self.places), 0)
            X, y = X[stand_ins], y[stand_ins]
            groups = None if groups is None else groups[self.places >= 0][stand_ins]
        found = [self._placed(parts, X.shape[0]) for parts in splitter.split(X, y, groups)]
        if not found:
            raise ValueError("there is no split.")
        return found

    def _placed(self, parts, n_rows):
        numbers = np.arange(n_rows) if self.places is None else self.places
        parts = [numbers[part] for part in parts]
        return [part[part >= 0] for part in parts], list(map(len, parts))


def split(estimator, data, numbered, random_state):
    """Indices to train on and to validate on: the last split of `validation`, or a random part."""
    if estimator.validation is None:
        return _random_part(estimator, data.y, numbered, random_state)
    with about(f"validation={estimator.validation!r}"):
        splitter = check_cv(estimator.validation, data.y, classifier=is_classifier(estimator))
        (train, held_out), sizes = numbered.split(splitter, data)
        if np.isin(held_out, train).any():
            raise ValueError("rows to validate on are also rows to train on.")
    if not all(sizes):
        raise ValueError(
            f"validation={estimator.validation!r} leaves {sizes[0]} rows to train on and {sizes[1]} "
            "to validate on: at least one each is needed."
        )
    if not (len(train) and len(held_out)):
        what = "to validate on" if len(train) else "to train on"
        raise ValueError(
            f"sample_weight: all weights of the rows {what} are 0, by validation={estimator.validation!r}."
        )
    return train, held_out


def _random_part(estimator, y, numbered, random_state):
    """Of the rows that count; two at least, where there would be two if all rows given did."""
    n_samples, fraction = y.shape[0], estimator.validation_fraction
    n_given = n_samples if numbered.places is None else len(numbered.places)
    n_held_out = int(np.ceil(fraction * n_samples))
    if np.ceil(fraction * n_given) < 2 or n_samples < 3 <= n_given:
        counted = "" if n_given == n_samples else f" with a weight above 0, of {n_given}"
        raise ValueError(
            f"The validation set is too small: n_samples={n_samples}{counted}, validation_fraction="
            f"{fraction!r}. Increase 'validation_fraction' or the size of your dataset."
        )
    part = fraction if n_held_out >= 2 else 2
    with about(f"validation_fraction={fraction!r}"):
        return train_test_split(
            np.arange(n_samples),
            random_state=random_state,
            test_size=part,
            stratify=estimator._strata(y, max(2, n_held_out)),
        )


def warn_without_best(record, monitor):
    """After the last epoch: early stopping had nothing to go by."""
    if monitor is not None and monitor.keeps_best and record.best_theta is None:
        warnings.warn(
            "No epoch had a validation score that is a number: the last weights are kept.",
            stacklevel=6 + N_FRAMES,
        )
