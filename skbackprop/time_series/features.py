"""What the transformers of time have in common."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skbackprop.all_or_nothing import all_or_nothing
from skbackprop.compat import Interval, StrOptions, check_feature_names_in, fit_context
from skbackprop.parametrized import Parametrized
from skbackprop.persistence import Persistent
from skbackprop.time_series.acting import reasons_of_features
from skbackprop.time_series.clock import check_fits, clock_for
from skbackprop.time_series.history import empty_history, place, remember
from skbackprop.time_series.rows import as_frame, as_list, columns_of, is_pandas, is_polars, read
from skbackprop.unused import warn_unused

COLUMNS = [None, str, Integral, "array-like"]


@dataclass(eq=False, repr=False, kw_only=True)
class TimeFeatures(TransformerMixin, Persistent, Parametrized, ABC):
    """Features of rows in time.

    Parameters
    ----------
    time : str, int or None, default=None
        The column, or level of the index, that holds the times. None: the index of X.

    passthrough : bool or list, default=False
        Whether the columns of X, or which of them, come before the features.

    Attributes
    ----------
    n_features_in_ : int
        The number of columns of X.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of X, where it has names.
    """

    _parameter_constraints = {"time": [None, str, Integral], "passthrough": ["boolean", "array-like"]}

    time: str | int | None = None
    passthrough: bool | list = False

    @abstractmethod
    def _feature_names(self, columns):
        """The names of the features that are made of these columns, those of `_sources`."""

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
        check_is_fitted(self, "n_features_in_")
        names = check_feature_names_in(self, input_features)
        by_name = vars(self).get("feature_names_in_") is not None
        keys = list(names) if by_name else list(range(len(names)))
        label = dict(zip(keys, map(str, names)))
        kept = [label[key] for key in self._kept(keys)]
        return np.array(kept + self._feature_names([label[key] for key in self._sources(keys)]), dtype=object)

    def _sources(self, names):
        """The columns that features are made of."""
        return []

    def _kept(self, names):
        if isinstance(self.passthrough, bool | np.bool_):
            return names if self.passthrough else []
        return as_list(self.passthrough)

    def _joined(self, X, features):
        """Features (n_rows, n_features) as X came: with its index, after the columns passed through."""
        X = as_frame(X)
        if is_pandas(X):
            kept = self._kept(list(X.columns))
            names = self.get_feature_names_out()[len(kept) :]
            frame = pd.DataFrame(features, index=X.index, columns=names, copy=False)
            frame = pd.concat([X[kept], frame], axis=1) if kept else frame
            frame.attrs.update(X.attrs)
            return frame
        if is_polars(X):
            kept = self._kept(list(X.columns))
            names = self.get_feature_names_out()[len(kept) :]
            frame = type(X)(dict(zip(names, np.ascontiguousarray(features.T))))
            return X.select(kept).hstack(frame) if kept else frame
        kept = self._kept(list(range(self.n_features_in_)))
        return np.column_stack([np.asarray(X)[:, kept], features]) if kept else features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@dataclass(eq=False, repr=False, kw_only=True)
class HistoryFeatures(TimeFeatures):
    """Features of rows and of those before them.

    Parameters
    ----------
    columns : str, int, list or None, default=None
        The columns that features are made of. None: all but `groups` and `time`, which must hold numbers.

    groups : str, int, list or None, default=None
        The columns, or levels of the index, that name the series to which a row belongs. None: a single
        series.

    time : str, int or None, default=None
        The column, or level of the index, that holds the times: dates (as text in ISO 8601), periods or whole
        numbers. None: the index of X; whole numbers there are the times of a single series alone. Rows of
        several series, and of arrays, then have no time, and their order counts.

    freq : str, offset, int or None, default=None
        The step of the clock, such as 'h' or '15min'; a `pandas.offsets.CustomBusinessDay` knows holidays.
        None: that of the index, or the shortest step in `fit`, over the days of the week on which there are
        rows.

    on_gap : {'nan', 'raise', 'ignore'}, default='nan'
        How missing steps are treated: as NaN, as an error, or 'ignore': rows are counted instead of time.

    history : {'auto', 'continue', 'none'}, default='auto'
        What rows in `transform` see of the rows learned. 'auto': all of them if they come after them in
        time; rows without time see none, except in a `StreamingPipeline`. 'continue': rows without time
        see them too. 'none': none of them.

    forget_after : int or None, default=None
        In `partial_fit`, series without rows for more than this many steps are forgotten. None: no series is.

    Attributes
    ----------
    history_ : History
        The clock, the series, and the last rows of each.
    """

    _parameter_constraints = {
        **TimeFeatures._parameter_constraints,
        "columns": COLUMNS,
        "groups": COLUMNS,
        "freq": "no_validation",
        "on_gap": [StrOptions({"nan", "raise", "ignore"})],
        "history": [StrOptions({"auto", "continue", "none"})],
        "forget_after": [None, Interval(Integral, 1, None, closed="left")],
    }

    columns: str | int | list | None = None
    groups: str | int | list | None = None
    freq: object = None
    on_gap: str = "nan"
    history: str = "auto"
    forget_after: int | None = None

    @abstractmethod
    def _keep(self):
        """How many steps before a row its features look back on."""

    @abstractmethod
    def _fill(self, out, placed):
        """Write the features of the rows to `out` (n_features, n_rows)."""

    def _initial(self):
        """Of recursions, the state (n_states,) of a new series."""
        return None

    def _states(self, placed):
        """Of recursions, the states to remember (n_series, n_columns, n_states)."""
        return None

    def _sources(self, names):
        return columns_of(self, names)

    def _reach(self):
        """The most steps over which anything is seen."""
        return max(1, self._keep())

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the columns, the clock, and the last rows of each series.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows in any order, where they have times. Values may be NaN.

        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For columns that are absent or hold no numbers, and times that are missing, repeat or are not on
            the clock.
        """
        self._learn(X, None)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on: the last rows of each series are now those of X.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows that come after those learned before, series by series; new series may begin.

        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As in `fit`, and for rows of a series that do not come after those learned before.
        """
        self._learn(X, vars(self).get("history_"))
        return self

    def _learn(self, X, history):
        is_first = history is None
        with all_or_nothing(self):
            self._check_settings()
            rows = read(self, X, reset=is_first)
            if is_first:
                vars(self).pop("_in_stream", None)
                warn_unused(self, reasons_of_features(self, rows.times), 4)
                history = empty_history(rows, clock_for(self, rows))
            placed = self._place(rows, history, positional=True, late="error")
            if is_first:
                check_fits(placed.series, self, history.clock)
            self.history_ = remember(placed, history, self._keep(), self._states(placed), self.forget_after)
        return placed

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """`fit`, and the features of these rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows in any order, where they have times.

        y : None
            Ignored.

        Returns
        -------
        features : DataFrame or ndarray of shape (n_rows, n_features)

        Raises
        ------
        ValueError
            As in `fit`.
        """
        return self._features(X, self._learn(X, None))

    def transform(self, X: Any) -> Any:
        """The features of each row of X, in its order.

        Rows that come after the rows learned, series by series, see these; other rows see X alone. Nothing is
        learned.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows in any order, where they have times.

        Returns
        -------
        features : DataFrame or ndarray of shape (n_rows, n_features)
            As X came. NaN where there is not enough history.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        check_is_fitted(self, "history_")
        rows = read(self, X, reset=False)
        history = self.history_
        if self.history == "none":
            history = empty_history(rows, history.clock)
        follows = self._follows()
        if rows.times is None and self.history == "auto" and not follows and is_polars(X):
            warnings.warn(
                "X has no times, as a polars frame has no index: its rows see none of those "
                "learned. Name the column of the times in time=, or say history='continue' (they follow "
                "those learned) or history='none'.",
                stacklevel=2,
            )
        placed = self._place(rows, history, positional=follows, late="alone")
        return self._features(X, placed)

    def _follows(self):
        """Whether rows without time come after the rows learned."""
        return self.history == "continue" or (self.history == "auto" and "_in_stream" in vars(self))

    def _features(self, X, placed):
        n_rows, n_columns = placed.values.shape
        out = np.empty((len(self._feature_names([""] * n_columns)), n_rows), placed.values.dtype)
        self._fill(out, placed)
        return self._joined(X, out.T)

    def _n_missing(self):
        """How many rows of a series may lack features, for want of rows before them."""
        return self._keep()

    def _place(self, rows, history, positional, late):
        keep, reach, initial = self._keep(), self._reach(), self._initial()
        return place(rows, history, keep, reach, initial, self.on_gap, positional, late)

    def _check_settings(self):
        """Errors of parameters that depend on each other."""

    def __sklearn_is_fitted__(self):
        return "history_" in vars(self)


def whole_numbers(name, value, least):
    """A parameter that is one whole number or several, as a list."""
    values = [value] if isinstance(value, Integral) else list(value)
    if not values or any(not isinstance(v, Integral) or isinstance(v, bool) or v < least for v in values):
        raise ValueError(f"{name}={value!r}: whole numbers of at least {least} are needed, each once.")
    if len(set(values)) < len(values):
        raise ValueError(f"{name}={value!r}: a number is given twice.")
    return [int(v) for v in values]
