"""A fully connected layer whose weights have unit size for every width."""

from dataclasses import dataclass

import numpy as np

from skbackprop.initializers import Initializer
from skbackprop.layers.dense import Dense
from skbackprop.memory import Buffer


@dataclass(eq=False, repr=False)
class NTKDense(Dense):
    """a = phi(c x W + b), c = 1 / sqrt(n_inputs) (neural tangent parametrisation: Jacot et al., 2018).

    With W ~ N(0, 1) the net inputs have the size of the inputs. One learning rate fits every width: a step of
    Adam with rate eta corresponds to a step with rate eta / sqrt(n_inputs) for the weights c W of `Dense`.

    Parameters
    ----------
    n_units : int
        Number of nodes.

    activation : str or Activation, default="relu"
        The activation phi.

    initializer : str or Initializer, default="normal"
        Gives the initial weights and biases.

    learning_rate : float, default=1.0
        Factor of the solver's learning rate, >= 0; 0 keeps the initial weights and biases.

    weight_decay : float, default=1.0
        Factor of `alpha` and of the solver's weight decay, >= 0.

    max_norm : float, default=None
        The largest norm of the incoming weights W of each node, > 0; None means no limit.

    bias_learning_rate : float, default=1.0
        Learning rate of the biases as a multiple of that of the weights, >= 0.
    """

    initializer: str | Initializer = "normal"

    def buffers(self, n_inputs):
        factor = Buffer((), per_sample=False, fill=lambda n_samples: _factor(n_inputs))
        return {**super().buffers(n_inputs), "factor": factor}

    def forward(self, x, params, work, training):
        work.x = x
        work.product(x, params.weight, out=work.net_input)
        np.multiply(work.net_input, work.factor, out=work.net_input)
        np.add(work.net_input, params.bias, out=work.net_input)
        work.output = self.activation.forward(work.net_input, work.output, work.scratch)
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        super().backward(output_gradient, params, gradients, work)
        np.multiply(gradients.weight, work.factor, out=gradients.weight)

    def acting_weight(self, params):
        weight = params.weight * params.weight.dtype.type(_factor(params.weight.shape[-2]))
        weight.flags.writeable = False  # a copy: writing to it would not change the parameters
        return weight

    def set_acting_weight(self, params, weight):
        np.divide(weight, params.weight.dtype.type(_factor(params.weight.shape[-2])), out=params.weight)

    def input_gradient(self, params, work):
        back = super().input_gradient(params, work)
        return np.multiply(back, work.factor, out=back)


def _factor(n_inputs):
    return n_inputs**-0.5
