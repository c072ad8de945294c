"""Values of earlier steps, and differences from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skbackprop.docstrings import documented
from skbackprop.time_series.features import HistoryFeatures, whole_numbers


@documented
@dataclass(eq=False, repr=False)
class LagFeatures(HistoryFeatures):
    """Values of columns some steps before.

    Every row is kept; without history its features are NaN. After `fit`, rows that directly follow those of
    `fit` see these, so that every test row of a cross-validation has its lags.

    Parameters
    ----------
    lags : int or list of int, default=1
        How many steps back; an int n stands for 1, 2, ..., n. A list may hold 0, the column itself.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop.time_series import LagFeatures
    >>> X = pd.DataFrame({"load": [1.0, 2.0, 3.0]}, index=pd.date_range("2026-01-01", periods=3))
    >>> LagFeatures([1, 2]).fit_transform(X)
                load_lag_1  load_lag_2
    2026-01-01         NaN         NaN
    2026-01-02         1.0         NaN
    2026-01-03         2.0         1.0
    """

    _parameter_constraints = {**HistoryFeatures._parameter_constraints, "lags": [Integral, "array-like"]}

    lags: int | Sequence[int] = 1

    def _lags(self):
        if isinstance(self.lags, Integral):
            return list(range(1, whole_numbers("lags", self.lags, 1)[0] + 1))
        return whole_numbers("lags", self.lags, 0)

    def _check_settings(self):
        self._lags()

    def _keep(self):
        return max(self._lags())

    def _feature_names(self, columns):
        return [f"{column}_lag_{lag}" for column in columns for lag in self._lags()]

    def _fill(self, out, placed):
        lags = self._lags()
        for column, part, rows, buffer in placed.buffers(out.dtype):
            for feature, lag in enumerate(lags, column * len(lags)):
                part.gather(buffer, lag, out[feature, rows])


@documented
@dataclass(eq=False, repr=False)
class DifferenceFeatures(HistoryFeatures):
    """How much columns changed since some steps before: x_t - x_(t-p).

    Parameters
    ----------
    periods : int or list of int, default=1
        The numbers p of steps.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import DifferenceFeatures
    >>> DifferenceFeatures([1, 2]).fit_transform(np.array([[1.0], [4.0], [9.0]]))
    array([[nan, nan],
           [ 3., nan],
           [ 5.,  8.]])
    """

    _parameter_constraints = {**HistoryFeatures._parameter_constraints, "periods": [Integral, "array-like"]}

    periods: int | Sequence[int] = 1

    def _check_settings(self):
        whole_numbers("periods", self.periods, 1)

    def _keep(self):
        return max(whole_numbers("periods", self.periods, 1))

    def _feature_names(self, columns):
        periods = whole_numbers("periods", self.periods, 1)
        return [f"{column}_difference_{period}" for column in columns for period in periods]

    def _fill(self, out, placed):
        periods = whole_numbers("periods", self.periods, 1)
        for column, part, rows, buffer in placed.buffers(out.dtype):
            for feature, period in enumerate(periods, column * len(periods)):
                change = out[feature, rows]
                part.gather(buffer, period, change)
                with np.errstate(invalid="ignore", over="ignore"):
                    np.subtract(placed.values[rows, column], change, out=change)
