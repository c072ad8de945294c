"""Gradient descent as a chain of small transforms of one flat vector, in place.

An `Optimizer` is settings: which transforms, in which order. A `Descent` binds it to a network and
owns its arrays. After the chain the update is subtracted: theta -= update.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import groupby
from types import SimpleNamespace

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval, Real

from skbackprop.memory import writable

BLOCK = 2**15  # numbers: a block of theta, its update and two moments stay in the second-level cache

_RATE = {"learning_rate": [Interval(Real, 0, None, closed="neither")]}
_SHARE = [Interval(Real, 0, 1, closed="left")]
_POSITIVE = [Interval(Real, 0, None, closed="neither")]
_NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]


class GradientTransform(BaseEstimator, ABC):
    """u, the update, starts as the gradient; `apply` changes it in place.

    `init` gives the arrays that continue from step to step, `work` constants and scratch; `apply` finds
    both in `state`. An elementwise transform is applied block by block: arrays of theta's shape are cut
    in the same way, and `state.n_decayed` counts the leading weights of the block that decay.
    """

    _parameter_constraints: dict = {}
    elementwise = True

    def init(self, theta):
        """Arrays by name: the state, kept and pickled."""
        return {}

    def work(self, theta):
        """Arrays by name: constants and scratch, made again from the settings when needed."""
        return {}

    def advance(self, state):
        """Once a step: the scalars that change."""

    @abstractmethod
    def apply(self, update, theta, state):
        """The new update, in place."""


def _scalar(value, theta):
    return np.array(value, theta.dtype)


class ScaleByLearningRate(GradientTransform):
    """u <- eta u. The array `learning_rate` is written from outside; members may have their own."""

    def init(self, theta):
        return {"learning_rate": np.zeros((*theta.shape[:-1], 1), theta.dtype)}

    def apply(self, update, theta, state):
        np.multiply(update, state.learning_rate, out=update)


@dataclass(eq=False, repr=False)
class Momentum(GradientTransform):
    """v <- mu v + u, u <- v (Polyak, 1964)."""

    momentum: float = 0.9

    _parameter_constraints = {"momentum": [Interval(Real, 0, 1, closed="both")]}

    def init(self, theta):
        return {"velocity": np.zeros_like(theta)}

    def work(self, theta):
        return {"momentum": _scalar(self.momentum, theta)}

    def apply(self, update, theta, state):
        np.multiply(state.velocity, state.momentum, out=state.velocity)
        np.add(state.velocity, update, out=state.velocity)
        np.copyto(update, state.velocity)


@dataclass(eq=False, repr=False)
class NesterovMomentum(GradientTransform):
    """v <- mu v + u, u <- mu v + u (Nesterov, 1983, as in Sutskever et al., 2013)."""

    momentum: float = 0.9

    _parameter_constraints = {"momentum": [Interval(Real, 0, 1, closed="both")]}

    def init(self, theta):
        return {"velocity": np.zeros_like(theta)}

    def work(self, theta):
        return {"momentum": _scalar(self.momentum, theta), "ahead": np.empty_like(theta)}

    def apply(self, update, theta, state):
        np.multiply(state.velocity, state.momentum, out=state.velocity)
        np.add(state.velocity, update, out=state.velocity)
        np.multiply(state.velocity, state.momentum, out=state.ahead)
        np.add(update, state.ahead, out=update)


@dataclass(eq=False, repr=False)
class ScaleByRMS(GradientTransform):
    """v <- rho v + (1 - rho) u^2, u <- u / (sqrt(v) + epsilon) (Tieleman, Hinton, 2012)."""

    rho: float = 0.9
    epsilon: float = 1e-8

    _parameter_constraints = {"rho": _SHARE, "epsilon": _POSITIVE}

    def init(self, theta):
        return {"v": np.zeros_like(theta)}

    def work(self, theta):
        return {
            "root": np.empty_like(theta),
            "rho": _scalar(self.rho, theta),
            "one_minus_rho": _scalar(1.0 - self.rho, theta),
            "epsilon": _scalar(self.epsilon, theta),
        }

    def apply(self, update, theta, state):
        np.multiply(update, update, out=state.root)
        np.multiply(state.root, state.one_minus_rho, out=state.root)
        np.multiply(state.v, state.rho, out=state.v)
        np.add(state.v, state.root, out=state.v)
        np.sqrt(state.v, out=state.root)
        np.add(state.root, state.epsilon, out=state.root)
        np.divide(update, state.root, out=update)


@dataclass(eq=False, repr=False)
class ScaleByAdam(GradientTransform):
    """u <- (m / s_1) / (sqrt(v / s_2) + e / sqrt(s_2)) (Kingma, Ba, 2015, in the order of section 2).

    m and v are sums of u and u^2 with weights beta^0, beta^1, ... into the past, s_1 and s_2 the sums of
    those weights: m / s_1 and v / s_2 are the paper's corrected moments; e is epsilon / sqrt(1 - beta_2).
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    _parameter_constraints = {"beta_1": _SHARE, "beta_2": _SHARE, "epsilon": _POSITIVE}

    def init(self, theta):
        return {"m": np.zeros_like(theta), "v": np.zeros_like(theta), "s": np.zeros(2)}

    def work(self, theta):
        return {
            "betas": np.array([self.beta_1, self.beta_2]),
            "one": np.ones(()),
            "root": np.ones(1),
            "scale": np.ones(1, theta.dtype),
            "beta_1": _scalar(self.beta_1, theta),
            "beta_2": _scalar(self.beta_2, theta),
            "epsilon": _scalar(self.epsilon / np.sqrt(1.0 - self.beta_2), theta),
        }

    def advance(self, state):
        np.multiply(state.s, state.betas, out=state.s)
        np.add(state.s, state.one, out=state.s)
        np.sqrt(state.s[1:], out=state.root)
        np.divide(state.root, state.s[:1], out=state.scale, casting="same_kind")

    def apply(self, update, theta, state):
        np.multiply(state.m, state.beta_1, out=state.m)
        np.add(state.m, update, out=state.m)
        np.multiply(update, update, out=update)
        np.multiply(state.v, state.beta_2, out=state.v)
        np.add(state.v, update, out=state.v)
        np.sqrt(state.v, out=update)
        np.add(update, state.epsilon, out=update)
        np.divide(state.m, update, out=update)
        np.multiply(update, state.scale, out=update)


