"""
A search over layers and solvers
================================

In a grid, the parameters of a solver are named with two underscores, and lists of layers are ordinary values.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from skbackprop import BackpropClassifier
from skbackprop.layers import Dropout, LayerNorm
from skbackprop.optimizers import SGD, Adam

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X.astype("float32"), y, test_size=0.4, random_state=0)
net = BackpropClassifier(learning_rate="flat_cos", max_iter=15, batch_size=64, random_state=0)
model = Pipeline([("scale", MinMaxScaler()), ("net", net)])
layers = {"32": [32], "dropout": [64, Dropout(0.2)], "norm": [32, LayerNorm()]}
rates = [0.001, 0.003, 0.01, 0.03, 0.1]
grid = [
    {
        "net__hidden_layer_sizes": list(layers.values()),
        "net__solver": [solver],
        "net__solver__learning_rate": rates,
    }
    for solver in (Adam(), SGD(momentum=0.9))
]
search = GridSearchCV(model, grid, cv=3).fit(X_train, y_train)
print(search.best_params_)
print(f"accuracy on new rows {search.score(X_test, y_test):.3f}")

# %%
# Adam needs small learning rates, gradient descent with momentum large ones.

results = pd.DataFrame(search.cv_results_["params"])
results["accuracy"] = search.cv_results_["mean_test_score"]
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True, layout="constrained")
for axis, (name, part) in zip(axes, results.groupby(results["net__solver"].map(lambda s: type(s).__name__))):
    scores = part["accuracy"].to_numpy().reshape(len(layers), len(rates))
    image = axis.imshow(scores, vmin=0.5, vmax=1.0, cmap="viridis", aspect="auto")
    for (row, column), score in np.ndenumerate(scores):
        axis.text(
            column, row, f"{score:.2f}", ha="center", va="center", color="black" if score > 0.8 else "white"
        )
    axis.set(title=name, xlabel="learning rate", xticks=range(len(rates)), xticklabels=rates)
    axis.set(yticks=range(len(layers)), yticklabels=layers)
