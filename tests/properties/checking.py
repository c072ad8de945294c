"""How an invariant runs over the catalogue: examples, fits that are shared, and what is compared."""

import warnings
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from cases import case_of, data_of
from catalogue import CATALOGUE, FAULTS, INVARIANTS
from containers import nameless
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

N_EXAMPLES, N_EXAMPLES_LONG = 200, 5_000
N_CASES, N_CASES_LONG = 24, 900  # data sets with settings, of which examples draw
DEAR = {"chunks", "saving", "weight 0", "weight k"}  # an example takes two to five times as long as others


def invariant(name, **drawn):
    """A test of every entry that claims the invariant: body(entry, case, **drawn).

    The examples of a class are divided among its invariants; those that are dear have half as many as others.
    """
    assert name in INVARIANTS
    lengths = [
        pytest.param((N_EXAMPLES, N_CASES), id="short"),
        pytest.param((N_EXAMPLES_LONG, N_CASES_LONG), id="long", marks=[pytest.mark.slow, pytest.mark.long]),
    ]

    def decorate(body):
        entries = [_param(entry, body.__name__) for entry in CATALOGUE if entry.claims(name)]

        @pytest.mark.parametrize("length", lengths)
        @pytest.mark.parametrize("entry", entries)
        def test(entry, length):
            n_examples, n_cases = length
            numbers = st.integers(0, n_cases - 1)
            cases = numbers.map(lambda number: case_of(number, len(entry.settings)))

            @settings(
                max_examples=share(entry, name, n_examples),
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.explicit, Phase.generate, Phase.shrink],
            )
            @given(case=cases, **drawn)
            def every(case, **values):
                body(entry, case, **values)

            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                warnings.filterwarnings("ignore", "known_future=", UserWarning)
                every()

        test.__name__ = body.__name__
        test.__doc__ = body.__doc__
        return test

    return decorate


def share(entry, name, n_examples):
    """How many examples of a class are of an invariant."""
    parts = {claimed: 1 if claimed in DEAR else 2 for claimed in INVARIANTS if entry.claims(claimed)}
    return -(-n_examples * parts[name] // sum(parts.values()))


def _param(entry, test):
    reason = FAULTS.get((test, str(entry)))
    marks = [] if reason is None else [pytest.mark.xfail(reason=reason)]
    return pytest.param(entry, id=str(entry), marks=marks)


# ------------------------------------------------------------------ fits and answers


def data(entry, case):
    return data_of(*entry.data_settings(case))


@lru_cache(maxsize=2048)
def baseline(entry_name, case):
    """A fitted estimator, for reading only, and its answers; shared by all invariants."""
    from catalogue import BY_NAME

    entry = BY_NAME[entry_name]
    X, y, X_new, _ = data(entry, case)
    model = fitted(entry, case, X, y)
    return model, answers(entry, model, X_new)


def fitted(entry, case, X, y=None, weight=None):
    return fit(entry, estimator_for(entry, case, X), X, y, weight)


def fit(entry, model, X, y, weight=None):
    more = {} if weight is None else {"sample_weight": weight}
    if entry.target is None:
        return model.fit(X, **more)
    learn = model.partial_fit if str(entry) == "StreamingPipeline" else model.fit
    return learn(X, y, **more)


def can_go_on(model):
    """Whether rows may come next; classes are balanced over all rows, and a stream has no such."""
    if getattr(model, "class_weight", None) == "balanced":
        return False
    return hasattr(model, "partial_fit") or hasattr(model, "observe")


def go_on(entry, model, X, y):
    """Learn the rows that come next, if the model can."""
    if not can_go_on(model):
        return model
    if not hasattr(model, "partial_fit"):
        return model.observe(X, y)
    return model.partial_fit(X, *([] if entry.target is None else [y]))


ROLES = ("time", "groups", "known_future", "columns", "passthrough")


def estimator_for(entry, case, X):
    """An unfitted estimator; where X has no names, its columns are named by their places."""
    model = entry.estimator(case)
    if nameless(X):
        places = {name: place for place, name in enumerate(data(entry, case).X.columns)}
        given = model.get_params(deep=True)
        roles = {name: value for name, value in given.items() if name.rpartition("__")[2] in ROLES}
        model.set_params(**{name: _places(value, places) for name, value in roles.items()})
    return model


def _places(value, places):
    if isinstance(value, str):
        return places[value]
    return [places[name] for name in value] if isinstance(value, list) else value


def answers(entry, model, X_new):
    """The results of the methods of the entry, by name."""
    methods = [m for m in entry.methods if m != "forecast" or not len(model.known_future)]
    return {method: plain(_answer(model, method, X_new)) for method in methods}


def _answer(model, method, X_new):
    return model.forecast(3) if method == "forecast" else getattr(model, method)(X_new)


def plain(result):
    """An array of numbers or labels, whatever container it came in."""
    if hasattr(result, "to_numpy"):
        result = result.to_numpy()
    result = np.asarray(result)
    return result.astype(float) if result.dtype.kind in "biufO" and _is_numeric(result) else result


def _is_numeric(result):
    return result.dtype.kind != "O" or all(
        isinstance(value, bool | int | float | np.number) or value is pd.NA for value in result.flat
    )


def rows_of(results, rows):
    """The answers for some rows."""
    return {name: result if name == "forecast" else result[rows] for name, result in results.items()}


def assert_same(actual, expected, rounding=0.0):
    """Equal, to `rounding` relative to the largest number of all."""
    assert actual.keys() == expected.keys()
    for name, wanted in expected.items():
        got = actual[name]
        assert got.shape == wanted.shape, f"{name}: shape {got.shape} for {wanted.shape}"
        if wanted.dtype.kind != "f":
            assert (got == wanted).all(), f"{name}: {got} for {wanted}"
        elif rounding == 0:
            np.testing.assert_array_equal(got, wanted, err_msg=name)
        else:
            size = max(1.0, np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0))
            np.testing.assert_allclose(got, wanted, rtol=0, atol=rounding * size, err_msg=name)
