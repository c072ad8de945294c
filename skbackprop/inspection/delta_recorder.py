"""A callback that records how large the deltas are while a network is trained."""

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from skbackprop.estimators.seen import batch_of
from skbackprop.inspection.opened import opened


class DeltaRecorder:
    """Callback (scikit-learn >= 1.9) that records the size of each layer's deltas before and after epochs.

    The size of a row's deltas is the length of the vector dE_s/dnet of the nodes of a layer, where E_s is the
    loss of the row without its weight. The recorded size is the root mean square over the rows, as in
    `diagnose`. The rows pass as in prediction, with dropout off. If the size falls from layer to layer on the
    way back, the first layers hardly learn; if it rises, their steps may be too large.

    Parameters
    ----------
    max_samples : int, default=200
        The largest number of rows to use, equally spaced in X; the same rows after every epoch.

    Attributes
    ----------
    deltas_ : DataFrame of shape (n_epochs + 1, n_layers)
        The sizes in the last fit, with a column for each layer. The index, named epoch, is 0 for the initial
        weights.

    See Also
    --------
    DeltaFlowDisplay : The plot.

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
            The estimator that will be fitted.

        context : CallbackContext
            The context of the fit.
        """
        if self.max_samples < 1:
            raise ValueError(f"max_samples={self.max_samples!r} must be at least 1.")

    def teardown(self, estimator, context):
        """Called after a fit.

        Parameters
        ----------
        estimator : estimator
            The estimator that was fitted.

        context : CallbackContext
            The context of the fit.
        """

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        """Called before a fit, with the initial weights, and before every epoch.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.

        context : CallbackContext
            The context of the fit or of the epoch.

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
            The estimator that is fitted.

        context : CallbackContext
            The context of the epoch or of the fit.

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
    """The size of the deltas in each layer that has a net input, by the name of the layer."""
    objective = model.objective_of_training()
    network, work = objective.network, objective.workspaces[len(x)]
    objective.loss.value_and_delta(columns, network.forward(x), None, work.delta, work)
    network.backward(len(x) * work.delta)  # deltas of the sum over rows, so each row has its own
    return {
        f"{name} {type(layer).__name__}": np.sqrt(np.square(work.delta).sum(axis=1).mean())
        for name, layer, _, work in network.parts(network.work)
        if hasattr(work, "delta")
    }
