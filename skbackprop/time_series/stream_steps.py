"""The steps of a streaming pipeline: how they continue to learn, and with which rows they can begin."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion
from sklearn.utils import get_tags

from skbackprop.compat import num_samples, safe_indexing
from skbackprop.time_series.features import HistoryFeatures, TimeFeatures
from skbackprop.time_series.rows import is_polars

UNFITTED = ("drop", "passthrough")


def parts_of(step):
    """Name, transformer and columns of each part of a union, before and after its fit; columns None: all."""
    if isinstance(step, FeatureUnion):
        return [(name, part, None) for name, part in step.transformer_list if part not in UNFITTED]
    if not isinstance(step, ColumnTransformer):
        return None
    known = getattr(step, "transformers_", [*step.transformers, ("remainder", step.remainder, None)])
    return [(name, part, columns) for name, part, columns in known if part not in UNFITTED]


class First(NamedTuple):
    """What came before the last step has learned anything."""

    params: dict = {}  # of its first call, such as `classes`
    rows: tuple | None = None  # X, y, sample_weight, where a step could not begin with them

    def rows_with(self, *rows):
        """These rows and those that follow."""
        if self.rows is None:
            return rows
        together = []
        for name, before, after in zip(("X", "y", "sample_weight"), self.rows, rows):
            if (before is None) != (after is None):
                raise ValueError(
                    f"{name}: given for some of the first rows of the stream, not for all: give it always."
                )
            columns = [list(getattr(part, "columns", [])) for part in (before, after)]
            if columns[0] != columns[1]:
                raise ValueError(f"{name} has the columns {columns[1]}, but had {columns[0]} before.")
            together.append(None if after is None else stacked(before, after))
        return together


def waits(step, features, n_missing):
    """Whether a step must not begin with such features: a column is empty, as too few rows came so far.

    Many transformers and estimators stay wrong after a first chunk with an empty column: means that are NaN
    remain NaN. At most `n_missing` rows are too few; a column may be empty for other reasons.
    """
    if n_missing < num_samples(features) or not begins_with_values(step) or sparse.issparse(features):
        return False
    if is_polars(features):
        features = {name: features.get_column(name).to_numpy() for name in features.columns}
    return bool(pd.DataFrame(features).isna().all().any())


def leaves(step):
    """The transformers of a union, one by one."""
    parts = parts_of(step)
    if parts is not None:
        return [leaf for _, part, _ in parts for leaf in leaves(part)]
    return [] if step is None or step in UNFITTED else [step]


def begins_with_values(step):
    """Whether statistics of its first chunk are its beginning; features of time do not depend on them."""
    return any(hasattr(leaf, "partial_fit") and not isinstance(leaf, TimeFeatures) for leaf in leaves(step))


def n_looked_back_on(step):
    """For how many rows at most its features may be missing, in all series."""
    kinds = [leaf for leaf in leaves(step) if isinstance(leaf, HistoryFeatures)]
    return max((leaf._n_missing() * len(leaf.history_.ids) for leaf in kinds), default=0)


def follow(step):
    """From now on rows without time come after those learned."""
    for leaf in leaves(step):
        if isinstance(leaf, HistoryFeatures):
            leaf._in_stream = True


def check_learns(name, step):
    """An error for a transformer that cannot continue to learn."""
    if step is None or step == "passthrough":
        return
    parts = parts_of(step)
    for part_name, part, _ in parts or []:
        check_learns(f"{name}__{part_name}", part)
    if parts is None and not hasattr(step, "partial_fit") and get_tags(step).requires_fit:
        raise ValueError(
            f"The step {name!r}, {type(step).__name__}, cannot learn from a stream: it has no "
            "partial_fit, and needs a fit."
        )


def learn(step, X):
    """Learn the rows once."""
    parts = parts_of(step)
    for _, part, columns in parts or []:
        learn(part, X if columns is None else safe_indexing(X, columns, axis=1))
    if parts is None and hasattr(step, "partial_fit"):
        step.partial_fit(X)


def stacked(first, second):
    """Rows of one after those of the other."""
    if isinstance(first, pd.DataFrame):
        return pd.concat([first, second])
    if is_polars(first):
        import polars

        return polars.concat([first, second], how="vertical_relaxed")
    if sparse.issparse(first):
        return sparse.vstack([first, second], format="csr")
    return np.concatenate([first, second])
