"""Streams of a LagForecaster that begin with too few rows."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from shared.crossings import crossed
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import SGDRegressor

from skbackprop import BackpropRegressor
from skbackprop.time_series import LagForecaster, evaluate_stream

WEEK = np.array([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0])
STRATEGIES = ["mimo", "recursive", "direct", "dirrec"]
SGD = SGDRegressor(alpha=0, eta0=1e-3, tol=None, max_iter=5, random_state=0)
NET = BackpropRegressor(hidden_layer_sizes=8, max_iter=3, tol=0.0, n_iter_no_change=9, random_state=0)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def days(n, **freq):
    return pd.DataFrame(index=pd.date_range("2026-01-01", periods=n, **(freq or {"freq": "D"})))


def series(n, seed=0):
    return np.resize(WEEK, n) + np.random.default_rng(seed).normal(size=n)


def has_learned(forecaster):
    return "models_" in vars(forecaster)


def fed(forecaster, X, y, ends):
    """The forecaster after chunks, and the number of rows with which it began."""
    n_first, begin, forecaster = None, 0, clone(forecaster)
    for end in ends:
        forecaster.partial_fit(X[begin:end], y[begin:end])
        begin = end
        if n_first is None and has_learned(forecaster):
            n_first = end
    return forecaster, n_first


def assert_same(one, other):
    assert_array_equal(one.history_.values, other.history_.values)
    assert_array_equal(one.history_.steps, other.history_.steps)
    assert one.history_.clock == other.history_.clock
    assert_array_equal(one.lags_, other.lags_)
    assert_array_equal(one.forecast(5), other.forecast(5))


@crossed(strategy=STRATEGIES, estimator={"sgd": SGD, "network": NET}, size=[1, 3])
def test_chunks_that_are_too_short_begin_as_one(strategy, estimator, size):
    X, y = days(40), series(40)
    members = clone(estimator).set_params(random_state=None)
    model = LagForecaster(members, 7, horizon=3, strategy=strategy, n_members=2)
    ends = range(size, 19, size)
    streamed, n_first = fed(model, X, y, ends)
    assert n_first > size
    whole, n_whole = fed(model, X, y, [end for end in ends if end >= n_first])
    assert n_whole == n_first
    assert_same(streamed, whole)


def test_the_default_network_begins():
    X, y = days(30), series(30)
    model = LagForecaster(lags=7, horizon=2, n_members=1, n_updates=1)
    streamed, n_first = fed(model, X, y, range(1, 12))
    whole, _ = fed(model, X, y, range(n_first, 12))
    assert_same(streamed, whole)


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("known_future", [(), "promo"])
def test_panels_begin(size, known_future):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"day": np.repeat(np.arange(15), 3), "shop": np.tile(list("abc"), 15)})
    X["promo"], y = rng.normal(size=45), rng.normal(size=45)
    settings = {"groups": "shop", "time": "day", "known_future": known_future}
    model = LagForecaster(SGD, 4, horizon=2, n_members=1, **settings)
    ends = range(size, 41, size)
    streamed, n_first = fed(model, X, y, ends)
    whole, _ = fed(model, X, y, [end for end in ends if end >= n_first])
    ahead = pd.DataFrame({"day": np.repeat([15, 16], 3), "shop": np.tile(list("abc"), 2), "promo": 0.5})
    for forecaster in (streamed, whole):
        forecaster.observe(X[40:], y[40:])
    assert np.isfinite(streamed.predict(ahead)).all()
    assert_array_equal(streamed.predict(ahead), whole.predict(ahead))


@pytest.mark.parametrize(
    "table",
    [
        lambda n: days(n),
        lambda n: days(n, freq="B"),
        lambda n: pd.DataFrame(index=pd.DatetimeIndex(days(n).index.to_numpy())),  # without freq
        lambda n: pd.DataFrame(index=pd.period_range("2026-01", periods=n, freq="M")),
        lambda n: pd.DataFrame({"x": series(n, 1)}),
        lambda n: series(n, 1)[:, None],
        lambda n: series(n, 1)[:, None].astype(np.float32),
        lambda n: pl.DataFrame({"x": series(n, 1)}),
        lambda n: pl.DataFrame({"x": series(n, 1)}).to_arrow(),
    ],
    ids=["days", "business", "times", "periods", "pandas", "array", "float32", "polars", "arrow"],
)
def test_rows_of_every_kind_begin_one_by_one(table):
    def model():
        return LagForecaster(SGD, 7, horizon=2, n_members=1)

    X, y, streamed = table(30), series(30), model()
    rows = (
        (lambda begin, end: X.slice(begin, end - begin))
        if hasattr(X, "slice")
        else (lambda begin, end: X[begin:end])
    )
    n_first = None
    for k in range(20):
        streamed.partial_fit(rows(k, k + 1), y[k : k + 1])
        if n_first is None and has_learned(streamed):
            n_first = k + 1
    whole = model().partial_fit(rows(0, n_first), y[:n_first])
    for k in range(n_first, 20):
        whole.partial_fit(rows(k, k + 1), y[k : k + 1])
    assert n_first > 2
    assert_same(streamed, whole)


def test_until_then_all_that_forecasts_says_what_is_missing():
    X, y = days(40), series(40)
    model = LagForecaster(SGD, 7, horizon=3, calibration_horizons=2)
    model.partial_fit(X[:1], y[:1]).partial_fit(X[1:3], y[1:3])
    for call in (
        lambda: model.predict(X[3:5]),
        lambda: model.forecast(),
        lambda: model.score(X[3:5], y[3:5]),
        lambda: model.predict_interval(X[3:5]),
        lambda: model.predict_one_step(X[3:5], y[3:5]),
        lambda: model.observe(X[3:5], y[3:5]),
    ):
        with pytest.raises(NotFittedError, match=r"3 rows are remembered until more come.*: [46] steps"):
            call()
    shorter = LagForecaster(SGD, 7, horizon=3).partial_fit(X[:2], y[:2])
    with pytest.raises(NotFittedError, match="windows of 7 lags, half of them known, and 3 steps ahead"):
        shorter.forecast()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        LagForecaster(SGD, 7).forecast()
    with pytest.raises(ValueError, match="No series is long enough"):
        LagForecaster(SGD, 7, horizon=3).fit(X[:2], y[:2])


def test_pickles_and_clones_in_between():
    X, y = days(20), series(20)
    model = LagForecaster(NET, 7, n_members=1)
    kept = clone(model)
    for k in range(12):
        model.partial_fit(X[k : k + 1], y[k : k + 1])
        kept = pickle.loads(pickle.dumps(kept)).partial_fit(X[k : k + 1], y[k : k + 1])
    assert_same(model, kept)
    short = clone(model).partial_fit(X[:2], y[:2])
    assert_same(clone(short).fit(X, y), short.fit(X, y))  # what was remembered is not of a fit
    assert "_first" not in vars(short)


@pytest.mark.parametrize("settings", [{"calibration_horizons": 2}, {"early_stopping": True}])
def test_what_is_held_out_is_waited_for(settings):
    X, y = days(60), series(60)
    network = clone(NET).set_params(scoring="loss" if "early_stopping" in settings else None)
    model = LagForecaster(network, 5, horizon=2, n_members=1, **settings)
    streamed, n_first = fed(model, X, y, range(1, 34))
    assert 8 < n_first < 28
    whole, _ = fed(model, X, y, range(n_first, 34))
    assert_same(streamed, whole)
    if "calibration_horizons" in settings:
        assert_array_equal(streamed.predict_interval(X[33:], 0.6), whole.predict_interval(X[33:], 0.6))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_model_is_trained_once(strategy, monkeypatch):
    fits = []

    class Counted(SGDRegressor):
        def fit(self, X, y, sample_weight=None):
            fits.append(len(X))
            return super().fit(X, y, sample_weight=sample_weight)

    model = LagForecaster(
        Counted(tol=None, max_iter=5, random_state=0), 7, horizon=3, strategy=strategy, n_members=1
    )
    fed(model, days(30), series(30), range(1, 31))
    assert len(fits) == (1 if strategy == "recursive" else 3)


def test_a_call_that_fails_changes_nothing():
    X, y = days(40), series(40)
    model, plain = (LagForecaster(SGD, 7).partial_fit(X[:2], y[:2]) for _ in range(2))
    wrong = [
        (X[1:2], y[1:2], "may not repeat"),
        (X[2:3].tz_localize("UTC"), y[2:3], "zone|time"),
        (X[2:3].assign(more=1.0), y[2:3], "had"),
        (X[2:3], y[2:4], "inconsistent"),
        (X[2:3], None, "requires y"),
        (X[2:3], [np.inf], "inf"),
        (X[2:2], [], "0 samples|0 rows|minimum"),
    ]
    for X_wrong, y_wrong, match in wrong:
        with pytest.raises(ValueError, match=match):
            model.partial_fit(X_wrong, y_wrong)
    for k in range(2, 12):
        for forecaster in (model, plain):
            forecaster.partial_fit(X[k : k + 1], y[k : k + 1])
    assert_same(model, plain)
    twice = days(2).iloc[[0, 0]]
    with pytest.raises(ValueError, match="may not repeat"):
        LagForecaster(SGD, 7).partial_fit(twice, y[:2])


def test_rows_are_copied():
    X, y = series(20, 1)[:, None], series(20)
    model, other = LagForecaster(SGD, 7), LagForecaster(SGD, 7)
    for k in range(12):
        row, label = X[k : k + 1].copy(), y[k : k + 1].copy()
        model.partial_fit(row, label)
        row[:], label[:] = 1e6, 1e6
        other.partial_fit(X[k : k + 1], y[k : k + 1])
    assert_same(model, other)


def test_unknown_values_at_the_beginning_are_remembered_within_bounds():
    X, y = days(160), series(160)
    y[:110] = np.nan
    model, sizes = LagForecaster(SGD, 7, horizon=2), []
    for k in range(140):
        model.partial_fit(X[k : k + 1], y[k : k + 1])
        sizes.append(0 if has_learned(model) else len(model._first.y))
        if k == 100:
            with pytest.raises(NotFittedError, match="y is NaN in all"):
                model.forecast()
    assert max(sizes) == 2 * (7 + 2 * 2)
    assert 110 < sizes.index(0) < 120
    assert np.isfinite(model.forecast()).all()


def test_one_row_of_dates_waits_for_a_second_to_show_the_step():
    X = pd.DataFrame(index=pd.DatetimeIndex(["2026-01-05"]))
    model = LagForecaster(SGD, 2).partial_fit(X, [1.0])
    with pytest.raises(NotFittedError, match="give freq="):
        model.forecast()
    with pytest.raises(ValueError, match="give freq="):
        LagForecaster(SGD, 2).fit(X, [1.0])


@pytest.mark.parametrize("chunk_size", [1, 3])
def test_streams_are_evaluated_from_the_first_row_on(chunk_size):
    X, y = days(30), series(30)
    model = LagForecaster(SGD, 7, horizon=3, n_members=1)
    evaluation = evaluate_stream(model, X, y, chunk_size=chunk_size)
    assert 0 < 30 - len(evaluation.predictions) < 15
    assert np.isfinite(evaluation.predictions["y_pred"]).all()
    with pytest.raises(NotFittedError, match="No series is long enough"):
        evaluate_stream(clone(model).set_params(lags=300), X, y, chunk_size=chunk_size)
