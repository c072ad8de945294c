"""Cross-validation in time."""

import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator

from skbackprop.compat import num_samples
from skbackprop.time_series.acting import reasons_of_clock
from skbackprop.time_series.clock import learn_clock
from skbackprop.time_series.features import whole_numbers
from skbackprop.time_series.rows import as_frame, is_frame, is_pandas, table_of, times_of
from skbackprop.unused import warn_unused


def check_gap(cv: Any, target_ahead: int) -> None:
    """Warn of a gap between training and test parts that is too short for targets of several steps ahead.

    A row t whose target is the value at t + target_ahead is complete at that time only. In the last
    target_ahead - 1 - gap rows of a training part the target lies after the first row that is tested.

    Parameters
    ----------
    cv : splitter
        With a `gap`, such as `sklearn.model_selection.TimeSeriesSplit` or `PanelTimeSeriesSplit`.

    target_ahead : int
        How many steps after its row y lies.

    Raises
    ------
    ValueError
        For a `target_ahead` below 1, and a splitter without `gap`.

    Warns
    -----
    UserWarning
        For a gap below target_ahead - 1.

    Examples
    --------
    >>> from sklearn.model_selection import TimeSeriesSplit
    >>> from skbackprop.time_series import check_gap
    >>> check_gap(TimeSeriesSplit(gap=23), target_ahead=24)
    """
    whole_numbers("target_ahead", target_ahead, 1)
    gap = getattr(cv, "gap", None)
    if gap is None:
        raise ValueError(f"cv={cv!r} has no gap, a parameter that keeps its parts apart in time.")
    if gap < target_ahead - 1:
        warnings.warn(
            f"gap={gap}, and y lies {target_ahead} steps after its row: the targets of the last "
            f"{target_ahead - 1 - gap} training rows lie after the first test row, which leaks. "
            f"gap={target_ahead - 1} does not.",
            stacklevel=2,
        )


class PanelTimeSeriesSplit(BaseCrossValidator):
    """Folds that are cut at the same times in all series: train on the past, test on `horizon` steps.

    The last fold ends with the last time. On a single series it is `sklearn.model_selection.TimeSeriesSplit`
    with ``test_size=horizon``; here series may begin and end at any time, rows may come in any order, and
    steps that are missing count.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.

    horizon : int, default=1
        Steps of each test part.

    gap : int, default=0
        Steps between training and test part.

    step : int or None, default=None
        Steps from fold to fold. None: `horizon`.

    window : int or None, default=None
        The most steps of a training part. None: all from the first time on.

    time : str, int or None, default=None
        The column, or level of the index, that holds the times. None: the index, if it holds dates, periods
        or whole numbers; else each row is a step.

    freq : str, offset, int or None, default=None
        The step of the clock. None: that of the index, or the shortest step, over the days of the week on
        which there are rows.

    target_ahead : int, default=1
        How many steps after its row y lies, such as 24 for ``y = demand.shift(-24)``. `split` warns where
        the gap is too short for it, see `check_gap`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop.time_series import PanelTimeSeriesSplit
    >>> days = pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-03"])
    >>> X = pd.DataFrame({"shop": ["a", "a", "a", "b", "b"], "day": [*days, *days[1:]], "x": range(5)})
    >>> for train, test in PanelTimeSeriesSplit(2, time="day").split(X):
    ...     print(train, test)
    [0] [1 3]
    [0 1 3] [2 4]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        horizon: int = 1,
        gap: int = 0,
        step: int | None = None,
        window: int | None = None,
        time: Any = None,
        freq: Any = None,
        target_ahead: int = 1,
    ) -> None:
        self.n_splits = n_splits
        self.horizon = horizon
        self.gap = gap
        self.step = step
        self.window = window
        self.time = time
        self.freq = freq
        self.target_ahead = target_ahead

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of folds.

        Parameters
        ----------
        X : object
            Ignored.

        y : object
            Ignored.

        groups : object
            Ignored.

        Returns
        -------
        n_splits : int
        """
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Row numbers of the training and the test part of each fold.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The rows.

        y : object
            Ignored.

        groups : object
            Ignored.

        Yields
        ------
        train : ndarray of int
            Rows of the training part.

        test : ndarray of int
            Rows of the test part.

        Raises
        ------
        ValueError
            For settings out of range, and times too few for them.
        """
        self._check_settings()
        check_gap(self, self.target_ahead)
        steps = self._steps(X)
        step = self.horizon if self.step is None else self.step
        for fold in range(self.n_splits):
            begin = steps.max() + 1 - self.horizon - (self.n_splits - 1 - fold) * step
            known = steps < begin - self.gap
            if self.window is not None:
                known &= steps >= begin - self.gap - self.window
            test = (steps >= begin) & (steps < begin + self.horizon)
            for part, rows in (("training", known), ("test", test)):
                if not rows.any():
                    raise ValueError(
                        f"n_splits={self.n_splits}, horizon={self.horizon}, gap={self.gap}, step={step}: "
                        f"fold {fold} has no {part} rows among {steps.max() - steps.min() + 1} steps."
                    )
            yield np.flatnonzero(known), np.flatnonzero(test)

    def _check_settings(self):
        least = {"n_splits": 1, "horizon": 1, "gap": 0, "step": 1, "window": 1, "target_ahead": 1}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is None and name in ("step", "window"):
                continue
            if not isinstance(value, Integral) or isinstance(value, bool) or value < smallest:
                raise ValueError(f"{name}={value!r}: it must be a whole number of at least {smallest}.")

    def _steps(self, X):
        X = as_frame(X)
        if is_pandas(X) and isinstance(X.index, pd.MultiIndex) and self.time is None:
            raise ValueError(f"X has the index levels {list(X.index.names)}: time= names that of the times.")
        keyed = is_frame(X) or self.time is not None
        times = times_of(table_of(X), self.time, []) if keyed else None
        if times is None:
            warn_unused(self, reasons_of_clock(self, times), 3)
            return np.arange(num_samples(X))
        return np.asarray(learn_clock(times, self.freq).steps(times))
