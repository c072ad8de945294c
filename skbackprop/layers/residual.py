"""A shortcut around a layer."""

from dataclasses import dataclass

import numpy as np

from skbackprop.layers.wrapper import Wrapper


@dataclass(eq=False, repr=False)
class Residual(Wrapper):
    """a = x + f(x) (He et al., 2016); the input gradient is the sum over both paths.

    Parameters
    ----------
    layer : Layer
        f, with as many outputs as inputs; `Sequential` for several layers.
    """

    def n_outputs(self, n_inputs):
        n_outputs = super().n_outputs(n_inputs)
        if n_outputs != n_inputs:
            raise ValueError(
                f"Residual(layer=...) needs as many outputs as inputs: the layer turns {n_inputs} "
                f"inputs into {n_outputs} outputs."
            )
        return n_outputs

    def buffers(self, n_inputs):
        return {**super().buffers(n_inputs), "output": n_inputs, "input_gradient": n_inputs}

    def forward(self, x, params, work, training):
        f = self.layer.forward(x, params.layer, work.layer, training)
        return np.add(x, f, out=work.output)

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient
        self.layer.backward(output_gradient, params.layer, gradients.layer, work.layer)

    def input_gradient(self, params, work):
        through = self.layer.input_gradient(params.layer, work.layer)
        return np.add(work.output_gradient, through, out=work.input_gradient)
