"""What each estimator can: every "yes" of the page is tried, and every "no" has a reason."""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold

import skbackprop
from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.divergence import DivergenceError
from skbackprop.time_series import LagForecaster
from skbackprop.training import Checkpoint
from skbackprop.training.checkpoints import CheckpointFile

PAGE = Path(__file__).parents[2] / "docs" / "capabilities.md"
X, Y = load_diabetes(return_X_y=True)
X, Y = 20.0 * X, Y / 100.0
C = np.where(Y > 1.5, "high", "low")
GROUPS = np.arange(len(Y)) // 20
PLAIN = {"hidden_layer_sizes": (5,), "learning_rate": "cosine", "max_iter": 4, "random_state": 0}
SERIES = {"lags": 3, "horizon": 50, "n_updates": 4, "n_members": 2}
TABULAR = {"hidden_layer_sizes": [8], "n_estimators": 2, "max_iter": 4, "random_state": 0}
ESTIMATORS = {
    "BackpropRegressor": (BackpropRegressor, PLAIN, Y),
    "BackpropClassifier": (BackpropClassifier, PLAIN, C),
    "TabularBackpropRegressor": (TabularBackpropRegressor, TABULAR, Y),
    "TabularBackpropClassifier": (TabularBackpropClassifier, TABULAR, C),
    "LagForecaster": (LagForecaster, SERIES, Y),
}


class KilledError(BaseException):
    """Stands for a process that is killed."""


class PressedLate(BaseEstimator):
    """A schedule that stands for a user who presses Ctrl-C after half of the epochs."""

    def __call__(self, progress):
        if progress > 0.6:
            raise KeyboardInterrupt
        return 1.0


def rows_to_validate_on(make, y, tmp_path, monkeypatch):
    make().fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])


def a_splitter(make, y, tmp_path, monkeypatch):
    make(validation=KFold(3)).fit(X, y)


def groups(make, y, tmp_path, monkeypatch):
    make(validation=GroupKFold(3)).fit(X, y, groups=GROUPS)


def early_stopping(make, y, tmp_path, monkeypatch):
    net = make(
        early_stopping=True,
        max_iter=400,
        n_iter_no_change=1,
        learning_rate="constant",
        learning_rate_init=0.1,
    ).fit(X, y)
    assert net.n_iter_ < 400
    assert "no progress of the validation score" in net.stop_reason_


class Counting:
    """A callback that counts the tasks of each name."""

    max_propagation_depth = None

    def __init__(self):
        self.n = Counter()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.n[context.task_name] += 1


def callbacks(make, y, tmp_path, monkeypatch):
    counting = Counting()
    make().set_callbacks(counting).fit(X, y)
    assert counting.n["epoch"] == 4


