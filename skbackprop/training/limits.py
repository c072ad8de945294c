"""How long training may go on."""

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
        self.started = monotonic()
        self.deadline = inf if self.max_time is None else self.started + self.max_time

    def epochs(self):
        """The numbers of the epochs of this call."""
        return range(self.n_done, self.n_done + self.n_epochs)

    def planned(self, n_done):
        """The number of epochs over which schedules run, when `n_done` are over."""
        return self.n_planned or self.n_epochs

    def is_late(self):
        """Whether the time is over."""
        return monotonic() > self.deadline


@dataclass
class PlannedByTime(Limits):
    """Schedules run over fewer epochs where time is short, by what the epochs so far took."""

    def planned(self, n_done):
        every = super().planned(n_done)
        if n_done == self.n_done or self.max_time is None:
            return every
        in_time = ceil((n_done - self.n_done) * self.max_time / (monotonic() - self.started))
        return min(every, self.n_done + in_time)
