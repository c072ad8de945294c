"""Attributions against finite differences, exact results and other packages; hidden activations."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from shared.naming import component_id
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, PolynomialFeatures, StandardScaler

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.activations import ACTIVATIONS
from skbackprop.inspection import (
    expected_gradients,
    gradient_times_input,
    hidden_activations,
    input_gradients,
    integrated_gradients,
)
from skbackprop.inspection.columns import sources_of_columns
from skbackprop.layers import (
    PBLD,
    PL,
    PLR,
    BatchNorm,
    Blocks,
    Concatenate,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Frozen,
    LayerNorm,
    MaxPool1D,
    NTKDense,
    Parametric,
    Passthrough,
    Residual,
    Scale,
    Sequential,
)
from skbackprop.losses import (
    BinaryLogLoss,
    CrossEntropy,
    Gamma,
    Huber,
    JointLoss,
    Loss,
    MultinomialLogLoss,
    Poisson,
    Quantiles,
    SquaredError,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FRAME, Y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X = StandardScaler().fit_transform(FRAME)
X_IRIS, IRIS = load_iris(return_X_y=True)
X_IRIS = StandardScaler().fit_transform(X_IRIS)
SMALL = {"max_iter": 5, "random_state": 0}


def regressor(layers=(8,), loss="squared_error", **settings):
    return BackpropRegressor(loss, layers, **{"target_scaling": "standard"} | SMALL | settings)


def predicted(net, X, of):
    """The library's own predictions, (n_samples, n_outputs), two classes as the second one."""
    if of == "net_input":
        z = net.decision_function(X)
    else:
        z = net.predict_proba(X) if hasattr(net, "predict_proba") else net.predict(X)
    z = np.hstack(z) if isinstance(z, list) else z.reshape(len(X), -1)
    targets = net.model_.targets
    return z[:, 1:] if getattr(targets, "exclusive", None) is False and targets.n_columns == 1 else z


def slopes(f, X, h=1e-5):
    """df/dx by central differences, (n_samples, n_features, n_outputs)."""
    columns = []
    for k in range(X.shape[1]):
        move = np.zeros(X.shape[1])
        move[k] = h
        columns.append((f(X + move) - f(X - move)) / (2 * h))
    return np.stack(columns, axis=1)


# ------------------------------------------------------------------ links


@pytest.mark.parametrize(
    "loss, width",
    [
        (SquaredError(), 3),
        (Huber(), 2),
        (Poisson(), 2),
        (Gamma(), 2),
        (BinaryLogLoss(), 3),
        (MultinomialLogLoss(), 4),
        (CrossEntropy(), 3),
        (Quantiles((0.1, 0.5, 0.9)), 3),
        (JointLoss([Poisson(), Quantiles((0.2, 0.7)), SquaredError()], [1, 2, 1]), 4),
    ],
    ids=component_id,
)
@pytest.mark.parametrize("members", [(), (2,)])
def test_the_way_back_through_the_link(loss, width, members):
    rng = np.random.default_rng(0)
    z, g = rng.normal(size=(2, *members, 5, width))

    def prediction(z):
        out = np.empty_like(z)
        loss.predict(z, out)
        return out

    exact = loss.predict_backward(g, z, prediction(z))
    for k in range(width):
        move = np.zeros(width)
        move[k] = 1e-6
        slope = (g * (prediction(z + move) - prediction(z - move))).sum(axis=-1) / 2e-6
        assert_allclose(exact[..., k], slope, rtol=1e-7, atol=1e-9)


@dataclass(eq=False, repr=False)
class OwnLink(Loss):
    """A loss of one's own that has no way back."""

    def losses_and_delta(self, y, z, losses, out, work):
        SquaredError().losses_and_delta(y, z, losses, out, work)

    def predict(self, z, out):
        np.square(z, out=out)


def test_a_link_without_a_way_back():
    net = BackpropRegressor(OwnLink(), (4,), **SMALL).fit(X, Y / 100)
    with pytest.raises(NotImplementedError, match="OwnLink"):
        input_gradients(net, X)
    assert np.isfinite(input_gradients(net, X, of="net_input").values).all()


# ------------------------------------------------------------------ gradients

