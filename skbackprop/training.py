"""Training, from one step to the whole: train -> train_epoch -> train_step."""

import warnings
from dataclasses import dataclass, field
from math import inf, isfinite
from time import monotonic

import numpy as np

from skbackprop.averaging import Averaging
from skbackprop.beginning import Beginning
from skbackprop.divergence import DivergenceError, explain, look
from skbackprop.memory import writable
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.schedules import ScheduledRate

INTERRUPT = "interrupt"
HUGE = 1e4  # a sum of weights below which no output overflows


@dataclass
class Patience:
    """Counts the epochs since a score, higher is better, last rose by `tol` above the best one."""

    best: float = -np.inf
    n_epochs_without: int = 0
    last_of_equal: bool = False  # whether an equal score is better

    def update(self, score, tol):
        """Whether `score` is a new best; NaN is none, and no progress."""
        self.n_epochs_without = 0 if score >= self.best + tol else self.n_epochs_without + 1
        if not (score > self.best or (self.last_of_equal and score == self.best)):
            return False
        self.best = score
        return True


@dataclass
class Curves:
    """What was measured after every epoch, beside the training loss."""

    validation_scores: list = field(default_factory=list)
    validation_losses: list = field(default_factory=list)
    training_scores: list = field(default_factory=list)

    def append(self, measured):
        self.validation_scores.append(measured.score)
        self.validation_losses.append(measured.loss)
        self.training_scores.append(measured.training_score)


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
    averaging: Averaging | None = None
    averaging_settings: tuple | None = None
    prepared_for: tuple | None = None  # the parameters that all of this was made for; None: look again
    patience: Patience = field(default_factory=Patience)
    patience_about: tuple | None = None  # the scores that it counts; None: the training loss
    best_theta: np.ndarray | None = None
    order: np.ndarray | None = None  # of the rows after the last epoch, kept for warm_start
    loss_curve: list = field(default_factory=list)
    curves: Curves | None = None
    n_iter: int = 0  # epochs of the last call
    n_epochs: int = 0  # epochs of all calls
    n_samples_seen: int = 0
    engine: object = None  # what replays steps; None: each is done by NumPy

    def __getstate__(self):
        return {**vars(self), "engine": None, "prepared_for": None}

    def __setstate__(self, state):
        self.__dict__.update(state)
        if self.best_theta is not None:
            self.best_theta = writable(self.best_theta)

    @property
    def engine_name(self):
        """'replay', or 'numpy' where nothing is replayed."""
        return "numpy" if self.engine is None or self.engine.refusal is not None else "replay"

    @property
    def theta(self):
        """The weights that train."""
        return self.objective.network.theta

    @property
    def measured(self):
        """The network that is measured after an epoch: the average where there is one, else that which trains."""
        average = None if self.averaging is None else self.averaging.averaged()
        return self.objective.network if average is None else average

    @property
    def result(self):
        """What training is for: the weights of the best epoch, else the average, else the last ones."""
        return self.measured.theta if self.best_theta is None else self.best_theta

    def publish(self, network):
        """The network predicts with the result from now on."""
        np.copyto(network.theta, self.result)

    def take_what_was_written(self, network):
        """Training goes on from the weights of a network that had the result, if others were written to it."""
        result = self.result
        if result is self.theta or not np.array_equal(network.theta, result):
            self.go_on_from(network)

    def go_on_from(self, network):
        """Training goes on from the weights of this network; the best ones so far and the average are void."""
        if self.best_theta is not None:
            self.best_theta, self.patience = None, Patience()
        for array in [] if self.averaging is None else self.averaging.arrays():
            array[...] = 0.0
        np.copyto(self.theta, network.theta)

    def stop_on_scores(self, about, last_of_equal=False):
        """Stop by validation scores from now on; other data or another score make the old ones void.

        Training then goes on from the weights of the best epoch.
        """
        if about != self.patience_about:
            self.patience, self.patience_about = Patience(), about
            self._forget_best()
        self.patience.last_of_equal = last_of_equal

    def stop_on_loss(self):
        """Stop by the training loss from now on."""
        if self.patience_about is not None:
            self.patience = Patience(best=-min(self.loss_curve, default=np.inf))
            self.patience_about = None
            self._forget_best()

    def keep_as_best(self):
        """A copy of the weights that were measured: the average where there is one."""
        theta = self.measured.theta
        if self.best_theta is None:
            self.best_theta = np.empty_like(theta)
        np.copyto(self.best_theta, theta)

    def _forget_best(self):
        if self.best_theta is not None:
            np.copyto(self.theta, self.best_theta)
            self.best_theta = None

    def has_stopped(self, n_iter_no_change):
        """Whether validation scores have used up the patience."""
        return self.patience_about is not None and self.patience.n_epochs_without > n_iter_no_change

    def trim(self, n_kept):
        """Curves keep at least the last `n_kept` values: a stream has no end."""
        curves = [self.loss_curve, *([] if self.curves is None else vars(self.curves).values())]
        for curve in curves:
            if len(curve) > 2 * n_kept:
                del curve[:-n_kept]

    def arrays(self):
        """Every array that a step changes."""
        averages = [] if self.averaging is None else self.averaging.arrays()
        return [self.objective.network.theta, *self.descent.arrays(), *averages]

    def set_progress(self, progress):
        """Whatever is `Scheduled`, but for the learning rate, takes its value at this progress, 0 to 1."""
        self.objective.set_progress(progress)
        self.descent.set_progress(progress)

    @property
    def follows(self):
        """Whether anything but the learning rate is `Scheduled`."""
        return self.objective.follows or self.descent.follows


