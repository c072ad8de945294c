"""Losses L(y, z) on the net input z of the last layer: value and delta = dL/dz from one method.

The mean over a batch is E = sum_i w_i sum_j L(y_ij, z_ij) / sum_i w_i: over samples i weighted, over
outputs j a sum. A loss holds no data; its work arrays come from `buffers`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, xlogy
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Real

from skbackprop.memory import Buffer

TARGETS_ARE_POSITIVE = "Some value(s) of y are out of the valid range of the loss {!r}: {}."


class Loss(BaseEstimator, ABC):
    """Base class; a subclass states `losses_and_delta`, and its inverse link in `predict`."""

    _parameter_constraints: dict = {}
    out_activation = "identity"  # the name of the inverse link
    for_classes = False  # True: z are log odds, and `predict` gives probabilities
    columns_for_two_classes = 1  # of a classifier's target; 2 wants one column a class always
    n_scratch = 0

    def buffers(self, n_outputs):
        return {
            "delta": n_outputs,
            "losses": n_outputs,
            "scratch": [n_outputs] * self.n_scratch,
            "equal_share": Buffer((1,), fill=lambda n_samples: 1.0 / n_samples),
            "equal_inverse": Buffer((), per_sample=False, fill=lambda n_samples: 1.0 / n_samples),
            "share": 1,
            "total": Buffer((), per_sample=False),
            "any": Buffer((), per_sample=False),
            "inverse": Buffer((), per_sample=False),
            "sums": Buffer((1, n_outputs), per_sample=False),
            "ones": Buffer((n_outputs, 1), per_sample=False, fill=lambda n_samples: 1.0),
            "value": Buffer((1, 1), per_sample=False),
        }

    def check_targets(self, y):
        """Raise ValueError where y has values that the loss is not defined for."""

    def for_columns(self, exclusive):
        """The loss for target columns of which exactly one is 1 (`exclusive`), or that are independent."""
        return self

    @abstractmethod
    def losses_and_delta(self, y, z, losses, out, work):
        """L(y, z) to `losses`, dL/dz to `out`, both of the shape of z."""

    def predict(self, z, out):
        """The inverse link: the prediction for z."""
        np.copyto(out, z)

    def value_and_delta(self, y, z, sample_weight, out, work):
        """E, an array of shape (*members, 1, 1), and dE/dz in `out`."""
        self.losses_and_delta(y, z, work.losses, out, work)
        share = self.share(sample_weight, work)
        np.multiply(out, share, out=out)
        np.matmul(share.mT, work.losses, out=work.sums)
        return np.matmul(work.sums, work.ones, out=work.value)

    def share(self, sample_weight, work):
        """w_i / sum(w), or 1 / n_samples; all 0 where all weights are. `inverse_weight` is 1 / sum(w)."""
        if sample_weight is None:
            work.inverse_weight = work.equal_inverse
            return work.equal_share
        work.inverse_weight = work.inverse
        np.add.reduce(sample_weight, axis=None, out=work.total)
        np.sign(work.total, out=work.any)
        np.maximum(work.total, np.finfo(work.total.dtype).tiny, out=work.total)
        np.divide(work.any, work.total, out=work.inverse)
        return np.multiply(sample_weight, work.inverse, out=work.share)


class SquaredError(Loss):
    """L = 1/2 (z - y)^2, dL/dz = z - y."""

    def losses_and_delta(self, y, z, losses, out, work):
        np.subtract(z, y, out=out)
        np.multiply(out, out, out=losses)
        np.multiply(losses, 0.5, out=losses)


class AbsoluteError(Loss):
    """L = |z - y|, dL/dz = sign(z - y)."""

    def losses_and_delta(self, y, z, losses, out, work):
        np.subtract(z, y, out=out)
        np.abs(out, out=losses)
        np.sign(out, out=out)


@dataclass(eq=False, repr=False)
class Huber(Loss):
    """L = 1/2 r^2 where |r| <= delta, else delta (|r| - delta / 2), with r = z - y (Huber, 1964).

    With c = r cut to [-delta, delta]: L = c (r - c / 2) and dL/dz = c.
    """

    delta: float = 1.0

    _parameter_constraints = {"delta": [Interval(Real, 0, None, closed="neither")]}
    n_scratch = 1

    def losses_and_delta(self, y, z, losses, out, work):
        (half,) = work.scratch
        np.subtract(z, y, out=losses)
        np.minimum(losses, self.delta, out=out)
        np.maximum(out, -self.delta, out=out)
        np.multiply(out, 0.5, out=half)
        np.subtract(losses, half, out=losses)
        np.multiply(losses, out, out=losses)


class LogCosh(Loss):
    """L = log cosh(r) with r = z - y, dL/dz = tanh(r)."""

    def losses_and_delta(self, y, z, losses, out, work):
        np.subtract(z, y, out=losses)
        np.negative(losses, out=out)
        np.logaddexp(losses, out, out=losses)
        np.subtract(losses, 0.6931471805599453, out=losses)  # log 2
        np.negative(out, out=out)
        np.tanh(out, out=out)


@dataclass(eq=False, repr=False)
class Quantile(Loss):
    """The pinball loss L = (z - y) (1[z > y] - quantile) (Koenker, Bassett, 1978)."""

    quantile: float = 0.5

    _parameter_constraints = {"quantile": [Interval(Real, 0, 1, closed="neither")]}

    def losses_and_delta(self, y, z, losses, out, work):
        np.subtract(z, y, out=losses)
        np.greater(losses, 0.0, out=out)
        np.subtract(out, self.quantile, out=out)
        np.multiply(losses, out, out=losses)


class Poisson(Loss):
    """Half the Poisson deviance at the mean exp(z): L = y log y - y z - y + exp(z); y >= 0."""

    out_activation = "exp"
    n_scratch = 1

    def check_targets(self, y):
        if np.any(y < 0):
            raise ValueError(TARGETS_ARE_POSITIVE.format("poisson", "y >= 0"))

    def losses_and_delta(self, y, z, losses, out, work):
        (product,) = work.scratch
        np.multiply(y, z, out=product)
        np.exp(z, out=out)
        np.subtract(out, y, out=out)
        xlogy(y, y, out=losses)
        np.subtract(losses, product, out=losses)
        np.add(losses, out, out=losses)

    def predict(self, z, out):
        np.exp(z, out=out)


class Gamma(Loss):
    """Half the Gamma deviance at the mean exp(z): L = z - log y + y exp(-z) - 1; y > 0."""

    out_activation = "exp"
    n_scratch = 1

    def check_targets(self, y):
        if np.any(y <= 0):
            raise ValueError(TARGETS_ARE_POSITIVE.format("gamma", "y > 0"))

    def losses_and_delta(self, y, z, losses, out, work):
        (ratio,) = work.scratch
        np.negative(z, out=ratio)
        np.exp(ratio, out=ratio)
        np.multiply(ratio, y, out=ratio)
        np.subtract(1.0, ratio, out=out)
        np.log(y, out=losses)
        np.subtract(z, losses, out=losses)
        np.subtract(losses, out, out=losses)

    def predict(self, z, out):
        np.exp(z, out=out)


@dataclass(eq=False, repr=False)
class LogLoss(Loss):
    """The log loss of a classifier: binary for one column or several labels, else multinomial.

    `for_columns` chooses; both parts may be given to a classifier themselves.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        e in the smoothed target (1 - e) y + e / n_classes (Szegedy et al., 2016).
    """

    label_smoothing: float = 0.0

    _parameter_constraints = {"label_smoothing": [Interval(Real, 0, 1, closed="left")]}
    for_classes = True
    n_scratch = 1

    def for_columns(self, exclusive):
        return (MultinomialLogLoss if exclusive else BinaryLogLoss)(self.label_smoothing)

    def smooth(self, y, n_classes, out):
        if not self.label_smoothing:
            return y
        np.multiply(y, 1.0 - self.label_smoothing, out=out)
        return np.add(out, self.label_smoothing / n_classes, out=out)

    def losses_and_delta(self, y, z, losses, out, work):
        raise TypeError("LogLoss stands for two losses: take the one that `for_columns` gives.")


class BinaryLogLoss(LogLoss):
    """L = log(1 + exp(z)) - y z, dL/dz = logistic(z) - y, for each column."""

    out_activation = "logistic"

    def for_columns(self, exclusive):
        if exclusive:
            raise ValueError("BinaryLogLoss is for two classes or several labels: use LogLoss.")
        return self

    def losses_and_delta(self, y, z, losses, out, work):
        (scratch,) = work.scratch
        y = self.smooth(y, 2, scratch)
        np.multiply(y, z, out=out)
        np.logaddexp(0.0, z, out=losses)
        np.subtract(losses, out, out=losses)
        expit(z, out=out)
        np.subtract(out, y, out=out)

    def predict(self, z, out):
        expit(z, out=out)


class MultinomialLogLoss(LogLoss):
    """L = log sum_k exp(z_k) - sum_k y_k z_k, dL/dz = softmax(z) - y."""

    out_activation = "softmax"
    columns_for_two_classes = 2

    def for_columns(self, exclusive):
        if not exclusive:
            raise ValueError("MultinomialLogLoss needs exactly one class a sample: use LogLoss.")
        return self

    def buffers(self, n_outputs):
        return {**super().buffers(n_outputs), "row": 1, "shifted": n_outputs}

    def losses_and_delta(self, y, z, losses, out, work):
        (scratch,) = work.scratch
        y = self.smooth(y, z.shape[-1], scratch)
        np.maximum.reduce(z, axis=-1, keepdims=True, out=work.row)
        np.subtract(z, work.row, out=work.shifted)
        np.exp(work.shifted, out=out)
        np.matmul(out, work.ones, out=work.row)
        np.divide(out, work.row, out=out)
        np.log(work.row, out=work.row)
        np.subtract(work.row, work.shifted, out=losses)  # -log p_k
        np.multiply(losses, y, out=losses)
        np.subtract(out, y, out=out)

    def predict(self, z, out):
        np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
        np.exp(out, out=out)
        np.divide(out, out.sum(axis=-1, keepdims=True), out=out)


REGRESSION_LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
}
CLASSIFICATION_LOSSES = {"log_loss": LogLoss}
