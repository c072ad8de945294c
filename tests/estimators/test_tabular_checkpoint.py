"""A fit of a table that is killed, or interrupted, continues as if nothing had happened."""

import os

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from shared.crossings import crossed
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_diabetes

import skbackprop
from skbackprop import TabularBackpropClassifier, TabularBackpropRegressor
from skbackprop.training import Checkpoint
from skbackprop.training.checkpoints import CheckpointFile

X, Y = load_diabetes(return_X_y=True, as_frame=True)
C = pd.cut(Y, 3, labels=["low", "middle", "high"]).astype(str)
SETTINGS = {
    "max_iter": 6,
    "hidden_layer_sizes": [160],  # with the batches so wide that each member is a network of its own
    "batch_size": 110,
    "n_estimators": 2,
    "random_state": 0,
    "engine": "numpy",
}
DATA = {"numbers": (TabularBackpropRegressor, Y), "classes": (TabularBackpropClassifier, C)}
KINDS = pytest.mark.parametrize(("kind", "y"), DATA.values(), ids=DATA)


def every_epoch(path):
    return Checkpoint(path, n_epochs=1)


class KilledError(BaseException):
    """Stands for a process that is killed."""


def killed_after(monkeypatch, n_files):
    """Training is killed when a file was written so many times."""
    write, written = CheckpointFile.write, []

    def written_and_killed(self):
        write(self)
        written.append(self.path)
        if len(written) == n_files:
            raise KilledError

    monkeypatch.setattr(CheckpointFile, "write", written_and_killed)


def assert_same(net, whole, X=X):
    assert_array_equal(net.predict(X), whole.predict(X))
    for name in ("best_epochs_", "validation_losses_", "validation_curves_", "loss_curves_"):
        assert_array_equal(getattr(net, name), getattr(whole, name))
    assert net.stop_reason_ == whole.stop_reason_
    for one, other in zip(net.networks_, whole.networks_, strict=True):
        assert_array_equal(one.theta, other.theta)


@crossed(data=DATA, settings=[{}, {"refit": True}, {"average": "ema", "dropout": 0.2}], n_files=[1, 4, 9])
def test_a_fit_that_was_killed(data, settings, n_files, tmp_path, monkeypatch):
    kind, y = data
    whole = kind(**SETTINGS | settings).fit(X, y)
    net = kind(**SETTINGS | settings, checkpoint=every_epoch(tmp_path / "run"), resume=True)
    with monkeypatch.context() as patched:
        killed_after(patched, n_files)
        with pytest.raises(KilledError):
            clone(net).fit(X, y)
    assert (tmp_path / "run.fit0").exists()
    assert_same(net.fit(X, y), whole)
    assert os.listdir(tmp_path) == ["run"]
    assert_same(skbackprop.load(tmp_path / "run"), whole)


def test_a_fit_that_was_over_is_read(tmp_path, monkeypatch):
    net = TabularBackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "run"), resume=True).fit(
        X, Y
    )
    monkeypatch.setattr("skbackprop.estimators.tabular.fitting.train", None)  # nothing is trained
    assert_same(clone(net).fit(X, Y), net)


def test_processes_continue_too(tmp_path, monkeypatch):
    whole = TabularBackpropRegressor(**SETTINGS).fit(X, Y)
    net = TabularBackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "run"), resume=True)
    with monkeypatch.context() as patched:
        killed_after(patched, 8)
        with pytest.raises(KilledError):
            clone(net).fit(X, Y)
    assert_same(net.set_params(n_jobs=2).fit(X, Y), whole)


def test_an_interrupt_is_continued(tmp_path, monkeypatch):
    whole = TabularBackpropRegressor(**SETTINGS).fit(X, Y)
    net = TabularBackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "run"), resume=True)
    write, written = CheckpointFile.write, []

    def written_and_pressed(self):
        write(self)
        written.append(self.path)
        if len(written) == 9:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(CheckpointFile, "write", written_and_pressed)
        with pytest.warns(UserWarning, match="interrupted"):
            net.fit(X, Y)
    assert len(net.networks_) == 2
    assert sorted(os.listdir(tmp_path)) == ["run.fit0", "run.fit1"]
    assert_same(net.fit(X, Y), whole)


