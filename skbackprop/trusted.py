"""Which types a file of an estimator may name."""

from skbackprop.persistence import known_names


def trusted_types():
    """The names of all types of this library that a file of skops may name.

    skops builds nothing from a file but what it is told to trust. The list holds classes of this library
    alone; what an estimator has of your own, such as a loss, is to be added.

    Returns
    -------
    names : list of str
        For ``trusted=`` of ``skops.io.load`` and ``skops.io.loads``.

    Examples
    --------
    >>> from skbackprop.trusted import trusted_types
    >>> "skbackprop.estimators.regressor.BackpropRegressor" in trusted_types()
    True
    """
    return sorted({f"{kind.__module__}.{kind.__qualname__}" for kind in known_names().values()})
