"""How long training may take."""

from dataclasses import dataclass
from math import ceil, inf
from time import monotonic


@dataclass
class Limits:
    """Epochs and seconds of one call.

    Parameters
    ----------
    n_epochs : int
        Epochs of this call, at most.

    n_done : int, default=0
        Epochs before this call, of those over which schedules run.

    n_planned : int, default=None
        Epochs over which schedules run from 0 to 1; None: those of this call.

    max_time : float, default=None
        Seconds; the step and the validation that are under way when they are over are the last ones.
    """

    n_epochs: int
    n_done: int = 0
    n_planned: int | None = None
    max_time: float | None = None

    def begin(self):
        """The time starts now."""
        self.started, self.is_short = monotonic(), False
        self.deadline = inf if self.max_time is None else self.started + self.max_time

    def epochs(self):
        """The number of each epoch of this call, and over how many epochs schedules run."""
        for epoch in range(self.n_done, self.n_done + self.n_epochs):
            yield epoch, self.n_planned or self.n_epochs

    def is_late(self):
        """Whether the time is over."""
        return monotonic() > self.deadline

    @property
    def name(self):
        """Which limit has ended the epochs, where nothing else has."""
        return "max_time" if self.is_short else "max_iter"


@dataclass
class PlannedByTime(Limits):
    """Schedules run over fewer epochs where time is short, by what the epochs so far took."""

    def epochs(self):
        for epoch, every in super().epochs():
            n_planned = min(every, self.planned(epoch))
            if epoch >= n_planned:
                self.is_short = True
                return
            yield epoch, n_planned

    def planned(self, n_done):
        """How many epochs there is time for, when `n_done` are over."""
        n_here = n_done - self.n_done
        if n_here == 0 or self.max_time is None:
            return inf
        return self.n_done + ceil(n_here * self.max_time / (monotonic() - self.started))
