"""Training that has been prepared: epochs or L-BFGS, and the fitted attributes afterwards."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop.batches import Batches
from skbackprop.compat import N_FRAMES, check_optimize_result
from skbackprop.estimators.callbacks import EpochCallbacks
from skbackprop.estimators.checkpoint import Checkpoint
from skbackprop.estimators.monitor import Monitor, Prequential
from skbackprop.estimators.progress import Progress
from skbackprop.lbfgs import STOPPED_BY_CALLBACK, minimize_lbfgs
from skbackprop.replay.choice import make_engine
from skbackprop.training import Limits, Rule, only, train
from skbackprop.training.ending import INTERRUPT, is_cut_off, reason

KEPT = 10_000  # values of each curve of a stream
LIMITS = {
    "max_iter": "Stochastic Optimizer: Maximum iterations ({0.max_iter}) reached and the "
    "optimization hasn't converged yet.",
    "max_time": "Stochastic Optimizer: max_time={0.max_time} seconds passed and the optimization "
    "hasn't converged yet.",
}


class Job(NamedTuple):
    """What a call of `fit` has to do."""

    batches: Batches
    monitor: Monitor | None
    run: dict | None  # the run that a checkpoint continues
    data: dict | None  # what a checkpoint says about the data


class Running:
    """The part of an estimator that trains."""

    def _end_fit(self, monitor):
        """What is found on the validation part when training is over; monitor is None without one."""

    def _train(self, job, incremental, n_epochs, given):
        """Whether the user has let it finish."""
        if self.solver == "lbfgs":
            callbacks = self._callbacks(incremental, self.max_iter, given)
            finished = self._run_lbfgs(job, callbacks)
        else:
            n_epochs = self._epochs_to_do(job, incremental, n_epochs)
            callbacks = self._callbacks(incremental, n_epochs, given)
            finished = self._run_epochs(job, incremental, n_epochs, callbacks)
        self._end_fit(job.monitor)
        for callback in callbacks:
            callback.at_the_end()
        return finished

    def _callbacks(self, incremental, n_epochs, given):
        """scikit-learn's callbacks, if any are set."""
        if incremental or not getattr(self, "_skl_callbacks", None):
            return []
        return [EpochCallbacks(self, n_epochs, given)]

    def _epochs_to_do(self, job, incremental, n_epochs):
        """The rest of a run, or `n_epochs`; none after validation scores have stopped a stream."""
        if not incremental:
            done, stopped = (0, False) if job.run is None else (job.run["n_iter"], job.run["stopped"])
            return 0 if stopped else max(0, self.max_iter - done)
        if not self._training.record.has_stopped(self.n_iter_no_change):
            return n_epochs
        if isinstance(job.monitor, Prequential):
            self._training.record.curves.append(job.monitor(self.network_))
        return 0

    def _order(self, rows, incremental):
        """Shuffling starts from the last order: two fits with warm_start are one of twice the epochs."""
        last = self._training.order
        if not incremental and last is not None and np.array_equal(np.sort(last), np.sort(rows)):
            return last
        return rows

    def _batch_size(self, n_samples, n_given, incremental):
        """For `n_samples` rows to train on; with those of weight 0 they are `n_given`."""
        if self.batch_size == "auto" or self.solver == "lbfgs":
            return min(200, n_samples)
        if self.batch_size > n_given:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
                stacklevel=6 if incremental else 6 + N_FRAMES,
            )
        return min(self.batch_size, n_samples)

    def _run_epochs(self, job, incremental, n_epochs, callbacks):
        batches, training, run = job.batches, self._training, job.run
        n_iter = 0 if run is None else run["n_iter"]
        goes_on = incremental or (self.warm_start and self.schedule_epochs is not None)
        checkpoints = [] if self.checkpoint is None else [Checkpoint(self, job, incremental)]
        progress = [Progress(n_iter + n_epochs)] if self.verbose else []
        network, monitor = training.objective.network, job.monitor
        n_steps = n_epochs * len(batches)
        training.engine = make_engine(self.engine, n_steps, network, batches.batch_size, training.engine)
        if n_iter == 0:
            training.record.best_epoch = -1
        training.record.n_iter = n_iter
        by_score = monitor is not None and monitor.stops
        rule = Rule(self.tol, self.n_iter_no_change, by_score, by_score and monitor.keeps_best)
        n_done = training.record.n_epochs if goes_on else n_iter
        limits = Limits(n_epochs, n_done, self.schedule_epochs or self.max_iter, self.max_time)
        hooks = [*progress, *checkpoints, *callbacks]
        for hook in hooks:
            hook.begin(training)
        try:
            limit = train(only(training, batches, rule, self.shuffle, monitor), limits, hooks)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5 + N_FRAMES)
            limit = INTERRUPT
        finally:
            training.order = batches.order if self.warm_start and not incremental else None
            self._publish()
        if incremental:
            training.record.trim(KEPT)
        warn_without_best(training.record, monitor)
        for checkpoint in checkpoints:
            checkpoint.at_the_end()
        if self.engine == "replay" and self.engine_refusal_:
            warnings.warn(
                f"engine='replay': NumPy did the steps, because {self.engine_refusal_}.",
                stacklevel=5 + N_FRAMES,
            )
        if not incremental and not (run is not None and run["stopped"]):
            self._tell_end(limit, rule)
        return limit != INTERRUPT

    def _tell_end(self, limit, rule):
        """Why `fit` stopped, and a warning where it was cut off."""
        training = self._training
        self.stop_reason_ = reason(limit, training.records, [rule])
        if self.verbose:
            print(self.stop_reason_)
        if is_cut_off(limit, training.record, rule, training.rate):
            warnings.warn(LIMITS[limit].format(self), ConvergenceWarning, stacklevel=6 + N_FRAMES)

    def _run_lbfgs(self, job, callbacks):
        batches, monitor = job.batches, job.monitor
        try:
            result = minimize_lbfgs(
                self._training,
                batches.all_rows(),
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                monitor=monitor,
                max_time=self.max_time,
                verbose=self.verbose,
                before_iteration=[callback.before_epoch for callback in callbacks],
                after_iteration=[callback.after_epoch for callback in callbacks],
            )
        finally:
            self._publish()
        if result is None:
            return False
        self.loss_ = float(result.fun)
        self.stop_reason_ = f"Stopped after {self.n_iter_} iterations: {result.message}."
        if result.out_of_time:
            warnings.warn(LIMITS["max_time"].format(self), ConvergenceWarning, stacklevel=5 + N_FRAMES)
        elif result.status != STOPPED_BY_CALLBACK:
            self.n_iter_ = check_optimize_result("lbfgs", result, self.max_iter)
        return True

    def _publish(self):
        """The fitted attributes, under scikit-learn's names."""
        training, record = self._training, self._training.record
        training.publish(self.network_)
        curves, stops = record.curves, record.patience_about is not None
        self.n_iter_ = record.n_iter
        self.engine_refusal_ = training.engine and training.engine.refusal
        self.engine_ = training.engine_name
        self.stopped_ = record.has_stopped(self.n_iter_no_change)
        self.t_ = record.n_samples_seen
        self.loss_curve_ = record.loss_curve
        self.loss_ = record.loss_curve[-1] if record.loss_curve else np.inf
        self.best_loss_ = None if stops else -record.patience.best
        self.validation_scores_ = curves and curves.validation_scores
        self.validation_loss_curve_ = curves and curves.validation_losses
        self.training_scores_ = curves and curves.training_scores
        self.best_validation_score_ = None
        if curves is not None:
            by_score = stops and self.scoring != "loss"
            self.best_validation_score_ = (
                record.patience.best if by_score else max(curves.validation_scores, default=None)
            )

    def _check_solver(self):
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
            )
        return True


def warn_without_best(record, monitor):
    """After the last epoch: early stopping had nothing to go by."""
    if monitor is not None and monitor.keeps_best and record.best_theta is None:
        warnings.warn(
            "No epoch had a validation score that is a number: the last weights are kept.",
            stacklevel=6 + N_FRAMES,
        )
