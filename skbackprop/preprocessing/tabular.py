"""A table as it comes, as the columns that a network learns from."""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skbackprop.all_or_nothing import all_or_nothing
from skbackprop.compat import Interval, StrOptions, check_feature_names_in, fit_context
from skbackprop.parametrized import Parametrized
from skbackprop.persistence import Persistent
from skbackprop.preprocessing.columns import LEVELS
from skbackprop.preprocessing.features import Coded, Number, OneHot, numeric_feature
from skbackprop.preprocessing.levels import learn_levels
from skbackprop.preprocessing.scaling import center_and_scale, squash
from skbackprop.preprocessing.tables import opened
from skbackprop.unused import warn_unused

LARGEST = np.finfo(np.float32).max


class TabularEncoder(TransformerMixin, Persistent, Parametrized):
    """Numbers, text, dates and missing values as float32 columns for a network.

    The columns of the result, in this order: numbers, robustly scaled, those of dates among them; columns of
    ones and zeros, for categories with few levels and for missing numbers, scaled alike; a code for each
    category with many levels, to be embedded. All of it is learned from the rows of `fit` alone.

    Parameters
    ----------
    categorical_features : 'from_dtype', array-like of str, int or bool, or None, default='from_dtype'
        The columns that are categories. 'from_dtype': those of text, booleans and categories in frames, and
        those of objects that are not all numbers, dates or durations. A list of names or indices, or a mask:
        these too. None: no column.

    max_one_hot_categories : int, default=8
        A category with at most this many levels becomes a column for each level (two levels: a single column,
        1 or -1); before scaling all are 0 where the level is missing or was not seen in `fit`. A category
        with more levels becomes codes.

    embed : bool, default=True
        If False, there are no codes: every category becomes columns of ones and zeros.

    min_frequency : int, default=1
        Levels that occur in fewer rows are taken as unknown.

    max_categories : int or None, default=None
        The most levels of a column; if there are more, the rarest are taken as unknown.

    missing_indicator : bool, default=True
        A column that is 1 where the number is missing, for each column of numbers that lacked some in `fit`.

    max_absolute_value : float or None, default=3.0
        Scaled numbers z become z / sqrt(1 + (z / max_absolute_value)^2). None: they stay.

    Attributes
    ----------
    n_numeric_ : int
        Columns of the result that are numbers; the first ones.

    n_one_hot_ : int
        Columns of ones and zeros; the next ones.

    n_categories_ : list of int
        For each column of codes, the last ones, how many codes there are: its levels, and 0 for missing or
        unknown.

    categories_ : dict
        The levels of each categorical column, by its place in X.

    center_, scale_ : ndarray of shape (n_numeric_ + n_one_hot_,)
        Median, and factor, of the columns before the codes.

    n_features_in_ : int
        Columns of X.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they are all strings.

    Notes
    -----
    Numbers, columns of ones and zeros, and indicators are scaled as by `SquashingScaler`; a missing number
    becomes 0, the median. Categories become what `SignedOneHotEncoder` or `CategoryEncoder` make of them.
    This is the preprocessing of RealMLP [1]_.

    A date becomes the days since 1970, and sine and cosine of its place in the year, the week and, if `fit`
    saw times of the day, the day; a duration becomes seconds.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted
       Trees on Tabular Data", NeurIPS 2024, https://arxiv.org/abs/2407.04491.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop.preprocessing import TabularEncoder
    >>> X = pd.DataFrame({"size": [1.0, 2.0, None, 4.0], "colour": ["red", "blue", "red", None]})
    >>> encoder = TabularEncoder().fit(X)
    >>> encoder.get_feature_names_out()
    array(['size', 'colour_blue', 'missingindicator_size'], dtype=object)
    >>> encoder.transform(X).round(2)
    array([[-0.65, -0.4 ,  0.  ],
           [ 0.  ,  1.11,  0.  ],
           [ 0.  , -0.4 ,  2.4 ],
           [ 1.22,  0.4 ,  0.  ]], dtype=float32)
    """

    _parameter_constraints = {
        "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
        "max_one_hot_categories": [Interval(Integral, 0, None, closed="left")],
        "embed": ["boolean"],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "max_categories": [Interval(Integral, 1, None, closed="left"), None],
        "missing_indicator": ["boolean"],
        "max_absolute_value": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        categorical_features="from_dtype",
        *,
        max_one_hot_categories=8,
        embed=True,
        min_frequency=1,
        max_categories=None,
        missing_indicator=True,
        max_absolute_value=3.0,
    ):
        self.categorical_features = categorical_features
        self.max_one_hot_categories = max_one_hot_categories
        self.embed = embed
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.missing_indicator = missing_indicator
        self.max_absolute_value = max_absolute_value

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn medians, ranges, levels, and where numbers are missing.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The training part.

        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For infinite numbers, and for columns that cannot be read.
        """
        whole = None if self.embed else "embed=False makes columns of ones and zeros of every category."
        warn_unused(self, [(("max_one_hot_categories",), whole)], 3)
        with all_or_nothing(self):
            self._learn(opened(self, X, reset=True))
        return self

    def _learn(self, table):
        numeric, one_hot, self._coded = self._features_of(table)
        self._scaled = [*numeric, *one_hot]
        self._starts = np.cumsum([0, *(feature.width for feature in self._scaled)])
        plain = [i for i, feature in enumerate(self._scaled) if type(feature) is Number]
        self._plain_sources = np.array([self._scaled[i].source for i in plain], dtype=np.intp)
        self._plain_places = self._starts[plain]
        self._flagged = np.zeros(0, dtype=np.intp)  # columns with an indicator, of a date its first
        block = self._before_scaling(table)
        if self.missing_indicator:
            places = self._starts[: len(numeric)]
            self._flagged = places[np.isnan(block[:, places]).any(axis=0)]
            block = np.hstack([block, np.isnan(block[:, self._flagged]).astype(block.dtype)])
        self.center_, self.scale_ = center_and_scale(block)
        self.n_numeric_ = int(self._starts[len(numeric)])
        self.n_one_hot_ = block.shape[1] - self.n_numeric_
        self.n_categories_ = [feature.levels.n_codes for feature in self._coded]
        categories = sorted([*one_hot, *self._coded], key=lambda feature: feature.source)
        self.categories_ = {feature.source: feature.levels.values for feature in categories}

    def _features_of(self, table):
        """Those that are numeric, those that become one-hot, and those that become codes."""
        numeric, one_hot, coded = [], [], []
        listed, by_dtype = self._listed(), self.categorical_features is not None
        for source in range(self.n_features_in_):
            column = table.column(source)
            if source not in listed and not (by_dtype and column.kind == LEVELS):
                numeric.append(numeric_feature(source, column))
                continue
            levels = learn_levels(column, self.min_frequency, self.max_categories)
            if self.embed and len(levels.values) > self.max_one_hot_categories:
                coded.append(Coded(source, levels))
            else:
                one_hot.append(OneHot(source, levels))
        return numeric, one_hot, coded

    def _listed(self):
        """The places of the columns that `categorical_features` lists."""
        if self.categorical_features is None or isinstance(self.categorical_features, str):
            return set()
        listed = np.asarray(self.categorical_features)
        n = self.n_features_in_
        if listed.dtype.kind == "b" and listed.shape == (n,):
            return set(np.flatnonzero(listed).tolist())
        if listed.dtype.kind in "iu" and ((listed >= 0) & (listed < n)).all():
            return set(listed.tolist())
        places = {name: i for i, name in enumerate(vars(self).get("feature_names_in_", []))}
        unknown = [name for name in listed.ravel().tolist() if name not in places]
        if unknown:
            raise ValueError(
                f"categorical_features={self.categorical_features!r}: {unknown[0]!r} is no column of X. "
                f"Allowed are names, of {list(places)}, indices below {n}, or a mask of {n} booleans."
            )
        return {places[name] for name in listed.ravel().tolist()}

    def transform(self, X: Any) -> Any:
        """The columns for a network.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Columns as in `fit`, in the same order.

        Returns
        -------
        encoded : ndarray of shape (n_rows, n_numeric_ + n_one_hot_ + len(n_categories_)), float32
            Without NaN.

        Raises
        ------
        ValueError
            For other columns than in `fit`, for text where there were numbers, for categories whose levels
            are all of another type, and for infinite numbers.
        """
        return self.encode(X)

    def encode(self, X: Any) -> np.ndarray:
        """What `transform` gives as an array, whatever `set_output` and scikit-learn's settings ask for.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            A table with the columns of `fit`.

        Returns
        -------
        block : ndarray of shape (n_rows, n_columns_out), float32
        """
        check_is_fitted(self)
        table = opened(self, X, reset=False)
        block = self._before_scaling(table)
        squash(block, self.center_, self.scale_, self.max_absolute_value)
        np.copyto(block, 0.0, where=np.isnan(block))
        if self.max_absolute_value is None:
            np.clip(block, -LARGEST, LARGEST, out=block)
        n_scaled = block.shape[1]
        out = np.empty((table.n_rows, n_scaled + len(self._coded)), dtype=np.float32)
        out[:, :n_scaled] = block
        for place, feature in enumerate(self._coded, start=n_scaled):
            feature.write(table.column(feature.source), out[:, place : place + 1])
        return out

    def _before_scaling(self, table):
        """Numbers with NaN, one-hot columns, and indicators (n_rows, n_numeric_ + n_one_hot_)."""
        n_written = self._starts[-1]
        block = np.empty((table.n_rows, n_written + len(self._flagged)), dtype=table.dtype)
        block[:, self._plain_places] = table.numbers(self._plain_sources)
        for feature, start, end in zip(self._scaled, self._starts, self._starts[1:]):
            if type(feature) is not Number:
                feature.write(table.column(feature.source), block[:, start:end])
        block[:, n_written:] = np.isnan(block[:, self._flagged])
        self._check_finite(block, table)
        return block

    def _check_finite(self, block, table):
        infinite = np.isinf(block)
        if infinite.any():
            place = np.argmax(infinite.any(axis=0))
            feature = self._scaled[np.searchsorted(self._starts, place, side="right") - 1]
            raise ValueError(
                f"The column {table.column(feature.source).name!r} holds an infinite number: NaN is taken as "
                "missing, infinity is not."
            )

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Names of the columns that `transform` gives.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of X, where it had none in `fit`.

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        source_names = check_feature_names_in(self, input_features)
        names = [name for f in self._scaled for name in f.names(source_names[f.source])]
        flagged = np.searchsorted(self._starts, self._flagged)
        names += [f"missingindicator_{source_names[self._scaled[i].source]}" for i in flagged]
        names += [source_names[feature.source] for feature in self._coded]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags
