"""Features of time against pandas, streams against batches, and what may follow what."""

import pickle
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from shared.checks import scikit_learn_checks
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skbackprop import BackpropRegressor
from skbackprop.time_series import (
    CalendarFeatures,
    DifferenceFeatures,
    EwmFeatures,
    ExpandingFeatures,
    FourierFeatures,
    LagFeatures,
    RollingFeatures,
    RunningScaler,
    check_causal,
)

EVERY = ["mean", "std", "var", "min", "max", "sum"]
LOOKING_BACK = [
    LagFeatures([1, 3, 0]),
    DifferenceFeatures([1, 4]),
    RollingFeatures([3, 5], [*EVERY, "median", 0.3]),
    RollingFeatures([2, 4], [*EVERY, "median", 0.9], min_periods=1, shift=2),
    RollingFeatures([1], ["mean", "max"], shift=0),
    ExpandingFeatures(EVERY),
    ExpandingFeatures(["mean", "std"], shift=0, min_periods=3),
    EwmFeatures(5),
    EwmFeatures(halflife=[2, 3.5], shift=2),
    EwmFeatures(alpha=0.3, shift=0),
    RunningScaler(),
]
every_one = pytest.mark.parametrize("features", LOOKING_BACK, ids=repr)


def panel(seed, n_series=6, longest=40, freq="D"):
    """Series of different lengths with NaN: columns t, id, a, b."""
    random = np.random.default_rng(seed)
    frames = []
    for series in range(n_series):
        n = random.integers(1, longest)
        times = pd.date_range("2020-01-01", periods=n + 5, freq=freq)[random.integers(0, 5) :][:n]
        values = random.normal(size=(n, 2)) * [1, 1e3]
        frames.append(pd.DataFrame({"t": times, "id": f"s{series}", "a": values[:, 0], "b": values[:, 1]}))
    frame = pd.concat(frames, ignore_index=True)
    for column in "ab":
        frame.loc[random.random(len(frame)) < 0.1, column] = np.nan
    return frame


def in_polars(frame):
    return pl.DataFrame({name: frame[name].to_list() for name in frame.columns}, strict=False)


def by_pandas(features, x):
    """The same features of one series, as a frame."""
    if isinstance(features, LagFeatures):
        columns = [x.shift(lag) for lag in features.lags]
    elif isinstance(features, DifferenceFeatures):
        columns = [x.diff(period) for period in features.periods]
    elif isinstance(features, RollingFeatures):
        columns = []
        for window in features.windows:
            rolling = x.shift(features.shift).rolling(window, min_periods=features.min_periods)
            for name in features.statistics:
                columns.append(getattr(rolling, name)() if isinstance(name, str) else rolling.quantile(name))
    elif isinstance(features, RunningScaler):
        mean, std = x.expanding().mean().shift(1), x.expanding().std().shift(1)
        columns = [(x - mean.fillna(x)) / std.where(std > 0, 1.0)]
    elif isinstance(features, ExpandingFeatures):
        expanding = x.expanding(features.min_periods)
        columns = [getattr(expanding, name)().shift(features.shift) for name in features.statistics]
    else:
        name, values = features._given()
        columns = [x.ewm(**{name: value}).mean().shift(features.shift) for value in values]
    return pd.concat(columns, axis=1, keys=range(len(columns)))


# ------------------------------------------------------------------ against pandas


@every_one
@pytest.mark.parametrize("seed", range(6))
def test_as_pandas(features, seed):
    frame = panel(seed)
    rows = frame if seed % 2 else frame.sample(frac=1, random_state=seed)
    ours = clone(features).set_params(groups="id", time="t").fit_transform(rows)
    assert ours.index.equals(rows.index)
    series = [group for _, group in frame.groupby("id", sort=False)]
    theirs = np.hstack([np.vstack([by_pandas(features, g[c]) for g in series]) for c in "ab"])
    assert_allclose(ours.loc[frame.index], theirs, rtol=1e-9, atol=1e-9)


