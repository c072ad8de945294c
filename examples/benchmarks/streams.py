"""Streams: each row is predicted before the model learns from it (prequential evaluation).

The streams come with the river package; one of them has a sudden drift. Features and numeric targets are
scaled by the mean and the standard deviation of the earlier rows; the time for this is not counted.

    pip install "skbackprop[streams]"
    python examples/benchmarks/streams.py [--rows 1000] [--write docs/streams.md]
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.optimizers import AdamW
from skbackprop.schedules import Exponential, Inverse

try:
    from river import datasets, linear_model, optim
    from river.datasets import synth
except ImportError as error:
    raise SystemExit('This benchmark needs river: pip install "skbackprop[streams]"') from error

WIDTH = 32  # nodes of the hidden layer, in every network
DRIFT_ROWS = 5_000  # before the drift, and again after it


def before_each_row(values):
    """(values - mean) / standard deviation, where both are those of the earlier rows."""
    n = np.arange(len(values))[:, None]
    sums, squares = (np.cumsum(power, axis=0) - power for power in (values, values**2))
    mean = sums / np.maximum(n, 1)
    deviation = np.sqrt(np.maximum(squares / np.maximum(n, 1) - mean**2, 0))
    return np.clip((values - mean) / np.where(deviation > 1e-9, deviation, 1), -10, 10)


def arrays(stream, n_rows):
    """The scaled numeric features of the first rows, and their targets."""
    rows, targets = zip(*stream.take(min(n_rows, stream.n_samples)))
    names = [name for name, value in rows[0].items() if isinstance(value, int | float)]
    X = before_each_row(np.array([[float(row[name]) for name in names] for row in rows]))
    return X, np.array(targets)


def streams(n_rows):
    """(name, X, y, whether y holds classes) for every stream."""
    for name in ("Phishing", "Bananas", "ImageSegments"):
        yield name, *arrays(getattr(datasets, name)(), n_rows), True
    yield "SEA, drift", *drift(min(n_rows // 2, DRIFT_ROWS)), True
    for name in ("TrumpApproval", "ChickWeights"):
        X, y = arrays(getattr(datasets, name)(), n_rows)
        yield name, X, before_each_row(y.astype(float)[:, None])[:, 0], False


def drift(n_rows):
    """SEA: in the second half another rule determines the classes."""
    parts = [list(synth.SEA(variant=variant, seed=variant).take(n_rows)) for variant in (2, 3)]
    rows, targets = zip(*(pair for part in parts for pair in part))
    return before_each_row(np.array([list(row.values()) for row in rows])), np.array(targets)


class River:
    """A model of river with scikit-learn's methods."""

    def __init__(self, model):
        self.model = model

    def partial_fit(self, X, y, classes=None):
        for row, target in zip(X, y):
            self.model.learn_one(dict(enumerate(row.tolist())), target.item())

    def predict(self, X):
        return np.array([self.model.predict_one(dict(enumerate(row.tolist()))) for row in X])


def classifiers(n_classes):
    linear = linear_model.LogisticRegression() if n_classes == 2 else linear_model.SoftmaxRegression()
    return {
        "SGDClassifier": SGDClassifier(loss="log_loss", random_state=0),
        "river, linear": River(linear),
        "MLPClassifier": MLPClassifier(WIDTH, learning_rate_init=0.01, random_state=0),
        "BackpropClassifier": BackpropClassifier(WIDTH, learning_rate_init=0.01, random_state=0),
    }


def regressors():
    return {
        "SGDRegressor": SGDRegressor(random_state=0),
        "river, linear": River(linear_model.LinearRegression(optimizer=optim.SGD(0.01))),
        "MLPRegressor": MLPRegressor(hidden_layer_sizes=WIDTH, learning_rate_init=0.01, random_state=0),
        "BackpropRegressor": BackpropRegressor(
            hidden_layer_sizes=WIDTH, learning_rate_init=0.01, random_state=0
        ),
    }


