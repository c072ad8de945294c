"""Tables of every dtype as numbers: against formulas, scikit-learn's transformers, and each other."""

import datetime
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from scipy import sparse
from shared.checks import scikit_learn_checks
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_wine
from sklearn.impute import MissingIndicator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, RobustScaler

from skbackprop import TabularBackpropRegressor
from skbackprop.persistence import known_names
from skbackprop.preprocessing import CategoryEncoder, SignedOneHotEncoder, SquashingScaler, TabularEncoder
from skbackprop.states import decode, encode
from skbackprop.time_series import CalendarFeatures

RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(60, 3)) * [1.0, 100.0, 1e-3] + [0.0, 5.0, 1.0]
HOLES = np.where(RNG.random(NUMBERS.shape) < [0.2, 0.0, 0.1], np.nan, NUMBERS)
WORDS = RNG.choice(["ant", "bee", "cat", "dog"], 60).astype(object)
MANY = RNG.choice([f"w{i:02}" for i in range(20)], 60).astype(object)
UTC = datetime.UTC
SCALERS = [SquashingScaler(), SquashingScaler(max_absolute_value=None), SquashingScaler(0.5)]
TRANSFORMERS = [*SCALERS, CategoryEncoder(), SignedOneHotEncoder(), TabularEncoder()]


@scikit_learn_checks(
    [*TRANSFORMERS, TabularEncoder(max_absolute_value=None, missing_indicator=False), TabularEncoder(None)]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def mixed(n=60):
    """A frame with a column of each kind."""
    start = np.datetime64("2024-01-01T00:00", "us")
    return pd.DataFrame(
        {
            "number": HOLES[:n, 0],
            "count": np.arange(n) % 7,
            "word": pd.Series(WORDS[:n]).where(np.arange(n) % 9 > 0, None),
            "many": MANY[:n],
            "flag": pd.array([None if i % 11 == 0 else i % 3 == 0 for i in range(n)], "boolean"),
            "level": pd.Categorical(
                np.where(WORDS[:n] == "ant", None, WORDS[:n]), ["elk", "dog", "cat", "bee"]
            ),
            "time": start + np.random.default_rng(1).integers(0, 10**14, n).astype("m8[us]"),
            "wait": pd.to_timedelta(np.arange(n) * 90, unit="s"),
        }
    )


# ------------------------------------------------------------------ scaling


def test_scaling_without_limit_is_that_of_robust_scaler():
    scaler, peer = SquashingScaler(max_absolute_value=None).fit(HOLES), RobustScaler().fit(HOLES)
    assert_allclose(scaler.transform(HOLES), peer.transform(HOLES), atol=1e-12)
    assert_allclose(scaler.center_, peer.center_)
    assert_allclose(scaler.scale_, 1 / peer.scale_)


@pytest.mark.parametrize("limit", [0.5, 3.0, 100.0])
def test_squashing_is_the_formula(limit):
    z = RobustScaler().fit_transform(NUMBERS)
    squashed = SquashingScaler(limit).fit_transform(NUMBERS)
    assert_allclose(squashed, z / np.sqrt(1 + (z / limit) ** 2))
    assert np.abs(squashed).max() < limit


def test_scale_where_quartiles_are_equal():
    X = np.array([[0.0, 7.0]] * 18 + [[10.0, 7.0], [-5.0, 7.0]])
    scaler = SquashingScaler(max_absolute_value=None).fit(X)
    assert_allclose(scaler.scale_, [2 / 15, 0])
    assert_allclose(scaler.transform([[10.0, 7.0], [0.0, 8.0]]), [[20 / 15, 0], [0, 0]])


def test_columns_without_values_are_zero():
    X = np.array([[np.nan, 1.0], [np.nan, 2.0]])
    scaler = SquashingScaler().fit(X)
    assert_array_equal(scaler.center_[0], 0)
    assert_array_equal(scaler.transform([[3.0, 1.5], [np.nan, 1.5]]), [[0, 0], [np.nan, 0]])


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-9), (np.float32, 2e-3)])
@pytest.mark.parametrize("scaler", SCALERS)
def test_inverse_transform(scaler, dtype, tolerance):
    X = np.column_stack([HOLES, np.full(60, 4.0)]).astype(dtype)
    back = scaler.fit(X).inverse_transform(scaler.transform(X))
    assert back.dtype == dtype
    assert_allclose(back, X, rtol=tolerance, atol=tolerance)


def test_inverse_transform_is_finite_beyond_the_limits():
    scaler = SquashingScaler().fit(NUMBERS)
    at_limit = scaler.inverse_transform([[3.0, -3.0, 3.0]])
    assert np.isfinite(at_limit).all()
    assert_array_equal(scaler.inverse_transform([[9.0, -9.0, 9.0]]), at_limit)


@pytest.mark.parametrize("dtype, huge", [(np.float64, 1.7e308), (np.float32, 3e38)])
@pytest.mark.parametrize("limit", [3.0, 1e6])
def test_huge_and_tiny_numbers(dtype, huge, limit):
    least = 4 * np.finfo(dtype).tiny
    X = np.array([[-huge, 0, 1], [huge, least, 2], [0, 2 * least, 3], [-huge, 0, 4], [huge, least, 5]], dtype)
    squashed = SquashingScaler(limit).fit(X).transform(np.vstack([X, [[huge, huge, huge]]]).astype(dtype))
    assert np.isfinite(squashed).all()
    assert_allclose(squashed[-1, 1:], limit, rtol=1e-6)


@pytest.mark.parametrize("kind", [SquashingScaler, TabularEncoder])
@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_infinity_is_an_error(kind, infinity):
    X = NUMBERS.copy()
    X[7, 1] = infinity
    with pytest.raises(ValueError, match="infinit"):
        kind().fit(X)
    fitted = kind().fit(NUMBERS)
    with pytest.raises(ValueError, match="infinit"):
        fitted.transform(X)


@pytest.mark.parametrize("limit", [0, -1.0, "3"])
def test_limits_are_positive(limit):
    for kind in (SquashingScaler, TabularEncoder):
        with pytest.raises(ValueError, match="'max_absolute_value' parameter of"):
            kind(max_absolute_value=limit).fit(NUMBERS)


# ------------------------------------------------------------------ categories


