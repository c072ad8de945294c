"""Random rows of the data."""

from numbers import Integral

import numpy as np

from skbackprop.compat import num_samples, safe_indexing


def some_rows(X, y, sample_weight, n_rows, random_state):
    """At most `n_rows` random rows, in their original order; all rows for None."""
    if n_rows is not None and not (isinstance(n_rows, Integral) and n_rows >= 1):
        raise ValueError(f"n_rows={n_rows!r} must be an integer >= 1, or None.")
    n_samples = num_samples(X)
    if n_rows is None or n_samples <= n_rows:
        return X, y, sample_weight
    chosen = np.sort(random_state.choice(n_samples, n_rows, replace=False))
    return [None if part is None else safe_indexing(part, chosen) for part in (X, y, sample_weight)]
