"""Activations phi: a = phi(z) forward, delta = dE/da * phi'(z) backward.

Both methods write to given arrays: `out`, and `n_scratch` more arrays of the same shape in `scratch`.
`backward` may read what `forward` wrote to `scratch`. Both methods return the array that holds the result.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.special import ndtr

from skbackprop.compat import Interval
from skbackprop.parametrized import Parametrized


class Activation(Parametrized, ABC):
    """Base class; a subclass defines `forward` and `backward` and may use `n_scratch` arrays."""

    _parameter_constraints: dict = {}
    n_scratch: int = 0
    elementwise: bool = True  # False: a node's output depends on the whole row, so a node has no slope
    saturates: bool = False  # logistic: scikit-learn draws initial weights from a narrower range

    @abstractmethod
    def forward(self, z: np.ndarray, out: np.ndarray, scratch: Sequence[np.ndarray]) -> np.ndarray:
        """a = phi(z)."""

    @abstractmethod
    def backward(
        self,
        output_gradient: np.ndarray,
        z: np.ndarray,
        a: np.ndarray,
        out: np.ndarray,
        scratch: Sequence[np.ndarray],
    ) -> np.ndarray:
        """delta = dE/da * phi'(z)."""


LARGEST_EXPONENT = {np.dtype(np.float32): 87.0, np.dtype(np.float64): 708.0}  # exp(x), exp(-x) are normal


def logistic(z: np.ndarray, out: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), with the vector instructions of NumPy's exp, which SciPy's expit does not use.

    NumPy 2.4 has a bug in np.negative for float64 arrays of different strides; multiplying by -1 is correct.
    """
    np.multiply(z, -1.0, out=out)
    np.minimum(out, LARGEST_EXPONENT[out.dtype], out=out)
    np.exp(out, out=out)
    np.add(out, 1.0, out=out)
    return np.divide(1.0, out, out=out)


def softplus(z: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> np.ndarray:
    """log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|))."""
    np.absolute(z, out=out)
    np.multiply(out, -1.0, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    np.maximum(z, 0.0, out=scratch)
    return np.add(out, scratch, out=out)


class Identity(Activation):
    """phi(z) = z, phi'(z) = 1."""

    def forward(self, z, out, scratch):
        return z

    def backward(self, output_gradient, z, a, out, scratch):
        return output_gradient


class Logistic(Activation):
    """phi(z) = 1 / (1 + exp(-z)), phi' = a (1 - a)."""

    saturates = True

    def forward(self, z, out, scratch):
        return logistic(z, out)

    def backward(self, output_gradient, z, a, out, scratch):
        np.subtract(1.0, a, out=out)
        np.multiply(out, a, out=out)
        return np.multiply(out, output_gradient, out=out)


