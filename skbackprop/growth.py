"""A trained network with more inputs and outputs: what it has learned, and the solver's state, stay.

New weights start at 0. So outputs for the inputs and outputs that existed are those of before.
"""

from dataclasses import replace

import numpy as np

from skbackprop.layers import Dense
from skbackprop.memory import FlatLayout
from skbackprop.network import Network, first_layer
from skbackprop.objective import Objective
from skbackprop.training import Patience


def grown(run, root, inputs, outputs, loss):
    """`run` on a larger network with this root and loss.

    `inputs` and `outputs` give for each input and output of the larger network the index of the one that it
    was, -1 for new ones.
    """
    old = run.objective.network
    source = _source(old, root, inputs, outputs)

    def larger(vector):
        return None if vector is None else np.where(source >= 0, vector[source], 0.0).astype(vector.dtype)

    network = Network.__new__(Network)
    state = {"root": root, "n_inputs": len(inputs), "n_outputs": len(outputs), "theta": larger(old.theta)}
    network.__setstate__({**old.__getstate__(), **state})
    best_theta = larger(run.record.best_theta)
    record = replace(run.record, patience=Patience(), best_theta=best_theta)  # losses were of another problem
    return replace(
        run,
        objective=Objective(network, loss, run.objective.alpha),
        descent=_descent(run.descent, network, larger),
        averaging=_averaging(run.averaging, network, larger),
        records=[record],
        engine=None,
        scratch=None,
    )


def _source(old, root, inputs, outputs):
    """For each number of the larger theta the index of the one that it was, -1 for new ones."""
    before, after = FlatLayout(old.root.parameters(old.n_inputs)), FlatLayout(root.parameters(len(inputs)))
    last = len(after.parameters) - 2
    source = np.full(after.shape, -1)
    for index, (small, large) in enumerate(zip(before.parameters, after.parameters)):
        places = np.arange(before.slices[index].start, before.slices[index].stop).reshape(small.shape)
        if 0 < index < last:
            source[after.slices[index]] = places.ravel()
            continue
        rows = inputs if index == 0 else np.arange(large.shape[0])
        columns = outputs if index >= last else np.arange(large.shape[-1])
        kept = (rows >= 0)[:, None] & (columns >= 0)
        source[after.slices[index]] = np.where(kept, places[np.ix_(rows, columns)], -1).ravel()
    return source


def _descent(descent, network, larger):
    if descent is None:
        return None
    states = []
    for transform, arrays in zip(descent.transforms, descent.states):
        shapes = {name: array.shape for name, array in transform.init(network).items()}
        states.append({name: a if a.shape == shapes[name] else larger(a) for name, a in arrays.items()})
    copy = type(descent).__new__(type(descent))
    copy.__setstate__({"transforms": descent.transforms, "network": network, "states": states})
    return copy


def _averaging(averaging, network, larger):
    if averaging is None:
        return None
    copy = type(averaging).__new__(type(averaging))
    copy.__setstate__({**averaging.__getstate__(), "network": network, "mean": larger(averaging.mean)})
    return copy


def check_can_grow(root):
    """Inputs and outputs can be added to plain Dense layers only."""
    for layer, where in ((first_layer(root), "first"), (root.layers[-1], "last")):
        if type(layer) is not Dense or (where == "first" and root.layers[0] is not layer):
            raise ValueError(f"grow=True needs a Dense layer as the {where} one, not {layer!r}.")