@every_one
def test_missing_steps_are_nan(features):
    """A gap is as so many rows of NaN."""
    frame = panel(3, n_series=1, longest=41)[["t", "a"]].set_index("t")
    whole = frame.asfreq("D")
    kept = np.random.default_rng(0).random(len(whole)) < 0.6
    ours = clone(features).set_params(freq="D").fit_transform(whole[kept])
    theirs = by_pandas(features, whole["a"].where(kept))[kept]
    assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@every_one
def test_far_gaps_cost_nothing(features):
    times = pd.to_datetime(["1900-01-01", "1900-01-02", "1999-12-31", "2000-01-01"])
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 5.0]}, index=times)
    ours = clone(features).fit_transform(frame)
    if not isinstance(features, ExpandingFeatures | RunningScaler):  # these remember all steps
        alone = clone(features).set_params(freq="D").fit_transform(frame[2:])
        assert_allclose(ours[2:], alone, rtol=1e-12)


# ------------------------------------------------------------------ streams


@every_one
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))])
@pytest.mark.parametrize("with_gaps", [False, True])
def test_stream_is_batch(features, seed, with_gaps):
    """Bit for bit, for any chunks, with new series on the way and a pickle in the middle."""
    random = np.random.default_rng(seed)
    frame = panel(seed)
    if with_gaps:
        frame = frame[random.random(len(frame)) < 0.7]
    features = clone(features).set_params(groups="id", time="t", freq="D")
    whole = features.fit_transform(frame)
    days = pd.date_range("2019-12-31", periods=50)
    cuts = [days[0], *np.sort(random.choice(days[2:45], random.integers(1, 8), replace=False)), days[-1]]
    stream, parts = clone(features), []
    for begin, end in pairwise(cuts):
        chunk = frame[(frame["t"] > begin) & (frame["t"] <= end)].sample(frac=1, random_state=seed)
        if len(chunk) == 0:
            continue
        is_first = not hasattr(stream, "history_")
        parts.append(stream.fit_transform(chunk) if is_first else stream.transform(chunk))
        if not is_first:
            stream.partial_fit(chunk)
        stream = pickle.loads(pickle.dumps(stream))
    assert_array_equal(pd.concat(parts).loc[whole.index], whole)


@every_one
@pytest.mark.parametrize("settings", [{"history": "continue"}, {"on_gap": "ignore", "time": 0}])
def test_stream_of_arrays(features, settings):
    random = np.random.default_rng(0)
    X = np.column_stack([np.cumsum(random.integers(1, 4, 60)), random.normal(size=60)])
    features = clone(features).set_params(columns=[1], **settings)
    X = X.astype(object) if "time" in settings else X
    if "time" in settings:
        X[:, 0] = X[:, 0].astype(int)
    whole = features.fit_transform(X)
    counted = (
        clone(features).set_params(time=None, on_gap="nan").fit_transform(X[:, 1:].astype(float).repeat(2, 1))
    )
    assert_array_equal(whole, counted)
    features.fit(X[:7])
    for begin in range(7, 60, 11):
        assert_array_equal(features.transform(X[begin : begin + 11]), whole[begin : begin + 11])
        features.partial_fit(X[begin : begin + 11])


def test_state_is_bounded():
    """As many rows as the longest lag, for each series."""
    features = RollingFeatures([3, 8], shift=2, groups="id", time="t", freq="D", forget_after=20)
    frame = panel(0, n_series=4, longest=41)
    features.fit(frame)
    assert np.bincount(features.history_.codes).max() <= 9
    later = pd.DataFrame({"t": pd.date_range("2020-03-20", periods=12), "id": "new", "a": 1.0, "b": 2.0})
    features.partial_fit(later)
    assert list(features.history_.ids) == ["new"]
    assert len(features.history_.values) == 9


# ------------------------------------------------------------------ numbers


def test_windows_recover():
    """A spike or inf is forgotten when it leaves the window; constants have no spread."""
    x = np.random.default_rng(0).normal(size=5000)
    clean = RollingFeatures(24, EVERY).fit_transform(x[:, None])
    for spike in (1e12, np.inf, np.nan):
        x[100] = spike
        after = RollingFeatures(24, EVERY).fit_transform(x[:, None])
        assert_array_equal(after[125:], clean[125:])
    assert_array_equal(RollingFeatures(24, ["std", "mean"]).fit_transform(np.full((99, 1), 0.1))[24:, 0], 0)
    offset = RollingFeatures(24, ["std"]).fit_transform(x[200:, None] + 1e9)
    assert_allclose(offset[24:, 0], clean[224:, 1], rtol=1e-6)


