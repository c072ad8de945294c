"""Convert labels to the matrix that the network learns, and back."""

import numpy as np
from scipy.sparse import issparse
from scipy.special import log_expit, log_softmax
from sklearn.utils.multiclass import check_classification_targets, type_of_target


class ClassLabels:
    """One label per sample: one column for two classes, otherwise one column per class."""

    exclusive = True  # exactly one class is true
    n_outputs = 1

    def __init__(self, classes, n_columns):
        self.classes, self.n_columns = classes, n_columns

    @property
    def blocks(self):
        """For each output, its columns and whether exactly one of them is 1."""
        return [(slice(0, self.n_columns), self.exclusive)]

    @property
    def classes_of_outputs(self):
        return [self.classes]

    def encode(self, y, dtype):
        if y.ndim != 1:
            raise ValueError(f"y has shape {y.shape}, expected (n_samples,): one class label per sample.")
        y = _like(self.classes, y)
        try:
            codes = np.searchsorted(self.classes, y)
        except TypeError as error:
            raise ValueError(f"y has labels of another type than `self.classes_`, {self.classes}.") from error
        np.minimum(codes, len(self.classes) - 1, out=codes)
        unknown = self.classes[codes] != y
        if np.any(unknown):
            raise ValueError(
                f"`y` has classes not in `self.classes_`: `self.classes_` is {self.classes}, "
                f"`y` also has {np.unique(y[unknown])}. Give all of them as `classes` in the first call of "
                "partial_fit, or set grow=True."
            )
        columns = np.empty((len(y), self.n_columns), dtype)
        first = len(self.classes) - self.n_columns
        np.equal(codes[:, None], np.arange(first, len(self.classes)), out=columns)
        return columns

    def grown(self, y, classes=None):
        """(targets with the classes of y and `classes` added, earlier index of each column or -1)."""
        more = y if classes is None else np.append(classes, _like(classes, y))
        more = _like(self.classes, more)
        if (self.classes.dtype.kind in "US") != (more.dtype.kind in "US") and "O" not in more.dtype.kind:
            raise ValueError(f"y has labels of another type than `self.classes_`, {self.classes}.")
        return self.with_classes(np.union1d(self.classes, more))

    def with_classes(self, classes):
        if len(classes) == len(self.classes):
            return self, np.arange(self.n_columns)
        targets = _one_output(classes, columns_for_two=2 if isinstance(self, ManyClasses) else 1)
        return targets, self._columns_before(targets)

    def _columns_before(self, targets):
        """Earlier column of each class; if two classes had one column, it is the log odds of the second."""
        outputs = np.full(targets.n_columns, -1)
        first, known = len(self.classes) - self.n_columns, np.searchsorted(targets.classes, self.classes)
        outputs[known[first:]] = np.arange(self.n_columns)
        return outputs


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
    """All samples have the same class: the column is 0, and the prediction is constant."""

    def encode(self, y, dtype):
        super().encode(y, dtype)
        return np.zeros((len(y), 1), dtype)

    def decode(self, z):
        return np.repeat(self.classes, len(z))

    def proba(self, p):
        return np.ones_like(p)

    def log_proba(self, z):
        return np.zeros_like(z)

    def _columns_before(self, targets):
        return np.full(targets.n_columns, -1)  # with one class, no column has been learned


class ManyClasses(ClassLabels):
    """One column per class: the probabilities are softmax(z)."""

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
    """An indicator matrix: any number of labels per sample; each column has the probability logistic(z)."""

    exclusive = False

    def __init__(self, classes):
        self.classes, self.n_columns = classes, len(classes)
        self.n_outputs = len(classes)

    @property
    def blocks(self):
        """Each label is a separate output."""
        return [(slice(k, k + 1), False) for k in range(self.n_columns)]

    @property
    def classes_of_outputs(self):
        return [np.array([0, 1])] * self.n_columns

    def encode(self, y, dtype):
        if y.shape[1:] != (self.n_columns,):
            raise ValueError(
                f"y has shape {y.shape}, expected (n_samples, {self.n_columns}) indicators of the labels."
            )
        columns = np.ascontiguousarray(y.toarray() if issparse(y) else y, dtype)
        if not np.isin(columns, (0, 1)).all():
            raise ValueError("y is an indicator matrix of several labels: it must hold only 0 and 1.")
        return columns

    def grown(self, y, classes=None):
        n_columns = y.shape[1] if y.ndim == 2 else self.n_columns
        if n_columns <= self.n_columns:
            return self, np.arange(self.n_columns)
        outputs = np.arange(n_columns)
        return ManyLabels(np.arange(n_columns)), np.where(outputs < self.n_columns, outputs, -1)

    def decode(self, z):
        return (z > 0).astype(int)

    def decision(self, z):
        return z

    def proba(self, p):
        return p

    def log_proba(self, z):
        return log_expit(z)


