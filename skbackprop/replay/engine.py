"""Replay of steps: the first batch of a size is recorded, the second is checked, the others are replayed."""

import numpy as np

from skbackprop.batches import Batch
from skbackprop.memory import placed
from skbackprop.replay.interpreter import run_steps
from skbackprop.replay.recording import AT_ONCE, Recording
from skbackprop.training import Steps, train_step

MOST_SIZES = 64  # the most batch sizes to keep: a stream may have any number
N_RANDOM = 2**18  # the most random numbers that are drawn at once
ALIKE = {np.dtype(np.float32): 1e-3, np.dtype(np.float64): 1e-8}  # tolerance, relative to an array's largest


class Replay:
    """An engine: provides the steps of `train_epoch`, for one training at a time.

    `refusal` says why NumPy computes the steps; it is None if they are replayed.
    """

    def __init__(self):
        self.refusal = None
        self._made_from = None
        self._recordings = {}

    def steps(self, training, batches):
        """The steps for `train_epoch`."""
        if self.refusal is None and batches.tables() is None:
            self.refusal = "the rows are sparse"
        return Steps(training, batches) if self.refusal else ReplayedSteps(self, training, batches)

    def recordings(self, training):
        """Recordings by batch size; they are discarded if an object they were made from was replaced."""
        objective, descent, averaging = training.objective, training.descent, training.averaging
        network, has_penalty = objective.network, objective.has_penalty
        made_from = objective, descent, descent._calls, averaging, network.gradient, has_penalty
        is_known = self._made_from is not None and all(a is b for a, b in zip(made_from, self._made_from))
        if not is_known:
            self._made_from, self._recordings = made_from, {}
        return self._recordings


class ReplayedSteps(Steps):
    """Steps of the interpreter, several at a time."""

    def __init__(self, engine, training, batches):
        super().__init__(training, batches)
        self.engine = engine
        self.tables, orders = batches.tables()
        self.orders = np.require(orders, np.intp, "CW")  # the interpreter is compiled for this type only
        self.last = np.zeros(1)

    def advance(self, step, progress, most):
        start = step * self.batches.batch_size
        n_samples = min(self.batches.batch_size, self.orders.shape[1] - start)
        if self.engine.refusal is not None:
            return self._step(self._batch(start, n_samples), progress(step))
        key = n_samples, *(None if table is None else table.shape[1] for table in self.tables)
        recordings = self.engine.recordings(self.training)
        recording = recordings.get(key)
        if recording is None:
            recording = self._record(start, n_samples, progress(step))
            if len(recordings) >= MOST_SIZES:
                del recordings[next(iter(recordings))]
            recordings[key] = recording
            return self._done(recording.value, n_samples)
        if not recording.is_checked:
            return self._check(recording, start, n_samples, progress(step))
        most = min(most, AT_ONCE, (self.orders.shape[1] - start) // n_samples)
        if recording.n_random:
            most = max(1, min(most, N_RANDOM // recording.n_random))
        if self.training.follows:
            most = 1
            self.training.set_progress(progress(step))
        return self._replay(recording, start, [progress(step + k) for k in range(most)])

    def _replay(self, recording, start, progresses):
        training, n_samples = self.training, recording.batch.x.shape[-2]
        for step, progress in enumerate(progresses):
            recording.rates[step] = training.rate.at(progress)
        streams = recording.no_streams
        if recording.n_random:
            numbers = np.empty((len(progresses), recording.n_random), training.objective.network.theta.dtype)
            training.objective.network.generator.random(out=numbers, dtype=numbers.dtype)
            streams = numbers.view(np.uint8)
        n_done = run_steps(
            recording.code,
            recording.gather(self.tables),
            self.orders,
            start,
            n_samples,
            recording.learning_rate,
            recording.bytes_of_rates[: len(progresses)],
            streams,
            recording.losses,
            self.totals.reshape(-1),
            self.last,
        )
        self.value = self.last.item()
        self.n_rows += n_done * n_samples
        return n_done

    def _record(self, start, n_samples, progress):
        self._set_progress(progress)
        batch = self._batch(start, n_samples)
        training = self.training
        with np.errstate(all="ignore"):
            recording = Recording(training, batch, train_step)
        self.engine.refusal = recording.refusal
        return recording

    def _check(self, recording, start, n_samples, progress):
        """Compute the step by NumPy and by replay and compare: a recording cannot see all of user code."""
        self._set_progress(progress)
        batch = self._batch(start, n_samples)
        training, arrays = self.training, self.training.arrays()
        generator = training.objective.network.generator
        drawn = None if generator is None else generator.bit_generator.state
        before = [array.copy() for array in arrays]
        value = train_step(training.objective, training.descent, batch, training.averaging).copy()
        gradient = training.objective.network.gradient  # or the update made of it
        wanted, wanted_gradient = [array.copy() for array in arrays], gradient.copy()
        for array, earlier in zip(arrays, before):
            np.copyto(array, earlier)
        if generator is not None:
            generator.bit_generator.state = drawn
        totals, n_rows = self.totals.copy(), self.n_rows
        self._replay(recording, start, [progress])
        self.totals[...], self.n_rows = totals, n_rows
        recording.is_checked = True
        if not all(map(_alike, [*arrays, gradient, recording.value], [*wanted, wanted_gradient, value])):
            self.engine.refusal = "replay gives other numbers: the step is more than NumPy calls with out="
        for array, by_numpy in zip(arrays, wanted):
            np.copyto(array, by_numpy)
        return self._done(value, n_samples)

    def _batch(self, start, n_samples):
        """A copy of the rows from `start` on."""
        rows = self.orders[:, start : start + n_samples]
        shape = rows.shape if self.training.objective.network.members else (n_samples,)
        parts = [None if t is None else placed(t[rows.reshape(shape)]) for t in self.tables]
        return Batch(*parts)


def _alike(found, wanted):
    tolerance = ALIKE[np.dtype(found.dtype)] * max(np.abs(wanted).max(initial=0.0), 1e-30)
    return np.allclose(found, wanted, rtol=0.0, atol=tolerance, equal_nan=True)
