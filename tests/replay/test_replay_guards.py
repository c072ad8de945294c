"""Random networks and batches: the same bits as NumPy's, and no number written out of its place."""

import random
from time import monotonic

import numpy as np
import pytest
from shared.components import LAYERS, LOSSES, N_INPUTS, N_OUTPUTS, OPTIMIZERS, PHIS

from skbackprop import memory
from skbackprop.batches import Batches, MemberBatches
from skbackprop.divergence import DivergenceError
from skbackprop.layers import Dense, Ensemble, Sequential
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import Descent
from skbackprop.replay import program
from skbackprop.replay.engine import Replay
from skbackprop.schedules import Constant, ScheduledRate
from skbackprop.training import Record, Run, train_epoch

GUARD = 1024  # bytes before and after every array
VALUE = 0xA5


class Guarded:
    """Stands for `memory.empty`: arrays between guards, which `check` looks at."""

    def __init__(self):
        self.arrays = []

    def empty(self, shape, dtype):
        n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        whole = np.full(n_bytes + 2 * GUARD + memory.CACHE_LINE, VALUE, np.uint8)
        start = GUARD + -(whole.ctypes.data + GUARD) % memory.CACHE_LINE
        self.arrays.append((whole, start, start + n_bytes))
        return whole[start : start + n_bytes].view(dtype).reshape(shape)

    def check(self):
        assert self.arrays
        for whole, start, stop in self.arrays:
            assert (whole[:start] == VALUE).all()
            assert (whole[stop:] == VALUE).all()


def a_training(choose, engine):
    """A network, data and batches, as the generator `choose` has them."""
    dtype = choose.choice([np.float32, np.float64])
    width = choose.choice([3, 5, 8, 17, 64, 100])
    phi = choose.choice(list(PHIS.values()))
    hidden = [choose.choice(list(LAYERS.values()))(phi, N_INPUTS) for _ in range(choose.randint(1, 2))]
    root = Sequential([*hidden, Dense(width, phi), Dense(N_OUTPUTS, "identity")])
    loss, draw = choose.choice(list(LOSSES.values()))
    n_members = choose.choice([None, None, 1, 2, 3])
    root = root if n_members is None else Ensemble(n_members, root)
    n_rows, batch_size = choose.choice([1, 2, 23, 150, 600]), choose.choice([1, 7, 32, 200, 1000])
    if batch_size == 1:
        n_rows = min(n_rows, 23)
    random_state = np.random.RandomState(choose.randint(0, 10**6))
    X = random_state.normal(size=(n_rows, N_INPUTS)).astype(dtype)
    X[:, -1] = random_state.randint(3, size=n_rows)
    y = draw(random_state, n_rows).astype(dtype)
    weight = random_state.uniform(0.1, 1.0, (n_rows, 1)).astype(dtype) if choose.random() < 0.5 else None
    network = Network(root, N_INPUTS, dtype, 0)
    training = Run(Objective(network, loss, choose.choice([0.0, 0.1])))
    training.descent = Descent(choose.choice(list(OPTIMIZERS.values())), network)
    training.records = [Record() for _ in np.atleast_2d(network.theta)]
    training.rate = ScheduledRate(1e-3, Constant())
    training.engine = engine
    if n_members is None:
        return training, Batches(X, y, weight, min(batch_size, n_rows)), np.random.RandomState(0)
    orders = np.array([random_state.permutation(n_rows) for _ in range(n_members)])
    return training, MemberBatches(X, y, weight, min(batch_size, n_rows), orders), np.random.default_rng(0)


def some_epochs(seed, engine):
    choose = random.Random(seed)
    training, batches, order = a_training(choose, engine)
    losses = []
    with np.errstate(all="ignore"):
        for epoch in range(3):
            batches.shuffle(order)
            try:
                loss, n_rows_seen = train_epoch(training, batches, epoch, 3)
            except DivergenceError as error:
                return training, [*losses, str(error)]
            losses.append([*np.atleast_1d(loss), n_rows_seen])
            if choose.random() < 0.3:  # other rows pass through the same workspaces
                training.objective.network.forward(batches.X[: choose.choice([1, 5, 400])])
    return training, losses


def compare(seed, monkeypatch):
    guarded = Guarded()
    with monkeypatch.context() as patch:
        for module in (memory, program):
            patch.setattr(module, "empty", guarded.empty)
        found, found_losses = some_epochs(seed, Replay())
    wanted, wanted_losses = some_epochs(seed, None)
    assert found.engine.refusal is None, seed
    guarded.check()
    assert found_losses == wanted_losses, seed
    for a, b in zip(found.arrays(), wanted.arrays()):
        np.testing.assert_array_equal(a, b, str(seed))


def test_some_random_networks(monkeypatch):
    for seed in [*range(20), 8405]:  # the last one diverges
        compare(seed, monkeypatch)


@pytest.mark.slow
def test_random_networks_for_three_minutes(monkeypatch):
    seed, end = 20, monotonic() + 180
    while monotonic() < end:
        compare(seed, monkeypatch)
        seed += 1
    print(f"{seed - 20} networks")
