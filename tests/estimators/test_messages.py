"""Wrong calls: each message names the argument, what was given, what must be, and what to do."""

import numpy as np
import pandas as pd
import pytest

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    LagForecaster,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.averaging import ExponentialAverage
from skbackprop.layers import PBLD, BatchNorm, Concatenate, Conv1D, Dense, Dropout, Embedding, Residual
from skbackprop.losses import Huber, LogLoss, Quantile
from skbackprop.optimizers import SGD, Adam, Chain, ClipNorm
from skbackprop.preprocessing import SquashingScaler, TabularEncoder
from skbackprop.schedules import Cosine, OneCycle, Plateau
from skbackprop.time_series import LagFeatures, RollingFeatures
from skbackprop.training import Checkpoint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X[:, 0]
C = np.where(Y > 0, "b", "a")
R, K, TR, TK = BackpropRegressor, BackpropClassifier, TabularBackpropRegressor, TabularBackpropClassifier
F = LagForecaster


SHORT = {"max_iter": 1, "learning_rate": "cosine"}


def fit(kind, *arguments, X=X, y=None, **settings):
    given = (C if kind in (K, TK) else Y) if y is None else y
    return lambda: kind(*arguments, **settings).fit(X, given)


NAMES = {  # a parameter that there is not: what the message must hold
    (R, "hidden_layers"): "Here it is called 'hidden_layer_sizes'",
    (R, "hidden_layer_size"): "Did you mean 'hidden_layer_sizes'",
    (R, "hidden_units"): "'hidden_layer_sizes'",
    (R, "epochs"): "'max_iter'",
    (R, "n_epochs"): "'max_iter'",
    (R, "max_iters"): "Did you mean 'max_iter'",
    (R, "lr"): "'learning_rate_init'",
    (R, "learning_rate_int"): "Did you mean 'learning_rate_init'",
    (R, "optimizer"): "'solver'",
    (R, "solvers"): "Did you mean 'solver'",
    (R, "dropout"): "Dropout(0.2)",
    (R, "batch_norm"): "BatchNorm()",
    (R, "batchsize"): "'batch_size'",
    (R, "patience"): "'n_iter_no_change'",
    (R, "validation_split"): "'validation_fraction'",
    (R, "seed"): "'random_state'",
    (R, "weight_decay"): "'alpha'",
    (R, "callbacks"): "set_callbacks",
    (R, "clip_value"): "ClipValue",
    (R, "max_grad_norm"): "clip_norm",
    (R, "checkpoint_epochs"): "Checkpoint(path, n_epochs=...)",
    (R, "metrics"): "scoring",
    (R, "criterion"): "loss=",
    (R, "device"): "leave it out",
    (R, "sample_weight"): "give it to fit",
    (R, "class_weight"): "BackpropRegressor has no parameter 'class_weight'",
    (K, "clases"): "BackpropClassifier has no parameter 'clases'",
    (K, "class_weights"): "Did you mean 'class_weight'",
    (K, "target_scaling"): "BackpropClassifier has no parameter 'target_scaling'",
    (TR, "n_members"): "TabularBackpropRegressor has no parameter 'n_members'",
    (TR, "n_estimator"): "Did you mean 'n_estimators'",
    (TK, "label_smooth"): "Did you mean 'label_smoothing'",
    (LagForecaster, "window"): "'lags'",
    (LagForecaster, "n_lags"): "'lags'",
    (LagForecaster, "steps"): "'horizon'",
    (LagForecaster, "model"): "'estimator'",
    (LagForecaster, "horizons"): "Did you mean 'horizon'",
    (Dense, "activaton"): "Did you mean 'activation'",
    (Dense, "units"): "Did you mean 'n_units'",
    (Adam, "lr"): "Adam has no parameter 'lr'",
    (Adam, "beta1"): "Did you mean 'beta_1'",
    (SGD, "nesterovs"): "Did you mean 'nesterov'",
    (Huber, "epsilon"): "Huber has no parameter 'epsilon'",
    (Cosine, "t_max"): "Cosine has no parameter 't_max'",
    (Checkpoint, "epochs"): "Did you mean 'n_epochs'",
    (TabularEncoder, "categorical"): "Did you mean 'categorical_features'",
    (LagFeatures, "lag"): "Did you mean 'lags'",
    (RollingFeatures, "statistic"): "Did you mean 'statistics'",
}
VALUES = {  # a call: what the message must hold
    "a typing mistake": (fit(R, activation="rellu"), "'activation' parameter", "Did you mean 'relu'"),
    "capital letters": (fit(R, activation="ReLU"), "'activation'", "Did you mean 'relu'"),
    "another word": (fit(R, activation="sigmoid"), "'sigmoid' is called 'logistic'"),
    "linear": (fit(R, activation="linear"), "'identity'"),
    "mse": (fit(R, loss="mse"), "'loss' parameter", "'mse' is called 'squared_error'"),
    "mae": (fit(R, loss="mae"), "'absolute_error'"),
    "a loss of classes": (fit(R, loss="logloss"), "Got 'logloss'"),
    "crossentropy": (fit(K, loss="crossentropy"), "'log_loss'"),
    "a solver in capitals": (fit(R, solver="Adam"), "Did you mean 'adam'"),
    "a class for an object": (fit(R, solver=Adam), "Adam is a class: give an object, Adam(...)"),
    "l-bfgs": (fit(R, solver="L-BFGS"), "'lbfgs'"),
    "a number as schedule": (fit(R, learning_rate=0.01), "learning_rate_init=0.01"),
    "a schedule with a mistake": (fit(R, learning_rate="cosin"), "Did you mean 'cosine'"),
    "one size as loss": (fit(R, 32), "hidden_layer_sizes=32"),
    "sizes as loss": (fit(R, (50, 25)), "hidden_layer_sizes"),
    "sizes as text": (fit(R, hidden_layer_sizes="100,50"), "(100, 50)"),
    "one size as text": (fit(R, hidden_layer_sizes="100"), "(100,)"),
    "a class of layers": (fit(R, hidden_layer_sizes=[10, Dropout]), "hidden_layer_sizes", "Dropout"),
    "percent": (fit(R, hidden_layer_sizes=[10, Dropout(20)]), "'rate' parameter of Dropout", "0.2"),
    "an activation in a layer": (fit(R, hidden_layer_sizes=[Dense(4, "Relu")]), "'relu'"),
    "units of none": (fit(R, hidden_layer_sizes=[0]), "hidden_layer_sizes"),
    "activations": (
        fit(R, hidden_layer_sizes=(4, 4), activation=["relu"]),
        "activation",
        "2 numbers",
    ),
    "a float": (fit(R, max_iter=10.0), "'max_iter' parameter", "Give 10."),
    "zero epochs": (fit(R, max_iter=0), "'max_iter'", "[1, inf)"),
    "a number as text": (fit(R, alpha="0.1"), "'alpha'", "It is text: give the number, 0.1"),
    "a negative penalty": (fit(R, alpha=-1), "'alpha'", "[0.0, inf)"),
    "a function as loss": (fit(R, loss=lambda y, z: 0.0), "'loss'", "as the page 'extending' shows"),
    "a function as activation": (fit(R, activation=np.tanh), "'activation'", "'extending'"),
    "a policy of another library": (fit(R, missing="mean"), "'missing'", "'mean' is called 'impute'"),
    "drop": (fit(R, missing="drop"), "'skip'"),
    "a score": (fit(K, scoring="auc", early_stopping=True), "'auc' is called 'roc_auc'"),
    "a score with a mistake": (fit(R, scoring="r2_score", early_stopping=True), "'scoring'", "names)"),
    "an average": (fit(R, average="emma"), "Did you mean 'ema'"),
    "a decay of 1": (fit(R, average=ExponentialAverage(1.0)), "'decay' parameter of ExponentialAverage"),
    "an engine": (fit(R, engine="numba"), "'numba' is called 'replay'"),
    "a quantile beyond 1": (fit(R, loss="quantile", quantile=1.5), "'quantile'", "(0.0, 1.0)"),
    "a quantile in percent": (fit(R, loss="quantile", quantile=[10, 90]), "quantile"),
    "a quantile without the loss": (fit(R, quantile=0.9), "quantile=0.9", "loss='quantile'"),
    "no epochs of a file": (
        fit(R, checkpoint=Checkpoint("a", 0)),
        "'n_epochs' parameter of Checkpoint",
    ),
    "a checkpoint that is a number": (fit(R, checkpoint=3), "'checkpoint'", "os.PathLike"),
    "resume without a file": (fit(R, resume=True), "checkpoint=... is None"),
    "a delta of 0": (fit(R, loss=Huber(0)), "'delta' parameter of Huber"),
    "smoothing of 1": (fit(K, loss=LogLoss(1.0)), "'label_smoothing'"),
    "a regression loss": (fit(K, loss=Huber()), "Huber", "not for class labels"),
    "a step of 0": (fit(R, solver=Adam(learning_rate=0)), "'learning_rate' parameter of Adam"),
    "a chain of a solver": (fit(R, solver=Chain([Adam()])), "takes gradient transforms", "Adam"),
    "a norm of 0": (fit(R, solver=Chain([ClipNorm(0)])), "ClipNorm"),
    "a plateau factor": (fit(R, learning_rate=Plateau(1.0)), "'factor' parameter of Plateau"),
    "a peak at the end": (fit(R, learning_rate=OneCycle(peak_at=1.0)), "'peak_at' parameter of OneCycle"),
    "a layer around nothing": (fit(R, hidden_layer_sizes=[Residual("relu")]), "Residual"),
    "branches that are numbers": (fit(R, hidden_layer_sizes=[Concatenate([3, 4])]), "Concatenate"),
    "codes": (
        fit(R, hidden_layer_sizes=[Embedding([5, 5, 5])]),
        "Embedding",
        "CategoryEncoder",
    ),
    "codes of a layer": (
        fit(R, hidden_layer_sizes=[4, Embedding([5])]),
        "Embedding",
        "first layer",
    ),
    "waves of none": (fit(R, hidden_layer_sizes=[PBLD(0)]), "PBLD"),
    "a window that is too wide": (fit(R, hidden_layer_sizes=[Conv1D(2, 9)]), "Conv1D"),
    "a momentum of 1": (fit(R, hidden_layer_sizes=[4, BatchNorm(momentum=2)]), "'momentum' parameter"),
    "NaN": (
        fit(R, X=np.where(X > 2, np.nan, X) * [np.nan, 1, 1]),
        "NaN",
        "missing='impute'",
        "TabularBackprop",
    ),
    "text": (fit(R, X=[["a"], ["b"]] * 20), "text", "'a'", "TabularEncoder"),
    "a column of text": (
        fit(K, X=pd.DataFrame({"n": Y, "colour": ["red", "blue"] * 20})),
        "Column 'colour' of X holds text",
        "TabularBackpropClassifier",
    ),
    "labels for numbers": (fit(R, y=C), "y must hold numbers", "BackpropClassifier"),
    "numbers for labels": (fit(K, y=Y), "continuous"),
    "NaN in y": (fit(R, y=np.where(Y > 1, np.nan, Y)), "Input y contains NaN", "rows"),
    "fewer targets": (fit(R, y=Y[:5]), "inconsistent numbers of samples", "5"),
    "one dimension": (fit(R, X=X[:, 0]), "Expected 2D array"),
    "no rows": (fit(R, X=X[:0], y=Y[:0]), "0 sample"),
    "a weight of an unknown class": (fit(K, class_weight={7: 1}), "class_weight={7: 1}", "['a', 'b']"),
    "a weight below 0": (lambda: R().fit(X, Y, sample_weight=-np.ones(40)), "sample_weight", "Negative"),
    "weights of other rows": (lambda: R().fit(X, Y, sample_weight=np.ones(3)), "sample_weight", "(40,)"),
    "half a part": (
        lambda: R().fit(X, Y, X_val=X),
        "X_val and y_val go together",
        "y_val is None",
    ),
    "other columns": (lambda: R(**SHORT).fit(X, Y).predict(X[:, :2]), "2 features", "expecting 3"),
    "not fitted": (lambda: R().predict(X), "not fitted"),
    "no classes": (lambda: K().partial_fit(X, C), "classes must be passed"),
    "a new label": (
        lambda: K().partial_fit(X, C, classes=["a", "b"]).partial_fit(X, np.where(C == "a", "c", C)),
        "['c']",
        "grow=True",
    ),
    "an interval without rows": (lambda: R(**SHORT).fit(X, Y).predict_interval(X), "early_stopping=True"),
    "a coverage of 90": (lambda: R(**SHORT).fit(X, Y).predict_interval(X, 90), "coverage=90", "0 and 1"),
    "no such layer": (
        lambda: R(**SHORT, transform_layer=3).fit(X, Y).transform(X),
        "transform_layer=3",
    ),
    "another network": (
        lambda: R(**SHORT, warm_start=True).fit(X, Y).set_params(hidden_layer_sizes=(7,)).fit(X, Y),
        "hidden_layer_sizes=(7,)",
        "warm_start",
    ),
    "a parameter of a name": (
        lambda: R(solver="adam").set_params(solver__learning_rate=0.1),
        "solver__learning_rate=0.1",
        "solver=Adam(...)",
    ),
    "a parameter of the name of a loss": (
        lambda: R(loss="squared_error").set_params(loss__delta=0.1),
        "loss__delta=0.1",
        "loss=SquaredError(...)",
    ),
    "a parameter of a solver": (
        lambda: R(solver=Adam()).set_params(solver__learning_rat=0.1),
        "'learning_rat'",
        "Did you mean 'learning_rate'",
    ),
    "no parameter": (
        lambda: R().set_params(hidden=3),
        "'hidden'",
        "Did you mean 'hidden_layer_sizes'",
    ),
    "of the forecaster": (
        lambda: F().set_params(lag=3),
        "'lag'",
        "Did you mean 'lags'",
    ),
    "a recipe": (fit(TR, recipe="realmlp"), "'recipe'", "'realmlp' is called 'td'"),
    "a recipe with a mistake": (fit(TR, recipe="tds"), "Did you mean 'td"),
    "muon in capitals": (fit(TR, solver="Muon"), "Did you mean 'muon'"),
    "sizes of 0": (fit(TR, hidden_layer_sizes=[0]), "hidden_layer_sizes=[0]", "at least 1"),
    "a loss with its own unit": (fit(TR, loss="poisson"), "'loss'"),
    "no members": (fit(TK, n_estimators=0), "'n_estimators'", "[1, inf)"),
    "a score of tables": (fit(TK, scoring="auc"), "'auc' is called 'roc_auc'"),
    "columns that are not there": (
        fit(TR, X=pd.DataFrame(X, columns=["a", "b", "c"]), categorical_features=["d"]),
        "categorical_features",
        "d",
    ),
    "several labels": (fit(TK, y=np.c_[C, C]), "(40, 2)", "1d"),
    "a horizon of 0": (lambda: LagForecaster(horizon=0).fit(X, Y), "'horizon'", "[1, inf)"),
    "a strategy": (
        lambda: F(strategy="iterative").fit(X, Y),
        "'iterative' is called 'recursive'",
    ),
    "a normalisation": (lambda: F(normalize="zscore").fit(X, Y), "'zscore' is called 'revin'"),
    "lags of tomorrow": (lambda: LagFeatures([-1]).fit(X, Y), "lags", "-1"),
    "statistics": (lambda: RollingFeatures([3], statistics=["avg"]).fit(X, Y), "statistics", "avg"),
    "a scaler's range": (lambda: SquashingScaler(-1).fit(X), "'max_absolute_value'"),
    "a loss's quantile": (fit(R, loss=Quantile(0.0)), "'quantile' parameter of Quantile"),
}


@pytest.mark.parametrize(("kind", "name"), NAMES, ids=[f"{kind.__name__}-{name}" for kind, name in NAMES])
def test_names(kind, name):
    with pytest.raises(TypeError) as found:
        kind(**{name: 1})
    message = str(found.value)
    assert message.startswith(f"{kind.__name__} has no parameter {name!r}.")
    assert NAMES[kind, name] in message


@pytest.mark.parametrize("call", VALUES)
def test_values(call):
    function, *parts = VALUES[call]
    with pytest.raises((ValueError, TypeError, AttributeError)) as found:
        function()
    for part in parts:
        assert part in str(found.value), str(found.value)


def test_names_that_are_listed_are_in_order():
    with pytest.raises(ValueError, match=r"\{'absolute_error', 'cross_entropy', 'gamma', 'huber'"):
        R(loss="abs").fit(X, Y)


def test_there_are_many():
    assert len(NAMES) + len(VALUES) >= 120
