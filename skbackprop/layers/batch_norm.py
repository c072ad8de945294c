"""Batch normalisation: scale each feature to mean 0 and variance 1 over the batch."""

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
class BatchNorm(Layer):
    """a = gain * n + bias with n = (x - mean) / sqrt(variance + epsilon) (Ioffe, Szegedy, 2015).

    In training, mean and variance are those of the batch, and update the running ones: r <- (1 - momentum) r
    + momentum * batch, where the variance is divided by n_samples - 1. In prediction the running mean and
    variance are used. They are also used for a batch of one row, which has no variance. Sample weights are
    not used.

    Parameters
    ----------
    momentum : float, default=0.1
        Weight of a batch in the running mean and variance, in (0, 1].

    epsilon : float, default=1e-5
        Added to the variance.
    """

    momentum: float = 0.1
    epsilon: float = 1e-5

    _parameter_constraints = {
        "momentum": [Interval(Real, 0, 1, closed="right")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    def parameters(self, n_inputs):
        shape = (1, n_inputs)
        zeros, ones = (partial(constant, value=value, shape=shape) for value in (0.0, 1.0))
        return {
            "gain": Parameter(shape, ones),
            "bias": Parameter(shape, zeros),
            "running_mean": Parameter(shape, zeros, learning_rate=0.0),
            "running_variance": Parameter(shape, ones, learning_rate=0.0),
        }

    def buffers(self, n_inputs):
        row = Buffer((1, n_inputs), per_sample=False)
        return {
            "normalized": n_inputs,
            "output": n_inputs,
            "product": n_inputs,
            "input_gradient": n_inputs,
            "mean": row,
            "variance": row,
            "change": row,
            "deviation": row,
            "mean_gradient": row,
            "mean_product": row,
            "ones": Buffer((1,), fill=lambda n_samples: 1.0),
            "multiply": Product((1, n_inputs), stacked=True),
        }

    def forward(self, x, params, work, training):
        n, n_samples = work.normalized, x.shape[-2]
        work.of_batch = training and n_samples > 1
        if work.of_batch:
            mean, variance = work.mean, work.variance
            work.multiply(work.ones.mT, x, out=mean)
            np.divide(mean, n_samples, out=mean)
            np.subtract(x, mean, out=n)
            np.multiply(n, n, out=work.product)
            work.multiply(work.ones.mT, work.product, out=variance)
            self._move(params.running_mean, mean, 1.0, work.change)
            self._move(params.running_variance, variance, 1.0 / (n_samples - 1), work.change)
            np.divide(variance, n_samples, out=variance)
        else:
            variance = params.running_variance
            np.subtract(x, params.running_mean, out=n)
        np.add(variance, self.epsilon, out=work.deviation)
        np.sqrt(work.deviation, out=work.deviation)
        np.divide(n, work.deviation, out=n)
        np.multiply(n, params.gain, out=work.output)
        return np.add(work.output, params.bias, out=work.output)

    def _move(self, running, batch, factor, change):
        """running <- running + momentum * (factor * batch - running)."""
        np.multiply(batch, factor, out=change)
        np.subtract(change, running, out=change)
        np.multiply(change, self.momentum, out=change)
        np.add(running, change, out=running)

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient
        np.multiply(output_gradient, work.normalized, out=work.product)
        work.multiply(work.ones.mT, work.product, out=gradients.gain)
        work.multiply(work.ones.mT, output_gradient, out=gradients.bias)
        np.divide(gradients.gain, output_gradient.shape[-2], out=work.mean_product)
        np.divide(gradients.bias, output_gradient.shape[-2], out=work.mean_gradient)

    def input_gradient(self, params, work):
        # dE/dx = (g - mean(g) - n mean(g n)) gain / deviation with g = dE/da; the two means are there
        # because x changes the mean and the variance of the batch, and are missing with the running ones
        g = work.output_gradient
        if work.of_batch:
            np.multiply(work.normalized, work.mean_product, out=work.product)
            np.subtract(g, work.product, out=work.product)
            g = np.subtract(work.product, work.mean_gradient, out=work.product)
        np.multiply(g, params.gain, out=work.input_gradient)
        return np.divide(work.input_gradient, work.deviation, out=work.input_gradient)
