"""
A first network: handwritten digits
===================================

This example trains a classifier with dropout and early stopping on a fifth of the rows. It shows the training
curves and the digits that the classifier gets wrong.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skbackprop import BackpropClassifier
from skbackprop.layers import Dropout

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
net = BackpropClassifier(
    hidden_layer_sizes=[64, Dropout(0.2), 32],
    learning_rate_init=0.005,
    early_stopping=True,
    validation=5,
    scoring="neg_log_loss",
    random_state=0,
)
model = make_pipeline(MinMaxScaler(), net).fit(X_train, y_train)
print(f"accuracy on new rows {model.score(X_test, y_test):.3f}, {net.n_iter_} epochs")

# %% Training stops when the score on the held-out rows no longer improves. The weights of the best epoch are
# kept.

best = np.argmax(net.validation_scores_)
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
axis.plot(net.loss_curve_, label="training, with dropout")
axis.plot(net.validation_loss_curve_, label="validation")
axis.axvline(best, color="0.5", linestyle=":", label=f"best epoch, {best}")
axis.set(xlabel="epoch", ylabel="log loss", yscale="log")
_ = axis.legend()

# %%
# Digits with a wrong prediction, and the probability of the predicted class.

probability = model.predict_proba(X_test)
wrong = np.flatnonzero(probability.argmax(axis=1) != y_test)[:8]
figure, axes = plt.subplots(1, len(wrong), figsize=(1.2 * len(wrong), 1.9), layout="constrained")
for axis, row in zip(axes, wrong):
    guess = probability[row].argmax()
    axis.imshow(X_test[row].reshape(8, 8), cmap="gray_r")
    axis.set_title(f"{y_test[row]} as {guess}\np = {probability[row, guess]:.2f}", fontsize=9)
    axis.axis("off")
