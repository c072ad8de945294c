"""LagForecaster: what it forecasts, from what, and what it must never see."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from shared.checks import scikit_learn_checks
from shared.crossings import some_or_all
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeRegressor

from skbackprop.time_series import LagForecaster, PanelTimeSeriesSplit, check_causal, conformal

RNG = np.random.default_rng(0)
WEEK = np.array([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0])
STRATEGIES = ["mimo", "recursive", "direct", "dirrec"]


def days(n, start="2026-01-01"):
    return pd.DataFrame(index=pd.date_range(start, periods=n, freq="D"))


def panel(lengths=(90, 60, 75), ahead=0):
    parts = []
    for k, n in enumerate(lengths):
        t = np.arange(n + ahead)
        y = (10.0**k) * (np.resize(WEEK, len(t)) + 0.05 * t)
        when = pd.date_range("2026-04-01", periods=n + ahead)[:] - pd.Timedelta(days=n)
        parts.append(pd.DataFrame({"shop": f"s{k}", "day": when, "y": y, "step": t - n}))
    return pd.concat(parts, ignore_index=True)


def split(frame):
    known = frame[frame.step < 0]
    return known, frame[frame.step >= 0]


EXPECTED = {
    "check_methods_sample_order_invariance": "rows without time follow each other: their order is the time",
    "check_regressor_data_not_an_array": "rows that were learned are not to come: no forecast",
    "check_methods_subset_invariance": "a row without time is one step after the row before it",
}


@scikit_learn_checks(
    [LagForecaster(lags=2, n_members=1, n_updates=5)], expected_failed_checks=lambda estimator: EXPECTED
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@scikit_learn_checks(
    [LagForecaster(Ridge(), 2, horizon=2)], expected_failed_checks=lambda estimator: EXPECTED
)
def test_scikit_learn_checks_of_another_regressor(estimator, check):
    check(estimator)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("normalize", ["last", "mean", "revin", "level", None])
@pytest.mark.smoke
def test_a_weekly_pattern_goes_on(strategy, normalize):
    y = np.resize(WEEK, 70)
    net = LagForecaster(LinearRegression(), 14, horizon=5, strategy=strategy, normalize=normalize, seasons=[])
    net.fit(days(70), y)
    assert_allclose(net.forecast(12), np.resize(WEEK, 82)[70:], atol=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_linear_models_equal_their_textbook_form(strategy):
    """Without normalisation and calendar a forecast is a regression on lagged values."""
    y, horizon = RNG.normal(size=60).cumsum(), 3
    net = LagForecaster(
        LinearRegression(), 2, horizon=horizon, strategy=strategy, normalize=None, seasons=[]
    ).fit(days(60), y)

    def regress(n_lags, step):
        origins = np.arange(60 - step)
        padded = np.r_[np.zeros(n_lags), y]
        X = np.array([padded[t + 1 : t + 1 + n_lags] for t in origins])
        age = 59 - origins
        return LinearRegression().fit(X, y[origins + step], sample_weight=0.5 ** (4 * age / 59))

    forecasts = []
    for step in range(1, horizon + 1):
        if strategy == "dirrec":
            model, window = regress(1 + step, 1), [*y[-2:], *forecasts]
        elif strategy == "recursive":
            model, window = regress(2, 1), [*y[-2:], *forecasts][-2:]
        else:
            model, window = regress(2, horizon if strategy == "mimo" else step), y[-2:]
            if strategy == "mimo" and step < horizon:
                model = None
        forecasts.append(net.forecast()[step - 1] if model is None else model.predict([window])[0])
    assert_allclose(net.forecast(), forecasts, atol=1e-8)


@pytest.mark.parametrize("normalize", ["last", "mean", "revin"])
def test_forecasts_move_with_the_level_and_the_unit(normalize):
    y = RNG.normal(size=80).cumsum()
    trees = HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=5)
    net = LagForecaster(trees, 5, horizon=2, normalize=normalize, n_members=1)
    usual = net.fit(days(80), y).forecast()
    moved = clone(net).fit(days(80), 1000 + 8 * y).forecast()
    if normalize != "revin":
        assert np.abs(moved - (1000 + 8 * usual)).max() < 8 * np.ptp(y)
    window = net.windows_
    a, b = (window.scale(part[None, -5:], np.zeros(1)) for part in (y, 1000 + 8 * y))
    assert_allclose(a.of(y[None]), b.of(1000 + 8 * y[None]), atol=1e-9)
    assert_allclose(a.inverse(a.of(y[None])), y[None], atol=1e-12)


def test_a_panel_of_unequal_lengths_and_levels():
    known, future = split(panel(ahead=7))
    net = LagForecaster(Ridge(1e-6), 14, horizon=7, groups="shop", time="day")
    net.fit(known[["shop", "day"]], known.y)
    shuffled = future.sample(frac=1, random_state=0)
    assert_allclose(net.predict(shuffled[["shop", "day"]]), shuffled.y, rtol=1e-2)
    assert net.forecast(7).shape == (3, 7)
    assert_array_equal(net.forecast(7).ravel(), net.predict(future[["shop", "day"]]))


def test_order_of_rows_does_not_matter():
    known, future = split(panel(ahead=4))
    net = LagForecaster(Ridge(), 7, horizon=4, groups="shop", time="day")
    a = net.fit(known[["shop", "day"]], known.y).predict(future[["shop", "day"]])
    mixed = known.sample(frac=1, random_state=1)
    b = clone(net).fit(mixed[["shop", "day"]], mixed.y).predict(future[["shop", "day"]])
    assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_known_ahead_is_used_at_its_own_step(strategy):
    """mlforecast#705: each step's own value, not that of the first step."""
    X = days(200).assign(sale=RNG.integers(0, 2, 200).astype(float), other=RNG.normal(size=200))
    y = 10 + 5 * X.sale.to_numpy()
    net = LagForecaster(
        LinearRegression(), 3, horizon=4, strategy=strategy, known_future="sale", normalize=None, seasons=[]
    )
    net.fit(X[:190], y[:190])
    assert_allclose(net.predict(X[190:198]), y[190:198], atol=1e-6)
    hidden = X[190:198].assign(other=1e9)
    assert_array_equal(net.predict(hidden), net.predict(X[190:198]))


