"""scikit-learn's callbacks: progress, scores, one's own; alone, in a pipeline, in a search."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
    load,
)
from skbackprop.objective import Objective
from skbackprop.time_series import LagForecaster

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

HAS_CALLBACKS = parse_version(sklearn.__version__) >= parse_version("1.9")
with_callbacks = pytest.mark.skipif(not HAS_CALLBACKS, reason="callbacks came with scikit-learn 1.9")

X, C = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
SETTINGS = {"hidden_layer_sizes": 5, "max_iter": 6, "random_state": 0}


class Recorder:
    """A callback that keeps what it is called with, and stops after some epochs."""

    def __init__(self, n_epochs=None):
        self.n_epochs, self.calls, self.scores, self.theta = n_epochs, [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.calls.append(f"end {context.task_name}")
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))
            self.theta.append(fitted_estimator.network_.theta)
        return len(self.scores) == self.n_epochs


@with_callbacks
@pytest.mark.parametrize(
    "settings", [{}, {"early_stopping": True}, {"average": "ema"}, {"solver": "lbfgs"}], ids=str
)
def test_every_epoch_is_a_task(settings):
    recorder = Recorder()
    net = BackpropClassifier(**SETTINGS, **settings).set_callbacks(recorder).fit(X, C)
    epochs = ["begin epoch", "end epoch"] * net.n_iter_
    assert recorder.calls == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    plain = BackpropClassifier(**SETTINGS, **settings).fit(X, C)
    assert_array_equal(net.network_.theta, plain.network_.theta)
    assert net.loss_curve_ == plain.loss_curve_
    assert_array_equal(recorder.theta[-1], net.network_.theta)
    assert not np.array_equal(recorder.theta[0], recorder.theta[-1])


@with_callbacks
def test_the_fitted_estimator_is_what_a_shorter_fit_gives():
    recorder = Recorder()
    BackpropClassifier(**SETTINGS, average="ema").set_callbacks(recorder).fit(X, C)
    for n_epochs in (1, 4):
        short = BackpropClassifier(**SETTINGS | {"max_iter": n_epochs}, average="ema").fit(X, C)
        assert recorder.scores[n_epochs - 1] == short.score(X, C)


@with_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_can_stop_training(solver):
    recorder = Recorder(n_epochs=3)
    net = BackpropClassifier(**SETTINGS, solver=solver).set_callbacks(recorder).fit(X, C)
    assert len(net.loss_curve_) == 3
    assert recorder.calls[-2:] == ["end fit", "teardown"]


@with_callbacks
def test_the_teardown_comes_after_an_error_too():
    recorder = Recorder()
    net = BackpropRegressor(**SETTINGS, scoring=lambda net, X, y: 1 / 0, early_stopping=True)
    with pytest.raises(ZeroDivisionError):
        net.set_callbacks(recorder).fit(X, C)
    assert recorder.calls[-1] == "teardown"


@with_callbacks
def test_a_progress_bar_and_scores_inside_a_pipeline_inside_a_search(capsys):
    from sklearn.callback import ProgressBar, ScoringMonitor

    pytest.importorskip("rich")
    monitor = ScoringMonitor(scoring="accuracy")
    net = BackpropClassifier(**SETTINGS, learning_rate_init=0.01).set_callbacks(monitor)
    search = GridSearchCV(make_pipeline(StandardScaler(), net), {"backpropclassifier__alpha": [0, 1]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(X, C)
    assert search.best_score_ > 0.8
    assert "Pipeline - fit" in capsys.readouterr().out


@with_callbacks
def test_scores_of_every_epoch():
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring="neg_log_loss")
    net = BackpropClassifier(**SETTINGS).set_callbacks(monitor).fit(X, C)
    scores = monitor.get_logs().data_as_pandas["neg_log_loss"]
    assert len(scores) == 1 + net.n_iter_  # of the fit, and of every epoch
    assert_allclose(scores.iloc[-1], get_scorer("neg_log_loss")(net, X, C))
    assert scores.is_monotonic_increasing or scores.iloc[1] < scores.iloc[-1]


@with_callbacks
def test_callbacks_are_not_saved(tmp_path):
    net = BackpropClassifier(**SETTINGS).set_callbacks(Recorder()).fit(X, C)
    again = load(net.save(tmp_path / "net") and tmp_path / "net")
    assert_allclose(again.predict_proba(X), net.predict_proba(X))
    again.fit(X, C)


@pytest.mark.skipif(HAS_CALLBACKS, reason="for older versions of scikit-learn")
def test_an_older_scikit_learn_is_named():
    with pytest.raises(ImportError, match=r"need scikit-learn >= 1\.9, this is"):
        BackpropClassifier().set_callbacks(object())


class Order:
    """Keeps what happens in which order: hooks, and values of the loss in between."""

    def __init__(self, calls):
        self.calls = calls

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.calls.append(f"end {context.task_name}")


@with_callbacks
@pytest.mark.parametrize(
    "settings", [{}, {"tol": 1e9}, {"max_fun": 3}, {"max_iter": 1}, {"alpha": 10.0}], ids=str
)
def test_an_iteration_of_lbfgs_begins_before_its_points(settings, monkeypatch):
    calls = []
    value_and_gradient = Objective.value_and_gradient

    def recorded(objective, batch):
        calls.append("value")
        return value_and_gradient(objective, batch)

    monkeypatch.setattr(Objective, "value_and_gradient", recorded)
    net = BackpropClassifier(**SETTINGS | {"solver": "lbfgs"} | settings)
    net.set_callbacks(Order(calls)).fit(X, C)
    assert calls[:2] == ["begin fit", "value"]  # at the first weights; a search may end there
    assert calls[-1] == "end fit"
    inside, n_values = False, 0
    for call in calls[2:-1]:
        if call == "value":
            assert inside, calls
            n_values += 1
        else:
            assert call == ("end epoch" if inside else "begin epoch")
            inside, n_values = not inside, n_values if inside else 0
            assert inside or n_values
    assert not inside
    assert calls.count("end epoch") == net.n_iter_


@with_callbacks
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_iteration_of_lbfgs_that_runs_out_of_time_ends():
    calls = []
    net = BackpropClassifier(**SETTINGS, solver="lbfgs", max_time=1e-9)
    net.set_callbacks(Order(calls)).fit(X, C)
    assert calls == ["begin fit", "end fit"]


# ------------------------------------------------------------------ tables: a task for each network

FEW = {"n_estimators": 3, "hidden_layer_sizes": [300], "max_iter": 4, "random_state": 0}


class Tasks:
    """A callback that keeps the tasks, their parents and scores, and stops each network after some epochs."""

    def __init__(self, n_epochs=np.inf):
        self.n_epochs, self.begun, self.ended, self.scores = n_epochs, [], [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.ended.append((context.task_name, context.task_id))
        self.scores.append(fitted_estimator.score(X, y))
        return context.task_id + 1 >= self.n_epochs


@with_callbacks
@pytest.mark.parametrize("kind", [TabularBackpropClassifier, TabularBackpropRegressor])
@pytest.mark.parametrize("refit", [False, True])
def test_networks_of_a_table_are_tasks(kind, refit):
    tasks = Tasks()
    table = kind(**FEW, refit=refit).set_callbacks(tasks).fit(X[:100], C[:100])
    plain = kind(**FEW, refit=refit).fit(X[:100], C[:100])
    assert_array_equal(table.predict(X), plain.predict(X))
    networks = [task for name, task in tasks.begun if name == "network"]
    assert networks == list(range(len(table.networks_) * (1 + refit)))
    assert sorted(tasks.begun) == sorted(tasks.ended)
    assert tasks.begun[0] == tasks.ended[-1] == ("fit", 0)
    assert tasks.begun.count(("epoch", 0)) == len(networks)
    assert tasks.scores[-1] == table.score(X[:100], C[:100])


@with_callbacks
def test_a_callback_stops_each_network_of_a_table():
    tasks = Tasks(n_epochs=2)
    table = TabularBackpropRegressor(**FEW, early_stopping=False).set_callbacks(tasks).fit(X[:100], C[:100])
    assert table.n_iter_ == 2


@with_callbacks
def test_a_progress_bar_of_tables_in_processes(capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    for n_jobs in (1, 2):
        table = TabularBackpropRegressor(**FEW, n_jobs=n_jobs).set_callbacks(ProgressBar())
        table.fit(X[:100], C[:100])
        assert "TabularBackpropRegressor" in capsys.readouterr().out


@with_callbacks
def test_callbacks_of_tables_are_not_saved(tmp_path):
    table = TabularBackpropRegressor(**FEW).set_callbacks(Tasks()).fit(X[:100], C[:100])
    table.save(tmp_path / "table.skb")
    assert "_skl_callbacks" not in vars(load(tmp_path / "table.skb"))


# ------------------------------------------------------------------ forecasters: a task for each model


@with_callbacks
@pytest.mark.parametrize("strategy", ["mimo", "direct"])
def test_models_of_a_forecaster_are_tasks(strategy):
    class Told(Tasks):
        n_torn_down = 0

        def teardown(self, estimator, context):
            self.n_torn_down += 1

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            self.ended.append((context.task_name, context.task_id))
            return True

    settings = {"lags": 3, "horizon": 2, "n_members": 2, "n_updates": 5, "random_state": 0}
    x, y = np.arange(60.0)[:, None], np.sin(np.arange(60.0))
    tasks = Told()
    told = LagForecaster(**settings, strategy=strategy).set_callbacks(tasks).fit(x, y)
    models = [("model", k) for k in range(2 if strategy == "mimo" else 4)]
    assert tasks.begun == [("fit", 0), *models]
    assert tasks.ended == [*models, ("fit", 0)]
    assert tasks.n_torn_down == 1
    plain = LagForecaster(**settings, strategy=strategy).fit(x, y)
    assert_array_equal(told.predict_one_step(x, y), plain.predict_one_step(x, y))
    assert not [name for name in vars(told) if "callback" in name and name != "_skl_callbacks"]
    with pytest.raises(ValueError):
        told.fit(x[:2], y[:2])
    assert not [name for name in vars(told) if "callback" in name and name != "_skl_callbacks"]


@with_callbacks
def test_models_of_the_calibration_are_tasks_of_the_same_fit():
    tasks = Tasks()
    tasks.on_fit_task_end = lambda estimator, context, **more: tasks.ended.append(context.task_name)
    forecaster = LagForecaster(lags=3, n_members=2, n_updates=5, calibration_horizons=4).set_callbacks(tasks)
    forecaster.fit(np.arange(60.0)[:, None], np.sin(np.arange(60.0)))
    assert tasks.begun == [("fit", 0), *[("model", k) for k in range(4)]]
    assert tasks.ended == [*["model"] * 4, "fit"]
