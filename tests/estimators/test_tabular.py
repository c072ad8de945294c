"""TabularBackpropClassifier and TabularBackpropRegressor."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from shared.checks import scikit_learn_checks
from shared.processes import in_another_process
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import d2_pinball_score, log_loss, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skbackprop
from skbackprop import TabularBackpropClassifier, TabularBackpropRegressor
from skbackprop.averaging import ExponentialAverage
from skbackprop.divergence import DivergenceError
from skbackprop.estimators.tabular.members import folds
from skbackprop.estimators.tabular.recipes import batch_size
from skbackprop.losses import Huber, JointLoss, Poisson, Quantiles
from skbackprop.network import net_input
from skbackprop.training import PlannedByTime

SMALL = {"n_estimators": 2, "hidden_layer_sizes": [16], "max_iter": 20, "random_state": 0}
BOTH = TabularBackpropClassifier, TabularBackpropRegressor
KINDS = pytest.mark.parametrize("kind", BOTH)
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "which rows are held out, and which make up a batch, is "
    "drawn by their number: a row that is given twice may be learned and held out"
}


@scikit_learn_checks(
    [TabularBackpropClassifier(recipe="bagged", **SMALL), TabularBackpropRegressor(recipe="td", **SMALL)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_sklearn_checks(estimator, check):
    check_or_skip(estimator, check)


@pytest.mark.slow
@scikit_learn_checks(
    [TabularBackpropClassifier(recipe="td_s", **SMALL), TabularBackpropRegressor(recipe="bagged", **SMALL)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_sklearn_checks_of_more_settings(estimator, check):
    check_or_skip(estimator, check)


def check_or_skip(estimator, check):
    if check.func.__name__ in ("check_methods_subset_invariance", "check_methods_sample_order_invariance"):
        pytest.skip(
            "float32: BLAS adds up in another order for other rows of a product; test_rows_alone has 1e-5"
        )
    check(estimator)


@KINDS
def test_rows_alone(kind):
    X, y = table()
    net = kind(**SMALL).fit(X, target_of(kind, y))
    together = _raw(net, X)
    alone = np.concatenate([_raw(net, X[k : k + 1]) for k in range(len(X))])
    assert_allclose(alone, together, rtol=1e-5, atol=1e-5)
    assert_allclose(_raw(net, X[::-1])[::-1], together, rtol=1e-5, atol=1e-5)


def table(n=120, seed=0):
    """Columns of every kind with holes; y depends on a number, a category and a date."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "number": rng.normal(size=n),
            "count": pd.array(rng.integers(0, 5, n), dtype="Int64"),
            "colour": rng.choice(["red", "green", "blue"], n),
            "city": pd.Categorical(rng.choice([f"city {k}" for k in range(12)], n)),
            "member": rng.random(n) < 0.5,
            "when": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, n), "D"),
            "constant": 1.0,
        }
    )
    y = 2 * X["number"] + 3 * (X["colour"] == "red") + X["when"].dt.month / 6
    for column in ("number", "count", "colour", "city", "when"):
        X.loc[rng.random(n) < 0.1, column] = None
    return X, y.to_numpy()


def labels(y):
    return np.array(["low", "middle", "high"])[np.digitize(y, np.quantile(y, [0.3, 0.6]))]


def target_of(kind, y):
    return labels(y) if kind is TabularBackpropClassifier else y


@KINDS
@pytest.mark.parametrize("recipe", ["bagged", "td", "td_s"])
def test_tables_as_they_come(kind, recipe):
    X, y = table(400)
    y = target_of(kind, y)
    net = kind(recipe=recipe, **SMALL | {"max_iter": 64, "hidden_layer_sizes": [32, 32]})
    net.fit(X[:300], y[:300])
    assert net.score(X[300:], y[300:]) > 0.7
    new = X[300:310].astype({"colour": object, "city": object})
    new.loc[:, "colour"], new.loc[:, "city"] = "never seen", None
    assert len(net.predict(new)) == 10
    assert_array_equal(net.feature_names_in_, X.columns)
    with pytest.raises(ValueError, match="feature names"):
        net.predict(X[X.columns[::-1]])


@KINDS
def test_a_frame_of_polars_is_one_of_pandas(kind):
    polars = pytest.importorskip("polars")
    X, y = table()
    X = X.drop(columns=["when", "count"])
    y = target_of(kind, y)
    columns = {name: X[name].astype(object).where(X[name].notna(), None).tolist() for name in X}
    a, b = kind(**SMALL).fit(X, y), kind(**SMALL).fit(polars.DataFrame(columns), y)
    assert_allclose(_raw(a, X), _raw(b, polars.DataFrame(columns)), rtol=1e-4, atol=1e-5)


