"""Several fits as members of one `Ensemble`: each ends as it would have ended alone."""

import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop.averaging import Averaging
from skbackprop.batches import Batches, MemberBatches
from skbackprop.estimators.fitting import Fitting
from skbackprop.estimators.monitor import warn_without_best
from skbackprop.estimators.running import LIMITS, rule_of
from skbackprop.layers import Ensemble
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Chain, Descent
from skbackprop.replay.choice import make_engine
from skbackprop.training import Limits, Members, Run, train
from skbackprop.training.ending import is_cut_off, reason
from skbackprop.training.members import close_epoch


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
    fitting: Fitting
    stream: Stream
    has_ended: bool = field(default=False, init=False)
    place: tuple | None = field(default=None, init=False)  # the group, and the number of the member in it

    @property
    def run(self):
        return self.fitting.run

    @property
    def monitor(self):
        return self.fitting.monitor

    @property
    def rule(self):
        return rule_of(self.fitting.settings, self.monitor)


def train_together(fits, n_groups):
    """All epochs of fits with one architecture, one solver and the same data, one of `n_groups` such lists.

    The estimators are then fitted as far as predictions go; the state of their solvers is not theirs.
    """
    estimator = fits[0].estimator
    group = Group(fits, estimator.max_iter, n_groups)
    train(group, Limits(estimator.max_iter, n_planned=estimator.schedule_epochs or estimator.max_iter))
    for fit in fits:
        if fit.estimator is not None and not fit.has_ended:
            finish(fit, "max_iter")


class Group(Members):
    """Fits at work on one network: their weights are the rows of its theta.

    Fits that have ended stay among the others until they are a quarter: a smaller network has to be prepared.
    """

    def __init__(self, fits, n_epochs, n_groups):
        self.fits, self.n_epochs, self.n_groups = fits, n_epochs, n_groups
        self.streams = list({id(fit.stream): fit.stream for fit in fits}.values())
        batches = self.streams[0].batches
        if len(self.streams) > 1:
            orders = np.array([fit.stream.batches.order for fit in fits])
            data = batches.X, batches.targets, batches.weights
            batches = MemberBatches(*data, batches.batch_size, orders)
        for member, fit in enumerate(fits):
            fit.place = self, member
        run = joined([fit.run for fit in fits])
        super().__init__(run, batches, [fit.rule for fit in fits])
        network = run.objective.network
        if network.generator is None:  # masks of each member's own are not replayed
            steps = n_epochs * len(batches), network, batches.batch_size
            run.engine = make_engine(fits[0].estimator.engine, *steps, n_trainings=n_groups)

    def shuffle(self):
        """As each fit would do it."""
        if not self.fits[0].estimator.shuffle:
            return
        for stream in self.streams:
            stream.shuffle()
        if len(self.streams) > 1:
            for order, fit in zip(self.batches.orders, self.fits):
                np.copyto(order, fit.stream.batches.order)

    def measure(self):
        """Each fit by its own monitor, on its own network."""
        measured = [None] * len(self.fits)
        for member, fit in enumerate(self.fits):
            if fit.monitor is not None and not fit.has_ended:
                self.hand_out(member)
                measured[member] = fit.monitor(fit.run.measured)
        return measured

    def close_epoch(self, losses, n_rows, measured):
        """The group of those that go on; None: there are none."""
        self.n_epochs -= 1
        for fit, rule, loss, found in zip(self.fits, self.rules, losses, measured):
            theta = fit.run.measured.theta if found is not None else None
            if not fit.has_ended and close_epoch(
                fit.run.record, rule, fit.run.rate, loss, n_rows, found, theta
            ):
                finish(fit)
        going_on = [member for member, fit in enumerate(self.fits) if not fit.has_ended]
        if 0 < len(self.fits) - len(going_on) < len(self.fits) / 4:
            return self
        return self.of(going_on)

    def without(self, diverged):
        """The others as they are; none where it is not known who has diverged."""
        if not diverged.any():
            diverged = np.ones_like(diverged)
        for fit, has_diverged in zip(self.fits, diverged):
            if has_diverged and not fit.has_ended:
                fit.estimator, fit.has_ended = None, True
        return self.of([member for member, fit in enumerate(self.fits) if not fit.has_ended])

    def of(self, members):
        """The group of these members only, in the midst of training."""
        if not members or len(members) == len(self.fits):
            return self if members else None
        for member in members:
            self.hand_out(member)
        rest = Group([self.fits[member] for member in members], self.n_epochs, self.n_groups)
        states = zip(rest.run.descent.states, self.run.descent.states)
        if rest.run.averaging is not None:
            states = [*states, (rest.run.averaging.state(), self.run.averaging.state())]
        for state, earlier in states:
            for name, array in state.items():
                shared = earlier[name].shape == array.shape  # such as Adam's sums of weights
                np.copyto(array, earlier[name] if shared else earlier[name][members])
        return rest

    def hand_out(self, member):
        """A fit's own run gets what its member has."""
        ours, theirs = self.run, self.fits[member].run
        np.copyto(theirs.theta, ours.theta[member])
        if ours.averaging is not None:
            np.copyto(theirs.averaging.mean, ours.averaging.mean[member])
            np.copyto(theirs.averaging.weight, ours.averaging.weight)


def finish(fit, limit=None):
    """What follows the last epoch of a fit; `limit` is the one that it has come to."""
    group, member = fit.place
    group.hand_out(member)
    fit.has_ended = True
    fit.estimator._publish()
    fit.estimator.stop_reason_ = reason(limit, fit.run.records, [fit.rule])
    warn_without_best(fit.run.record, fit.monitor)
    if limit is not None and is_cut_off(limit, fit.run.record, fit.rule, fit.run.rate):
        warnings.warn(LIMITS[limit].format(fit.estimator), ConvergenceWarning, stacklevel=2)
    fit.estimator._end_fit(fit.monitor)


def joined(runs):
    """What trains the networks of all of them as one, from their present weights on."""
    first, network = runs[0], stacked([run.objective.network for run in runs])
    alphas = np.array([[[run.objective.alpha]] for run in runs])
    run = Run(Objective(network, first.objective.loss, alphas), records=[run.record for run in runs])
    run.descent = Descent(Chain(first.descent.transforms), network)
    run.rate = MemberRates([run.rate for run in runs])
    if first.averaging is not None:
        run.averaging = Averaging(first.averaging.average, network)
    return run


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