LAYERS = {
    **{name: [Dense(6, name)] for name in ACTIVATIONS},
    "Dropout": [Dropout(0.3), Dense(6, "tanh"), Dropout(0.3)],
    "BatchNorm": [BatchNorm(), Dense(6, "tanh"), BatchNorm()],
    "LayerNorm": [LayerNorm(), Dense(6, "tanh"), LayerNorm()],
    "Residual": [Dense(6, "tanh"), Residual(Sequential([Dense(3, "tanh"), Dense(6, "tanh")]))],
    "Concatenate": [Concatenate([Dense(3, "tanh"), Sequential([Dense(4, "mish"), Dense(2, "silu")])])],
    "Frozen": [Frozen(Dense(6, "tanh"))],
    "NTKDense": [Scale(), NTKDense(6, "tanh"), Parametric("selu")],
    "Conv1D": [Conv1D(3, 2, activation="tanh"), MaxPool1D(2, 3), Dense(4, "tanh")],
    "Blocks": [Blocks([PBLD(3), PL(2), PLR(2), Passthrough()], [1, 1, 1, 1]), Dense(6, "tanh")],
}


@pytest.mark.parametrize("of", ["prediction", "net_input"])
@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_gradients_of_every_layer(layers, of):
    """Three outputs: backward is called three times after one forward pass."""
    net = BackpropClassifier(layers, **SMALL).fit(X_IRIS, IRIS)
    found = input_gradients(net, X_IRIS[:20], of=of)
    assert found.values.shape == (20, 4, 3)
    exact = slopes(lambda rows: predicted(net, rows, of), X_IRIS[:20])
    kinks = np.abs(found.values - exact) > 1e-6
    assert kinks.mean() < (0.02 if {"relu", "leaky_relu"} & {str(layers[0])} else 0.01)
    assert_allclose(found.predictions, predicted(net, X_IRIS[:20], of), rtol=1e-12)


