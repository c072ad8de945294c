"""BackpropSearchCV compared with GridSearchCV: the same keys, values, best candidate and errors."""

import pickle
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from shared.checks import scikit_learn_checks
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import check_scoring, make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.utils import get_tags

from skbackprop import BackpropClassifier, BackpropRegressor, BackpropSearchCV
from skbackprop.estimators import running
from skbackprop.layers import BatchNorm, Dense, Dropout, Residual
from skbackprop.losses import Huber, LogLoss
from skbackprop.model_selection import fold, together, trained
from skbackprop.model_selection.errors import is_of_the_user
from skbackprop.optimizers import SGD, Adam, AdamW, Muon
from skbackprop.schedules import Cosine, WarmUp

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Scoring failed:UserWarning"),
]
NUMBERS = make_regression(120, 5, noise=5.0, random_state=0)
NUMBERS = NUMBERS[0], NUMBERS[1] / 50.0
LABELS = make_classification(120, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=1)
GRID = {"learning_rate_init": [0.003, 0.03], "alpha": [0.0, 0.1]}


def regressor(**settings):
    given = {"hidden_layer_sizes": (6,), "max_iter": 12, "batch_size": 32, "random_state": 0}
    return BackpropRegressor(**given | settings)


def classifier(**settings):
    given = {"hidden_layer_sizes": (6,), "max_iter": 12, "batch_size": 32, "random_state": 0}
    return BackpropClassifier(**given | settings)


@pytest.fixture
def sizes(monkeypatch):
    """How many fits were trained at once, each time; 1 is a fit alone, but prepared."""
    seen = []
    train = fold._train
    monkeypatch.setattr(fold, "_train", lambda fits, n: seen.append(len(fits)) or train(fits, n))
    return seen


def compare(estimator, grid, data=NUMBERS, fit_params=None, **settings):
    """Both searches, after a look at all that they found."""
    settings = {"cv": 2, "return_train_score": True} | settings
    theirs = GridSearchCV(estimator, grid, **settings).fit(*data, **fit_params or {})
    ours = BackpropSearchCV(estimator, grid, **settings).fit(*data, **fit_params or {})
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    for name, values in theirs.cv_results_.items():
        if "_time" in name:
            assert (ours.cv_results_[name] >= 0).all()
        elif name == "params" or name.startswith("param_"):
            assert list(map(repr, ours.cv_results_[name])) == list(map(repr, values))
        else:
            np.testing.assert_allclose(ours.cv_results_[name], values, rtol=1e-6, atol=1e-6, err_msg=name)
    assert ours.n_splits_ == theirs.n_splits_
    assert ours.multimetric_ is theirs.multimetric_
    assert set(vars(ours)) == set(vars(theirs))
    if ours.refit:
        assert ours.best_index_ == theirs.best_index_
        assert type(ours.best_estimator_) is type(theirs.best_estimator_)
        ours_predict, theirs_predict = ours.predict(data[0]), theirs.predict(data[0])
        if theirs_predict.dtype.kind == "U":
            assert (ours_predict == theirs_predict).all()
        else:
            np.testing.assert_allclose(ours_predict, theirs_predict, rtol=1e-6, atol=1e-9)
    return ours, theirs


# every one of them trains four candidates at once on each fold
ALIKE = {
    "adam": regressor(),
    "adam, two layers": regressor(hidden_layer_sizes=(6, 4), activation="tanh"),
    "sgd": regressor(solver="sgd"),
    "sgd without momentum": regressor(solver="sgd", momentum=0.0),
    "rmsprop": regressor(solver="rmsprop"),
    "lion, nadam's clipping": regressor(solver="nadam", clip_norm=0.5),
    "not shuffled": regressor(shuffle=False),
    "invscaling": regressor(solver="sgd", learning_rate="invscaling"),
    "adaptive": regressor(solver="sgd", learning_rate="adaptive", n_iter_no_change=1, tol=0.1, max_iter=30),
    "plateau": regressor(learning_rate="plateau", n_iter_no_change=1, tol=0.1, max_iter=30),
    "cosine": regressor(learning_rate=Cosine(0.1), schedule_epochs=20),
    "stops by the loss": regressor(tol=0.02, n_iter_no_change=2, max_iter=40),
    "stops early": regressor(early_stopping=True, n_iter_no_change=2, max_iter=40),
    "stops by a scorer": regressor(early_stopping=True, scoring="neg_mean_absolute_error", best_epoch="last"),
    "has a validation part": regressor(validation=3),
    "moving average": regressor(average="ema", early_stopping=True, n_iter_no_change=2),
    "average of the end": regressor(average="swa"),
    "dropout": regressor(hidden_layer_sizes=[Dense(8), Dropout(0.2)]),
    "batch normalisation": regressor(hidden_layer_sizes=[Dense(6), BatchNorm()]),
    "huber, scaled": regressor(loss="huber", target_scaling="standard", clamp=True),
    "quantiles": regressor(loss="quantile", quantile=[0.1, 0.5, 0.9]),
    "max_norm": regressor(hidden_layer_sizes=[Dense(6, max_norm=0.5, learning_rate=0.5)]),
}


