"""The measurements of the performance benchmark: networks with their data, and the peers that run in turn."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

LEARNING_RATE, ALPHA = 1e-3, 1e-4  # the same for every network: relu, Adam, L2 penalty


@dataclass(frozen=True, order=True)
class Case:
    """A network and its rows; with several outputs it is a classifier."""

    n_inputs: int
    hidden: tuple
    n_outputs: int
    n_rows: int  # a multiple of the batch, so that peers compile for one shape only
    batch: int
    dtype: str = "float32"

    @property
    def widths(self):
        return (self.n_inputs, *self.hidden, self.n_outputs)

    def __str__(self):
        return f"{'-'.join(map(str, self.widths))}, {self.n_rows:,} rows, batch {self.batch:,}"

    @property
    def n_batches(self):
        return self.n_rows // self.batch

    @property
    def for_classes(self):
        return self.n_outputs > 1

    def data(self, seed=0):
        """Random rows with a target that depends on a few columns."""
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((self.n_rows, self.n_inputs), dtype=self.dtype)
        y = X[:, 0] + X[:, 1] * X[:, 2] + 0.1 * rng.standard_normal(self.n_rows, dtype=self.dtype)
        if self.for_classes:
            y = np.digitize(y, np.quantile(y, np.arange(1, self.n_outputs) / self.n_outputs))
        return X, y


@dataclass(frozen=True)
class Group:
    """Peers that are measured in turn, each in its own process."""

    table: str
    measure: str
    items: list  # (case, settings of the measurement)
    peers: list
    n_threads: int = 1
    max_rounds: int = 5


SKLEARN = "scikit-learn MLP"
ENGINES = ["skbackprop numpy", "skbackprop replay"]
COMPILED = ["torch.compile, model", "torch.compile, step"]
TORCH = ["PyTorch", *COMPILED]
PRODUCTS = "matrix products"
LINEAR = "linear, SGD"
CORE = [SKLEARN, *ENGINES, "PyTorch", COMPILED[-1], "JAX", PRODUCTS]
ALL = [SKLEARN, *ENGINES, *TORCH, "JAX", "skorch", "Keras", LINEAR, PRODUCTS]
SEARCHES = [SKLEARN, *ENGINES, "skbackprop BackpropSearchCV"]

NETWORKS = (
    Case(10, (100,), 1, 1_000, 200),
    Case(20, (32, 32), 3, 1_024, 32),
    Case(30, (100, 50), 1, 20_000, 200),
    Case(30, (256, 256, 256), 1, 10_240, 256),
    Case(784, (512, 256), 10, 5_120, 256),
)
ROW_NETWORKS = tuple(Case(20, (100,), n_outputs, 1_000, 200) for n_outputs in (1, 3))
CALLS = [("predict", 1), ("predict", 1_000), ("partial_fit", 1), ("partial_fit", 32)]
REACHED = 0.05  # mean squared error; that of the noise is 0.01, the variance of the target is 2
SEARCHED = Case(20, (32,), 3, 1_000, 200)
MANY_ROWS = Case(50, (100,), 1, 500_000, 1_000)  # 100 MB

GROWING = Case(32, (128, 128), 1, 8_192, 128)
GROWTH = {
    "rows": [replace(GROWING, n_rows=n) for n in (2_048, 4_096, 8_192, 16_384, 32_768)],
    "width": [replace(GROWING, hidden=(n, n)) for n in (32, 64, 128, 256, 512)],
    "depth": [replace(GROWING, hidden=(128,) * n) for n in (1, 2, 4, 8)],
    "batch": [replace(GROWING, batch=n) for n in (16, 32, 64, 128, 256, 512, 1_024)],
}


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    kinds: tuple = (("float32", 1, ALL), ("float32", 2, CORE), ("float64", 1, CORE))  # dtype, threads, peers
    networks: tuple = NETWORKS
    row_networks: tuple = ROW_NETWORKS
    loss: float = REACHED
    n_jobs: tuple = (1, 2)
    n_candidates: int = 24
    n_epochs: int = 100  # for each fit of a search
    many_rows: int = MANY_ROWS.n_rows
    grown: tuple = tuple(dict.fromkeys(case for cases in GROWTH.values() for case in cases))
    enough: float = 0.2  # the smallest difference in seconds between the longer and the shorter fit


QUICK = Scale(
    kinds=(("float32", 1, ALL),),
    networks=NETWORKS[1:2],
    row_networks=ROW_NETWORKS[:1],
    loss=0.5,
    n_jobs=(1,),
    n_candidates=2,
    n_epochs=2,
    many_rows=20_000,
    grown=(*GROWTH["rows"][:2], *GROWTH["width"][:2]),
    enough=0.01,
)


def groups(scale):
    """Every group of the benchmark. A network whose first fit is measured has its own group."""
    enough, less = {"enough": scale.enough}, {"enough": scale.enough / 2}
    for (dtype, n_threads, peers), network in product(scale.kinds, scale.networks):
        yield Group("epoch", "epoch", [(replace(network, dtype=dtype), enough)], peers, n_threads)
    networks = [peer for peer in ALL if peer not in (LINEAR, PRODUCTS)]
    yield Group("start", "start", [(scale.networks[0], {})], networks, max_rounds=2)
    yield Group("reach", "reach", [(NETWORKS[2], {"loss": scale.loss})], networks)
    calls = [{"method": method, "n_rows": n_rows, **less} for method, n_rows in CALLS]
    rows = [SKLEARN, *ENGINES, "PyTorch", "JAX", "skorch", LINEAR]
    yield Group("calls", "call", list(product(scale.row_networks, calls)), rows)
    size = {"n_candidates": scale.n_candidates, "n_epochs": scale.n_epochs}
    for n_jobs in scale.n_jobs:
        yield Group("search", "search", [(SEARCHED, {"n_jobs": n_jobs, **size})], SEARCHES, n_jobs, 3)
    sizes = [(replace(MANY_ROWS, n_rows=n), {}) for n in (MANY_ROWS.batch, scale.many_rows)]
    yield Group("memory", "memory", sizes, [p for p in networks if p != COMPILED[0]], max_rounds=1)
    grown = [(case, less) for case in scale.grown]
    yield Group("growth", "epoch", grown, [SKLEARN, *ENGINES, "PyTorch", "JAX", PRODUCTS], max_rounds=3)
