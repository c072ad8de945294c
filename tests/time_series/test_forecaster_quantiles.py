"""Quantile heads of LagForecaster, and training that stops by the last windows in time."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, QuantileRegressor, Ridge
from sklearn.metrics import d2_pinball_score, mean_pinball_loss, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor
from skbackprop.time_series import LagForecaster, PanelTimeSeriesSplit, backtest

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect")

LEVELS = [0.1, 0.5, 0.9]


def days(n):
    return pd.DataFrame(index=pd.date_range("2026-01-01", periods=n, freq="D"))


def uneven(n, seed=0):
    """A week whose last two days are ten times as uncertain."""
    rng = np.random.default_rng(seed)
    return 50 + np.resize([1.0, 1, 1, 1, 1, 10, 10], n) * rng.normal(size=n)


def test_heads_are_quantile_regressions():
    y = np.random.default_rng(0).normal(size=60).cumsum()
    net = LagForecaster(
        QuantileRegressor(alpha=0.0), 2, quantile=LEVELS, normalize=None, seasons=[], horizon=1
    ).fit(days(60), y)
    X, age = np.column_stack([y[:-2], y[1:-1]]), np.arange(58)[::-1]
    given = {"sample_weight": 0.5 ** (4 * age / 57)}
    # windows of which half is known count as well: one more row, whose first lag is filled with 0
    X, target = np.vstack([[0.0, y[0]], X]), y[1:]
    given["sample_weight"] = 0.5 ** (4 * np.arange(59)[::-1] / 58)
    expected = [
        QuantileRegressor(quantile=level, alpha=0.0).fit(X, target, **given).predict([y[-2:]])[0]
        for level in LEVELS
    ]
    quantiles = net.predict(pd.DataFrame(index=pd.date_range("2026-03-02", periods=1)))
    assert_allclose(quantiles, [np.sort(expected)], atol=1e-6)


@pytest.mark.parametrize("strategy", ["mimo", "recursive", "direct", "dirrec"])
@pytest.mark.parametrize(
    "estimator",
    [
        None,
        make_pipeline(StandardScaler(), QuantileRegressor(alpha=0.0)),
        HistGradientBoostingRegressor(max_iter=5),
        BackpropRegressor(hidden_layer_sizes=(4,), tol=1e9, n_iter_no_change=2),
    ],
    ids=["network", "pipeline", "boosting", "backprop"],
)
def test_each_step_has_ascending_quantiles(strategy, estimator):
    y = uneven(70)
    net = LagForecaster(
        estimator, 7, horizon=3, strategy=strategy, quantile=LEVELS, n_members=1, n_updates=5
    ).fit(days(63), y[:63])
    quantiles = net.predict(days(70)[63:])
    assert quantiles.shape == (7, 3)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert_array_equal(net.forecast(7), quantiles)
    one_step = net.predict_one_step(days(70)[63:], y[63:])
    assert one_step.shape == (7, 3)
    if strategy != "mimo":
        assert_allclose(one_step[0], quantiles[0], rtol=1e-6)
    d2 = [d2_pinball_score(y[63:], column, alpha=level) for column, level in zip(quantiles.T, LEVELS)]
    assert net.score(days(70)[63:], y[63:]) == pytest.approx(np.mean(d2))
    lower, upper = net.predict_interval(days(70)[63:], 0.8).T
    assert_array_equal(np.column_stack([lower, upper]), quantiles[:, [0, 2]])


def test_the_network_learns_which_days_are_uncertain():
    y = uneven(1400)
    net = LagForecaster(lags=7, horizon=7, seasons=[7], quantile=LEVELS, n_members=1, n_updates=150)
    net.fit(days(1050), y[:1050])
    hits, widths = [], []
    for k in range(1050, 1400, 7):
        X = days(k + 7)[k:]
        lower, upper = net.predict_interval(X, 0.8).T
        hits.append((lower <= y[k : k + 7]) & (y[k : k + 7] <= upper))
        widths.append(upper - lower)
        net.observe(X, y[k : k + 7])
    assert 0.7 < np.mean(hits) < 0.9
    width = np.mean(widths, axis=0)
    assert width[5:].min() > 4 * width[:5].max()


class Narrow(RegressorMixin, BaseEstimator):
    """Quantiles of y that hold four fifths of the share that they are asked for."""

    def __init__(self, quantile=0.5):
        self.quantile = quantile

    def fit(self, X, y):
        self.value_ = np.quantile(y, 0.5 + 0.8 * (self.quantile - 0.5))
        return self

    def predict(self, X):
        return np.full(len(X), self.value_)


def test_calibration_corrects_quantiles_that_are_wrong():
    """Conformalized quantile regression: heads of 78 % that are asked for 98 % of the values."""
    corrected, narrow = [], []  # (whether the interval holds y, its width)
    for seed in range(2):
        y = np.random.default_rng(seed).normal(size=800)
        net = LagForecaster(
            Narrow(),
            7,
            strategy="recursive",
            quantile=[0.01, 0.5, 0.99],
            calibration_horizons=200,
            normalize=None,
        ).fit(days(700), y[:700])
        raw = clone(net).set_params(calibration_horizons=None).fit(days(700), y[:700])
        for k in range(700, 800):
            X = days(k + 1)[k:]
            for model, found in ((net, corrected), (raw, narrow)):
                ((lower, upper),) = model.predict_interval(X, 0.98)
                found.append((lower <= y[k] <= upper, upper - lower))
                model.observe(X, y[k : k + 1])
    share, width = np.mean(corrected, axis=0)
    assert np.mean(narrow, axis=0)[0] < 0.9 < 0.95 < share
    assert_allclose(width, 2 * 2.326, rtol=0.2)  # of the normal distribution


def test_a_share_that_is_no_pair_of_quantiles_is_calibrated_around_the_median():
    y = uneven(400)
    net = LagForecaster(QuantileRegressor(alpha=0.0), 7, quantile=LEVELS, calibration_horizons=60)
    net.fit(days(280), y[:280])
    hits = []
    for k in range(280, 400):
        X = days(k + 1)[k:]
        lower, upper = net.predict_interval(X, 0.6).T
        assert_allclose((lower + upper) / 2, net.predict(X)[:, 1])
        hits.append(lower <= y[k] <= upper)
        net.observe(X, y[k : k + 1])
    assert 0.45 < np.mean(hits) < 0.75


def test_streams_adapt_quantiles():
    y = uneven(400)
    net = LagForecaster(quantile=LEVELS, calibration_horizons=30, n_members=1, n_updates=20, lags=7)
    net.fit(days(300), y[:300])
    for k in range(300, 320):
        net.partial_fit(days(k + 1)[k:], y[k : k + 1])
    assert (net.conformal_.moves != 0).all()
    assert net.predict(days(321)[320:]).shape == (1, 3)


class Shifted(RegressorMixin, BaseEstimator):
    """The last value and a quantile of the changes: these never cross."""

    def __init__(self, quantile=0.5):
        self.quantile = quantile

    def fit(self, X, y):
        self.change_ = np.quantile(y - X[:, -1], self.quantile)
        return self

    def predict(self, X):
        return X[:, -1] + self.change_


@pytest.mark.parametrize("strategy", ["mimo", "recursive"])
def test_the_median_is_learned_with_any_quantile(strategy):
    """Longer forecasts continue from it; what is asked for is what is given."""
    y, X = np.random.default_rng(0).exponential(size=70).cumsum(), days(90)
    settings = {"horizon": 3, "strategy": strategy, "seasons": [], "normalize": None}
    whole = LagForecaster(Shifted(), 7, quantile=LEVELS, **settings).fit(X[:70], y)
    of_all = whole.predict(X[70:])
    for asked, columns in ((0.9, 2), (0.5, 1), ([0.1, 0.9], [0, 2]), ([0.9], [2])):
        net = clone(whole).set_params(quantile=asked).fit(X[:70], y)
        found = net.predict(X[70:])
        assert_allclose(found, of_all[:, columns], atol=1e-6)
        assert_array_equal(net.forecast(20), found)
        if np.ndim(asked) == 0:
            assert net.score(X[70:], y[:20]) == pytest.approx(r2_score(y[:20], found))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quantile": []}, "ascending order"),
        ({"quantile": [0.9, 0.5, 0.1]}, "must be a number inside .*, or several in ascending order"),
        ({"quantile": [0.0, 0.5]}, "several in ascending order"),
        ({"quantile": LEVELS}, "quantile= needs a regressor with a parameter quantile.* Ridge has none"),
        ({"early_stopping": True}, "early_stopping= needs a regressor with a parameter early_stopping"),
        ({"early_stopping": True, "validation_fraction": 1.0}, "'validation_fraction' parameter"),
    ],
)
def test_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        LagForecaster(Ridge(), 3, **settings).fit(days(40), np.arange(40.0))


def test_without_quantiles():
    net = LagForecaster(Ridge(), 3).fit(days(40), np.arange(40.0))
    with pytest.raises(ValueError, match="both ends of the interval among quantile="):
        net.predict_interval(days(41)[40:])


def test_backtests_measure_all_quantiles():
    y = uneven(120)
    net = LagForecaster(QuantileRegressor(alpha=0.0), 7, quantile=LEVELS)
    result = backtest(net, days(120), y, PanelTimeSeriesSplit(3, horizon=1))
    part = result.predictions
    expected = [mean_pinball_loss(part.y, part[f"quantile {level}"], alpha=level) for level in LEVELS]
    assert_allclose(result.summary().pinball["LagForecaster"], np.mean(expected))


class Recorder(RegressorMixin, BaseEstimator):
    """Remembers what it was given."""

    def __init__(self, early_stopping=False):
        self.early_stopping = early_stopping

    def fit(self, X, y, X_val=None, y_val=None):
        self.seen_ = y, y_val, self.early_stopping
        self.model_ = LinearRegression().fit(X, y)
        return self

    def predict(self, X):
        return self.model_.predict(X)


def test_windows_to_validate_on_come_after_all_that_are_learned():
    """Step t has the value t: targets tell their time."""
    y, horizon = np.arange(100.0), 5
    settings = {"horizon": horizon, "normalize": None, "seasons": [], "strategy": "direct", "n_members": 1}
    net = LagForecaster(Recorder(), 2, early_stopping=True, validation_fraction=0.2, **settings)
    net.fit(days(100), y)
    for step, (member,) in enumerate(net.models_.members, start=1):
        ((estimator, _),) = member.fitted[0]
        learned, validated, early_stopping = estimator.seen_
        assert early_stopping
        first = validated.min() - (step - 1)  # the step after the origin
        assert learned.max() < first
        assert first - learned.max() == 1
        assert len(validated) / 100 == pytest.approx(0.2, abs=0.06)


def test_the_network_stops_early():
    y = np.random.default_rng(0).normal(size=400)  # nothing to learn
    settings = {"lags": 10, "n_members": 1, "n_updates": 1000}
    stopped = LagForecaster(early_stopping=True, **settings).fit(days(400), y)
    whole = LagForecaster(**settings).fit(days(400), y)
    n_stopped, n_whole = (net.models_.members[0][0].network.t_ for net in (stopped, whole))
    assert n_stopped < 0.5 * n_whole
    assert np.abs(stopped.forecast(1)).max() < 1
    before = stopped.models_.members[0][0].network.t_
    stopped.partial_fit(days(405)[400:], y[:5])
    assert stopped.models_.members[0][0].network.t_ == before + 5


def test_streams_go_on_after_training_that_stopped_early():
    y = np.random.default_rng(0).normal(size=360)
    net = BackpropRegressor(hidden_layer_sizes=(4,), max_iter=500)
    forecaster = LagForecaster(net, 3, early_stopping=True, n_members=1).fit(days(300), y[:300])
    ((learner, _),) = forecaster.models_.members[0][0].fitted[0]
    before = learner.t_
    for k in range(300, 360):
        forecaster.partial_fit(days(k + 1)[k:], y[k : k + 1])
    ((learner, _),) = forecaster.models_.members[0][0].fitted[0]
    assert learner.t_ == before + 60


def test_boosting_stops_early_on_each_step():
    y = np.random.default_rng(0).normal(size=300)
    boosting = HistGradientBoostingRegressor(max_iter=200, n_iter_no_change=3)
    net = LagForecaster(boosting, 7, horizon=2, early_stopping=True, n_members=1).fit(days(300), y)
    fitted = net.models_.members[0][0].fitted[0]
    assert [estimator.n_iter_ < 200 for estimator, _ in fitted] == [True, True]


def test_too_few_windows_to_validate_on():
    net = LagForecaster(horizon=10, lags=5, early_stopping=True, validation_fraction=0.05)
    with pytest.raises(ValueError, match=r"validation_fraction=0.05 leaves \d+ windows to learn from and 0"):
        net.fit(days(60), np.arange(60.0))
