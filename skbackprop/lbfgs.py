"""L-BFGS, from SciPy, on the same flat vector: one batch, no learning rate."""

import warnings
from math import inf
from time import monotonic

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from skbackprop.divergence import DivergenceError, explain
from skbackprop.layers import BatchNorm
from skbackprop.products import scipy_on_one_thread

STOPPED_BY_CALLBACK = 99  # SciPy's status


class OutOfTimeError(Exception):
    """The search has reached `max_time`."""


def check_network(network):
    """Raise an error if training the network is not the minimisation of one fixed function of theta."""
    if network.generator is not None:
        raise ValueError("solver='lbfgs' needs a fixed objective: remove Dropout, or use another solver.")
    if any(isinstance(layer, BatchNorm) for _, layer, _, _ in network.parts()):
        raise ValueError("solver='lbfgs' needs a fixed objective: remove BatchNorm, or use another solver.")
    rates = network.learning_rates
    if rates is not None and not np.isin(rates, (0.0, 1.0)).all():
        raise ValueError("solver='lbfgs' has no learning rate: a layer's learning_rate must be 1, or 0.")
    if any(parameter.max_norm is not None for _, _, parameter in network.matrices):
        raise ValueError("solver='lbfgs' cannot use a max_norm: remove it, or use another solver.")


def minimize_lbfgs(
    run,
    batch,
    *,
    max_iter,
    max_fun,
    tol,
    monitor=None,
    max_time=None,
    verbose=False,
    before_iteration=(),
    after_iteration=(),
):
    """Minimise the objective over theta; returns SciPy's OptimizeResult, or None if interrupted.

    `monitor(network)` measures after every iteration. The search ends after `max_time` seconds, which sets
    `out_of_time`, or when one of `after_iteration`, called with False, returns True. Each of
    `before_iteration` is called at the first point of an iteration; if an iteration finds no point,
    `after_iteration` is called with True. The search uses float64 for every dtype of theta, because its line
    search needs the digits.
    """
    target, record = run.theta, run.record
    objective = run.objective.astype(np.float64)
    network = objective.network
    batch = batch.astype(np.float64)
    record.n_iter = 0
    deadline = inf if max_time is None else monotonic() + max_time
    is_begun, is_under_way = False, False  # the search has its first value; an iteration has begun

    def value_and_gradient(theta):
        np.copyto(network.theta, theta)
        value = objective.value_and_gradient(batch).item()
        return value, network.gradient.copy()

    def until_the_deadline(theta):
        nonlocal is_begun, is_under_way
        if monotonic() > deadline:
            raise OutOfTimeError
        if is_begun and not is_under_way:
            for hook in before_iteration:
                hook()
        is_begun, is_under_way = True, is_begun
        return value_and_gradient(theta)

    def end_iteration(intermediate_result):
        nonlocal is_under_way
        target[...] = intermediate_result.x
        record.n_iter += 1
        record.loss_curve.append(float(intermediate_result.fun))
        record.patience.update(-record.loss_curve[-1], tol)
        if verbose:
            print(f"Iteration {record.n_iter}, loss = {record.loss_curve[-1]:.8f}")
        if monitor is not None:
            record.curves.append(monitor(run.objective.network))
        is_under_way = False
        wishes = [hook(False) for hook in after_iteration]
        if any(wishes) or monotonic() > deadline:
            raise StopIteration

    def end_without_a_point():
        if is_under_way:
            for hook in after_iteration:
                hook(True)

    with np.errstate(all="ignore"):  # a loss that is not finite raises our own error
        try:
            with scipy_on_one_thread(len(network.theta)):
                result = minimize(
                    until_the_deadline,
                    network.theta.copy(),
                    jac=True,
                    method="L-BFGS-B",
                    callback=end_iteration,
                    options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
                )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
            return None
        except OutOfTimeError:  # during an iteration: keep the result of the previous one
            loss = record.loss_curve[-1] if record.loss_curve else inf
            end_without_a_point()
            return OptimizeResult(
                x=target, fun=loss, status=STOPPED_BY_CALLBACK, out_of_time=True, message="max_time is over"
            )
        if not (np.isfinite(result.fun) and np.isfinite(result.x).all()):
            value_and_gradient(result.x)
            when = f"iteration {record.n_iter + 1}"
            raise DivergenceError(explain(network, when, batch.x, batch.y))
    target[...] = result.x
    end_without_a_point()
    result.out_of_time = result.status == STOPPED_BY_CALLBACK and monotonic() > deadline
    return result
