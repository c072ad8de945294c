"""Transformers, splitters, searches, forecasters: a parameter acts, or it is said that it does nothing."""

import inspect
import warnings
from contextlib import redirect_stdout
from functools import partial
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skbackprop.preprocessing
import skbackprop.time_series
from skbackprop import BackpropRegressor, BackpropSearchCV
from skbackprop.preprocessing import CategoryEncoder, SignedOneHotEncoder, SquashingScaler, TabularEncoder
from skbackprop.time_series import (
    CalendarFeatures,
    DifferenceFeatures,
    EwmFeatures,
    ExpandingFeatures,
    FourierFeatures,
    LagFeatures,
    LagForecaster,
    PanelTimeSeriesSplit,
    RollingFeatures,
    RunningScaler,
    StreamingPipeline,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
DAYS = pd.date_range("2026-03-02", periods=33).delete([9, 20])
N = len(DAYS)
ROWS = pd.DataFrame(
    {
        "shop": np.repeat([0, 1], N),
        "day": np.tile(DAYS, 2),
        "tick": np.tile(DAYS.as_unit("s").asi8, 2),
        "v": RNG.normal(size=2 * N),
        "w": RNG.normal(size=2 * N),
    }
)
Y = np.tile(np.arange(N) % 5 + 1.0, 2) + RNG.random(2 * N)
TABLE = pd.DataFrame(
    {
        "few": list("aabbc") * 8,
        "many": [f"level {k % 12}" for k in range(39)] + [None],
        "number": [*RNG.standard_cauchy(39), np.nan],
        "code": np.arange(40) % 4,
    }
)


def outcome(call):
    """What comes out, as text, or the error; and which parameters were said to do nothing."""
    with warnings.catch_warnings(record=True) as said, redirect_stdout(StringIO()) as printed:
        warnings.simplefilter("always")
        try:
            found = call()
        except (ValueError, TypeError, AttributeError) as error:
            found = f"{type(error).__name__}: {error}"
    if printed.getvalue():
        found = found, printed.getvalue()
    return found, [str(one.message) for one in said if " has no effect: " in str(one.message)]


def in_bits(frame):
    return [*map(str, getattr(frame, "columns", [])), np.asarray(frame).tobytes()]


def of_features(features):
    """Of the first rows; of those that follow, in a stream from which the second shop is gone."""
    first = features.fit_transform(ROWS[ROWS.day < DAYS[15]])
    features.partial_fit(ROWS[(ROWS.day >= DAYS[15]) & (ROWS.day < DAYS[22]) & (ROWS.shop == 0)])
    is_next = ROWS.day >= np.where(ROWS.shop == 0, DAYS[22], DAYS[15])
    return in_bits(first) + in_bits(features.transform(ROWS[is_next]))


def of_table(encoder):
    columns = ["number"] if isinstance(encoder, SquashingScaler) else list(TABLE)
    return in_bits(encoder.fit_transform(TABLE[columns]))


def of_splits(splitter):
    rows = ROWS.to_numpy() if splitter.time is None else ROWS
    return [part.tolist() for parts in splitter.split(rows) for part in parts]


def of_forecaster(model):
    is_last = ROWS.day >= DAYS[26]
    X = ROWS[[model.groups or "w", model.time or "w", "v"]] if model.groups or model.time else ROWS[["v"]]
    model.fit(X[~is_last], Y[~is_last])
    found = [model.predict(X[is_last])]
    try:
        found.append(model.predict_interval(X[is_last], 0.5))
    except ValueError as error:
        found.append(type(error).__name__)
    return [np.asarray(part).tobytes() for part in found]


SHOPS = {"groups": "shop", "time": "day"}
OF_HISTORY = {  # beside which others, and the value
    "columns": ({}, ["v"]),
    "groups": ({}, None),
    "time": ({}, "tick"),
    "freq": ({}, "12h"),
    "on_gap": ({}, "ignore"),
    "history": ({}, "none"),
    "forget_after": ({}, 3),
    "passthrough": ({}, True),
}
SHIFT = {"shift": ({}, 2)}
STEPS = {"horizon": 3}
WALKED = {
    LagFeatures: (of_features, SHOPS, OF_HISTORY | {"lags": ({}, 2)}),
    DifferenceFeatures: (of_features, SHOPS, OF_HISTORY | {"periods": ({}, 2)}),
    RollingFeatures: (
        of_features,
        SHOPS | {"windows": 3},
        OF_HISTORY | SHIFT | {"windows": ({}, 4), "statistics": ({}, ["min"]), "min_periods": ({}, 2)},
    ),
    ExpandingFeatures: (
        of_features,
        SHOPS,
        OF_HISTORY
        | SHIFT
        | {"statistics": ({}, ["max"]), "min_periods": ({}, 2)}
        | {"freq": ({"shift": 2}, "12h"), "on_gap": ({"shift": 2}, "ignore")},
    ),
    EwmFeatures: (
        of_features,
        SHOPS | {"span": 3},
        OF_HISTORY | SHIFT | {"span": ({}, 5), "halflife": ({}, 2.0), "alpha": ({}, 0.3)},
    ),
    RunningScaler: (
        of_features,
        SHOPS,
        OF_HISTORY | {"freq": ({}, "48h"), "on_gap": ({}, "raise")},  # missing steps change nothing else
    ),
    CalendarFeatures: (
        of_features,
        {"time": "day"},
        {
            "fields": ({}, ["day"]),
            "encoding": ({}, "ordinal"),
            "time": ({}, "tick"),
            "unit": ({"time": "tick"}, "s"),
            "passthrough": ({}, ["v"]),
        },
    ),
    FourierFeatures: (
        of_features,
        {"time": "day"},
        {
            "periods": ({}, 5),
            "order": ({}, 2),
            "time": ({}, None),
            "freq": ({}, "12h"),
            "passthrough": ({}, ["v"]),
        },
    ),
    PanelTimeSeriesSplit: (
        of_splits,
        {"n_splits": 2, "time": "day"},
        {
            "n_splits": ({}, 3),
            "horizon": ({}, 2),
            "gap": ({}, 1),
            "step": ({}, 2),
            "window": ({}, 3),
            "time": ({}, None),
            "freq": ({"horizon": 3}, "12h"),
            "target_ahead": ({}, 0),
        },
    ),
    LagForecaster: (
        of_forecaster,
        SHOPS | {"n_updates": 2, "n_members": 1, "lags": 3},
        {
            "estimator": ({}, Ridge()),
            "lags": ({}, 2),
            "horizon": ({}, 2),
            "strategy": (STEPS, "recursive", "direct", "dirrec"),
            "normalize": ({}, "last", "revin", "level", None),
            "known_future": ({}, ["v"]),
            "groups": ({}, None),
            "time": ({}, "tick"),
            "freq": ({}, "12h"),
            "seasons": ({}, [3]),
            "target_transform": ({}, "log1p"),
            "n_members": ({}, 2),
            "n_updates": ({}, 3),
            "max_windows": ({"estimator": Ridge()}, 5),
            "quantile": ({}, [0.1, 0.5, 0.9]),
            "early_stopping": ({}, True),
            "validation_fraction": (
                {
                    "early_stopping": True,
                },
                0.5,
            ),
            "calibration_horizons": ({}, 3),
            "on_gap": ({}, "ignore", "raise"),
            "random_state": ({}, 1),
            "max_time": ({"n_updates": 20}, 1e-3),
            "verbose": ({}, True),
        },
    ),
    CategoryEncoder: (of_table, {}, {"min_frequency": ({}, 9), "max_categories": ({}, 2)}),
    SignedOneHotEncoder: (of_table, {}, {"min_frequency": ({}, 9), "max_categories": ({}, 2)}),
    SquashingScaler: (of_table, {}, {"max_absolute_value": ({}, None)}),
    TabularEncoder: (
        of_table,
        {},
        {
            "categorical_features": ({}, ["code"]),
            "max_one_hot_categories": ({}, 1),
            "embed": ({}, False),
            "min_frequency": ({}, 9),
            "max_categories": ({}, 2),
            "missing_indicator": ({}, False),
            "max_absolute_value": ({}, 1.0),
        },
    ),
}
CASES = [(kind, name) for kind, (_, _, changed) in WALKED.items() for name in changed]


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind.__name__}-{name}" for kind, name in CASES])
def test_a_parameter_acts(kind, name):
    result_of, base, changed = WALKED[kind]
    beside, *values = changed[name]
    before, _ = outcome(lambda: result_of(kind(**base | beside)))
    for value in values:
        after, said = outcome(lambda value=value: result_of(kind(**base | beside | {name: value})))
        assert after != before, value
        assert not [text for text in said if text.startswith(f"{name}=")]


