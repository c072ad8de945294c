"""Parameters are the attributes that hold them."""

from sklearn.base import BaseEstimator

from skbackprop.compat import validate_parameter_constraints


class StoredParameters(BaseEstimator):
    """Base class: the `__init__` of a subclass may have fewer parameters than the class has, or others."""

    _parameter_constraints: dict

    def _validate_params(self):
        validate_parameter_constraints(
            self._parameter_constraints, values_by_name(self), caller_name=type(self).__name__
        )


def values_by_name(estimator):
    """What each parameter of this library is set to, whether `get_params` knows it or not."""
    return {name: getattr(estimator, name) for name in estimator._parameter_constraints}
