"""LagForecaster where y, or a column known ahead, is not known: in targets, in windows, anywhere."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from shared.crossings import crossed
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor
from skbackprop.time_series import LagForecaster, PanelTimeSeriesSplit, backtest

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect")

RNG = np.random.default_rng(0)
WEEK = np.array([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0])
STRATEGIES = ["mimo", "recursive", "direct", "dirrec"]
ONE_EPOCH = {"hidden_layer_sizes": (4,), "tol": 1e9, "n_iter_no_change": 1, "random_state": 0}


def days(n, start="2026-01-01"):
    return pd.DataFrame(index=pd.date_range(start, periods=n, freq="D"))


class Counting(RegressorMixin, BaseEstimator):
    """Remembers how many windows it was given."""

    n_rows = []

    def fit(self, X, y, sample_weight=None):
        assert np.isfinite(y).all()
        self.n_rows.append(len(X))
        return self

    def predict(self, X):
        return np.zeros(len(X))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_window_with_one_known_target_is_learned(strategy):
    """neural_prophet#52: a tenth of y is missing, the horizon is 28; a tenth of the windows was left."""
    y = RNG.normal(size=300)
    y[RNG.random(300) < 0.1] = np.nan
    Counting.n_rows.clear()
    LagForecaster(Counting(), 7, horizon=28, strategy=strategy, n_members=1).fit(days(300), y)
    # of each step ahead all windows that know it, from a window of which half is known
    assert len(Counting.n_rows) == (1 if strategy == "recursive" else 28)
    known = np.isfinite(y)
    least = [known[4 + (0 if strategy in ("recursive", "dirrec") else 28) :].sum() - 3] * len(Counting.n_rows)
    assert all(n >= m - 28 for n, m in zip(Counting.n_rows, least))


