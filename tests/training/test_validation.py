"""The validation part of a fit: which rows it is, what is measured on it, what it decides."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.datasets import load_diabetes
from sklearn.metrics import accuracy_score, get_scorer, log_loss, make_scorer, mean_squared_error, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * RNG.normal(size=120)
C = np.digitize(Y, [-0.5, 0.5])
B = Y > 0
WEIGHT = RNG.uniform(0.1, 2, 120)
HELD_OUT = np.arange(120) >= 90  # the last quarter
PART = PredefinedSplit(np.where(HELD_OUT, 0, -1))
TRAIN, VAL = X[~HELD_OUT], X[HELD_OUT]
SETTINGS = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.01, "batch_size": 20, "random_state": 0}
CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_", "training_scores_")
BOTH = pytest.mark.parametrize(
    "kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C), (BackpropClassifier, B)]
)


def same(a, b):
    return np.array_equal(a.network_.theta, b.network_.theta)


class Recorder:
    """A scorer that keeps the rows and the weights that it was given."""

    def __init__(self):
        self.X, self.y, self.weights = [], [], []

    def __call__(self, estimator, X, y, sample_weight=None):
        self.X.append(X.copy())
        self.y.append(y.copy())
        self.weights.append(sample_weight)
        return r2_score(y, estimator.predict(X))

    def indices(self):
        """Positions in X of the validation rows; the training rows are scored second in each epoch."""
        assert all(np.array_equal(rows, self.X[0]) for rows in self.X[::2])
        return np.flatnonzero((X[:, None] == self.X[0]).all(axis=2).any(axis=1))


def held_out_by(validation, y=Y, kind=BackpropRegressor, groups=None, **settings):
    recorder = Recorder()
    settings = {**SETTINGS, "max_iter": 2, "scoring": recorder, **settings}
    kind(validation=validation, **settings).fit(X, y, groups=groups)
    return recorder.indices()


# ------------------------------------------------------------------ which rows


@BOTH
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("weighted", [False, True])
def test_given_rows_equal_a_split_that_holds_them_out(kind, y, early_stopping, solver, weighted):
    settings = {**SETTINGS, "early_stopping": early_stopping, "solver": solver, "max_iter": 12}
    weight, parts = (WEIGHT, (WEIGHT[~HELD_OUT], WEIGHT[HELD_OUT])) if weighted else (None, (None, None))
    split = kind(validation=PART, **settings).fit(X, y, weight)
    given = kind(**settings).fit(
        TRAIN, y[~HELD_OUT], parts[0], X_val=VAL, y_val=y[HELD_OUT], sample_weight_val=parts[1]
    )
    assert same(split, given)
    for curve in CURVES:
        assert_array_equal(getattr(split, curve), getattr(given, curve))
    assert len(given.validation_loss_curve_) == given.n_iter_
    assert split.best_validation_score_ == max(split.validation_scores_)


@BOTH
def test_measuring_alone_changes_no_weight(kind, y):
    settings = {**SETTINGS, "max_iter": 6}
    measured = kind(**settings).fit(TRAIN, y[~HELD_OUT], X_val=VAL, y_val=y[HELD_OUT])
    assert same(measured, kind(**settings).fit(TRAIN, y[~HELD_OUT]))


LAST_FOLD = list(KFold(4).split(X))[-1]
MASK = np.zeros(120, bool)
MASK[5::7] = True


@pytest.mark.parametrize(
    "validation, expected",
    [
        (TimeSeriesSplit(3), np.arange(90, 120)),
        (TimeSeriesSplit(5, test_size=7), np.arange(113, 120)),
        (4, LAST_FOLD[1]),
        (KFold(4), LAST_FOLD[1]),
        ([LAST_FOLD], LAST_FOLD[1]),
        ([(np.arange(9), np.arange(9, 20)), (np.arange(50), np.arange(60, 70))], np.arange(60, 70)),
        ([(~MASK, MASK)], np.flatnonzero(MASK)),
        (PART, np.flatnonzero(HELD_OUT)),
        (ShuffleSplit(2, random_state=3), np.sort(list(ShuffleSplit(2, random_state=3).split(X))[-1][1])),
    ],
    ids=str,
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_last_split_is_held_out(validation, expected, early_stopping):
    assert_array_equal(held_out_by(validation, early_stopping=early_stopping), expected)


def test_an_int_keeps_the_shares_of_classes_in_a_classifier():
    expected = list(StratifiedKFold(3).split(X, C))[-1][1]
    rows = held_out_by(3, C, BackpropClassifier)
    assert_array_equal(rows, expected)
    assert not np.array_equal(rows, list(KFold(3).split(X))[-1][1])


def test_an_iterator_is_a_validation_too():
    parts = KFold(4).split(X)
    a = BackpropRegressor(validation=parts, max_iter=3, **SETTINGS).fit(X, Y)
    assert same(a, BackpropRegressor(validation=KFold(4), max_iter=3, **SETTINGS).fit(X, Y))


def test_rows_that_are_in_neither_part_are_not_learned():
    part = [(np.arange(40), np.arange(100, 120))]
    a = BackpropRegressor(validation=part, max_iter=3, **SETTINGS).fit(X, Y)
    changed = np.where(np.arange(120) < 40, Y, Y + 5)
    b = BackpropRegressor(validation=part, max_iter=3, **SETTINGS).fit(X, changed)
    assert same(a, b)
    assert a.t_ == 3 * 40


def test_a_group_is_on_one_side_only():
    groups = RNG.integers(0, 8, 120)
    rows = held_out_by(GroupKFold(4), groups=groups)
    assert_array_equal(rows, list(GroupKFold(4).split(X, Y, groups))[-1][1])
    inside = np.isin(np.arange(120), rows)
    assert not set(groups[inside]) & set(groups[~inside])
    with pytest.raises(ValueError, match="groups"):
        held_out_by(GroupKFold(4))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        held_out_by(GroupKFold(4), groups=groups[:50])


@pytest.mark.parametrize("validation", [None, ShuffleSplit(1, test_size=0.2, random_state=0), KFold(5)])
def test_warm_start_holds_out_the_same_rows_again(validation):
    recorder = Recorder()
    settings = {**SETTINGS, "early_stopping": True, "scoring": recorder, "warm_start": True, "max_iter": 2}
    model = BackpropRegressor(validation=validation, **settings).fit(X, Y)
    model.fit(X, Y).fit(X, Y)
    assert len(recorder.X) == 12
    assert len(recorder.indices()) == len(recorder.X[0])


@BOTH
def test_two_fits_with_warm_start_are_one_of_twice_the_epochs(kind, y):
    settings = {**SETTINGS, "early_stopping": False, "validation": KFold(5)}
    twice = kind(max_iter=3, warm_start=True, **settings).fit(X, y).fit(X, y)
    once = kind(max_iter=6, **settings).fit(X, y)
    assert same(twice, once)
    for curve in CURVES:
        assert_array_equal(getattr(twice, curve), getattr(once, curve))


def test_random_state_draws_the_rows():
    parts = []
    for random_state in (0, 0, 1):
        settings = {"random_state": random_state, "early_stopping": True, "validation_fraction": 0.2}
        parts.append(held_out_by(None, **settings))
    assert len(parts[0]) == 24
    assert_array_equal(parts[0], parts[1])
    assert not np.array_equal(parts[0], parts[2])


# ------------------------------------------------------------------ what is measured


def squared(model, X, y, weight):
    return mean_squared_error(y, model.predict(X), sample_weight=weight) / 2


def cross_entropy(model, X, y, weight):
    return log_loss(y, model.predict_proba(X), sample_weight=weight)


@pytest.mark.parametrize(
    "kind, y, loss, score",
    [
        (BackpropRegressor, Y, squared, r2_score),
        (BackpropClassifier, C, cross_entropy, accuracy_score),
        (BackpropClassifier, B, cross_entropy, accuracy_score),
    ],
)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_curves_are_those_computed_from_predictions(kind, y, loss, score, weight, dtype):
    """Every epoch by a fit of as many epochs; alpha is not in the validation loss."""
    x, x_val = TRAIN.astype(dtype), VAL.astype(dtype)
    w, w_val = (None, None) if weight is None else (weight[~HELD_OUT], weight[HELD_OUT])
    arguments = {"X_val": x_val, "y_val": y[HELD_OUT], "sample_weight_val": w_val}
    settings = {**SETTINGS, "alpha": 0.5, "shuffle": False, "batch_size": 30}
    model = kind(max_iter=4, **settings).fit(x, y[~HELD_OUT], w, **arguments)
    for epoch in range(4):
        short = kind(max_iter=epoch + 1, **settings).fit(x, y[~HELD_OUT], w)
        rtol = 1e-12 if dtype == np.float64 else 1e-5
        expected = loss(short, x_val, y[HELD_OUT], w_val)
        assert_allclose(model.validation_loss_curve_[epoch], expected, rtol=rtol)
        expected = score(y[HELD_OUT], short.predict(x_val), sample_weight=w_val)
        assert_allclose(model.validation_scores_[epoch], expected, rtol=rtol)
        n = len(x_val)  # as many of the training rows
        expected = score(y[:n], short.predict(x[:n]), sample_weight=None if w is None else w[:n])
        assert_allclose(model.training_scores_[epoch], expected, rtol=rtol)
    assert model.network_.theta.dtype == dtype


def test_class_weights_do_not_enter_the_validation_loss():
    weights = {0: 5.0, 2: 0.2}
    model = BackpropClassifier(max_iter=1, class_weight=weights, **SETTINGS)
    model.fit(TRAIN, C[~HELD_OUT], X_val=VAL, y_val=C[HELD_OUT])
    expected = log_loss(C[HELD_OUT], model.predict_proba(VAL))
    assert_allclose(model.validation_loss_curve_[-1], expected, rtol=1e-12)


def test_target_scaling_reaches_the_validation_part():
    settings = {**SETTINGS, "max_iter": 2, "target_scaling": "standard"}
    model = BackpropRegressor(**settings).fit(TRAIN, Y[~HELD_OUT], X_val=VAL, y_val=Y[HELD_OUT])
    expected = squared(model, VAL, Y[HELD_OUT], None) / np.var(Y[~HELD_OUT])
    assert_allclose(model.validation_loss_curve_[-1], expected, rtol=1e-10)
    assert_allclose(model.validation_scores_[-1], model.score(VAL, Y[HELD_OUT]), rtol=1e-10)


def mean_absolute(estimator, X, y):
    return -np.mean(np.abs(y - estimator.predict(X)))


@pytest.mark.parametrize(
    "kind, y, scoring, by_hand",
    [
        (BackpropRegressor, Y, "neg_mean_absolute_error", mean_absolute),
        (BackpropRegressor, Y, mean_absolute, mean_absolute),
        (BackpropRegressor, Y, "r2", lambda model, X, y: model.score(X, y)),
        (BackpropClassifier, C, "neg_log_loss", lambda model, X, y: -log_loss(y, model.predict_proba(X))),
        (BackpropClassifier, B, "roc_auc", None),
        (
            BackpropClassifier,
            B,
            make_scorer(log_loss, response_method="predict_proba", greater_is_better=False),
            lambda model, X, y: -log_loss(y, model.predict_proba(X)),
        ),
    ],
)
def test_scores_by_name_and_by_callable(kind, y, scoring, by_hand):
    settings = {**SETTINGS, "max_iter": 5, "scoring": scoring}
    model = kind(**settings).fit(TRAIN, y[~HELD_OUT], X_val=VAL, y_val=y[HELD_OUT])
    assert_allclose(
        model.validation_scores_[-1], (by_hand or get_scorer(scoring))(model, VAL, y[HELD_OUT]), rtol=1e-10
    )
    assert len(set(model.validation_scores_)) > 1


def test_a_scorer_gets_the_weights_of_its_rows():
    recorder = Recorder()
    BackpropRegressor(scoring=recorder, max_iter=1, **SETTINGS).fit(
        TRAIN,
        Y[~HELD_OUT],
        WEIGHT[~HELD_OUT],
        X_val=VAL,
        y_val=Y[HELD_OUT],
        sample_weight_val=WEIGHT[HELD_OUT],
    )
    assert_array_equal(recorder.X[0], VAL)
    assert_array_equal(recorder.y[0], Y[HELD_OUT])
    assert_array_equal(recorder.weights[0], WEIGHT[HELD_OUT])
    assert_array_equal(recorder.X[1], TRAIN[:30])
    assert_array_equal(recorder.weights[1], WEIGHT[:30])


def test_a_weight_of_zero_takes_a_validation_row_out():
    weight = np.r_[np.zeros(10), np.ones(20)]
    settings = {**SETTINGS, "max_iter": 4}
    whole = BackpropRegressor(**settings).fit(
        TRAIN, Y[~HELD_OUT], X_val=VAL, y_val=Y[HELD_OUT], sample_weight_val=weight
    )
    part = BackpropRegressor(**settings).fit(TRAIN, Y[~HELD_OUT], X_val=VAL[10:], y_val=Y[HELD_OUT][10:])
    assert_allclose(whole.validation_loss_curve_, part.validation_loss_curve_, rtol=1e-12)
    assert_allclose(whole.validation_scores_, part.validation_scores_, rtol=1e-12)


# ------------------------------------------------------------------ what it decides


@BOTH
@pytest.mark.parametrize("best_epoch", ["first", "last"])
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_the_weights_of_the_best_epoch_are_kept(kind, y, best_epoch, scoring):
    settings = {**SETTINGS, "learning_rate_init": 0.05, "scoring": scoring}
    part = {"X_val": VAL, "y_val": y[HELD_OUT]}
    model = kind(early_stopping=True, best_epoch=best_epoch, max_iter=80, **settings)
    model.fit(TRAIN, y[~HELD_OUT], **part)
    criterion = np.array(model.validation_scores_)
    if scoring == "loss":
        criterion = -np.array(model.validation_loss_curve_)
    best = np.flatnonzero(criterion == criterion.max())[0 if best_epoch == "first" else -1]
    assert best < model.n_iter_ - 1
    assert same(model, kind(max_iter=int(best) + 1, **settings).fit(TRAIN, y[~HELD_OUT], **part))


def test_the_last_of_equal_scores_is_taken_on_request():
    def constant(estimator, X, y):
        return 0.5

    settings = {**SETTINGS, "scoring": constant, "n_iter_no_change": 4, "max_iter": 50}
    first, last = (
        BackpropRegressor(early_stopping=True, best_epoch=which, **settings).fit(X, Y)
        for which in ("first", "last")
    )
    assert first.n_iter_ == last.n_iter_ == 6  # the first epoch, four allowed, and one
    for model, n_epochs in ((first, 1), (last, 6)):
        settings = {**SETTINGS, "early_stopping": True, "max_iter": n_epochs, "best_epoch": "last"}
        assert same(model, BackpropRegressor(scoring=constant, **settings).fit(X, Y))


def test_training_stops_on_the_validation_loss():
    """A small network of noise: the training loss falls on, the validation loss rises."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(60, 10)), rng.normal(size=60)
    settings = {"hidden_layer_sizes": (50,), "learning_rate_init": 0.02, "random_state": 0, "max_iter": 300}
    model = BackpropRegressor(early_stopping=True, scoring="loss", **settings)
    model.fit(x[:30], y[:30], X_val=x[30:], y_val=y[30:])
    losses = np.array(model.validation_loss_curve_)
    assert model.n_iter_ < 60
    assert losses.argmin() == model.n_iter_ - 12  # 10 epochs allowed, and one too many
    assert_allclose(squared(model, x[30:], y[30:], None), losses.min(), rtol=1e-12)
    assert losses[-1] > 1.05 * losses.min()
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None