@pytest.mark.parametrize("values", [WORDS, MANY, np.arange(60) % 5, NUMBERS[:, 0]])
def test_codes_are_those_of_ordinal_encoder_from_one_on(values):
    X = values.reshape(-1, 1)
    codes = CategoryEncoder().fit_transform(X)
    assert codes.dtype == np.int64
    assert_array_equal(codes, OrdinalEncoder().fit_transform(X) + 1)


def test_one_hot_columns_are_those_of_one_hot_encoder():
    X = pd.DataFrame({"a": WORDS, "b": MANY})
    unseen = pd.DataFrame({"a": ["cat", "yak"], "b": ["no", "w03"]})
    peer = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(X)
    encoder = SignedOneHotEncoder().fit(X)
    for frame in (X, unseen):
        assert_array_equal(encoder.transform(frame), peer.transform(frame))
    assert_array_equal(encoder.get_feature_names_out(), peer.get_feature_names_out())


def test_two_levels_are_one_column_of_signs():
    encoder = SignedOneHotEncoder().fit(pd.DataFrame({"a": ["no", "yes", None], "b": ["x", "x", "x"]}))
    unseen = pd.DataFrame({"a": ["yes", "no", "maybe", None], "b": ["x", "y", None, "x"]})
    assert_array_equal(encoder.transform(unseen), [[-1, 1], [1, 0], [0, 0], [0, 1]])
    assert_array_equal(encoder.get_feature_names_out(), ["a_no", "b_x"])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, np.float32("nan"), Decimal("nan")])
def test_missing_and_unknown_levels_are_zero(missing):
    X = pd.DataFrame({"a": pd.Series(["b", "a", missing, "a"], dtype=object)})
    encoder = CategoryEncoder().fit(X)
    assert encoder.categories_ == [["a", "b"]]
    X.loc[3, "a"] = "never seen"
    assert_array_equal(encoder.transform(X).ravel(), [2, 1, 0, 0])


def test_levels_of_several_types():
    """Equality is Python's, which is that of pandas: 1, 1.0 and True are one level, "1" is another."""
    values = pd.Series([1, "a", None, True, 1.0, "1", 2.5, datetime.date(2024, 1, 1), "a"], dtype=object)
    encoder = CategoryEncoder().fit(values.to_frame())
    codes, _ = pd.factorize(values)
    ours = encoder.transform(values.to_frame()).ravel()
    for i in range(len(values)):
        assert_array_equal(ours == ours[i], codes == codes[i])
    assert ours[2] == 0
    assert_array_equal(encoder.transform(np.array([[1.0], [2.5], [7.0]])).ravel(), ours[[0, 6, 2]])


def test_levels_of_a_category_dtype():
    """Its order is kept; levels that no row has are unknown; new levels too."""
    X = pd.DataFrame({"a": pd.Categorical(["low", "high", None, "low"], ["none", "low", "high"])})
    encoder = CategoryEncoder().fit(X)
    assert encoder.categories_ == [["low", "high"]]
    assert_array_equal(encoder.transform(X).ravel(), [1, 2, 0, 1])
    other = pd.DataFrame({"a": pd.Categorical(["none", "high", "extreme"], ["extreme", "high", "none"])})
    for frame in (other, other.astype(object)):
        assert_array_equal(encoder.transform(frame).ravel(), [0, 2, 0])


def test_rare_levels():
    X = np.array(["a"] * 5 + ["b"] * 3 + ["c"] * 3 + ["d"] + [None] * 9, dtype=object).reshape(-1, 1)
    for settings, kept in (
        ({}, ["a", "b", "c", "d"]),
        ({"min_frequency": 2}, ["a", "b", "c"]),
        ({"max_categories": 2}, ["a", "b"]),
        ({"min_frequency": 6}, []),
    ):
        for encoder in (CategoryEncoder(**settings), SignedOneHotEncoder(**settings)):
            assert encoder.fit(X).categories_ == [kept]
        assert TabularEncoder(**settings).fit(X).categories_ == {0: kept}
    assert_array_equal(
        CategoryEncoder(max_categories=2).fit_transform(X)[[0, 5, 8, 11, 12], 0], [1, 2, 0, 0, 0]
    )
    assert_array_equal(SignedOneHotEncoder(min_frequency=6).fit_transform(X), np.zeros((21, 1)))


@pytest.mark.parametrize("encoder", [CategoryEncoder(), SignedOneHotEncoder(), TabularEncoder()])
@pytest.mark.parametrize("thing", [[1], {"a": 1}, {1}, np.zeros(2)])
def test_levels_without_hash_are_an_error(encoder, thing):
    X = pd.DataFrame({"good": ["a", "b"], "bad": pd.Series(["a", thing], dtype=object)})
    with pytest.raises(TypeError, match=r"The column 'bad': levels are .*unhashable"):
        encoder.fit(X)


# ------------------------------------------------------------------ what a column is


DATES = [datetime.datetime(2024, 1, 31, 6), datetime.datetime(2024, 5, 1, 18, 30), None]
DATES += [datetime.datetime(2023, 12, 24), datetime.datetime(2024, 5, 1, 18, 30)]
DAYS = [None if date is None else datetime.datetime(date.year, date.month, date.day) for date in DATES]
SPANS = [None if date is None else datetime.timedelta(hours=date.hour, seconds=7) for date in DATES]
ZONED = [None if date is None else date.replace(tzinfo=UTC) for date in DATES]


def objects(values):
    return pd.Series(values, dtype=object)


def typed(values):
    """With the dtype that pandas finds."""
    return pd.Series(values)