def test_quantiles_beside_infinity():
    x = np.array([[1.0], [np.inf], [2.0], [3.0]])
    assert_array_equal(
        RollingFeatures(3, ["median", 0.25], shift=0).fit_transform(x)[2:], [[2, 1.5], [3, 2.5]]
    )


def test_one_value_has_no_spread():
    x = np.array([[1.0], [np.nan], [2.0]])
    assert np.isnan(RollingFeatures(3, ["std", "var"], min_periods=1, shift=0).fit_transform(x)[:2]).all()
    assert np.isnan(ExpandingFeatures(["std"], shift=0).fit_transform(x)[:2]).all()


@every_one
def test_single_precision(features):
    X = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    single = clone(features).fit_transform(X)
    assert single.dtype == np.float32
    assert_allclose(single, clone(features).fit_transform(X.astype(float)), rtol=1e-6, atol=1e-6)
    frame = pd.DataFrame(X, columns=["a", "b"])
    assert set(clone(features).fit_transform(frame).dtypes) == {np.dtype(np.float32)}


# ------------------------------------------------------------------ history


def test_test_rows_see_the_training_rows():
    X = pd.DataFrame({"a": np.arange(20.0)}, index=pd.date_range("2020", periods=20, freq="15min"))
    features = LagFeatures([1, 3]).fit(X[:10])
    assert_array_equal(features.transform(X[10:12]), [[9, 7], [10, 8]])
    assert_array_equal(features.transform(X[12:14]), [[np.nan, 9], [12, np.nan]])  # after a gap
    assert_array_equal(features.transform(X[8:10]), [[np.nan, np.nan], [8, np.nan]])  # overlap: stands alone
    assert_array_equal(features.transform(X[10:12]), [[9, 7], [10, 8]])  # nothing was learned
    assert_array_equal(features.set_params(history="none").transform(X[10:12]), [[np.nan] * 2, [10, np.nan]])
    assert np.isnan(features.transform(X[10:11])).all(axis=None)


def test_arrays_are_stateless_unless_asked():
    X = np.arange(10.0)[:, None]
    features = LagFeatures(1).fit(X)
    assert_array_equal(features.transform([[5.0], [6.0]]), [[np.nan], [5]])
    assert_array_equal(features.set_params(history="continue").transform([[5.0], [6.0]]), [[9], [5]])


@pytest.mark.parametrize("gap", [0, 2])
def test_stock_grid_search(gap):
    """Every test row is scored, and has the features of a run over all rows."""
    random = np.random.default_rng(0)
    load = np.sin(np.arange(240) / 4) + 0.1 * random.normal(size=240)
    X = pd.DataFrame({"load": load}, index=pd.date_range("2020", periods=240, freq="h"))
    y = X["load"].shift(-1).fillna(0.0)
    net = BackpropRegressor(
        hidden_layer_sizes=8, missing="skip", early_stopping=True, learning_rate_init=0.01, random_state=0
    )
    seen = []
    spy = FunctionTransformer(lambda Z: seen.append(Z) or Z)
    model = make_pipeline(LagFeatures([0, 1]), spy, StandardScaler(), net)
    grid = {"lagfeatures__lags": [[0, 1], [0, 1, 24]]}
    cv = TimeSeriesSplit(3, gap=gap)
    search = GridSearchCV(model, grid, cv=cv, scoring="neg_mean_absolute_error", refit=False).fit(X, y)
    assert (search.cv_results_["mean_test_score"] > -0.5).all()
    whole = LagFeatures([0, 1]).fit_transform(X)
    for _, test in cv.split(X):
        mine = next(Z for Z in seen[1::2] if Z.index.equals(X.index[test]) and Z.shape[1] == 2)
        expected = whole.iloc[test].copy()
        if gap:
            expected.iloc[0, 1] = np.nan  # the row before is in neither part
        assert_array_equal(mine, expected)
    scores = cross_validate(model, X, y, cv=cv, return_train_score=True)
    assert np.isfinite(scores["train_score"]).all()


