"""The estimators as parts of something larger: hidden layers as features, sparse input, threads."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.averaging import ExponentialAverage
from skbackprop.layers import Dense, Dropout, Frozen, LayerNorm
from skbackprop.losses import Huber, LogLoss
from skbackprop.optimizers import AdamW
from skbackprop.schedules import OneCycle, WarmUp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few epochs

X, C = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
Y = X[:, 0] * X[:, 1]


def fitted(kind=BackpropClassifier, **settings):
    settings = {"hidden_layer_sizes": (7, Dropout(0.1), 5), "max_iter": 20, "random_state": 0, **settings}
    return kind(**settings).fit(X, C if kind is BackpropClassifier else Y)


# ------------------------------------------------------------------ transform


@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
def test_transform_gives_every_hidden_layer(kind):
    model = fitted(kind)
    first = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    second = np.maximum(first @ model.coefs_[1] + model.intercepts_[1], 0)
    for index, expected in ((0, first), (1, first), (2, second), (-1, second), (-3, first)):
        model.set_params(transform_layer=index)
        assert_allclose(model.transform(X), expected, rtol=1e-12, atol=1e-14)
        assert len(model.get_feature_names_out()) == expected.shape[1]
    for index in (3, -4):
        with pytest.raises(ValueError, match="transform_layer"):
            model.set_params(transform_layer=index).transform(X)


def test_transform_as_a_frame():
    model = fitted()
    names = [f"backpropclassifier{i}" for i in range(5)]
    frame = model.set_output(transform="pandas").transform(pd.DataFrame(X).to_numpy())
    assert list(frame.columns) == names
    assert isinstance(model.set_output(transform="polars").transform(X), pl.DataFrame)
    assert model.set_output(transform="default").transform(X.astype(np.float32)).dtype == np.float64


def test_a_hidden_layer_feeds_another_model():
    net = BackpropClassifier((10,), max_iter=60, learning_rate_init=0.01, random_state=0)
    model = make_pipeline(net, LogisticRegression())
    assert cross_val_score(model, X, C, cv=3, n_jobs=2).mean() > 0.85


# ------------------------------------------------------------------ sparse input

SPARSE = [
    *(sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix),
    *(sparse.csr_array, sparse.csc_array, sparse.coo_array),
]


@pytest.mark.parametrize("container", SPARSE)
@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
def test_sparse_input_equals_dense_input(kind, container):
    data = np.where(np.abs(X) > 0.8, X, 0.0)
    y = C if kind is BackpropClassifier else Y
    settings = {"max_iter": 5, "early_stopping": True, "random_state": 0}
    dense = kind(**settings).fit(data, y)
    model = kind(**settings).fit(container(data), y)
    assert_allclose(model.network_.theta, dense.network_.theta, rtol=1e-9, atol=1e-12)
    assert_allclose(model.predict(container(data)), dense.predict(data), rtol=1e-9)
    assert_allclose(model.transform(container(data)), dense.transform(data), rtol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_first_layer_is_not_densified(solver):
    places = np.arange(4000) % 2000, np.random.default_rng(0).integers(100_000, size=4000)
    wide = sparse.csr_array((np.ones(4000), places), shape=(2000, 100_000))
    net = BackpropClassifier((2,), solver=solver, max_iter=1, random_state=0)
    tracemalloc.start()
    net.fit(wide, np.arange(2000) % 2).predict(wide)
    net.transform(wide)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 2**20  # a dense batch of 200 rows alone has 153 MiB


# ------------------------------------------------------------------ scikit-learn's machinery

NESTED = BackpropClassifier(
    [Dense(6, "gelu", learning_rate=0.5), Frozen(LayerNorm()), Dropout(0.2), 4],
    activation=["tanh"],
    solver=AdamW(0.01),
    learning_rate=WarmUp(0.1, OneCycle()),
    average=ExponentialAverage(0.9),
    loss=LogLoss(label_smoothing=0.1),
    output_layer=Dense(1, max_norm=2.0),
    class_weight={0: 2.0},
    max_iter=3,
    random_state=0,
)


def test_clone_and_repr_of_nested_parts():
    copy = clone(NESTED)
    assert repr(copy) == repr(NESTED)
    assert copy.solver is not NESTED.solver
    assert "Dense" in NESTED._repr_html_()
    assert "fitted" in NESTED.fit(X, C)._repr_html_()
    assert_array_equal(copy.fit(X, C).predict_proba(X), NESTED.predict_proba(X))


def test_a_grid_reaches_into_nested_parts():
    grid = {
        "solver__learning_rate": [0.01, 0.1],
        "average__decay": [0.5, 0.9],
        "output_layer__max_norm": [1.0],
    }
    search = GridSearchCV(NESTED, grid, cv=2, n_jobs=2).fit(X, C)
    assert search.best_estimator_.output_layer.max_norm == 1.0
    assert NESTED.output_layer.max_norm == 2.0


def test_routing_offers_all_that_fit_takes():
    with config_context(enable_metadata_routing=True):
        requests = BackpropRegressor().set_fit_request(X_val=True, groups=True).get_metadata_routing()
    assert set(requests.fit.requests) == {"sample_weight", "X_val", "y_val", "sample_weight_val", "groups"}


# ------------------------------------------------------------------ threads and processes


def test_one_fitted_object_serves_many_threads():
    model = fitted(hidden_layer_sizes=(30, 20), calibration="temperature", early_stopping=True)
    jobs = [(name, n) for n in (1, 7, 60, 150) for name in ("predict", "predict_proba", "transform")] * 20
    expected = {(name, n): getattr(model, name)(X[:n]) for name, n in jobs}
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda job: getattr(model, job[0])(X[: job[1]]), jobs)
    for job, answer in zip(jobs, answers):
        assert_array_equal(answer, expected[job])


def test_losses_of_regression_are_cloned():
    loss = Huber(0.5)
    model = BackpropRegressor(loss, max_iter=2, random_state=0).fit(X, Y)
    loss.delta = 9.0
    with pytest.raises(ValueError, match="loss="):
        model.set_params(warm_start=True).fit(X, Y)


@pytest.mark.parametrize("net", [BackpropClassifier(()), BackpropClassifier(3, transform_layer=4)])
def test_html_of_a_fitted_model_without_the_layer_for_transform(net):
    assert "Backprop" in make_pipeline(net).fit(X, C)._repr_html_()
    assert not hasattr(net.fit(X, C), "get_feature_names_out")
