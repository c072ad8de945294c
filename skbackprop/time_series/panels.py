"""Rows of many series, or their history and what is to come, as buffers that windows are taken from."""

import numpy as np

from skbackprop.time_series.windows import Buffers, Origins, last_known


def placed_buffers(placed, ids, n_future):
    """The columns of history and rows on flat axes, and the origin at each row; `ids` number the series."""
    line = placed.timeline()
    columns = [
        line.scatter(tail, values, placed.values.dtype)
        for tail, values in zip(placed.tail.T, placed.values.T)
    ]
    places = np.empty(len(placed.values), np.intp)
    line.gather(np.arange(line.size), 0, places)
    codes = ids.get_indexer(placed.ids)[placed.codes]
    return _split(columns, n_future), Origins(places, row_steps(placed), codes)


def future_buffers(history, series, future, keep, more, n_future):
    """The last `keep` steps of some series before `future` (n_series, n_steps, n_columns), then `more` steps.

    Columns that are not known ahead stay at their last values. Also the place of the last step of each.
    """
    n_series, n_steps, n_columns = future.shape
    width = keep + n_steps + more
    table = np.full((n_columns, n_series, width), np.nan, history.values.dtype)
    number = np.full(len(history.ids), -1)
    number[series] = np.arange(n_series)
    back = history.last_step[history.codes] - history.steps
    used = (number[history.codes] >= 0) & (back < keep)
    table[:, number[history.codes[used]], keep - 1 - back[used]] = history.values[used].T
    past = table[1 : n_columns - n_future]
    past[..., keep:] = last_known(past[..., :keep].reshape(-1, keep)).reshape(*past.shape[:2], 1)
    if n_future:
        table[-n_future:, :, keep : keep + n_steps] = future[:, :, -n_future:].transpose(2, 0, 1)
    return _split(table.reshape(n_columns, -1), n_future), width * np.arange(n_series) + keep - 1


def row_steps(placed):
    """The step of each new row."""
    return placed.series.by_row(placed.series.steps)[len(placed.tail) :]


def _split(columns, n_future):
    n_past = len(columns) - 1 - n_future
    return Buffers(columns[0], np.array(columns[1 : 1 + n_past]), np.array(columns[1 + n_past :]))
