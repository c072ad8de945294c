"""Small data: each case is a number from 0 on, and says which settings, how many rows, and what is odd."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

ODDITIES = ("plain", "whole", "constant", "ties", "outlier", "missing")


class Case(NamedTuple):
    """One data set and one of the settings of a class."""

    number: int
    settings: int  # which of the entry's settings
    n_rows: int
    oddity: str


class Data(NamedTuple):
    """Rows to learn, and rows that come after them."""

    X: pd.DataFrame
    y: np.ndarray
    X_new: pd.DataFrame
    y_new: np.ndarray


def case_of(number, n_settings):
    """Case 0 is the simplest; settings and oddities take turns, so that few cases have all pairs."""
    return Case(
        number, number % n_settings, 8 + number // 3 % 4, ODDITIES[number // n_settings % len(ODDITIES)]
    )


@lru_cache(maxsize=4096)
def data_of(kind, case, target, n_targets=1, *of_series):
    """The data of a case; nobody may write to it."""
    rng = np.random.default_rng(case.number)
    n_new = 6
    X, y = KINDS[kind](rng, case, case.n_rows + n_new, *of_series)
    y = _target(rng, y, target, n_targets, case)
    if case.oddity == "missing" and target == "series":
        y[1] = np.nan
    if kind == "series":
        n_learned = len(X) - n_new * (1 + of_series[0])
        return Data(X[:n_learned], y[:n_learned], X[n_learned:], y[n_learned:])
    n = case.n_rows
    return Data(X[:n], y[:n], X[n:], y[n:])


def _quarters(rng, case, n_rows, bound=16):
    """Multiples of 1/4: exact in every float type, in other units and after small shifts."""
    numbers = rng.integers(-bound, bound + 1, n_rows) / 4.0
    if case.oddity == "whole":
        return np.floor(numbers)
    if case.oddity == "constant":
        return np.full(n_rows, numbers[0])
    if case.oddity == "ties":
        return np.where(rng.random(n_rows) < 0.7, 0.0, numbers)
    if case.oddity == "outlier":
        numbers[rng.integers(n_rows // 2)] = 1024.0
    return numbers


def _numbers(rng, case, n_rows, *of_series):
    plain = case._replace(oddity="whole" if case.oddity == "whole" else "plain")
    X = pd.DataFrame({name: _quarters(rng, plain, n_rows) for name in "ab"})
    X["c"] = _quarters(rng, case, n_rows)
    y = X["a"].to_numpy() - X["b"].to_numpy() + rng.integers(-2, 3, n_rows) / 4.0
    if case.oddity == "missing":
        X.loc[1, "c"] = np.nan
    return X, y


def _table(rng, case, n_rows, *of_series):
    X, y = _numbers(rng, case, n_rows)
    X = X.drop(columns="b")
    levels = np.array(["a", "b", "c"], dtype=object)
    X["text"] = levels[rng.integers(0, 3, n_rows)]
    X["flag"] = rng.random(n_rows) < 0.5
    X["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 1000, n_rows), "D")
    if case.oddity == "missing":
        X.loc[2, "text"] = None
        X.loc[0, "day"] = pd.NaT
    return X, y


def _series(rng, case, n_rows, grouped, times_are):
    """Times that are "dates", "numbers" or "none"; with `grouped` two series, whose rows take turns."""
    times = pd.date_range("2024-02-26", periods=n_rows) if times_are == "dates" else np.arange(n_rows)
    parts = []
    for name in (3, 1) if grouped else (None,):
        part = pd.DataFrame({"t": times})
        if grouped:
            part["g"] = name
        part["v"], part["w"] = _quarters(rng, case, n_rows), _quarters(rng, case, n_rows)
        if case.oddity == "missing":
            part.loc[2, "v"] = np.nan
        parts.append(part)
    X = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    if times_are == "none":
        X = X.drop(columns="t")
    return X, np.round(4 * np.sin(np.arange(len(X)))) / 4 + _quarters(rng, case, len(X))


def _target(rng, y, target, n_targets, case):
    if target == "labels":
        n_classes = 2 + case.number % 2
        labels = np.clip(np.searchsorted([0.0, 2.0], y), 0, n_classes - 1)
        labels[:n_classes] = np.arange(n_classes)  # every class is there
        return labels
    if target == "numbers" and n_targets > 1:
        return np.column_stack([y, *(rng.integers(-8, 9, len(y)) / 4.0 for _ in range(n_targets - 1))])
    return y


KINDS = {"numbers": _numbers, "table": _table, "series": _series}
