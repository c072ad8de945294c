"""An activation whose strength is learned."""

from dataclasses import dataclass, replace
from functools import partial
from numbers import Real

import numpy as np
from sklearn.base import clone

from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.compat import Interval
from skbackprop.initializers import constant
from skbackprop.layers.layer import Layer
from skbackprop.memory import Buffer, Parameter
from skbackprop.names import resolve
from skbackprop.products import Product


@dataclass(eq=False, repr=False)
class Parametric(Layer):
    """a = x + alpha (phi(x) - x) with one alpha for each node, initially 1 (Holzmüller et al., 2024).

    Parameters
    ----------
    activation : str or Activation, default="selu"
        phi.

    learning_rate : float, default=0.1
        Factor of the solver's learning rate, >= 0.

    weight_decay : float, default=0.1
        Factor of `alpha` and of the solver's weight decay, >= 0.
    """

    activation: str | Activation = "selu"
    learning_rate: float = 0.1
    weight_decay: float = 0.1

    _parameter_constraints = {
        "activation": [str, Activation],
        "learning_rate": [Interval(Real, 0, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
    }

    def resolved(self):
        self._validate_params()
        activation = clone(resolve(self.activation, ACTIVATIONS, "activation"))
        activation._validate_params()
        return replace(self, activation=activation)

    def parameters(self, n_inputs):
        shape = (1, n_inputs)
        return {
            "alpha": Parameter(
                shape,
                partial(constant, value=1.0, shape=shape),
                decay=True,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
            )
        }

    def buffers(self, n_inputs):
        return {
            "phi": n_inputs,
            "difference": n_inputs,
            "output": n_inputs,
            "product": n_inputs,
            "input_gradient": n_inputs,
            "scratch": [n_inputs] * self.activation.n_scratch,
            "ones": Buffer((1,), fill=lambda n_samples: 1.0),
            "multiply": Product((1, n_inputs), stacked=True),
        }

    def forward(self, x, params, work, training):
        work.x = x
        work.phi = self.activation.forward(x, work.phi, work.scratch)
        np.subtract(work.phi, x, out=work.difference)
        np.multiply(work.difference, params.alpha, out=work.output)
        return np.add(work.output, x, out=work.output)

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient
        np.multiply(output_gradient, work.difference, out=work.product)
        work.multiply(work.ones.mT, work.product, out=gradients.alpha)

    def input_gradient(self, params, work):
        # dE/dx = g + (alpha g phi'(x) - alpha g) with g = dE/da
        g, back, strong = work.output_gradient, work.input_gradient, work.product
        np.multiply(g, params.alpha, out=strong)
        through = self.activation.backward(strong, work.x, work.phi, back, work.scratch)
        np.subtract(through, strong, out=back)
        return np.add(back, g, out=back)
