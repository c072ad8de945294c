"""Accuracy of forecasts from rolling origins: ours, seasonal naive, LightGBM, ridge and scikit-learn's MLP.

The measure is the MASE, as the mean over series, then over origins. The quarterly panel has three origins.
The hourly series have twelve over a year, 29 days apart, so that the weekdays differ. Every method is fitted
again at each origin. LightGBM uses the lags, rolling means and dates of mlforecast's recipes; ridge and the
MLP use the windows of `LagForecaster`.

    python examples/benchmarks/forecasting.py [--repeats 12] [--write docs/forecasting.md]
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from pages import markdown
from sklearn.base import MultiOutputMixin
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop.time_series import LagForecaster, mean_absolute_scaled_error

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import series

HOURLY = {"freq": "h", "season": 24, "horizon": 24, "origins": 12, "step": 24 * 29, "calibration": 28}
SETS = {
    "tourism, 304 series": (
        series.tourism,
        {"freq": "QS", "season": 4, "horizon": 8, "origins": 3, "step": 8, "calibration": 2},
    ),
    "electricity with weather": (series.electricity, HOURLY),
    "pedestrians, 4 series": (series.pedestrians, HOURLY),
    "prices with load, 2 series": (series.prices, HOURLY),
}

PAGE = """# Forecasts

MASE over the last {n_origins} rolling origins, 29 days apart (of the quarterly panel at most three); every
method is fitted anew at each; smaller is better. `LagForecaster` has no setting but the horizon and the names
of columns. Written by
`python examples/benchmarks/forecasting.py --repeats {n_origins} --write docs/forecasting.md`.

{table}

Share of the values in the intervals of `predict_interval`, asked for 80 % and 95 %:

