"""Grid searches over scikit-learn's MLP and over this library's network, and `BackpropSearchCV`.

There are 24 candidates, learning rates times penalties, on 5 folds of 1,000 rows with 20 columns. This
library's network uses each of its engines. All searches run in turn in one process on one thread, without the
final fit to all rows. Times are processor times, so that other work on the machine has little effect. Ratios
are medians over repeats. All searches over this library's network must find the same scores.

    python -m pip install -e ".[fast]"
    python examples/benchmarks/grid_search.py [--epochs 5] [--repeats 1] [--write docs/search_speed.md]

The page uses `--epochs 60`; with few epochs most of the time is spent outside of training.
"""

import argparse
import statistics
import time
import warnings
from operator import truediv
from pathlib import Path

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier, BackpropSearchCV

GRID = {"learning_rate_init": np.geomspace(1e-4, 1e-2, 6).tolist(), "alpha": [1e-5, 1e-4, 1e-3, 1e-2]}
NETWORKS = [((16,), 32), ((32,), 32), ((32, 32), 32), ((16,), 200), ((100,), 200)]  # hidden layers, batch
ENGINES = "numpy", "replay"
PAGE = """# Speed of a grid search

A search over 24 candidates (6 learning rates times 4 penalties) on 5 folds of 1,000 rows with 20 columns,
with {0.epochs} epochs per fit. `GridSearchCV` searches over `MLPClassifier` and, with each
[engine](engine.md), over `BackpropClassifier`. For
[`BackpropSearchCV`](grid_search.md#many-candidates-at-once) the table also says how many times as fast it is
as the search over the MLP, and as `GridSearchCV` with the same engine. All use relu, Adam, float64 and one
thread, with scikit-learn {1.__version__} and NumPy {2.__version__}. Times are seconds of processor time,
without the start of the engine. This page was written by `python examples/benchmarks/grid_search.py --epochs
{0.epochs} --repeats {0.repeats} --write docs/search_speed.md`.

{table}

All searches over `BackpropClassifier` find the same scores. `BackpropSearchCV` saves the time that is spent
outside of matrix products. That is nearly all of the time if a step is small, and less if products take most
of it, as with 100 nodes and batches of 200.
"""


def data():
    """Random rows; the label depends on three of the columns."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000, 20))
    return X, (X[:, 0] + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=1_000) > 0).astype(int)


def searched(search, model, X, y):
    """The seconds of a search, and its mean scores."""
    start = time.process_time()
    fitted = search(model, GRID, cv=5, refit=False).fit(X, y)
    return time.process_time() - start, fitted.cv_results_["mean_test_score"]


def row(hidden, batch, epochs, repeats):
    X, y = data()
    settings = {
        "hidden_layer_sizes": hidden,
        "batch_size": batch,
        "max_iter": epochs,
        "n_iter_no_change": 10_000,
        "random_state": 0,
    }
    ours = [BackpropClassifier(engine=engine, **settings) for engine in ENGINES]
    ways = [(GridSearchCV, MLPClassifier(**settings))]
    ways += [(search, model) for model in ours for search in (GridSearchCV, BackpropSearchCV)]
    times = []
    for _ in range(repeats):
        seconds, (_, *scores) = zip(*(searched(*way, X, y) for way in ways))
        for others in scores[1:]:
            np.testing.assert_allclose(others, scores[0], atol=1e-6)
        times.append(seconds)
    columns = list(zip(*times))

    def of(way):
        return f"{statistics.median(columns[way]):.2f} s"

    def faster(way, than):
        return f"{statistics.median(map(truediv, columns[than], columns[way])):.1f}x"

    cells = ["-".join(map(str, (20, *hidden, 2))), batch, of(0)]
    for one_by_one, at_once in ((1, 2), (3, 4)):
        cells += [of(one_by_one), f"{of(at_once)}, {faster(at_once, 0)}, {faster(at_once, one_by_one)}"]
    line = f"| {' | '.join(map(str, cells))} |"
    print(line, flush=True)
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--write", type=Path, help="a file for the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    head = [
        "| network | batch | MLP | numpy: `GridSearchCV` | numpy: `BackpropSearchCV` "
        "| replay: `GridSearchCV` | replay: `BackpropSearchCV` |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    print(*head, sep="\n")
    with threadpool_limits(1):
        BackpropClassifier(engine="replay", max_iter=2).fit(*data())
        lines = [row(*network, options.epochs, options.repeats) for network in NETWORKS]
    if options.write:
        options.write.write_text(PAGE.format(options, sklearn, np, table="\n".join([*head, *lines])))


if __name__ == "__main__":
    main()
