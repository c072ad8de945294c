"""The picture of what each feature contributes."""

import numpy as np
import pandas as pd

from skbackprop.axes import panels
from skbackprop.inspection.displays.style import BLUE, GRAY, RED, plain


class AttributionDisplay:
    """Bars for the features, the largest above.

    Of several rows, a bar is the mean absolute attribution. Of one row it is the attribution itself, red
    above 0 and blue below.

    Parameters
    ----------
    attributions : DataFrame or array-like of shape (n_samples, n_features) or (n_features,)
        What each feature contributes to the prediction of each row.

    feature_names : list of str or None, default=None
        Names of the features. None: the columns' of a DataFrame, else x1, x2, ...

    value_name : str, default="attribution"
        What the bars show.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn.

    figure_ : Figure
        The picture.

    bars_ : BarContainer
        The bars, from the one above.
    """

    def __init__(self, attributions, *, feature_names=None, value_name="attribution"):
        self.attributions = attributions
        self.feature_names = feature_names
        self.value_name = value_name

    def plot(self, ax=None, *, max_features=15):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Where to draw. None: in a new figure.

        max_features : int, default=15
            The most bars. Where there are more features, the last bar is the sum of the others'.

        Returns
        -------
        self : object
        """
        names, values = self._bars(max_features)
        self.ax_ = panels(ax, 1, size=(6.5, 0.32 * len(values) + 1.2))[0]
        self.figure_ = self.ax_.figure
        colors = np.where(values < 0, BLUE, RED) if self._of_one_row() else BLUE
        self.bars_ = self.ax_.barh(np.arange(len(values)), values, color=colors, height=0.7)
        self.ax_.bar_label(
            self.bars_, [f"{value:.2g}" for value in values], padding=3, fontsize=8, color=GRAY
        )
        self.ax_.set_yticks(np.arange(len(values)), names)
        self.ax_.invert_yaxis()
        self.ax_.margins(x=0.12)
        self.ax_.axvline(0, color="black", linewidth=0.8)
        self.ax_.set_xlabel(self.value_name if self._of_one_row() else f"mean |{self.value_name}|")
        plain(self.ax_)
        return self

    def _of_one_row(self):
        return np.ndim(self.attributions) == 1 or len(self.attributions) == 1

    def _bars(self, max_features):
        """Names and values, the largest first."""
        values = np.asarray(self.attributions, dtype=float)
        if values.ndim not in (1, 2) or not values.size:
            raise ValueError(
                f"attributions has shape {values.shape}: (n_samples, n_features) or (n_features,) is allowed."
            )
        if max_features < 1:
            raise ValueError(f"max_features={max_features!r} must be at least 1.")
        values = np.ravel(values) if self._of_one_row() else np.abs(values).mean(axis=0)
        names = np.array([str(name) for name in self._names(len(values))], dtype=object)
        order = np.argsort(-np.abs(values), kind="stable")
        names, values = names[order], values[order]
        if len(values) <= max_features:
            return names, values
        kept = max_features - 1
        others = f"{len(values) - kept} others, together"
        return np.append(names[:kept], others), np.append(values[:kept], values[kept:].sum())

    def _names(self, n_features):
        names = self.feature_names
        if names is None and isinstance(self.attributions, pd.DataFrame):
            names = self.attributions.columns
        if names is None and isinstance(self.attributions, pd.Series):
            names = self.attributions.index
        if names is None:
            return [f"x{k}" for k in range(1, n_features + 1)]
        if len(names) != n_features:
            raise ValueError(f"feature_names has {len(names)} names for {n_features} features.")
        return names
