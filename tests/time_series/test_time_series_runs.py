"""Rows that stand series by series and step by step give what the same rows give in any other order."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skbackprop.time_series import (
    DifferenceFeatures,
    EwmFeatures,
    ExpandingFeatures,
    LagFeatures,
    RollingFeatures,
    blocks,
    runs,
    timeline,
)
from skbackprop.time_series.clock import Clock, learn_clock, ticks_of
from skbackprop.time_series.runs import MISSING, Ticks, run_starts

STATISTICS = ["mean", "std", "var", "min", "max", "sum", "median"]
LOOKING_BACK = [
    LagFeatures([1, 3, 0, 12]),
    DifferenceFeatures([1, 4]),
    RollingFeatures([3, 5], STATISTICS),
    RollingFeatures([4, 7], STATISTICS, min_periods=1, shift=2),
    RollingFeatures([1, 6], ["mean", "std"], shift=0),
    ExpandingFeatures(["mean", "std", "max"]),
    EwmFeatures(5),
]
every_one = pytest.mark.parametrize("features", LOOKING_BACK, ids=repr)
PANEL = {"groups": "id", "time": "t"}


def panel(lengths, first=0, freq="h", dtype=float, seed=0):
    """Series of these lengths, one after the other, from the steps `first` (one for each, or for all) on."""
    random = np.random.default_rng(seed)
    first = np.broadcast_to(first, len(lengths))
    times = pd.date_range("2024-01-01 05:00", periods=max(lengths) + max(first), freq=freq)
    at = np.concatenate([np.arange(n) + begin for n, begin in zip(lengths, first)])
    ids = np.repeat(random.permutation(100)[: len(lengths)], lengths)
    values = random.normal(size=len(ids)) + 100
    return pd.DataFrame({"t": times[at], "id": ids, "y": values.astype(dtype)})


PANELS = {
    "complete": panel([30] * 7),
    "daily": panel([30] * 7, freq="D"),
    "one row each": panel([1] * 9),
    "unequal": panel([30, 1, 17, 2, 40], [0, 5, 3, 50, 0]),
    "single": panel([60]),
    "single precision": panel([30] * 7, dtype=np.float32),
    "unequal, single precision": panel([3, 30, 9], dtype=np.float32),
    "months": panel([30] * 4, freq="MS"),
    "NaN": panel([30] * 7).assign(y=lambda f: f["y"].where(np.arange(len(f)) % 5 > 0)),
    "gaps": panel([30] * 7)[np.random.default_rng(1).random(210) < 0.7],
    "seconds": panel([30] * 7).astype({"t": "datetime64[s]"}),
    "strings": panel([30] * 7).assign(id=lambda f: f["id"].astype(str)),
    "whole numbers": panel([30] * 7).assign(t=np.tile(np.arange(30) * 3 - 7, 7)),
}


@every_one
@pytest.mark.parametrize("frame", PANELS.values(), ids=PANELS)
def test_any_order_has_the_same_bits(features, frame):
    features = clone(features).set_params(**PANEL, freq="MS" if frame is PANELS["months"] else None)
    if frame["t"].nunique() == 1:
        features.set_params(freq="h")
    in_order = features.fit_transform(frame)
    assert set(in_order.dtypes) == {frame["y"].dtype}
    history = features.history_
    for others in (frame.sample(frac=1, random_state=0), frame.sort_values("t", kind="stable")):
        assert_array_equal(features.fit_transform(others).loc[frame.index], in_order)
        at = history.ids.get_indexer(features.history_.ids)
        assert_array_equal(features.history_.last_step, history.last_step[at])
        assert_array_equal(features.history_.last_time, history.last_time[at])
        assert_array_equal(np.bincount(features.history_.codes), np.bincount(history.codes)[at])
    alone = [clone(features).fit_transform(f.assign(id=0)) for _, f in frame.groupby("id") if len(f) > 1]
    for one in alone:
        assert_array_equal(one, in_order.loc[one.index])


@every_one
@pytest.mark.parametrize("frame", PANELS.values(), ids=PANELS)
def test_streams_have_the_same_bits(features, frame):
    """From complete series to ragged chunks, to single rows."""
    freq = {"t": {}, "months": "MS", "daily": "D"}
    name = next(name for name in PANELS if PANELS[name] is frame)
    features = clone(features).set_params(**PANEL, freq=3 if name == "whole numbers" else freq.get(name, "h"))
    whole = features.fit_transform(frame)
    order = np.unique(frame["t"])
    cuts = [0, *(c for c in (11, 12, 13, 20, 21) if c < len(order)), len(order)]
    stream, seen = clone(features), []
    for begin, end in pairwise(cuts):
        chunk = frame[frame["t"].isin(order[begin:end])]
        if begin:
            seen.append(stream.transform(chunk))
            assert_array_equal(stream.transform(chunk), seen[-1])
            stream.partial_fit(chunk)
        else:
            seen.append(stream.fit_transform(chunk))
    assert_array_equal(pd.concat(seen).loc[frame.index], whole)


@every_one
@pytest.mark.parametrize("shape", [(1, 1000), (3, 400), (90, 20), (40, 1)])
@pytest.mark.parametrize("known", [0, 13])
def test_parts_have_the_same_bits(features, shape, known, monkeypatch):
    """Of a long series, of several, of many; with rows before them."""
    frame = panel([shape[1] + known] * shape[0])
    is_new = frame.groupby("id").cumcount() >= known
    features = clone(features).set_params(**PANEL, freq="h")

    def run():
        if not known:
            return features.fit_transform(frame)
        return features.fit(frame[~is_new]).transform(frame[is_new])

    whole = run()
    monkeypatch.setattr(timeline, "CHUNK", 50)
    monkeypatch.setattr(blocks, "CHUNK", 8)
    monkeypatch.setattr(blocks, "MOST", 2)
    monkeypatch.setattr(blocks, "SORTED", 40)
    assert_array_equal(run(), whole)


def test_long_windows_are_sorted_some_at_a_time():
    X = np.random.default_rng(0).normal(size=(20_000, 1))
    tracemalloc.start()
    ours = RollingFeatures(1000, ["median", 0.9], shift=0).fit_transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6  # all windows: 160 MB
    rolling = pd.Series(X[:, 0]).rolling(1000)
    assert_allclose(ours, np.column_stack([rolling.median(), rolling.quantile(0.9)]), rtol=1e-12)


def test_rows_of_arrays():
    """Without time a series is what comes in one run, or in several."""
    random = np.random.default_rng(0)
    ids, y = np.repeat([5.0, 2, 9], [4, 1, 7]), random.normal(size=12)
    lags = LagFeatures(2, groups=[0], history="continue")
    in_order = lags.fit_transform(np.column_stack([ids, y]))
    other_order = np.r_[5:12, 4, :4]
    in_turns = np.r_[0, 5, 4, 1:3, 6:9, 3, 9:12]
    for rows in (other_order, in_turns):
        assert_array_equal(lags.fit_transform(np.column_stack([ids, y])[rows]), in_order[rows])
    more = np.column_stack([[5.0, 9, 5], [1.0, 2, 3]])
    last = {k: y[ids == k] for k in (5, 9)}
    assert_array_equal(
        lags.transform(more), [[last[5][-1], last[5][-2]], [last[9][-1], last[9][-2]], [1, last[5][-1]]]
    )


# ------------------------------------------------------------------ history


def test_the_last_steps_are_kept():
    """Those of the last steps, not as many rows: gaps count."""
    times = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-07", "2024-01-09", "2024-01-10"])
    frame = pd.DataFrame({"t": [*times, times[0]], "id": [1, 1, 1, 1, 1, 0], "y": np.arange(6.0)})
    lags = LagFeatures(3, freq="D", **PANEL).fit(frame)
    assert_array_equal(lags.history_.values[:, 0], [3, 4, 5])
    assert_array_equal(lags.history_.codes, [0, 0, 1])
    lags.partial_fit(frame[4:].assign(t=pd.Timestamp("2024-01-11"), y=[7.0, 8.0])[::-1])
    assert_array_equal(lags.history_.values[:, 0], [3, 4, 7, 8])
    assert_array_equal(lags.history_.codes, [0, 0, 0, 1])


def test_a_series_in_two_runs_is_late_once():
    frame = panel([20] * 3)
    lags = LagFeatures(2, **PANEL).fit(frame[frame["t"] < frame["t"].iloc[12]])
    later = frame[frame["t"] >= frame["t"].iloc[12]]
    lags.partial_fit(pd.concat([later[:4], later[8:], later[4:8]]))
    assert_array_equal(lags.history_.last_step, LagFeatures(2, **PANEL).fit(frame).history_.last_step)
    with pytest.raises(ValueError, match="Late rows"):
        lags.partial_fit(later)


# ------------------------------------------------------------------ times


@pytest.mark.parametrize("chunk", [2, 3, 4, 1000])
def test_step_of_ticks(chunk, monkeypatch):
    monkeypatch.setattr(runs, "CHUNK", chunk)

    def step(values, starts=(0,)):
        return Ticks(np.array(values), np.array(starts)).step

    assert step([4, 7, 10, 13, 16, 19, 22]) == 3
    assert step([4, 7, 10, 1, 4, 7, 9], [0, 3, 6]) == 3
    assert step([4, 7, 10, 13, 16, 19], [0, 3]) == 3  # goes on, by chance
    assert step([9, 4, 7, 10], [0, 1]) == 3
    assert step([7, 5, 3]) == -2
    assert step([7, 1, 4], [0, 1, 2]) == step([7]) == 0
    for change in range(1, 8):
        values = 3 * np.arange(8)
        values[change:] += 1
        assert step(values) is None
        for start in range(1, 8):
            assert step(values, [0, start]) == (3 if start == change else None)
    assert step([5, 5, 5]) is step([5, 5, 6]) is step([5, 6, 6]) is None


def test_runs_of_labels():
    assert_array_equal(run_starts(np.array([3])), [0])
    assert_array_equal(run_starts(np.array([3, 3, 1, 3, 3])), [0, 2, 3])


@pytest.mark.parametrize("year", [1950, 2020])
@pytest.mark.parametrize("groups", [None, "id"])
def test_missing_times_are_found(year, groups):
    times = pd.date_range(str(year), periods=3)
    for n in range(1, 7):
        for row in range(n):
            t = pd.DatetimeIndex([*times, *times])[:n].where(np.arange(n) != row)
            frame = pd.DataFrame({"t": t, "id": [0, 0, 0, 1, 1, 1][:n], "y": 1.0})
            with pytest.raises(ValueError, match=f"lacks the time of row {row}"):
                LagFeatures(time="t", groups=groups, columns="y", freq="D").fit(frame)
    assert pd.DatetimeIndex([None]).asi8[0] == MISSING


@pytest.mark.parametrize("groups", [None, "id"])
def test_times_that_repeat(groups):
    for times in ([0, 0], [0, 0, 0], [0, 1, 1], [0, 0, 1]):
        t = pd.Timestamp("2024") + pd.to_timedelta(times, unit="D")
        frame = pd.DataFrame({"t": t, "id": 3, "y": 1.0})
        with pytest.raises(ValueError, match="times may not repeat"):
            LagFeatures(time="t", groups=groups, columns="y", freq="D").fit(frame)


def clock_of(parts):
    index = pd.DatetimeIndex(np.concatenate(parts))
    starts = np.cumsum([0, *map(len, parts[:-1])])
    clock = learn_clock(index, None, ticks_of(index, starts))
    assert clock == learn_clock(index) == learn_clock(index[np.argsort(index.asi8 % 7, kind="stable")])
    return clock


def test_clock_of_runs():
    """Each run is regular; the clock is that of all of them."""
    hour = 3_600_000_000_000
    hours = pd.date_range("2024", periods=10, freq="h")
    half = hours + pd.Timedelta("30min")
    assert clock_of([hours, hours]) == clock_of([hours, hours + pd.Timedelta("4h")]) == Clock("ns", hour, 0)
    assert clock_of([hours, half]) == Clock("ns", hour // 2, 0)
    assert clock_of([hours, hours + pd.Timedelta("90D")]) == Clock("ns", hour, 0)
    weeks = [pd.bdate_range(f"2024-01-{day:02d}", periods=5) for day in (1, 8, 15)]
    assert clock_of(weeks) == clock_of(weeks[::-1]) == Clock("business days", 1, 0)
    assert clock_of([weeks[0], weeks[0]]) == Clock("ns", 24 * hour, 0)
    months = [pd.DatetimeIndex(["2024-01-01", "2024-02-01"]), pd.DatetimeIndex(["2024-03-01", "2024-04-01"])]
    assert clock_of(months).unit == "months"


# ------------------------------------------------------------------ inf


@pytest.mark.parametrize("min_periods", [None, 1, 2])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_seen_in_its_windows_alone(min_periods, value):
    """At each place of a block, with NaN before or behind it."""
    random = np.random.default_rng(0)
    features = RollingFeatures(4, STATISTICS[:6], shift=0, min_periods=min_periods)
    for place in range(8, 16):
        x = random.normal(size=(24, 1))
        if min_periods:
            x[random.random(24) < 0.4] = np.nan
        clean = features.fit_transform(x)
        x[place] = value
        with_inf = features.fit_transform(x)
        outside = np.r_[:place, place + 4 : 24]
        assert_array_equal(with_inf[outside], clean[outside])
        inside = with_inf[place : place + 4]
        counts = [np.isfinite(x[k - 3 : k + 1]).sum() + 1 for k in range(place, place + 4)]
        enough = np.array(counts) >= (min_periods or 4)
        assert np.isnan(inside[:, [1, 2]]).all()
        assert_array_equal(inside[:, 5], np.where(enough, value, np.nan))
        if min_periods is None:
            assert_array_equal(inside[:, 0], np.full(4, value))


def test_precision_far_from_zero():
    """A value far from the others, wherever it stands in its window, costs no more than it must."""
    x = np.random.default_rng(0).normal(size=480)
    x[::37] += 1e6
    ours = RollingFeatures(24, ["mean", "std"], shift=0).fit_transform(x[:, None] + 1e9)[23:]
    windows = np.lib.stride_tricks.sliding_window_view((x + 1e9).astype(np.longdouble), 24)
    assert_allclose(ours[:, 0], windows.mean(axis=1).astype(float), rtol=1e-15)
    assert_allclose(ours[:, 1], windows.std(axis=1, ddof=1).astype(float), rtol=1e-13)
