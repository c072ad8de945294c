"""A layer with given initial values."""

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from skbackprop.initializers import given_values
from skbackprop.layers.wrapper import Wrapper
from skbackprop.memory import leaves, map_tree


class Arrays(list):
    """A list of arrays whose repr shows only their shapes."""

    def __repr__(self):
        return f"[{', '.join(f'array of shape {np.shape(array)}' for array in self)}]"


@dataclass(eq=False, repr=False)
class Pretrained(Wrapper):
    """The layer's parameters start from `values`; they are trained unless the layer is also `Frozen`.

    Parameters
    ----------
    layer : Layer
        Any layer; `Sequential` for several.

    values : list of array
        An array for each parameter of the layer, in the order in which the layer declares them: weight and
        bias for `Dense`. A bias may have shape (n_units,).

    See Also
    --------
    skbackprop.network.Network.pretrained_layers : The layers of a fitted network.
    """

    values: list

    _parameter_constraints = {**Wrapper._parameter_constraints, "values": [list, tuple]}

    def __post_init__(self):
        if type(self.values) in (list, tuple):
            self.values = Arrays(self.values)

    def resolved(self):
        return replace(super().resolved(), values=deepcopy(self.values))

    def parameters(self, n_inputs):
        tree = super().parameters(n_inputs)
        shapes = [parameter.shape for parameter in leaves(tree)]
        if len(shapes) != len(self.values):
            raise ValueError(
                f"Pretrained(values=...) has {len(self.values)} arrays, but the layer has {len(shapes)} "
                f"parameters, of shapes {shapes}."
            )
        numbered = iter(enumerate(self.values))

        def starting_from_values(parameter):
            i, value = next(numbered)
            name = f"Pretrained(values=...)[{i}]"
            return replace(parameter, initialize=partial(_value, value, parameter.shape, name))

        return map_tree(starting_from_values, tree, named=dict)


def _value(value, shape, name, random_state):
    return given_values(value, shape, name)
