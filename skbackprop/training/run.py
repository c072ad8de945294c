"""A run: the weights that train, and all that continues from one call to the next."""

from dataclasses import dataclass, field

import numpy as np

from skbackprop.averaging import Averaging
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.schedules import ScheduledRate
from skbackprop.training.records import Curves, Patience, Record
from skbackprop.training.step import Engine

KEPT = 2**23  # bytes


@dataclass
class Run:
    """What trains one network, or the members of an `Ensemble` at once; it is pickled with the estimator.

    The network that predicts is another one: it gets the result by `publish`.
    """

    objective: Objective
    descent: Descent | None = None
    rate: ScheduledRate | None = None
    averaging: Averaging | None = None
    records: list = field(default_factory=lambda: [Record()])  # one for each member
    random_state: np.random.RandomState | None = None
    split_random_state: np.random.RandomState | None = None  # as it was before rows were held out
    order: np.ndarray | None = None  # of the rows after the last epoch, kept for warm_start
    settings: object = None  # that descent, rate and average were made with
    engine: Engine | None = None  # what replays steps; None: each is done by NumPy
    scratch: list | None = None  # memory for copies of what a step changes

    def __getstate__(self):
        settings = self.settings and self.settings.to_compare()
        return {**vars(self), "settings": settings, "engine": None, "scratch": None}

    @property
    def theta(self):
        """The weights that train."""
        return self.objective.network.theta

    @property
    def record(self):
        """That of the only member."""
        (record,) = self.records
        return record

    @property
    def engine_name(self):
        """'replay', or 'numpy' where nothing is replayed."""
        return "numpy" if self.engine is None or self.engine.refusal is not None else "replay"

    @property
    def measured(self):
        """The network that is measured after an epoch: the average, where there is one."""
        average = None if self.averaging is None else self.averaging.averaged()
        return self.objective.network if average is None else average

    def rows_of(self, theta):
        """The weights of each member, as views."""
        return theta.reshape(len(self.records), -1)

    @property
    def has_best(self):
        """Whether weights of a best epoch are kept."""
        return any(record.best_theta is not None for record in self.records)

    @property
    def result(self):
        """What training is for: the weights of the best epoch, else the average, else the last ones."""
        theta = self.measured.theta
        if self.has_best:
            theta = theta.copy()
            for row, record in zip(self.rows_of(theta), self.records):
                if record.best_theta is not None:
                    np.copyto(row, record.best_theta)
        return theta

    def publish(self, network):
        """The network predicts with the result from now on."""
        np.copyto(network.theta, self.result)

    def take_what_was_written(self, network):
        """Training continues from what was written over the result in this network, if anything was."""
        result = self.result
        if result is self.theta or not np.array_equal(network.theta, result):
            self.go_on_from(network)

    def go_on_from(self, network):
        """Training continues from the weights of this network; the best ones and the average are dropped."""
        for record in self.records:
            if record.best_theta is not None:
                record.best_theta, record.patience = None, Patience()
        for array in [] if self.averaging is None else self.averaging.arrays():
            array[...] = 0.0
        np.copyto(self.theta, network.theta)

    def stop_on(self, about, is_measured, last_of_equal=False):
        """Training stops by the validation scores about this from now on; None: by the training loss.

        If that is something else than before, training continues from the weights of the best epoch, which is
        then forgotten. `is_measured`: whether there are curves of validation.
        """
        for row, record in zip(self.rows_of(self.theta), self.records):
            record.curves = (record.curves or Curves()) if is_measured else None
            is_new = record.stop_on_loss() if about is None else record.stop_on_scores(about, last_of_equal)
            if is_new and record.best_theta is not None:
                np.copyto(row, record.best_theta)
                record.best_theta = None

    def arrays(self):
        """Every array that a step changes."""
        averages = [] if self.averaging is None else self.averaging.arrays()
        return [self.theta, *self.descent.arrays(), *averages]

    def copies(self):
        """Memory like `arrays`; from call to call it is the same where it is little: fresh one costs time."""
        arrays = self.arrays()
        fits = self.scratch is not None and len(self.scratch) == len(arrays)
        if fits and all(a.shape == b.shape and a.dtype == b.dtype for a, b in zip(self.scratch, arrays)):
            return self.scratch
        made = [np.empty_like(array) for array in arrays]
        self.scratch = made if sum(array.nbytes for array in made) <= KEPT else None
        return made

    def set_progress(self, progress):
        """Whatever is `Scheduled`, but for the learning rate, takes its value at this progress, 0 to 1."""
        self.objective.set_progress(progress)
        self.descent.set_progress(progress)

    @property
    def follows(self):
        """Whether anything but the learning rate is `Scheduled`."""
        return self.objective.follows or self.descent.follows
