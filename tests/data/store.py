"""Write a small file of each kind of estimator, and what it predicts, in the format of today.

`python tests/data/store.py` from the root, once for each format, before the first release that writes it;
until then the folder may be removed and written anew. What a release has written stays as it is:
`test_stored_files.py` shows that it can still be read.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

import skbackprop
from skbackprop.files import VERSION
from skbackprop.layers import Dense, Dropout, LayerNorm, Residual
from skbackprop.preprocessing import TabularEncoder
from skbackprop.time_series import LagFeatures, LagForecaster, StreamingPipeline

FOLDER = Path(__file__).parent / f"format_{VERSION}"


def rows(n_samples, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3)).round(3)
    return X, X @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=n_samples)


def table(n_samples, seed):
    X, y = rows(n_samples, seed)
    kinds = np.array(["gas", "oil", None], dtype=object)[np.arange(n_samples) % 3]
    return pd.DataFrame({"area": X[:, 0], "kind": kinds, "new": X[:, 1] > 0}), y


def estimators():
    """(name, fitted) of what is stored; "table" in a name: its rows are a table, else an array."""
    X, y = rows(40, seed=0)
    classes = np.where(y > 1, "high", np.where(y < -1, "low", "middle"))
    small = {"hidden_layer_sizes": (3,), "max_iter": 5, "random_state": 0}
    yield "regressor", skbackprop.BackpropRegressor(**small).fit(X, y)
    deep = [Dense(4, "silu"), Residual(Dense(4, "tanh")), LayerNorm(), Dropout(0.1), 3]
    yield (
        "classifier",
        skbackprop.BackpropClassifier(
            **small | {"hidden_layer_sizes": deep},
            solver="adamw",
            learning_rate="cosine",
            average="ema",
            early_stopping=True,
            calibration="temperature",
        ).fit(X, classes),
    )
    net = skbackprop.BackpropRegressor(**small, missing="skip")
    yield "forecaster", LagForecaster(net, lags=3, horizon=4).fit(X, y)
    lagged = [("lags", LagFeatures(lags=[1, 2])), ("net", net)]
    yield "stream", StreamingPipeline(lagged).fit(X, y)
    X, y = table(40, seed=1)
    yield "table_regressor", skbackprop.TabularBackpropRegressor(**small, n_estimators=2).fit(X, y)
    yield "table_classifier", skbackprop.TabularBackpropClassifier(**small, n_estimators=2).fit(X, y > 0)
    yield "table_encoder", TabularEncoder().fit(X)


def main():
    FOLDER.mkdir()
    for name, model in estimators():
        model.save(FOLDER / f"{name}.skb")
        is_table = name.startswith("table")
        X = table(4, seed=2)[0] if is_table else rows(4, seed=2)[0]
        methods = [what for what in ("predict", "predict_proba", "transform") if hasattr(model, what)]
        expected = {
            "X": X.to_dict("list") if is_table else X.tolist(),
            "predictions": {what: getattr(model, what)(X).tolist() for what in methods},
        }
        if hasattr(model, "partial_fit"):  # training continues
            y = expected["predictions"]["predict"][::-1]
            expected |= {"y": y, "after": getattr(model.partial_fit(X, y), methods[-1])(X).tolist()}
        (FOLDER / f"{name}.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