def test_columns_of_the_past_are_seen_up_to_the_origin():
    x = RNG.normal(size=300)
    y = np.r_[0.0, 3 * x[:-1]]
    X = days(300).assign(x=x)
    net = LagForecaster(LinearRegression(), 2, horizon=1, normalize=None, seasons=[]).fit(X[:299], y[:299])
    assert_allclose(net.predict(X[299:]), y[299:], atol=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_columns_of_the_past_are_not_known_in_between(strategy):
    """The best forecast of y two steps on is 3 x now: training must not see x of the step between."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=370).cumsum()
    y = np.r_[0.0, 3 * x[:-1]]
    X = days(370).assign(x=x)
    net = LagForecaster(LinearRegression(), 3, horizon=2, strategy=strategy, normalize=None, seasons=[])
    net.fit(X[:300], y[:300])
    errors = []
    for k in range(300, 320):
        errors.append(net.predict(days(k + 4).assign(x=np.nan)[k:])[1:] - 3 * x[k - 1])
        net.observe(X[k : k + 1], y[k : k + 1])
    assert np.abs(errors).max() < 2.0  # 3 x is about 30


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame])
def test_rows_to_come_need_no_columns_of_the_past(container):
    X = pd.DataFrame({"weather": RNG.normal(size=88), "t": np.arange(88), "sale": RNG.integers(0, 2, 88)})
    y = 5.0 * X["sale"] + X["weather"]
    net = LagForecaster(Ridge(), 3, horizon=4, time="t", known_future="sale", calibration_horizons=3)
    net.fit(container(X[:80].to_dict("list")), y[:80])
    whole, known, text = X[80:], X[80:][["sale", "t"]], X[80:].assign(weather="?")
    expected = net.predict(container(whole.to_dict("list")))
    for rows in (known, text):
        assert_array_equal(net.predict(container(rows.to_dict("list"))), expected)
    with pytest.raises(ValueError, match=r"missing:\n- sale"):
        net.predict(container(X[80:][["t"]].to_dict("list")))
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- rain"):
        net.predict(container(known.assign(rain=0.0).to_dict("list")))


def test_a_gap_before_the_rows_is_forecast_over():
    y = np.resize(WEEK, 70)
    net = LagForecaster(LinearRegression(), 14, horizon=3, seasons=[]).fit(days(70), y)
    later = days(4, days(75).index[-1])
    assert_allclose(net.predict(later), np.resize(WEEK, 80)[74:78], atol=1e-6)


@pytest.mark.parametrize(
    "index",
    [
        pd.period_range("2020-01", periods=60, freq="M"),
        pd.date_range("2020-01-01", periods=60, freq="2D"),
        pd.date_range("2020-01-01", periods=60, freq="15min"),
        pd.date_range("2020-01-01", periods=60, freq="QS"),
        pd.bdate_range("2020-01-01", periods=60),
        pd.RangeIndex(0, 180, 3),
        pd.date_range("2020-03-20", periods=60, freq="D", tz="Europe/Berlin"),
    ],
    ids=lambda index: f"{type(index).__name__}-{getattr(index, 'freqstr', '')}",
)
def test_clocks(index):
    y = np.resize(WEEK, 60)
    X = pd.DataFrame(index=index)
    net = LagForecaster(LinearRegression(), 14, horizon=5, seasons=[]).fit(X[:50], y[:50])
    assert_allclose(net.predict(X[50:]), y[50:], atol=1e-6)


def test_cross_validation_never_sees_the_answers():
    y = RNG.normal(size=120).cumsum()
    X = days(120)
    cv = TimeSeriesSplit(4, test_size=5)
    net = LagForecaster(Ridge(), 7, horizon=5)
    for train, test in cv.split(X):
        a = clone(net).fit(X.iloc[train], y[train]).predict(X.iloc[test])
        changed = y.copy()
        changed[train[-1] + 1 :] += 1e6
        b = clone(net).fit(X.iloc[train], changed[train]).predict(X.iloc[test])
        assert_array_equal(a, b)
    search = GridSearchCV(net, {"lags": [3, 7]}, cv=cv, scoring="neg_mean_absolute_error").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_forecasts_are_causal(strategy):
    frame = panel().assign(rain=RNG.normal(size=225), sale=RNG.normal(size=225))
    settings = {"horizon": 3, "groups": "shop", "time": "day", "known_future": "sale", "strategy": strategy}
    net = LagForecaster(Ridge(), 7, **settings)
    check_causal(net, frame.drop(columns=["y", "step"]), frame.y, time="day", random_state=0)


class Knowing(LagForecaster):
    def predict_one_step(self, X, y):
        return super().predict_one_step(X, y) + np.nan_to_num(self.leak(X, y))


@pytest.mark.parametrize("leak", [lambda X, y: y, lambda X, y: X["x"], lambda X, y: np.roll(y, -1)])
def test_forecasts_that_are_not_causal_are_found(leak, monkeypatch):
    monkeypatch.setattr(Knowing, "leak", staticmethod(leak), raising=False)
    X = days(60).assign(x=RNG.normal(size=60))
    with pytest.raises(AssertionError, match="Knowing is not causal"):
        check_causal(Knowing(Ridge(), 7), X, RNG.normal(size=60), random_state=0)


def test_panels_in_a_grid_search():
    frame = panel()
    cv = PanelTimeSeriesSplit(2, horizon=7, time="day")
    net = LagForecaster(Ridge(), horizon=7, groups="shop", time="day")
    search = GridSearchCV(net, {"lags": [7, 14]}, cv=cv, n_jobs=2).fit(frame[["shop", "day"]], frame.y)
    assert search.best_score_ > 0.9


def test_missing_values_and_missing_steps():
    y = np.resize(WEEK, 140)
    y[[30, 31, 60]] = np.nan
    kept = np.setdiff1d(np.arange(140), [80, 81, 139])
    net = LagForecaster(HistGradientBoostingRegressor(max_iter=20), 14, horizon=2, n_members=1).fit(
        days(140).iloc[kept], y[kept]
    )
    assert np.isfinite(net.predict(days(142)[140:])).all()
    net = LagForecaster(Ridge(), 14, horizon=2).fit(days(140).iloc[kept], y[kept])
    assert_allclose(net.predict(days(142)[140:]), np.resize(WEEK, 142)[140:], atol=1.5)


def test_a_series_shorter_than_its_window_and_than_the_horizon():
    """mlforecast PR #459."""
    frame = panel((90, 80, 3))
    net = LagForecaster(Ridge(), 14, horizon=7, groups="shop", time="day")
    assert np.isfinite(net.fit(frame[["shop", "day"]], frame.y).forecast()).all()


def test_float32_stays_and_input_is_not_changed():
    known, _ = split(panel())
    X, y = known[["shop", "day"]].copy(), known.y.astype(np.float32)
    before = X.copy(), y.copy()
    net = LagForecaster(Ridge(), 7, horizon=2, groups="shop", time="day").fit(X, y)
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_series_equal(y, before[1])
    assert net.history_.values.dtype == np.float32


def test_predict_changes_nothing():
    y = RNG.normal(size=60)
    net = LagForecaster(SGDRegressor(), 5, horizon=3).fit(days(60), y)
    before = pickle.dumps(net)
    net.predict(days(66)[60:])
    net.forecast(9)
    net.predict_one_step(days(62)[60:], y[:2])
    assert pickle.dumps(net) == before


def test_one_step_forecasts_see_the_rows_before():
    y = np.resize(WEEK, 90) + RNG.normal(size=90)
    net = LagForecaster(Ridge(), 7, horizon=1).fit(days(90)[:60], y[:60])
    one_step = net.predict_one_step(days(90)[60:], y[60:])
    for k in range(60, 90):
        assert_allclose(one_step[k - 60], net.forecast(1)[0])
        net.observe(days(90)[k : k + 1], y[k : k + 1])


def test_streams_learn_and_advance():
    y = np.resize(WEEK, 250) * 2
    net = LagForecaster(lags=14, horizon=7, n_members=1, n_updates=300).fit(days(250)[:100], y[:100])
    theta = net.models_.members[0][0].network.network_.theta.copy()
    for k in range(100, 243, 7):
        net.partial_fit(days(250)[k : k + 7], y[k : k + 7])
    assert not np.array_equal(theta, net.models_.members[0][0].network.network_.theta)
    assert np.abs(net.predict(days(250)[247:]) - y[247:]).mean() < 1.0


def test_a_call_that_fails_changes_nothing():
    y = np.arange(50.0)
    net = LagForecaster(Ridge(), 3).fit(days(50), y)
    before = pickle.dumps(net)
    assert not hasattr(net, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        net.partial_fit(days(52)[50:], y[:2])
    with pytest.raises(ValueError, match="Late rows"):
        net.observe(days(50)[:3], y[:3])
    assert pickle.dumps(net) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lags": 0}, "lags=0: whole numbers of at least 1"),
        ({"known_future": "promo"}, "known_future: X has no column 'promo'"),
        ({"lags": 300}, "No series is long enough"),
        ({"strategy": "all"}, "The 'strategy' parameter"),
        ({"groups": "shop"}, "groups: X has no column 'shop'"),
        ({"target_transform": "log1p"}, "needs y above -1"),
        ({"seasons": [0]}, r"seasons=\[0\] must be numbers of steps above 1"),
        ({"seasons": ["week"]}, r"seasons=\['week'\] must be numbers of steps above 1"),
    ],
)
def test_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        LagForecaster(Ridge(), **settings).fit(days(40), np.linspace(-5, 5, 40))