OUTPUTS = {
    "numbers": (regressor(), X, Y),
    "not scaled": (regressor(target_scaling=None), X, Y),
    "two outputs": (regressor(), X, np.column_stack([Y, np.sqrt(Y)])),
    "Poisson": (regressor(loss="poisson", target_scaling=None), X, Y / 100),
    "quantiles": (regressor(loss="quantile", quantile=[0.1, 0.5, 0.9]), X, Y),
    "quantiles of two": (regressor(loss="quantile", quantile=[0.1, 0.9]), X, np.column_stack([Y, -Y])),
    "range": (regressor(target_scaling=None, output_range=(0, 400)), X, Y),
    "two classes": (BackpropClassifier((8,), **SMALL), X, Y > 150),
    "labels": (BackpropClassifier((8,), **SMALL), X, np.column_stack([Y > 100, Y > 200]).astype(int)),
    "two outputs of classes": (
        BackpropClassifier((8,), **SMALL),
        X,
        np.column_stack([np.digitize(Y, [100, 200]), Y > 150]).astype(str),
    ),
    "temperature": (
        BackpropClassifier((8,), calibration="temperature", early_stopping=True, **SMALL),
        X_IRIS,
        IRIS,
    ),
    "table of numbers": (
        TabularBackpropRegressor(max_iter=2, n_estimators=2, clamp=False, random_state=0),
        X,
        Y,
    ),
    "table of classes": (TabularBackpropClassifier(max_iter=2, n_estimators=2, random_state=0), X_IRIS, IRIS),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_values_and_completeness_of_every_output(case):
    net, X, y = OUTPUTS[case]
    net.fit(X, y)
    rows = X[:15]
    found = integrated_gradients(net, rows, baseline=X[20:21])
    expected = predicted(net, rows, "prediction")
    if case == "two outputs of classes":
        expected = np.delete(expected, 3, axis=1)  # of two classes the second one
    assert_allclose(found.predictions, expected, rtol=2e-5, atol=1e-6)
    assert len(found.outputs) == expected.shape[1]
    scale = np.abs(found.predictions - found.base_values).max(axis=0)
    assert (np.abs(found.completeness_errors) <= 1e-3 * scale + 1e-9).all()
    assert_allclose(
        found.values.sum(axis=1) + found.base_values + found.completeness_errors, found.predictions
    )


def test_names_of_outputs():
    def names(case):
        net, X, y = OUTPUTS[case]
        return input_gradients(net.fit(X, y), X[:2]).outputs

    assert names("numbers") == ["y"]
    assert names("two outputs") == ["y0", "y1"]
    assert names("quantiles") == ["y 0.1", "y 0.5", "y 0.9"]
    assert names("quantiles of two") == ["y0 0.1", "y0 0.9", "y1 0.1", "y1 0.9"]
    assert names("two classes") == [True]
    assert names("two outputs of classes") == ["0: 0", "0: 1", "0: 2", "1: 1"]
    assert names("labels") == ["0: 1", "1: 1"]
    assert names("table of classes") == [0, 1, 2]


@pytest.mark.parametrize("n_rows", [1, 3, 1024, 2500])
def test_any_number_of_rows(n_rows):
    net = regressor().fit(X, Y)
    rows = np.resize(X, (n_rows, 10))
    few = [regressor().fit(X, Y), rows[-1:]]
    for method in (input_gradients, gradient_times_input):
        assert_allclose(method(net, rows).values[-1:], method(*few).values, rtol=1e-10)
    start = X[:1]
    whole = integrated_gradients(net, rows, baseline=start, n_steps=64, tolerance=1e3)
    last = integrated_gradients(*few, baseline=start, n_steps=64, tolerance=1e3)
    assert_allclose(whole.values[-1:], last.values, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------ integrated and expected gradients


def linear_net():
    return regressor([Dense(5, "identity")]).fit(X, Y)


def test_linear_networks_have_one_answer():
    """w (x - b) for all, which is also SHAP's."""
    net = linear_net()
    w = (net.coefs_[0] @ net.coefs_[1])[:, 0] * np.std(Y)
    assert_allclose(input_gradients(net, X).values[:, :, 0], np.tile(w, (len(X), 1)))
    assert_allclose(gradient_times_input(net, X).values[:, :, 0], X * w)
    integrated = integrated_gradients(net, X)
    assert_allclose(integrated.values[:, :, 0], (X - X.mean(axis=0)) * w, atol=1e-10)
    assert_allclose(integrated.completeness_errors, 0.0, atol=1e-10)
    expected = expected_gradients(net, X[:9], X[:50], n_samples=50, random_state=0)
    assert_allclose(expected.values[:, :, 0], (X[:9] - X[:50].mean(axis=0)) * w, atol=1e-10)


def test_a_product_is_shared_equally():
    """f = x_0 x_1 from 0: each factor gets half."""
    rng = np.random.default_rng(0)
    rows = rng.uniform(-1, 1, (700, 2))
    net = BackpropRegressor(hidden_layer_sizes=(30, 30), activation="tanh", solver="lbfgs", random_state=0)
    net.set_params(max_iter=3000, tol=1e-7, alpha=0.0).fit(rows, rows.prod(axis=1))
    found = integrated_gradients(net, rows[:50], baseline=[[0.0, 0.0]]).values[:, :, 0]
    assert_allclose(found, 0.5 * np.repeat(rows[:50].prod(axis=1)[:, None], 2, axis=1), atol=0.02)


@cache
def with_many_steps(activation):
    net = regressor((50, 50), activation=activation, max_iter=50).fit(X, Y)
    return net, integrated_gradients(net, X[:40], n_steps=4000, tolerance=1.0)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4])
@pytest.mark.parametrize("activation", ["relu", "tanh", "mish"])
def test_completeness_is_reached_by_shorter_steps(activation, tolerance):
    """Every column is about as good as the sum, beside many short steps."""
    net, fine = with_many_steps(activation)
    coarse = integrated_gradients(net, X[:40], tolerance=tolerance)
    scale = np.abs(coarse.predictions - coarse.base_values).max()
    assert np.abs(coarse.completeness_errors).max() <= tolerance * scale
    assert_allclose(coarse.values, fine.values, rtol=0, atol=3 * max(tolerance, 3e-4) * scale)


def test_what_is_not_complete_is_told():
    """Codes inside a branch have no gradient, so that what they contribute is not seen."""
    rows = np.column_stack([np.arange(100) % 4])
    net = regressor([Concatenate([Embedding(4, 2)])], learning_rate_init=0.1).fit(rows, rows[:, 0] ** 2)
    with pytest.warns(
        UserWarning, match=r"of 10 rows differ from f\(x\) - f\(baseline\) by more than tolerance=0.01"
    ):
        found = integrated_gradients(net, rows[:10], baseline=[[0]], tolerance=0.01)
    assert np.abs(found.completeness_errors).max() > 1.0