@pytest.mark.parametrize(
    "index",
    [
        pd.period_range("2020-01", periods=12, freq="M"),
        pd.period_range("2020-01-01", periods=12, freq="2D"),
        pd.date_range("2020-01-01", periods=12, freq="2D"),
        pd.date_range("2020-01-01", periods=12, freq="15min"),
        pd.date_range("2020-01-01", periods=12, freq="MS"),
        pd.date_range("2020-01-31", periods=12, freq="ME"),
        pd.date_range("2020-01-01", periods=12, freq="QS"),
        pd.date_range("2020-01-01", periods=12, freq="YS"),
        pd.date_range("2020-01-01", periods=12, freq="W"),
        pd.bdate_range("2020-01-01", periods=12),
        pd.date_range("2020-03-25", periods=12, freq="D", tz="Europe/Berlin"),
        pd.date_range("2020-03-29", periods=12, freq="h", tz="Europe/Berlin"),
        pd.date_range("2020-01-01", periods=12, freq="s").as_unit("s"),
        pd.RangeIndex(3, 60, 5)[:12],
        pd.Index(np.arange(12) * 7 + 2),
    ],
    ids=lambda index: f"{type(index).__name__}-{getattr(index, 'freqstr', None)}",
)
@pytest.mark.parametrize("keeps_freq", [True, False])
def test_clocks(index, keeps_freq):
    """Rows follow, and gaps are seen, on every kind of clock."""
    if not keeps_freq and isinstance(index, pd.DatetimeIndex):
        index = pd.DatetimeIndex(index, freq=None)
    X = pd.DataFrame({"a": np.arange(12.0)}, index=index)
    features = LagFeatures(1).fit(X[:8])
    assert_array_equal(features.transform(X[8:])["a_lag_1"], [7, 8, 9, 10])
    assert np.isnan(features.transform(X[9:]).iloc[0, 0])
    holes = LagFeatures(1).fit_transform(X.iloc[[0, 1, 2, 4, 5, 8, 9]])
    assert_array_equal(holes["a_lag_1"], [np.nan, 0, 1, np.nan, 4, np.nan, 8])


def test_levels_of_the_index():
    frame = panel(1)
    by_column = LagFeatures(2, groups="id", time="t").fit_transform(frame)
    indexed = frame.set_index(["id", "t"])
    by_level = LagFeatures(2, groups="id").fit_transform(indexed)
    assert by_level.index.equals(indexed.index)
    assert_array_equal(by_level, by_column)
    with pytest.raises(ValueError, match="groups= names all but the time"):
        LagFeatures().fit(indexed)


def test_several_columns_of_ids():
    frame = panel(2).assign(shop="x")
    two = LagFeatures(1, groups=["shop", "id"], time="t").fit_transform(frame)
    assert_array_equal(two, LagFeatures(1, groups="id", columns=["a", "b"], time="t").fit_transform(frame))


@every_one
def test_polars(features):
    frame = panel(4)
    features = clone(features).set_params(groups="id", time="t")
    by_pandas = features.fit_transform(frame)
    by_polars = features.fit_transform(in_polars(frame))
    assert isinstance(by_polars, pl.DataFrame)
    assert by_polars.columns == list(by_pandas.columns)
    assert_array_equal(by_polars.to_numpy(), by_pandas)


@pytest.mark.parametrize("kind", [pl.Date, pl.Datetime("ms"), pl.Datetime("us", "Europe/Berlin")])
def test_times_of_polars(kind):
    days = pl.Series("t", list(pd.date_range("2026-03-27", periods=5).to_pydatetime())).cast(
        pl.Datetime("us")
    )
    zone = getattr(kind, "time_zone", None)
    days = days.cast(kind) if zone is None else days.dt.replace_time_zone(zone)
    X = pl.DataFrame({"t": days, "a": [0.0, 1.0, 2.0, 3.0, 4.0]})
    lags = LagFeatures(1, time="t").fit(X[:3])
    assert_array_equal(lags.transform(X[3:]).to_numpy()[:, 0], [2, 3])
    with pytest.raises(ValueError, match="lacks the time of row 1"):
        lags.fit(X.with_columns(t=pl.Series([days[0], None, *days[2:]], dtype=days.dtype)))