def test_counts_of_which_none_is_known():
    with pytest.raises(ValueError, match="y is NaN in all 40 rows"):
        LagForecaster(Ridge(), target_transform="log1p").fit(days(40), np.full(40, np.nan))


def test_rows_that_cannot_be_forecast():
    known, future = split(panel(ahead=2))
    net = LagForecaster(Ridge(), 7, groups="shop", time="day").fit(known[["shop", "day"]], known.y)
    with pytest.raises(ValueError, match="the series 's9', of which no row was learned"):
        net.predict(future[["shop", "day"]][:2].assign(shop="s9"))
    with pytest.raises(ValueError, match="Late rows"):
        net.predict(known[["shop", "day"]])


def test_the_default_forecasts_better_than_the_season_repeated():
    t = np.arange(700)
    y = np.resize(WEEK, 700) * (1 + 0.5 * np.sin(2 * np.pi * t / 90)) + 0.1 * RNG.normal(size=700)
    net = LagForecaster(horizon=14, n_members=1).fit(days(700)[:686], y[:686])
    error = np.abs(net.predict(days(700)[686:]) - y[686:]).mean()
    assert error < 0.6 * np.abs(np.resize(y[679:686], 14) - y[686:]).mean()


def test_log_of_counts_is_mapped_back():
    y = np.resize([0.0, 3.0, 900.0, 20.0], 80)
    net = LagForecaster(LinearRegression(), 8, horizon=4, target_transform="log1p", seasons=[]).fit(
        days(80), y
    )
    assert_allclose(net.forecast(), y[:4], atol=1e-5)