@pytest.mark.parametrize("scoring", [None, "loss"])
def test_other_validation_rows_make_the_old_best_void(scoring):
    settings = {**SETTINGS, "early_stopping": True, "warm_start": True, "scoring": scoring, "max_iter": 40}
    model = BackpropRegressor(**settings).fit(TRAIN, Y[~HELD_OUT], X_val=VAL, y_val=Y[HELD_OUT])
    model.fit(TRAIN, -Y[~HELD_OUT], X_val=VAL, y_val=-Y[HELD_OUT])
    assert model.score(VAL, -Y[HELD_OUT]) > 0


@pytest.mark.parametrize("kind, y", [(BackpropRegressor, Y), (BackpropClassifier, C)])
def test_lbfgs_keeps_curves(kind, y):
    settings = {**SETTINGS, "solver": "lbfgs", "max_iter": 20}
    model = kind(**settings).fit(TRAIN, y[~HELD_OUT], X_val=VAL, y_val=y[HELD_OUT])
    assert same(model, kind(**settings).fit(TRAIN, y[~HELD_OUT]))
    assert {len(getattr(model, curve)) for curve in CURVES} == {model.n_iter_}
    loss = squared if kind is BackpropRegressor else cross_entropy
    assert_allclose(model.validation_loss_curve_[-1], loss(model, VAL, y[HELD_OUT], None), rtol=1e-10)
    assert model.validation_scores_[-1] == pytest.approx(model.score(VAL, y[HELD_OUT]))


