"""
Activations and their derivatives
=================================

This example draws every elementwise activation phi(z) and its derivative, as the backward pass computes it.
An activation defines both in one short class; the page *Extending* shows how to write one. Softmax cannot be
drawn as a curve, because it takes a whole row.
"""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop.activations import ACTIVATIONS

elementwise = {name: kind for name, kind in ACTIVATIONS.items() if kind.elementwise}
z = np.linspace(-4, 4, 401)[:, None]
figure, axes = plt.subplots(3, 4, figsize=(9, 6), sharex=True, layout="constrained")
for axis, (name, kind) in zip(axes.flat, elementwise.items()):
    activation = kind()
    scratch = np.empty((activation.n_scratch, *z.shape))
    a = activation.forward(z, np.empty_like(z), scratch)
    derivative = activation.backward(np.ones_like(z), z, a, np.empty_like(z), scratch)
    axis.plot(z, a, label="phi")
    axis.plot(z, derivative, linestyle="--", label="derivative")
    axis.set_title(name, fontsize=10)
    numeric = np.gradient(a[:, 0], z[:, 0])
    smooth = np.abs(np.gradient(numeric)) < 0.02  # not at a kink
    assert np.allclose(derivative[smooth, 0], numeric[smooth], atol=0.01)
    print(f"{name:11} phi(1) = {a[250, 0]:.3f}, phi'(1) = {derivative[250, 0]:.3f}")
axes.flat[0].legend(fontsize=8)
for axis in axes.flat[len(elementwise) :]:
    axis.axis("off")
