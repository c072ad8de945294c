"""What is told of a long fit of a forecaster, the time that it takes, and what an interrupt leaves."""

import re
import warnings
from time import monotonic

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor
from skbackprop.time_series import LagForecaster, StreamingPipeline
from skbackprop.time_series.learning import Chunked

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 60
X = pd.DataFrame(index=pd.date_range("2026-01-01", periods=N + 6))
Y = np.resize([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0], N + 6) + np.random.default_rng(0).normal(size=N + 6)
QUICK = {"lags": 3, "n_updates": 2}
NET = BackpropRegressor(hidden_layer_sizes=3, max_iter=3)


def test_a_line_is_printed_for_each_model(capsys):
    settings = {**QUICK, "horizon": 3, "strategy": "dirrec", "n_members": 2, "calibration_horizons": 4}
    LagForecaster(**settings, verbose=True).fit(X[:N], Y[:N])
    first, *lines, stopped = capsys.readouterr().out.splitlines()
    assert stopped == "Stopped after 6 models: all steps of n_updates=2 are done."
    assert first.split() == ["model", "learns", "for", "steps", "member", "took", "left"]
    cells = [re.sub(r" s\b", "s", line).split() for line in lines]
    assert {len(line) for line in [first, *lines]} == {len(first)}
    assert [line[0] for line in cells] == [f"{k}/12" for k in range(1, 13)]
    assert [line[1] for line in cells] == ["calibration"] * 6 + ["forecasts"] * 6
    assert [line[2] for line in cells] == ["1", "1", "2", "2", "3", "3"] * 2
    assert [line[3] for line in cells] == ["1/2", "2/2"] * 6
    assert all(re.fullmatch(r"\d+\.\ds", line[4]) for line in cells)
    assert cells[-1][5] == "0.0s"
    LagForecaster(**QUICK, horizon=3, n_members=1, verbose=1).fit(X[:N], Y[:N])
    assert capsys.readouterr().out.splitlines()[1].split()[:4] == ["1/1", "forecasts", "1-3", "1/1"]
    LagForecaster(**QUICK, n_members=1).fit(X[:N], Y[:N])
    assert capsys.readouterr().out == ""


# ------------------------------------------------------------------ time


def test_the_default_network_makes_as_many_steps_as_there_is_time_for(monkeypatch):
    taken = []
    learn = Chunked._learn

    def slow(self, *rows):
        taken.append(self.network.schedule_epochs)
        learn(self, *rows)

    monkeypatch.setattr(Chunked, "_learn", slow)
    begun = monotonic()
    forecaster = LagForecaster(lags=3, n_updates=10**6, n_members=2, calibration_horizons=3, max_time=0.5)
    forecaster.fit(X[:N], Y[:N])
    assert monotonic() - begun < 30  # 1e6 steps take hours
    assert len(taken) >= 4
    for of_stage in forecaster.models_.members:
        for member in of_stage:
            assert member.network.stopped_ is False
            assert member.network.t_ > 0


def test_a_long_time_changes_nothing():
    found = [LagForecaster(**QUICK, max_time=time).fit(X[:N], Y[:N]).forecast(4) for time in (None, 1e9)]
    assert_array_equal(*found)
    found = [LagForecaster(NET, 3, max_time=time).fit(X[:N], Y[:N]).forecast(4) for time in (None, 1e9)]
    assert_array_equal(*found)


class Timed(RegressorMixin, BaseEstimator):
    """Keeps the time that it was given."""

    given = []

    def __init__(self, max_time=None, random_state=None):
        self.max_time, self.random_state = max_time, random_state

    def fit(self, X, y):
        self.given.append(self.max_time)
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_given_estimators_share_the_time(monkeypatch):
    monkeypatch.setattr(Timed, "given", [])
    forecaster = LagForecaster(
        make_pipeline(StandardScaler(), Timed()), 3, horizon=2, strategy="direct", n_members=2, max_time=100.0
    ).fit(X[:N], Y[:N])
    first, *_, last = Timed.given
    assert len(Timed.given) == 4
    assert 20 < first <= 25  # a quarter
    assert 80 < last <= 100  # of what is left, and the others took none
    fitted = forecaster.models_.members[0][0].fitted[0][0][0]
    assert fitted[-1].max_time is None
    monkeypatch.setattr(Timed, "given", [])
    LagForecaster(Timed(max_time=2.0), 3, horizon=2, n_members=1, max_time=100.0).fit(X[:N], Y[:N])
    assert Timed.given == [2.0, 2.0]


