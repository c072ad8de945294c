"""Forecast trips to 76 regions of Australia for 4 purposes: 304 quarterly series, two years, one model.

python -m pip install -e ".[forecasting]"
python examples/tourism_panel.py [--picture trips.png]
"""

import argparse
import tempfile
import time
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import series

from skbackprop.time_series import ForecastDisplay, LagForecaster, PanelTimeSeriesSplit, backtest

QUARTERS = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--picture", type=Path, default=Path(tempfile.gettempdir()) / "trips.png")
    arguments = parser.parse_args()

    trips = series.tourism()
    columns = ["unique_id", "ds"]
    clock = {"time": "ds", "freq": "QS"}
    forecaster = LagForecaster(horizon=QUARTERS, groups="unique_id", calibration_horizons=2, **clock)
    cv = PanelTimeSeriesSplit(3, horizon=QUARTERS, **clock)

    begin = time.perf_counter()
    result = backtest(forecaster, trips[columns], trips["y"], cv, coverage=0.8)
    n_series = trips["unique_id"].nunique()
    print(f"{n_series} series, {len(trips)} quarters, 3 origins, {time.perf_counter() - begin:.0f} s")
    print(result.summary().round(3).to_string())

    is_future = trips.groupby("unique_id").cumcount(ascending=False) < QUARTERS
    largest = trips.groupby("unique_id")["y"].mean().nlargest(4).index
    known, future = trips[~is_future], trips[is_future & trips["unique_id"].isin(largest)]
    forecaster.fit(known[columns], known["y"])
    display = ForecastDisplay.from_estimator(forecaster, future[columns], future["y"], coverage=0.8)
    display.figure_.savefig(arguments.picture)
    print(f"The plot is in {arguments.picture}.")


if __name__ == "__main__":
    main()
