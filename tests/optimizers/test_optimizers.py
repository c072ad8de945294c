import copy
import pickle
import tracemalloc
from math import copysign, sqrt
from types import SimpleNamespace

import numpy as np
import pytest
from shared.naming import component_id

from skbackprop.estimators import solver as solvers
from skbackprop.estimators.building import description
from skbackprop.layers import Dense, Ensemble, Sequential
from skbackprop.memory import FlatLayout, Parameter, with_members
from skbackprop.network import Network
from skbackprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Chain,
    ClipNorm,
    ClipValue,
    DecayWeights,
    Descent,
    Lion,
    Momentum,
    Muon,
    NAdam,
    NesterovMomentum,
    Orthogonalize,
    RMSProp,
    ScaleByAdam,
    ScaleByLearningRate,
    ScaleByLion,
    ScaleByNAdam,
    ScaleByRMS,
)

RATE = 0.1
N_DECAYED = 2
THETA = [1.0, -2.0, 0.5]
GRADIENTS = [
    [0.3, -4.0, 1e-3],
    [-0.2, 5.0, 2e-3],
    [0.7, 1.0, -5e-3],
    [0.1, -0.5, 4e-3],
    [-0.9, 2.0, -1e-3],
    [0.4, 3.0, 3e-3],
]


def stand_in(theta, n_decayed=0, dtype=np.float64):
    """What a descent needs of a network."""
    theta = np.array(theta, dtype)
    return SimpleNamespace(
        theta=theta,
        gradient=np.zeros_like(theta),
        n_decayed=n_decayed,
        learning_rates=None,
        weight_decays=None,
        matrices=[],
    )


MATRICES = [(4, 6), (6, 3), (1, 3), (3, 3), (3, 2)]  # the third has one row, the last is the last layer
BIASES = [(1, 6), (1, 3), (1, 3), (1, 3), (1, 2)]


def laid_out(settings=(), members=None, dtype=np.float64, seed=0):
    """A stand-in with weights and biases of these shapes; `settings` of a weight, by its index."""
    settings = dict(settings)
    tree = [
        {
            "weight": Parameter(shape, None, decay=True, matrix=True, **settings.get(i, {})),
            "bias": Parameter(bias, None, learning_rate=settings.get(i, {}).get("learning_rate", 1.0)),
        }
        for i, (shape, bias) in enumerate(zip(MATRICES, BIASES))
    ]
    layout = FlatLayout(tree if members is None else with_members(tree, members))
    network = stand_in(np.random.RandomState(seed).normal(size=layout.shape), layout.n_decayed, dtype)
    network.learning_rates = layout.spread("learning_rate")
    network.weight_decays = layout.spread("weight_decay")
    network.matrices = layout.matrices()
    network.params = layout.views(network.theta)
    return network


def draws(network, n_steps=6, seed=1):
    return np.random.RandomState(seed).normal(size=(n_steps, *network.theta.shape))


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


def nadam(theta, gradients, decays, beta_1=0.8, beta_2=0.95, epsilon=1e-3, psi=0.1, weight_decay=0.3):
    def mu(t):
        return beta_1 * (1 - 0.5 * 0.96 ** (t * psi))

    m, v, product = 0.0, 0.0, 1.0
    for t, g in enumerate(gradients, start=1):
        product *= mu(t)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
        v_hat = v / (1 - beta_2**t)
        theta -= RATE * (m_hat / (sqrt(v_hat) + epsilon) + weight_decay * decays * theta)
    return theta


def plain_nadam(theta, gradients, decays):
    return nadam(
        theta, gradients, decays, beta_1=0.9, beta_2=0.999, epsilon=1e-8, psi=0.004, weight_decay=0.0
    )


def lion(theta, gradients, decays, beta_1=0.9, beta_2=0.99, weight_decay=0.3):
    m = 0.0
    for g in gradients:
        theta -= RATE * (copysign(1, beta_1 * m + (1 - beta_1) * g) + weight_decay * decays * theta)
        m = beta_2 * m + (1 - beta_2) * g
    return theta


