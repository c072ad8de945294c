"""Settings that change while training goes on."""

import pickle

import numpy as np
import pytest
from shared.naming import component_id
from sklearn.base import clone

from skbackprop import BackpropClassifier, load
from skbackprop.batches import Batch, Batches
from skbackprop.layers import Dense, Dropout, Ensemble, Scale, Sequential
from skbackprop.losses import BinaryLogLoss, JointLoss, LogLoss, MultinomialLogLoss, SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import (
    AdamW,
    Chain,
    ClipNorm,
    ClipValue,
    DecayWeights,
    Descent,
    Lion,
    Muon,
    NAdam,
    ScaleByAdam,
)
from skbackprop.schedules import Constant, Plateau, Scheduled, ScheduledRate
from skbackprop.training import Run, train_epoch, train_step

N_INPUTS = 3
PROGRESSES = 0.3, 0.0, 0.8, 1.0


def falling(progress):
    return 1.0 - 0.9 * progress


def steep(progress):
    return 1.0 + 9.0 * progress


def draw(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def batch(n_samples=6, seed=0):
    return Batch(draw(n_samples, N_INPUTS, seed=seed), np.eye(2)[np.arange(n_samples) % 2], None)


def network(*layers, members=None):
    root = Sequential([*layers, Dense(2, "identity")])
    return Network(Ensemble(members, root) if members else root, N_INPUTS, random_state=0)


@pytest.mark.parametrize("members", [None, 2])
def test_dropout(members):
    """At every progress the mask is that of a network with the rate of this progress."""
    scheduled = network(Dense(50), Dropout(Scheduled(0.5, falling)), members=members)
    for n_samples, progress in zip((5, 9, 5, 3), PROGRESSES):
        fixed = network(Dense(50), Dropout(0.5 * falling(progress)), members=members)
        fixed.generator.bit_generator.state = scheduled.generator.bit_generator.state
        Objective(scheduled, SquaredError()).set_progress(progress)
        x = draw(n_samples, N_INPUTS)
        np.testing.assert_allclose(scheduled.forward(x, True), fixed.forward(x, True), rtol=1e-12)


LOSSES = [
    lambda smoothing: MultinomialLogLoss(smoothing),
    lambda smoothing: BinaryLogLoss(smoothing),
    lambda smoothing: JointLoss([BinaryLogLoss(0.1), BinaryLogLoss(smoothing)]),
]


@pytest.mark.parametrize("make", LOSSES, ids=["multinomial", "binary", "joint"])
def test_label_smoothing(make):
    net, data = network(Dense(4, "tanh")), batch()
    scheduled = Objective(net, make(Scheduled(0.3, falling)))
    for progress in PROGRESSES:
        scheduled.set_progress(progress)
        fixed = Objective(net, make(0.3 * falling(progress)))
        values = [objective.value_and_gradient(data).copy() for objective in (fixed, scheduled)]
        gradients = []
        for objective in (fixed, scheduled):
            objective.value_and_gradient(data)
            gradients.append(net.gradient.copy())
        np.testing.assert_allclose(*values, rtol=1e-12)
        np.testing.assert_allclose(*gradients, rtol=1e-12, atol=1e-15)


def test_the_choice_between_log_losses_keeps_the_schedule():
    assert LogLoss(Scheduled(0.3, falling)).for_columns(True).label_smoothing.schedule is falling


OPTIMIZERS = [
    lambda f: AdamW(weight_decay=f(0.5)),
    lambda f: NAdam(weight_decay=f(0.5)),
    lambda f: Lion(weight_decay=f(0.5)),
    lambda f: Muon(weight_decay=f(0.5)),
    lambda f: Chain([ScaleByAdam(), DecayWeights(f(0.5))]),
    lambda f: Chain([ClipNorm(f(0.2))]),
    lambda f: Chain([ClipValue(f(0.01))]),
]


@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize("own_factors", [False, True])
@pytest.mark.parametrize("make", OPTIMIZERS, ids=lambda make: repr(make(lambda value: value)))
def test_optimizers(make, own_factors, members):
    """Three steps, each with the settings of its progress."""
    layers = [Scale(), Dense(4, "tanh", weight_decay=3.0)] if own_factors else [Dense(4, "tanh")]
    nets = [network(*layers, members=members) for _ in range(2)]
    objectives = [Objective(net, SquaredError()) for net in nets]
    scheduled = Descent(make(lambda value: Scheduled(value, falling)), nets[0])
    states = None
    for seed, progress in enumerate((0.0, 0.4, 0.9)):
        fixed = Descent(make(lambda value, p=progress: value * falling(p)), nets[1])
        if states is not None:
            fixed.states = states
            fixed._bind()
        scheduled.set_progress(progress)
        for objective, descent in zip(objectives, (scheduled, fixed)):
            descent.learning_rate[...] = 0.1
            train_step(objective, descent, batch(seed=seed))
        states = fixed.states
        np.testing.assert_allclose(nets[0].theta, nets[1].theta, rtol=1e-10, atol=1e-14)


def test_an_epoch_follows_the_progress():
    """Ten epochs are planned: the second one goes from 0.1 to 0.2, whatever was set before."""
    seen = []

    def watched(progress):
        seen.append(round(progress, 6))
        return 1.0

    net = network(Dense(5), Dropout(Scheduled(0.5, watched)))
    objective = Objective(net, SquaredError())
    descent = Descent(AdamW(), net)
    rate = ScheduledRate(0.01, Constant())
    training = Run(objective, descent, rate)
    batches = Batches(draw(8, N_INPUTS), draw(8, 2), None, 2)
    seen.clear()
    train_epoch(training, batches, 1, 10)
    assert seen == [0.1, 0.125, 0.15, 0.175]
    train_epoch(training, batches, 12, 10)
    assert seen[4:] == [1.0] * 4


def test_a_fit_with_everything_scheduled():
    """It continues where it was: from epoch to epoch, through pickle and a file."""
    X, y = draw(60, N_INPUTS), np.arange(60) % 3

    def net(**settings):
        return BackpropClassifier(
            loss=LogLoss(Scheduled(0.1, "coslog4")),
            hidden_layer_sizes=[Dense(8, "mish"), Dropout(Scheduled(0.3, "flat_cos"))],
            solver=AdamW(0.01, weight_decay=Scheduled(0.5, "cosine")),
            schedule_epochs=6,
            random_state=0,
            **settings,
        )

    whole, half = net(max_iter=6), net(max_iter=3, warm_start=True)
    with pytest.warns(UserWarning):
        whole.fit(X, y)
    with pytest.warns(UserWarning):
        half.fit(X, y)
    with pytest.warns(UserWarning):
        again = pickle.loads(pickle.dumps(half)).fit(X, y)
    np.testing.assert_array_equal(again.network_.theta, whole.network_.theta)
    constant = clone(whole).set_params(solver__weight_decay=0.5)
    with pytest.warns(UserWarning):
        assert not np.array_equal(constant.fit(X, y).network_.theta, whole.network_.theta)


def test_a_file_keeps_the_schedule(tmp_path):
    net = BackpropClassifier(hidden_layer_sizes=[4, Dropout(Scheduled(0.3, "flat_cos"))])
    net.save(tmp_path / "net.skb")
    assert repr(load(tmp_path / "net.skb")) == repr(net)


def test_nothing_follows_where_nothing_is_scheduled():
    net = network(Dense(5), Dropout(0.5))
    objective, descent = Objective(net, MultinomialLogLoss(0.1)), Descent(AdamW(), net)
    assert net.workspaces._following == objective.workspaces._following == descent._following == []


@pytest.mark.parametrize(
    "component, message",
    [
        (Dropout(Scheduled(1.2)), "'rate' parameter of Dropout"),
        (Dropout(Scheduled(0.5, steep)), "'rate' parameter of Dropout"),
        (Dropout(Scheduled(0.5, "cosin")), "schedule='cosin' is not known"),
        (Dropout(Scheduled("0.5")), "'initial' parameter of Scheduled"),
        (Dropout(Scheduled(0.5, Plateau())), "Plateau does not depend on the progress"),
        (Dropout(Scheduled(0.5, "plateau")), "Plateau does not depend on the progress"),
        (LogLoss(Scheduled(-0.1)), "'label_smoothing' parameter of LogLoss"),
        (MultinomialLogLoss(Scheduled(1.0)), "'label_smoothing' parameter of MultinomialLogLoss"),
        (DecayWeights(Scheduled(-0.1)), "'weight_decay' parameter of DecayWeights"),
        (ClipNorm(Scheduled(1.0, "flat_cos")), "'max_norm' parameter of ClipNorm"),
        (Dense(2, learning_rate=Scheduled(1.0)), "'learning_rate' parameter of Dense"),
    ],
    ids=component_id,
)
def test_wrong_settings(component, message):
    with pytest.raises(ValueError, match=message):
        component._validate_params()
