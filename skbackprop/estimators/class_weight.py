"""class_weight: the weight of a row is that of its class, in each output by itself."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.class_weight import compute_class_weight


def class_weights(class_weight, targets, y, learned):
    """Weights of shape (n_samples, n_outputs): "balanced" or a dict, of each output for several.

    `learned` is the sample weight of each row in training, 0 for rows that are held out.
    """
    n_outputs = targets.n_outputs
    if isinstance(class_weight, dict) and n_outputs > 1:
        raise ValueError(
            f"class_weight={class_weight!r} is for one output, and y has {n_outputs}: give a list of one "
            "dict for each."
        )
    of_outputs = class_weight if isinstance(class_weight, list) else [class_weight] * n_outputs
    if len(of_outputs) != n_outputs:
        raise ValueError(
            f"class_weight={class_weight!r} has {len(of_outputs)} entries, but y has {n_outputs} output(s)."
        )
    y = y.toarray() if issparse(y) else y.reshape(len(y), -1)
    of_rows = [
        _balanced(column, learned) if of_one == "balanced" else _by_class(of_one or {}, known, column)
        for of_one, known, column in zip(of_outputs, targets.classes_of_outputs, y.T)
    ]
    return np.column_stack(of_rows)


def _balanced(y, learned):
    """n / (n_classes n_c), rows counted by their weights; those without weight do not count."""
    counted = learned > 0
    if not counted.any():
        return np.ones(len(y))
    present = np.unique(y[counted])
    weights = compute_class_weight("balanced", classes=present, y=y[counted], sample_weight=learned[counted])
    codes = np.searchsorted(present, y)
    return weights[np.minimum(codes, len(present) - 1)]


def _by_class(class_weight, classes, y):
    known = classes.tolist()
    unknown = [label for label in class_weight if label not in known]
    if unknown and any(label not in class_weight for label in known):
        raise ValueError(f"class_weight={class_weight!r} has {unknown}, but the classes are {known}.")
    try:
        weights = np.array([float(class_weight.get(label, 1.0)) for label in known])
    except (TypeError, ValueError):
        weights = np.array([np.nan])
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(f"class_weight={class_weight!r} must hold numbers >= 0.")
    return weights[np.searchsorted(classes, y)]


def holds_balanced(class_weight):
    """Whether a weight depends on the data."""
    return class_weight == "balanced" or (isinstance(class_weight, list) and "balanced" in class_weight)
