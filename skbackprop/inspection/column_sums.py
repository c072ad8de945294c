"""Sums of contributions for each column of X."""

import numpy as np


class ColumnSums:
    """Sums the contributions of all columns that a pipeline or an encoder makes from a column of X.

    `names` are the columns of X, then the columns that are made from several.
    """

    def __init__(self, model, X):
        names, own_names, sources = model.columns(X)
        places = model.expanded[0].places
        several = [i for i, source in enumerate(sources) if source is None]
        self.names = [*names, *(own_names[i] for i in several)]
        position = {i: len(names) + k for k, i in enumerate(several)}
        groups = np.array([position.get(i, source) for i, source in enumerate(sources)])[places]
        self.is_identity = np.array_equal(groups, np.arange(len(self.names)))
        self.order = np.argsort(groups, kind="stable")
        self.present, self.starts = np.unique(groups[self.order], return_index=True)

    def __call__(self, contributions):
        """From (n_samples, n_inputs, n_outputs) to (n_samples, n_columns, n_outputs)."""
        if self.is_identity:
            return contributions
        out = np.zeros((len(contributions), len(self.names), contributions.shape[2]))
        out[:, self.present] = np.add.reduceat(contributions[:, self.order], self.starts, axis=1)
        return out
