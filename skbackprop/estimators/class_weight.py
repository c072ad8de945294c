"""class_weight: the weight of a row is that of its class, in each output by itself."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.class_weight import compute_class_weight


def class_weights(class_weight, targets, y):
    """Weights of shape (n_samples, n_outputs): "balanced" or a dict, of each output for several."""
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
    classes = targets.classes_of_outputs
    return np.column_stack([_of_rows(*of_one) for of_one in zip(of_outputs, classes, y.T)])


def _of_rows(class_weight, classes, y):
    present, codes = np.unique(y, return_inverse=True)
    if class_weight == "balanced":
        return compute_class_weight(class_weight, classes=present, y=y)[codes]
    weights = compute_class_weight(class_weight, classes=classes, y=classes)
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(f"class_weight={class_weight!r} must hold numbers >= 0.")
    return weights[np.searchsorted(classes, present)][codes]


def holds_balanced(class_weight):
    """Whether a weight depends on the data."""
    return class_weight == "balanced" or (isinstance(class_weight, list) and "balanced" in class_weight)
