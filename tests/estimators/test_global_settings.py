"""scikit-learn's global settings, such as `transform_output`, change no number of anything public."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy
import sklearn
from numpy.testing import assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

import skbackprop
from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    BackpropSearchCV,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
    inspection,
    load,
    model_selection,
    preprocessing,
    time_series,
)
from skbackprop.model_selection import learning_rate_range
from skbackprop.time_series import LagFeatures, LagForecaster, RunningScaler, StreamingPipeline

X, y = load_iris(return_X_y=True, as_frame=True)
X, y = X[::3], y[::3].astype(float)  # 50 rows
HOURS = X.set_axis(pd.date_range("2026", periods=len(X), freq="h"))
LEVELS = pd.DataFrame({"a": list("abcab"), "b": list("xyxyx")})
SMALL = {"hidden_layer_sizes": 3, "max_iter": 3, "random_state": 0}
FEW = {"n_estimators": 1, "hidden_layer_sizes": 4, "max_iter": 1, "random_state": 0}

OTHERS = {
    "assume_finite": True,
    "working_memory": 1,
    "print_changed_only": False,
    "display": "text",
    "pairwise_dist_chunk_size": 1,
    "enable_cython_pairwise_dist": False,
    "array_api_dispatch": True,
    "transform_output": "pandas",
    "enable_metadata_routing": True,
    "skip_parameter_validation": True,
    "sparse_interface": "sparray",
}
OTHERS = {name: value for name, value in OTHERS.items() if name in sklearn.get_config()}
if parse_version(scipy.__version__) < parse_version("1.14"):
    del OTHERS["array_api_dispatch"]  # scikit-learn refuses it
SETTINGS = [OTHERS, {"transform_output": "polars"}]


def network():
    return BackpropRegressor(**SMALL).fit(X, y)


def table():
    return TabularBackpropRegressor(**FEW).fit(X, y)


def forecaster():
    return LagForecaster(lags=2, n_members=1, n_updates=5, random_state=0).fit(HOURS, y)


def saved_and_loaded(tmp_path):
    network().save(tmp_path / "net.skb")
    return load(tmp_path / "net.skb").predict(X)


def streamed():
    lags = LagFeatures([0, 1], passthrough=True)
    net = BackpropRegressor(**SMALL, missing="skip")
    model = StreamingPipeline([("lags", lags), ("scale", RunningScaler()), ("net", net)], label_delay=1)
    return time_series.evaluate_stream(model, HOURS, y, chunk_size=25).predictions


def within_target_and_pipeline():
    inner = TransformedTargetRegressor(BackpropRegressor(**SMALL), func=np.sqrt, inverse_func=np.square)
    return make_pipeline(StandardScaler(), inner).fit(X, y)


def transformed(transformer, X=X):
    return lambda: (transformer.fit_transform(X), transformer.fit(X).transform(X))


def causal():
    time_series.check_causal(LagFeatures([1, 2]), HOURS, n_points=2, random_state=0)
    time_series.check_causal(forecaster(), HOURS, y, n_points=1, random_state=0)
    return 0


RUNS = {
    "BackpropClassifier": lambda: BackpropClassifier(**SMALL).fit(X, y).predict_proba(X),
    "BackpropRegressor": lambda: network().predict(X),
    "BackpropSearchCV": lambda: (
        BackpropSearchCV(
            make_pipeline(StandardScaler(), BackpropClassifier(**SMALL)),
            {"backpropclassifier__alpha": [0.1, 1.0]},
            cv=[(np.arange(0, 50, 2), np.arange(1, 50, 2))],
        )
        .fit(X, y)
        .cv_results_["mean_test_score"]
    ),
    "TabularBackpropClassifier": lambda: TabularBackpropClassifier(**FEW).fit(X, y).predict_proba(X),
    "TabularBackpropRegressor": lambda: (
        table().predict(X),
        TabularBackpropRegressor(**FEW).partial_fit(X, y).partial_fit(X, y).predict(X),
    ),
    "learning_rate_range": lambda: learning_rate_range(network(), X, y).losses,
    "hidden layer": lambda: network().transform(X),
    "StreamingPipeline": streamed,
    "LagForecaster": lambda: (
        forecaster().predict_one_step(HOURS, y),
        forecaster().predict(HOURS.set_axis(HOURS.index + pd.Timedelta("50h"))[:3]),
    ),
    "backtest": lambda: time_series.backtest(forecaster(), HOURS, y, TimeSeriesSplit(2)).predictions,
    "check_causal": causal,
    "CategoryEncoder": transformed(preprocessing.CategoryEncoder(), LEVELS),
    "SignedOneHotEncoder": transformed(preprocessing.SignedOneHotEncoder(), LEVELS),
    "SquashingScaler": transformed(preprocessing.SquashingScaler()),
    "TabularEncoder": transformed(preprocessing.TabularEncoder()),
    "CalendarFeatures": transformed(time_series.CalendarFeatures(), HOURS),
    "DifferenceFeatures": transformed(time_series.DifferenceFeatures(), HOURS),
    "EwmFeatures": transformed(time_series.EwmFeatures(), HOURS),
    "ExpandingFeatures": transformed(time_series.ExpandingFeatures(), HOURS),
    "FourierFeatures": transformed(time_series.FourierFeatures(24, 2), HOURS),
    "LagFeatures": transformed(LagFeatures(2), HOURS),
    "RollingFeatures": transformed(time_series.RollingFeatures(3), HOURS),
    "RunningScaler": transformed(RunningScaler(), HOURS),
}
LOOKED_AT = {
    "network": network,
    "table": table,
    "pipeline": lambda: make_pipeline(StandardScaler(), BackpropRegressor(**SMALL)).fit(X, y),
    "target": within_target_and_pipeline,
}
LOOKS = {
    "trace": lambda model: inspection.trace(model, X, y).outputs,
    "diagnose": lambda model: [f"{finding}" for finding in inspection.diagnose(model, X, y)],
    "check_gradients": lambda model: inspection.check_gradients(model, X[:5], y[:5]).checks["what"],
    "input_gradients": lambda model: inspection.input_gradients(model, X).values,
    "gradient_times_input": lambda model: inspection.gradient_times_input(model, X).values,
    "integrated_gradients": lambda model: inspection.integrated_gradients(model, X, tolerance=1.0).values,
    "expected_gradients": lambda model: inspection.expected_gradients(model, X, X, random_state=0).values,
    "hidden_activations": lambda model: inspection.hidden_activations(model, X),
}
RUNS |= {
    f"{look} of {what}": lambda find=find, make=make: find(make())
    for look, find in LOOKS.items()
    for what, make in LOOKED_AT.items()
}
ELSEWHERE = {  # no estimators, or read by no code of scikit-learn's
    *("Backtest", "BacktestDisplay", "ForecastDisplay", "LearningRateRange", "check_gap"),
    *("PanelTimeSeriesSplit", "coverage_score", "mean_absolute_scaled_error"),
    *("root_mean_squared_scaled_error", "symmetric_mean_absolute_percentage_error", "AttributionDisplay"),
    *("Attributions", "ChainRule", "DeltaFlowDisplay", "DeltaRecorder", "Diagnosis", "Finding"),
    *("GradientCheckDisplay", "GradientReport", "NetworkDisplay", "Trace", "TrainingCurveDisplay"),
    *("WeightHistogramDisplay", "load", "evaluate_stream"),
}


def numbers_of(result):
    if isinstance(result, tuple):
        return [numbers_of(part) for part in result]
    if hasattr(result, "to_numpy"):
        result = result.to_numpy()
    return np.asarray(result)


@pytest.fixture(autouse=True)
def short_fits():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def test_every_public_name_is_here():
    public = {
        name
        for module in (skbackprop, model_selection, time_series, inspection, preprocessing)
        for name in module.__all__
    }
    here = {name.partition(" of ")[0] for name in RUNS} - {"hidden layer"}
    assert public == here | ELSEWHERE
    assert not here & ELSEWHERE


def test_every_setting_is_here():
    assert set(sklearn.get_config()) == set(OTHERS) | {"array_api_dispatch"}


@pytest.mark.parametrize("name", RUNS)
def test_settings_change_no_number(name):
    plain = numbers_of(RUNS[name]())
    for setting in SETTINGS:
        with sklearn.config_context(**setting):
            found = numbers_of(RUNS[name]())
        for one, other in zip(*([r] if not isinstance(r, list) else r for r in (plain, found))):
            assert_array_equal(one, other, err_msg=f"{name} with {setting}")