def plain_lion(theta, gradients, decays):
    return lion(theta, gradients, decays, beta_1=0.3, beta_2=0.6, weight_decay=0.0)


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
    (NAdam(), plain_nadam),
    (NAdam(beta_1=0.8, beta_2=0.95, epsilon=1e-3, momentum_decay=0.1, weight_decay=0.3), nadam),
    (Lion(weight_decay=0.3), lion),
    (Lion(beta_1=0.3, beta_2=0.6), plain_lion),
    (Muon(beta_1=0.8, beta_2=0.95, epsilon=1e-3, weight_decay=0.3), adam_w),
    (Chain([]), sgd),
    (Chain([Momentum(0.8)]), momentum),
    (Chain([NesterovMomentum(0.8)]), nesterov),
    (Chain([ScaleByLearningRate(), NesterovMomentum(0.8)]), nesterov),
    (Chain([ScaleByRMS(0.7, 1e-3)]), rms_prop),
    (Chain([ScaleByAdam(0.8, 0.95, 1e-3)]), adam),
    (Chain([ScaleByAdam(0.8, 0.95, 1e-3), DecayWeights(0.3)]), adam_w),
    (Chain([DecayWeights(0.3)]), decayed_sgd),
    (Chain([ScaleByLearningRate(), DecayWeights(0.3)]), decay_after_the_rate),
    (Chain([ScaleByNAdam(0.8, 0.95, 1e-3, 0.1), DecayWeights(0.3)]), nadam),
    (Chain([ScaleByLion(0.3, 0.6)]), plain_lion),
    (Chain([ClipNorm(100.0)]), sgd),
    (Chain([ClipValue(100.0)]), sgd),
]
OPTIMIZERS = pytest.mark.parametrize(
    "optimizer",
    [
        *(optimizer for optimizer, _ in TABLE),
        Muon(weight_decay=0.3),
        Chain([Momentum(), ClipNorm(0.1), DecayWeights(), Orthogonalize(), ScaleByAdam()]),
    ],
    ids=component_id,
)
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


def test_clip_value():
    descent = Descent(Chain([ClipValue(2.0)]), stand_in([0.0, 1.0, 0.0, 0.0]))
    assert list(descend(descent, [[3.0, -4.0, 0.5, -2.0]], rate=1.0)) == [-2.0, 3.0, -0.5, 2.0]


def orthogonal(matrix):
    """Newton and Schulz as in Jordan's program: on the side with fewer rows."""
    n, m = matrix.shape
    x = (matrix if n <= m else matrix.T) / max(np.linalg.norm(matrix), 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return 0.2 * sqrt(max(n, m)) * (x if n <= m else x.T)


@pytest.mark.parametrize("members", [None, 2], ids=["one network", "two members"])
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 2e-4)])
def test_muon(dtype, tolerance, members):
    network = laid_out(members=members, dtype=dtype)
    gradients = draws(network)
    expected = np.atleast_2d(network.theta.astype(float))
    for k, theta in enumerate(expected):
        for part, shape, _ in network.matrices:
            w, v = theta[part].reshape(shape), np.zeros(shape)
            if shape in [(1, 3), (3, 2)]:
                continue
            for gradient in gradients.reshape(len(gradients), *expected.shape)[:, k, part]:
                g = gradient.reshape(shape)
                v = 0.95 * v + g
                w -= RATE * (orthogonal(g + 0.95 * v) + 0.3 * w)
        others = np.ones(theta.size, bool)
        for part, _, _ in network.matrices[:2] + network.matrices[3:4]:
            others[part] = False
        for i in np.flatnonzero(others):
            along = gradients.reshape(len(gradients), *expected.shape)[:, k, i]
            decays = i < network.n_decayed
            theta[i] = adam(theta[i], along, decays, 0.9, 0.999, 1e-8, weight_decay=0.3)
    theta = descend(Descent(Muon(weight_decay=0.3), network), gradients)
    assert theta.dtype == dtype
    np.testing.assert_allclose(np.atleast_2d(theta), expected, rtol=tolerance, atol=tolerance)


def test_orthogonal_updates_have_singular_values_near_one():
    network = laid_out()
    before = [w.weight.copy() for w in network.params]
    descend(Descent(Muon(), network), draws(network, 1), rate=1.0)
    for i in (0, 1, 3):
        update = (before[i] - network.params[i].weight) / (0.2 * sqrt(max(MATRICES[i])))
        values = np.linalg.svd(update, compute_uv=False)
        assert 0.3 < values.min() <= values.max() < 1.3


def test_muon_leaves_weights_without_gradient():
    network = laid_out()
    theta = network.theta.copy()
    np.testing.assert_array_equal(descend(Descent(Muon(), network), [0.0, 0.0]), theta)


def test_muon_converges_on_matrices():
    network, target = laid_out(), laid_out(seed=5).theta
    descent = Descent(Muon(), network)
    for step in range(400):
        descend(descent, [network.theta - target], 0.5 * (1.0 - step / 400))
    np.testing.assert_allclose(network.theta, target, atol=0.01)


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
        (NAdam(), 0.1),
        (Lion(), 0.01),
        (Chain([ClipValue(1.0), ScaleByAdam()]), 0.1),
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
@OPTIMIZERS
def test_blocks(optimizer, n_decayed, members, monkeypatch):
    random_state = np.random.RandomState(0)
    theta, *gradients = random_state.normal(size=(4, *members, 11))
    whole = descend(Descent(optimizer, stand_in(theta, n_decayed)), gradients)
    monkeypatch.setattr("skbackprop.memory.BLOCK", 4)
    descent = Descent(optimizer, stand_in(theta, n_decayed))
    assert len(descent._calls) > len(optimizer.transforms()) + 1
    np.testing.assert_array_equal(descend(descent, gradients), whole)