def test_rows_without_time_follow_those_learned():
    untimed = ROWS[["shop", "v", "w"]]
    lags = [LagFeatures(groups="shop", history=history).fit(untimed) for history in ("auto", "continue")]
    alone, following = (one.transform(untimed).isna().sum().sum() for one in lags)
    assert (alone, following) == (4, 0)


def test_every_parameter_is_walked_through():
    classes = {
        getattr(module, name)
        for module in (skbackprop.time_series, skbackprop.preprocessing)
        for name in module.__all__
    }
    public = {kind for kind in classes if inspect.isclass(kind) and hasattr(kind, "get_params")}
    public.add(PanelTimeSeriesSplit)
    assert public == {*WALKED, StreamingPipeline}
    for kind, (_, _, changed) in WALKED.items():
        assert set(changed) == set(inspect.signature(kind).parameters), kind
    assert set(inspect.signature(StreamingPipeline).parameters) == {
        *("steps", "label_delay", "groups", "transform_input", "memory", "verbose")
    }


def given(estimator):
    return {"estimator": estimator, "n_updates": 2000, "n_members": 3}


FIXED = BackpropRegressor(hidden_layer_sizes=3, max_iter=2, random_state=1)
SEEDED = make_pipeline(StandardScaler(), SGDRegressor(random_state=0))
IDLE = [  # what stands beside, the parameter, and what is said of it
    (LagForecaster, given(Ridge()), {"n_updates": 7}, "a given estimator"),
    (LagForecaster, {}, {"max_windows": 5}, "n_updates says how much"),
    (LagForecaster, {}, {"validation_fraction": 0.5}, "early_stopping=True"),
    (LagForecaster, given(FIXED), {"n_members": 2}, "seed of its own, random_state=1"),
    (LagForecaster, given(SEEDED), {"n_members": 2}, "sgdregressor__random_state=0"),
    (LagForecaster, given(SEEDED), {"random_state": 2}, "leave it None"),
    (
        LagForecaster,
        given(KNeighborsRegressor()),
        {"n_members": 2},
        "KNeighborsRegressor has no random_state",
    ),
    (LagForecaster, {"on_gap": "ignore", "seasons": [5]}, {"freq": "D"}, "counts rows"),
    (LagForecaster, {"time": None}, {"freq": "D"}, "no time"),
    (LagFeatures, {"on_gap": "ignore"}, {"freq": "12h"}, "counts rows"),
    (LagFeatures, {"time": None, "columns": ["v"]}, {"freq": "12h"}, "no time"),
    (RunningScaler, {"time": None, "columns": ["v"]}, {"freq": "12h"}, "no time"),
    (PanelTimeSeriesSplit, {"time": None}, {"freq": "12h"}, "no time"),
    (CalendarFeatures, {}, {"unit": "ns"}, "numbers in a column"),
    (TabularEncoder, {"embed": False}, {"max_one_hot_categories": 1}, "embed=False"),
]


