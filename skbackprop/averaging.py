"""Averages of theta over the steps or epochs of training: they often generalise better than the last one.

After a step or an epoch: weight <- decay weight + 1, mean <- mean + (theta - mean) / weight. This is the
weighted mean of all thetas so far, from the first one on: no start at zero that must be corrected.
"""

from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from skbackprop.compat import Interval
from skbackprop.memory import placed
from skbackprop.parametrized import Parametrized


@dataclass(eq=False, repr=False)
class ExponentialAverage(Parametrized):
    """sum(decay^(t - i) theta_i) / sum(decay^(t - i)) over the steps i <= t (after Polyak, Juditsky, 1992).

    Parameters
    ----------
    decay : float, default=0.999
        Weight of a step relative to the next one, in [0, 1): about 1 / (1 - decay) steps count.
    """

    decay: float = 0.999

    _parameter_constraints = {"decay": [Interval(Real, 0, 1, closed="left")]}
    every_step = True


@dataclass(eq=False, repr=False)
class StochasticAverage(Parametrized):
    """Mean of theta at the ends of the last epochs (SWA: Izmailov et al., 2018).

    Parameters
    ----------
    start : float, default=0.75
        The share of the planned epochs after which theta counts, in [0, 1].
    """

    start: float = 0.75

    _parameter_constraints = {"start": [Interval(Real, 0, 1, closed="both")]}
    every_step = False
    decay = 1.0


AVERAGES: dict[str, type[BaseEstimator]] = {"ema": ExponentialAverage, "swa": StochasticAverage}


class Averaging:
    """An average at work on a network: owns the mean.

    Parameters
    ----------
    average : ExponentialAverage or StochasticAverage
        Its settings.

    network : Network
        Its theta is averaged.
    """

    def __init__(self, average: ExponentialAverage | StochasticAverage, network: Any) -> None:
        average._validate_params()
        self.average, self.network = clone(average), network
        self.mean = placed(np.zeros_like(network.theta))
        self.weight = np.zeros(())
        self._bind()

    def _bind(self):
        theta = self.network.theta
        self._decay, self._one = np.array(self.average.decay, float), np.ones(())
        self._share, self._change = np.empty((), theta.dtype), np.empty_like(theta)

    def __getstate__(self):
        return {name: getattr(self, name) for name in ("average", "network", "mean", "weight")}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.mean, self.weight = placed(self.mean), placed(self.weight)
        self._bind()

    def arrays(self) -> list[np.ndarray]:
        """The arrays that a step changes."""
        return list(self.state().values())

    def state(self) -> dict[str, np.ndarray]:
        """The same by name."""
        return {"mean": self.mean, "weight": self.weight}

    def after_step(self) -> None:
        """Called after every step."""
        if self.average.every_step:
            self._add()

    def after_epoch(self, progress: float) -> None:
        """Called after every epoch; `progress` is the share of the planned epochs done, this one too."""
        if not self.average.every_step and progress >= self.average.start:
            self._add()

    def _add(self):
        np.multiply(self.weight, self._decay, out=self.weight)
        np.add(self.weight, self._one, out=self.weight)
        np.divide(self._one, self.weight, out=self._share, casting="same_kind")
        np.subtract(self.network.theta, self.mean, out=self._change)
        np.multiply(self._change, self._share, out=self._change)
        np.add(self.mean, self._change, out=self.mean)

    def averaged(self):
        """The network with the average; None if nothing is averaged yet."""
        return self._averaged if self.weight else None

    @cached_property
    def _averaged(self):
        return self.network.on(self.mean)
