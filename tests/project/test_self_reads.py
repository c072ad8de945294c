"""Classes that can be read by themselves: what they use of `self`, they or their bases define."""

import ast
from functools import cache
from importlib import import_module
from inspect import getsource
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import skbackprop

PACKAGE = Path(skbackprop.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
MOST = 400  # lines of code of a class
LEARNED = {"n_features_in_", "feature_names_in_"}  # scikit-learn's `validate_data` gives them to estimators


def module_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def classes_in(text):
    return {node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)}


CLASSES = {module_of(path): classes_in(path.read_text()) for path in FILES}


def is_of_self(node, context):
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("self", "cls")
        and isinstance(node.ctx, context)
    )


def stated_by(tree):
    """What the body of a class states, and what its methods set."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            parts = [part for target in node.targets for part in ast.walk(target)]
            yield from (part.id for part in parts if isinstance(part, ast.Name))
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id
    yield from (node.attr for node in ast.walk(tree) if is_of_self(node, ast.Store))


def read_by(tree):
    """Attributes of `self` that a class reads, also by `getattr` and `hasattr` with their names."""
    for node in ast.walk(tree):
        if is_of_self(node, ast.Load):
            yield node.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1:
            owner, name = node.args[:2]
            of_self = isinstance(owner, ast.Name) and owner.id == "self"
            if of_self and node.func.id in ("getattr", "hasattr") and isinstance(name, ast.Constant):
                yield name.value


@cache
def stated_by_class(kind):
    """The same of a class that is imported; of those of other libraries all that they have."""
    if kind.__module__ not in CLASSES:
        return set(dir(kind)) | (LEARNED if kind is BaseEstimator else set())
    return set(stated_by(CLASSES[kind.__module__][kind.__name__]))


def foreign_names(tree, kind):
    """What a class reads from `self` that neither it nor its bases define."""
    return set(read_by(tree)).difference(
        stated_by(tree), *map(stated_by_class, kind.__mro__[1:]), ["__dict__"]
    )


@pytest.mark.parametrize("module", [module for module, classes in CLASSES.items() if classes])
def test_a_class_reads_what_it_or_its_bases_define(module):
    try:
        imported = import_module(module)
    except ModuleNotFoundError as error:
        assert error.name == "numba"
        pytest.skip("numba is not installed")
    for name, tree in CLASSES[module].items():
        assert not foreign_names(tree, getattr(imported, name)), name


class OfOthers(BaseEstimator):
    """Reads two attributes of which it cannot know."""

    # It has six lines of code.
    def fit(self, X):
        self.n_rows_, self._seen = len(X), self.n_features_in_

        known = self.get_params(), self.n_rows_, self._seen, self.__class__
        return known, self.alpha, getattr(self, "beta", None)

    gamma = 1


def test_what_a_class_reads_is_seen():
    assert foreign_names(classes_in(getsource(OfOthers))["OfOthers"], OfOthers) == {"alpha", "beta"}


def lines_of_code(tree, lines):
    """How many of its lines are no docstring, no comment and not blank."""
    kinds = ast.ClassDef, ast.FunctionDef
    told = [node.body[0] for node in ast.walk(tree) if isinstance(node, kinds) and ast.get_docstring(node)]
    without_code = {line for text in told for line in range(text.lineno, text.end_lineno + 1)}
    numbers = set(range(tree.lineno, tree.end_lineno + 1)) - without_code
    return sum(bool(line) and not line.startswith("#") for line in (lines[n - 1].strip() for n in numbers))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_classes_are_short(path):
    lines = path.read_text().splitlines()
    for name, tree in CLASSES[module_of(path)].items():
        assert lines_of_code(tree, lines) <= MOST, name


def test_lines_of_code_are_counted():
    text = getsource(OfOthers)
    assert lines_of_code(classes_in(text)["OfOthers"], text.splitlines()) == 6