@pytest.mark.parametrize(
    ("kind", "beside", "idle", "why"), IDLE, ids=[f"{kind.__name__}-{k}" for k, (kind, *_) in enumerate(IDLE)]
)
def test_a_parameter_without_effect_is_told(kind, beside, idle, why):
    result_of, base, _ = WALKED[kind]
    before, said = outcome(lambda: result_of(kind(**base | beside)))
    assert not isinstance(before, str), before
    assert not said
    after, said = outcome(lambda: result_of(kind(**base | beside | idle)))
    assert after == before
    ((name, value),) = idle.items()
    assert set(said) == {said[0]}
    assert said[0].startswith(f"{name}={value!r} has no effect: ")
    assert why in said[0]


@pytest.mark.parametrize("idle", [{}, {"calibration_horizons": 2}])
def test_a_forecaster_tells_it_once(idle):
    model = LagForecaster(SGDRegressor(), 3, n_updates=7, **idle)
    for fit in (model.fit, LagForecaster(**model.get_params(deep=False)).partial_fit):
        with pytest.warns(UserWarning, match="n_updates=7 has no effect") as said:
            fit(ROWS[["v"]][:N], Y[:N])
        assert len(said) == 1
    with pytest.warns(UserWarning, match="n_updates=7 has no effect") as said:
        model.fit(ROWS[["v"]][:N], Y[:N])
    assert said[0].filename == __file__


