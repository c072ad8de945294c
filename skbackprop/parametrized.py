"""The base of every class with parameters: what is wrong with one is said with what to do."""

from functools import cache
from inspect import Parameter, signature

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
                    f"give an object{_such_as(outer, value)} first."
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


def _such_as(name, value):
    """For a name of a solver, the class that it stands for."""
    classes = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "nadam": "NAdam", "rmsprop": "RMSProp"}
    classes |= {"lion": "Lion", "muon": "Muon"}
    return f", {name}={classes[value]}(...)," if isinstance(value, str) and value in classes else ""


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
