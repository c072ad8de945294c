"""The results of a gradient check, by layer."""

from dataclasses import dataclass
from html import escape

import pandas as pd

from skbackprop.inspection.differences import KINK, RIGHT, WRONG


@dataclass(eq=False, repr=False)
class GradientReport:
    """A comparison of backpropagation with central differences; print it to read it.

    Parameters
    ----------
    checks : DataFrame
        A row for each slope: network, layer, what (a parameter, "input" or "delta"), where (an index or a
        direction), alone (whether the layer was checked by itself), is_coordinate, backprop, differences, the
        relative error, and the verdict: "right", "wrong" or "kink".

    costs : DataFrame
        Passes, seconds and correct digits of backpropagation and of central differences, for the gradient
        of all parameters. The seconds of differences are the measured seconds of one pass times the number of
        passes. The digits of differences are the median over the coordinates. The digits of backpropagation
        in float32 are those that agree with float64.

    kinds : dict
        The class of each layer by its name.

    tolerance : float
        The largest relative error of a slope that counts as right.

    n_rows : int
        The number of rows that were used.
    """

    checks: pd.DataFrame
    costs: pd.DataFrame
    kinds: dict
    tolerance: float
    n_rows: int

    @property
    def right(self) -> bool:
        """Whether no slope is wrong."""
        return not (self.checks["verdict"] == WRONG).any()

    @property
    def wrong_layers(self) -> list:
        """The layers whose backward pass is wrong when checked alone, else those wrong in the network.

        A layer that contains a wrong layer is left out.
        """
        wrong = self.checks[self.checks["verdict"] == WRONG]
        names = wrong.loc[wrong["alone"], "layer"].unique().tolist() or wrong["layer"].unique().tolist()
        return [name for name in names if not any(other.startswith(f"{name}.") for other in names)]

    @property
    def layers(self) -> pd.DataFrame:
        """A DataFrame with a row for each array of each layer, with the largest error and its place."""
        in_network = self.checks["what"].isin(["input", "delta"]) | ~self.checks["alone"]
        rows = []
        order = {name: i for i, name in enumerate(self.kinds)}
        for (layer, what), part in self.checks[in_network].groupby(["layer", "what"], sort=False):
            certain = part[part["verdict"] != KINK]
            worst = (part if certain.empty else certain).sort_values("error").iloc[-1]
            verdict = WRONG if (part["verdict"] == WRONG).any() else KINK if certain.empty else RIGHT
            rows.append(
                {
                    "layer": layer,
                    "kind": self.kinds.get(layer, ""),
                    "what": what,
                    "checked": len(part),
                    "kinks": int((part["verdict"] == KINK).sum()),
                    "largest error": worst["error"],
                    "where": worst["where"],
                    "verdict": verdict,
                }
            )
        rows.sort(key=lambda row: order.get(row["layer"], -1))
        return pd.DataFrame(rows)

    def to_frame(self) -> pd.DataFrame:
        """The same as `layers`."""
        return self.layers

    def _headlines(self):
        checks = self.checks[self.checks["verdict"] != KINK]
        n_kinks = len(self.checks) - len(checks)
        if self.right:
            yield (
                f"Backpropagation is right: {len(checks)} slopes on {self.n_rows} rows agree with central "
                f"differences, the largest relative error is {checks['error'].max():.1e}."
            )
        else:
            wrong = checks[checks["verdict"] == WRONG]
            yield (
                f"Backpropagation is WRONG: {len(wrong)} of {len(checks)} slopes on {self.n_rows} rows "
                f"differ from central differences by more than {self.tolerance:g}."
            )
            for name in self.wrong_layers:
                what = wrong.loc[wrong["layer"] == name].sort_values("alone", kind="stable")["what"].unique()
                slopes = ", ".join(f"dE/d({name})" for name in what)
                yield f"{name} ({self.kinds.get(name, '')}) is wrong by itself: {slopes}."
        if n_kinks:
            yield (
                f"{n_kinks} slopes are at a kink: the slopes on both sides differ, and backpropagation gives "
                "one between them."
            )

    def __repr__(self):
        layers = self.layers.to_string(index=False, float_format=lambda value: f"{value:.1e}")
        costs = self.costs.to_string(float_format=lambda value: f"{value:.3g}")
        headlines = "\n".join(self._headlines())
        return f"{headlines}\n\n{layers}\n\n{costs}"

    def _repr_html_(self):
        layers = self.layers.to_html(index=False, float_format=lambda value: f"{value:.1e}")
        costs = self.costs.to_html(float_format=lambda value: f"{value:.3g}")
        headlines = "<br>".join(map(escape, self._headlines()))
        return f"<p>{headlines}</p>{layers}{costs}"
