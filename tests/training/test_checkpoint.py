"""A fit that is cut off continues from its checkpoint to the same weights."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor, files, load
from skbackprop.layers import BatchNorm, Dropout
from skbackprop.schedules import Cosine, Plateau
from skbackprop.training import Checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * RNG.normal(size=120)
C = np.digitize(Y, [-0.5, 0.5])
HOLES = np.where(RNG.uniform(size=X.shape) < 0.05, np.nan, X)
WEIGHT = RNG.uniform(0.1, 2, 120)
SETTINGS = {
    "hidden_layer_sizes": (8,),
    "learning_rate_init": 0.05,
    "batch_size": 20,
    "max_iter": 12,
    "n_iter_no_change": 30,
    "random_state": 0,
}


def every_epoch(path):
    return Checkpoint(path, n_epochs=1)


class CutOff(Exception):  # noqa: N818
    """Stands for whatever ends a process."""


def cut_off_after(n_epochs, monkeypatch):
    """Files are written as usual, and after the `n_epochs`-th one nothing more happens."""
    write, n_written = files.write, []

    def write_and_stop(*arguments):
        write(*arguments)
        n_written.append(1)
        if len(n_written) == n_epochs:
            raise CutOff

    monkeypatch.setattr(files, "write", write_and_stop)


RUNS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 2, "tol": 0.05},
    "muon": {"solver": "muon", "clip_norm": 0.5},
    "dropout": {"hidden_layer_sizes": [8, Dropout(0.3), BatchNorm(), 4]},
    "cosine": {"learning_rate": Cosine(), "average": "swa"},
    "plateau": {"learning_rate": Plateau(), "average": "ema", "n_iter_no_change": 2, "tol": 0.05},
    "early stopping": {"early_stopping": True},
    "stopped early": {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.5},
    "splitter": {"validation": 4, "early_stopping": True, "scoring": "loss"},
    "impute": {"missing": "impute"},
    "skip": {"missing": "skip", "early_stopping": True},
    "global random state": {"random_state": None},
}


@pytest.mark.parametrize("settings", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(
    "kind, y, n_epochs",
    [*((BackpropRegressor, Y, n_epochs) for n_epochs in (1, 4, 12)), (BackpropClassifier, C, 4)],
)
def test_a_fit_continues_as_if_nothing_had_happened(kind, y, settings, n_epochs, tmp_path, monkeypatch):
    net = kind(**{**SETTINGS, **settings}, checkpoint=every_epoch(tmp_path / "run"), resume=True)
    x = HOLES if "missing" in settings else X
    np.random.seed(0)  # noqa: NPY002
    whole = clone(net).set_params(checkpoint=tmp_path / "other").fit(x, y, sample_weight=WEIGHT)
    np.random.seed(0)  # noqa: NPY002
    with monkeypatch.context() as patch:
        cut_off_after(min(n_epochs, whole.n_iter_), patch)
        with pytest.raises(CutOff):
            clone(net).fit(x, y, sample_weight=WEIGHT)
    again = clone(net).fit(x, y, sample_weight=WEIGHT)
    assert_array_equal(again.network_.theta, whole.network_.theta)
    for name in (
        "loss_curve_",
        "validation_scores_",
        "validation_loss_curve_",
        "n_iter_",
        "t_",
        "n_rows_skipped_",
    ):
        assert getattr(again, name) == getattr(whole, name), name
    assert_array_equal(again.predict(x), whole.predict(x))
    finished = clone(net).fit(x, y, sample_weight=WEIGHT)
    assert_array_equal(finished.network_.theta, whole.network_.theta)
    assert finished.loss_curve_ == whole.loss_curve_


def test_sparse_rows_and_rows_of_ones_own(tmp_path, monkeypatch):
    net = BackpropRegressor(
        **SETTINGS, early_stopping=True, checkpoint=every_epoch(tmp_path / "run"), resume=True
    )
    data = {"X": sparse.csr_matrix(X[:90]), "y": Y[:90], "X_val": sparse.csr_matrix(X[90:]), "y_val": Y[90:]}
    whole = clone(net).set_params(checkpoint=None, resume=False).fit(**data)
    with monkeypatch.context() as patch:
        cut_off_after(3, patch)
        with pytest.raises(CutOff):
            clone(net).fit(**data)
    assert_array_equal(clone(net).fit(**data).network_.theta, whole.network_.theta)


def test_more_epochs_than_planned(tmp_path):
    settings = {**SETTINGS, "checkpoint": every_epoch(tmp_path / "run"), "resume": True}
    BackpropRegressor(**settings).fit(X, Y)
    longer = BackpropRegressor(**settings | {"max_iter": 20}).fit(X, Y)
    once = BackpropRegressor(**SETTINGS | {"max_iter": 20}).fit(X, Y)
    assert_array_equal(longer.network_.theta, once.network_.theta)


def test_a_checkpoint_is_a_model(tmp_path, monkeypatch):
    net = BackpropRegressor(**SETTINGS, early_stopping=True, checkpoint=every_epoch(tmp_path / "run"))
    with monkeypatch.context() as patch:
        cut_off_after(6, patch)
        with pytest.raises(CutOff):
            net.fit(X, Y)
    loaded = load(tmp_path / "run")
    six = BackpropRegressor(**SETTINGS | {"max_iter": 6}, early_stopping=True).fit(X, Y)
    assert_array_equal(loaded.predict(X), six.predict(X))
    assert loaded.n_iter_ == 6


def test_how_often(tmp_path, monkeypatch):
    written, write = [], files.write
    monkeypatch.setattr(files, "write", lambda *arguments: (written.append(1), write(*arguments)))
    for settings, n_written in (
        ({}, 2),  # after 10 and 12 epochs
        ({"n_epochs": 5}, 3),
        ({"n_epochs": None}, 1),
        ({"n_epochs": None, "seconds": 0}, 12),
        ({"n_epochs": None, "seconds": 1e6}, 1),
    ):
        written.clear()
        checkpoint = Checkpoint(tmp_path / "run", **settings)
        BackpropRegressor(**SETTINGS, checkpoint=checkpoint).fit(X, Y)
        assert len(written) == n_written
    written.clear()
    net = BackpropRegressor(**SETTINGS, checkpoint=every_epoch(str(tmp_path / "stream")))
    for _ in range(3):
        net.partial_fit(X, Y)
    assert len(written) == 3
    assert_array_equal(load(tmp_path / "stream").partial_fit(X, Y).coefs_[0], net.partial_fit(X, Y).coefs_[0])


@pytest.mark.parametrize(
    "settings, data, message",
    [
        ({"alpha": 1.0}, {}, "other settings: alpha"),
        ({"hidden_layer_sizes": (3,), "solver": "sgd"}, {}, "other settings: hidden_layer_sizes, solver"),
        ({}, {"X": X + 1}, "other data"),
        ({}, {"y": Y + 1}, "other data"),
        ({}, {"sample_weight": WEIGHT}, "other data"),
        ({}, {"X": X[:, :3]}, "features"),
        ({"checkpoint": None}, {}, "checkpoint=... is None"),
    ],
)
def test_another_run_is_not_continued(settings, data, message, tmp_path):
    settings = {**SETTINGS, "checkpoint": every_epoch(tmp_path / "run"), "resume": True, **settings}
    BackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "run")).fit(X, Y)
    net = BackpropRegressor(**settings)
    with pytest.raises(ValueError, match=message):
        net.fit(**{"X": X, "y": Y, **data})
    assert not hasattr(net, "network_")


def test_in_a_pipeline_in_a_search(tmp_path):
    net = BackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "run"))
    search = GridSearchCV(make_pipeline(StandardScaler(), net), {"backpropregressor__alpha": [0, 1]}, cv=2)
    search.fit(X, Y)
    assert_array_equal(load(tmp_path / "run").coefs_[0], search.best_estimator_[-1].coefs_[0])


def test_a_checkpoint_of_a_stream_is_not_a_fit(tmp_path):
    settings = {**SETTINGS, "checkpoint": every_epoch(tmp_path / "run"), "resume": True}
    BackpropRegressor(**settings).partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"not written by fit.*skbackprop\.load"):
        BackpropRegressor(**settings).fit(X, Y)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    settings = {**SETTINGS, "checkpoint": every_epoch(tmp_path / "run"), "resume": True}
    BackpropRegressor(**settings).fit(X, Y)
    (tmp_path / "run").write_bytes((tmp_path / "run").read_bytes()[:-100])
    with pytest.raises(ValueError, match="cut off or altered"):
        BackpropRegressor(**settings).fit(X, Y)


def test_a_folder_that_cannot_be_written_to_is_a_warning(tmp_path):
    net = BackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "missing" / "run"))
    with pytest.warns(UserWarning, match=r"could not be written.*Training continues") as warned:
        net.fit(X, Y)
    assert len([w for w in warned if "written" in str(w.message)]) == 1
    assert_array_equal(net.network_.theta, BackpropRegressor(**SETTINGS).fit(X, Y).network_.theta)


def test_what_cannot_be_written_is_an_error_before_training(tmp_path):
    net = BackpropRegressor(
        **SETTINGS, learning_rate=lambda progress: 1.0, checkpoint=every_epoch(tmp_path / "run")
    )
    with pytest.raises(TypeError, match="lambda"):
        net.fit(X, Y)
    with pytest.raises(ValueError, match="lbfgs"):
        BackpropRegressor(solver="lbfgs", checkpoint=every_epoch(tmp_path / "run")).fit(X, Y)


@pytest.mark.parametrize("warm_start", [False, True])
def test_an_interrupt_goes_back_to_the_end_of_the_last_epoch(warm_start, monkeypatch):
    calls = []

    def score(net, x, y):
        calls.append(1)
        if len(calls) == 9:  # twice an epoch: in the fifth one
            raise KeyboardInterrupt
        return -np.abs(net.predict(x) - y).mean()

    settings = {**SETTINGS, "hidden_layer_sizes": [8, Dropout(0.3)], "validation": 4, "scoring": score}
    net = BackpropRegressor(**settings, warm_start=warm_start, early_stopping=True)
    with pytest.warns(UserWarning, match="interrupted"):
        net.fit(X, Y)
    assert net.n_iter_ == len(net.loss_curve_) == len(net.validation_scores_) == 4
    four = BackpropRegressor(**settings | {"max_iter": 4}, early_stopping=True).fit(X, Y)
    assert_array_equal(net.network_.theta, four.network_.theta)
    if warm_start:
        net.set_params(max_iter=8).fit(X, Y)
        whole = BackpropRegressor(**settings, early_stopping=True).fit(X, Y)
        assert_array_equal(net.network_.theta, whole.network_.theta)


PROGRAM = """
import sys
import warnings
import numpy as np
from skbackprop import BackpropClassifier
from skbackprop.layers import Dropout
from skbackprop.training import Checkpoint

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = rng.normal(size=(5000, 20))
y = np.digitize(X[:, 0] * X[:, 1], [-0.3, 0.3])
net = BackpropClassifier(
    [30, Dropout(0.2), 30],
    early_stopping=True,
    average="ema",
    learning_rate="cosine",
    n_iter_no_change=1000,
    max_iter=400,
    random_state=0,
    checkpoint=Checkpoint(sys.argv[1], n_epochs=1),
    resume=True,
)
print("begins", flush=True)
net.fit(X, y)
np.save(sys.argv[2], net.network_.theta)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_kill_9_at_random_moments_loses_nothing_before_the_last_checkpoint(tmp_path):
    def start(name):
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / name), str(tmp_path / f"{name}.npy")]
        return subprocess.Popen(command, stdout=subprocess.PIPE)

    with start("whole") as process:
        process.stdout.readline()
        begin = time.perf_counter()
        assert process.wait() == 0
        seconds = time.perf_counter() - begin
    rng, n_done, n_killed = np.random.default_rng(0), 0, 0
    while not (tmp_path / "killed.npy").exists():
        with start("killed") as process:
            process.stdout.readline()
            if n_killed < 25:
                time.sleep(rng.uniform(0.0, seconds / 40))
                os.kill(process.pid, signal.SIGKILL)
                n_killed += 1
            process.wait()
        if (tmp_path / "killed").exists():
            n_epochs = load(tmp_path / "killed").n_iter_
            assert n_epochs >= n_done
            n_done = n_epochs
    assert n_killed >= 20
    assert_array_equal(np.load(tmp_path / "killed.npy"), np.load(tmp_path / "whole.npy"))
