"""From the lines of the results of `performance.py` to its page."""

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

Networks with relu, trained by Adam, beside scikit-learn's MLP, PyTorch, JAX and others. Every peer runs in a
process of its own on {machine}; the peers of a table measure in turn, and "4.0x" is how many times faster
than scikit-learn's MLP, the median over rounds of the ratios of each round. Times are medians too. Written by
`python examples/benchmarks/performance.py --write docs/performance.md`, which says how to install the peers.

* skbackprop numpy, skbackprop replay: `engine="numpy"` and `engine="replay"`, the latter with numba.
* PyTorch: tensors made once, a permutation an epoch, fused Adam, no DataLoader. torch.compile is the faster
  of two ways: forward, loss and backward compiled, or the whole step as one graph on one flat vector.
* JAX: an epoch is one compiled call, a scan over its batches.
* skorch and Keras: their estimators for scikit-learn, Keras on JAX.
* linear, SGD: a linear model, `SGDRegressor` or `SGDClassifier`, the yardstick for what a row costs at least.
* matrix products: those of the steps and nothing else, by NumPy's BLAS.

{sections}
Versions: {versions}.
"""

EPOCH = """## An epoch, {dtype}, {threads}

The difference between a long and a short fit, for one epoch. The percentage is that of the bound: the time of
the matrix products alone over the peer's.

{table}
"""

FIRST = """## The first fit

One epoch in a new process, its imports done: what start-up and compilation cost before there is a model.
The first network finds nothing compiled, the others what can be used again, such as replay's interpreter.

{table}
"""

START = """## The first fit, compiled before

The same of {network} in a process that finds the code which another one has compiled.

{table}
"""

REACH = """## To the same validation loss

{network}: a whole fit of as many epochs as the mean squared error of other
rows needs to fall below {loss}, of which noise is 0.01. Same data, batch and learning rate. In a new process
start-up comes on top, here with code that was compiled before.

{table}
"""

CALL = """## Predictions and single steps

One call on NumPy arrays in float32, by one thread. `partial_fit` is one step of Adam; the linear model's goes
row by row.

{table}
"""

SEARCH = """## A grid search

{n_candidates} candidates, learning rates and penalties, five folds, {what}; {n_epochs} epochs
a fit, and the refit. `n_jobs=2` gives `GridSearchCV` two processes.

{table}
"""

MEMORY = """## Memory

The largest resident size of a process that has imported all it needs and fitted a few rows, and what a
fit of many takes more ({what}; its data are {data}).

{table}
"""

FOOTPRINT = """## Import and installation

The shortest import of several fresh processes, and the files of a package and of all that it needs.

{table}
"""

GROW = """## How cost grows

Seconds of an epoch by {base} with one thing changed; the slope of the logarithm
of the time over that of the size: 1 is proportional, 0 is free. An epoch of larger batches has fewer steps.

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
    """The text of the page of these lines; its pictures go into a folder."""
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
