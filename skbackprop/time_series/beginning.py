"""The first rows of a stream, as long as there are too few for a forecaster to learn from."""

from copy import copy
from math import ceil

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skbackprop.compat import safe_indexing
from skbackprop.time_series.clock import clock_for
from skbackprop.time_series.history import empty_history, place
from skbackprop.time_series.rows import as_frame
from skbackprop.time_series.stepping import order_clock
from skbackprop.time_series.stream_steps import First
from skbackprop.time_series.waiting import TooFewRowsError
from skbackprop.time_series.windows import chosen_lags


class BeginsLater:
    """The part of a forecaster that remembers rows until they are enough for its `fit`."""

    def _begin(self, X, y):
        """Learn the first rows, or remember them."""
        X = as_frame(X)
        y = self._floats(y)
        copy(self)._read(X, y, reset=True)  # what is wrong with these rows is said of them alone
        X, y, _ = vars(self).get("_first", First()).rows_with(X, y, None)
        try:
            return self.fit(X, y)
        except TooFewRowsError as error:
            chosen, awaited = self._first_rows(X, y), str(error)
        self._first = First(rows=(safe_indexing(X, chosen), y[chosen], None))
        self._awaited = awaited
        return self

    def _first_rows(self, X, y):
        """The numbers of the rows that a stream which could not begin with them is to remember."""
        rows = copy(self)._read(X, y, reset=True)
        try:
            clock = clock_for(self, rows)
        except TooFewRowsError:  # of a single time
            clock = order_clock(rows.times)
        placed = place(rows, empty_history(rows, clock), 1, 1, None, self.on_gap, True, "error")
        n_lags = int(chosen_lags(self.lags, (), self.horizon, np.iinfo(np.int32).max).max())
        return newest_rows(placed, most_steps(self, n_lags))

    def _forget_first_rows(self):
        for name in ("_first", "_awaited"):
            vars(self).pop(name, None)

    def _check_has_learned(self):
        if "_first" in vars(self):
            raise NotFittedError(
                f"This {type(self).__name__} has learned nothing yet: {len(self._first.rows[1])} rows are "
                f"remembered until more come. {self._awaited}"
            )
        check_is_fitted(self)


def most_steps(forecaster, n_lags):
    """Of each series, the steps that a forecaster with windows of `n_lags` steps needs to begin, and as many
    more for those whose y is not known."""
    horizon = forecaster.horizon
    n_steps = n_lags + 2 * horizon + horizon * (forecaster.calibration or 0)
    if forecaster.early_stopping:
        share = forecaster.validation_fraction
        n_steps += ceil(horizon / share) + ceil(1 / (1 - share))
    return 2 * n_steps


def newest_rows(placed, n_steps):
    """The numbers of the rows in the last steps of their series; none of them has a history yet."""
    series = placed.series
    return np.flatnonzero(series.by_row(series.steps) > (series.last - n_steps)[placed.codes])
