"""From rows to trained members: some at once in one network, networks side by side."""

from dataclasses import dataclass, replace
from itertools import pairwise
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.utils import check_random_state

from skbackprop.averaging import AVERAGES, Averaging
from skbackprop.batches import MemberBatches, evenly
from skbackprop.estimators.tabular.members import Plan, Record, Validation, train_members
from skbackprop.estimators.tabular.recipes import batch_size, make_optimizer, make_root
from skbackprop.losses import Loss
from skbackprop.names import resolve
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.replay.choice import make_engine
from skbackprop.schedules import SCHEDULES, ScheduledRate
from skbackprop.training import Training

CACHED = 2**15  # numbers of a layer's output that are worked on at once: they fit into the cache
WAVES = 16  # of each column, about, that an embedding works on


class TableRows(NamedTuple):
    """TableRows as networks learn them."""

    X: np.ndarray
    columns: np.ndarray
    weight: np.ndarray | None  # (n_rows, 1)


@dataclass(frozen=True)
class Task:
    """What all members have in common."""

    settings: SimpleNamespace
    encoder: object  # its counts of columns
    loss: Loss
    n_outputs: int
    criterion: object  # (columns, z, weight) -> a number, lower is better
    rows: TableRows
    plan: Plan


class Fitted(NamedTuple):
    """Members of one network."""

    network: Network
    record: Record
    net_input: np.ndarray | None  # of the rows held out, (n_members, n_held_out, n_outputs)


def together(n_members, n_rows, n_columns, settings):
    """The members that are trained in one network, as slices: as many as fit into the cache."""
    widest = max([WAVES * n_columns, *settings.hidden_layer_sizes])
    most = max(1, CACHED // (min(batch_size(settings, n_rows), n_rows) * widest))
    ends = np.linspace(0, n_members, 1 + -(-n_members // most)).round().astype(int).tolist()
    return [slice(*pair) for pair in pairwise(ends)]


def n_rounds(n_jobs, n_parts):
    """How many parts one worker trains, one after the other."""
    return -(-n_parts // min(effective_n_jobs(n_jobs), n_parts))


def side_by_side(n_jobs, function, arguments, **backend):
    """function(*a) for each a of the arguments."""
    n_workers = min(effective_n_jobs(n_jobs), len(arguments))
    return Parallel(n_workers, **backend)(delayed(function)(*a) for a in arguments)


def fit_members(task, learned, held_out, seed, callbacks=None):
    """Members with the weights that were best on the rows they hold out; the last ones if they hold none."""
    training, generator = start(task, learned, seed)
    network, (X, columns, weight) = training.objective.network, task.rows
    if not held_out.size:
        record = _train(
            task, training, learned, lambda epoch, network: np.zeros(len(learned)), task.plan, generator, callbacks
        )
        return Fitted(network, record, None)
    validation = Validation(task.criterion, X, columns, weight, held_out)
    record = _train(task, training, learned, validation, task.plan, generator, callbacks)
    if task.settings.verbose:
        for best, epoch in zip(record.best, record.best_epochs):
            print(f"{best:.6g} on the rows held out after epoch {epoch + 1} of {len(record.curve)}")
    return Fitted(network, record, validation.net_input(network))


def refit_members(task, learned, best_epochs, seed, callbacks=None):
    """Members after as many epochs as were best for others, which held out rows."""
    training, generator = start(task, learned, seed)
    plan = replace(task.plan, patience=np.inf)

    def measure(epoch, network):
        return np.where(epoch <= best_epochs, 0.0, np.inf)

    n_epochs = best_epochs.max() + 1
    record = _train(task, training, learned, measure, plan, generator, callbacks, n_epochs)
    return Fitted(training.objective.network, record, None)


def start(task, learned, seed):
    """A network at its first weights with what trains it, and a generator."""
    settings, random_state = task.settings, check_random_state(seed)
    X = task.rows.X
    root = make_root(settings, task.encoder, task.n_outputs, len(learned))
    network = Network(root, X.shape[1], X.dtype, random_state)
    network.initialize_from_data(X, random_state)
    return training_of(network, task.loss, settings), np.random.default_rng(random_state.randint(2**31 - 1))


def training_of(network, loss, settings):
    """What trains the network from its present weights on."""
    training = Training(Objective(network, loss), None, None)
    training.descent = Descent(make_optimizer(settings), network)
    schedule = resolve(settings.learning_rate, SCHEDULES, "learning_rate")
    training.rate = ScheduledRate(settings.learning_rate_init, schedule)
    average = resolve(settings.average, AVERAGES, "average")
    training.averaging = None if average is None else Averaging(average, network)
    return training


def _train(task, training, learned, measure, plan, generator, callbacks, n_epochs=None):
    n_rows = learned.shape[1]
    size = evenly(n_rows, batch_size(task.settings, n_rows))
    batches = MemberBatches(*task.rows, size, learned.copy())
    n_steps = task.plan.n_epochs * len(batches)
    training.engine = make_engine(task.settings.engine, n_steps, training.objective.network, size)
    return train_members(training, batches, measure, plan, generator, callbacks, n_epochs)