def _raw(net, X):
    return net.predict_log_proba(X) if hasattr(net, "classes_") else net.predict(X)


@pytest.mark.parametrize("strata", [None, np.repeat([0, 1, 2], [50, 30, 21])])
def test_each_member_holds_out_a_part_of_its_own(strata):
    learned, held_out = map(np.array, folds(101, 7, 0.2, strata, np.random.RandomState(0)))
    assert learned.shape == (7, 80)
    assert held_out.shape == (7, 20)
    for a, b in zip(learned, held_out):
        assert len(np.unique(np.concatenate([a, b]))) == 100
    assert len(np.unique(held_out[:5])) == 100
    if strata is not None:
        shares = np.array([np.bincount(strata[rows], minlength=3) for rows in held_out])
        assert np.ptp(shares, axis=0).max() <= 1


def test_too_few_rows_hold_out_none():
    learned, held_out = map(np.array, folds(7, 2, 0.2, None, np.random.RandomState(0)))
    assert learned.shape == (2, 7)
    assert held_out.shape == (2, 0)
    assert np.size(folds(100, 2, 0.0, None, None)[1]) == 0


@KINDS
def test_members_have_their_last_best_weights(kind):
    X, y = table()
    net = kind(**SMALL).fit(X, target_of(kind, y))
    curve = net.validation_curves_
    assert curve.shape == (net.n_iter_, 2) == (20, 2)
    for member in range(2):
        assert net.best_epochs_[member] == np.flatnonzero(curve[:, member] == curve[:, member].min())[-1]
        assert net.validation_losses_[member] == curve[:, member].min()


@KINDS
@pytest.mark.parametrize("sizes", [[8], [1024]], ids=["together", "apart"])
def test_processes_change_nothing(kind, sizes):
    X, y = table()
    settings = SMALL | {"n_estimators": 3, "max_iter": 4, "hidden_layer_sizes": sizes, "batch_size": 32}
    alone, *nets = [kind(**settings, n_jobs=n_jobs).fit(X, target_of(kind, y)) for n_jobs in (None, 2)]
    with joblib.parallel_config("threading", n_jobs=2):
        nets.append(kind(**settings).fit(X, target_of(kind, y)))
    assert len(alone.networks_) == (1 if sizes == [8] else 3)
    for net in nets:
        assert_array_equal(_raw(net, X), _raw(alone, X))


def test_the_mean_of_the_members():
    X, y = load_iris(return_X_y=True)
    net = TabularBackpropClassifier(**SMALL).fit(X, y)
    rows = net.encoder_.transform(X)
    members = np.concatenate([network.forward(rows).copy() for network in net.networks_])
    assert_allclose(net.predict_proba(X), softmax(members, axis=-1).mean(axis=0), rtol=1e-4)
    assert_allclose(net.predict_proba(X).sum(axis=1), 1)
    assert_array_equal(net.predict(X), net.predict_proba(X).argmax(axis=1))
    assert_allclose(np.exp(net.decision_function(X)), net.predict_proba(X))
    X, y = load_breast_cancer(return_X_y=True)
    net = TabularBackpropClassifier(**SMALL).fit(X, y)
    p = net.predict_proba(X)
    assert_allclose(net.decision_function(X), np.log(p[:, 1] / p[:, 0]), rtol=1e-6)


def test_the_recipes_networks():
    X, y = table()
    net = TabularBackpropRegressor(recipe="td", **SMALL | {"hidden_layer_sizes": [8, 8]}).fit(X, y)
    layers = net.networks_[0].root.layer.layers
    assert [type(layer).__name__ for layer in layers] == [
        *("Blocks", "Scale", "NTKDense", "Parametric", "Dropout", "NTKDense", "Parametric", "Dropout"),
        "NTKDense",
    ]
    assert [type(layer).__name__ for layer in layers[0].layers] == ["PBLD", "Passthrough", "Embedding"]
    assert (layers[1].learning_rate, layers[2].bias_learning_rate, layers[3].learning_rate) == (6, 0.1, 0.1)
    assert layers[4].rate.at(0.25) == 0.15
    (training, *_) = net.partial_fit(X, y)._streams[0]
    assert training.descent.transforms[0].beta_2 == 0.95
    net = TabularBackpropClassifier(recipe="td_s", **SMALL).fit(X, labels(y))
    layers = net.networks_[0].root.layer.layers
    assert [type(layer).__name__ for layer in layers] == ["Scale", "NTKDense", "NTKDense"]
    assert type(layers[1].activation).__name__ == "SELU"
    assert [type(layer.initializer).__name__ for layer in layers[1:]] == ["NTK", "Zeros"]


