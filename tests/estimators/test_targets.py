"""Class weights, several outputs, scaled and bounded targets, quantiles, intervals, calibration."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from shared.crossings import crossed
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import accuracy_score, d2_pinball_score, log_loss, r2_score
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor, TabularBackpropRegressor, load
from skbackprop.losses import Huber, JointLoss, LogLoss

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * RNG.normal(size=120)
Y2 = np.column_stack([Y, 100 + 20 * X[:, 1] + X[:, 3] ** 2])
C = np.digitize(Y, [-0.8, 0.5])
B = (Y > 0.7).astype(int)
LABELS = np.column_stack([B, C == 1, X[:, 3] > 0]).astype(int)
WEIGHT = RNG.uniform(0.1, 2, 120)
SETTINGS = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.01, "batch_size": 30, "random_state": 0}
FULL_BATCH = {**SETTINGS, "batch_size": 120, "shuffle": False, "alpha": 0, "max_iter": 8}


def same(a, b):
    return np.array_equal(a.network_.theta, b.network_.theta)


# ------------------------------------------------------------------ class weights


def weights_of_rows(class_weight, y, weight):
    """By the definition: "balanced" is n / (n_classes n_c), a row counting as often as its weight says."""
    weight = np.ones(len(y)) if weight is None else weight
    classes, codes = np.unique(y, return_inverse=True)
    if class_weight == "balanced":
        of_classes = weight.sum() / (len(classes) * np.bincount(codes, weights=weight))
    else:
        of_classes = np.array([(class_weight or {}).get(label, 1.0) for label in classes.tolist()])
    return weight * of_classes[codes]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "y, class_weight",
    [
        (C, {0: 2.0, 1: 0.5, 2: 1.5}),
        (C, {2: 3}),  # 1 for the others
        (C, {0: 0.0}),
        (B, {0: 0.25, 1: 4.0}),
        (np.array(["a", "b", "c"])[C], {"a": 2.0, "c": 0.5}),
        (C, "balanced"),
        (B, "balanced"),
        (np.array(["a", "b", "c"])[C], "balanced"),
        (B > 0, "balanced"),
    ],
    ids=str,
)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alone", "times sample_weight"])
def test_class_weight_is_a_weight_of_the_rows(y, class_weight, weight, solver, dtype):
    settings = {**SETTINGS, "solver": solver, "max_iter": 8}
    x = X.astype(dtype)
    model = BackpropClassifier(class_weight=class_weight, **settings).fit(x, y, weight)
    of_rows = weights_of_rows(class_weight, y, weight)
    expected = BackpropClassifier(**settings).fit(x, y, of_rows)
    rtol = 1e-8 if dtype == np.float64 else 1e-3
    assert_allclose(model.network_.theta, expected.network_.theta, rtol=rtol, atol=rtol / 10)


def test_a_list_of_one_entry_is_for_one_output():
    settings = {**SETTINGS, "max_iter": 3}
    model = BackpropClassifier(class_weight=[{0: 2.0}], **settings).fit(X, C)
    assert same(model, BackpropClassifier(class_weight={0: 2.0}, **settings).fit(X, C))


SEVERAL = np.column_stack([C, B])


def bias_gradients(y, class_weight, weight=None):
    """dE/db of the last layer, from one step of gradient descent with rate 1."""
    settings = {**FULL_BATCH, "solver": "sgd", "momentum": 0, "learning_rate_init": 1.0, "max_iter": 1}
    model = BackpropClassifier(class_weight=class_weight, **settings)
    before = BackpropClassifier(**{**settings, "learning_rate_init": 1e-300}).fit(X, y)
    return before.intercepts_[-1] - model.fit(X, y, weight).intercepts_[-1], before


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alone", "times sample_weight"])
@pytest.mark.parametrize(
    "class_weight",
    [[{0: 3.0, 1: 0.5, 2: 1.0}, {1: 7.0}], ["balanced", {0: 0.2}], "balanced", [None, "balanced"]],
    ids=str,
)
def test_every_output_is_averaged_with_its_own_weights(class_weight, weight):
    """dE/db = sum_i w_ik (p_i - y_i) / sum_i w_ik for the columns of output k."""
    found, before = bias_gradients(SEVERAL, class_weight, weight)
    entries = [class_weight] * 2 if class_weight == "balanced" else class_weight
    p = [before.predict_proba(X)[0], before.predict_proba(X)[1][:, 1:]]
    columns = [np.eye(3)[C], B[:, None]]
    expected = []
    for k, entry in enumerate(entries):
        w = weights_of_rows(entry, SEVERAL[:, k], weight)
        expected.append(np.average(p[k] - columns[k], axis=0, weights=w))
    assert_allclose(found, np.concatenate(expected), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("class_weight", [[{1: 3.0}, {0: 0.5}, {}], "balanced", [None, {1: 9}, "balanced"]])
def test_every_label_is_averaged_with_its_own_weights(class_weight):
    found, before = bias_gradients(LABELS, class_weight)
    entries = ["balanced"] * 3 if class_weight == "balanced" else class_weight
    p = before.predict_proba(X)
    for k, entry in enumerate(entries):
        w = weights_of_rows(entry, LABELS[:, k], None)
        assert_allclose(found[k], np.average(p[:, k] - LABELS[:, k], weights=w), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("y", [SEVERAL, LABELS], ids=["outputs", "labels"])
def test_weights_of_one_are_no_weights(y):
    settings = {**SETTINGS, "max_iter": 5}
    n_outputs = y.shape[1]
    model = BackpropClassifier(class_weight=[{}] * n_outputs, **settings).fit(X, y)
    assert_allclose(model.network_.theta, BackpropClassifier(**settings).fit(X, y).network_.theta, rtol=1e-9)


@pytest.mark.parametrize(
    "y, class_weight, message",
    [
        (C, {0: -1.0}, ">= 0"),
        (C, {0: np.nan}, ">= 0"),
        (C, {0: np.inf}, ">= 0"),
        (C, {7: 2.0}, r"has \[7\], but the classes are \[0, 1, 2\]"),
        (C, "even", "balanced"),
        (C, [{0: 1}, {0: 1}], "2 entries"),
        (SEVERAL, {0: 1}, "list"),
        (SEVERAL, [{0: 1}], "1 entries"),
        (SEVERAL, [{0: 1}, {1: -2}], ">= 0"),
        (LABELS, {0: 1}, "list"),
        (LABELS, [{0: 1}] * 4, "4 entries"),
    ],
    ids=str,
)
def test_wrong_class_weights_name_themselves(y, class_weight, message):
    with pytest.raises(ValueError, match=f"(?s)(class_weight|classes).*{message}"):
        BackpropClassifier(class_weight=class_weight, **SETTINGS).fit(X, y)


@pytest.mark.parametrize("class_weight", ["balanced", ["balanced", None]])
def test_a_stream_refuses_weights_that_need_all_the_data(class_weight):
    model = BackpropClassifier(class_weight=class_weight, **SETTINGS)
    y, classes = (C, [0, 1, 2]) if class_weight == "balanced" else (SEVERAL, [[0, 1, 2], [0, 1]])
    with pytest.raises(ValueError, match=r"balanced.*partial_fit"):
        model.partial_fit(X, y, classes=classes)
    assert not hasattr(model, "network_")


def test_a_stream_takes_weights_of_classes_that_come_later():
    model = BackpropClassifier(class_weight={0: 2.0, 9: 3.0}, random_state=0)
    model.partial_fit(X[:20], C[:20], classes=[0, 1, 2, 9])
    expected = BackpropClassifier(random_state=0)
    expected.partial_fit(X[:20], C[:20], np.where(C[:20] == 0, 2.0, 1.0), classes=[0, 1, 2, 9])
    assert same(model, expected)


@pytest.mark.parametrize("scale", [0.25, 2.0, 1e6])
@pytest.mark.parametrize("y", [C, B])
def test_the_scale_of_class_weights_changes_nothing(y, scale):
    """Without the penalty, whose strength is divided by the sum of weights."""
    weights = {0: 1.0, 1: 3.0}
    scaled = {label: scale * weights.get(label, 1.0) for label in np.unique(y).tolist()}
    models = [
        BackpropClassifier(class_weight=each, **FULL_BATCH).fit(X, y, WEIGHT) for each in (weights, scaled)
    ]
    assert_allclose(models[0].network_.theta, models[1].network_.theta, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_whole_class_weights_are_repeated_rows(solver):
    times = np.array([1, 3, 2])[C]
    rows = np.repeat(np.arange(120), times)
    settings = {**FULL_BATCH, "solver": solver, "alpha": 0.1}
    model = BackpropClassifier(class_weight={1: 3, 2: 2}, **settings).fit(X, C)
    repeated = BackpropClassifier(**{**settings, "batch_size": len(rows)}).fit(X[rows], C[rows])
    assert_allclose(model.network_.theta, repeated.network_.theta, rtol=1e-5, atol=1e-8)


def test_balanced_weights_find_a_rare_class():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 2))
    y = (x[:, 0] + rng.normal(size=600) > 2.3).astype(int)
    assert y.mean() < 0.08
    settings = {"solver": "lbfgs", "hidden_layer_sizes": (), "random_state": 0}
    found = [
        BackpropClassifier(class_weight=each, **settings).fit(x, y).predict(x)[y == 1].mean()
        for each in (None, "balanced")
    ]
    assert found[0] < 0.5 < 0.75 < found[1]


# ------------------------------------------------------------------ several outputs of a classifier


NAMES = np.array(["ant", "bee", "cow"])[C]
QUARTER = np.digitize(X[:, 3], [-0.7, 0, 0.7])
MIXED = pd.DataFrame({"size": np.where(B, 30, 10), "quarter": QUARTER})
FORMS = {
    "numbers": (SEVERAL, [np.array([0, 1, 2]), np.array([0, 1])]),
    "strings": (
        np.column_stack([NAMES, np.array(["no", "yes"])[B]]),
        [np.array(["ant", "bee", "cow"]), np.array(["no", "yes"])],
    ),
    "frame": (MIXED, [np.array([10, 30]), np.arange(4)]),
    "one, two and four classes": (
        np.column_stack([np.full(120, 5), B, QUARTER]),
        [np.array([5]), np.array([0, 1]), np.arange(4)],
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_several_columns_of_classes(form, dtype):
    y, classes = FORMS[form]
    x = X.astype(dtype)
    model = BackpropClassifier(max_iter=150, **SETTINGS).fit(x, y)
    assert all(np.array_equal(*pair) for pair in zip(model.classes_, classes))
    predicted = model.predict(x)
    assert predicted.shape == y.shape
    probabilities, logs, z = model.predict_proba(x), model.predict_log_proba(x), model.decision_function(x)
    assert isinstance(probabilities, list)
    for k, of_output in enumerate(classes):
        n_classes = len(of_output)
        assert probabilities[k].shape == (120, n_classes)
        assert probabilities[k].dtype == dtype
        assert_allclose(probabilities[k].sum(axis=1), 1, rtol=1e-5)
        assert_allclose(np.log(probabilities[k]), logs[k], rtol=1e-2, atol=1e-3)
        assert z[k].shape == ((120, n_classes) if n_classes > 2 else (120,))
        assert_array_equal(predicted[:, k], of_output[probabilities[k].argmax(axis=1)])
    right = (np.asarray(y) == predicted).all(axis=1)
    assert model.score(x, y) == pytest.approx(right.mean())
    assert model.score(x, y, WEIGHT) == pytest.approx(np.average(right, weights=WEIGHT))
    first_two = [accuracy_score(np.asarray(y)[:, k], predicted[:, k]) for k in range(2)]
    assert min(first_two) > 0.85
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(x), predicted)
    assert same(again.partial_fit(x, y), model.partial_fit(x, y))


def test_a_stream_of_several_outputs():
    classes = [["ant", "bee", "cow", "dog"], ["no", "yes"]]
    y = FORMS["strings"][0]
    model = BackpropClassifier(random_state=0)
    with pytest.raises(ValueError, match="classes must be passed"):
        model.partial_fit(X, y)
    model.partial_fit(X[:5], y[:5], classes=classes)
    model.partial_fit(X, y).partial_fit(X, y, classes=classes)
    assert [p.shape for p in model.predict_proba(X)] == [(120, 4), (120, 2)]
    for wrong in (classes[:1], [*classes, ["a"]], [classes[0], ["no", "maybe"]], ["a", "b"]):
        with pytest.raises(ValueError, match="not the same as on last call"):
            model.partial_fit(X, y, classes=wrong)
    with pytest.raises(ValueError, match=r"classes not in .*eel"):
        model.partial_fit(X[:1], [["eel", "no"]])
    with pytest.raises(ValueError, match="list of 2 arrays"):
        BackpropClassifier().partial_fit(X, y, classes=classes[:1])


def test_several_outputs_without_hidden_layers_are_classifiers_side_by_side():
    """Nothing is shared: at the minimum each is what it is alone."""
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 1.0, "tol": 1e-9, "max_iter": 2000}
    joint = BackpropClassifier(random_state=0, **settings).fit(X, SEVERAL)
    for k, y in enumerate(SEVERAL.T):
        alone = BackpropClassifier(random_state=1, **settings).fit(X, y)
        assert_allclose(joint.predict_proba(X)[k], alone.predict_proba(X), atol=1e-4)


def test_several_labels_without_hidden_layers_are_classifiers_side_by_side():
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 1.0, "tol": 1e-9, "max_iter": 2000}
    joint = BackpropClassifier(random_state=0, **settings).fit(X, LABELS)
    for k, y in enumerate(LABELS.T):
        alone = BackpropClassifier(random_state=1, **settings).fit(X, y)
        assert_allclose(joint.predict_proba(X)[:, k], alone.predict_proba(X)[:, 1], atol=1e-4)


@pytest.mark.parametrize("y", [SEVERAL, LABELS], ids=["outputs", "labels"])
def test_an_output_without_weight_does_not_enter_what_is_learned(y):
    """Other values of it give the same network below, and the same predictions of the others."""
    n_outputs = y.shape[1]
    class_weight = [None] * (n_outputs - 1) + [{0: 0.0, 1: 0.0}]
    settings = {**SETTINGS, "class_weight": class_weight, "alpha": 0, "max_iter": 5}
    other = y.copy()
    other[:, -1] = RNG.permutation(y[:, -1])
    a, b = (BackpropClassifier(**settings).fit(X, each) for each in (y, other))
    assert same(a, b)
    unweighted = clone(a).set_params(class_weight=None)
    assert not same(unweighted.fit(X, y), clone(unweighted).fit(X, other))


def test_several_outputs_stop_early_by_their_score():
    settings = {**SETTINGS, "early_stopping": True, "max_iter": 60}
    model = BackpropClassifier(**settings).fit(X[:90], SEVERAL[:90], X_val=X[90:], y_val=SEVERAL[90:])
    assert model.best_validation_score_ == pytest.approx(model.score(X[90:], SEVERAL[90:]))
    expected = sum(log_loss(SEVERAL[90:, k], p) for k, p in enumerate(model.predict_proba(X[90:])))
    best = int(np.argmax(model.validation_scores_))
    assert_allclose(model.validation_loss_curve_[best], expected, rtol=1e-9)


# ------------------------------------------------------------------ several outputs of a regressor


def test_a_loss_of_its_own_for_each_output():
    y = np.column_stack([Y, np.exp(X[:, 0]), Y])
    losses = ["huber", "poisson", "squared_error"]
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 1e-2, "tol": 1e-9, "max_iter": 3000}
    joint = BackpropRegressor(losses, random_state=0, **settings).fit(X, y, WEIGHT)
    for k, loss in enumerate(losses):
        alone = BackpropRegressor(loss, random_state=1, **settings).fit(X, y[:, k], WEIGHT)
        assert_allclose(joint.predict(X)[:, k], alone.predict(X), rtol=1e-3, atol=1e-3)
    assert joint.out_activation_ == "per_output"
    with pytest.raises(ValueError, match=r"2 entries.*3 column"):
        BackpropRegressor(losses[:2]).fit(X, y)
    with pytest.raises(ValueError, match="Output 1 of y"):
        BackpropRegressor(losses).fit(X, y - 50)


def shares_of(X):
    """Three shares that follow from X, and shares drawn around them."""
    true = softmax(np.column_stack([X[:, 0], X[:, 1] * X[:, 2], 0.5 * X[:, 3]]), axis=1)
    return true, np.array([np.random.default_rng(i).dirichlet(40 * row) for i, row in enumerate(true)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "settings",
    [
        {"output_activation": "softmax"},
        {"output_activation": "softmax", "loss": "absolute_error"},
        {"loss": "cross_entropy"},
        {"loss": "cross_entropy", "activation": "softmax"},
    ],
    ids=str,
)
def test_shares_sum_to_one(settings, dtype, tmp_path):
    rows = np.random.default_rng(3).normal(size=(500, 4)).astype(dtype)
    true, y = shares_of(rows)
    net = BackpropRegressor(**{**SETTINGS, "max_iter": 150, **settings}).fit(rows[:400], y[:400])
    predicted = net.predict(rows[400:])
    assert net.out_activation_ == "softmax" and predicted.dtype == dtype
    assert (predicted >= 0).all()
    assert_allclose(predicted.sum(axis=1), 1.0, rtol=1e-6 if dtype is np.float32 else 1e-14)
    error = np.abs(predicted - true[400:]).mean()
    assert error < 0.3 * np.abs(y[:400].mean(axis=0) - true[400:]).mean()
    net.save(tmp_path / "net")
    for same_net in (load(tmp_path / "net"), pickle.loads(pickle.dumps(net))):
        assert_array_equal(same_net.predict(rows[400:]), predicted)


def test_cross_entropy_of_shares_is_that_of_whole_rows_with_weights():
    """A row with shares is a row for each class, weighted by its share."""
    _, y = shares_of(X)
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0, "tol": 1e-10, "max_iter": 3000}
    net = BackpropRegressor("cross_entropy", random_state=0, **settings).fit(X, y)
    rows, classes = np.repeat(X, 3, axis=0), np.tile([0, 1, 2], len(X))
    labels = BackpropClassifier(random_state=1, **settings).fit(rows, classes, y.ravel())
    assert_allclose(net.predict(X), labels.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize(
    "settings, y, message",
    [
        ({"loss": "cross_entropy"}, Y2, "shares y >= 0"),
        ({"loss": "cross_entropy"}, np.abs(Y2), "row 0 of y sums to .*y / y.sum"),
        ({"loss": "cross_entropy"}, B, "y has one column"),
        ({"output_activation": "softmax"}, B, "two or more nodes"),
        ({"loss": "cross_entropy", "output_activation": "softmax"}, np.eye(3)[C], "has its own form"),
        ({"loss": "cross_entropy", "target_scaling": "standard"}, np.eye(3)[C], "has its own form"),
    ],
)
def test_targets_that_are_no_shares(settings, y, message):
    with pytest.raises(ValueError, match=message):
        BackpropRegressor(**settings).fit(X, y)


def test_equal_losses_in_a_list_are_one_loss():
    settings = {**SETTINGS, "max_iter": 10}
    listed = BackpropRegressor([Huber(0.5), Huber(0.5)], **settings).fit(X, Y2, WEIGHT)
    one = BackpropRegressor(Huber(0.5), **settings).fit(X, Y2, WEIGHT)
    object_ = BackpropRegressor(JointLoss([Huber(0.5), Huber(0.5)]), **settings).fit(X, Y2, WEIGHT)
    assert_allclose(listed.network_.theta, one.network_.theta, rtol=1e-9, atol=1e-12)
    assert same(listed, object_)


# ------------------------------------------------------------------ scaled and bounded targets


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("y", [100 + 30 * Y, Y2, Y2.astype(int)], ids=["one", "several", "whole numbers"])
@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scaled_targets_are_those_of_a_transformed_target_regressor(y, solver, loss, dtype):
    x = X.astype(dtype)
    settings = {**SETTINGS, "loss": loss, "solver": solver, "max_iter": 20}
    model = BackpropRegressor(target_scaling="standard", **settings).fit(x, y)
    peer = TransformedTargetRegressor(BackpropRegressor(**settings), transformer=StandardScaler()).fit(x, y)
    assert same(model, peer.regressor_)
    rtol = 1e-12 if dtype == np.float64 else 1e-5
    assert_allclose(model.predict(x), peer.predict(x), rtol=rtol, atol=100 * rtol)
    assert model.predict(x).shape == y.shape


def test_scaling_takes_the_weighted_mean_and_deviation():
    scaler = StandardScaler().fit(Y2, sample_weight=WEIGHT)
    settings = {**SETTINGS, "max_iter": 10}
    model = BackpropRegressor(target_scaling="standard", **settings).fit(X, Y2, WEIGHT)
    plain = BackpropRegressor(**settings).fit(X, scaler.transform(Y2), WEIGHT)
    assert same(model, plain)
    assert_allclose(model.predict(X), scaler.inverse_transform(plain.predict(X)), rtol=1e-12)


def test_a_stream_keeps_the_first_mean_and_deviation():
    model = BackpropRegressor(target_scaling="standard", **SETTINGS).partial_fit(X[:60], Y2[:60])
    scaler = StandardScaler().fit(Y2[:60])
    plain = BackpropRegressor(**SETTINGS).partial_fit(X[:60], scaler.transform(Y2[:60]))
    assert same(model.partial_fit(X[60:], Y2[60:]), plain.partial_fit(X[60:], scaler.transform(Y2[60:])))


def test_a_constant_target_is_scaled_without_warning():
    model = BackpropRegressor(target_scaling="standard", max_iter=200, random_state=0).fit(
        X, np.full(120, 7.0)
    )
    assert_allclose(model.predict(X), 7.0, atol=0.3)


def test_quantiles_are_scaled_too():
    settings = {**SETTINGS, "loss": "quantile", "quantile": [0.1, 0.5, 0.9], "max_iter": 100}
    y = 1000 + 50 * Y
    model = BackpropRegressor(target_scaling="standard", **settings).fit(X, y)
    scaler = StandardScaler().fit(y[:, None])
    plain = BackpropRegressor(**settings).fit(X, scaler.transform(y[:, None]).ravel())
    assert_allclose(model.predict(X), plain.predict(X) * scaler.scale_ + scaler.mean_, rtol=1e-12)


def test_predictions_are_clamped_to_the_targets_learned():
    far = 50 * X
    settings = {**SETTINGS, "max_iter": 30}
    free = BackpropRegressor(**settings).fit(X, Y2)
    model = BackpropRegressor(clamp=True, **settings).fit(X, Y2)
    assert same(model, free)
    low, high = Y2.min(axis=0), Y2.max(axis=0)
    assert (free.predict(far) > high).any()
    assert_array_equal(model.predict(far), np.clip(free.predict(far), low, high))
    model.set_params(batch_size="auto").partial_fit(X[:1], high[None] + 1000)
    assert_array_equal(model.predict(1e9 * X).max(axis=0), high + 1000)


@pytest.mark.parametrize("part", ["X_val", "early_stopping"])
def test_targets_held_out_do_not_widen_the_clamp_of_given_rows(part):
    settings = {**SETTINGS, "clamp": True, "max_iter": 3}
    model = BackpropRegressor(**settings)
    if part == "X_val":
        model.fit(X[:90], Y[:90], X_val=X[90:], y_val=1000 + Y[90:])
        assert model.predict(1e6 * X).max() <= Y[:90].max()
    else:
        model.set_params(early_stopping=True).fit(X, Y)
        assert model.predict(1e6 * X).max() <= Y.max()


@pytest.mark.parametrize(
    "y, output_range",
    [
        (Y, (-10, 10)),
        (Y2, (-10, 300)),
        (Y2, [(-10, 10), (0, 300)]),
        (Y2, np.array([(-10, 10), (0, 300)])),
        (Y > 0, (0, 1)),
    ],
    ids=str,
)
def test_predictions_lie_in_the_output_range(y, output_range):
    model = BackpropRegressor(output_range=output_range, max_iter=200, **SETTINGS).fit(X, y)
    bounds = np.broadcast_to(np.asarray(output_range, float), (1 if y.ndim == 1 else 2, 2))
    prediction = model.predict(1e6 * X).reshape(120, -1)
    assert (prediction >= bounds[:, 0]).all() and (prediction <= bounds[:, 1]).all()
    assert (prediction.min(axis=0) <= bounds[:, 0] + 1e-3).all()
    by_hand = (y.reshape(120, -1) - bounds[:, 0]) / (bounds[:, 1] - bounds[:, 0])
    plain = BackpropRegressor(output_activation="logistic", max_iter=200, **SETTINGS)
    plain.fit(X, by_hand.reshape(y.shape))
    assert same(model, plain)
    expected = plain.predict(X).reshape(120, -1) * (bounds[:, 1] - bounds[:, 0]) + bounds[:, 0]
    assert_allclose(model.predict(X).reshape(120, -1), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"output_range": (0, 1)}, "outside of output_range"),
        ({"output_range": (1, 0)}, "low < high"),
        ({"output_range": (3,)}, "low < high"),
        ({"output_range": [(0, 1)] * 3}, "low < high"),
        ({"output_range": (-9, 9), "output_activation": "tanh"}, "exclude each other"),
        ({"output_range": (-9, 9), "target_scaling": "standard"}, "exclude each other"),
        ({"target_scaling": "standard", "output_activation": "tanh"}, "exclude each other"),
        ({"target_scaling": "minmax"}, "target_scaling"),
        ({"target_scaling": "standard", "loss": "poisson"}, "target_scaling.*poisson"),
        ({"output_range": (-9, 9), "loss": "gamma"}, "output_range.*gamma"),
        ({"output_range": (-9, 9), "loss": "quantile", "quantile": [0.1, 0.9]}, "output_range"),
        ({"clamp": "yes"}, "clamp"),
        ({"loss": "quantile", "quantile": [0.9, 0.1]}, "strictly increasing"),
        ({"loss": "quantile", "quantile": [0.1, 1.0]}, "strictly increasing"),
        ({"loss": "quantile", "quantile": []}, "strictly increasing"),
        ({"loss": "quantile", "quantile": 1.5}, "quantile"),
    ],
    ids=str,
)
def test_wrong_settings_of_targets_name_themselves_and_lose_nothing(settings, message):
    model = BackpropRegressor(max_iter=2, **SETTINGS).fit(X, Y)
    prediction = model.predict(X)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        model.set_params(**settings).fit(X, Y)
    assert_array_equal(model.predict(X), prediction)


def test_a_validation_target_outside_of_the_range_is_still_measured():
    """It is no target to learn: its loss is what it is."""
    model = BackpropRegressor(output_range=(-9, 9), max_iter=2, **SETTINGS)
    model.fit(X[:90], Y[:90], X_val=X[90:], y_val=Y[90:] + 20)
    assert model.validation_scores_[-1] < 0


# ------------------------------------------------------------------ quantiles and intervals


def noisy(n_samples, seed):
    """Noise that grows with x."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n_samples, 1))
    return x, np.sin(3 * x[:, 0]) + rng.normal(size=n_samples) * (0.6 + 0.4 * x[:, 0])


