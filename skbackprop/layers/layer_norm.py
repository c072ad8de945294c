"""Layer normalisation: scale each sample to mean 0 and variance 1 over its features."""

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
class LayerNorm(Layer):
    """a = gain * n + bias with n = (x - mean(x)) / sqrt(var(x) + epsilon) (Ba et al., 2016).

    Parameters
    ----------
    epsilon : float, default=1e-5
        Added to the variance.
    """

    epsilon: float = 1e-5

    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="neither")]}

    def parameters(self, n_inputs):
        shape = (1, n_inputs)
        return {
            "gain": Parameter(shape, partial(constant, value=1.0, shape=shape)),
            "bias": Parameter(shape, partial(constant, value=0.0, shape=shape)),
        }

    def buffers(self, n_inputs):
        return {
            "normalized": n_inputs,
            "output": n_inputs,
            "product": n_inputs,
            "input_gradient": n_inputs,
            "deviation": 1,
            "mean": 1,
            "ones": Buffer((1,), fill=lambda n_samples: 1.0),
            "multiply": Product((1, n_inputs), stacked=True),
        }

    def forward(self, x, params, work, training):
        n, deviation = work.normalized, work.deviation
        np.add.reduce(x, axis=-1, keepdims=True, out=work.mean)
        np.divide(work.mean, x.shape[-1], out=work.mean)
        np.subtract(x, work.mean, out=n)
        np.multiply(n, n, out=work.output)
        np.add.reduce(work.output, axis=-1, keepdims=True, out=deviation)
        np.divide(deviation, x.shape[-1], out=deviation)
        np.add(deviation, self.epsilon, out=deviation)
        np.sqrt(deviation, out=deviation)
        np.divide(n, deviation, out=n)
        np.multiply(n, params.gain, out=work.output)
        return np.add(work.output, params.bias, out=work.output)

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient
        np.multiply(output_gradient, work.normalized, out=work.product)
        work.multiply(work.ones.mT, work.product, out=gradients.gain)
        work.multiply(work.ones.mT, output_gradient, out=gradients.bias)

    def input_gradient(self, params, work):
        # dE/dx = (g - mean(g) - n mean(g n)) / deviation with g = dE/da * gain
        g, n_inputs = work.input_gradient, work.normalized.shape[-1]
        np.multiply(work.output_gradient, params.gain, out=g)
        np.multiply(g, work.normalized, out=work.product)
        np.add.reduce(work.product, axis=-1, keepdims=True, out=work.mean)
        np.divide(work.mean, n_inputs, out=work.mean)
        np.multiply(work.normalized, work.mean, out=work.product)
        np.add.reduce(g, axis=-1, keepdims=True, out=work.mean)
        np.divide(work.mean, n_inputs, out=work.mean)
        np.subtract(g, work.mean, out=g)
        np.subtract(g, work.product, out=g)
        return np.divide(g, work.deviation, out=g)
