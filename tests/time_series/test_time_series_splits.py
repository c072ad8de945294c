import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit, cross_val_score

from skbackprop.time_series import PanelTimeSeriesSplit, check_gap


def same_folds(a, b):
    a, b = list(a), list(b)
    assert len(a) == len(b) > 0
    for (train_a, test_a), (train_b, test_b) in zip(a, b):
        assert_array_equal(train_a, train_b)
        assert_array_equal(test_a, test_b)


DAYS = pd.date_range("2026", periods=30)


@pytest.mark.parametrize("index", [None, DAYS, DAYS.to_period(), pd.RangeIndex(3, 63, 2)], ids=str)
@pytest.mark.parametrize(
    ("n_splits", "horizon", "gap", "window"), [(3, 1, 0, None), (5, 4, 2, None), (2, 7, 3, 6)]
)
def test_one_series_as_scikit_learn(index, n_splits, horizon, gap, window):
    X = np.zeros((30, 2)) if index is None else pd.DataFrame({"a": np.zeros(30)}, index=index)
    ours = PanelTimeSeriesSplit(n_splits, horizon=horizon, gap=gap, window=window)
    theirs = TimeSeriesSplit(n_splits, test_size=horizon, gap=gap, max_train_size=window)
    same_folds(ours.split(X), theirs.split(X))
    assert ours.get_n_splits(X) == n_splits


def panel():
    lengths = {"a": 30, "b": 12, "c": 25}
    frames = [pd.DataFrame({"id": name, "t": DAYS[-n:], "x": np.arange(n)}) for name, n in lengths.items()]
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("settings", [{}, {"gap": 2}, {"step": 2}, {"window": 5}])
def test_folds_are_cut_by_time(settings):
    frame = panel().sample(frac=1, random_state=0)
    splitter = PanelTimeSeriesSplit(3, horizon=4, time="t", **settings)
    folds = list(splitter.split(frame))
    for number, (train, test) in enumerate(folds):
        begin = DAYS[-4 - (2 - number) * settings.get("step", 4)]
        tested = (frame["t"] >= begin) & (frame["t"] < begin + pd.Timedelta("4D"))
        end = begin - pd.Timedelta(settings.get("gap", 0), "D")
        trained = (frame["t"] < end) & (frame["t"] >= end - pd.Timedelta(settings.get("window", 100), "D"))
        assert_array_equal(test, np.flatnonzero(tested))
        assert_array_equal(train, np.flatnonzero(trained))
    same_folds(folds, splitter.split(frame.set_index(["id", "t"])))
    same_folds(folds, splitter.split(pl.DataFrame({name: frame[name].to_list() for name in frame})))


def test_missing_steps_count():
    X = pd.DataFrame({"a": 0.0}, index=DAYS[[0, 1, 2, 10, 11]])
    folds = list(PanelTimeSeriesSplit(2, horizon=1, gap=4, step=1).split(X))
    assert [(list(train), list(test)) for train, test in folds] == [([0, 1, 2], [3]), ([0, 1, 2], [4])]


def test_in_searches():
    frame = panel().set_index(["id", "t"])
    splitter = PanelTimeSeriesSplit(3, horizon=2, time="t")
    assert len(cross_val_score(Ridge(), frame, frame["x"], cv=splitter)) == 3
    search = GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=splitter).fit(frame, frame["x"])
    assert search.n_splits_ == 3
    assert "horizon=2" in repr(splitter)


@pytest.mark.parametrize(
    ("settings", "X", "message"),
    [
        ({"n_splits": 0}, DAYS, "n_splits=0"),
        ({"horizon": 1.5}, DAYS, "horizon=1.5"),
        ({"gap": -1}, DAYS, "gap=-1"),
        ({"step": 0}, DAYS, "step=0"),
        ({"window": True}, DAYS, "window=True"),
        ({"horizon": 10}, DAYS, "fold 0 has no training rows among 30 steps"),
        ({"step": 1}, DAYS[[0, 1, 2, 3, 20, 21]], "fold 0 has no test rows"),
        ({"time": "t"}, DAYS, "no column 't'"),
    ],
)
def test_errors(settings, X, message):
    frame = pd.DataFrame({"a": 0.0}, index=X)
    with pytest.raises(ValueError, match=message):
        list(PanelTimeSeriesSplit(**settings).split(frame))


def test_levels_need_a_name():
    with pytest.raises(ValueError, match="time= names"):
        list(PanelTimeSeriesSplit(2).split(panel().set_index(["id", "t"])))


@pytest.mark.parametrize("cv", [TimeSeriesSplit(3, gap=5), PanelTimeSeriesSplit(3, gap=5)])
def test_a_gap_that_is_too_short_for_the_target_warns(cv):
    check_gap(cv, 6)
    with pytest.warns(UserWarning, match="last 1 training rows .* leaks. gap=6 does not"):
        check_gap(cv, 7)
    with pytest.raises(ValueError, match="target_ahead=0"):
        check_gap(cv, 0)


def test_the_splitter_knows_how_far_ahead_the_target_lies():
    with pytest.warns(UserWarning, match="gap=2, and y lies 5 steps"):
        list(PanelTimeSeriesSplit(2, horizon=3, gap=2, target_ahead=5).split(np.zeros((30, 1))))
    list(PanelTimeSeriesSplit(2, horizon=3, gap=4, target_ahead=5).split(np.zeros((30, 1))))
    with pytest.raises(ValueError, match="has no gap"):
        check_gap(KFold(), 1)
