"""What continues from call to call: streams, warm starts, copies in other processes."""

import pickle
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from shared.processes import in_another_process
from sklearn.metrics import accuracy_score, log_loss, r2_score

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.estimators import running
from skbackprop.layers import BatchNorm, Dense, Dropout
from skbackprop.optimizers import AdamW, Chain, ClipNorm, Momentum, ScaleByAdam
from skbackprop.schedules import Cosine, OneCycle, Plateau, WarmUp

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.* has no effect",
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 4))
Y = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * RNG.normal(size=150)
C = np.digitize(Y, [-0.5, 0.5])
LABELS = np.column_stack([Y > 0, X[:, 3] > 0.5]).astype(int)
TRAIN, VAL = slice(0, 110), slice(110, 150)
SETTINGS = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.01, "batch_size": 20, "random_state": 0}


def same(a, b):
    return np.array_equal(a.network_.theta, b.network_.theta)


def elsewhere(nets, step):
    """The estimators after `step`, lines of Python about `net`, in another process."""
    program = (
        "import warnings\n"
        "warnings.simplefilter('ignore')\n"
        "for net in answer:\n"
        "    y = C if hasattr(net, 'classes_') else Y\n"
        f"    {step}\n"
    )
    status, nets = in_another_process(program, answer=nets, X=X, Y=Y, C=C)
    assert status == 0
    return nets


# ------------------------------------------------------------------ streams

STREAMS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate": "invscaling"},
    "muon": {"solver": "muon", "average": "ema"},
    "dropout": {"hidden_layer_sizes": [8, Dropout(0.3), BatchNorm(), 4]},
    "chain": {"solver": Chain([ClipNorm(1.0), Momentum(0.9), ScaleByAdam()], 0.01), "average": "swa"},
    "cosine": {"learning_rate": Cosine(), "schedule_epochs": 10},
    "skip": {"missing": "skip"},
    "prequential": {"early_stopping": True, "n_iter_no_change": 3, "scoring": "loss"},
}


def stream(net, rows):
    y = C if isinstance(net, BackpropClassifier) else Y
    for start in range(rows.start, rows.stop, 30):
        known = {"classes": [0, 1, 2]} if isinstance(net, BackpropClassifier) and start == 0 else {}
        net.partial_fit(X[start : start + 30], y[start : start + 30], **known)
    return net


def test_a_stream_is_the_same_through_one_object_a_pickle_or_another_process():
    def begun():
        kinds = BackpropRegressor, BackpropClassifier
        nets = [kind(**{**SETTINGS, **settings}) for kind in kinds for settings in STREAMS.values()]
        return [stream(net, slice(0, 60)) for net in nets]

    last = slice(60, 150)
    chunks = "[net.partial_fit(X[i:i + 30], y[i:i + 30]) for i in range(60, 150, 30)]"
    copies = [stream(pickle.loads(pickle.dumps(net)), last) for net in begun()]
    for one, copied, distant in zip(begun(), copies, elsewhere(begun(), chunks)):
        stream(one, last)
        for other in (copied, distant):
            assert same(one, other), one
            assert one.loss_curve_ == other.loss_curve_
            assert one.validation_scores_ == other.validation_scores_
        y = C if isinstance(one, BackpropClassifier) else Y
        assert_array_equal(one.partial_fit(X, y).predict(X), copied.partial_fit(X, y).predict(X))


def test_chunks_of_whole_batches_in_order_are_one_pass():
    settings = {**SETTINGS, "shuffle": False, "batch_size": 10}
    whole = BackpropRegressor(**settings).partial_fit(X, Y)
    chunks = BackpropRegressor(**settings)
    for start, stop in ((0, 10), (10, 60), (60, 150)):
        chunks.partial_fit(X[start:stop], Y[start:stop])
    assert same(whole, chunks)


