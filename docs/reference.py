"""Writes the pages of the API reference: one page per module and one per public object.

The page of an object has the shortest path from which it can be imported. Builds write the folder `api`.
"""

import inspect
import re
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

GROUPS = {
    "Estimators": ["skbackprop", "skbackprop.trusted"],
    "Searches": ["skbackprop.model_selection"],
    "Parts of a network": [
        "skbackprop.layers",
        "skbackprop.activations",
        "skbackprop.initializers",
        "skbackprop.losses",
    ],
    "Training": ["skbackprop.optimizers", "skbackprop.schedules", "skbackprop.averaging"],
    "Preprocessing and time series": ["skbackprop.preprocessing", "skbackprop.time_series"],
    "Inspection": ["skbackprop.inspection", "skbackprop.inspection.page"],
    "The core, without the estimators": [
        "skbackprop.network",
        "skbackprop.model",
        "skbackprop.objective",
        "skbackprop.batches",
        "skbackprop.training",
        "skbackprop.memory",
        "skbackprop.targets",
    ],
}
FIRST = ["fit", "partial_fit", "fit_transform", "transform", "predict", "predict_proba"]
OUT = Path(__file__).parent / "api"


def present(names):
    return [name for name in names if find_spec(name)]


def public_names(module):
    """`__all__`, or the names that are defined in the module itself."""
    defined = (
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    )
    return sorted(getattr(module, "__all__", defined), key=str.lower)


def page_of(module, name):
    """The page of the object: in the package itself if it is exported there."""
    package = import_module("skbackprop")
    same = getattr(package, name, None) is getattr(module, name)
    return f"skbackprop.{name}" if same and name in package.__all__ else f"{module.__name__}.{name}"


def own_methods(kind):
    """Public methods of a class that are defined in this library."""
    own = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("skbackprop"):
            own |= vars(base)
    requests = re.compile(r"_|set_\w+_request$")  # metadata requests, which scikit-learn generates
    names = [name for name in own if not requests.match(name) and callable(getattr(kind, name, None))]
    return sorted(names, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def kind_of(value):
    if inspect.isclass(value):
        return "Classes"
    return "Functions" if callable(value) else "Tables of names"


def heading(text, line):
    return f"{text}\n{line * len(text)}\n\n"


def table(items, toctree):
    options = "   :nosignatures:\n" + "   :toctree: .\n" * toctree
    return f".. autosummary::\n{options}\n" + "".join(f"   {item}\n" for item in items) + "\n"


def module_page(name):
    module = import_module(name)
    names = public_names(module)
    parts = [heading(name, "="), f".. automodule:: {name}\n   :no-members:\n\n"]
    for kind in ("Classes", "Functions", "Tables of names"):
        chosen = [n for n in names if kind_of(getattr(module, n)) == kind]
        own = [n for n in chosen if page_of(module, n) == f"{name}.{n}"]
        others = [page_of(module, n) for n in chosen if n not in own]
        if own:
            parts += [heading(kind, "-"), table([f"~{n}" for n in own], toctree=True)]
        if others:
            parts += [heading(f"{kind} that are imported from skbackprop", "-"), table(others, toctree=False)]
    return "".join(parts)


def object_page(path):
    module, _, name = path.rpartition(".")
    value = getattr(import_module(module), name)
    parts = [heading(name, "="), f".. currentmodule:: {module}\n\n"]
    if inspect.isclass(value):
        methods = "".join(f"   .. automethod:: {method}\n\n" for method in own_methods(value))
        parts.append(f".. autoclass:: {name}\n\n{methods}")
    else:
        parts.append(f".. auto{'function' if callable(value) else 'data'}:: {name}\n\n")
    parts.append(f".. minigallery:: {path}\n   :add-heading: Examples with {name}\n" * callable(value))
    return "".join(parts)


def file_names(paths):
    """On some systems `Trace` and `trace` would be the same file, so the second name gets a number."""
    names, taken = {}, Counter()
    for path in sorted(paths):
        n_before = taken[path.lower()]
        names[path] = f"{path}-{n_before + 1}" if n_before else path
        taken[path.lower()] += 1
    return names


def index_page():
    parts = [heading("API reference", "=")]
    parts.append(
        "Every public class and function. Estimators are imported from ``skbackprop``, layers from "
        "``skbackprop.layers``.\n\n"
    )
    for group, names in GROUPS.items():
        if present(names):
            parts += [heading(group, "-"), table(present(names), toctree=False)]
            parts.append(
                ".. toctree::\n   :hidden:\n\n" + "".join(f"   {n}\n" for n in present(names)) + "\n"
            )
    return "".join(parts)


def write_pages(app, config):
    """Do not write pages that did not change, so that the next build need not read them again."""
    modules = present(name for names in GROUPS.values() for name in names)
    objects = {
        page_of(module, name) for module in map(import_module, modules) for name in public_names(module)
    }
    config.autosummary_filename_map = files = file_names(objects)
    pages = {files[path]: object_page(path) for path in objects}
    pages |= {"index": index_page()} | {name: module_page(name) for name in modules}
    OUT.mkdir(exist_ok=True)
    for path in OUT.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = OUT / f"{name}.rst"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def setup(app):
    app.connect("config-inited", write_pages)  # before the pages are listed
    return {"parallel_read_safe": True}