TAU = [0.05, 0.25, 0.5, 0.75, 0.95]


def test_quantiles_cover_their_share_and_never_cross():
    x, y = noisy(2000, 0)
    settings = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.01, "random_state": 0}
    model = BackpropRegressor("quantile", quantile=TAU, max_iter=60, **settings).fit(x, y)
    q = model.predict(x)
    assert q.shape == (2000, 5)
    assert_allclose((y[:, None] < q).mean(axis=0), TAU, atol=0.04)
    anywhere = model.predict(1e3 * RNG.normal(size=(5000, 1)))
    assert (np.diff(anywhere, axis=1) >= 0).all()
    expected = np.mean([d2_pinball_score(y, q[:, k], alpha=tau) for k, tau in enumerate(TAU)])
    assert model.score(x, y) == pytest.approx(expected)
    x_new, y_new = noisy(4000, 1)
    for coverage in (0.5, 0.9):
        low, high = model.predict_interval(x_new, coverage).T
        assert np.mean((low <= y_new) & (y_new <= high)) == pytest.approx(coverage, abs=0.04)
    assert_array_equal(model.predict_interval(x, 0.9), q[:, [0, 4]])
    with pytest.raises(ValueError, match=r"needs the quantiles 0\.1 and 0\.9"):
        model.predict_interval(x, 0.8)


