"""24 lags, rolling mean and standard deviation of 24 steps: speed of four libraries.

The unit is the time to copy the bytes of the output. It is measured in turn with each library in one process
on one thread; the ratio is the median over repeats. Libraries that are not installed are left out.

    python examples/benchmarks/lag_speed.py [--repeats 5] [--write docs/lag_speed.md]
"""

import argparse
import importlib
import importlib.util
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from skbackprop.time_series import LagFeatures, RollingFeatures

N_LAGS = WINDOW = 24
LENGTHS = {"one series of 1,000,000 rows": (1, 1_000_000), "10,000 series of 100 rows": (10_000, 100)}

PAGE = """# Lags and rolling statistics

The time to compute 24 lags, and the mean and standard deviation of the 24 steps before each row, in float64,
from DataFrame to DataFrame, on one thread. The second number is the ratio to the time to copy the bytes of
the output (26 columns of 1,000,000 rows), measured in turn. The page was written by `python
examples/benchmarks/lag_speed.py --repeats 9 --write docs/lag_speed.md` with `POLARS_MAX_THREADS=1`, and with
`MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=20000000000`, so that glibc reuses memory. Without these two
settings the copy, and every library that gets its memory from glibc, also needs time for new pages. On some
machines this takes longer than everything else, and the ratios are then smaller.

{table}
"""


def ours(frame):
    settings = {"groups": "id", "time": "t", "columns": "y"} if "id" in frame else {}
    lags, rolling = LagFeatures(N_LAGS, **settings), RollingFeatures(WINDOW, ["mean", "std"], **settings)
    return lags.fit_transform(frame), rolling.fit_transform(frame)


def by_pandas(frame):
    y = frame.groupby("id")["y"] if "id" in frame else frame["y"]
    columns = [y.shift(lag) for lag in range(1, N_LAGS + 1)]
    if "id" in frame:
        rolling = columns[0].groupby(frame["id"]).rolling(WINDOW)
        return *columns, rolling.mean().droplevel(0), rolling.std().droplevel(0)
    rolling = columns[0].rolling(WINDOW)
    return *columns, rolling.mean(), rolling.std()


def by_polars(frame):
    polars = importlib.import_module("polars")
    y = polars.col("y")
    columns = [y.shift(lag).alias(f"lag{lag}") for lag in range(1, N_LAGS + 1)]
    columns += [y.shift(1).rolling_mean(WINDOW).alias("mean"), y.shift(1).rolling_std(WINDOW).alias("std")]
    return frame.select([column.over("id") if "id" in frame.columns else column for column in columns])


def by_coreforecast(frame):
    grouped = importlib.import_module("coreforecast.grouped_array")
    transforms = importlib.import_module("coreforecast.lag_transforms")
    if "id" in frame:
        ends = np.flatnonzero(np.diff(frame["id"].to_numpy(), append=-1)) + 1
    else:
        ends = np.array([len(frame)])
    series = grouped.GroupedArray(frame["y"].to_numpy(), np.r_[0, ends].astype(np.int32), num_threads=1)
    kinds = [transforms.Lag(lag) for lag in range(1, N_LAGS + 1)]
    kinds += [transforms.RollingMean(1, WINDOW), transforms.RollingStd(1, WINDOW)]
    return pd.DataFrame(
        {str(number): kind.transform(series) for number, kind in enumerate(kinds)}, copy=False
    )


def in_polars(frame):
    return importlib.import_module("polars").DataFrame({name: frame[name].to_numpy() for name in frame})


SIDES = {
    "skbackprop": (None, ours, lambda frame: frame),
    "coreforecast": ("coreforecast", by_coreforecast, lambda frame: frame),
    "polars": ("polars", by_polars, in_polars),
    "pandas": ("pandas", by_pandas, lambda frame: frame),
}


def data(n_series, length):
    y = np.random.default_rng(0).normal(size=n_series * length)
    times = pd.date_range("2000", periods=length, freq="h")
    if n_series == 1:
        return pd.DataFrame({"y": y}, index=times)
    ids = np.repeat(np.arange(n_series), length)
    return pd.DataFrame({"id": ids, "t": np.tile(times, n_series), "y": y})


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def available(package):
    return package is None or importlib.util.find_spec(package) is not None


def measure(repeats):
    output = np.ones((N_LAGS + 2, 1_000_000))
    for name, (package, function, prepared) in SIDES.items():
        if not available(package):
            continue
        cells = []
        for size in LENGTHS.values():
            frame = prepared(data(*size))
            seconds(lambda f=frame, call=function: call(f))
            pairs = [
                (seconds(lambda f=frame, call=function: call(f)), seconds(output.copy))
                for _ in range(repeats)
            ]
            took = statistics.median(own for own, _ in pairs)
            cells.append(f"{1e3 * took:.0f} ms, {statistics.median(own / copy for own, copy in pairs):.1f}x")
        line = f"| {name} | {' | '.join(cells)} |"
        print(line, flush=True)
        yield line


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", type=Path, help="a file for the table")
    options = parser.parse_args()
    head = [f"| | {' | '.join(LENGTHS)} |", "| --- | --- | --- |"]
    print(*head, sep="\n")
    with threadpool_limits(1):
        lines = list(measure(options.repeats))
    if options.write:
        options.write.write_text(PAGE.format(table="\n".join([*head, *lines])))


if __name__ == "__main__":
    main()