SAME = {  # columns that are one and the same
    "numbers": [
        typed([3.0, 1.0, np.nan, 2.0, 7.0]),
        pd.Series([3, 1, None, 2, 7], dtype="Int64"),
        pd.Series([3, 1, None, 2, 7], dtype="UInt8"),
        pd.Series([3, 1, None, 2, 7], dtype="Float64"),
        pd.Series([3, 1, None, 2, 7], dtype="float32"),
        pd.Series([3, 1, np.nan, 2, 7], dtype=pd.SparseDtype("float64")),
        objects([3, 1.0, None, np.int8(2), np.float32(7)]),
        objects([3, 1, pd.NA, 2, 7]),
        objects([Decimal(3), Fraction(1), Decimal("nan"), 2, 7]),
        np.array([[3.0], [1.0], [np.nan], [2.0], [7.0]]),
        np.array([[3], [1], [None], [2], [7]], dtype=object),
        [[3], [1], [None], [2], [7]],
        pl.Series([3, 1, None, 2, 7]),
        pl.Series([3, 1, None, 2, 7], dtype=pl.UInt8),
        pl.Series([3.0, 1.0, float("nan"), 2.0, 7.0], dtype=pl.Float32),
        pl.Series([3.0, 1.0, None, 2.0, 7.0]),
        pl.Series(["3", "1", None, "2", "7"]).cast(pl.Decimal(9, 2)),
    ],
    "whole numbers": [
        typed([3, 1, 4, 1, 5]),
        pd.Series([3, 1, 4, 1, 5], dtype="int8"),
        pd.Series([3, 1, 4, 1, 5], dtype="UInt64"),
        np.array([[3], [1], [4], [1], [5]]),
        np.array([[3], [1], [4], [1], [5]], dtype=np.uint8),
        pl.Series([3, 1, 4, 1, 5], dtype=pl.Int16),
    ],
    "text": [
        typed(["b", "a", None, "c", "a"]),
        objects(["b", "a", None, "c", "a"]),
        objects(["b", "a", np.nan, "c", "a"]),
        pd.Series(["b", "a", None, "c", "a"], dtype="string"),
        pd.Series(["b", "a", None, "c", "a"], dtype="category"),
        pd.Series(pd.Categorical(["b", "a", None, "c", "a"], list("abcd"), ordered=True)),
        np.array([["b"], ["a"], [None], ["c"], ["a"]], dtype=object),
        [["b"], ["a"], [None], ["c"], ["a"]],
        pl.Series(["b", "a", None, "c", "a"]),
        pl.Series(["b", "a", None, "c", "a"], dtype=pl.Categorical),
        pl.Series(["b", "a", None, "c", "a"], dtype=pl.Enum(["d", "c", "b", "a"])),
    ],
    "booleans": [
        pd.Series([True, False, None, False, False], dtype="boolean"),
        objects([True, False, None, np.bool_(False), False]),
        objects([True, False, np.nan, False, False]),
        pd.Series([True, False, None, False, False], dtype="category"),
        pl.Series([True, False, None, False, False]),
        np.array([[True], [False], [None], [False], [False]], dtype=object),
    ],
    "booleans in every row": [
        typed([True, False, False, True, False]),
        np.array([[True], [False], [False], [True], [False]]),
        pl.Series([True, False, False, True, False]),
    ],
    "dates with times": [
        typed(DATES),
        pd.Series(DATES, dtype="datetime64[s]"),
        pd.Series(DATES, dtype="datetime64[ns]"),
        objects(DATES),
        objects([pd.NaT if date is None else pd.Timestamp(date) for date in DATES]),
        objects([np.nan if date is None else np.datetime64(date) for date in DATES]),
        np.array(DATES, dtype="datetime64[ms]").reshape(-1, 1),
        np.array(DATES, dtype=object).reshape(-1, 1),
        pl.Series(DATES),
        pl.Series(DATES, dtype=pl.Datetime("ns")),
        pl.Series(DATES, dtype=pl.Datetime("ms")),
    ],
    "dates with times and a zone": [
        typed(ZONED),
        objects(ZONED),
        pl.Series(DATES, dtype=pl.Datetime("us")).dt.replace_time_zone("UTC"),
    ],
    "dates": [
        typed(DAYS),
        objects([None if date is None else date.date() for date in DAYS]),
        pd.Series(pd.PeriodIndex(DAYS, freq="D")),
        pl.Series(DAYS, dtype=pl.Date),
        pl.Series(DAYS),
        np.array(DAYS, dtype="datetime64[D]").reshape(-1, 1),
    ],
    "durations": [
        typed(SPANS),
        pd.Series(SPANS, dtype="timedelta64[s]"),
        objects(SPANS),
        np.array(SPANS, dtype="timedelta64[s]").reshape(-1, 1),
        pl.Series(SPANS),
        pl.Series(SPANS, dtype=pl.Duration("ms")),
    ],
    "times of the day": [
        objects([None if date is None else date.time() for date in DATES]),
        pl.Series([None if date is None else date.time() for date in DATES]),
    ],
    "nothing known": [
        objects([None] * 5),
        objects([np.nan, None, pd.NA, pd.NaT, None]),
        pd.Series([None] * 5, dtype="category"),
        pl.Series([None] * 5),
        pl.Series([None] * 5, dtype=pl.String),
    ],
}


def table_of(column):
    """A table with this column alone."""
    if isinstance(column, pd.Series):
        return column.to_frame("x")
    return column.alias("x").to_frame() if isinstance(column, pl.Series) else column


@pytest.mark.parametrize("kind", SAME)
def test_dtypes_of_one_kind_are_read_alike(kind):
    first, *others = map(table_of, SAME[kind])
    expected = TabularEncoder().fit(first)
    for other in others:
        encoder = TabularEncoder().fit(other)
        assert_allclose(encoder.transform(other), expected.transform(first), rtol=1e-6, err_msg=repr(other))
        assert encoder.n_numeric_ == expected.n_numeric_


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("kind", SAME)
def test_predict_may_get_another_dtype_of_the_kind(kind):
    tables = list(map(table_of, SAME[kind]))
    encoder = TabularEncoder().fit(tables[0])
    expected = encoder.transform(tables[0])
    for table in tables:
        assert_allclose(encoder.transform(table), expected, rtol=1e-6, err_msg=repr(table))


@pytest.mark.parametrize("kind", SAME)
def test_rows_without_values_are_read_whatever_the_dtype(kind):
    """One row of JSON with null in it has the dtype object."""
    encoder = TabularEncoder().fit(table_of(SAME[kind][0]))
    encoded = [
        encoder.transform(table_of(column))
        for column in (
            objects([None]),
            typed([np.nan]),
            pl.Series([None]),
            pl.Series([None], dtype=pl.String),
        )
    ]
    assert_array_equal(encoded, np.broadcast_to(encoded[0], np.shape(encoded)))


