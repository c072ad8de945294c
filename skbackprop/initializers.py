"""Initial values of a layer's weights and biases."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array

from skbackprop.activations import Activation
from skbackprop.compat import Interval, StrOptions
from skbackprop.parametrized import Parametrized


class Initializer(Parametrized, ABC):
    """Base class: `weight` returns an array (n_inputs, n_units), `bias` one of shape (1, n_units)."""

    _parameter_constraints: dict = {}
    takes_data: bool = False  # whether `from_data` changes what is drawn

    @abstractmethod
    def weight(
        self, random_state: np.random.RandomState, n_inputs: int, n_units: int, activation: Activation
    ) -> np.ndarray:
        """Initial weights, drawn with a numpy RandomState."""

    def bias(
        self, random_state: np.random.RandomState, n_inputs: int, n_units: int, activation: Activation
    ) -> np.ndarray:
        """Initial biases: zeros, unless a subclass overrides this."""
        return np.zeros((1, n_units))


@dataclass(eq=False, repr=False)
class VarianceScaling(Initializer):
    """Var(w) = gain / fan, drawn from `distribution` 'uniform' or 'normal'."""

    distribution: str = "uniform"

    _parameter_constraints = {"distribution": [StrOptions({"uniform", "normal"})]}

    @abstractmethod
    def variance(self, n_inputs: int, n_units: int) -> float:
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
    """scikit-learn's initial values: weights and biases uniform in [-c, c].

    c is sqrt(f / (n_inputs + n_units)); f is `factor`, by default 2 for the logistic activation, else 6.
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
        rows = _orthonormal(np.ascontiguousarray(tall.T))
        return self.gain * (rows.T if n_inputs >= n_units else rows)


def _orthonormal(rows):
    """Make the rows orthonormal in place, one after the other (modified Gram-Schmidt).

    The result is the Q of a QR decomposition whose R has a positive diagonal, so that the draw is uniform
    over orthogonal matrices. The digits of `np.linalg.qr` depend on the threads of BLAS; einsum uses no
    threads.
    """
    for i, row in enumerate(rows):
        row /= np.sqrt(np.einsum("j,j", row, row))
        below = rows[i + 1 :]
        below -= np.einsum("ij,j->i", below, row)[:, None] * row
    return rows


class Normal(Initializer):
    """w ~ N(0, 1), for `NTKDense`, which divides by sqrt(n_inputs); biases are zero."""

    def weight(self, random_state, n_inputs, n_units, activation):
        return random_state.normal(size=(n_inputs, n_units))


class NTK(Normal):
    """w, b ~ N(0, 1), for the neural tangent parametrisation (Jacot et al., 2018), `NTKDense`."""

    def bias(self, random_state, n_inputs, n_units, activation):
        return random_state.normal(size=(1, n_units))


@dataclass(eq=False, repr=False)
class DataDriven(Normal):
    """N(0, 1), then adapted to the data: net inputs have standard deviation 1, and kinks lie within the data.

    The weights of each node are divided by the standard deviation of its net input. Its bias is minus a
    random weighted mean of its net inputs at some random rows, because an activation has its kink where the
    net input is 0 (Steinwart, 2019; Holzmüller et al., 2024). Estimators use their training data. For a
    `Network`, call `initialize_from_data`; otherwise weights stay N(0, 1) and biases 0.

    Parameters
    ----------
    n_points : int, default=5
        The number of random rows for each bias; their weights are uniform on the simplex.
    """

    n_points: int = 5

    _parameter_constraints = {"n_points": [Interval(Integral, 1, None, closed="left")]}
    takes_data = True

    def from_data(self, z: np.ndarray, random_state: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        """(factor of the weights, biases) from net inputs without bias, (..., n_samples, n_units)."""
        rounding = 100 * np.finfo(z.dtype).eps * np.abs(z).max(axis=-2, keepdims=True)
        deviation = z.std(axis=-2, keepdims=True)
        factor = 1.0 / np.where(deviation > rounding, deviation, 1.0)  # constant net inputs are not scaled
        size = (*z.shape[:-2], self.n_points, z.shape[-1])
        points = np.take_along_axis(z, random_state.randint(z.shape[-2], size=size), axis=-2)
        share = random_state.exponential(size=size)
        mean = (share * points).sum(axis=-2, keepdims=True) / share.sum(axis=-2, keepdims=True)
        return factor, -factor * mean


class Zeros(Initializer):
    """0, for an output layer: the initial prediction is the same for every row."""

    def weight(self, random_state, n_inputs, n_units, activation):
        return np.zeros((n_inputs, n_units))


@dataclass(eq=False, repr=False)
class Given(Initializer):
    """Given arrays, for example from an earlier fit: `Dense(8, initializer=Given(W, b))`.

    Parameters
    ----------
    coef : array of shape (n_inputs, n_units)
        The initial weights.

    intercept : array of shape (n_units,) or (1, n_units), default=None
        The initial biases; None for zeros.
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
    """Check a given initial value: finite and of the right shape; (n,) is accepted for (1, n)."""
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
    "ntk": NTK,
    "data_driven": DataDriven,
    "zeros": Zeros,
}
