"""The levels of a categorical column: the number of each, and as columns of ones and zeros."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Levels:
    """Levels 1, ..., c in order; 0 stands for missing and unknown."""

    code_of: dict

    @property
    def values(self):
        return list(self.code_of)

    def codes(self, column):
        return column.codes(self.code_of)

    @property
    def n_one_hot(self):
        """Columns of `write_one_hot`: one for two levels, and at least one."""
        return max(1, len(self.code_of)) if len(self.code_of) != 2 else 1

    def write_one_hot(self, column, out):
        """One column a level, 1 where it is; of two levels one column, 1 or -1. Unknown: 0."""
        out[:] = self._one_hot()[self.codes(column)]

    def _one_hot(self):
        """The rows for the codes 0, ..., c."""
        n = len(self.code_of)
        if n == 2:
            return np.array([[0.0], [1.0], [-1.0]])
        return np.eye(n + 1, max(n, 1), k=-1)

    def one_hot_names(self, name):
        return [f"{name}_{level}" for level in self.values[: self.n_one_hot]] or [str(name)]


def learn_levels(column, min_frequency=1, max_categories=None):
    """Those of the column that are frequent enough; of more than `max_categories` the rarest are left out."""
    counts = {level: n for level, n in column.counts().items() if n >= min_frequency}
    if max_categories is not None and len(counts) > max_categories:
        kept = set(sorted(counts, key=counts.get, reverse=True)[:max_categories])
        counts = {level: n for level, n in counts.items() if level in kept}
    return Levels({level: code for code, level in enumerate(counts, start=1)})
