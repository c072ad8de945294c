"""The plot of how much each feature contributes."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from skbackprop.axes import panels, pyplot
from skbackprop.inspection.attribution_table import Attributions
from skbackprop.inspection.attributions import integrated_gradients
from skbackprop.inspection.displays.style import BLUE, GRAY, RED, plain


class AttributionDisplay:
    """Bars for the features, with the largest at the top, and a panel for each output.

    For several rows, a bar is the mean absolute attribution. For one row it is the attribution itself, red
    above 0 and blue below. The order is the same for all outputs, by the sum of the bars over the outputs.

    Parameters
    ----------
    attributions : Attributions, DataFrame or array-like
        The result of `integrated_gradients`, `expected_gradients` and similar functions, its DataFrame, or an
        array of shape (n_features,), (n_samples, n_features) or (n_samples, n_features, n_outputs).

    feature_names : list of str or None, default=None
        Names of the features. None: those of `attributions`, or x1, x2, ...

    value_name : str, default="attribution"
        The name of the plotted values.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One for each output.

    ax_ : Axes
        The Axes of the first output.

    figure_ : Figure
        The figure.

    bars_ : list of BarContainer
        The bars of each output, from top to bottom.
    """

    def __init__(self, attributions, *, feature_names=None, value_name="attribution"):
        self.attributions = attributions
        self.feature_names = feature_names
        self.value_name = value_name

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any,
        *,
        baseline: ArrayLike | None = None,
        of: str = "prediction",
        max_features: int = 15,
        ax: Any = None,
    ) -> Self:
        """Draw the integrated gradients of some rows, whose sum is f(x) - f(baseline).

        To draw other attributions, pass them: ``AttributionDisplay(expected_gradients(...)).plot()``.

        Parameters
        ----------
        estimator : estimator
            A fitted network, tabular or not, or a Pipeline, a search or a TransformedTargetRegressor that
            ends in one.

        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Rows in the form that the estimator takes.

        baseline : array-like or DataFrame of shape (1, n_features) or (n_samples, n_features), default=None
            The rows to compare with. None: the mean of the rows, as inputs of the network. A single row needs
            a baseline, because it equals its own mean.

        of : {'prediction', 'net_input'}, default='prediction'
            As in `integrated_gradients`.

        max_features : int, default=15
            The largest number of bars.

        ax : Axes, array-like of Axes or None, default=None
            Where to draw: one for each output, or one that is divided. None: in a new figure.

        Returns
        -------
        display : AttributionDisplay

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        pyplot()  # raises an error now, not after the work
        found = integrated_gradients(estimator, X, baseline=baseline, of=of)
        return cls(found, value_name="integrated gradient").plot(ax, max_features=max_features)

    def plot(self, ax: Any = None, *, max_features: int = 15) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, array-like of Axes or None, default=None
            Where to draw: one for each output, or one that is divided. None: in a new figure.

        max_features : int, default=15
            The largest number of bars. If there are more features, the last bar is the sum of all others.

        Returns
        -------
        self : object
        """
        values, features, outputs = self._values()
        of_one_row = len(values) == 1
        bars = values[0] if of_one_row else np.abs(values).mean(axis=0)  # (n_features, n_outputs)
        names, bars = _largest(features, bars, max_features)
        width = 6.5 if len(outputs) == 1 else 4
        self.axes_ = panels(ax, len(outputs), n_columns=3, size=(width, 0.32 * len(bars) + 1.2))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        places, label = np.arange(len(bars)), self.value_name if of_one_row else f"mean |{self.value_name}|"
        self.bars_ = []
        for ax, output, widths in zip(self.axes_, outputs, bars.T):
            colors = np.where(widths < 0, BLUE, RED) if of_one_row else BLUE
            self.bars_.append(ax.barh(places, widths, color=colors, height=0.7))
            texts = [f"{width:.2g}" for width in widths]
            ax.bar_label(self.bars_[-1], texts, padding=3, fontsize=8, color=GRAY)
            ax.set_yticks(places, names)
            ax.tick_params(labelleft=ax.get_subplotspec() is None or ax.get_subplotspec().is_first_col())
            ax.set(ylim=(len(bars) - 0.5, -0.5), xlim=_limits(bars), xlabel=label)
            ax.axvline(0, color="black", linewidth=0.8)
            if len(outputs) > 1:
                ax.set_title(f"output {output}", fontsize=10)
            plain(ax)
        return self

    def _values(self):
        """The array of shape (n_samples, n_features, n_outputs), names of features, names of outputs."""
        given = self.attributions
        if isinstance(given, Attributions):
            given = given.to_frame()
        if isinstance(given, pd.Series):
            given = given.to_frame().T
        if isinstance(given, pd.DataFrame):
            values, names, outputs = _of_frame(given)
        else:
            values = np.asarray(given, dtype=float)
            values = values[None] if values.ndim == 1 else values
            values = values[:, :, None] if values.ndim == 2 else values
            if values.ndim != 3 or not values.size:
                raise ValueError(
                    f"attributions has shape {np.shape(given)}, but it must be (n_features,), "
                    "(n_samples, n_features) or (n_samples, n_features, n_outputs)."
                )
            names, outputs = (range(1, n + 1) for n in values.shape[1:])
            names, outputs = [f"x{k}" for k in names], [str(k) for k in outputs]
        names = names if self.feature_names is None else self.feature_names
        if len(names) != values.shape[1]:
            raise ValueError(f"feature_names has {len(names)} names for {values.shape[1]} features.")
        return values, list(map(str, names)), outputs


def _of_frame(frame):
    if not isinstance(frame.columns, pd.MultiIndex):
        return frame.to_numpy(dtype=float)[:, :, None], list(frame.columns), [""]
    outputs = list(frame.columns.get_level_values(0).unique())
    values = np.stack([frame[output].to_numpy(dtype=float) for output in outputs], axis=2)
    return values, list(frame[outputs[0]].columns), outputs


def _largest(names, bars, most):
    """Names and bars, sorted with the largest first; the last bar may be the sum of all others."""
    if most < 1:
        raise ValueError(f"max_features={most!r} must be at least 1.")
    order = np.argsort(-np.abs(bars).sum(axis=1), kind="stable")
    names, bars = [names[k] for k in order], bars[order]
    if len(names) <= most:
        return names, bars
    n_kept = most - 1
    others = bars[n_kept:].sum(axis=0, keepdims=True)
    return [*names[:n_kept], f"{len(names) - n_kept} others, together"], np.vstack([bars[:n_kept], others])


def _limits(bars):
    """The limits of all panels, with room for the numbers at the ends of the bars."""
    low, high = min(bars.min(), 0.0), max(bars.max(), 0.0)
    room = 0.2 * (high - low) or 1.0
    return low - room * (low < 0), high + room * (high > 0 or low == 0)