@pytest.mark.parametrize(
    "estimator",
    [
        None,
        LinearRegression(),
        KNeighborsRegressor(2),
        HistGradientBoostingRegressor(max_iter=3),
        BackpropRegressor(**ONE_EPOCH),
        make_pipeline(StandardScaler(), BackpropRegressor(**ONE_EPOCH)),
        MLPRegressor(max_iter=2, random_state=0),
    ],
    ids=["network", "linear", "neighbours", "boosting", "backprop", "pipeline", "mlp"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_complete_window_is_needed(estimator):
    """prophet#323: closed on Sundays, so that no seven days in a row are known."""
    y = np.resize(WEEK, 200)
    y[6::7] = np.nan
    kept = np.isfinite(y)
    settings = {"lags": 14, "horizon": 7, "n_members": 1, "n_updates": 3, "seasons": []}
    closed = [0, 1, 3, 4], [4, 5, 0, 1]  # the steps ahead, and their places in the week: 2 is a Sunday
    left_out = [0, 1, 2, 3], [4, 5, 0, 1]  # Sundays are no steps of the clock
    for X, part, (ahead, places) in ((days(200), y, closed), (days(200)[kept], y[kept], left_out)):
        net = LagForecaster(estimator, **settings).fit(X, part)
        assert np.isfinite(net.forecast()).all()
        if isinstance(estimator, LinearRegression):
            assert_allclose(net.forecast()[ahead], WEEK[places], atol=0.5)


def test_networks_learn_all_outputs_at_once():
    y = np.resize(WEEK, 200)
    y[6::7] = np.nan
    nets = [BackpropRegressor(**ONE_EPOCH), make_pipeline(StandardScaler(), BackpropRegressor(**ONE_EPOCH))]
    for estimator, n_clones in (*((net, 1) for net in nets), (LinearRegression(), 7)):
        net = LagForecaster(estimator, 14, horizon=7, n_members=1).fit(days(200), y)
        assert len(net.models_.members[0][0].fitted[0]) == n_clones
    whole = LagForecaster(LinearRegression(), 14, horizon=7, n_members=1).fit(days(200), np.resize(WEEK, 200))
    assert len(whole.models_.members[0][0].fitted[0]) == 1


def test_unknown_targets_are_not_taken_for_numbers():
    """The forecast is that of the known targets alone: regressions on the windows that know a step."""
    y = RNG.normal(size=80).cumsum()
    y[[20, 21, 40, 55]] = np.nan
    settings = {"normalize": None, "seasons": [], "n_members": 1, "horizon": 3}
    mimo = LagForecaster(LinearRegression(), 2, **settings).fit(days(80), y)
    learned, targets, age = [], [], []
    padded = np.r_[np.nan, y]
    for origin in range(77):
        window, ahead = padded[origin : origin + 2], y[origin + 1 : origin + 4]
        if np.isfinite(window).any() and np.isfinite(ahead).any():
            learned.append(np.nan_to_num(window))
            targets.append(ahead)
            age.append(79 - origin)
    learned, targets = np.array(learned), np.array(targets)
    weight = 0.5 ** (4 * np.array(age) / max(age))
    for step in range(3):
        known = np.isfinite(targets[:, step])
        model = LinearRegression().fit(learned[known], targets[known, step], weight[known])
        assert_allclose(mimo.forecast()[step], model.predict([y[-2:]])[0], atol=1e-8)


@crossed(
    early_stopping=[False, True],
    quantile=[0.5, [0.1, 0.5, 0.9]],
    estimator={"network": None, "given": BackpropRegressor(**ONE_EPOCH)},
)
def test_validation_and_quantile_heads(estimator, quantile, early_stopping):
    y = np.resize(WEEK, 200)
    y[6::7] = np.nan
    net = LagForecaster(
        estimator, 14, horizon=7, n_members=1, n_updates=5, quantile=quantile,
        early_stopping=early_stopping, calibration_horizons=3,
    ).fit(days(200), y)  # fmt: skip
    lower, upper = net.predict_interval(days(207)[200:]).T
    assert (lower <= upper).all()
    assert np.isfinite([lower, upper]).all()


@pytest.mark.parametrize(
    "estimator",
    [
        None,
        BackpropRegressor(**ONE_EPOCH),
        MLPRegressor(max_iter=2, random_state=0),
        SGDRegressor(max_iter=5, tol=None),
    ],
    ids=["network", "backprop", "mlp", "sgd"],
)
@pytest.mark.parametrize("strategy", ["mimo", "direct"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_streams_learn_windows_that_are_partly_known(estimator, strategy):
    y = np.resize(WEEK, 180)
    net = LagForecaster(
        estimator, 7, horizon=7, n_members=1, n_updates=3, strategy=strategy, calibration_horizons=3
    )
    net.fit(days(130), y[:130])
    y[6::7] = np.nan
    for k in range(130, 180, 5):
        net.partial_fit(days(180)[k : k + 5], y[k : k + 5])
    assert np.isfinite(net.forecast()).all()


def test_a_window_is_learned_once():
    """When the row of its last target has come, known or not; a chunk learns what the whole would."""
    y = np.resize(WEEK, 90)
    y[RNG.random(90) < 0.3] = np.nan
    Counting.n_rows.clear()
    LagForecaster(Counting(), 5, horizon=3, strategy="direct", n_members=1).fit(days(90), y)
    whole = list(Counting.n_rows)
    seen = [0, 0, 0]

    class Stream(Counting):
        def partial_fit(self, X, y, sample_weight=None):
            self.n_learned_ = vars(self).get("n_learned_", 0) + len(X)
            return self

    net = LagForecaster(Stream(), 5, horizon=3, strategy="direct", n_members=1)
    Counting.n_rows.clear()
    net.fit(days(90)[:40], y[:40])
    first = list(Counting.n_rows)
    for k in range(40, 90):
        net.partial_fit(days(90)[k : k + 1], y[k : k + 1])
    for step, (member,) in enumerate(net.models_.members):
        seen[step] = first[step] + member.fitted[0][0][0].n_learned_
    assert np.abs(np.subtract(seen, whole)).max() <= 2  # the usual share of known steps is not quite the same


def test_a_step_that_is_never_known():
    """Where the last value is known, the one two steps on is not."""
    y = np.where(np.arange(80) % 4 < 2, np.resize(WEEK, 80), np.nan)
    with pytest.raises(ValueError, match="none has a known y 2 steps after its end"):
        LagForecaster(Ridge(), [1], horizon=2, n_members=1).fit(days(80), y)
    assert np.isfinite(LagForecaster(Ridge(), 8, horizon=2, n_members=1).fit(days(80), y).forecast()).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("normalize", ["mean", None])
def test_nothing_known_is_no_number(strategy, normalize):
    y = np.resize(WEEK, 90)
    settings = {
        "lags": 7,
        "horizon": 3,
        "strategy": strategy,
        "normalize": normalize,
        "n_members": 1,
        "calibration_horizons": 20,
    }
    with pytest.raises(ValueError, match="y is NaN in all 90 rows"):
        LagForecaster(Ridge(), **settings).fit(days(90), np.full(90, np.nan))
    tail = np.r_[y[:70], np.full(20, np.nan)]
    net = LagForecaster(Ridge(), **settings).fit(days(90), tail)
    assert np.isnan(net.forecast(5)).all()
    assert np.isnan(net.predict(days(93)[90:])).all()
    assert np.isnan(net.predict_interval(days(93)[90:])).all()
    net.observe(days(91)[90:], y[:1])  # it goes on when something is known again
    assert np.isfinite(net.forecast(5)).all()
    net = LagForecaster(Ridge(), **settings | {"calibration_horizons": None}).fit(days(40), y[:40])
    one_step = net.predict_one_step(days(90)[40:], tail[40:])
    assert np.isfinite(one_step[:37]).all()
    assert np.isnan(one_step[37:]).all()


@pytest.mark.parametrize("estimator", [Ridge(), HistGradientBoostingRegressor(max_iter=3)])
def test_a_series_of_a_panel_of_which_nothing_is_known(estimator):
    X = pd.DataFrame({"id": np.repeat(["a", "b"], 60), "t": np.tile(np.arange(60), 2)})
    y = np.r_[np.resize(WEEK, 60), np.full(60, np.nan)]
    net = LagForecaster(estimator, 7, horizon=2, groups="id", time="t").fit(X, y)
    forecast = net.forecast()
    assert np.isfinite(forecast[0]).all()
    assert np.isnan(forecast[1]).all()


def test_calibration_needs_a_known_y():
    y = np.r_[np.resize(WEEK, 70), np.full(20, np.nan)]
    with pytest.raises(
        ValueError, match=r"calibration_horizons=3: of the last 9 steps.* no forecast can be compared"
    ):
        LagForecaster(Ridge(), 7, horizon=3, calibration_horizons=3).fit(days(90), y)
    some = np.resize(WEEK, 90)
    some[-9:][np.arange(9) % 3 != 0] = np.nan
    net = LagForecaster(Ridge(), 7, horizon=3, calibration_horizons=3).fit(days(90), some)
    assert np.isfinite(net.predict_interval(days(93)[90:], 0.5)).all()
    with pytest.raises(ValueError, match=r"coverage=0\.9 needs at least 9 errors of a step ahead"):
        net.predict_interval(days(93)[90:])


def promoted(n=120):
    X = days(n).assign(promo=RNG.integers(0, 2, n).astype(float))
    return X, 10 + 5 * X.promo.to_numpy() + RNG.normal(size=n) * 0.01


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_forecast_never_depends_on_the_other_rows(strategy):
    """neuralforecast#381, #685: it is the same, or there is none."""
    X, y = promoted()
    net = LagForecaster(Ridge(), 5, horizon=3, strategy=strategy, known_future="promo").fit(X[:100], y[:100])
    together = net.predict(X[100:112])
    for chosen in ([0], [2], [5], [0, 1], [1, 2], [0, 1, 2], [3, 4], [0, 5], list(range(6)), list(range(8))):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                part = net.predict(X[100:112].iloc[chosen])
        except ValueError as error:
            assert "known_future='promo'" in str(error)
            continue
        known = np.isfinite(part)
        assert_allclose(part[known], together[chosen][known], rtol=1e-9)
    if strategy == "direct":  # a step sees its own row alone, within the first horizon
        assert_allclose(net.predict(X[102:103]), together[2:3])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_columns_known_ahead_that_are_not_known(strategy):
    X, y = promoted()
    net = LagForecaster(
        Ridge(), 5, horizon=3, strategy=strategy, known_future="promo", calibration_horizons=4
    )
    net.fit(X[:100], y[:100])
    ahead = X[100:106].copy()
    for predict in (net.predict, net.predict_interval):
        with pytest.raises(ValueError, match="known_future='promo': 6 of 6 rows"):
            predict(ahead.assign(promo=np.nan))
    whole = net.predict(ahead)
    ahead.iloc[4, 0] = np.nan
    with pytest.warns(UserWarning, match="known_future='promo': .* of 6 rows of X get no forecast"):
        part = net.predict(ahead)
    assert np.isnan(part[4])
    assert_allclose(part[:3], whole[:3])
    with pytest.raises(ValueError, match="`forecast` knows nothing ahead"):
        net.forecast()
    learned = X.copy()
    learned.iloc[50:60, 0] = np.nan  # in the past they may be missing
    net = LagForecaster(Ridge(), 5, horizon=3, strategy=strategy, known_future="promo").fit(
        learned[:100], y[:100]
    )
    assert np.isfinite(net.predict(X[100:106])).all()


def test_a_backtest_of_forecasts_that_rest_on_nothing():
    X, y = promoted()
    X.iloc[-2, 0] = np.nan
    net = LagForecaster(Ridge(), 5, horizon=3, known_future="promo")
    with pytest.warns(UserWarning, match="known_future='promo'"):
        X_more = pd.concat([X, days(1, X.index[-1] + pd.Timedelta(days=1)).assign(promo=1.0)])
        net.fit(X[:117], y[:117]).predict(
            pd.concat([X_more[117:], X_more[:0]])[:4].assign(promo=[1, 1, 1, np.nan])
        )
    with pytest.raises(ValueError, match="known_future='promo'"):
        backtest(net, X, y, PanelTimeSeriesSplit(1, horizon=3))


def test_columns_that_hardly_vary_are_not_blown_up():
    """The rounding errors of a constant column are no spread to divide by."""
    X = days(90).assign(x=0.1)
    y = np.resize(WEEK, 90)
    net = LagForecaster(LinearRegression(), 7, horizon=2).fit(X, y)
    assert_array_equal(net.windows_.spread, [0.1])
