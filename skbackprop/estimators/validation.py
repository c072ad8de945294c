"""Input checks: scikit-learn's, and a short cut for input that is already what they would return."""

from numbers import Integral

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from skbackprop.estimators.growing import in_known_order
from skbackprop.finite import all_finite
from skbackprop.masked import unmasked
from skbackprop.preprocessing.times import refuse_times


def about(names):
    """A context: errors name the arguments, which scikit-learn's checks know as X and y or not at all."""
    return _About(names)


class _About:
    """Costs a third of what `contextmanager` does."""

    def __init__(self, names):
        self.names = names

    def __enter__(self):
        pass

    def __exit__(self, kind, error, traceback):
        if not isinstance(error, TypeError | ValueError | IndexError | AttributeError):
            return
        if not str(error).startswith(self.names.split(",")[0]):
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{self.names}: {error}") from error


class _Remedies:
    """A context: errors about NaN and text in X say what this library has for these."""

    def __init__(self, X):
        self.X = X

    def __enter__(self):
        pass

    def __exit__(self, kind, error, traceback):
        if kind is not ValueError:
            return
        if str(error).startswith("Input X contains NaN"):
            raise ValueError(
                "Input X contains NaN. missing='impute' puts means in their place and tells the network "
                "where, missing='skip' leaves such rows out; TabularBackpropClassifier and "
                "TabularBackpropRegressor take tables with missing values as they are."
            ) from None
        if str(error).startswith("could not convert string to float"):
            raise ValueError(
                f"{_text_in(self.X)}{error}. Encode it, for instance by "
                "skbackprop.preprocessing.TabularEncoder, or give the table as it is to "
                "TabularBackpropClassifier or TabularBackpropRegressor."
            ) from None


def _text_in(X):
    """Which column of X holds text, if X has names."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        for name in X.columns:
            if any(isinstance(value, str) for value in list(X[name])[:1000]):
                return f"Column {name!r} of X holds text: "
    return "X holds text: "


def check_X(estimator, X, dtype, *, finite=True, reset=False):
    """X as `validate_data` returns it, in `dtype`; `finite` may be "allow-nan"."""
    if not reset and _is_ready(estimator, X, dtype):
        return X
    refuse_times(X, "X")
    X = unmasked(X)
    if not reset and estimator.grow:
        X, estimator = in_known_order(estimator, X, dtype, finite)
    with np.errstate(over="ignore", invalid="ignore"), _Remedies(X):  # of huge values
        return validate_data(
            estimator, X, accept_sparse="csr", dtype=dtype, order="C", ensure_all_finite=finite, reset=reset
        )


def check_X_y(estimator, X, y, read, *, reset, dtype, finite=True, y_finite=True):
    """X and y as `validate_data` returns them, y read by `read`, a vector where it has one column."""
    if not reset and _is_ready(estimator, X, dtype) and _is_vector(y) and len(y) == len(X):
        return X, y
    refuse_times(X, "X")
    X = unmasked(X)
    if y is not None:
        with about("y"):
            y = read(y)
    if not reset and estimator.grow:
        X, estimator = in_known_order(estimator, X, dtype, finite)
    settings = {"accept_sparse": "csr", "dtype": dtype, "order": "C", "ensure_all_finite": finite}
    with _Remedies(X):
        if y_finite is True:
            X, y = validate_data(estimator, X, y, multi_output=True, reset=reset, **settings)
        else:
            is_there = "no_validation" if y is not None else None
            X = validate_data(estimator, X, is_there, reset=reset, **settings)
    if y_finite is not True:
        with about("y"):
            y = check_array(
                y,
                dtype="numeric",
                ensure_2d=False,
                ensure_all_finite=y_finite,
                input_name="y",
                estimator=estimator,
            )
        check_consistent_length(X, y)
    return X, as_column_or_matrix(y)


def as_column_or_matrix(y):
    """y with a single column as a vector, with scikit-learn's usual warning."""
    if issparse(y):
        return y
    if y.ndim == 2 and y.shape[1] == 1:
        return column_or_1d(y, warn=True)
    return np.ascontiguousarray(y)  # else sums over rows, and so scales, would be rounded in another way


def validation_arguments(X_val, y_val, sample_weight_val):
    """The three arguments of `fit` as one; None where no validation part is given."""
    if X_val is None and y_val is None and sample_weight_val is None:
        return None
    if X_val is None or y_val is None:
        missing = "X_val" if X_val is None else "y_val"
        raise ValueError(f"X_val and y_val go together (and sample_weight_val with them): {missing} is None.")
    return X_val, y_val, sample_weight_val


def check_n_epochs(n_epochs):
    """A positive whole number."""
    if not (isinstance(n_epochs, (int, Integral)) and n_epochs >= 1):
        raise ValueError(f"n_epochs={n_epochs!r} must be a whole number, at least 1.")
    return n_epochs


def check_range(output_range, y, dtype):
    """(low, high), each an array of shape (n_targets,) or (1,); y must lie between them."""
    bounds = np.asarray(output_range, dtype=np.float64)
    n_targets = 1 if y.ndim == 1 else y.shape[1]
    if bounds.shape not in {(2,), (n_targets, 2)} or not (
        np.abs(bounds).max(initial=0.0) <= np.finfo(dtype).max and (bounds[..., 0] < bounds[..., 1]).all()
    ):
        raise ValueError(
            f"output_range={output_range!r} must be (low, high), finite and low < high, or such a pair "
            f"for each of the {n_targets} columns of y."
        )
    low, high = np.broadcast_to(bounds, (n_targets, 2)).T
    columns = y.reshape(len(y), -1)
    if (columns < low).any() or (columns > high).any():
        raise ValueError(
            f"y has values from {y.min():.6g} to {y.max():.6g}, outside of output_range={output_range!r}."
        )
    return low, high


def _is_ready(estimator, X, dtype):
    return (
        type(X) is np.ndarray
        and X.dtype == dtype
        and X.ndim == 2
        and X.shape[1] == estimator.n_features_in_
        and X.size > 0
        and X.flags.c_contiguous
        and "feature_names_in_" not in vars(estimator)
        and all_finite(X)
    )


def _is_vector(y):
    """A plain vector of strings, or of numbers that are finite."""
    if type(y) is not np.ndarray or y.ndim != 1:
        return False
    return y.dtype.kind in "iubU" or (y.dtype.kind == "f" and all_finite(y))
