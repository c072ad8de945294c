"""
A stream in which new classes appear
====================================

Digits arrive in blocks of ten; each block is predicted before the network learns from it. At first there are
only the digits 0 to 4, later also the others. With ``grow=True`` the network gets a new output for each new
class, and keeps what it has learned.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skbackprop import BackpropClassifier

X, y = load_digits(return_X_y=True)
X = X / 16
random_state = np.random.default_rng(0)
small, others = (random_state.permutation(np.flatnonzero(part)) for part in (y < 5, y >= 5))
begin = 500  # the row at which the other digits begin to come
later = random_state.permutation(np.concatenate([small[begin:], others]))
order = np.concatenate([small[:begin], later])

net = BackpropClassifier(50, grow=True, learning_rate_init=0.01, random_state=0)
right, n_classes = [], []
for start in range(0, len(order), 10):
    rows = order[start : start + 10]
    if start:
        right.extend(net.predict(X[rows]) == y[rows])
    net.partial_fit(X[rows], y[rows], n_epochs=3)
    n_classes.append(len(net.classes_))
print(f"accuracy of the predictions: {np.mean(right):.3f} on all rows,", end=" ")
print(f"{np.mean(right[-300:]):.3f} on the last 300")
print("classes known at first, before and after the change:", n_classes[0], n_classes[49], n_classes[-1])

# %%
# The accuracy over the last 100 rows.

share = np.convolve(right, np.ones(100) / 100, mode="valid")
figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
axis.plot(np.arange(len(share)) + 110, share)
axis.axvline(begin, color="0.5", linestyle=":", label="first rows with 5 to 9")
axis.set(xlabel="rows seen", ylabel="accuracy, last 100 rows", ylim=(0, 1.02))
_ = axis.legend(loc="lower right")
