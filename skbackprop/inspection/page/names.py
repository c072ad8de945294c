"""The names of inputs, outputs and samples on the page."""

import numpy as np


def feature_names(trace):
    """The names of the trace, or x1, x2, ..."""
    names, n_inputs = trace.feature_names or [], trace.X.shape[1]
    return names if len(names) == n_inputs else [f"x{k + 1}" for k in range(n_inputs)]


def target_names(trace):
    """The class or the label of each output node, or the number of the target."""
    n_outputs = trace.targets.shape[1]
    classes = _classes(trace)
    if classes is not None:
        return [str(label) for label in classes[len(classes) - n_outputs :]]
    return ["target"] if n_outputs == 1 else [f"target {j + 1}" for j in range(n_outputs)]


def class_rows(trace):
    """Each class label with its row of targets; None if samples do not have exactly one class."""
    classes = _classes(trace)
    if classes is None:
        return None
    rows = np.eye(len(classes))[:, len(classes) - trace.targets.shape[1] :]
    return [{"label": str(label), "row": row} for label, row in zip(classes, rows)]


def sample_names(trace):
    """The number of each sample, with its class or its target."""
    classes = class_rows(trace)
    if classes is not None:
        labels = {tuple(entry["row"]): entry["label"] for entry in classes}
        return [f"{s}, class {labels[tuple(row)]}" for s, row in enumerate(trace.targets)]
    if trace.targets.shape[1] == 1:
        return [f"{s}, target {row[0]:.4g}" for s, row in enumerate(trace.targets)]
    return [str(s) for s in range(len(trace.targets))]


def _classes(trace):
    """The class labels in the order of their columns, if each sample has exactly one."""
    classes = getattr(trace.step.targets, "classes", None)
    n_outputs = trace.targets.shape[1]
    one_label = getattr(trace.step.targets, "n_outputs", 0) == 1
    fits = one_label and len(classes) == max(n_outputs, 2)
    return classes if fits else None
