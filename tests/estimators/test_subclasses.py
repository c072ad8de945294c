"""Subclasses with an `__init__` of their own: settings are the attributes, whatever `get_params` knows."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import InvalidParameterError

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    BackpropSearchCV,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
    load,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(60, 3))
Y, C = X[:, 0], np.where(X[:, 0] > 0, "yes", "no")
SETTINGS = {"hidden_layer_sizes": 4, "learning_rate_init": 0.02, "random_state": 0}


class Regressor(BackpropRegressor):
    def __init__(self, max_iter=3):
        super().__init__(max_iter=max_iter, **SETTINGS)


class Classifier(BackpropClassifier):
    def __init__(self, max_iter=3):
        super().__init__(max_iter=max_iter, **SETTINGS)


class TabularRegressor(TabularBackpropRegressor):
    def __init__(self, max_iter=3):
        super().__init__(max_iter=max_iter, **SETTINGS)


class TabularClassifier(TabularBackpropClassifier):
    def __init__(self, max_iter=3):
        super().__init__(max_iter=max_iter, **SETTINGS)


class OwnParameter(TabularBackpropRegressor):
    """It keeps only what it has itself: the rest is as the class has it."""

    def __init__(self, dropout_in_percent=10.0, max_iter=3):
        self.dropout_in_percent, self.max_iter = dropout_in_percent, max_iter
        self.random_state = 0

    @property
    def dropout(self):
        return self.dropout_in_percent / 100


KINDS = [Regressor, Classifier, TabularRegressor, TabularClassifier]
per_kind = pytest.mark.parametrize("kind", KINDS)


def target_of(kind):
    return C if "Classifier" in kind.__name__ else Y


def result_of(net):
    return getattr(net, "predict_proba", net.predict)(X)


@per_kind
def test_they_are_what_the_class_is_with_these_settings(kind):
    y = target_of(kind)
    plain = kind.__mro__[1](max_iter=3, **SETTINGS)
    for net in (kind(), clone(kind()), kind(max_iter=5).set_params(max_iter=3)):
        assert_array_equal(result_of(net.fit(X, y)), result_of(plain.fit(X, y)))
        assert list(net.get_params()) == ["max_iter"]
    classes = {"classes": np.unique(y)} if y is C else {}
    assert_array_equal(
        result_of(kind().partial_fit(X, y, **classes)), result_of(clone(plain).partial_fit(X, y, **classes))
    )


@per_kind
def test_they_are_saved_and_found_again(kind, tmp_path):
    net = kind().fit(X, target_of(kind))
    net.save(tmp_path / "net")
    again = load(tmp_path / "net", custom=[kind])
    assert type(again) is kind
    assert_array_equal(result_of(again), result_of(net))
    assert_array_equal(result_of(clone(again).fit(X, target_of(kind))), result_of(net))


@per_kind
def test_what_init_sets_is_checked(kind):
    net = kind()
    net.learning_rate_init = -1.0
    with pytest.raises(InvalidParameterError, match="'learning_rate_init' parameter"):
        net.fit(X, target_of(kind))


@pytest.mark.parametrize("kind", [Regressor, Classifier])
def test_they_are_resumed(kind, tmp_path):
    y, path = target_of(kind), tmp_path / "run"
    whole = kind(max_iter=6).fit(X, y)
    for max_iter in (3, 6):
        net = kind(max_iter=max_iter)
        net.checkpoint, net.resume = path, True
        net.fit(X, y)
    assert_array_equal(result_of(net), result_of(whole))
    net.alpha = 0.5
    with pytest.raises(ValueError, match="other settings: alpha"):
        net.fit(X, y)


@pytest.mark.parametrize("kind", [Regressor, Classifier])
def test_they_are_searched(kind):
    grid = {"max_iter": [2, 4]}
    scores = [
        search(kind(), grid, cv=2).fit(X, target_of(kind)).cv_results_["mean_test_score"]
        for search in (GridSearchCV, BackpropSearchCV)
    ]
    assert_array_equal(*scores)


def test_a_parameter_that_is_computed():
    plain = TabularBackpropRegressor(dropout=0.1, max_iter=3, random_state=0).fit(X, Y)
    assert_array_equal(OwnParameter().fit(X, Y).predict(X), plain.predict(X))
    assert OwnParameter().get_params() == {"dropout_in_percent": 10.0, "max_iter": 3}
