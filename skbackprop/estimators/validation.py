"""Input checks: scikit-learn's, and a short cut for input that is already what they would return."""

from contextlib import contextmanager

import numpy as np
from sklearn.utils.validation import validate_data

SMALL = 4096  # numbers: up to here the checks cost more than the network


@contextmanager
def unchanged_on_error(estimator):
    """Bad input loses nothing that was fitted earlier."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def check_X(estimator, X, dtype):
    """X as `validate_data` returns it for a fitted estimator, in `dtype`."""
    if _is_ready(estimator, X, dtype):
        return X
    return validate_data(estimator, X, accept_sparse="csr", dtype=dtype, order="C", reset=False)


def check_X_y(estimator, X, y, *, reset, dtype, **settings):
    """X and y as `validate_data` returns them."""
    if not reset and _is_ready(estimator, X, dtype) and _is_vector(y) and len(y) == len(X):
        return X, y
    return validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=dtype,
        order="C",
        multi_output=True,
        reset=reset,
        **settings,
    )


def _is_ready(estimator, X, dtype):
    return (
        type(X) is np.ndarray
        and X.dtype == dtype
        and X.ndim == 2
        and X.shape[1] == estimator.n_features_in_
        and 0 < X.size <= SMALL
        and X.flags.c_contiguous
        and "feature_names_in_" not in vars(estimator)
        and bool(np.isfinite(X).all())
    )


def _is_vector(y):
    """A plain vector of strings, or of numbers that are finite."""
    if type(y) is not np.ndarray or y.ndim != 1:
        return False
    return y.dtype.kind == "U" or (y.dtype.kind in "iufb" and bool(np.isfinite(y).all()))
