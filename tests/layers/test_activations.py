from math import e, erfc, exp, log1p, pi, sqrt, tanh

import numpy as np
import pytest
from scipy.special import erf, softmax
from shared.naming import component_id

from skbackprop.activations import ACTIVATIONS, ELU, Bounded, LeakyReLU, Softmax
from skbackprop.layers import Dense

Z = np.array([[-3.0, -0.7, 0.0], [1e-3, 1.3, 4.0]])

# Klambauer et al. (2017), equation 14: mean 0 and variance 1 are kept.
ALPHA_01 = -sqrt(2 / pi) / (erfc(1 / sqrt(2)) * exp(0.5) - 1)
LAMBDA_01 = (
    (1 - erfc(1 / sqrt(2)) * sqrt(e))
    * sqrt(2 * pi)
    / sqrt(
        2 * erfc(sqrt(2)) * e**2
        + pi * erfc(1 / sqrt(2)) ** 2 * e
        - 2 * (2 + pi) * erfc(1 / sqrt(2)) * sqrt(e)
        + pi
        + 2
    )
)

# name: phi(z), then phi(-1e4), phi'(-1e4), phi(1e4), phi'(1e4)
TABLE = {
    "identity": (lambda z: z, -1e4, 1.0, 1e4, 1.0),
    "logistic": (lambda z: 1 / (1 + exp(-z)), 0.0, 0.0, 1.0, 0.0),
    "tanh": (tanh, -1.0, 0.0, 1.0, 0.0),
    "relu": (lambda z: max(z, 0.0), 0.0, 0.0, 1e4, 1.0),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, -100.0, 0.01, 1e4, 1.0),
    "elu": (lambda z: z if z > 0 else exp(z) - 1, -1.0, 0.0, 1e4, 1.0),
    "selu": (
        lambda z: LAMBDA_01 * (z if z > 0 else ALPHA_01 * (exp(z) - 1)),
        -LAMBDA_01 * ALPHA_01,
        0.0,
        LAMBDA_01 * 1e4,
        LAMBDA_01,
    ),
    "softplus": (lambda z: log1p(exp(z)), 0.0, 0.0, 1e4, 1.0),
    "silu": (lambda z: z / (1 + exp(-z)), 0.0, 0.0, 1e4, 1.0),
    "gelu": (lambda z: z * 0.5 * (1 + erf(z / sqrt(2))), 0.0, 0.0, 1e4, 1.0),
    "mish": (lambda z: z * tanh(log1p(exp(z))), 0.0, 0.0, 1e4, 1.0),
}
EVERY = pytest.mark.parametrize("name", TABLE)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def forward_and_slope(activation, z):
    """phi(z) and phi'(z); what came in must stay as it was."""
    scratch = [np.full_like(z, 7.0) for _ in range(activation.n_scratch)]
    ones = np.ones_like(z)
    inputs = z.copy(), ones.copy()
    a = activation.forward(z, np.full_like(z, 7.0), scratch)
    kept = a.copy()
    slope = activation.backward(ones, z, a, np.full_like(z, 7.0), scratch)
    np.testing.assert_array_equal(z, inputs[0])
    np.testing.assert_array_equal(ones, inputs[1])
    np.testing.assert_array_equal(a, kept)
    return a, slope


def test_table_is_complete():
    assert set(TABLE) == {name for name, kind in ACTIVATIONS.items() if kind.elementwise}


@EVERY
@DTYPES
def test_formula(name, dtype):
    a, slope = forward_and_slope(ACTIVATIONS[name](), Z.astype(dtype))
    assert a.dtype == slope.dtype == dtype
    expected = np.vectorize(TABLE[name][0], otypes=[float])(Z)
    np.testing.assert_allclose(a, expected, rtol=1e-13 if dtype is np.float64 else 1e-5, atol=1e-7)


@EVERY
@DTYPES
def test_far_from_zero(name, dtype):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a, slope = forward_and_slope(ACTIVATIONS[name](), np.array([[-1e4, 1e4]], dtype))
    _, a_low, slope_low, a_high, slope_high = TABLE[name]
    smallest = 1e4 * 2 * np.finfo(dtype).tiny
    np.testing.assert_allclose(a, [[a_low, a_high]], rtol=1e-6, atol=smallest)
    np.testing.assert_allclose(slope, [[slope_low, slope_high]], rtol=1e-6, atol=smallest)


@EVERY
def test_nan_propagates(name):
    activation, z = ACTIVATIONS[name](), np.array([[np.nan, 1.0]])
    scratch = [np.empty_like(z) for _ in range(activation.n_scratch)]
    with np.errstate(invalid="ignore"):
        a = activation.forward(z, np.empty_like(z), scratch)
    assert np.isnan(a).tolist() == [[True, False]]


