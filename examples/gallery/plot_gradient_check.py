"""
Is the gradient right?
======================

Central differences change one weight at a time and compute the loss again. They are slow, and correct to
about nine digits. ``GradientCheckDisplay`` compares them with the gradients of backpropagation. The second
network has a layer with a mistake in its backward pass.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.inspection import GradientCheckDisplay
from skbackprop.layers import Dense


class Forgetful(Dense):
    """Its bias gradient is the sum over half of the samples only."""

    def backward(self, output_gradient, params, gradients, work):
        super().backward(output_gradient, params, gradients, work)
        np.copyto(gradients.bias, work.delta[::2].sum(axis=0))


X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
for layer in (Dense(10, "tanh"), Forgetful(10, "tanh")):
    net = BackpropClassifier(hidden_layer_sizes=[20, layer], activation="tanh", random_state=0)
    net.partial_fit(X, y, classes=[0, 1])
    display = GradientCheckDisplay.from_estimator(net, X, y, random_state=0)
    display.figure_.suptitle(f"{type(layer).__name__}: wrong layers {display.report.wrong_layers}")
plt.show()