def test_quantiles_of_several_outputs():
    settings = {**SETTINGS, "loss": "quantile", "target_scaling": "standard", "max_iter": 150}
    model = BackpropRegressor(quantile=[0.1, 0.5, 0.9], **settings).fit(X, Y2)
    q = model.predict(X)
    assert q.shape == (120, 2, 3)
    assert (np.diff(q, axis=2) >= 0).all()
    assert_allclose((Y2[..., None] < q).mean(axis=0), [[0.1, 0.5, 0.9]] * 2, atol=0.12)
    assert model.predict_interval(X, 0.8).shape == (120, 2, 2)
    one = BackpropRegressor(quantile=[0.5], **settings).fit(X, Y2)
    assert one.predict(X).reshape(120, 2).shape == (120, 2)
    assert r2_score(Y2, one.predict(X).reshape(120, 2)) > 0.6


def test_a_list_of_one_quantile_is_that_quantile():
    settings = {**SETTINGS, "loss": "quantile", "max_iter": 20}
    listed = BackpropRegressor(quantile=[0.3], **settings).fit(X, Y)
    number = BackpropRegressor(quantile=0.3, **settings).fit(X, Y)
    assert_allclose(listed.network_.theta, number.network_.theta, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_conformal_intervals_cover_fresh_rows(coverage):
    """On average over validation parts the share is at least `coverage`, and less than 1 / (n + 1) more."""
    covered = []
    for seed in range(40):
        x, y = noisy(260, seed)
        settings = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": seed}
        model = BackpropRegressor(**settings).fit(x[:40], y[:40], X_val=x[40:100], y_val=y[40:100])
        low, high = model.predict_interval(x[100:], coverage).T
        covered.append(np.mean((low <= y[100:]) & (y[100:] <= high)))
    error = np.std(covered) / np.sqrt(40)
    assert coverage - 3 * error < np.mean(covered) < coverage + 1 / 61 + 3 * error
    assert error < 0.02


def test_a_conformal_interval_is_a_residual_of_the_validation_part():
    model = BackpropRegressor(max_iter=5, **SETTINGS).fit(X[:81], Y2[:81], X_val=X[81:], y_val=Y2[81:])
    residuals = np.sort(np.abs(Y2[81:] - model.predict(X[81:])), axis=0)
    assert_allclose(model.validation_residuals_, residuals, rtol=1e-12)
    interval = model.predict_interval(X, 0.9)
    assert interval.shape == (120, 2, 2)
    margin = residuals[35]  # the 36th of 39: ceil(40 * 0.9)
    assert_allclose(interval[..., 1] - model.predict(X), np.tile(margin, (120, 1)), rtol=1e-10)
    assert_allclose(interval.mean(axis=2), model.predict(X), rtol=1e-10)


@pytest.mark.parametrize("part", [{"early_stopping": True}, {"validation": 4}])
def test_every_kind_of_validation_part_gives_intervals(part):
    model = BackpropRegressor(max_iter=5, **part, **SETTINGS).fit(X, Y)
    n_held_out = 12 if "early_stopping" in part else 30
    assert model.validation_residuals_.shape == (n_held_out,)
    assert model.predict_interval(X, 0.9).shape == (120, 2)


def test_intervals_need_what_they_are_made_from():
    model = BackpropRegressor(max_iter=3, **SETTINGS).fit(X, Y)
    assert model.validation_residuals_ is None
    with pytest.raises(ValueError, match=r"needs loss='quantile'.* or a validation part"):
        model.predict_interval(X)
    model.fit(X[:110], Y[:110], X_val=X[110:], y_val=Y[110:])
    with pytest.raises(ValueError, match="at least 19 validation rows, but there were 10"):
        model.predict_interval(X, 0.95)
    for coverage in (0, 1, 1.5, "most"):
        with pytest.raises(ValueError, match="coverage"):
            model.predict_interval(X, coverage)


# ------------------------------------------------------------------ calibration


HELD_OUT = np.arange(120) >= 70
PART = PredefinedSplit(np.where(HELD_OUT, 0, -1))
OVERFIT = {"validation": PART, "max_iter": 150, "hidden_layer_sizes": (20,), "random_state": 0}


def divided(z, t):
    """Probabilities of z / t: a row of classes, or labels."""
    if z.ndim == 1:
        p = expit(z / t)
        return np.column_stack([1 - p, p])
    e = np.exp((z - z.max(axis=1, keepdims=True)) / t)
    return e / e.sum(axis=1, keepdims=True)


def best_temperature(z, y, weight):
    def value(log_t):
        return log_loss(y, divided(z, np.exp(log_t)), sample_weight=weight)

    # convex in 1 / t: there is one minimum
    ends = np.log(0.1), np.log(100)
    found = minimize_scalar(value, bounds=ends, method="bounded", options={"xatol": 1e-7})
    return np.exp(found.x)


CASES = {
    "two classes": (B, lambda y, z: [(y, z)]),
    "three classes": (C, lambda y, z: [(y, z)]),
    "labels": (LABELS, lambda y, z: list(zip(y.T, z.T))),
    "outputs": (SEVERAL, lambda y, z: list(zip(y.T, z))),
}


@crossed(case=list(CASES), solver=["adam", "lbfgs"], weight={"equal": None, "weighted": WEIGHT})
def test_the_temperature_minimises_the_log_loss_of_the_validation_part(case, solver, weight):
    y, distributions = CASES[case]
    settings = {**OVERFIT, "max_iter": 90, "solver": solver, "learning_rate_init": 0.05}
    raw = BackpropClassifier(**settings).fit(X, y, weight)
    model = BackpropClassifier(calibration="temperature", **settings).fit(X, y, weight)
    assert same(model, raw)
    assert_array_equal(model.predict(X), raw.predict(X))
    assert raw.temperature_ is None
    z = raw.decision_function(X)
    part = None if weight is None else weight[HELD_OUT]
    columns = model.temperature_
    assert columns.shape == (model.n_outputs_,)
    found, position = model.predict_proba(X), 0
    for k, (target, net_input) in enumerate(distributions(y, z)):
        t = best_temperature(net_input[HELD_OUT], target[HELD_OUT], part)
        width = 1 if net_input.ndim == 1 else net_input.shape[1]
        assert_allclose(columns[position : position + width], t, rtol=1e-3)
        position += width
        expected = divided(net_input, t)
        p = found[k] if case == "outputs" else found
        p = np.column_stack([1 - p[:, k], p[:, k]]) if case == "labels" else p
        assert_allclose(p, expected, atol=1e-3)
        before = log_loss(target[HELD_OUT], divided(net_input, 1)[HELD_OUT], sample_weight=part)
        after = log_loss(target[HELD_OUT], p[HELD_OUT], sample_weight=part)
        assert after <= before + 1e-9
    assert columns.max() > 1.2  # the network was too sure of itself


@pytest.mark.parametrize("y", [B, C])
def test_logarithms_of_probabilities_are_calibrated_too(y):
    model = BackpropClassifier(calibration="temperature", learning_rate_init=0.05, **OVERFIT).fit(X, y)
    assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X), rtol=1e-9)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_calibration_of_single_precision():
    settings = {**OVERFIT, "learning_rate_init": 0.05, "calibration": "temperature"}
    single = BackpropClassifier(**settings).fit(X.astype("f4"), C)
    assert single.temperature_.dtype == single.predict_proba(X.astype("f4")).dtype == np.float32
    double = BackpropClassifier(**settings).fit(X, C)
    assert_allclose(single.temperature_, double.temperature_, rtol=0.05)


