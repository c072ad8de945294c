"""Findings about nodes that are dead or saturated, and about deltas that vanish or explode."""

import numpy as np

from skbackprop.inspection.findings import Finding
from skbackprop.layers import Dense

DEAD = 1e-3  # the largest phi' of a dead node, on every row
SATURATED = 0.05  # the largest phi' of a saturated node, relative to the largest possible phi'
OF_ROWS = 0.95  # the fraction of rows on which a saturated node has such a phi'
DEAD_NODES = 0.5  # the fraction of a layer's nodes that may be dead
SATURATED_NODES = 0.3  # the fraction of a layer's nodes that may be saturated
DELTAS = 1e3  # how many times larger or smaller a layer's deltas may be than those of the last layer


def unit_findings(objective, batch, where):
    """Find dead layers, dead nodes and saturated nodes."""
    network = objective.network
    network.forward(batch.x)
    findings = []
    for name, layer, _, work in network.parts(network.work):
        if not isinstance(layer, Dense) or name == _last(network) or not layer.activation.elementwise:
            continue
        slope = _slope(layer.activation, work.net_input)
        bounded, largest = _is_bounded(layer.activation), _largest_slope(layer.activation)
        low = np.abs(slope) < (SATURATED * largest if bounded else DEAD)
        of_nodes = low.mean(axis=-2)  # the fraction of the rows
        share = float((of_nodes >= (OF_ROWS if bounded else 1.0)).mean())
        if bounded and share > SATURATED_NODES:
            findings.append(_saturated(where + name, share))
        elif not bounded and _is_dead_as_a_whole(of_nodes):
            findings.append(_dead_layer(where + name, work.net_input))
        elif not bounded and share > DEAD_NODES:
            findings.append(_dead(where + name, share))
    return findings


def delta_findings(objective, batch, where):
    """Compare the size of a row's deltas in each dense layer with that in the last layer."""
    network = objective.network
    z = network.forward(batch.x)
    work = objective.workspaces[len(batch.x)]
    objective.loss.value_and_delta(batch.y, z, None, work.delta, work)
    network.backward(work.delta)
    dense = [(name, w) for name, layer, _, w in network.parts(network.work) if isinstance(layer, Dense)]
    lengths = [float(np.sqrt(np.mean(np.sum(w.delta**2, axis=-1)))) for _, w in dense]
    if not lengths[-1] > 0.0:
        return []
    ratios = [length / lengths[-1] for length in lengths]
    name, lowest, highest = where + dense[0][0], ratios[0], max(ratios)
    if lowest < 1.0 / DELTAS:
        message = f"the deltas are {lowest:.1e} times as large as those of the last layer."
        remedy = (
            'Try fewer layers, activation="relu" or "selu", Residual or LayerNorm, or initial weights that '
            'fit the activation, such as Dense(50, "relu", "he").'
        )
        return [Finding("vanishing_deltas", name, lowest, message, remedy)]
    if highest > DELTAS:
        name = where + dense[int(np.argmax(ratios))][0]
        message = f"the deltas are {highest:.1e} times as large as those of the last layer."
        remedy = "Try clip_norm=1.0, smaller initial weights, LayerNorm, or a lower learning_rate_init."
        return [Finding("exploding_deltas", name, highest, message, remedy)]
    return []


def _dead_layer(where, z):
    message = (
        f"every node is dead on every row, so all rows get the same output; net inputs are as low as "
        f"{z.min():.1e}, probably after one huge step."
    )
    remedy = "Fit again with clip_norm=1.0 or a lower learning_rate_init, and scale X and a numeric y."
    return Finding("dead_layer", where, 1.0, message, remedy)


def _dead(where, share):
    message = f"{share:.0%} of the nodes have slope 0 on every row: they do not learn."
    remedy = 'Try a lower learning_rate_init, clip_norm=1.0, scaled inputs, or activation="leaky_relu".'
    return Finding("dead_units", where, share, message, remedy)


def _saturated(where, share):
    message = f"{share:.0%} of the nodes are saturated on {OF_ROWS:.0%} of the rows: their deltas are near 0."
    remedy = "Try scaled inputs, a lower learning_rate_init, a larger alpha, LayerNorm, or relu."
    return Finding("saturated_units", where, share, message, remedy)


def _is_dead_as_a_whole(of_nodes):
    """Whether all nodes are dead in any member."""
    return bool((of_nodes == 1.0).all(axis=-1).any())


def _last(network):
    return network.parts()[-1][0]


def _slope(activation, z):
    """phi'(z)."""
    scratch = [np.empty_like(z) for _ in range(activation.n_scratch)]
    a = activation.forward(z, np.empty_like(z), scratch).copy()
    return activation.backward(np.ones_like(z), z, a, np.empty_like(z), scratch).copy()


def _largest_slope(activation):
    return float(np.abs(_slope(activation, np.linspace(-5.0, 5.0, 1001)[None])).max())


def _is_bounded(activation):
    """Whether phi is flat far from 0, on both sides."""
    return bool((np.abs(_slope(activation, np.array([[-50.0, 50.0]]))) < 1e-6).all())
