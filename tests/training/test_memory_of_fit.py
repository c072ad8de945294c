"""Fitting many rows needs little memory beside them."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, warnings
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from skbackprop import BackpropClassifier, BackpropRegressor

warnings.simplefilter("ignore", ConvergenceWarning)
rng = np.random.default_rng(0)
X = rng.standard_normal((600_000, 50), dtype=np.float32)
y = X[:, 0] if sys.argv[1] == "regression" else (X[:, 0] * 2).astype(int) % int(sys.argv[1])
kind = BackpropRegressor if sys.argv[1] == "regression" else BackpropClassifier
settings = dict(hidden_layer_sizes=(16,), batch_size=10_000, max_iter=1, early_stopping="stop" in sys.argv)
kind(**settings).fit(X[:20_000], y[:20_000])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
kind(**settings).fit(X, y)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(["regression"], marks=pytest.mark.slow),
        pytest.param(["2"], marks=pytest.mark.slow),
        ["3"],
        ["regression", "stop"],
    ],
    ids="-".join,
)
def test_peak_memory_of_many_rows(target):
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM, *target], check=True, capture_output=True, text=True
    ).stdout
    assert float(printed) < 60  # MiB beside the 114 MiB of X, which is not copied