def prequential(model, X, y, for_classes, chunk):
    """Predictions of all rows but the first chunk, each made before learning it; microseconds per row."""
    known = {"classes": np.unique(y)} if for_classes else {}
    predictions = []
    start = time.perf_counter()
    model.partial_fit(X[:chunk], y[:chunk], **known)
    for first in range(chunk, len(X), chunk):
        rows = slice(first, first + chunk)
        predictions.append(model.predict(X[rows]))
        model.partial_fit(X[rows], y[rows])
    seconds = time.perf_counter() - start
    return np.concatenate(predictions), seconds / len(X) * 1e6


def measure(predicted, y, for_classes):
    """Accuracy, or mean absolute error in standard deviations."""
    return np.mean(predicted == y) if for_classes else np.mean(np.abs(predicted - y))


def comparison(n_rows, chunk):
    """A line for each stream and method."""
    unit = "one row at a time" if chunk == 1 else f"{chunk} rows at a time"
    yield f"| stream, {unit} | rows | method | accuracy or error | time per row | speed relative to MLP |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, X, y, for_classes in streams(n_rows):
        models = classifiers(len(np.unique(y))) if for_classes else regressors()
        results = {method: prequential(model, X, y, for_classes, chunk) for method, model in models.items()}
        of_mlp = next(us for method, (_, us) in results.items() if method.startswith("MLP"))
        for method, (predicted, us) in results.items():
            value = measure(predicted, y[chunk:], for_classes)
            shown = f"accuracy {value:.3f}" if for_classes else f"error {value:.3f}"
            yield f"| {name} | {len(X):,} | {method} | {shown} | {us:.0f} us | {of_mlp / us:.1f}x |"


def rates(n_rows):
    """Learning rates on a stream with a drift in the middle, and on each half of it."""
    X, y = drift(min(n_rows // 2, DRIFT_ROWS))
    half = len(X) // 2
    settings = {
        "constant 0.01": {},
        "constant 0.001": {"learning_rate_init": 0.001},
        "inverse decay to 0": {"learning_rate": Inverse(decay=20.0), "schedule_epochs": len(X)},
        "decay with a floor": {"learning_rate": Exponential(final=0.2), "schedule_epochs": half // 2},
        "constant, forgetting": {"solver": AdamW(0.01, weight_decay=0.1), "alpha": 0.0},
    }
    yield "| learning rate | before the drift | 500 rows after it | rest | all |"
    yield "| --- | --- | --- | --- | --- |"
    for name, setting in settings.items():
        net = BackpropClassifier(WIDTH, **{"learning_rate_init": 0.01, "random_state": 0, **setting})
        predicted, _ = prequential(net, X, y, True, 1)
        right = np.append(True, predicted == y[1:])
        parts = right[:half], right[half : half + 500], right[half + 500 :], right
        yield f"| {name} | " + " | ".join(f"{part.mean():.3f}" for part in parts if len(part)) + " |"


TEXT = """# Streams

Each row is predicted before the model learns from it. The streams come with the river package; in the stream
SEA the rule for the classes changes in the middle. All networks have one hidden layer of 32 nodes and use
Adam with learning rate 0.01. Errors are in standard deviations of the target. Times were measured on two
shared cores, so compare the ratios.

    python examples/benchmarks/streams.py --rows 10000 --write docs/streams.md

Which model to choose: `BackpropClassifier` gives the predictions of `MLPClassifier` in a fraction of the
time. river's linear models are made for single rows and take far less time; they are better if a plane
separates the classes. Right after a drift a constant, high learning rate is best. Over the whole stream the
best was a decay to a lower limit: `learning_rate=Exponential(final=0.2)`, which reaches the limit after
`schedule_epochs` calls. Weight decay (`AdamW`), which forgets slowly, did not help here.

"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000, help="the largest number of rows of each stream")
    parser.add_argument("--repeats", type=int, default=1, help="ignored; the other benchmarks have it")
    parser.add_argument("--write", help="a file for the tables")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        tables = [list(comparison(arguments.rows, chunk)) for chunk in (1, 32)]
        tables.append(list(rates(arguments.rows)))
    text = "\n\n".join("\n".join(table) for table in tables) + "\n"
    print(text)
    if arguments.write:
        Path(arguments.write).write_text(TEXT + text)


if __name__ == "__main__":
    main()
