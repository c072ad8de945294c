"""The recording of a training step for one batch size."""

from copy import copy
from types import SimpleNamespace

import numpy as np

from skbackprop.batches import Batch
from skbackprop.replay.program import Program
from skbackprop.replay.tape import Tape, plain

AT_ONCE = 64  # steps between two checks for the time limit and interrupts


class Recording:
    """The program for one batch size; `refusal` says why it could not be made.

    The constructor takes one training step.

    Parameters
    ----------
    training : Run

    batch : Batch
        A batch in buffers that keep their addresses.

    take_step : callable
        take_step(objective, descent, batch, averaging) takes one step and returns the loss.
    """

    def __init__(self, training, batch, take_step):
        self.batch = batch
        members = training.objective.network.members
        tape = Tape(Program(bool(members), training.objective.network.theta.dtype))
        taped = Batch(*(None if part is None else tape.wrap(part) for part in batch))
        value = take_step(
            _taped_objective(training.objective, batch, tape.wrap),
            _taped_descent(training.descent, tape.wrap),
            taped,
            _taped(training.averaging, tape.wrap),
        )
        self.value = plain(value)
        if not isinstance(value, np.ndarray) or getattr(value, "tape", None) is not tape:
            tape.refuse("the loss is not in an array of its own")
        self.code = tape.code()
        self.refusal = tape.refusal
        self.n_random = tape.program.n_random
        self.kept = tape.program.kept  # the arrays whose addresses are in the code
        tape.program = None  # arrays refer to the tape: the garbage collector cannot free such a cycle
        self.losses = np.array([self.value.ctypes.data, self.value.size, self.value.itemsize])
        self.is_checked = False
        learning_rate = training.descent.learning_rate
        self.learning_rate = learning_rate.ctypes.data
        self.rates = np.empty((AT_ONCE, *learning_rate.shape), learning_rate.dtype)
        self.bytes_of_rates = self.rates.reshape(AT_ONCE, -1).view(np.uint8)
        self.no_streams = np.empty((AT_ONCE, 0), np.uint8)
        parts = [part for part in batch if part is not None]
        self._gathered = np.array([(0, p.ctypes.data, p.shape[-1] * p.itemsize, 0) for p in parts])
        self._nothing = self._gathered[:0]

    def gather(self, tables):
        """For each table: its address, the address in the batch, bytes of a row, step in bytes."""
        if len(tables[0]) == 1 and self.batch.x.ndim == 2:  # a single row is all the data, so copy it now
            for table, part in zip(tables, self.batch):
                if table is not None:
                    np.copyto(part, table)
            return self._nothing
        present = [table for table in tables if table is not None]
        for row, table in zip(self._gathered, present):
            row[0], row[3] = table.__array_interface__["data"][0], table.strides[0]
        return self._gathered


def _taped(part, wrap):
    """A copy whose arrays are recorded."""
    if part is None:
        return None
    shadow = copy(part)
    vars(shadow).update({name: wrap(v) for name, v in vars(part).items() if isinstance(v, np.ndarray)})
    if "network" in vars(shadow):
        shadow.network = _taped(shadow.network, wrap)
    return shadow


def _taped_objective(objective, batch, wrap):
    shadow, n_samples = _taped(objective, wrap), batch.x.shape[-2]
    network = shadow.network
    network.params, network.gradients = network.views(network.theta), network.views(network.gradient)
    network.workspaces = {n_samples: objective.network.workspaces.apart(n_samples, wrap)}
    shadow.parts = [type(part)(*(None if a is None else wrap(a) for a in part)) for part in objective.parts]
    shadow.workspaces = {n_samples: objective.workspaces.apart(n_samples, wrap)}
    return shadow


def _taped_descent(descent, wrap):
    def state(arrays):
        return SimpleNamespace(
            **{name: wrap(v) if isinstance(v, np.ndarray) else v for name, v in vars(arrays).items()}
        )

    shadow = copy(descent)
    shadow._scalars = [(advance, state(arrays)) for advance, arrays in descent._scalars]
    shadow._calls = [
        (apply, wrap(update), wrap(theta), state(arrays)) for apply, update, theta, arrays in descent._calls
    ]
    return shadow
