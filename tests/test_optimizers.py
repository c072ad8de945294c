import pickle
from math import sqrt
from types import SimpleNamespace

import numpy as np
import pytest
from naming import component_id

from skbackprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Chain,
    ClipNorm,
    DecayWeights,
    Descent,
    Momentum,
    NesterovMomentum,
    RMSProp,
    ScaleByAdam,
    ScaleByLearningRate,
    ScaleByRMS,
)
from skbackprop.optimizers import descent as descent_module

RATE = 0.1
N_DECAYED = 2
THETA = [1.0, -2.0, 0.5]
GRADIENTS = [[0.3, -4.0, 1e-3], [-0.2, 5.0, 2e-3], [0.7, 1.0, -5e-3]]


def stand_in(theta, n_decayed=0, dtype=np.float64, **factors):
    """What a descent needs of a network."""
    theta = np.array(theta, dtype)
    plain = {"learning_rates": None, "weight_decays": None, "matrices": []}
    return SimpleNamespace(
        theta=theta, gradient=np.zeros_like(theta), n_decayed=n_decayed, **{**plain, **factors}
    )


def descend(descent, gradients, rate=RATE):
    descent.learning_rate[...] = rate
    for gradient in gradients:
        descent.network.gradient[...] = gradient
        descent.step()
    return descent.network.theta


# One coordinate in plain Python: theta after the steps. `decays` is whether it is a weight.


def sgd(theta, gradients, decays):
    for g in gradients:
        theta -= RATE * g
    return theta


def momentum(theta, gradients, decays, mu=0.8):
    v = 0.0
    for g in gradients:
        v = mu * v + RATE * g
        theta -= v
    return theta


def nesterov(theta, gradients, decays, mu=0.8):
    v = 0.0
    for g in gradients:
        v = mu * v + RATE * g
        theta -= mu * v + RATE * g
    return theta


def rms_prop(theta, gradients, decays, rho=0.7, epsilon=1e-3):
    v = 0.0
    for g in gradients:
        v = rho * v + (1 - rho) * g**2
        theta -= RATE * g / (sqrt(v) + epsilon)
    return theta


def adam(theta, gradients, decays, beta_1=0.8, beta_2=0.95, epsilon=1e-3, weight_decay=0.0):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        scale = sqrt(1 - beta_2**t) / (1 - beta_1**t)
        theta -= RATE * (scale * m / (sqrt(v) + epsilon) + weight_decay * decays * theta)
    return theta


def adam_w(theta, gradients, decays):
    return adam(theta, gradients, decays, weight_decay=0.3)


def decayed_sgd(theta, gradients, decays):
    for g in gradients:
        theta -= RATE * (g + 0.3 * decays * theta)
    return theta


def decay_after_the_rate(theta, gradients, decays):
    for g in gradients:
        theta -= RATE * g + 0.3 * decays * theta
    return theta


TABLE = [
    (SGD(), sgd),
    (SGD(momentum=0.8), momentum),
    (SGD(momentum=0.8, nesterov=True), nesterov),
    (RMSProp(rho=0.7, epsilon=1e-3), rms_prop),
    (Adam(beta_1=0.8, beta_2=0.95, epsilon=1e-3), adam),
    (AdamW(beta_1=0.8, beta_2=0.95, epsilon=1e-3, weight_decay=0.3), adam_w),
    (Chain([]), sgd),
    (Chain([Momentum(0.8)]), momentum),
    (Chain([NesterovMomentum(0.8)]), nesterov),
    (Chain([ScaleByLearningRate(), NesterovMomentum(0.8)]), nesterov),
    (Chain([ScaleByRMS(0.7, 1e-3)]), rms_prop),
    (Chain([ScaleByAdam(0.8, 0.95, 1e-3)]), adam),
    (Chain([ScaleByAdam(0.8, 0.95, 1e-3), DecayWeights(0.3)]), adam_w),
    (Chain([DecayWeights(0.3)]), decayed_sgd),
    (Chain([ScaleByLearningRate(), DecayWeights(0.3)]), decay_after_the_rate),
    (Chain([ClipNorm(100.0)]), sgd),
]
FORMULAS = pytest.mark.parametrize("optimizer, formula", TABLE, ids=component_id)


