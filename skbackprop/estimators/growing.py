"""`grow=True`: columns of X by name, in the order in which they came."""

from copy import copy

import numpy as np
from scipy import sparse
from sklearn.utils.validation import validate_data

from skbackprop.compat import get_feature_names, num_features


def sources(before, after, n_features, n_new):
    """The index in `before` of each place in `after`, -1 for new ones; see `Impute.places`."""
    where = {place + n_new * (place >= n_features): index for index, place in enumerate(before)}
    return np.array([where.get(place, -1) for place in after])


def learn_columns(estimator, X):
    """Add the columns that X has more than before; how many they are."""
    names, known = get_feature_names(X), vars(estimator).get("feature_names_in_")
    if known is not None and names is not None:
        new = [name for name in names if name not in set(known)]
        estimator.feature_names_in_ = np.array([*known, *new], dtype=object)
        n_new = len(new)
    else:
        _check_both_have_names(names, known)
        n_new = max(0, num_features(X) - estimator.n_features_in_)
    estimator.n_features_in_ += n_new
    return n_new


def in_known_order(estimator, X, dtype, finite):
    """The known columns of X, with NaN for absent ones if they are imputed; and an estimator without names.

    Columns that are not known are left out: `partial_fit` learns them.
    """
    view = copy(estimator)
    settings = {"accept_sparse": "csr", "dtype": dtype, "order": "C", "ensure_all_finite": finite}
    with np.errstate(over="ignore", invalid="ignore"):  # of huge values
        X = validate_data(view, X, reset=True, **settings)
    names, known = vars(view).get("feature_names_in_"), vars(estimator).get("feature_names_in_")
    _check_both_have_names(names, known)
    vars(view).pop("feature_names_in_", None)
    view.n_features_in_ = estimator.n_features_in_
    if known is None:
        if X.shape[1] < estimator.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(estimator).__name__} has learned "
                f"{estimator.n_features_in_}. Only columns with names may be absent, with missing='impute'."
            )
        return X[:, : estimator.n_features_in_], view
    place = {name: index for index, name in enumerate(names)}
    absent = [name for name in known if name not in place]
    if absent and estimator.missing != "impute":
        raise ValueError(f"X lacks the columns {absent}: with missing='impute' their means stand for them.")
    if not absent and len(names) == len(known) and (names == known).all():
        return X, view
    if absent:
        missing = np.full((X.shape[0], 1), np.nan, X.dtype)
        X = sparse.hstack([X, missing], format="csr") if sparse.issparse(X) else np.hstack([X, missing])
    order = [place.get(name, X.shape[1] - 1) for name in known]
    return np.ascontiguousarray(X[:, order]) if not sparse.issparse(X) else X[:, order], view


def _check_both_have_names(names, known):
    if (names is None) != (known is None):
        has, had = ("no names", "names") if names is None else ("names", "no names")
        raise ValueError(f"The columns of X have {has}, but those of the first call had {had}.")