class PressedOnce(BaseEstimator):
    """A schedule that stands for a user who presses Ctrl-C in the midst of an epoch."""

    at = None

    def __call__(self, progress):
        if PressedOnce.at is not None and progress > PressedOnce.at:
            PressedOnce.at = None
            raise KeyboardInterrupt
        return 1.0


@KINDS
def test_an_interrupt_in_the_midst_of_an_epoch_is_continued(kind, y, tmp_path):
    settings = SETTINGS | {"learning_rate": PressedOnce(), "learning_rate_init": 0.01}
    whole = kind(**settings).fit(X, y)
    net = kind(**settings, checkpoint=every_epoch(tmp_path / "run"), resume=True)
    PressedOnce.at = 0.6
    with pytest.warns(UserWarning, match="interrupted"):
        net.fit(X, y)
    assert PressedOnce.at is None
    assert_same(net.fit(X, y), whole)


@pytest.mark.parametrize(
    ("settings", "rows", "message"),
    [
        ({"dropout": 0.5}, X, "other settings"),
        ({"max_iter": 7}, X, "other settings"),
        ({}, X[::-1], "other data"),
        ({"random_state": None}, X, "random_state to be a whole number, not None"),
    ],
    ids=["setting", "epochs", "data", "random"],
)
def test_another_fit_is_not_continued(settings, rows, message, tmp_path, monkeypatch):
    net = TabularBackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "run"), resume=True)
    with monkeypatch.context() as patched:
        killed_after(patched, 3)
        with pytest.raises(KilledError):
            clone(net).fit(X, Y)
    with pytest.raises(ValueError, match=message):
        clone(net).set_params(**settings).fit(rows, Y)
    net.fit(X, Y)
    with pytest.raises(ValueError, match=message):
        clone(net).set_params(**settings).fit(rows, Y)


@pytest.mark.parametrize("content", [b"", b"no file of ours", None], ids=["empty", "foreign", "a model"])
def test_an_odd_file(content, tmp_path):
    path = tmp_path / "run.fit0"
    if content is None:
        skbackprop.BackpropRegressor().save(path)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint: '.*run\.fit0'"):
        TabularBackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "run"), resume=True).fit(X, Y)
    TabularBackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "run")).fit(
        X, Y
    )  # takes its place
    assert os.listdir(tmp_path) == ["run"]


def test_a_folder_that_is_not_there(tmp_path):
    whole = TabularBackpropRegressor(**SETTINGS).fit(X, Y)
    net = TabularBackpropRegressor(**SETTINGS, checkpoint=every_epoch(tmp_path / "no" / "run"))
    with pytest.warns(UserWarning, match="could not be written") as caught:
        net.fit(X, Y)
    assert len(caught) == 3  # of each network, and of the estimator
    assert_array_equal(net.predict(X), whole.predict(X))


def test_files_that_nobody_asked_for(tmp_path):
    with pytest.raises(ValueError, match="resume=True needs a file"):
        TabularBackpropRegressor(resume=True).fit(X, Y)
    with pytest.raises(ValueError, match="The 'n_epochs' parameter of Checkpoint must be"):
        TabularBackpropRegressor(checkpoint=Checkpoint("run", n_epochs=0), random_state=0).fit(X, Y)
    net = TabularBackpropRegressor(
        max_iter=2, checkpoint=every_epoch(tmp_path / "run"), random_state=np.int64(3)
    )
    net.fit(X, Y)
    with pytest.warns(UserWarning, match=r"checkpoint=Checkpoint[\s\S]* has no effect"):
        clone(net).partial_fit(X, Y)