def test_members_share_everything_but_their_seed():
    y = RNG.normal(size=80)
    net = LagForecaster(n_members=3, n_updates=20, lags=5).fit(days(80), y)
    again = LagForecaster(n_members=3, n_updates=20, lags=5).fit(days(80), y)
    assert_array_equal(net.forecast(3), again.forecast(3))
    thetas = [member.network.network_.theta for member in net.models_.members[0]]
    assert not np.array_equal(thetas[0], thetas[1])


def test_seeds_reach_the_steps_of_a_pipeline():
    y = RNG.normal(size=80)
    tree = ExtraTreeRegressor(max_features=1)
    settings = {"lags": 5, "n_members": 1, "estimator": make_pipeline(StandardScaler(), tree)}
    forecasts = [
        LagForecaster(random_state=seed, **settings).fit(days(80), y).forecast() for seed in (0, 0, 1)
    ]
    assert forecasts[0] == forecasts[1] != forecasts[2]


def test_predictions_of_a_cross_validation():
    y = np.resize(WEEK, 80)
    cv = [(np.arange(40 + 10 * k), np.arange(40 + 10 * k, 50 + 10 * k)) for k in range(4)]
    folds = [(train, test) for train, test in cv]
    net = LagForecaster(LinearRegression(), 14, horizon=10, seasons=[])
    with pytest.raises(ValueError, match="partitions"):
        cross_val_predict(net, days(80), y, cv=folds)
    for train, test in folds:
        assert_allclose(
            clone(net).fit(days(80).iloc[train], y[train]).predict(days(80).iloc[test]), y[test], atol=1e-5
        )