def test_baselines():
    net = regressor().fit(X, Y)
    of_mean = integrated_gradients(net, X)
    assert_allclose(of_mean.values, integrated_gradients(net, X, baseline=X.mean(axis=0)[None]).values)
    of_each = integrated_gradients(net, X, baseline=X)
    assert_allclose(of_each.values, 0.0, atol=1e-12)
    assert of_each.base_values.shape == (len(X), 1)
    with pytest.raises(ValueError, match="baseline has 3 rows"):
        integrated_gradients(net, X, baseline=X[:3])


def test_expected_gradients_are_the_mean_of_integrated_ones():
    net = regressor((20,), activation="tanh", max_iter=100).fit(X, Y)
    rows, background = X[:6], X[100:140]
    exact = np.mean(
        [integrated_gradients(net, rows, baseline=b[None], tolerance=1e-6).values for b in background], axis=0
    )
    found = expected_gradients(net, rows, background, n_samples=4000, random_state=0)
    assert (np.abs(found.values - exact) < 4 * found.standard_errors).mean() > 0.98
    assert found.standard_errors.max() < 0.1 * np.abs(exact).max()
    assert (
        np.abs(found.completeness_errors).max() < 0.02 * np.abs(found.predictions - found.base_values).max()
    )
    fewer = expected_gradients(net, rows, background, n_samples=40, random_state=0)
    ratio = (fewer.standard_errors / found.standard_errors).mean()
    assert 5 < ratio < 20  # sqrt(100)


def test_equal_seeds_give_equal_samples():
    net = regressor().fit(X, Y)
    first, second, other = (expected_gradients(net, X[:4], X, random_state=s).values for s in (1, 1, 2))
    assert_array_equal(first, second)
    assert not np.allclose(first, other)


def test_near_the_exact_shapley_values():
    """Of four columns, by the formula over all 16 coalitions: where f is nearly additive they meet."""
    net = BackpropClassifier((10,), "tanh", max_iter=300, alpha=1.0, random_state=0).fit(X_IRIS, IRIS)
    rows, background = X_IRIS[::15], X_IRIS[5::15]

    def value(coalition):
        mixed = np.repeat(background[None], len(rows), axis=0)
        mixed[:, :, list(coalition)] = rows[:, None, list(coalition)]
        return net.decision_function(mixed.reshape(-1, 4)).reshape(*mixed.shape[:2], 3).mean(axis=1)

    shapley = np.zeros((len(rows), 4, 3))
    for k in range(4):
        others = [i for i in range(4) if i != k]
        for size in range(4):
            for coalition in combinations(others, size):
                gain = value((*coalition, k)) - value(coalition)
                shapley[:, k] += gain / (4 * comb(3, size))
    found = expected_gradients(net, rows, background, of="net_input", n_samples=5000, random_state=0)
    assert_allclose(found.values.sum(axis=1), shapley.sum(axis=1), atol=0.02)
    assert np.corrcoef(found.values.ravel(), shapley.ravel())[0, 1] > 0.99


# ------------------------------------------------------------------ columns of pipelines and tables


def columns():
    return make_column_transformer(
        (OneHotEncoder(drop="if_binary"), ["sex"]),
        remainder=StandardScaler(),
        verbose_feature_names_out=False,
    )


def test_a_category_is_the_sum_of_its_columns():
    rng = np.random.default_rng(0)
    frame = FRAME.assign(city=rng.choice(["a", "b", "c"], len(FRAME)))
    encoder = make_column_transformer((OneHotEncoder(), ["city", "sex"]), remainder=StandardScaler())
    model = make_pipeline(encoder, regressor()).fit(frame, Y)
    rows = frame[:7]
    found = integrated_gradients(model, rows, baseline=frame[10:11]).to_frame()
    assert found.columns.tolist() == frame.columns.tolist()
    seen = encoder.transform(rows), encoder.transform(frame[10:11])
    raw = integrated_gradients(model[-1], seen[0], baseline=seen[1]).values[:, :, 0]
    assert_allclose(found["city"], raw[:, :3].sum(axis=1))
    assert_allclose(found["sex"], raw[:, 3:5].sum(axis=1))
    assert_allclose(found["age"], raw[:, 5])
    gradients = input_gradients(model, rows)
    assert gradients.columns == encoder.get_feature_names_out().tolist()


