"""Training, from one step to the whole: train -> train_epoch -> train_step."""

import warnings
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from skbackprop.divergence import explain
from skbackprop.memory import writable
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.schedules import ScheduledRate


@dataclass
class Patience:
    """Counts the epochs since a score, higher is better, last rose by `tol` above the best one."""

    best: float = -np.inf
    n_epochs_without: int = 0

    def update(self, score, tol):
        """Whether `score` is a new best; NaN is none, and no progress."""
        self.n_epochs_without = 0 if score >= self.best + tol else self.n_epochs_without + 1
        if not score > self.best:
            return False
        self.best = score
        return True


@dataclass
class Training:
    """All that continues from one call to the next: pickled with the estimator."""

    objective: Objective
    random_state: np.random.RandomState
    split_random_state: np.random.RandomState  # as it was before the validation part was drawn
    descent: Descent | None = None
    descent_settings: tuple | None = None
    rate: ScheduledRate | None = None
    rate_settings: tuple | None = None
    patience: Patience = field(default_factory=Patience)
    best_theta: np.ndarray | None = None
    held_out: int | None = None  # a checksum of the targets that the scores are for
    order: np.ndarray | None = None  # of the rows after the last epoch, kept for warm_start
    loss_curve: list = field(default_factory=list)
    validation_scores: list | None = None
    n_iter: int = 0  # epochs of the last call
    n_epochs: int = 0  # epochs of all calls
    n_samples_seen: int = 0

    def __setstate__(self, state):
        self.__dict__.update(state)
        if self.best_theta is not None:
            self.best_theta = writable(self.best_theta)

    def stop_on_score(self, held_out):
        """Stop by validation scores from now on; other data held out make the old scores void."""
        if self.validation_scores is None or held_out != self.held_out:
            self.validation_scores = self.validation_scores or []
            self.patience, self.held_out = Patience(), held_out
            self.best_theta = self.objective.network.theta.copy()

    def stop_on_loss(self):
        """Stop by the training loss from now on."""
        if self.validation_scores is not None:
            self.validation_scores, self.best_theta = None, None
            self.patience = Patience(best=-min(self.loss_curve, default=np.inf))


def train_step(objective, descent, batch):
    """One descent on one batch; the loss before it."""
    value = objective.value_and_gradient(batch)
    descent.step()
    return value


def train_epoch(training, batches, n_done, n_planned):
    """One pass over the batches; the mean of their losses, each before its step.

    It is epoch `n_done` of the `n_planned` ones over which a schedule runs from 0 to 1.
    """
    objective, descent, rate = training.objective, training.descent, training.rate
    total, done, n_steps = 0.0, n_done * len(batches), n_planned * len(batches)
    for step, batch in enumerate(batches):
        descent.learning_rate[...] = rate.at((done + step) / n_steps)
        value = float(sum(train_step(objective, descent, batch).flat))  # over members
        if not isfinite(value):
            _diverged(training, batches, step)
        total += value * batch.y.shape[0]
    if not np.isfinite(np.add.reduce(objective.network.theta, axis=None)):
        _diverged(training, batches, step)
    return total / batches.n_samples


def _diverged(training, batches, step):
    when = f"epoch {training.n_epochs + 1}, step {step + 1} of {len(batches)}"
    raise ValueError(explain(training.objective.network, when, batches.X, batches.targets))


def train(
    training,
    batches,
    n_epochs,
    *,
    n_done=0,
    n_planned=None,
    shuffle=True,
    tol=1e-4,
    n_iter_no_change=10,
    score=None,
    verbose=False,
):
    """Epochs until the patience is used up; returns whether it was, before `n_epochs` were over.

    A schedule goes from 0 to 1 over `n_planned` epochs, by default these, of which `n_done` are over.
    With `score`, a function without arguments, its value decides, and the weights of the best epoch
    are taken at the end; without it, the training loss decides.
    """
    theta = training.objective.network.theta
    state = [theta, *training.descent.arrays()]
    last_finite = [array.copy() for array in state]
    training.n_iter = 0
    converged = False
    try:
        with np.errstate(all="ignore"):  # a loss that is not finite is an error of its own
            for epoch in range(n_done, n_done + n_epochs):
                if shuffle:
                    batches.shuffle(training.random_state)
                loss = train_epoch(training, batches, epoch, n_planned or n_epochs)
                for copy, array in zip(last_finite, state):
                    np.copyto(copy, array)
                _record(training, batches, loss, score, tol, verbose)
                if training.patience.n_epochs_without > n_iter_no_change:
                    if not training.rate.lower():
                        converged = True
                        break
                    training.patience.n_epochs_without = 0
    except Exception:
        for copy, array in zip(last_finite, state):
            np.copyto(array, copy)
        raise
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)
        converged = True
    finally:
        if training.best_theta is not None:
            np.copyto(theta, training.best_theta)
    return converged


def _record(training, batches, loss, score, tol, verbose):
    training.n_iter += 1
    training.n_epochs += 1
    training.n_samples_seen += batches.n_samples
    training.loss_curve.append(loss)
    if verbose:
        print(f"Iteration {training.n_iter}, loss = {loss:.8f}")
    value = -loss if score is None else score()
    is_best = training.patience.update(value, tol)
    if score is not None:
        training.validation_scores.append(value)
        if verbose:
            print(f"Validation score: {value:.6f}")
        if is_best:
            np.copyto(training.best_theta, training.objective.network.theta)
    training.rate.end_epoch(training.n_samples_seen)