@pytest.mark.parametrize("members", [None, 2], ids=["one network", "two members"])
@OPTIMIZERS
def test_blocks_of_pieces(optimizer, members, monkeypatch):
    """Matrices whole and the rest in blocks; a rate, a decay and a bound of their own."""
    settings = {0: {"weight_decay": 0.5}, 1: {"learning_rate": 0.1}, 4: {"max_norm": 0.5}}
    network = laid_out(settings, members)
    whole = descend(Descent(optimizer, network), draws(network))
    monkeypatch.setattr("skbackprop.memory.BLOCK", 4)
    network = laid_out(settings, members)
    np.testing.assert_array_equal(descend(Descent(optimizer, network), draws(network)), whole)


@OPTIMIZERS
def test_members_one_by_one(optimizer):
    settings = {0: {"weight_decay": 0.5}, 1: {"learning_rate": 0.1}, 4: {"max_norm": 0.5}}
    together = laid_out(settings, members=3)
    gradients, thetas = draws(together), together.theta.copy()
    descend(Descent(optimizer, together), gradients)
    for k, theta in enumerate(thetas):
        alone = laid_out(settings)
        alone.theta[...] = theta
        descend(Descent(optimizer, alone), gradients[:, k])
        np.testing.assert_allclose(together.theta[k], alone.theta, rtol=1e-11, atol=1e-12)


@OPTIMIZERS
def test_a_rate_of_its_own(optimizer):
    """In the first step everything moves by its factor, and what has 0 never moves."""
    factors = {0: 0.5, 1: 0.0, 4: 3.0}
    plain, scaled = laid_out(), laid_out({i: {"learning_rate": factor} for i, factor in factors.items()})
    start, gradients = plain.theta.copy(), draws(plain)
    descents = [Descent(optimizer, network) for network in (plain, scaled)]
    for each in descents:
        descend(each, gradients[:1])
    np.testing.assert_allclose(
        scaled.theta - start, scaled.learning_rates * (plain.theta - start), rtol=1e-9, atol=1e-14
    )
    moves = scaled.learning_rates > 0.0
    assert (scaled.theta != start)[moves].all()
    descend(descents[1], gradients[1:])
    np.testing.assert_array_equal(scaled.theta[~moves], start[~moves])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("members", [None, 2], ids=["one network", "two members"])
def test_a_decay_of_its_own(members, dtype):
    network = laid_out({0: {"weight_decay": 0.0}, 3: {"weight_decay": 5.0}}, members, dtype)
    start = network.theta.copy()
    theta = descend(Descent(Chain([DecayWeights(0.5)]), network), [0.0], rate=0.1)
    kept = np.ones(theta.shape[-1])
    for (part, _, _), share in zip(network.matrices, (1.0, 0.95, 0.95, 0.75, 0.95)):
        kept[part] = share
    assert theta.dtype == dtype
    np.testing.assert_allclose(theta, start * kept, rtol=1e-6)


@pytest.mark.parametrize("members", [None, 2], ids=["one network", "two members"])
@OPTIMIZERS
def test_max_norm_bounds_the_weights_into_each_node(optimizer, members):
    """As without the bound, then each column longer than it is shortened; what is frozen is left."""
    frozen = {2: {"learning_rate": 0.0, "max_norm": 1e-3}}
    network = laid_out({0: {"max_norm": 1.5}, 4: {"max_norm": 0.1}, **frozen}, members)
    free = laid_out({2: {"learning_rate": 0.0}}, members)
    start, gradients = network.theta.copy(), draws(network, 1)
    for each in (network, free):
        descend(Descent(optimizer, each), gradients, rate=0.01)
    for i, bound in enumerate((1.5, np.inf, np.inf, np.inf, 0.1)):
        w = free.params[i].weight
        norms = np.linalg.norm(w, axis=-2, keepdims=True)
        assert i != 0 or ((norms > bound).any() and (norms < bound).any())
        np.testing.assert_allclose(network.params[i].weight, w * np.minimum(1.0, bound / norms), rtol=1e-12)
        np.testing.assert_array_equal(network.params[i].bias, free.params[i].bias)
    part = network.matrices[2][0]
    np.testing.assert_array_equal(network.theta[..., part], start[..., part])


def test_factors_cost_nothing_where_there_are_none():
    network = laid_out()
    assert len(Descent(Adam(), network)._calls) == len(Descent(SGD(momentum=0.9), network)._calls) == 3


