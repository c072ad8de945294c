"""What is a time is read as one, on the clock of its rows; everything else is an error that says so."""

import datetime
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.model_selection import cross_validate

from skbackprop.time_series import (
    CalendarFeatures,
    DifferenceFeatures,
    EwmFeatures,
    ExpandingFeatures,
    FourierFeatures,
    LagFeatures,
    LagForecaster,
    PanelTimeSeriesSplit,
    RollingFeatures,
    RunningScaler,
    backtest,
    check_causal,
)
from skbackprop.time_series.clock import learn_clock
from skbackprop.time_series.stepping import Clock

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect")

DAY = 86_400_000_000_000
LOOKING_BACK = [
    LagFeatures(1),
    DifferenceFeatures(1),
    RollingFeatures(2),
    ExpandingFeatures(),
    EwmFeatures(alpha=0.5),
    RunningScaler(),
]
OF_TIME = [*LOOKING_BACK, CalendarFeatures(), FourierFeatures()]


def lag_1(index, features=None, **settings):
    """Lag 1 of 0, 1, 2, ..."""
    X = pd.DataFrame({"v": np.arange(float(len(index)))}, index=index)
    return (features or LagFeatures(1, **settings)).fit_transform(X).to_numpy()[:, 0]


def forecaster(**settings):
    return LagForecaster(Ridge(1e-6), **{"lags": 7, "horizon": 3} | settings)


# ------------------------------------------------------------------ what is a time

NEWEST_FIRST = pd.to_datetime(["2026-01-05", "2026-01-03", "2026-01-02", "2026-01-01"])
BEFORE = [np.nan, 2, 3, np.nan]  # January 4th is missing
READ = {
    "text": NEWEST_FIRST.strftime("%Y-%m-%d"),
    "text with hours": NEWEST_FIRST.strftime("%Y-%m-%dT%H:%M:%S"),
    "text in a zone": NEWEST_FIRST.strftime("%Y-%m-%d 00:00+01:00"),
    "text of pyarrow": NEWEST_FIRST.strftime("%Y-%m-%d").astype("string[pyarrow]"),
    "date": pd.Index([time.date() for time in NEWEST_FIRST], dtype=object),
    "datetime": pd.Index([time.to_pydatetime() for time in NEWEST_FIRST], dtype=object),
    "Timestamp": pd.Index(list(NEWEST_FIRST), dtype=object),
    "Timestamp in a zone": pd.Index(list(NEWEST_FIRST.tz_localize("Asia/Tokyo")), dtype=object),
    "Period": pd.Index(list(NEWEST_FIRST.to_period("D")), dtype=object),
    "categories": pd.CategoricalIndex(NEWEST_FIRST),
    "pyarrow timestamp": pd.Index(NEWEST_FIRST, dtype=pd.ArrowDtype(pa.timestamp("us"))),
    "pyarrow zone": pd.Index(NEWEST_FIRST.tz_localize("UTC"), dtype=pd.ArrowDtype(pa.timestamp("s", "UTC"))),
    "pyarrow date": pd.Index([t.date() for t in NEWEST_FIRST], dtype=pd.ArrowDtype(pa.date32())),
    "whole numbers": pd.Index([5, 3, 2, 1], dtype=object),
    "nullable": pd.Index([5, 3, 2, 1], dtype="Int64"),
    "pyarrow numbers": pd.Index([5, 3, 2, 1], dtype="int64[pyarrow]"),
    "unsigned": pd.Index([5, 3, 2, 1], dtype="uint8"),
    "year 3000": NEWEST_FIRST.strftime("3000-%m-%d"),
    "date in the year 3000": pd.Index([t.date().replace(year=3000) for t in NEWEST_FIRST]),
    "days of NumPy": pd.Index(np.array(NEWEST_FIRST.strftime("0900-%m-%d"), dtype="datetime64[D]")),
}
REFUSED = {
    "other text": (
        NEWEST_FIRST.strftime("%d/%m/%Y"),
        "text that is no date of ISO 8601, such as '05/01/2026'",
    ),
    "names": (["b", "a", "d", "c"], "text that is no date"),
    "no such day": (["2026-02-30", "2026-01-03", "2026-01-02", "2026-01-01"], "text that is no date"),
    "durations": (NEWEST_FIRST - NEWEST_FIRST[-1], "a duration is no time"),
    "timedelta": (pd.Index(list(NEWEST_FIRST - NEWEST_FIRST[-1]), dtype=object), "a duration is no time"),
    "pyarrow durations": (
        pd.Index(NEWEST_FIRST - NEWEST_FIRST[-1], dtype=pd.ArrowDtype(pa.duration("us"))),
        "a duration is no time",
    ),
    "floats": ([5.0, 3.0, 2.0, 1.0], "holds float64"),
    "booleans": ([True, False, True, False], "holds bool"),
    "intervals": (pd.interval_range(0, 4), "holds interval"),
    "with and without a zone": (
        pd.Index([*NEWEST_FIRST[:3], NEWEST_FIRST[3].tz_localize("UTC")], dtype=object),
        "with and without a zone",
    ),
    "text with and without": (
        ["2026-01-02", "2026-01-01T00:00Z", "2026-01-04", "2026-01-05"],
        "without a zone",
    ),
    "too large": (np.arange(4, dtype=np.uint64) + np.uint64(2**63), "below 2"),
    "two frequencies": (
        pd.Index(
            [pd.Period("2026"), pd.Period("2025"), pd.Period("2024"), pd.Period("2023-01")], dtype=object
        ),
        "periods of several frequencies",
    ),
    "missing text": (["2026-01-04", None, "2026-01-02", "2026-01-01"], "lacks the time of row 1"),
    "missing date": (pd.Index([datetime.date(2026, 1, 4), None, None, None]), "lacks the time of row 1"),
    "missing number": (pd.Index([4, None, 2, 1], dtype="Int64"), "lacks the time of row 1"),
    "nothing": (pd.Index([None] * 4, dtype=object), "lacks the time of row 0"),
}


