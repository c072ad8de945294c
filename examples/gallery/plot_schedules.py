"""
Learning rates over time
========================

``learning_rate`` takes a schedule: a name, an object, or any function of the progress from 0 to 1. The data
are handwritten digits.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.model_selection import learning_rate_range
from skbackprop.schedules import Cosine, CosineCycles, FlatCosine, OneCycle, WarmUp

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.5, random_state=0)

# %% Which initial learning rate to use? ``learning_rate_range`` suggests one, after a short run in which the
# rate grows from step to step.

net = BackpropClassifier(64, batch_size=64, max_iter=30, n_iter_no_change=30, random_state=0)
found = learning_rate_range(net, X_train, y_train)
print(f"suggested: {found.suggestion:.4f}")
figure, axis = plt.subplots(figsize=(5, 2.8), layout="constrained")
axis.plot(found.learning_rates, found.losses)
axis.axvline(found.suggestion, color="0.5", linestyle=":", label="suggestion")
axis.set(xscale="log", xlabel="learning rate", ylabel="loss")
_ = axis.legend()

# %%
# Five schedules with an initial learning rate three times as high, and the loss during training.

progress = np.linspace(0, 1, 200)
figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3), layout="constrained")
for schedule in (FlatCosine(), Cosine(), OneCycle(), WarmUp(0.1, Cosine()), CosineCycles()):
    net.set_params(learning_rate=schedule, learning_rate_init=3 * found.suggestion).fit(X_train, y_train)
    name = type(schedule).__name__
    left.plot(progress, [schedule(p) for p in progress], label=name)
    right.plot(net.loss_curve_)
    print(f"{name:13} last loss {net.loss_:.4f}, accuracy on new rows {net.score(X_test, y_test):.3f}")
left.set(xlabel="progress", ylabel="factor of the initial rate")
left.legend(fontsize=8)
_ = right.set(xlabel="epoch", ylabel="training loss", yscale="log")
