"""The numbers of a trace as tables, with the names of a textbook."""

import numpy as np
import pandas as pd


def node_table(trace):
    """A table with a row for each sample and node; the inputs are layer 0."""
    n_samples, n_inputs = trace.X.shape
    inputs = {"net": None, "out": trace.X, "output_gradient": trace.input_gradient, "delta": None}
    tables = [_nodes(0, "input", n_inputs, n_samples, inputs)]
    for layer in trace.layers:
        values = {
            "net": layer.net_input,
            "out": layer.output,
            "output_gradient": layer.output_gradient,
            "delta": layer.delta,
        }
        if layer is trace.layers[-1]:
            values |= {"out": trace.outputs, "target": trace.targets}
            if trace.has_link:
                values["output_gradient"] = None
        tables.append(_nodes(layer.index, layer.name, layer.output.shape[1], n_samples, values))
    return pd.concat(tables, ignore_index=True).sort_values(["sample", "layer", "node"], ignore_index=True)


def _nodes(index, layer_name, n_nodes, n_samples, values):
    nodes = np.arange(1, n_nodes + 1)
    columns = {
        "sample": np.repeat(np.arange(n_samples), n_nodes),
        "layer": index,
        "node": np.tile(nodes, n_samples),
        "name": np.tile(np.array([f"n[{index},{node}]" for node in nodes], dtype=object), n_samples),
    }
    for name in ("net", "out", "output_gradient", "delta", "target"):
        array = values.get(name)
        has_it = array is not None and array.shape[1] == n_nodes
        columns[name] = array.ravel() if has_it else np.full(n_nodes * n_samples, np.nan)
    return pd.DataFrame({**columns, "layer_name": layer_name})


def parameter_table(layers, columns):
    """A table with a row for each weight, bias and other parameter.

    A column is a list with a dict of arrays by name for each layer. w[l,j,k] is the weight from input k of
    layer l to its node j, b[l,j] its bias; other parameters have their own name and indices. All count from
    1.
    """
    tables = []
    for place, layer in enumerate(layers):
        for parameter, array in layer.parameters.items():
            is_weight = layer.weight is not None and parameter == "weight"
            is_bias = layer.bias is not None and parameter == "bias"
            letter = "w" if is_weight else "b" if is_bias else parameter
            shape = array.T.shape if is_weight else _without_leading_ones(array.shape)
            indices = [index.ravel() + 1 for index in np.indices(shape)]
            nodes = indices if len(indices) <= 2 else []  # target node, source node
            table = {
                "name": _names(letter, layer.index, indices),
                "layer": layer.index,
                "to": _whole_numbers(nodes[:1], array.size),
                "from": _whole_numbers(nodes[1:], array.size),
            }
            for column, values in columns.items():
                numbers = values[place][parameter]
                table[column] = (numbers.T if is_weight else numbers).ravel()
            tables.append(pd.DataFrame({**table, "layer_name": layer.name}))
    return pd.concat(tables, ignore_index=True)


def _without_leading_ones(shape):
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _names(letter, index, indices):
    return [
        f"{letter}[{','.join(map(str, (index, *place)))}]" for place in zip(*map(np.ndarray.tolist, indices))
    ]


def _whole_numbers(index, size):
    """A column of these integers, or of missing values."""
    return pd.array(index[0] if index else [pd.NA] * size, dtype="Int64")
