"""y to and from the matrix that the network learns: one column a number, a label or a class."""

import numpy as np
from scipy.sparse import issparse
from scipy.special import log_expit, log_softmax
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target


class RegressionTargets:
    """(n_samples,) or (n_samples, n_outputs) of numbers."""

    def __init__(self, n_columns):
        self.n_columns = n_columns

    def encode(self, y, dtype):
        if y.dtype.kind not in "biuf":
            raise ValueError(f"y must hold numbers, got dtype {y.dtype}.")
        with np.errstate(over="ignore"):
            columns = np.ascontiguousarray(y.reshape(len(y), -1), dtype)
        if not np.isfinite(columns).all():
            raise ValueError(f"y holds values that are too large for {columns.dtype}, the dtype of X.")
        return columns

    def decode(self, output):
        return output.ravel() if self.n_columns == 1 else output


class ClassLabels:
    """One label a sample: one column for two classes, else one column a class."""

    exclusive = True  # exactly one class is true

    def __init__(self, classes, n_columns):
        self.classes, self.n_columns = classes, n_columns

    def encode(self, y, dtype):
        if y.ndim != 1:
            raise ValueError(f"y has shape {y.shape}, expected (n_samples,): one class label a sample.")
        codes = np.searchsorted(self.classes, y)
        np.minimum(codes, len(self.classes) - 1, out=codes)
        unknown = self.classes[codes] != y
        if np.any(unknown):
            raise ValueError(
                f"`y` has classes not in `self.classes_`: `self.classes_` is {self.classes}, "
                f"`y` also has {np.unique(y[unknown])}."
            )
        columns = np.empty((len(y), self.n_columns), dtype)
        first = len(self.classes) - self.n_columns
        np.equal(codes[:, None], np.arange(first, len(self.classes)), out=columns)
        return columns


class TwoClasses(ClassLabels):
    """One column: the probability of the second class is logistic(z)."""

    exclusive = False

    def __init__(self, classes):
        super().__init__(classes, n_columns=1)

    def decode(self, z):
        return self.classes[(z[:, 0] > 0).astype(np.intp)]

    def decision(self, z):
        return z[:, 0]

    def proba(self, p):
        return np.hstack([1.0 - p, p])

    def log_proba(self, z):
        return log_expit(np.hstack([-z, z]))


class OneClass(TwoClasses):
    """All samples are of one class: the column is 0 everywhere, the prediction constant."""

    def encode(self, y, dtype):
        super().encode(y, dtype)
        return np.zeros((len(y), 1), dtype)

    def decode(self, z):
        return np.repeat(self.classes, len(z))

    def proba(self, p):
        return np.ones_like(p)

    def log_proba(self, z):
        return np.zeros_like(z)


class ManyClasses(ClassLabels):
    """One column a class: the probabilities are softmax(z)."""

    def __init__(self, classes):
        super().__init__(classes, n_columns=len(classes))

    def decode(self, z):
        return self.classes[z.argmax(axis=1)]

    def decision(self, z):
        return z[:, 1] - z[:, 0] if len(self.classes) == 2 else z

    def proba(self, p):
        return p

    def log_proba(self, z):
        return log_softmax(z, axis=1)


class ManyLabels:
    """An indicator matrix: any number of labels a sample, each column a probability logistic(z)."""

    exclusive = False

    def __init__(self, classes):
        self.classes, self.n_columns = classes, len(classes)

    def encode(self, y, dtype):
        if y.shape[1:] != (self.n_columns,):
            raise ValueError(
                f"y has shape {y.shape}, expected (n_samples, {self.n_columns}) indicators of the labels."
            )
        columns = np.ascontiguousarray(y.toarray() if issparse(y) else y, dtype)
        if not np.isin(columns, (0, 1)).all():
            raise ValueError("y, an indicator matrix of several labels, must hold 0 and 1 only.")
        return columns

    def decode(self, z):
        return (z > 0).astype(int)

    def decision(self, z):
        return z

    def proba(self, p):
        return p

    def log_proba(self, z):
        return log_expit(z)


def classification_targets(y, classes=None, columns_for_two=1):
    """How labels like y, or the known `classes`, become columns.

    `columns_for_two` is 2 where the loss wants one column a class even for two classes.
    """
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind == "multiclass-multioutput":
        raise ValueError(
            "y has several columns of class labels (multiclass-multioutput): fit one classifier a "
            "column, as sklearn.multioutput.MultiOutputClassifier does."
        )
    if kind == "multilabel-indicator":
        if classes is not None and len(classes) != y.shape[1]:
            raise ValueError(f"y has {y.shape[1]} columns of labels, but classes has {len(classes)} entries.")
        return ManyLabels(np.arange(y.shape[1]))
    classes = np.unique(y) if classes is None else classes
    if len(classes) > 2 or columns_for_two == 2:
        return ManyClasses(classes)
    return (TwoClasses if len(classes) == 2 else OneClass)(classes)


def as_column_or_matrix(y):
    """y with a single column as a vector, with scikit-learn's usual warning."""
    if y.ndim == 2 and y.shape[1] == 1 and not issparse(y):
        return column_or_1d(y, warn=True)
    return y