# ------------------------------------------------------------------ errors


NAN = VAL.copy()
NAN[3, 1] = np.nan
INF = VAL.copy()
INF[3, 1] = np.inf
PAIR = {"X_val": VAL, "y_val": C[HELD_OUT]}


@pytest.mark.parametrize(
    "settings, arguments, message",
    [
        ({}, {"X_val": VAL}, "y_val is None"),
        ({}, {"y_val": C[HELD_OUT]}, "X_val is None"),
        ({}, {"sample_weight_val": np.ones(30)}, "X_val is None"),
        ({"validation": KFold(3)}, PAIR, "X_val was given too"),
        ({}, {**PAIR, "X_val": VAL[:, :3]}, "X_val.* 3 features"),
        ({}, {**PAIR, "X_val": VAL[:20]}, "X_val, y_val.*inconsistent numbers"),
        ({}, {**PAIR, "X_val": VAL[:0], "y_val": C[:0]}, "X_val.*0 sample"),
        ({}, {**PAIR, "y_val": C[HELD_OUT] + 1}, r"y_val.*classes not in .*3"),
        ({}, {**PAIR, "X_val": NAN}, "X_val.*NaN"),
        ({}, {**PAIR, "X_val": INF}, "X_val.*infinity"),
        ({}, {**PAIR, "sample_weight_val": np.ones(5)}, "sample_weight_val"),
        ({}, {**PAIR, "sample_weight_val": -np.ones(30)}, "sample_weight_val.*[Nn]egative"),
        ({"validation": [(np.arange(50), np.arange(0))]}, {}, "at least one each"),
        ({"validation": [(np.arange(0), np.arange(9))]}, {}, "at least one each"),
        ({"validation": []}, {}, "no split"),
        ({"validation": 1}, {}, "validation.*2"),
        ({"validation": "half"}, {}, "validation"),
        ({"scoring": "accurracy"}, {}, "scoring"),
        ({"best_epoch": "middle"}, {}, "best_epoch"),
    ],
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_wrong_validation_names_itself_and_loses_nothing(settings, arguments, message, early_stopping):
    model = BackpropClassifier(early_stopping=early_stopping, max_iter=3, **SETTINGS)
    model.fit(TRAIN, C[~HELD_OUT])
    before, theta = dict(vars(model)), model.network_.theta.copy()
    with pytest.raises(ValueError, match=f"(?s){message}"):
        model.set_params(**settings).fit(TRAIN, C[~HELD_OUT], **arguments)
    assert {**vars(model), **dict.fromkeys(settings)} == {**before, **dict.fromkeys(settings)}
    assert_array_equal(model.network_.theta, theta)


def test_wrong_targets_of_the_validation_part_are_named():
    model = BackpropRegressor(max_iter=2, **SETTINGS)
    for bad in (np.full(30, np.nan), np.full(30, np.inf), np.column_stack([Y[:30]] * 2)):
        with pytest.raises(ValueError, match="y_val"):
            model.fit(TRAIN, Y[~HELD_OUT], X_val=VAL, y_val=bad)
    assert not hasattr(model, "network_")


# ------------------------------------------------------------------ in scikit-learn's tools


FRAME = pd.DataFrame(10 * X + 3, columns=list("abcd"))


def by_hand(kind, y, settings):
    scaler = StandardScaler().fit(FRAME[~HELD_OUT])
    x, x_val = scaler.transform(FRAME[~HELD_OUT]), scaler.transform(FRAME[HELD_OUT])
    return kind(**settings).fit(x, y[~HELD_OUT], X_val=x_val, y_val=y[HELD_OUT])


@BOTH
def test_a_pipeline_prepares_the_validation_part(kind, y):
    settings = {**SETTINGS, "early_stopping": True, "max_iter": 30, "scoring": "loss"}
    expected = by_hand(kind, y, settings)
    with config_context(enable_metadata_routing=True):
        net = kind(**settings).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), net, transform_input=["X_val"])
        pipeline.fit(FRAME[~HELD_OUT], y[~HELD_OUT], X_val=FRAME[HELD_OUT], y_val=y[HELD_OUT])
    assert same(pipeline[-1], expected)
    assert pipeline[-1].validation_loss_curve_ == expected.validation_loss_curve_


