"""Pipelines over streams, labels that come late, and evaluation before learning."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from shared.checks import scikit_learn_checks
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import Pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.utils.fixes import parse_version

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.time_series import (
    DifferenceFeatures,
    EwmFeatures,
    ExpandingFeatures,
    LagFeatures,
    RollingFeatures,
    RunningScaler,
    StreamingPipeline,
    evaluate_stream,
)


def why(message):
    """What a pipeline says that has learned nothing; before scikit-learn 1.8 its own pipeline answers."""
    is_said = parse_version(sklearn.__version__) >= parse_version("1.8")
    return message if is_said else "not fitted yet"


RANDOM = np.random.default_rng(0)
X = pd.DataFrame(
    {"a": RANDOM.normal(size=120).cumsum(), "b": RANDOM.normal(size=120)},
    index=pd.date_range("2026", periods=120, freq="h"),
)
Y = np.nan_to_num((X["a"].shift(1) - X["a"].shift(2)).to_numpy())


class Recorder(RegressorMixin, BaseEstimator):
    """Remembers what it is given."""

    def fit(self, X, y):
        return self.partial_fit(X, y)

    def partial_fit(self, X, y, sample_weight=None):
        self.seen_ = [*getattr(self, "seen_", []), (np.array(X), np.array(y), sample_weight)]
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def all(self):
        return np.concatenate([x for x, _, _ in self.seen_]), np.concatenate([y for _, y, _ in self.seen_])


def past():
    return make_union(LagFeatures([0, 1, 5]), RollingFeatures(4), EwmFeatures(6))


def chunks(seed, n_rows=120):
    cuts = np.sort(np.random.default_rng(seed).choice(np.arange(1, n_rows), 7, replace=False))
    return np.split(np.arange(n_rows), cuts)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("delay", [0, 1, 7, 40])
def test_chunks_learn_what_one_table_holds(seed, delay):
    """Every row once, with the features of the whole table and its own label, whatever the chunks."""
    model = StreamingPipeline(
        [("past", past()), ("scale", RunningScaler()), ("end", Recorder())], label_delay=delay
    )
    whole = past().fit_transform(X)
    whole = RunningScaler().fit_transform(whole if isinstance(whole, pd.DataFrame) else np.asarray(whole))
    model.set_params(scale__history="continue")
    arrived = np.concatenate([np.full(delay, np.nan), Y])[: len(Y)]
    for rows in chunks(seed):
        model.partial_fit(X.iloc[rows], arrived[rows])
        model = pickle.loads(pickle.dumps(model))
    features, labels = model[-1].all()
    n_known = len(X) - delay
    assert_array_equal(features, np.asarray(whole)[:n_known])
    assert_array_equal(labels, Y[:n_known])
    assert (0 if delay == 0 else len(model.waiting_)) == delay


def test_predictions_have_the_features_that_are_learned():
    spy = FunctionTransformer(lambda Z: np.array(Z))
    model = StreamingPipeline([("past", past()), ("spy", spy), ("end", Recorder())])
    model.partial_fit(X[:50], Y[:50])
    seen = model[:-1].transform(X[50:60])
    model.partial_fit(X[50:60], Y[50:60])
    assert_array_equal(seen, model[-1].seen_[-1][0])
    assert not np.isnan(seen).any()


def test_a_call_that_fails_learns_nothing():
    net = BackpropRegressor(hidden_layer_sizes=5, missing="skip", random_state=0)
    model = StreamingPipeline([("past", past()), ("scale", StandardScaler()), ("net", net)])
    model.partial_fit(X[:50], Y[:50])
    expected, before = model.predict(X[50:]), model[1].mean_.copy()
    for bad_X, bad_y in ((X[50:60], ["x"] * 10), (X[40:60], Y[40:60]), (X[["a"]][50:60], Y[50:60])):
        with pytest.raises(ValueError):
            model.partial_fit(bad_X, bad_y)
    assert_array_equal(model.predict(X[50:]), expected)
    assert_array_equal(model[1].mean_, before)


def test_weights_wait_as_labels_do():
    model = StreamingPipeline([("end", Recorder())], label_delay=3)
    for rows in chunks(0):
        model.partial_fit(X.iloc[rows], np.arange(-3, 117)[rows], sample_weight=np.arange(-3.0, 117)[rows])
    weights = np.concatenate([w for _, _, w in model[-1].seen_])
    assert_array_equal(weights, np.arange(117))
    assert_array_equal(model[-1].all()[1], np.arange(117))


@pytest.mark.parametrize(
    ("steps", "settings", "message"),
    [
        ([("q", QuantileTransformer()), ("end", Recorder())], {}, "'q', QuantileTransformer, cannot learn"),
        ([("u", make_union(QuantileTransformer())), ("end", Recorder())], {}, "u__quantiletransformer"),
        ([("end", QuantileTransformer())], {}, "'end', QuantileTransformer, has no partial_fit"),
        ([("end", Recorder())], {"label_delay": -1}, "label_delay=-1"),
    ],
)
def test_errors(steps, settings, message):
    with pytest.raises(ValueError, match=message):
        StreamingPipeline(steps, **settings).partial_fit(X, Y)


def test_is_a_pipeline():
    model = StreamingPipeline(
        [("past", past()), ("scale", StandardScaler()), ("net", SGDRegressor())], label_delay=2
    )
    copy = clone(model).set_params(net__alpha=0.5, label_delay=0)
    assert (copy.label_delay, copy[-1].alpha, model[-1].alpha) == (0, 0.5, 0.0001)
    stateless = StreamingPipeline([("double", FunctionTransformer(np.negative)), ("end", Recorder())])
    assert_array_equal(stateless.partial_fit(X, Y)[-1].seen_[0][0], -X)
    fitted = StreamingPipeline([("scale", StandardScaler()), ("net", SGDRegressor(random_state=0))]).fit(X, Y)
    assert fitted.partial_fit(X, Y)[0].n_samples_seen_ == 240


OF_A_PIPELINE = dict.fromkeys(
    ["check_estimators_overwrite_params", "check_dont_overwrite_parameters"],
    "the steps of a Pipeline are fitted themselves, as in scikit-learn",
)


@scikit_learn_checks(
    [
        StreamingPipeline([("scale", StandardScaler()), ("end", SGDRegressor(random_state=0))]),
        StreamingPipeline([("scale", StandardScaler()), ("end", SGDClassifier(random_state=0))]),
    ],
    expected_failed_checks=lambda estimator: OF_A_PIPELINE,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ------------------------------------------------------------------ evaluation


class Echo(ClassifierMixin, BaseEstimator):
    """Predicts the last label that it was given."""

    def fit(self, X, y):
        return self.partial_fit(X, y)

    def partial_fit(self, X, y, classes=None):
        self.classes_ = getattr(self, "classes_", classes)
        self.last_ = y[-1]
        return self

    def predict(self, X):
        return np.full(len(X), self.last_)


def test_prequential_by_hand():
    y = np.array([0, 0, 1, 1, 1, 0, 1])
    evaluation = evaluate_stream(Echo(), np.zeros((7, 1)), y, window=3)
    assert_array_equal(evaluation.predictions["y_pred"], y[:-1])
    assert evaluation.score == pytest.approx(3 / 6)
    assert_array_equal(evaluation.scores, [2 / 3, 1 / 3])
    assert list(evaluation.scores.index) == [3, 6]
    late = evaluate_stream(Echo(), np.zeros((7, 1)), y, n_first=3, label_delay=2)
    assert_array_equal(late.predictions["y_pred"], y[:4])


def test_a_pipeline_with_delay_is_evaluated():
    steps = [("past", past()), ("end", Recorder())]
    model = StreamingPipeline(steps, label_delay=6)
    evaluation = evaluate_stream(model, X, Y, chunk_size=8, metric=mean_squared_error)
    assert_array_equal(model[-1].all()[1], Y[:114])
    assert evaluation.score == pytest.approx((Y[8:] ** 2).mean())
    with pytest.raises(ValueError, match="own label_delay is 6"):
        evaluate_stream(model, X, Y, label_delay=2)


def test_networks_learn_on_the_way():
    x = np.sin(np.arange(600) / 5)
    frame = pd.DataFrame({"x": x}, index=pd.date_range("2026", periods=600, freq="h"))
    net = BackpropRegressor(hidden_layer_sizes=20, missing="skip", learning_rate_init=0.01, random_state=0)
    model = StreamingPipeline([("lags", LagFeatures([0, 1, 2])), ("net", net)])
    scores = evaluate_stream(model, frame, np.append(x[1:], 0.0), chunk_size=5).scores
    assert scores.iloc[-1] < 0.1 < scores.iloc[0]
    labels = np.where(x > 0, "up", "down")
    ours = evaluate_stream(
        BackpropClassifier(learning_rate_init=0.01, random_state=0), frame, labels, chunk_size=20
    )
    theirs = evaluate_stream(SGDClassifier(random_state=0), frame, labels, chunk_size=20)
    assert min(ours.score, theirs.score) > 0.8


def test_labels_are_late_in_each_series_of_a_panel():
    """Rows of the series come in any turn; a label finds the row `label_delay` before in its own series."""
    rng = np.random.default_rng(0)
    shop = rng.permutation(np.repeat(["a", "b", "c"], [40, 25, 5]))
    X = pd.DataFrame({"shop": shop, "x": rng.normal(size=70)})
    y = np.arange(70.0)
    before = pd.Series(y).groupby(shop).shift(3).fillna(-1.0).to_numpy()  # what comes with each row
    steps = [("past", LagFeatures([0], columns=["x"], groups="shop", history="continue"))]
    for sizes in ([70], [1] * 70, [7] * 10, [2, 30, 38]):
        model = StreamingPipeline([*steps, ("end", Recorder())], label_delay=3, groups="shop")
        begin = 0
        for size in sizes:
            model.partial_fit(X[begin : begin + size], before[begin : begin + size])
            begin += size
        features, labels = model[-1].all()
        assert len(labels) == 70 - 3 * 3
        assert_array_equal(features[:, 0], X["x"].to_numpy()[labels.astype(int)])
        assert len(model.waiting_series_) == model.waiting_.shape[0] == 9
    echo = evaluate_stream(
        StreamingPipeline([*steps, ("end", SGDRegressor())], label_delay=3, groups="shop"), X, y, n_first=30
    )
    assert len(echo.predictions) == 40


def test_columns_learn_once_a_chunk():
    """A ColumnTransformer: each of its parts sees its own columns."""

    def columns():
        return ColumnTransformer(
            [("past", LagFeatures([0, 3]), ["a"]), ("scale", StandardScaler(), make_column_selector("b"))],
            remainder=RunningScaler(),
        )

    frame = X.assign(c=X["a"] ** 2)
    model = StreamingPipeline([("columns", columns()), ("end", Recorder())])
    for rows in chunks(0):
        model.partial_fit(frame.iloc[rows], Y[rows])
    features, _ = model[-1].all()
    assert_array_equal(features[:, :2], LagFeatures([0, 3]).fit_transform(X[["a"]]))
    assert_array_equal(features[:, 3], RunningScaler().fit_transform(frame[["c"]])["c_scaled"])
    scaler = model[0].named_transformers_["scale"]
    assert scaler.n_samples_seen_ == 120
    assert_allclose(scaler.mean_, X[["b"]].mean())
    bad = ColumnTransformer([("q", QuantileTransformer(), ["a"])])
    with pytest.raises(ValueError, match="'columns__q', QuantileTransformer, cannot learn"):
        StreamingPipeline([("columns", bad), ("end", Recorder())]).partial_fit(X, Y)


@pytest.mark.parametrize("chunk_size", [1, 4, 30])
def test_the_first_prediction_waits_for_the_first_label(chunk_size):
    for model in (SGDRegressor(), StreamingPipeline([("end", SGDRegressor())], label_delay=9)):
        settings = {"chunk_size": chunk_size, "label_delay": 9}
        evaluation = evaluate_stream(model, X, Y, **settings)
        assert evaluation.predictions.index[0] == max(10, chunk_size)


@pytest.mark.parametrize("n_first", [-1, 120, 2.5])
def test_rows_to_learn_first_are_checked(n_first):
    with pytest.raises(ValueError, match="n_first="):
        evaluate_stream(SGDRegressor(), X, Y, n_first=n_first)
    with pytest.raises(ValueError, match="n_first=200"):
        evaluate_stream(SGDRegressor(), X, Y, chunk_size=200)


# ------------------------------------------------------------------ the beginning of a stream

LOOK_BACK = {
    "lags": LagFeatures([0, 5]),
    "differences": DifferenceFeatures([1, 5]),
    "rolling": RollingFeatures(4),
    "rolling, some values": RollingFeatures(6, ["mean", "max"], min_periods=3),
    "expanding": ExpandingFeatures(["mean", "std"], min_periods=4),
    "ewm": EwmFeatures(6),
    "scaler": RunningScaler(),
    "union": make_union(LagFeatures([0, 5]), RollingFeatures(3)),
}
CONTAINERS = {
    "pandas": lambda frame: frame,
    "polars": lambda frame: pl.DataFrame({name: frame[name].to_numpy() for name in frame}),
    "numpy": lambda frame: frame.to_numpy(),
}
every_container = pytest.mark.parametrize("container", CONTAINERS)


def one_by_one(model, X, y, begin=0, end=None, **first):
    for row in range(begin, len(X) if end is None else end):
        model.partial_fit(X[row : row + 1], y[row : row + 1], **first)
        first = {}
    return model


def with_clock(features):
    names = [name for name in features.get_params() if name == "freq" or name.endswith("__freq")]
    return clone(features).set_params(**dict.fromkeys(names, "h"))


@every_container
@pytest.mark.parametrize("name", LOOK_BACK)
def test_rows_one_by_one_are_a_table(name, container):
    """From the first row on, with no setting that says that rows without times follow each other."""
    table = CONTAINERS[container](X[:30])
    features = with_clock(LOOK_BACK[name]) if container == "pandas" else clone(LOOK_BACK[name])
    whole = np.asarray(clone(features).fit_transform(table))
    model = StreamingPipeline([("past", features), ("end", Recorder())])
    model = pickle.loads(pickle.dumps(one_by_one(model, table, Y, end=4)))
    one_by_one(model, table, Y, 4, 30)
    learned, labels = model[-1].all()
    assert_array_equal(learned, whole)
    assert_array_equal(labels, Y[:30])
    seen = model[:-1].transform(CONTAINERS[container](X[30:32]))
    longer = clone(features).fit_transform(CONTAINERS[container](X[:32]))
    assert_array_equal(np.asarray(seen), np.asarray(longer)[30:])


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), MaxAbsScaler()], ids=repr)
@pytest.mark.parametrize("size", [1, 2, 7])
def test_statistics_begin_when_no_column_is_empty(scaler, size):
    """scikit-learn's scalers never get over a first chunk with an empty column."""
    model = StreamingPipeline([("past", with_clock(past())), ("scale", scaler), ("end", Recorder())])
    for begin in range(0, 15, size):
        model.partial_fit(X[begin : begin + size], Y[begin : begin + size])
        if begin + size <= 5:
            with pytest.raises(
                NotFittedError, match=why(f"look back on more rows than the {begin + size} so far")
            ):
                model.predict(X[40:42])
    n_rows = begin + size
    whole = clone(scaler).fit(with_clock(past()).fit_transform(X[:n_rows]))
    learned, labels = model[-1].all()
    assert_array_equal(labels, Y[:n_rows])
    assert_allclose(model[:-1].transform(X[n_rows:]), whole.transform(past().fit_transform(X)[n_rows:]))
    assert np.isfinite(learned[5:]).all()