def progress_with_time_left(make, y, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr("builtins.print", lines.append)
    make(verbose=True).fit(X, y)
    assert len([line for line in lines if "left" not in line and "Stopped" not in line]) == 4
    assert "left" in lines[0]


def why_training_stopped(make, y, tmp_path, monkeypatch):
    assert make().fit(X, y).stop_reason_.startswith("Stopped after 4 epochs: all epochs of max_iter")


def an_interrupt_keeps_the_model(make, y, tmp_path, monkeypatch):
    with pytest.warns(UserWarning, match="interrupted"):
        net = make(learning_rate=PressedLate()).fit(X, y)
    assert 0 < net.n_iter_ < 4
    net.predict(X)


def a_limit_of_time(make, y, tmp_path, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # training is cut off
        assert make(max_time=1e-9, max_iter=1000).fit(X, y).n_iter_ == 1


def checkpoints(make, y, tmp_path, monkeypatch):
    whole = make().fit(X, y)
    settings = {"checkpoint": Checkpoint(tmp_path / "run", n_epochs=1), "resume": True}
    write = CheckpointFile.write

    def killed(self):
        write(self)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(CheckpointFile, "write", killed)
        with pytest.raises(KilledError):
            make(**settings).fit(X, y)
    np.testing.assert_array_equal(make(**settings).fit(X, y).predict(X), whole.predict(X))


def saving(make, y, tmp_path, monkeypatch):
    net = make().fit(X, y).save(tmp_path / "net")
    np.testing.assert_array_equal(skbackprop.load(tmp_path / "net").predict(X), net.predict(X))


def intervals(make, y, tmp_path, monkeypatch):
    low, high = make(validation=KFold(3)).fit(X, y).predict_interval(X, 0.9).T
    assert (low <= high).all()


def calibration(make, y, tmp_path, monkeypatch):
    assert make(validation=KFold(3), calibration="temperature").fit(X, y).temperature_ is not None


def weights_of_rows(make, y, tmp_path, monkeypatch):
    make().fit(X, y, np.linspace(0.0, 1.0, len(y)))


def streams(make, y, tmp_path, monkeypatch):
    net = make().fit(X, y)
    before = net.predict(X[:1])
    net.partial_fit(X[:50], y[:50])
    assert before.shape == net.predict(X[:1]).shape


def divergence_keeps_the_model(make, y, tmp_path, monkeypatch):
    net = make().fit(X, y)
    before = net.predict(X)
    is_tabular = "n_estimators" in net.get_params()
    net.set_params(learning_rate_init=1e30 if is_tabular else 1e200)
    with pytest.raises(DivergenceError):
        net.set_params(**{} if is_tabular else {"solver": "sgd"}).fit(X, y)
    np.testing.assert_array_equal(net.predict(X), before)


def warm_start(make, y, tmp_path, monkeypatch):
    net = make(warm_start=True).fit(X, y)
    assert len(net.fit(X, y).loss_curve_) == 8


def a_forecaster_stops_early(make, y, tmp_path, monkeypatch):
    net = make(early_stopping=True, horizon=1, n_updates=400, n_members=1).fit(
        X, np.random.default_rng(0).normal(size=len(X))
    )
    assert net.stop_reason_ == "Stopped after 1 model: the last windows in time were forecast no better."


def callbacks_of_a_forecaster(make, y, tmp_path, monkeypatch):
    counting = Counting()
    make().set_callbacks(counting).fit(X, y)
    assert counting.n == {"model": 2, "fit": 1}


def progress_of_a_forecaster(make, y, tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr("builtins.print", lines.append)
    net = make(verbose=True).fit(X, y)
    assert "left" in lines[0]
    assert len(lines[1:-1]) == 2
    assert lines[-1] == net.stop_reason_


def why_a_forecaster_stopped(make, y, tmp_path, monkeypatch):
    assert make().fit(X, y).stop_reason_ == "Stopped after 2 models: all steps of n_updates=4 are done."


def an_interrupt_keeps_the_members(make, y, tmp_path, monkeypatch):
    learn, n_calls = BackpropRegressor.partial_fit, 0

    def pressed_in_the_second(self, *rows, **more):
        nonlocal n_calls
        n_calls += 1
        if n_calls == 4:
            raise KeyboardInterrupt
        return learn(self, *rows, **more)

    monkeypatch.setattr(BackpropRegressor, "partial_fit", pressed_in_the_second)
    with pytest.warns(UserWarning, match="interrupted"):
        net = make().fit(X, y)
    assert len(net.models_.members[0]) == 1  # of three passes each
    net.predict(X)


def a_limit_of_the_time_of_a_forecaster(make, y, tmp_path, monkeypatch):
    net = make(max_time=1e-9, n_updates=10**6).fit(X, y)
    assert net.stop_reason_ == "Stopped after 2 models: max_time is over."
    for member in net.models_.members[0]:
        assert member.network.t_ <= len(X)  # one pass, of at most 128 steps


def intervals_of_forecasts(make, y, tmp_path, monkeypatch):
    low, high = make(calibration_horizons=2).fit(X, y).predict_interval(X, 0.9).T
    assert (low <= high).all()


def divergence_keeps_the_forecaster(make, y, tmp_path, monkeypatch):
    net = make().fit(X, y)
    before = net.predict(X)
    learner = BackpropRegressor(solver="sgd", learning_rate_init=1e200)
    with pytest.raises(DivergenceError):
        net.set_params(estimator=learner, n_updates=2000).fit(X, y)
    np.testing.assert_array_equal(net.predict(X), before)


OF_FORECASTER = {  # what is tried of it in place of the same for all others
    early_stopping: a_forecaster_stops_early,
    callbacks: callbacks_of_a_forecaster,
    progress_with_time_left: progress_of_a_forecaster,
    why_training_stopped: why_a_forecaster_stopped,
    an_interrupt_keeps_the_model: an_interrupt_keeps_the_members,
    a_limit_of_time: a_limit_of_the_time_of_a_forecaster,
    intervals: intervals_of_forecasts,
    divergence_keeps_the_model: divergence_keeps_the_forecaster,
}
CAPABILITIES = {
    "`fit(X_val=, y_val=)`: rows to validate on": rows_to_validate_on,
    "`validation=` any splitter of scikit-learn": a_splitter,
    "`fit(groups=)`": groups,
    "`early_stopping`": early_stopping,
    "callbacks of scikit-learn 1.9": callbacks,
    "`verbose`: a line for each epoch (`LagForecaster`: each model), time left": progress_with_time_left,
    "`stop_reason_`": why_training_stopped,
    "Ctrl-C keeps the best model so far, with `n_jobs=None`": an_interrupt_keeps_the_model,
    "`max_time`, kept within a step (`LagForecaster`: 128 steps a model) and a validation": a_limit_of_time,
    "`checkpoint`, `resume`": checkpoints,
    "`save`, `load`": saving,
    "`predict_interval`, also without quantiles": intervals,
    "`calibration`": calibration,
    "`sample_weight`": weights_of_rows,
    "`partial_fit`": streams,
    "a fit that diverges keeps the earlier one": divergence_keeps_the_model,
    "`warm_start`": warm_start,
}
OF_CLASSES = "classes have probabilities, `predict_proba`"
OF_NUMBERS = "it is about probabilities; numbers have intervals"
OF_MEMBERS = "each member has an end of its own; `partial_fit` continues from it"
OF_TIME = "the last steps in time are held out: `early_stopping`, `validation_fraction`"
OF_SERIES = "its parameter `groups` names the columns that tell the series apart"
OF_MODELS = "it trains many models, each for a short time; `save` keeps it between calls of `partial_fit`"
OF_WINDOWS = "a window holds many rows: make y NaN where a row is not to count"
REASONS = {
    (intervals, "BackpropClassifier"): OF_CLASSES,
    (intervals, "TabularBackpropClassifier"): OF_CLASSES,
    (calibration, "BackpropRegressor"): OF_NUMBERS,
    (calibration, "TabularBackpropRegressor"): OF_NUMBERS,
    (warm_start, "TabularBackpropRegressor"): OF_MEMBERS,
    (warm_start, "TabularBackpropClassifier"): OF_MEMBERS,
    (rows_to_validate_on, "LagForecaster"): OF_TIME,
    (a_splitter, "LagForecaster"): OF_TIME,
    (groups, "LagForecaster"): OF_SERIES,
    (checkpoints, "LagForecaster"): OF_MODELS,
    (calibration, "LagForecaster"): OF_NUMBERS,
    (weights_of_rows, "LagForecaster"): OF_WINDOWS,
    (warm_start, "LagForecaster"): OF_MEMBERS,
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("capability", CAPABILITIES.values(), ids=lambda capability: capability.__name__)
def test_each_is_tried(capability, name, tmp_path, monkeypatch):
    if capability is callbacks:
        pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")
    kind, settings, y = ESTIMATORS[name]

    def make(**more):
        return kind(**settings | more)

    if (capability, name) in REASONS:
        with pytest.raises((AttributeError, TypeError)):
            capability(make, y, tmp_path, monkeypatch)
    else:
        tried = OF_FORECASTER.get(capability, capability) if kind is LagForecaster else capability
        tried(make, y, tmp_path, monkeypatch)


def table():
    """The table of the page."""
    notes = []
    lines = [
        "| | " + " | ".join(f"`{name}`" for name in ESTIMATORS) + " |",
        "| --- |" + " --- |" * len(ESTIMATORS),
    ]
    for text, capability in CAPABILITIES.items():
        cells = []
        for name in ESTIMATORS:
            reason = REASONS.get((capability, name))
            if reason is None:
                cells.append("yes")
                continue
            if reason not in notes:
                notes.append(reason)
            cells.append(f"no ({1 + notes.index(reason)})")
        lines.append(f"| {text} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"({k}) {note}." for k, note in enumerate(notes, 1))])


def test_the_page_shows_it():
    assert table() in PAGE.read_text()
