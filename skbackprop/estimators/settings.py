"""Parameters are the attributes that hold them."""

from sklearn.base import BaseEstimator

from skbackprop.compat import validate_parameter_constraints


class Settings(BaseEstimator):
    """Base class: the `__init__` of a subclass may have fewer parameters than the class has, or others."""

    def _settings_by_name(self):
        """What each parameter of this library is set to, whether `get_params` knows it or not."""
        return {name: getattr(self, name) for name in self._parameter_constraints}

    def _validate_params(self):
        validate_parameter_constraints(
            self._parameter_constraints, self._settings_by_name(), caller_name=type(self).__name__
        )
