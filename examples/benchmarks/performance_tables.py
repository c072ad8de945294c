"""DataFrames and ratios from the results of `performance.py`."""

import numpy as np
import pandas as pd
from pages import markdown
from performance_plan import ALL, COMPILED, GROWTH, LINEAR, PRODUCTS, SEARCHES, SKLEARN
from performance_results import case_of, cell_key, key

PEERS = ["Python", "NumPy", *dict.fromkeys([*ALL, *SEARCHES])]
PEERS = ["torch.compile" if peer == COMPILED[-1] else peer for peer in PEERS if peer != COMPILED[0]]


def frame(lines):
    """The last line of each measurement, with its case as an object; of two ways to compile, the faster."""
    lines = list({key(line): line for line in lines}.values())
    found = pd.DataFrame(lines).assign(cell=[*map(cell_key, lines)])
    found["threads"] = found["threads"].fillna(1).astype(int)
    found["case"] = [case_of(line) if "case" in line else None for line in lines]
    return fastest_compiled(found)


def fastest_compiled(found):
    ways = found[found["peer"].isin(COMPILED)]
    costs = ways["seconds"].fillna(ways["bytes"]) if "bytes" in ways else ways["seconds"]
    medians = costs.groupby([ways["cell"], ways["peer"]]).median()
    slower = medians > medians.groupby("cell").transform("min")
    is_slower = pd.MultiIndex.from_frame(found[["cell", "peer"]]).isin(slower[slower].index)
    return found[~is_slower].replace({"peer": dict.fromkeys(COMPILED, "torch.compile")})


def name_of(case):
    return "-".join(map(str, case.widths))


def by_round(part, value="seconds"):
    """One row per round, one column per peer."""
    return part.pivot_table(value, "round", "peer", aggfunc="last")


def ratios(part, base):
    """The median over rounds of base / peer."""
    rounds = by_round(part)
    return rounds.rdiv(rounds[base], axis=0).median() if base in rounds else pd.Series(dtype=float)


def number(value):
    return f"{value:.3g}" if value < 1_000 else f"{value:,.0f}"


def time_of(seconds):
    size, unit = next((size, unit) for size, unit in ((1, "s"), (1e-3, "ms"), (0, "us")) if seconds >= size)
    return f"{number(seconds / (size or 1e-6))} {unit}"


def megabytes(n_bytes):
    return f"{number(n_bytes / 1e6)} MB"


def compared(part, with_bound=False):
    """For each peer the time, how many times as fast as the MLP it is, and the percentage of the bound."""
    shown = by_round(part).median().map(time_of)
    faster = ratios(part, SKLEARN).drop([SKLEARN, PRODUCTS], errors="ignore")
    shown = shown + faster.map(", {:.1f}x".format).reindex(shown.index, fill_value="")
    if with_bound:
        of_bound = ratios(part, PRODUCTS).drop([LINEAR, PRODUCTS], errors="ignore")
        shown = shown + of_bound.map(", {:.0%}".format).reindex(shown.index, fill_value="")
    return shown


def table(columns):
    """A table from {name of the column: text by peer}, with the peers in their order."""
    found = pd.DataFrame(columns)
    return markdown(found.reindex([peer for peer in PEERS if peer in found.index]).fillna(""))


def speedups(part):
    """How many times as fast as the MLP; one row per network, one column per peer."""
    names = part["case"].map(name_of)
    found = {network: ratios(of, SKLEARN) for network, of in part.groupby(names, sort=False)}
    return pd.DataFrame(found).T.drop(columns=LINEAR, errors="ignore")


def size_of(case, what):
    return {"rows": case.n_rows, "width": case.hidden[0], "depth": len(case.hidden), "batch": case.batch}[
        what
    ]


def curves(part):
    """The median seconds of an epoch: {size that grows: one row per value, one column per peer}."""
    medians = part.groupby([part["case"], "peer"], sort=False)["seconds"].median().unstack()
    found = {}
    for what, cases in GROWTH.items():
        measured = medians.loc[[case for case in cases if case in medians.index]].dropna(axis=1)
        measured.index = pd.Index([size_of(case, what) for case in measured.index], name=what)
        if len(measured) > 1:
            found[what] = measured
    return found


def slopes(curve):
    """Slope of the logarithm of the time over that of the size, by least squares, for each peer."""
    coefficients = np.polyfit(np.log(curve.index), np.log(curve), 1)
    return pd.Series(coefficients[0], curve.columns)
