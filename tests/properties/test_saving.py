"""A model that is written and read goes on as if it had not been."""

import copy
import io
import pickle
import tempfile

import joblib
from checking import answers, assert_same, data, fit, go_on, invariant
from hypothesis import strategies as st

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
        return skbackprop.load(file.name)


WAYS = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "copy": copy.deepcopy,
    "joblib": _through_joblib,
    "save": _through_save,
}


@invariant("saving", way=st.sampled_from(sorted(WAYS)))
def test_saving_in_the_middle(entry, case, way):
    """Before the first fit, after it, and after more rows were learned."""
    X, y, X_new, y_new = data(entry, case)
    half = len(X_new) // 2
    results = []
    for between in (lambda model: model, WAYS[way]):
        model = between(fit(entry, between(entry.estimator(case)), X, y))
        go_on(entry, model, X_new[:half], y_new[:half])
        results.append(answers(entry, between(model), X_new[half:]))
    assert_same(results[1], results[0])
