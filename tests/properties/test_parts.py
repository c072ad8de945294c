"""The answer for a row does not depend on the other rows of the call."""

import numpy as np
from checking import answers, assert_same, baseline, data, invariant, rows_of
from hypothesis import strategies as st


@invariant("parts", seed=st.integers(0, 10_000))
def test_parts(entry, case, seed):
    """Where rows see those before them: the first rows of all."""
    X_new = data(entry, case).X_new
    model, expected = baseline(str(entry), case)
    if len(getattr(model, "known_future", ())):
        return  # what is known ahead comes with the rows asked for: without these it is not known
    rng = np.random.default_rng(seed)
    n_rows = int(rng.integers(1, len(X_new) + 1))
    rows = np.arange(n_rows) if entry.rows == "first" else np.sort(rng.permutation(len(X_new))[:n_rows])
    actual = answers(entry, model, X_new.iloc[rows])
    assert_same(actual, rows_of(expected, rows), min(entry.rounding, 1e-6))
