"""Rows and columns in another order."""

import numpy as np
from checking import answers, assert_same, baseline, data, fitted, invariant
from hypothesis import strategies as st

from skbackprop.layers import Dense

SEEDS = st.integers(0, 10_000)


@invariant("order of rows", seed=SEEDS)
def test_rows(entry, case, seed):
    X, y, X_new, _ = data(entry, case)
    if entry.data == "series" and "t" not in X:
        return  # without times the order is the time
    rng, n_rows = np.random.default_rng(seed), len(X)
    order = rng.permutation(n_rows)
    if entry.halves:  # KFold(2) without shuffling
        order = order[np.argsort(order >= (n_rows + 1) // 2, kind="stable")]
    new_order = rng.permutation(len(X_new))
    other = fitted(entry, case, X.iloc[order].reset_index(drop=True), y[order])
    actual = answers(entry, other, X_new.iloc[new_order].reset_index(drop=True))
    _, expected = baseline(str(entry), case)
    expected = {
        name: _with_rows(name, result, entry, X, order, new_order) for name, result in expected.items()
    }
    assert_same(actual, expected, entry.rounding)


def _with_rows(name, result, entry, X, order, new_order):
    if name != "forecast":
        return result[new_order]
    if result.ndim == 1:
        return result
    before = X["g"].unique().tolist()  # series in the order in which they come
    return result[[before.index(series) for series in X["g"].iloc[order].unique()]]


@invariant("order of columns", seed=SEEDS)
def test_columns(entry, case, seed):
    X, y, X_new, _ = data(entry, case)
    order = np.random.default_rng(seed).permutation(X.columns).tolist()
    if entry.starts_alike:
        models = [_alike(entry, case).fit(X[names], y) for names in (list(X), order)]
        before, after = models
        expected, actual = answers(entry, before, X_new), answers(entry, after, X_new[order])
        assert_same(actual, expected, entry.rounding)
        return
    before, expected = baseline(str(entry), case)
    after = fitted(entry, case, X[order], y)
    actual = answers(entry, after, X_new[order])
    if "transform" in entry.methods:
        names, new_names = before.get_feature_names_out().tolist(), after.get_feature_names_out().tolist()
        assert sorted(names) == sorted(new_names)
        actual["transform"] = actual["transform"][:, [new_names.index(name) for name in names]]
    assert_same(actual, expected, 0 if "transform" in entry.methods else entry.rounding)


def _alike(entry, case):
    """First weights of 0, so that no column is before another."""
    layers = [Dense(2, "tanh", "zeros")]
    return entry.estimator(case).set_params(hidden_layer_sizes=layers, activation="relu")