@every_one
def test_output(features):
    frame = panel(5)
    before = frame.copy()
    features = clone(features).set_params(groups="id", time="t")
    plain = features.fit_transform(frame)
    assert list(plain.columns) == list(features.get_feature_names_out())
    whole = clone(features).set_params(passthrough=True).fit_transform(frame)
    assert list(whole.columns) == [*frame.columns, *plain.columns]
    some = clone(features).set_params(passthrough=["a"]).fit_transform(frame)
    assert list(some.columns) == ["a", *plain.columns]
    polars = clone(features).set_output(transform="polars").fit_transform(frame)
    assert isinstance(polars, pl.DataFrame)
    assert_array_equal(polars.to_numpy(), plain)
    pd.testing.assert_frame_equal(frame, before)


def test_names():
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    features = [
        LagFeatures(1),
        RollingFeatures(2, ["mean", 0.5], shift=0),
        EwmFeatures(halflife=2),
        DifferenceFeatures(),
    ]
    names = [list(f.fit(X[["a"]]).get_feature_names_out()) for f in features]
    assert names == [
        ["a_lag_1"],
        ["a_rolling_2_shift_0_mean", "a_rolling_2_shift_0_quantile_0.5"],
        ["a_ewm_halflife_2"],
        ["a_difference_1"],
    ]
    assert list(ExpandingFeatures(columns="b").fit(X).get_feature_names_out()) == ["b_expanding_mean"]
    assert list(LagFeatures().fit([[1.0, 2.0]]).get_feature_names_out()) == ["x0_lag_1", "x1_lag_1"]


# ------------------------------------------------------------------ errors

DAYS = pd.date_range("2020", periods=6)


def frame_at(times):
    return pd.DataFrame({"a": np.arange(float(len(times)))}, index=times)


@pytest.mark.parametrize(
    ("features", "X", "message"),
    [
        (LagFeatures(0), [[1.0]], "lags=0"),
        (LagFeatures([-1]), [[1.0]], r"lags=\[-1\]"),
        (LagFeatures([1, 1]), [[1.0]], "given twice"),
        (RollingFeatures(3, ["mode"]), [[1.0]], "'mode' must be one of"),
        (RollingFeatures(3, min_periods=4), [[1.0]], "min_periods=4"),
        (EwmFeatures(3, alpha=0.5), [[1.0]], "Give only one of"),
        (EwmFeatures(alpha=1.5), [[1.0]], "at most 1"),
        (ExpandingFeatures(["median"]), [[1.0]], "'median' must be one of"),
        (LagFeatures(), frame_at(DAYS[:0]), "X has 0 rows"),
        (LagFeatures(groups="id"), frame_at(DAYS), "groups: X has no column 'id'"),
        (LagFeatures(time="t"), frame_at(DAYS), "time: X has no column 't'"),
        (LagFeatures(columns="b"), frame_at(DAYS), "columns: X has no column 'b'"),
        (LagFeatures(), frame_at(DAYS[[0, 1, 1]]), "Row 2 has the time of another row"),
        (LagFeatures(on_gap="raise"), frame_at(DAYS[[0, 1, 3]]), "steps are missing before row 2"),
        (LagFeatures(), frame_at(pd.DatetimeIndex([DAYS[0], None])), "lacks the time of row 1"),
        (LagFeatures(), frame_at(DAYS[:1].append(DAYS[:1])[:1]), "give freq="),
        (LagFeatures(), frame_at(DAYS[:3].append(DAYS[3:4] + pd.Timedelta("1h"))), "not on one clock"),
        (LagFeatures(freq="SME"), frame_at(DAYS), "not a step of a regular clock"),
        (LagFeatures(), pd.DataFrame({"a": ["x", "y"]}), "The column 'a' holds"),
        (LagFeatures(time="a"), pd.DataFrame({"a": ["x", "y"], "b": 1.0}), "time='a' holds"),
        (LagFeatures(groups="a"), pd.DataFrame({"a": ["x", None], "b": 1.0}), "an id is missing in row 1"),
        (CalendarFeatures(), [[1.0]], "needs dates"),
        (CalendarFeatures(["year"]), frame_at(DAYS), "'year' must be one of"),
        (FourierFeatures([7, 30], [1, 2, 3]), frame_at(DAYS), "one for each of the 2 periods"),
    ],
)
def test_errors(features, X, message):
    with pytest.raises(ValueError, match=message):
        features.fit(X)


