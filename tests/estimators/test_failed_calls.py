"""A call that fails, at any place and in any way, leaves a fitted estimator as it was."""

import json
import pickle
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from shared.crossings import some_or_all
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    BackpropSearchCV,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
    memory,
)
from skbackprop.divergence import DivergenceError
from skbackprop.layers import BatchNorm, Dense, Dropout
from skbackprop.preprocessing import (
    CategoryEncoder,
    SignedOneHotEncoder,
    SquashingScaler,
    TabularEncoder,
)
from skbackprop.states import encode
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

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:Training interrupted",
    "ignore:No epoch",
    "ignore:.* has no effect",
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] - X[:, 1]
C = np.array(["a", "b", "c"])[np.digitize(Y, [-0.5, 0.5])]
SETTINGS = {
    "hidden_layer_sizes": [Dense(4), Dropout(0.2)],
    "batch_size": 16,
    "max_iter": 4,
    "random_state": 0,
}
TABULAR = {"n_estimators": 2, "max_iter": 2, "hidden_layer_sizes": [4], "random_state": 0}
MODELS = {
    "adam": BackpropRegressor(**SETTINGS),
    "sgd": BackpropRegressor(**SETTINGS, solver="sgd", learning_rate="adaptive"),
    "early stopping": BackpropRegressor(**SETTINGS, early_stopping=True, n_iter_no_change=50),
    "average": BackpropRegressor(**SETTINGS, average="ema"),
    "normalized": BackpropRegressor(**SETTINGS | {"hidden_layer_sizes": [Dense(4), BatchNorm()]}),
    "imputed": BackpropRegressor(**SETTINGS, missing="impute", target_scaling="standard"),
    "growing": BackpropRegressor(**SETTINGS, grow=True),
    "a sequence of the user's": BackpropRegressor(**SETTINGS | {"random_state": np.random.RandomState(0)}),
    "classifier": BackpropClassifier(**SETTINGS),
    "tabular regressor": TabularBackpropRegressor(**TABULAR),
    "tabular classifier": TabularBackpropClassifier(**TABULAR | {"random_state": np.random.RandomState(0)}),
}


def content_of(thing):
    """All that training continues with, as something to compare."""
    content, arrays = encode(thing)
    return json.dumps(content), [np.asarray(array).tobytes() for array in arrays]


def target(net):
    return C if "Classifier" in type(net).__name__ else Y


def fitted(name, method):
    net = clone(MODELS[name])
    net.fit(X, target(net))
    return net.set_params(warm_start=True) if method == "warm fit" else net


def failing(*arguments):
    raise LookupError("of the user")


def data_that_fails(y):
    with_inf = X.copy()
    with_inf[-1, 0] = np.inf
    yield with_inf, y
    yield X, y[:-1]
    yield X[:0], y[:0]
    yield X[:, 0], y
    yield X, y[:, None, None]
    if y.dtype.kind == "f":
        yield X * 1e199, y * 1e199


