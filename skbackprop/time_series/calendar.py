"""Features of a row's time alone."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype
from sklearn.utils.validation import check_is_fitted

from skbackprop.all_or_nothing import all_or_nothing
from skbackprop.compat import Interval, StrOptions, fit_context
from skbackprop.docstrings import documented
from skbackprop.time_series.clock import learn_clock
from skbackprop.time_series.features import TimeFeatures, whole_numbers
from skbackprop.time_series.rows import opened, times_of
from skbackprop.time_series.stepping import DAY, NS, order_clock
from skbackprop.time_series.times import DATES
from skbackprop.unused import warn_unused

NO_NUMBERS = "period", "string", "timedelta", "timedelta64"


class ClockFeatures(TimeFeatures):
    """Features of times."""

    @abstractmethod
    def _times(self, X, reset):
        """The times of the rows as a pandas Index, on the clock that was learned unless `reset`."""

    @abstractmethod
    def _learn_times(self, times):
        """What the first `fit` learns."""

    @abstractmethod
    def _of(self, times):
        """The features (n_rows, n_features)."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the columns and the clock.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows in any order, where they have times.

        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For rows without times, and times that are missing.
        """
        with all_or_nothing(self):
            self._learn_times(self._times(X, reset=True))
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """The first call is `fit`; later ones change nothing.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows in any order, where they have times.

        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As in `fit`.
        """
        if not hasattr(self, "n_features_in_"):
            return self.fit(X)
        self._times(X, reset=False)
        return self

    def transform(self, X: Any) -> Any:
        """The features of each row's time.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows in any order, where they have times.

        Returns
        -------
        features : DataFrame or ndarray of shape (n_rows, n_features)
            As X came.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        check_is_fitted(self, "n_features_in_")
        return self._joined(X, self._of(self._times(X, reset=False)))


def _day_part(times):
    return (times.hour + times.minute / 60) / 24


FIELDS = {  # a number from 0 on, its period, and how many days apart rows are for which it says nothing
    "minute": (lambda t: t.minute, 60, 1 / 24),
    "hour": (lambda t: t.hour + t.minute / 60, 24, 1),
    "dayofweek": (lambda t: t.day_of_week + _day_part(t), 7, 7),
    "day": (lambda t: t.day - 1 + _day_part(t), 31, 28),
    "dayofyear": (lambda t: t.day_of_year - 1 + _day_part(t), 365.25, 28),
    "month": (lambda t: t.month - 1, 12, 90),
    "quarter": (lambda t: t.quarter - 1, 4, 365),
}


@documented
@dataclass(eq=False, repr=False)
class CalendarFeatures(ClockFeatures):
    """The place of a row's time in the hour, the day, the week and the year.

    Parameters
    ----------
    fields : list or None, default=None
        Of 'minute', 'hour', 'dayofweek', 'day', 'dayofyear', 'month', 'quarter'. None: 'hour', 'dayofweek'
        and 'dayofyear' (or 'month', 'quarter' for rows so far apart), as far as they vary from row to row.

    encoding : {'cyclic', 'ordinal'}, default='cyclic'
        'cyclic': sin(2 pi v / period) and cos(2 pi v / period), so that 23 h is near 0 h, with the part of
        the hour or day that has passed; 'ordinal': the number, from 0 on.

    unit : str or None, default=None
        Of numbers as times, since 1970: 'D', 's' and so on, as in `pandas.to_datetime`.

    Attributes
    ----------
    fields_ : list of str
        The fields in use.

    clock_ : Clock
        The kind and the zone of the times; times in another zone are taken as this one shows them.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop.time_series import CalendarFeatures
    >>> hours = pd.date_range("2026-01-01 22:00", periods=2, freq="2h")
    >>> X = pd.DataFrame({"load": [1.0, 2.0]}, index=hours)
    >>> CalendarFeatures(["hour", "dayofweek"], encoding="ordinal").fit_transform(X)
                         hour  dayofweek
    2026-01-01 22:00:00  22.0        3.0
    2026-01-02 00:00:00   0.0        4.0
    """

    _parameter_constraints = {
        **TimeFeatures._parameter_constraints,
        "fields": [None, "array-like"],
        "encoding": [StrOptions({"cyclic", "ordinal"})],
        "unit": [None, str],
    }

    fields: Sequence[str] | None = None
    _: KW_ONLY
    encoding: str = "cyclic"
    unit: str | None = None

    def _times(self, X, reset):
        table = opened(self, X, reset)
        column = None if self.time is None or self.unit is None else pd.Index(table.column(self.time))
        is_numbers = column is not None and infer_dtype(column) not in (*DATES, *NO_NUMBERS)
        if is_numbers:
            times = pd.DatetimeIndex(pd.to_datetime(np.asarray(column, dtype=float), unit=self.unit))
        else:
            times = times_of(table, self.time, [])
        if reset:
            why = None if is_numbers else "it is that of numbers in a column, time=."
            warn_unused(self, [(("unit",), why)], 4)
        if isinstance(times, pd.PeriodIndex):
            times = times.to_timestamp()
        if not isinstance(times, pd.DatetimeIndex):
            raise ValueError(
                "CalendarFeatures needs dates: as the index of X, or in the column time=; numbers with "
                "unit=, such as 's'."
            )
        return times if reset else self.clock_.own(times)

    def _learn_times(self, times):
        self.clock_ = order_clock(times)
        unknown = [field for field in self.fields or [] if field not in FIELDS]
        if unknown:
            raise ValueError(f"fields={self.fields!r}: {unknown[0]!r} must be one of {', '.join(FIELDS)}.")
        self.fields_ = list(self.fields) if self.fields is not None else _varying(times)

    def _feature_names(self, columns):
        return [f"{field}{part}" for field in self.fields_ for part in self._parts()]

    def _parts(self):
        return ["_sin", "_cos"] if self.encoding == "cyclic" else [""]

    def _of(self, times):
        columns = []
        for field in self.fields_:
            number, period, _ = FIELDS[field]
            values = np.asarray(number(times), dtype=float)
            if self.encoding == "cyclic":
                columns += [np.sin(2 * np.pi * values / period), np.cos(2 * np.pi * values / period)]
            else:
                columns.append(np.floor(values))
        return np.array(columns).reshape(len(columns), len(times)).T


