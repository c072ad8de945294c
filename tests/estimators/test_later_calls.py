"""What a later call finds: parameters that were changed in place, or set between calls."""

import threading

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skbackprop import BackpropClassifier, BackpropRegressor, TabularBackpropClassifier, load
from skbackprop.estimators.settings import Settings
from skbackprop.layers import Dense
from skbackprop.optimizers import SGD, Adam
from skbackprop.schedules import AdaptiveRate, ScheduledRate
from skbackprop.training import Checkpoint, Members

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:lbfgs")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] - X[:, 1] ** 2
C = np.where(Y > 0, "high", "low")


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "sgd", Adam()])
def test_layers_that_change_in_place_are_seen(solver):
    sizes, layer = [4], Dense(5, "relu")
    for hidden, change in (
        (sizes, lambda: sizes.append(7)),
        ([layer], lambda: layer.set_params(activation="tanh")),
    ):
        net = BackpropRegressor(hidden_layer_sizes=hidden, solver=solver, warm_start=True, max_iter=3)
        net.fit(X, Y)
        change()
        with pytest.raises(ValueError, match=r"hidden_layer_sizes=.*is not what the network was made with"):
            net.fit(X, Y)


def test_another_solver_after_lbfgs_sees_them_too():
    sizes = [4]
    net = BackpropRegressor(hidden_layer_sizes=sizes, solver="lbfgs", max_iter=3).fit(X, Y)
    sizes.append(7)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        net.set_params(solver="adam").partial_fit(X, Y)


class OwnSGD(SGD):
    pass


def test_a_solver_of_ones_own_is_what_its_base_is():
    net = BackpropRegressor(solver=OwnSGD(0.05), learning_rate="adaptive", warm_start=True, max_iter=3)
    assert isinstance(net.fit(X, Y).run_.rate, AdaptiveRate)
    with pytest.warns(UserWarning, match="it is for SGD"):
        assert isinstance(net.set_params(solver=Adam(0.05)).fit(X, Y).run_.rate, ScheduledRate)
    assert isinstance(net.set_params(solver=OwnSGD(0.05)).fit(X, Y).run_.rate, AdaptiveRate)


def test_settings_are_of_one_call():
    net = BackpropRegressor(hidden_layer_sizes=(4,), max_iter=2)
    first = Settings.of(net)
    assert Settings.of(net, first) is first
    with pytest.raises(AttributeError, match="alpha cannot be set"):
        first.alpha = 1.0
    assert Settings.of(net.set_params(alpha=1.0), first) is not first
    net.set_params(hidden_layer_sizes=[4])
    second = Settings.of(net)
    net.hidden_layer_sizes.append(3)
    assert Settings.of(net, second).changed(second, ["hidden_layer_sizes"]) is None  # described too late
    second = Settings.of(net)
    assert second.described["hidden_layer_sizes"] == (4, 3)
    net.hidden_layer_sizes.append(2)
    assert Settings.of(net, second).changed(second, ["alpha", "hidden_layer_sizes"]) == "hidden_layer_sizes"


def test_a_table_predicts_while_it_is_fitted_again(monkeypatch):
    net = TabularBackpropClassifier(hidden_layer_sizes=[8], n_estimators=2, max_iter=2, random_state=0)
    measure, seen = Members.measure, []

    def predict():
        try:
            seen.append(net.predict_proba(X))
        except NotFittedError:
            seen.append(None)

    def measure_and_predict(members):
        thread = threading.Thread(target=predict)
        thread.start()
        thread.join()
        return measure(members)

    monkeypatch.setattr(Members, "measure", measure_and_predict)
    expected = net.fit(X, C).predict_proba(X)
    assert seen and all(found is None for found in seen)
    seen.clear()
    net.fit(X[:40, ::-1], C[:40])
    assert len(seen) > 1
    for found in seen:
        np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(net.predict_proba(X), expected)


def test_before_a_fit_it_is_said(tmp_path):
    for name in ("networks_", "encoder_", "temperature_"):
        with pytest.raises(AttributeError, match="TabularBackpropClassifier is not fitted yet"):
            getattr(TabularBackpropClassifier(), name)
    with pytest.raises(AttributeError, match="BackpropClassifier is not fitted yet"):
        _ = BackpropClassifier().network_


@pytest.mark.parametrize("resume", [False, True])
def test_a_checkpoint_without_a_path(resume):
    for wrong in (Checkpoint(None), Checkpoint(5), Checkpoint(Checkpoint("run"))):
        with pytest.raises(ValueError, match="'path' parameter of Checkpoint must be"):
            BackpropRegressor(checkpoint=wrong, resume=resume).fit(X, Y)


def test_a_file_with_an_odd_checkpoint(tmp_path):
    net = BackpropRegressor(max_iter=2, checkpoint=Checkpoint("run"))
    net.checkpoint.path = 5
    net.save(tmp_path / "net")
    with pytest.warns(UserWarning, match="checkpoint=.*is left out"):
        assert load(tmp_path / "net").checkpoint is None
    net.checkpoint.path = net.checkpoint
    net.save(tmp_path / "net")
    with pytest.warns(UserWarning, match="checkpoint=.*is left out"):
        assert load(tmp_path / "net").checkpoint is None
