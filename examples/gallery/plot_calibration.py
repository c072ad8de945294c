"""
Calibrated probabilities
========================

A network that is trained for a long time is overconfident. ``calibration="temperature"`` divides its log odds
by one number, which is fitted on held-out rows. The predicted classes do not change.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_diabetes
from sklearn.metrics import log_loss
from sklearn.model_selection import ShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

X, y = load_diabetes(return_X_y=True)
worse = y > np.median(y)  # does the disease progress faster than for half of the patients?
X_train, X_test, worse_train, worse_test = train_test_split(X, worse, test_size=0.4, random_state=0)
probabilities = {}
for calibration in (None, "temperature"):
    net = BackpropClassifier(
        50,
        learning_rate_init=0.01,
        validation=ShuffleSplit(1, test_size=0.3, random_state=0),
        calibration=calibration,
        tol=0.001,
        random_state=0,
    )
    model = make_pipeline(StandardScaler(), net).fit(X_train, worse_train)
    p = probabilities[calibration] = model.predict_proba(X_test)[:, 1]
    accuracy, loss = model.score(X_test, worse_test), log_loss(worse_test, p)
    print(f"{calibration!s:12} accuracy {accuracy:.3f}, log loss {loss:.3f}")
print(f"temperature {net.temperature_[0]:.1f}")

# %%
# Of the patients whose probability is near 0.9, how many got worse?

figure, axis = plt.subplots(figsize=(4.5, 4), layout="constrained")
axis.plot([0, 1], [0, 1], color="0.5", linestyle=":", label="perfectly calibrated")
for calibration, p in probabilities.items():
    observed, predicted = calibration_curve(worse_test, p, n_bins=5)
    axis.plot(predicted, observed, marker="o", label=f"calibration={calibration!r}")
axis.set(xlabel="predicted probability", ylabel="fraction that got worse")
_ = axis.legend()
