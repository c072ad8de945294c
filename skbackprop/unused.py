"""Warn about parameters that have no effect together with the others."""

import warnings
from inspect import signature

import numpy as np


def warn_unused(estimator, reasons, stacklevel):
    """Warn about each parameter that differs from its default and has no effect.

    Parameters
    ----------
    estimator : estimator
        The estimator with the parameters.

    reasons : iterable of (names, why)
        `why` says why the parameters of these names have no effect, and what to do; None if they have one.

    stacklevel : int
        The `stacklevel` of `warnings.warn`, as if it were called instead of this function.
    """
    for names, why in reasons:
        for name in names if why is not None else ():
            value = getattr(estimator, name)
            if not _same(value, _default(estimator, name)):
                text = f"{name}={value!r} has no effect: {why}"
                warnings.warn(text, UserWarning, stacklevel=stacklevel + 1)


def _default(estimator, name):
    """The default of the parameter, in the first class of the MRO whose `__init__` has it."""
    for kind in type(estimator).__mro__:
        found = signature(kind.__init__).parameters.get(name)
        if found is not None:
            return found.default
    raise AttributeError(f"{type(estimator).__name__} has no parameter {name!r}.")


def _same(value, default):
    if value is default:
        return True
    return type(value) not in (list, np.ndarray) and np.ndim(value) == np.ndim(default) and value == default
