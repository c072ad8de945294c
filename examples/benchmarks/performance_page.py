"""Writes the page of `performance.py` from the lines of its results."""

import os
import platform

from performance_plan import GROWING, PRODUCTS
from performance_plots import draw_growth, draw_speedups
from performance_tables import (
    by_round,
    compared,
    curves,
    frame,
    megabytes,
    name_of,
    slopes,
    speedups,
    table,
    time_of,
)

PAGE = """# Performance

This page compares networks with relu, trained by Adam, with scikit-learn's MLP, PyTorch, JAX and others.
Every library runs in its own process on {machine}, and the libraries of a table are measured in turn. "4.0x"
means 4.0 times as fast as scikit-learn's MLP; it is the median of the ratios of all rounds. Times are also
medians. The page was written by `python examples/benchmarks/performance.py --write docs/performance.md`; the
program says how to install the libraries.

* skbackprop numpy, skbackprop replay: `engine="numpy"` and `engine="replay"`; the second uses numba.
* PyTorch: tensors are made once; each epoch uses one permutation, a fused Adam and no DataLoader.
  torch.compile is the faster of two ways: forward, loss and backward compiled, or the whole step as one graph
  on one flat vector.
* JAX: an epoch is one compiled call, a scan over its batches.
* skorch and Keras: their estimators for scikit-learn; Keras runs on JAX.
* linear, SGD: a linear model, `SGDRegressor` or `SGDClassifier`, which shows the smallest cost of a row.
* matrix products: only the matrix products of the steps, by NumPy's BLAS.

{sections}
Versions: {versions}.
"""

EPOCH = """## An epoch, {dtype}, {threads}

The time of one epoch, from the difference between a long and a short fit. The percentage compares it with a
lower bound: it is the time of the matrix products alone, divided by the time of the library.

{table}
"""

FIRST = """## The first fit

The time of one epoch in a new process, after the imports: the cost of start-up and compilation before there
is a model. For the first network nothing is compiled yet. The others can use what is compiled, such as the
interpreter of replay.

{table}
"""

START = """## The first fit with compiled code

The same for {network}, in a process that can use code which another process has compiled.

{table}
"""

REACH = """## To the same validation loss

{network}: the time of a whole fit, with as many epochs as are needed for a mean squared error below {loss} on
other rows (0.01 of it is noise). Data, batch size and learning rate are the same. In a new process the
start-up must be added; it was measured with code that was already compiled.

{table}
"""

CALL = """## Predictions and single steps

The time of one call on NumPy arrays in float32, on one thread. `partial_fit` is one step of Adam; for the
linear model it is one step for each row.

{table}
"""

SEARCH = """## A grid search

{n_candidates} candidates (learning rates and penalties), five folds, {what}, with {n_epochs} epochs
per fit, and the refit. With `n_jobs=2` the search uses two processes.

{table}
"""

MEMORY = """## Memory

The largest resident size of a process that has imported everything and fitted a few rows, and the additional
memory for a fit of many rows ({what}; the data take {data}).

{table}
"""

FOOTPRINT = """## Import and installation

The shortest import time of several new processes, and the size of the files of a package and its
dependencies.

{table}
"""

GROW = """## How cost grows

How the seconds of an epoch grow if one size of {base} changes. The numbers are slopes of the logarithm of the
time over the logarithm of the size: 1 means proportional, 0 means that the time does not grow. An epoch with
larger batches has fewer steps.

{table}

{pictures}
"""


def compared_by(part, names, **settings):
    """{name: the comparison of its lines}."""
    return {name: compared(of, **settings) for name, of in part.groupby(names, sort=False)}


