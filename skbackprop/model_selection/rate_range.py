"""Which learning rates are worth trying: one short run in which the rate grows with every step."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.fitting import Fitting
from skbackprop.training import train_step

SMOOTHING = 0.9  # of the running mean of the losses
TOO_HIGH = 4.0  # the run ends when the mean loss exceeds this many times its minimum


class LearningRateRange(NamedTuple):
    """Learning rates, the running mean of the loss at each, and a suggested rate."""

    learning_rates: np.ndarray  # (n_steps_done,)
    losses: np.ndarray  # (n_steps_done,)
    suggestion: float


def learning_rate_range(estimator, X, y, sample_weight=None, *, lowest=1e-6, highest=10.0, n_steps=100):
    """Test of a range of learning rates (Smith, 2017).

    A clone of the estimator trains for `n_steps` mini-batches while the learning rate grows exponentially
    from `lowest` to `highest`. While the rate is too low, the loss hardly changes; then it falls; when the
    rate is too high, it explodes, and the run ends. The estimator itself is not changed.

    Parameters
    ----------
    estimator : BackpropRegressor or BackpropClassifier
        Any solver but 'lbfgs'.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The input.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The target.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    lowest, highest : float, default=1e-6 and 10.0
        The range of learning rates, 0 < lowest < highest.

    n_steps : int, default=100
        Number of steps, at least 10.

    Returns
    -------
    found : LearningRateRange
        Has `learning_rates`, `losses` and `suggestion`, which is a tenth of the rate at which the running
        mean of the losses is smallest: a common rule of thumb.

    Raises
    ------
    ValueError
        If the solver is 'lbfgs', if a value is out of range, or if the loss explodes at `lowest`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.model_selection import learning_rate_range
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = BackpropRegressor(target_scaling="standard", random_state=0)
    >>> found = learning_rate_range(net, X, y)
    >>> bool(1e-4 < found.suggestion < 1)
    True
    """
    if not isinstance(estimator, BaseBackprop):
        raise TypeError(f"estimator={estimator!r} must be a BackpropRegressor or a BackpropClassifier.")
    if not (isinstance(lowest, Real) and isinstance(highest, Real) and 0 < lowest < highest < np.inf):
        raise ValueError(f"lowest={lowest!r} and highest={highest!r} must be numbers, 0 < lowest < highest.")
    if not (isinstance(n_steps, Integral) and n_steps >= 10):
        raise ValueError(f"n_steps={n_steps!r} must be a whole number, at least 10.")
    if estimator.solver == "lbfgs":
        raise ValueError("solver='lbfgs' has no learning rate: choose another solver, such as 'adam'.")
    model = clone(estimator).set_params(
        early_stopping=False, validation=None, scoring=None, best_epoch="first", warm_start=False
    )
    if hasattr(model, "calibration"):
        model.set_params(calibration=None)
    fitting = Fitting(model)
    fitting.begin(X, y, sample_weight)
    rates = np.geomspace(lowest, highest, n_steps)
    losses = _losses(fitting.run, fitting.batches, rates)
    if len(losses) < 3:
        raise ValueError(f"The loss explodes at lowest={lowest!r} already: give a smaller lowest.")
    return LearningRateRange(rates[: len(losses)], losses, float(rates[losses.argmin()] / 10))


def _losses(run, batches, rates):
    """The running mean of the loss at each rate, up to the rate at which it explodes."""
    mean, means = 0.0, []
    with np.errstate(all="ignore"):
        for step, (rate, batch) in enumerate(zip(rates, _endless(run, batches)), start=1):
            run.descent.learning_rate[...] = rate
            loss = train_step(run.objective, run.descent, batch).item()
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            value = mean / (1 - SMOOTHING**step)
            if not value <= TOO_HIGH * min(means, default=value):
                break
            means.append(value)
    return np.array(means)


def _endless(run, batches):
    while True:
        batches.shuffle(run.random_state)
        yield from batches
