"""The numbers that one layer computed, forward and back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skbackprop.activations import ACTIVATIONS
from skbackprop.inspection.recording import RowGradients
from skbackprop.layers import Layer

NAMES = {kind: name for name, kind in ACTIVATIONS.items()}


@dataclass(frozen=True, eq=False, repr=False)
class LayerTrace:
    """One layer of a `Trace`; arrays have a row for each sample and a column for each node.

    Parameters
    ----------
    index : int
        Its number in forward order, from 1.

    name : str
        Its place in the network, such as "layers[0]".

    layer : Layer
        Its settings.

    inputs : ndarray of shape (n_samples, n_inputs)
        The inputs of the layer.

    net_input : ndarray of shape (n_samples, n_units) or None
        z; None if the layer has no net input, as for dropout.

    output : ndarray of shape (n_samples, n_units)
        a = phi(z).

    output_gradient : ndarray of shape (n_samples, n_units)
        dE/da.

    delta : ndarray of shape (n_samples, n_units) or None
        dE/dz; None if the layer has no net input.

    input_factor : float
        c in z = c x W + b: 1 except for `NTKDense`.

    parameters : dict of ndarray
        The learned parameters, by name.

    gradients : dict of ndarray
        dE/d(parameter), summed over the samples.

    row_gradients_of : RowGradients
        The source of `row_gradients`.
    """

    index: int
    name: str
    layer: Layer
    inputs: np.ndarray
    net_input: np.ndarray | None
    output: np.ndarray
    output_gradient: np.ndarray
    delta: np.ndarray | None
    input_factor: float
    parameters: dict
    gradients: dict
    row_gradients_of: RowGradients

    def __repr__(self):
        return f"LayerTrace({self.name}: {self.layer!r}, n_samples={len(self.output)})"

    @property
    def kind(self):
        """The name of the layer's class."""
        return type(self.layer).__name__

    @property
    def activation(self):
        """The name of phi, or of its class; None for a layer without one."""
        activation = getattr(self.layer, "activation", None)
        return None if activation is None else NAMES.get(type(activation), type(activation).__name__)

    @cached_property
    def slope(self):
        """phi'(z) of each sample and node; None without a net input or phi, and for softmax."""
        if self.net_input is None or self.activation is None or not self.layer.activation.elementwise:
            return None
        z, activation = self.net_input.copy(), self.layer.activation
        out, *scratch = (np.empty_like(z) for _ in range(1 + activation.n_scratch))
        a = activation.forward(z, out, scratch).copy()
        return activation.backward(np.ones_like(z), z, a, out, scratch)

    @property
    def weight(self):
        """W, shape (n_inputs, n_units), or None; a `Conv1D` has weights for a window, but no W."""
        weight, shape = self.parameters.get("weight"), (self.inputs.shape[1], self.output.shape[1])
        return weight if weight is not None and weight.shape == shape else None

    @property
    def bias(self):
        """b, shape (n_units,), or None if the layer has no W."""
        return None if self.weight is None or "bias" not in self.parameters else self.parameters["bias"][0]

    @property
    def row_gradients(self):
        """dE_s/d(parameter) of each sample s by name, shape (n_samples, *shape of the parameter)."""
        return self.row_gradients_of.by_layer[self.index - 1]

    @property
    def weight_gradients(self):
        """dE_s/dW of each sample s, shape (n_samples, n_inputs, n_units), or None."""
        return None if self.weight is None else self.row_gradients["weight"]

    @property
    def bias_gradients(self):
        """dE_s/db of each sample s, shape (n_samples, n_units), or None."""
        return None if self.bias is None else self.row_gradients["bias"][:, 0]
