"""The base of every class with parameters: what is wrong with one is said with what to do."""

from functools import cache
from inspect import Parameter, isclass, signature
from itertools import chain

from sklearn.base import BaseEstimator

from skbackprop.compat import InvalidParameterError, validate_parameter_constraints
from skbackprop.remedies import for_name, for_value, in_order


class Parametrized(BaseEstimator):
    """scikit-learn's base class, with messages that know this library.

    Parameters are stored as attributes and validated by `_parameter_constraints`, before they are used.
    """

    _parameter_constraints: dict = {}

    def __new__(cls, *arguments, **parameters):
        _check_names(cls, parameters)
        return super().__new__(cls)

    def set_params(self, **params):
        """Set parameters, also those of objects in them: ``solver__learning_rate=0.1``.

        Parameters
        ----------
        **params : dict
            By name.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For a name that is not one of the parameters.
        """
        known = self.get_params(deep=False)
        for name in params:
            outer, _, inner = name.partition("__")
            if outer not in known:
                raise ValueError(
                    f"Invalid parameter {outer!r} for estimator {self}. Valid parameters are: "
                    f"{sorted(known)!r}.{for_name(outer, known)}"
                )
            value = params.get(outer, known[outer])
            if inner and not hasattr(value, "set_params"):
                raise ValueError(
                    f"{name}={params[name]!r} sets a parameter of {outer}, and {outer}={value!r} has none: "
                    f"give an object{_such_as(self, outer, value)} first."
                )
        return super().set_params(**params)

    def _validate_params(self):
        check_parameters(self, self.get_params(deep=False))


def check_parameters(component, values):
    """An error for the first value that is not valid, with what to do."""
    kind = type(component)
    try:
        validate_parameter_constraints(component._parameter_constraints, values, caller_name=kind.__name__)
    except InvalidParameterError as error:
        message = str(error)
        name = message.split("'")[1]
        remedy = for_value(name, values.get(name), message)
        raise InvalidParameterError(f"{in_order(message)}{remedy}") from None


def _such_as(component, name, value):
    """For a name, such as 'adam', the class that it stands for, of those that the parameter may be."""
    allowed = [kind for kind in component._parameter_constraints.get(name, ()) if isclass(kind)]
    wanted = str(value).replace("_", "").lower()
    classes = chain.from_iterable(map(_subclasses, allowed))
    found = [kind for kind in classes if kind.__name__.lower() == wanted]
    return f", {name}={found[0].__name__}(...)," if found else ""


def _subclasses(kind):
    return [kind, *(below for child in kind.__subclasses__() for below in _subclasses(child))]


def _check_names(kind, given):
    known = _names_of(kind)
    if known is not None and not known.issuperset(given):
        name = next(name for name in given if name not in known)
        raise TypeError(f"{kind.__name__} has no parameter {name!r}.{for_name(name, known)}")


@cache
def _names_of(kind):
    """Of the parameters of a class; None if it takes any."""
    parameters = signature(kind.__init__).parameters
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return None
    return frozenset(parameters) - {"self"}