def test_calibration_needs_a_validation_part():
    model = BackpropClassifier(calibration="temperature", **SETTINGS)
    with pytest.raises(ValueError, match="needs a validation part"):
        model.fit(X, C)
    assert not hasattr(model, "network_")
    with pytest.raises(ValueError, match="calibration"):
        model.set_params(calibration="platt").fit(X, C)


def test_a_fit_without_calibration_forgets_the_temperature():
    model = BackpropClassifier(calibration="temperature", warm_start=True, **OVERFIT).fit(X, C)
    assert model.temperature_ is not None
    model.set_params(calibration=None).fit(X, C)
    assert model.temperature_ is None
    assert_allclose(model.predict_proba(X), divided(model.decision_function(X), 1), rtol=1e-9)


def test_label_smoothing_and_calibration_go_together():
    settings = {**OVERFIT, "loss": LogLoss(label_smoothing=0.2), "solver": "lbfgs"}
    model = BackpropClassifier(calibration="temperature", **settings).fit(X, C)
    z = model.decision_function(X)[HELD_OUT]
    assert_allclose(model.temperature_[0], best_temperature(z, C[HELD_OUT], None), rtol=1e-3)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5, 2: 1.0}])
def test_class_weights_with_whole_sample_weights_are_repetition(class_weight):
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(40, 3)), rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    settings = {"class_weight": class_weight, "max_iter": 30, "random_state": 0}
    weighted = BackpropClassifier(**settings).fit(X, y, sample_weight=weight)
    repeated = BackpropClassifier(**settings).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(weighted.network_.theta, repeated.network_.theta, rtol=1e-7, atol=1e-10)


