"""The fully connected layer whose weights have unit size, whatever its width."""

from dataclasses import dataclass

import numpy as np

from skbackprop.initializers import Initializer
from skbackprop.layers.dense import Dense
from skbackprop.memory import Buffer


@dataclass(eq=False, repr=False)
class NTKDense(Dense):
    """a = phi(c x W + b), c = 1 / sqrt(n_inputs) (neural tangent parametrisation: Jacot et al., 2018).

    With W ~ N(0, 1) the net inputs have the size of the inputs. One learning rate serves every width: a step
    of Adam's with rate eta is one of rate eta / sqrt(n_inputs) for the weights c W of `Dense`.

    Parameters
    ----------
    n_units : int
        Number of nodes.

    activation : str or Activation, default="relu"
        phi.

    initializer : str or Initializer, default="normal"
        Where the first weights and biases come from.

    learning_rate : float, default=1.0
        Factor of the solver's learning rate, >= 0; 0 keeps the first weights and biases.

    weight_decay : float, default=1.0
        Factor of `alpha` and of the solver's weight decay, >= 0.

    max_norm : float, default=None
        Bound of the norm of each node's incoming weights W, > 0; None for no bound.

    bias_learning_rate : float, default=1.0
        The biases' learning rate as a multiple of the weights', >= 0.
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
        weight.flags.writeable = False  # it is no view: what is written to it would be lost
        return weight

    def set_acting_weight(self, params, weight):
        np.divide(weight, params.weight.dtype.type(_factor(params.weight.shape[-2])), out=params.weight)

    def input_gradient(self, params, work):
        back = super().input_gradient(params, work)
        return np.multiply(back, work.factor, out=back)


def _factor(n_inputs):
    return n_inputs**-0.5