@pytest.mark.parametrize(
    "kind, names",
    [
        ("numbers", ["x", "missingindicator_x"]),
        ("whole numbers", ["x"]),
        ("text", ["x_a", "x_b", "x_c"]),
        ("booleans", ["x_False"]),
        (
            "dates with times",
            [
                *("x_days", "x_dayofyear_sin", "x_dayofyear_cos", "x_weekday_sin", "x_weekday_cos"),
                *("x_hour_sin", "x_hour_cos", "missingindicator_x"),
            ],
        ),
        (
            "dates",
            [
                *("x_days", "x_dayofyear_sin", "x_dayofyear_cos", "x_weekday_sin", "x_weekday_cos"),
                "missingindicator_x",
            ],
        ),
        ("durations", ["x", "missingindicator_x"]),
        ("nothing known", ["x"]),
    ],
)
def test_names_of_what_a_column_becomes(kind, names):
    assert_array_equal(TabularEncoder().fit(table_of(SAME[kind][0])).get_feature_names_out(), names)


def test_dates_as_numbers_are_those_of_calendar_features():
    times = pd.DataFrame(
        {"t": np.datetime64("2023-07-01", "us") + RNG.integers(0, 10**14, 200).astype("m8[us]")}
    )
    peer = CalendarFeatures(["dayofyear", "dayofweek", "hour"], time="t", passthrough=False).fit_transform(
        times
    )
    days = (times["t"] - pd.Timestamp(0)) / pd.Timedelta(days=1)
    # CalendarFeatures counts minutes, here they are to the microsecond
    expected = SquashingScaler().fit_transform(np.column_stack([days, peer]))
    assert_allclose(TabularEncoder().fit_transform(times), expected, atol=0.01)
    minutes = times.assign(t=times["t"].dt.floor("min"))
    peer = CalendarFeatures(["dayofyear", "dayofweek", "hour"], time="t").fit_transform(minutes)
    days = (minutes["t"] - pd.Timestamp(0)) / pd.Timedelta(days=1)
    expected = SquashingScaler().fit_transform(np.column_stack([days, peer]))
    assert_allclose(TabularEncoder().fit_transform(minutes), expected, rtol=1e-4, atol=1e-5)


def test_days_go_on_and_waves_repeat():
    days = pd.DataFrame({"t": pd.date_range("2020-01-01", "2023-12-31")})
    encoder = TabularEncoder(max_absolute_value=None).fit(days)
    encoded = encoder.transform(days)
    assert (np.diff(encoded[:, 0]) > 0).all()
    assert_allclose(encoded[7:, 3:], encoded[:-7, 3:], atol=1e-5)  # weekdays
    assert_allclose(encoded[1461 - 365 :, 1:3], encoded[:365, 1:3], atol=0.03)  # 2023 and 2020


def test_wall_time_counts_and_the_zone_is_checked():
    times = pd.DataFrame({"t": pd.to_datetime(["2024-03-01 08:00", "2024-07-01 08:00", "2024-07-02 20:00"])})
    berlin = times.assign(t=times["t"].dt.tz_localize("Europe/Berlin"))
    encoder = TabularEncoder().fit(berlin)
    assert_array_equal(encoder.transform(berlin), TabularEncoder().fit_transform(times))
    in_polars = pl.DataFrame({"t": times["t"].to_list()}).with_columns(
        pl.col("t").dt.replace_time_zone("Europe/Berlin")
    )
    assert_array_equal(encoder.transform(in_polars), encoder.transform(berlin))
    for other, zone in ((times, "None"), (berlin.assign(t=berlin["t"].dt.tz_convert("UTC")), "UTC")):
        with pytest.raises(
            ValueError, match=f"column 't' had the time zone Europe/Berlin in fit, now {zone}"
        ):
            encoder.transform(other)
    several = pd.DataFrame({"t": objects([ZONED[0], berlin["t"][0].to_pydatetime()])})
    with pytest.raises(ValueError, match=r"The column 't' holds dates of several time zones"):
        TabularEncoder().fit(several)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    "held, holds, kind, shown",
    [
        ([1.0, 2.0], ["3", "abc"], "numbers", "'3'"),
        ([1, 2], [DATES[0], None], "numbers", "2024"),
        ([DATES[0], None], ["2024-01-01", "1/2/2024"], "dates", "'1/2/2024'.*ISO 8601.*pandas.to_datetime"),
        ([DATES[0], None], ["", None], "dates", "''"),
        ([DATES[0], None], [1.5, 2.5], "dates", "1.5"),
        ([SPANS[0], None], [10.0, None], "durations", "10.0"),
    ],
)
def test_a_column_of_another_kind_is_an_error(frame, held, holds, kind, shown):
    encoder = TabularEncoder().fit(frame({"x": held}))
    with pytest.raises(ValueError, match=f"The column 'x' held {kind} in fit; now it holds .*{shown}"):
        encoder.transform(frame({"x": holds}))


def test_booleans_may_come_where_there_were_numbers():
    encoder = TabularEncoder().fit(pd.DataFrame({"x": [0, 1, 5]}))
    for column in ([True, False], pd.array([True, False], "boolean"), objects([True, False])):
        numbers = encoder.transform(pd.DataFrame({"x": [1, 0]}))
        assert_array_equal(encoder.transform(pd.DataFrame({"x": column})), numbers)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, lambda table: np.array([*table.values()]).T])
@pytest.mark.parametrize(
    "held, text",
    [
        (DATES[1], "2024-05-01T18:30:00"),
        (DATES[1], "2024-05-01 18:30:00.000"),
        (DATES[1], "20240501T1830"),
        (DAYS[1], "2024-05-01"),
        (ZONED[1], "2024-05-01T18:30:00Z"),
        (ZONED[1], "2024-05-01T20:30+02:00"),
        (ZONED[1].astimezone(ZoneInfo("Asia/Tokyo")), "2024-05-01T18:30:00.000Z"),
    ],
)
def test_dates_as_json_writes_them(frame, held, text):
    """Fitted on dates; in `predict` text comes."""
    encoder = TabularEncoder().fit(pd.DataFrame({"x": [held, held + datetime.timedelta(days=40), None]}))
    expected = encoder.transform(pd.DataFrame({"x": [held, None]}))
    table = frame({"x": [text, None]})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        assert_array_equal(encoder.transform(table), expected)


