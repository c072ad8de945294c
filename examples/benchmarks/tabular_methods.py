"""The methods of the benchmark of tables: `METHODS[name](task, seed, n_threads)`.

All but the MLP are at their defaults. Each is a scikit-learn estimator that takes a frame with categorical
columns and missing values. Packages are imported when a method is built, so that one that is not installed
stands in no other's way.
"""

from functools import partial

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = make_column_selector(dtype_include="number")
CATEGORIES = make_column_selector(dtype_include="category")


class ToColumns(TransformerMixin, BaseEstimator):
    """Apply a function to each categorical column; it needs no state, as the dtype has the levels."""

    def __init__(self, function):
        self.function = function

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.assign(**{name: self.function(X[name]) for name in CATEGORIES(X)})


def skbackprop(task, seed, n_threads, recipe=None):
    from skbackprop import TabularBackpropClassifier, TabularBackpropRegressor

    kind = TabularBackpropRegressor if task == "regression" else TabularBackpropClassifier
    return kind(n_jobs=n_threads, random_state=seed, **({} if recipe is None else {"recipe": recipe}))


def mlp(task, seed, n_threads):
    """Medians and indicators for missing values, standardised; one-hot categories, rare ones together."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    categories = OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist", sparse_output=False)
    columns = make_column_transformer((numbers, NUMBERS), (categories, CATEGORIES))
    settings = {"hidden_layer_sizes": (256, 256), "early_stopping": True, "n_iter_no_change": 20}
    settings |= {"max_iter": 300, "random_state": seed}
    if task != "regression":
        return make_pipeline(columns, MLPClassifier(**settings))
    regressor = TransformedTargetRegressor(MLPRegressor(**settings), transformer=StandardScaler())
    return make_pipeline(columns, regressor)


def few_levels(column):
    """The column, or its codes as numbers if it has more levels than HistGradientBoosting accepts."""
    codes = column.cat.codes.astype(float)
    return column if len(column.cat.categories) <= 255 else codes.where(codes >= 0)


def hist_gradient_boosting(task, seed, n_threads):
    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    return make_pipeline(ToColumns(few_levels), kind(categorical_features="from_dtype", random_state=seed))


def lightgbm(task, seed, n_threads):
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMRegressor if task == "regression" else LGBMClassifier
    return kind(random_state=seed, n_jobs=n_threads, verbosity=-1)


def as_text(column):
    return column.astype(object).where(column.notna(), "missing").astype(str)


class CatBoost(BaseEstimator):
    """Converts categorical columns to strings and passes their names to CatBoost in `fit`."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        self.model.fit(ToColumns(as_text).transform(X), y, cat_features=CATEGORIES(X))
        return self

    def predict(self, X):
        return np.ravel(self.model.predict(ToColumns(as_text).transform(X)))


def catboost(task, seed, n_threads):
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostRegressor if task == "regression" else CatBoostClassifier
    settings = {"verbose": False, "allow_writing_files": False}
    return CatBoost(kind(random_state=seed, thread_count=n_threads, **settings))


def realmlp(task, seed, n_threads, name):
    """One fit with its own 20 % for validation. Missing numbers become medians, with indicators."""
    import pytabkit

    kind = getattr(pytabkit, f"{name}_{'Regressor' if task == 'regression' else 'Classifier'}")
    numbers = SimpleImputer(strategy="median", add_indicator=True)
    columns = make_column_transformer(
        (numbers, NUMBERS), ("passthrough", CATEGORIES), verbose_feature_names_out=False
    )
    model = kind(device="cpu", random_state=seed, n_cv=1, n_threads=n_threads)
    return make_pipeline(columns.set_output(transform="pandas"), model)


METHODS = {
    "skbackprop": skbackprop,
    "skbackprop TD-S": partial(skbackprop, recipe="td_s"),
    "MLP": mlp,
    "HistGradientBoosting": hist_gradient_boosting,
    "LightGBM": lightgbm,
    "CatBoost": catboost,
    "RealMLP-TD": partial(realmlp, name="RealMLP_TD"),
    "RealMLP-TD-S": partial(realmlp, name="RealMLP_TD_S"),
}
PACKAGES = {
    "skbackprop": "skbackprop",
    "skbackprop TD-S": "skbackprop",
    "MLP": "scikit-learn",
    "HistGradientBoosting": "scikit-learn",
    "LightGBM": "lightgbm",
    "CatBoost": "catboost",
    "RealMLP-TD": "pytabkit",
    "RealMLP-TD-S": "pytabkit",
}
SECONDS = {"CatBoost": 180}  # the limit of processor time per thread; a longer fit is ended
