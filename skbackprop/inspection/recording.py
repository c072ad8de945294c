"""A network that records the inputs and outputs of its layers, in the forward and the backward pass."""

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

import numpy as np

from skbackprop.layers import Layer
from skbackprop.layers.wrapper import Wrapper
from skbackprop.memory import Workspaces
from skbackprop.network import Network, inner_layers


class Recorded(Wrapper):
    """The layer as in prediction; `work.layer.seen` has copies of its inputs and outputs."""

    def forward(self, x, params, work, training):
        output = super().forward(x, params, work, training)
        work.layer.seen = SimpleNamespace(inputs=np.array(x), output=np.array(output))
        return output

    def backward(self, output_gradient, params, gradients, work):
        work.layer.seen.output_gradient = np.array(output_gradient)
        super().backward(output_gradient, params, gradients, work)


def recorded(network):
    """A float64 copy in which every layer without inner layers is `Recorded`."""
    network = network.astype(np.float64)
    network.__setstate__({**network.__getstate__(), "root": _recorded(network.root)})
    return network


def _recorded(layer):
    inner = inner_layers(layer)
    if not inner:
        return Recorded(layer)
    layer = copy(layer)
    for field, value in inner.items():
        parts = _recorded(value) if isinstance(value, Layer) else [_recorded(part) for part in value]
        setattr(layer, field, parts)
    return layer


@dataclass(frozen=True, eq=False)
class Passes:
    """Forward and backward passes of some rows through one member of a recorded network."""

    network: Network
    member: int

    def of_member(self, array):
        """The member's part of an array of all members."""
        return array[self.member] if self.network.members else array

    def forward(self, x):
        """z, of shape (n_samples, n_outputs)."""
        return self.of_member(self.network.forward(x))

    def backward(self, delta):
        """dE/dtheta of the last forward pass, from dE/dz."""
        of_all = np.zeros((*self.network.members, *delta.shape))
        self.of_member(of_all)[...] = delta
        self.network.backward(of_all)
        return self.of_member(self.network.gradient).copy()

    def input_gradient(self):
        """dE/dx, after `backward`."""
        network = self.network
        return network.root.input_gradient(network.params, network.work).copy()

    def by_layer(self, vectors):
        """Vectors of the member's theta as named arrays, a dict for each layer."""
        return [vars(params) for _, _, params, _ in self.network.parts(params=self.network.views(vectors))]

    def seen(self):
        """The numbers of each layer in the last passes, by the names of the fields of `LayerTrace`."""
        for name, layer, _, work in self.network.parts(self.network.work):
            passed = {field: self.of_member(array) for field, array in vars(work.seen).items()}
            declared = layer.buffers(work.seen.inputs.shape[-1])
            yield {
                "name": name.removesuffix(".layer"),
                "layer": layer,
                "net_input": self._by_row("net_input", declared, work),
                "delta": self._by_row("delta", declared, work),
                "input_factor": float(work.factor) if "factor" in declared else 1.0,
                **passed,
            }

    def _by_row(self, name, declared, work):
        """A copy with a row for each sample; None if the layer declares no such array."""
        if name not in declared:
            return None
        array = self.of_member(getattr(work, name))
        if getattr(declared[name], "samples_last", False):
            array = np.moveaxis(array, -1, 0)
        return array.reshape(len(array), -1).copy()


@dataclass(frozen=True, eq=False)
class RowGradients:
    """dE_s/dtheta of each row s, with one pass per row; computed at the first use."""

    passes: Passes
    x: np.ndarray
    delta: np.ndarray  # dE/d(output of the last layer)

    @cached_property
    def vectors(self):
        """Shape (n_samples, n_parameters)."""
        gradients = []
        for row in range(len(self.x)):
            self.passes.forward(self.x[row : row + 1])
            gradients.append(self.passes.backward(self.delta[row : row + 1]))
        return np.array(gradients)

    @cached_property
    def by_layer(self):
        """A dict for each layer: arrays of shape (n_samples, *shape of the parameter)."""
        return self.passes.by_layer(self.vectors)


def row_losses(loss, y, z, weight, progress):
    """E_s = w_s L_s, shape (n_samples,), and dE_s/dz, shape (n_samples, n_outputs)."""
    if weight is not None and weight.shape[1] > 1:  # one weight for each of several losses
        return _row_losses_of_each(loss, y, z, weight, progress)
    workspaces = Workspaces(loss.buffers(z.shape[1]), z.dtype)
    workspaces.set_progress(progress)
    work, errors, delta = workspaces[1], np.empty(len(z)), np.empty_like(z)
    for row in range(len(z)):
        part = slice(row, row + 1)
        errors[row] = loss.value_and_delta(y[part], z[part], None, delta[part], work).item()
    if weight is None:
        return errors, delta
    return errors * weight[:, 0], delta * weight


def _row_losses_of_each(loss, y, z, weight, progress):
    errors, delta = np.zeros(len(z)), np.empty_like(z)
    for k, (part, y_block, z_block) in enumerate(loss.blocks()):
        more, delta[:, z_block] = row_losses(
            part, y[:, y_block], z[:, z_block], weight[:, k : k + 1], progress
        )
        errors += more
    return errors, delta
