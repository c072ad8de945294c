"""A call that fails leaves everything as it was."""

import copy
import pickle

import numpy as np
import pytest
from checking import answers, assert_same, baseline, can_go_on, data, fit, go_on, invariant
from hypothesis import note
from hypothesis import strategies as st

from skbackprop.preprocessing import CategoryEncoder, SignedOneHotEncoder
from skbackprop.time_series import CalendarFeatures, FourierFeatures, LagForecaster

ERRORS = (ValueError, TypeError)


def _without_a_column(X, y):
    return X.iloc[:, 1:], y


def _no_rows(X, y):
    return X[:0], y[:0]


def _fewer_targets(X, y):
    return X, y[:-1]


def _no_target(X, y):
    return X, None


def _of_lists(X, y):
    return X.assign(**{"v" if "v" in X else X.columns[0]: [[1, 2]] * len(X)}), y


def _infinite(X, y):
    return X.assign(**{X.columns[0]: np.inf}), y


def _infinite_target(X, y):
    y = y.astype(float)
    y[-1] = np.inf
    return X, y


def _same_time_twice(X, y):
    return X.assign(t=X["t"].iloc[0]), y


def _missing_time(X, y):
    return X.assign(t=X["t"].where(np.arange(len(X)) > 0)), y


def bad_rows(entry, where, X):
    """Functions of (X, y), the result of which the call must refuse."""
    bad = [_without_a_column if where == "answer" else _no_rows]
    if where == "more":
        bad.append(_without_a_column)
    if entry.target is not None and where != "answer":
        bad += [_fewer_targets, _no_target]
    if entry.target == "numbers" and where != "answer":
        bad.append(_infinite_target)
    looks = not (entry.kind is LagForecaster and where == "answer")  # at columns that are known later
    if entry.kind not in CLOCKS and looks:
        bad.append(_of_lists)
    if entry.data != "series" and entry.kind not in LEVELS:
        bad.append(_infinite)
    if "t" in X:
        if entry.kind is not CalendarFeatures or X["t"].dtype.kind == "M":  # missing numbers stay missing
            bad.append(_missing_time)
        if entry.kind not in CLOCKS:
            bad.append(_same_time_twice)
    return bad


CLOCKS = CalendarFeatures, FourierFeatures
LEVELS = CategoryEncoder, SignedOneHotEncoder  # an infinite number is a level


@invariant("failures", choice=st.integers(0, 10_000), where=st.sampled_from(["fit", "more", "answer"]))
def test_bad_rows(entry, case, choice, where):
    X, y, X_new, y_new = data(entry, case)
    model, expected = baseline(str(entry), case)
    looks_at_none = entry.kind is LagForecaster and "t" not in X  # what is known later may be absent
    if (where == "more" and not can_go_on(model)) or (where == "answer" and looks_at_none):
        where = "fit"
    bad = bad_rows(entry, where, X)
    spoil = bad[choice % len(bad)]
    note(spoil.__name__)
    model = copy.deepcopy(model)
    before = set(vars(model))
    with pytest.raises(ERRORS):
        if where == "fit":
            fit(entry, model, *spoil(X, y))
        elif where == "more":
            go_on(entry, model, *spoil(X_new, y_new))
        else:
            answers(entry, model, spoil(X_new, y_new)[0])
    assert set(vars(model)) == before
    assert_same(answers(entry, model, X_new), expected)
    _goes_on_likewise(entry, case, model, X_new, y_new)


def _goes_on_likewise(entry, case, model, X_new, y_new):
    """Rows that come next are learned as if nothing had happened."""
    half = len(X_new) // 2
    untouched = pickle.loads(pickle.dumps(baseline(str(entry), case)[0]))
    results = []
    for each in (model, untouched):
        go_on(entry, each, X_new[:half], y_new[:half])
        results.append(answers(entry, each, X_new[half:]))
    assert_same(*results)


@invariant("failures", choice=st.integers(0, 10_000))
def test_first_fit(entry, case, choice):
    """An estimator that was not fitted is as new."""
    X, y, X_new, _ = data(entry, case)
    bad = bad_rows(entry, "fit", X)
    model = entry.estimator(case)
    before = set(vars(model))
    with pytest.raises(ERRORS):
        fit(entry, model, *bad[choice % len(bad)](X, y))
    assert set(vars(model)) == before
    assert_same(answers(entry, fit(entry, model, X, y), X_new), baseline(str(entry), case)[1])


@invariant("failures", choice=st.integers(0, 10_000))
def test_bad_parameter(entry, case, choice):
    X, y, X_new, _ = data(entry, case)
    model = copy.deepcopy(baseline(str(entry), case)[0])
    names = sorted(getattr(model, "_parameter_constraints", {}))
    names = [name for name in names if name in model.get_params(deep=False)]
    checked = [name for name in names if model._parameter_constraints[name] != "no_validation"]
    if not checked:
        return
    name = checked[choice % len(checked)]
    value = getattr(model, name)
    model.set_params(**{name: object()})
    with pytest.raises(ERRORS):
        fit(entry, model, X, y)
    model.set_params(**{name: value})
    assert_same(answers(entry, model, X_new), baseline(str(entry), case)[1])