def test_members_differ_by_the_windows_that_they_draw():
    found = [
        outcome(
            lambda n=n: of_forecaster(
                LagForecaster(KNeighborsRegressor(), 3, **SHOPS, max_windows=9, n_members=n)
            )
        )
        for n in (3, 2)
    ]
    assert found[0] != found[1]
    assert not any(said for _, said in found)


def test_streams_tell_what_is_for_tables_once(tmp_path):
    def pipeline(**settings):
        steps = [
            ("lags", LagFeatures(1, history="continue")),
            ("net", BackpropRegressor(hidden_layer_sizes=3, missing="skip")),
        ]
        return StreamingPipeline(steps, **settings)

    X = ROWS[["shop", "v", "w"]]
    for settings, in_fit, in_stream in (
        ({"groups": "shop"}, ["groups"], ["groups"]),
        ({"groups": "shop", "label_delay": 1}, [], []),
        ({"memory": str(tmp_path)}, [], ["memory"]),
    ):
        for method, told in (("fit", in_fit), ("partial_fit", in_stream)):
            model = pipeline(**settings)
            found, said = outcome(partial(getattr(model, method), X[:N], Y[:N]))
            again, said_again = outcome(partial(model.partial_fit, X[N:], Y[N:]))
            assert found is again is model
            assert [text.partition("=")[0] for text in said] == told
            assert not said_again


def test_a_search_does_as_that_of_scikit_learn():
    net, grid = BackpropRegressor(hidden_layer_sizes=2, random_state=0), {"max_iter": [1, 2]}
    X = ROWS[["v", "w"]].to_numpy()
    changed = {
        "scoring": "neg_mean_absolute_error",
        "refit": False,
        "cv": 3,
        "error_score": -7.0,
        "return_train_score": True,
    }
    assert {*changed, "estimator", "param_grid", "n_jobs", "verbose", "pre_dispatch"} == set(
        inspect.signature(BackpropSearchCV).parameters
    )

    def of_search(kind, **settings):
        search = kind(
            net, grid | {"tol": [1e-4, -1.0]} if "error_score" in settings else grid, **{"cv": 2} | settings
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search.fit(X, Y)
        results = {k: v for k, v in search.cv_results_.items() if "time" not in k and k != "params"}
        return {k: np.asarray(v, float).round(5).tolist() for k, v in results.items()}, hasattr(
            search, "best_estimator_"
        )

    before = of_search(BackpropSearchCV)
    for name, value in changed.items():
        found = of_search(BackpropSearchCV, **{name: value})
        assert found != before, name
        assert found == of_search(GridSearchCV, **{name: value}), name


def test_series_that_are_forgotten_are_several():
    features = EwmFeatures(3.0, time="day", forget_after=5)
    with pytest.warns(UserWarning, match="forget_after=5 has no effect: all rows are one series: groups="):
        features.fit(ROWS[["day", "v"]][:N])
