import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import joblib
import numpy as np
import pytest
from shared.naming import component_id
from sklearn.base import clone

from skbackprop.batches import Batch
from skbackprop.layers import (
    Concatenate,
    Dense,
    Dropout,
    Ensemble,
    Frozen,
    LayerNorm,
    Pretrained,
    Residual,
    Sequential,
)
from skbackprop.losses import Huber
from skbackprop.memory import Buffer, FlatLayout, Parameter, Workspaces, leaves, map_tree, with_members
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.optimizers import SGD, Adam, AdamW, Descent, RMSProp
from skbackprop.training import Record, train_step

N_INPUTS = 4
ROOT = Sequential(
    [
        LayerNorm(),
        Frozen(Dense(3, "tanh")),
        Pretrained(Dense(4), [np.full((3, 4), 0.4), np.full(4, 0.1)]),
        Concatenate([Dense(3, "gelu"), Sequential([Dense(2, "mish"), Dropout(0.3)])]),
        Residual(Dense(5, "elu")),
        Dense(2, "identity"),
    ]
)
ROOTS = pytest.mark.parametrize("root", [ROOT, Ensemble(3, ROOT)], ids=["one network", "three members"])


def as_it_is(z, out):
    np.copyto(out, z)


def through_joblib(thing):
    file = BytesIO()
    joblib.dump(thing, file)
    file.seek(0)
    return joblib.load(file)


COPIES = pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, through_joblib, lambda thing: pickle.loads(pickle.dumps(thing))],
    ids=["deepcopy", "joblib", "pickle"],
)


class Run:
    """A network in training."""

    def __init__(self, root, optimizer, dtype=np.float64):
        self.network = Network(root, N_INPUTS, dtype, random_state=0)
        self.objective = Objective(self.network, Huber(), alpha=0.1)
        self.descent = Descent(optimizer, self.network)
        self.descent.learning_rate[...] = 0.05

    def steps(self, n_steps, n_samples=6):
        random_state, dtype = np.random.RandomState(n_steps), self.network.theta.dtype
        for _ in range(n_steps):
            x = random_state.normal(size=(n_samples, N_INPUTS)).astype(dtype)
            y = random_state.normal(size=(n_samples, self.network.n_outputs)).astype(dtype)
            train_step(self.objective, self.descent, Batch(x, y, None))
        return self.network.theta


def arrays_of(tree):
    if isinstance(tree, np.ndarray):
        return [tree]
    parts = tree if isinstance(tree, list) else vars(tree).values()
    return [array for part in parts for array in arrays_of(part)]


def assert_views_alias(vector, tree):
    """Every number of the vector is one number of one named array, in both directions."""
    views = arrays_of(tree)
    assert all(np.shares_memory(view, vector) for view in views)
    assert sum(view.size for view in views) == vector.size
    kept = vector.copy()
    vector[...] = np.arange(vector.size).reshape(vector.shape)
    assert sorted(np.concatenate([view.ravel() for view in views])) == list(range(vector.size))
    for view in views:
        view[...] = -1.0
    assert (vector == -1.0).all()
    vector[...] = kept


def assert_bound(run):
    network = run.network
    assert_views_alias(network.theta, network.params)
    assert_views_alias(network.gradient, network.gradients)
    assert np.shares_memory(run.objective.parts[0].weights, network.theta)
    assert np.shares_memory(run.objective.parts[0].gradients, network.gradient)
    assert run.objective.network is run.descent.network is network


@ROOTS
def test_views_alias_theta(root):
    assert_bound(Run(root, Adam()))


@ROOTS
@COPIES
@pytest.mark.parametrize("optimizer", [Adam(), AdamW(), RMSProp(), SGD(momentum=0.9)], ids=component_id)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copies_continue_bit_for_bit(root, copied, optimizer, dtype):
    """scikit-learn's optimizer lost its parameters when an MLP was pickled: PR 19631."""
    run = Run(root, optimizer, dtype)
    before = run.steps(3).copy()
    again = copied(run)
    assert_bound(again)
    assert again.network.theta.dtype == dtype
    assert not np.shares_memory(again.network.theta, run.network.theta)
    np.testing.assert_array_equal(again.network.theta, before)
    np.testing.assert_array_equal(again.steps(4), run.steps(4))
    assert not np.array_equal(run.network.theta, before)


def test_work_arrays_are_not_pickled():
    run = Run(Sequential([Dense(3), Dense(2)]), SGD())
    small = len(pickle.dumps(run.network))
    run.steps(1, n_samples=5000)
    run.network.predict(np.zeros((5000, N_INPUTS)), as_it_is)
    assert len(pickle.dumps(run.network)) == small


