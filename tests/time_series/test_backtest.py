"""backtest, and the errors it measures."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit

from skbackprop.time_series import (
    LagForecaster,
    PanelTimeSeriesSplit,
    backtest,
    coverage_score,
    mean_absolute_scaled_error,
    root_mean_squared_scaled_error,
    symmetric_mean_absolute_percentage_error,
)

RNG = np.random.default_rng(0)
WEEK = 10 * np.arange(7.0)


def shops(n=200):
    days = pd.date_range("2026-01-01", periods=n)
    parts = [
        pd.DataFrame(
            {"shop": name, "day": days, "y": level * (np.resize(np.arange(7.0), n) + RNG.normal(size=n))}
        )
        for name, level in (("a", 1.0), ("b", 50.0))
    ]
    return pd.concat(parts).sample(frac=1, random_state=0, ignore_index=True)


def test_metrics_by_hand():
    y_train, y, y_pred = [1.0, 3.0, 2.0, 6.0], [5.0, 0.0], [6.0, 0.0]
    assert mean_absolute_scaled_error(y, y_pred, y_train=y_train) == pytest.approx(0.5 / (7 / 3))
    assert mean_absolute_scaled_error(y, y_pred, y_train=y_train, seasonality=2) == pytest.approx(0.5 / 2)
    squares = root_mean_squared_scaled_error(y, y_pred, y_train=y_train)
    assert squares == pytest.approx(np.sqrt(0.5 / (21 / 3)))
    assert symmetric_mean_absolute_percentage_error(y, y_pred) == pytest.approx(0.5 * 2 / 11)
    assert coverage_score([1, 2, 3], [0, 3, 3], [2, 4, 3]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("metric", [mean_absolute_scaled_error, root_mean_squared_scaled_error])
def test_metrics_without_a_unit(metric):
    with pytest.raises(ValueError, match="there is no unit"):
        metric([1.0], [2.0], y_train=[3.0, 3.0, 3.0])
    with pytest.raises(ValueError, match="there is no unit"):
        metric([1.0], [2.0], y_train=[3.0], seasonality=7)


def test_what_a_backtest_holds():
    frame = shops()
    cv = PanelTimeSeriesSplit(3, horizon=7, time="day")
    net = LagForecaster(Ridge(0.01), 14, horizon=7, groups="shop", time="day", calibration_horizons=3)
    result = backtest(net, frame[["shop", "day"]], frame.y, cv, coverage=0.8)
    predictions = result.predictions
    assert len(predictions) == 3 * 2 * 7
    assert_array_equal(predictions.y, frame.y.to_numpy()[predictions.row])
    for _, part in predictions.groupby(["fold", "series"]):
        part = part.sort_values("time")
        before = frame[(frame.shop == part.series.iloc[0]) & (frame.day < part.time.min())].sort_values("day")
        assert_array_equal(part["naive"], np.full(7, before.y.iloc[-1]))
        assert_array_equal(part["seasonal naive"], before.y.iloc[-7:])
        assert (part.lower <= part.upper).all()
    summary = result.summary()
    assert list(summary.index) == ["LagForecaster", "naive", "seasonal naive"]
    assert summary.MASE["LagForecaster"] < summary.MASE["seasonal naive"] < summary.MASE["naive"]
    assert 0.5 < summary.coverage["LagForecaster"] <= 1
    by_hand = predictions[(predictions.fold == 1) & (predictions.series == "b")]
    score = result.scores.query("fold == 1 and series == 'b' and method == 'LagForecaster'")
    assert_allclose(score.MAE, np.abs(by_hand.y - by_hand.LagForecaster).mean())


@pytest.mark.parametrize("refit", [True, False, 2])
def test_without_refitting_the_forecaster_observes(refit):
    y = np.resize(np.arange(7.0), 100) + 0.1 * RNG.normal(size=100)
    X = pd.DataFrame(index=pd.date_range("2026-01-01", periods=100))
    cv = TimeSeriesSplit(4, test_size=7)
    net = LagForecaster(Ridge(), 14, horizon=7)
    result = backtest(net, X, y, cv, refit=refit)
    model = None
    for fold, (train, test) in enumerate(cv.split(X)):
        if model is None or (refit and fold % int(refit) == 0):
            model = LagForecaster(Ridge(), 14, horizon=7).fit(X.iloc[train], y[train])
        else:
            model.observe(X.iloc[train[-7:]], y[train[-7:]])
        expected = model.predict(X.iloc[test])
        assert_allclose(result.predictions.query("fold == @fold").LagForecaster, expected)


def test_a_gap_is_kept():
    """skforecast 0.18, #1028: rows of the gap are not seen."""
    frame = shops()
    cv = PanelTimeSeriesSplit(2, horizon=3, gap=5, time="day")
    net = LagForecaster(Ridge(), 7, horizon=3, groups="shop", time="day")
    a = backtest(net, frame[["shop", "day"]], frame.y, cv).predictions
    changed = frame.y.where(frame.day <= frame.day.max() - pd.Timedelta(days=8), 1e6)
    b = backtest(net, frame[["shop", "day"]], changed, cv).predictions
    assert_array_equal(a[a.fold == 1].LagForecaster, b[b.fold == 1].LagForecaster)