@KINDS
def test_what_recipes_stand_for(kind):
    of = {recipe: kind(recipe=recipe)._settings() for recipe in ("bagged", "td", "td_s")}
    assert [settings.n_estimators for settings in of.values()] == [5, 1, 1]
    assert [settings.hidden_layer_sizes for settings in of.values()] == [[128] * 3, [256] * 3, [256] * 3]
    assert [settings.max_iter for settings in of.values()] == [100, 256, 256]
    bagged = 0.15 if kind is TabularBackpropClassifier else 0
    assert [settings.dropout for settings in of.values()] == [bagged, 0.15, 0]
    given = kind(recipe="td_s", dropout=0.3, max_iter=7)._settings()
    assert (given.dropout, given.max_iter, given.weight_decay) == (0.3, 7, 0)
    sizes = [batch_size(of["bagged"], n) for n in (1000, 8000, 9000, 50_000, 10**6)]
    assert sizes == [64, 128, 256, 512, 1024]


@pytest.mark.parametrize("kind_of_embedding", ["pbld", "plr", "pl", "none"])
def test_numeric_embeddings(kind_of_embedding):
    X, y = load_diabetes(return_X_y=True)
    net = TabularBackpropRegressor(numeric_embedding=kind_of_embedding, **SMALL).fit(X, y)
    kinds = {type(layer).__name__.lower() for _, layer, _, _ in net.networks_[0].parts()}
    assert (kind_of_embedding in kinds) == (kind_of_embedding != "none")
    assert np.isfinite(net.predict(X)).all()


def test_predictions_stay_in_the_range_of_the_target():
    X = np.linspace(0, 1, 60)[:, None]
    y = 1e6 + 1e3 * X[:, 0]
    net = TabularBackpropRegressor(**SMALL).fit(X, y)
    far = np.array([[-50.0], [50.0]])
    assert y.min() <= net.predict(far).min() <= net.predict(far).max() <= y.max()
    free = TabularBackpropRegressor(clamp=False, **SMALL).fit(X, y)
    assert free.predict(far).max() > y.max()


def test_several_outputs():
    X, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, -2 * y])
    net = TabularBackpropRegressor(**SMALL).fit(X, y)
    assert net.predict(X).shape == (442, 2)
    assert net.n_outputs_ == 2
    assert net.score(X, y) > 0.3


def test_quantiles():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(900, 1))
    y = X[:, 0] * rng.normal(size=900)
    levels = [0.1, 0.5, 0.9]
    settings = SMALL | {"max_iter": 64}
    net = TabularBackpropRegressor(loss="quantile", quantile=levels, **settings).fit(X[:600], y[:600])
    predicted = net.predict(X[600:])
    assert predicted.shape == (300, 3)
    assert (np.diff(predicted, axis=1) >= 0).all()
    for k, level in enumerate(levels):
        flat = np.full(300, np.quantile(y[:600], level))
        found = mean_pinball_loss(y[600:], predicted[:, k], alpha=level)
        assert found < 1.02 * mean_pinball_loss(y[600:], flat, alpha=level)
    low, high = net.predict_interval(X[600:], 0.8).T
    assert 0.7 < np.mean((low <= y[600:]) & (y[600:] <= high)) < 0.9
    with pytest.raises(ValueError, match="quantile"):
        net.predict_interval(X, 0.5)


def test_intervals_from_the_rows_held_out():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(1200, 2))
    y = 3.0 * X[:, 0] + rng.normal(size=1200)
    net = TabularBackpropRegressor(**SMALL | {"n_estimators": 5}).fit(X[:600], y[:600])
    assert net.validation_residuals_.shape == (600,)
    assert (np.diff(net.validation_residuals_) >= 0).all()
    for coverage in (0.5, 0.9):
        low, high = net.predict_interval(X[600:], coverage).T
        assert coverage - 0.06 < np.mean((low <= y[600:]) & (y[600:] <= high)) < coverage + 0.06
    several = TabularBackpropRegressor(**SMALL).fit(X, np.column_stack([y, 100 * y]))
    assert several.predict_interval(X[:7]).shape == (7, 2, 2)
    none = TabularBackpropRegressor(**SMALL, validation_fraction=0.0).fit(X, y)
    with pytest.raises(ValueError, match="predict_interval needs"):
        none.predict_interval(X)
    with pytest.raises(ValueError, match=r"coverage=1\.5 must be"):
        net.predict_interval(X, 1.5)