@pytest.mark.parametrize(
    "held, text, zone",
    [
        (DATES[0], "2024-05-01T18:30Z", "None in fit, now UTC"),
        (ZONED[0], "2024-05-01T18:30", "UTC in fit, now None"),
    ],
)
def test_dates_as_text_with_and_without_a_zone_are_not_mixed(held, text, zone):
    encoder = TabularEncoder().fit(pd.DataFrame({"x": [held]}))
    with pytest.raises(ValueError, match=f"column 'x' had the time zone {zone}"):
        encoder.transform(pd.DataFrame({"x": [text]}))


LEVELS_OF_TYPES = {  # the same levels, as one source or another gives them
    "text": (["1", "2", "3"], "'1'"),
    "numbers or booleans": ([1, 2, 3], "1"),
    "bytes": ([b"1", b"2", b"3"], "b'1'"),
    "dates": ([datetime.date(2024, 1, i) for i in (1, 2, 3)], "datetime.date"),
    "dates with times": ([datetime.datetime(2024, 1, i, 5) for i in (1, 2, 3)], "2024"),
    "dates with times and a zone": ([datetime.datetime(2024, 1, i, tzinfo=UTC) for i in (1, 2, 3)], "2024"),
    "durations": ([datetime.timedelta(i) for i in (1, 2, 3)], "1"),
    "times of the day": ([datetime.time(i) for i in (1, 2, 3)], "datetime.time"),
}


@pytest.mark.parametrize("encoder", [TabularEncoder(["x"]), CategoryEncoder(), SignedOneHotEncoder()])
@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("before", LEVELS_OF_TYPES)
def test_categories_of_another_type_are_an_error(encoder, library, before):
    encoder = clone(encoder).fit(library({"x": LEVELS_OF_TYPES[before][0]}))
    for after, (levels, shown) in LEVELS_OF_TYPES.items():
        columns = [pd.Series(levels), objects(levels), pd.Series(levels, dtype="category"), pl.Series(levels)]
        for column in columns:
            if after == before:
                assert len(np.unique(encoder.transform(table_of(column)), axis=0)) == 3
                continue
            with pytest.raises(ValueError, match=f"column 'x' held {before} in fit; now it holds .*{shown}"):
                encoder.transform(table_of(column))


def test_booleans_as_text_are_an_error():
    for before, after in (([True, False], ["True", "False"]), (["True", "False"], [True, False])):
        encoder = CategoryEncoder().fit(pd.DataFrame({"x": before}))
        with pytest.raises(
            ValueError, match=r"column 'x' held (numbers or booleans|text) in fit; .*False.*astype"
        ):
            encoder.transform(pd.DataFrame({"x": after}))


def test_unknown_levels_of_a_known_type_are_none():
    """Every type that `fit` saw counts, of rare levels too; and where it saw nothing, anything may come."""
    X = pd.DataFrame({"x": objects(["a", "a", 7, None])})
    encoder = CategoryEncoder(min_frequency=2).fit(X)
    for levels in (["b"], [8], [7.0], [None], [b"c", "b"]):
        assert_array_equal(
            encoder.transform(pd.DataFrame({"x": objects(levels)})), np.zeros((len(levels), 1))
        )
    encoder = CategoryEncoder().fit(pd.DataFrame({"x": objects([None, None])}))
    assert_array_equal(encoder.transform(X), np.zeros((4, 1)))


def test_estimators_refuse_categories_of_another_type():
    X = pd.DataFrame({"x": WORDS, "code": (np.arange(60) % 4).astype(str)})
    net = TabularBackpropRegressor(max_iter=1, n_estimators=1, random_state=0).fit(X, NUMBERS[:, 0])
    with pytest.raises(ValueError, match="The column 'code' held text in fit; now it holds 0, numbers"):
        net.predict(X.assign(code=np.arange(60) % 4))


def test_infinity_names_its_column():
    X = mixed().drop(columns="time")
    encoder = TabularEncoder().fit(X)
    X.loc[3, "number"] = np.inf
    for method in (encoder.transform, TabularEncoder().fit):
        with pytest.raises(ValueError, match="The column 'number' holds an infinite number"):
            method(X)
    dates = mixed()[["time", "number", "word", "count"]].assign(count=lambda x: x["count"] + 0.5)
    dates.loc[5, "count"] = -np.inf
    with pytest.raises(ValueError, match="The column 'count' holds an infinite number"):
        TabularEncoder().fit(dates)


def test_what_is_masked_is_missing():
    masked = np.ma.array(NUMBERS, mask=np.isnan(HOLES))
    for transformer in (SquashingScaler(), TabularEncoder()):
        assert_array_equal(transformer.fit(masked).transform(masked), transformer.fit_transform(HOLES))
    words = np.ma.array(WORDS.reshape(-1, 1), mask=np.arange(60).reshape(-1, 1) % 7 == 0)
    assert_array_equal(CategoryEncoder().fit_transform(words) == 0, words.mask)


# ------------------------------------------------------------------ the table


def test_the_columns_of_the_result():
    """Numbers, then one-hot columns and indicators, then codes: each as its own transformer makes it."""
    X = mixed()
    encoder = TabularEncoder().fit(X)
    encoded = encoder.transform(X)
    assert encoded.dtype == np.float32
    assert encoded.shape == (60, encoder.n_numeric_ + encoder.n_one_hot_ + len(encoder.n_categories_))
    assert (encoder.n_numeric_, encoder.n_one_hot_, encoder.n_categories_) == (10, 9, [21])
    names = list(encoder.get_feature_names_out())
    assert names[:4] == ["number", "count", "time_days", "time_dayofyear_sin"]
    assert names[-2:] == ["missingindicator_number", "many"]
    numbers = X[["number", "count"]].to_numpy(float)
    assert_allclose(encoded[:, :2], np.nan_to_num(SquashingScaler().fit_transform(numbers)), rtol=1e-6)
    one_hot = SignedOneHotEncoder().fit_transform(X[["word", "flag", "level"]])
    missing = MissingIndicator().fit_transform(numbers)
    expected = SquashingScaler().fit_transform(np.hstack([one_hot, missing]))
    assert_allclose(encoded[:, 10:19], expected, rtol=1e-6)
    assert_array_equal(encoded[:, 19:], CategoryEncoder().fit_transform(X[["many"]]))
    assert list(encoder.categories_) == [2, 3, 4, 5]


