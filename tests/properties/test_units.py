"""Scaling and shifting: a length in metres, kilometres or feet is the same length."""

import numpy as np
import pandas as pd
from checking import answers, assert_same, baseline, data, fitted, invariant
from hypothesis import strategies as st

from skbackprop.time_series import RunningScaler

FACTORS = st.integers(-24, 24).map(lambda exponent: 2.0**exponent)  # products are exact
SHIFTS = st.integers(-32, 32)  # in the new unit


def _in_other_units(X, factor, shift):
    """Columns of numbers but for times and series."""
    names = [name for name in X if X[name].dtype.kind == "f"]
    return X.assign(**{name: factor * X[name] + shift for name in names})


@invariant("units of X", factor=FACTORS, shift=SHIFTS)
def test_units_of_columns(entry, case, factor, shift):
    X, y, X_new, _ = data(entry, case)
    model, expected = baseline(str(entry), case)
    if "sum" in getattr(model, "statistics", ()) and not hasattr(model, "windows"):
        shift = 0  # such a sum grows with the number of rows
    shift *= factor
    other = fitted(entry, case, _in_other_units(X, factor, shift), y)
    actual = answers(entry, other, _in_other_units(X_new, factor, shift))
    if entry.units == "by name":
        names = model.get_feature_names_out()
        expected = {"transform": _moved(names, model, expected["transform"], factor, shift)}
        actual = {"transform": actual["transform"] / factor ** _powers(names)}
        expected["transform"] /= factor ** _powers(names)
        if entry.kind is RunningScaler:  # a difference is not divided before two values tell a scale
            unknown = ~_scale_is_known(pd.concat([X, X_new]))[-len(X_new) :]
            actual["transform"][unknown] = expected["transform"][unknown] = 0.0
    assert_same(actual, expected, entry.rounding if entry.units == "no effect" else 1e-9)


def _scale_is_known(X):
    """Whether two different values of each column came before, in each row."""
    series = X.groupby("g" if "g" in X else np.zeros(len(X)), sort=False)
    return np.column_stack(
        [series[name].transform(lambda x: x.expanding().std().shift()) > 0 for name in ("v", "w")]
    )


def _powers(names):
    """With which power of the unit each feature grows."""
    return np.array([2 if n.endswith("_var") else 0 if n.endswith("_scaled") else 1 for n in names])


def _moved(names, model, features, factor, shift):
    """Features of x as those of factor x + shift."""
    moved = features * factor ** _powers(names)
    for column, name in enumerate(names):
        if any(part in name for part in ("_std", "_var", "_difference", "_scaled")):
            continue
        moved[:, column] += shift * (getattr(model, "windows", 1) if name.endswith("_sum") else 1)
    return moved


@invariant("units of y", factor=FACTORS, shift=SHIFTS)
def test_units_of_targets(entry, case, factor, shift):
    X, y, X_new, _ = data(entry, case)
    model, expected = baseline(str(entry), case)
    if getattr(model, "normalize", "mean") in ("level", None):
        shift = 0  # no level is taken away
    other = fitted(entry, case, X, factor * (y + shift))
    actual = answers(entry, other, X_new)
    for name in actual:
        if name != "transform":
            actual[name] = actual[name] / factor - shift
    assert_same(actual, expected, max(entry.rounding, 1e-7))