def test_what_is_empty_for_other_reasons_does_not_wait_for_ever():
    frame = X.assign(b=np.nan)
    model = StreamingPipeline([("past", LagFeatures([0, 3], freq="h")), ("end", Recorder())])
    one_by_one(model, frame, Y, end=10)
    assert_array_equal(model[-1].all()[1], Y[:10])
    assert [len(x) for x, _, _ in model[-1].seen_] == [4, 1, 1, 1, 1, 1, 1]  # 3 rows could be too few
    model = StreamingPipeline([("end", Recorder())])
    assert len(one_by_one(model, frame, Y, end=2)[-1].seen_) == 2


def test_a_call_that_fails_at_the_beginning_learns_nothing():
    model = StreamingPipeline(
        [("past", with_clock(past())), ("scale", StandardScaler()), ("end", Recorder())]
    )
    one_by_one(model, X, Y, end=3)
    for bad_X, bad_y in ((X[2:3], Y[:1]), (X[["a"]][3:4], Y[:1]), (X[3:4], None)):
        with pytest.raises(ValueError):
            model.partial_fit(bad_X, bad_y)
    one_by_one(model, X, Y, 3, 30)
    assert_array_equal(model[-1].all()[1], Y[:30])


@pytest.mark.parametrize("delay", [0, 3])
@pytest.mark.parametrize("between", [None, StandardScaler()])
def test_classes_are_said_once(between, delay):
    labels = np.where(np.arange(len(X)) % 2, "up", "down")
    for net in (BackpropClassifier(missing="skip", random_state=0), Echo()):
        model = StreamingPipeline(
            [("past", LagFeatures([0, 5], freq="h")), ("scale", between), ("net", net)], label_delay=delay
        )
        one_by_one(model, X, labels, end=20, classes=["down", "flat", "up"])
        assert list(model[-1].classes_) == ["down", "flat", "up"]
        assert model.predict(X[20:22]).shape == (2,)


