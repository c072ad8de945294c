"""Outputs of a fitted model as a function of its rows, with gradients by backward passes."""

import numpy as np

from skbackprop.network import ROWS_AT_ONCE

OF = "prediction", "net_input"


class OutputFunction:
    """f(x), shape (n_samples, n_outputs), and df/dx, shape (n_samples, n_inputs, n_outputs).

    f is the mean over the networks and their members. x are input rows of the networks, with a column for
    each code of an embedding.
    """

    def __init__(self, model, of):
        if of not in OF:
            raise ValueError(f"of={of!r} must be {OF[0]!r} or {OF[1]!r}.")
        self.model, self.of = model, of
        self.networks = [expanded.network for expanded in model.expanded]
        self.n_members = sum(int(np.prod(network.members)) for network in self.networks)
        self.factor, self.shift = model.units if of == "prediction" else (1.0, 0.0)

    def values(self, x):
        """f(x)."""
        pieces = [self._values_of_piece(x[k : k + ROWS_AT_ONCE]) for k in range(0, len(x), ROWS_AT_ONCE)]
        return np.concatenate(pieces)

    def _values_of_piece(self, x):
        total = 0.0
        for network in self.networks:
            output = self._finished(network.forward(x))
            total = total + output.reshape(-1, *output.shape[-2:]).sum(axis=0)
        return total / self.n_members * self.factor + self.shift

    def gradients(self, x):
        """df/dx: one forward pass, and one backward pass for each output."""
        gradients = np.zeros((*x.shape, self.networks[0].n_outputs))
        for start in range(0, len(x), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            for network in self.networks:
                self._add_gradients(network, x[rows], gradients[rows])
        return gradients

    def _add_gradients(self, network, x, gradients):
        z = network.forward(x).copy()
        output = self._finished(z)
        factor = np.broadcast_to(self.factor, z.shape[-1]) / self.n_members
        for k in range(z.shape[-1]):
            output_gradient = np.zeros_like(z)
            output_gradient[..., k] = factor[k]
            network.backward(self._delta(output_gradient, z, output))
            gradients[..., k] += network.root.input_gradient(network.params, network.work)

    def _finished(self, z):
        if self.of == "net_input":
            return z
        output = np.empty_like(z)
        self.model.loss.predict(z / self.model.temperature, output)
        return output

    def _delta(self, output_gradient, z, output):
        """df/dz, back through the link."""
        if self.of == "net_input":
            return output_gradient
        temperature = self.model.temperature
        return self.model.loss.predict_backward(output_gradient, z / temperature, output) / temperature