@pytest.mark.parametrize("index", READ.values(), ids=READ)
def test_times_are_read(index):
    assert_array_equal(lag_1(index), BEFORE)
    frame = pd.DataFrame({"t": index, "v": np.arange(4.0)})
    by_column = LagFeatures(1, time="t").fit_transform(frame)
    assert_array_equal(by_column["v_lag_1"], BEFORE)
    panel = pd.concat([frame.assign(id=name) for name in "ab"])
    in_panel = LagFeatures(1, time="t", groups="id").fit_transform(panel)
    assert_array_equal(in_panel["v_lag_1"], [*BEFORE, *BEFORE])
    by_level = LagFeatures(1, groups="id").fit_transform(panel.set_index(["id", "t"]))
    assert_array_equal(by_level["v_lag_1"], [*BEFORE, *BEFORE])
    objects = frame.astype(object).to_numpy()
    assert_array_equal(LagFeatures(1, time=0).fit_transform(objects)[:, 0], BEFORE)
    train, test = next(PanelTimeSeriesSplit(1, time="t").split(frame))
    assert (list(train), list(test)) == ([1, 2, 3], [0])
    check_causal(LagFeatures(1, time="t"), frame, time="t", random_state=0)
    later = LagFeatures(1, time="t").fit(frame[1:]).transform(frame[:1])
    assert np.isnan(later.iloc[0, 0])