@pytest.mark.parametrize(
    "settings, widths",
    [
        ({}, (1, 5, [21])),
        ({"max_one_hot_categories": 3}, (1, 1, [21, 5])),
        ({"max_one_hot_categories": 20}, (1, 25, [])),
        ({"embed": False}, (1, 25, [])),
        ({"max_categories": 3}, (1, 7, [])),
        ({"missing_indicator": False}, (1, 4, [21])),
    ],
)
def test_one_hot_or_codes_by_cardinality(settings, widths):
    X = pd.DataFrame({"many": MANY, "word": WORDS, "number": HOLES[:, 0]})
    encoder = TabularEncoder(**settings).fit(X)
    assert (encoder.n_numeric_, encoder.n_one_hot_, encoder.n_categories_) == widths


def test_missing_numbers_are_the_median():
    X = pd.DataFrame({"holes": HOLES[:, 0], "full": NUMBERS[:, 1]})
    encoder = TabularEncoder().fit(X)
    median = pd.DataFrame({"holes": [np.nanmedian(HOLES[:, 0])], "full": [np.median(NUMBERS[:, 1])]})
    at_median, at_nan = encoder.transform(median), encoder.transform(median * np.nan)
    assert_allclose(at_median[:, :2], 0, atol=1e-6)
    assert_array_equal(at_nan[:, :2], 0)
    assert at_nan[0, 2] > at_median[0, 2] == 0  # there is no indicator of "full"
    assert encoder.n_one_hot_ == 1


def test_constant_and_empty_columns_are_zero():
    X = pd.DataFrame(
        {
            "one": [5.0] * 4,
            "none": [np.nan] * 4,
            "word": ["a"] * 4,
            "nothing": objects([None] * 4),
            "never": pd.Series([pd.NaT] * 4, dtype="datetime64[ns]"),
            "some": [1.0, 2.0, 3.0, 4.0],
        }
    )
    encoder = TabularEncoder().fit(X)
    encoded = pd.DataFrame(encoder.transform(X), columns=encoder.get_feature_names_out())
    assert (encoded.drop(columns="some") == 0).all(axis=None)
    other = X.assign(one=7.0, none=7.0, nothing="text", never=pd.Timestamp("2024-01-01"))
    assert np.isfinite(encoder.transform(other)).all()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_few_rows(library):
    X = mixed()
    if library == "polars":
        X = in_polars(X)
    encoder = TabularEncoder().fit(X)
    assert encoder.transform(X[:0]).shape == (0, 20)
    rows = np.vstack([encoder.transform(X[i : i + 1]) for i in range(60)])
    assert_allclose(rows, encoder.transform(X), rtol=1e-5, atol=1e-6)
    assert_array_equal(TabularEncoder().fit_transform(X[:1]), 0)
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\) .* minimum of 1 is required"):
        TabularEncoder().fit(X[:0])


def test_frames_without_columns_are_an_error():
    for frame in (pd.DataFrame(index=range(3)), mixed()[[]]):
        with pytest.raises(ValueError, match=r"Found array with 0 feature\(s\)"):
            TabularEncoder().fit(frame)


def test_no_rows_of_an_array():
    for transformer in (CategoryEncoder(), SignedOneHotEncoder(), TabularEncoder()):
        assert transformer.fit(NUMBERS).transform(NUMBERS[:0]).shape[0] == 0


def in_polars(frame):
    """The same table, its categories as text."""
    series = []
    for name, column in frame.items():
        values = column.astype(object).where(column.notna(), None).to_list()
        if isinstance(values[0], pd.Timestamp | pd.Timedelta):
            values = [getattr(v, "to_pydatetime", getattr(v, "to_pytimedelta", None))() for v in values]
        series.append(pl.Series(name, values))
    return pl.DataFrame(series)


def test_polars_frames_are_read_as_pandas_frames():
    X = mixed()
    encoder = TabularEncoder().fit(X)
    polars_encoder = TabularEncoder().fit(in_polars(X))
    encoded = pd.DataFrame(encoder.transform(X), columns=encoder.get_feature_names_out())
    names = polars_encoder.get_feature_names_out()  # text is sorted, a category dtype has its order
    assert set(names) == set(encoded.columns)
    assert_allclose(polars_encoder.transform(in_polars(X)), encoded[names], rtol=1e-5, atol=1e-6)


def test_nothing_is_modified():
    X = mixed()
    X["objects"] = objects([1, None, 2.5, pd.NA, Decimal("1.5"), np.nan] * 10)
    before = deepcopy(X)
    TabularEncoder().fit(X).transform(X)
    assert_frame_equal(X, before)
    holes = HOLES.copy()
    for transformer in TRANSFORMERS:
        transformer.fit(holes).transform(holes)
    assert_array_equal(holes, HOLES)


def test_later_rows_change_nothing():
    X = mixed()
    encoder = TabularEncoder().fit(X[:40])
    before = pickle.dumps(encoder)
    encoder.transform(X)
    assert pickle.dumps(encoder) == before
    assert_array_equal(encoder.transform(X)[:40], encoder.transform(X[:40]))


def test_a_failing_fit_loses_nothing():
    X = mixed()
    encoder = TabularEncoder().fit(X)
    expected = encoder.transform(X)
    for bad in (X.assign(number=np.inf), X[:0], X.assign(word=[[1]] * 60)):
        with pytest.raises((ValueError, TypeError)):
            encoder.fit(bad)
        assert_array_equal(encoder.transform(X), expected)


@pytest.mark.parametrize("change", [lambda X: X[X.columns[::-1]], lambda X: X.rename(columns={"word": "w"})])
@pytest.mark.parametrize("library", [lambda X: X, in_polars])
def test_names_and_order_of_columns_are_checked(change, library):
    encoder = TabularEncoder().fit(library(mixed()))
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
        encoder.transform(library(change(mixed())))


def test_number_of_columns_is_checked():
    for transformer in TRANSFORMERS:
        with pytest.raises(ValueError, match=r"X has 2 features, but .* is expecting 3 features"):
            transformer.fit(NUMBERS).transform(NUMBERS[:, :2])


