"""Temperature scaling: one number that makes the probabilities of a trained network honest."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax

RANGE = 0.1, 100.0  # of T: where every row is right, the likelihood would take it to 0


def temperatures(blocks, columns, z, weight):
    """T of every column: it makes the log loss of z / T on these rows smallest (Guo et al., 2017).

    Each distribution in `blocks`, the classes of an output or one label, has a T of its own.
    """
    y, z = columns.astype(np.float64), z.astype(np.float64)
    weight = None if weight is None or not weight.any() else weight[:, 0]
    temperature = np.ones(z.shape[1])
    for block, exclusive in blocks:
        log_likelihood = _of_classes if exclusive else _of_label

        def log_loss(log_t, block=block, log_likelihood=log_likelihood):
            values = log_likelihood(y[:, block], z[:, block] / np.exp(log_t))
            return -np.average(values, weights=weight)

        found = minimize_scalar(log_loss, bounds=np.log(RANGE), method="bounded", options={"xatol": 1e-6})
        temperature[block] = np.exp(found.x)
    return temperature


def _of_classes(y, z):
    return (y * log_softmax(z, axis=1)).sum(axis=1)


def _of_label(y, z):
    return (y * log_expit(z) + (1 - y) * log_expit(-z))[:, 0]
