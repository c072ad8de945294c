"""`save` and `load` of what learns from streams, and of encoders: in the middle of it, bit for bit."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor, load
from skbackprop.preprocessing import CategoryEncoder, SignedOneHotEncoder, SquashingScaler, TabularEncoder
from skbackprop.states import decode, encode
from skbackprop.time_series import (
    CalendarFeatures,
    DifferenceFeatures,
    EwmFeatures,
    ExpandingFeatures,
    FourierFeatures,
    LagFeatures,
    LagForecaster,
    RollingFeatures,
    RunningScaler,
    StreamingPipeline,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NET = BackpropRegressor(hidden_layer_sizes=4, max_iter=2, random_state=0)
UNSEEDED = clone(NET).set_params(random_state=None)  # members have seeds of their own
QUICK = {"lags": 4, "n_members": 2, "n_updates": 8}
HOLIDAYS = pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Sat", holidays=["2026-01-06"])


def rows(n, begin=0, freq="D", tz=None, **columns):
    times = pd.date_range("2026-01-01", periods=begin + n, freq=freq, tz=tz)[begin:]
    steps = np.arange(begin, begin + n)
    values = {"price": np.sin(steps), "load": steps % 5.0}
    return pd.DataFrame(values | columns, index=times), np.cos(steps / 3) + steps % 7


def panel(n, begin=0):
    parts = [rows(n, begin, shop=name)[0].rename_axis("t").reset_index() for name in ("b", "a")]
    X = pd.concat(parts, ignore_index=True)
    return X, np.arange(2.0 * n) % 7 + begin


def through_file(model, tmp_path, custom=()):
    assert model.save(tmp_path / "model") is model
    return load(tmp_path / "model", custom=custom)


def assert_same(one, other):
    assert type(one) is type(other)
    assert repr(one) == repr(other)
    assert vars(one).keys() == vars(other).keys()


FORECASTERS = {
    "default": (LagForecaster(**QUICK), rows),
    "conformal": (LagForecaster(**QUICK, calibration_horizons=4, horizon=2), rows),
    "quantiles": (LagForecaster(**QUICK, quantile=[0.1, 0.5, 0.9], horizon=3), rows),
    "dirrec": (LagForecaster(**QUICK, strategy="dirrec", horizon=2, known_future="load"), rows),
    "net": (LagForecaster(UNSEEDED, 4, n_members=2, strategy="recursive", target_transform="log1p"), rows),
    "panel": (LagForecaster(**QUICK, groups="shop", time="t", calibration_horizons=3), panel),
    "holidays": (LagForecaster(**QUICK, freq=HOLIDAYS, seasons=[5]), lambda *n: rows(*n, freq=HOLIDAYS)),
    "zone": (LagForecaster(**QUICK), lambda *n: rows(*n, freq="h", tz="Europe/Berlin")),
    "stops early": (LagForecaster(**QUICK, early_stopping=True), rows),
}


@pytest.mark.parametrize("name", FORECASTERS)
def test_a_forecaster_goes_on_where_it_was(name, tmp_path):
    forecaster, of = FORECASTERS[name]
    forecaster = clone(forecaster).fit(*of(40))
    again = through_file(forecaster, tmp_path)
    for number in range(3):
        assert_same(again, forecaster)
        X, y = of(3, 40 + 3 * number)
        assert_array_equal(again.predict(X), forecaster.predict(X))
        if forecaster.calibration_horizons:
            assert_array_equal(again.predict_interval(X, 0.5), forecaster.predict_interval(X, 0.5))
        forecaster.partial_fit(X, y)
        again = through_file(again.partial_fit(X, y), tmp_path)


@pytest.mark.parametrize("kind", ["pandas", "polars", "numpy"])
def test_a_forecaster_that_has_not_begun(kind, tmp_path):
    time = {"pandas": None, "polars": "t", "numpy": None}[kind]
    one = LagForecaster(UNSEEDED, 12, horizon=3, n_members=2, time=time)
    other = clone(one)
    X, y = rows(30)
    if kind == "polars":
        X = pl.from_pandas(X.rename_axis("t").reset_index())
    elif kind == "numpy":
        X = X.to_numpy()
    for begin in range(0, 30, 3):
        part = slice(begin, begin + 3)
        one.partial_fit(X[part], y[part])
        other = through_file(other.partial_fit(X[part], y[part]), tmp_path)
        assert_same(one, other)
    with pytest.raises(NotFittedError, match="3 rows are remembered"):
        through_file(clone(one).partial_fit(X[:3], y[:3]), tmp_path).forecast()
    assert_array_equal(one.forecast(4), other.forecast(4))


FEATURES = [
    LagFeatures([1, 3], passthrough=["load"]),
    DifferenceFeatures(2, on_gap="ignore"),
    RollingFeatures(3, ["mean", 0.5], min_periods=2),
    ExpandingFeatures(["std", "max"]),
    EwmFeatures(span=[2, 5]),
    RunningScaler(),
    CalendarFeatures(),
    FourierFeatures(7, 2),
]


@pytest.mark.parametrize("features", FEATURES, ids=lambda features: type(features).__name__)
@pytest.mark.parametrize("freq", ["D", HOLIDAYS, "ME"], ids=["days", "holidays", "months"])
def test_features_go_on_where_they_were(features, freq, tmp_path):
    features = clone(features)
    if "freq" in features.get_params() and getattr(features, "on_gap", "nan") != "ignore":
        features.set_params(freq=freq)
    one, other = clone(features), through_file(features, tmp_path)
    for begin in (0, 10, 20):
        X, _ = rows(10, begin, freq)
        for part in (one, other):
            part.partial_fit(X)
        other = through_file(other, tmp_path)
        assert_same(one, other)
        X, _ = rows(4, begin + 10, freq)
        pd.testing.assert_frame_equal(one.transform(X), other.transform(X))
    assert_array_equal(one.get_feature_names_out(), other.get_feature_names_out())


def test_times_that_are_periods_and_ids_that_are_times(tmp_path):
    X, _ = rows(12)
    X.index = X.index.to_period("D")
    X["zone"] = pd.date_range("2026", periods=2, tz="Asia/Tokyo")[np.arange(12) // 6]
    X["day"] = pd.date_range("2026", periods=2)[np.arange(12) // 6]
    X["kind"] = pd.Categorical(np.array(["u", "v"])[np.arange(12) // 6])
    for groups in ("zone", "day", "kind", ["kind", "day"]):
        one = LagFeatures(2, columns="load", groups=groups).fit(X)
        other = through_file(one, tmp_path)
        later = X.set_axis(X.index + 12)
        pd.testing.assert_frame_equal(one.transform(later), other.transform(later))


def streams():
    lags = LagFeatures([0, 1, 2], history="continue")
    net = BackpropRegressor(hidden_layer_sizes=3, missing="skip", random_state=0)
    yield "plain", StreamingPipeline([("lags", lags), ("net", net)])
    yield "late labels", StreamingPipeline([("lags", lags), ("net", net)], label_delay=4)
    yield (
        "by shop",
        StreamingPipeline(
            [("lags", RunningScaler(groups="shop")), ("net", net)], label_delay=1, groups="shop"
        ),
    )
    scaled = [("lags", RollingFeatures(3, shift=0)), ("scale", StandardScaler()), ("net", net)]
    yield "scaled", StreamingPipeline(scaled, label_delay=2)


@pytest.mark.parametrize(("name", "pipeline"), list(streams()), ids=[name for name, _ in streams()])
@pytest.mark.parametrize("kind", ["frames", "arrays", "polars"])
def test_a_pipeline_in_the_middle_of_a_stream(name, pipeline, kind, tmp_path):
    X, y = rows(24)
    if name == "by shop":
        X["shop"] = np.array(["u", "v"])[np.arange(24) % 2] if kind == "frames" else np.arange(24) % 2
        if kind == "arrays":
            pipeline = clone(pipeline).set_params(groups=2, lags__groups=2)
    if kind != "frames":
        X = X.to_numpy() if kind == "arrays" else pl.from_pandas(X)
    one, other = clone(pipeline), through_file(clone(pipeline), tmp_path, [StandardScaler])
    for begin in range(0, 24, 2):
        part = slice(begin, begin + 2)
        one.partial_fit(X[part], y[part])
        other = through_file(other.partial_fit(X[part], y[part]), tmp_path, [StandardScaler])
        assert_same(one, other)
    assert_array_equal(one.predict(X[-3:]), other.predict(X[-3:]))


def test_sparse_rows_that_wait(tmp_path):
    X = sparse.random(20, 6, density=0.4, format="csr", random_state=0)
    y = np.arange(20) % 3
    one = StreamingPipeline(
        [("net", BackpropClassifier(hidden_layer_sizes=3, random_state=0))], label_delay=3
    )
    other = clone(one)
    for begin in (0, 5, 10, 15):
        part = slice(begin, begin + 5)
        one.partial_fit(X[part], y[part], classes=[0, 1, 2])
        other = through_file(other.partial_fit(X[part], y[part], classes=[0, 1, 2]), tmp_path)
    assert_array_equal(one.waiting_.toarray(), other.waiting_.toarray())
    assert_array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize(
    "encoder", [TabularEncoder(), CategoryEncoder(), SignedOneHotEncoder(), SquashingScaler()]
)
def test_encoders(encoder, tmp_path):
    days = pd.date_range("2026", periods=6, tz="UTC")
    X = pd.DataFrame({"a": [1.0, 2.0, np.nan, 4.0, 5.0, 9.0], "b": [3, 1, 2, 2, 1, 3]})
    if not isinstance(encoder, SquashingScaler):
        X = X.assign(c=list("xyxyxz"), d=[True, False] * 3)
    if isinstance(encoder, TabularEncoder):
        X = X.assign(e=days, f=days - days[0], g=pd.Categorical(list("uvwuvw")), h=days.date)
    assert repr(through_file(encoder, tmp_path)) == repr(encoder)
    encoder = clone(encoder).fit(X)
    again = through_file(encoder, tmp_path)
    assert_same(again, encoder)
    assert_array_equal(again.transform(X[::-1]), encoder.transform(X[::-1]))
    assert_array_equal(again.get_feature_names_out(), encoder.get_feature_names_out())


# ------------------------------------------------------------------ what is of other libraries


def test_estimators_of_other_libraries_are_given_when_loading(tmp_path):
    X, y = rows(40)
    scaled = make_pipeline(StandardScaler(), NET)
    for estimator, custom in (
        (Ridge(), [Ridge]),
        (SGDRegressor(random_state=0), [SGDRegressor]),
        (scaled, [Pipeline, StandardScaler]),
    ):
        forecaster = LagForecaster(estimator, 4, horizon=2).fit(X, y)
        forecaster.save(tmp_path / "model")
        for known in (custom[:-1], ()):
            with pytest.raises(ValueError, match=r"needs '\w+', which is not in this library.*`custom`"):
                load(tmp_path / "model", custom=known)
        again = load(tmp_path / "model", custom=custom)
        assert_array_equal(again.forecast(5), forecaster.forecast(5))


def test_trees_cannot_be_saved(tmp_path):
    forecaster = LagForecaster(HistGradientBoostingRegressor(max_iter=2), 4).fit(*rows(40))
    with pytest.raises(TypeError, match=r"cannot be saved.*joblib\.dump"):
        forecaster.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_file_chooses_no_path_in_what_it_holds(tmp_path):
    net = BackpropRegressor(hidden_layer_sizes=3, checkpoint=tmp_path / "victim", resume=True)
    pipeline = StreamingPipeline([("net", net)], memory=str(tmp_path / "folder"))
    pipeline.save(tmp_path / "model")
    with (
        pytest.warns(UserWarning, match=r"checkpoint=.*of the BackpropRegressor.*is left out"),
        pytest.warns(UserWarning, match=r"memory=.*of the StreamingPipeline.*is left out"),
    ):
        again = load(tmp_path / "model")
    assert again.memory is None
    assert (again.named_steps["net"].checkpoint, again.named_steps["net"].resume) == (None, False)


def test_metadata_requests_of_steps_are_kept(tmp_path):
    with config_context(enable_metadata_routing=True):
        net = BackpropRegressor().set_fit_request(sample_weight="w")
        again = through_file(StreamingPipeline([("net", net)]), tmp_path).named_steps["net"]
        assert again.get_metadata_routing().fit.requests["sample_weight"] == "w"


# ------------------------------------------------------------------ frames


def values_of_every_type():
    days = pd.date_range("1700", periods=3, freq="100YS", unit="s")
    yield [1, 2, 3]
    yield np.array([1, 2, 3], dtype="int8")
    yield [True, False, True]
    yield ["a", None, "b"]
    yield [pd.Timestamp("2026-01-01 00:00:00.000000001"), pd.NaT, 3]
    yield [pd.Timedelta(1), pd.Period("2026", "M"), pd.NA]
    yield days
    yield days.as_unit("us").tz_localize("America/New_York")
    yield days.as_unit("ms").tz_localize("UTC+01:30")
    yield days - days[0]
    yield pd.period_range("2026-01", periods=3, freq="2M")
    yield pd.Categorical(["x", None, "y"], categories=["y", "x"], ordered=True)
    yield pd.Categorical(days)
    for dtype in ("Int64", "UInt8", "Float32", "boolean", "string"):
        yield pd.array([1, None, 0] if dtype != "string" else ["a", None, ""], dtype=dtype)
    yield pd.array([1, None, 0], dtype="int64[pyarrow]")
    yield pd.array(["a", None, "b"], dtype="string[pyarrow]")


VALUES = list(values_of_every_type())


@pytest.mark.parametrize("values", VALUES, ids=[str(getattr(v, "dtype", v)) for v in VALUES])
def test_frames_of_pandas_come_back(values):
    frame = pd.DataFrame({"x": values, 2: [1.0, np.nan, 3.0]})
    frame.attrs["name"] = "one"
    for index in (
        pd.RangeIndex(3, name="n"),
        pd.date_range("2026", periods=3, freq="B", tz="Europe/Berlin", name="t"),
        pd.date_range("2026", periods=3, freq=HOLIDAYS),
        pd.Index(["a", "b", "c"]),
        pd.MultiIndex.from_arrays([["a", "a", "b"], pd.date_range("2026", periods=3)], names=["id", None]),
    ):
        frame.index = index
        again, series = decode(*encode([frame, frame["x"]]), {})
        pd.testing.assert_frame_equal(again, frame)
        assert again.attrs == frame.attrs
        assert getattr(again.index, "freq", None) == getattr(index, "freq", None)
        pd.testing.assert_series_equal(series, frame["x"])


def test_frames_of_polars_come_back():
    times = pd.date_range("2026", periods=3, tz="Europe/Berlin", unit="us")
    frame = pl.DataFrame(
        {"a": [1, None, 3], "b": ["x", "y", None], "t": pl.Series(times), "f": [1.0, 2.0, None]}
    )
    frame = frame.with_columns(
        day=pl.col("t").dt.date(), apart=pl.col("t").diff(), small=pl.col("a").cast(pl.Int8)
    ).with_columns(pl.col("b").cast(pl.Categorical).alias("kind"), (pl.col("a") > 1).alias("flag"))
    again = decode(*encode(frame), {})
    assert again.equals(frame)
    assert again.schema == frame.schema


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
def test_sparse_rows_come_back(kind):
    rows_ = kind(sparse.random(5, 4, density=0.5, random_state=0))
    again = decode(*encode(rows_), {})
    assert type(again) is type(rows_)
    assert_array_equal(again.toarray(), rows_.toarray())


@pytest.mark.parametrize(
    "thing",
    [
        pd.DataFrame({"a": pd.arrays.IntervalArray.from_breaks([0, 1, 2])}),
        pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}).assign(b=[{1}, {2}]),
        pl.DataFrame({"a": [object()]}),
        np.zeros(2, dtype=[("a", int)]),
        sparse.coo_matrix(np.eye(2)),
    ],
    ids=["intervals", "sets", "objects", "records", "coo"],
)
def test_what_cannot_be_saved_is_told(thing):
    with pytest.raises((TypeError, ValueError), match="cannot be saved"):
        files_can_hold(thing)


def files_can_hold(thing):
    content, arrays = encode(thing)
    return decode(content, arrays, {})