def test_frames_keep_their_index():
    model = make_pipeline(columns(), regressor()).fit(FRAME, Y)
    rows = FRAME.sample(5, random_state=0)
    found = expected_gradients(model, rows, FRAME, random_state=0).to_frame()
    assert found.index.equals(rows.index)
    assert found.columns.tolist() == FRAME.columns.tolist()


PIPELINES = {
    "scaler": make_pipeline(StandardScaler()),
    "imputer with indicators": make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
    "selection": make_pipeline(StandardScaler(), SelectKBest(k=4)),
    "squares": make_pipeline(StandardScaler(), PolynomialFeatures(2)),
    "components": make_pipeline(StandardScaler(), PCA(3)),
    "union": make_pipeline(FeatureUnion([("scaled", StandardScaler()), ("components", PCA(2))])),
    "identity": make_pipeline("passthrough", FunctionTransformer()),
    "no names": make_pipeline(ColumnTransformer([("f", FunctionTransformer(np.log1p), ["age", "bmi"])])),
    "dropped": make_pipeline(
        ColumnTransformer([("s", StandardScaler(), ["age", "bmi"]), ("d", "drop", ["sex"])])
    ),
    "nested": make_pipeline(
        ColumnTransformer(
            [("p", make_pipeline(SimpleImputer(), StandardScaler()), slice(2, 5))], remainder="passthrough"
        )
    ),
}
COLUMNS = {
    "scaler": list(FRAME),
    "imputer with indicators": list(FRAME),
    "selection": list(FRAME),
    "squares": [*FRAME, "1", *(f"{a} {b}" for a, b in combinations(FRAME, 2))],
    "components": [*FRAME, "pca0", "pca1", "pca2"],
    "union": [*FRAME, "components__pca0", "components__pca1"],
    "identity": list(FRAME),
    "no names": None,
    "dropped": list(FRAME),
    "nested": list(FRAME),
}


@pytest.mark.parametrize("case", PIPELINES)
def test_columns_are_traced_through_pipelines(case):
    holes = FRAME.mask(np.random.default_rng(0).uniform(size=FRAME.shape) < 0.1)
    frame = holes if case == "imputer with indicators" else FRAME
    net = regressor(target_scaling="standard")
    model = make_pipeline(*(step for _, step in PIPELINES[case].steps), net).fit(frame, Y)
    found = integrated_gradients(model, frame[:6], tolerance=1e-4)
    scale = np.abs(found.predictions - found.base_values).max()
    assert_allclose(found.completeness_errors, 0.0, atol=1e-4 * scale)
    if COLUMNS[case] is not None:
        assert found.columns == COLUMNS[case]
    assert found.to_frame().shape == (6, len(found.columns))
    if case == "selection":
        chosen = model[1].get_support()
        assert (found.values[:, ~chosen] == 0.0).all()
        assert (found.values[:, chosen] != 0.0).any(axis=0).all()


def test_sources_of_columns():
    frame = FRAME[["sex", "age", "bmi"]]
    transformer = make_column_transformer(
        (OneHotEncoder(), ["sex"]), (PCA(1), ["age", "bmi"]), remainder="passthrough"
    ).fit(frame)
    sources, names = sources_of_columns([transformer], ["sex", "age", "bmi"])
    assert sources == [0, 0, None]
    assert names == ["onehotencoder__sex_1.0", "onehotencoder__sex_2.0", "pca__pca0"]


def test_a_transformer_without_names():
    model = make_pipeline(FunctionTransformer(np.log1p), regressor()).fit(FRAME, Y)
    with pytest.raises(ValueError, match="has no get_feature_names_out"):
        integrated_gradients(model, FRAME)


