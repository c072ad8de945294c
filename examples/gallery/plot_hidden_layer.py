"""
A hidden layer as features
==========================

The data are wines of three growers, with 13 measurements each. A network with a hidden layer of two nodes
must summarise each wine in two numbers. ``transform`` returns them.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

X, y = load_wine(as_frame=True, return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)
net = BackpropClassifier(
    (16, 2), activation=["tanh", "identity"], learning_rate_init=0.01, tol=1e-3, random_state=0
)
model = make_pipeline(StandardScaler(), net).set_output(transform="pandas").fit(X_train, y_train)
print(f"accuracy on new wines {model.score(X_test, y_test):.3f}, from {net.coefs_[-1].shape[0]} numbers")

# %%
# The last hidden layer for training rows (dots) and new rows (crosses).

figure, axis = plt.subplots(figsize=(5, 4), layout="constrained")
for rows, classes, marker in ((X_train, y_train, "."), (X_test, y_test, "x")):
    hidden = model.transform(rows)
    axis.scatter(hidden.iloc[:, 0], hidden.iloc[:, 1], c=classes, cmap="viridis", marker=marker)
_ = axis.set(xlabel="first node", ylabel="second node")

# %%
# The network is a transformer like any other: with ``set_output`` it returns a DataFrame.

print(model.transform(X_test).head(3).round(2))
