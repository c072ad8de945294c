"""The fully connected layer: the textbook chapter on backpropagation in one file."""

from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone

from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.compat import Interval
from skbackprop.initializers import INITIALIZERS, Initializer
from skbackprop.layers.layer import Layer
from skbackprop.memory import Buffer, Parameter
from skbackprop.names import resolve
from skbackprop.products import Product


@dataclass(eq=False, repr=False)
class Dense(Layer):
    """a = phi(x W + b).

    Parameters
    ----------
    n_units : int
        Number of nodes.

    activation : str or Activation, default="relu"
        The activation phi.

    initializer : str or Initializer, default="bounded_glorot"
        Gives the initial weights and biases.

    learning_rate : float, default=1.0
        Factor of the solver's learning rate, >= 0; 0 keeps the initial weights and biases.

    weight_decay : float, default=1.0
        Factor of `alpha` and of the solver's weight decay, >= 0.

    max_norm : float, default=None
        The largest norm of the incoming weights of each node, > 0; None means no limit.

    bias_learning_rate : float, default=1.0
        Learning rate of the biases as a multiple of that of the weights, >= 0.
    """

    n_units: int
    activation: str | Activation = "relu"
    initializer: str | Initializer = "bounded_glorot"
    learning_rate: float = 1.0
    weight_decay: float = 1.0
    max_norm: float | None = None
    bias_learning_rate: float = 1.0

    _parameter_constraints = {
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "activation": [str, Activation],
        "initializer": [str, Initializer],
        "learning_rate": [Interval(Real, 0, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "max_norm": [Interval(Real, 0, None, closed="neither"), None],
        "bias_learning_rate": [Interval(Real, 0, None, closed="left")],
    }

    def resolved(self):
        layer = with_parts(self)
        if self.n_units == 1 and not layer.activation.elementwise:
            raise ValueError(
                f"{self!r}: the outputs of {self.activation!r} sum to 1, so a single node is always 1. Use "
                "two or more nodes (one for each target column), or 'logistic' for a single share."
            )
        return layer

    def n_outputs(self, n_inputs):
        return self.n_units

    def parameters(self, n_inputs):
        sizes = {"n_inputs": n_inputs, "n_units": self.n_units, "activation": self.activation}
        return {
            "weight": Parameter(
                (n_inputs, self.n_units),
                partial(self.initializer.weight, **sizes),
                decay=True,
                matrix=True,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                max_norm=self.max_norm,
            ),
            "bias": Parameter(
                (1, self.n_units),
                partial(self.initializer.bias, **sizes),
                learning_rate=self.learning_rate * self.bias_learning_rate,
            ),
        }

    def buffers(self, n_inputs):
        return {
            "net_input": self.n_units,
            "output": self.n_units,
            "delta": self.n_units,
            "input_gradient": Buffer((n_inputs,), late=True),
            "scratch": [self.n_units] * self.activation.n_scratch,
            "ones": Buffer((1,), fill=lambda n_samples: 1.0),
            "product": Product((n_inputs, self.n_units)),
            # with one node the product is a sum of one term
            "spread": np.multiply if self.n_units == 1 else Product((n_inputs, self.n_units)),
        }

    @property
    def takes_data(self):
        return self.initializer.takes_data

    def initialize_from(self, params, work, random_state):
        factor, bias = self.initializer.from_data(work.net_input - params.bias, random_state)
        np.multiply(params.weight, factor, out=params.weight, casting="same_kind")
        np.copyto(params.bias, bias)

    def forward(self, x, params, work, training):
        work.x = x
        work.product(x, params.weight, out=work.net_input)
        np.add(work.net_input, params.bias, out=work.net_input)
        work.output = self.activation.forward(work.net_input, work.output, work.scratch)
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        work.delta = self.activation.backward(
            output_gradient, work.net_input, work.output, work.delta, work.scratch
        )
        work.product(work.x.mT, work.delta, out=gradients.weight)
        work.product(work.ones.mT, work.delta, out=gradients.bias)  # the sum over samples

    def acting_weight(self, params):
        """W in z = x W + b: a view, or a read-only array."""
        return params.weight

    def set_acting_weight(self, params, weight):
        np.copyto(params.weight, weight)

    def input_gradient(self, params, work):
        return work.spread(work.delta, params.weight.mT, out=work.input_gradient)


def with_parts(layer):
    """A checked copy of the layer with its activation and its initializer as objects."""
    layer._validate_params()
    activation = clone(resolve(layer.activation, ACTIVATIONS, "activation"))
    initializer = clone(resolve(layer.initializer, INITIALIZERS, "initializer"))
    activation._validate_params()
    initializer._validate_params()
    return replace(layer, activation=activation, initializer=initializer)
