"""What fitted estimators hold: nothing but what skops, which reads no code, can build again."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    BackpropSearchCV,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
    preprocessing,
    time_series,
)
from skbackprop.layers import Dropout
from skbackprop.time_series import LagFeatures, LagForecaster, StreamingPipeline
from skbackprop.trusted import trusted_types

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 48
TIMES = pd.date_range("2026", periods=N, freq="h")
HOURS = pd.DataFrame({"a": np.sin(np.arange(N) / 3), "b": np.arange(N) % 7.0}, index=TIMES)
Y = np.cos(np.arange(N) / 3)
SMALL = {"max_iter": 2, "random_state": 0}
FEW = {"n_estimators": 1, "max_iter": 1, "hidden_layer_sizes": 4, "random_state": 0}
QUICK = {"lags": 2, "n_members": 1, "n_updates": 5, "random_state": 0}
MIXED = pd.DataFrame(
    {
        "text": list("abcd") * 12,
        "day": TIMES,
        "kind": pd.Categorical(list("xyz") * 16),
        "number": np.arange(N, dtype=float),
        "flag": np.arange(N) % 2 == 0,
    }
)
IDS = {
    "text": np.repeat(["u", "v"], N // 2),
    "whole numbers": np.repeat([7, 3], N // 2),
    "categories": pd.Categorical(np.repeat(["u", "v"], N // 2)),
    "dates": np.repeat(pd.date_range("2020", periods=2), N // 2),
    "nullable": pd.array(np.repeat([7, 3], N // 2), dtype="Int64"),
    "string": pd.array(np.repeat(["u", "v"], N // 2), dtype="string"),
}


def panel(kind, seconds=False):
    frame = HOURS.assign(id=IDS[kind], t=np.tile(TIMES[: N // 2], 2)).reset_index(drop=True)
    return frame.assign(id2=np.tile(np.arange(N // 2) % 2, 2)) if seconds else frame


def in_stream():
    steps = [("lags", LagFeatures([0, 1])), ("net", BackpropRegressor(**SMALL, missing="skip"))]
    return StreamingPipeline(steps).partial_fit(HOURS, Y)


FITTED = {
    "regressor": lambda: BackpropRegressor(
        hidden_layer_sizes=(4, Dropout(0.1)),
        solver="adamw",
        average="ema",
        learning_rate="cosine",
        early_stopping=True,
        **SMALL,
    ).fit(HOURS, Y),
    "classifier": lambda: BackpropClassifier(missing="impute", **SMALL).fit(HOURS, Y > 0),
    "search": lambda: BackpropSearchCV(BackpropRegressor(**SMALL), {"alpha": [0.1, 1.0]}, cv=2).fit(HOURS, Y),
    "table": lambda: TabularBackpropRegressor(**FEW).fit(MIXED, Y),
    "classes of a table": lambda: TabularBackpropClassifier(**FEW).fit(MIXED, np.where(Y > 0, "up", "down")),
    "encoder": lambda: preprocessing.TabularEncoder().fit(MIXED),
    "stream": in_stream,
    "forecaster": lambda: LagForecaster(**QUICK).fit(HOURS, Y),
    "recursive": lambda: LagForecaster(**QUICK, strategy="recursive").fit(HOURS, Y),
    "forecaster of a panel": lambda: LagForecaster(**QUICK, groups="id", time="t").fit(panel("text"), Y),
}
FITTED |= {
    name: (
        lambda name=name: getattr(preprocessing, name)().fit(HOURS if "Scaler" in name else MIXED[["text"]])
    )
    for name in preprocessing.__all__
    if name != "TabularEncoder"
}
FITTED |= {
    name: (lambda name=name: getattr(time_series, name)().fit(HOURS))
    for name in time_series.__all__
    if name.endswith("Features") or name == "RunningScaler"
}
FITTED |= {
    f"ids: {kind}": (lambda kind=kind: LagFeatures(columns="a", groups="id", time="t").fit(panel(kind)))
    for kind in IDS
}
FITTED["ids of two columns"] = lambda: LagFeatures(groups=["id", "id2"], time="t", freq="h").fit(
    panel("text", seconds=True)
)
every_fitted = pytest.mark.parametrize("name", FITTED)


def parts_of(thing, seen):
    """Everything that an object holds."""
    if id(thing) in seen:
        return
    seen[id(thing)] = thing
    yield thing
    if isinstance(thing, dict):
        inner = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set):
        inner = list(thing)
    elif isinstance(thing, np.ndarray):
        inner = thing.ravel().tolist() if thing.dtype == object else []
    elif isinstance(thing, BaseEstimator) or type(thing).__module__.startswith("skbackprop"):
        inner = list(getattr(thing, "__dict__", {}).values())
    else:
        inner = []
    for part in inner:
        yield from parts_of(part, seen)


@every_fitted
def test_no_object_of_pandas_and_no_type_that_is_not_listed(name):
    kinds = {type(part) for part in parts_of(FITTED[name](), {})}
    assert not [kind for kind in kinds if kind.__module__.startswith(("pandas", "polars", "pyarrow"))]
    own = {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds}
    assert {kind for kind in own if kind.startswith("skbackprop")} <= set(trusted_types())


def test_the_list_holds_this_library_alone():
    assert all(name.startswith("skbackprop.") for name in trusted_types())
    assert len(set(trusted_types())) == len(trusted_types())


@pytest.mark.slow
@every_fitted
def test_skops_reads_what_it_has_written(name):
    io = pytest.importorskip("skops.io", reason="skops is not installed")
    model = FITTED[name]()
    written = io.dumps(model)
    others = set(io.get_untrusted_types(data=written)) - set(trusted_types())
    assert all(kind.startswith("sklearn.") for kind in others) and (not others or name == "search")
    loaded = io.loads(written, trusted=[*trusted_types(), *others])
    rows = panel(name[5:]) if name.startswith("ids: ") else HOURS
    if name in ("regressor", "classifier"):
        loaded.partial_fit(HOURS, Y > 0 if name == "classifier" else Y)
        model.partial_fit(HOURS, Y > 0 if name == "classifier" else Y)
        assert_array_equal(loaded.network_.theta, model.network_.theta)
    elif "Features" in name or name.startswith("ids: "):
        assert_array_equal(loaded.transform(rows), model.transform(rows))
    elif "table" in name:
        assert_array_equal(loaded.predict(MIXED), model.predict(MIXED))


@pytest.mark.parametrize("kind", IDS)
def test_series_are_found_again_by_their_ids(kind):
    """In a stream: each series goes on after its own rows, those of new ones begin."""
    frame = panel(kind)
    lags = LagFeatures([1, 3], columns=["a"], groups="id", time="t", freq="h")
    order = frame["t"].argsort(kind="stable")
    frame = frame.iloc[order].reset_index(drop=True)
    whole = lags.fit_transform(frame)
    lags.fit(frame[:1])
    for begin, end in ((1, 10), (10, 11), (11, N)):
        assert_array_equal(lags.transform(frame[begin:end]), whole[begin:end])
        lags.partial_fit(frame[begin:end])
    assert list(lags.history_.ids) == list(pd.unique(frame["id"]))