@pytest.mark.parametrize(("index", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_time_is_refused(index, message):
    X = pd.DataFrame({"v": np.arange(4.0)}, index=index)
    with pytest.raises(ValueError, match=f"The index of X .*{message}"):
        LagFeatures(1).fit(X)
    with pytest.raises(ValueError, match=f"time='t' .*{message}"):
        LagFeatures(1, time="t").fit(
            X.assign(t=index.to_series(index=X.index) if isinstance(index, pd.Index) else index)
        )
    with pytest.raises(ValueError, match=message):
        list(PanelTimeSeriesSplit(1).split(X))
    with pytest.raises(ValueError, match=message):
        forecaster(lags=1, horizon=1).fit(X, X["v"])


def test_row_numbers_are_no_time_of_several_series():
    frame = pd.DataFrame({"id": list("aabb"), "v": np.arange(4.0)})
    for index in (pd.RangeIndex(4), pd.Index([9, 8, 7, 6]), pd.Index([9, 8, 7, 6], dtype=object)):
        lags = LagFeatures(1, groups="id").fit_transform(frame.set_index(index))
        assert_array_equal(lags["v_lag_1"], [np.nan, 0, np.nan, 2])
    with pytest.raises(ValueError, match="The index of X holds text"):
        LagFeatures(1, groups="id").fit(frame.set_index(pd.Index(list("wxyz"))))


def test_polars_and_pyarrow_tables():
    days = NEWEST_FIRST
    table = pa.table({"t": pa.array(days.to_pydatetime()), "v": np.arange(4.0), "n": [1, None, 3, 4]})
    for X in (table, table.set_column(0, "t", table["t"].cast(pa.date32())), table.to_batches()[0]):
        lags = LagFeatures(1, time="t").fit_transform(X)
        assert_array_equal(lags["v_lag_1"], BEFORE)
        assert_array_equal(lags["n_lag_1"], [np.nan, 3, 4, np.nan])
        assert CalendarFeatures(time="t", passthrough=["n"]).fit(X).transform(X).columns[0] == "n"
        assert len(list(PanelTimeSeriesSplit(1, time="t").split(X))) == 1
    for column in (days.strftime("%Y-%m-%d").tolist(), [d.date() for d in days], [5, 3, 2, 1]):
        lags = LagFeatures(1, time="t").fit_transform(pl.DataFrame({"t": column, "v": np.arange(4.0)}))
        assert_array_equal(lags["v_lag_1"].to_numpy(), BEFORE)
    with pytest.raises(ValueError, match="lacks the time of row 1"):
        LagFeatures(1, time="t").fit(pl.DataFrame({"t": [5, None, 2, 1], "v": np.arange(4.0)}))
    with pytest.raises(ValueError, match="time='t' holds timedelta64"):
        LagFeatures(1, time="t").fit(
            pl.DataFrame({"t": [datetime.timedelta(n) for n in (4, 3, 2, 1)], "v": np.arange(4.0)})
        )
    days = pd.date_range("2026-01-01", periods=60)
    y = np.resize([5.0, 6, 7, 8, 9, 2, 1], 60)
    table = pa.table({"t": pa.array(days.to_pydatetime()), "past": np.arange(60.0)})
    net = forecaster(time="t", calibration_horizons=3).fit(table.slice(0, 50), y[:50])
    assert_allclose(net.observe(table.slice(50, 7), y[50:57]).predict(table.slice(57)), y[57:], atol=1e-2)
    assert backtest(net, table, y, [(np.arange(50), np.arange(50, 53))]).scores["MAE"].iloc[0] < 0.1


@pytest.mark.parametrize("passthrough", [False, True])
def test_tables_without_an_index_follow_each_other(passthrough):
    """As frames of polars do: pandas would number the rows of each table from 0 on, and these be times."""
    first, second = pa.table({"v": np.arange(4.0)}), pa.table({"v": np.arange(4.0, 6.0)})
    lags = LagFeatures(1, history="continue", passthrough=passthrough).fit(first)
    assert lags.history_.clock is None
    assert_array_equal(lags.transform(second)["v_lag_1"], [3, 4])
    again = LagFeatures(1, history="continue").fit(lags.transform(first))  # what one step gives to the next
    assert again.history_.clock is None
    days = pd.DataFrame({"v": np.arange(4.0)}, index=NEWEST_FIRST)
    assert_array_equal(LagFeatures(1).fit_transform(pa.Table.from_pandas(days))["v_lag_1"], BEFORE)


@pytest.mark.parametrize("dtype", [">i4", ">i8", ">f8", "<i2"])
def test_ids_and_times_of_any_byte_order(dtype):
    X = np.array([[0, 3, 5], [0, 1, 6], [1, 3, 7], [1, 1, 8]]).astype(dtype)
    has_times = dtype != ">f8"  # floats are no times
    lags = LagFeatures(1, groups=1, time=0 if has_times else None, columns=[2]).fit_transform(X)
    assert_array_equal(lags[:, 0], [np.nan, np.nan, 5, 6])
    lags = LagFeatures(1, groups="g", time="t" if has_times else None, columns=["v"])
    assert_array_equal(
        lags.fit_transform(pd.DataFrame(X, columns=list("tgv")))["v_lag_1"], [np.nan, np.nan, 5, 6]
    )


def test_levels_without_names_have_numbers():
    index = pd.MultiIndex.from_product([["a", "b"], NEWEST_FIRST])
    X = pd.DataFrame({"v": np.arange(8.0)}, index=index)
    lags = LagFeatures(1, groups=0).fit_transform(X)["v_lag_1"]
    assert_array_equal(lags, [np.nan, 2, 3, np.nan, np.nan, 6, 7, np.nan])
    assert_array_equal(LagFeatures(1, groups=0, time=1).fit_transform(X)["v_lag_1"], lags)
    assert len(list(PanelTimeSeriesSplit(1, time=1).split(X))) == 1
    with pytest.raises(ValueError, match=r"index levels \[0, 1\]: groups= names all but the time"):
        LagFeatures(1).fit(X)
    with pytest.raises(ValueError, match="groups: X has no column 2"):
        LagFeatures(1, groups=2).fit(X)


# ------------------------------------------------------------------ times of another kind later

HOURS = pd.date_range("2026-06-01", periods=42, freq="h", tz="Europe/Berlin")


def later_steps(index, later):
    X = pd.DataFrame({"v": np.arange(float(len(index)))}, index=index)
    after = pd.DataFrame({"v": np.arange(float(len(later)))}, index=later)
    return LagFeatures(1).fit(X).transform(after).to_numpy()[:, 0]


@pytest.mark.parametrize(
    ("index", "later", "message"),
    [
        (
            HOURS,
            HOURS.tz_localize(None) + pd.Timedelta("42h"),
            r"have no zone.*in Europe/Berlin: tz_localize",
        ),
        (HOURS.tz_localize(None), HOURS + pd.Timedelta("42h"), r"in Europe/Berlin.*have no zone"),
        (HOURS, range(42, 44), "are whole numbers .* learned before are dates"),
        (range(42), HOURS[:2], "are dates .* learned before are whole numbers"),
        (HOURS, pd.period_range("2026-06-03", periods=3, freq="h"), "are periods .* are dates"),
        (
            pd.period_range("2020-01", periods=30, freq="M"),
            pd.period_range("2022-07-01", periods=2, freq="D"),
            r"periods of 'D'.*are of 'M': asfreq\('M'\)",
        ),
        (
            pd.period_range("2020-01", periods=30, freq="Q-DEC"),
            pd.period_range("2027-07-01", periods=2, freq="Q-JAN"),
            "periods of 'Q-JAN'",
        ),
    ],
)
def test_other_kinds_are_refused(index, later, message):
    with pytest.raises(ValueError, match=message):
        later_steps(index, later)
    X, after = pd.DataFrame(index=index), pd.DataFrame(index=later)
    net = forecaster(lags=3, horizon=2).fit(X, np.arange(float(len(X))))
    with pytest.raises(ValueError, match=message):
        net.predict(after)
    with pytest.raises(ValueError, match=message):
        net.observe(after, np.zeros(len(after)))
    with pytest.raises(ValueError, match=message):
        FourierFeatures().fit(X.assign(v=0.0)).transform(after.assign(v=0.0))
    ignoring = LagFeatures(1, on_gap="ignore").fit(X.assign(v=0.0))
    with pytest.raises(ValueError, match=message):
        ignoring.transform(after.assign(v=0.0))


@pytest.mark.parametrize("features", [CalendarFeatures(), FourierFeatures(24)])
def test_the_calendar_keeps_its_zone(features):
    X = pd.DataFrame({"v": 0.0}, index=HOURS)
    expected = features.fit_transform(X)
    for zone in ("UTC", "Asia/Tokyo"):
        assert_array_equal(features.transform(X.tz_convert(zone)), expected)
    with pytest.raises(ValueError, match="have no zone"):
        features.transform(X.tz_localize(None))
    with pytest.raises(ValueError, match="have no zone"):
        features.partial_fit(X.tz_localize(None))


@pytest.mark.parametrize("freq", ["D", "W", "MS", "B", "h", "12h"])
def test_another_zone_at_the_same_instants(freq):
    """Dates are those of the zone that was learned."""
    index = pd.date_range("2026-03-01", periods=60, freq=freq, tz="America/New_York")
    for clock in (index, pd.DatetimeIndex(index, freq=None)):
        lags = later_steps(clock[:50], clock[50:].tz_convert("UTC"))
        assert_array_equal(lags, [49, *range(9)])
    net = forecaster(horizon=2).fit(pd.DataFrame(index=index[:50]), np.arange(50.0))
    after = pd.DataFrame(index=index[50:52].tz_convert("Asia/Tokyo"))
    assert_allclose(net.predict(after), [50, 51], atol=1e-3)


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", datetime.timezone(datetime.timedelta(hours=1)), None]
)
def test_a_clock_is_plain_and_goes_on(zone):
    index = pd.date_range("2026-03-01", periods=60, freq="D", tz=zone)
    features = LagFeatures(1).fit(pd.DataFrame({"v": 0.0}, index=index))
    again = pickle.loads(pickle.dumps(features))
    assert again.history_.clock == features.history_.clock == learn_clock(index)
    kinds = {type(value) for value in vars(features.history_.clock).values()}
    assert all(kind.__module__ != "pandas" for kind in kinds)


# ------------------------------------------------------------------ which steps there are

DAYS = pd.date_range("2024-01-01", periods=728)
HOLIDAYS = pd.to_datetime(["2024-01-01", "2024-03-29", "2024-05-27", "2024-07-04", "2024-12-25"])


def open_days(weekdays, without=()):
    days = DAYS.difference(pd.DatetimeIndex(without))
    return pd.DatetimeIndex(days[days.day_of_week.isin(weekdays)], freq=None)


@pytest.mark.parametrize(
    "weekdays", [(0, 1, 2, 3, 4, 5), (1, 2, 3, 4, 5), (0, 2, 4), (0, 3), (5, 6), (6, 0, 1)]
)
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_weekdays_that_never_occur_are_no_steps(weekdays, zone):
    index = open_days(weekdays).tz_localize(zone)
    n = len(index) - 1
    assert_array_equal(lag_1(index), [np.nan, *range(n)])
    assert learn_clock(index).weekdays == tuple(sorted(weekdays))
    assert_array_equal(later_steps(index[:-4], index[-4:]), [n - 4, 0, 1, 2])
    assert np.isnan(later_steps(index[:-4], index[-3:])[0])
    folds = list(PanelTimeSeriesSplit(3, horizon=5).split(pd.DataFrame(index=index)))
    assert [len(test) for _, test in folds] == [5, 5, 5]
    if zone is None:
        assert_array_equal(lag_1(index.to_period("D")), [np.nan, *range(n)])
        assert_array_equal(lag_1(index + pd.Timedelta("16h")), [np.nan, *range(n)])


@pytest.mark.parametrize("weekdays", [(0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5)])
def test_holidays(weekdays):
    """Learned: rows that are missing. Given: no steps."""
    index = open_days(weekdays, HOLIDAYS)
    missing = HOLIDAYS[HOLIDAYS.day_of_week.isin(weekdays) & (index[0] < HOLIDAYS)]
    assert np.isnan(lag_1(index)).sum() == 1 + len(missing)
    freq = pd.offsets.CustomBusinessDay(
        weekmask=[int(day in weekdays) for day in range(7)], holidays=list(HOLIDAYS)
    )
    assert np.isnan(lag_1(index, freq=freq)).sum() == 1
    X = pd.DataFrame({"v": 1.0}, index=index)
    with pytest.raises(ValueError, match="2024-12-25 00:00:00 is no step of the clock: it is a holiday"):
        LagFeatures(1, freq=freq).fit(X[:100]).transform(X[:1].set_index(HOLIDAYS[-1:]))
    y = np.arange(float(len(index)))
    net = forecaster(horizon=5, freq=freq).fit(X[[]][:-5], y[:-5])
    assert_allclose(net.predict(X[[]][-5:]), y[-5:], atol=1e-3)


@pytest.mark.parametrize("strategy", ["mimo", "direct", "recursive", "dirrec"])
def test_forecasts_go_over_closed_days(strategy):
    index = open_days((0, 1, 2, 3, 4, 5))
    y = 10.0 + index.day_of_week.to_numpy() + np.random.default_rng(0).normal(size=len(index)) * 0.01
    X = pd.DataFrame(index=index)
    net = forecaster(lags=14, horizon=7, strategy=strategy).fit(X, y)
    ahead = pd.DataFrame(index=pd.date_range("2025-12-29", periods=6))
    assert_allclose(net.predict(ahead), np.arange(10, 16), atol=0.1)
    with pytest.raises(ValueError, match=r"is a Sunday.*Leave it out, or fit with freq='D'"):
        net.predict(pd.DataFrame(index=pd.date_range("2025-12-29", periods=7)))
    assert net.seasons_ == (6,)


@pytest.mark.parametrize("strategy", ["mimo", "direct", "recursive", "dirrec"])
@pytest.mark.parametrize("with_rows", [True, False])
def test_forecasts_go_over_the_closed_days_of_each_series(strategy, with_rows):
    """Each of two shops has another day off: all days are steps, and what never comes is walked over."""
    noise = np.random.default_rng(0).normal(size=(2, len(DAYS))) * 0.01
    frames = [
        pd.DataFrame({"id": name, "t": DAYS, "y": 10.0 + DAYS.day_of_week + noise[number]})[
            DAYS.day_of_week != off
        ]
        for number, (name, off) in enumerate({"a": 6, "b": 0}.items())
    ]
    if with_rows:  # whose y is not known
        frames = [frame.set_index("t").reindex(DAYS[6:-6]).rename_axis("t").reset_index() for frame in frames]
        frames = [frame.assign(id=name) for frame, name in zip(frames, "ab")]
    X = pd.concat(frames, ignore_index=True)
    net = forecaster(lags=14, horizon=7, strategy=strategy, groups="id", time="t").fit(X[["id", "t"]], X["y"])
    last = X["t"].max()
    ahead = pd.DataFrame({"id": np.repeat(["a", "b"], 14), "t": [*pd.date_range(last, periods=15)[1:]] * 2})
    is_open = ahead["t"].dt.day_of_week != np.repeat([6, 0], 14)
    expected = 10.0 + ahead["t"].dt.day_of_week
    assert_allclose(net.predict(ahead)[is_open], expected[is_open], atol=0.2)


def test_hours_without_a_value_are_gone_over():
    hours = pd.date_range("2024-01-01", periods=24 * 7 * 8, freq="h")
    opened = hours[(hours.hour >= 8) & (hours.hour < 20)]
    y = 10.0 + opened.hour.to_numpy()
    net = forecaster(lags=48, horizon=1, strategy="recursive", freq="h").fit(pd.DataFrame(index=opened), y)
    ahead = pd.DataFrame(index=pd.date_range("2024-02-26 08:00", periods=12, freq="h"))
    assert_allclose(net.predict(ahead), 18.0 + np.arange(12), atol=0.2)


def test_a_closed_day_that_opens():
    days = pd.date_range("2024-01-01", periods=70)
    kept = days.day_of_week < 6
    X, y = pd.DataFrame(index=days), np.where(kept, 1.0, np.nan)
    net = LagForecaster(SGDRegressor(), 7, strategy="recursive").fit(X, y)
    assert net.models_.closed.at(np.array([0, 1]), np.array([days[6].toordinal() - 719163] * 2)).tolist() == [
        True,
        False,
    ]
    net.observe(pd.DataFrame(index=pd.date_range("2024-03-11", periods=7)), np.ones(7))
    assert not net.models_.closed.never.any()


def test_few_days_tell_nothing():
    """A weekday counts as closed when it has come without a row again and again, and others have theirs."""
    whole = DAYS[:22]
    assert learn_clock(whole[whole.day_of_week < 5]) == Clock("business days", 1, 0)
    assert learn_clock(whole[[0, 1, 2, 3, 4, 7]]) == Clock("business days", 1, 0)
    assert learn_clock(whole[whole.day_of_week < 6][:12]).unit == "ns"
    assert learn_clock(whole[whole.day_of_week < 6]).unit == "business days"
    random = np.random.default_rng(0)
    for share in (0.5, 0.8, 0.9):
        for _ in range(50):
            some = DAYS[: random.integers(10, 200)]
            kept = (random.random(len(some)) < share) | (some < DAYS[2])
            clock = learn_clock(pd.DatetimeIndex(some[kept], freq=None))
            assert clock == Clock("ns", DAY, 0)


def test_all_days_can_be_asked_for():
    index = open_days((0, 1, 2, 3, 4, 5))
    assert np.isnan(lag_1(index, freq="D")).mean() > 0.1
    X = pd.DataFrame({"v": 0.0}, index=index)
    expected = FourierFeatures(7).fit_transform(X.reindex(DAYS)).loc[index]
    assert_allclose(FourierFeatures(7).fit_transform(X), expected, atol=1e-9)


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2022-10-20 06:00", periods=30, freq="D", tz="Europe/Amsterdam"),
        pd.date_range("2022-10-20 06:00", periods=30, freq="2D", tz="Europe/Amsterdam"),
        pd.DatetimeIndex(
            [t + pd.Timedelta(h, "h") for t in pd.date_range("2022-10-20", periods=15) for h in (6, 18)]
        ).tz_localize("Europe/Amsterdam"),
        pd.date_range("2020-01-01", periods=30, freq="MS") + pd.Timedelta(days=14),
        pd.DatetimeIndex([pd.Timestamp("2020-01-30") + pd.DateOffset(months=n) for n in range(30)]),
        pd.date_range("2020-01-01 12:00", periods=30, freq="ME", tz="UTC"),
        pd.date_range("2020-01-01", periods=30, freq="BME"),
        pd.date_range("2020-01-01", periods=30, freq="BMS"),
        pd.date_range("2020-01-01", periods=30, freq="BQE"),
        pd.date_range("2000-01-01", periods=30, freq="BYE"),
        pd.date_range("2020-01-01", periods=30, freq="QE-JAN"),
        pd.date_range("2020-01-01", periods=30, freq="WOM-3FRI"),
        pd.date_range("2020-01-15", periods=30, freq=pd.DateOffset(months=1)),
        pd.date_range("2020-01-15", periods=30, freq=pd.DateOffset(months=2)),
        pd.date_range("2000-02-29", periods=30, freq=pd.DateOffset(years=1)),
        pd.date_range("2020-01-15", periods=30, freq=pd.DateOffset(days=1)),
        pd.date_range("2020-01-15", periods=30, freq=pd.DateOffset(weeks=2)),
        pd.date_range("2020-01-15", periods=30, freq=pd.DateOffset(hours=6)),
        pd.date_range("2020-01-01", periods=30, freq="C"),
        pd.date_range("2020-01-01", periods=30, freq="7D"),
    ],
    ids=lambda index: str(index.freq),
)
def test_regular_times_are_recognised(index):
    """Whether the index has its frequency, is told it, or has forgotten it."""
    expected = [np.nan, *range(len(index) - 1)]
    forgotten = pd.DatetimeIndex(index, freq=None)
    assert_array_equal(lag_1(index), expected)
    assert np.isnan(lag_1(forgotten[::-1])).sum() == 1
    assert_array_equal(lag_1(forgotten), expected)
    assert np.isnan(lag_1(forgotten.delete([5, 9]))).sum() == 3
    if index.freq is not None:
        assert_array_equal(lag_1(forgotten, freq=index.freq), expected)


