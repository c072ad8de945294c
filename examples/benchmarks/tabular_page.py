"""Writes the page of `tabular.py` from the lines of its results."""

import json
import sys

import numpy as np
import pandas as pd
from pages import markdown

PAGE = """# Tables

Errors on real tables; smaller is better. For classification the error is the fraction of wrong labels, for
regression the RMSE divided by the standard deviation of the target (over all rows drawn, so that the split
does not change the measure). At most {max_rows:,} rows are drawn from each data set, always the same ones; a
quarter of them is the test set. Each number is the mean over the seeds {seeds}, which determine the split and
are the `random_state` of the methods. Classes with fewer than four drawn rows are left out. All methods
except the MLP use their defaults; their pipelines are in `examples/benchmarks/tabular_methods.py`. This page
was written by `python examples/benchmarks/tabular.py --write docs/tabular.md`; the program says which
packages it needs.

{errors}

## Compared with {baseline}

The geometric mean of the ratios to the error of {baseline}. An error of less than half a test row counts as
half a row. The mean is over the {n_shared} of {n_cells} cells (one data set and one seed) that all methods
finished. {left_out} The method with the smallest mean error on a data set wins; in a tie each of them wins.

{ratios}

## Time

Fit and prediction of the same cells, {threads}. Other programs ran at the same time, so compare processor
times.

{times}
{other_times}
Versions: {versions}.
"""


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(lines, values, methods):
    """One row per data set and one column per method, the mean over seeds."""
    wide = lines.pivot_table(values, "set", "method", aggfunc="mean", sort=False)
    return wide.reindex(columns=[name for name in methods if name in wide])


def formatted(frame, form):
    return markdown(frame.map(lambda value: "" if pd.isna(value) else form.format(value)))


def finished_by_all(lines):
    """The lines of the cells (set, seed) that every method has finished."""
    methods = lines.groupby(["set", "seed"])["method"].transform("nunique")
    return lines[methods == lines["method"].nunique()]


def ratios(shared, methods, baseline):
    """Geometric means of the errors relative to the baseline, and wins."""
    of_sets = shared.groupby("set", sort=False)[["task", "n_test"]].first()
    errors = table(shared, "error", methods).reindex(of_sets.index)
    logs = np.log(errors.clip(lower=0.5 / of_sets["n_test"], axis=0))
    logs = logs.sub(logs[baseline], axis=0)
    numbers = of_sets["task"] == "regression"
    kinds = {"classification": logs[~numbers], "regression": logs[numbers], "all": logs}
    found = {f"{kind} ({len(part)} sets)": np.exp(part.mean()) for kind, part in kinds.items() if len(part)}
    wins = errors.eq(errors.min(axis=1), axis=0).sum()
    return pd.DataFrame(found).map("{:.3f}".format).assign(wins=wins)


def times(shared, methods):
    """Mean seconds of a fit, and seconds and milliseconds for 1,000 rows."""
    by_method = shared.groupby("method")
    sums = by_method[["fit_processor_seconds", "predict_seconds", "n_train", "n_test"]].sum()
    columns = {
        "fit, mean": ("{:.1f} s", by_method["fit_seconds"].mean()),
        "fit, processor, 1,000 rows": ("{:.2f} s", sums["fit_processor_seconds"] / sums["n_train"] * 1e3),
        "predict, 1,000 rows": ("{:.1f} ms", sums["predict_seconds"] / sums["n_test"] * 1e6),
    }
    found = pd.DataFrame({name: values.map(form.format) for name, (form, values) in columns.items()})
    return found.reindex([name for name in methods if name in found.index])


def threads_of(lines):
    counts = sorted(set(lines["threads"]))
    return f"{' or '.join(map(str, counts))} thread{'s' * (counts != [1])}"


def left_out(lines, ended):
    """A sentence for every method that did not finish all cells."""
    n_cells = len(lines[["set", "seed"]].drop_duplicates())
    sentences = []
    for method, part in lines.groupby("method", sort=False):
        slow = ended[ended["method"] == method]
        if len(part) + len(slow) < n_cells:
            sentences.append(f"{method} did not run on {n_cells - len(part) - len(slow)}.")
        if len(slow):
            sets = ", ".join(slow["set"].unique())
            limit = slow["timeout"].max() / 60
            sentences.append(f"{method} took longer than {limit:g} minutes on {len(slow)}: {sets}.")
    return " ".join(sentences) or "No cell was left out."


def results_of(options):
    """The results for the data sets, methods, seeds and numbers of rows of the options, with any tag."""
    everything = pd.DataFrame(read(options.results))
    if everything.empty:
        sys.exit("No results.")
    everything = everything.drop_duplicates(["method", "set", "seed", "max_rows", "tag"], keep="last")
    chosen = everything["method"].isin(options.methods) & everything["set"].isin(options.sets)
    chosen &= everything["seed"].isin(options.seeds)
    everything = everything[chosen & (everything["max_rows"] == options.max_rows)]
    order = {name: place for place, name in enumerate(options.sets)}
    return everything.sort_values("set", key=lambda names: names.map(order), kind="stable")


def page(options):
    everything = results_of(options)
    lines = everything[everything["tag"] == options.tag]
    lines, ended = lines[lines["error"].notna()], lines[lines["error"].isna()]
    shared = finished_by_all(lines)
    if shared.empty:
        return "No data set was finished by every method."
    baseline = "LightGBM" if "LightGBM" in set(shared["method"]) else shared["method"].iloc[0]
    others = everything[(everything["tag"] != options.tag) & everything["error"].notna()]
    other_times = [
        f"\nSeconds to fit, {tag}, {threads_of(part)}:\n\n"
        f"{formatted(table(part, 'fit_seconds', options.methods), '{:.1f}')}\n"
        for tag, part in others.groupby("tag")
    ]
    versions = lines.drop_duplicates("method", keep="last").set_index("method")["version"]
    return PAGE.format(
        max_rows=options.max_rows,
        seeds=", ".join(map(str, sorted(lines["seed"].unique()))),
        errors=formatted(table(lines, "error", options.methods), "{:.4f}"),
        baseline=baseline,
        n_shared=len(shared[["set", "seed"]].drop_duplicates()),
        n_cells=len(lines[["set", "seed"]].drop_duplicates()),
        left_out=left_out(lines, ended),
        ratios=markdown(ratios(shared, options.methods, baseline)),
        threads=threads_of(shared),
        times=markdown(times(shared, options.methods)),
        other_times="".join(other_times),
        versions=", ".join(f"{name} {number}" for name, number in versions.items()),
    )