def test_a_call_that_fails_loses_nothing():
    X = frame_at(pd.date_range("2020", periods=20))
    features = LagFeatures(2).fit(X[:10])
    expected = features.transform(X[10:])
    for bad in (
        X[8:12],
        X[12:].rename(columns={"a": "b"}),
        X[10:].reset_index(drop=True),
        X[11:12].iloc[[0, 0]],
    ):
        with pytest.raises(ValueError):
            features.partial_fit(bad)
        with pytest.raises(ValueError):
            features.set_params(lags=0).fit(X)
        features.set_params(lags=2)
    assert_array_equal(features.transform(X[10:]), expected)


@pytest.mark.parametrize("features", [CalendarFeatures(), FourierFeatures(24)])
def test_a_clock_that_fails_loses_nothing(features):
    X = frame_at(pd.date_range("2020", periods=20, freq="h"))
    expected = features.fit(X).transform(X)
    with pytest.raises(ValueError, match="lacks the time"):
        features.fit(pd.DataFrame({"b": [1.0, 2.0]}, index=pd.DatetimeIndex([DAYS[0], None])))
    assert_array_equal(features.partial_fit(X).transform(X), expected)


# ------------------------------------------------------------------ the calendar


def test_calendar():
    times = pd.date_range("2024-02-28 22:30", periods=4, freq="30min")
    X = pd.DataFrame({"a": 0.0}, index=times)
    fields = ["minute", "hour", "dayofweek", "day", "dayofyear", "month", "quarter"]
    ordinal = CalendarFeatures(fields, encoding="ordinal").fit_transform(X)
    assert_array_equal(
        ordinal,
        [[t.minute, t.hour, t.day_of_week, t.day - 1, t.day_of_year - 1, t.month - 1, 0] for t in times],
    )
    cyclic = CalendarFeatures(["hour"]).fit_transform(X)
    angle = 2 * np.pi * (times.hour + times.minute / 60) / 24
    assert_allclose(cyclic, np.column_stack([np.sin(angle), np.cos(angle)]), atol=1e-12)
    assert_array_equal(CalendarFeatures(["hour"]).fit_transform(X.to_period()), cyclic)


@pytest.mark.parametrize(
    ("freq", "fields"),
    [
        ("h", ["hour", "dayofweek", "dayofyear"]),
        ("D", ["dayofweek", "dayofyear"]),
        ("W", ["dayofyear"]),
        ("MS", ["month"]),
        ("QS", ["quarter"]),
    ],
)
def test_calendar_chooses_what_varies(freq, fields):
    X = pd.DataFrame({"a": 0.0}, index=pd.date_range("2024", periods=40, freq=freq))
    assert CalendarFeatures().fit(X).fields_ == fields


def test_fourier():
    X = pd.DataFrame({"a": 0.0}, index=pd.date_range("2024", periods=96, freq="h"))
    features = FourierFeatures([24, 168], [2, 1]).fit(X[:50])
    values = features.transform(X)
    assert list(values.columns)[:3] == ["fourier_24_sin_1", "fourier_24_cos_1", "fourier_24_sin_2"]
    t = X.index.as_unit("ns").asi8 // 3_600_000_000_000
    assert_allclose(values["fourier_24_sin_2"], np.sin(2 * np.pi * 2 * (t % 24) / 24), atol=1e-9)
    assert_allclose(values["fourier_168_cos_1"], np.cos(2 * np.pi * (t % 168) / 168), atol=1e-9)