@KINDS
def test_given_rows_to_validate_on(kind):
    X, y = table(300)
    y = target_of(kind, y)
    net = kind(**SMALL).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    everything = kind(**SMALL, validation_fraction=0.0).fit(X[:200], y[:200])
    assert_array_equal(net.loss_curves_, everything.loss_curves_)  # no row is held out
    z = np.concatenate(
        [network.predict(net.encoder_.transform(X[200:]), net_input) for network in net.networks_]
    )
    columns = net.model_.targets.encode(y[200:], np.float32)
    measured = [net._criterion(net.model_.loss)(columns, each, None) for each in z]
    assert_allclose(net.validation_losses_, measured, rtol=1e-5)
    assert_allclose(net.validation_losses_, net.validation_curves_.min(axis=0))
    with pytest.raises(ValueError, match="y_val is None"):
        kind(**SMALL).fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="leave one out"):
        kind(**SMALL, validation=3).fit(X, y, X_val=X, y_val=y)


def test_splitters_say_which_rows_members_hold_out():
    X, y = load_diabetes(return_X_y=True)
    groups = np.arange(len(y)) // 20

    def of_members(validation, n_members=4, **given):
        net = TabularBackpropRegressor(validation=validation, **SMALL | {"n_estimators": n_members})
        _, rows, y_read, numbered = net._learn_table(X, y, None, net._settings(), **given)
        return net._folds(rows, y_read, numbered, None, net._settings(), None)

    _, held_out = of_members(KFold(4))
    assert_array_equal(np.sort(np.concatenate(held_out)), np.arange(len(y)))
    for learned, part in zip(*of_members(TimeSeriesSplit(5))):
        assert_array_equal(part, np.arange(len(y))[-len(part) :])
        assert_array_equal(learned, np.arange(len(y) - len(part)))
    for learned, part in zip(*of_members(GroupKFold(4), groups=groups)):
        assert not set(groups[learned]) & set(groups[part])
        assert len(learned) + len(part) == len(y)


@pytest.mark.parametrize("validation", [KFold(3), TimeSeriesSplit(4), GroupKFold(3)], ids=str)
@KINDS
def test_fits_with_splitters(kind, validation):
    X, y = table(200)
    y = target_of(kind, y)
    groups = np.arange(200) // 7 if isinstance(validation, GroupKFold) else None
    net = kind(validation=validation, **SMALL | {"n_estimators": 3}).fit(X, y, groups=groups)
    assert np.isfinite(net.validation_losses_).all()
    assert net.validation_losses_.shape == (3,)
    assert len(net.predict(X)) == 200


def test_groups_go_with_the_rows_that_count():
    X, y = load_diabetes(return_X_y=True)
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    groups, counts = np.arange(len(y)) // 20, weight > 0
    settings = SMALL | {"validation": GroupKFold(3)}
    net = TabularBackpropRegressor(**settings).fit(X, y, weight, groups=groups)
    alone = TabularBackpropRegressor(**settings).fit(X[counts], y[counts], groups=groups[counts])
    assert_array_equal(net.validation_curves_[:, 0].shape, alone.validation_curves_[:, 0].shape)
    with pytest.raises(ValueError, match="groups"):
        TabularBackpropRegressor(**settings).fit(X, y, groups=groups[:-1])
    with pytest.raises(ValueError, match="also rows to train on"):
        TabularBackpropRegressor(validation=[(np.arange(300), np.arange(200, 400))], **SMALL).fit(X, y)


class Pressed(BaseEstimator):
    """A schedule that stands for a user who presses Ctrl-C at a call."""

    def __init__(self, at):
        self.at, self.n = at, 0

    def __call__(self, progress):
        self.n += 1
        if self.n == self.at:
            raise KeyboardInterrupt
        return 1.0


