"""y as people have it: exact, and what is wrong with it is said of it."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.layers import Blocks, Concatenate, Dropout, Embedding, Frozen, Passthrough
from skbackprop.preprocessing import CategoryEncoder, SquashingScaler, TabularEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few epochs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0]
C = (Y > 0).astype(int)
SETTINGS = {"hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0}
SMALL = {"hidden_layer_sizes": [4], "max_iter": 2, "n_estimators": 1, "random_state": 0}
REGRESSORS = [BackpropRegressor(**SETTINGS), TabularBackpropRegressor(**SMALL)]
CLASSIFIERS = [BackpropClassifier(**SETTINGS), TabularBackpropClassifier(**SMALL)]


@pytest.mark.parametrize("net", CLASSIFIERS, ids=lambda net: type(net).__name__)
@pytest.mark.parametrize("labels", [C, C.astype(bool), np.array([-(2**60), 2**60 + 1])[C]])
def test_numbers_as_objects_are_the_labels_that_they_are(net, labels):
    fitted = net.fit(X, labels.astype(object))
    assert_array_equal(fitted.classes_, np.unique(labels))
    assert fitted.classes_.dtype == labels.dtype
    assert_array_equal(fitted.predict(X), net.fit(X, labels).predict(X))


def test_objects_of_several_types_stay_refused():
    for labels in ([1, "a"], [1.5, 2], [True, 2]):
        with pytest.raises((ValueError, TypeError)):
            CLASSIFIERS[0].fit(X, np.array(labels, dtype=object)[C])


# ------------------------------------------------------------------ large whole numbers

LARGE = 2**60 + np.array([1, 3])[C]
HUGE = np.uint64(2**63) + np.array([1, 3], dtype=np.uint64)[C]


@pytest.mark.parametrize("net", CLASSIFIERS, ids=lambda net: type(net).__name__)
@pytest.mark.parametrize("dtype", ["int64", "Int64", "UInt64", "int64[pyarrow]"])
def test_large_labels_stay_apart(net, dtype):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    y = pd.Series(LARGE).astype(dtype)
    fitted = net.fit(X, y)
    assert set(map(int, fitted.classes_)) == set(LARGE.tolist())
    other = pd.Series(2 * 2**60 + 4 - LARGE).astype(dtype)  # each label for the other one
    assert fitted.score(X, y) == pytest.approx(1 - fitted.score(X, other))


@pytest.mark.parametrize("net", CLASSIFIERS, ids=lambda net: type(net).__name__)
def test_large_labels_of_other_libraries(net):
    polars = pytest.importorskip("polars")
    for y in (polars.Series(LARGE), LARGE.tolist(), HUGE, pd.Series(HUGE).astype("UInt64")):
        assert set(map(int, net.fit(X, y).classes_)) == set(map(int, y))


def test_large_labels_in_several_columns():
    y = pd.DataFrame({"a": LARGE, "b": LARGE + C}).astype("Int64")
    net = CLASSIFIERS[0].fit(X, y)
    assert [set(classes.tolist()) for classes in net.classes_] == [set(y["a"]), set(y["b"])]


@pytest.mark.parametrize("kind", [BackpropClassifier, TabularBackpropClassifier])
def test_large_labels_in_a_stream(kind):
    classes = pd.Series(np.unique(LARGE)).astype("Int64")
    net = kind(**(SETTINGS if kind is BackpropClassifier else SMALL))
    net.partial_fit(X, pd.Series(LARGE).astype("Int64"), classes=classes)
    net.partial_fit(X, LARGE.astype(np.uint64), classes=LARGE)
    assert_array_equal(net.classes_, np.unique(LARGE))
    with pytest.raises(ValueError, match="labels that int64, the type of the classes, cannot hold"):
        net.partial_fit(X, HUGE)


# ------------------------------------------------------------------ missing targets


def without_first(y, dtype):
    y = pd.Series(y).astype(dtype)
    y[0] = None
    return y


NUMBERS = {
    "objects": np.array([None, *Y[1:]], dtype=object),
    "two columns": np.column_stack([np.array([None, *Y[1:]], dtype=object)] * 2),
    "list": [None, *Y[1:].tolist()],
    "NaN": np.array([np.nan, *Y[1:]]),
    "Float64": without_first(Y, "Float64"),
    "Int64": without_first(C, "Int64"),
    "frame": pd.DataFrame({"y": without_first(Y, "Float64")}),
    "masked": np.ma.masked_array(Y, mask=np.arange(60) == 0),
    "masked, whole": np.ma.masked_array(C, mask=np.arange(60) == 0),
}
TEXT = np.where(C, "a", "b").astype(object)
LABELS = {
    "objects": np.array([None, *TEXT[1:]], dtype=object),
    "objects, NaN": np.array([np.nan, *TEXT[1:]], dtype=object),
    "list": [None, *TEXT[1:].tolist()],
    "list, NaN": [np.nan, *TEXT[1:].tolist()],
    "string": without_first(TEXT, "string"),
    "category": without_first(TEXT, "category"),
    "boolean": without_first(C == 1, "boolean"),
    "Int64": without_first(C, "Int64"),
    "NaN": np.array([np.nan, *C[1:]]),
    "masked": np.ma.masked_array(C, mask=np.arange(60) == 0),
    "masked text": np.ma.masked_array(TEXT.astype(str), mask=np.arange(60) == 0),
}


@pytest.mark.parametrize("y", NUMBERS)
@pytest.mark.parametrize("net", REGRESSORS, ids=lambda net: type(net).__name__)
def test_a_missing_number_is_told(net, y):
    with pytest.raises(ValueError, match="y contains NaN: the target is missing in 1 of 60 rows"):
        net.fit(X, NUMBERS[y])


@pytest.mark.parametrize("y", LABELS)
@pytest.mark.parametrize("net", CLASSIFIERS, ids=lambda net: type(net).__name__)
def test_a_missing_label_is_told(net, y):
    with pytest.raises(ValueError, match="y contains NaN: the label is missing in 1 of 60 rows"):
        net.fit(X, LABELS[y])
    fitted = net.fit(X, C)
    with pytest.raises(ValueError, match="y contains NaN"):
        fitted.score(X, LABELS[y])


@pytest.mark.parametrize("y", [y for y in NUMBERS if y != "frame"])
def test_skip_takes_every_kind_of_missing_number(y):
    net = BackpropRegressor(missing="skip", **SETTINGS).fit(X, NUMBERS[y])
    assert net.n_rows_skipped_ == 1


# ------------------------------------------------------------------ masked arrays


def test_masked_values_of_X_are_missing():
    mask = np.arange(180).reshape(60, 3) % 7 == 0
    masked, holes = np.ma.masked_array(X, mask=mask), np.where(mask, np.nan, X)
    a, b = (BackpropRegressor(missing="impute", **SETTINGS).fit(x, Y) for x in (masked, holes))
    assert_array_equal(a.predict(masked), b.predict(holes))
    a, b = (TabularBackpropRegressor(**SMALL).fit(x, Y) for x in (masked, holes))
    assert_array_equal(a.predict(masked), b.predict(holes))
    for transformer in (TabularEncoder(), SquashingScaler(), CategoryEncoder()):
        assert_array_equal(*(transformer.fit_transform(x) for x in (masked, holes)))
    with pytest.raises(ValueError, match="X contains NaN"):
        BackpropRegressor(**SETTINGS).fit(masked, Y)
    with pytest.raises(ValueError, match="X contains NaN"):
        BackpropRegressor(**SETTINGS).fit(X, Y).predict(masked)


def test_a_mask_that_hides_nothing_is_nothing():
    plain, masked = (BackpropRegressor(**SETTINGS).fit(x, Y) for x in (X, np.ma.masked_array(X)))
    assert_array_equal(plain.predict(X), masked.predict(X))


# ------------------------------------------------------------------ sparse targets, large targets


@pytest.mark.parametrize("net", [*REGRESSORS, *CLASSIFIERS], ids=lambda net: type(net).__name__)
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array])
def test_a_sparse_target_is_named(net, container):
    with pytest.raises((TypeError, ValueError), match=r"y.* sparse.*toarray\(\)"):
        net.fit(X, container(C[:, None].astype(float)))


def test_sparse_indicators_of_several_labels_are_learned():
    y = np.column_stack([C, 1 - C])
    a, b = (BackpropClassifier(**SETTINGS).fit(X, of) for of in (y, sparse.csr_array(y)))
    assert_array_equal(a.predict_proba(X), b.predict_proba(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("factor", [1e39, 1e-60])
def test_targets_beyond_float32(factor, dtype):
    x, y = X.astype(dtype), 10 + Y
    for net in (BackpropRegressor(target_scaling="standard", **SETTINGS), TabularBackpropRegressor(**SMALL)):
        expected = net.fit(x, y).predict(x)
        assert_allclose(net.fit(x, factor * y).predict(x).astype(float) / factor, expected, rtol=1e-4)


def test_targets_that_no_scale_helps():
    with pytest.raises(ValueError, match=r"y has values that are too large for float32.*X as float64"):
        BackpropRegressor(**SETTINGS).fit(X.astype(np.float32), 1e39 * Y)
    for net in (BackpropRegressor(target_scaling="standard", **SETTINGS), TabularBackpropRegressor(**SMALL)):
        with pytest.raises(ValueError, match="y is too small to be standardised"):
            net.fit(X, 1e-200 * Y)


# ------------------------------------------------------------------ codes of an Embedding

CODES = np.column_stack([X[:, :2], RNG.integers(0, 4, 60)])


def blocks(n_more=0):
    return [Blocks([Passthrough(), Embedding(4, 2), *[Passthrough()] * n_more], [2, 1, *[1] * n_more]), 4]


@pytest.mark.parametrize("kind", [BackpropRegressor, BackpropClassifier])
def test_an_embedding_reads_whole_numbers(kind):
    settings = {**SETTINGS, "hidden_layer_sizes": blocks()}
    net = kind(**settings).fit(CODES, C)
    message = r"Column 2 of X is read by an Embedding and holds .*CategoryEncoder"
    for call in (net.predict, net.transform, lambda x: kind(**settings).fit(x, C)):
        with pytest.raises(ValueError, match=message):
            call(CODES + 0.5)
    with pytest.raises(ValueError, match=message):
        kind(**settings).fit(CODES[:, ::-1], C)
    assert_array_equal(net.predict(CODES - [0, 0, 9]), net.predict(CODES * [1, 1, 0]))  # the nearest code


@pytest.mark.parametrize(
    "layers",
    [
        [4, Embedding(4, 2)],
        [Dropout(0.1), Concatenate([Embedding(4, 2), Passthrough()])],
        [Blocks([Passthrough(), Embedding(4, 2)], [2, 1]), Frozen(Embedding(4, 2))],
    ],
    ids=str,
)
def test_an_embedding_behind_a_layer_is_refused(layers):
    with pytest.raises(ValueError, match=r"Embedding\(.*reads what another layer gives"):
        BackpropRegressor(**{**SETTINGS, "hidden_layer_sizes": layers}).fit(CODES, Y)


def test_an_embedding_behind_what_changes_nothing():
    layers = [Passthrough(), Concatenate([Blocks([Passthrough(), Embedding(4, 2)], [2, 1]), Passthrough()])]
    settings = {**SETTINGS, "hidden_layer_sizes": layers}
    assert BackpropRegressor(**settings).fit(CODES, Y).predict(CODES).shape == (60,)


def test_a_mean_is_no_code():
    holes = CODES.copy()
    holes[3, 2] = np.nan
    settings = {**SETTINGS, "hidden_layer_sizes": blocks(1)}
    with pytest.raises(ValueError, match="missing='impute' puts means in place"):
        BackpropRegressor(missing="impute", **settings).fit(holes, Y)
    settings = {**SETTINGS, "hidden_layer_sizes": blocks(), "missing": "skip"}
    net = BackpropRegressor(**settings).fit(holes, Y)
    with pytest.raises(ValueError, match="missing='skip' puts means in place"):
        net.predict(holes)
    assert np.isnan(net.set_params(predict_missing="nan").predict(holes)).sum() == 1