def noisy(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.resize(WEEK, n) * 10 + rng.normal(size=n)


@some_or_all
def test_intervals_hold_their_share(of_all):
    hits = {0.8: [], 0.95: []}
    for seed in range(15 if of_all else 4):
        y, X = noisy(1100, seed), days(1100)
        net = LagForecaster(Ridge(), 7, horizon=7, calibration_horizons=20, seasons=[]).fit(
            X[:1000], y[:1000]
        )
        for k in range(1000, 1093, 7):
            for coverage, hit in hits.items():
                lower, upper = net.predict_interval(X[k : k + 7], coverage).T
                hit.append((lower <= y[k : k + 7]) & (y[k : k + 7] <= upper))
            net.observe(X[k : k + 7], y[k : k + 7])
    for coverage, hit in hits.items():
        assert abs(np.mean(hit) - coverage) < (0.03 if of_all else 0.05)


def test_intervals_adapt_in_a_stream_whose_noise_grows():
    rng = np.random.default_rng(0)
    y = noisy(750)
    y[300:] += 5 * rng.normal(size=450)
    X = days(750)
    net = LagForecaster(SGDRegressor(alpha=0, eta0=1e-6), 14, horizon=7, calibration_horizons=10)
    net.fit(X[:200], y[:200])
    hits = []
    for k in range(200, 743, 7):
        lower, upper = net.predict_interval(X[k : k + 7], 0.8).T
        hits.append(np.mean((lower <= y[k : k + 7]) & (y[k : k + 7] <= upper)))
        net.partial_fit(X[k : k + 7], y[k : k + 7])
    assert abs(np.mean(hits[40:]) - 0.8) < 0.05


def test_intervals_of_a_panel_adapt_no_faster_than_those_of_a_series():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"shop": np.repeat(np.arange(80), 100), "t": np.tile(np.arange(100), 80)})
    y = rng.normal(size=len(X))
    learner = SGDRegressor(alpha=0, eta0=1e-9, tol=None, max_iter=2)
    net = LagForecaster(
        learner, 3, horizon=2, groups="shop", time="t", calibration_horizons=5, normalize=None
    )
    net.fit(X[X.t < 40], y[X.t < 40])
    for t in range(40, 100, 2):
        new = X.t.between(t, t + 1)
        lower, upper = net.predict_interval(X[new], 0.8).T
        assert 0.65 < np.mean((lower <= y[new]) & (y[new] <= upper)) < 0.95
        net.partial_fit(X[new], y[new])


