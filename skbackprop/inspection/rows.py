"""Some rows of what was given."""

from numbers import Integral

import numpy as np

from skbackprop.compat import num_samples, safe_indexing


def some_rows(X, y, sample_weight, n_rows, random_state):
    """At most `n_rows` of the rows, drawn at random and in their order; None: all."""
    if n_rows is not None and not (isinstance(n_rows, Integral) and n_rows >= 1):
        raise ValueError(f"n_rows={n_rows!r} must be a whole number, at least 1, or None.")
    n_samples = num_samples(X)
    if n_rows is None or n_samples <= n_rows:
        return X, y, sample_weight
    chosen = np.sort(random_state.choice(n_samples, n_rows, replace=False))
    return [None if part is None else safe_indexing(part, chosen) for part in (X, y, sample_weight)]
