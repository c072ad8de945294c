"""Embeddings of codes, computed as products of one-hot columns and a table.

A code has no gradient, but its one-hot columns have one. A line between two one-hot vectors becomes the line
between two rows of the table.
"""

from dataclasses import dataclass, replace

import numpy as np

from skbackprop.layers import Blocks, Embedding, Ensemble, Frozen, Layer, Pretrained, Sequential
from skbackprop.memory import Buffer, side_by_side
from skbackprop.network import Network
from skbackprop.products import Product


class Expanded:
    """A copy of a network in float64 whose input has a column for each code of each embedded column.

    `counts` has the number of codes for each column of the network, 0 for numeric columns. `places` has the
    column of the network for each column of the copy.
    """

    def __init__(self, network):
        root, self.counts = _expanded(network.root, network.n_inputs)
        widths = np.maximum(self.counts, 1)
        self.places = np.repeat(np.arange(len(widths)), widths)
        self.blocks = side_by_side(widths)
        state = {"root": root, "n_inputs": int(widths.sum()), "theta": network.theta.astype(np.float64)}
        self.network = Network.__new__(Network)
        self.network.__setstate__({**network.__getstate__(), **state, "generator": None})

    def rows(self, x):
        """Convert rows of the network to rows of the copy."""
        if not any(self.counts):
            return x
        out = np.zeros((len(x), self.network.n_inputs))
        for column, count, block in zip(x.T, self.counts, self.blocks):
            if count:
                codes = np.clip(column, 0, count - 1).astype(np.intp)
                np.put_along_axis(out[:, block], codes[:, None], 1.0, axis=1)
            else:
                out[:, block.start] = column
        return out


@dataclass(eq=False, repr=False)
class OneHotEmbedding(Layer):
    """Like `embedding`, but for weights of codes instead of codes: a_f = x_f T_f."""

    embedding: Embedding
    counts: list

    def n_outputs(self, n_inputs):
        return len(self.counts) * self.embedding.n_components

    def parameters(self, n_inputs):
        return self.embedding.parameters(len(self.counts))

    def buffers(self, n_inputs):
        return {
            "output": self.n_outputs(n_inputs),
            "input_gradient": Buffer((n_inputs,), late=True),
            "multiply": Product(stacked=True),
        }

    def _blocks(self):
        m = self.embedding.n_components
        return zip(side_by_side(self.counts), side_by_side([m] * len(self.counts)))

    def forward(self, x, params, work, training):
        for codes, components in self._blocks():
            work.multiply(x[..., codes], params.table[..., codes, :], out=work.output[..., components])
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient

    def input_gradient(self, params, work):
        for codes, components in self._blocks():
            table = params.table[..., codes, :].mT
            work.multiply(work.output_gradient[..., components], table, out=work.input_gradient[..., codes])
        return work.input_gradient


def codes_of_columns(layer, n_inputs):
    """The number of codes of each input column of a layer, 0 for numeric columns."""
    return _expanded(layer, n_inputs)[1]


def _expanded(layer, n_inputs):
    """(the layer for one-hot columns, the number of codes of each column or 0 for numeric columns)."""
    numbers = [0] * n_inputs
    if isinstance(layer, Embedding):
        counts = layer._sizes(n_inputs)
        return OneHotEmbedding(layer, counts), counts
    if isinstance(layer, Ensemble | Frozen):
        inner, counts = _expanded(layer.layer, n_inputs)
        return replace(layer, layer=inner), counts
    if isinstance(layer, Pretrained):  # theta already has its values
        return _expanded(layer.layer, n_inputs)
    if isinstance(layer, Sequential):
        first, counts = _expanded(layer.layers[0], n_inputs)
        return replace(layer, layers=[first, *layer.layers[1:]]), counts
    if isinstance(layer, Blocks):
        parts = [_expanded(part, n) for part, n in zip(layer.layers, layer.n_columns)]
        widths = [sum(max(count, 1) for count in counts) for _, counts in parts]
        counts = [count for _, counts in parts for count in counts]
        return replace(layer, layers=[part for part, _ in parts], n_columns=widths), counts
    return layer, numbers
