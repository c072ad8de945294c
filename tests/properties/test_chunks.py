"""A stream that comes in chunks, from a first chunk of one row on, is as one that comes whole."""

import numpy as np
import pandas as pd
from checking import answers, assert_same, can_go_on, data, invariant, plain
from hypothesis import strategies as st
from sklearn.base import clone


def _chunks(rng, n_rows):
    """Ends of chunks of random sizes."""
    sizes = rng.choice([1, 3, 7, 12], n_rows)
    ends = np.minimum(np.cumsum(sizes), n_rows)
    begins = [0, *ends[:-1]]
    return [slice(int(b), int(e)) for b, e in zip(begins, ends) if b < e]


@invariant("chunks", seed=st.integers(0, 10_000))
def test_chunks(entry, case, seed):
    rng = np.random.default_rng(seed)
    STREAMS[entry.stream](entry, case, rng)


def _with_clock(estimator, X):
    """A single row does not tell the step of the clock."""
    freq = "D" if "t" in X and X["t"].dtype.kind == "M" else 1
    names = [name for name in estimator.get_params() if name.rpartition("__")[2] == "freq"]
    return estimator.set_params(**dict.fromkeys(names, freq))


def _features(entry, case, rng):
    """`transform` and `partial_fit` chunk by chunk give the rows of `fit_transform`."""
    X, _, X_new, _ = data(entry, case)
    X = pd.concat([X, X_new])
    whole = _with_clock(entry.estimator(case), X)
    expected = plain(whole.fit_transform(X))
    parts, model = [], clone(whole)
    for rows in _chunks(rng, len(X)):
        chunk = X[rows]
        is_first = not parts
        parts.append(plain(model.fit_transform(chunk) if is_first else model.transform(chunk)))
        if not is_first:
            model.partial_fit(chunk)
    assert_same({"transform": np.concatenate(parts)}, {"transform": expected})


def _observed(entry, case, rng):
    """Forecasts after `observe` of chunks are those after `observe` of all."""
    X, y, X_new, y_new = data(entry, case)
    half = len(X_new) // 2
    whole = entry.estimator(case).fit(X, y).observe(X_new[:half], y_new[:half])
    model = entry.estimator(case).fit(X, y)
    for rows in _chunks(rng, half):
        model.observe(X_new[rows], y_new[rows])
    rest = X_new[half:]
    assert_same(answers(entry, model, rest), answers(entry, whole, rest))


def _learned(entry, case, rng):
    """Chunks of a pipeline's features, the last step aside: a network learns a step for each chunk."""
    X, y, X_new, y_new = data(entry, case)
    X, y = pd.concat([X, X_new]), np.concatenate([y, y_new])
    pipeline = _with_clock(entry.estimator(case), X)
    pipeline.steps[-1] = ("none", "passthrough")
    whole = clone(pipeline)
    expected = plain(whole.fit_transform(X, y))
    parts = []
    for rows in _chunks(rng, len(X)):
        chunk = X[rows]
        if parts:
            parts.append(plain(pipeline.transform(chunk)))
        pipeline.partial_fit(chunk, y[rows])
        if not parts:
            parts.append(expected[rows])
    assert_same({"transform": np.concatenate(parts)}, {"transform": expected})


def _passes(entry, case, rng):
    """Passes over the same rows in one call, or in several."""
    X, y, X_new, _ = data(entry, case)
    first, second = rng.integers(1, 4, 2).tolist()
    model = entry.estimator(case)
    if not can_go_on(model):
        return
    labels = {"classes": np.unique(y)} if entry.target == "labels" else {}
    whole = clone(model).partial_fit(X, y, n_epochs=first + second, **labels)
    model.partial_fit(X, y, n_epochs=first, **labels).partial_fit(X, y, n_epochs=second)
    assert_same(answers(entry, model, X_new), answers(entry, whole, X_new))


STREAMS = {"features": _features, "observed": _observed, "pipeline": _learned, "passes": _passes}
