"""The last rows of each series: what the rows that follow look back on."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from skbackprop.time_series.clock import Clock
from skbackprop.time_series.timeline import Series, timeline


class History(NamedTuple):
    """The series seen, and of each the rows of its last steps."""

    clock: Clock | None  # None where rows have no time
    ids: pd.Index  # (n_series,)
    last_time: np.ndarray  # (n_series,), on the clock
    last_step: np.ndarray  # (n_series,), equal to it, or a count of rows
    codes: np.ndarray  # (n_rows,), places in `ids`, ascending
    steps: np.ndarray  # (n_rows,)
    values: np.ndarray  # (n_rows, n_columns)
    state: np.ndarray | None  # (n_series, n_columns, n_states), of recursions, before those rows


class Placed(NamedTuple):
    """Rows behind the history of their series, on a timeline."""

    clock: Clock | None
    ids: pd.Index
    series: Series  # of history and rows
    times: np.ndarray | None  # (n_rows,), on the clock
    codes: np.ndarray | None  # (n_rows,), of the rows alone
    tail: np.ndarray  # (n_history, n_columns)
    values: np.ndarray  # (n_rows, n_columns)
    ahead: np.ndarray | int  # of each series: steps from `state` to its first row
    state: np.ndarray | None  # (n_series, n_columns, n_states)
    reach: int

    def timeline(self, align=1):
        return timeline(self.series, len(self.tail), self.reach, align, self.ahead)

    def row_of(self, place):
        """Which of the new rows stands at this place of the order."""
        return self.series.row(place) - len(self.tail)


def empty_history(rows, clock):
    """No series yet."""
    n_columns = rows.values.shape[1]
    none = np.empty(0, dtype=np.int64)
    return History(clock, rows.ids[:0], none, none, none, none, rows.values[:0].reshape(0, n_columns), None)


def place(rows, history, keep, reach, initial, on_gap, positional, late):
    """The rows behind the history that they follow, `keep` steps of it; `reach` is the longest way back.

    `positional`: whether rows without time follow what was learned last. `late` is 'error' or 'alone': what
    becomes of a series that does not begin after its history. `initial` is the state of new series.
    """
    times = _times(rows, history.clock)
    known = history.ids.get_indexer(rows.ids)
    follows = known >= 0
    if times is None:
        follows &= positional
    elif follows.any():
        follows &= _of_each(np.minimum, times, rows.codes, len(known)) > history.last_time[known]
        if late == "error" and not follows[known >= 0].all():
            name = rows.ids[int(np.flatnonzero((known >= 0) & ~follows)[0])]
            raise ValueError(
                f"Late rows: those of series {name!r} do not all come after the rows learned before."
            )
    offset = np.zeros(len(known), np.int64)
    offset[follows] = history.last_step[known[follows]] + 1
    steps = (
        times
        if times is not None and on_gap != "ignore"
        else _counted(times, rows.codes, len(rows.values), offset)
    )
    tail, tail_codes, tail_steps = _tail(history, rows.ids, follows)
    codes = None if rows.codes is None else np.concatenate([tail_codes, rows.codes])
    series = Series(codes, np.concatenate([tail_steps, steps]) if len(tail) else steps)
    state, ahead = None, 0
    if initial is not None:
        state = np.tile(initial, (len(known), rows.values.shape[1], 1))
        state[follows] = history.state[known[follows]] if follows.any() else 0
        state = state[series.ids]
        begin = np.where(follows, offset - 1 - keep, _first_steps(series, len(known)) - 1)[series.ids]
        ahead = np.minimum(series.steps[series.starts] - begin, reach + 1) - 1
    placed = Placed(
        history.clock, rows.ids, series, times, rows.codes, tail, rows.values, ahead, state, reach
    )
    _check_gaps(placed, rows, on_gap)
    return placed


def remember(placed, history, keep, states, forget_after):
    """The history after these rows; `states` are those `keep` steps before the ends."""
    series = placed.series
    ids = (
        placed.ids if len(history.ids) == 0 else history.ids.append(placed.ids[~placed.ids.isin(history.ids)])
    )
    at = ids.get_indexer(placed.ids)[series.ids]  # of each series, in `ids`
    last_step = _updated(history.last_step, len(ids), at, series.steps[series.ends])
    last_time = last_step
    if placed.times is not None:
        newest = _of_each(np.maximum, placed.times, placed.codes, len(placed.ids))
        last_time = _updated(history.last_time, len(ids), at, newest[series.ids])
    kept = _last_rows(series, keep)
    rows = kept if series.order is None else series.order[kept]
    is_old = rows < len(placed.tail)
    values = np.empty((len(rows), placed.values.shape[1]), placed.values.dtype)
    values[is_old], values[~is_old] = (
        placed.tail[rows[is_old]],
        placed.values[rows[~is_old] - len(placed.tail)],
    )
    others = ~np.isin(history.codes, at)
    codes = np.concatenate([history.codes[others], at[series.number_of(kept)]])
    order = np.argsort(codes, kind="stable")
    steps = np.concatenate([history.steps[others], series.steps[kept]])
    values = np.concatenate([history.values[others], values])
    state = None if states is None else _updated(history.state, len(ids), at, states)
    new = History(history.clock, ids, last_time, last_step, codes[order], steps[order], values[order], state)
    return new if forget_after is None else _without_stale(new, forget_after)


def _last_rows(series, keep):
    """The places of the rows of the last `keep` steps of each series."""
    n = np.minimum(series.lengths, keep)  # steps do not repeat
    places = np.repeat(series.ends + 1 - np.cumsum(n), n) + np.arange(n.sum())
    return places[series.steps[places] > np.repeat(series.steps[series.ends] - keep, n)]


def _updated(old, n_series, at, values):
    new = np.zeros((n_series, *values.shape[1:]), values.dtype)
    if old is not None:
        new[: len(old)] = old
    new[at] = values
    return new


def _without_stale(history, forget_after):
    fresh = history.last_time >= history.last_time.max() - forget_after
    if fresh.all():
        return history
    rows, code = fresh[history.codes], np.cumsum(fresh) - 1
    return History(
        history.clock,
        history.ids[fresh],
        history.last_time[fresh],
        history.last_step[fresh],
        code[history.codes[rows]],
        history.steps[rows],
        history.values[rows],
        None if history.state is None else history.state[fresh],
    )


def _times(rows, clock):
    if (rows.times is None) != (clock is None):
        raise ValueError(
            "X has no times, but the rows learned before had: its index, or the column time=."
            if rows.times is None
            else "X has times, but the rows learned before had none."
        )
    return None if clock is None else clock.steps(rows.times)


def _of_each(ufunc, times, codes, n_series):
    """The first (np.minimum) or last (np.maximum) time of each series."""
    times = np.asarray(times)
    if codes is None:
        return ufunc.reduce(times, keepdims=True)
    result = np.empty(n_series, dtype=np.int64)
    result[codes] = times  # any of its own
    ufunc.at(result, codes, times)
    return result


def _counted(times, codes, n_rows, offset):
    """The number of each row within its series, from `offset` on."""
    if codes is None:
        codes = np.zeros(n_rows, dtype=np.intp)
    order = np.argsort(codes, kind="stable") if times is None else np.lexsort((times, codes))
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, n_rows])
    counted = np.empty(n_rows, dtype=np.int64)
    counted[order] = np.arange(n_rows) - np.repeat(starts, lengths) + offset[ordered]
    return counted


def _tail(history, ids, follows):
    """Values, codes and steps of the history of the series that follow theirs."""
    if not follows.any():
        return history.values[:0], history.codes[:0], history.steps[:0]
    code = ids.get_indexer(history.ids)
    used = np.flatnonzero(((code >= 0) & follows[code])[history.codes])
    return history.values[used], code[history.codes[used]], history.steps[used]


def _first_steps(series, n_series):
    """The step of the first row of each series, in the order of the ids."""
    first = np.zeros(n_series, np.int64)
    first[series.ids] = series.steps[series.starts]
    return first


def _check_gaps(placed, rows, on_gap):
    if placed.series.contiguous:
        return
    gaps = placed.series.gaps
    if gaps.min() < 1:
        row = placed.row_of(int(np.argmax(gaps < 1)))
        raise ValueError(
            f"Row {row} has the time of another row of its series{_at(rows, row)}: times may not repeat."
        )
    if on_gap == "raise":
        row = placed.row_of(int(np.argmax(gaps > 1)))
        raise ValueError(f"on_gap='raise': steps are missing before row {row}{_at(rows, row)}.")


def _at(rows, row):
    return f" ({rows.times[row]})" if rows.times is not None and row >= 0 else ""
