"""Embeddings of categories: each category becomes several learned numbers."""

from dataclasses import dataclass
from functools import partial
from math import prod
from numbers import Integral, Real

import numpy as np

from skbackprop.compat import Interval
from skbackprop.layers.layer import Layer
from skbackprop.memory import Buffer, Parameter


def _normal(random_state, shape):
    return random_state.normal(size=shape)


@dataclass(eq=False, repr=False)
class Embedding(Layer):
    """a_f = T_f[x_f]: each column f has a table T_f, and its values x_f are codes 0, 1, 2, ...

    Codes are integers stored as floats; a code out of range is replaced by the nearest one. Codes have no
    gradient: an estimator raises an error for other numbers, and for an Embedding after another layer. All
    tables are stored in one, one below the other; initial values are N(0, 1).

    Parameters
    ----------
    n_categories : int or list of int
        The number of codes of each column; an int is used for every column.

    n_components : int, default=8
        The number of components for each category.

    learning_rate : float, default=1.0
        Factor of the solver's learning rate, >= 0.

    weight_decay : float, default=1.0
        Factor of `alpha` and of the solver's weight decay, >= 0.
    """

    n_categories: int | list[int]
    n_components: int = 8
    learning_rate: float = 1.0
    weight_decay: float = 1.0

    _parameter_constraints = {
        "n_categories": [Interval(Integral, 1, None, closed="left"), list, tuple],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
    }

    def _sizes(self, n_inputs):
        """The number of codes of each column."""
        sizes = self.n_categories
        if isinstance(sizes, Integral):
            return [sizes] * n_inputs
        if len(sizes) != n_inputs or not all(isinstance(n, Integral) and n > 0 for n in sizes):
            raise ValueError(
                f"Embedding(n_categories={sizes!r}) must be an integer > 0, or one for each of the "
                f"{n_inputs} columns."
            )
        return list(sizes)

    def n_outputs(self, n_inputs):
        return n_inputs * self.n_components

    def parameters(self, n_inputs):
        shape = (sum(self._sizes(n_inputs)), self.n_components)
        return {
            "table": Parameter(
                shape,
                partial(_normal, shape=shape),
                decay=True,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
            )
        }

    def buffers(self, n_inputs):
        sizes, m = np.array(self._sizes(n_inputs)), self.n_components
        constant = partial(Buffer, per_sample=False)
        return {
            "code": n_inputs,
            "largest_code": constant((1, n_inputs), fill=lambda n_samples: sizes - 1),
            "start": Buffer((n_inputs, 1), dtype=np.intp),
            "first_start": constant(
                (1, n_inputs), fill=lambda n_samples: m * (np.cumsum(sizes) - sizes), dtype=np.intp
            ),
            "component": constant((1, 1, m), fill=lambda n_samples: np.arange(m), dtype=np.intp),
            "place": Buffer((n_inputs, m), dtype=np.intp),
            "output": self.n_outputs(n_inputs),
            "input_gradient": Buffer((n_inputs,), late=True),
        }

    def forward(self, x, params, work, training):
        code, start = work.code, work.start[..., 0]
        np.maximum(x, 0.0, out=code)
        np.minimum(code, work.largest_code, out=code)
        np.copyto(start, code, casting="unsafe")
        np.multiply(start, self.n_components, out=start)
        np.add(start, work.first_start, out=start)  # where the row starts in the table of all columns
        np.add(work.start, work.component, out=work.place)
        for table, place, a in _members(params.table, work.place, work.output):
            table.take(place, out=a, mode="clip")
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        np.copyto(gradients.table, 0.0)
        for gradient, place, g in _members(gradients.table, work.place, output_gradient):
            np.add.at(gradient, place, g)

    def input_gradient(self, params, work):
        np.copyto(work.input_gradient, 0.0)
        return work.input_gradient


def _members(table, *arrays):
    """The table and the arrays of each member as vectors; without an Ensemble there is one member."""
    n_members = prod(table.shape[:-2])
    return zip(*(array.reshape(n_members, -1) for array in (table, *arrays)))
