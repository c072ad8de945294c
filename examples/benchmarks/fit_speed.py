"""Time per epoch, per prediction and per streamed row, beside scikit-learn's MLP.

Both sides run in turn in one process on one thread. An epoch's time is the difference between a long
and a short fit, divided by the difference in epochs, so that set-up and validation do not count; the
ratio is the median over repeats.

    python examples/benchmarks/fit_speed.py [--repeats 5] [--write docs/fit_speed.md]
"""

import argparse
import statistics
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier, BackpropRegressor

# hidden layers, inputs, outputs, rows, batch, epochs of the short and the long fit, asked-for ratios
NETWORKS = [
    ((100,), 10, 1, 1_000, 200, (20, 420), {"float32": "3.5x", "float64": "2.5x"}),
    ((32, 32), 20, 3, 1_000, 32, (10, 160), {"float32": "3.5x", "float64": "2.5x"}),
    ((100, 50), 30, 1, 20_000, 200, (1, 9), {"float32": "2.4x"}),
    ((256, 256, 256), 30, 1, 20_000, 256, (1, 3), {"float32": "1.4x"}),
    ((512, 256), 784, 10, 20_000, 256, (1, 3), {"float32": "1.3x"}),
]


def data(n_rows, n_inputs, n_outputs, dtype):
    """Rows of noise with a target that depends on a few of their columns; labels for several outputs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_inputs)).astype(dtype)
    y = X[:, 0] + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=n_rows)
    if n_outputs > 1:
        y = np.digitize(y, np.quantile(y, np.arange(1, n_outputs) / n_outputs))
    return X, y


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def epoch_seconds(kind, X, y, epochs, settings):
    """The difference between a long and a short fit, for one epoch."""
    short, long = (
        seconds(lambda n=n: kind(max_iter=n, n_iter_no_change=np.inf, random_state=0, **settings).fit(X, y))
        for n in epochs
    )
    return (long - short) / (epochs[1] - epochs[0])


def call_seconds(call, n_calls=300):
    return seconds(lambda: [call() for _ in range(n_calls)]) / n_calls


def compare(theirs, ours, repeats):
    """Medians of both sides, measured in turn, and of their ratio pair by pair."""
    pairs = [(theirs(), ours()) for _ in range(repeats)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def row(name, what, measured, asked):
    theirs, ours, ratio = measured
    unit, factor = ("ms", 1e3) if theirs > 1e-3 else ("us", 1e6)
    times = f"{theirs * factor:.3g} {unit} | {ours * factor:.3g} {unit}"
    line = f"| {name} | {what} | {times} | {ratio:.1f}x | {asked} |"
    print(line, flush=True)
    return line


def kinds(n_outputs):
    return (MLPClassifier, BackpropClassifier) if n_outputs > 1 else (MLPRegressor, BackpropRegressor)


def fit_row(dtype, hidden, n_inputs, n_outputs, n_rows, batch, epochs, asked, repeats):
    X, y = data(n_rows, n_inputs, n_outputs, dtype)
    settings = {"hidden_layer_sizes": hidden, "batch_size": batch}
    sides = [partial(epoch_seconds, kind, X, y, epochs, settings) for kind in kinds(n_outputs)]
    layers = "-".join(map(str, (n_inputs, *hidden, n_outputs)))
    what = f"{n_rows:,} rows, batch {batch}, {dtype}"
    return row(f"epoch, {layers}", what, compare(*sides, repeats), asked.get(dtype, ""))


def one_row_rows(n_outputs, repeats):
    X, y = data(1_000, 20, n_outputs, np.float32)
    models = [kind(max_iter=3, random_state=0).fit(X, y) for kind in kinds(n_outputs)]
    calls = {
        "predict": ([partial(model.predict, X[:1]) for model in models], "2x"),
        "partial_fit": ([partial(model.partial_fit, X[:1], y[:1]) for model in models], "5x"),
    }
    for what, (pair, asked) in calls.items():
        measured = compare(*(partial(call_seconds, call) for call in pair), repeats)
        yield row(f"{what}, 20-100-{n_outputs}", "1 row, float32", measured, asked)


def measure(repeats):
    with threadpool_limits(1):
        for dtype in ("float32", "float64"):
            for network in NETWORKS:
                yield fit_row(dtype, *network, repeats)
        for n_outputs in (1, 3):
            yield from one_row_rows(n_outputs, repeats)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", type=Path, help="a file for the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    head = [
        "| what | data | scikit-learn | skbackprop | faster | asked for |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    print(*head, sep="\n")
    lines = list(measure(options.repeats))
    if options.write:
        note = f"One thread, scikit-learn {sklearn.__version__}, NumPy {np.__version__}."
        options.write.write_text(
            "# Speed beside scikit-learn's MLP\n\nrelu, Adam. "
            f"{note} Written by `python examples/benchmarks/fit_speed.py --write docs/fit_speed.md`.\n\n"
            + "\n".join([*head, *lines])
            + "\n"
        )


if __name__ == "__main__":
    main()