@FORMULAS
@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-13), (np.float32, 3e-6)])
def test_formula(optimizer, formula, dtype, rtol):
    descent = Descent(optimizer, stand_in(THETA, N_DECAYED, dtype))
    theta = descend(descent, GRADIENTS)
    assert theta.dtype == dtype
    expected = [
        formula(THETA[i], [gradient[i] for gradient in GRADIENTS], i < N_DECAYED) for i in range(len(THETA))
    ]
    np.testing.assert_allclose(theta, expected, rtol=rtol)
    moments = [a for state in descent.states for a in state.values() if a.shape == theta.shape]
    assert all(a.dtype == dtype for a in moments)


def clipped(gradient, max_norm):
    norm = sqrt(sum(g**2 for g in gradient))
    return [g * min(1.0, max_norm / norm) for g in gradient]


@pytest.mark.parametrize(
    "theta, gradient, clip",
    [
        ([0.0, 0.0], [3.0, 4.0], lambda g: clipped(g, 2.0)),
        ([0.0, 0.0], [0.3, 0.4], lambda g: g),
        ([0.0, 0.0], [0.0, 0.0], lambda g: g),
        ([[0.0, 0.0]] * 3, [[3.0, 4.0], [0.3, 0.4], [-30.0, 0.0]], lambda g: [clipped(m, 2.0) for m in g]),
    ],
    ids=["long", "short", "zero", "each member by its own norm"],
)
def test_clip_norm(theta, gradient, clip):
    theta = descend(Descent(Chain([ClipNorm(2.0)]), stand_in(theta)), [gradient], rate=1.0)
    np.testing.assert_allclose(theta, -np.array(clip(gradient)), rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    "steps, expected",
    [
        ([ClipNorm(1.0), DecayWeights(1.0)], [10.0 - 0.6 - 10.0, -0.8]),
        ([DecayWeights(1.0), ClipNorm(1.0)], [10.0 - 13.0 / sqrt(185.0), -4.0 / sqrt(185.0)]),
    ],
    ids=component_id,
)
def test_order_of_a_chain(steps, expected):
    theta = descend(Descent(Chain(steps), stand_in([10.0, 0.0], n_decayed=1)), [[3.0, 4.0]], rate=1.0)
    np.testing.assert_allclose(theta, expected, atol=1e-14)


def parabola(theta):
    return np.array([1.0, 10.0]) * (theta - 1.0)


def rosenbrock(theta):
    x, y = theta
    return np.array([2.0 * (x - 1.0) - 40.0 * x * (y - x**2), 20.0 * (y - x**2)])


@pytest.mark.parametrize("slope", [parabola, rosenbrock])
@pytest.mark.parametrize(
    "optimizer, rate",
    [
        (SGD(), 0.02),
        (SGD(momentum=0.9), 0.003),
        (SGD(momentum=0.9, nesterov=True), 0.003),
        (RMSProp(), 0.05),
        (Adam(), 0.1),
        (AdamW(weight_decay=0.0), 0.1),
        (Chain([ClipNorm(1.0), ScaleByAdam()]), 0.1),
    ],
    ids=component_id,
)
def test_convergence(optimizer, rate, slope):
    descent = Descent(optimizer, stand_in([-1.2, 1.0]))
    n_steps = 3000
    for step in range(n_steps):
        descend(descent, [slope(descent.network.theta)], rate * (1.0 - step / n_steps))
    np.testing.assert_allclose(descent.network.theta, [1.0, 1.0], atol=2e-3)


