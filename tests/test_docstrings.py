"""Public docstrings are numpydoc, and name every parameter."""

import inspect

import pytest
from numpydoc.validate import validate

import skbackprop
from skbackprop import activations, averaging, initializers, layers, losses, optimizers, schedules

CHECKED = {
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR07"),  # parameters: all, none else, in order, described
    *("RT01", "RT04"),  # what is returned
    *("GL06", "GL07", "GL09"),  # sections: known, in order
    *("SS01", "SS04"),  # a summary
}
ESTIMATORS = "skbackprop.BackpropClassifier", "skbackprop.BackpropRegressor"
METHODS = (
    *("fit", "partial_fit", "predict", "predict_proba", "predict_log_proba", "decision_function"),
    *("predict_interval", "score", "transform"),
)


def components():
    """Classes whose docstring has a Parameters section: those that a user fills in."""
    for module in (activations, averaging, initializers, layers, losses, optimizers, schedules):
        for name, value in vars(module).items():
            if inspect.isclass(value) and "Parameters\n" in (value.__doc__ or ""):
                yield f"{value.__module__}.{name}"


@pytest.mark.parametrize(
    "name",
    [
        *ESTIMATORS,
        *(f"{e}.{m}" for e in ESTIMATORS for m in METHODS if hasattr(getattr(skbackprop, e[11:]), m)),
        "skbackprop.Network",
        "skbackprop.learning_rate_range",
        *sorted(set(components())),
    ],
)
def test_docstring(name):
    assert not [error for error in validate(name)["errors"] if error[0] in CHECKED]
