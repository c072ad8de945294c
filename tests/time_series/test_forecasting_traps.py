"""Mistakes that other forecasting libraries made."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV

from skbackprop.time_series import (
    DifferenceFeatures,
    LagForecaster,
    PanelTimeSeriesSplit,
    RollingFeatures,
    backtest,
)

WEEK = np.array([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0])


def forecaster(horizon=7, **settings):
    return LagForecaster(LinearRegression(), 14, horizon=horizon, seasons=[], **settings)


@pytest.mark.parametrize(
    "index",
    [
        pd.period_range("2026-01-01", periods=91, freq="D"),
        pd.date_range("2026-01-01", periods=91, freq="2D"),
        pd.date_range("2026-01-01", periods=91, freq="15min"),
        pd.RangeIndex(10, 10 + 91 * 5, 5),
        pd.date_range("2026-01-01", periods=91, tz="Australia/Melbourne"),
    ],
    ids=["periods", "two days", "15 minutes", "numbers in fives", "time zone"],
)
def test_clocks_with_uncommon_steps(index):
    X, y = pd.DataFrame(index=index), np.resize(WEEK, 91)
    net = forecaster().fit(X[:77], y[:77])
    assert_allclose(net.predict(X[77:84]), y[77:84], atol=1e-6)
    assert_allclose(net.predict(X[80:82]), y[80:82], atol=1e-6)


def test_what_is_known_ahead_is_aligned_with_each_step():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"promotion": rng.normal(size=400)}, index=pd.date_range("2026-01-01", periods=400))
    y = 3 * X["promotion"].to_numpy()
    net = LagForecaster(Ridge(1e-6), 7, horizon=5, known_future="promotion", normalize=None, seasons=[])
    assert_allclose(net.fit(X[:390], y[:390]).predict(X[390:395]), y[390:395], atol=1e-3)


def test_differences_go_on_from_the_rows_of_an_update():
    x = np.arange(20.0)[:, None] ** 2
    index = pd.date_range("2026-01-01", periods=20)
    X = pd.DataFrame(x, index=index, columns=["x"])
    features = DifferenceFeatures([1, 7]).fit(X[:10]).partial_fit(X[10:15])
    whole = DifferenceFeatures([1, 7]).fit(X).transform(X)
    assert_array_equal(np.asarray(features.transform(X[15:])), np.asarray(whole)[15:])


def test_forecasting_other_rows_does_not_change_the_state():
    X, y = pd.DataFrame(index=pd.date_range("2026-01-01", periods=91)), np.resize(WEEK, 91)
    net = forecaster().fit(X[:77], y[:77])
    first = net.predict(X[77:84])
    net.predict(X[84:91])
    net.predict_one_step(X[:50], y[:50])
    net.forecast(30)
    assert_array_equal(net.predict(X[77:84]), first)


def test_intervals_of_a_random_walk_widen_with_the_root_of_the_step():
    """Errors of each step are measured; a sum of one-step errors would widen linearly."""
    y = np.cumsum(np.random.default_rng(0).normal(size=4000))
    X = pd.DataFrame(index=pd.RangeIndex(4016))
    net = LagForecaster(Ridge(), 8, horizon=16, normalize="last", calibration_horizons=150, seasons=[])
    net.fit(X[:4000], y)
    first, last = net.conformal_.widening(0.8, np.array([1, 16]))
    assert 2 < last / first < 8  # the root is 4, the sum 16


def test_the_gap_of_a_backtest_is_kept_in_every_series():
    days = pd.date_range("2026-01-01", periods=70)
    X = pd.DataFrame({"shop": np.repeat(["a", "b"], 70), "day": [*days, *days]})
    y = np.r_[np.resize(WEEK, 70), 10 * np.resize(WEEK, 70)]
    changed = y.copy()
    changed[[60, 61, 130, 131]] = 1e6  # the gap before the last fold
    cv = PanelTimeSeriesSplit(1, horizon=8, gap=2, time="day")
    net = forecaster(8, groups="shop", time="day")
    found = [backtest(net, X, values, cv).predictions for values in (y, changed)]
    assert_array_equal(found[0]["LagForecaster"], found[1]["LagForecaster"])
    assert_array_equal(found[0]["naive"], found[1]["naive"])


def test_a_series_shorter_than_the_horizon_is_forecast():
    days = pd.date_range("2026-01-01", periods=70)
    X = pd.DataFrame({"shop": ["a"] * 60 + ["b"] * 3, "day": [*days[:60], *days[57:60]]})
    y = np.r_[np.resize(WEEK, 60), 2.0, 3.0, 4.0]
    future = pd.DataFrame({"shop": "b", "day": days[60:67]})
    assert np.isfinite(forecaster(groups="shop", time="day").fit(X, y).predict(future)).all()


def test_float32_stays_float32():
    X = pd.DataFrame(index=pd.date_range("2026-01-01", periods=70))
    y = np.resize(WEEK, 70).astype(np.float32)
    assert forecaster().fit(X[:63], y[:63]).predict(X[63:]).dtype == np.float32


def test_the_callers_rows_are_not_changed():
    days = pd.date_range("2026-01-01", periods=70)
    X = pd.DataFrame({"day": days, "x": np.arange(70.0)}).sample(frac=1, random_state=0)
    y = np.arange(70.0)
    frame, values = X.copy(), y.copy()
    forecaster(time="day").fit(X, y)
    pd.testing.assert_frame_equal(X, frame)
    assert_array_equal(y, values)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_in_other_processes(n_jobs):
    X, y = pd.DataFrame(index=pd.date_range("2026-01-01", periods=91)), np.resize(WEEK, 91)
    search = GridSearchCV(
        forecaster(),
        {"lags": [3, 14]},
        cv=PanelTimeSeriesSplit(2, horizon=7),
        scoring="neg_mean_absolute_error",
        n_jobs=n_jobs,
    )
    assert search.fit(X, y).best_params_ == {"lags": 14}


def test_the_deviation_of_a_single_value_is_not_known():
    x = np.array([1.0, np.nan, np.nan, 4.0, 6.0, 9.0])
    X = pd.DataFrame({"x": x}, index=pd.date_range("2026-01-01", periods=6))
    found = RollingFeatures(2, ["std"], shift=1, min_periods=1).fit_transform(X)
    assert_allclose(np.asarray(found)[:, 0], X["x"].shift(1).rolling(2, min_periods=1).std(), rtol=1e-12)
