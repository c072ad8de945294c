"""Neural networks for people who live in scikit-learn."""

from typing import Any

from skbackprop.estimators import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
    load,
)
from skbackprop.model_selection import BackpropSearchCV

__version__ = "0.1.0"

__all__ = [
    "BackpropClassifier",
    "BackpropRegressor",
    "BackpropSearchCV",
    "LagForecaster",
    "TabularBackpropClassifier",
    "TabularBackpropRegressor",
    "load",
]


def __getattr__(name: str) -> Any:
    """What imports pandas is imported when it is asked for."""
    if name == "LagForecaster":
        from skbackprop.time_series import LagForecaster

        return LagForecaster
    raise AttributeError(f"module 'skbackprop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
