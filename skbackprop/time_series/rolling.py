"""Statistics of the last steps."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral

from skbackprop.compat import Interval
from skbackprop.docstrings import documented
from skbackprop.time_series.blocks import KERNELS, rolling
from skbackprop.time_series.features import HistoryFeatures, whole_numbers


@documented
@dataclass(eq=False, repr=False)
class RollingFeatures(HistoryFeatures):
    """Statistics of columns over a window of steps that ends `shift` steps before the row.

    Sums are taken by blocks, with additions only: they do not drift, and are correct again once NaN or inf
    has left the window. A row's features depend on the rows in its windows alone, bit for bit.

    Parameters
    ----------
    windows : int or list of int, default=7
        The numbers of steps.

    statistics : list, default=('mean', 'std')
        Of 'mean', 'std', 'var' (both with n - 1), 'min', 'max', 'sum', 'median', and numbers between 0 and 1
        for quantiles.

    shift : int, default=1
        How many steps before the row the window ends. 0: with the row itself.

    min_periods : int or None, default=None
        How many values a window must have; NaN is not counted. None: all of them.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import RollingFeatures
    >>> RollingFeatures(2, ["mean", "max"]).fit_transform(np.array([[1.0], [3.0], [7.0], [0.0]]))
    array([[nan, nan],
           [nan, nan],
           [ 2.,  3.],
           [ 5.,  7.]])
    """

    _parameter_constraints = {
        **HistoryFeatures._parameter_constraints,
        "windows": [Integral, "array-like"],
        "statistics": ["array-like"],
        "shift": [Interval(Integral, 0, None, closed="left")],
        "min_periods": [None, Interval(Integral, 1, None, closed="left")],
    }

    windows: int | Sequence[int] = 7
    statistics: Sequence[str | float] = ("mean", "std")
    _: KW_ONLY
    shift: int = 1
    min_periods: int | None = None

    def _windows(self):
        return whole_numbers("windows", self.windows, 1)

    def _check_settings(self):
        shortest = min(self._windows())
        if self.min_periods is not None and self.min_periods > shortest:
            raise ValueError(f"min_periods={self.min_periods} is more than the shortest window, {shortest}.")
        check_statistics(self.statistics, [*KERNELS, "median"], quantiles=True)

    def _keep(self):
        return max(self._windows()) + self.shift - 1

    def _n_missing(self):
        return self._keep() + (self.min_periods or 0)

    def _feature_names(self, columns):
        shift = "" if self.shift == 1 else f"_shift_{self.shift}"
        names = [name if isinstance(name, str) else f"quantile_{name}" for name in self.statistics]
        return [
            f"{c}_rolling_{window}{shift}_{name}"
            for c in columns
            for window in self._windows()
            for name in names
        ]

    def _fill(self, out, placed):
        windows, n = self._windows(), len(self.statistics)
        for w, window in enumerate(windows):
            for column, part, rows, buffer in placed.buffers(float, align=window):
                lanes = buffer.reshape(part.n_lanes, -1)
                results = rolling(lanes, window, self.min_periods or window, list(self.statistics))
                for feature, result in enumerate(results.values(), (column * len(windows) + w) * n):
                    result = result.reshape(-1).astype(out.dtype, copy=False)
                    part.gather(result, self.shift, out[feature, rows])


def check_statistics(statistics, known, quantiles):
    """An error for a statistic that is not known or given twice."""
    for name in statistics:
        is_level = quantiles and not isinstance(name, str) and 0 < name < 1
        if not is_level and name not in known:
            more = ", or numbers between 0 and 1" if quantiles else ""
            raise ValueError(f"statistics={statistics!r}: {name!r} must be one of {', '.join(known)}{more}.")
    if len(set(statistics)) < len(statistics) or len(statistics) == 0:
        raise ValueError(f"statistics={statistics!r}: at least one, and none twice.")