@pytest.mark.parametrize(
    "freq", ["SME", "bh", "FY5253", 1, (0, 1), "x", 2.5, pd.DateOffset(months=1, days=3), "-1D"]
)
def test_a_freq_that_is_none(freq):
    freq = pd.offsets.FY5253(startingMonth=1, weekday=0) if freq == "FY5253" else freq
    with pytest.raises(ValueError, match="freq="):
        lag_1(pd.DatetimeIndex(DAYS[:9], freq=None), freq=freq)


def test_freq_of_other_kinds_of_time():
    months = pd.period_range("2020-01", periods=9, freq="M")
    assert np.isnan(lag_1(months[::2], freq="2M")).sum() == 1
    for freq in ("D", "x", 3):
        with pytest.raises(ValueError, match="for periods of 'M' as times, it is a multiple of 'M'"):
            lag_1(months, freq=freq)
    with pytest.raises(ValueError, match="for whole numbers as times"):
        lag_1(range(9), freq="D")


def test_series_on_clocks_apart():
    quarters = [
        pd.date_range(start, periods=24, freq=freq)
        for start, freq in (("2015-01-31", "QE-JAN"), ("2015-02-28", "QE-FEB"))
    ]
    weeks = [pd.date_range(start, periods=24, freq="7D") for start in ("2024-01-01", "2024-01-03")]
    numbers = [pd.Index(np.arange(24) * 2 + first) for first in (0, 1)]
    for parts in (quarters, weeks, numbers):
        X = pd.DataFrame(
            {"id": np.repeat(["a", "b"], 24), "t": parts[0].append(parts[1]), "v": np.arange(48.0)}
        )
        settings = {"groups": "id", "time": "t"}
        with pytest.raises(ValueError, match="No row of any series comes one step of the clock"):
            LagFeatures(1, **settings).fit(X)
        with pytest.raises(ValueError, match="No row of any series comes one step of the clock"):
            forecaster(lags=2, horizon=1, **settings).fit(X[["id", "t"]], X["v"])
        lags = LagFeatures(1, **settings, on_gap="ignore").fit_transform(X)
        assert_array_equal(lags["v_lag_1"], [np.nan, *range(23), np.nan, *range(24, 47)])


