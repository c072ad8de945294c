"""The catalogue is complete."""

import importlib
import inspect
import pkgutil

import pytest
from catalogue import CATALOGUE, INVARIANTS
from checking import N_EXAMPLES, share
from sklearn.base import BaseEstimator

import skbackprop

PUBLIC = {  # what has `__all__`: a name there is public
    name: importlib.import_module(name)
    for name in ["skbackprop", *(f"skbackprop.{m.name}" for m in pkgutil.iter_modules(skbackprop.__path__))]
    if name != "skbackprop.compat"  # names of scikit-learn
}


def public_names():
    """Every public thing once, by the name of its class or function."""
    return {
        name: getattr(module, name) for module in PUBLIC.values() for name in getattr(module, "__all__", [])
    }


def learns(thing):
    return inspect.isclass(thing) and issubclass(thing, BaseEstimator) and hasattr(thing, "fit")


def test_every_public_estimator_and_transformer_has_an_entry():
    public = {name for name, thing in public_names().items() if learns(thing)}
    assert public == {str(entry) for entry in CATALOGUE}
    assert len(CATALOGUE) == len(public)


def test_what_is_no_estimator_cannot_be_fitted():
    for name, thing in public_names().items():
        assert learns(thing) or not hasattr(thing, "fit"), name


@pytest.mark.parametrize("entry", CATALOGUE, ids=str)
def test_exceptions_are_known_and_have_reasons(entry):
    assert entry.exceptions.keys() <= INVARIANTS.keys()
    assert all(len(reason.split()) > 3 for reason in entry.exceptions.values())


@pytest.mark.parametrize("entry", CATALOGUE, ids=str)
def test_most_is_claimed(entry):
    claimed = [name for name in INVARIANTS if entry.claims(name)]
    assert {"containers", "parts", "failures", "saving", "global settings"} <= {*claimed}
    assert sum(share(entry, name, N_EXAMPLES) for name in claimed) >= N_EXAMPLES
