"""The network of the question that the library grew from, in plain Python."""

from math import exp

INPUTS = [[0.1, 0.9, -0.4], [0.7, -0.2, 0.5], [-0.6, 0.3, 0.8], [0.2, 0.2, -0.9], [1.0, -0.5, 0.1]]
TARGETS = [0.8, 0.2, 0.6, 0.3, 0.9]


def logistic(net):
    return 1 / (1 + exp(-net))


def outputs_of_all_nodes(w, b, inputs):
    """n[x][y], layer by layer; w[x][j][k] runs from node k to node j."""
    n = [inputs]
    for layer_w, layer_b in zip(w, b):
        nets = [sum(wk * nk for wk, nk in zip(row, n[-1])) + bias for row, bias in zip(layer_w, layer_b)]
        n.append([logistic(net) for net in nets])
    return n
