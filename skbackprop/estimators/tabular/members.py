"""Members of one network, trained at once: each has its own rows, and keeps its own best weights."""

from dataclasses import dataclass, field
from math import ceil, inf
from time import monotonic

import numpy as np

from skbackprop.batches import MemberBatches, evenly
from skbackprop.training import train_epoch

ROWS_AT_ONCE = 1024


@dataclass
class Plan:
    """How many epochs there are; fewer, over which schedules run all the same, where time is short."""

    n_epochs: int
    seconds: float = inf
    patience: float = inf  # epochs after the last best one

    def n_planned(self, n_done, elapsed):
        """By the time that the epochs so far took."""
        if n_done == 0 or self.seconds == inf:
            return self.n_epochs
        return min(self.n_epochs, ceil(n_done * self.seconds / elapsed))


@dataclass
class Record:
    """What was measured; lower is better."""

    best: np.ndarray  # (n_members,)
    best_epochs: np.ndarray  # (n_members,), from 0
    losses: list = field(default_factory=list)  # the mean training loss of each epoch
    curve: list = field(default_factory=list)  # (n_members,) of each epoch
    engine: str = "numpy"  # what did the last steps


def train_members(training, batches, measure, plan, generator, callbacks=None, n_epochs=None):
    """Epochs, or the first `n_epochs`, after each of which `measure(epoch, network)` gives a number for each member.

    `callbacks` are called about the network and each of its epochs, and may end the training.

    The network has each member's weights of the last epoch with the lowest number.
    """
    network = training.objective.network
    n_members = len(network.theta)
    record = Record(np.full(n_members, inf), np.zeros(n_members, dtype=np.intp))
    best_theta, begin = network.theta.copy(), monotonic()
    if callbacks is not None:
        callbacks.begin()
    with np.errstate(all="ignore"):  # a loss that is not finite is an error of its own
        for epoch in range(plan.n_epochs if n_epochs is None else n_epochs):
            n_planned = plan.n_planned(epoch, monotonic() - begin)
            if epoch >= n_planned or (epoch - record.best_epochs > plan.patience).all():
                break
            if callbacks is not None:
                callbacks.before_epoch()
            batches.shuffle(generator)
            loss, _ = train_epoch(training, batches, epoch, n_planned)
            seen = training.measured
            measured = measure(epoch, seen)
            better = measured <= record.best
            record.best[better], record.best_epochs[better] = measured[better], epoch
            best_theta[better] = seen.theta[better]
            wishes_to_stop = callbacks is not None and callbacks.after_epoch(seen)
            training.n_epochs += 1
            record.losses.append(float(loss.mean()))
            record.curve.append(measured)
            if wishes_to_stop:
                break
    network.theta[...] = best_theta
    if callbacks is not None:
        callbacks.end(network)
    record.engine = training.engine_name
    return record


def learn_once(training, generator, rows, batch_size):
    """One pass over the rows by every member, at the first values of all schedules."""
    n_members = len(training.objective.network.theta)
    order = np.tile(np.arange(len(rows.X)), (n_members, 1))
    batches = MemberBatches(*rows, evenly(len(rows.X), batch_size), order)
    batches.shuffle(generator)
    with np.errstate(all="ignore"):
        train_epoch(training, batches, 0, inf)


class Validation:
    """Measures each member on the rows that it does not learn."""

    def __init__(self, criterion, X, columns, weight, held_out):
        self.criterion = criterion
        self.X, self.columns = X[held_out], columns[held_out]
        self.weight = None if weight is None else weight[held_out]

    def __call__(self, epoch, network):
        z = self.net_input(network)
        weights = [None] * len(z) if self.weight is None else self.weight[..., 0]
        return np.array([self.criterion(*member) for member in zip(self.columns, z, weights)])

    def net_input(self, network):
        """z of each member, shape (n_members, n_held_out, n_outputs)."""
        parts = range(0, self.X.shape[1], ROWS_AT_ONCE)
        return np.concatenate(
            [network.forward(self.X[:, k : k + ROWS_AT_ONCE]).copy() for k in parts], axis=1
        )


def folds(n_rows, n_members, validation_fraction, strata, random_state):
    """The rows that each member learns, (n_members, n_learned), and those held out, (n_members, n_held_out).

    Members hold out the parts of a division in turn, in each of which every stratum has its share; a new
    division begins when all parts were held out. Numbers of rows are the same for all members.
    """
    n_parts = round(1 / validation_fraction) if validation_fraction else 0
    if not 1 < n_parts <= n_rows // 2:
        every = np.tile(np.arange(n_rows), (n_members, 1))
        return every, every[:, :0]
    learned, held_out = [], []
    for member in range(n_members):
        if member % n_parts == 0:
            order = random_state.permutation(n_rows)
            if strata is not None:
                order = order[np.argsort(strata[order], kind="stable")]
        part = np.arange(n_rows) % n_parts == member % n_parts
        learned.append(random_state.permutation(order[~part]))
        held_out.append(order[part])
    return tuple(np.array([rows[: min(map(len, kind))] for rows in kind]) for kind in (learned, held_out))
