"""Train a network on a Dask array and a Dask DataFrame, one partition after another, on two workers.

dask-ml's `Incremental` calls `partial_fit` on the workers, for one partition after another: the data may be
larger than the memory of a machine, and the fit takes the time of one process. Predictions run on both
workers in parallel. Plain `partial_fit` on the same partitions gives the same network, bit for bit. Run it
with

    pip install "skbackprop[dask]"
    python examples/dask_incremental.py
"""

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier

try:
    import dask
    import dask.array as da
    import dask.dataframe as dd
    from dask_ml.preprocessing import StandardScaler
    from dask_ml.wrappers import Incremental
    from distributed import Client, LocalCluster
except ImportError as error:
    raise SystemExit(f'{error}. This example needs: pip install "skbackprop[dask]"') from error

PASSES = 10


def digits_as_arrays():
    """Images of digits, in blocks of 300."""
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X / 16, y, random_state=0)
    return [da.from_array(part, chunks=(300, *part.shape[1:])) for part in parts]


def tumours_as_frames():
    """Measurements of tumours, in four partitions; dask-ml scales them on the workers."""
    frames = train_test_split(load_breast_cancer(as_frame=True).frame, random_state=0)
    train, test = (dd.from_pandas(frame, npartitions=4, sort=False) for frame in frames)
    X_train, X_test = train.drop(columns="target"), test.drop(columns="target")
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test), train["target"], test["target"]


def without_dask(net, X, y, classes):
    """Call plain `partial_fit` on the same partitions in the same order."""
    parts = [dask.compute(X.partitions[i], y.partitions[i]) for i in range(X.npartitions)]
    for X_part, y_part in parts * PASSES:
        net.partial_fit(X_part, y_part, classes=classes)
    return net


def learn(name, X_train, X_test, y_train, y_test):
    X_train, X_test, y_train, y_test = dask.persist(X_train, X_test, y_train, y_test)  # for all passes
    classes = np.unique(y_train.compute())
    settings = {"hidden_layer_sizes": (64,), "learning_rate_init": 0.01, "random_state": 0}
    model = Incremental(BackpropClassifier(**settings), scoring="accuracy", shuffle_blocks=False)
    for _ in range(PASSES):
        model.partial_fit(X_train, y_train, classes=classes)
    print(f"{name}: {X_train.npartitions} partitions, {PASSES} passes")
    print(f"  accuracy on {len(y_test)} held-out rows: {model.score(X_test, y_test):.4f}")
    net, plain = model.estimator_, without_dask(BackpropClassifier(**settings), X_train, y_train, classes)
    same = all(map(np.array_equal, net.coefs_ + net.intercepts_, plain.coefs_ + plain.intercepts_))
    print(f"  the same weights as plain partial_fit, bit for bit: {same}", flush=True)
    if not same:
        raise SystemExit("the networks differ")


def main():
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with threadpool_limits(1), cluster, Client(cluster):
        learn("Dask array, digits", *digits_as_arrays())
        learn("Dask DataFrame, breast cancer", *tumours_as_frames())


if __name__ == "__main__":
    main()
