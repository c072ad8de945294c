"""A learned factor for each feature."""

from dataclasses import dataclass
from functools import partial
from numbers import Real

import numpy as np

from skbackprop.compat import Interval
from skbackprop.initializers import constant
from skbackprop.layers.layer import Layer
from skbackprop.memory import Buffer, Parameter
from skbackprop.products import Product


@dataclass(eq=False, repr=False)
class Scale(Layer):
    """a = scale * x, where scale is initially 1: a soft feature selection (Holzmüller et al., 2024).

    Parameters
    ----------
    learning_rate : float, default=6.0
        Factor of the solver's learning rate, >= 0.

    weight_decay : float, default=6.0
        Factor of `alpha` and of the solver's weight decay, >= 0.
    """

    learning_rate: float = 6.0
    weight_decay: float = 6.0

    _parameter_constraints = {
        "learning_rate": [Interval(Real, 0, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
    }

    def parameters(self, n_inputs):
        shape = (1, n_inputs)
        return {
            "scale": Parameter(
                shape,
                partial(constant, value=1.0, shape=shape),
                decay=True,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
            )
        }

    def buffers(self, n_inputs):
        return {
            "output": n_inputs,
            "product": n_inputs,
            "input_gradient": n_inputs,
            "ones": Buffer((1,), fill=lambda n_samples: 1.0),
            "multiply": Product((1, n_inputs), stacked=True),
        }

    def forward(self, x, params, work, training):
        work.x = x
        return np.multiply(x, params.scale, out=work.output)

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient
        np.multiply(output_gradient, work.x, out=work.product)
        work.multiply(work.ones.mT, work.product, out=gradients.scale)

    def input_gradient(self, params, work):
        return np.multiply(work.output_gradient, params.scale, out=work.input_gradient)
