"""TabularBackpropClassifier and TabularBackpropRegressor."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import log_loss, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import skbackprop
from skbackprop import TabularBackpropClassifier, TabularBackpropRegressor
from skbackprop.estimators.tabular.members import Plan, folds
from skbackprop.losses import Poisson

SMALL = {"n_estimators": 2, "hidden_layer_sizes": [16], "max_iter": 20, "random_state": 0}
KINDS = TabularBackpropClassifier, TabularBackpropRegressor


@parametrize_with_checks(
    [
        *(kind(**SMALL) for kind in KINDS),
        *(kind(recipe="td_s", **SMALL) for kind in KINDS),
    ]
)
def test_sklearn_checks(estimator, check):
    check(estimator)
