"""Convolution over a sequence: the same small dense layer for every window of steps."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skbackprop.activations import Activation
from skbackprop.compat import Interval
from skbackprop.initializers import Initializer
from skbackprop.layers.dense import Dense, with_parts
from skbackprop.layers.layer import Layer
from skbackprop.layers.steps import by_channel, n_steps
from skbackprop.memory import Buffer
from skbackprop.products import Product


@dataclass(eq=False, repr=False)
class Conv1D(Layer):
    """a_f,t = phi(sum_k,c W_k,c,f x_c,(t + k) + b_f): each filter f slides along a sequence.

    The columns of x are `n_channels` sequences of n steps, one after the other, as in `LagFeatures`. The
    columns of a are `n_filters` sequences of n - `kernel_size` + 1 steps: only full windows, no padding. W
    has shape (kernel_size * n_channels, n_filters); row k * n_channels + c belongs to step k of channel c.
    The kernel is not flipped.

    Parameters
    ----------
    n_filters : int
        Number of filters.

    kernel_size : int
        Number of steps in a window.

    n_channels : int, default=1
        The number of sequences; after a `Conv1D` its number of filters.

    activation : str or Activation, default="relu"
        The activation phi.

    initializer : str or Initializer, default="bounded_glorot"
        Gives the initial weights and biases, as for a `Dense` layer on one window.

    learning_rate : float, default=1.0
        Factor of the solver's learning rate, >= 0; 0 keeps the initial weights and biases.

    weight_decay : float, default=1.0
        Factor of `alpha` and of the solver's weight decay, >= 0.

    max_norm : float, default=None
        The largest norm of the weights of each filter, > 0; None means no limit.

    bias_learning_rate : float, default=1.0
        Learning rate of the biases as a multiple of that of the weights, >= 0.
    """

    n_filters: int
    kernel_size: int
    n_channels: int = 1
    activation: str | Activation = "relu"
    initializer: str | Initializer = "bounded_glorot"
    learning_rate: float = 1.0
    weight_decay: float = 1.0
    max_norm: float | None = None
    bias_learning_rate: float = 1.0

    _parameter_constraints = {
        **{name: rule for name, rule in Dense._parameter_constraints.items() if name != "n_units"},
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
    }

    def resolved(self):
        return with_parts(self)

    def _n_windows(self, n_inputs):
        n = n_steps(self, n_inputs)
        if self.kernel_size > n:
            raise ValueError(
                f"{self!r}: kernel_size={self.kernel_size} must not exceed the {n} steps of its input."
            )
        return n - self.kernel_size + 1

    def n_outputs(self, n_inputs):
        return self.n_filters * self._n_windows(n_inputs)

    def parameters(self, n_inputs):
        of_a_window = Dense(
            self.n_filters,
            self.activation,
            self.initializer,
            self.learning_rate,
            self.weight_decay,
            self.max_norm,
            self.bias_learning_rate,
        )
        return of_a_window.parameters(self.kernel_size * self.n_channels)

    def buffers(self, n_inputs):
        n_windows, n_outputs = self._n_windows(n_inputs), self.n_outputs(n_inputs)
        size = self.kernel_size * self.n_channels
        return {
            "windows": Buffer((n_windows, size)),
            "of_windows": Buffer((n_windows, self.n_filters)),  # net inputs, then deltas
            "net_input": n_outputs,
            "output": n_outputs,
            "delta": n_outputs,
            "scratch": [n_outputs] * self.activation.n_scratch,
            "weight_gradients": Buffer((size, self.n_filters)),  # of each sample
            "bias_gradients": self.n_filters,
            "window_gradients": Buffer((n_windows, size), late=True),
            "input_gradient": Buffer((n_inputs,), late=True),
            "ones": Buffer((1,), fill=lambda n_samples: 1.0),
            "product": Product(),
            "product_of_each": Product(stacked=True),
        }

    @property
    def takes_data(self):
        return self.initializer.takes_data

    def initialize_from(self, params, work, random_state):
        z = by_channel(work.net_input, self.n_filters) - params.bias[..., None]
        factor, bias = self.initializer.from_data(_rows(z.mT), random_state)
        np.multiply(params.weight, factor, out=params.weight, casting="same_kind")
        np.copyto(params.bias, bias)

    def _along(self, steps, windows):
        """For each position in a window: the steps of all windows there, and their columns in `windows`."""
        n_windows, c = windows.shape[-2], self.n_channels
        for k in range(self.kernel_size):
            yield steps[..., k : k + n_windows], windows[..., k * c : (k + 1) * c].mT

    def forward(self, x, params, work, training):
        for steps, place in self._along(by_channel(x, self.n_channels), work.windows):
            np.copyto(place, steps)
        work.product(_rows(work.windows), params.weight, out=_rows(work.of_windows))
        z = by_channel(work.net_input, self.n_filters)
        np.add(work.of_windows.mT, params.bias[..., None], out=z)
        work.output = self.activation.forward(work.net_input, work.output, work.scratch)
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        work.delta = self.activation.backward(
            output_gradient, work.net_input, work.output, work.delta, work.scratch
        )
        np.copyto(work.of_windows.mT, by_channel(work.delta, self.n_filters))
        # first sum over the windows of each sample, then over samples: one sum over both is much slower
        work.product_of_each(work.windows.mT, work.of_windows, out=work.weight_gradients)
        np.add.reduce(work.weight_gradients, axis=-3, out=gradients.weight)
        np.add.reduce(work.of_windows, axis=-2, out=work.bias_gradients)
        work.product(work.ones.mT, work.bias_gradients, out=gradients.bias)

    def input_gradient(self, params, work):
        work.product(_rows(work.of_windows), params.weight.mT, out=_rows(work.window_gradients))
        np.copyto(work.input_gradient, 0.0)
        back = by_channel(work.input_gradient, self.n_channels)
        for steps, place in self._along(back, work.window_gradients):
            np.add(steps, place, out=steps)  # a step is part of up to `kernel_size` windows
        return work.input_gradient


def _rows(array):
    """A view of (..., n_samples, n_windows, width) as (..., n_samples * n_windows, width)."""
    return array.reshape(*array.shape[:-3], array.shape[-3] * array.shape[-2], array.shape[-1])