# ------------------------------------------------------------------ causality


@pytest.mark.parametrize(
    "features", [*LOOKING_BACK, CalendarFeatures(), FourierFeatures()], ids=lambda features: repr(features)
)
def test_causal(features):
    frame = panel(1, n_series=1, longest=40)[["t", "a", "b"]].set_index("t")
    check_causal(features, frame, random_state=0)
    check_causal(make_pipeline(features, StandardScaler()), frame, random_state=0)


@every_one
def test_causal_in_panels(features):
    check_causal(clone(features).set_params(groups="id", time="t"), panel(2), time="t", random_state=0)


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, pl.DataFrame])
def test_leaks_are_found(container):
    X = container(np.random.default_rng(0).normal(size=(40, 2)))
    backwards = FunctionTransformer(lambda Z: pd.DataFrame(np.asarray(Z)).bfill().shift(-1).to_numpy())
    with pytest.raises(AssertionError, match="is not causal"):
        check_causal(backwards, X)
    with pytest.raises(AssertionError, match="depends on rows after it"):
        check_causal(FunctionTransformer(lambda Z: np.asarray(Z) - np.asarray(Z).mean(axis=0)), X)
    check_causal(FunctionTransformer(lambda Z: np.asarray(Z) * 2), X)


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, pl.DataFrame])
def test_causality_needs_numbers_to_change(container):
    X = container(np.arange(40)[:, None])
    with pytest.raises(ValueError, match="no floating point numbers to change"):
        check_causal(FunctionTransformer(lambda Z: np.roll(np.asarray(Z), -1, axis=0)), X)


# ------------------------------------------------------------------ scikit-learn

OF_OTHER_ROWS = dict.fromkeys(
    ["check_methods_subset_invariance", "check_methods_sample_order_invariance"],
    "rows of an array without times depend on the rows before them",
)


def expected_failures(features):
    if isinstance(features, CalendarFeatures):
        return {}
    if isinstance(features, FourierFeatures):
        return OF_OTHER_ROWS | {"check_dtype_object": "of X nothing but the number of rows is read"}
    return OF_OTHER_ROWS


@scikit_learn_checks(
    [
        *(LagFeatures(), LagFeatures([0, 2], passthrough=True), DifferenceFeatures(), RollingFeatures(3)),
        *(RollingFeatures([2, 4], ["median", "max"], min_periods=1), ExpandingFeatures(), EwmFeatures()),
        RunningScaler(),
        *(FourierFeatures(), CalendarFeatures(time=0, unit="D")),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ------------------------------------------------------------------ frames of every library


CONTAINERS = {
    "pandas": pd.DataFrame,
    "objects": lambda columns: pd.DataFrame(columns, dtype=object),
    "nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "pandas, pyarrow": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame,
    "pyarrow": lambda columns: pytest.importorskip("pyarrow").table(columns),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_numbers_are_read_alike_whatever_holds_them(container):
    expected = [np.nan, 1, 0, np.nan, 1]
    kinds = {
        "floats": [1.0, 0.0, None, 1.0, 0.0],
        "integers": [1, 0, None, 1, 0],
        "booleans": [True, False, None, True, False],
        "decimals": [Decimal(1), Decimal(0), None, Decimal(1), Decimal(0)],
    }
    for values in kinds.values():
        for more in ({}, {"b": [5, 4, 3, 2, 1]}, {"b": [0.5] * 5}):
            X = CONTAINERS[container]({"a": values, **more})
            assert_array_equal(np.asarray(LagFeatures(1).fit_transform(X), float)[:, 0], expected)
    X = CONTAINERS[container](kinds)
    assert_array_equal(np.asarray(LagFeatures(1).fit_transform(X), float), np.tile(expected, (4, 1)).T)
    for values in (["1", "0", None, "1", "0"], [pd.Timestamp("2024-01-01").to_pydatetime()] * 5):
        with pytest.raises(ValueError, match=r"The column 'a' holds .*, no numbers"):
            LagFeatures(1).fit(CONTAINERS[container]({"a": values, "b": [1] * 5}))
