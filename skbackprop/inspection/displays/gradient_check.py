"""The plot of a gradient check: backpropagation compared with central differences."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from skbackprop.axes import panels, pyplot
from skbackprop.inspection.displays.style import BLUE, GRAY, GREEN, RED, legend_above, plain
from skbackprop.inspection.gradient_check import check_gradients

STYLES = {  # for each verdict
    "right": {"color": BLUE, "marker": "o", "s": 16, "alpha": 0.6},
    "kink": {"color": GREEN, "marker": "^", "s": 30},
    "wrong": {"color": RED, "marker": "X", "s": 40},
}
LOWEST = 1e-16  # smaller relative errors, also 0, are drawn at this height


class GradientCheckDisplay:
    """Two panels: the slopes by both methods, which lie on the diagonal, and relative errors by layer.

    Parameters
    ----------
    report : GradientReport
        The result of `check_gradients`.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The Axes of the slopes and of the errors.

    ax_ : Axes
        The Axes of the slopes.

    figure_ : Figure
        The figure.

    slopes_ : dict of str to PathCollection
        The points of the slopes for each verdict, "right", "kink" or "wrong": x by central differences, y by
        backpropagation.

    errors_ : dict of str to PathCollection
        The points of the errors, for each verdict.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import GradientCheckDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> net = BackpropClassifier((10,), "tanh", random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    >>> display = GradientCheckDisplay.from_estimator(net, X, y, random_state=0)
    >>> list(display.slopes_)
    ['right']
    """

    def __init__(self, report):
        self.report = report

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        ax: Any = None,
        **settings: Any,
    ) -> Self:
        """Check the gradients of a fitted network, and draw the result.

        Parameters
        ----------
        estimator : estimator
            As in `check_gradients`.

        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Rows in the form that the estimator takes.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.

        sample_weight : array-like of shape (n_samples,), default=None
            The sample weights.

        ax : Axes, array-like of 2 Axes or None, default=None
            Where to draw: two, or one that is divided. None: in a new figure.

        **settings : dict
            Other arguments of `check_gradients`: `n_coordinates`, `n_directions`, `n_rows`, `tolerance`,
            `random_state`.

        Returns
        -------
        display : GradientCheckDisplay

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        pyplot()  # raises an error now, not after the work
        return cls(check_gradients(estimator, X, y, sample_weight, **settings)).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, array-like of 2 Axes or None, default=None
            Where to draw: two, or one that is divided. None: in a new figure.

        Returns
        -------
        self : object
        """
        checks = self.report.checks
        layers = [name for name in self.report.kinds if (checks["layer"] == name).any()]
        self.axes_ = panels(ax, 2, n_columns=2, size=(5, max(4, 1 + 0.3 * len(layers))))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.slopes_, self.errors_ = {}, {}
        for verdict, style in STYLES.items():
            part = checks[checks["verdict"] == verdict]
            if len(part):
                places = part["layer"].map(layers.index) + _spread(part)
                label = f"{verdict}: {len(part)}"
                self.slopes_[verdict] = self.ax_.scatter(
                    part["differences"], part["backprop"], label=label, zorder=2, **style
                )
                self.errors_[verdict] = self.axes_[1].scatter(
                    np.maximum(part["error"], LOWEST), places, zorder=2, **style
                )
        self._finish_slopes()
        self._finish_errors(layers)
        return self

    def _finish_slopes(self):
        self.ax_.axline((0, 0), slope=1, color=GRAY, linewidth=0.8, zorder=1)
        self.ax_.set(xlabel="slope by central differences", ylabel="slope by backpropagation")
        self.ax_.locator_params(axis="x", nbins=5)
        plain(self.ax_)
        legend_above(self.ax_)

    def _finish_errors(self, layers):
        ax, tolerance = self.axes_[1], self.report.tolerance
        ax.axvline(
            tolerance, color=GRAY, linewidth=0.8, linestyle="--", label=f"tolerance {tolerance:g}", zorder=1
        )
        ax.set_xscale("log")
        ax.set_yticks(
            np.arange(len(layers)), [f"{name} {self.report.kinds[name]}" for name in layers], fontsize=8
        )
        ax.set_ylim(len(layers) - 0.5, -0.5)
        ax.set_xlabel("relative error")
        plain(ax)
        legend_above(ax)


def _spread(part):
    """Small horizontal distances between the points of a layer, so that all are visible."""
    order = part.groupby("layer").cumcount()
    return 0.6 * ((order * 0.618034) % 1.0 - 0.5)