@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, LABELS)])
def test_several_epochs_a_call_are_several_calls(kind, y):
    known = {} if kind is BackpropRegressor else {"classes": [0, 1]}
    three = kind(**SETTINGS).partial_fit(X, y, n_epochs=3, **known)
    calls = kind(**SETTINGS, shuffle=False)
    once = kind(**SETTINGS).partial_fit(X, y, **known)
    assert len(three.loss_curve_) == 3
    assert three.n_iter_ == 3
    assert three.loss_curve_[0] == once.loss_curve_[0]
    in_order = kind(**SETTINGS, shuffle=False).partial_fit(X, y, n_epochs=3, **known)
    for _ in range(3):
        calls.partial_fit(X, y, **known)
    assert same(in_order, calls)


@pytest.mark.parametrize("n_epochs", [0, -1, 1.5, "2"])
def test_bad_numbers_of_epochs(n_epochs):
    with pytest.raises(ValueError, match="n_epochs"):
        BackpropRegressor(**SETTINGS).partial_fit(X, Y, n_epochs=n_epochs)


@pytest.mark.parametrize(
    "kind, y, score, loss",
    [
        (BackpropRegressor, Y, r2_score, lambda y, net, x: np.mean((y - net.predict(x)) ** 2) / 2),
        (BackpropClassifier, C, accuracy_score, lambda y, net, x: log_loss(y, net.predict_proba(x))),
    ],
)
def test_rows_are_scored_before_they_are_learned(kind, y, score, loss):
    net = kind(early_stopping=True, n_iter_no_change=np.inf, **SETTINGS)
    plain = kind(**SETTINGS)
    known = {} if kind is BackpropRegressor else {"classes": [0, 1, 2]}
    scores, losses = [], []
    for start in range(0, 150, 30):
        x, target = X[start : start + 30], y[start : start + 30]
        if start:
            scores.append(score(target, plain.predict(x)))
            losses.append(loss(target, plain, x))
        net.partial_fit(x, target, **known)
        plain.partial_fit(x, target, **known)
        known = {}
        assert same(net, plain)
    assert_allclose(net.validation_scores_[1:], scores)
    assert_allclose(net.validation_loss_curve_[1:], losses)
    assert not net.stopped_


def test_a_stream_stops_when_the_scores_of_its_rows_no_longer_rise():
    net = BackpropRegressor(early_stopping=True, n_iter_no_change=2, tol=10.0, **SETTINGS)
    for _ in range(4):
        net.partial_fit(X, Y)
    assert net.stopped_
    theta, n_scores, t = net.network_.theta.copy(), len(net.validation_scores_), net.t_
    net.partial_fit(X, Y)
    assert_array_equal(net.network_.theta, theta)
    assert len(net.validation_scores_) == n_scores + 1
    assert net.t_ == t
    net.set_params(early_stopping=False).partial_fit(X, Y)
    assert not net.stopped_
    assert not np.array_equal(net.network_.theta, theta)


@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C)])
def test_the_best_weights_on_rows_of_ones_own_over_all_calls(kind, y):
    settings = {**SETTINGS, "learning_rate_init": 0.3, "n_iter_no_change": 100}
    net = kind(early_stopping=True, **settings)
    plain = kind(**settings)
    known = {} if kind is BackpropRegressor else {"classes": [0, 1, 2]}
    scores = []
    for _ in range(12):
        net.partial_fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL], **known)
        plain.partial_fit(X[TRAIN], y[TRAIN], **known)
        known = {}
        scores.append(plain.score(X[VAL], y[VAL]))
        assert_allclose(net.score(X[VAL], y[VAL]), max(scores))
    assert_allclose(net.validation_scores_, scores)
    assert any(later < earlier for earlier, later in pairwise(scores))  # so that the test can fail
    net = pickle.loads(pickle.dumps(net))
    net.partial_fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    assert_allclose(net.validation_scores_[-1], plain.partial_fit(X[TRAIN], y[TRAIN]).score(X[VAL], y[VAL]))


