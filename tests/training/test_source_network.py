"""The network of the question that the library grew from, against arithmetic in plain Python."""

import numpy as np
import pytest
from shared.by_hand import INPUTS, TARGETS, outputs_of_all_nodes

from skbackprop import BackpropRegressor
from skbackprop.optimizers import SGD

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect")

ETA, N_EPOCHS = 0.5, 7


def gradient_descent(w, b):
    """One epoch of E = sum over observations of 1/2 (T - O)^2; returns E before the step."""
    error = 0.0
    dw = [[[0.0] * len(row) for row in layer] for layer in w]
    db = [[0.0] * len(layer) for layer in b]
    for inputs, target in zip(INPUTS, TARGETS):
        n = outputs_of_all_nodes(w, b, inputs)
        out = n[-1][0]
        error += 0.5 * (target - out) ** 2
        delta = [(out - target) * out * (1 - out)]
        for x in (2, 1, 0):
            for j, delta_j in enumerate(delta):
                db[x][j] += delta_j
                for k, n_k in enumerate(n[x]):
                    dw[x][j][k] += delta_j * n_k
            below = [sum(w[x][j][k] * d for j, d in enumerate(delta)) for k in range(len(n[x]))]
            delta = [n_k * (1 - n_k) * s for n_k, s in zip(n[x], below)]
    for x in range(3):
        for j in range(len(w[x])):
            b[x][j] -= ETA * db[x][j]
            for k in range(3):
                w[x][j][k] -= ETA * dw[x][j][k]
    return error


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few epochs only
@pytest.mark.parametrize("solver", ["sgd", SGD(ETA * len(INPUTS))])
@pytest.mark.smoke
def test_every_weight_and_every_error_agree(solver):
    """The estimator's loss is the mean over observations: E / n, so the same step has eta n."""
    model = BackpropRegressor(
        hidden_layer_sizes=(3, 3),
        activation="logistic",
        output_activation="logistic",
        solver=solver,
        learning_rate_init=ETA * len(INPUTS),
        momentum=0.0,
        alpha=0.0,
        batch_size=len(INPUTS),
        max_iter=1,
        warm_start=True,
        random_state=0,
    )
    model.partial_fit(INPUTS, TARGETS)
    w = [weight.T.tolist() for weight in model.coefs_]
    b = [bias.tolist() for bias in model.intercepts_]
    for _ in range(N_EPOCHS):
        error = gradient_descent(w, b)
        model.fit(INPUTS, TARGETS)
        assert model.loss_ * len(INPUTS) == pytest.approx(error, abs=1e-12)
        for x in range(3):
            np.testing.assert_allclose(model.coefs_[x].T, w[x], rtol=0, atol=1e-12)
            np.testing.assert_allclose(model.intercepts_[x], b[x], rtol=0, atol=1e-12)
    expected = [outputs_of_all_nodes(w, b, inputs)[-1][0] for inputs in INPUTS]
    np.testing.assert_allclose(model.predict(INPUTS), expected, rtol=0, atol=1e-12)
