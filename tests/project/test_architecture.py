import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skbackprop

PACKAGE = Path(skbackprop.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# A module imports from those below it; within a folder, anything. A new module takes its place here.
ORDER = [
    "__init__",
    "trusted",
    "inspection",
    "time_series",
    "model_selection",
    "estimators",
    "replay",
    "model",
    "preprocessing",
    "lbfgs",
    "growth",
    "training",
    "objective",
    "beginning",
    "divergence",
    "targets",
    "batches",
    "network",
    "sparse",
    "averaging",
    "optimizers",
    "layers",
    "losses",
    "schedules",
    "initializers",
    "activations",
    "memory",
    "products",
    "axes",
    "finite",
    "masked",
    "names",
    "unused",
    "docstrings",
    "all_or_nothing",
    "persistence",
    "states",
    "frames",
    "files",
    "parametrized",
    "remedies",
    "compat",
]


def module_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_modules(tree):
    """The modules of this package that a file imports, each by the first name below the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, *below = name.split(".")
            if package == "skbackprop":
                yield below[0] if below else "__init__"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    own = module_of(path)
    for module in imported_modules(ast.parse(path.read_text())):
        assert module == own or ORDER.index(module) > ORDER.index(own), f"{own} imports {module}"


def private_names_of_sklearn(tree):
    """What of scikit-learn a file reaches into that scikit-learn does not promise to keep."""
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            imported |= {a.asname or a.name: name for a, name in zip(node.names, names)}
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            imported |= {a.asname or top(a.name): a.name if a.asname else top(a.name) for a in node.names}
        else:
            continue
        yield from (name for name in names if is_private_name_of_sklearn(name))
    for node in ast.walk(tree):
        steps = []
        while isinstance(node, ast.Attribute):
            steps.append(node.attr)
            node = node.value
        if steps and isinstance(node, ast.Name) and imported.get(node.id, "").islower():  # a module
            name = ".".join([imported[node.id], *reversed(steps)])
            if is_private_name_of_sklearn(name):
                yield name


def top(name):
    return name.partition(".")[0]


def is_private_name_of_sklearn(name):
    """`sklearn.callback` counts: the oldest version has none."""
    private = any(part.startswith("_") and part != "__version__" for part in name.split("."))
    return top(name) == "sklearn" and (private or name.startswith("sklearn.callback"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_private_names_of_sklearn_are_in_one_file(path):
    names = set(private_names_of_sklearn(ast.parse(path.read_text())))
    assert bool(names) == (path.name == "compat.py"), names


def test_private_names_of_sklearn_are_seen():
    program = """
import sklearn.utils
import sklearn.utils.validation as checks
from sklearn import utils
from sklearn.base import BaseEstimator, _fit_context as context
from sklearn.utils._param_validation import Interval
from sklearn.callback import with_callbacks
sklearn.utils._safe_indexing(utils._pprint, checks._num_samples, sklearn.__version__, BaseEstimator._get_tags)
"""
    assert sorted(private_names_of_sklearn(ast.parse(program))) == [
        "sklearn.base._fit_context",
        "sklearn.callback.with_callbacks",
        "sklearn.utils._param_validation.Interval",
        "sklearn.utils._pprint",
        "sklearn.utils._safe_indexing",
        "sklearn.utils.validation._num_samples",
    ]


@pytest.mark.smoke
def test_importing_is_light():
    """scikit-learn imports pandas where it is installed: here it is hidden."""
    heavy = {"sklearn.neural_network", "matplotlib", "torch"}
    program = f"""
import sys
sys.modules["pandas"] = None
import skbackprop
print(sorted({heavy} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_module_is_imported_without_docstrings():
    """As with `python -OO`, which would compile all of scikit-learn and the replay once more."""
    program = """
import pkgutil, sys
from importlib.machinery import FileFinder, SourceFileLoader


class WithoutDocstrings(SourceFileLoader):
    def get_code(self, name):
        return compile(self.get_data(self.path), self.path, "exec", dont_inherit=True, optimize=2)


def finder(folder):
    if folder == sys.argv[1] or folder.startswith(sys.argv[1] + "/skbackprop"):
        return FileFinder(folder, (WithoutDocstrings, [".py"]))
    raise ImportError


sys.modules["numba"] = None
sys.path_hooks.insert(0, finder)
sys.path.insert(0, sys.argv[1])
sys.path_importer_cache.clear()
import skbackprop
assert skbackprop.__doc__ is None
for module in pkgutil.walk_packages(skbackprop.__path__, "skbackprop."):
    try:
        __import__(module.name)
    except ModuleNotFoundError as error:
        assert error.name == "numba" and ".replay." in module.name
"""
    subprocess.run([sys.executable, "-c", program, PACKAGE.parent], check=True)


def test_no_test_file_imports_another():
    """What is shared lies in modules of its own: in `tests/shared`, or beside the files that share it."""
    paths = list(Path(__file__).parents[1].rglob("*.py"))
    assert len(paths) > 50
    of_a_test = re.compile(r"^\s*(?:from|import)\s.*\b(?:test_\w+|conftest)\b.*$", re.MULTILINE)
    for path in paths:
        assert of_a_test.findall(path.read_text()) == [], path
