"""The plot of the size of each layer's deltas during training."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from skbackprop.axes import panels, pyplot
from skbackprop.estimators import BackpropClassifier, BackpropRegressor
from skbackprop.inspection.delta_recorder import DeltaRecorder
from skbackprop.inspection.displays.style import plain


class DeltaFlowDisplay:
    """The size of each layer's deltas, epoch by epoch: one line per layer, darker for layers near the input.

    If the lines are decades apart, deltas vanish or explode on the way back.

    Parameters
    ----------
    deltas : DataFrame of shape (n_epochs, n_layers)
        The sizes of the deltas, as in `DeltaRecorder.deltas_`; the index is the epoch.

    Attributes
    ----------
    ax_ : Axes
        The Axes of the plot.

    figure_ : Figure
        The figure.

    lines_ : list of Line2D
        One for each layer.

    See Also
    --------
    DeltaRecorder : Records the deltas of your own fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import DeltaFlowDisplay
    >>> net = BackpropClassifier(hidden_layer_sizes=(8, 4), solver="lbfgs", random_state=0)
    >>> X, y = load_iris(return_X_y=True)
    >>> display = DeltaFlowDisplay.from_estimator(net, X, y)  # doctest: +SKIP
    """

    def __init__(self, deltas):
        self.deltas = deltas

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any,
        y: Any,
        *,
        max_samples: int = 200,
        fit_params: dict[str, Any] | None = None,
        ax: Any = None,
    ) -> Self:
        """Fit a clone of the estimator, record its deltas, and draw them.

        It trains a clone, as scikit-learn's `LearningCurveDisplay` does, because a fitted network does not
        store earlier deltas. The estimator itself is not changed. To record during your own fit, set a
        `DeltaRecorder` as a callback.

        Parameters
        ----------
        estimator : estimator
            A BackpropRegressor or BackpropClassifier, or a Pipeline or a TransformedTargetRegressor that ends
            in one; fitted or not.

        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The training rows.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.

        max_samples : int, default=200
            The largest number of rows on which deltas are measured.

        fit_params : dict or None, default=None
            Further arguments of `fit`.

        ax : Axes or None, default=None
            Where to draw. None: in a new figure.

        Returns
        -------
        display : DeltaFlowDisplay

        Raises
        ------
        ImportError
            Without matplotlib, or with scikit-learn < 1.9, which has no callbacks.
        """
        pyplot()  # raises an error now, not after the work
        estimator, recorder = clone(estimator), DeltaRecorder(max_samples)
        _network_of(estimator).set_callbacks(recorder)
        estimator.fit(X, y, **(fit_params or {}))
        return cls(recorder.deltas_).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Where to draw. None: in a new figure.

        Returns
        -------
        self : object
        """
        self.ax_ = ax = panels(ax, 1, size=(7, 4))[0]
        self.figure_ = ax.figure
        colors = pyplot().get_cmap("viridis")(np.linspace(0.0, 0.85, self.deltas.shape[1]))
        self.lines_: list = []
        for (name, sizes), color in zip(self.deltas.items(), colors):
            self.lines_ += ax.plot(self.deltas.index, sizes, color=color, label=name)
        if (self.deltas > 0).all(axis=None):
            ax.set_yscale("log")
        ax.set(xlabel="epoch", ylabel="size of a row's deltas")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
        plain(ax)
        return self


def _network_of(estimator):
    """The network inside an estimator."""
    outer = estimator
    while not isinstance(estimator, BackpropClassifier | BackpropRegressor):
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, TransformedTargetRegressor):
            estimator = estimator.regressor
        else:
            raise TypeError(
                f"estimator={outer!r} is not a BackpropRegressor or BackpropClassifier, nor a Pipeline or a "
                "TransformedTargetRegressor that ends in one."
            )
    return estimator
