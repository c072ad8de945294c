"""Sample weights: rows of weight 0 are taken out before anything is learned from a table.

So no statistic, no class, no batch and no validation part knows of them, whatever they hold.
"""

from numbers import Real

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, check_consistent_length

from skbackprop.compat import num_samples
from skbackprop.estimators.targets import read_numbers
from skbackprop.estimators.validation import about
from skbackprop.masked import unmasked


def check_weight(sample_weight, n_samples, name="sample_weight", n_outputs=1):
    """The weights as float64, a column or one for each of several outputs, or None; one is above 0."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, sample_weight)
    with about(name):
        weight = check_array(
            unmasked(sample_weight), dtype=np.float64, order="C", ensure_2d=False, input_name=name
        )
        if n_outputs == 1 and weight.ndim > 1:
            raise ValueError(f"{name} has shape {weight.shape}, and must be 1D: a weight for each row.")
        if weight.shape not in ((n_samples,), (n_samples, n_outputs)):
            of_outputs = f", or ({n_samples}, {n_outputs}), one for each output of each row"
            raise ValueError(
                f"{name} has shape {weight.shape}, expected ({n_samples},), a weight for each row"
                f"{of_outputs if n_outputs > 1 else ''}."
            )
        if weight.min() < 0:
            raise ValueError(f"Negative values, such as {weight.min():.3g}, are not allowed.")
        with np.errstate(over="ignore"):
            total = weight.sum()
        if not np.isfinite(total):
            raise ValueError(f"the sum of the weights, {total:.3g}, is beyond the range of float64.")
        if total == 0:
            raise ValueError("all weights are 0: a row of zero weight does not count.")
    return weight.reshape(n_samples, -1)


def counted(X, y, sample_weight, name="sample_weight", of_outputs=False, keep=False):
    """The rows of weight above 0: X, y, their weights (n_rows, 1), and their places; None: they are all.

    With `of_outputs` the numbers y may have a weight each, (n_rows, n_outputs). With `keep` no row is left
    out.
    """
    if sample_weight is None:
        return X, y, None, None
    n_samples, n_outputs = num_samples(X), 1
    if of_outputs and np.asarray(sample_weight).ndim == 2 and np.asarray(y).ndim == 2:
        n_outputs = np.asarray(y).shape[1]
    weight = check_weight(sample_weight, n_samples, name, n_outputs)
    if weight.all():
        return X, y, weight, None
    if y is not None:
        check_consistent_length(X, y)
    if weight.shape[1] > 1:
        y = _known(y, weight)
    rows = np.flatnonzero(weight.any(axis=1))
    if keep or len(rows) == n_samples:
        return X, y, weight, None
    return rows_of(X, rows), rows_of(y, rows), weight[rows], rows


def _known(y, weight):
    """y as numbers, in place of those of weight 0 the first one of the output that counts."""
    with about("y"):
        y = read_numbers(y, allow_missing=True)
    first = weight.astype(bool).argmax(axis=0)
    stand_ins = np.where(weight.any(axis=0), y[first, np.arange(y.shape[1])], 0)
    return np.where(weight > 0, y, stand_ins)


def scored(X, y, sample_weight, read, of_outputs=False):
    """The rows that count in a score, y read by `read`, and their weights (n_rows,), or of each output."""
    X, y, weight, _ = counted(X, y, sample_weight, of_outputs=of_outputs)
    with about("y"):
        y = read(y)
    return X, y, weight if weight is None or weight.shape[1] > 1 else weight[:, 0]


def rows_of(values, rows):
    """Rows of anything that scikit-learn takes as X or y, in the same container."""
    if values is None or isinstance(values, np.ndarray):
        return values if values is None else values[rows]
    if isinstance(values, list | tuple):
        return [values[row] for row in rows]
    if issparse(values):
        return values.tocsr()[rows]
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if hasattr(values, "to_pylist"):  # of pyarrow
        return values.take(rows)
    return values[rows] if hasattr(values, "to_numpy") else np.asarray(values)[rows]


def in_range(weight, dtype):
    """The weights in `dtype`, and the power of two that they were divided by where it could not hold them."""
    if weight is None:
        return None, 1.0
    limits = np.finfo(dtype)
    total = weight.sum()
    if total == 0 or np.sqrt(limits.tiny) < total < np.sqrt(limits.max):
        return weight.astype(dtype, copy=False), 1.0
    _, exponent = np.frexp(total)
    exponent = int(min(exponent, 1023))
    return np.ldexp(weight, -exponent).astype(dtype), 2.0**exponent


def of_weight(order, weight):
    """Without rows whose class has no weight, unless all of them are such."""
    counts = None if weight is None else weight[order].any(axis=1)
    return order if counts is None or not counts.any() else order[counts]


def divided(alpha, unit, dtype):
    """The strength of the penalty for weights that `in_range` has divided: their sum divides it too."""
    if alpha and not alpha / unit <= np.finfo(dtype).max:
        raise ValueError(
            f"alpha={alpha!r} is divided by the sum of sample_weight, about {unit:.1g}, and that is beyond "
            f"the range of {dtype}: multiply the weights by a number, or set alpha=0."
        )
    return alpha / unit