def _varying(times):
    steps = np.diff(np.unique(times.asi8))
    days = steps.min() * (NS[times.unit] / DAY) if len(steps) else 1.0
    by_distance = ["hour", "dayofweek", "dayofyear"] if days < 28 else ["month"] if days < 90 else ["quarter"]
    return [field for field in by_distance if days < FIELDS[field][2]] or ["dayofyear"]


@documented
@dataclass(eq=False, repr=False)
class FourierFeatures(ClockFeatures):
    """Sines and cosines of time: sin(2 pi k t / period) and cos(2 pi k t / period), k = 1, ..., order.

    t counts steps of the clock from 1970 on, or whole numbers as times; rows without time are numbered from 0
    on. Days without rows count, unless the index or `freq` says that business days are the steps.

    Parameters
    ----------
    periods : float or list of float
        In steps, such as 24 and 168 for hours.

    order : int or list of int, default=1
        How many harmonics, for all periods or for each.

    freq : str, offset, int or None, default=None
        The step of the clock, such as 'h' or '15min'; a `pandas.offsets.CustomBusinessDay` knows holidays.
        None: that of the index, or the shortest step in `fit`.

    Attributes
    ----------
    clock_ : Clock or None
        The clock of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import FourierFeatures
    >>> FourierFeatures(4).fit_transform(np.zeros((4, 1))).round(6) + 0.0
    array([[ 0.,  1.],
           [ 1.,  0.],
           [ 0., -1.],
           [-1.,  0.]])
    """

    _parameter_constraints = {
        **TimeFeatures._parameter_constraints,
        "periods": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "order": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "freq": "no_validation",
    }

    periods: float | Sequence[float] = 7
    order: int | Sequence[int] = 1
    _: KW_ONLY
    freq: object = None

    def _harmonics(self):
        """Pairs (period, k)."""
        periods = [self.periods] if isinstance(self.periods, Real) else list(self.periods)
        orders = [self.order] * len(periods) if isinstance(self.order, Integral) else list(self.order)
        if len(orders) != len(periods):
            raise ValueError(
                f"order={self.order!r}: one number for all, or one for each of the {len(periods)} periods."
            )
        if any(not period > 0 for period in periods):
            raise ValueError(f"periods={self.periods!r}: they must be above 0.")
        for order in orders:
            whole_numbers("order", order, 1)
        return [(period, k) for period, order in zip(periods, orders) for k in range(1, order + 1)]

    def _times(self, X, reset):
        table = opened(self, X, reset)
        times = times_of(table, self.time, [])
        times = pd.RangeIndex(table.n_rows) if times is None else times
        return times if reset else self.clock_.own(times)

    def _learn_times(self, times):
        self._harmonics()
        self.clock_ = learn_clock(times, self.freq, closed=False)

    def _feature_names(self, columns):
        return [
            f"fourier_{period:g}_{part}_{k}" for period, k in self._harmonics() for part in ("sin", "cos")
        ]

    def _of(self, times):
        steps = self.clock_.steps(times)
        columns = []
        for period, k in self._harmonics():
            angle = 2 * np.pi * np.mod(k * steps / period, 1.0)
            columns += [np.sin(angle), np.cos(angle)]
        return np.array(columns).T
