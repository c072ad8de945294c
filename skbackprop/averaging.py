"""Averages of theta over the steps or epochs of training: they often generalise better than the last one.

A mean is kept as a sum of thetas with weights, and the sum of the weights: it is right from the first
step on. After a step or an epoch: total <- decay total + theta, weight <- decay weight + 1.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval, Real

from skbackprop.memory import writable


@dataclass(eq=False, repr=False)
class ExponentialAverage(BaseEstimator):
    """Sum of decay^(t - i) theta_i over the steps i / sum of decay^(t - i) (after Polyak, Juditsky, 1992).

    Parameters
    ----------
    decay : float, default=0.999
        Weight of a step relative to the next one, in [0, 1): about 1 / (1 - decay) steps count.
    """

    decay: float = 0.999

    _parameter_constraints = {"decay": [Interval(Real, 0, 1, closed="left")]}
    every_step = True


@dataclass(eq=False, repr=False)
class StochasticAverage(BaseEstimator):
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


AVERAGES = {"ema": ExponentialAverage, "swa": StochasticAverage}


class Averaging:
    """An average at work on a network: owns the sum, and puts the average in the place of theta.

    Between `show` and `hide` the network predicts with the average; training goes on after `hide`.

    Parameters
    ----------
    average : ExponentialAverage or StochasticAverage
        Its settings.

    network : Network
        Its theta is averaged.
    """

    def __init__(self, average, network):
        average._validate_params()
        self.average, self.network = clone(average), network
        self.total = np.zeros_like(network.theta)
        self.weight = np.zeros(())
        self.raw = None  # theta of training while the average is shown
        self._bind()

    def _bind(self):
        self._decay = np.array(self.average.decay, self.network.theta.dtype)
        self._one = np.ones(())

    def __getstate__(self):
        return {name: getattr(self, name) for name in ("average", "network", "total", "weight", "raw")}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.total, self.weight = writable(self.total), writable(self.weight)
        self._bind()

    def arrays(self):
        """The arrays of the state."""
        return [self.total, self.weight]

    def after_step(self):
        """Called after every step."""
        if self.average.every_step:
            self._add()

    def after_epoch(self, progress):
        """Called after every epoch; `progress` is the share of the planned epochs done, this one too."""
        if not self.average.every_step and progress >= self.average.start:
            self._add()

    def _add(self):
        np.multiply(self.total, self._decay, out=self.total)
        np.add(self.total, self.network.theta, out=self.total)
        np.multiply(self.weight, self._decay, out=self.weight)
        np.add(self.weight, self._one, out=self.weight)

    def show(self):
        """theta <- the average; nothing happens if nothing is averaged yet, or it is shown already."""
        if self.weight and self.raw is None:
            self.raw = self.network.theta.copy()
            np.divide(self.total, self.weight, out=self.network.theta, casting="same_kind")

    def hide(self):
        """theta <- theta of training."""
        if self.raw is not None:
            np.copyto(self.network.theta, self.raw)
            self.raw = None
