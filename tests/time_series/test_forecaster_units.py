"""The unit of y changes no forecast, nor does its level where the normalisation takes a level away."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from shared.crossings import crossed
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from skbackprop import BackpropRegressor
from skbackprop.time_series import LagForecaster
from skbackprop.time_series.windows import NORMALIZERS

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect")

RNG = np.random.default_rng(0)
N = 120
STRATEGIES = ["mimo", "recursive", "direct", "dirrec"]
LEVELLED = ["last", "mean", "revin"]  # that take a level away


def days(n):
    return pd.DataFrame(index=pd.date_range("2026-01-01", periods=n, freq="D"))


SERIES = {
    "runs of zeros": np.where(RNG.random(N) < 0.1, RNG.integers(500, 1500, N), 0).astype(float),
    "constant": np.full(N, 7.0),
    "zero": np.zeros(N),
    "one spike": np.where(np.arange(N) == 70, 1000.0, 0.0),
    "two levels": np.where(np.arange(N) < 60, 3.0, 11.0),
    "week": np.resize([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0], N),
    "walk": RNG.integers(-4, 5, N).cumsum().astype(float),
}
ESTIMATORS = {
    "linear": Ridge(1e-6),  # windows less their level are collinear: rounding decides on least squares
    "neighbours": KNeighborsRegressor(3),
    "tree": DecisionTreeRegressor(max_depth=3, random_state=0),
    "network": None,
    "quantiles": None,
    "scaled network": BackpropRegressor(target_scaling="standard", max_iter=3, tol=1e9, n_iter_no_change=1),
}


def forecaster(name, **settings):
    settings = {"lags": 8, "horizon": 3, "n_members": 1, "n_updates": 3} | settings
    if name == "quantiles":
        settings["quantile"] = [0.1, 0.5, 0.9]
    return LagForecaster(clone(ESTIMATORS[name], safe=False), **settings)


def forecasts(net, y, X=None):
    X = days(len(y)) if X is None else X
    return net.fit(X, y).forecast()


@crossed(series=list(SERIES), normalize=[None, *LEVELLED, "level"], strategy=STRATEGIES)
def test_the_unit_changes_nothing(series, normalize, strategy):
    """lag-llama#130, gluonts#636: intermittent demand in grams, kilograms and tonnes."""
    y = SERIES[series]
    net = forecaster("tree", normalize=normalize, strategy=strategy)
    usual = forecasts(net, y)
    for unit in (2.0**-14, 2.0**14):  # exact
        assert_array_equal(forecasts(net, unit * y), unit * usual)


@crossed(
    series=["runs of zeros", "one spike", "constant"],
    normalize=[None, *LEVELLED, "level"],
    estimator=["linear", "neighbours", "network", "quantiles", "scaled network"],
)
def test_no_estimator_sees_the_unit(series, normalize, estimator):
    y = SERIES[series]
    net = forecaster(estimator, normalize=normalize)
    usual = forecasts(net, y)
    for unit in (1e-3, 1e3):
        assert_allclose(forecasts(net, unit * y) / unit, usual, rtol=1e-3, atol=1e-4 * np.ptp(y))


@crossed(series=list(SERIES), normalize=LEVELLED, strategy=STRATEGIES)
def test_the_level_moves_forecasts_as_it_moves_y(series, normalize, strategy):
    y = SERIES[series]
    net = forecaster("linear", normalize=normalize, strategy=strategy)
    usual = forecasts(net, y)
    for level in (-64.0, 4096.0):
        assert_allclose(forecasts(net, y + level) - level, usual, rtol=1e-5, atol=1e-6 * max(1, np.ptp(y)))


@pytest.mark.parametrize("normalize", LEVELLED)
@pytest.mark.parametrize("estimator", ["tree", "network"])
def test_a_panel_of_all_kinds(normalize, estimator):
    X = pd.DataFrame({"id": np.repeat(list(SERIES), N), "t": np.tile(np.arange(N), len(SERIES))})
    y = np.concatenate(list(SERIES.values()))
    net = forecaster(estimator, normalize=normalize, groups="id", time="t")
    usual = forecasts(net, y, X)
    assert_allclose(forecasts(net, 1024 * y, X), 1024 * usual, rtol=1e-5, atol=1e-2)
    assert_allclose(forecasts(net, y + 64, X) - 64, usual, rtol=1e-4, atol=1e-2)
    assert_array_equal(usual[[1, 2]], [[7.0] * 3, [0.0] * 3])  # what never changed goes on


