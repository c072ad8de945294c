"""The types that a skops file of an estimator may contain."""

from skbackprop.persistence import known_names


def trusted_types():
    """The names of all types of this library that a skops file may contain.

    skops only creates objects of types that you trust. The list has only the classes of this library; add
    your own, such as a loss.

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
