"""Gradient descent on a network. After the chain of transforms the update is subtracted: theta -= update."""

from itertools import groupby
from types import SimpleNamespace

import numpy as np
from sklearn.base import clone

from skbackprop.memory import blocks, placed
from skbackprop.optimizers.clipping import BoundColumns
from skbackprop.optimizers.optimizer import Optimizer
from skbackprop.optimizers.transform import GradientTransform, Parameters, ScaleByLearningRate
from skbackprop.schedules import scheduled_settings


class _ScaleByFactors(GradientTransform):
    """u <- f u with the `learning_rate` f of each parameter; a parameter with f = 0 never changes."""

    def work(self, network):
        return {"factors": network.learning_rates.astype(network.theta.dtype)}

    def apply(self, update, theta, state):
        np.multiply(update, state.factors, out=update)


class _Descend(GradientTransform):
    """theta <- theta - u."""

    def apply(self, update, theta, state):
        np.subtract(theta, update, out=theta)


def _last_links(network):
    """The end of every chain: the learning rates of parameters, the step, limits of norms after it."""
    bounds = [
        BoundColumns(part, shape, parameter.max_norm)
        for part, shape, parameter in network.matrices
        if parameter.max_norm is not None and parameter.learning_rate
    ]
    factors = [] if network.learning_rates is None else [_ScaleByFactors()]
    return [*factors, _Descend(), *bounds]


class Descent:
    """Owns the moments, and updates theta in blocks that fit into the cache."""

    def __init__(self, optimizer: Optimizer, network: Parameters) -> None:
        optimizer._validate_params()
        self.transforms = [clone(transform) for transform in optimizer.transforms()]
        for transform in self.transforms:
            transform._validate_params()
        n_rates = sum(isinstance(transform, ScaleByLearningRate) for transform in self.transforms)
        if n_rates == 0:
            self.transforms.append(ScaleByLearningRate())
        elif n_rates > 1:
            raise ValueError(f"{optimizer!r} has ScaleByLearningRate {n_rates} times: use it only once.")
        self.network = network
        self.states = _placed(transform.init(network) for transform in self.transforms)
        self._bind()
        self.learning_rate[...] = optimizer.learning_rate

    def __getstate__(self):
        return {name: getattr(self, name) for name in ("transforms", "network", "states")}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.states = _placed(self.states)
        self._bind()

    def continue_from(self, other: "Descent") -> None:
        """Continue with the state of another descent that has the same arrays; settings may differ."""
        ours, theirs = ([state for state in descent.states if state] for descent in (self, other))
        if [list(state) for state in ours] == [list(state) for state in theirs]:
            for state, earlier in zip(ours, theirs):
                state.update(earlier)
            self._bind()

    def arrays(self) -> list[np.ndarray]:
        """The arrays of the state."""
        return [array for state in self.states for array in state.values()]

    def _bind(self):
        """Make the views again, because they are not pickled."""
        network = self.network
        work = [transform.work(network) for transform in self.transforms]
        arrays = [{**state, **more} for state, more in zip(self.states, work)]
        (self.learning_rate,) = (a["learning_rate"] for a in arrays if "learning_rate" in a)
        self._scalars = [
            (transform.advance, SimpleNamespace(**a))
            for transform, a in zip(self.transforms, arrays)
            if type(transform).advance is not GradientTransform.advance
        ]
        self._following = [
            (transform.set_progress, SimpleNamespace(**a))
            for transform, a in zip(self.transforms, arrays)
            if scheduled_settings(transform)
        ]
        last = _last_links(network)
        chain = [*zip(self.transforms, arrays), *((link, link.work(network)) for link in last)]
        self._calls = []
        stages = groupby(chain, key=lambda link: (link[0].elementwise, link[0].pieces(network)))
        for (elementwise, pieces), stage in stages:
            stage = list(stage)
            for part, shape in _in_blocks(pieces, network) if elementwise else pieces:
                self._calls += self._on_block(stage, part, shape)

    def _on_block(self, stage, part, shape):
        theta, update = self.network.theta, self.network.gradient
        members, n_decayed = theta.shape[:-1], max(0, self.network.n_decayed - part.start)

        def cut(array):
            return array[..., part].reshape(*members, *shape) if array.shape == theta.shape else array

        for transform, arrays in stage:
            state = SimpleNamespace(**{name: cut(a) for name, a in arrays.items()}, n_decayed=n_decayed)
            transform.bind(cut(update), cut(theta), state)
            yield transform.apply, cut(update), cut(theta), state

    @property
    def follows(self) -> bool:
        """Whether any setting of a transform is `Scheduled`."""
        return bool(self._following)

    def set_progress(self, progress: float) -> None:
        """Set the `Scheduled` settings of the transforms to their values at this progress, 0 to 1."""
        for set_progress, state in self._following:
            set_progress(progress, state)

    def step(self) -> None:
        """Take one step along the network's gradient, which is overwritten."""
        for advance, state in self._scalars:
            advance(state)
        for apply, update, theta, state in self._calls:
            apply(update, theta, state)


def _in_blocks(pieces, network):
    for piece, _ in pieces:
        for part in blocks(piece.start, piece.stop, network.theta.shape[:-1]):
            yield part, (part.stop - part.start,)


def _placed(states):
    return [{name: placed(array) for name, array in arrays.items()} for arrays in states]