@pytest.mark.parametrize(
    "last", [BackpropRegressor(missing="skip"), BackpropRegressor(missing="impute")], ids=repr
)
def test_nothing_learned_is_no_prediction(last):
    model = StreamingPipeline([("past", LagFeatures([0, 5], freq="h")), ("net", last)])
    with pytest.raises(NotFittedError):
        model.predict(X[:1])
    for row in range(5):
        model.partial_fit(X[row : row + 1], Y[row : row + 1])
        for question in (model.predict, lambda rows: model.score(rows, Y[:2])):
            with pytest.raises(NotFittedError, match=why("StreamingPipeline has learned nothing yet")):
                question(X[5:7])
    for row in range(5, 12):
        model.partial_fit(X[row : row + 1], Y[row : row + 1])
    assert np.isfinite(model.predict(X[12:14])).all()


def test_why_nothing_is_learned():
    model = StreamingPipeline([("end", BackpropRegressor(missing="skip"))], label_delay=3)
    with pytest.raises(NotFittedError, match=why("no label of the rows so far has come, with label_delay=3")):
        model.partial_fit(X[:2], Y[:2]).predict(X[2:3])
    with pytest.raises(NotFittedError, match=why("no row so far had all its features and a label")):
        model.partial_fit(X[2:5], [np.nan] * 3).predict(X[5:6])
    assert np.isfinite(model.partial_fit(X[5:8], Y[5:8]).predict(X[8:])).all()


