"""
A raw table: penguins
=====================

The table of the Palmer penguins (Horst, Hill, Gorman, 2020) has numbers, text and missing values. This
example predicts the weight of a penguin. The estimator takes the table without preprocessing.
"""

import matplotlib.pyplot as plt
from palmerpenguins import load_penguins
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split

from skbackprop import TabularBackpropRegressor

penguins = load_penguins().dropna(subset=["body_mass_g"])
X, y = penguins.drop(columns="body_mass_g"), penguins["body_mass_g"]
print(X.dtypes.to_string())
print("missing values:", int(X.isna().sum().sum()))

# %%
# Comparison with scikit-learn's trees on the same table. The error is in grams.

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)
net = TabularBackpropRegressor(max_iter=48, random_state=0).fit(X_train, y_train)
categories = X.select_dtypes(exclude="number").columns
of_trees = X_train.astype(dict.fromkeys(categories, "category"))
trees = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=0).fit(
    of_trees, y_train
)
predictions = {
    "TabularBackpropRegressor": net.predict(X_test),
    "HistGradientBoosting": trees.predict(X_test.astype(of_trees.dtypes)),
}
for name, prediction in predictions.items():
    print(f"{name:25} error {root_mean_squared_error(y_test, prediction):.0f} g")

# %%
# A prediction for a penguin with more missing values.

stranger = X_test.head(1).assign(sex=None, bill_length_mm=None)
known, guessed = net.predict(X_test.head(1))[0], net.predict(stranger)[0]
print(f"all known: {known:.0f} g, without sex and bill: {guessed:.0f} g")

figure, axis = plt.subplots(figsize=(4.5, 4), layout="constrained")
for species, rows in X_test.groupby("species"):
    axis.scatter(net.predict(rows), y_test[rows.index], s=14, label=species)
axis.axline((4000, 4000), slope=1, color="0.5", linestyle=":")
axis.set(xlabel="predicted, g", ylabel="weighed, g")
_ = axis.legend()