def test_a_clock_whose_steps_have_hardly_a_row_warns():
    hours = pd.date_range("2024-01-01", periods=24 * 60, freq="h")
    opened = hours[(hours.hour >= 9) & (hours.hour < 17)]
    with pytest.warns(UserWarning, match=r"66% of the steps of the clock, .* have no row: give freq="):
        lag_1(opened)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lag_1(opened, freq="h")
        lag_1(opened, on_gap="ignore")
        lag_1(hours[: 24 * 10].append(hours[24 * 50 :]))  # one break


# ------------------------------------------------------------------ rows that are counted

random = np.random.default_rng(0)
IRREGULAR = pd.Timestamp("2026-01-05 09:15") + pd.to_timedelta(
    np.cumsum(random.choice([3, 3, 3, 307], 70)) + random.integers(0, 2, 70), unit="s"
)
WEEK = np.resize([5.0, 6, 7, 8, 9, 2, 1], 70)


@pytest.mark.parametrize("features", LOOKING_BACK, ids=repr)
@pytest.mark.parametrize(
    "index",
    [
        IRREGULAR,
        IRREGULAR.tz_localize("UTC"),
        IRREGULAR.as_unit("ns"),
        pd.Index(IRREGULAR.asi8 // 10**6),
        IRREGULAR.to_period("s"),
        IRREGULAR.astype(str),
        pd.DatetimeIndex(IRREGULAR.as_unit("s").asi8 + 10**11, dtype="M8[s]"),
    ],
    ids=["dates", "in a zone", "ns", "whole numbers", "periods", "text", "far"],
)
@pytest.mark.filterwarnings("ignore:freq='D' has no effect")
@pytest.mark.parametrize("freq", [None, "D"])
def test_counted_rows_need_no_clock(features, index, freq):
    features = features.__class__(**features.get_params() | {"on_gap": "ignore", "freq": freq})
    X = pd.DataFrame({"v": WEEK}, index=index)
    expected = type(features)(**features.get_params()).fit_transform(WEEK[:, None])
    assert_array_equal(features.fit_transform(X), expected)
    shuffled = X.sample(frac=1, random_state=0)
    assert_array_equal(features.fit_transform(shuffled).loc[X.index], expected)
    stream = features.fit(X[:30]).partial_fit(X[30:41])
    assert_array_equal(stream.transform(X[41:]), expected[41:])
    with pytest.raises(ValueError, match="Late rows"):
        stream.partial_fit(X[:3])


def test_counted_rows_of_forecasts():
    X, y = pd.DataFrame(index=IRREGULAR), WEEK
    net = forecaster(on_gap="ignore").fit(X[:63], y[:63])
    assert_allclose(net.predict(X[63:66]), y[63:66], atol=0.1)
    assert_allclose(net.observe(X[63:66], y[63:66]).predict(X[66:]), y[66:], atol=0.3)
    found = backtest(forecaster(on_gap="ignore"), X, y, [(np.arange(63), np.arange(63, 66))])
    assert found.scores["MAE"].iloc[0] < 0.1


def test_series_are_forgotten_by_a_clock():
    X = pd.DataFrame({"v": WEEK}, index=IRREGULAR)
    with pytest.raises(ValueError, match="not on one clock"):
        LagFeatures(1, on_gap="ignore", forget_after=5).fit(X)


# ------------------------------------------------------------------ messages


def test_messages_name_what_the_object_has():
    days = pd.date_range("2026-01-01", periods=60)
    shops = pd.DataFrame({"store": ["s"] * 60}, index=days)
    with pytest.raises(ValueError, match=r"The column 'store' holds .*groups=") as caught:
        forecaster().fit(shops, np.arange(60.0))
    assert "columns=" not in str(caught.value)
    with pytest.raises(ValueError, match=r"The column 'store' holds .*columns="):
        LagFeatures(1).fit(shops)
    irregular = pd.DataFrame({"v": WEEK}, index=IRREGULAR)
    with pytest.raises(ValueError, match="Give freq=") as caught:
        list(PanelTimeSeriesSplit(2).split(irregular))
    assert "on_gap" not in str(caught.value)
    with pytest.raises(ValueError, match="Give freq=, or on_gap='ignore'"):
        LagFeatures(1).fit(irregular)


def test_late_rows_say_where_their_times_are():
    y = np.resize([5.0, 6, 7, 8, 9, 2, 1], 60)
    net = forecaster(known_future="p").fit(pd.DataFrame({"p": y}), y)
    with pytest.raises(ValueError, match=r"Late rows.*The index of X holds the times, 0 to 1"):
        net.predict(pd.DataFrame({"p": [1.0, 2]}))


def test_train_scores_of_forecasts():
    """A forecast of rows that were learned is none: what to do is said, where scikit-learn gives NaN."""
    X, y = pd.DataFrame(index=pd.date_range("2026-01-01", periods=70)), WEEK
    with pytest.warns(UserWarning, match="return_train_score=False"):
        scores = cross_validate(
            forecaster(), X, y, cv=PanelTimeSeriesSplit(2, horizon=3), return_train_score=True
        )
    assert np.isfinite(scores["test_score"]).all()


@pytest.mark.parametrize("features", OF_TIME, ids=repr)
def test_columns_to_pass_through_must_be_there(features):
    X = pd.DataFrame({"v": [1.0, 2.0, 3.0]}, index=DAYS[:3])
    features = type(features)(**features.get_params() | {"passthrough": ["a"]})
    for table in (X, X.rename_axis("a")):
        with pytest.raises(ValueError, match=r"passthrough=\['a'\]: X has no column 'a', only \['v'\]"):
            features.fit(table)
    if not isinstance(features, CalendarFeatures):
        with pytest.raises(ValueError, match=r"passthrough=\[2\]: X has no column 2"):
            type(features)(**features.get_params() | {"passthrough": [2]}).fit(np.zeros((3, 1)))
