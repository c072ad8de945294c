"""Tables of tests that cross kinds of components."""

import pytest

# `of_all` is False in the usual tests, which cross each kind with some of another, and True in the slow ones
some_or_all = pytest.mark.parametrize(
    "of_all", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"]
)
