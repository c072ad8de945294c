"""Losses for regression: squared, absolute, Huber, log cosh, and two deviances with a log link."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.special import xlogy

from skbackprop.compat import Interval
from skbackprop.losses.loss import Loss

TARGETS_ARE_POSITIVE = "Some value(s) of y are out of the valid range of the loss {!r}: {}."


class SquaredError(Loss):
    """L = 1/2 (z - y)^2, dL/dz = z - y."""

    def losses_and_delta(self, y, z, losses, out, work):
        np.subtract(z, y, out=out)
        np.multiply(out, out, out=losses)
        np.multiply(losses, work.half, out=losses)


class AbsoluteError(Loss):
    """L = |z - y|, dL/dz = sign(z - y)."""

    def losses_and_delta(self, y, z, losses, out, work):
        np.subtract(z, y, out=out)
        np.abs(out, out=losses)
        np.sign(out, out=out)


@dataclass(eq=False, repr=False)
class Huber(Loss):
    """L = 1/2 r^2 where |r| <= delta, else delta (|r| - delta / 2), with r = z - y (Huber, 1964).

    With c = r limited to [-delta, delta]: L = c (r - c / 2) and dL/dz = c.
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

    n_scratch = 1

    def losses_and_delta(self, y, z, losses, out, work):
        (size,) = work.scratch  # L = |r| + log(1 + exp(-2 |r|)) - log 2
        np.subtract(z, y, out=out)
        np.absolute(out, out=size)
        np.multiply(size, -2.0, out=losses)
        np.exp(losses, out=losses)
        np.log1p(losses, out=losses)
        np.add(losses, size, out=losses)
        np.subtract(losses, 0.6931471805599453, out=losses)
        np.tanh(out, out=out)


class Poisson(Loss):
    """Half the Poisson deviance at the mean exp(z): L = y log y - y z - y + exp(z); y >= 0."""

    out_activation = "exp"
    shiftable = False
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

    def predict_backward(self, output_gradient, z, prediction):
        return output_gradient * prediction


class Gamma(Loss):
    """Half the Gamma deviance at the mean exp(z): L = z - log y + y exp(-z) - 1; y > 0."""

    out_activation = "exp"
    shiftable = False
    n_scratch = 1

    def check_targets(self, y):
        if np.any(y <= 0):
            raise ValueError(TARGETS_ARE_POSITIVE.format("gamma", "y > 0"))

    def losses_and_delta(self, y, z, losses, out, work):
        (ratio,) = work.scratch
        np.multiply(z, -1.0, out=ratio)
        np.exp(ratio, out=ratio)
        np.multiply(ratio, y, out=ratio)
        np.subtract(1.0, ratio, out=out)
        np.log(y, out=losses)
        np.subtract(z, losses, out=losses)
        np.subtract(losses, out, out=losses)

    def predict(self, z, out):
        np.exp(z, out=out)

    def predict_backward(self, output_gradient, z, prediction):
        return output_gradient * prediction
