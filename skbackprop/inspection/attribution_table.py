"""Attributions: an array with names."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(eq=False, repr=False)
class Attributions:
    """Attributions: a number for each row, column and output.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns, n_outputs)
        The attributions, or gradients.

    columns : list of str
        Names of the columns.

    outputs : list
        Names of the outputs: classes, or y, y0, y1, ..., with quantiles if the model has several.

    predictions : ndarray of shape (n_samples, n_outputs)
        f(x): the predictions or net inputs, as requested by `of`.

    base_values : ndarray of shape (1 or n_samples, n_outputs), default=None
        f of the baseline, or the mean of f over the background; None without a baseline.

    standard_errors : ndarray of shape (n_samples, n_columns, n_outputs), default=None
        Standard errors of values that are estimated from samples.

    index : Index, default=None
        The index of the given DataFrame.
    """

    values: np.ndarray
    columns: list
    outputs: list
    predictions: np.ndarray
    base_values: np.ndarray | None = None
    standard_errors: np.ndarray | None = None
    index: pd.Index | None = None

    @property
    def completeness_errors(self) -> np.ndarray | None:
        """f(x) - f(baseline) - the sum over the columns, (n_samples, n_outputs); None without a baseline."""
        if self.base_values is None:
            return None
        return self.predictions - self.base_values - self.values.sum(axis=1)

    def to_frame(self) -> pd.DataFrame:
        """A DataFrame of the values; with several outputs its columns have a level for them on top."""
        if len(self.outputs) == 1:
            return pd.DataFrame(self.values[:, :, 0], self.index, self.columns)
        columns = pd.MultiIndex.from_product([self.outputs, self.columns], names=["output", "column"])
        by_output = self.values.transpose(0, 2, 1).reshape(len(self.values), -1)
        return pd.DataFrame(by_output, self.index, columns)

    def importance(self) -> pd.DataFrame:
        """The mean of |value| over the rows, sorted with the largest first; a column for each output."""
        frame = pd.DataFrame(np.abs(self.values).mean(axis=0), self.columns, self.outputs)
        return frame.loc[frame.sum(axis=1).sort_values(ascending=False, kind="stable").index]

    def __repr__(self):
        n_rows, n_columns, n_outputs = self.values.shape
        text = f"Attributions of {n_rows} rows, {n_columns} columns, {n_outputs} output(s)"
        if self.base_values is not None:
            text += f"; sums miss f(x) - f(baseline) by at most {np.abs(self.completeness_errors).max():.2g}"
        return text

    def _repr_html_(self):
        return f"<p>{self!r}</p>{self.importance()._repr_html_()}"