def test_an_interrupt_keeps_the_best_so_far():
    X, y = table(300)
    settings = SMALL | {"max_iter": 20, "engine": "numpy", "batch_size": 50}
    whole = TabularBackpropRegressor(learning_rate="constant", **settings).fit(X, y)
    with pytest.warns(UserWarning, match="interrupted"):
        net = TabularBackpropRegressor(learning_rate=Pressed(28), **settings).fit(X, y)
    assert 0 < net.n_iter_ < 20
    assert_array_equal(net.loss_curves_, whole.loss_curves_[: net.n_iter_])
    assert_array_equal(net.validation_losses_, whole.validation_curves_[: net.n_iter_].min(axis=0))
    assert len(net.predict(X)) == 300
    before = net.predict(X)
    net.set_params(learning_rate=Pressed(2))
    with pytest.warns(UserWarning, match="No epoch was over"):
        net.fit(X, y)
    assert_array_equal(net.predict(X), before)


def test_time_is_kept_within_a_step():
    """After one step of one epoch, of many, the time is over."""
    X, y = table(400)
    settings = SMALL | {"batch_size": 20, "max_iter": 50, "refit": False}
    one_step = TabularBackpropRegressor(**settings, max_time=1e-9).fit(X, y)
    whole = TabularBackpropRegressor(**settings | {"max_iter": 1}, learning_rate="constant").fit(X, y)
    assert one_step.n_iter_ == 1
    assert not np.allclose(one_step.predict(X), whole.predict(X))


def test_quantiles_are_those_of_the_fit():
    X, y = load_diabetes(return_X_y=True)
    net = TabularBackpropRegressor(loss=Quantiles((0.1, 0.5, 0.9)), **SMALL).fit(X, y)
    low, _, high = net.predict(X).T
    net.set_params(loss="quantile", quantile=[0.2, 0.8])
    assert_array_equal(net.predict_interval(X, 0.8), np.column_stack([low, high]))
    with pytest.raises(ValueError, match="needs the quantiles"):
        net.predict_interval(X, 0.6)


def test_score_of_quantiles():
    X, y = load_diabetes(return_X_y=True)
    levels = [0.2, 0.8]
    net = TabularBackpropRegressor(loss="quantile", quantile=levels, **SMALL).fit(X, y)
    scores = [d2_pinball_score(y, column, alpha=q) for column, q in zip(net.predict(X).T, levels)]
    assert net.score(X, y) == pytest.approx(np.mean(scores))


def test_a_loss_for_each_target():
    X, y = load_diabetes(return_X_y=True)
    loss = JointLoss([Huber(), Quantiles((0.1, 0.5, 0.9))])
    net = TabularBackpropRegressor(loss=loss, **SMALL).fit(X, np.column_stack([y, 1e6 + y]))
    predicted = net.predict(X)
    assert predicted.shape == (442, 4)
    assert predicted[:, 0].max() < 1000 < 1e6 < predicted[:, 1:].min()
    assert 0 < net.score(X, np.column_stack([y, 1e6 + y])) < 1


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log_cosh", Huber(0.5)])
def test_losses(loss):
    X, y = load_diabetes(return_X_y=True)
    assert TabularBackpropRegressor(loss=loss, **SMALL).fit(X, y).score(X, y) > 0.3