SETTINGS_THAT_FAIL = [
    {"solver": "sgd", "learning_rate_init": 1e200, "alpha": 0.5},
    {"alpha": -1.0},
    {"solver": "unknown", "average": "swa"},
    {"learning_rate": failing, "average": "swa", "batch_size": 5},
    {"early_stopping": True, "scoring": failing, "validation_fraction": 0.2, "solver": "nadam"},
    {"early_stopping": True, "validation": failing, "alpha": 0.5},
    {"checkpoint": "no/such/folder/at/all", "resume": True, "learning_rate": failing},
]
METHODS = ["fit", "warm fit", "partial_fit"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", MODELS)
def test_calls_that_fail_change_nothing(name, method):
    if method == "warm fit" and "tabular" in name:
        pytest.skip("has no warm_start")
    net, n_failed = fitted(name, method), 0
    y, call = target(net), getattr(net, method.split()[-1])
    before, twin = content_of(net), pickle.loads(pickle.dumps(net))
    for data in data_that_fails(y):
        with pytest.raises((ValueError, TypeError)):
            call(*data)
        assert content_of(net) == before
    for settings in SETTINGS_THAT_FAIL:
        if not settings.keys() <= net.get_params(deep=False).keys():
            continue
        earlier = {setting: getattr(net, setting) for setting in settings}
        failed = False
        try:
            call = getattr(net.set_params(**settings), method.split()[-1])
            call(X, y)
        except (ValueError, TypeError, LookupError):
            failed, n_failed = True, n_failed + 1
        net.set_params(**earlier)
        if not failed:  # it has no effect in this method
            net = pickle.loads(pickle.dumps(twin))
        assert content_of(net) == before, settings
    assert n_failed > 3 or "tabular" in name
    for model in (net, twin):
        getattr(model, method.split()[-1])(X, y)
    assert content_of(net) == content_of(twin)


@pytest.mark.parametrize("engine", ["numpy", "replay"])
@pytest.mark.parametrize("method", ["warm fit", "partial_fit"])
def test_whole_epochs_of_a_call_that_fails_stay(method, engine):
    """The order of rows goes on from there, too."""

    def score(net, X, y):
        calls.append(1)
        if len(calls) == at:
            raise LookupError
        return -np.abs(net.predict(X) - y).mean()

    calls, at = [], 7  # twice an epoch: in the fourth one
    settings = {**SETTINGS, "max_iter": 5, "warm_start": True, "scoring": score, "engine": engine}
    net = BackpropRegressor(**settings)
    given = {"X_val": X, "y_val": Y}
    more = {"n_epochs": 5} if method == "partial_fit" else {}
    with pytest.raises(LookupError):
        getattr(net, method.split()[-1])(X, Y, **given, **more)
    assert net.n_iter_ == len(net.loss_curve_) == len(net.validation_scores_) == 3
    at = None
    whole = BackpropRegressor(**settings)
    if method == "partial_fit":
        whole.partial_fit(X, Y, **given, n_epochs=3)
        for model in (net, whole):
            model.partial_fit(X, Y, **given, n_epochs=2)
    else:
        net.set_params(max_iter=2).fit(X, Y, **given)
        whole.fit(X, Y, **given)
    assert_array_equal(net.network_.theta, whole.network_.theta)
    assert net.loss_curve_ == whole.loss_curve_


@pytest.mark.parametrize("method", METHODS)
def test_what_was_never_fitted(method):
    """Weights that have diverged can be examined; a stream begins with its first good rows."""
    net = BackpropRegressor(**SETTINGS, warm_start=method == "warm fit")
    with pytest.raises(DivergenceError, match="diverged"):
        getattr(net, method.split()[-1])(X * 1e199, Y)
    if method == "fit":
        assert np.isfinite(net.network_.theta).all()
    else:
        assert "network_" not in vars(net)
    new = BackpropRegressor(**SETTINGS, warm_start=method == "warm fit")
    for model in (net, new):
        getattr(model, method.split()[-1])(X, Y)
    assert_array_equal(net.network_.theta, new.network_.theta)
    with pytest.raises(ValueError, match="inf"):
        net.fit(X * np.inf, Y)


class Interrupting(Dense):
    at = None

    def forward(self, x, params, work, training):
        if training and Interrupting.at is not None:
            Interrupting.at -= 1
            if Interrupting.at == 0:
                raise KeyboardInterrupt
        return super().forward(x, params, work, training)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_interrupt_before_an_epoch_is_over_leaves_what_was_fitted(solver):
    net = BackpropRegressor(hidden_layer_sizes=[Interrupting(4)], solver=solver, max_iter=5, random_state=0)
    net.fit(X, Y)
    before = content_of(net)
    Interrupting.at = 1
    with (
        pytest.warns(UserWarning, match="interrupted"),
        pytest.warns(UserWarning, match="as it was before"),
    ):
        net.fit(X * 2.0, -Y)
    assert content_of(net) == before
    Interrupting.at = 4
    with pytest.warns(UserWarning, match="interrupted"):
        net.fit(X * 2.0, -Y)
    assert content_of(net) != before


FRAME = pd.DataFrame({"t": pd.date_range("2020", periods=120), "a": RNG.normal(size=120)})
WORDS = pd.DataFrame({"c": np.where(FRAME["a"] > 0, "u", "v")})
NET = BackpropRegressor(hidden_layer_sizes=(3,), max_iter=2, missing="skip", random_state=0)
LAGS = LagFeatures([1, 2], time="t")
OTHERS = {
    "lags": (LAGS, FRAME),
    "differences": (DifferenceFeatures([1], time="t"), FRAME),
    "rolling": (RollingFeatures([3], time="t"), FRAME),
    "expanding": (ExpandingFeatures(time="t"), FRAME),
    "weighted": (EwmFeatures([3], time="t"), FRAME),
    "calendar": (CalendarFeatures(time="t"), FRAME),
    "fourier": (FourierFeatures([7], time="t"), FRAME),
    "running": (RunningScaler(), FRAME[["a"]]),
    "table": (TabularEncoder(), FRAME),
    "squashing": (SquashingScaler(), FRAME[["a"]]),
    "codes": (CategoryEncoder(), WORDS),
    "one hot": (SignedOneHotEncoder(), WORDS),
    "forecaster": (LagForecaster(lags=[1, 2, 3], horizon=2, time="t", n_members=1, n_updates=3), FRAME),
    "forecaster of a network": (LagForecaster(NET, lags=[1, 2, 3], horizon=2, time="t"), FRAME),
    "pipeline": (StreamingPipeline([("lags", LAGS), ("scale", RunningScaler()), ("net", NET)]), FRAME),
    "search": (BackpropSearchCV(NET, {"alpha": [0.0, 0.1]}, cv=2, error_score="raise"), FRAME[["a"]]),
    "search one by one": (
        BackpropSearchCV(Ridge(), {"alpha": [0.0, 0.1]}, cv=2, error_score="raise"),
        FRAME[["a"]],
    ),
}


def all_of(model):
    """Everything in it, as something to compare."""
    if hasattr(model, "cv_results_"):
        return repr(vars(model)), content_of(getattr(model.best_estimator_, "network_", None))
    return joblib.hash(model)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in a generator's end
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", OTHERS)
@some_or_all
def test_an_error_at_any_place_of_others(name, method, of_all):
    model, table = OTHERS[name]
    if not hasattr(model, method):
        pytest.skip("has no partial_fit")
    first, later = ((table.iloc[rows], FRAME["a"].iloc[rows]) for rows in (slice(60), slice(60, None)))
    begun = pickle.dumps(clone(model).fit(*first))
    model, counted = pickle.loads(begun), Fault(0, None)
    with counted:
        getattr(model, method)(*later)
    model, n_failed = pickle.loads(begun), 0
    before = all_of(model)
    last = -counted.n * 0.97 if name == "pipeline" else -counted.n - 1  # where its last step is done, all is
    n_places = 8 if of_all else 5
    for place in np.unique(np.linspace(1, last, n_places).astype(int)):
        try:
            with Fault(place, MemoryError()):
                getattr(model, method)(*later)
        except (MemoryError, AttributeError):
            n_failed += 1
            assert all_of(model) == before, place
        else:  # it was raised where the interpreter swallows it
            model = pickle.loads(begun)
    assert n_failed > (1 if "search" in name else n_places // 2 - 1)


def test_memory_that_is_short_once_is_not_missed_later(monkeypatch):
    net = BackpropRegressor(hidden_layer_sizes=(4,), random_state=0).partial_fit(X[:5], Y[:5])
    twin = pickle.loads(pickle.dumps(net))

    def short(shape, dtype):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(memory, "empty", short)
        with pytest.raises(MemoryError):
            net.partial_fit(X, Y)
        with pytest.raises(MemoryError):
            net.predict(np.tile(X, (9, 1)))
    for model in (net, twin):
        model.partial_fit(X, Y)
    assert content_of(net) == content_of(twin)


class Fault:
    """Raises an error at a call of a function of this library, the n-th one."""

    def __init__(self, n, error):
        self.n, self.error = n, error

    def __call__(self, frame, event, argument):
        if (
            event == "call"
            and "skbackprop" in frame.f_code.co_filename
            and "test" not in frame.f_code.co_filename
        ):
            self.n -= 1
            if self.n == 0:
                raise self.error

    def __enter__(self):
        sys.setprofile(self)
        return self

    def __exit__(self, *arguments):
        sys.setprofile(None)


def check_faults(name, method, error, n_faults):
    net = fitted(name, method)
    y, once = target(net), Fault(0, None)
    twin = pickle.loads(pickle.dumps(net))
    with once:
        getattr(twin, method.split()[-1])(X, y)
    n_calls, before, stays = -once.n, content_of(net), 0
    places = np.unique(np.linspace(1, n_calls - 1, n_faults).astype(int))
    for place in places:
        try:
            with Fault(place, error()):
                getattr(net, method.split()[-1])(X, y)
        except (error, AttributeError):  # as `available_if` tells of it
            stays += content_of(net) == before
            is_whole = method != "fit" and "tabular" not in name
            assert content_of(net) == before or is_whole, place
        if content_of(net) != before:
            net = pickle.loads(pickle.dumps(fitted(name, method)))
            assert content_of(net) == before
            before = content_of(net)
    return stays, len(places)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["adam", "early stopping", "tabular regressor"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
@some_or_all
def test_an_error_at_any_place(name, method, error, of_all):
    if method == "warm fit" and "tabular" in name:
        pytest.skip("has no warm_start")
    stays, n = check_faults(name, method, error, 12 if of_all else 7)
    if error is KeyboardInterrupt and "tabular" not in name:
        return  # in an epoch it ends the call
    assert stays > n / 4
