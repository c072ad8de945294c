"""Every name of scikit-learn that is private or missing in the oldest supported version, under a public name.

They have the same meaning in scikit-learn 1.7, 1.8 and 1.9, except `sklearn.callback`, which is new in 1.9.
`tests/project/test_architecture.py` checks that no other module imports such a name. Estimators also define
or inherit some private names without an import: `_parameter_constraints`, `_validate_params` and, with
callbacks, `_init_callback_context`.
"""

import sklearn
from sklearn.base import _fit_context as fit_context
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.optimize import _check_optimize_result as check_optimize_result
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_method_params as check_method_params
from sklearn.utils.validation import _get_feature_names as get_feature_names
from sklearn.utils.validation import _num_features as num_features
from sklearn.utils.validation import _num_samples as num_samples

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks

    N_FRAMES = 1  # that `with_callbacks` adds between user and `fit`; warnings point at the user
except ImportError:
    N_FRAMES = 0

    class CallbackSupportMixin:
        """Used instead of scikit-learn's class if that does not exist."""

        def set_callbacks(self, *callbacks):
            """Set callbacks: needs scikit-learn 1.9.

            Raises
            ------
            ImportError
                With an older scikit-learn.
            """
            raise ImportError(f"Callbacks need scikit-learn >= 1.9, this is {sklearn.__version__}.")

    def with_callbacks(method):
        return method


__all__ = [
    "N_FRAMES",
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "check_feature_names_in",
    "check_method_params",
    "check_optimize_result",
    "fit_context",
    "get_feature_names",
    "num_features",
    "num_samples",
    "safe_indexing",
    "validate_parameter_constraints",
    "with_callbacks",
]
