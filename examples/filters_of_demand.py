"""Forecast hourly electricity demand one day ahead from the week before, with and without convolution.

python -m pip install -e ".[forecasting]"
python examples/filters_of_demand.py [--n-origins 28] [--n-seeds 3]
"""

import argparse
import time

import numpy as np
import series

from skbackprop import BackpropRegressor
from skbackprop.layers import Blocks, Conv1D, MaxPool1D, Passthrough, Sequential
from skbackprop.time_series import LagForecaster, PanelTimeSeriesSplit, backtest

DAY, WEEK, YEAR = 24, 168, 8760
OTHERS = 13  # columns of a window after its lags: day and week as sines and cosines, and the scale


def along_the_hours(*layers):
    """Apply these layers to the lags, in time order; leave the other columns of a window unchanged."""
    return Blocks([Sequential(layers), Passthrough()], [WEEK, OTHERS])


NETWORKS = {
    "dense": [64],
    "dense, two layers": [64, 64],
    "filters": [along_the_hours(Conv1D(8, DAY + 1)), 64],
    "filters, maxima of 6 hours": [along_the_hours(Conv1D(8, DAY + 1), MaxPool1D(6, n_channels=8)), 64],
}


def error(layers, y, cv, seed):
    """MASE of the forecasts from rolling origins."""
    network = BackpropRegressor(
        "absolute_error",
        layers,
        solver="adamw",
        learning_rate="cosine",
        learning_rate_init=2e-3,
        batch_size=128,
        max_iter=20,
        tol=0,
        random_state=seed,
    )
    forecaster = LagForecaster(network, lags=WEEK, horizon=DAY, n_members=1)
    return backtest(forecaster, y.to_frame()[[]], y, cv, refit=False).summary().loc["LagForecaster", "MASE"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n-origins", type=int, default=28, help="number of days to forecast")
    parser.add_argument("--n-seeds", type=int, default=3, help="number of fits of each network")
    arguments = parser.parse_args()

    y = series.electricity().set_index("ds")["y"].iloc[-YEAR:]
    cv = PanelTimeSeriesSplit(arguments.n_origins, horizon=DAY)
    print(f"{len(y)} hours; MASE of {arguments.n_origins} days ahead, {arguments.n_seeds} seeds")
    for name, layers in NETWORKS.items():
        begin = time.perf_counter()
        errors = [error(layers, y, cv, seed) for seed in range(arguments.n_seeds)]
        seconds = (time.perf_counter() - begin) / arguments.n_seeds
        each = ", ".join(f"{e:.3f}" for e in errors)
        print(f"{name:27} {np.mean(errors):.3f} ({each}), {seconds:.0f} s each")


if __name__ == "__main__":
    main()