# ------------------------------------------------------------------ what belongs to one fit only


def test_a_second_fit_is_scored_without_the_old_temperature():
    settings = {**OVERFIT, "max_iter": 40, "calibration": "temperature"}
    settings |= {"warm_start": True, "scoring": "neg_log_loss"}
    net = BackpropClassifier(**settings).fit(X, C).fit(X, C)
    assert net.temperature_ is not None
    assert_allclose(net.validation_scores_, np.negative(net.validation_loss_curve_), rtol=1e-9)


def test_a_stream_forgets_what_was_measured_before():
    net = BackpropRegressor(validation=3, **SETTINGS).fit(X, Y)
    assert net.validation_residuals_ is not None
    net.partial_fit(X, Y + 100)
    with pytest.raises(ValueError, match="validation part"):
        net.predict_interval(X)
    with pytest.raises(ValueError, match="calibration"):
        BackpropClassifier(calibration="temperature", **SETTINGS).partial_fit(X, C, classes=[0, 1, 2])


def test_rows_without_weight_do_not_widen_the_interval():
    y_val, weight = Y[60:].copy(), np.ones(60)
    y_val[30:] += 100
    weight[30:] = 0
    net = BackpropRegressor(**SETTINGS).fit(
        X[:60], Y[:60], X_val=X[60:], y_val=y_val, sample_weight_val=weight
    )
    alone = BackpropRegressor(**SETTINGS).fit(X[:60], Y[:60], X_val=X[60:90], y_val=Y[60:90])
    assert_allclose(net.predict_interval(X, 0.8), alone.predict_interval(X, 0.8))


