"""The plot of a network: nodes, and lines for weights or gradients."""

from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from skbackprop.axes import panels, pyplot
from skbackprop.inspection.displays.drawn_layers import drawn_layers
from skbackprop.inspection.displays.style import DIVERGING, GRAY
from skbackprop.inspection.opened import opened
from skbackprop.inspection.trace import trace

WIDTHS = 0.3, 4.0  # of lines, in points: for 0 and for the largest value


class NetworkDisplay:
    """A network with a line for each weight: red above 0, blue below 0, wider for larger values.

    Each column of nodes is a layer, with the input on the left; a square is the input of a layer's biases.

    Parameters
    ----------
    weights : list of array-like of shape (n_inputs, n_units)
        The values of the lines, layer by layer: weights, or their gradients.

    biases : list of array-like of shape (n_units,) or None, default=None
        The same for the biases; an entry may be None.

    layer_names : list of str or None, default=None
        A text for the input and for each layer.

    input_names : list of str or None, default=None
        Names of the inputs.

    output_names : list of str or None, default=None
        Names of the outputs.

    value_name : str, default="weight"
        The name of the values.

    Attributes
    ----------
    ax_ : Axes
        The Axes of the plot.

    figure_ : Figure
        The figure.

    edges_ : list of LineCollection
        The lines into each layer, sorted by the size of the value; `get_array()` returns the values.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import NetworkDisplay
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> net = BackpropClassifier(hidden_layer_sizes=(5, 4), solver="lbfgs", random_state=0).fit(X, y)
    >>> display = NetworkDisplay.from_estimator(net)
    >>> [len(edges.get_array()) for edges in display.edges_]
    [25, 24, 15]
    """

    def __init__(
        self,
        weights,
        biases=None,
        *,
        layer_names=None,
        input_names=None,
        output_names=None,
        value_name="weight",
    ):
        self.weights = weights
        self.biases = biases
        self.layer_names = layer_names
        self.input_names = input_names
        self.output_names = output_names
        self.value_name = value_name

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any = None,
        y: Any = None,
        *,
        values: str = "weight",
        sample_weight: ArrayLike | None = None,
        ax: Any = None,
        max_nodes: int = 16,
        colorbar: bool = True,
    ) -> Self:
        """Draw the weights of a fitted network, or their gradients on some rows.

        Parameters
        ----------
        estimator : estimator
            A fitted network, or a Pipeline, a search or a TransformedTargetRegressor that ends in one. Its
            layers must form a single chain, without parallel layers or shortcuts.

        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features), default=None
            The rows, only for gradients.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The targets, only for gradients.

        values : {'weight', 'gradient'}, default='weight'
            The values of the lines. A gradient is dE/dw, where E is the sum of the losses of the rows, as in
            `trace`.

        sample_weight : array-like of shape (n_samples,), default=None
            The sample weights.

        ax : Axes or None, default=None
            Where to draw. None: in a new figure.

        max_nodes : int, default=16
            The largest number of drawn nodes in a layer, at least 2; dots stand for the others.

        colorbar : bool, default=True
            Whether to draw a colorbar.

        Returns
        -------
        display : NetworkDisplay

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        if values not in ("weight", "gradient"):
            raise ValueError(f"values={values!r} must be 'weight' or 'gradient'.")
        if values == "gradient" and (X is None or y is None):
            raise ValueError("values='gradient' needs the rows: give X and y.")
        pyplot()  # raises an error now, not after the work
        layers = drawn_layers(opened(estimator))
        if values == "weight":
            arrays = [vars(params) for params in layers.params]
        else:
            traced = trace(estimator, X, y, sample_weight).layers
            arrays = [traced[place].gradients for place in layers.places]
        weights, biases = ([own[name].copy() for own in arrays] for name in ("weight", "bias"))
        name = "weight" if values == "weight" else "gradient dE/dw"
        display = cls(weights, [bias[0] for bias in biases], **layers.names, value_name=name)
        return display.plot(ax, max_nodes=max_nodes, colorbar=colorbar)

    def plot(self, ax: Any = None, *, max_nodes: int = 16, colorbar: bool = True) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Where to draw. None: in a new figure.

        max_nodes : int, default=16
            The largest number of drawn nodes in a layer, at least 2; dots stand for the others.

        colorbar : bool, default=True
            Whether to draw a colorbar.

        Returns
        -------
        self : object
        """
        if max_nodes < 2:
            raise ValueError(f"max_nodes={max_nodes!r} must be at least 2.")
        sizes = [len(self.weights[0]), *(np.shape(weight)[1] for weight in self.weights)]
        columns = [NodeColumn(k, n, max_nodes) for k, n in enumerate(sizes)]
        tallest = max(len(column.nodes) + column.is_cut for column in columns)
        size = 2.0 * len(sizes) + 1.5, max(3.0, 0.42 * tallest + 1.4)
        self.ax_ = panels(ax, 1, size=size)[0]
        self.figure_ = self.ax_.figure
        self._draw_edges(columns)
        self._draw_nodes(columns)
        self._write(columns)
        self.ax_.set_axis_off()
        if colorbar:
            self.figure_.colorbar(self.edges_[0], ax=self.ax_, label=self.value_name, shrink=0.7, pad=0.02)
        return self

    def _draw_edges(self, columns):
        from matplotlib.collections import LineCollection
        from matplotlib.colors import Normalize

        layers = [self._edges(k, *pair) for k, pair in enumerate(pairwise(columns))]
        largest = max((np.abs(values).max() for _, values in layers), default=0.0) or 1.0
        self.edges_ = []
        for segments, values in layers:
            widths = WIDTHS[0] + (WIDTHS[1] - WIDTHS[0]) * np.abs(values) / largest
            edges = LineCollection(
                segments, linewidths=widths, cmap=DIVERGING, norm=Normalize(-largest, largest), zorder=1
            )
            edges.set_array(values)
            self.edges_.append(self.ax_.add_collection(edges))

    def _edges(self, k, left, right):
        """The lines into layer k, and their values."""
        weight = np.asarray(self.weights[k], dtype=float)
        segments = [(a, b) for a in left.places() for b in right.places()]
        values = weight[np.ix_(left.nodes, right.nodes)].ravel()
        bias = self._bias(k)
        if bias is not None:
            segments += [(left.bias, b) for b in right.places()]
            values = np.append(values, bias[right.nodes])
        order = np.argsort(np.abs(values), kind="stable")  # so that large values are drawn last, on top
        return [segments[i] for i in order], values[order]

    def _bias(self, k):
        bias = None if self.biases is None else self.biases[k]
        return None if bias is None else np.asarray(bias, dtype=float)

    def _draw_nodes(self, columns):
        settings = {"edgecolors": "black", "facecolors": "white", "linewidths": 1, "zorder": 2}
        for column in columns:
            self.ax_.scatter(*np.transpose(column.places()), s=190, **settings)
            for node, place in zip(column.nodes, column.places()):
                self._text(place, str(node + 1), fontsize=7)
            if column.is_cut:
                self._text((column.x, column.gap), "⋮", fontsize=16)
        for k, column in enumerate(columns[:-1]):
            if self._bias(k) is not None:
                self.ax_.scatter(*column.bias, s=130, marker="s", **settings)
                self._text(column.bias, "1", fontsize=7)

    def _text(self, place, text, **settings):
        self.ax_.text(*place, text, zorder=3, **{"ha": "center", "va": "center"} | settings)

    def _write(self, columns):
        """Write the names of inputs, outputs and layers, and leave room for them in the limits."""
        low = min(column.bottom for column in columns) - 0.9
        names = self.layer_names or ["input", *(f"layer {k}" for k in range(1, len(columns)))]
        for column, name in zip(columns, names):
            title, *details = str(name).split("\n")
            size = f"{column.n_nodes} node{'s' * (column.n_nodes > 1)}"
            self._text((column.x, low), "\n".join([title, size, *details]), va="top", fontsize=9, color=GRAY)
        for column, given, side in (
            (columns[0], self.input_names, "right"),
            (columns[-1], self.output_names, "left"),
        ):
            for node, (x, y) in zip(column.nodes, column.places() if given is not None else ()):
                shift = -0.12 if side == "right" else 0.12
                self._text((x + shift, y), _short(given[node]), ha=side, fontsize=8)
        self.ax_.set_xlim(-0.25, len(columns) - 0.75)
        self.ax_.set_ylim(low - 1.2, max(column.top for column in columns) + 1.7)


class NodeColumn:
    """The drawn nodes of a layer and their positions, equally spaced from top to bottom."""

    def __init__(self, x, n_nodes, max_nodes):
        self.x, self.n_nodes, self.is_cut = x, n_nodes, n_nodes > max_nodes
        self.nodes = np.arange(n_nodes)
        if self.is_cut:
            n_last = max_nodes // 2
            self.nodes = np.concatenate([self.nodes[: max_nodes - n_last], self.nodes[-n_last:]])
        n_slots = len(self.nodes) + self.is_cut
        self.top, self.bottom = (n_slots - 1) / 2, -(n_slots - 1) / 2
        slots = np.arange(len(self.nodes))
        if self.is_cut:
            slots[-n_last:] += 1
            self.gap = self.top - (max_nodes - n_last)
        self.heights = self.top - slots
        self.bias = x, self.top + 1.0

    def places(self):
        return [(self.x, y) for y in self.heights]


def _short(name, longest=22):
    name = str(name)
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
