"""Parameters that do nothing beside the others are told of, not ignored."""

import warnings
from inspect import signature

import numpy as np


def warn_unused(estimator, reasons, stacklevel):
    """A warning for each parameter that is not at its default and has no effect.

    Parameters
    ----------
    estimator : estimator
        What has the parameters.

    reasons : iterable of (names, why)
        `why` tells why parameters of these names do nothing here, and what would help; None: they act.

    stacklevel : int
        As of `warnings.warn`, for a call in place of this one.
    """
    for names, why in reasons:
        for name in names if why is not None else ():
            value = getattr(estimator, name)
            if not _same(value, _default(estimator, name)):
                text = f"{name}={value!r} has no effect: {why}"
                warnings.warn(text, UserWarning, stacklevel=stacklevel + 1)


def _default(estimator, name):
    """Of the class, or of the nearest one below it whose `__init__` has the parameter."""
    for kind in type(estimator).__mro__:
        found = signature(kind.__init__).parameters.get(name)
        if found is not None:
            return found.default
    raise AttributeError(f"{type(estimator).__name__} has no parameter {name!r}.")


def _same(value, default):
    if value is default:
        return True
    return type(value) not in (list, np.ndarray) and np.ndim(value) == np.ndim(default) and value == default
