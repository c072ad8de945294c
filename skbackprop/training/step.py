"""Steps, and an epoch of them."""

from math import inf, isfinite
from time import monotonic
from typing import Any, Protocol

import numpy as np

from skbackprop.beginning import Beginning
from skbackprop.divergence import DivergenceError, explain, look

HUGE = 1e4  # a sum of weights below which no output overflows


def train_step(objective, descent, batch, averaging=None):
    """One descent on one batch; the loss before it."""
    value = objective.value_and_gradient(batch)
    descent.step()
    if averaging is not None:
        averaging.after_step()
    return value


class Engine(Protocol):
    """What does the steps of an epoch in place of NumPy."""

    refusal: str | None  # why NumPy does them after all

    def steps(self, training: Any, batches: Any) -> "Steps":
        """The steps on these batches."""


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
    when = f"epoch {training.records[0].n_epochs + 1}, step {step + 1} of {len(batches)}"
    error = DivergenceError(explain(training.objective.network, when, batches.X, batches.targets))
    error.diverged = diverged
    return error