@dataclass(eq=False, repr=False)
class DecayWeights(GradientTransform):
    """u <- u + lambda theta for weights, not for biases (decoupled: Loshchilov, Hutter, 2019)."""

    weight_decay: float = 0.01

    _parameter_constraints = {"weight_decay": _NOT_NEGATIVE}

    def work(self, theta):
        return {"decay": np.empty_like(theta), "weight_decay": _scalar(self.weight_decay, theta)}

    def apply(self, update, theta, state):
        weights = slice(0, state.n_decayed)
        decay = state.decay[..., weights]
        np.multiply(theta[..., weights], state.weight_decay, out=decay)
        np.add(update[..., weights], decay, out=update[..., weights])


@dataclass(eq=False, repr=False)
class ClipNorm(GradientTransform):
    """u <- u min(1, max_norm / |u|) (Pascanu et al., 2013); each member of an ensemble by its own norm."""

    max_norm: float = 1.0

    _parameter_constraints = {"max_norm": _POSITIVE}
    elementwise = False

    def work(self, theta):
        return {
            "norm": np.empty((*theta.shape[:-1], 1), theta.dtype),
            "max_norm": _scalar(self.max_norm, theta),
        }

    def apply(self, update, theta, state):
        np.vecdot(update, update, out=state.norm[..., 0])
        np.sqrt(state.norm, out=state.norm)
        np.maximum(state.norm, state.max_norm, out=state.norm)
        np.divide(state.max_norm, state.norm, out=state.norm)
        np.multiply(update, state.norm, out=update)


class _Descend(GradientTransform):
    """theta <- theta - u."""

    def apply(self, update, theta, state):
        np.subtract(theta, update, out=theta)


class Optimizer(BaseEstimator, ABC):
    """Settings of a descent: `learning_rate`, a number, and the chain that `transforms` gives."""

    _parameter_constraints: dict = _RATE

    @abstractmethod
    def transforms(self):
        """The chain, a list of `GradientTransform`; the learning rate comes last if it is not in it."""


@dataclass(eq=False, repr=False)
class SGD(Optimizer):
    """theta <- theta - eta g; with momentum v <- mu v + eta g, and Nesterov's look ahead.

    Parameters
    ----------
    learning_rate : float, default=0.001
        eta.

    momentum : float, default=0.0
        mu, in [0, 1].

    nesterov : bool, default=False
        Whether the step is taken from where the velocity leads.
    """

    learning_rate: float = 0.001
    momentum: float = 0.0
    nesterov: bool = False

    _parameter_constraints = {
        **_RATE,
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterov": ["boolean"],
    }

    def transforms(self):
        if not self.momentum:
            return [ScaleByLearningRate()]
        kind = NesterovMomentum if self.nesterov else Momentum
        return [ScaleByLearningRate(), kind(self.momentum)]


@dataclass(eq=False, repr=False)
class RMSProp(Optimizer):
    """theta <- theta - eta g / (sqrt(v) + epsilon), v the running mean of g^2.

    Parameters
    ----------
    learning_rate : float, default=0.001
        eta.

    rho : float, default=0.9
        Decay rate of v.

    epsilon : float, default=1e-8
        Added to the root of v.
    """

    learning_rate: float = 0.001
    rho: float = 0.9
    epsilon: float = 1e-8

    _parameter_constraints = {**_RATE, **ScaleByRMS._parameter_constraints}

    def transforms(self):
        return [ScaleByRMS(self.rho, self.epsilon), ScaleByLearningRate()]


