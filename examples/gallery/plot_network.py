"""
A network and its gradients
===========================

``NetworkDisplay`` draws every weight as a line: red above 0, blue below 0, and wider for larger weights. With
rows it can draw gradients instead. Here it draws those of the wine for which the network is least certain.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.inspection import NetworkDisplay

X, y = load_wine(as_frame=True, return_X_y=True)
net = BackpropClassifier(
    hidden_layer_sizes=(6, 4), activation="tanh", solver="lbfgs", alpha=1.0, max_iter=500, random_state=0
)
model = make_pipeline(StandardScaler(), net).fit(X, y)
display = NetworkDisplay.from_estimator(model)
display.ax_.set_title("weights")

# %%
# The gradients of the loss for this wine: the weights with wide lines would change most.

p = model.predict_proba(X)[np.arange(len(y)), y]
row = [int(np.argmin(p))]
print(f"wine {row[0]} of class {y[row[0]]}: probability {p.min():.2f}")
display = NetworkDisplay.from_estimator(model, X.iloc[row], y.iloc[row], values="gradient")
display.ax_.set_title(f"gradients, wine {row[0]}")

# %%
# Wide layers are shortened: dots stand for the nodes that are not drawn.

wide = BackpropClassifier(hidden_layer_sizes=(64, 32), max_iter=500, random_state=0)
NetworkDisplay.from_estimator(make_pipeline(StandardScaler(), wide).fit(X, y), max_nodes=10)
plt.show()
