"""Forecast half-hourly electricity demand one day ahead; temperature and holidays are known ahead.

python -m pip install -e ".[forecasting]"
python examples/electricity_demand.py [--n-origins 7] [--picture demand.png]
"""

import argparse
import tempfile
import time
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import series

from skbackprop.time_series import BacktestDisplay, LagForecaster, PanelTimeSeriesSplit, backtest

HALF_HOURS = 48


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n-origins", type=int, default=7, help="number of days to forecast")
    parser.add_argument("--picture", type=Path, default=Path(tempfile.gettempdir()) / "demand.png")
    arguments = parser.parse_args()

    frame = series.electricity("30min").set_index("ds")
    X, y = frame[["temperature", "holiday"]], frame["y"]
    forecaster = LagForecaster(
        horizon=HALF_HOURS, known_future=["temperature", "holiday"], calibration_horizons=28
    )
    cv = PanelTimeSeriesSplit(arguments.n_origins, horizon=HALF_HOURS)

    begin = time.perf_counter()
    result = backtest(forecaster, X, y, cv, refit=False, coverage=0.8)
    print(f"{len(X)} half hours, {arguments.n_origins} days ahead, {time.perf_counter() - begin:.0f} s")
    print(result.summary().round(3).to_string())
    BacktestDisplay.from_backtest(result).figure_.savefig(arguments.picture)
    print(f"The plot is in {arguments.picture}.")


if __name__ == "__main__":
    main()