def overlapping(n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    return X, (X[:, 0] + rng.normal(size=n) > 1).astype(int)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc"])
def test_scoring(scoring):
    X, y = overlapping(300)
    net = TabularBackpropClassifier(scoring=scoring, **SMALL).fit(X, y)
    smoothing = net.model_.loss.label_smoothing
    assert smoothing == (0.1 if scoring == "accuracy" else 0.0)
    _, held_out = folds(300, 2, 0.2, y, np.random.RandomState(0))
    curve = net.validation_curves_[net.best_epochs_, [0, 1]]
    assert_allclose(curve, net.validation_losses_)
    rows = net.encoder_.transform(X)
    members = np.concatenate([network.forward(rows).copy() for network in net.networks_])
    for z, part, measured in zip(members, held_out, net.validation_losses_):
        p = softmax(z[part].astype(float), axis=1)
        if scoring == "accuracy":
            assert_allclose(measured, np.mean(p.argmax(axis=1) != y[part]))
        if scoring == "neg_log_loss":
            assert_allclose(measured, log_loss(y[part], p), rtol=1e-4)


def test_temperature():
    X, y = overlapping(400)
    settings = SMALL | {"max_iter": 60, "label_smoothing": 0.4}
    X_test, y_test = overlapping(2000, 1)
    raw = TabularBackpropClassifier(**settings).fit(X, y)
    scaled = TabularBackpropClassifier(calibration="temperature", **settings).fit(X, y)
    assert raw.temperature_ is None
    assert scaled.temperature_ < 0.8
    assert log_loss(y_test, scaled.predict_proba(X_test)) < log_loss(y_test, raw.predict_proba(X_test))


def test_weights():
    X, y = overlapping(300)
    settings = SMALL | {"max_iter": 60}
    usual = TabularBackpropClassifier(**settings).fit(X, y)
    balanced = TabularBackpropClassifier(class_weight="balanced", **settings).fit(X, y)
    weight = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    given = TabularBackpropClassifier(**settings).fit(X, y, sample_weight=weight)
    assert balanced.predict(X).mean() > usual.predict(X).mean() + 0.05
    assert_allclose(balanced.predict_proba(X), given.predict_proba(X), rtol=0.05, atol=0.02)
    with pytest.raises(ValueError, match="sample_weight"):
        usual.fit(X, y, sample_weight=np.zeros(300))


def test_rows_without_weight_are_not_learned():
    X, y = load_diabetes(return_X_y=True)
    wrong = np.arange(442) % 3 == 0
    y_wrong = np.where(wrong, 10_000.0, y)
    net = TabularBackpropRegressor(**SMALL).fit(X, y_wrong, sample_weight=(~wrong).astype(float))
    assert net.score(X[~wrong], y[~wrong]) > 0.3


def test_rows_without_weight_are_not_held_out():
    X, y = load_diabetes(return_X_y=True)
    weight = np.zeros(442)
    weight[:40] = 1.0
    y[40:] = 1e6
    net = TabularBackpropRegressor(**SMALL).fit(X, y, sample_weight=weight)
    assert np.isfinite(net.validation_losses_).all()
    assert net.predict(X).max() <= y[:40].max()
    few = TabularBackpropClassifier(**SMALL).fit(X, y > 1e5, sample_weight=np.arange(442) == 0)
    assert not few.predict(X[:1])
    for scoring in ("roc_auc", "neg_log_loss"):
        net = TabularBackpropClassifier(scoring=scoring, calibration="temperature", **SMALL)
        net.fit(X, y > 1e5, sample_weight=weight)
        assert_array_equal(net.classes_, [False, True])
        assert np.isfinite(net.validation_losses_).all()


@KINDS
def test_refit_learns_all_rows_for_the_best_number_of_epochs(kind):
    X, y = table()
    y = target_of(kind, y)
    once, again = (kind(refit=refit, **SMALL).fit(X, y) for refit in (False, True))
    assert_array_equal(once.best_epochs_, again.best_epochs_)
    assert (_raw(once, X) != _raw(again, X)).any()
    assert again.score(X, y) > 0.5 * once.score(X, y)


@pytest.mark.parametrize("average", ["ema", "swa"])
def test_averages(average):
    X, y = load_diabetes(return_X_y=True)
    assert TabularBackpropRegressor(average=average, **SMALL).fit(X, y).score(X, y) > 0.3


@KINDS
def test_muon(kind):
    X, y = table(200)
    settings = SMALL | {"hidden_layer_sizes": [16, 16], "solver": "muon"}
    assert kind(**settings).fit(X, target_of(kind, y)).score(X, target_of(kind, y)) > 0.5


def test_early_stopping():
    X, y = np.random.default_rng(0).normal(size=(200, 3)), np.tile([0.0, 1.0], 100)
    net = TabularBackpropRegressor(early_stopping=True, n_iter_no_change=3, **SMALL | {"max_iter": 200})
    net.fit(X, y)
    assert net.n_iter_ < 100
    last = [np.isfinite(curve).sum() for curve in net.validation_curves_.T]
    assert (np.array(last) - 1 - net.best_epochs_ >= 3).all()


@pytest.mark.parametrize("recipe, stops", [("bagged", True), ("td", False), ("td_s", False)])
def test_which_recipes_stop_early(recipe, stops):
    X, y = np.random.default_rng(0).normal(size=(200, 3)), np.tile([0.0, 1.0], 100)
    settings = SMALL | {"recipe": recipe, "max_iter": 60}
    net = TabularBackpropRegressor(**settings).fit(X, y)
    assert (net.n_iter_ < 60) == stops
    if stops:
        assert net.n_iter_ == net.best_epochs_.max() + 1 + 0.4 * 60  # epochs count from 0
        assert TabularBackpropRegressor(early_stopping=False, **settings).fit(X, y).n_iter_ == 60


def test_time_is_planned(monkeypatch):
    plan, now = PlannedByTime(100, max_time=10.0), [0.0]
    with monkeypatch.context() as patched:
        patched.setattr("skbackprop.training.limits.monotonic", lambda: now[0])
        plan.begin()
        found = []
        for n_done, now[0] in ((0, 0.0), (1, 0.01), (10, 2.0), (49, 10.1)):
            found.append(min(100, plan.planned(n_done)))
        assert found == [100, 100, 50, 49]
        assert plan.is_late()
    X, y = load_diabetes(return_X_y=True)
    net = TabularBackpropRegressor(max_time=0.5, **SMALL | {"max_iter": 100_000}).fit(X, y)
    assert 0 < net.n_iter_ < 50_000  # to do them all takes minutes; how many are done is up to the machine
    assert np.isfinite(net.predict(X)).all()


@KINDS
def test_streams(kind):
    X, y = table(400)
    y = target_of(kind, y)
    known = {"classes": np.unique(y)} if kind is TabularBackpropClassifier else {}
    net = kind(**SMALL).partial_fit(X[:200], y[:200], **known)
    medians = net.encoder_.center_.copy()
    first = net.score(X[300:], y[300:])
    for _ in range(10):
        net.partial_fit(X[:200], y[:200]).partial_fit(X[200:300], y[200:300])
    assert net.score(X[300:], y[300:]) > max(first, 0.5)
    assert_array_equal(medians, net.encoder_.center_)
    copy = pickle.loads(pickle.dumps(net))
    for one in (net, copy):
        one.partial_fit(X[300:], y[300:])
    assert_array_equal(_raw(net, X), _raw(copy, X))
    fitted = kind(**SMALL).fit(X[:300], y[:300])
    before = _raw(fitted, X)
    with pytest.raises(ValueError):
        fitted.partial_fit(X[["number"]], y)
    assert_array_equal(before, _raw(fitted, X))
    fitted.partial_fit(X[300:], y[300:])
    assert (before != _raw(fitted, X)).any()


def test_streams_know_their_classes():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="classes must be passed"):
        TabularBackpropClassifier(**SMALL).partial_fit(X, y)
    net = TabularBackpropClassifier(**SMALL).partial_fit(X[:50], y[:50], classes=[0, 1, 2])
    assert net.predict_proba(X).shape == (150, 3)
    with pytest.raises(ValueError, match="not the same"):
        net.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="classes not in"):
        net.partial_fit(X, y + 1)


