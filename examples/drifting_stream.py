"""Predict electricity demand one day ahead: a model that learns every hour, and one that is not updated.

Weather and habits drift over three years. A model that only knows the first 90 days has not seen any winter.

python -m pip install -e ".[forecasting]"
python examples/drifting_stream.py [--picture stream.png]
"""

import argparse
import tempfile
import time
from copy import deepcopy
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import pandas as pd
import series
from sklearn.pipeline import FeatureUnion

from skbackprop import BackpropRegressor
from skbackprop.time_series import (
    FourierFeatures,
    LagFeatures,
    RunningScaler,
    StreamingPipeline,
    evaluate_stream,
)

AHEAD = 24
N_FIRST = 90 * 24


def pipeline():
    past = LagFeatures([0, 1, 2, 23, 24, 48, 72, 96, 120, 144, 168])
    hour_and_day = FourierFeatures([24, 168], 3)
    net = BackpropRegressor(missing="skip", batch_size=4, max_iter=100, tol=1e-3, random_state=0)
    steps = [
        ("features", FeatureUnion([("past", past), ("clock", hour_and_day)])),
        ("scaler", RunningScaler(history="continue")),
        ("net", net),
    ]
    return StreamingPipeline(steps, label_delay=AHEAD)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--picture", type=Path, default=Path(tempfile.gettempdir()) / "stream.png")
    arguments = parser.parse_args()

    X = series.electricity().set_index("ds")[["y", "temperature"]].rename(columns={"y": "demand"})
    X["demand"] /= 1000  # GW
    y = X["demand"].diff(AHEAD).shift(-AHEAD)[:-AHEAD]  # from the same hour of the day before
    X = X[:-AHEAD]
    frozen = pipeline().fit(X[:N_FIRST], y[:N_FIRST])

    begin = time.perf_counter()
    learning = evaluate_stream(deepcopy(frozen), X[N_FIRST:], y[N_FIRST:], chunk_size=24)
    print(f"{len(learning.predictions)} hours in chunks of a day: {time.perf_counter() - begin:.0f} s")
    forecasts = pd.DataFrame(
        {
            "learns every hour": learning.predictions["y_pred"].to_numpy(),
            "first 90 days only": frozen.predict(X)[N_FIRST:],
            "same hour of the day before": 0.0,
        },
        index=y.index[N_FIRST:] + pd.Timedelta(hours=AHEAD),
    )[AHEAD:]  # the labels of the first 90 days reach one day further
    errors = forecasts.sub(y[N_FIRST + AHEAD :].to_numpy(), axis=0).abs()
    print("Mean absolute error, GW")
    print(errors.groupby(errors.index.year).mean().round(3).to_string())

    ax = errors.resample("28D").mean().plot(figsize=(9, 4), ylabel="mean absolute error (GW)", xlabel="")
    ax.set_ylim(bottom=0)
    ax.set_title("Demand in Victoria, one day ahead")
    plt.tight_layout()
    plt.savefig(arguments.picture)
    print(f"The plot is in {arguments.picture}.")


if __name__ == "__main__":
    main()