def test_names_in_and_out():
    X = mixed()
    encoder = TabularEncoder().fit(X)
    assert_array_equal(encoder.feature_names_in_, X.columns)
    frame = clone(encoder).set_output(transform="pandas").fit_transform(X)
    assert_array_equal(frame.columns, encoder.get_feature_names_out())
    assert_array_equal(frame.index, X.index)
    unnamed = TabularEncoder().fit(HOLES)
    assert_array_equal(
        unnamed.get_feature_names_out(),
        ["x0", "x1", "x2", "missingindicator_x0", "missingindicator_x2"],
    )
    assert_array_equal(unnamed.get_feature_names_out(["a", "b", "c"])[-1], "missingindicator_c")


def test_columns_named_by_numbers():
    X = pd.DataFrame({0: WORDS, 1: NUMBERS[:, 0]})
    assert_array_equal(TabularEncoder().fit(X).get_feature_names_out()[:2], ["x1", "x0_ant"])


# ------------------------------------------------------------------ categorical_features


@pytest.mark.parametrize(
    "listed", [["count"], [1], np.array([1]), np.arange(8) == 1, [False, True] + [False] * 6]
)
def test_listed_columns_are_categories_too(listed):
    encoder = TabularEncoder(listed).fit(mixed())
    assert encoder.categories_[1] == list(range(7))
    assert list(encoder.categories_) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.float32, object])
def test_listed_columns_of_arrays(dtype):
    X = np.column_stack([np.arange(60) % 5, NUMBERS[:, 0]]).astype(dtype)
    encoder = TabularEncoder([0]).fit(X)
    assert (encoder.n_numeric_, encoder.n_one_hot_) == (1, 5)
    assert_array_equal(encoder.transform([[99, 0.0]])[0, 1:], encoder.transform([[np.nan, 0.0]])[0, 1:])
    frame = pd.DataFrame({"a": pd.array(np.arange(60) % 5, "Int64"), "b": NUMBERS[:, 0]})
    expected = TabularEncoder(["a"]).fit_transform(frame)
    if dtype != np.int64:
        assert_allclose(encoder.transform(X), expected, rtol=1e-5, atol=1e-5)


def test_listed_dates_are_categories():
    X = mixed()[["time"]].assign(time=lambda X: X["time"].dt.floor("365D"))
    encoder = TabularEncoder(["time"]).fit(X)
    assert (encoder.n_numeric_, encoder.n_one_hot_) == (0, X["time"].nunique())
    assert_array_equal(encoder.transform(in_polars(X)), encoder.transform(X))


def test_arrays_of_text():
    X = np.column_stack([WORDS, MANY]).astype(str)
    assert TabularEncoder().fit(X).n_categories_ == [21]
    lists = [["a", 1], ["b", 2], ["c", 4]]
    assert TabularEncoder().fit(lists).n_numeric_ == 1  # numbers beside text stay numbers


def test_no_categorical_features():
    X = mixed()[["number", "count", "flag", "time"]]
    encoder = TabularEncoder(None).fit(X)
    assert encoder.categories_ == {}
    assert encoder.n_numeric_ == 10
    with pytest.raises(ValueError, match="The column 'word' holds text or values of several kinds"):
        TabularEncoder(None).fit(mixed())


@pytest.mark.parametrize(
    "listed, unknown", [(["colour"], "colour"), ([8], "8"), ([-1], "-1"), ([True], "True"), ([1.5], "1.5")]
)
def test_unknown_columns_are_an_error(listed, unknown):
    with pytest.raises(ValueError, match=f"categorical_features=.*'?{unknown}'? is no column of X"):
        TabularEncoder(listed).fit(mixed())


@pytest.mark.parametrize(
    "settings",
    [
        {"categorical_features": "all"},
        {"max_one_hot_categories": -1},
        {"min_frequency": 0},
        {"max_categories": 0},
        {"embed": "yes"},
    ],
)
def test_wrong_settings_are_an_error(settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"The '{name}' parameter of TabularEncoder"):
        TabularEncoder(**settings).fit(mixed())


@pytest.mark.parametrize("transformer", TRANSFORMERS)
def test_sparse_input_is_an_error(transformer):
    with pytest.raises(TypeError, match=r"[Ss]parse.*dense data is required"):
        transformer.fit(sparse.csr_array(NUMBERS))


def test_complex_columns_are_an_error():
    with pytest.raises(ValueError, match="Complex data not supported: the column 'x'"):
        TabularEncoder().fit(pd.DataFrame({"x": [1j, 2.0], "y": [1.0, 2.0]}))


# ------------------------------------------------------------------ among others


@pytest.mark.parametrize("transformer", TRANSFORMERS)
def test_pickle_deepcopy_and_files(transformer):
    X = NUMBERS if isinstance(transformer, SquashingScaler) else mixed()
    transformer = clone(transformer).fit(X)
    expected = transformer.transform(X)
    content, arrays = encode(transformer)
    for copied in (
        pickle.loads(pickle.dumps(transformer)),
        deepcopy(transformer),
        decode(content, arrays, known_names()),
    ):
        assert_array_equal(copied.transform(X), expected)


def test_dates_as_levels_in_files():
    levels = [
        datetime.date(2024, 1, 1),
        datetime.datetime(2024, 1, 1, 8),
        pd.Timestamp("2024-02-01 09:30", tz="UTC"),
        datetime.timedelta(hours=1),
        pd.Timedelta(days=-2, seconds=1.5),
    ]
    X = pd.DataFrame({"x": objects([*levels, "text"])})
    encoder = CategoryEncoder().fit(X)
    loaded = decode(*encode(encoder), known_names())
    assert loaded.categories_ == encoder.categories_
    assert_array_equal(loaded.transform(X), encoder.transform(X))


def test_transform_in_threads():
    X = pd.concat([mixed()] * 20, ignore_index=True)
    encoder = TabularEncoder().fit(X)
    parts = [X[i::7] for i in range(7)]
    with ThreadPoolExecutor(4) as threads:
        encoded = list(threads.map(encoder.transform, parts * 3))
    for part, result in zip(parts * 3, encoded):
        assert_array_equal(result, encoder.transform(part))


