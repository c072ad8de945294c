"""Every number of backpropagation in a fitted network, for given rows."""

from functools import cached_property
from numbers import Integral
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from skbackprop.estimators.tabular.base import BaseTabular
from skbackprop.inspection.chain_rule import ChainRule
from skbackprop.inspection.expansion import equations
from skbackprop.inspection.layer_trace import LayerTrace
from skbackprop.inspection.page import write_page
from skbackprop.inspection.recording import Passes, RowGradients, recorded, row_losses
from skbackprop.inspection.tables import node_table, parameter_table
from skbackprop.inspection.unwrapping import input_names, unwrapped
from skbackprop.inspection.updates import EstimatorStep, NoStepError, TabularStep


@np.errstate(over="ignore", invalid="ignore")  # the trace shows values that are not finite
def trace(
    estimator: BaseEstimator, X: Any, y: Any, sample_weight: ArrayLike | None = None, *, member: int = 0
) -> "Trace":
    """Every net input, output, delta and gradient of a fitted network on some rows.

    The rows pass forward as in prediction (dropout is off), and the deltas pass back. The estimator is not
    changed: everything is computed on a copy in float64.

    Parameters
    ----------
    estimator : estimator
        A fitted `BackpropRegressor`, `BackpropClassifier` or tabular estimator, or a `Pipeline`, a search
        or a `TransformedTargetRegressor` that contains one.

    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        The rows, as for `predict`. Rows that ``missing="skip"`` skips are not traced.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets, as for `fit`.

    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights, >= 0.

    member : int, default=0
        The member of a tabular estimator to trace.

    Returns
    -------
    trace : Trace
        The numbers, by layer and in tables.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.inspection import trace
    >>> X, y = [[0.0, 1.0], [1.0, 1.0]], [1.0, 0.0]
    >>> net = BackpropRegressor(hidden_layer_sizes=3, activation="tanh", random_state=0)
    >>> seen = trace(net.partial_fit(X, y), X, y)
    >>> [layer.delta.shape for layer in seen.layers]
    [(2, 3), (2, 1)]
    """
    names = input_names(estimator)
    estimator, X, y = unwrapped(estimator, X, y)
    step = (TabularStep if isinstance(estimator, BaseTabular) else EstimatorStep)(
        estimator, X, y, sample_weight, member
    )
    return Trace(step, names)