@every_container
@pytest.mark.parametrize(("lags", "size", "first"), [([0, 1], 1, 2), ([0, 24], 10, 30), ([0, 24], 25, 25)])
def test_evaluation_begins_when_something_is_learned(lags, size, first, container):
    for between in (None, StandardScaler()):
        net = BackpropRegressor(missing="skip", random_state=0)
        past = LagFeatures(lags, freq="h" if container == "pandas" else None)
        model = StreamingPipeline([("past", past), ("scale", between), ("net", net)])
        evaluation = evaluate_stream(model, CONTAINERS[container](X[:45]), Y[:45], chunk_size=size)
        assert list(evaluation.predictions.index) == list(range(first, 45))
        assert np.isfinite(evaluation.score)


def test_a_stream_that_never_begins():
    net = BackpropRegressor(missing="skip", random_state=0)
    with pytest.raises(NotFittedError, match="learned nothing yet"):
        evaluate_stream(net, X.assign(a=np.nan), Y, chunk_size=10)
    holes = X.assign(a=np.where(np.arange(len(X)) < 35, np.nan, X["a"]))
    assert evaluate_stream(net, holes, Y, chunk_size=10).predictions.index[0] == 40


def test_times_that_a_container_has_lost():
    """Polars output has no index: in a stream rows follow each other all the same, elsewhere it is said."""
    steps = [("lags", LagFeatures([0, 1])), ("scale", RunningScaler())]
    whole = Pipeline(steps).fit_transform(X)
    model = StreamingPipeline([*clone(Pipeline(steps)).steps, ("end", Recorder())])
    model.set_output(transform="polars")
    for rows in chunks(1):
        model.partial_fit(X.iloc[rows], Y[rows])
    assert_array_equal(model[-1].all()[0], whole)
    alone = clone(Pipeline(steps)).set_output(transform="polars").fit(X[:50])
    with pytest.warns(UserWarning, match="X has no times.*time="):
        alone.transform(X[50:])
    follows = alone.set_params(scale__history="continue")
    assert_array_equal(follows.transform(X[50:]).to_numpy(), whole[50:])