def test_streams_learn_whatever_backend_is_chosen():
    X, y = load_diabetes(return_X_y=True)
    settings = SMALL | {"hidden_layer_sizes": [1024], "batch_size": 256}
    expected = TabularBackpropRegressor(**settings).partial_fit(X, y).partial_fit(X, y)
    assert len(expected.networks_) == 2
    with joblib.parallel_config("loky", n_jobs=2):
        found = TabularBackpropRegressor(**settings).partial_fit(X, y).partial_fit(X, y)
    assert_array_equal(found.predict(X), expected.predict(X))


def test_streams_predict_with_the_average():
    X, y = load_diabetes(return_X_y=True)
    raw, first, averaged = (
        TabularBackpropRegressor(average=average, **SMALL)
        for average in (None, ExponentialAverage(0.0), ExponentialAverage(0.99))
    )
    for _ in range(3):
        for net in (raw, first, averaged):
            net.partial_fit(X, y)
    assert_allclose(first.predict(X), raw.predict(X), rtol=1e-4)
    assert np.abs(averaged.predict(X) - raw.predict(X)).max() > 1
    (training, _), *_ = averaged._streams
    assert_array_equal(averaged.networks_[0].theta, training.averaging.mean)
    assert_allclose(training.theta, raw.networks_[0].theta, rtol=1e-4, atol=1e-5)


def test_copies_predict_alike(tmp_path):
    X, y = table()
    nets = [kind(**SMALL).fit(X, target_of(kind, y)) for kind in BOTH]
    expected = [_raw(net, X) for net in nets]
    for net, outputs in zip(nets, expected):
        net.save(tmp_path / "net.skb")
        assert_array_equal(_raw(skbackprop.load(tmp_path / "net.skb"), X), outputs)
        assert clone(net).get_params() == net.get_params()
    program = "import pickle; answer = [predict(X) for predict in pickle.loads(pickled)]"
    pickled = pickle.dumps([nets[0].predict_log_proba, nets[1].predict])
    _, found = in_another_process(program, pickled=pickled, X=X)
    for of_the_other, outputs in zip(found, expected, strict=True):
        assert_allclose(of_the_other, outputs, rtol=1e-5, atol=1e-6)


