"""A callback that records how large the deltas are while a network is trained."""

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from skbackprop.estimators.seen import batch_of
from skbackprop.inspection.opened import opened


class DeltaRecorder:
    """A callback of scikit-learn >= 1.9: the size of each layer's deltas at first and after every epoch.

    The size is the length of a row's deltas, dE_s/dnet of the nodes of a layer, E_s the loss of the row
    without its weight; over rows the root mean square, as in `diagnose`. The rows pass as in prediction:
    dropout is off. Where the size falls from each layer to the one before it, the first layers hardly learn;
    where it rises, their steps may be too long.

    Parameters
    ----------
    max_samples : int, default=200
        The most rows that are looked at, at equal distances in X; the same ones after every epoch.

    Attributes
    ----------
    deltas_ : DataFrame of shape (n_epochs + 1, n_layers)
        The sizes in the last fit, a column for each layer. The index, named epoch, is 0 for the first
        weights.

    See Also
    --------
    DeltaFlowDisplay : The picture.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import DeltaRecorder
    >>> recorder = DeltaRecorder()
    >>> net = BackpropClassifier(hidden_layer_sizes=(8, 4), solver="lbfgs", random_state=0)
    >>> net = net.set_callbacks(recorder).fit(*load_iris(return_X_y=True))  # doctest: +SKIP
    >>> list(recorder.deltas_)  # doctest: +SKIP
    ['layers[0] Dense', 'layers[1] Dense', 'layers[2] Dense']
    """

    def __init__(self, max_samples=200):
        self.max_samples = max_samples

    def setup(self, estimator, context):
        """Called before a fit.

        Parameters
        ----------
        estimator : estimator
            The one that will be fitted.

        context : CallbackContext
            Of the fit.
        """
        if self.max_samples < 1:
            raise ValueError(f"max_samples={self.max_samples!r} must be at least 1.")

    def teardown(self, estimator, context):
        """Called after a fit.

        Parameters
        ----------
        estimator : estimator
            The one that was fitted.

        context : CallbackContext
            Of the fit.
        """

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        """Called before a fit, with the first weights, and before every epoch.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.

        context : CallbackContext
            Of the fit or of the epoch.

        X : array-like
            The training rows.

        y : array-like
            Their targets.
        """
        if context.task_name == "epoch":
            return
        x, columns, _ = batch_of(estimator, X, y)
        n_samples = x.shape[0]
        rows = np.linspace(0, n_samples - 1, min(n_samples, self.max_samples)).astype(np.intp)
        x = x[rows].toarray() if issparse(x) else x[rows]
        self._rows = x.astype(np.float64), columns[rows].astype(np.float64)
        self.deltas_ = self._measured(estimator, 0)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None):
        """Called after every epoch, and after the fit.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.

        context : CallbackContext
            Of the epoch or of the fit.

        X : array-like
            The training rows.

        y : array-like
            Their targets.
        """
        if context.task_name == "epoch":
            self.deltas_ = pd.concat([self.deltas_, self._measured(estimator, len(self.deltas_))])
        else:
            del self._rows

    def _measured(self, estimator, epoch):
        sizes = delta_sizes(opened(estimator), *self._rows)
        return pd.DataFrame(sizes, index=pd.Index([epoch], name="epoch"))


def delta_sizes(model, x, columns):
    """The length of a row's deltas in each layer that has a net input, by the name of the layer."""
    objective = model.objective_of_training()
    network, work = objective.network, objective.workspaces[len(x)]
    objective.loss.value_and_delta(columns, network.forward(x), None, work.delta, work)
    network.backward(len(x) * work.delta)  # of the sum over rows: each row's own
    return {
        f"{name} {type(layer).__name__}": np.sqrt(np.square(work.delta).sum(axis=1).mean())
        for name, layer, _, work in network.parts(network.work)
        if hasattr(work, "delta")
    }
