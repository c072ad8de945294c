"""scikit-learn's checks as tests."""

from functools import cache

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks


def scikit_learn_checks(estimators, **settings):
    """`parametrize_with_checks`, where each estimator is printed once, not for each of its 50 checks."""
    mark = parametrize_with_checks(estimators, **settings).mark
    return pytest.mark.parametrize(*mark.args, ids=cache(mark.kwargs["ids"]))
