"""JAX: a whole epoch is one compiled call, a scan over its batches."""

from itertools import pairwise

import numpy as np
from performance_plan import ALPHA, LEARNING_RATE


class Jax:
    """Adam is written out, as in the paper."""

    package = "jax"

    def __init__(self, case, n_threads):
        import jax

        jax.config.update("jax_enable_x64", case.dtype == "float64")
        self.jax, self.case = jax, case
        self.X, self.y = map(jax.numpy.asarray, case.data())
        self.compiled_epoch = jax.jit(self.epoch_of, donate_argnums=0)
        self.compiled_step = jax.jit(self.step_of, donate_argnums=0)
        self.compiled_predict = jax.jit(self.predictions)

    def output(self, params, X):
        *hidden, (weight, bias) = params
        for hidden_weight, hidden_bias in hidden:
            X = self.jax.nn.relu(X @ hidden_weight + hidden_bias)
        return X @ weight + bias

    def loss(self, params, X, y):
        output = self.output(params, X)
        if self.case.for_classes:
            picked = self.jax.numpy.take_along_axis(self.jax.nn.log_softmax(output), y[:, None], axis=1)
            return -picked.mean()
        return 0.5 * ((output[:, 0] - y) ** 2).mean()

    def step_of(self, state, X, y):
        params, first, second, n_steps = state
        n_steps = n_steps + 1
        loss, gradient = self.jax.value_and_grad(self.loss)(params, X, y)
        each, dtype = self.jax.tree.map, self.X.dtype
        gradient = each(lambda g, param: g + ALPHA / self.case.batch * param, gradient, params)
        first = each(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = each(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        power = n_steps.astype(dtype)
        rate = LEARNING_RATE * self.jax.numpy.sqrt(1 - 0.999**power) / (1 - 0.9**power)
        params = each(
            lambda param, m, v: param - rate * m / (self.jax.numpy.sqrt(v) + 1e-8), params, first, second
        )
        return (params, first, second, n_steps), loss

    def epoch_of(self, state, order, X, y):
        state, losses = self.jax.lax.scan(
            lambda s, chosen: self.step_of(s, X[chosen], y[chosen]), state, order
        )
        return state, losses.mean()

    def predictions(self, params, X):
        output = self.output(params, X)
        return output.argmax(1) if self.case.for_classes else output[:, 0]

    def begin(self):
        self.rng = np.random.default_rng(0)
        sizes = pairwise(self.case.widths)
        limits = [((n_in, n_out), (6 / (n_in + n_out)) ** 0.5) for n_in, n_out in sizes]
        params = [
            (
                self.rng.uniform(-limit, limit, shape).astype(self.case.dtype),
                np.zeros(shape[1], self.case.dtype),
            )
            for shape, limit in limits
        ]
        params = self.jax.tree.map(self.jax.numpy.asarray, params)
        zeros = [self.jax.tree.map(self.jax.numpy.zeros_like, params) for _ in range(2)]
        self.state = (params, *zeros, self.jax.numpy.zeros((), int))

    def epoch(self):
        order = self.rng.permutation(self.case.n_rows).astype(np.int32).reshape(-1, self.case.batch)
        self.state, self.mean_loss = self.compiled_epoch(self.state, order, self.X, self.y)

    def fit(self, n_epochs):
        self.begin()
        for _ in range(n_epochs):
            self.epoch()
        self.jax.block_until_ready(self.state)

    def predict(self, X):
        return np.asarray(self.compiled_predict(self.state[0], X))

    def partial_fit(self, X, y):
        self.state, loss = self.compiled_step(self.state, X, y)
        return loss.item()
