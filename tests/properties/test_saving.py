"""A model that is written and read goes on as if it had not been."""

import copy
import io
import pickle
import tempfile

import joblib
import pytest
from cases import case_of
from catalogue import CATALOGUE
from checking import answers, assert_same, baseline, data, fit, go_on, invariant
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge

import skbackprop


def _through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def _through_save(model):
    if not hasattr(model, "save"):
        return pickle.loads(pickle.dumps(model, protocol=2))
    with tempfile.NamedTemporaryFile() as file:
        model.save(file.name)
        return skbackprop.load(file.name, custom=[LinearRegression, Ridge])  # which the catalogue has


WAYS = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "copy": copy.deepcopy,
    "joblib": _through_joblib,
    "save": _through_save,
}


def assert_saved_in_the_middle(entry, case, way):
    """Before the first fit, after it, and after more rows were learned."""
    X, y, X_new, y_new = data(entry, case)
    through = WAYS[way]
    fitted_once, expected = baseline(str(entry), case)
    model = through(fit(entry, through(entry.estimator(case)), X, y))
    assert_same(answers(entry, model, X_new), expected)
    half = len(X_new) // 2
    untouched = go_on(entry, copy.deepcopy(fitted_once), X_new[:half], y_new[:half])
    model = through(go_on(entry, model, X_new[:half], y_new[:half]))
    assert_same(answers(entry, model, X_new[half:]), answers(entry, untouched, X_new[half:]))


@invariant("saving", way=st.sampled_from(sorted(WAYS)))
def test_saving_in_the_middle(entry, case, way):
    assert_saved_in_the_middle(entry, case, way)


@pytest.mark.smoke
@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:known_future=:UserWarning"
)
@pytest.mark.parametrize("entry", CATALOGUE, ids=str)
def test_every_class_learns_answers_goes_on_and_is_saved(entry):
    for number in range(len(entry.settings)):
        assert_saved_in_the_middle(entry, case_of(number, len(entry.settings)), "save")
