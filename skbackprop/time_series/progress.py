"""Progress of the models of a forecaster while they are trained, and the time that each of them has."""

import warnings
from contextlib import contextmanager
from time import monotonic

from skbackprop.estimators.progress import duration
from skbackprop.time_series.strategies import STRATEGIES

COLUMNS = ("model", 7), ("learns for", 12), ("steps", 9), ("member", 8), ("took", 9), ("left", 9)
LEAST = 1e-3  # seconds, at least, for each model
INTERRUPTED = "Training interrupted by user."


class ModelProgress:
    """Reports the models of one `fit` to callbacks of scikit-learn (>= 1.9) and, if `verbose`, to the screen.

    Each model is a task of the fit.
    """

    def __init__(self, forecaster, X, y):
        self.forecaster, self.data = forecaster, {"estimator": forecaster, "X": X, "y": y}
        n_stages = len(STRATEGIES[forecaster.strategy](forecaster.horizon))
        n_fits = 1 if forecaster.calibration_horizons is None else 2
        self.n_models, self.n_done = n_stages * forecaster.n_members * n_fits, 0
        self.started, self.fit = monotonic(), None

    def told(self, purpose, stage, members):
        """Each member of a stage with its seconds, to be trained before the next one is asked for."""
        if self.n_done == 0:
            self._begin()
        for number, member in enumerate(members, start=1):
            begun = monotonic()
            task = self.fit and self.fit.subcontext(task_name="model").call_on_fit_task_begin(**self.data)
            try:
                yield member, self._seconds()
            finally:  # also after an interrupt
                if task:
                    task.call_on_fit_task_end(**self.data)
            self.n_done += 1
            if self.forecaster.verbose:
                self._print(purpose, stage, f"{number}/{len(members)}", monotonic() - begun)

    def end(self, reason):
        if self.fit:
            self.fit.call_on_fit_task_end(**self.data, reconstruction_attributes={})
        if self.forecaster.verbose:
            print(reason)

    def _begin(self):
        if getattr(self.forecaster, "_skl_callbacks", None):
            self.fit = self.forecaster._init_callback_context(max_subtasks=self.n_models)
            self.fit.call_on_fit_task_begin(**self.data)
        if self.forecaster.verbose:
            print("".join(f"{name:>{width}}" for name, width in COLUMNS))

    def _seconds(self):
        """For the next model: an equal share of what is left of `max_time`; None without one."""
        if self.forecaster.max_time is None:
            return None
        left = self.forecaster.max_time - (monotonic() - self.started)
        return max(left / (self.n_models - self.n_done), LEAST)

    def _print(self, purpose, stage, member, seconds):
        first, last = stage.shift + stage.steps[[0, -1]]
        left = (monotonic() - self.started) / self.n_done * (self.n_models - self.n_done)
        cells = [f"{self.n_done}/{self.n_models}", purpose, f"{first}-{last}" if last > first else f"{first}"]
        cells += [member, duration(seconds), duration(left)]
        print("".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, COLUMNS)))


@contextmanager
def interruptible():
    """An interrupt ends the whole fit, though a network, here or of scikit-learn, makes it a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=INTERRUPTED)
        try:
            yield
        except UserWarning as warning:
            if str(warning) != INTERRUPTED:
                raise
            raise KeyboardInterrupt from None
