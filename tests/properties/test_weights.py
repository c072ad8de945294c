"""Weights of rows."""

import numpy as np
import pandas as pd
from checking import answers, assert_same, baseline, data, fitted, invariant
from hypothesis import strategies as st

SEEDS = st.integers(0, 10_000)


@invariant("weight 0", seed=SEEDS)
def test_weight_0(entry, case, seed):
    """Rows with garbage in them, and with weight 0, lie between the others."""
    X, y, X_new, _ = data(entry, case)
    rng = np.random.default_rng(seed)
    n_more = int(rng.integers(1, 5))
    places = np.sort(rng.integers(0, len(X) + 1, n_more))
    garbage = _garbage(X, n_more, rng)
    mixed = pd.concat([X, garbage], ignore_index=True)
    order = np.argsort(np.concatenate([np.arange(len(X)), places - 0.5]), kind="stable")
    labels = y[rng.integers(0, len(y), n_more)]
    y_mixed = np.concatenate([y, labels if entry.target == "labels" else labels * 1e3 + 7])[order]
    weight = np.concatenate([np.ones(len(X)), np.zeros(n_more)])[order]
    model = fitted(entry, case, mixed.iloc[order].reset_index(drop=True), y_mixed, weight)
    assert_same(answers(entry, model, X_new), baseline(str(entry), case)[1], entry.rounding)


def _garbage(X, n_rows, rng):
    rows = X.iloc[rng.integers(0, len(X), n_rows)].copy()
    for name in rows:
        if rows[name].dtype.kind == "f":
            rows[name] = rng.choice([1e6, -1e6, 12345.0], n_rows)
        elif name == "text":
            rows[name] = [f"junk {k}" for k in range(n_rows)]
        elif name == "day":
            rows[name] = pd.Timestamp("1950-05-05")
    return rows


@invariant("weight k", seed=SEEDS)
def test_weight_k(entry, case, seed):
    X, y, X_new, _ = data(entry, case)
    counts = np.random.default_rng(seed).integers(1, 4, len(X))
    weighted = fitted(entry, case, X, y, counts.astype(float))
    rows = np.repeat(np.arange(len(X)), counts)
    repeated = fitted(entry, case, X.iloc[rows].reset_index(drop=True), y[rows])
    assert_same(answers(entry, weighted, X_new), answers(entry, repeated, X_new), entry.rounding)