@pytest.mark.parametrize("normalize", [None, *LEVELLED, "level"])
@pytest.mark.parametrize("series", ["runs of zeros", "one spike", "week", "constant"])
def test_intervals_have_the_unit_of_y(series, normalize):
    y, X = SERIES[series], days(N + 3)
    net = forecaster("tree", normalize=normalize, calibration_horizons=3)
    usual = np.array(net.fit(X[:N], y).predict_interval(X[N:], 0.8))
    assert np.ptp(usual) <= 5 * np.ptp(y)
    for unit in (2.0**-10, 2.0**10):
        assert_array_equal(net.fit(X[:N], unit * y).predict_interval(X[N:], 0.8), unit * usual)


@pytest.mark.parametrize("normalize", [None, *LEVELLED, "level"])
def test_streams_have_the_unit_of_y(normalize):
    y, X = SERIES["runs of zeros"], days(N)
    found = []
    for unit in (1.0, 2.0**-10, 2.0**10):
        learner = SGDRegressor(alpha=0.0, max_iter=5, tol=None, random_state=0, eta0=1e-3)
        net = forecaster("tree", normalize=normalize, calibration_horizons=5).set_params(estimator=learner)
        net.fit(X[:60], unit * y[:60])
        for k in range(60, N, 15):
            net.partial_fit(X[k : k + 15], unit * y[k : k + 15])
        one_step = net.predict_one_step(days(N + 9)[N:], unit * y[:9])
        ends = np.ravel(net.predict_interval(days(N + 3)[N:]))
        found.append(np.concatenate([one_step, net.forecast(), ends]) / unit)
    assert_allclose(found[1], found[0], rtol=1e-9)
    assert_allclose(found[2], found[0], rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("normalize", ["last", "mean", "revin"])
def test_rounding_is_no_change(normalize, dtype):
    """Equal values with errors of rounding are equal: no noise is learned as if it were a series."""
    y = np.full(60, 0.1, dtype)
    y[::3] = np.nextafter(y[0], dtype(1))
    net = forecaster("tree", normalize=normalize).fit(days(60), y)
    assert_allclose(net.forecast(), y[0], rtol=1e-6)
    assert not net.models_.changes.count.any()


def test_a_series_that_begins_to_change_gets_a_unit():
    y = np.r_[np.full(60, 5.0), np.resize([5.0, 9.0, 2.0], 60)]
    net = forecaster("tree", n_members=1).set_params(estimator=SGDRegressor(alpha=0.0))
    net.fit(days(60), y[:60])
    assert_array_equal(net.forecast(), [5.0] * 3)
    net.partial_fit(days(120)[60:], y[60:])
    change = np.abs(np.diff(y))
    assert net.models_.changes.usual[0] == pytest.approx(change[change > 0].mean())
    assert np.ptp(net.forecast()) > 0


@pytest.mark.parametrize("size", [1, 7, 60])
def test_chunks_of_a_stream_add_up_to_the_usual_change(size):
    y = SERIES["runs of zeros"].copy()
    y[::11] = np.nan
    whole = forecaster("linear").fit(days(N), y)
    net = forecaster("linear").fit(days(60), y[:60])
    for k in range(60, N, size):
        net.observe(days(N)[k : k + size], y[k : k + size])
    assert_allclose(net.models_.changes.usual, whole.models_.changes.usual)


def test_a_quiet_window_is_no_outlier():
    """Targets after windows without change are in the unit of the series, not clipped at 30 of another."""
    y = np.where(np.arange(400) % 10 == 9, 1000.0, 0.0)
    net = LagForecaster(LinearRegression(), 5, horizon=1, seasons=[]).fit(days(394), y[:394])
    assert_allclose(net.forecast(1), [0.0], atol=300)
    window = net.windows_.scale(np.zeros((1, 5)), net.models_._least[:1])
    assert_allclose(window.scale, 1000 / 3)
    assert set(NORMALIZERS) == {None, *LEVELLED, "level"}


def test_networks_need_inputs_of_about_one():
    """target_scaling gives y the size that weights are made for, but not X: slopes are far too steep then.

    A forecast that goes on from its own forecasts multiplies its errors from step to step.
    """
    y = (
        1000
        + np.resize([0.0, 3.0, 8.0, 2.0, -5.0, -9.0, -4.0], 200)
        + np.random.default_rng(0).normal(size=200)
    )
    net = BackpropRegressor(
        target_scaling="standard", random_state=0, max_iter=5, tol=1e9, n_iter_no_change=1
    )
    settings = {"lags": 14, "horizon": 28, "strategy": "recursive", "normalize": None, "n_members": 1}
    with pytest.warns(UserWarning, match="inputs of about 1.*normalize='mean'.*StandardScaler"):
        LagForecaster(net, **settings).fit(days(200), y)
    LagForecaster(make_pipeline(StandardScaler(), net), **settings).fit(days(200), y)
    LagForecaster(net, **settings | {"normalize": "mean"}).fit(days(200), y)
    LagForecaster(Ridge(), **settings).fit(days(200), y)