def test_around_the_estimator():
    """Searches, and a target that is scaled outside: the attributions are those of what is inside."""
    inner = regressor(target_scaling=None)
    outside = TransformedTargetRegressor(make_pipeline(StandardScaler(), inner), transformer=StandardScaler())
    outside.fit(FRAME, Y)
    found = integrated_gradients(outside, FRAME[:5])
    same = integrated_gradients(outside.regressor_, FRAME[:5])
    assert_array_equal(found.values, same.values)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), inner), {"backpropregressor__alpha": [0.1, 1]}, cv=2
    )
    found = input_gradients(search.fit(FRAME, Y / 100), FRAME[:5])
    assert_array_equal(found.values, input_gradients(search.best_estimator_, FRAME[:5]).values)


def table():
    rng = np.random.default_rng(0)
    frame = FRAME.assign(
        city=rng.choice(list("abcdefghijklmn"), len(FRAME)),
        colour=rng.choice(["red", "green", None], len(FRAME)),
        sold=pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, len(FRAME)), "D"),
    )
    frame.loc[::7, "bmi"] = np.nan
    return frame, Y + 40 * (frame["city"] == "a") + 20 * (frame["colour"] == "red")


@pytest.mark.parametrize("recipe", ["bagged", "td", "td_s"])
def test_tables_as_they_come(recipe):
    """Dates, holes, and categories, those that are embedded among them; members are averaged."""
    frame, y = table()
    net = TabularBackpropRegressor(recipe=recipe, max_iter=10, n_estimators=2, clamp=False, random_state=0)
    net.fit(frame, y)
    found = integrated_gradients(net, frame[:40], baseline=frame[40:41])
    assert found.columns == list(frame)
    assert_allclose(found.predictions[:, 0], net.predict(frame[:40]), rtol=1e-4)
    assert_allclose(found.base_values[0, 0], net.predict(frame[40:41])[0], rtol=1e-4)
    assert_allclose(found.completeness_errors, 0.0, atol=0.5)
    city = found.to_frame()["city"]
    assert_array_equal(city[frame["city"][:40] == frame["city"][40]], 0.0)
    assert city[frame["city"][:40] != frame["city"][40]].abs().min() > 0
    assert "city" in found.importance().index


