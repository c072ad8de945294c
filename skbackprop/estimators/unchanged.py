"""What a call that fails takes back."""

from contextlib import contextmanager

import numpy as np

from skbackprop.all_or_nothing import put_back
from skbackprop.beginning import GLOBAL


class Before:
    """An estimator as it is before a call: its attributes, and what a call changes in place."""

    def __init__(self, estimator):
        self.estimator, self.attributes = estimator, dict(vars(estimator))
        random_state = self.attributes.get("random_state")
        self.is_drawn_from = isinstance(random_state, np.random.RandomState) and random_state is not GLOBAL
        if self.is_drawn_from:
            self.sequence = random_state.get_state(legacy=False)
        self.run = self.attributes.get("run_")
        if self.run is not None:
            self._look_at_run()

    def _look_at_run(self):
        run, record = self.run, self.run.record
        thetas = [self.attributes["model_"].network.theta]
        if run.result is not run.theta:  # else it is taken from the network when a call begins
            thetas.append(run.theta)
        self.thetas = [(theta, theta.copy()) for theta in thetas]
        self.alpha = run.objective.alpha
        self.states = [(thing, dict(vars(thing))) for thing in (run, record, record.patience)]
        self.lengths = [(curve, len(curve)) for curve in record.all_curves()]

    def restore(self):
        """The estimator is as it was."""
        put_back(self.estimator, self.attributes)
        if self.is_drawn_from:
            self.estimator.random_state.set_state(self.sequence)
        if self.run is not None:
            self._restore_run()

    def _restore_run(self):
        for thing, state in self.states:
            vars(thing).update(state)
        self.run.objective.set_alpha(self.alpha)
        for theta, before in self.thetas:
            np.copyto(theta, before)
        for curve, length in self.lengths:
            del curve[length:]


@contextmanager
def unchanged_on_error(estimator):
    """Whatever fails inside leaves the estimator as it was."""
    before = Before(estimator)
    try:
        yield
    except BaseException:
        before.restore()
        raise
