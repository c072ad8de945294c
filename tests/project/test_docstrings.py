"""Public docstrings are numpydoc, and name every parameter."""

import inspect

import pytest
from numpydoc.validate import validate

import skbackprop
import skbackprop.inspection
import skbackprop.preprocessing
import skbackprop.time_series
from skbackprop import activations, averaging, initializers, layers, losses, optimizers, schedules
from skbackprop.docstrings import documented

CHECKED = {
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR07"),  # parameters: all, none else, in order, described
    *("RT01", "RT04"),  # what is returned
    *("GL06", "GL07", "GL09"),  # sections: known, in order
    *("SS01", "SS04"),  # a summary
}
ESTIMATORS = (
    *("skbackprop.BackpropClassifier", "skbackprop.BackpropRegressor"),
    *("skbackprop.TabularBackpropClassifier", "skbackprop.TabularBackpropRegressor"),
)
METHODS = (
    *("fit", "partial_fit", "predict", "predict_proba", "predict_log_proba", "decision_function"),
    *("predict_interval", "score", "transform"),
)
INSPECTION_METHODS = "Trace.update", "Trace.chain_rule", "ChainRule.latex"
TRANSFORMER_METHODS = (
    *("fit", "partial_fit", "fit_transform", "transform", "inverse_transform", "get_feature_names_out"),
)
DISPLAY_METHODS = "from_estimator", "from_backtest", "plot"


def components():
    """Classes whose docstring has a Parameters section: those that a user fills in."""
    for module in (activations, averaging, initializers, layers, losses, optimizers, schedules):
        for name, value in vars(module).items():
            if inspect.isclass(value) and "Parameters\n" in (value.__doc__ or ""):
                yield f"{value.__module__}.{name}"


def members(module):
    """Public classes, their methods, and functions."""
    for name in module.__all__:
        yield f"{module.__name__}.{name}"
        kind = getattr(module, name)
        yield from (
            f"{module.__name__}.{name}.{m}"
            for m in (*TRANSFORMER_METHODS, *DISPLAY_METHODS)
            if m in dir(kind) and m in documented_methods(kind)
        )


def documented_methods(kind):
    """Those that are written in this library."""
    return {m for k in kind.__mro__ if k.__module__.startswith("skbackprop") for m in vars(k)}


@pytest.mark.parametrize(
    "name",
    [
        *ESTIMATORS,
        *(f"{e}.{m}" for e in ESTIMATORS for m in METHODS if hasattr(getattr(skbackprop, e[11:]), m)),
        "skbackprop.BackpropSearchCV",
        "skbackprop.BackpropSearchCV.fit",
        "skbackprop.network.Network",
        "skbackprop.model_selection.learning_rate_range",
        "skbackprop.trusted.trusted_types",
        *sorted(set(components())),
        *sorted(members(skbackprop.inspection)),
        *(f"skbackprop.inspection.{method}" for method in INSPECTION_METHODS),
        *sorted(members(skbackprop.preprocessing)),
        *sorted(members(skbackprop.time_series)),
    ],
)
def test_docstring(name):
    assert not [error for error in validate(name)["errors"] if error[0] in CHECKED]


class Base:
    """Not read.

    Parameters
    ----------
    a : int
        Of the base.

    b : int
        Of the base,
        in two lines.

    c : int
        Of the base, and no parameter of the class.

    Attributes
    ----------
    found_, seen_ : int
        Of the base.
    """


@documented
class Shared(Base):
    """One line.

    And more.

    Parameters
    ----------
    x : int, default={1: 2}
        Its own.

    b : int
        Said again.

    Notes
    -----
    At the end.
    """

    def __init__(self, x, a, b):
        pass


def test_what_a_base_says_is_said_of_its_classes():
    assert (
        Shared.__doc__
        == """One line.

And more.

Parameters
----------
x : int, default={1: 2}
    Its own.

a : int
    Of the base.

b : int
    Said again.

Attributes
----------
found_, seen_ : int
    Of the base.

Notes
-----
At the end."""
    )
