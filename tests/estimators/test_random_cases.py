"""Random settings on random data: a finite model, or an error that names the argument, and no warning
from inside NumPy.
"""

import pickle
import re
import warnings
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import softmax
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, UndefinedMetricWarning
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    activations,
    averaging,
    initializers,
    layers,
    losses,
    optimizers,
    schedules,
)
from skbackprop.activations import ELU, Bounded, LeakyReLU, Tanh
from skbackprop.averaging import ExponentialAverage, StochasticAverage
from skbackprop.estimators.weights import rows_of
from skbackprop.layers import (
    BatchNorm,
    Concatenate,
    Conv1D,
    Dense,
    Dropout,
    Frozen,
    LayerNorm,
    MaxPool1D,
    Pretrained,
    Residual,
)
from skbackprop.losses import (
    BinaryLogLoss,
    Gamma,
    Huber,
    JointLoss,
    LogCosh,
    LogLoss,
    MultinomialLogLoss,
    Quantile,
    Quantiles,
)
from skbackprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Chain,
    ClipNorm,
    ClipValue,
    DecayWeights,
    Lion,
    Momentum,
    Muon,
    NAdam,
    RMSProp,
    ScaleByAdam,
    ScaleByLearningRate,
)
from skbackprop.schedules import SCHEDULES, Cosine, OneCycle, Plateau, WarmUp

pytestmark = pytest.mark.slow

# ------------------------------------------------------------------ what may happen

ALLOWED_WARNINGS = [
    (ConvergenceWarning, ""),  # a few epochs only
    (DataConversionWarning, "A column-vector y was passed"),  # scikit-learn's own
    (UserWarning, "Got `batch_size` less than 1 or larger than sample size"),  # as in scikit-learn's MLP
    (UndefinedMetricWarning, ""),  # scores of a validation part of one row, or of one class
    (UserWarning, "A single label was found in"),  # metrics, likewise
    (UserWarning, "y_pred contains classes not in y_true"),  # balanced accuracy, likewise
    (UserWarning, "The least populated class in y has only"),  # StratifiedKFold of `validation`
    (UserWarning, "The number of unique classes is greater than 50%"),  # type_of_target on few rows
    (UserWarning, "No epoch had a validation score"),  # likewise
    (UserWarning, "The groups parameter is ignored by"),  # a splitter without groups
    (UserWarning, ".* has no effect: "),  # of a parameter, beside others
]
ARGUMENTS = {
    "X",
    "y",
    "sample_weight",
    "X_val",
    "y_val",
    "sample_weight_val",
    "groups",
    "classes",
    "coverage",
}


def names_of_arguments():
    """Of the methods, the constructors, and of the components that stand in constructors."""
    names = set(ARGUMENTS)
    for module in (activations, averaging, initializers, layers, losses, optimizers, schedules):
        kinds = [kind for kind in vars(module).values() if is_dataclass(kind)]
        names.update(field.name for kind in kinds for field in fields(kind))
    for kind in (BackpropClassifier, BackpropRegressor):
        names.update(field.name for field in fields(kind))
    return names


NAMES = names_of_arguments()
NAMED = re.compile(  # a word such as "loss" alone is English
    "|".join(
        [rf"\b{name}\b" for name in sorted(NAMES) if name in ARGUMENTS or "_" in name]
        + [rf"['`]{name}['`]|\b{name}=" for name in sorted(NAMES)]
    )
)