class ManyOutputs:
    """Several columns of class labels: each is a separate target; their columns are concatenated."""

    exclusive = False

    def __init__(self, parts):
        self.parts = parts
        self.classes = [part.classes for part in parts]
        self.n_outputs = len(parts)
        stops = np.cumsum([part.n_columns for part in parts]).tolist()
        self.n_columns = stops[-1]
        self.slices = [slice(*ends) for ends in zip([0, *stops], stops)]

    @property
    def blocks(self):
        return [(columns, part.exclusive) for part, columns in zip(self.parts, self.slices)]

    @property
    def classes_of_outputs(self):
        return self.classes

    def encode(self, y, dtype):
        if y.shape[1:] != (self.n_outputs,):
            raise ValueError(
                f"y has shape {y.shape}, expected (n_samples, {self.n_outputs}): one class label per output."
            )
        return np.hstack([part.encode(y[:, k], dtype) for k, part in enumerate(self.parts)])

    def grown(self, y, classes=None):
        if y.shape[1:] != (self.n_outputs,):
            return self, np.arange(self.n_columns)
        given = [None] * self.n_outputs if classes is None else classes
        parts = [part.grown(y[:, k], given[k]) for k, part in enumerate(self.parts)]
        if all(part is before for (part, _), before in zip(parts, self.parts)):
            return self, np.arange(self.n_columns)
        outputs = [np.where(o >= 0, o + s.start, -1) for (_, o), s in zip(parts, self.slices)]
        return ManyOutputs([part for part, _ in parts]), np.concatenate(outputs)

    def _each(self, method, values):
        return [getattr(part, method)(values[:, columns]) for part, columns in zip(self.parts, self.slices)]

    def decode(self, z):
        return np.column_stack(self._each("decode", z))

    def decision(self, z):
        return self._each("decision", z)

    def proba(self, p):
        return self._each("proba", p)

    def log_proba(self, z):
        return self._each("log_proba", z)


def classification_targets(y, classes=None, columns_for_two=1):
    """The targets for labels like y, or for the known `classes`.

    `columns_for_two` is 2 if the loss needs one column per class also for two classes.
    """
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind == "multiclass-multioutput" or isinstance(classes, list):
        return _many_outputs(y, classes, columns_for_two)
    if kind == "multilabel-indicator":
        if classes is not None and len(classes) != y.shape[1]:
            raise ValueError(f"y has {y.shape[1]} columns of labels, but classes has {len(classes)} entries.")
        return ManyLabels(np.arange(y.shape[1]))
    return _one_output(np.unique(y) if classes is None else classes, columns_for_two)


def _like(classes, y):
    """Convert integers to the dtype of the classes, because the common dtype of both may be float64."""
    if {classes.dtype.kind, y.dtype.kind} != {"i", "u"}:
        return y
    converted = y.astype(classes.dtype)
    if not (converted == y).all():
        raise ValueError(
            f"y has labels that {classes.dtype}, the type of the classes, cannot hold: {y[converted != y]}."
        )
    return converted


def _one_output(classes, columns_for_two):
    if len(classes) > 2 or columns_for_two == 2:
        return ManyClasses(classes)
    return (TwoClasses if len(classes) == 2 else OneClass)(classes)


def _many_outputs(y, classes, columns_for_two):
    n_outputs = y.shape[1] if y.ndim == 2 else 1
    if classes is None:
        classes = [np.unique(y[:, k]) for k in range(n_outputs)]
    if not isinstance(classes, list) or len(classes) != n_outputs:
        raise ValueError(
            f"y has {n_outputs} column(s) of class labels: classes must be a list of {n_outputs} arrays, "
            f"got {classes!r}."
        )
    return ManyOutputs([_one_output(np.asarray(of_one), columns_for_two) for of_one in classes])