def test_in_a_search():
    X, y = table()
    net = make_pipeline(FunctionTransformer(), TabularBackpropClassifier(**SMALL))
    grid = {"tabularbackpropclassifier__dropout": [0.0, 0.2]}
    search = GridSearchCV(net, grid, cv=2, n_jobs=2, error_score="raise").fit(X, labels(y))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@KINDS
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recipe": "best"}, "'recipe' parameter"),
        ({"hidden_layer_sizes": [16, 0]}, r"hidden_layer_sizes=\[16, 0\]"),
        ({"hidden_layer_sizes": ["wide"]}, "hidden_layer_sizes="),
        ({"validation_fraction": 0.7}, "'validation_fraction' parameter"),
        ({"n_estimators": 0}, "'n_estimators' parameter"),
        ({"learning_rate": "fast"}, "'learning_rate' parameter"),
    ],
)
def test_errors_lose_nothing(kind, settings, message):
    X, y = table()
    y = target_of(kind, y)
    net = kind(**SMALL).fit(X, y)
    expected = _raw(net, X)
    with pytest.raises(ValueError, match=message):
        net.set_params(**settings).fit(X[["number"]], y)
    assert_array_equal(_raw(net, X), expected)


def test_targets_that_are_refused():
    X, y = table()
    with pytest.raises(ValueError, match="y"):
        TabularBackpropRegressor(**SMALL).fit(X, np.where(y > 1, np.nan, y))
    with pytest.raises(ValueError, match="Unknown label type"):
        TabularBackpropClassifier(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="inconsistent"):
        TabularBackpropClassifier(**SMALL).fit(X, labels(y)[1:])
    with pytest.raises(ValueError, match="loss="):
        TabularBackpropRegressor(loss=Poisson(), **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="y: Input y contains NaN"):
        TabularBackpropRegressor(**SMALL).fit(X, [None, *y[1:]])
    with pytest.raises(ValueError, match="y is too large to be standardised"):
        TabularBackpropRegressor(**SMALL).fit(X, 1e300 * y)
    with pytest.raises(ValueError, match="sample_weight: the sum of the weights, inf"):
        TabularBackpropRegressor(**SMALL).fit(X, y, np.full(120, 1e307))


@pytest.mark.parametrize(
    "missing", [lambda y: y.astype(object), lambda y: pd.Series(y, dtype="string"), pd.Categorical]
)
def test_labels_that_are_missing(missing):
    X, y = table()
    y = pd.Series(missing(labels(y)))
    y[3] = None
    with pytest.raises(ValueError, match="y: Input y contains NaN"):
        TabularBackpropClassifier(**SMALL).fit(X, y)


def test_an_error_tells_when_training_diverged():
    X, y = load_diabetes(return_X_y=True)
    net = TabularBackpropRegressor(learning_rate=lambda t: 1.0 if t < 0.5 else 1e30, **SMALL)
    with pytest.raises(DivergenceError, match="at epoch 11, step"):
        net.fit(X, y)


def test_few_rows_and_classes():
    X, y = table(6)
    assert TabularBackpropRegressor(**SMALL).fit(X[:1], y[:1]).predict(X) == pytest.approx(y[0])
    net = TabularBackpropClassifier(**SMALL).fit(X, ["only"] * 6)
    assert_array_equal(net.predict(X), ["only"] * 6)
    assert_array_equal(net.predict_proba(X), np.ones((6, 1)))
    y = np.array([True, False] * 3)
    assert TabularBackpropClassifier(**SMALL).fit(X, y).predict(X).dtype == bool


@pytest.mark.parametrize("columns", [["colour"], ["city"], ["number"], ["constant"], ["member", "city"]])
@KINDS
def test_tables_of_one_kind_of_column(kind, columns):
    X, y = table()
    net = kind(**SMALL).fit(X[columns], target_of(kind, y))
    assert len(net.predict(X[columns])) == len(y)


def test_verbose(capsys):
    X, y = table()
    TabularBackpropRegressor(verbose=True, **SMALL).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["epoch", "loss", "val", "loss", "rate", "left"]
    assert [int(line.split()[0]) for line in lines[1:-1]] == list(range(1, 21))
    assert lines[-1].startswith("Stopped after 20 epochs: all epochs of max_iter are done; the weights are")
