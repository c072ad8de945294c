"""
How weights are distributed
===========================

The penalty ``alpha`` makes the weights of every layer smaller. Each plot has one scale for all layers.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from skbackprop import BackpropClassifier
from skbackprop.inspection import WeightHistogramDisplay

X, y = load_digits(return_X_y=True)
for alpha in (0.0, 3.0):
    net = BackpropClassifier(
        hidden_layer_sizes=(64, 32), alpha=alpha, early_stopping=True, max_iter=400, random_state=0
    )
    net.fit(X / 16, y)
    display = WeightHistogramDisplay.from_estimator(net)
    display.figure_.suptitle(f"alpha={alpha}: accuracy {net.best_validation_score_:.2f} on held-out rows")
plt.show()