def epochs(found, pictures):
    dtypes = found["case"].map(lambda case: case.dtype)
    chosen = found[(dtypes == "float32") & (found["threads"] == 1)]
    yield f"![Times faster than scikit-learn's MLP](_static/{draw_speedups(speedups(chosen), pictures)})\n"
    for (dtype, n_threads), part in found.groupby([dtypes, "threads"]):
        threads = "one thread" if n_threads == 1 else f"{n_threads} threads"
        columns = compared_by(part, part["case"].map(str), with_bound=True)
        yield EPOCH.format(dtype=dtype, threads=threads, table=table(columns))
    chosen = chosen[chosen["peer"] != PRODUCTS]
    firsts = chosen.groupby(["peer", chosen["case"].map(name_of)], sort=False)["first"].first().unstack()
    yield FIRST.format(table=table(firsts.map(time_of)))


def started(found, pictures):
    seconds = by_round(found).median().map(time_of)
    yield START.format(network=name_of(found["case"].iloc[0]), table=table({"first fit": seconds}))


def reached(found, pictures):
    of_peers = found.groupby("peer")[["n_epochs", "start_up"]].last()
    columns = {
        "fit": compared(found),
        "epochs": of_peers["n_epochs"].map("{:.0f}".format),
        "start-up": of_peers["start_up"].clip(lower=0).map(time_of),
    }
    yield REACH.format(
        network=found["case"].iloc[0], loss=found["settings"].iloc[0]["loss"], table=table(columns)
    )


def called(found, pictures):
    columns = {}
    for _, part in found.groupby("cell", sort=False):
        settings = part["settings"].iloc[0]
        rows = f"{settings['n_rows']:,} row{'s' * (settings['n_rows'] > 1)}"
        columns[f"`{settings['method']}`, {rows}, {name_of(part['case'].iloc[0])}"] = compared(part)
    yield CALL.format(table=table(columns))


def searched(found, pictures):
    settings = found["settings"].iloc[0]
    columns = compared_by(found, found["threads"].map("`n_jobs={}`".format))
    columns["best score"] = found.groupby("peer")["score"].last().map("{:.3f}".format)
    yield SEARCH.format(**settings, what=found["case"].iloc[0], table=table(columns))


def remembered(found, pictures):
    small, large = sorted(set(found["case"]), key=lambda case: case.n_rows)
    peaks = found.groupby(["case", "peer"])["bytes"].last()
    columns = {
        f"{small.n_rows:,} rows": peaks[small].map(megabytes),
        f"more for {large.n_rows:,} rows": (peaks[large] - peaks[small]).map(megabytes),
    }
    n_bytes = large.data()[0].nbytes
    yield MEMORY.format(what=large, data=megabytes(n_bytes), table=table(columns))


def footprint(found, pictures):
    taken = found.groupby("peer")["seconds"].min().dropna().map(time_of)
    sizes = found.groupby("peer")["bytes"].last().dropna().map(megabytes)
    yield FOOTPRINT.format(table=table({"import": taken, "installed": sizes}))


def growth(found, pictures):
    grown = curves(found)
    columns = {
        f"{what}, {curve.index.min():,} to {curve.index.max():,}": slopes(curve).map("{:z.2f}".format)
        for what, curve in grown.items()
    }
    names = {what: draw_growth(curve, pictures) for what, curve in grown.items()}
    shown = "\n\n".join(f"![Seconds of an epoch over {what}](_static/{name})" for what, name in names.items())
    yield GROW.format(base=GROWING, table=table(columns), pictures=shown)


SECTIONS = {
    "epoch": epochs,
    "start": started,
    "reach": reached,
    "calls": called,
    "search": searched,
    "memory": remembered,
    "footprint": footprint,
    "growth": growth,
}


def page(lines, pictures):
    """The text of the page for these lines; its plots are written into a folder."""
    found = frame(lines)
    parts = [
        text
        for name, section in SECTIONS.items()
        if name in set(found["table"])
        for text in section(found[found["table"] == name], pictures)
    ]
    versions = found.dropna(subset="version").drop_duplicates("package", keep="last")
    machine = f"{os.cpu_count()} cores of {platform.machine()}"
    named = [f"{line.package} {line.version}" for line in versions.itertuples()]
    return PAGE.format(
        machine=machine,
        sections="\n".join(parts),
        versions=", ".join([f"Python {platform.python_version()}", *named]),
    )
