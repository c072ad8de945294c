"""Settings of the environment, before what reads them is imported."""

import gc
import os

# scikit-learn's checks of array API input run only with this
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Threads of scikit-learn's trees, and of BLAS, wait for work in a loop, unless they are told to sleep: with a
# process of tests for each core, some fits take ten times as long. They are as many as in a user's shell.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

from importlib.util import find_spec

import pytest

# beside this library in the slow tests only, and never a dependency
collect_ignore = [] if find_spec("torch") else ["optimizers/test_against_torch.py"]


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Tests are many objects that stay: Python need not search them for garbage again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_configure(config):
    if config.option.markexpr == "smoke":
        config.option.doctestmodules = False  # examples have no marks


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Examples stand in the library alone: to search tests for them takes seconds."""
    return [found for found in (yield) if type(found).__name__ != "DoctestModule"]


def pytest_ignore_collect(collection_path, config):
    """To import all files of tests would take longer than the smoke tests, which some of them have."""
    if config.option.markexpr == "smoke" and collection_path.match("test_*.py"):
        return "mark.smoke" not in collection_path.read_text() or None
    return None