@pytest.mark.parametrize("members", [(), (2,)], ids=["one network", "two members"])
@pytest.mark.parametrize("n_decayed", [0, 6, 8, 11])
@pytest.mark.parametrize(
    "optimizer",
    [
        *(optimizer for optimizer, _ in TABLE),
        Chain([Momentum(), ClipNorm(0.1), DecayWeights(), ScaleByAdam()]),
    ],
    ids=component_id,
)
def test_blocks(optimizer, n_decayed, members, monkeypatch):
    random_state = np.random.RandomState(0)
    theta, *gradients = random_state.normal(size=(4, *members, 11))
    whole = descend(Descent(optimizer, stand_in(theta, n_decayed)), gradients)
    monkeypatch.setattr(descent_module, "BLOCK", 4)
    descent = Descent(optimizer, stand_in(theta, n_decayed))
    assert len(descent._calls) > len(optimizer.transforms()) + 1
    np.testing.assert_array_equal(descend(descent, gradients), whole)


@FORMULAS
def test_pickle_continues_bit_for_bit(optimizer, formula):
    descent = Descent(optimizer, stand_in(THETA, N_DECAYED))
    descend(descent, GRADIENTS)
    again = pickle.loads(pickle.dumps(descent))
    assert again.learning_rate == RATE
    np.testing.assert_array_equal(descend(again, GRADIENTS), descend(descent, GRADIENTS))


def test_continue_from_takes_the_moments_and_keeps_the_settings():
    network = stand_in([1.0])
    first = Descent(Adam(beta_1=0.8, beta_2=0.95), network)
    descend(first, [0.3, -4.0])
    start = network.theta.item()
    second = Descent(Adam(beta_1=0.5, beta_2=0.6, epsilon=1e-3), network)
    second.continue_from(first)
    m, s_1 = 0.5 * (0.8 * 0.3 - 4.0) + 7.0, 0.5 * (0.8 + 1) + 1
    v, s_2 = 0.6 * (0.95 * 0.3**2 + 4.0**2) + 7.0**2, 0.6 * (0.95 + 1) + 1
    epsilon = 1e-3 / sqrt(1 - 0.6)
    expected = start - RATE * (m / s_1) / (sqrt(v / s_2) + epsilon / sqrt(s_2))
    assert descend(second, [7.0]).item() == pytest.approx(expected, rel=1e-12)


def test_continue_from_another_kind_changes_nothing():
    first = Descent(SGD(momentum=0.8), stand_in(THETA))
    descend(first, GRADIENTS)
    second = Descent(Adam(beta_1=0.8, beta_2=0.95, epsilon=1e-3), stand_in(THETA))
    second.continue_from(first)
    expected = [adam(THETA[i], [g[i] for g in GRADIENTS], False) for i in range(3)]
    np.testing.assert_allclose(descend(second, GRADIENTS), expected, rtol=1e-13)


@pytest.mark.parametrize(
    "optimizer, argument",
    [
        (SGD(learning_rate=0.0), "learning_rate"),
        (SGD(momentum=1.5), "momentum"),
        (SGD(nesterov="yes"), "nesterov"),
        (RMSProp(rho=1.0), "rho"),
        (RMSProp(epsilon=0.0), "epsilon"),
        (Adam(beta_1=1.0), "beta_1"),
        (Adam(beta_2=-0.1), "beta_2"),
        (Adam(epsilon=0.0), "epsilon"),
        (AdamW(weight_decay=-1.0), "weight_decay"),
        (AdamW(beta_1=1.0), "beta_1"),
        (Chain("adam"), "steps"),
        (Chain([], learning_rate=-1.0), "learning_rate"),
        (Chain([ClipNorm(0.0)]), "max_norm"),
        (Chain([DecayWeights(-1.0)]), "weight_decay"),
        (Chain([Momentum(2.0)]), "momentum"),
    ],
    ids=component_id,
)
def test_wrong_settings(optimizer, argument):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        Descent(optimizer, stand_in(THETA))


def test_a_chain_takes_transforms_only():
    with pytest.raises(TypeError, match=r"Chain\(steps=...\) takes gradient transforms.*got Adam"):
        Descent(Chain([Adam()]), stand_in(THETA))
