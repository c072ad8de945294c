"""Columns of X that an `Embedding` reads: codes of categories, whole numbers."""

import numpy as np
from scipy.sparse import issparse

from skbackprop.layers import Blocks, Concatenate, Embedding, Passthrough, Sequential
from skbackprop.memory import side_by_side
from skbackprop.network import inner_layers


def code_columns(root, n_inputs):
    """Their places; an error for an `Embedding` that reads what another layer gives."""
    return tuple(sorted(set(_read(root, np.arange(n_inputs)))))


def _read(layer, columns):
    """The columns that embeddings in this layer read, which itself reads `columns` of X; None: no such."""
    if isinstance(layer, Embedding):
        if columns is None:
            raise ValueError(
                f"hidden_layer_sizes: {layer!r} reads what another layer gives, which are no codes. It must "
                "read columns of X: make it the first layer, or a block of Blocks there."
            )
        return columns.tolist()
    if isinstance(layer, Sequential):
        found = []
        for part in layer.layers:
            found += _read(part, columns)
            columns = columns if isinstance(part, Passthrough) else None
        return found
    if isinstance(layer, Blocks) and columns is not None and sum(layer.n_columns) == len(columns):
        blocks = side_by_side(layer.n_columns)
        return [place for part, block in zip(layer.layers, blocks) for place in _read(part, columns[block])]
    inner = layer.branches if isinstance(layer, Concatenate) else inner_layers(layer).values()
    return [place for part in _flat(inner) for place in _read(part, columns)]


def _flat(layers):
    for layer in layers:
        yield from layer if isinstance(layer, list | tuple) else [layer]


def check_codes(inputs, columns, policy):
    """An error where one of these columns of the network's input holds what is no whole number.

    `policy` for missing values has made the input.
    """
    if not columns or issparse(inputs):
        return
    values = inputs[:, columns]
    wrong = values != np.rint(values)
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        missing = policy.name
        why = "" if missing == "error" else f" (missing={missing!r} puts means in place of missing values)"
        raise ValueError(
            f"Column {columns[place]} of X is read by an Embedding and holds {values[row, place]:.6g}, and "
            f"codes are whole numbers{why}: skbackprop.preprocessing.CategoryEncoder makes them, 0 for "
            "missing values."
        )