def test_an_interval_is_clamped_as_predictions_are():
    net = BackpropRegressor(clamp=True, validation=3, **SETTINGS).fit(X, Y2)
    interval = net.predict_interval(X)
    low, high = net.model_.targets.low, net.model_.targets.high
    assert (interval >= low[:, None]).all()
    assert (interval <= high[:, None]).all()
    assert (net.predict_interval(X)[..., 1] == high).any()


@pytest.mark.parametrize(
    "settings", [{"target_scaling": "standard"}, {"output_range": (-9, 9)}, {"clamp": True}], ids=str
)
def test_float32_stays_float32(settings):
    net = BackpropRegressor(**SETTINGS, **settings).fit(X.astype(np.float32), Y.astype(np.float32))
    assert net.predict(X.astype(np.float32)).dtype == np.float32


def test_a_pretrained_output_layer_continues_a_whole_network():
    first = BackpropRegressor(**SETTINGS).fit(X, Y)
    *hidden, last = first.network_.pretrained_layers()
    settings = {**SETTINGS, "hidden_layer_sizes": hidden, "output_layer": last}
    second = BackpropRegressor(**{**settings, "max_iter": 1, "learning_rate_init": 1e-300})
    assert_allclose(second.fit(X, Y).predict(X), first.predict(X))