def test_in_pipelines_and_searches():
    X = mixed()
    y = RNG.random(60) < 0.5
    pipeline = make_pipeline(TabularEncoder(embed=False), LogisticRegression())
    search = GridSearchCV(pipeline, {"tabularencoder__max_absolute_value": [None, 3.0]}, error_score="raise")
    assert search.fit(X, y).best_estimator_[0].n_categories_ == []
    columns = make_column_transformer(
        (SquashingScaler(), ["number", "count"]),
        (SignedOneHotEncoder(), ["word"]),
        (CategoryEncoder(), ["many"]),
    )
    names = columns.fit(X).get_feature_names_out()
    assert columns.transform(X).shape == (60, 7)
    assert names[0] == "squashingscaler__number" and names[-1] == "categoryencoder__many"


def test_float32_arrays_keep_their_precision_class():
    X = load_wine().data
    single = SquashingScaler().fit_transform(X.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, SquashingScaler().fit_transform(X), rtol=1e-3, atol=1e-4)
    assert_allclose(
        TabularEncoder().fit_transform(X.astype(np.float32)), TabularEncoder().fit_transform(X), atol=1e-4
    )


def test_float32_holds_what_no_limit_bounds():
    X = np.arange(10.0).reshape(-1, 1)
    encoder = TabularEncoder(max_absolute_value=None).fit(X)
    assert_array_equal(
        encoder.transform([[1e300], [-1e300]]).ravel(), np.float32([3.4028235e38, -3.4028235e38])
    )


def test_peak_memory_of_scaling_is_one_copy():
    import tracemalloc

    X = np.random.default_rng(0).normal(size=(200_000, 4))
    scaler = SquashingScaler().fit(X)
    tracemalloc.start()
    scaler.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.6 * X.nbytes


def test_arrays_need_no_pandas():
    program = """
import sys
class NoPandas:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ImportError(name)
sys.meta_path.insert(0, NoPandas())
import numpy as np
from skbackprop.preprocessing import TabularEncoder
X = np.array([[1.0, "a"], [2.0, None], [None, "b"]], dtype=object)
print(TabularEncoder().fit_transform(X).shape)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(3, 3)"


# ------------------------------------------------------------------ Arrow


def arrow_table():
    import pyarrow as pa

    date = [None if d is None else d.date() for d in DAYS]
    time = [None if d is None else d.time() for d in DATES]
    return [
        ("numbers", pa.array([3, 1, None, 2, 7], pa.int32())),
        ("numbers", pa.array([3, 1, None, 2, 7], pa.float32())),
        (
            "numbers",
            pa.array(list(map(Decimal, "31")) + [None] + list(map(Decimal, "27")), pa.decimal128(9, 2)),
        ),
        ("text", pa.array(["b", "a", None, "c", "a"])),
        ("text", pa.array(["b", "a", None, "c", "a"], pa.large_string())),
        ("text", pa.array(["b", "a", None, "c", "a"]).dictionary_encode()),
        ("booleans", pa.array([True, False, None, False, False])),
        ("dates with times", pa.array(DATES, pa.timestamp("us"))),
        ("dates with times", pa.array(DATES, pa.timestamp("ns"))),
        ("dates with times and a zone", pa.array(ZONED, pa.timestamp("us", "UTC"))),
        ("dates", pa.array(date, pa.date32())),
        ("dates", pa.array(date, pa.date64())),
        ("durations", pa.array(SPANS, pa.duration("us"))),
        ("times of the day", pa.array(time, pa.time64("us"))),
        ("nothing known", pa.nulls(5)),
    ]


def test_arrow_dtypes_are_read_alike():
    pytest.importorskip("pyarrow")
    for kind, array in arrow_table():
        column = pd.Series(array, dtype=pd.ArrowDtype(array.type), name="x")
        first = table_of(SAME[kind][0])
        encoder = TabularEncoder().fit(first)
        fitted = TabularEncoder().fit(table_of(column))
        for one in (encoder, fitted):
            assert_allclose(
                one.transform(table_of(column)), encoder.transform(first), rtol=1e-6, err_msg=str(array.type)
            )


@pytest.mark.parametrize(
    "more", [{}, {"y": [1.0, 2.0, 3.0, 4.0, 5.0]}, {"y": list("abcde")}, {"y": [True] * 5}]
)
@pytest.mark.parametrize("container", ["Table", "RecordBatch"])
def test_arrow_tables_are_read_column_by_column(more, container):
    """Whatever stands beside a column, it is read as in a frame of pandas."""
    pa = pytest.importorskip("pyarrow")
    for kind, array in arrow_table():
        arrow = getattr(pa, container).from_pydict({"x": array, **{k: pa.array(v) for k, v in more.items()}})
        frame = pd.DataFrame({"x": table_of(SAME[kind][0])["x"], **more})
        encoder, of_arrow = TabularEncoder().fit(frame), TabularEncoder().fit(arrow)
        assert_array_equal(of_arrow.get_feature_names_out(), encoder.get_feature_names_out())
        for one, table in ((encoder, arrow), (of_arrow, arrow), (of_arrow, frame)):
            assert_allclose(
                one.transform(table), encoder.transform(frame), rtol=1e-6, err_msg=str(array.type)
            )


def test_names_of_arrow_tables_are_checked():
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": [1.0, 2.0], "b": ["x", "y"]})
    encoder = TabularEncoder().fit(table)
    assert_array_equal(encoder.feature_names_in_, ["a", "b"])
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
        encoder.transform(table.select(["b", "a"]))
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        TabularEncoder().fit(table[:0])


def test_lazy_frames_are_an_error():
    with pytest.raises(TypeError, match=r"X is a lazy frame.*X\.collect\(\)"):
        TabularEncoder().fit(pl.LazyFrame({"a": [1.0]}))


def test_text_that_pyarrow_stores():
    pytest.importorskip("pyarrow")
    first = table_of(SAME["text"][1])
    expected = TabularEncoder().fit_transform(first)
    for dtype in ("string[pyarrow]", "string[python]", "str"):
        text = pd.DataFrame({"x": pd.Series(["b", "a", None, "c", "a"], dtype=dtype)})
        assert_array_equal(TabularEncoder().fit_transform(text), expected)
