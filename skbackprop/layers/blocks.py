"""A layer for each block of columns; their outputs are concatenated."""

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np

from skbackprop.layers.layer import Layer
from skbackprop.memory import side_by_side


@dataclass(eq=False, repr=False)
class Blocks(Layer):
    """a = [f_1(x_1), f_2(x_2), ...], where x = [x_1, x_2, ...] is split into blocks of columns.

    Parameters
    ----------
    layers : list of Layer
        One for each block; `Passthrough()` leaves a block unchanged.

    n_columns : list of int
        The number of columns of each block, in the order of x; their sum is the number of columns of x.
    """

    layers: list[Layer]
    n_columns: list[int]

    _parameter_constraints = {"layers": [list, tuple], "n_columns": [list, tuple]}

    def resolved(self):
        self._validate_params()
        if not self.layers or len(self.layers) != len(self.n_columns):
            raise ValueError(
                f"Blocks(n_columns={self.n_columns!r}) needs one layer for each block, and at least one, but "
                f"layers has {len(self.layers)}."
            )
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Blocks(layers=...) takes layers, got {layer!r}.")
        for n in self.n_columns:
            if not (isinstance(n, Integral) and n > 0):
                raise ValueError(f"Blocks(n_columns={self.n_columns!r}) must hold integers > 0, got {n!r}.")
        return replace(self, layers=[layer.resolved() for layer in self.layers])

    def _with_sizes(self, n_inputs):
        if sum(self.n_columns) != n_inputs:
            raise ValueError(
                f"Blocks(n_columns={self.n_columns!r}) needs {sum(self.n_columns)} columns, but its input "
                f"has {n_inputs}."
            )
        return zip(self.layers, self.n_columns)

    def n_outputs(self, n_inputs):
        return sum(self._widths(n_inputs))

    def _widths(self, n_inputs):
        return [layer.n_outputs(n) for layer, n in self._with_sizes(n_inputs)]

    def parameters(self, n_inputs):
        return {"layers": [layer.parameters(n) for layer, n in self._with_sizes(n_inputs)]}

    def buffers(self, n_inputs):
        return {
            "layers": [layer.buffers(n) for layer, n in self._with_sizes(n_inputs)],
            "output": self.n_outputs(n_inputs),
            "output_gradients": self._widths(n_inputs),
            "input_gradient": n_inputs,
        }

    def forward(self, x, params, work, training):
        start, blocks = 0, side_by_side(self.n_columns)
        for block, layer, p, w in zip(blocks, self.layers, params.layers, work.layers):
            a = layer.forward(x[..., block], p, w, training)
            stop = start + a.shape[-1]
            np.copyto(work.output[..., start:stop], a)
            start = stop
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        start = 0
        for i, layer in enumerate(self.layers):
            part = work.output_gradients[i]
            stop = start + part.shape[-1]
            np.copyto(part, output_gradient[..., start:stop])
            layer.backward(part, params.layers[i], gradients.layers[i], work.layers[i])
            start = stop

    def input_gradient(self, params, work):
        blocks = side_by_side(self.n_columns)
        for block, layer, p, w in zip(blocks, self.layers, params.layers, work.layers):
            np.copyto(work.input_gradient[..., block], layer.input_gradient(p, w))
        return work.input_gradient
