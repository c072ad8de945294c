"""Gradients against central differences."""

import numpy as np

from skbackprop.batches import Batch
from skbackprop.network import Network
from skbackprop.objective import Objective


class Case:
    """E as a function of theta and x, and its gradient by backpropagation; dropout's mask stays the same."""

    def __init__(self, root, loss, draw, n_samples, n_inputs):
        random_state = np.random.RandomState(12)
        self.x = random_state.normal(size=(n_samples, n_inputs))
        self.network = Network(root, n_inputs, random_state=3)
        self.theta = self.network.theta
        self.theta[...] = random_state.normal(0.0, 0.7, self.theta.shape)  # gains and biases too
        self.generator_state = self.network.generator and self.network.generator.bit_generator.state
        self.objective = Objective(self.network, loss)
        self.weight = random_state.uniform(0.5, 2.0, (n_samples, 1))
        self.weight[1] = 0.0
        self.batch = Batch(self.x, draw(random_state, n_samples), None)

    def weighted(self, alpha):
        """The same case with sample weights, one row of them zero, and the L2 penalty."""
        self.batch = self.batch._replace(weight=self.weight)
        self.objective.set_alpha(alpha)
        return self

    def value(self):
        if self.generator_state:
            self.network.generator.bit_generator.state = self.generator_state
        return self.objective.value_and_gradient(self.batch).sum()

    def gradients(self):
        """dE/dtheta and dE/dx."""
        self.value()
        network = self.network
        return network.gradient.copy(), network.root.input_gradient(network.params, network.work).copy()

    def slope(self, move, h=2e-5):
        """(E after move(h) - E after move(-h)) / 2h; `move` leaves its arrays changed by that much."""
        move(h)
        above = self.value()
        move(-2.0 * h)
        below = self.value()
        move(h)
        return (above - below) / (2.0 * h)

    def assert_every_coordinate(self):
        for array, exact in zip((self.theta, self.x), self.gradients()):
            slopes = np.empty_like(exact)
            for i in np.ndindex(exact.shape):

                def move(step, array=array, i=i):
                    array[i] += step

                slopes[i] = self.slope(move)
            assert np.abs(exact).max() > 1e-4
            np.testing.assert_allclose(slopes, exact, rtol=1e-6, atol=1e-7 * np.abs(exact).max())

    def assert_random_directions(self, n_directions=2):
        exact = np.concatenate([part.ravel() for part in self.gradients()])
        random_state = np.random.RandomState(11)
        for _ in range(n_directions):
            direction = random_state.normal(size=exact.size) / np.sqrt(exact.size)
            v = direction[: self.theta.size].reshape(self.theta.shape)
            u = direction[self.theta.size :].reshape(self.x.shape)

            def move(step, v=v, u=u):
                self.theta += step * v
                self.x += step * u

            np.testing.assert_allclose(self.slope(move), exact @ direction, rtol=1e-6, atol=1e-8)
