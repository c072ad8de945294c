"""The plot of the distribution of a network's weights."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from skbackprop.axes import panels
from skbackprop.inspection.displays.style import BLUE, GRAY, plain
from skbackprop.inspection.opened import opened


class WeightHistogramDisplay:
    """Histograms of the weights: a panel for each layer, all on one scale.

    Parameters
    ----------
    weights : dict of str to array-like
        The weights of each layer, by the name of the layer.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One for each layer.

    ax_ : Axes
        The Axes of the first layer.

    figure_ : Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import WeightHistogramDisplay
    >>> net = BackpropClassifier(hidden_layer_sizes=(20, 10), solver="lbfgs", random_state=0)
    >>> net = net.fit(*load_iris(return_X_y=True))
    >>> display = WeightHistogramDisplay.from_estimator(net)
    >>> list(display.weights)
    ['layers[0] Dense', 'layers[1] Dense', 'layers[2] Dense']
    """

    def __init__(self, weights):
        self.weights = weights

    @classmethod
    def from_estimator(cls, estimator: BaseEstimator, *, bins: int = 30, ax: Any = None) -> Self:
        """Draw the weights of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted network, tabular or not, or a Pipeline, a search or a TransformedTargetRegressor that
            ends in one. For a tabular estimator the weights of all members are used together. Biases are not
            used.

        bins : int, default=30
            The number of bins between the smallest and the largest weight.

        ax : Axes, array-like of Axes or None, default=None
            Where to draw: one for each layer, or one that is divided. None: in a new figure.

        Returns
        -------
        display : WeightHistogramDisplay

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        found: dict[str, list] = {}
        for network in opened(estimator).trained_networks:
            for name, layer, params, _ in network.parts():
                if hasattr(params, "weight"):
                    key = f"{name} {type(layer).__name__}".strip()
                    found.setdefault(key, []).append(np.ravel(params.weight))
        return cls({name: np.concatenate(parts) for name, parts in found.items()}).plot(ax, bins=bins)

    def plot(self, ax: Any = None, *, bins: int = 30) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, array-like of Axes or None, default=None
            Where to draw: one for each layer, or one that is divided. None: in a new figure.

        bins : int, default=30
            The number of bins between the smallest and the largest weight.

        Returns
        -------
        self : object
        """
        self.axes_ = panels(ax, len(self.weights), n_columns=3, size=(3.4, 2.8))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        largest = max(np.abs(weights).max() for weights in self.weights.values())
        edges = np.linspace(-largest, largest, bins + 1) if largest else bins
        for ax, (name, weights) in zip(self.axes_, self.weights.items()):
            weights = np.ravel(weights)
            ax.hist(weights, edges, color=BLUE, edgecolor="white", linewidth=0.3)
            ax.axvline(0, color=GRAY, linewidth=1, linestyle=":")
            ax.set_title(
                f"{name}\n{len(weights):,} weights, std {np.std(weights):.2g}", fontsize=9, loc="left"
            )
            ax.set(xlabel="weight", ylabel="number of weights")
            ax.yaxis.get_major_locator().set_params(integer=True)
            plain(ax)
        return self
