"""A layer that does not learn."""

from dataclasses import dataclass, replace

from skbackprop.layers.wrapper import Wrapper
from skbackprop.memory import map_tree


def _frozen(parameter):
    return replace(parameter, learning_rate=0.0, weight_decay=0.0, max_norm=None)


@dataclass(eq=False, repr=False)
class Frozen(Wrapper):
    """The layer's parameters keep their values; gradients pass through it to the earlier layers.

    In training it computes the same as in prediction: dropout inside it is off, and batch
    normalisation inside it uses its running statistics and does not change them.

    Parameters
    ----------
    layer : Layer
        Any layer; `Sequential` for several.
    """

    def parameters(self, n_inputs):
        return map_tree(_frozen, super().parameters(n_inputs), named=dict)

    def forward(self, x, params, work, training):
        return super().forward(x, params, work, training=False)