@pytest.mark.parametrize("members", [None, 2], ids=["one network", "two members"])
@OPTIMIZERS
def test_a_step_allocates_nothing_that_grows_with_theta(optimizer, members, monkeypatch):
    monkeypatch.setattr(f"{__name__}.MATRICES", [(300, 200), (200, 300), (300, 200)])
    monkeypatch.setattr(f"{__name__}.BIASES", [(1, 200), (1, 300), (1, 200)])
    settings = {0: {"weight_decay": 0.5, "max_norm": 1.0}, 1: {"learning_rate": 0.1}}
    descent = Descent(optimizer, laid_out(settings, members, np.float32))
    descent.step()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    descent.step()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most - before < 150_000  # a matrix has 240,000 bytes; NumPy's own buffers 34,000 to 100,000


@FORMULAS
def test_pickle_continues_bit_for_bit(optimizer, formula):
    descent = Descent(optimizer, stand_in(THETA, N_DECAYED))
    descend(descent, GRADIENTS)
    again = pickle.loads(pickle.dumps(descent))
    assert again.learning_rate == RATE
    np.testing.assert_array_equal(descend(again, GRADIENTS), descend(descent, GRADIENTS))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))], ids=["deepcopy", "pickle"]
)
@pytest.mark.parametrize("wrap", [lambda root: root, lambda root: Ensemble(2, root)], ids=["one", "two"])
@OPTIMIZERS
def test_copies_move_their_own_network(optimizer, wrap, copied):
    root = wrap(Sequential([Dense(5, "tanh"), Dense(3, "tanh"), Dense(2, "identity")]))
    descent = Descent(optimizer, Network(root, 4, random_state=0))
    gradients = draws(descent.network)
    descend(descent, gradients[:3])
    again = copied(descent)
    before, copied_before = descent.network.theta.copy(), again.network.theta.copy()
    descend(again, gradients[3:])
    np.testing.assert_array_equal(descent.network.theta, before)
    assert (again.network.theta != copied_before).mean() > 0.9
    weight = again.network.parts()[0][2].weight
    assert np.shares_memory(weight, again.network.theta)
    np.testing.assert_array_equal(descend(descent, gradients[3:]), again.network.theta)


def test_continue_from_keeps_the_moments_when_decay_is_switched_on():
    first = Descent(Adam(), stand_in(THETA))
    descend(first, GRADIENTS)
    second = Descent(AdamW(weight_decay=0.1), stand_in(THETA))
    second.continue_from(first)
    assert all(a is b for a, b in zip(second.arrays(), first.arrays(), strict=True))


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
        (NAdam(momentum_decay=-1.0), "momentum_decay"),
        (NAdam(weight_decay=-1.0), "weight_decay"),
        (Lion(beta_1=1.0), "beta_1"),
        (Muon(momentum=1.5), "momentum"),
        (Muon(weight_decay=-0.1), "weight_decay"),
        (Chain([Orthogonalize(0)]), "n_steps"),
        (Chain([ClipValue(0.0)]), "max_value"),
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


ESTIMATOR = {
    "clip_norm": None,
    "learning_rate_init": 0.02,
    "momentum": 0.7,
    "nesterovs_momentum": True,
    "beta_1": 0.8,
    "beta_2": 0.95,
    "epsilon": 1e-3,
}
MOMENTS = {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}


@pytest.mark.parametrize(
    "solver, expected, reads",
    [
        ("sgd", SGD(0.02, momentum=0.7, nesterov=True), {"momentum", "nesterovs_momentum"}),
        ("adam", Adam(0.02, **MOMENTS), {*MOMENTS}),
        ("adamw", AdamW(0.02, **MOMENTS), {*MOMENTS}),
        ("nadam", NAdam(0.02, **MOMENTS), {*MOMENTS}),
        ("rmsprop", RMSProp(0.02), set()),
        ("lion", Lion(0.02), set()),
        ("muon", Muon(0.02), set()),
    ],
)
def test_solvers_by_name(solver, expected, reads):
    settings = ESTIMATOR | {"solver": solver}
    made = solvers.make_optimizer(SimpleNamespace(**settings))
    assert type(made) is type(expected)
    assert made.get_params() == expected.get_params()
    before = solvers.of_optimizer(settings)
    for name in ESTIMATOR:
        assert (solvers.of_optimizer(settings | {name: 0.123}) != before) == (name in reads | {"clip_norm"})


def test_solvers_have_different_settings():
    settings = [
        solvers.of_optimizer(ESTIMATOR | {"solver": description(solver)})
        for solver in (*solvers.SOLVERS, Adam(), Adam(beta_1=0.5), Muon(), Muon(momentum=0.5), Lion())
    ]
    assert all(a != b for i, a in enumerate(settings) for b in settings[:i])
