"""A callback that records how large the deltas are while a network is trained."""

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing

from skbackprop.inspection.opened import opened


class DeltaRecorder:
    """A callback of scikit-learn >= 1.9: the size of each layer's deltas at first and after every epoch.

    The size is the root mean square of delta = dE_s/dnet over the nodes of the layer and over rows s, E_s the
    loss of one row without its weight. The rows pass as in prediction: dropout is off. Where the size falls
    from each layer to the one before it, the first layers hardly learn; where it rises, their steps may be
    too long.

    Parameters
    ----------
    max_samples : int, default=200
        The most training rows that are looked at, at equal distances; the same ones after every epoch.

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
        if context.task_name != "epoch":
            self._record(delta_sizes(estimator, *self._rows(X, y)), 0)

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
            self._record(delta_sizes(estimator, *self._rows(X, y)), len(self.deltas_))

    def _rows(self, X, y):
        n_samples = X.shape[0] if hasattr(X, "shape") else len(X)
        rows = np.linspace(0, n_samples - 1, min(n_samples, self.max_samples)).astype(np.intp)
        return _safe_indexing(X, rows), _safe_indexing(y, rows)

    def _record(self, sizes, epoch):
        row = pd.DataFrame(sizes, index=pd.Index([epoch], name="epoch"))
        self.deltas_ = row if epoch == 0 else pd.concat([self.deltas_, row])


def delta_sizes(estimator, X, y):
    """The root mean square of delta in each layer that has a net input, by the name of the layer."""
    model = opened(estimator)
    (objective,) = model.objectives()
    network, (x, columns, _) = objective.network, model.batch(X, y)
    work = objective.workspaces[len(x)]
    objective.loss.value_and_delta(columns, network.forward(x), None, work.delta, work)
    network.backward(len(x) * work.delta)  # of the sum over rows: each row's own
    return {
        f"{name} {type(layer).__name__}": np.sqrt(np.mean(np.square(work.delta)))
        for name, layer, _, work in network.parts(network.work)
        if hasattr(work, "delta")
    }