def test_single_rows_leave_the_errors_of_far_steps(monkeypatch):
    monkeypatch.setattr(conformal, "N_KEPT", 50)
    y = noisy(140)
    learner = SGDRegressor(alpha=0, eta0=1e-9, tol=None, max_iter=2)
    net = LagForecaster(learner, 3, horizon=4, calibration_horizons=20, normalize=None, seasons=[])
    net.fit(days(100), y[:100])
    far = net.conformal_.errors[-5:, 3]
    for k in range(100, 140):
        net.partial_fit(days(k + 1)[k:], y[k : k + 1])
    assert_array_equal(net.conformal_.errors[-5:, 3], far)
    assert len(net.conformal_.errors) <= 50
    assert np.isfinite(net.predict_interval(days(144)[140:])).all()


def test_intervals_of_a_panel_are_in_the_units_of_each_series():
    known, future = split(panel((200, 200, 200), ahead=7))
    y = known.y + 10.0 ** known.shop.str[1].astype(int) * RNG.normal(size=len(known))
    net = LagForecaster(Ridge(), 14, horizon=7, groups="shop", time="day", calibration_horizons=5)
    lower, upper = net.fit(known[["shop", "day"]], y).predict_interval(future[["shop", "day"]]).T
    width = pd.Series(upper - lower).groupby(future.shop.to_numpy()).mean()
    assert 5 < width["s1"] / width["s0"] < 20
    assert 5 < width["s2"] / width["s1"] < 20
    assert net.conformal_.errors.shape[1] == 7


