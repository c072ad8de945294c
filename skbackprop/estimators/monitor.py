"""The validation part: which rows it is, and what is measured on it after every epoch."""

from copy import copy
from typing import NamedTuple
from zlib import crc32

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, train_test_split
from sklearn.utils import check_consistent_length

from skbackprop.estimators.building import description
from skbackprop.estimators.validation import about
from skbackprop.memory import Workspaces
from skbackprop.network import net_input


class Rows(NamedTuple):
    """Samples in every form that is needed: as given, as the network sees them, and their weights."""

    X: np.ndarray  # as validated
    y: np.ndarray
    inputs: np.ndarray  # X without NaN
    columns: np.ndarray  # y encoded
    weight: np.ndarray | None  # (n_samples, 1): sample_weight

    def take(self, rows):
        X = self.X[rows]
        inputs = X if self.inputs is self.X else self.inputs[rows]
        weight = None if self.weight is None else self.weight[rows]
        return Rows(X, self.y[rows], inputs, self.columns[rows], weight)


class Measured(NamedTuple):
    score: float
    loss: float
    training_score: float
    criterion: float  # what training stops on, higher is better


class Monitor:
    """Called after an epoch, it measures the validation rows and as many of the training rows.

    `stops` tells whether training stops by its criterion: the score, or minus the loss.
    """

    def __init__(self, estimator, held_out, training_rows, stops):
        self.estimator, self.held_out, self.training_rows = estimator, held_out, training_rows
        self.stops, self.by_loss = stops, estimator.scoring == "loss"
        self.scorer = None
        if estimator.scoring is not None and not self.by_loss:
            self.scorer = check_scoring(estimator, scoring=estimator.scoring)
        self.view = copy(estimator)
        vars(self.view).pop("feature_names_in_", None)  # the rows are arrays by now
        objective = estimator._training.objective
        self.objective = objective
        work = Workspaces(objective.loss.buffers(objective.network.n_outputs), objective.network.theta.dtype)
        self.work = work[len(held_out.columns)]
        self.about = crc32(np.ascontiguousarray(held_out.columns)), description(estimator.scoring)

    def __call__(self):
        score, loss = self._score(self.held_out, with_loss=True)
        training_score, _ = self._score(self.training_rows)
        return Measured(score, loss, training_score, -loss if self.by_loss else score)

    def net_input(self):
        """z of the validation rows."""
        return self.estimator._outputs(self.held_out.inputs, net_input)

    def _score(self, rows, with_loss=False):
        z = self.estimator._outputs(rows.inputs, net_input)
        loss = self._loss(rows, z) if with_loss else None
        weight = None if rows.weight is None else rows.weight[:, 0]
        if not np.isfinite(z).all() or (weight is not None and not weight.any()):
            return np.nan, loss
        if self.scorer is None:
            return self.estimator._score_net_input(z, rows.y, weight), loss
        settings = {} if weight is None else {"sample_weight": weight}
        with about(f"scoring={self.estimator.scoring!r}"):
            return self.scorer(self.view, rows.X, rows.y, **settings), loss

    def _loss(self, rows, z):
        loss = self.objective.loss
        return loss.value_and_delta(rows.columns, z, rows.weight, self.work.delta, self.work).item()


def split(estimator, rows, groups, random_state):
    """Indices to train on and to validate on: the last split of `validation`, or a random part."""
    n_samples = len(rows.columns)
    if estimator.validation is None:
        return _random_part(estimator, rows.columns, random_state)
    if groups is not None:
        with about("groups"):
            check_consistent_length(rows.X, groups)
    with about(f"validation={estimator.validation!r}"):
        splitter = check_cv(estimator.validation, rows.y, classifier=is_classifier(estimator))
        splits = list(splitter.split(rows.X, rows.y, groups))
        if not splits:
            raise ValueError("there is no split.")
        train, held_out = (np.arange(n_samples)[part] for part in splits[-1])
    if not (len(train) and len(held_out)):
        raise ValueError(
            f"validation={estimator.validation!r} leaves {len(train)} rows to train on and {len(held_out)} "
            "to validate on: at least one each is needed."
        )
    return train, held_out


def _random_part(estimator, columns, random_state):
    n_held_out = int(np.ceil(estimator.validation_fraction * len(columns)))
    if n_held_out < 2:
        raise ValueError(
            f"The validation set is too small: n_samples={len(columns)}, validation_fraction="
            f"{estimator.validation_fraction!r}. Increase 'validation_fraction' or the size of your dataset."
        )
    with about(f"validation_fraction={estimator.validation_fraction!r}"):
        return train_test_split(
            np.arange(len(columns)),
            random_state=random_state,
            test_size=estimator.validation_fraction,
            stratify=estimator._strata(columns, n_held_out),
        )
