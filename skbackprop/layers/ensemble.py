"""k networks of the same shape, trained together."""

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np

from skbackprop.compat import Interval
from skbackprop.layers.layer import Layer
from skbackprop.memory import Buffer, with_members


@dataclass(eq=False, repr=False)
class Ensemble(Layer):
    """k members of the same shape: every array of the inner layer gets a first axis of length k.

    The formulas of the inner layer use the last two axes, so they need no change. theta has shape
    (k, n_parameters), one row for each member.

    Parameters
    ----------
    n_members : int
        The number k of members.

    layer : Layer
        The architecture of a member.
    """

    n_members: int
    layer: Layer

    _parameter_constraints = {
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "layer": [Layer],
    }

    def resolved(self):
        self._validate_params()
        return replace(self, layer=self.layer.resolved())

    def n_outputs(self, n_inputs):
        return self.layer.n_outputs(n_inputs)

    def parameters(self, n_inputs):
        return with_members({"layer": self.layer.parameters(n_inputs)}, self.n_members)

    def buffers(self, n_inputs):
        return {
            **with_members({"layer": self.layer.buffers(n_inputs)}, self.n_members),
            "input_gradient": Buffer((n_inputs,)),
        }

    def forward(self, x, params, work, training):
        of_each = np.broadcast_to(x, (self.n_members, *x.shape[-2:]))  # (k, n_samples, n_inputs), no copy
        return self.layer.forward(of_each, params.layer, work.layer, training)

    def backward(self, output_gradient, params, gradients, work):
        self.layer.backward(output_gradient, params.layer, gradients.layer, work.layer)

    def input_gradient(self, params, work):
        members = self.layer.input_gradient(params.layer, work.layer)
        return np.add.reduce(members, axis=0, out=work.input_gradient)