{coverage}
"""


def forecaster(estimator, known_ahead, setting, **more):
    names = {"groups": "unique_id", "time": "ds", "known_future": known_ahead}
    return LagForecaster(estimator, horizon=setting["horizon"], freq=setting["freq"], **names, **more)


def lightgbm(train, future, known_ahead, setting):
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import ExponentiallyWeightedMean, RollingMean
    from mlforecast.target_transforms import Differences

    if setting["freq"] == "h":
        features = {
            "lags": [1, 2, 3, 24, 25, 48, 72, 96, 120, 144, 168, 336],
            "lag_transforms": {1: [RollingMean(24), RollingMean(168)], 24: [ExponentiallyWeightedMean(0.3)]},
            "date_features": ["hour", "dayofweek", "month"],
        }
    else:
        features = {
            "lags": list(range(1, 9)),
            "lag_transforms": {1: [RollingMean(4)], 4: [RollingMean(4)]},
            "date_features": ["quarter"],
            "target_transforms": [Differences([1])],
        }
    trees = LGBMRegressor(n_estimators=500, learning_rate=0.05, verbosity=-1, n_jobs=1, random_state=0)
    model = MLForecast(models={"y_pred": trees}, freq=setting["freq"], **features)
    columns = ["unique_id", "ds", *known_ahead]
    model.fit(train[[*columns, "y"]], static_features=[])
    ahead = {"X_df": future[columns]} if known_ahead else {}
    found = model.predict(setting["horizon"], **ahead)
    return future[["unique_id", "ds"]].merge(found, how="left")["y_pred"].to_numpy()


def seasonal_naive(train, future, known_ahead, setting):
    last = train.groupby("unique_id").tail(setting["season"])
    repeated = {name: np.resize(part, setting["horizon"]) for name, part in last.groupby("unique_id")["y"]}
    place = future.groupby("unique_id").cumcount()
    return np.array([repeated[name][k] for name, k in zip(future["unique_id"], place)])


def by_forecaster(make):
    def forecast(train, future, known_ahead, setting):
        columns = ["unique_id", "ds", *known_ahead]
        model = forecaster(make(), known_ahead, setting, n_members=1)
        return model.fit(train[columns], train["y"]).predict(future[columns])

    return forecast


class MLP(MultiOutputMixin, MLPRegressor):
    """It has many outputs, but does not say so."""


def mlp():
    net = MLP(hidden_layer_sizes=256, early_stopping=True, max_iter=50, n_iter_no_change=5, random_state=0)
    return make_pipeline(StandardScaler(), net)


def mean_error(train, future, y_pred, setting):
    """MASE, the mean over series, of values that were observed."""
    errors = []
    histories = dict(iter(train.groupby("unique_id")["y"]))
    for name, part in future.assign(y_pred=y_pred).groupby("unique_id"):
        part, unit = part[part["observed"]], histories[name].to_numpy()
        changes = unit[setting["season"] :] - unit[: -setting["season"]]
        if len(part) and changes.any():
            errors.append(
                mean_absolute_scaled_error(
                    part["y"], part["y_pred"], y_train=unit, seasonality=setting["season"]
                )
            )
    return np.mean(errors)


METHODS = {
    "seasonal naive": seasonal_naive,
    "LightGBM": lightgbm,
    "ridge, same windows": by_forecaster(lambda: Ridge(1000.0)),
    "MLPRegressor, same windows": by_forecaster(mlp),
}


def run(name, n_origins):
    """The errors of each method at each origin, and the share of values in our intervals."""
    load, setting = SETS[name]
    frame = load()
    known_ahead = [column for column in frame if column not in ("unique_id", "ds", "y", "observed")]
    columns = ["unique_id", "ds", *known_ahead]
    back = frame.groupby("unique_id").cumcount(ascending=False)
    errors, hits = [], {0.8: [], 0.95: []}
    for k in range(min(n_origins, setting["origins"])):
        behind = setting["horizon"] + k * setting["step"]
        train = frame[back >= behind]
        future = frame[(back < behind) & (back >= behind - setting["horizon"])]
        future = future[future["unique_id"].isin(train["unique_id"])]
        row = {}
        for method, forecast in METHODS.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                y_pred = forecast(train, future, known_ahead, setting)
            row[method] = mean_error(train, future, y_pred, setting)
        model = forecaster(None, known_ahead, setting, calibration_horizons=setting["calibration"])
        model.fit(train[columns], train["y"])
        row["LagForecaster"] = mean_error(train, future, model.predict(future[columns]), setting)
        for share, held in hits.items():
            lower, upper = model.predict_interval(future[columns], share).T
            held.append(np.mean((lower <= future["y"]) & (future["y"] <= upper)))
        errors.append(row)
    return pd.DataFrame(errors).mean(), {share: np.mean(held) for share, held in hits.items()}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=12, help="the most origins of a set")
    parser.add_argument("--write", type=Path, help="a page for the tables")
    arguments = parser.parse_args()
    rows, coverage = {}, {}
    for name in SETS:
        begin = time.perf_counter()
        rows[name], coverage[name] = run(name, arguments.repeats)
        print(f"{name} ({time.perf_counter() - begin:.0f} s): {rows[name].round(3).to_dict()}", flush=True)
        print({share: round(float(held), 3) for share, held in coverage[name].items()}, flush=True)
    table = pd.DataFrame(rows).T
    table.loc["geometric mean"] = np.exp(np.log(table).mean())
    shares = pd.DataFrame(coverage).T
    shares.loc["mean"] = shares.mean()
    ratio = table.loc["geometric mean", "LagForecaster"] / table.loc["geometric mean"].drop("LagForecaster")
    print(markdown(table, "{:.3f}"), markdown(shares, "{:.1%}"), sep="\n\n")
    print("geometric mean, ratio to the others:", ratio.round(3).to_dict())
    if arguments.write:
        parts = {"table": markdown(table, "{:.3f}"), "coverage": markdown(shares, "{:.1%}")}
        page = PAGE.format(n_origins=arguments.repeats, **parts)
        arguments.write.write_text(page)


if __name__ == "__main__":
    main()
