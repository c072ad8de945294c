"""What to do with NaN: `missing="error"`, "skip" or "impute".

`after(X, y)` gives the policy as it is when these rows were seen, and which of them to train on;
`fill(X)` gives the network's input. Policies are never changed in place: a call that fails loses nothing.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from sklearn.impute import SimpleImputer


class NoMissing:
    """NaN is an error."""

    finite = y_finite = True
    n_skipped = 0

    def after(self, X, y):
        return self, None

    def fill(self, X):
        return X


@dataclass(frozen=True)
class SkipRows:
    """Only complete rows are learned; to predict, NaN is replaced by the mean over the rows learned."""

    means: np.ndarray | float = 0.0  # (n_features,)
    n_learned: int = 0
    n_skipped: int = 0

    finite = y_finite = "allow-nan"

    def after(self, X, y):
        complete = ~rows_with_nan(X)
        if y.dtype.kind == "f":
            complete &= ~rows_with_nan(y)
        n_complete = int(complete.sum())
        n_learned, n_skipped = self.n_learned + n_complete, self.n_skipped + len(complete) - n_complete
        if n_learned == 0:
            raise ValueError(
                "X or y holds NaN in every row, and missing='skip' leaves such rows out: nothing is left."
            )
        if n_complete == 0:
            return SkipRows(self.means, n_learned, n_skipped), complete
        mean = np.asarray(X[complete].mean(axis=0, dtype=np.float64)).ravel()
        means = _finite(self.means + (mean - self.means) * (n_complete / n_learned))
        return SkipRows(means, n_learned, n_skipped), None if n_complete == len(complete) else complete

    def fill(self, X):
        if issparse(X):
            missing = np.isnan(X.data)
            if missing.any():
                X = X.copy()
                X.data[missing] = self.means[X.indices[missing]]
            return X
        missing = np.isnan(X)
        return np.where(missing, self.means, X).astype(X.dtype, copy=False) if missing.any() else X


@dataclass(frozen=True)
class Impute:
    """NaN becomes the training mean, and a further column says where: scikit-learn's SimpleImputer.

    The means and the columns with indicators are those of the first call.
    """

    imputer: SimpleImputer | None = None

    finite, y_finite = "allow-nan", True
    n_skipped = 0

    def after(self, X, y):
        if self.imputer is not None:
            return self, None
        imputer = SimpleImputer(add_indicator=True, keep_empty_features=True).fit(X)
        _finite(imputer.statistics_)
        return Impute(imputer), None

    def fill(self, X):
        with np.errstate(over="ignore", invalid="ignore"):  # of huge values
            X = self.imputer.transform(X)
        return X.tocsr() if issparse(X) else np.ascontiguousarray(X)


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


MISSING = {"error": NoMissing, "skip": SkipRows, "impute": Impute}
