"""
What each feature contributes
=============================

Integrated gradients divide the difference between a prediction and the prediction of a baseline among the
features, by backward passes through the network. The first plot shows the mean of their absolute values over
all rows, the second one compares a patient with the average patient.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor
from skbackprop.inspection import AttributionDisplay

X, y = load_diabetes(as_frame=True, return_X_y=True, scaled=False)
net = BackpropRegressor(
    hidden_layer_sizes=(20,), target_scaling="standard", early_stopping=True, max_iter=500, random_state=0
)
model = make_pipeline(StandardScaler(), net).fit(X, y)
AttributionDisplay.from_estimator(model, X)

# %%
# The bars of one row sum to the difference between its prediction and the prediction of the baseline.

average = X.mean().to_frame().T
display = AttributionDisplay.from_estimator(model, X[:1], baseline=average)
(bars,) = display.bars_
print(f"sum of the bars: {sum(bar.get_width() for bar in bars):.1f}")
print(f"difference:      {model.predict(X[:1])[0] - model.predict(average)[0]:.1f}")
plt.show()