def attempt(call):
    """What the call returns, and its error; every other warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for category, message in ALLOWED_WARNINGS:
            warnings.filterwarnings("ignore", message, category)
        try:
            return call(), None
        except (ValueError, TypeError) as error:
            assert NAMED.search(str(error)), f"names no argument: {error!r}"
            return None, error


# ------------------------------------------------------------------ settings


def to_the_half(progress):
    return 1 - progress / 2


def not_a_number(progress):
    return np.nan


def minus_n_rows(estimator, X, y):
    return -len(estimator.predict(X))


VALID = {
    "hidden_layer_sizes": [
        (),
        3,
        (4, 2),
        np.array([2, 3]),
        Dense(3, "gelu"),
        [Dense(3, "tanh", learning_rate=0.1, weight_decay=0.0, max_norm=1.0), 2],
        [Dense(3), BatchNorm(), 2],
        [3, Dropout(0.4), LayerNorm(), 2],
        [3, Residual(Dense(3, "silu"))],
        [Dense(6), Conv1D(2, 2, activation="gelu"), MaxPool1D(2, 2)],
        [Residual(LayerNorm()), 2],
        [Frozen(Dense(3)), 2],
        [Concatenate([Dense(2), Dense(1, "tanh")])],
        [Dense(2), Pretrained(Dense(2), [np.eye(2), np.zeros((1, 2))])],
    ],
    "activation": [*activations.ACTIVATIONS, LeakyReLU(0.1), ELU(0.5), Tanh(), ["mish"], ("tanh", "elu")],
    "solver": [
        *("lbfgs", "sgd", "adam", "adamw", "nadam", "rmsprop", "lion", "muon"),
        SGD(0.1, momentum=0.9, nesterov=True),
        Adam(0.01),
        AdamW(0.01, weight_decay=0.1),
        NAdam(0.01),
        RMSProp(0.01),
        Lion(0.001),
        Muon(0.01),
        Chain([ClipNorm(1.0), ScaleByAdam(), DecayWeights(0.1), ScaleByLearningRate()], 0.01),
        Chain([ClipValue(0.5), Momentum(0.5), ScaleByLearningRate()]),
    ],
    "alpha": [0, 0.1, 100.0],
    "batch_size": ["auto", 1, 3, 50],
    "learning_rate": [
        *("invscaling", "adaptive", *SCHEDULES),
        Cosine(),
        OneCycle(),
        WarmUp(0.5, Cosine()),
        Plateau(0.5),
        to_the_half,
    ],
    "learning_rate_init": [1e-5, 0.1, 10.0, 1, 1e300],
    "power_t": [0.0, 2.0],
    "max_iter": [1, 2, 5],
    "shuffle": [False],
    "random_state": [None, 7, np.random.RandomState(3)],
    "tol": [0, 1e-2, 1e9],
    "verbose": [True],
    "warm_start": [True],
    "momentum": [0, 1.0],
    "nesterovs_momentum": [False],
    "early_stopping": [True],
    "validation_fraction": [0.0, 0.3, 0.9],
    "beta_1": [0.0, 0.99],
    "beta_2": [0.0, 0.5],
    "epsilon": [1e-300, 1.0],
    "n_iter_no_change": [1, 3, np.inf],
    "max_fun": [1, 20],
    "output_layer": [Dense(1, learning_rate=0.1, weight_decay=2.0, max_norm=3.0), Dense(7, learning_rate=0)],
    "validation": [2, 3, KFold(2), ShuffleSplit(1, random_state=0), TimeSeriesSplit(2), GroupKFold(2)],
    "scoring": ["loss", minus_n_rows],
    "best_epoch": ["last"],
    "max_time": [1e-9, 0.01, 60],
    "clip_norm": [0.1, 1e30],
    "average": ["ema", "swa", ExponentialAverage(0.5), StochasticAverage(0.0)],
    "missing": ["skip", "impute"],
    "predict_missing": ["nan"],
    "transform_layer": [0, 1, -2],
}
FOR_REGRESSOR = {
    "loss": [
        *losses.REGRESSION_LOSSES,
        Huber(0.1),
        Quantile(0.9),
        Quantiles((0.1, 0.9)),
        ["squared_error", "quantile"],
        [Huber(), LogCosh()],
        JointLoss([Huber(), Gamma()]),
    ],
    "output_activation": ["logistic", "softplus", "tanh", "softmax", Bounded(-5.0, 5.0)],
    "output_range": [(-10, 10), (-1e300, 1e300), [(-10, 10), (-9, 9)]],
    "quantile": [0.1, [0.05, 0.5, 0.95], (0.3, 0.4), [0.5]],
    "target_scaling": ["standard"],
    "clamp": [True],
    "scoring": [*VALID["scoring"], "r2", "neg_mean_absolute_error", "neg_mean_poisson_deviance"],
}
FOR_CLASSIFIER = {
    "loss": ["log_loss", LogLoss(0.1), BinaryLogLoss(0.1), MultinomialLogLoss()],
    "class_weight": ["balanced", {0: 2.0, "a": 0.5}, ["balanced", "balanced"], [{0: 3}, {1: 0}]],
    "calibration": ["temperature"],
    "scoring": [*VALID["scoring"], "accuracy", "balanced_accuracy", "neg_log_loss", "roc_auc", "f1_macro"],
}
NOT_VALID = {
    "hidden_layer_sizes": [
        0,
        (3, -1),
        (2.5,),
        ["a"],
        None,
        [Dense(0)],
        [Dropout(1.5)],
        [Residual(Dense(17))],
    ],
    "activation": ["rely", 3, ["relu"] * 9, [None], LeakyReLU(3)],
    "solver": ["newton", Adam(-1.0), Chain([3]), None, SGD(momentum=2)],
    "alpha": [-1, np.nan, "a", np.inf],
    "batch_size": [0, -3, 2.5, "all"],
    "learning_rate": ["slow", not_a_number, str, Cosine(7), 0.1],
    "learning_rate_init": [0, -1.0, np.nan, np.inf, "a"],
    "power_t": [-1.0, np.nan],
    "max_iter": [0, 1.5],
    "random_state": ["seed", -1],
    "tol": [-1.0, np.nan],
    "momentum": [1.5, np.nan],
    "validation_fraction": [1.0, -0.1, np.nan],
    "beta_1": [1.0],
    "beta_2": [1.0, -1],
    "epsilon": [0.0],
    "n_iter_no_change": [0, 2.5],
    "max_fun": [0],
    "output_layer": [Dropout(), Dense(1, max_norm=-1.0), "dense"],
    "validation": [1, 0, -1, 1000, "a", [], [(np.arange(2), [])], [(np.arange(2), [10**6])]],
    "scoring": ["good", 3, "roc_auc", "neg_max_error"],
    "best_epoch": ["middle"],
    "max_time": [0, -1, np.nan],
    "clip_norm": [0, np.nan],
    "average": ["mean", ExponentialAverage(1.0), 0.9],
    "missing": ["drop"],
    "transform_layer": [9, -9, 0.5],
    "loss": [
        "hinge",
        None,
        [],
        [3, "huber"],
        (64, 32),
        JointLoss([]),
        Huber(-1),
        LogLoss(2),
        BinaryLogLoss(np.nan),
    ],
    "output_activation": ["exp", Bounded(2.0, 1.0)],
    "output_range": [(1, 0), 3, "ab", (np.nan, 1), (0, np.inf), [(0, 1)] * 5],
    "quantile": [0, 1.0, [0.9, 0.1], [], [0.5, 0.5], ["a"], [[0.1, 0.2]]],
    "target_scaling": ["minmax"],
    "class_weight": ["even", {0: -1.0}, {0: np.nan}, ["balanced"] * 7, {0: "a"}, 3],
    "calibration": ["isotonic"],
}


def once_in(n):
    """True in one of n cases."""
    return st.sampled_from([False] * (n - 1) + [True])


def mostly(usual, rest):
    """`usual` in four of five cases."""
    return once_in(5).flatmap(lambda other: st.sampled_from(rest) if other else st.just(usual))


@st.composite
def settings_of(draw, table):
    """A few parameters; one in eight times, one of them is not valid."""
    names = draw(st.lists(st.sampled_from(sorted(table)), unique=True, max_size=7))
    chosen = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0, "learning_rate_init": 0.01}
    chosen |= {name: draw(st.sampled_from(table[name])) for name in names}
    if draw(once_in(8)):
        name = draw(st.sampled_from(sorted(NOT_VALID.keys() & table.keys())))
        chosen[name] = draw(st.sampled_from(NOT_VALID[name]))
    return chosen


# ------------------------------------------------------------------ data


def noncontiguous(X):
    return np.repeat(X, 2, axis=1)[:, ::2]


def nullable(X):
    return pd.DataFrame(X).rename(columns="c{}".format).convert_dtypes()


CONTAINERS = {
    "float64": np.asarray,
    "float32": lambda X: X.astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "Fortran": np.asfortranarray,
    "not contiguous": noncontiguous,
    "object": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "pandas": lambda X: pd.DataFrame(X, columns=[f"c{k}" for k in range(X.shape[1])]),
    "nullable pandas": nullable,
    "polars": lambda X: pl.DataFrame(X, schema=[f"c{k}" for k in range(X.shape[1])], orient="row"),
    "csr": sparse.csr_matrix,
    "csr32": lambda X: sparse.csr_array(X.astype(np.float32)),
    "csc": sparse.csc_array,
    "coo": sparse.coo_matrix,
}
VALUES = {
    "normal": lambda X: X,
    "constant columns": lambda X: X * 0 + 3.0,
    "zeros": np.zeros_like,
    "whole": lambda X: np.round(3 * X).astype(np.int64),
    "bool": lambda X: X > 0,
    "1e30": lambda X: X * 1e30,
    "1e300": lambda X: X * 1e300,
    "float32 max": lambda X: np.sign(X) * np.finfo(np.float32).max,
    "float64 max": lambda X: np.sign(X) * np.finfo(np.float64).max,
    "tiny": lambda X: X * 1e-310,
    "one huge": lambda X: np.where(X.max() == X, 1e200, X),
}
NUMBERS = {
    "normal": lambda u: u[:, 0],
    "column": lambda u: u[:, :1],
    "two columns": lambda u: u[:, :2],
    "counts": lambda u: np.floor(np.abs(5 * u[:, 0])).astype(int),
    "positive": lambda u: np.exp(u[:, 0]),
    "two positive columns": lambda u: np.exp(u[:, :2]),
    "shares": lambda u: softmax(u, axis=1),
    "bool": lambda u: u[:, 0] > 0,
    "float32": lambda u: u[:, 0].astype(np.float32),
    "constant": lambda u: 0 * u[:, 0] + 2.5,
    "list": lambda u: u[:, 0].tolist(),
    "series": lambda u: pd.Series(u[:, 0]),
    "nullable": lambda u: pd.Series(u[:, 0]).convert_dtypes(),
    "object": lambda u: u[:, 0].astype(object),
    "huge": lambda u: 1e30 * u[:, 0],
    "too huge": lambda u: 1e300 * u[:, 0],
    "tiny": lambda u: 1e-310 * u[:, 0],
    "shifted": lambda u: 1e9 + u[:, 0],
    "NaN": lambda u: np.where(u[:, 0] > 1, np.nan, u[:, 0]),
    "infinite": lambda u: np.where(u[:, 0] > 1, np.inf, u[:, 0]),
    "strings": lambda u: np.array(["a", "b"])[(u[:, 0] > 0).astype(int)],
}
THREE = np.array(["a", "b", "c"])


def in_three(u):
    return np.digitize(u, [-0.5, 0.5])


LABELS = {
    "two": lambda u: (u[:, 0] > 0).astype(int),
    "three": lambda u: in_three(u[:, 0]),
    "strings": lambda u: THREE[in_three(u[:, 0])],
    "objects": lambda u: THREE[in_three(u[:, 0])].astype(object),
    "bool": lambda u: u[:, 0] > 0,
    "one class": lambda u: np.full(len(u), 7),
    "column": lambda u: (u[:, :1] > 0).astype(int),
    "labels": lambda u: (u[:, :2] > 0).astype(int),
    "sparse labels": lambda u: sparse.csr_matrix((u[:, :3] > 0).astype(int)),
    "two outputs": lambda u: in_three(u[:, :2]),
    "outputs of strings": lambda u: THREE[in_three(u[:, :2])].astype(object),
    "whole floats": lambda u: np.floor(u[:, 0]),
    "series": lambda u: pd.Series(THREE[in_three(u[:, 0])]),
    "categories": lambda u: pd.Series(THREE[in_three(u[:, 0])], dtype="category"),
    "nullable": lambda u: pd.Series(in_three(u[:, 0]), dtype="Int64"),
    "list": lambda u: THREE[in_three(u[:, 0])].tolist(),
    "huge": lambda u: 10**18 + in_three(u[:, 0]),
    "NaN": lambda u: np.where(u[:, 0] > 1, np.nan, u[:, 0] > 0),
    "numbers": lambda u: u[:, 0],
}
WEIGHTS = {
    "some zeros": lambda u: np.abs(np.round(u)),
    "zeros": lambda u: 0 * u,
    "whole": lambda u: np.arange(len(u)),
    "tiny": lambda u: np.exp(u) * 1e-300,
    "huge": lambda u: np.exp(u) * 1e300,
    "too huge": lambda u: np.full(len(u), 1.7e308),
    "one row only": lambda u: (np.arange(len(u)) == 0) * 1.0,
    "negative": lambda u: u,
    "NaN": lambda u: u * np.nan,
    "list": lambda u: np.exp(u).tolist(),
}


@st.composite
def inputs(draw, n_rows, n_columns, container, values, with_nan, rng):
    """X, and where it holds NaN."""
    X = VALUES[values](rng.normal(size=(n_rows, n_columns)))
    missing = np.zeros(X.shape, dtype=bool)
    if draw(once_in(2 if with_nan else 12)):
        missing = rng.random(X.shape) < draw(st.sampled_from([0.05, 0.05, 0.3, 1.0]))
        X = np.where(missing, np.inf if draw(once_in(12)) else np.nan, X)
    with np.errstate(over="ignore"):
        return CONTAINERS[container](X), missing.any(axis=1)


@st.composite
def weights(draw, n_rows, rng):
    kind = draw(mostly(None, sorted(WEIGHTS)))
    return None if kind is None else WEIGHTS[kind](rng.normal(size=n_rows))


# ------------------------------------------------------------------ one case


class Case:
    """One estimator and a kind of data; every call of `rows` draws more of that kind."""

    def __init__(self, draw, kind, table, targets):
        self.draw, self.targets = draw, targets
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.settings = draw(settings_of(table))
        self.estimator = kind(**self.settings)
        self.n_columns = draw(st.integers(1, 5))
        self.container = draw(st.sampled_from(sorted(CONTAINERS)))
        self.values = draw(mostly("normal", sorted(VALUES)))
        self.target = draw(mostly(self.usual_target(), sorted(targets)))

    def usual_target(self):
        """A kind of target that the loss can take."""
        if self.targets is LABELS:
            return self.draw(st.sampled_from(["two", "three", "strings"]))
        loss = self.settings.get("loss")
        if isinstance(loss, list | JointLoss):
            return "two positive columns"
        if isinstance(loss, str) and loss in ("poisson", "gamma"):
            return "positive"
        if loss == "cross_entropy" or self.settings.get("output_activation") == "softmax":
            return "shares"
        return self.draw(st.sampled_from(["normal", "two columns", "counts"]))

    def rows(self, n_rows=None):
        n_rows = n_rows or self.draw(mostly(20, [1, 2, 3, 5, 10, 30]))
        with_nan = "missing" in self.settings
        X, missing = self.draw(
            inputs(n_rows, self.n_columns, self.container, self.values, with_nan, self.rng)
        )
        return X, self.targets[self.target](self.rng.normal(size=(n_rows, 3))), missing

    def fit(self):
        X, y, missing = self.rows()
        n_rows = len(missing)
        arguments = {"sample_weight": self.draw(weights(n_rows, self.rng))}
        if self.draw(once_in(6)) and "validation" not in self.settings:
            X_val, y_val, _ = self.rows()
            arguments |= {"X_val": X_val, "y_val": y_val}
        if isinstance(self.settings.get("validation"), GroupKFold) or self.draw(once_in(10)):
            arguments["groups"] = np.arange(n_rows) % 3
        self.learn(self.estimator.fit, X, y, missing, **arguments)

    def partial_fit(self):
        if not hasattr(self.estimator, "partial_fit"):
            return
        X, y, missing = self.rows()
        arguments = {"sample_weight": self.draw(weights(len(missing), self.rng))}
        if is_classifier(self.estimator) and "network_" not in vars(self.estimator):
            arguments["classes"] = self.draw(mostly(_classes(y), [None, [0, 1], [], "ab"]))
        self.learn(self.estimator.partial_fit, X, y, missing, **arguments)

    def learn(self, method, X, y, missing, **arguments):
        """What is wanted of every call that trains."""
        before = self.theta()
        _, error = attempt(lambda: method(X, y, **arguments))
        theta = self.theta()
        has_diverged = "Training diverged" in str(error)  # a first fit with warm_start then leaves nothing
        if error is None and theta is None:  # a stream that has not begun
            assert missing.all()
            return
        if error is None or (has_diverged and theta is not None):
            assert np.isfinite(theta).all()
            assert all(np.isfinite(coef).all() for coef in self.estimator.coefs_)
        elif before is not None:
            np.testing.assert_array_equal(theta, before)
        event(f"{method.__name__}: {'fitted' if error is None else outcome(error)}")
        if error is None:
            weight = arguments.get("sample_weight")
            if (
                isinstance(weight, np.ndarray) and weight.shape == missing.shape
            ):  # the others may hold anything
                X, missing = rows_of(X, np.flatnonzero(weight)), missing[weight != 0]
            self.check_outputs(X, missing)

    def theta(self):
        network = getattr(self.estimator, "network_", None)
        return None if network is None else network.theta.copy()

    def check_outputs(self, X, missing):
        """Finite for every row that training took."""
        skips = self.estimator.missing == "skip" and self.estimator.predict_missing == "nan"
        known = ~missing if skips else slice(None)
        for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
            if not hasattr(self.estimator, name):
                continue
            outputs, error = attempt(lambda name=name: getattr(self.estimator, name)(X))
            assert error is None, (name, error)
            for output in outputs if isinstance(outputs, list) else [outputs]:
                if output.dtype.kind == "f":
                    assert np.isfinite(output[known]).all(), name
                if name == "predict_proba" and not isinstance(self.estimator.classes_[0], np.ndarray):
                    assert ((output[known] >= 0) & (output[known] <= 1)).all()

    def predict(self):
        X, _, _ = self.rows()
        for name in ("predict", "predict_proba", "transform", "predict_interval"):
            if hasattr(self.estimator, name):
                attempt(lambda name=name: getattr(self.estimator, name)(X))

    def score(self):
        X, y, _ = self.rows()
        attempt(lambda: self.estimator.score(X, y))

    def pickled(self):
        again = pickle.loads(pickle.dumps(self.estimator))
        np.testing.assert_array_equal(again.network_.theta, self.estimator.network_.theta)
        self.estimator = again


def _classes(y):
    y = y.toarray() if sparse.issparse(y) else np.asarray(y)
    return np.unique(y) if y.ndim == 1 else [np.unique(column) for column in y.T]


def outcome(error):
    return "diverged" if "Training diverged" in str(error) else type(error).__name__


def run(draw, kind, table, targets):
    case = Case(draw, kind, table, targets)
    getattr(case, draw(mostly("fit", ["partial_fit"])))()
    if case.theta() is not None:
        event("a fitted model")
        for step in draw(
            st.lists(st.sampled_from(["fit", "partial_fit", "predict", "score", "pickled"]), max_size=3)
        ):
            getattr(case, step)()


SETTINGS = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@settings(max_examples=1200, **SETTINGS)
@given(st.data())
def test_regressor(data):
    run(data.draw, BackpropRegressor, VALID | FOR_REGRESSOR, NUMBERS)


@settings(max_examples=1200, **SETTINGS)
@given(st.data())
def test_classifier(data):
    run(data.draw, BackpropClassifier, VALID | FOR_CLASSIFIER, LABELS)
