"""The same steps and rates as another library's, which follows the same papers."""

import numpy as np
import pytest

from skbackprop.batches import Batch
from skbackprop.layers import Conv1D, Dense, MaxPool1D, Sequential
from skbackprop.losses import CrossEntropy, SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import SGD, Adam, AdamW, Descent, Muon, NAdam, RMSProp
from skbackprop.schedules import CosineRestarts, OneCycle

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow

RATE, N_STEPS = 0.01, 40
TINY = 1e-15  # Adam's epsilon is added before the correction of v here, after it there


def descend_both(optimizer, theirs, weight_decay=0.0):
    """theta after the same gradients; `theirs` takes torch's parameters, weights apart from biases."""
    root = Sequential([Dense(5, "tanh"), Dense(7, "tanh"), Dense(2, "identity")])
    network = Network(root, 6, random_state=0)
    descent = Descent(optimizer, network)
    descent.learning_rate[...] = RATE
    parameters = [torch.nn.Parameter(torch.from_numpy(w)) for w in arrays(network.params)]
    gradients = arrays(network.gradients)
    groups = [
        {"params": parameters[::2], "weight_decay": weight_decay},
        {"params": parameters[1::2], "weight_decay": 0.0},
    ]
    for parameter in parameters:
        parameter.data = parameter.data.clone()
    optimizers = theirs(groups)
    random_state = np.random.RandomState(1)
    for _ in range(N_STEPS):
        network.gradient[...] = random_state.normal(size=network.theta.shape)
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = torch.from_numpy(gradient.copy())
        descent.step()
        for each in optimizers:
            each.step()
    return arrays(network.params), [parameter.detach().numpy() for parameter in parameters]


def arrays(params):
    """Weight, bias, weight, bias, ..."""
    return [array for layer in params.layers for array in (layer.weight, layer.bias)]


@pytest.mark.parametrize(
    "optimizer, theirs, weight_decay",
    [
        (SGD(), lambda p: torch.optim.SGD(p, RATE), 0.0),
        (SGD(momentum=0.8), lambda p: torch.optim.SGD(p, RATE, momentum=0.8), 0.0),
        (
            SGD(momentum=0.8, nesterov=True),
            lambda p: torch.optim.SGD(p, RATE, momentum=0.8, nesterov=True),
            0.0,
        ),
        (RMSProp(rho=0.8, epsilon=1e-3), lambda p: torch.optim.RMSprop(p, RATE, alpha=0.8, eps=1e-3), 0.0),
        (
            Adam(beta_1=0.8, beta_2=0.95, epsilon=TINY),
            lambda p: torch.optim.Adam(p, RATE, (0.8, 0.95), TINY),
            0.0,
        ),
        (AdamW(epsilon=TINY, weight_decay=0.1), lambda p: torch.optim.AdamW(p, RATE, eps=TINY), 0.1),
        (NAdam(), lambda p: torch.optim.NAdam(p, RATE), 0.0),
        (
            NAdam(beta_1=0.8, beta_2=0.95, epsilon=1e-3, momentum_decay=0.1, weight_decay=0.1),
            lambda p: torch.optim.NAdam(
                p, RATE, (0.8, 0.95), 1e-3, momentum_decay=0.1, decoupled_weight_decay=True
            ),
            0.1,
        ),
    ],
    ids=lambda value: repr(value) if hasattr(value, "get_params") else "",
)
def test_optimizers(optimizer, theirs, weight_decay):
    ours, expected = descend_both(optimizer, lambda groups: [theirs(groups)], weight_decay)
    for a, b in zip(ours, expected):
        # torch keeps NAdam's product of mu in single precision
        np.testing.assert_allclose(a, b, rtol=1e-6 if isinstance(optimizer, NAdam) else 1e-10)


