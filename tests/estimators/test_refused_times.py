"""Dates and durations in X or y where numbers are asked for: NaT would be -9.2e18, a second 10^9 of ns."""

import datetime
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import ConvergenceWarning

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.preprocessing import SquashingScaler
from skbackprop.time_series import LagFeatures, LagForecaster

N = 60
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(N, 2))
SPANS = RNG.integers(0, 1000, (N, 2)).astype("m8[s]")
DATES = SPANS + np.datetime64("2024-01-01")
WITH_NAT = SPANS.copy()
WITH_NAT[3, 0] = "NaT"
SMALL = {"hidden_layer_sizes": 4, "max_iter": 1, "random_state": 0}
TABULAR = {"hidden_layer_sizes": [4], "max_iter": 1, "n_estimators": 1, "random_state": 0}


def objects(values):
    out = np.empty(values.shape, dtype=object)
    for place in np.ndindex(values.shape):
        out[place] = values[place]
    return out


def frame(values):
    return pd.DataFrame({"a": values[:, 0], "b": values[:, 1]})


def in_polars(values):
    return pl.DataFrame({"a": values[:, 0].astype(f"{values.dtype.kind}8[us]"), "b": NUMBERS[:, 0]})


def in_arrow(values):
    pa = pytest.importorskip("pyarrow")
    return pa.table({"a": values[:, 0], "b": values[:, 1]})


CONTAINERS = {
    "array": lambda values: values,
    "nanoseconds": lambda values: values.astype(f"{values.dtype.kind}8[ns]"),
    "objects of NumPy": objects,
    "objects of Python": lambda values: values.astype(f"{values.dtype.kind}8[us]").astype(object),
    "lists": lambda values: [list(row) for row in values],
    "pandas": frame,
    "pandas, beside numbers": lambda values: frame(values).assign(b=NUMBERS[:, 0]),
    "pandas, objects": lambda values: frame(values).astype(object),
    "polars": in_polars,
    "pyarrow": in_arrow,
    "pandas, pyarrow": lambda values: in_arrow(values).to_pandas().convert_dtypes(dtype_backend="pyarrow"),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("values, kind", [(SPANS, "durations"), (WITH_NAT, "durations"), (DATES, "dates")])
def test_x_of_times_is_refused(container, values, kind):
    X = CONTAINERS[container](values)
    where = "the column 'a'" if container.startswith("p") else "it"
    match = f"X must hold numbers, and {where} holds {kind}"
    for missing in ("error", "skip", "impute"):
        for net in (
            BackpropRegressor(missing=missing, **SMALL),
            BackpropClassifier(missing=missing, **SMALL),
        ):
            with pytest.raises(ValueError, match=f"{match}.*TabularBackprop.*TabularEncoder"):
                net.fit(X, NUMBERS[:, 0] > 0)
    with pytest.raises(ValueError, match=match):
        SquashingScaler().fit(X)
    with pytest.raises((ValueError, TypeError)):
        LagFeatures(1).fit(X)


def fitted(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return net.fit(NUMBERS, NUMBERS[:, 0])


def test_x_of_times_is_refused_after_fit():
    net = fitted(BackpropRegressor(**SMALL))
    expected = net.predict(NUMBERS)
    match = "X must hold numbers, and it holds durations"
    for call in (net.predict, net.transform, lambda X: net.partial_fit(X, NUMBERS[:, 0])):
        with pytest.raises(ValueError, match=match):
            call(SPANS)
    with pytest.raises(ValueError, match=match):
        BackpropRegressor(**SMALL).fit(NUMBERS, NUMBERS[:, 0], X_val=SPANS, y_val=NUMBERS[:, 0])
    with pytest.raises(ValueError, match=match):
        SquashingScaler().fit(NUMBERS).transform(SPANS)
    np.testing.assert_array_equal(net.predict(NUMBERS), expected)


@pytest.mark.parametrize("values", [SPANS, WITH_NAT, DATES], ids=["durations", "with NaT", "dates"])
@pytest.mark.parametrize(
    "container",
    [
        lambda y: y,
        pd.Series,
        objects,
        lambda y: list(y),
        lambda y: pl.Series(y.astype(f"{y.dtype.kind}8[ms]")),
        lambda y: pd.Series(y).astype(object),
        lambda y: pytest.importorskip("pyarrow").array(y),
        lambda y: pd.Series(pytest.importorskip("pyarrow").array(y)),
    ],
)
def test_y_of_times_is_refused(values, container):
    y = container(values[:, 0])
    match = f"y must hold numbers, and it holds {'dates' if values is DATES else 'durations'}"
    nets = [BackpropRegressor(**SMALL), BackpropRegressor(missing="skip", **SMALL)]
    nets += [TabularBackpropRegressor(**TABULAR), LagForecaster(lags=2, n_members=1, n_updates=2)]
    for net in nets:
        with pytest.raises(ValueError, match=match):
            net.fit(NUMBERS, y)
    with pytest.raises(ValueError, match=match):
        TabularBackpropRegressor(**TABULAR).partial_fit(NUMBERS, y)


def test_y_of_several_columns_names_the_one_with_times():
    y = pd.DataFrame({"price": NUMBERS[:, 0], "sold": DATES[:, 0]})
    with pytest.raises(ValueError, match="y must hold numbers, and the column 'sold' holds dates"):
        BackpropRegressor(**SMALL).fit(NUMBERS, y)


def test_tables_of_times_are_read_where_they_are_asked_for():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for values in (WITH_NAT, DATES):
            TabularBackpropRegressor(**TABULAR).fit(values, NUMBERS[:, 0]).predict(values)
            TabularBackpropClassifier(**TABULAR).fit(frame(values), NUMBERS[:, 0] > 0)


def test_numbers_as_objects_stay_numbers():
    net = fitted(BackpropRegressor(missing="impute", **SMALL))
    X = NUMBERS.astype(object)
    X[0, 0] = None
    np.testing.assert_array_equal(net.predict(X[2:]), net.predict(NUMBERS[2:]))
    np.testing.assert_array_equal(net.predict(X[:1]), net.predict(X[:1].astype(float)))
    times = [datetime.timedelta(1), np.timedelta64(1, "s"), np.datetime64("2024-01-01"), pd.Timestamp(0)]
    for time in [*times, np.timedelta64("NaT"), np.datetime64("NaT"), pd.NaT]:
        X[5, 1] = time
        with pytest.raises(ValueError, match=r"X must hold numbers, and it holds (dates|durations)"):
            net.predict(X)
