"""Scaling of columns that does not depend on outliers, and brings them within limits."""

from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import FLOAT_DTYPES, check_is_fitted, validate_data

from skbackprop.all_or_nothing import all_or_nothing
from skbackprop.compat import Interval, fit_context
from skbackprop.masked import unmasked
from skbackprop.parametrized import Parametrized
from skbackprop.persistence import Persistent
from skbackprop.preprocessing.times import refuse_times

FAR = 1e9  # limits from 0 on, where in floats nothing is left of the distance to the limit
CHUNK = 1 << 16  # numbers that are squashed at a time, in the cache


def center_and_scale(X):
    """Of each column: the median; 1 / (q75 - q25), or 2 / (max - min), or 0, the first that is finite."""
    center, scale = np.zeros((2, X.shape[1]))
    least = np.finfo(X.dtype).tiny
    for j, column in enumerate(X.T):
        quarters = column[~np.isnan(column)].astype(np.float64) / 4  # their differences do not overflow
        if len(quarters):
            low, q25, median, q75, high = np.quantile(quarters, [0, 0.25, 0.5, 0.75, 1])
            center[j] = 4 * median
            spread = (q75 - q25) or (high - low) / 2
            scale[j] = 0.25 / max(spread, least) if spread else 0.0
    return center, scale


def squash(X, center, scale, limit):
    """z = (x - center) scale, then z / sqrt(1 + (z / limit)^2), in place."""
    center, scale = center.astype(X.dtype), scale.astype(X.dtype)
    n_rows = max(1, CHUNK // max(1, X.shape[1]))
    for start in range(0, len(X), n_rows):
        z = X[start : start + n_rows]
        with np.errstate(over="ignore"):  # of huge numbers
            z -= center
            z *= scale
        if limit is not None:
            np.clip(z, -FAR * limit, FAR * limit, out=z)
            z /= np.sqrt(1 + np.square(z / limit))
    return X


class SquashingScaler(OneToOneFeatureMixin, TransformerMixin, Persistent, Parametrized):
    """Center by the median, scale by the quartiles, and bring outliers smoothly within limits.

    z = (x - median) / (q75 - q25), with half of max - min instead where the quartiles are equal, and z = 0
    where all values are; then z / sqrt(1 + (z / c)^2), which lies between -c and c and hardly changes z near
    0. NaN is left out in `fit` and stays NaN in `transform`.

    Parameters
    ----------
    max_absolute_value : float or None, default=3.0
        The limit c. None: no limit.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        The medians.

    scale_ : ndarray of shape (n_features,)
        The factors: 1 / (q75 - q25), 2 / (max - min), or 0.

    n_features_in_ : int
        Columns of X.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they are all strings.

    See Also
    --------
    sklearn.preprocessing.RobustScaler : The same without limits, where the quartiles differ.
    TabularEncoder : Whole tables.

    Notes
    -----
    The scaling of RealMLP [1]_.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted
       Trees on Tabular Data", NeurIPS 2024, https://arxiv.org/abs/2407.04491.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.preprocessing import SquashingScaler
    >>> SquashingScaler().fit_transform(np.array([[1.0], [2.0], [3.0], [4.0], [999.0]])).round(2).ravel()
    array([-0.95, -0.49,  0.  ,  0.49,  3.  ])
    """

    _parameter_constraints = {"max_absolute_value": [Interval(Real, 0, None, closed="neither"), None]}

    def __init__(self, max_absolute_value: float = 3.0) -> None:
        self.max_absolute_value = max_absolute_value

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn medians and quartiles.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN is left out.

        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For infinite numbers.
        """
        with all_or_nothing(self):
            self.center_, self.scale_ = center_and_scale(self._validated(X, reset=True))
        return self

    def transform(self, X: Any) -> Any:
        """The scaled numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN stays.

        Returns
        -------
        X_scaled : ndarray of shape (n_samples, n_features)
            As float32 if X is, otherwise as float64.

        Raises
        ------
        ValueError
            For infinite numbers, and for columns other than those of `fit`.
        """
        check_is_fitted(self)
        X = self._validated(X, reset=False, copy=True)
        return squash(X, self.center_, self.scale_, self.max_absolute_value)

    def inverse_transform(self, X: Any) -> Any:
        """The numbers that were scaled.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers within the limits; those beyond are taken as at a limit.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            Constant columns have their value in all rows.
        """
        check_is_fitted(self)
        z = self._validated(X, reset=False, copy=True)
        if self.max_absolute_value is not None:
            limit = self.max_absolute_value
            np.clip(z, -limit, limit, out=z)
            z /= np.sqrt(np.maximum(1 - np.square(z / limit), np.finfo(z.dtype).eps))
        spread = np.divide(1.0, self.scale_, out=np.zeros_like(self.scale_), where=self.scale_ > 0)
        z *= spread.astype(z.dtype)
        z += self.center_.astype(z.dtype)
        return z

    def _validated(self, X, reset, copy=False):
        X = unmasked(X)
        refuse_times(X, "X")
        settings = {"dtype": FLOAT_DTYPES, "ensure_all_finite": "allow-nan", "copy": copy}
        with np.errstate(over="ignore", invalid="ignore"):  # of huge numbers
            return validate_data(self, X, reset=reset, **settings)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