class Tanh(Activation):
    """phi(z) = tanh(z), phi' = 1 - a^2."""

    def forward(self, z, out, scratch):
        return np.tanh(z, out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        np.multiply(a, a, out=out)
        np.subtract(1.0, out, out=out)
        return np.multiply(out, output_gradient, out=out)


class ReLU(Activation):
    """phi(z) = max(z, 0), phi' = 1 where z > 0, else 0."""

    def forward(self, z, out, scratch):
        out.fill(0.0)  # between two arrays, maximum is three times as fast as with a number
        return np.maximum(z, out, out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        np.greater(a, 0.0, out=out)
        return np.multiply(out, output_gradient, out=out)


@dataclass(eq=False, repr=False)
class LeakyReLU(Activation):
    """phi(z) = z where z > 0, else s z; phi' = 1 or s, where s is `negative_slope` (0 to 1)."""

    negative_slope: float = 0.01

    _parameter_constraints = {"negative_slope": [Interval(Real, 0, 1, closed="both")]}

    def forward(self, z, out, scratch):
        np.multiply(z, self.negative_slope, out=out)
        return np.maximum(z, out, out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        np.greater(z, 0.0, out=out)
        np.multiply(out, 1.0 - self.negative_slope, out=out)
        np.add(out, self.negative_slope, out=out)
        return np.multiply(out, output_gradient, out=out)


@dataclass(eq=False, repr=False)
class ELU(Activation):
    """phi(z) = z where z > 0, else alpha (exp(z) - 1) (Clevert et al., 2016)."""

    alpha: float = 1.0

    _parameter_constraints = {"alpha": [Interval(Real, 0, None, closed="left")]}
    n_scratch = 1
    scale = 1.0

    def forward(self, z, out, scratch):
        (negative,) = scratch
        np.minimum(z, 0.0, out=negative)
        np.subtract(z, negative, out=out)  # max(z, 0)
        np.exp(negative, out=negative)  # several times as fast as expm1 where that has no SIMD
        np.subtract(negative, 1.0, out=negative)
        np.multiply(negative, self.scale * self.alpha, out=negative)
        np.multiply(out, self.scale, out=out)
        return np.add(out, negative, out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        (slope,) = scratch  # scale where z > 0, else a + scale alpha
        np.greater(z, 0.0, out=slope)
        np.multiply(slope, self.scale * (1.0 - self.alpha), out=slope)
        np.minimum(a, 0.0, out=out)
        np.add(out, self.scale * self.alpha, out=out)
        np.add(out, slope, out=out)
        return np.multiply(out, output_gradient, out=out)


class SELU(ELU):
    """phi(z) = lambda ELU(z), with the self-normalising constants of Klambauer et al. (2017)."""

    scale = 1.0507009873554805

    def __init__(self):
        super().__init__(alpha=1.6732632423543772)


class Softplus(Activation):
    """phi(z) = log(1 + exp(z)), phi' = logistic(z)."""

    n_scratch = 1

    def forward(self, z, out, scratch):
        return softplus(z, out, *scratch)

    def backward(self, output_gradient, z, a, out, scratch):
        logistic(z, out)
        return np.multiply(out, output_gradient, out=out)


class SiLU(Activation):
    """phi(z) = z s with s = logistic(z), phi' = s (1 + z (1 - s)) (Elfwing et al., 2018)."""

    n_scratch = 1

    def forward(self, z, out, scratch):
        return np.multiply(logistic(z, *scratch), z, out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        (s,) = scratch
        np.subtract(z, a, out=out)  # z (1 - s)
        np.add(out, 1.0, out=out)
        np.multiply(out, s, out=out)
        return np.multiply(out, output_gradient, out=out)


class GELU(Activation):
    """phi(z) = z Phi(z), phi' = Phi(z) + z N(z), where N is the normal density (Hendrycks, Gimpel, 2016)."""

    n_scratch = 1

    def forward(self, z, out, scratch):
        ndtr(z, out=out)
        return np.multiply(out, z, out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        (distribution,) = scratch
        ndtr(z, out=distribution)
        np.multiply(z, z, out=out)
        np.multiply(out, -0.5, out=out)
        np.exp(out, out=out)
        np.multiply(out, z, out=out)
        np.multiply(out, 0.3989422804014327, out=out)  # 1 / sqrt(2 pi)
        np.add(out, distribution, out=out)
        return np.multiply(out, output_gradient, out=out)


class Mish(Activation):
    """phi(z) = z t with t = tanh(softplus(z)), phi' = t + (z - a t) logistic(z) (Misra, 2019).

    With e = exp(z) and n = e (e + 2): t = n / (n + 2), logistic(z) = e / (e + 1). For z >= 20 both are 1 up
    to the last digit.
    """

    n_scratch = 2
    largest = 20.0

    def forward(self, z, out, scratch):
        logistic, t = scratch
        e = np.minimum(z, self.largest, out=logistic)
        np.exp(e, out=e)
        np.add(e, 2.0, out=t)
        np.multiply(t, e, out=t)  # n
        np.add(t, 2.0, out=out)
        np.divide(t, out, out=t)
        np.add(e, 1.0, out=out)
        np.divide(e, out, out=logistic)
        return np.multiply(z, t, out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        logistic, t = scratch
        np.multiply(a, t, out=out)
        np.subtract(z, out, out=out)
        np.multiply(out, logistic, out=out)
        np.add(out, t, out=out)
        return np.multiply(out, output_gradient, out=out)


@dataclass(eq=False, repr=False)
class Bounded(Activation):
    """phi(z) = low + (high - low) s with s = logistic(z), phi' = (high - low) s (1 - s).

    The output activation for a regression target between two bounds.

    Parameters
    ----------
    low : float
        The lower bound.

    high : float
        The upper bound, above `low`.
    """

    low: float
    high: float

    _parameter_constraints = {
        "low": [Interval(Real, None, None, closed="neither")],
        "high": [Interval(Real, None, None, closed="neither")],
    }
    n_scratch = 1

    def _validate_params(self):
        super()._validate_params()
        if not self.low < self.high:
            raise ValueError(f"low={self.low!r} must be smaller than high={self.high!r}.")

    def forward(self, z, out, scratch):
        logistic(z, out)
        np.multiply(out, self.high - self.low, out=out)
        np.add(out, self.low, out=out)
        return np.minimum(out, self.high, out=out)  # the sum may round to just above it

    def backward(self, output_gradient, z, a, out, scratch):
        (rest,) = scratch  # 1 - s
        logistic(z, out)
        np.subtract(1.0, out, out=rest)
        np.multiply(out, rest, out=out)
        np.multiply(out, self.high - self.low, out=out)
        return np.multiply(out, output_gradient, out=out)


class Softmax(Activation):
    """phi(z)_j = exp(z_j) / sum_k exp(z_k): the outputs of a row sum to 1.

    delta_j = a_j (g_j - sum_k g_k a_k) with g = dE/da. It is computed from z - max(z), so that large net
    inputs do not overflow.
    """

    elementwise = False
    n_scratch = 1

    def forward(self, z, out, scratch):
        of_row = scratch[0][..., :1]
        np.maximum.reduce(z, axis=-1, keepdims=True, out=of_row)
        np.subtract(z, of_row, out=out)
        np.exp(out, out=out)
        np.add.reduce(out, axis=-1, keepdims=True, out=of_row)
        return np.divide(out, of_row, out=out)

    def backward(self, output_gradient, z, a, out, scratch):
        of_row = scratch[0][..., :1]
        np.multiply(output_gradient, a, out=out)
        np.add.reduce(out, axis=-1, keepdims=True, out=of_row)
        np.subtract(output_gradient, of_row, out=out)
        return np.multiply(out, a, out=out)


ACTIVATIONS = {
    "identity": Identity,
    "logistic": Logistic,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "softplus": Softplus,
    "silu": SiLU,
    "gelu": GELU,
    "mish": Mish,
    "softmax": Softmax,
}
