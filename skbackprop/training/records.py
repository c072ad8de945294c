"""What is known of the training of one member: curves, patience, the best weights."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from skbackprop.memory import writable


class Measured(NamedTuple):
    """What validation finds for one member after an epoch."""

    score: float | None
    loss: float
    training_score: float | None
    criterion: float  # what training stops on, higher is better


@dataclass
class Patience:
    """Counts the epochs since a score, higher is better, last rose by `tol` above the best one."""

    best: float = -np.inf
    n_epochs_without: int = 0
    last_of_equal: bool = False  # whether an equal score is better

    def update(self, score, tol):
        """Whether `score` is a new best; NaN is neither that nor progress."""
        self.n_epochs_without = 0 if score >= self.best + tol else self.n_epochs_without + 1
        if not (score > self.best or (self.last_of_equal and score == self.best)):
            return False
        self.best = score
        return True


@dataclass
class Curves:
    """What was measured after every epoch, in addition to the training loss."""

    validation_scores: list = field(default_factory=list)
    validation_losses: list = field(default_factory=list)
    training_scores: list = field(default_factory=list)

    def append(self, measured):
        self.validation_scores.append(measured.score)
        self.validation_losses.append(measured.loss)
        self.training_scores.append(measured.training_score)


@dataclass
class Record:
    """The record of one member; it continues from one call to the next."""

    patience: Patience = field(default_factory=Patience)
    patience_about: tuple | None = None  # the scores that it counts; None: the training loss
    best_theta: np.ndarray | None = None
    best_epoch: int = -1  # of the last call, from 0; -1: none
    loss_curve: list = field(default_factory=list)
    curves: Curves | None = None
    n_iter: int = 0  # epochs of the last call
    n_epochs: int = 0  # epochs of all calls
    n_samples_seen: int = 0

    def __setstate__(self, state):
        self.__dict__.update(state)
        if self.best_theta is not None:
            self.best_theta = writable(self.best_theta)

    def stop_on_scores(self, about, last_of_equal=False):
        """Stop by validation scores from now on; whether those so far are void, being about others."""
        is_new = about != self.patience_about
        if is_new:
            self.patience, self.patience_about = Patience(), about
        self.patience.last_of_equal = last_of_equal
        return is_new

    def stop_on_loss(self):
        """Stop by the training loss from now on; whether scores decided before."""
        is_new = self.patience_about is not None
        if is_new:
            self.patience = Patience(best=-min(self.loss_curve, default=np.inf))
            self.patience_about = None
        return is_new

    def keep_as_best(self, theta):
        """A copy of the weights that were measured."""
        if self.best_theta is None:
            self.best_theta = np.empty_like(theta)
        np.copyto(self.best_theta, theta)
        self.best_epoch = self.n_iter - 1

    def has_stopped(self, n_iter_no_change):
        """Whether validation scores have used up the patience."""
        return self.patience_about is not None and self.patience.n_epochs_without > n_iter_no_change

    def all_curves(self):
        """Every list that grows by a value an epoch."""
        return [self.loss_curve, *([] if self.curves is None else vars(self.curves).values())]

    def trim(self, n_kept):
        """Curves keep at least the last `n_kept` values: a stream has no end."""
        for curve in self.all_curves():
            if len(curve) > 2 * n_kept:
                del curve[:-n_kept]
