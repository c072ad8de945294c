"""A scaler for streams."""

from dataclasses import dataclass

import numpy as np

from skbackprop.docstrings import documented
from skbackprop.time_series.recursive import Expanding


@documented
@dataclass(eq=False, repr=False)
class RunningScaler(Expanding):
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

    statistics, shift, min_periods = ("mean", "std"), 1, 1

    def _feature_names(self, columns):
        return [f"{column}_scaled" for column in columns]

    def _n_results(self):
        return len(self.statistics)

    def _fill(self, out, placed):
        mean, std = np.empty((2, len(placed.values)))
        for column, (timeline, results, _) in enumerate(self._runs(placed)):
            for result, known in zip(results, (mean, std)):
                timeline.gather(result, self.shift, known)
            x = placed.values[:, column]
            with np.errstate(invalid="ignore", over="ignore"):
                z = (x - np.where(np.isnan(mean), x, mean)) / np.where(std > 0, std, 1.0)
            out[column] = z
