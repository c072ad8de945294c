"""The levels of a categorical column: the code of each, and as columns of ones and zeros."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skbackprop.preprocessing.columns import type_in_words


@dataclass(frozen=True)
class Levels:
    """Codes 1, ..., c of the levels; 0 stands for missing, rare and unknown ones."""

    values: list
    types: tuple[str, ...]  # in words, of all levels that `fit` saw, the rare ones too

    @cached_property
    def code_of(self):
        return {level: code for code, level in enumerate(self.values, start=1)}

    def __getstate__(self):
        return {"values": self.values, "types": self.types}  # keys of a dict are text in some files

    @property
    def n_codes(self):
        return len(self.values) + 1

    @property
    def n_one_hot(self):
        """A column for each level; a single column for two levels, and one of zeros without levels."""
        return len(self.values) if len(self.values) > 2 else 1

    def codes(self, column):
        codes = column.codes(self.code_of)
        if self.types and not codes.any():
            self._check_types(column)
        return codes

    def _check_types(self, column):
        """Levels of another type than in `fit` are all unknown: 1 is not "1"."""
        levels = column.counts()
        if levels and not any(type_in_words(level) in self.types for level in levels):
            level = next(iter(levels))
            raise ValueError(
                f"The column {column.name!r} held {' and '.join(self.types)} in fit; now it holds {level!r}, "
                f"{type_in_words(level)}. A category comes in the type that it had in fit: astype changes "
                "it, or dtype= where a file is read."
            )

    def write_one_hot(self, column, out):
        """1 in the column of the level, 0 elsewhere; of two levels 1 or -1 in one column."""
        codes = self.codes(column)
        if len(self.values) == 2:
            out[:, 0] = np.array([0.0, 1.0, -1.0])[codes]
        else:
            out[:] = 0.0
            known = np.flatnonzero(codes)
            out[known, codes[known] - 1] = 1.0

    def one_hot_names(self, name):
        return [f"{name}_{level}" for level in self.values[: self.n_one_hot]] or [str(name)]


def learn_levels(column, min_frequency, max_categories):
    """Levels that are frequent enough; of more than `max_categories` the rarest are left out."""
    counts = column.counts()
    types = tuple(sorted(set(map(type_in_words, counts))))
    counts = {level: n for level, n in counts.items() if n >= min_frequency}
    kept = set(sorted(counts, key=counts.get, reverse=True)[:max_categories])
    return Levels([level for level in counts if level in kept], types)
