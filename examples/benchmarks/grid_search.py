"""A grid search three ways: scikit-learn's MLP, this library's network, and `BackpropSearchCV`.

24 candidates, learning rates times penalties, on 5 folds of 1,000 rows with 20 columns. All three run in
turn in one process on one thread, without the last fit to all rows; times are of the processor, so that
other work on the machine counts little. The ratios are medians over repeats. Both searches over the
network of this library must find the same scores.

    python examples/benchmarks/grid_search.py [--epochs 5] [--repeats 1] [--write docs/search_speed.md]

The page is of `--epochs 60`; with few epochs the time goes to what surrounds them.
"""

import argparse
import statistics
import time
import warnings
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
WAYS = [
    (GridSearchCV, MLPClassifier),
    (GridSearchCV, BackpropClassifier),
    (BackpropSearchCV, BackpropClassifier),
]
PAGE = """# Speed of a grid search

24 candidates (6 learning rates times 4 penalties) on 5 folds of 1,000 rows with 20 columns, {0.epochs} epochs
each: `GridSearchCV` over `MLPClassifier` and over `BackpropClassifier`, and
[`BackpropSearchCV`](grid_search.md#many-candidates-at-once). relu, Adam, float64, one thread, scikit-learn
{1.__version__}, NumPy {2.__version__}; seconds of the processor. Written by
`python examples/benchmarks/grid_search.py --epochs {0.epochs} --repeats {0.repeats} --write
docs/search_speed.md`.

{table}

Both searches over `BackpropClassifier` find the same scores. What is saved are calls of NumPy: much where a
step is small, little where its time goes to matrices, as with 100 nodes and batches of 200.
"""


def data():
    """Rows of noise; the label depends on three of their columns."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000, 20))
    return X, (X[:, 0] + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=1_000) > 0).astype(int)


def searched(search, kind, settings, X, y):
    """Seconds, and the mean scores."""
    model = kind(random_state=0, n_iter_no_change=10_000, **settings)
    start = time.process_time()
    fitted = search(model, GRID, cv=5, refit=False).fit(X, y)
    return time.process_time() - start, fitted.cv_results_["mean_test_score"]


def row(hidden, batch, epochs, repeats):
    X, y = data()
    settings = {"hidden_layer_sizes": hidden, "batch_size": batch, "max_iter": epochs}
    times = []
    for _ in range(repeats):
        seconds, scores = zip(*(searched(*way, settings, X, y) for way in WAYS))
        np.testing.assert_allclose(scores[2], scores[1], atol=1e-6)
        times.append(seconds)
    medians = [statistics.median(column) for column in zip(*times)]
    ratios = [statistics.median(seconds[way] / seconds[2] for seconds in times) for way in (0, 1)]
    layers = "-".join(map(str, (20, *hidden, 2)))
    cells = [layers, batch, *(f"{m:.2f} s" for m in medians), *(f"{r:.1f}x" for r in ratios)]
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
        "| network | batch | MLP | `GridSearchCV` | `BackpropSearchCV` | to MLP | to `GridSearchCV` |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    print(*head, sep="\n")
    with threadpool_limits(1):
        lines = [row(*network, options.epochs, options.repeats) for network in NETWORKS]
    if options.write:
        options.write.write_text(PAGE.format(options, sklearn, np, table="\n".join([*head, *lines])))


if __name__ == "__main__":
    main()
