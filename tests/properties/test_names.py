"""Classes, levels of categories and series under other names."""

import numpy as np
import pandas as pd
from checking import answers, assert_same, baseline, data, fitted, invariant
from hypothesis import strategies as st

LABELS = {  # each in ascending order
    "text": ["a", "ab", "b"],
    "floats": [-1.0, 0.0, 1e9],
    "large": [2**53, 2**53 + 1, 2**62],
    "negative": [-300, -2, -1],
    "truth": [False, True],
    "objects": np.array(["é", "中", "😀"], dtype=object),
    "categories": pd.Categorical(["low", "mid", "top"]),
    "nullable": pd.array([2**60 + 1, 2**60 + 2, 2**60 + 3], dtype="Int64"),
    "nullable text": pd.array(["x", "y", "z"], dtype="string"),
}
LEVELS = {  # as text, and as categories, which numbers need to be, to be levels
    "text": ["", "A", "a"],
    "numbers": [-1, 2, 10],
    "floats": [0.5, 1.5, 2.5],
}
SERIES = [{3: "b", 1: "a"}, {3: 1, 1: 3}, {3: "x y", 1: "ü"}, {3: 2**60 + 1, 1: 2**60}]


@invariant("names", label=st.sampled_from(sorted(LABELS)), level=st.sampled_from(sorted(LEVELS)))
def test_other_names(entry, case, label, level):
    X, y, X_new, _ = data(entry, case)
    _, expected = baseline(str(entry), case)
    expected = dict(expected)
    if entry.target == "labels":
        labels = LABELS[label]
        if len(labels) <= y.max():
            labels = LABELS["text"]
        y = pd.Series(labels)[y].reset_index(drop=True) if hasattr(labels, "dtype") else np.array(labels)[y]
        expected["predict"] = np.asarray(labels)[expected["predict"].astype(int)]
        if expected["predict"].dtype.kind in "biuf" or label == "nullable":
            expected["predict"] = expected["predict"].astype(float)
    renames = _renames(X, level, case)
    model = fitted(entry, case, X.assign(**renames(X)), y)
    assert_same(answers(entry, model, X_new.assign(**renames(X_new))), expected)


def _renames(X, level, case):
    if "text" in X:
        new = dict(zip("abc", LEVELS[level]))
        dtype = object if level == "text" else "category"
        return lambda X: {"text": X["text"].map(new).astype(dtype)}
    if "g" in X:
        return lambda X: {"g": X["g"].map(SERIES[case.number % len(SERIES)])}
    return lambda X: {}