def test_a_search_hands_weights_and_groups_to_the_fits():
    groups = np.repeat(np.arange(12), 10)
    settings = {**SETTINGS, "validation": GroupKFold(3), "early_stopping": True, "max_iter": 8}
    outer = KFold(3)
    with config_context(enable_metadata_routing=True):
        net = BackpropRegressor(**settings).set_fit_request(sample_weight=True, groups=True)
        scoring = make_scorer(r2_score).set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), net)
        search = GridSearchCV(pipeline, {"backpropregressor__alpha": [1e-4, 1.0]}, scoring=scoring, cv=outer)
        search.fit(X, Y, sample_weight=WEIGHT, groups=groups)
        routed = {"sample_weight": WEIGHT, "groups": groups}
        scores = cross_validate(pipeline, X, Y, scoring=scoring, cv=outer, params=routed)["test_score"]
    expected = []
    for train, test in outer.split(X):
        scaler = StandardScaler().fit(X[train])
        net = BackpropRegressor(**settings)
        net.fit(scaler.transform(X[train]), Y[train], WEIGHT[train], groups=groups[train])
        expected.append(net.score(scaler.transform(X[test]), Y[test], WEIGHT[test]))
    assert_allclose(scores, expected, rtol=1e-12)
    names = [f"split{k}_test_score" for k in range(3)]
    row = search.cv_results_["param_backpropregressor__alpha"].tolist().index(1e-4)
    assert_allclose([search.cv_results_[name][row] for name in names], expected, rtol=1e-12)


