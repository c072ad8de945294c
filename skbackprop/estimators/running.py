"""Training that has been begun: epochs or L-BFGS, and the fitted attributes afterwards."""

import warnings

from sklearn.exceptions import ConvergenceWarning

from skbackprop.compat import N_FRAMES, check_optimize_result
from skbackprop.estimators.callbacks import EpochCallbacks
from skbackprop.estimators.checkpoint import EstimatorCheckpoint
from skbackprop.estimators.monitor import Prequential, warn_without_best
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


def train_begun(fitting, n_epochs=None, given=None):
    """Whether the user has let it finish; `given` is what callbacks are told of the call."""
    if fitting.settings.solver == "lbfgs":
        callbacks = _callbacks(fitting, fitting.settings.max_iter, given)
        finished = _run_lbfgs(fitting, callbacks)
    else:
        n_epochs = _epochs_to_do(fitting, n_epochs)
        callbacks = _callbacks(fitting, n_epochs, given)
        finished = _run_epochs(fitting, n_epochs, callbacks)
    fitting.estimator._end_fit(fitting.monitor)
    for callback in callbacks:
        callback.at_the_end()
    return finished


def _callbacks(fitting, n_epochs, given):
    """scikit-learn's callbacks, if any are set."""
    if fitting.incremental or not getattr(fitting.estimator, "_skl_callbacks", None):
        return []
    return [EpochCallbacks(fitting.estimator, n_epochs, given)]


def _epochs_to_do(fitting, n_epochs):
    """The rest of a run, or `n_epochs`; none after validation scores have stopped a stream."""
    if not fitting.incremental:
        resumed = fitting.resumed or {"n_iter": 0, "stopped": False}
        return 0 if resumed["stopped"] else max(0, fitting.settings.max_iter - resumed["n_iter"])
    if not fitting.run.record.has_stopped(fitting.settings.n_iter_no_change):
        return n_epochs
    if isinstance(fitting.monitor, Prequential):
        fitting.run.record.curves.append(fitting.monitor(fitting.estimator.model_.network))
    return 0


def _run_epochs(fitting, n_epochs, callbacks):
    batches, run, settings, monitor = fitting.batches, fitting.run, fitting.settings, fitting.monitor
    n_iter = 0 if fitting.resumed is None else fitting.resumed["n_iter"]
    goes_on = fitting.incremental or (settings.warm_start and settings.schedule_epochs is not None)
    checkpoints = [] if settings.checkpoint is None else [EstimatorCheckpoint(fitting)]
    progress = [Progress(n_iter + n_epochs)] if settings.verbose else []
    n_steps = n_epochs * len(batches)
    network = run.objective.network
    run.engine = make_engine(settings.engine, n_steps, network, batches.batch_size, run.engine)
    if n_iter == 0:
        run.record.best_epoch = -1
    run.record.n_iter = n_iter
    rule = rule_of(settings, monitor)
    n_done = run.record.n_epochs if goes_on else n_iter
    n_planned = settings.schedule_epochs or settings.max_iter
    limits = Limits(n_epochs, n_done, n_planned, settings.max_time)
    hooks = [*progress, *checkpoints, *callbacks]
    for hook in hooks:
        hook.begin(run)
    try:
        limit = train(only(run, batches, rule, settings.shuffle, monitor), limits, hooks)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=5 + N_FRAMES)
        limit = INTERRUPT
    finally:
        run.order = batches.order if settings.warm_start and not fitting.incremental else None
        fitting.estimator._publish()
    if fitting.incremental:
        run.record.trim(KEPT)
    warn_without_best(run.record, monitor)
    for checkpoint in checkpoints:
        checkpoint.at_the_end()
    if settings.engine == "replay" and (refusal := fitting.estimator.engine_refusal_):
        warnings.warn(
            f"engine='replay': NumPy did the steps, because {refusal}.",
            stacklevel=5 + N_FRAMES,
        )
    if not fitting.incremental and not (fitting.resumed is not None and fitting.resumed["stopped"]):
        _tell_end(fitting, limit, rule)
    return limit != INTERRUPT


def _tell_end(fitting, limit, rule):
    """Why `fit` stopped, and a warning where it was cut off."""
    fitting.estimator.stop_reason_ = reason(limit, fitting.run.records, [rule])
    if fitting.settings.verbose:
        print(fitting.estimator.stop_reason_)
    if is_cut_off(limit, fitting.run.record, rule, fitting.run.rate):
        warnings.warn(LIMITS[limit].format(fitting.settings), ConvergenceWarning, stacklevel=6 + N_FRAMES)


def _run_lbfgs(fitting, callbacks):
    estimator, settings = fitting.estimator, fitting.settings
    try:
        result = minimize_lbfgs(
            fitting.run,
            fitting.batches.all_rows(),
            max_iter=settings.max_iter,
            max_fun=settings.max_fun,
            tol=settings.tol,
            monitor=fitting.monitor,
            max_time=settings.max_time,
            verbose=settings.verbose,
            before_iteration=[callback.before_epoch for callback in callbacks],
            after_iteration=[callback.after_epoch for callback in callbacks],
        )
    finally:
        estimator._publish()
    if result is None:
        return False
    estimator.loss_ = float(result.fun)
    estimator.stop_reason_ = f"Stopped after {estimator.n_iter_} iterations: {result.message}."
    if result.out_of_time:
        warnings.warn(LIMITS["max_time"].format(settings), ConvergenceWarning, stacklevel=5 + N_FRAMES)
    elif result.status != STOPPED_BY_CALLBACK:
        estimator.n_iter_ = check_optimize_result("lbfgs", result, settings.max_iter)
    return True


def rule_of(settings, monitor):
    """When training ends, and which weights are its result."""
    by_score = monitor is not None and monitor.stops
    return Rule(settings.tol, settings.n_iter_no_change, by_score, by_score and monitor.keeps_best)
