"""Max-pooling: shorten a sequence, keeping the largest value of each window."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skbackprop.compat import Interval
from skbackprop.layers.layer import Layer
from skbackprop.layers.steps import by_channel, n_steps
from skbackprop.memory import Buffer


@dataclass(eq=False, repr=False)
class MaxPool1D(Layer):
    """a_t = max(x_(t p), ..., x_(t p + p - 1)), p = `pool_size`: the largest of every p steps of a sequence.

    The columns of x are `n_channels` sequences of equal length, one after the other, as in `LagFeatures` and
    `Conv1D`; the columns of a are stored in the same way. The last window has the remaining steps. If several
    steps are equal to the maximum, the first one gets the gradient.

    Parameters
    ----------
    pool_size : int, default=2
        The number p of steps in a window.

    n_channels : int, default=1
        The number of sequences; after a `Conv1D` its number of filters.
    """

    pool_size: int = 2
    n_channels: int = 1

    _parameter_constraints = {
        "pool_size": [Interval(Integral, 1, None, closed="left")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
    }

    def n_outputs(self, n_inputs):
        n = n_steps(self, n_inputs)
        if self.pool_size > n:
            raise ValueError(
                f"{self!r}: pool_size={self.pool_size} must not exceed the {n} steps of its input."
            )
        return self.n_channels * -(-n // self.pool_size)

    def buffers(self, n_inputs):
        n_outputs = self.n_outputs(n_inputs)
        return {
            "output": n_outputs,
            "rest": Buffer((n_outputs,), late=True),
            "input_gradient": Buffer((n_inputs,), late=True),
        }

    def _in_windows(self, steps):
        """The first steps of all windows, then the second steps, ...; the last window may have fewer."""
        return [steps[..., place :: self.pool_size] for place in range(self.pool_size)]

    def forward(self, x, params, work, training):
        work.x = x
        largest = by_channel(work.output, self.n_channels)
        first, *others = self._in_windows(by_channel(x, self.n_channels))
        np.copyto(largest, first)
        for other in others:
            so_far = largest[..., : other.shape[-1]]
            np.maximum(so_far, other, out=so_far)
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient

    def input_gradient(self, params, work):
        np.copyto(work.rest, work.output_gradient)  # the gradient that no step of the window has received yet
        largest, rest, steps, back = (
            by_channel(array, self.n_channels)
            for array in (work.output, work.rest, work.x, work.input_gradient)
        )
        for step, share in zip(self._in_windows(steps), self._in_windows(back)):
            of_window = rest[..., : step.shape[-1]]
            np.equal(step, largest[..., : step.shape[-1]], out=share)
            np.multiply(share, of_window, out=share)
            np.subtract(of_window, share, out=of_window)
        return work.input_gradient