RELATED = {
    "adam, two layers",
    "sgd without momentum",
    "rmsprop",
    "plateau",
    "stops by a scorer",
    "not shuffled",
}
slow = pytest.mark.slow


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=slow if name in RELATED else ()) for name in ALIKE]
)
def test_like_grid_search(name, sizes):
    compare(ALIKE[name], GRID)
    assert sizes == [4, 4]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True, "n_iter_no_change": 2},
        {"class_weight": "balanced", "loss": LogLoss(label_smoothing=0.1)},
        {"calibration": "temperature", "validation": 4},
    ],
)
def test_classifier(settings, sizes):
    compare(classifier(**settings), GRID, LABELS, scoring=["accuracy", "neg_log_loss"], refit="neg_log_loss")
    assert sizes == [4, 4]


@pytest.mark.smoke
def test_two_classes_and_labels_that_are_words():
    X, y = LABELS
    words = np.array(["no", "yes", "yes"])[y]
    compare(classifier(), GRID, (X, words), scoring="roc_auc")


def test_several_outputs_in_float32():
    X, y = NUMBERS
    data = X.astype(np.float32), np.column_stack([y, -y, y**2])
    compare(regressor(), GRID, data, scoring="neg_mean_squared_error")


@pytest.mark.parametrize("average", ["ema", pytest.param("swa", marks=slow)])
def test_averages_go_on_when_others_have_stopped(average, sizes):
    """Those who stop leave the network, and the averages of the rest move with them."""
    net = regressor(average=average, early_stopping=True, n_iter_no_change=2, max_iter=40)
    compare(net, {"learning_rate_init": [0.3, 0.1, 0.01, 0.001], "alpha": [0.0, 1.0]})
    assert max(sizes) == 8


def test_solver_objects(sizes):
    grid = [
        {"solver": [AdamW(), Muon()], "solver__learning_rate": [0.003, 0.03]},
        {"solver": [SGD(momentum=0.9, nesterov=True)], "solver__learning_rate": [0.01, 0.1], "alpha": [0, 1]},
        {"solver": [Adam(0.01)], "solver__beta_1": [0.8, 0.9]},
    ]
    compare(regressor(hidden_layer_sizes=(6, 4)), grid)
    assert sorted(sizes) == sorted(2 * [2, 2, 4, 1, 1])


def test_seeds_and_everything_that_may_differ(sizes):
    grid = {
        "random_state": [0, 1, np.random.RandomState(2)],
        "tol": [0.0, 0.05],
        "n_iter_no_change": [1, 3],
        "learning_rate": ["constant", "cosine"],
    }
    compare(regressor(max_iter=25, learning_rate_init=0.01), grid, cv=2)
    assert sizes == [24, 24]


def test_seeds_with_dropout_and_validation_parts():
    net = regressor(hidden_layer_sizes=[Dense(8), Dropout(0.2)], early_stopping=True, n_iter_no_change=3)
    compare(net, {"random_state": [0, 1, 2], "alpha": [0.0, 0.1]})


def test_other_shapes_are_groups_of_their_own(sizes):
    grid = {
        "hidden_layer_sizes": [(4,), [4], (5, 3)],
        "learning_rate_init": [0.01, 0.1],
        "batch_size": [16, 50],
    }
    compare(regressor(), grid)
    assert sorted(sizes) == 4 * [2] + 4 * [4]


def test_no_more_at_once_than_fit_into_the_cache(sizes, monkeypatch):
    monkeypatch.setattr(fold, "CACHED", 0)
    compare(regressor(), {"learning_rate_init": np.geomspace(0.001, 0.1, 9)})
    assert sizes == 2 * [5, 4]


