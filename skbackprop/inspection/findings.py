"""The findings of a diagnosis, each with a number and a remedy."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from html import escape

import pandas as pd


@dataclass(frozen=True)
class Finding:
    """One problem of a network.

    Parameters
    ----------
    name : str
        The problem: dead_layer, dead_units, saturated_units, vanishing_deltas, exploding_deltas,
        large_updates, small_updates, no_better_than_constant, unscaled_inputs, unscaled_targets or
        imbalanced_classes.

    where : str
        The layer, the column, the output or the classes.

    number : float
        The measured number.

    message : str
        The number in a sentence.

    remedy : str
        What to try.
    """

    name: str
    where: str
    number: float
    message: str
    remedy: str

    def __str__(self):
        return f"{self.name}, {self.where}: {self.message} {self.remedy}"


class Diagnosis(Sequence):
    """The findings, in the order in which to fix them; empty if there are no problems.

    Parameters
    ----------
    findings : list of Finding
        The findings.

    n_rows : int
        The number of rows that were used.
    """

    def __init__(self, findings, n_rows):
        self.findings, self.n_rows = findings, n_rows

    def __len__(self):
        return len(self.findings)

    def __getitem__(self, place):
        return self.findings[place]

    @property
    def names(self) -> list[str]:
        """The names of the findings."""
        return [finding.name for finding in self]

    def to_frame(self) -> pd.DataFrame:
        """A row for each finding."""
        return pd.DataFrame([astuple(finding) for finding in self], columns=[f.name for f in fields(Finding)])

    def __repr__(self):
        return "\n".join(map(str, self)) or f"Nothing found on {self.n_rows} rows."

    def _repr_html_(self):
        return self.to_frame()._repr_html_() if len(self) else f"<p>{escape(repr(self))}</p>"
