"""First values of a layer's weights and biases."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, Real, StrOptions


class Initializer(BaseEstimator, ABC):
    """Base class: `weight` gives an array (n_inputs, n_units), `bias` one of (1, n_units)."""

    _parameter_constraints: dict = {}

    @abstractmethod
    def weight(self, random_state, n_inputs, n_units, activation):
        """First weights, drawn from a numpy RandomState."""

    def bias(self, random_state, n_inputs, n_units, activation):
        """Zeros, unless the method says otherwise."""
        return np.zeros((1, n_units))


@dataclass(eq=False, repr=False)
class VarianceScaling(Initializer):
    """Var(w) = gain / fan, drawn from `distribution` 'uniform' or 'normal'."""

    distribution: str = "uniform"

    _parameter_constraints = {"distribution": [StrOptions({"uniform", "normal"})]}

    @abstractmethod
    def variance(self, n_inputs, n_units):
        """The variance of one weight."""

    def weight(self, random_state, n_inputs, n_units, activation):
        deviation = np.sqrt(self.variance(n_inputs, n_units))
        if self.distribution == "normal":
            return random_state.normal(0.0, deviation, (n_inputs, n_units))
        bound = np.sqrt(3.0) * deviation
        return random_state.uniform(-bound, bound, (n_inputs, n_units))


class Glorot(VarianceScaling):
    """Var(w) = 2 / (n_inputs + n_units) (Glorot, Bengio, 2010); biases are zero."""

    def variance(self, n_inputs, n_units):
        return 2.0 / (n_inputs + n_units)


class He(VarianceScaling):
    """Var(w) = 2 / n_inputs (He et al., 2015), for rectifiers; biases are zero."""

    def variance(self, n_inputs, n_units):
        return 2.0 / n_inputs


class LeCun(VarianceScaling):
    """Var(w) = 1 / n_inputs (LeCun et al., 1998), for SELU and tanh; biases are zero."""

    def variance(self, n_inputs, n_units):
        return 1.0 / n_inputs


@dataclass(eq=False, repr=False)
class BoundedGlorot(Initializer):
    """scikit-learn's first values: weights and biases uniform within sqrt(f / (n_inputs + n_units)).

    f is `factor`, by default 2 for the logistic activation and 6 for others.
    """

    factor: float | None = None

    _parameter_constraints = {"factor": [Interval(Real, 0, None, closed="neither"), None]}

    def _bound(self, n_inputs, n_units, activation):
        factor = self.factor or (2.0 if activation.saturates else 6.0)
        return np.sqrt(factor / (n_inputs + n_units))

    def weight(self, random_state, n_inputs, n_units, activation):
        bound = self._bound(n_inputs, n_units, activation)
        return random_state.uniform(-bound, bound, (n_inputs, n_units))

    def bias(self, random_state, n_inputs, n_units, activation):
        bound = self._bound(n_inputs, n_units, activation)
        return random_state.uniform(-bound, bound, (1, n_units))


@dataclass(eq=False, repr=False)
class Orthogonal(Initializer):
    """`gain` times a random matrix with orthonormal rows or columns (Saxe et al., 2014)."""

    gain: float = 1.0

    _parameter_constraints = {"gain": [Interval(Real, 0, None, closed="neither")]}

    def weight(self, random_state, n_inputs, n_units, activation):
        tall = random_state.normal(size=(max(n_inputs, n_units), min(n_inputs, n_units)))
        q, r = np.linalg.qr(tall)
        q *= np.sign(np.diag(r))  # makes the draw uniform over orthogonal matrices
        return self.gain * (q if n_inputs >= n_units else q.T)


class Normal(Initializer):
    """w ~ N(0, 1), for `NTKDense`, which divides by sqrt(n_inputs) itself; biases are zero."""

    def weight(self, random_state, n_inputs, n_units, activation):
        return random_state.normal(size=(n_inputs, n_units))


class Zeros(Initializer):
    """0, for a last layer: the first prediction is the same for every row."""

    def weight(self, random_state, n_inputs, n_units, activation):
        return np.zeros((n_inputs, n_units))


@dataclass(eq=False, repr=False)
class Given(Initializer):
    """Values of an earlier fit, or made by hand: `Dense(8, initializer=Given(W, b))`.

    Parameters
    ----------
    coef : array of shape (n_inputs, n_units)
        The first weights.

    intercept : array of shape (n_units,) or (1, n_units), default=None
        The first biases; None for zeros.
    """

    coef: np.ndarray
    intercept: np.ndarray | None = None

    _parameter_constraints = {"coef": ["array-like"], "intercept": ["array-like", None]}

    def weight(self, random_state, n_inputs, n_units, activation):
        return given_values(self.coef, (n_inputs, n_units), "Given(coef=...)")

    def bias(self, random_state, n_inputs, n_units, activation):
        if self.intercept is None:
            return super().bias(random_state, n_inputs, n_units, activation)
        return given_values(self.intercept, (1, n_units), "Given(intercept=...)")


def given_values(values, shape, name):
    """A parameter's first value from outside: finite and of its shape, but (n,) may stand for (1, n)."""
    array = check_array(
        values,
        dtype=(np.float64, np.float32),
        ensure_2d=False,
        allow_nd=True,
        ensure_min_samples=0,
        ensure_min_features=0,
        input_name=name,
    )
    if shape not in (array.shape, (1, *array.shape)):
        raise ValueError(f"{name} has shape {array.shape}, but the layer's parameter has shape {shape}.")
    return array.reshape(shape)


def constant(random_state, value, shape):
    """The same number everywhere, for gains, and for biases that are not drawn."""
    return np.full(shape, value)


INITIALIZERS = {
    "bounded_glorot": BoundedGlorot,
    "glorot": Glorot,
    "he": He,
    "lecun": LeCun,
    "orthogonal": Orthogonal,
    "normal": Normal,
    "zeros": Zeros,
}