def test_a_clone_of_the_root_is_not_bound():
    network = Network(clone(ROOT), N_INPUTS, random_state=0)
    other = Network(network.root, N_INPUTS, random_state=0)
    assert not np.shares_memory(network.theta, other.theta)
    np.testing.assert_array_equal(network.theta, other.theta)


@ROOTS
@pytest.mark.parametrize("optimizer", [Adam(), SGD(momentum=0.9)], ids=component_id)
def test_training_goes_on_after_a_read_only_load(root, optimizer, tmp_path):
    run = Run(root, optimizer)
    run.steps(2)
    joblib.dump(run, tmp_path / "run")
    again = joblib.load(tmp_path / "run", mmap_mode="r")
    stored = (tmp_path / "run").read_bytes()
    assert_bound(again)
    assert type(again.network.theta) is np.ndarray
    np.testing.assert_array_equal(again.steps(3), run.steps(3))
    assert (tmp_path / "run").read_bytes() == stored


def test_best_theta_can_be_written_to_after_a_read_only_load(tmp_path):
    record = Record()
    record.stop_on_scores(about=("all",))
    record.keep_as_best(np.arange(1000.0))
    joblib.dump(record, tmp_path / "record")
    again = joblib.load(tmp_path / "record", mmap_mode="r")
    np.testing.assert_array_equal(again.best_theta, record.best_theta)
    again.best_theta[...] = 0.0


@ROOTS
def test_another_dtype(root):
    network = Network(root, N_INPUTS, random_state=0)
    copied = network.astype(np.float32)
    assert copied.theta.dtype == copied.gradient.dtype == np.float32
    np.testing.assert_array_equal(copied.theta, network.theta.astype(np.float32))
    assert_views_alias(copied.theta, copied.params)
    assert not np.shares_memory(network.astype(np.float64).theta, network.theta)


def test_decayed_parameters_are_the_first_slice():
    network = Network(ROOT, N_INPUTS, random_state=0)
    network.theta[...] = 0.0
    network.theta[: network.n_decayed] = 1.0
    named = [(name, array) for _, _, params, _ in network.parts() for name, array in vars(params).items()]
    assert {name for name, _ in named} == {"weight", "bias", "gain"}
    for name, array in named:
        assert (array == float(name == "weight")).all()


def test_members_are_rows_of_theta():
    one, members = (Network(root, N_INPUTS, random_state=0) for root in (ROOT, Ensemble(3, ROOT)))
    assert one.theta.shape == (one.theta.size,)
    assert members.theta.shape == (3, one.theta.size)
    assert members.n_decayed == one.n_decayed
    np.testing.assert_array_equal(members.theta[0], one.theta)
    for array in arrays_of(members.params):
        assert array.shape[0] == 3
        array[1] = -7.0
    assert (members.theta[1] == -7.0).all()
    assert not (members.theta[[0, 2]] == -7.0).any()


def test_layout_by_hand():
    def draw(value, shape):
        return Parameter(shape, lambda random_state: np.full(shape, value), decay=len(shape) == 2)

    layout = FlatLayout({"a": draw(1.0, (2,)), "b": [draw(2.0, (1, 2)), {"c": draw(3.0, (2, 1))}]})
    vector = np.empty(layout.shape)
    layout.initialize(vector, None)
    np.testing.assert_array_equal(vector, [2.0, 2.0, 3.0, 3.0, 1.0, 1.0])
    assert (layout.size, layout.n_decayed, layout.members) == (6, 4, None)
    views = layout.views(vector)
    assert (views.a.shape, views.b[0].shape, views.b[1].c.shape) == ((2,), (1, 2), (2, 1))


def test_trees():
    tree = {"a": 1, "b": [2, {"c": 3}], "d": {}}
    doubled = map_tree(lambda leaf: 2 * leaf, tree)
    assert (doubled.a, doubled.b[0], doubled.b[1].c, vars(doubled.d)) == (2, 4, 6, {})
    assert list(leaves(tree)) == [1, 2, 3]
    assert list(leaves(doubled)) == [2, 4, 6]
    assert map_tree(str, tree, named=dict) == {"a": "1", "b": ["2", {"c": "3"}], "d": {}}


