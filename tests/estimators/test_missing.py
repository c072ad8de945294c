"""NaN in the data, and infinities, in every mode of `missing`."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, PredefinedSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
FULL = RNG.normal(size=(100, 4))
Y = FULL[:, 0] + FULL[:, 1] * FULL[:, 2]
C = np.digitize(Y, [-0.5, 0.5])
B = Y > 0
X = np.where(RNG.uniform(size=FULL.shape) < [0.1, 0, 0.15, 0], np.nan, FULL)
COMPLETE = ~np.isnan(X).any(axis=1)
WEIGHT = RNG.uniform(0.1, 2, 100)
SETTINGS = {"hidden_layer_sizes": (6,), "max_iter": 8, "batch_size": 16, "random_state": 0}
BOTH = pytest.mark.parametrize(
    "kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C), (BackpropClassifier, B)]
)
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
MODES = pytest.mark.parametrize("missing", ["error", "skip", "impute"])


def same(a, b):
    return np.array_equal(a.network_.theta, b.network_.theta)


def outputs(model, X):
    if is_regressor(model):
        return [model.predict(X)]
    return [model.predict_proba(X), model.predict_log_proba(X), model.decision_function(X)]


# ------------------------------------------------------------------ error


@BOTH
@DTYPES
def test_by_default_nan_is_an_error(kind, y, dtype):
    model = kind(**SETTINGS)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.fit(X.astype(dtype), y)
    model.fit(FULL.astype(dtype), y)
    for method in ("predict", "transform"):
        with pytest.raises(ValueError, match="Input X contains NaN"):
            getattr(model, method)(X.astype(dtype))


@BOTH
@MODES
@DTYPES
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_infinity_in_X_is_an_error_in_every_mode(kind, y, missing, dtype, container):
    infinite = FULL.astype(dtype)
    infinite[7, 2] = -np.inf
    model = kind(missing=missing, **SETTINGS)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(container(infinite), y)
    assert not hasattr(model, "network_")
    model.fit(container(FULL.astype(dtype)), y)
    for call in (model.predict, model.transform, lambda rows: model.partial_fit(rows, y)):
        with pytest.raises(ValueError, match="infinity"):
            call(container(infinite))
    with pytest.raises(ValueError, match=r"X_val.*infinity"):
        model.fit(container(FULL.astype(dtype)), y, X_val=container(infinite), y_val=y)


@MODES
@DTYPES
def test_infinity_in_y_is_an_error_in_every_mode(missing, dtype):
    model = BackpropRegressor(missing=missing, **SETTINGS)
    bad, x = np.r_[np.inf, Y[1:]], FULL.astype(dtype)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(x, bad)
    model.fit(x, Y)
    with pytest.raises(ValueError, match="infinity"):
        model.partial_fit(x, bad)
    with pytest.raises(ValueError, match=r"y_val.*infinity"):
        model.fit(x, Y, X_val=x, y_val=bad)


@pytest.mark.parametrize("missing", ["error", "impute"])
def test_a_target_is_never_imputed(missing):
    with pytest.raises(ValueError, match="y contains NaN"):
        BackpropRegressor(missing=missing, **SETTINGS).fit(FULL, np.r_[np.nan, Y[1:]])


@pytest.mark.parametrize("kind", [BackpropRegressor, BackpropClassifier])
def test_the_tag_tells_whether_nan_is_taken(kind):
    allowed = {missing: get_tags(kind(missing=missing)).input_tags.allow_nan for missing in ("error", "skip")}
    assert allowed == {"error": False, "skip": True}
    assert get_tags(kind(missing="impute")).input_tags.allow_nan


@MODES
@BOTH
def test_without_nan_every_mode_gives_the_same_model(kind, y, missing):
    model = kind(missing=missing, **SETTINGS).fit(FULL, y)
    assert same(model, kind(**SETTINGS).fit(FULL, y))
    assert model.n_rows_skipped_ == 0


# ------------------------------------------------------------------ skip


@BOTH
@DTYPES
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_skipping_is_fitting_the_complete_rows(kind, y, dtype, solver, weight):
    x = X.astype(dtype)
    model = kind(missing="skip", solver=solver, **SETTINGS).fit(x, y, weight)
    part = None if weight is None else weight[COMPLETE]
    expected = kind(solver=solver, **SETTINGS).fit(x[COMPLETE], y[COMPLETE], part)
    assert same(model, expected)
    assert model.n_rows_skipped_ == (~COMPLETE).sum()
    assert model.network_.theta.dtype == dtype
    for ours, theirs in zip(outputs(model, x[COMPLETE]), outputs(expected, x[COMPLETE])):
        assert_array_equal(ours, theirs)


def test_nan_in_the_target_is_skipped_by_the_regressor():
    several = np.column_stack([Y, Y**2])
    several[5:9, 1] = np.nan
    several[3, 0] = np.nan
    for y in (np.where(np.arange(100) % 10 == 0, np.nan, Y), several):
        complete = COMPLETE & ~np.isnan(y.reshape(100, -1)).any(axis=1)
        model = BackpropRegressor(missing="skip", target_scaling="standard", **SETTINGS).fit(X, y)
        expected = clone(model).fit(X[complete], y[complete])
        assert same(model, expected)
        assert model.n_rows_skipped_ == 100 - complete.sum()
        assert_array_equal(model.predict(FULL), expected.predict(FULL))


@BOTH
@DTYPES
def test_rows_with_nan_are_predicted_as_if_they_held_the_mean_learned(kind, y, dtype):
    x = X.astype(dtype)
    model = kind(missing="skip", **SETTINGS).fit(x, y)
    filled = np.where(np.isnan(x), x[COMPLETE].mean(axis=0, dtype=float), x).astype(dtype)
    for ours, theirs in zip(outputs(model, x), outputs(model, filled)):
        assert np.isfinite(ours).all()
        assert_allclose(ours, theirs, rtol=1e-12 if dtype == np.float64 else 1e-5)
        assert ours.dtype == dtype


@BOTH
@DTYPES
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_predictions_of_rows_with_nan_are_nan_on_request(kind, y, dtype, container):
    x = container(X.astype(dtype))
    model = kind(missing="skip", predict_missing="nan", **SETTINGS).fit(x, y)
    filling = clone(model).set_params(predict_missing="fill").fit(x, y)
    for ours, filled in zip(outputs(model, x), outputs(filling, x)):
        assert_array_equal(np.isnan(ours.reshape(100, -1)).all(axis=1), ~COMPLETE)
        assert_array_equal(ours[COMPLETE], filled[COMPLETE])
        assert np.isfinite(filled).all()
    if kind is BackpropClassifier:
        assert_array_equal(model.predict(x), filling.predict(x))
    assert np.isnan(model.transform(x)[~COMPLETE]).all()


def test_quantiles_and_intervals_of_rows_with_nan_are_nan_on_request():
    settings = {**SETTINGS, "missing": "skip", "predict_missing": "nan", "loss": "quantile"}
    model = BackpropRegressor(quantile=[0.1, 0.9], clamp=True, **settings).fit(X, Y)
    assert_array_equal(np.isnan(model.predict_interval(X, 0.8)).all(axis=1), ~COMPLETE)
    assert_array_equal(np.isfinite(model.predict(X)).all(axis=1), COMPLETE)


@BOTH
def test_a_stream_counts_the_rows_skipped(kind, y):
    model, expected = kind(missing="skip", **SETTINGS), kind(**SETTINGS)
    n_skipped = 0
    for start in range(0, 100, 25):
        part = slice(start, start + 25)
        classes = {} if kind is BackpropRegressor or start else {"classes": np.unique(y)}
        model.partial_fit(X[part], y[part], **classes)
        keep = COMPLETE[part]
        expected.partial_fit(X[part][keep], y[part][keep], **classes)
        n_skipped += 25 - keep.sum()
        assert model.n_rows_skipped_ == n_skipped
    assert same(model, expected)
    mean = np.where(np.isnan(X), X[COMPLETE].mean(axis=0), X)  # of all that was learned so far
    assert_allclose(outputs(model, X)[0], outputs(expected, mean)[0], rtol=1e-10)
    assert model.fit(X[:50], y[:50]).n_rows_skipped_ == 50 - COMPLETE[:50].sum()


@pytest.mark.parametrize(
    "kind, y, settings",
    [
        (BackpropRegressor, Y, {}),
        (BackpropRegressor, Y, {"clamp": True, "target_scaling": "standard"}),
        (BackpropRegressor, np.exp(Y), {"loss": "gamma"}),
        (BackpropRegressor, Y, {"output_range": (-100, 100)}),
        (BackpropRegressor, np.column_stack([Y, Y]), {"clamp": True}),
        (BackpropClassifier, C, {"class_weight": {1: 2.0}}),
        (BackpropClassifier, B, {}),
        (BackpropClassifier, np.column_stack([B, C == 1]), {}),
    ],
)
def test_a_batch_without_complete_rows_changes_nothing_in_a_stream(kind, y, settings):
    model = kind(missing="skip", **settings, **SETTINGS).fit(X, y)
    theta, n_skipped = model.network_.theta.copy(), model.n_rows_skipped_
    model.partial_fit(X[~COMPLETE][:5], y[~COMPLETE][:5])
    assert_array_equal(model.network_.theta, theta)
    assert model.n_rows_skipped_ == n_skipped + 5
    assert np.isfinite(outputs(model, X)[0]).all()


@BOTH
def test_nothing_left_to_learn_is_an_error(kind, y):
    model = kind(missing="skip", **SETTINGS)
    with pytest.raises(ValueError, match="nothing is left"):
        model.fit(X[~COMPLETE], y[~COMPLETE])
    assert not hasattr(model, "network_")


def test_groups_are_cut_with_the_rows():
    groups = RNG.integers(0, 10, 100)
    settings = {**SETTINGS, "validation": GroupKFold(3), "early_stopping": True}
    model = BackpropRegressor(missing="skip", **settings).fit(X, Y, WEIGHT, groups=groups)
    expected = BackpropRegressor(**settings)
    expected.fit(X[COMPLETE], Y[COMPLETE], WEIGHT[COMPLETE], groups=groups[COMPLETE])
    assert same(model, expected)
    assert model.validation_scores_ == expected.validation_scores_


def test_class_weights_are_those_of_the_rows_learned():
    model = BackpropClassifier(missing="skip", class_weight="balanced", **SETTINGS).fit(X, C)
    assert same(model, clone(model).fit(X[COMPLETE], C[COMPLETE]))


def test_sparse_rows_with_nan_are_those_of_the_dense_array():
    holes = np.where((np.abs(FULL) < 0.4) & COMPLETE[:, None], 0, X)  # zeros that are not stored
    for missing in ("skip", "impute"):
        for kind, y in ((BackpropRegressor, Y), (BackpropClassifier, C)):
            dense = kind(missing=missing, **SETTINGS).fit(holes, y)
            for container in (sparse.csr_array, sparse.csc_matrix):
                model = kind(missing=missing, **SETTINGS).fit(container(holes), y)
                assert_allclose(model.network_.theta, dense.network_.theta, rtol=1e-9, atol=1e-12)
                assert model.n_rows_skipped_ == dense.n_rows_skipped_
                for ours, theirs in zip(outputs(model, container(holes)), outputs(dense, holes)):
                    assert_allclose(ours, theirs, rtol=1e-7, atol=1e-10)


# ------------------------------------------------------------------ impute


@BOTH
@DTYPES
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_imputing_is_a_pipeline_with_an_imputer(kind, y, dtype, solver):
    x = X.astype(dtype)
    settings = {**SETTINGS, "solver": solver}
    rtol = 1e-6 if dtype == np.float64 else 2e-2
    model = kind(missing="impute", **settings).fit(x, y)
    pipeline = make_pipeline(SimpleImputer(add_indicator=True), kind(**settings)).fit(x, y)
    assert_allclose(model.network_.theta, pipeline[-1].network_.theta, rtol=rtol, atol=rtol / 10)
    assert model.coefs_[0].shape == (4 + 2, 6)
    assert model.network_.theta.dtype == dtype
    other = np.where(RNG.uniform(size=x.shape) < [0.3, 0, 0.1, 0], np.nan, x).astype(dtype)
    for ours, theirs in zip(outputs(model, other), outputs(pipeline, other)):
        assert_allclose(ours, theirs, rtol=rtol, atol=rtol)
    assert model.n_features_in_ == 4
    assert model.n_rows_skipped_ == 0


@BOTH
def test_a_stream_keeps_the_first_means(kind, y):
    model = kind(missing="impute", **SETTINGS).partial_fit(
        X[:50], y[:50], **({} if kind is BackpropRegressor else {"classes": np.unique(y)})
    )
    imputer = SimpleImputer(add_indicator=True).fit(X[:50])
    expected = kind(**SETTINGS).partial_fit(
        imputer.transform(X[:50]),
        y[:50],
        **({} if kind is BackpropRegressor else {"classes": np.unique(y)}),
    )
    model.partial_fit(X[50:] + 3, y[50:])
    expected.partial_fit(imputer.transform(X[50:] + 3), y[50:])
    assert_allclose(model.network_.theta, expected.network_.theta, rtol=1e-9, atol=1e-12)


def test_nan_in_a_column_that_was_complete_gets_the_mean_too():
    model = BackpropRegressor(missing="impute", **SETTINGS).fit(X, Y)
    row = np.array([[0.1, np.nan, 0.2, 0.3]])
    filled = np.array([[0.1, X[:, 1].mean(), 0.2, 0.3]])
    assert_array_equal(model.predict(row), model.predict(filled))


def test_a_column_without_any_value_is_kept_as_zeros():
    empty = X.copy()
    empty[:, 3] = np.nan
    model = BackpropRegressor(missing="impute", **SETTINGS).fit(empty, Y)
    assert model.coefs_[0].shape == (4 + 3, 6)
    assert np.isfinite(model.predict(empty)).all()


@BOTH
@pytest.mark.parametrize("missing", ["skip", "impute"])
def test_the_validation_part_is_treated_like_other_rows(kind, y, missing):
    part = {"X_val": X[70:], "y_val": y[70:], "sample_weight_val": WEIGHT[70:]}
    model = kind(missing=missing, early_stopping=True, **SETTINGS).fit(X[:70], y[:70], **part)
    train, val = COMPLETE[:70], COMPLETE[70:]
    if missing == "skip":
        arrays = X[:70][train], y[:70][train], X[70:][val], y[70:][val], WEIGHT[70:][val]
    else:
        imputer = SimpleImputer(add_indicator=True).fit(X[:70])
        arrays = imputer.transform(X[:70]), y[:70], imputer.transform(X[70:]), y[70:], WEIGHT[70:]
    x, target, x_val, y_val, weight = arrays
    expected = kind(early_stopping=True, **SETTINGS)
    expected.fit(x, target, X_val=x_val, y_val=y_val, sample_weight_val=weight)
    assert_allclose(model.network_.theta, expected.network_.theta, rtol=1e-9, atol=1e-12)
    assert_allclose(model.validation_loss_curve_, expected.validation_loss_curve_, rtol=1e-12)
    assert_allclose(model.validation_scores_, expected.validation_scores_, rtol=1e-12)


@BOTH
def test_a_validation_part_without_complete_rows_is_an_error(kind, y):
    model = kind(missing="skip", **SETTINGS).fit(X, y)
    prediction = model.predict(X)
    with pytest.raises(ValueError, match="X_val or y_val holds NaN in every row"):
        model.fit(X, y, X_val=X[~COMPLETE], y_val=y[~COMPLETE])
    assert_array_equal(model.predict(X), prediction)


# ------------------------------------------------------------------ containers


NULLABLE = {
    "pandas nullable": lambda: pd.DataFrame(X, columns=list("abcd")).convert_dtypes(),
    "pandas Float32": lambda: pd.DataFrame(X, columns=list("abcd")).astype("Float32"),
    "pandas object": lambda: pd.DataFrame(X, columns=list("abcd")).astype(object).replace({np.nan: None}),
    "polars": lambda: pl.DataFrame(X, schema=list("abcd")).fill_nan(None),
}


@pytest.mark.parametrize("container", NULLABLE)
@pytest.mark.parametrize("missing", ["skip", "impute"])
@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C)])
def test_nulls_of_data_frames_are_nan(kind, y, missing, container):
    frame = NULLABLE[container]()
    model = kind(missing=missing, **SETTINGS).fit(frame, y)
    expected = kind(missing=missing, **SETTINGS).fit(X, y)
    assert_allclose(model.network_.theta, expected.network_.theta, rtol=1e-4, atol=1e-6)
    assert_allclose(outputs(model, frame)[0], outputs(expected, X)[0], rtol=1e-4, atol=1e-6)
    assert list(model.feature_names_in_) == list("abcd")
    assert model.n_rows_skipped_ == expected.n_rows_skipped_


@pytest.mark.parametrize(
    "container",
    [
        lambda y: pd.Series(y).convert_dtypes(),
        lambda y: pl.Series(y).fill_nan(None),
        lambda y: y.tolist(),
        lambda y: pd.Series(y).astype(object).where(~np.isnan(y), None),
    ],
    ids=["pandas nullable", "polars", "list", "pandas object"],
)
def test_nulls_of_targets_are_nan(container):
    y = np.where(np.arange(100) % 10 == 0, np.nan, Y)
    model = BackpropRegressor(missing="skip", **SETTINGS).fit(X, container(y))
    assert same(model, BackpropRegressor(missing="skip", **SETTINGS).fit(X, y))


def test_integers_with_nulls():
    frame = pd.DataFrame({"a": pd.array([1, 2, None, 4] * 10, dtype="Int64"), "b": range(40)})
    y = np.arange(40.0)
    model = BackpropRegressor(missing="skip", **SETTINGS).fit(frame, y)
    assert model.n_rows_skipped_ == 10
    assert np.isfinite(model.predict(frame)).all()


@pytest.mark.parametrize("missing", ["skip", "impute"])
def test_cross_validation_of_data_with_nan(missing):
    settings = {"solver": "lbfgs", "max_iter": 100, "random_state": 0, "alpha": 0.1}
    scores = cross_val_score(BackpropRegressor(missing=missing, **settings), X, FULL[:, 1], cv=4)
    assert scores.min() > 0.9


@pytest.mark.parametrize("missing", ["skip", "impute"])
def test_warm_start_with_nan_goes_on(missing):
    settings = {**SETTINGS, "missing": missing, "validation": GroupShuffleSplit(1, random_state=0)}
    groups = np.arange(100) % 10
    twice = BackpropRegressor(warm_start=True, **settings).fit(X, Y, groups=groups).fit(X, Y, groups=groups)
    once = BackpropRegressor(**{**settings, "max_iter": 16}).fit(X, Y, groups=groups)
    assert same(twice, once)


@BOTH
@pytest.mark.parametrize("missing", ["skip", "impute"])
@pytest.mark.parametrize("batch", [np.asarray, sparse.csr_matrix], ids=["dense", "sparse"])
def test_whole_weights_are_repetition_with_missing_values_too(kind, y, missing, batch):
    weight = RNG.integers(0, 4, len(y))
    settings = {**SETTINGS, "batch_size": "auto", "missing": missing, "max_iter": 10, "alpha": 1e-3}
    if len(X) * 4 > 200:
        x, target, weight = X[:60], y[:60], weight[:60]
    weighted = kind(**settings).fit(batch(x), target, sample_weight=weight)
    repeated = kind(**settings).fit(batch(x.repeat(weight, 0)), target.repeat(weight))
    assert_allclose(weighted.network_.theta, repeated.network_.theta, rtol=1e-6, atol=1e-9)
    for ours, theirs in zip(outputs(weighted, X), outputs(repeated, X)):
        assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("missing", ["skip", "impute"])
def test_rows_held_out_do_not_enter_the_means(missing):
    x = X.copy()
    x[80:] += 1e6
    part = PredefinedSplit(np.where(np.arange(100) < 80, -1, 0))
    if missing == "skip":
        part = PredefinedSplit(np.where(np.flatnonzero(COMPLETE) < 80, -1, 0))
    model = BackpropRegressor(missing=missing, validation=part, **SETTINGS).fit(x, Y)
    row = np.array([[np.nan, 0.1, 0.2, 0.3]])
    means = np.nanmean(x[:80][COMPLETE[:80]] if missing == "skip" else x[:80], axis=0)
    assert_allclose(model.model_.columns.means, means)
    assert np.abs(model.predict(row)).max() < 100


# ------------------------------------------------------------------ a stream that begins without a row


@BOTH
@pytest.mark.parametrize("grow", [False, True])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_a_stream_begins_with_the_first_complete_row(kind, y, grow, weight):
    rows = ~COMPLETE
    given = {} if weight is None else {"sample_weight": weight[rows]}
    first = {} if kind is BackpropRegressor else {"classes": np.unique(y)}
    net = kind(missing="skip", grow=grow, **SETTINGS)
    for _ in range(2):
        net.partial_fit(X[rows], y[rows], **given, **first)
        first = {}
        for method, *arguments in ((net.predict, X), (net.transform, X), (net.score, X, y)):
            with pytest.raises(NotFittedError, match="has learned nothing yet"):
                method(*arguments)
        with pytest.raises(NotFittedError):
            check_is_fitted(net)
        net = pickle.loads(pickle.dumps(net))
    net.partial_fit(X[COMPLETE], y[COMPLETE])
    first = {} if kind is BackpropRegressor else {"classes": np.unique(y)}
    at_once = kind(missing="skip", grow=grow, **SETTINGS).partial_fit(X[COMPLETE], y[COMPLETE], **first)
    assert same(net, at_once)
    assert net.n_rows_skipped_ == 2 * rows.sum()


@BOTH
def test_a_fit_without_a_row_is_an_error_after_such_a_stream_too(kind, y):
    first = {} if kind is BackpropRegressor else {"classes": np.unique(y)}
    net = kind(missing="skip", **SETTINGS).partial_fit(X[~COMPLETE], y[~COMPLETE], **first)
    with pytest.raises(ValueError, match="nothing is left"):
        net.fit(X[~COMPLETE], y[~COMPLETE])
    net.fit(X, y)
    assert same(net, kind(missing="skip", **SETTINGS).fit(X, y))
    assert net.n_rows_skipped_ == (~COMPLETE).sum()


def test_classes_of_a_stream_that_has_not_begun_are_still_needed():
    net = BackpropClassifier(missing="skip", **SETTINGS)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        net.partial_fit(X[~COMPLETE], C[~COMPLETE])
