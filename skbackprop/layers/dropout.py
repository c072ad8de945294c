"""Dropout: in training, random nodes are set to 0."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from skbackprop.compat import Interval
from skbackprop.layers.layer import Layer
from skbackprop.memory import GENERATOR, Buffer, Setting
from skbackprop.schedules import Scheduled, check_scheduled


@dataclass(eq=False, repr=False)
class Dropout(Layer):
    """a = x * mask / (1 - rate) in training, a = x otherwise (Srivastava et al., 2014).

    Parameters
    ----------
    rate : float or Scheduled, default=0.5
        Fraction of the nodes that are set to 0 in a training step, in [0, 1).
    """

    rate: float | Scheduled = 0.5

    _parameter_constraints = {"rate": [Interval(Real, 0, 1, closed="left"), Scheduled]}

    def _validate_params(self):
        super()._validate_params()
        check_scheduled(self)

    def buffers(self, n_inputs):
        return {
            "mask": n_inputs,
            "output": n_inputs,
            "input_gradient": n_inputs,
            "rate": Setting(self.rate),
            "gain": Buffer((), per_sample=False),
            "generator": GENERATOR,
        }

    def forward(self, x, params, work, training):
        work.training = training
        if not training:
            return x
        work.generator.random(out=work.mask, dtype=work.mask.dtype)
        np.greater_equal(work.mask, work.rate, out=work.mask)
        np.subtract(1.0, work.rate, out=work.gain)
        np.divide(1.0, work.gain, out=work.gain)
        np.multiply(work.mask, work.gain, out=work.mask)
        return np.multiply(x, work.mask, out=work.output)

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient

    def input_gradient(self, params, work):
        if not work.training:
            return work.output_gradient
        return np.multiply(work.output_gradient, work.mask, out=work.input_gradient)
