"""Categorical columns as numbers, also where levels are missing, rare or unknown."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skbackprop.all_or_nothing import all_or_nothing
from skbackprop.compat import Interval, check_feature_names_in, fit_context
from skbackprop.parametrized import Parametrized
from skbackprop.persistence import Persistent
from skbackprop.preprocessing.levels import learn_levels
from skbackprop.preprocessing.tables import opened


class LevelsEncoder(TransformerMixin, Persistent, Parametrized):
    """Learns the levels of each column."""

    _parameter_constraints = {
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "max_categories": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, *, min_frequency=1, max_categories=None):
        self.min_frequency = min_frequency
        self.max_categories = max_categories

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the levels of each column.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Categories: text, booleans, numbers, or values of several kinds.

        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError
            For values without a hash, such as lists.
        """
        with all_or_nothing(self):
            table = opened(self, X, reset=True)
            self._levels = [
                learn_levels(table.column(j), self.min_frequency, self.max_categories)
                for j in range(self.n_features_in_)
            ]
            self.categories_ = [levels.values for levels in self._levels]
        return self

    def _columns(self, X):
        """Each column with its levels, and the number of rows."""
        check_is_fitted(self)
        table = opened(self, X, reset=False)
        return [(levels, table.column(j)) for j, levels in enumerate(self._levels)], table.n_rows

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


class CategoryEncoder(OneToOneFeatureMixin, LevelsEncoder):
    """Codes of categories: 1, ..., c for the levels of a column, 0 for missing, rare and unknown ones.

    Parameters
    ----------
    min_frequency : int, default=1
        Levels that occur in fewer rows are taken as unknown.

    max_categories : int or None, default=None
        The most levels of a column; if there are more, the rarest are taken as unknown.

    Attributes
    ----------
    categories_ : list of list
        The levels of each column; the code of a level is its place, from 1 on. They are in the order of a
        category dtype, or sorted; values of several types are sorted by type.

    n_features_in_ : int
        Columns of X.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they are all strings.

    See Also
    --------
    sklearn.preprocessing.OrdinalEncoder : Codes from 0 on; values of several types are an error.
    SignedOneHotEncoder : Columns of ones and zeros.

    Notes
    -----
    Values that are equal in Python are one level: 1, 1.0 and True.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop.preprocessing import CategoryEncoder
    >>> encoder = CategoryEncoder().fit(pd.DataFrame({"colour": ["red", "blue", None]}))
    >>> encoder.transform(pd.DataFrame({"colour": ["blue", "red", "green", None]})).ravel()
    array([1, 2, 0, 0])
    """

    def transform(self, X: Any) -> Any:
        """The codes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Columns as in `fit`, in the same order.

        Returns
        -------
        codes : ndarray of shape (n_rows, n_columns), int64

        Raises
        ------
        ValueError
            For columns other than those of `fit`, and levels that are all of another type.
        """
        columns, n_rows = self._columns(X)
        codes = np.empty((n_rows, len(columns)), dtype=np.int64)
        for j, (levels, column) in enumerate(columns):
            codes[:, j] = levels.codes(column)
        return codes


class SignedOneHotEncoder(LevelsEncoder):
    """A column for each level of a category, 1 where it is and 0 elsewhere; two levels are 1 and -1.

    A level that is missing, rare or unknown has 0 in all columns of its category. A category with two levels
    has one column: 1 for the first, -1 for the second, 0 for neither.

    Parameters
    ----------
    min_frequency : int, default=1
        Levels that occur in fewer rows are taken as unknown.

    max_categories : int or None, default=None
        The most levels of a column; if there are more, the rarest are taken as unknown.

    Attributes
    ----------
    categories_ : list of list
        The levels of each column, in the order of their columns.

    n_features_in_ : int
        Columns of X.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they are all strings.

    See Also
    --------
    sklearn.preprocessing.OneHotEncoder : Sparse columns, and options for unknown levels.
    CategoryEncoder : Codes.

    Notes
    -----
    The one-hot columns of RealMLP [1]_.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted
       Trees on Tabular Data", NeurIPS 2024, https://arxiv.org/abs/2407.04491.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop.preprocessing import SignedOneHotEncoder
    >>> X = pd.DataFrame({"colour": ["red", "blue", "green"], "big": [True, False, None]})
    >>> encoder = SignedOneHotEncoder().fit(X)
    >>> encoder.get_feature_names_out()
    array(['colour_blue', 'colour_green', 'colour_red', 'big_False'],
          dtype=object)
    >>> encoder.transform(X)
    array([[ 0.,  0.,  1., -1.],
           [ 1.,  0.,  0.,  1.],
           [ 0.,  1.,  0.,  0.]])
    """

    def transform(self, X: Any) -> Any:
        """The columns of ones and zeros.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Columns as in `fit`, in the same order.

        Returns
        -------
        one_hot : ndarray of shape (n_rows, n_features_out), float64

        Raises
        ------
        ValueError
            For columns other than those of `fit`, and levels that are all of another type.
        """
        columns, n_rows = self._columns(X)
        ends = np.cumsum([levels.n_one_hot for levels in self._levels])
        one_hot = np.empty((n_rows, ends[-1]))
        for (levels, column), end in zip(columns, ends):
            levels.write_one_hot(column, one_hot[:, end - levels.n_one_hot : end])
        return one_hot

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Names of the columns that `transform` gives: 'column_level'.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of X, where it had none in `fit`.

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        names = zip(check_feature_names_in(self, input_features), self._levels)
        return np.array([out for name, levels in names for out in levels.one_hot_names(name)], dtype=object)