def test_embedded_codes_by_hand():
    """f = T[code] w is linear in one-hot columns: each code contributes its difference."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, (300, 1)).astype(float)
    rows = np.hstack([codes, rng.normal(size=(300, 1))])
    y = codes[:, 0] ** 2 + rows[:, 1]
    layers = [Blocks([Embedding(5, 3), Passthrough()], [1, 1])]
    net = regressor(layers, solver="adam", max_iter=100, learning_rate_init=0.05).fit(rows, y)
    found = integrated_gradients(net, rows, baseline=[[2.0, 0.0]])
    alone = net.predict(np.column_stack([codes, np.zeros(300)])) - net.predict([[2.0, 0.0]])
    assert_allclose(found.values[:, 0, 0], alone, atol=1e-9)
    gradients = input_gradients(net, rows)
    assert gradients.columns == ["x0[0]", "x0[1]", "x0[2]", "x0[3]", "x0[4]", "x1"]


def test_missing_values_and_sparse_rows():
    holes = np.where(X > 1.5, np.nan, X)
    net = regressor(missing="impute").fit(holes, Y)
    found = integrated_gradients(net, holes[:20], baseline=X[3:4])
    assert found.columns == [f"x{i}" for i in range(10)]  # with the indicators' contributions
    assert_allclose(found.completeness_errors, 0.0, atol=0.3)
    assert input_gradients(net, holes[:20]).columns[10:] == [
        f"missingindicator_x{i}" for i in np.flatnonzero(np.isnan(holes).any(axis=0))
    ]
    counts = np.maximum(X, 0)
    net = regressor().fit(sparse.csr_array(counts), Y)
    dense, rows = (integrated_gradients(net, part) for part in (counts, sparse.csr_array(counts)))
    assert_allclose(dense.values, rows.values)


def test_polars_and_float32():
    net = regressor().fit(pl.from_pandas(FRAME.astype(np.float32)), Y)
    found = integrated_gradients(net, pl.from_pandas(FRAME[:5]))
    assert found.columns == list(FRAME)
    assert found.values.dtype == np.float64


def test_frames_of_several_outputs():
    net = BackpropClassifier((8,), **SMALL).fit(X_IRIS, np.array(["a", "b", "c"])[IRIS])
    found = integrated_gradients(net, X_IRIS)
    frame = found.to_frame()
    assert frame.shape == (150, 12)
    assert_array_equal(frame["b", "x2"], found.values[:, 2, 1])
    importance = found.importance()
    assert importance.columns.tolist() == ["a", "b", "c"]
    assert_allclose(importance.loc["x2", "b"], np.abs(found.values[:, 2, 1]).mean())
    assert importance.sum(axis=1).is_monotonic_decreasing
    assert "150 rows, 4 columns, 3 output(s)" in repr(found)
    assert "<table" in found._repr_html_()
    assert found.standard_errors is None
    assert input_gradients(net, X_IRIS).completeness_errors is None


def test_the_estimator_stays_as_it_is():
    nets = [regressor([Dropout(0.2), 8, BatchNorm()]).fit(X, Y) for _ in range(2)]
    for method in (input_gradients, gradient_times_input, integrated_gradients, hidden_activations):
        method(nets[0], X)
    expected_gradients(nets[0], X[:3], X)
    for net in nets:
        net.partial_fit(X, Y)
    assert_array_equal(nets[0].network_.theta, nets[1].network_.theta)


def test_wrong_arguments():
    net = regressor().fit(X, Y)
    with pytest.raises(ValueError, match="of='margin'"):
        input_gradients(net, X, of="margin")
    for n_steps in (0, 1.5, True):
        with pytest.raises(ValueError, match="n_steps="):
            integrated_gradients(net, X, n_steps=n_steps)
    with pytest.raises(ValueError, match="tolerance=0"):
        integrated_gradients(net, X, tolerance=0)
    with pytest.raises(ValueError, match="n_samples=1"):
        expected_gradients(net, X, X, n_samples=1)
    with pytest.raises(ValueError, match="features"):
        expected_gradients(net, X, X[:, :3])
    with pytest.raises(TypeError, match="Ridge"):
        input_gradients(Ridge().fit(X, Y), X)
    with pytest.raises(ValueError, match="not fitted"):
        input_gradients(regressor(), X)


# ------------------------------------------------------------------ hidden activations


def test_hidden_activations_are_those_of_transform():
    net = regressor([12, Dropout(0.2), Residual(Dense(12, "tanh")), 5]).fit(FRAME, Y)
    frame = hidden_activations(net, FRAME)
    assert frame.columns.names == ["layer", "node"]
    assert frame.index.equals(FRAME.index)
    assert frame.columns.get_level_values("layer").unique().tolist() == [f"layers[{i}]" for i in range(4)]
    assert frame["layers[3]"].columns.tolist() == [1, 2, 3, 4, 5]
    for i in range(4):
        expected = net.set_params(transform_layer=i).transform(FRAME)
        assert_array_equal(frame[f"layers[{i}]"], expected)
        assert_array_equal(hidden_activations(net, FRAME, layer=i), expected)
        assert_array_equal(hidden_activations(net, FRAME, layer=f"layers[{i}]"), expected)
    assert_array_equal(hidden_activations(net, FRAME, layer=-1), frame["layers[3]"])


def test_hidden_activations_of_pipelines_and_tables():
    model = make_pipeline(columns(), regressor()).fit(FRAME, Y)
    assert_array_equal(
        hidden_activations(model, FRAME, layer=0), model[-1].transform(model[0].transform(FRAME))
    )
    frame, y = table()
    settings = {"max_iter": 2, "n_estimators": 2, "batch_size": 8, "hidden_layer_sizes": 16}
    net = TabularBackpropRegressor(**settings, random_state=0)
    hidden = hidden_activations(net.fit(frame, y), frame)
    assert hidden.columns.names == ["network", "member", "layer", "node"]
    last = hidden_activations(net, frame, layer=-1)
    assert last.shape == (2, len(frame), 16)
    names = hidden.columns.get_level_values("layer").unique()
    assert_array_equal(hidden[0, 1, names[-1]], last[1])


def test_wrong_layers():
    net = regressor((8, 4)).fit(X, Y)
    for layer in (2, -3, "layers[2]", "dense", 0.5):
        with pytest.raises(ValueError, match="is not a hidden layer"):
            hidden_activations(net, X, layer=layer)
    with pytest.raises(ValueError, match="no hidden layers"):
        hidden_activations(regressor(()).fit(X, Y), X)


# ------------------------------------------------------------------ beside other packages


def torch_twin(net):
    """The same network in torch."""
    torch = pytest.importorskip("torch")
    layers = []
    for k, (weight, bias) in enumerate(zip(net.coefs_, net.intercepts_)):
        linear = torch.nn.Linear(*weight.shape).double()
        linear.weight.data = torch.from_numpy(weight.T.copy())
        linear.bias.data = torch.from_numpy(bias.copy())
        layers += [linear, torch.nn.Tanh()] if k < len(net.coefs_) - 1 else [linear]
    return torch, torch.nn.Sequential(*layers)


@pytest.mark.slow
def test_input_gradients_are_those_of_torch():
    net = BackpropClassifier((16, 8), "tanh", max_iter=50, random_state=0).fit(X_IRIS, IRIS)
    torch, twin = torch_twin(net)
    rows = torch.from_numpy(X_IRIS).requires_grad_()
    for k in range(3):
        (gradient,) = torch.autograd.grad(torch.softmax(twin(rows), 1)[:, k].sum(), rows)
        assert_allclose(input_gradients(net, X_IRIS).values[:, :, k], gradient.numpy(), rtol=1e-9, atol=1e-13)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("of", ["prediction", "net_input"])
def test_expected_gradients_are_those_of_shap(of):
    """shap.GradientExplainer estimates the same numbers on an equal network, with errors of its own."""
    shap = pytest.importorskip("shap")
    net = BackpropClassifier((16, 8), "tanh", max_iter=100, random_state=0).fit(X_IRIS, IRIS)
    torch, twin = torch_twin(net)
    twin = torch.nn.Sequential(twin, torch.nn.Softmax(1)) if of == "prediction" else twin
    rows, background = X_IRIS[::10], X_IRIS[3::5]
    explainer = shap.GradientExplainer(twin.float(), torch.from_numpy(background.astype(np.float32)))
    theirs = explainer.shap_values(torch.from_numpy(rows.astype(np.float32)), nsamples=4000, rseed=0)
    ours = expected_gradients(net, rows, background, of=of, n_samples=4000, random_state=0)
    theirs = np.asarray(theirs).reshape(ours.values.shape)
    errors = np.sqrt(2.0) * ours.standard_errors  # theirs are as large: as many samples of the same
    assert (np.abs(theirs - ours.values) <= 3 * errors + 1e-6).mean() > 0.98
    assert errors.max() < 0.05 * np.abs(theirs).max()
    assert np.corrcoef(theirs.ravel(), ours.values.ravel())[0, 1] > 0.999


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_additive_models_have_the_shap_values_of_the_model_agnostic_explainers():
    """Where f is linear, expected gradients are Shapley's values, which shap finds from `predict` alone."""
    shap = pytest.importorskip("shap")
    net = linear_net()
    rows, background = X[:8], X[100:130]
    ours = expected_gradients(net, rows, background, n_samples=30, random_state=0)
    theirs = shap.KernelExplainer(net.predict, background, silent=True).shap_values(rows, silent=True)
    assert_allclose(ours.values[:, :, 0], theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())
    theirs = shap.PermutationExplainer(net.predict, background, seed=0)(rows, silent=True).values
    assert_allclose(ours.values[:, :, 0], theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_near_the_shap_values_of_a_network_on_real_data():
    """Of columns that act together, expected gradients share out otherwise: close, not equal."""
    shap = pytest.importorskip("shap")
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)[:, :8]
    net = BackpropClassifier((16,), early_stopping=True, random_state=0).fit(X, y)
    rows, background = X[:10], X[100:150]
    ours = expected_gradients(net, rows, background, of="net_input", n_samples=2000, random_state=0)
    explainer = shap.KernelExplainer(net.decision_function, background, silent=True)
    theirs = explainer.shap_values(rows, nsamples=256, silent=True)
    assert np.corrcoef(ours.values[:, :, 0].ravel(), theirs.ravel())[0, 1] > 0.95
    assert_allclose(
        ours.values.sum(axis=1)[:, 0], theirs.sum(axis=1), atol=0.05 * np.abs(theirs).sum(axis=1).max()
    )
