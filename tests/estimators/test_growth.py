"""Columns and classes that come later: what was learned stays, to the last bit where nothing new is used."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skbackprop import BackpropClassifier, BackpropRegressor, load
from skbackprop.layers import PBLD, Dense, Dropout, Frozen, LayerNorm, NTKDense, Parametric, Scale
from skbackprop.losses import MultinomialLogLoss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 5))
Y = X[:, 0] + X[:, 1] * X[:, 4]
C = np.array(["a", "b", "c", "d"])[np.digitize(X[:, 0], [-0.8, 0, 0.8])]
# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.* has no effect",
)

SETTINGS = {
    "hidden_layer_sizes": (6,),
    "learning_rate_init": 0.02,
    "random_state": 0,
    "grow": True,
    "momentum": 0.0,  # a velocity goes on moving the weights
}
SOLVERS = pytest.mark.parametrize("solver", ["adam", "sgd", "adamw", "nadam", "rmsprop", "lion", "muon"])


def learned(kind, x, y, n_calls=5, **settings):
    net = kind(**{**SETTINGS, **settings})
    known = {"classes": np.unique(y)} if kind is BackpropClassifier and y.ndim == 1 else {}
    for _ in range(n_calls):
        net.partial_fit(x, y, **known)
        known = {}
    return net


def log_odds(net, x, columns):
    p = net.predict_log_proba(x)[:, columns]
    return p - p[:, :1]


def grown_only(net, x, y, **arguments):
    """The network has grown, and learned next to nothing."""
    settings = {"learning_rate_init": 1e-300, "alpha": 0.0}
    return net.set_params(**settings).partial_fit(x, y, **arguments)


# ------------------------------------------------------------------ classes


@pytest.mark.parametrize("first", [["a", "b"], ["b", "d"], ["b", "c", "d"], ["a", "c"]])
@SOLVERS
def test_odds_of_the_classes_that_were_known_stay(first, solver):
    rows = np.isin(C, first)
    net = learned(BackpropClassifier, X[rows], C[rows], solver=solver)
    before = log_odds(net, X, range(len(first)))
    assert np.abs(before).max() > 0.1
    grown_only(net, X, C)
    assert net.classes_.tolist() == ["a", "b", "c", "d"]
    assert net.n_outputs_ == 4
    assert net.out_activation_ == "softmax"
    places = np.searchsorted(net.classes_, first)
    assert_allclose(log_odds(net, X, places), before, rtol=1e-9, atol=1e-12)
    assert_allclose(net.predict_proba(X).sum(axis=1), 1)


def test_new_classes_are_learned():
    net = learned(BackpropClassifier, X[C <= "b"], C[C <= "b"])
    for _ in range(150):
        net.partial_fit(X, C)
    assert net.score(X, C) > 0.9


def test_one_class_first_and_no_classes_given():
    net = BackpropClassifier(**SETTINGS).partial_fit(X[C == "c"], C[C == "c"])
    assert net.classes_.tolist() == ["c"]
    for _ in range(150):
        net.partial_fit(X, C)
    assert net.score(X, C) > 0.9


def test_classes_announced_later():
    net = learned(BackpropClassifier, X[C <= "b"], C[C <= "b"])
    net.partial_fit(X[C <= "b"], C[C <= "b"], classes=["a", "zebra"])
    assert net.classes_.tolist() == ["a", "b", "zebra"]


def test_without_grow_new_classes_are_an_error_that_names_them():
    net = learned(BackpropClassifier, X[C <= "b"], C[C <= "b"], grow=False)
    with pytest.raises(ValueError, match=r"`y` also has \['c' 'd'\]"):
        net.partial_fit(X, C)
    assert net.classes_.tolist() == ["a", "b"]


def test_labels_of_another_type_are_refused():
    net = learned(BackpropClassifier, X, C)
    with pytest.raises(ValueError, match="another type"):
        net.partial_fit(X, Y > 0)
    assert net.classes_.tolist() == ["a", "b", "c", "d"]


def test_labels_and_outputs_grow_too():
    labels = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 0]).astype(int)
    net = learned(BackpropClassifier, X, labels[:, :2])
    before = net.predict_proba(X)
    grown_only(net, X, labels)
    assert_allclose(net.predict_proba(X)[:, :2], before, rtol=1e-12)
    assert_allclose(net.predict_proba(X)[:, 2], 0.5)
    outputs = np.column_stack([C, np.where(X[:, 1] > 0, "yes", "no")])
    first = C <= "b"
    net = learned(BackpropClassifier, X[first], outputs[first])
    before = [np.log(p) for p in net.predict_proba(X)]
    grown_only(net, X, outputs)
    assert [len(classes) for classes in net.classes_] == [4, 2]
    after = net.predict_log_proba(X)
    assert_allclose(after[0][:, 1] - after[0][:, 0], before[0][:, 1] - before[0][:, 0], rtol=1e-7, atol=1e-12)
    assert_allclose(after[1], before[1], rtol=1e-7)


def test_a_loss_with_a_column_for_each_of_two_classes():
    first = C <= "b"
    net = learned(BackpropClassifier, X[first], C[first], loss=MultinomialLogLoss())
    before = log_odds(net, X, [0, 1])
    assert_allclose(log_odds(grown_only(net, X, C), X, [0, 1]), before, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------ columns


@SOLVERS
@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C)])
def test_outputs_stay_when_columns_come(kind, y, solver):
    net = learned(kind, X[:, :3], y, solver=solver)
    predict = net.predict if kind is BackpropRegressor else net.decision_function
    before = predict(X[:, :3])
    grown_only(net, X, y)
    assert net.n_features_in_ == 5
    assert net.coefs_[0].shape == (5, 6)
    after = net.predict(X) if kind is BackpropRegressor else net.decision_function(X)
    assert_allclose(after, before, rtol=1e-9, atol=1e-12)


@SOLVERS
def test_the_state_of_the_solver_is_kept(solver):
    """New columns that are always 0 change nothing at all."""
    average = "ema" if solver == "adam" else None
    net = learned(BackpropRegressor, X[:, :3], Y, solver=solver, average=average, momentum=0.9, alpha=0.0)
    plain = pickle.loads(pickle.dumps(net))
    wide = np.hstack([X[:, :3], np.zeros((120, 2))])
    for _ in range(4):
        net.partial_fit(wide, Y)
        plain.partial_fit(X[:, :3], Y)
    if solver != "muon":  # which orthogonalises whole matrices
        assert_allclose(net.coefs_[0][:3], plain.coefs_[0], rtol=1e-9, atol=1e-12)
        assert_allclose(net.predict(wide), plain.predict(X[:, :3]), rtol=1e-9, atol=1e-12)
    assert np.isfinite(net.predict(wide)).all()


@pytest.mark.parametrize("frame", [pd.DataFrame, lambda X, columns: pl.DataFrame(X, schema=columns)])
def test_columns_are_matched_by_name(frame):
    first = frame(X[:, [0, 1]], columns=["u", "v"])
    net = learned(BackpropRegressor, first, Y)
    swapped = frame(X[:, [1, 0]], columns=["v", "u"])
    assert_array_equal(net.predict(swapped), net.predict(first))
    before = net.predict(first)
    later = frame(X[:, [4, 1, 0]], columns=["new", "v", "u"])
    assert_array_equal(net.predict(later), before)  # not learned yet: left out
    grown_only(net, later, Y)
    assert net.feature_names_in_.tolist() == ["u", "v", "new"]
    assert_allclose(net.predict(later), before, rtol=1e-9)
    for _ in range(200):
        net.set_params(learning_rate_init=0.02).partial_fit(later, Y)
    assert net.score(later, Y) > 0.8
    with pytest.raises(ValueError, match=r"lacks the columns \['new'\]"):
        net.predict(first)
    with pytest.raises(ValueError, match="no names"):
        net.predict(X[:, :3])


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix], ids=["dense", "sparse"])
def test_imputation_grows(container):
    holes = np.where(RNG.uniform(size=X.shape) < 0.1, np.nan, X)
    net = learned(BackpropRegressor, container(holes[:, :3]), Y, missing="impute")
    before = net.predict(container(holes[:, :3]))
    assert net.coefs_[0].shape == (6, 6)
    grown_only(net, container(holes), Y)
    assert net.coefs_[0].shape == (10, 6)
    assert_allclose(net.predict(container(holes)), before, rtol=1e-9, atol=1e-12)


def test_a_column_that_is_absent_is_imputed():
    frame = pd.DataFrame(np.where(RNG.uniform(size=X.shape) < 0.1, np.nan, X), columns=list("pqrst"))
    net = learned(BackpropRegressor, frame, Y, missing="impute")
    assert_array_equal(net.predict(frame.drop(columns="r")), net.predict(frame.assign(r=np.nan)))
    theta = net.network_.theta.copy()
    net.partial_fit(frame.drop(columns="r"), Y)
    assert not np.array_equal(net.network_.theta, theta)


def test_skipped_rows_and_columns_that_come_later():
    net = learned(BackpropRegressor, X[:, :3], Y, missing="skip")
    net.partial_fit(X, Y)
    row = np.array([[0.1, 0.2, 0.3, np.nan, np.nan]])
    filled = np.array([[0.1, 0.2, 0.3, *X[:, 3:].mean(axis=0)]])
    assert_allclose(net.predict(row), net.predict(filled))


def test_growth_goes_on_after_a_file_and_in_a_fit(tmp_path):
    net = learned(BackpropClassifier, X[C <= "b"][:, :3], C[C <= "b"])
    again = load(net.save(tmp_path / "net") and tmp_path / "net")
    for model in (net, again):
        model.partial_fit(X, C)
    assert_array_equal(net.network_.theta, again.network_.theta)
    net.set_params(warm_start=True, max_iter=200).fit(X, C)
    assert net.score(X, C) > 0.9


def test_layers_of_any_kind_between_grow_along():
    """Their parameters have other shapes than a Dense layer's, and stay as they are."""
    between = [PBLD(3, 2), Scale(), NTKDense(5, "identity"), Parametric("mish")]
    settings = {"hidden_layer_sizes": [Dense(4, "tanh"), *between], "solver": "adamw"}
    net = learned(BackpropRegressor, X[:, :3], Y, **settings)
    before = net.predict(X[:, :3])
    grown_only(net, np.hstack([X[:, :3], np.zeros((len(X), 1))]), Y)
    assert_allclose(net.predict(np.hstack([X[:, :3], X[:, :1]])), before, rtol=1e-9)


def test_fewer_columns_and_other_layers_are_refused():
    net = learned(BackpropRegressor, X, Y)
    theta = net.network_.theta.copy()
    for call in (lambda: net.predict(X[:, :4]), lambda: net.partial_fit(X[:, :4], Y)):
        with pytest.raises(ValueError, match="has 4 features"):
            call()
    for layers in ([LayerNorm(), 3], [Frozen(Dense(3)), 2], [Dropout(0.2), 3]):
        other = learned(BackpropRegressor, X[:, :3], Y, hidden_layer_sizes=layers)
        with pytest.raises(ValueError, match="grow=True needs a Dense layer as the first one"):
            other.partial_fit(X, Y)
        assert other.n_features_in_ == 3
        other.partial_fit(X[:, :3], Y)
    assert_array_equal(net.network_.theta, theta)


def test_without_grow_new_columns_are_an_error():
    net = learned(BackpropRegressor, X[:, :3], Y, grow=False)
    with pytest.raises(ValueError, match="X has 5 features, but BackpropRegressor is expecting 3"):
        net.partial_fit(X, Y)
