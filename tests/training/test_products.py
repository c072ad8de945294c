"""Products give the same bits whatever number of threads BLAS has."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from shared.crossings import some_or_all
from threadpoolctl import ThreadpoolController, threadpool_limits

from skbackprop import BackpropRegressor, products
from skbackprop.products import InPieces, Product, VectorProduct, is_small, product, tiling

SHAPES = [
    (1, 1, 1),
    (1, 20_001, 1),
    (1, 300, 700),
    (700, 300, 1),
    (1, 20_000, 3),
    (129, 257, 131),  # a last row and a last column that stand alone
    (65, 1_000, 33),
    (2, 5_000, 300),
    (700, 2, 700),
    (400, 161, 90),
    (1_025, 100, 60),
]


def operands(m, k, n, layout, dtype, members=()):
    rng = np.random.default_rng(m + k + n)
    a = rng.normal(size=(*members, *((k, m) if layout == "TN" else (m, k)))).astype(dtype)
    b = rng.normal(size=(*members, *((n, k) if layout == "NT" else (k, n)))).astype(dtype)
    return (a.mT if layout == "TN" else a), (b.mT if layout == "NT" else b)


@pytest.mark.parametrize("members", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", ["NN", "TN", "NT"])
@pytest.mark.parametrize("shape", SHAPES)
def test_pieces_are_the_product_for_any_number_of_threads(shape, layout, dtype, members):
    a, b = operands(*shape, layout, dtype, members)
    found = []
    for n_threads in (1, 2, 4):
        with threadpool_limits(n_threads, "blas"):
            out = np.full((*members, shape[0], shape[2]), np.nan, dtype)
            found.append(InPieces()(a, b, out=out))
    assert_array_equal(found[1], found[0])
    assert_array_equal(found[2], found[0])
    exact = a.astype(float) @ b.astype(float)
    assert_allclose(found[0], exact, rtol=0, atol=np.finfo(dtype).eps * 200 * np.sqrt(shape[1]))


def test_pieces_cover_a_product_once_and_are_small():
    for m, k, n in SHAPES:
        if is_small(m, k, n):
            continue
        sums, rows, columns = tiling(m, k, n)
        assert [sums[0][0], sums[-1][1]] == [0, k]
        for runs, length in ((rows, m), (columns, n)):
            assert [runs[0][0], runs[-1][1]] == [0, length]
            assert all((stop - start) % size == 0 for start, stop, size in runs)
        longest = max(stop - start for start, stop in sums)
        assert is_small(max(r[2] for r in rows), longest, max(c[2] for c in columns))


def test_a_matrix_of_zero_rows_and_one_shared_by_the_members():
    assert InPieces()(np.empty((0, 900)), np.empty((900, 800)), out=np.empty((0, 800))).shape == (0, 800)
    a, b = operands(200, 90, 120, "NN", np.float64, (4,))
    out = InPieces()(a[0], b, out=np.empty((4, 200, 120)))
    assert_allclose(out, a[0] @ b, rtol=1e-12, atol=1e-12)


def test_threads_of_its_own_change_no_number(monkeypatch):
    a, b = operands(700, 400, 500, "NN", np.float64)
    alone = InPieces()(a, b, out=np.empty((700, 500)))
    monkeypatch.setattr(products, "_n_cores", lambda: 3)
    monkeypatch.setattr(products, "LEAST_OF_THREAD", 2**20)
    used = set()
    pool = products.ThreadPoolExecutor(2, initializer=lambda: used.add(threading.get_ident()))
    monkeypatch.setattr(products, "_pool", lambda: pool)
    with pool:
        assert_array_equal(InPieces()(a, b, out=np.empty((700, 500))), alone)
    assert used


def test_overflow_in_a_thread_warns_as_the_caller_set_it(monkeypatch):
    monkeypatch.setattr(products, "_n_cores", lambda: 2)
    monkeypatch.setattr(products, "LEAST_OF_THREAD", 2**20)
    a, b = np.full((700, 400), 1e200), np.full((400, 500), 1e200)
    with np.errstate(all="ignore"):
        assert np.isinf(InPieces()(a, b, out=np.empty((700, 500)))).all()


@pytest.mark.parametrize("n", [1, 9_215, 9_216, 40_001])
@pytest.mark.parametrize("members", [(), (3,)])
def test_vector_products(n, members):
    a, b = np.random.default_rng(n).normal(size=(2, *members, n))
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, "blas"):
            found.append(VectorProduct()(a, b, out=np.empty(members)))
    assert_array_equal(*found)
    assert_allclose(found[0], (a * b).sum(axis=-1), rtol=1e-10, atol=1e-10)


def test_a_vector_times_a_matrix_whatever_holds_it():
    v, matrix = np.arange(3.0), np.arange(6.0).reshape(3, 2)
    sparse = csr_matrix(matrix)
    for holder in (matrix, sparse, matrix > 2):
        assert_array_equal(
            product(v, holder), v @ (holder.toarray() if hasattr(holder, "toarray") else holder)
        )


def test_small_sizes_cost_nothing():
    assert Product((20, 30)).bound(32) is np.dot
    assert Product((20, 30), members=4).bound(32) is np.matmul
    assert isinstance(Product((784, 512)).bound(256), InPieces)
    assert isinstance(Product((2, 2)).bound(20_000), InPieces)  # the sum over samples is a long vector


FITS = """
import hashlib, sys, warnings
import numpy as np
from skbackprop import BackpropClassifier, BackpropRegressor, TabularBackpropRegressor
from skbackprop.layers import Conv1D, Dense
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = rng.normal(size=(900, 70))
y, c = X[:, 0] + np.sin(X[:, 1]), np.digitize(X[:, 0], [-1, 1])
sizes = {"hidden_layer_sizes": (160, 90), "max_iter": 2, "random_state": 0}
models = [
    BackpropRegressor(**sizes, alpha=1.0, clip_norm=0.5),
    BackpropClassifier(**sizes, batch_size=600),
    BackpropRegressor(**sizes, solver="lbfgs"),
    BackpropRegressor(**sizes, solver="muon", missing="impute"),
    BackpropRegressor(**sizes | {"hidden_layer_sizes": [Dense(160, initializer="orthogonal"), 90]}),
    BackpropRegressor(**sizes | {"hidden_layer_sizes": [Conv1D(16, 9), 20]}),
    TabularBackpropRegressor(max_iter=1, random_state=0, n_jobs=int(sys.argv[1])),
]
for model in models:
    model.fit(X, c if isinstance(model, BackpropClassifier) else y)
    print(hashlib.sha256(model.predict(X[:-1]).tobytes()).hexdigest())