@pytest.mark.parametrize("seeds", [[0], [0, 1]], ids=["one order", "orders"])
def test_members_are_replayed(seeds, monkeypatch):
    """A group on each of two folds, one after the other: the engine is told how many there are."""
    engines, make_engine = [], together.make_engine

    def noted(*arguments, **settings):
        engines.append((make_engine(*arguments, **settings), settings["n_trainings"]))
        return engines[-1][0]

    monkeypatch.setattr(together, "make_engine", noted)
    rates = np.geomspace(0.001, 0.1, 9).tolist()
    compare(regressor(engine="replay"), {"learning_rate_init": rates, "random_state": seeds})
    assert [(engine.refusal, n) for engine, n in engines] == 2 * [(None, 2)]


def test_a_class_that_is_missing_in_a_fold(sizes):
    X, y = LABELS
    order = np.argsort(y, kind="stable")
    compare(classifier(), GRID, (X[order], y[order]), cv=KFold(3))
    assert sizes == [4, 4, 4]


@pytest.mark.parametrize(
    "settings",
    [{"solver": "lbfgs"}, {"max_time": 100.0}, {"warm_start": True}, {"verbose": True}],
)
def test_what_is_fitted_alone(settings, sizes, capsys):
    compare(regressor(**settings), GRID)
    assert sizes == []


def test_some_of_the_candidates_are_fitted_alone(sizes):
    compare(regressor(), [{"solver": ["lbfgs"]}, GRID, {"warm_start": [True]}])
    assert sizes == [4, 4]


def test_sparse_rows_and_other_estimators(sizes):
    from scipy.sparse import csr_array

    compare(classifier(), GRID, (csr_array(LABELS[0]), LABELS[1]))
    other = MLPClassifier((4,), max_iter=5, random_state=0)
    compare(other, {"alpha": [0.1, 1.0]}, LABELS)
    assert sizes == []


class Epochs:
    """A callback that counts."""

    def __init__(self):
        self.n = 0

    def setup(self, estimator, context):
        pass

    teardown = setup

    def on_fit_task_begin(self, estimator, context, **given):
        pass

    def on_fit_task_end(self, estimator, context, **given):
        self.n += context.task_name == "epoch"


@pytest.mark.parametrize("kind", [GridSearchCV, BackpropSearchCV])
def test_callbacks_of_the_search_itself(kind):
    """They get the search that the user has, and each fit is a task."""
    pytest.importorskip("sklearn.callback")

    class Tasks(Epochs):
        def on_fit_task_end(self, estimator, context, **given):
            assert estimator is search
            self.n += context.task_name == "candidate-split-evaluation"

    tasks = Tasks()
    search = kind(regressor(max_iter=3), {"alpha": [0.0, 0.1]}, cv=2).set_callbacks(tasks)
    assert search.fit(*NUMBERS) is search
    assert tasks.n == 4


def test_callbacks_see_every_epoch(sizes):
    pytest.importorskip("sklearn.callback")
    epochs = Epochs()
    compare(regressor(max_iter=3).set_callbacks(epochs), {"alpha": [0.0, 0.1]})
    assert sizes == []
    assert epochs.n == 2 * 3 * (2 * 2 + 1)


class OwnWay(BackpropRegressor):
    def fit(self, X, y):
        super().fit(X, y)
        self.network_.theta *= 0.5
        return self


def test_a_subclass_has_its_own_way(sizes):
    compare(OwnWay(hidden_layer_sizes=4, max_iter=3, random_state=0), GRID)
    assert sizes == []


class Counting(StandardScaler):
    n_fits = 0

    def fit(self, X, y=None, sample_weight=None):
        Counting.n_fits += 1
        return super().fit(X, y, sample_weight)


def test_steps_before_the_network_are_fitted_once_a_fold(sizes):
    pipeline = Pipeline([("scale", Counting()), ("net", regressor())])
    grid = {f"net__{name}": values for name, values in GRID.items()}
    search = BackpropSearchCV(pipeline, grid, cv=2, refit=False)
    Counting.n_fits = 0
    search.fit(*NUMBERS)
    assert Counting.n_fits == 2
    ours, _ = compare(pipeline, {**grid, "scale__with_mean": [True, False]})
    assert sizes == 2 * [4] + 2 * [4, 4]
    assert [name for name, _ in ours.best_estimator_.steps] == ["scale", "net"]