def test_own_rows_without_early_stopping_are_measured_only():
    net, plain = BackpropRegressor(**SETTINGS), BackpropRegressor(**SETTINGS)
    for _ in range(3):
        net.partial_fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL])
        plain.partial_fit(X[TRAIN], Y[TRAIN])
    assert same(net, plain)
    assert len(net.validation_loss_curve_) == 3
    assert net.predict_interval(X[VAL], 0.8).shape == (40, 2)


def test_a_stream_with_a_validation_part_is_calibrated():
    net = BackpropClassifier(calibration="temperature", **SETTINGS)
    net.partial_fit(X[TRAIN], C[TRAIN], classes=[0, 1, 2], X_val=X[VAL], y_val=C[VAL])
    assert net.temperature_.shape == (3,)


STREAM = {"hidden_layer_sizes": 3, "early_stopping": True, "scoring": "loss", "n_iter_no_change": np.inf}


def test_curves_of_a_stream_are_cut(monkeypatch):
    monkeypatch.setattr(running, "KEPT", 100)
    net = BackpropRegressor(**STREAM, random_state=0)
    losses = []
    for _ in range(450):
        losses.append(net.partial_fit(X[:5], Y[:5]).loss_)
    assert 100 <= len(net.loss_curve_) <= 200
    assert net.loss_curve_ == losses[-len(net.loss_curve_) :]
    assert len(net.validation_scores_) == len(net.validation_loss_curve_) == len(net.loss_curve_)


@pytest.mark.slow
def test_memory_of_a_long_stream_stays_flat():
    net = BackpropRegressor(**STREAM, random_state=0)
    for call in range(12_000):
        if call == 4_000:
            tracemalloc.start()
        net.partial_fit(X[:25], Y[:25])
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert net.t_ == 300_000
    assert grown < 2 * 2**20
    assert len(pickle.dumps(net)) < 1_000_000


# ------------------------------------------------------------------ warm starts

RUNS = {
    "adam": {},
    "sgd, invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "sgd, adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 2},
    **{name: {"solver": name} for name in ("adamw", "nadam", "rmsprop", "lion", "muon")},
    "an object": {"solver": AdamW(0.01, weight_decay=0.1), "clip_norm": 0.5},
    "layers": {"hidden_layer_sizes": [Dense(8, max_norm=1.0), Dropout(0.3), BatchNorm(), 4]},
    "cosine": {"learning_rate": WarmUp(0.2, Cosine()), "schedule_epochs": 20},
    "one cycle": {"learning_rate": OneCycle(), "schedule_epochs": 20, "average": "ema"},
    "plateau": {"learning_rate": Plateau(), "tol": 0.05, "n_iter_no_change": 2},
    "swa": {"average": "swa", "schedule_epochs": 20},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 30},
    "early stopping on the loss, average": {"early_stopping": True, "scoring": "loss", "average": "ema"},
    "impute": {"missing": "impute", "early_stopping": True},
}


def test_a_fit_is_two_of_half_the_epochs():
    nets = []
    for kind, y in ((BackpropRegressor, Y), (BackpropClassifier, C)):
        for settings in RUNS.values():
            settings = {**SETTINGS, "learning_rate_init": 0.05, "n_iter_no_change": 40, **settings}
            once = kind(max_iter=20, **settings).fit(X, y)
            nets.append((once, kind(max_iter=10, warm_start=True, **settings).fit(X, y), y))
    distant = elsewhere([half for _, half, _ in nets], "net.fit(X, y)")
    for (once, half, y), other in zip(nets, distant):
        for twice in (other, half.fit(X, y)):
            assert same(once, twice), half
            for curve in ("loss_curve_", "validation_scores_", "validation_loss_curve_", "training_scores_"):
                assert getattr(once, curve) == getattr(twice, curve)
            assert_array_equal(once.predict(X), twice.predict(X))
        assert len(once.loss_curve_) == 20
