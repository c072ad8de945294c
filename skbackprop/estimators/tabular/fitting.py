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
from skbackprop.estimators.progress import Progress
from skbackprop.estimators.tabular.checkpoint import NetworkCheckpoint, Plan
from skbackprop.estimators.tabular.members import HeldOut, UpToBest
from skbackprop.estimators.tabular.recipes import batch_size, make_optimizer, make_root
from skbackprop.losses import Loss
from skbackprop.names import resolve
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.replay.choice import make_engine
from skbackprop.schedules import SCHEDULES, ScheduledRate
from skbackprop.training import Curves, Members, Patience, PlannedByTime, Record, Rule, Run, train
from skbackprop.training.ending import INTERRUPT, reason

CACHED = 2**15  # numbers of a layer's output that are worked on at once: they fit into the cache
WAVES = 16  # of each column, about, that an embedding works on


class TableRows(NamedTuple):
    """The rows of a table as networks learn them."""

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
    limits: PlannedByTime
    patience: float  # epochs after the best one before members stop
    given: TableRows | None = None  # rows to validate on that are not among `rows`
    checkpoint: Plan | None = None


class Fitted(NamedTuple):
    """Members of one network."""

    network: Network  # with each member's result
    records: list
    engine: str
    is_interrupted: bool
    stop_reason: str
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
    """function(*a) for each a of the arguments; the first ones where a user interrupts."""
    n_workers = min(effective_n_jobs(n_jobs), len(arguments))
    if n_workers > 1:
        return Parallel(n_workers, **backend)(delayed(function)(*a) for a in arguments)
    done = []
    for each in arguments:
        done.append(function(*each))
        if getattr(done[-1], "is_interrupted", False):
            break
    return done


def usable(fitted):
    """Those that have trained, where a user has interrupted: the first one at least."""
    trained = [part for part in fitted if part.records[0].n_iter]
    return trained or fitted[:1]


def fit_members(task, learned, held_out, name, seed, hooks=()):
    """Members with the weights that were best on the rows they hold out; the last ones if they hold none."""
    if not held_out.size and task.given is None:
        return _fitted(task, learned, name, seed, Rule(), None, hooks)
    rows = task.rows if task.given is None else task.given
    validation = HeldOut(task.criterion, rows, held_out)
    rule = Rule(n_iter_no_change=task.patience - 1, by_score=True, keeps_best=True)
    return _fitted(task, learned, name, seed, rule, validation, hooks)


def refit_members(task, learned, best_epochs, name, seed, hooks=()):
    """Members after as many epochs as were best for others, which held out rows."""
    rule = Rule(by_score=True, keeps_best=True)
    limits = replace(task.limits, n_epochs=int(best_epochs.max()) + 1)
    return _fitted(replace(task, limits=limits), learned, name, seed, rule, UpToBest(best_epochs), hooks)


def _fitted(task, learned, name, seed, rule, validation, hooks):
    settings, limits, n_rows = task.settings, task.limits, learned.shape[1]
    run, generator = start(task, learned, seed)
    run.records = [
        Record(Patience(last_of_equal=True), curves=None if validation is None else Curves()) for _ in learned
    ]
    size = evenly(n_rows, batch_size(settings, n_rows))
    batches = MemberBatches(*task.rows, size, learned.copy())
    checkpoint, earlier = None, None
    if task.checkpoint is not None:
        checkpoint = NetworkCheckpoint(task.checkpoint, name, batches, generator)
        earlier = checkpoint.resumed()
    if earlier is not None:
        run, generator = earlier["network"], earlier["generator"]
        batches.orders[...] = earlier["orders"]
        checkpoint.generator = generator
        n_done = run.records[0].n_iter
        limits = replace(limits, n_epochs=limits.n_epochs - n_done, n_done=n_done)
        if isinstance(validation, UpToBest):
            validation.epoch = n_done - 1
    n_steps = limits.n_planned * len(batches)
    run.engine = make_engine(settings.engine, n_steps, run.objective.network, size)
    rules = [rule] * len(learned)
    hooks = [*hooks, *([] if checkpoint is None else [checkpoint])]
    if settings.verbose:
        hooks.append(Progress(limits.n_done + limits.n_epochs))
    for hook in hooks:
        hook.begin(run)
    if earlier is not None and earlier["ended"]:
        limit = earlier["limit"]
    else:
        limit = _trained(Members(run, batches, rules, generator, validation), limits, hooks)
    network = run.objective.network.copy()
    run.publish(network)
    if checkpoint is not None:
        checkpoint.close(limit)
    for hook in hooks:
        hook.at_the_end()
    z = validation.net_input(network) if isinstance(validation, HeldOut) else None
    why = reason(limit, run.records, rules)
    if settings.verbose:
        print(why)
    return Fitted(network, run.records, run.engine_name, limit == INTERRUPT, why, z)


def _trained(members, limits, hooks):
    """The limit that ended training."""
    try:
        return train(members, limits, hooks)
    except KeyboardInterrupt:
        return INTERRUPT


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
    run = Run(Objective(network, loss), records=[Record() for _ in network.theta])
    run.descent = Descent(make_optimizer(settings), network)
    schedule = resolve(settings.learning_rate, SCHEDULES, "learning_rate")
    run.rate = ScheduledRate(settings.learning_rate_init, schedule)
    average = resolve(settings.average, AVERAGES, "average")
    run.averaging = None if average is None else Averaging(average, network)
    return run
