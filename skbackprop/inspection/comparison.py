"""The gradient of an objective by backpropagation and by central differences, and the cost of both."""

from copy import copy
from itertools import chain
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from skbackprop.inspection.differences import compare
from skbackprop.inspection.layers_alone import LayerAlone, layers_with_inputs, usual_slope
from skbackprop.inspection.named_arrays import learned_arrays

STEP_IN_FLOAT32 = 5e-3  # the cube root of the relative rounding error
N_TIMED = 5
MOST_IN_FLOAT32 = 50


class Slope(NamedTuple):
    """One slope of one array, in the network or in its layer alone."""

    layer: str
    what: str  # the name of a parameter, "input" or "delta"
    where: str
    alone: bool
    is_coordinate: bool
    backprop: float
    differences: float
    error: float
    verdict: str


class Comparison:
    """Compares gradients of E(theta) for one batch; `kinds` has the class of each layer by name."""

    def __init__(self, objective, batch, random, tolerance):
        self.objective, self.network, self.batch = objective, objective.network, batch
        self.random, self.tolerance = random, tolerance
        generator = self.network.generator
        self.generator_state = None if generator is None else generator.bit_generator.state
        self.gradient()
        self.kinds = {"loss": type(objective.loss).__name__}
        self.kinds |= {name: type(layer).__name__ for name, layer, *_ in self._layers()}

    def start_again(self):
        """Reset the generator, so that dropout draws the same nodes again."""
        if self.generator_state is not None:
            self.network.generator.bit_generator.state = self.generator_state

    def value(self):
        self.start_again()
        return float(self.objective.value(self.batch).sum())

    def gradient(self):
        self.start_again()
        self.objective.value_and_gradient(self.batch)
        return self.network.gradient.copy()

    def loss(self, n_directions):
        """Compare dE/dz of the loss alone."""
        z = self.network.forward(self.batch.x).copy()
        work = self.objective.workspaces[len(self.batch.x)]

        def value(step, direction):
            moved = z + step * direction
            args = self.batch.y, moved, self.batch.weight, work.delta, work
            return float(self.objective.loss.value_and_delta(*args).sum())

        value(0.0, 0.0)
        delta = work.delta.copy()
        found = []
        for k in range(n_directions):
            u = self._direction(z.shape)
            slope = float((delta * u).sum())
            compared = compare(lambda h, u=u: value(h, u), slope, usual_slope(delta, u), self.tolerance)
            found.append(Slope("loss", "delta", f"direction {k}", True, False, *compared))
        return found

    def parameters(self, n_coordinates, n_directions):
        """Compare dE/dp for each array of trained parameters."""
        self.gradient()
        declared = self.network.root.parameters(self.network.n_inputs)
        arrays = learned_arrays(self.network.params, self.network.gradients, declared)
        found = []
        for (name, array, _, _), gradient in zip(arrays, [part.gradient.copy() for part in arrays]):
            layer, what = self._layer_of(name)
            coordinates = self._coordinates(array, n_coordinates)
            for where, move, index in chain(coordinates, self._directions(array, n_directions)):
                compared = self._compared(array, gradient, move, index)
                found.append(Slope(layer, what, where, False, index is not None, *compared))
        return found

    def layers_alone(self, n_directions):
        """Compare each layer's input gradient and parameters for a random function of its output."""
        if not n_directions:
            return []
        found = []
        for name, layer, x, params, gradients, work, training in self._layers():
            alone = LayerAlone(layer, x, params, gradients, work, training, self.start_again, self.random)
            arrays = []
            if alone.input_gradient is not None and alone.can_move.any():
                arrays.append(("input", alone.x, alone.input_gradient))
            if name in self._without_layers():
                own = learned_arrays(params, gradients, layer.parameters(x.shape[-1]))
                arrays += [(part.name, part.array, part.gradient.copy()) for part in own]
            for what, array, gradient in arrays:
                for k in range(n_directions):
                    compared = alone.compared(array, gradient, self.tolerance)
                    found.append(Slope(name, what, f"direction {k}", True, False, *compared))
        return found

    def costs(self, coordinates):
        """Passes, seconds and correct digits of both methods for the whole gradient."""
        n_parameters = self.network.theta.size
        self.value()
        backward, forward = _seconds(self.gradient), _seconds(self.value)
        in_float32 = self._digits_in_float32()
        digits = _digits(np.array([c.error for c in coordinates]))
        columns = {
            "forward passes": [1, 2 * n_parameters],
            "backward passes": [1, 0],
            "seconds": [backward, 2 * n_parameters * forward],
            "digits in float64": [np.nan, digits],
            "digits in float32": in_float32,
        }
        return pd.DataFrame(columns, index=["backpropagation", "central differences"])

    def _digits_in_float32(self):
        """Correct digits in float32, of backpropagation and of differences."""
        exact = self.gradient().ravel()
        low = copy(self)
        low.objective, low.batch = self.objective.astype(np.float32), self.batch.astype(np.float32)
        low.network = low.objective.network
        by_backprop = low.gradient().ravel().astype(np.float64)
        if self.generator_state is not None:  # in float32, dropout draws other nodes
            exact = by_backprop
        n = min(MOST_IN_FLOAT32, exact.size)
        chosen = self.random.choice(np.flatnonzero(exact), n) if exact.any() else np.zeros(0, np.intp)
        theta = low.network.theta.reshape(-1)
        differences = np.empty(len(chosen))
        for k, i in enumerate(chosen):
            start = theta[i]
            theta[i] = start + np.float32(STEP_IN_FLOAT32)
            above, high = low.value(), theta[i]
            theta[i] = start - np.float32(STEP_IN_FLOAT32)
            differences[k] = (above - low.value()) / (high - theta[i])
            theta[i] = start
        exact, by_backprop = exact[chosen], by_backprop[chosen]
        size = np.abs(exact)
        of_backprop = _digits(np.abs(by_backprop - exact) / size)
        return [
            np.nan if self.generator_state is not None else of_backprop,
            _digits(np.abs(differences - exact) / size),
        ]

    def _layers(self):
        return layers_with_inputs(self.network, self.batch.x)

    def _without_layers(self):
        """The names of layers without others inside."""
        return {name for name, *_ in self.network.parts()}

    def _layer_of(self, name):
        """The layer of an array, and the name of the array in that layer."""
        layer = max((kind for kind in self.kinds if name.startswith(f"{kind}.")), key=len, default="")
        return layer, name[len(layer) :].lstrip(".")

    def _coordinates(self, array, n_coordinates):
        n = array.size if n_coordinates is None else min(n_coordinates, array.size)
        for flat in np.sort(self.random.choice(array.size, n, replace=False)):
            index = tuple(int(i) for i in np.unravel_index(flat, array.shape))
            yield f"[{', '.join(map(str, index))}]", 1.0, index

    def _directions(self, array, n_directions):
        for k in range(n_directions):
            yield f"direction {k}", self._direction(array.shape), None

    def _direction(self, shape):
        return self.random.normal(size=shape) / np.sqrt(np.prod(shape))

    def _compared(self, array, gradient, move, index):
        place = ... if index is None else index
        start = array[place].copy()
        scale = max(1.0, float(np.abs(start).max()))

        def value(step):
            array[place] = start + scale * step * move
            return self.value()

        slope = scale * float(np.sum(gradient[place] * move))
        typical = scale * (
            usual_slope(gradient, move) if index is None else float(np.sqrt(np.mean(gradient**2)))
        )
        found = compare(value, slope, typical, self.tolerance)
        array[place] = start
        return found._replace(backprop=slope / scale, differences=found.differences / scale)


def summed(costs):
    """The costs of several networks: sums of passes and seconds, the median of the digits."""
    parts = pd.concat(costs).groupby(level=0, sort=False)
    return parts.agg({column: "median" if "digits" in column else "sum" for column in costs[0]})


def _seconds(function):
    taken = []
    for _ in range(N_TIMED):
        begin = perf_counter()
        function()
        taken.append(perf_counter() - begin)
    return float(np.median(taken))


def _digits(errors):
    """The median number of correct digits."""
    return float(np.median(-np.log10(np.clip(errors, 1e-16, 1.0)))) if len(errors) else np.nan
