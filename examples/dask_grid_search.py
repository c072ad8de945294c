"""A grid search over a pipeline, with fits on two worker processes, through joblib's dask backend.

The search is scikit-learn's `GridSearchCV`: inside `joblib.parallel_config(backend="dask")` its fits run on
the workers of the cluster. Parameters, scores and predictions equal those of the search without dask, bit for
bit. For a cluster of many machines, give `Client` the address of the scheduler. Run it with

    pip install "skbackprop[dask]"
    python examples/dask_grid_search.py
"""

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier

try:
    from distributed import Client, LocalCluster
except ImportError as error:
    raise SystemExit(f'{error}. This example needs: pip install "skbackprop[dask]"') from error


def make_search():
    net = BackpropClassifier(learning_rate_init=0.02, max_iter=1000, random_state=0)
    model = Pipeline([("scale", MinMaxScaler()), ("net", net)])
    grid = {"net__hidden_layer_sizes": [(32,), (64,)], "net__alpha": [0.001, 0.1]}
    return GridSearchCV(model, grid, cv=3)


def scores_of_folds(search):
    return np.array([search.cv_results_[f"split{fold}_test_score"] for fold in range(search.n_splits_)])


def main():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with threadpool_limits(1):
        with cluster, Client(cluster), joblib.parallel_config(backend="dask"):
            search = make_search().fit(X_train, y_train)
        plain = make_search().fit(X_train, y_train)
        print(f"fits on two workers: {scores_of_folds(search).size}")
        print(f"best parameters: {search.best_params_}")
        print(f"accuracy in cross-validation: {search.best_score_:.4f}")
        print(f"accuracy on {len(y_test)} held-out rows: {search.score(X_test, y_test):.4f}")
        same = (
            search.best_params_ == plain.best_params_
            and np.array_equal(scores_of_folds(search), scores_of_folds(plain))
            and np.array_equal(search.predict(X_test), plain.predict(X_test))
        )
    print(f"parameters, scores and predictions of the search without dask, bit for bit: {same}")
    if not same:
        raise SystemExit("the searches differ")


if __name__ == "__main__":
    main()