def train_step(objective, descent, batch, averaging=None):
    """One descent on one batch; the loss before it."""
    value = objective.value_and_gradient(batch)
    descent.step()
    if averaging is not None:
        averaging.after_step()
    return value


class Steps:
    """Steps on the batches of an epoch, one at a time.

    `totals`: loss times rows, summed, of each member; `value`: the last loss, summed over members.
    """

    def __init__(self, training, batches):
        self.training, self.batches = training, batches
        self.totals = np.zeros((*training.objective.network.members, 1, 1))
        self.n_rows, self.value = 0, None
        self._rest = iter(batches)

    def advance(self, step, progress, most):
        """Step number `step`, and perhaps the next ones, `most` at most; how many were done."""
        return self._step(next(self._rest), progress(step))

    def look(self, progress):
        """A forward pass of the next batch, as its step would do it."""
        self._set_progress(progress)
        look(self.training.objective.network, next(self._rest).x, training=True)

    def _step(self, batch, progress):
        training = self.training
        self._set_progress(progress)
        value = train_step(training.objective, training.descent, batch, training.averaging)
        return self._done(value, batch.y.shape[-2])

    def _set_progress(self, progress):
        training = self.training
        training.descent.learning_rate[...] = training.rate.at(progress)
        training.set_progress(progress)

    def _done(self, values, n_rows):
        self.value = float(sum(values.flat))
        self.totals += values.astype(float) * n_rows
        self.n_rows += n_rows
        return 1

    def losses(self):
        """The mean loss, of each member under an `Ensemble`."""
        return self.totals[..., 0, 0] / self.n_rows


def train_epoch(training, batches, n_done, n_planned, deadline=inf, beginning=None):
    """One pass over the batches, or over those before the deadline; mean loss and number of rows.

    Each batch's loss is the one before its step; under an `Ensemble` there is one for each member. It is
    epoch `n_done` of the `n_planned` ones over which a schedule runs from 0 to 1. `beginning`: what was noted
    before it, if that is at hand.
    """
    if beginning is None:
        beginning = Beginning(training, batches)
        beginning.note()
    averaging, n_batches = training.averaging, len(batches)
    steps = Steps(training, batches) if training.engine is None else training.engine.steps(training, batches)
    done, n_steps, step = n_done * n_batches, n_planned * n_batches, 0

    def progress(step):
        return min((done + step) / n_steps, 1.0)

    most = n_batches if deadline == inf else 1
    while step < n_batches:
        step += steps.advance(step, progress, most)
        if not isfinite(steps.value):
            _look_again(training, batches, beginning, step - 1, progress)
            raise _divergence(training, batches, step - 1, ~np.isfinite(steps.losses()))
        if monotonic() > deadline:
            break
    if not abs(np.add.reduce(training.objective.network.theta, axis=None)) < HUGE:
        _check_outputs(training, batches, step - 1)
    if averaging is not None:
        averaging.after_epoch((n_done + 1) / n_planned)
    return steps.losses(), steps.n_rows


def _look_again(training, batches, beginning, step, progress):
    """A forward pass of the batch of a step, with the weights that the step met.

    The step has spoilt them, and an engine may keep its work to itself: NumPy does the epoch again so far.
    """
    beginning.take_back_steps()
    again = Steps(training, batches)
    for earlier in range(step):
        again.advance(earlier, progress, 1)
    again.look(progress(step))