def test_fields_of_parameters_spread_over_theta():
    def parameter(shape, **settings):
        return Parameter(shape, None, **settings)

    slow = parameter((1, 2), learning_rate=0.5)
    settings = {"decay": True, "matrix": True, "weight_decay": 3.0, "max_norm": 1.0}
    tree = {"bias": slow, "weight": parameter((2, 1), **settings)}
    for layout, shape in ((FlatLayout(tree), (4,)), (FlatLayout(with_members(tree, 3)), (3, 4))):
        for name, row in (("learning_rate", [1.0, 1.0, 0.5, 0.5]), ("weight_decay", [3.0, 3.0, 1.0, 1.0])):
            np.testing.assert_array_equal(layout.spread(name), np.broadcast_to(row, shape))
        ((place, matrix_shape, matrix),) = layout.matrices()
        assert (place, matrix_shape, matrix.max_norm) == (slice(0, 2), (2, 1), 1.0)
    assert FlatLayout({"bias": slow}).spread("weight_decay") is None
    assert FlatLayout({}).spread("learning_rate") is None


def test_samples_last_and_dtypes_of_buffers():
    tree = {
        "a": Buffer((2, 3), samples_last=True),
        "b": Buffer((2,), dtype=np.intp),
        "c": Buffer((1, 2), per_sample=False, fill=lambda n_samples: [n_samples, 7], dtype=np.intp),
    }
    work, members = Workspaces(tree, np.float32)[5], Workspaces(with_members(tree, 4), np.float32)[5]
    assert (work.a.shape, work.b.shape, work.c.tolist()) == ((2, 3, 5), (5, 2), [[5, 7]])
    assert (work.a.dtype, work.b.dtype, work.c.dtype) == (np.float32, np.intp, np.intp)
    assert (members.a.shape, members.b.shape, members.c.shape) == ((4, 2, 3, 5), (4, 5, 2), (4, 1, 2))


def test_workspaces_lie_on_the_memory_of_the_largest():
    spaces = Workspaces({"a": 3, "b": [Buffer((2, 2))], "c": Buffer((5,), per_sample=False)}, np.float32)
    small, large = spaces[4], spaces[10]
    assert large.a.shape == (10, 3)
    assert large.b[0].shape == (10, 2, 2)
    assert large.c.shape == (5,)
    assert not np.shares_memory(small.a, large.a)
    for n_samples in (4, 1, 10, 7):
        work = spaces[n_samples]
        assert work.a.shape == (n_samples, 3)
        assert work.a.dtype == np.float32
        assert work.a.flags.c_contiguous
        assert np.shares_memory(work.a, large.a)
        assert np.shares_memory(work.c, large.c)
    assert spaces[10] is large
    assert spaces[4] is spaces[4]


def test_constants_follow_the_batch_size():
    spaces = Workspaces({"share": Buffer((1,), fill=lambda n_samples: 1.0 / n_samples)}, np.float64)
    for n_samples in (4, 2, 8, 4):
        np.testing.assert_array_equal(spaces[n_samples].share, np.full((n_samples, 1), 1.0 / n_samples))


@ROOTS
def test_batch_sizes_do_not_disturb_each_other(root):
    """A short last batch, then a full one again, then a larger one."""
    x = np.random.RandomState(0).normal(size=(9, N_INPUTS))
    network = Network(root, N_INPUTS, random_state=0)
    generator_state = network.generator.bit_generator.state
    for n_samples in (6, 2, 6, 9, 1, 6):
        fresh = Network(root, N_INPUTS, random_state=0)
        for each in (network, fresh):
            each.generator.bit_generator.state = generator_state
            each.backward(np.cos(each.forward(x[:n_samples], training=True)))
        np.testing.assert_array_equal(network.gradient, fresh.gradient)


def test_many_batch_sizes_stay_bounded():
    spaces = Workspaces({"a": 3, "ones": Buffer((1,), fill=lambda n_samples: 1.0)}, np.float64)
    for n_samples in (*range(1, 200), *range(200, 0, -1)):
        assert spaces[n_samples].a.shape == spaces[n_samples].ones.shape[:1] + (3,)
        assert len(spaces.sizes) <= Workspaces.most_sizes
    assert spaces.memory[0].size == 600


def test_threads_predict_at_once():
    network = Network(ROOT, N_INPUTS, random_state=0)
    random_state = np.random.RandomState(0)
    inputs = [random_state.normal(size=(n_samples, N_INPUTS)) for n_samples in (1, 7, 1500, 3000) * 10]
    expected = [network.predict(x, as_it_is) for x in inputs]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda x: network.predict(x, as_it_is), inputs))
    for result, alone in zip(results, expected):
        np.testing.assert_array_equal(result, alone)
    assert len(network._spare_workspaces) <= 8