def test_data_frames_with_names_give_no_warning():
    settings = {**SETTINGS, "early_stopping": True, "max_iter": 5, "scoring": "neg_log_loss"}
    arguments = {"X_val": FRAME[HELD_OUT], "y_val": pd.Series(C)[HELD_OUT]}
    model = BackpropClassifier(**settings).fit(FRAME[~HELD_OUT], C[~HELD_OUT], **arguments)
    BackpropClassifier(validation=KFold(3), **settings).fit(FRAME, C)
    assert list(model.feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match=r"X_val.*feature names"):
        model.fit(FRAME[~HELD_OUT], C[~HELD_OUT], **{**arguments, "X_val": FRAME[HELD_OUT][list("bacd")]})
    with pytest.warns(UserWarning, match="feature names"):
        model.fit(FRAME[~HELD_OUT], C[~HELD_OUT], **{**arguments, "X_val": FRAME[HELD_OUT].to_numpy()})


def test_time_series_of_real_data_stop_early():
    x, y = load_diabetes(return_X_y=True)
    settings = {"target_scaling": "standard", "learning_rate_init": 0.02, "random_state": 0, "max_iter": 300}
    part = {"early_stopping": True, "validation": TimeSeriesSplit(4), "scoring": "neg_mean_absolute_error"}
    model = BackpropRegressor(**part, **settings).fit(x, y)
    assert model.n_iter_ < 100
    n_held_out = len(y) // 5
    last = x[-n_held_out:], y[-n_held_out:]
    assert_allclose(mean_absolute(model, *last), model.best_validation_score_, rtol=1e-10)
    assert model.score(*last) > 0.4


