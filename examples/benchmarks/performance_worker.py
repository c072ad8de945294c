"""The process that measures one peer. It reads one request per line and writes one answer per line.

A measurement is a generator. Its first value says that it is ready, and how long this took; every other value
is one round. So peers in different processes can be measured in turn.
"""

import itertools
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from performance_bound import MatrixProducts
from performance_jax import Jax
from performance_peers import MLP, Backprop, BackpropSearch, Keras, Linear, Skorch
from performance_plan import PRODUCTS, Case
from performance_torch import CompiledModel, CompiledStep, Torch

PEERS = {
    "scikit-learn MLP": MLP,
    "skbackprop numpy": partial(Backprop, engine="numpy"),
    "skbackprop replay": partial(Backprop, engine="replay"),
    "skbackprop BackpropSearchCV": BackpropSearch,
    "PyTorch": Torch,
    "torch.compile, model": CompiledModel,
    "torch.compile, step": CompiledStep,
    "JAX": Jax,
    "skorch": Skorch,
    "Keras": Keras,
    "linear, SGD": Linear,
    PRODUCTS: MatrixProducts,
}


def seconds(call, *arguments):
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def enough_times(call, enough):
    """The power of two n for which call(n) takes this many seconds, and call(1), longer than call(1)."""
    once = seconds(call, 1)
    enough = max(enough, once)

    def takes_enough(n):
        """Call twice, because the first call of this length may compile."""
        return all(seconds(call, n) - once >= enough for _ in range(2))

    return next(n for n in (2**k for k in itertools.count(1)) if takes_enough(n))


def of_one(call, n):
    """Seconds of one of n, without the constant time of a call; measured again if noise was larger."""
    longer = 0
    while longer <= 0:
        once = seconds(call, 1)
        longer = seconds(call, n) - once
    return longer / (n - 1)


def epoch(peer, enough):
    """Seconds of an epoch: a long fit minus a fit of one epoch."""
    first = seconds(peer.fit, 1)
    n_epochs = enough_times(peer.fit, enough)
    yield {"first": first, "n_epochs": n_epochs}
    while True:
        yield {"seconds": of_one(peer.fit, n_epochs)}


def start(peer):
    """Seconds of the first fit in a process that uses code which another process compiled."""
    made = f"PEERS[{peer.name!r}]({peer.case!r}, {peer.n_threads})"
    statement = f"from performance_worker import *; print(seconds({made}.fit, 1))"
    command = [sys.executable, "-W", "ignore", "-c", statement]
    run = partial(subprocess.run, command, check=True, capture_output=True, text=True)
    run()
    yield {}
    while True:
        yield {"seconds": float(run().stdout.split()[-1])}


def reach(peer, loss, max_epochs=300):
    """Seconds of a fit with the number of epochs after which the validation loss is below a value."""
    X, y = peer.case.data(seed=1)
    first = seconds(peer.fit, 1)
    start_up = first - seconds(peer.fit, 1)
    peer.begin()
    n_epochs = 0
    while n_epochs == 0 or np.mean((peer.predict(X) - y) ** 2) > loss:
        peer.epoch()
        n_epochs += 1
        if n_epochs > max_epochs:
            raise RuntimeError(f"the loss {loss} was not reached in {max_epochs} epochs")
    yield {"start_up": start_up, "n_epochs": n_epochs}
    while True:
        yield {"seconds": seconds(peer.fit, n_epochs)}


def call(peer, method, n_rows, enough):
    """Seconds of one call of a method on this number of rows, after a fit of three epochs."""
    peer.fit(3)
    X, y = peer.case.data(seed=1)
    rows = (X[:n_rows], y[:n_rows])[: 1 if method == "predict" else 2]
    bound = getattr(peer, method)

    def calls(n):
        for _ in range(n):
            bound(*rows)

    n_calls = enough_times(calls, enough)
    yield {"n_calls": n_calls}
    while True:
        yield {"seconds": of_one(calls, n_calls)}


def search(peer, n_candidates, n_epochs, n_jobs):
    """Seconds of a grid search over learning rates and penalties, five folds each, and its best score."""
    rates, penalties = np.geomspace(1e-3, 3e-2, 4), np.geomspace(1e-5, 1e-1, n_candidates // 4 or 1)
    grid = {"learning_rate_init": rates[:n_candidates].tolist(), "alpha": penalties.tolist()}
    yield {}
    while True:
        start = time.perf_counter()
        found = peer.search(grid, n_epochs, n_jobs)
        yield {"seconds": time.perf_counter() - start, "score": float(found.best_score_)}


def memory(peer):
    """The peak memory of the process, after a fit that has compiled and compiled steps."""
    yield {}
    unit = 1 if sys.platform == "darwin" else 1024
    while True:
        peer.fit(3)
        yield {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


MEASUREMENTS = {f.__name__: f for f in (epoch, start, reach, call, search, memory)}


def started(peer, measure, case, settings, n_threads):
    """The measurement after its set-up, and the answer to the set-up."""
    made = PEERS[peer](Case(**case | {"hidden": tuple(case["hidden"])}), n_threads)
    made.name, made.n_threads = peer, n_threads
    measurement = MEASUREMENTS[measure](made, **settings)
    return measurement, next(measurement) | {"package": made.package, "version": version_of(made.package)}


def version_of(package):
    try:
        return version(package)
    except PackageNotFoundError:  # not installed, but run from the source
        return __import__(package).__version__


def serve(n_threads):
    """Answer until the input ends; the output of libraries goes to standard error."""
    if hasattr(os, "sched_setaffinity"):  # not every library respects the environment variables
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-n_threads:])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    measurement = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request:
                measurement, answer = started(**request, n_threads=n_threads)
            else:
                answer = next(measurement)
        except ImportError as missing:
            answer = {"missing": str(missing)}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), file=answers, flush=True)
