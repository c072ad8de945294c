"""Files that earlier formats have written are read, and predict what they predicted (`data/store.py`)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skbackprop
from skbackprop.files import VERSION

FOLDER = Path(__file__).parents[1] / "data"
FILES = sorted(FOLDER.glob("format_*/*.skb"))


def test_each_format_is_stored():
    """A version that writes another one stores files of it: `python tests/data/store.py`."""
    kinds = {"regressor", "classifier", "table_regressor", "table_classifier"}
    kinds |= {"table_encoder", "forecaster", "stream"}
    for version in range(1, VERSION + 1):
        assert {path.stem for path in FILES if path.parent.name == f"format_{version}"} >= kinds


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_estimators_are_what_they_were(path):
    expected = json.loads(path.with_suffix(".json").read_text())
    X = pd.DataFrame(expected["X"]) if isinstance(expected["X"], dict) else np.array(expected["X"])
    model = skbackprop.load(path)
    for method, values in expected["predictions"].items():
        assert_same(getattr(model, method)(X), values)
    if "after" in expected:  # training continues
        model.partial_fit(X, expected["y"])
        assert_same(getattr(model, method)(X), expected["after"])


def assert_same(found, values):
    if np.asarray(values).dtype.kind == "f":
        np.testing.assert_allclose(found, values, rtol=1e-5, atol=1e-7)
    else:
        np.testing.assert_array_equal(found, values)