def test_pipelines_of_many_kinds(sizes):
    columns = ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2, 3, 4])])
    grid = {
        "backpropclassifier__alpha": [0.0, 1.0],
        "columntransformer": [columns, "passthrough", StandardScaler()],
    }
    compare(make_pipeline(columns, classifier()), grid, LABELS)
    grid = [{"net": [classifier(), MLPClassifier((3,), max_iter=3, random_state=0)]}, {"net__alpha": [1.0]}]
    compare(Pipeline([("scale", StandardScaler()), ("net", classifier())]), grid, LABELS)
    assert sizes == 2 * [2, 2, 2] + 2 * [2]


def test_weights_and_groups():
    weights = np.random.default_rng(0).uniform(0.1, 2.0, len(NUMBERS[0]))
    groups = np.arange(len(weights)) % 7
    given = {"sample_weight": weights, "groups": groups}
    compare(regressor(early_stopping=True), GRID, fit_params=given, cv=GroupKFold(2))
    pipeline = Pipeline([("scale", StandardScaler()), ("net", regressor())])
    compare(pipeline, {"net__alpha": [0.0, 1.0]}, fit_params={"net__sample_weight": weights})


def test_metadata_routing():
    weights = np.random.default_rng(0).uniform(0.1, 2.0, len(NUMBERS[0]))
    with config_context(enable_metadata_routing=True):
        net = regressor().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scale = StandardScaler().set_fit_request(sample_weight=False)
        compare(net, GRID, fit_params={"sample_weight": weights})
        pipeline = Pipeline([("scale", scale), ("net", net)])
        scoring = make_scorer(r2_score).set_score_request(sample_weight=False)
        grid = {"net__alpha": [0.0, 1.0]}
        compare(pipeline, grid, fit_params={"sample_weight": weights}, scoring=scoring)


def by_loss(results):
    return int(np.argmax(results["mean_test_mae"]))


def epochs_and_score(net, X, y):
    return {"epochs": net.n_iter_, "best": net.best_loss_, "r2": net.score(X, y)}


def test_scores_of_every_kind():
    mae = make_scorer(mean_absolute_error, greater_is_better=False)
    compare(regressor(), GRID, scoring={"r2": "r2", "mae": mae}, refit=by_loss)
    compare(regressor(), GRID, scoring={"r2": "r2", "mae": mae}, refit=False)
    compare(
        regressor(),
        GRID,
        scoring=lambda net, X, y: {"epochs": net.n_iter_, "r2": net.score(X, y)},
        refit="r2",
    )
    compare(regressor(), GRID, return_train_score=False)


def test_scorers_get_what_they_would_get():
    """Pipelines and networks that can be looked at, cloned and fitted again."""
    seen = []

    def noted(model, X, y):
        again = clone(model).set_params(net__max_iter=3).fit(X, y)
        assert isinstance(model, Pipeline)
        assert isinstance(model[-1], BackpropRegressor)
        assert vars(model).keys() == vars(again).keys()
        is_trained = len(model), model["net"].n_iter_, model.get_params()["net__alpha"]
        seen.append((*is_trained, again["net"].n_iter_, model.score(X, y), again.score(X, y)))
        return model.fit(X, y).score(X, y)

    compare(
        Pipeline([("scale", StandardScaler()), ("net", regressor())]), {"net__alpha": [0, 1]}, scoring=noted
    )
    np.testing.assert_allclose(*np.split(np.array(seen), 2), rtol=1e-6)


def test_the_score_of_the_estimator():
    search = BackpropSearchCV(regressor(max_iter=2), {"alpha": [0.0, 0.1]}, cv=2).fit(*NUMBERS)
    assert "BackpropRegressor" in repr(search.scorer_)
    assert search.scorer_(search.best_estimator_, *NUMBERS) == search.score(*NUMBERS)


class Halving(BackpropSearchCV):
    """A way of its own through the candidates."""

    def _run_search(self, evaluate_candidates):
        found = evaluate_candidates([{"alpha": 0.1}, {"alpha": 1.0}])
        evaluate_candidates([{"alpha": found["params"][found["rank_test_score"].argmin()]["alpha"] / 2}])


