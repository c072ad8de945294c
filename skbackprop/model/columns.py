"""What to do with NaN: `missing="error"`, "skip" or "impute".

`seen(X, y)` gives the policy for such rows, and which of them may be learned; `learned(data, order)` the
policy after the rows `order` (None: all) were learned; `encode(X)` the network's input. Policies are never
changed in place: a call that fails loses nothing.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import issparse

from skbackprop.products import product


class Data(NamedTuple):
    """Validated samples."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None  # (n_samples, 1), or a column for each output

    @property
    def row_weight(self):
        """(n_samples,), the mean over outputs."""
        return None if self.weight is None else self.weight.mean(axis=1)

    def take(self, rows):
        return Data(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])


class NoMissing:
    """NaN is an error."""

    name = "error"
    finite = y_finite = True
    n_skipped = 0

    def seen(self, X, y):
        return self, None

    def learned(self, data, order):
        return self

    def grown(self, n_new, X, weight):
        return self

    def places(self, n_features):
        return np.arange(n_features)

    def n_inputs(self, n_features):
        return n_features

    def encode(self, X):
        return X


@dataclass(frozen=True, eq=False)
class SkipRows:
    """Only complete rows are learned; to predict, NaN is replaced by the mean over the rows learned."""

    means: np.ndarray | float = 0.0  # (n_features,)
    total: np.ndarray | float = 0.0  # the weight of the rows learned
    n_skipped: int = 0

    name = "skip"
    finite = y_finite = "allow-nan"

    def seen(self, X, y):
        complete = ~rows_with_nan(X)
        if y.dtype.kind == "f":
            complete &= ~rows_with_nan(y)
        n_complete = int(complete.sum())
        policy = replace(self, n_skipped=self.n_skipped + len(complete) - n_complete)
        return policy, None if n_complete == len(complete) else complete

    def learned(self, data, order):
        if order is not None:
            data = data.take(order)
        more = data.X.shape[0] if data.weight is None else float(data.row_weight.sum())
        total = self.total + more  # of each column, where some came later
        means = _finite(self.means + (_means(data) - self.means) * (more / total))
        return replace(self, means=means, total=total)

    def n_inputs(self, n_features):
        return n_features

    def grown(self, n_new, X, weight):
        n_before = X.shape[1] - n_new
        means, total = (np.broadcast_to(value, n_before) for value in (self.means, self.total))
        zeros = np.zeros(n_new)
        return replace(self, means=np.append(means, zeros), total=np.append(total, zeros))

    def places(self, n_features):
        return np.arange(n_features)

    def encode(self, X):
        return _filled(X, self.means)


@dataclass(frozen=True, eq=False)
class Impute:
    """NaN becomes the training mean, and a further column for each feature with NaN says where.

    As scikit-learn's ``SimpleImputer(add_indicator=True, keep_empty_features=True)``, with weights. The
    means and the features with indicators are those of the first call.
    """

    means: np.ndarray | None = None  # (n_features,)
    flagged: np.ndarray | None = None  # indices of the features with an indicator

    name = "impute"
    finite, y_finite = "allow-nan", True
    n_skipped = 0

    def seen(self, X, y):
        if self.flagged is not None:
            return self, None
        return Impute(flagged=np.flatnonzero(_missing(X).sum(axis=0))), None

    def learned(self, data, order):
        if self.means is not None:
            return self
        return replace(self, means=_finite(_means(data if order is None else data.take(order))))

    def grown(self, n_new, X, weight):
        """Means and indicators of the last `n_new` columns are those of these rows."""
        first = X.shape[1] - n_new
        flagged = first + np.flatnonzero(_missing(X[:, first:]).sum(axis=0))
        means = _finite(_means(Data(X[:, first:], None, weight)))
        return Impute(np.append(self.means, means), np.append(self.flagged, flagged).astype(int))

    def places(self, n_features):
        """The columns of `encode`: features, then n_features + the feature whose indicator it is."""
        return np.append(np.arange(n_features), n_features + self.flagged)

    def n_inputs(self, n_features):
        return n_features + len(self.flagged)

    def encode(self, X):
        flags = _missing(X)[:, self.flagged].astype(X.dtype)
        X = _filled(X, self.means)
        return sparse.hstack([X, flags], format="csr") if issparse(X) else np.hstack([X, flags])


def _missing(X):
    """Where X holds NaN: a mask, sparse for sparse X."""
    if not issparse(X):
        return np.isnan(X)
    mask = X.astype(bool)
    mask.data = np.isnan(X.data)
    return mask


def _filled(X, means):
    missing = np.isnan(X.data) if issparse(X) else np.isnan(X)
    if not missing.any():
        return X
    if issparse(X):
        X = X.copy()
        X.data[missing] = means[X.indices[missing]]
        return X
    return np.where(missing, means, X).astype(X.dtype, copy=False)


def _means(data):
    """sum(w x) / sum(w) of each column over its values that are not NaN; 0 if all are NaN."""
    X, weight = data.X, data.row_weight
    w = np.ones(X.shape[0]) if weight is None else weight
    totals = w.sum() - product(w, _missing(X))
    sums = product(w, _filled(X, np.zeros(X.shape[1])))
    return np.divide(sums, totals, out=np.zeros(X.shape[1]), where=totals > 0)


def _finite(means):
    if not np.isfinite(means).all():
        raise ValueError("X holds values that are too large: the mean of a column overflows.")
    return means


def rows_with_nan(X):
    """A mask of the rows of X that hold NaN."""
    if issparse(X):
        mask = np.zeros(X.shape[0], dtype=bool)
        mask[X.tocoo().row[np.isnan(X.data)]] = True
        return mask
    missing = np.isnan(X)
    return missing if X.ndim == 1 else missing.any(axis=1)


MISSING = {kind.name: kind for kind in (NoMissing, SkipRows, Impute)}