def _check_outputs(training, batches, step):
    """No loss has seen the last step: weights may be finite and so large that outputs overflow."""
    network = training.objective.network
    for batch in batches:
        z = network.forward(batch.x)
        if not (np.isfinite(z).all() and np.isfinite(network.theta).all()):
            diverged = ~(np.isfinite(z).all(axis=(-2, -1)) & np.isfinite(network.theta).all(axis=-1))
            look(network, batch.x, training=False)
            raise _divergence(training, batches, step, diverged)


def _divergence(training, batches, step, diverged):
    """The error; what is wrong is in the network's last forward pass."""
    when = f"epoch {training.n_epochs + 1}, step {step + 1} of {len(batches)}"
    error = DivergenceError(explain(training.objective.network, when, batches.X, batches.targets))
    error.diverged = diverged
    return error


@np.errstate(all="ignore")  # a loss that is not finite is an error of its own
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
    monitor=None,
    max_time=None,
    n_iter=0,
    before_epoch=(),
    after_epoch=(),
):
    """Epochs until the patience is used up; returns None, or what came first: a limit, or an interrupt.

    A schedule goes from 0 to 1 over `n_planned` epochs, by default these, of which `n_done` are over.
    `monitor(network)` measures after every epoch. If it stops, its criterion decides, and the weights of the
    best epoch are taken at the end; else the training loss decides. `max_time` is in seconds. `n_iter` epochs
    of this call are done already. Each of `before_epoch` is called without arguments, each of `after_epoch`
    with whether training stops here; it may return True to stop it. What ends an epoch before its time leaves
    the state at the end of the last whole one, random sequences and the order of the rows included.
    """
    deadline = inf if max_time is None else monotonic() + max_time
    training.n_iter, limit = n_iter, "max_iter"
    beginning, is_under_way = Beginning(training, batches, shuffle), False
    try:
        for epoch in range(n_done, n_done + n_epochs):
            for hook in before_epoch:
                hook()
            beginning.note()
            is_under_way = True
            if shuffle:
                batches.shuffle(training.random_state)
            loss, n_rows = train_epoch(training, batches, epoch, n_planned or n_epochs, deadline, beginning)
            measured = None if monitor is None else monitor(training.measured)
            is_under_way = False
            _record(training, float(loss), n_rows, measured, monitor, tol)
            stopped = _patience_is_over(training, n_iter_no_change)
            wishes = [hook(stopped) for hook in after_epoch]
            if stopped or any(wishes):
                limit = None
                break
            if monotonic() > deadline:
                limit = "max_time"
                break
    except BaseException as error:
        if is_under_way:
            beginning.take_back()
        if not isinstance(error, KeyboardInterrupt):
            raise
        warnings.warn("Training interrupted by user.", stacklevel=3)
        limit = INTERRUPT
    warn_without_best(training, monitor)
    return limit


def close_epoch(training, loss, n_rows, monitor, tol, n_iter_no_change):
    """What follows an epoch: it is measured and recorded; whether the patience is used up."""
    measured = None if monitor is None else monitor(training.measured)
    _record(training, loss, n_rows, measured, monitor, tol)
    return _patience_is_over(training, n_iter_no_change)


def warn_without_best(training, monitor):
    """After the last epoch: early stopping had nothing to go by."""
    if monitor is not None and monitor.keeps_best and training.best_theta is None:
        warnings.warn(
            "No epoch had a validation score that is a number: the last weights are kept.", stacklevel=3
        )


def _record(training, loss, n_rows, measured, monitor, tol):
    training.n_iter += 1
    training.n_epochs += 1
    training.n_samples_seen += n_rows
    training.loss_curve.append(loss)
    if measured is not None:
        training.curves.append(measured)
    if monitor is None or not monitor.stops:
        training.patience.update(-loss, tol)
    elif measured is not None:
        is_best = training.patience.update(measured.criterion, tol)
        if is_best and monitor.keeps_best:
            training.keep_as_best()
    training.rate.end_epoch(training.n_samples_seen)


def _patience_is_over(training, n_iter_no_change):
    """Whether training ends; a rate that can be lowered on a plateau starts the patience anew."""
    if training.patience.n_epochs_without <= n_iter_no_change:
        return False
    if not training.rate.lower():
        return True
    training.patience.n_epochs_without = 0
    return False
