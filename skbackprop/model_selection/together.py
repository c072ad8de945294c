"""Several fits as members of one `Ensemble`: each ends as it would have ended alone."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop.averaging import Averaging
from skbackprop.batches import Batches, MemberBatches
from skbackprop.beginning import Beginning
from skbackprop.divergence import DivergenceError
from skbackprop.estimators.monitor import Monitor
from skbackprop.estimators.running import LIMITS
from skbackprop.layers import Ensemble
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Chain, Descent
from skbackprop.replay.choice import make_engine
from skbackprop.training import Training, close_epoch, train_epoch, warn_without_best


@dataclass(eq=False)
class Stream:
    """The rows of a fit in the order in which they are learned; fits that shuffle alike share one."""

    batches: Batches
    random_state: np.random.RandomState

    def shuffle(self):
        self.batches.shuffle(self.random_state)


@dataclass(eq=False)
class Fit:
    """An estimator with its first weights."""

    estimator: object  # None after it has diverged among others
    monitor: Monitor | None
    stream: Stream

    @property
    def training(self):
        return self.estimator._training


def train_together(fits, n_groups):
    """All epochs of fits with one architecture, one solver and the same data, one of `n_groups` such lists.

    The estimators are then fitted as far as predictions go; the state of their solvers is not theirs.
    """
    estimator = fits[0].estimator
    group = Group(fits, estimator.max_iter, n_groups)
    n_planned = estimator.schedule_epochs or estimator.max_iter
    with np.errstate(all="ignore"):
        for epoch in range(estimator.max_iter):
            if estimator.shuffle:
                group.shuffle()
            group = group.after_epoch(epoch, n_planned)
            if group is None:
                return
    for member in group.going_on:
        group.finish(member, "max_iter")


class Group:
    """Fits at work on one network: their weights are the rows of its theta.

    Fits that have ended stay among the others until they are a quarter: a smaller network has to be prepared.
    """

    def __init__(self, fits, n_epochs, n_groups):
        self.fits, self.n_epochs, self.n_groups = fits, n_epochs, n_groups
        self.going_on = list(range(len(fits)))
        self.training = joined([fit.training for fit in fits])
        self.streams = list({id(fit.stream): fit.stream for fit in fits}.values())
        self.batches = batches = self.streams[0].batches
        if len(self.streams) > 1:
            orders = np.array([fit.stream.batches.order for fit in fits])
            data = batches.X, batches.targets, batches.weights
            self.batches = MemberBatches(*data, batches.batch_size, orders)
        network = self.training.objective.network
        if network.generator is None:  # masks of each member's own are not replayed
            steps = n_epochs * len(self.batches), network, batches.batch_size
            self.training.engine = make_engine(fits[0].estimator.engine, *steps, n_trainings=n_groups)

    def shuffle(self):
        """As each fit would do it."""
        for stream in self.streams:
            stream.shuffle()
        if len(self.streams) > 1:
            for order, fit in zip(self.batches.orders, self.fits):
                np.copyto(order, fit.stream.batches.order)

    def after_epoch(self, n_done, n_planned):
        """The group of those that go on after one more epoch; None: there are none."""
        beginning = Beginning(self.training, self.batches)
        beginning.note()
        try:
            losses, n_rows = train_epoch(self.training, self.batches, n_done, n_planned, beginning=beginning)
        except DivergenceError as error:
            beginning.take_back_steps()
            rest = self._without(error.diverged)
            return rest and rest.after_epoch(n_done, n_planned)
        self.n_epochs -= 1
        self.going_on = [m for m in self.going_on if not self._ends(m, float(losses[m]), n_rows)]
        if 0 < len(self.fits) - len(self.going_on) < len(self.fits) / 4:
            return self
        return self.of(self.going_on)

    def _ends(self, member, loss, n_rows):
        """Whether the fit of a member ends with the epoch that it has just done."""
        fit = self.fits[member]
        if fit.monitor is not None:
            self.hand_out(member)
        patience = {name: getattr(fit.estimator, name) for name in ("tol", "n_iter_no_change")}
        ends = close_epoch(fit.training, loss, n_rows, fit.monitor, **patience)
        if ends:
            self.finish(member)
        return ends

    def _without(self, diverged):
        """The others as they are; none where it is not known who has diverged."""
        if not diverged.any():
            diverged = np.ones_like(diverged)
        rest = [member for member in self.going_on if not diverged[member]]
        for member in set(self.going_on).difference(rest):
            self.fits[member].estimator = None
        return self.of(rest)

    def of(self, members):
        """The group of these members only, in the midst of training."""
        if not members or len(members) == len(self.fits):
            return self if members else None
        for member in members:
            self.hand_out(member)
        rest = Group([self.fits[member] for member in members], self.n_epochs, self.n_groups)
        states = zip(rest.training.descent.states, self.training.descent.states)
        if rest.training.averaging is not None:
            states = [*states, (vars(rest.training.averaging), vars(self.training.averaging))]
        for state, earlier in states:
            for name, array in state.items():
                shared = earlier[name].shape == array.shape  # such as Adam's sums of weights
                np.copyto(array, earlier[name] if shared else earlier[name][members])
        return rest

    def hand_out(self, member):
        """A fit's own network and average get what its member has."""
        ours, theirs = self.training, self.fits[member].training
        np.copyto(theirs.objective.network.theta, ours.objective.network.theta[member])
        if ours.averaging is not None:
            np.copyto(theirs.averaging.mean, ours.averaging.mean[member])
            np.copyto(theirs.averaging.weight, ours.averaging.weight)

    def finish(self, member, limit=None):
        """What follows the last epoch of a fit; `limit` is the one that it has come to."""
        self.hand_out(member)
        estimator, monitor = self.fits[member].estimator, self.fits[member].monitor
        warn_without_best(estimator._training, monitor)
        estimator._publish()
        if limit is not None:
            warnings.warn(LIMITS[limit].format(estimator), ConvergenceWarning, stacklevel=2)
        estimator._end_fit(monitor)


def joined(trainings):
    """What trains the networks of all of them as one, from their present weights on."""
    first, network = trainings[0], stacked([training.objective.network for training in trainings])
    alphas = np.array([[[training.objective.alpha]] for training in trainings])
    training = Training(Objective(network, first.objective.loss, alphas), None, None)
    training.descent = Descent(Chain(first.descent.transforms), network)
    training.rate = MemberRates([training.rate for training in trainings])
    if first.averaging is not None:
        training.averaging = Averaging(first.averaging.average, network)
    return training


def stacked(networks):
    """Networks of one architecture as members of one."""
    first = networks[0]
    network = Network.__new__(Network)
    own = {"root": Ensemble(len(networks), first.root), "theta": np.stack([n.theta for n in networks])}
    if first.generator is not None:
        own["generator"] = MemberGenerators([n.generator for n in networks])
    network.__setstate__({**first.__getstate__(), **own})
    return network


@dataclass
class MemberRates:
    """A learning rate for each member."""

    rates: list

    def at(self, progress):
        return np.array([[rate.at(progress)] for rate in self.rates])


@dataclass
class MemberGenerators:
    """Each member draws what it would draw alone."""

    generators: list

    def random(self, out, dtype):
        for generator, part in zip(self.generators, out):
            generator.random(out=part, dtype=dtype)