@dataclass(eq=False, repr=False)
class Adam(Optimizer):
    """Adam (Kingma, Ba, 2015), with epsilon where section 2 of the paper and scikit-learn have it.

    Parameters
    ----------
    learning_rate : float, default=0.001
        eta.

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the first and the second moment.

    epsilon : float, default=1e-8
        Added to the root of the second moment.
    """

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    _parameter_constraints = {**_RATE, **ScaleByAdam._parameter_constraints}

    def transforms(self):
        return [ScaleByAdam(self.beta_1, self.beta_2, self.epsilon), ScaleByLearningRate()]


@dataclass(eq=False, repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov, Hutter, 2019): theta <- theta - eta (u + lambda theta).

    Parameters
    ----------
    learning_rate : float, default=0.001
        eta.

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the first and the second moment.

    epsilon : float, default=1e-8
        Added to the root of the second moment.

    weight_decay : float, default=0.01
        lambda; biases are not decayed.
    """

    weight_decay: float = 0.01

    _parameter_constraints = {**Adam._parameter_constraints, "weight_decay": _NOT_NEGATIVE}

    def transforms(self):
        adam, rate = super().transforms()
        return [adam, DecayWeights(self.weight_decay), rate]


@dataclass(eq=False, repr=False)
class Chain(Optimizer):
    """Any list of transforms; the learning rate comes last unless `ScaleByLearningRate` is in the list.

    Parameters
    ----------
    steps : list of GradientTransform
        In the order in which the gradient passes them.

    learning_rate : float, default=0.001
        eta.

    Examples
    --------
    >>> from skbackprop.optimizers import Chain, ClipNorm, ScaleByAdam
    >>> solver = Chain([ClipNorm(1.0), ScaleByAdam()], learning_rate=0.01)
    """

    steps: list
    learning_rate: float = 0.001

    _parameter_constraints = {**_RATE, "steps": [list, tuple]}

    def transforms(self):
        for step in self.steps:
            if not isinstance(step, GradientTransform):
                raise TypeError(
                    f"Chain(steps=...) takes gradient transforms such as ScaleByAdam(), got {step!r}."
                )
        return list(self.steps)


class Descent:
    """An optimizer at work on a network: owns the moments, and walks theta in cache-sized blocks."""

    def __init__(self, optimizer, network):
        optimizer._validate_params()
        self.transforms = [clone(transform) for transform in optimizer.transforms()]
        for transform in self.transforms:
            transform._validate_params()
        n_rates = sum(isinstance(transform, ScaleByLearningRate) for transform in self.transforms)
        if n_rates == 0:
            self.transforms.append(ScaleByLearningRate())
        elif n_rates > 1:
            raise ValueError(f"{optimizer!r} has ScaleByLearningRate {n_rates} times: once is enough.")
        self.network = network
        self.states = [transform.init(network.theta) for transform in self.transforms]
        self._bind()
        self.learning_rate[...] = optimizer.learning_rate

    def __getstate__(self):
        return {name: getattr(self, name) for name in ("transforms", "network", "states")}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.states = [{name: writable(a) for name, a in arrays.items()} for arrays in self.states]
        self._bind()

    def continue_from(self, other):
        """Take over the state of a descent that keeps the same arrays, whatever its settings."""
        if [list(state) for state in self.states] == [list(state) for state in other.states]:
            self.states = other.states
            self._bind()

    def arrays(self):
        """The arrays of the state."""
        return [array for state in self.states for array in state.values()]

    def _bind(self):
        """Views are rebuilt, never pickled."""
        theta = self.network.theta
        work = [transform.work(theta) for transform in self.transforms]
        arrays = [{**state, **more} for state, more in zip(self.states, work)]
        (self.learning_rate,) = (a["learning_rate"] for a in arrays if "learning_rate" in a)
        self._scalars = [
            (transform.advance, SimpleNamespace(**a))
            for transform, a in zip(self.transforms, arrays)
            if type(transform).advance is not GradientTransform.advance
        ]
        chain = [*zip(self.transforms, arrays), (_Descend(), {})]
        self._calls = []
        for elementwise, stage in groupby(chain, key=lambda link: link[0].elementwise):
            stage = list(stage)
            n_members = int(np.prod(theta.shape[:-1]))
            size = -(-BLOCK // n_members) if elementwise else theta.shape[-1]
            for start in range(0, theta.shape[-1], size):
                self._calls += self._on_block(stage, slice(start, start + size))

    def _on_block(self, stage, block):
        theta, update = self.network.theta, self.network.gradient
        n_decayed = max(0, self.network.n_decayed - block.start)
        for transform, arrays in stage:
            cut = {n: a[..., block] if a.shape == theta.shape else a for n, a in arrays.items()}
            state = SimpleNamespace(**cut, n_decayed=n_decayed)
            yield transform.apply, update[..., block], theta[..., block], state

    def step(self):
        """One step down the network's gradient, which is used up."""
        for advance, state in self._scalars:
            advance(state)
        for apply, update, theta, state in self._calls:
            apply(update, theta, state)