@pytest.mark.parametrize("loss", [[3, "huber"], (64, 32), "squared"], ids=str)
def test_a_loss_that_is_none_is_named(loss):
    with pytest.raises(ValueError, match="loss"):
        BackpropRegressor(loss=loss, **SETTINGS).fit(X, Y2)


def test_labels_of_several_types_in_one_target_are_named():
    with pytest.raises((TypeError, ValueError), match="y"):
        BackpropClassifier(**SETTINGS).fit(X, pd.DataFrame({"a": C.astype(str), "b": C}))


@pytest.mark.parametrize("kind", [BackpropRegressor, TabularBackpropRegressor])
def test_the_order_of_y_in_memory_is_of_no_account(kind):
    """NumPy rounds sums over rows of a Fortran array in another way, and with them the scale of y."""
    rng = np.random.default_rng(0)
    settings = {"max_iter": 2, "random_state": 0}
    settings |= (
        {"n_estimators": 1, "hidden_layer_sizes": [4]}
        if kind is TabularBackpropRegressor
        else {"hidden_layer_sizes": (4,), "target_scaling": "standard", "learning_rate": "cosine"}
    )
    for _ in range(5):
        x, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
        nets = [kind(**settings).fit(x, target) for target in (y, np.asfortranarray(y))]
        assert_array_equal(*(net.predict(x) for net in nets))
