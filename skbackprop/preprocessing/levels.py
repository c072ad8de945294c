"""The levels of a categorical column: the code of each, and as columns of ones and zeros."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Levels:
    """Codes 1, ..., c of the levels; 0 stands for missing, rare and unknown ones."""

    code_of: dict

    @property
    def values(self):
        return list(self.code_of)

    @property
    def n_codes(self):
        return len(self.code_of) + 1

    @property
    def n_one_hot(self):
        """A column a level; one for two levels, and one of zeros for none."""
        return len(self.code_of) if len(self.code_of) > 2 else 1

    def codes(self, column):
        return column.codes(self.code_of)

    def write_one_hot(self, column, out):
        """1 in the column of the level, 0 elsewhere; of two levels 1 or -1 in one column."""
        codes = self.codes(column)
        if len(self.code_of) == 2:
            out[:, 0] = np.array([0.0, 1.0, -1.0])[codes]
        else:
            out[:] = 0.0
            known = np.flatnonzero(codes)
            out[known, codes[known] - 1] = 1.0

    def one_hot_names(self, name):
        return [f"{name}_{level}" for level in self.values[: self.n_one_hot]] or [str(name)]


def learn_levels(column, min_frequency, max_categories):
    """Levels that are frequent enough; of more than `max_categories` the rarest are left out."""
    counts = {level: n for level, n in column.counts().items() if n >= min_frequency}
    kept = set(sorted(counts, key=counts.get, reverse=True)[:max_categories])
    return Levels({level: code for code, level in enumerate((v for v in counts if v in kept), start=1)})