def test_muon():
    """Hidden matrices by torch's Muon, which rounds to bfloat16 on the way; the rest by its Adam."""

    def theirs(groups):
        hidden, rest = groups[0]["params"][:2], [groups[0]["params"][2], *groups[1]["params"]]
        muon = torch.optim.Muon(hidden, RATE, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
        return [muon, torch.optim.Adam(rest, RATE)]

    ours, expected = descend_both(Muon(), theirs)
    for a, b in zip(ours, expected):
        np.testing.assert_allclose(a, b, atol=2e-3)


def factors_of(scheduler_of, n_steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    scheduler = scheduler_of(optimizer)
    factors = []
    for _ in range(n_steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return factors


@pytest.mark.parametrize("n_cycles, growth, first", [(4, 1, 25), (3, 2, 20)])
def test_cosine_restarts(n_cycles, growth, first):
    n_steps = first * sum(growth**i for i in range(n_cycles))
    expected = factors_of(
        lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(
            optimizer, first, growth, eta_min=0.1
        ),
        n_steps,
    )
    schedule = CosineRestarts(n_cycles, float(growth), final=0.1)
    np.testing.assert_allclose([schedule(step / n_steps) for step in range(n_steps)], expected, rtol=1e-9)


@pytest.mark.parametrize("peak_at", [0.3, 0.5])
def test_one_cycle(peak_at):
    """torch's peak is one step before ours, and its last step at the final rate."""
    n_steps = 100
    expected = factors_of(
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 1.0, n_steps, pct_start=peak_at, cycle_momentum=False
        ),
        n_steps - 1,
    )
    at_peak, at_end = peak_at * n_steps - 1.0, n_steps - 1.0
    progress = np.interp(range(n_steps - 1), [0.0, at_peak, at_end], [0.0, peak_at, 1.0])
    schedule = OneCycle(peak_at=peak_at)
    np.testing.assert_allclose([schedule(p) for p in progress], expected, rtol=1e-7)
    assert schedule(1.0) == pytest.approx(1.0 / 25.0 / 1e4)


@pytest.mark.parametrize("loss", ["squared error", "cross entropy"])
def test_filters_maxima_and_shares(loss):
    """Two channels of 13 steps, 5 filters, maxima of 2 with one left, 3 filters, shares: E and dE/dtheta."""
    first, second = Conv1D(5, 3, 2, "tanh"), Conv1D(3, 2, 5, "softplus")
    softmax_last = loss == "squared error"
    root = Sequential([first, MaxPool1D(2, 5), second, Dense(4, "softmax" if softmax_last else "identity")])
    network, random_state = Network(root, 26, random_state=0), np.random.RandomState(1)
    x, y = random_state.normal(size=(7, 26)), random_state.dirichlet(np.ones(4), 7)
    objective = Objective(network, SquaredError() if softmax_last else CrossEntropy())
    value = objective.value_and_gradient(Batch(x, y, None)).item()

    parameters = [torch.tensor(w, requires_grad=True) for w in arrays_of(network.params)]
    weight, bias, weight_2, bias_2, last, last_bias = parameters
    a = torch.tensor(x).reshape(7, 2, 13)
    a = torch.tanh(torch.nn.functional.conv1d(a, kernels(weight, 3, 2, 5), bias[0]))
    a = torch.nn.functional.max_pool1d(a, 2, ceil_mode=True)
    a = torch.nn.functional.softplus(torch.nn.functional.conv1d(a, kernels(weight_2, 2, 5, 3), bias_2[0]))
    z, target = a.reshape(7, -1) @ last + last_bias, torch.tensor(y)
    if softmax_last:
        theirs = 0.5 * (torch.softmax(z, 1) - target).square().sum(1).mean()
    else:
        theirs = torch.nn.functional.cross_entropy(z, target)
    theirs.backward()
    assert value == pytest.approx(theirs.item(), rel=1e-12)
    for ours, parameter in zip(arrays_of(network.gradients), parameters):
        np.testing.assert_allclose(ours, parameter.grad.numpy(), rtol=1e-9, atol=1e-13)


def arrays_of(params):
    """Weight and bias of the layers that have them."""
    return [array for layer in params.layers for array in vars(layer).values()]


def kernels(weight, kernel_size, n_channels, n_filters):
    """As torch has them: (n_filters, n_channels, kernel_size)."""
    return weight.reshape(kernel_size, n_channels, n_filters).permute(2, 1, 0)
