"""The page of the layout says what the code does: its files exist, a fit walks through them in order."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import skbackprop
from skbackprop import BackpropRegressor

PACKAGE = Path(skbackprop.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "layout.md"
FILE = re.compile(r"`([\w/]+(?:\.py|/))`")


def section(title):
    return PAGE.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def walk_of_the_page():
    rows = re.findall(r"^\| `([\w/]+\.py)` \| `(\w+)` \|", section("The walk of X"), re.MULTILINE)
    assert len(rows) > 10
    return rows


def walk_of(function):
    """(file, name) of the functions of this library that are called, by their first calls."""
    seen = {}

    def look(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(str(PACKAGE)):
            path = Path(frame.f_code.co_filename).relative_to(PACKAGE).as_posix()
            seen.setdefault((path, frame.f_code.co_name), None)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        function()
    finally:
        sys.setprofile(before)
    return list(seen)


def test_a_fit_walks_as_the_page_says():
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = BackpropRegressor(max_iter=1, tol=0.0, n_iter_no_change=1, random_state=0, engine="numpy")
    with pytest.warns(UserWarning):  # the epoch is the only one
        walked = walk_of(lambda: net.fit(X, X[:, 0], sample_weight=np.ones(40)))
    listed = walk_of_the_page()
    assert [step for step in walked if step in listed] == listed


def test_the_top_level_is_listed_and_what_is_listed_exists():
    page = PAGE.read_text()
    rules = page.partition("| from top to bottom |")[2].partition("\n\n")[0]
    listed = {name.rstrip("/") for name in FILE.findall(rules)}
    found = {
        path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert listed <= found
    assert {name for name in found if (PACKAGE / name).is_dir()} <= listed  # every folder, and these files
    of_training = {name for name in FILE.findall(section("One loop")) if "/" not in name}
    assert all((PACKAGE / "training" / name).exists() for name in of_training)
    assert all((PACKAGE / name).exists() for name, _ in walk_of_the_page())