def test_a_subclass_with_its_own_search():
    search = Halving(regressor(), {}, cv=2).fit(*NUMBERS)
    values = [params["alpha"] for params in search.cv_results_["params"]]
    assert values[:2] == [0.1, 1.0]
    assert values[2] in (0.05, 0.5)
    plain = GridSearchCV(regressor(), {"alpha": values}, cv=2).fit(*NUMBERS)
    assert_array_equal(search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"])


@pytest.mark.parametrize("kind", [GridSearchCV, BackpropSearchCV])
@pytest.mark.parametrize("settings", [{"param_grid": []}, {"param_grid": GRID, "cv": []}])
def test_nothing_to_fit(kind, settings):
    with pytest.raises(ValueError, match="No fits were performed"):
        kind(regressor(), **settings).fit(*NUMBERS)


def test_times_are_those_of_training(monkeypatch):
    """Of those trained at once, on each fold; one that is fitted alone has its own."""
    seconds = iter([1000.0, 3000.0])

    def timed(*arguments):
        time = next(seconds)
        return [(net, time if net is not None else 0.0) for net, _ in fold.train_candidates(*arguments)]

    monkeypatch.setattr(trained, "train_candidates", timed)
    grid = [{"alpha": [0.0, 0.1]}, {"solver": ["lbfgs"]}]
    results = BackpropSearchCV(regressor(), grid, cv=2).fit(*NUMBERS).cv_results_
    np.testing.assert_allclose(results["mean_fit_time"][:2], 2000.0, atol=100.0)
    np.testing.assert_allclose(results["std_fit_time"][:2], 1000.0, atol=100.0)
    assert 0.0 < results["mean_fit_time"][2] < 100.0


def test_folds_of_every_kind():
    compare(regressor(), GRID, cv=ShuffleSplit(2, test_size=0.3, random_state=0))
    folds = list(KFold(4).split(NUMBERS[0]))
    compare(regressor(), GRID, cv=folds)
    once = BackpropSearchCV(regressor(), GRID, cv=iter(folds)).fit(*NUMBERS)
    assert once.n_splits_ == 4
    rows = NUMBERS[0].tolist(), NUMBERS[1].tolist()
    compare(regressor(), GRID, rows, cv=KFold(3, shuffle=True, random_state=0))


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(NUMBERS[0], columns=list("abcde"), index=np.arange(7, 127))
    ours, _ = compare(regressor(), GRID, (X, pandas.Series(NUMBERS[1], index=X.index)))
    assert list(ours.feature_names_in_) == list("abcde")


def test_several_processes(sizes):
    ours, _ = compare(regressor(max_iter=3), GRID, n_jobs=2, cv=2)
    assert ours.cv_results_["mean_fit_time"].min() > 0
    net = make_pipeline(StandardScaler(), regressor(max_iter=3))
    grid = {f"backpropregressor__{name}": values for name, values in GRID.items()}
    # one fold for two processes: the candidates are divided
    compare(net, grid, n_jobs=2, cv=ShuffleSplit(1, test_size=0.5, random_state=0))


def test_a_fit_that_fails():
    grid = [{"alpha": [0.0, 0.1], "learning_rate_init": [0.01, 1e200]}, {"loss": ["gamma"]}, {"tol": [-1.0]}]
    with (
        pytest.warns(FitFailedWarning, match="12 fits failed"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        ours, _ = compare(regressor(solver="sgd", momentum=0.0), grid, cv=3)
    assert np.isnan(ours.cv_results_["mean_test_score"]).sum() == 4
    for search in (BackpropSearchCV, GridSearchCV):
        with pytest.raises(ValueError, match="diverged at epoch 1, step 2"):
            search(regressor(solver="sgd"), grid, error_score="raise").fit(*NUMBERS)


@pytest.mark.parametrize(
    "layers", [pytest.param((6,), marks=slow, id="plain"), pytest.param([6, Dropout(0.1)], id="dropout")]
)
def test_who_diverges_does_not_hold_up_the_others(layers, sizes):
    grid = {"learning_rate_init": [1e-3, 1e-2, 1e3], "random_state": [0, 1]}
    settings = {"hidden_layer_sizes": layers, "solver": "sgd", "max_iter": 40, "clip_norm": None}
    net = regressor(**settings, early_stopping=True, n_iter_no_change=20)
    with pytest.warns(FitFailedWarning), pytest.warns(UserWarning, match="non-finite"):
        compare(net, grid, cv=2, error_score=np.nan)
    assert sizes == [6, 6]


def test_a_bad_step_before_the_network():
    grid = {"net__alpha": [0.1], "scale__feature_range": [(0, 1), (1, 0)]}
    pipeline = Pipeline([("scale", MinMaxScaler()), ("net", regressor())])
    with (
        pytest.warns(FitFailedWarning, match="Minimum of desired"),
        pytest.warns(UserWarning, match="non-fin"),
    ):
        compare(pipeline, grid)


def test_a_search_that_fails_keeps_what_was_found():
    search = BackpropSearchCV(regressor(), GRID, cv=3).fit(*NUMBERS)
    found = dict(vars(search))
    with pytest.raises(ValueError, match="inconsistent"):
        search.fit(NUMBERS[0], NUMBERS[1][:-1])
    search.cv = 1000
    with pytest.raises(ValueError, match="n_splits=1000"):
        search.fit(*NUMBERS)
    search.cv = 3
    assert vars(search) == found
    with pytest.raises(ValueError, match="The 'n_jobs' parameter"):
        search.set_params(n_jobs="all").fit(*NUMBERS)


def test_a_search_one_by_one_that_fails_keeps_what_was_found():
    X, y = NUMBERS
    search = BackpropSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=3).fit(X, y)
    found = dict(vars(search))
    with pytest.raises(ValueError, match="must be"):
        search.set_params(estimator=Refusing(), param_grid={"alpha": [0.1]}).fit(X, y)
    search.set_params(estimator=found["estimator"], param_grid=found["param_grid"])
    assert vars(search) == found


class Refusing(Ridge):
    """Refuses all rows at once, those of the last fit."""

    def fit(self, X, y):
        if len(X) == len(NUMBERS[0]):
            raise ValueError("Rows must be fewer.")
        return super().fit(X, y)


@pytest.mark.parametrize("place", ["begin", "group", "alone"])
@pytest.mark.parametrize("fault", [AttributeError, KeyError, RuntimeError])
def test_a_fault_of_ours_surfaces(place, fault, monkeypatch):
    """It is not left to a fit alone, which may know nothing of it."""

    def fail(*arguments, **settings):
        raise fault("internal")

    if place == "begin":
        monkeypatch.setattr(fold.Fitting, "begin", fail)
    elif place == "group":
        monkeypatch.setattr(fold, "train_together", fail)
    else:
        monkeypatch.setattr(running, "_run_epochs", fail)
    grid = {"alpha": [0.0]} if place == "alone" else {"alpha": [0.0, 0.1]}
    with pytest.raises(fault, match="internal"):
        BackpropSearchCV(regressor(max_iter=2), grid, cv=2).fit(*NUMBERS)


def test_a_group_without_memory_is_fitted_one_by_one(monkeypatch):
    def fail(*arguments):
        raise MemoryError

    monkeypatch.setattr(fold, "train_together", fail)
    compare(regressor(max_iter=2), {"alpha": [0.0, 0.1]}, cv=2)


@dataclass(eq=False, repr=False)
class Failing(Huber):
    """A loss of the user that fails in its own way after some steps."""

    def value_and_delta(self, y, z, weight, out, work):
        raise LookupError("of the user")


class Mine(Dense):
    """A layer of the user."""


class FailingStep(StandardScaler):
    def fit(self, X, y=None):
        raise ZeroDivisionError("of the user")


def test_what_parts_of_the_user_raise_is_told_by_the_fits():
    grid = [{"loss": [Failing()], "alpha": [0.0, 0.1]}, {"alpha": [0.0]}]
    with (
        pytest.warns(FitFailedWarning, match="LookupError: of the user"),
        pytest.warns(UserWarning, match="non-f"),
    ):
        compare(regressor(max_iter=2), grid, cv=2)
    pipeline = Pipeline([("scale", None), ("net", regressor(max_iter=2))])
    grid = {"scale": [FailingStep(), StandardScaler()]}
    with (
        pytest.warns(FitFailedWarning, match="ZeroDivisionError: of the user"),
        pytest.warns(UserWarning, match="non-f"),
    ):
        compare(pipeline, grid, cv=2)


def my_score(net, X, y):
    return 0.0


@pytest.mark.parametrize(
    "thing, answer",
    [
        (1.0, False),
        ("adam", False),
        (None, False),
        (np.tanh, False),
        (NUMBERS, False),
        ({"sample_weight": [1.0]}, False),
        (regressor(hidden_layer_sizes=[Dense(3), Residual(Dense(3))]), False),
        (KFold(3), False),
        (check_scoring(regressor(), "r2"), False),
        (make_pipeline(StandardScaler(), regressor()), False),
        (Failing(), True),
        (Failing, True),
        (my_score, True),
        (lambda progress: 1.0, True),
        (regressor(loss=["huber", Failing()]), True),
        (regressor(hidden_layer_sizes=[Dense(3), Residual(Mine(3))]), True),
        (regressor(learning_rate=WarmUp(0.1, lambda progress: 1.0)), True),
        (regressor(scoring=make_scorer(my_score)), True),
        (make_pipeline(FailingStep(), regressor()), True),
        (FunctionTransformer(my_score), True),
    ],
)
def test_parts_of_the_user_are_known(thing, answer):
    assert is_of_the_user(thing) is answer


def test_like_any_estimator():
    search = BackpropSearchCV(regressor(), GRID, cv=3)
    assert search.get_params().keys() == GridSearchCV(regressor(), GRID).get_params().keys()
    fitted = clone(search).fit(*NUMBERS)
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict(NUMBERS[0]) == fitted.predict(NUMBERS[0])).all()
    assert again.score(*NUMBERS) == fitted.score(*NUMBERS)
    assert vars(search).keys() == vars(BackpropSearchCV(regressor(), GRID)).keys()
    assert vars(search.estimator) == vars(regressor())
    assert fitted.refit_time_ > 0


@pytest.mark.parametrize(("settings", "n_warnings"), [({}, 13), ({"learning_rate": "cosine"}, 0)])
def test_warnings_of_fits_that_are_not_over(settings, n_warnings):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        BackpropSearchCV(regressor(max_iter=2, **settings), GRID, cv=3).fit(*NUMBERS)
    messages = [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]
    assert len(messages) == n_warnings
    assert all("Maximum iterations (2) reached" in message for message in messages)


def small_search(estimator):
    """Long enough for the checks that ask for good predictions."""
    estimator.set_params(hidden_layer_sizes=20, learning_rate_init=0.05, max_iter=25, random_state=0)
    return BackpropSearchCV(estimator, {"alpha": [1e-4, 1e-3]}, cv=2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the t:UserWarning")
@scikit_learn_checks([small_search(BackpropClassifier())])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the t:UserWarning")
@scikit_learn_checks([small_search(BackpropRegressor())])
def test_scikit_learn_checks_of_a_regressor(estimator, check):
    check(estimator)


def test_tags_and_methods_are_the_estimators():
    for estimator in (regressor(), make_pipeline(StandardScaler(), classifier()), MLPClassifier(max_iter=3)):
        search = BackpropSearchCV(estimator, {}, cv=2)
        ours, theirs = get_tags(search), get_tags(estimator)
        assert ours == replace(theirs, array_api_support=ours.array_api_support, requires_fit=True)
        has_transform = ours.transformer_tags is not None
        assert hasattr(search, "transform") is hasattr(search, "fit_transform") is has_transform
    data = StandardScaler().fit_transform(NUMBERS[0]), NUMBERS[1]
    search = BackpropSearchCV(regressor(), {"alpha": [0.0, 0.1]}, cv=2)
    assert_array_equal(search.fit_transform(*data), search.best_estimator_.transform(data[0]))
    with pytest.raises(ValueError, match="BackpropSearchCV requires y to be passed"):
        search.fit(data[0])


def test_candidates_say_why_they_stopped():
    told = {GridSearchCV: [], BackpropSearchCV: []}
    for kind, reasons in told.items():

        def score(estimator, X, y, reasons=reasons):
            reasons.append(estimator.stop_reason_)
            return 0.0

        net = regressor(learning_rate="cosine", max_iter=6, early_stopping=True, n_iter_no_change=2)
        kind(net, {"alpha": [0.0, 0.1], "learning_rate_init": [0.01, 0.5]}, cv=2, scoring=score).fit(*NUMBERS)
    ours, theirs = (sorted(reasons) for reasons in told.values())
    assert ours == theirs and all(reason.startswith("Stopped after") for reason in ours)