"""


@some_or_all
def test_environment_and_jobs_change_no_bit_of_a_fit(of_all):
    """The whole path, in processes as a user's shell starts them."""
    names = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"
    plain = {name: value for name, value in os.environ.items() if name not in names}
    found = set()
    for more, n_jobs in (
        ({"OPENBLAS_NUM_THREADS": "1"}, 2 if of_all else 1),
        ({"OPENBLAS_NUM_THREADS": "4"}, 1),
    ):
        command = [sys.executable, "-W", "ignore", "-c", FITS, str(n_jobs)]
        found.add(
            subprocess.run(command, env=plain | more, check=True, capture_output=True, text=True).stdout
        )
    assert len(found) == 1 and len(found.pop().split()) == 7


def test_the_setting_of_the_process_is_left_alone():
    """Other threads of the user keep their BLAS while a fit runs."""
    seen = []

    class Look:
        def on_epoch(self):
            seen.append([library.num_threads for library in controller.lib_controllers])

    with threadpool_limits(3, "blas"):
        controller = ThreadpoolController().select(user_api="blas")
        look = Look()
        X = np.random.default_rng(0).normal(size=(300, 50))
        net = BackpropRegressor(
            hidden_layer_sizes=200,
            max_iter=2,
            tol=0,
            random_state=0,
            learning_rate=lambda progress: look.on_epoch() or 0.001,
        )
        net.fit(X, X[:, 0]).predict(X)
        look.on_epoch()
    assert len(seen) > 2 and all(number == 3 for numbers in seen for number in numbers)