def test_intervals_without_calibration():
    net = LagForecaster(Ridge(), 3).fit(days(50), noisy(50))
    with pytest.raises(
        ValueError, match=r"needs calibration_horizons=.* has the ends 0.05 and 0.95, quantile=0.5"
    ):
        net.predict_interval(days(51)[50:])
    with pytest.raises(ValueError, match="calibration_horizons=60"):
        LagForecaster(Ridge(), 3, calibration_horizons=60).fit(days(50), noisy(50))
    net = LagForecaster(Ridge(), 3, calibration_horizons=10).fit(days(50), noisy(50))
    with pytest.raises(ValueError, match=r"coverage=1\.5 must be a number between 0 and 1"):
        net.predict_interval(days(51)[50:], 1.5)


def test_intervals_are_the_ranks_of_split_conformal_prediction():
    """Of n errors the ceil((n + 1) coverage)-th smallest; more than n are not to be had."""
    X, y = days(61), noisy(60)
    net = LagForecaster(Ridge(), 3, normalize=None, calibration_horizons=9).fit(X[:60], y)
    errors = np.sort(np.abs(net.conformal_.errors[:, 0, 0])) * net.windows_.unit
    middle = net.predict(X[60:])
    for coverage, place in ((0.05, 1), (0.5, 5), (0.55, 6), (0.8, 8), (0.9, 9)):
        assert_allclose(
            net.predict_interval(X[60:], coverage) - middle, [[-errors[place - 1], errors[place - 1]]]
        )
    with pytest.raises(
        ValueError, match=r"coverage=0\.95 needs at least 19 errors of a step.* has 9: give a"
    ):
        net.predict_interval(X[60:], 0.95)


def test_any_share_adapts_as_its_neighbours_do():
    net = LagForecaster(SGDRegressor(), 3, calibration_horizons=60, seasons=[]).fit(days(100), noisy(100))
    net.partial_fit(days(110)[100:], noisy(110)[100:] + 1e3)  # all are missed
    moves = net.conformal_.moves
    assert (moves < 0).all()
    shares = [0.8, 0.85, 0.9, 0.92]
    widths, _ = net.conformal_.widths(shares)
    errors = np.sort(np.abs(net.conformal_.errors[:, 0, 0]))
    moved = [moves[7], (moves[7] + moves[8]) / 2, moves[8], 0.6 * moves[8] + 0.4 * moves[9]]
    ranks = np.ceil((len(errors) + 1) * (np.array(shares) - moved) - 1e-9).astype(int)
    assert_array_equal(widths[:, 0], errors[np.minimum(ranks, len(errors)) - 1])


MEMORY = """
import resource
import numpy as np
import pandas as pd
from skbackprop.time_series import LagForecaster

n_series, n_steps = 5900, 1000
X = pd.DataFrame({
    "id": np.repeat(np.arange(n_series, dtype=np.int32), n_steps),
    "t": np.tile(np.arange(n_steps, dtype=np.int32), n_series),
})
y = np.random.default_rng(0).normal(size=len(X)).astype(np.float32)
net = LagForecaster(lags=56, horizon=28, groups="id", time="t", n_members=1, n_updates=100)
net.fit(X, y)
assert np.isfinite(net.forecast()).all()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory has other units elsewhere")
def test_windows_are_not_all_copied():
    """5.9 million windows of 56 lags and 28 targets are 1.9 GiB in float32; so much is never allocated."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1.9


def test_targets_of_any_size_without_normalisation():
    y = 1000.0 + np.arange(60.0)
    X = pd.DataFrame(index=pd.date_range("2026-01-01", periods=60))
    net = LagForecaster(Ridge(1e-6), 2, normalize=None, seasons=[]).fit(X, y)
    assert_allclose(net.forecast(3), [1060.0, 1061.0, 1062.0], atol=1e-3)


@pytest.mark.parametrize(("n_years", "n_lags"), [(3, 14), (9, 365)])
def test_windows_hold_a_long_season_that_is_often_seen(n_years, n_lags):
    n = n_years * 366
    X = pd.DataFrame(index=pd.date_range("2015-01-01", periods=n, freq="D"))
    net = LagForecaster(Ridge(), horizon=2, max_windows=20).fit(X, np.sin(np.arange(n)))
    assert len(net.lags_) == n_lags
