"""
Deltas that vanish
==================

The deltas of a layer are computed from those of the next layer, times the slope of its activation. The slope
of the logistic function is at most 1/4: over six layers the deltas shrink to a hundred-thousandth, and the
network learns nothing for many epochs. With relu they shrink only to a fifth, and soon all layers have deltas
of similar size. ``DeltaFlowDisplay`` fits a clone and records the deltas after every epoch.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from skbackprop import BackpropClassifier
from skbackprop.inspection import DeltaFlowDisplay

X, y = load_digits(return_X_y=True)
figure, axes = plt.subplots(2, 1, figsize=(7, 7), sharex=True, sharey=True, layout="constrained")
for ax, activation in zip(axes, ("logistic", "relu")):
    net = BackpropClassifier(
        hidden_layer_sizes=(30,) * 6, activation=activation, tol=1.0, n_iter_no_change=40, random_state=0
    )
    display = DeltaFlowDisplay.from_estimator(net, X / 16, y, ax=ax)
    ax.set_title(activation)
    first, last = display.deltas.iloc[0, [0, -1]]
    print(
        f"{activation}: before training the first layer's deltas are {first / last:.0e} of the last layer's"
    )
plt.show()
