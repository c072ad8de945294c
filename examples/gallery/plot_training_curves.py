"""
Loss and score, epoch by epoch
==============================

``TrainingCurveDisplay`` draws the curves of a fitted network. The validation loss of this network rises
again while the training loss falls: the network begins to overfit. With ``early_stopping``
the weights of the marked epoch are kept.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor, TabularBackpropRegressor
from skbackprop.inspection import TrainingCurveDisplay

X, y = load_diabetes(return_X_y=True)
net = BackpropRegressor(
    hidden_layer_sizes=(100, 50),
    target_scaling="standard",
    early_stopping=True,
    n_iter_no_change=40,
    learning_rate_init=0.003,
    max_iter=300,
    random_state=0,
)
model = make_pipeline(StandardScaler(), net).fit(X, y)
display = TrainingCurveDisplay.from_estimator(model)
print(f"best epoch: {display.best_epoch} of {net.n_iter_}, R^2 {net.best_validation_score_:.2f}")

# %%
# Each member of a tabular estimator holds out different rows and keeps the weights of its own best epoch.

members = TabularBackpropRegressor(max_iter=40, n_estimators=5, random_state=0).fit(X, y)
TrainingCurveDisplay.from_estimator(members)
plt.show()