def test_a_model_that_knows_no_time_is_told():
    with pytest.warns(UserWarning, match="max_time=5 has no effect: Ridge has no max_time"):
        LagForecaster(Ridge(), 3, max_time=5, n_members=1).fit(X[:N], Y[:N])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*has no effect")
        LagForecaster(make_pipeline(StandardScaler(), NET), 3, max_time=5).fit(X[:N], Y[:N])


# ------------------------------------------------------------------ interrupts


class Interrupted:
    """A schedule of the learning rate that is interrupted after some steps."""

    def __init__(self, n_steps):
        self.n_steps = n_steps

    def __call__(self, progress):
        self.n_steps -= 1
        if self.n_steps == 0:
            raise KeyboardInterrupt
        return 1.0


def interrupted_mlp(monkeypatch, n_calls):
    backprop = MLPRegressor._backprop

    def stops(self, *arguments, **more):
        nonlocal n_calls
        n_calls -= 1
        if n_calls == 0:
            raise KeyboardInterrupt
        return backprop(self, *arguments, **more)

    monkeypatch.setattr(MLPRegressor, "_backprop", stops)
    return MLPRegressor(hidden_layer_sizes=3, max_iter=3)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("calibration", [None, 4])
def test_an_interrupt_leaves_what_was_there(method, calibration):
    net = BackpropRegressor(hidden_layer_sizes=3, max_iter=3, learning_rate=Interrupted(-1))
    forecaster = LagForecaster(net, 3, calibration_horizons=calibration).fit(X[:N], Y[:N])
    before, expected = dict(vars(forecaster)), forecaster.forecast(5)
    n_steps = 4 if method == "fit" else 1  # of the first model, in its last epoch or at once
    for member in forecaster.models_.members[0]:
        member.fitted[0][0][0].learning_rate.n_steps = n_steps
    net.learning_rate.n_steps = n_steps
    rows = slice(0, N) if method == "fit" else slice(N, N + 4)
    with pytest.raises(KeyboardInterrupt):
        getattr(forecaster, method)(X[rows], Y[rows])
    assert vars(forecaster).keys() == before.keys()
    assert all(vars(forecaster)[name] is value for name, value in before.items())
    assert_array_equal(forecaster.forecast(5), expected)


def test_an_interrupt_of_the_first_fit_leaves_nothing(monkeypatch):
    for net in (
        BackpropRegressor(hidden_layer_sizes=3, max_iter=3, learning_rate=Interrupted(2)),
        interrupted_mlp(monkeypatch, 2),
    ):
        forecaster = LagForecaster(net, 3)
        with pytest.raises(KeyboardInterrupt):
            forecaster.fit(X[:N], Y[:N])
        with pytest.raises(NotFittedError, match="not fitted yet"):
            forecaster.forecast()


def pressed_in(monkeypatch, n_chunks):
    """Ctrl-C is pressed in a chunk of the default network, counted over all models."""
    learn, n_done = Chunked._learn, 0

    def interrupted(self, *rows):
        nonlocal n_done
        n_done += 1
        if n_done == n_chunks:
            raise KeyboardInterrupt
        learn(self, *rows)

    monkeypatch.setattr(Chunked, "_learn", interrupted)


