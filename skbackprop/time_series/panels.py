"""Rows of many series, or their history and what is to come, as buffers that windows are taken from."""

from typing import NamedTuple

import numpy as np

from skbackprop.time_series.windows import Buffers, Origins, last_known


class OrderedRows(NamedTuple):
    """Rows of the history and new ones, by series and step."""

    y: np.ndarray
    steps: np.ndarray
    codes: np.ndarray  # of the series
    is_new: np.ndarray


def ordered_rows(placed, ids):
    """The first column of the rows that are placed; `ids` number the series."""
    series, n_history = placed.series, len(placed.tail)
    y = np.concatenate([placed.tail[:, 0], placed.values[:, 0]])
    number = np.arange(len(y)) if series.order is None else series.order
    codes = np.repeat(ids.get_indexer(placed.ids), series.lengths)
    return OrderedRows(y[number], series.steps, codes, number >= n_history)


def placed_buffers(placed, least, n_future):
    """The columns of history and rows on flat axes, and the places that hold a row, ascending."""
    line, shape = placed.timeline(), len(placed.values)
    columns = [
        line.scatter(tail, values, placed.values.dtype)
        for tail, values in zip(placed.tail.T, placed.values.T)
    ]
    is_row = line.scatter(np.zeros(len(placed.tail)), np.zeros(shape), np.float32) == 0
    return _split(columns, n_future, least), np.flatnonzero(is_row)


def new_origins(placed, ids):
    """The place, step and series of each new row, in the order in which they came."""
    line = placed.timeline()
    places = np.empty(len(placed.values), np.intp)
    line.gather(np.arange(line.size), 0, places)
    return Origins(places, row_steps(placed), ids.get_indexer(placed.ids)[placed.codes])


def future_buffers(history, series, future, keep, more, n_future, least):
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
    return _split(table.reshape(n_columns, -1), n_future, least), width * np.arange(n_series) + keep - 1


def row_steps(placed):
    """The step of each new row."""
    return placed.series.by_row(placed.series.steps)[len(placed.tail) :]


def _split(columns, n_future, least):
    n_past = len(columns) - 1 - n_future
    return Buffers(columns[0], np.array(columns[1 : 1 + n_past]), np.array(columns[1 + n_past :]), least)