def weekly(n):
    return pd.DataFrame(index=pd.date_range("2026-01-01", periods=n)), np.resize(WEEK, n)


@pytest.mark.parametrize("settings", [{"gap": 3}, {"gap": 9, "window": 40}])
def test_the_season_is_repeated_in_its_phase_after_a_gap(settings):
    X, y = weekly(80)
    cv = PanelTimeSeriesSplit(3, horizon=5, **settings)
    found = backtest(LagForecaster(Ridge(), 14, horizon=5), X, y, cv, seasonality=7)
    assert_array_equal(found.predictions["seasonal naive"], found.predictions["y"])
    assert_allclose(found.summary()["MASE"]["seasonal naive"], np.nan)  # the season never changes
    rows = np.r_[0:60, 63:80]  # missing steps count
    found = backtest(LagForecaster(Ridge(), 14, horizon=5), X.iloc[rows], y[rows], cv, seasonality=7)
    assert_array_equal(found.predictions["seasonal naive"], found.predictions["y"])


def test_values_that_are_not_known_have_no_error():
    X, y = weekly(60)
    y[[50, 55, 56]] = np.nan
    cv = PanelTimeSeriesSplit(2, horizon=3)
    found = backtest(LagForecaster(Ridge(), 14, horizon=3), X, y, cv, seasonality=7)
    assert_array_equal(found.predictions["naive"], np.repeat(y[[53, 54]], 3))
    assert found.summary().notna()["MAE"].all()


def test_series_that_have_not_begun_are_left_out():
    X, _ = weekly(60)
    X = pd.DataFrame({"shop": ["a"] * 60 + ["b"] * 5, "day": [*X.index, *X.index[-5:]]})
    y = np.r_[np.resize(WEEK, 60), np.arange(5.0)]
    cv = PanelTimeSeriesSplit(2, horizon=3, time="day")
    net = LagForecaster(Ridge(), 14, horizon=3, groups="shop", time="day")
    found = backtest(net, X, y, cv).predictions
    assert list(found["series"]) == ["a"] * 6 + ["b"] * 3


@pytest.mark.parametrize("refit", [0, -1, 1.5, "never"])
def test_refit_is_checked(refit):
    X, y = weekly(60)
    with pytest.raises(ValueError, match="refit="):
        backtest(LagForecaster(Ridge(), 7), X, y, PanelTimeSeriesSplit(2), refit=refit)


def test_other_estimators_are_refused():
    X, y = weekly(60)
    with pytest.raises(TypeError, match="a LagForecaster is needed, not Ridge"):
        backtest(Ridge(), X, y, PanelTimeSeriesSplit(2))