class Trace:
    """The result of `trace`: the numbers of a network on some rows, by layer and in tables.

    The error is the sum over the rows, as in a textbook: E = sum_s E_s, E_s = w_s L(y_s, z_s). Training
    divides it by `n` and adds the penalty; see `update`. z is the net input of the last layer, or its
    output if the last layer has an activation. The prediction is the inverse link of the loss at z.

    Parameters
    ----------
    step : object
        The input rows of the network, and the next step of its training; made by `trace`.

    feature_names : list of str, default=None
        The names of the inputs.

    Attributes
    ----------
    layers : list of LayerTrace
        In forward order. Each has `index` (from 1), `name`, `kind`, `activation`, `inputs`, `net_input`,
        `output`, `output_gradient`, `delta`, `slope`, `parameters`, `gradients`, `row_gradients`, and for
        dense layers `weight`, `bias`, `weight_gradients` and `bias_gradients`, the last two for each
        sample.

    X : ndarray of shape (n_samples, n_inputs)
        The inputs of the network.

    targets : ndarray of shape (n_samples, n_outputs)
        The target of each output node, as the network learns it.

    outputs : ndarray of shape (n_samples, n_outputs)
        The prediction of each output node: the inverse link of the loss at z.

    errors : ndarray of shape (n_samples,)
        E_s.

    total : float
        E.

    n : float
        The sum of the weights, or the number of rows: training divides E by it. For several losses with
        different weights, an array.

    input_gradient : ndarray of shape (n_samples, n_inputs)
        dE/dX.

    loss : Loss
        The loss L, with its link.

    sample_weight : ndarray of shape (n_samples, 1) or (n_samples, n_losses), or None
        The weights w_s, including class weights.
    """

    def __init__(self, step, feature_names=None):
        self.step, self.feature_names = step, feature_names
        x, y, weight = step.batch.astype(np.float64)
        passes = Passes(recorded(step.network), step.member)
        z = passes.forward(x).copy()
        self.X, self.loss, self.sample_weight = x, step.loss, weight
        self.errors, delta = row_losses(step.loss, y, z, weight, step.progress)
        self.total = float(self.errors.sum())
        self.n = float(len(x)) if weight is None else np.squeeze(weight.sum(axis=0))[()]
        gradients = passes.by_layer(passes.backward(delta))
        parameters = passes.by_layer(passes.of_member(passes.network.theta).copy())
        rows = RowGradients(passes, x, delta)
        self.layers = [
            LayerTrace(
                place + 1,
                **seen,
                parameters=parameters[place],
                gradients=gradients[place],
                row_gradients_of=rows,
            )
            for place, seen in enumerate(passes.seen())
        ]
        self.input_gradient = passes.input_gradient()
        self.outputs = np.empty_like(z)
        step.loss.predict(z, self.outputs)
        widths = getattr(step.targets, "widths", 1)
        self.targets = y if y.shape == z.shape else np.repeat(y, widths, axis=1)
        self._passes = passes

    def __repr__(self):
        return f"Trace of {len(self.X)} samples through {len(self.layers)} layers: E = {self.total:.6g}"

    def __getitem__(self, name):
        """The layer of this name, such as "layers[0]"."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"There is no layer {name!r}: the layers are {[layer.name for layer in self.layers]}.")

    @property
    def network(self):
        """The traced network, a copy."""
        return self.step.network

    @property
    def has_link(self):
        """Whether the loss has a link (softmax, logistic, exp): predictions differ from the last output."""
        return self.loss.out_activation != "identity"

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """A DataFrame with a row for each sample and node.

        n[l,j] is node j of layer l, n[0,k] is an input. `out` of an output node is the prediction. If the
        loss has a link, delta comes directly from the loss, and `output_gradient` is NaN.
        """
        return node_table(self)

    @cached_property
    def weights(self) -> pd.DataFrame:
        """A DataFrame with a row for each weight w[l,j,k], bias b[l,j] and other parameter.

        `gradient` is dE/dw, summed over the samples. `update` is the number that the estimator's solver would
        add to the weight in the next step, NaN for 'lbfgs'.
        """
        try:
            change = self.step.take()[1]
        except NoStepError:
            change = np.full(self.step.network.theta.shape[-1], np.nan)
        return parameter_table(
            self.layers,
            {
                "weight": [layer.parameters for layer in self.layers],
                "gradient": [layer.gradients for layer in self.layers],
                "update": self._passes.by_layer(change),
            },
        )

    def to_html(self, path: str | PathLike) -> None:
        """Write a page on which a reader can go through the network step by step, and change its numbers.

        The page is one file that loads nothing else. It draws the nodes, and goes through the forward pass,
        the error, the deltas of each layer and the update; each node and weight shows its numbers and
        formulas. If all layers are `Dense` or `Dropout`, the reader can change inputs, targets, weights,
        biases and the learning rate, and the page computes everything again.

        Parameters
        ----------
        path : str or PathLike
            The file to write.

        Raises
        ------
        ValueError
            If the rows are too many for one page.
        """
        write_page(self, path)

    def update(self, solver: Any = None) -> pd.DataFrame:
        """The next step of training on these rows, as one batch, from the traced weights.

        It is the step that training takes: along the gradient of the mean error plus the penalty, with
        dropout, clipping, the schedule of the learning rate, and the learning rates of layers.

        Parameters
        ----------
        solver : str, Optimizer or None, default=None
            None is the estimator's own solver, which continues with its moments. Another solver starts with
            its first step: a name, with the estimator's `learning_rate_init`, or an object from
            `skbackprop.optimizers`.

        Returns
        -------
        table : DataFrame
            A row for each parameter: `name`, `layer`, `to`, `from`, `weight`, `gradient` of the mean error
            plus the penalty, `update`, which is added to the weight, and `layer_name`.

        Raises
        ------
        ValueError
            For 'lbfgs', which has no single steps.
        """
        gradient, change = (self._passes.by_layer(vector) for vector in self.step.take(solver))
        columns = {
            "weight": [layer.parameters for layer in self.layers],
            "gradient": gradient,
            "update": change,
        }
        return parameter_table(self.layers, columns)

    def chain_rule(self, name: str, sample: int | None = None) -> ChainRule:
        """The derivative with respect to one weight or bias, written out in symbols and in numbers.

        Every path from the node through the later layers to an output is a product; the derivative is their
        sum. With more than 64 paths the sums are nested: delta of a layer from delta of the next.

        Parameters
        ----------
        name : str
            "w[l,j,k]" or "b[l,j]", as in `weights`. All later layers must be dense layers or dropout.

        sample : int, default=None
            The row, counted from 0. None: the sum over all rows.

        Returns
        -------
        expansion : ChainRule
            The derivative as text, LaTeX and HTML, and its `value`.
        """
        n_samples = len(self.X)
        if sample is not None and not (isinstance(sample, Integral) and 0 <= sample < n_samples):
            raise ValueError(f"sample={sample!r} must be None or an integer from 0 to {n_samples - 1}.")
        return ChainRule(equations(self, name), range(n_samples) if sample is None else [sample])
