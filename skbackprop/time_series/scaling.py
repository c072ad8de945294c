"""A scaler for streams."""

import numpy as np

from skbackprop.time_series.parameters import documented
from skbackprop.time_series.recursive import ExpandingFeatures


@documented
class RunningScaler(ExpandingFeatures):
    """Columns less the mean of the rows before, over their standard deviation.

    z_t = (x_t - mean_(t-1)) / std_(t-1), of all rows of the series so far (with n - 1). A row is scaled by
    what was known then, and never again: rows that come later change nothing, and chunks of any size give
    the same numbers, bit for bit. Where fewer than two values, or equal ones, are known, the difference is
    not divided; the first value becomes 0.

    Parameters
    ----------
    {common}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import RunningScaler
    >>> RunningScaler().fit_transform(np.array([[2.0], [4.0], [6.0]])).round(3)
    array([[0.   ],
           [2.   ],
           [2.121]])
    """

    _parameter_constraints = {
        name: kinds
        for name, kinds in ExpandingFeatures._parameter_constraints.items()
        if name not in ("statistics", "shift", "min_periods")
    }
    statistics, shift, min_periods = ("mean", "std"), 1, 1

    def __init__(
        self,
        *,
        columns=None,
        groups=None,
        time=None,
        freq=None,
        on_gap="nan",
        history="auto",
        forget_after=None,
        passthrough=False,
    ):
        self.columns = columns
        self.groups = groups
        self.time = time
        self.freq = freq
        self.on_gap = on_gap
        self.history = history
        self.forget_after = forget_after
        self.passthrough = passthrough

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