@pytest.mark.parametrize(
    "activation, low, slope",
    [
        (LeakyReLU(0.0), 0.0, 0.0),
        (LeakyReLU(0.3), -0.6, 0.3),
        (LeakyReLU(1.0), -2.0, 1.0),
        (ELU(0.0), 0.0, 0.0),
        (ELU(0.3), 0.3 * (exp(-2) - 1), 0.3 * exp(-2)),
        (ELU(2.0), 2.0 * (exp(-2) - 1), 2.0 * exp(-2)),
    ],
    ids=component_id,
)
def test_settings(activation, low, slope):
    a, slopes = forward_and_slope(activation, np.array([[-2.0, 3.0]]))
    np.testing.assert_allclose(a, [[low, 3.0]])
    np.testing.assert_allclose(slopes, [[slope, 1.0]])


@DTYPES
def test_bounded(dtype):
    z = np.array([[-1e4, -2.0, 0.0, 1.5, 1e4]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a, slope = forward_and_slope(Bounded(-1, 3.0), z)
    assert a.dtype == slope.dtype == dtype
    s = 1 / (1 + np.exp(-z[:, 1:-1]))
    np.testing.assert_allclose(a, [[-1.0, *(-1 + 4 * s[0]), 3.0]], rtol=1e-6)
    wanted = [[0.0, *(4 * s * (1 - s))[0], 0.0]]
    np.testing.assert_allclose(slope, wanted, rtol=1e-6, atol=8 * np.finfo(dtype).tiny)


@DTYPES
def test_bounded_stays_inside(dtype):
    random_state = np.random.RandomState(0)
    z = random_state.normal(0.0, 30.0, (1, 2000)).astype(dtype)
    for low, high in np.sort(random_state.normal(size=(200, 2))).tolist():
        a, _ = forward_and_slope(Bounded(low, high), z)
        assert dtype(low) <= a.min() < a.max() <= dtype(high)


@EVERY
def test_slope_multiplies_the_output_gradient(name):
    activation = ACTIVATIONS[name]()
    _, slope = forward_and_slope(activation, Z)
    gradient = np.linspace(-2.0, 3.0, Z.size).reshape(Z.shape)
    scratch = [np.empty_like(Z) for _ in range(activation.n_scratch)]
    a = activation.forward(Z, np.empty_like(Z), scratch)
    delta = activation.backward(gradient, Z, a, np.empty_like(Z), scratch)
    np.testing.assert_allclose(delta, gradient * slope, rtol=1e-14)


@pytest.mark.parametrize(
    "activation, argument",
    [
        (LeakyReLU(-0.1), "negative_slope"),
        (LeakyReLU(1.5), "negative_slope"),
        (ELU(-1.0), "alpha"),
        (Bounded(-np.inf, 1.0), "low"),
        (Bounded(0.0, np.nan), "high"),
    ],
    ids=component_id,
)
def test_wrong_settings(activation, argument):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        activation._validate_params()


@pytest.mark.parametrize("low, high", [(1.0, 1.0), (2, -2)])
def test_bounds_in_the_wrong_order(low, high):
    with pytest.raises(ValueError, match=f"low={low} must be smaller than high={high}"):
        Bounded(low, high)._validate_params()


@DTYPES
def test_softmax(dtype):
    """Against SciPy's; the product with its Jacobian, a_j (1[j = k] - a_k), row by row."""
    random_state = np.random.RandomState(0)
    z, g = random_state.normal(0.0, 3.0, (2, 5, 4)).astype(dtype)
    scratch = [np.full_like(z, 7.0)]
    a = Softmax().forward(z, np.full_like(z, 7.0), scratch)
    delta = Softmax().backward(g, z, a, np.full_like(z, 7.0), scratch)
    rtol = 1e-13 if dtype is np.float64 else 1e-5
    np.testing.assert_allclose(a, softmax(z, axis=1), rtol=rtol)
    wanted = [(np.diag(row) - np.outer(row, row)) @ of_row for row, of_row in zip(a, g)]
    np.testing.assert_allclose(delta, wanted, rtol=rtol, atol=rtol)
    assert a.dtype == delta.dtype == dtype


@DTYPES
def test_softmax_far_from_zero(dtype):
    z = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e4]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a = Softmax().forward(z, np.empty_like(z), [np.empty_like(z)])
        delta = Softmax().backward(z, z, a, np.empty_like(z), [np.empty_like(z)])
    np.testing.assert_allclose(a, [[1.0, 0.0, 0.0], [1 / 3] * 3, [0.5, 0.5, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(delta, 0.0, atol=2e-3)


def test_softmax_of_one_node_is_refused():
    with pytest.raises(ValueError, match=r"single node is always 1.*two or more nodes"):
        Dense(1, "softmax").resolved()
