"""A scaler for streams."""

from dataclasses import dataclass

import numpy as np

from skbackprop.docstrings import documented
from skbackprop.time_series.features import HistoryFeatures
from skbackprop.time_series.recursive import Moments, runs, states_of

BEFORE = Moments(("mean", "std"), min_periods=1)
SHIFT = 1  # steps from the last row that counts to the row that is scaled


@documented
@dataclass(eq=False, repr=False)
class RunningScaler(HistoryFeatures):
    """Columns less the mean of the rows before, over their standard deviation.

    z_t = (x_t - mean_(t-1)) / std_(t-1), of all rows of the series so far (with n - 1). A row is scaled by
    what was known then, and never again: rows that come later change nothing, and chunks of any size give
    the same numbers, bit for bit. Where fewer than two values, or equal ones, are known, the difference is
    not divided; the first value becomes 0.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import RunningScaler
    >>> RunningScaler().fit_transform(np.array([[2.0], [4.0], [6.0]])).round(3)
    array([[0.   ],
           [2.   ],
           [2.121]])
    """

    def _keep(self):
        return SHIFT

    def _initial(self):
        return BEFORE.initial

    def _states(self, placed):
        return states_of(BEFORE, placed, SHIFT)

    def _feature_names(self, columns):
        return [f"{column}_scaled" for column in columns]

    def _fill(self, out, placed):
        mean, std = np.empty((2, len(placed.values)))
        for column, (timeline, results, _) in enumerate(runs(BEFORE, placed, SHIFT)):
            for result, known in zip(results, (mean, std)):
                timeline.gather(result, SHIFT, known)
            x = placed.values[:, column]
            with np.errstate(invalid="ignore", over="ignore"):
                z = (x - np.where(np.isnan(mean), x, mean)) / np.where(std > 0, std, 1.0)
            out[column] = z
