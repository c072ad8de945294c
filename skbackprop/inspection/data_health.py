"""Findings about the inputs, targets and classes of networks."""

import numpy as np

from skbackprop.inspection.findings import Finding
from skbackprop.layers import BatchNorm
from skbackprop.network import first_layer
from skbackprop.targets.regression import RegressionTargets

WIDE = 10.0  # the largest standard deviation of a column, and the largest |mean| in standard deviations
NARROW = 0.3  # the smallest distance of rows from the mean row
TARGETS = 0.03, 10.0  # the smallest and the largest standard deviation of a target
RARE = 0.1  # the smallest total weight of the rarest class, relative to that of the most frequent one


def input_findings(model, X, x):
    """Find columns that are wide or far from 0, and rows that are nearly equal."""
    if isinstance(first_layer(model.trained_networks[0].root), BatchNorm):
        return []
    numbers = np.equal(model.expanded[0].counts, 0)
    deviation, mean = deviation_and_mean(x)
    wide = numbers & (deviation > WIDE)
    far = numbers & (np.abs(mean) > WIDE * np.maximum(deviation, 1.0))
    remedy = "Scale X: make_pipeline(StandardScaler(), ...)."
    if (wide | far).any():
        size = np.maximum(deviation, np.abs(mean)) * (wide | far)
        k = int(np.argmax(size))
        _, names, _ = model.columns(X)
        message = (
            f"{(wide | far).sum()} of {len(size)} columns are wide or far from 0; this one has mean "
            f"{mean[k]:.3g} and standard deviation {deviation[k]:.3g}."
        )
        return [Finding("unscaled_inputs", f"column {names[k]}", float(size[k]), message, remedy)]
    length = float(np.linalg.norm(deviation[numbers]))
    if numbers.all() and 0.0 < length < NARROW:
        message = (
            f"the rows differ from their mean by only {length:.2g}: every node is almost constant at first."
        )
        return [Finding("unscaled_inputs", "all columns", length, message, remedy)]
    return []


def deviation_and_mean(x):
    """Standard deviation and mean of each column; dividing by a power of two avoids overflow."""
    size = np.ldexp(1.0, np.frexp(np.abs(x).max(axis=0))[1] - 1)
    return size * (x / size).std(axis=0), size * (x / size).mean(axis=0)


def target_findings(model, y):
    """Find targets of a size that the last layer would have to learn first."""
    if not (isinstance(model.targets, RegressionTargets) and model.loss.shiftable):
        return []
    deviation, mean = deviation_and_mean(y)
    off = np.maximum(deviation / TARGETS[1], np.abs(mean) / (WIDE * np.maximum(deviation, 1.0)))
    narrow = np.where(deviation > 0, TARGETS[0] / np.where(deviation > 0, deviation, 1.0), 0.0)
    k = int(np.argmax(np.maximum(off, narrow)))
    if max(off[k], narrow[k]) <= 1.0:
        return []
    message = f"the network learns a target of mean {mean[k]:.3g} and standard deviation {deviation[k]:.3g}."
    remedy = 'Set target_scaling="standard", or use TransformedTargetRegressor.'
    name = "y" if y.shape[1] == 1 else f"y{k}"
    return [Finding("unscaled_targets", name, float(deviation[k]), message, remedy)]


def class_findings(model, batch):
    """Find rare classes of each output, by the weights of the loss."""
    targets = model.targets
    if isinstance(targets, RegressionTargets):
        return []
    findings = []
    weights = np.ones((len(batch.y), 1)) if batch.weight is None else batch.weight
    for k, ((columns, exclusive), classes) in enumerate(zip(targets.blocks, targets.classes_of_outputs)):
        shares = batch.y[:, columns]
        shares = shares if exclusive and shares.shape[1] > 1 else np.hstack([1.0 - shares, shares])
        totals = weights[:, min(k, weights.shape[1] - 1)] @ shares
        rarest = int(np.argmin(totals))
        ratio = float(totals[rarest] / totals.max())
        if len(classes) > 1 and 0.0 < ratio < RARE:
            of_output = "" if len(targets.blocks) == 1 else f"output {k}, "
            message = f"its total weight is {ratio:.2g} times that of the most frequent class."
            remedy = 'Set class_weight="balanced" or give sample_weight; do not use accuracy as the score.'
            where = f"{of_output}class {classes[rarest]}"
            findings.append(Finding("imbalanced_classes", where, ratio, message, remedy))
    return findings
