"""scikit-learn's MLP and skbackprop on the same tasks, with the same settings, the same data and one thread.

The data come with scikit-learn. Scores are computed on held-out rows. Run it with

    python examples/quickstart.py
"""

import statistics
import time

import numpy as np
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier, BackpropRegressor

REPEATS = 3


def classify_tumours(network, X_train, X_test, y_train, y_test):
    """A pipeline on a DataFrame. Areas and standard errors are skewed, so it takes their logarithm."""
    logarithm = make_pipeline(FunctionTransformer(np.log1p, feature_names_out="one-to-one"), StandardScaler())
    preprocessing = make_column_transformer(
        (logarithm, make_column_selector("area|error")),
        remainder=StandardScaler(),
    )
    net = network(hidden_layer_sizes=(64, 32), alpha=0.1, max_iter=1000, random_state=0)
    model = make_pipeline(preprocessing, net).fit(X_train, y_train)
    return model.score(X_test, y_test)


def predict_diabetes(network, X_train, X_test, y_train, y_test):
    """A pipeline on a DataFrame with a category; the target is also scaled."""
    preprocessing = make_column_transformer(
        (OneHotEncoder(drop="if_binary"), ["sex"]),
        remainder=StandardScaler(),
    )
    net = network(hidden_layer_sizes=(50, 25), activation="tanh", early_stopping=True, random_state=0)
    scaled = TransformedTargetRegressor(net, transformer=StandardScaler())
    model = make_pipeline(preprocessing, scaled).fit(X_train, y_train)
    return model.score(X_test, y_test)


def search_digits(network, X_train, X_test, y_train, y_test):
    """A grid search over four candidates, with three folds each."""
    net = network(learning_rate_init=0.02, max_iter=1000, random_state=0)
    model = Pipeline([("scale", MinMaxScaler()), ("net", net)])
    grid = {"net__hidden_layer_sizes": [(32,), (64,)], "net__alpha": [0.001, 0.1]}
    search = GridSearchCV(model, grid, cv=3)
    return search.fit(X_train, y_train).score(X_test, y_test)


def stream_digits(network, X_old, X_new, y_old, y_new):
    """Predict each block of a stream before learning from it; return the accuracy of these predictions."""
    scaler = MinMaxScaler().fit(X_old)
    net = network(hidden_layer_sizes=(64,), learning_rate_init=0.01, random_state=0)
    net.partial_fit(scaler.transform(X_old), y_old, classes=np.unique(y_old))
    n_right = 0
    for start in range(0, len(X_new), 5):
        X, y = scaler.transform(X_new[start : start + 5]), y_new[start : start + 5]
        n_right += np.sum(net.predict(X) == y)
        net.partial_fit(X, y)
    return n_right / len(X_new)


def seconds_and_score(job, network, data):
    start = time.perf_counter()
    score = job(network, *data)
    return time.perf_counter() - start, score


def compare(job, theirs, ours, data):
    """The scores of both libraries and the medians of their seconds; they run in turn."""
    runs = [[seconds_and_score(job, network, data) for network in (theirs, ours)] for _ in range(REPEATS)]
    seconds = [statistics.median(run[side][0] for run in runs) for side in (0, 1)]
    scores = [runs[-1][side][1] for side in (0, 1)]
    return scores, seconds


def main():
    tumours = load_breast_cancer(as_frame=True, return_X_y=True)
    diabetes = load_diabetes(as_frame=True, return_X_y=True, scaled=False)
    digits = load_digits(return_X_y=True)
    classifiers, regressors = (MLPClassifier, BackpropClassifier), (MLPRegressor, BackpropRegressor)
    jobs = [
        ("pipeline, breast cancer", "accuracy", classify_tumours, classifiers, tumours, 0.25),
        ("pipeline, diabetes", "R^2", predict_diabetes, regressors, diabetes, 0.25),
        ("grid search, digits", "accuracy", search_digits, classifiers, digits, 0.25),
        ("stream, digits", "accuracy", stream_digits, classifiers, digits, 0.9),
    ]
    line = "{:<24} {:<9} {:>12} {:>11} {:>12} {:>11} {:>7}".format
    print(line("", "", "scikit-learn", "skbackprop", "scikit-learn", "skbackprop", ""))
    print(line("job", "score", "score", "score", "seconds", "seconds", "faster"))
    with threadpool_limits(1):
        for name, score, job, networks, (X, y), share in jobs:
            data = train_test_split(X, y, test_size=share, random_state=0)
            (a, b), (s, t) = compare(job, *networks, data)
            print(
                line(name, score, f"{a:.4f}", f"{b:.4f}", f"{s:.3f}", f"{t:.3f}", f"{s / t:.1f}x"), flush=True
            )


if __name__ == "__main__":
    main()