@pytest.mark.parametrize(("n_chunks", "n_kept"), [(2, 1), (9, 1), (10, 1), (11, 2), (27, 3)])
def test_an_interrupt_keeps_what_the_default_network_has_learned(n_chunks, n_kept, monkeypatch):
    """A model makes nine passes over a single chunk of windows."""
    settings = {"lags": 3, "n_updates": 2, "n_members": 3}
    assert round(2 * 256 / (N - 2)) == 9
    with monkeypatch.context() as patched:
        pressed_in(patched, n_chunks)
        with pytest.warns(UserWarning, match="Training interrupted by user") as said:
            forecaster = LagForecaster(**settings).fit(X[:N], Y[:N])
    assert said[0].filename == __file__
    *whole, last = forecaster.models_.members[0]
    assert len(whole) + 1 == n_kept
    done = "all steps of n_updates=2 are done"
    is_cut = n_chunks not in (10,)  # else the last model had not begun
    assert last.reason == ("interrupted by the user" if is_cut else done)
    assert forecaster.stop_reason_.startswith(
        f"Stopped after {n_kept}{' of 3' if n_kept < 3 else ''} models: "
    )
    assert np.isfinite(forecaster.forecast(5)).all()
    n_steps = last.network.t_
    forecaster.partial_fit(X[N : N + 3], Y[N : N + 3])  # training continues
    assert forecaster.models_.members[0][-1].network.t_ > n_steps


@pytest.mark.parametrize(
    ("settings", "n_chunks", "n_kept"),
    [
        ({}, 1, None),  # nothing is learned yet
        ({"calibration_horizons": 4}, 10, None),  # of the calibration
        ({"strategy": "direct", "horizon": 2}, 15, None),  # of the first step
        ({"strategy": "direct", "horizon": 2}, 28, [2, 1]),
    ],
)
def test_an_interrupt_keeps_nothing_that_cannot_forecast(settings, n_chunks, n_kept, monkeypatch):
    forecaster = LagForecaster(lags=3, n_updates=2, n_members=2, **settings)
    pressed_in(monkeypatch, n_chunks)
    if n_kept is None:
        with pytest.raises(KeyboardInterrupt):
            forecaster.fit(X[:N], Y[:N])
        assert vars(forecaster) == forecaster.get_params(deep=False)
    else:
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            forecaster.fit(X[:N], Y[:N])
        assert [len(of_stage) for of_stage in forecaster.models_.members] == n_kept
        assert np.isfinite(forecaster.forecast(5)).all()


def test_why_training_stopped():
    def why(**settings):
        return LagForecaster(lags=3, n_members=2, **settings).fit(X[:N], Y[:N]).stop_reason_

    assert why(n_updates=2) == "Stopped after 2 models: all steps of n_updates=2 are done."
    assert why(n_updates=10**6, max_time=1e-9) == "Stopped after 2 models: max_time is over."
    assert (
        why(estimator=NET)
        == "Stopped after 2 models: stopped after 3 epochs: all epochs of max_iter are done."
    )
    assert why(estimator=MLPRegressor(max_iter=3)) == "Stopped after 2 models: MLPRegressor is fitted."
    assert "2 models: the last windows in time" in why(
        n_updates=20, early_stopping=True, validation_fraction=0.5
    )


def test_other_warnings_stay_warnings():
    class Warns(Timed):
        def fit(self, X, y):
            warnings.warn("Something else.", stacklevel=2)
            return super().fit(X, y)

    with pytest.warns(UserWarning, match="Something else"):
        LagForecaster(Warns(), 3).fit(X[:N], Y[:N])
    with warnings.catch_warnings(), pytest.raises(UserWarning, match="Something else"):
        warnings.simplefilter("error")
        LagForecaster(Warns(), 3).fit(X[:N], Y[:N])


def test_an_interrupted_pipeline_is_what_it_was():
    rows, labels = np.random.default_rng(0).normal(size=(2, 9, 2)), np.ones(9)
    net = BackpropRegressor(hidden_layer_sizes=3, learning_rate=Interrupted(-1), random_state=0)
    pipeline = StreamingPipeline([("scale", StandardScaler()), ("net", net)]).partial_fit(rows[0], labels)
    expected, net.learning_rate.n_steps = pipeline.predict(rows[1]), 1
    with pytest.raises(KeyboardInterrupt):
        pipeline.partial_fit(rows[1], labels)
    assert_array_equal(pipeline.predict(rows[1]), expected)
    assert pipeline["net"].t_ == pipeline["scale"].n_samples_seen_ == 9
