"""Check that all numbers of an array are finite, without a temporary array of booleans."""

from math import isfinite

import numpy as np


def all_finite(array):
    """A finite sum of squares means that every number is finite; otherwise each number is checked."""
    return isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())
