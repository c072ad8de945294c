"""Parameters are the attributes that hold them."""

from skbackprop.parametrized import Parametrized, check_parameters


class StoredParameters(Parametrized):
    """Base class: the `__init__` of a subclass may have fewer parameters than the class has, or others."""

    def _validate_params(self):
        check_parameters(self, values_by_name(self))


def values_by_name(estimator):
    """What each parameter of this library is set to, whether `get_params` knows it or not."""
    return {name: getattr(estimator, name) for name in estimator._parameter_constraints}
