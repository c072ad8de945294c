"""Compare the gradients of each layer alone with central differences.

In the whole network a wrong input gradient makes all earlier layers wrong; alone, only the layer itself is
wrong.
"""

import numpy as np

from skbackprop.inspection.differences import compare
from skbackprop.inspection.one_hot_codes import codes_of_columns
from skbackprop.layers import Blocks, Concatenate, Ensemble, Frozen, Sequential
from skbackprop.layers.wrapper import Wrapper


def layers_with_inputs(network, x):
    """(name, layer, input, params, gradients, work, training) of every layer, also of inner layers."""
    network.forward(x, training=True)
    yield from _walk("", network.root, x, network.params, network.gradients, network.work, True)


def _walk(name, layer, x, params, gradients, work, training):
    if isinstance(layer, Frozen):
        training = False
    if not isinstance(layer, Sequential | Ensemble):
        yield name.lstrip("."), layer, x, params, gradients, work, training
    if isinstance(layer, Ensemble | Wrapper):
        if isinstance(layer, Ensemble):
            x = np.broadcast_to(x, (layer.n_members, *x.shape[-2:]))
        inner = [(f"{name}.layer", layer.layer, x, params.layer, gradients.layer, work.layer)]
    elif isinstance(layer, Sequential | Blocks):
        inner = _in_list(f"{name}.layers", layer, x, params.layers, gradients.layers, work.layers, training)
    elif isinstance(layer, Concatenate):
        parts = zip(layer.branches, params.branches, gradients.branches, work.branches)
        inner = [(f"{name}.branches[{i}]", part, x, *arrays) for i, (part, *arrays) in enumerate(parts)]
    else:
        inner = []
    for part in inner:
        yield from _walk(*part, training)


def _in_list(name, layer, x, params, gradients, work, training):
    start = 0
    for i, (part, p, g, w) in enumerate(zip(layer.layers, params, gradients, work)):
        if isinstance(layer, Blocks):
            stop = start + layer.n_columns[i]
            yield f"{name}[{i}]", part, x[..., start:stop], p, g, w
            start = stop
        else:
            yield f"{name}[{i}]", part, x, p, g, w
            x = part.forward(x, p, w, training).copy()


class LayerAlone:
    """E = <a, r> for one layer with a random r; its backward pass gives dE/dx and dE/dp."""

    def __init__(self, layer, x, params, gradients, work, training, start_again, random):
        self.layer, self.params, self.work, self.training = layer, params, work, training
        self.start_again, self.random = start_again, random
        self.x = np.array(x)
        self.can_move = np.equal(codes_of_columns(layer, x.shape[-1]), 0)
        shape = self._output().shape
        self.r = random.normal(size=shape) / np.sqrt(np.prod(shape))
        layer.backward(self.r.copy(), params, gradients, work)
        try:
            self.input_gradient = layer.input_gradient(params, work).copy()
        except NotImplementedError:  # a layer that is always the first needs none
            self.input_gradient = None

    def _output(self):
        self.start_again()
        return self.layer.forward(self.x, self.params, self.work, self.training)

    def compared(self, array, gradient, tolerance):
        """Compare the slope along a random direction of `array`; codes are not changed."""
        start = array.copy()
        direction = self.random.normal(size=array.shape) / np.sqrt(array.size)
        if array is self.x:
            direction *= self.can_move

        def value(step):
            np.add(start, step * direction, out=array)
            return float((self._output() * self.r).sum())

        found = compare(
            value, float((gradient * direction).sum()), usual_slope(gradient, direction), tolerance
        )
        np.copyto(array, start)
        return found


def usual_slope(gradient, direction):
    """The typical size of the slope along a random direction of this size."""
    return float(np.linalg.norm(gradient) * np.sqrt(np.mean(direction**2)))
