"""The picture of what each feature contributes."""

import numpy as np
import pandas as pd

from skbackprop.axes import panels
from skbackprop.inspection.displays.style import BLUE, GRAY, RED, plain


class AttributionDisplay:
    """Bars for the features, the largest above; a panel for each output.

    Of several rows, a bar is the mean absolute attribution. Of one row it is the attribution itself, red
    above 0 and blue below. The order is the same for all outputs: that of the sum of the bars over them.

    Parameters
    ----------
    attributions : Attributions, DataFrame or array-like
        What `integrated_gradients`, `expected_gradients` and the like give, a frame of theirs, or an array of
        shape (n_features,), (n_samples, n_features) or (n_samples, n_features, n_outputs).

    feature_names : list of str or None, default=None
        Names of the features. None: those of `attributions`, else x1, x2, ...

    value_name : str, default="attribution"
        What the bars show.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One for each output.

    ax_ : Axes
        That of the first output.

    figure_ : Figure
        The picture.

    bars_ : list of BarContainer
        The bars of each output, from the one above.
    """

    def __init__(self, attributions, *, feature_names=None, value_name="attribution"):
        self.attributions = attributions
        self.feature_names = feature_names
        self.value_name = value_name

    def plot(self, ax=None, *, max_features=15):
        """Draw.

        Parameters
        ----------
        ax : Axes, array-like of Axes or None, default=None
            Where to draw: one for each output, or one that is divided. None: in a new figure.

        max_features : int, default=15
            The most bars. Where there are more features, the last bar is the sum of the others'.

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
        self.bars_ = []
        for ax, output, widths in zip(self.axes_, outputs, bars.T):
            colors = np.where(widths < 0, BLUE, RED) if of_one_row else BLUE
            self.bars_.append(ax.barh(np.arange(len(widths)), widths, color=colors, height=0.7))
            texts = [f"{width:.2g}" for width in widths]
            ax.bar_label(self.bars_[-1], texts, padding=3, fontsize=8, color=GRAY)
            ax.set_yticks(np.arange(len(widths)), names)
            ax.invert_yaxis()
            ax.margins(x=0.16)
            ax.axvline(0, color="black", linewidth=0.8)
            ax.set_xlabel(self.value_name if of_one_row else f"mean |{self.value_name}|")
            ax.set_title(output, fontsize=10)
            plain(ax)
        return self

    def _values(self):
        """An array of shape (n_samples, n_features, n_outputs), names of the features and of the outputs."""
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
                    f"attributions has shape {np.shape(given)}: (n_features,), (n_samples, n_features) or "
                    "(n_samples, n_features, n_outputs) is allowed."
                )
            names, outputs = (range(1, n + 1) for n in values.shape[1:])
            names, outputs = [f"x{k}" for k in names], [f"output {k}" for k in outputs]
        names = names if self.feature_names is None else self.feature_names
        if len(names) != values.shape[1]:
            raise ValueError(f"feature_names has {len(names)} names for {values.shape[1]} features.")
        return values, list(map(str, names)), outputs if len(outputs) > 1 else [""]


def _of_frame(frame):
    if not isinstance(frame.columns, pd.MultiIndex):
        return frame.to_numpy(dtype=float)[:, :, None], list(frame.columns), [""]
    outputs = list(frame.columns.get_level_values(0).unique())
    values = np.stack([frame[output].to_numpy(dtype=float) for output in outputs], axis=2)
    return values, list(frame[outputs[0]].columns), outputs


def _largest(names, bars, most):
    """Names and bars, the largest first; the last one may stand for all others."""
    if most < 1:
        raise ValueError(f"max_features={most!r} must be at least 1.")
    order = np.argsort(-np.abs(bars).sum(axis=1), kind="stable")
    names, bars = [names[k] for k in order], bars[order]
    if len(names) <= most:
        return names, bars
    n_kept = most - 1
    others = bars[n_kept:].sum(axis=0, keepdims=True)
    return [*names[:n_kept], f"{len(names) - n_kept} others, together"], np.vstack([bars[:n_kept], others])
