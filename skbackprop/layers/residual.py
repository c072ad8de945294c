"""A shortcut around a layer."""

from dataclasses import dataclass, replace

import numpy as np

from skbackprop.layers.layer import Layer


@dataclass(eq=False, repr=False)
class Residual(Layer):
    """a = x + f(x) (He et al., 2016); the gradient takes both ways and is added up.

    Parameters
    ----------
    layer : Layer
        f, with as many outputs as inputs; `Sequential` for several layers.
    """

    layer: Layer

    _parameter_constraints = {"layer": [Layer]}

    def resolved(self):
        self._validate_params()
        return replace(self, layer=self.layer.resolved())

    def n_outputs(self, n_inputs):
        n_outputs = self.layer.n_outputs(n_inputs)
        if n_outputs != n_inputs:
            raise ValueError(
                f"Residual(layer=...) needs as many outputs as inputs: the layer turns {n_inputs} "
                f"inputs into {n_outputs} outputs."
            )
        return n_outputs

    def parameters(self, n_inputs):
        return {"layer": self.layer.parameters(n_inputs)}

    def buffers(self, n_inputs):
        return {
            "layer": self.layer.buffers(n_inputs),
            "output": n_inputs,
            "input_gradient": n_inputs,
        }

    def forward(self, x, params, work, training):
        f = self.layer.forward(x, params.layer, work.layer, training)
        return np.add(x, f, out=work.output)

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient
        self.layer.backward(output_gradient, params.layer, gradients.layer, work.layer)

    def input_gradient(self, params, work):
        through = self.layer.input_gradient(params.layer, work.layer)
        return np.add(work.output_gradient, through, out=work.input_gradient)
