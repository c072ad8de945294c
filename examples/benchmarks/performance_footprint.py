"""The cost of a package before its use: seconds of its import, bytes of its installation."""

import os
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from performance_results import key

IMPORTS = {
    "Python": "pass",
    "NumPy": "import numpy",
    "scikit-learn MLP": "import sklearn.neural_network",
    "skbackprop numpy": "import skbackprop",
    "skbackprop replay": "import skbackprop, numba",
    "PyTorch": "import torch",
    "JAX": "import jax.numpy",
    "skorch": "import skorch",
    "Keras": "import keras",
}
OURS = ["numpy", "scipy", "scikit-learn", "pandas"]
INSTALLED = {
    "NumPy": ["numpy"],
    "scikit-learn MLP": ["scikit-learn"],
    "skbackprop numpy": ["skbackprop", *OURS],
    "skbackprop replay": ["skbackprop", *OURS, "numba"],
    "PyTorch": ["torch", "numpy"],
    "JAX": ["jax"],
    "skorch": ["skorch", "torch"],
    "Keras": ["keras", "jax"],
}


def import_seconds(statement):
    """The import time in a new process; None if something is missing."""
    environment = {"KERAS_BACKEND": "jax", **os.environ}
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", statement], env=environment, capture_output=True)
    return time.perf_counter() - start if done.returncode == 0 else None


def with_dependencies(names):
    """The distributions of these names and their dependencies, without extras."""
    found, open_names = {}, list(names)
    while open_names:
        name = open_names.pop().lower().replace("_", "-")
        if name in found or name == "skbackprop":
            continue
        found[name] = distribution(name)
        needed = map(Requirement, found[name].requires or [])
        open_names += [n.name for n in needed if n.marker is None or n.marker.evaluate({"extra": ""})]
    return found


def installed_bytes(names):
    """The size of packages and their dependencies; for skbackprop its folder, as it may not be installed."""
    paths = {Path(file.locate()) for found in with_dependencies(names).values() for file in found.files or []}
    if "skbackprop" in names:
        paths |= set(Path(find_spec("skbackprop").origin).parent.rglob("*"))
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc")


def footprints(n_rounds, done):
    """The lines that are still missing: first sizes, then the imports in turn."""
    for peer, names in INSTALLED.items():
        line = {"table": "footprint", "peer": peer, "round": "installed"}
        if key(line) not in done:
            try:
                yield {**line, "bytes": installed_bytes(names)}
            except PackageNotFoundError as missing:
                print(f"{peer} is left out: {missing}", flush=True)
    for number in range(n_rounds):
        for peer, statement in IMPORTS.items():
            line = {"table": "footprint", "peer": peer, "round": number}
            if key(line) not in done:
                seconds = import_seconds(statement)
                if seconds is not None:
                    yield {**line, "seconds": seconds}
