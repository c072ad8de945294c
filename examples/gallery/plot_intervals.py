"""
Quantiles and prediction intervals
==================================

This example predicts the progression of diabetes after a year from the body mass index, in two ways: a
network that learns three quantiles, and an ordinary fit with an interval from the residuals of held-out rows.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import ShuffleSplit, train_test_split

from skbackprop import BackpropRegressor

X, y = load_diabetes(as_frame=True, return_X_y=True, scaled=False)
bmi = (X[["bmi"]] - 26) / 4  # about from -2 to 4
bmi_train, bmi_test, y_train, y_test = train_test_split(bmi, y, test_size=0.3, random_state=0)
settings = {
    "hidden_layer_sizes": (16,),
    "activation": "tanh",
    "learning_rate_init": 0.02,
    "target_scaling": "standard",
    "tol": 1e-3,
    "random_state": 0,
}
quantiles = BackpropRegressor("quantile", quantile=[0.1, 0.5, 0.9], **settings).fit(bmi_train, y_train)
held_out = ShuffleSplit(1, test_size=0.3, random_state=0)
conformal = BackpropRegressor(validation=held_out, **settings).fit(bmi_train, y_train)

# %%
# How many of the new rows lie inside the intervals? The requested coverage is 80 percent.

for name, net in {"quantiles": quantiles, "conformal": conformal}.items():
    low, high = net.predict_interval(bmi_test, coverage=0.8).T
    inside = np.mean((low <= y_test) & (y_test <= high))
    print(f"{name:10} {inside:.0%} inside, mean width {np.mean(high - low):.0f}")

# %% The quantiles are far apart where the progression varies much. The conformal interval has the same width
# everywhere.

grid = bmi.iloc[[0] * 100].assign(bmi=np.linspace(bmi["bmi"].min(), bmi["bmi"].max(), 100))
figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
for axis, (name, net) in zip(axes, {"quantiles": quantiles, "conformal": conformal}.items()):
    low, high = net.predict_interval(grid, coverage=0.8).T
    middle = net.predict(grid)
    axis.scatter(26 + 4 * bmi_test["bmi"], y_test, s=8, color="0.5", label="new rows")
    axis.fill_between(26 + 4 * grid["bmi"], low, high, alpha=0.3, label="80 % interval")
    axis.plot(26 + 4 * grid["bmi"], middle[:, 1] if middle.ndim == 2 else middle, label="prediction")
    axis.set(title=name, xlabel="body mass index")
axes[0].set_ylabel("progression")
_ = axes[0].legend(fontsize=8)