def test_a_validation_part_without_weight_is_refused_before_training():
    X, y, weight = np.arange(20.0)[:, None], np.arange(20.0), np.ones(20)
    weight[10:] = 0
    model = BackpropRegressor(validation=2, early_stopping=True)
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(X, y, weight)
    assert "network_" not in vars(model)


@pytest.mark.parametrize("warm_start", [False, True])
def test_a_scorer_that_fails_in_training_loses_no_earlier_fit(warm_start):
    net = BackpropRegressor(**SETTINGS, max_iter=3).fit(X, Y)
    network, n_epochs = net.network_, len(net.loss_curve_)

    def score(estimator, X, y):
        calls.append(1)
        if len(calls) > 4:
            raise ValueError("no score any more")
        return 0.0

    calls = []
    net.set_params(early_stopping=True, scoring=score, warm_start=warm_start)
    before = network.theta.copy()
    with pytest.raises(ValueError, match=r"scoring=.*no score any more"):
        net.fit(X, Y)
    assert net.network_ is network
    assert len(net.loss_curve_) == n_epochs + (net.n_iter_ if warm_start else 0)
    assert np.array_equal(network.theta, before) != warm_start


# ------------------------------------------------------------------ what cannot be measured


@pytest.mark.parametrize(
    "kind, y, part, scoring",
    [
        (BackpropRegressor, Y, (X[:1], Y[:1]), None),  # R^2 of one row
        (BackpropClassifier, B, (X[B][:5], B[B][:5]), "roc_auc"),  # one class only
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_without_any_score_the_last_weights_are_kept_with_a_warning(kind, y, part, scoring):
    net = kind(early_stopping=True, scoring=scoring, max_iter=5, **SETTINGS)
    with pytest.warns(UserWarning, match="validation score that is a number: the last weights"):
        net.fit(X, y, X_val=part[0], y_val=part[1])
    assert_array_equal(net.network_.theta, kind(max_iter=5, **SETTINGS).fit(X, y).network_.theta)


@pytest.mark.parametrize("loss, value", [("poisson", -1.0), ("gamma", 0.0)])
def test_validation_targets_that_the_loss_is_not_defined_for(loss, value):
    with pytest.raises(ValueError, match=r"y_val: .*out of the valid range"):
        BackpropRegressor(loss, **SETTINGS).fit(X, np.exp(Y), X_val=X[:5], y_val=np.full(5, value))


@pytest.mark.parametrize("scoring", ["neg_max_error", lambda net, X, y: -np.ptp(net.predict(X) - y)])
def test_a_scorer_that_takes_no_weights_scores_without(scoring):
    net = BackpropRegressor(early_stopping=True, scoring=scoring, validation=PART, max_iter=4, **SETTINGS)
    net.fit(X, Y, sample_weight=WEIGHT)
    score = get_scorer(scoring) if isinstance(scoring, str) else scoring
    assert_allclose(net.best_validation_score_, score(net, VAL, Y[HELD_OUT]))


def test_a_scorer_of_the_wrong_kind_is_named():
    with pytest.raises(ValueError, match="scoring='roc_auc'"):
        BackpropRegressor(early_stopping=True, scoring="roc_auc", **SETTINGS).fit(X, Y)


def test_groups_of_another_length_are_named():
    holes = np.where(np.arange(120)[:, None] % 7 == 0, np.nan, X)
    net = BackpropRegressor(missing="skip", validation=GroupKFold(2), **SETTINGS)
    with pytest.raises(ValueError, match="groups"):
        net.fit(holes, Y, groups=[1, 2])


def test_rows_to_train_on_and_to_validate_on_are_different():
    with pytest.raises(ValueError, match=r"(?s)validation=.*also rows to train on"):
        BackpropRegressor(validation=[(np.arange(80), np.arange(70, 120))], **SETTINGS).fit(X, Y)


def test_weights_in_the_validation_part_only_are_refused():
    weight = HELD_OUT.astype(float)
    with pytest.raises(ValueError, match="sample_weight: all weights"):
        BackpropRegressor(validation=PART, **SETTINGS).fit(X, Y, sample_weight=weight)
    with pytest.raises(ValueError, match="class_weight"):
        BackpropClassifier(class_weight={0: 0, 1: 0, 2: 0}, **SETTINGS).fit(X, C)
    with pytest.raises(ValueError, match=r"sample_weight: the sum"):
        BackpropRegressor(**SETTINGS).fit(X, Y, sample_weight=np.full(120, 1e307))


def test_statistics_are_those_of_the_training_rows():
    y = np.where(HELD_OUT, 1e6, Y)
    net = BackpropRegressor(target_scaling="standard", clamp=True, validation=PART, max_iter=3, **SETTINGS)
    assert net.fit(X, y).predict(X).max() <= Y[~HELD_OUT].max()
    labels = np.where(HELD_OUT, 0, C)
    held = BackpropClassifier(class_weight="balanced", validation=PART, max_iter=3, **SETTINGS)
    alone = BackpropClassifier(class_weight="balanced", max_iter=3, **SETTINGS)
    alone.fit(TRAIN, labels[~HELD_OUT])
    assert_allclose(held.fit(X, labels).network_.theta, alone.network_.theta, rtol=1e-7)
