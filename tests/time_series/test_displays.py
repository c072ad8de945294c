"""Pictures of forecasts: what is drawn is what was forecast."""

import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge

from skbackprop.time_series import (
    BacktestDisplay,
    ForecastDisplay,
    LagForecaster,
    PanelTimeSeriesSplit,
    backtest,
)

matplotlib.use("agg")


@pytest.fixture
def shops():
    rng = np.random.default_rng(0)
    days = pd.date_range("2026-01-01", periods=100)
    X = pd.DataFrame({"shop": np.repeat(["a", "b"], 100), "day": np.tile(days, 2)})
    y = np.tile(np.resize(np.arange(7.0), 100), 2) + rng.normal(size=200)
    net = LagForecaster(Ridge(), 7, horizon=5, groups="shop", time="day", calibration_horizons=5)
    return net, X, y, X.day < days[95]


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def test_forecasts(shops):
    net, X, y, known = shops
    net.fit(X[known], y[known])
    display = ForecastDisplay.from_estimator(net, X[~known], y[~known], coverage=0.8)
    assert len(display.axes_) == 2
    for k, ax in enumerate(display.axes_):
        observed, forecast = ax.lines
        assert_array_equal(observed.get_ydata(), y[~known][5 * k : 5 * k + 5])
        assert_array_equal(forecast.get_ydata(), net.predict(X[~known])[5 * k : 5 * k + 5])
        assert len(ax.collections) == 1
    again = ForecastDisplay.from_estimator(net, X[~known], axes=display.axes_)
    assert again.figure_ is display.figure_


def test_periods(shops):
    """And columns that are not known ahead are not needed."""
    X = pd.DataFrame({"rain": np.arange(60.0)}, index=pd.period_range("2020-01", periods=60, freq="M"))
    y = np.resize(np.arange(7.0), 60)
    net = LagForecaster(Ridge(), 7, horizon=3, calibration_horizons=3).fit(X[:57], y[:57])
    display = ForecastDisplay.from_estimator(net, X[57:][[]], y[57:], coverage=0.8)
    assert_array_equal(display.axes_[0].lines[0].get_xdata(), X.index[57:].to_timestamp())
    result = backtest(net, X, y, PanelTimeSeriesSplit(2, horizon=3))
    assert [len(ax.lines) for ax in BacktestDisplay.from_backtest(result).axes_] == [4]


def test_backtests(shops):
    net, X, y, _ = shops
    result = backtest(net, X, y, PanelTimeSeriesSplit(3, horizon=5, time="day"), coverage=0.8)
    display = BacktestDisplay.from_backtest(result)
    assert [len(ax.lines) for ax in display.axes_] == [6, 6]
    assert "MASE" in display.axes_[0].get_title()
    assert len(display.axes_[0].get_legend().get_texts()) == 3
    with pytest.raises(ValueError, match="axes: 1 were given for 2 series"):
        display.plot(display.axes_[:1])


def test_without_matplotlib(shops, monkeypatch):
    net, X, y, known = shops
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match=r"skbackprop\[plot\]"):
        ForecastDisplay.from_estimator(net.fit(X[known], y[known]), X[~known])
