"""The last rows of each series, on which later rows look back."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from skbackprop.time_series.runs import Runs
from skbackprop.time_series.stepping import Clock
from skbackprop.time_series.timeline import Series, timeline


class History(NamedTuple):
    """The series seen, and the rows of the last steps of each; arrays only, so that files can hold it."""

    clock: Clock | None  # None where rows have no time
    keys: tuple  # of each column of ids, (n_series,); none where all rows are one series
    last_time: np.ndarray  # (n_series,), on the clock
    last_step: np.ndarray  # (n_series,), equal to it, or a count of rows
    codes: np.ndarray  # (n_rows,), places in `ids`, ascending
    steps: np.ndarray  # (n_rows,)
    values: np.ndarray  # (n_rows, n_columns)
    state: np.ndarray | None  # (n_series, n_columns, n_states), of recursions, before those rows

    @property
    def ids(self):
        """The series as a pandas Index (n_series,)."""
        if not self.keys:
            return pd.RangeIndex(len(self.last_time))
        return pd.Index(self.keys[0]) if len(self.keys) == 1 else pd.MultiIndex.from_arrays(self.keys)


class Placed(NamedTuple):
    """Rows after the history of their series, on a timeline."""

    clock: Clock | None
    ids: pd.Index
    runs: Runs  # of the rows alone
    series: Series  # of history and rows, as `ids`
    last_time: np.ndarray  # (n_series,), on the clock
    tail: np.ndarray  # (n_history, n_columns)
    values: np.ndarray  # (n_rows, n_columns)
    ahead: np.ndarray | int  # of each series: steps from `state` to its first row
    state: np.ndarray | None  # (n_series, n_columns, n_states)
    reach: int

    @property
    def codes(self):
        """(n_rows,), places in `ids`, of the rows alone."""
        return self.runs.codes

    def timeline(self, align=1):
        return timeline(self.series, len(self.tail), self.reach, align, self.ahead)

    def buffers(self, dtype, align=1):
        """Of each column, part by part: its number, the part of the timeline, its rows, and their buffer."""
        line = self.timeline(align)
        for number, (tail, values) in enumerate(zip(self.tail.T, self.values.T)):
            for part, rows in line.parts():
                before = values[rows.start - part.n_history : rows.start] if rows.start else tail
                yield number, part, rows, part.scatter(before, values[rows], dtype)

    def values_at(self, places):
        """The columns (n, n_columns) at some places of the order."""
        values = np.concatenate([self.tail, self.values]) if len(self.tail) else self.values
        return values.take(places if self.series.order is None else self.series.order[places], axis=0)

    def row_of(self, place):
        """Which of the new rows stands at this place of the order."""
        return self.series.row(place) - len(self.tail)


def keys_of(ids):
    """An index of series as arrays, one for each level."""
    if isinstance(ids, pd.RangeIndex) and len(ids) <= 1 and ids.start == 0:  # of rows without ids
        return ()
    levels = range(ids.nlevels) if isinstance(ids, pd.MultiIndex) else [0]
    return tuple(np.asarray(ids.get_level_values(level)) for level in levels)


def empty_history(rows, clock):
    """No series yet."""
    n_columns = rows.values.shape[1]
    none = np.empty(0, dtype=np.int64)
    return History(
        clock, keys_of(rows.ids[:0]), none, none, none, none, rows.values[:0].reshape(0, n_columns), None
    )


def place(rows, history, keep, reach, initial, on_gap, positional, late):
    """The rows after the history that they follow, `keep` steps of it; `reach` is the longest way back.

    `positional`: whether rows without time follow what was learned last. `late` says what happens with a
    series that does not begin after its history: 'error', 'ahead' (an error of forecasts) or 'alone'.
    `initial` is the state of new series.
    """
    timed = _in_time(rows, history.clock)
    known = history.ids.get_indexer(rows.ids)
    follows = known >= 0
    if rows.times is None:
        follows &= positional
    else:
        follows[follows] = timed.first[follows] > history.last_time[known[follows]]
        if late != "alone" and not follows[known >= 0].all():
            name = rows.ids[int(np.flatnonzero((known >= 0) & ~follows)[0])]
            ahead = " predict_one_step(X, y) forecasts rows that were learned (so return_train_score=False)."
            raise ValueError(
                f"Late rows: those of series {name!r} do not all come after the rows learned before. "
                f"{rows.where} holds the times, {rows.times.min()} to {rows.times.max()}; they must come "
                f"after those learned.{ahead if late == 'ahead' else ''}"
            )
    offset = np.zeros(len(known), np.int64)
    offset[follows] = history.last_step[known[follows]] + 1
    series = timed.counted(offset) if rows.times is None or on_gap == "ignore" else timed
    last_time = series.last if rows.times is None else timed.last
    state, ahead = None, 0
    if initial is not None:
        state = np.tile(initial, (len(known), rows.values.shape[1], 1))
        state[follows] = history.state[known[follows]] if follows.any() else 0
        begin = np.where(follows, offset - 1 - keep, series.first - 1)
    tail, tail_codes, tail_steps = _tail(history, rows.ids, follows)
    if len(tail):
        steps = series.by_row(series.steps)
        series = Series.of(np.concatenate([tail_codes, rows.codes]), np.concatenate([tail_steps, steps]))
    if initial is not None:
        ahead = np.minimum(series.first - begin, reach + 1) - 1
    placed = Placed(
        history.clock, rows.ids, rows.runs, series, last_time, tail, rows.values, ahead, state, reach
    )
    _check_gaps(placed, rows, on_gap)
    return placed


def remember(placed, history, keep, states, forget_after):
    """The history after these rows; `states` are those `keep` steps before the ends."""
    series, ids = placed.series, history.ids
    new = placed.ids if len(ids) == 0 else placed.ids[~placed.ids.isin(ids)]
    if len(new):
        ids = new if len(ids) == 0 else ids.append(new)
    at = ids.get_indexer(placed.ids)  # of each series, in `ids`
    last_step = _updated(history.last_step, len(ids), at, series.last)
    last_time = _updated(history.last_time, len(ids), at, placed.last_time)
    n = series.n_within(keep)
    places = np.repeat(series.ends + 1 - np.cumsum(n), n)
    places += np.arange(len(places))
    codes, steps, values = np.repeat(at, n), series.steps_at(places, n), placed.values_at(places)
    others = ~np.isin(history.codes, at)
    if others.any() or (np.diff(at) < 0).any():
        codes = np.concatenate([history.codes[others], codes])
        order = np.argsort(codes, kind="stable")
        steps = np.concatenate([history.steps[others], steps])[order]
        values = np.concatenate([history.values[others], values])[order]
        codes = codes[order]
    state = None if states is None else _updated(history.state, len(ids), at, states)
    new = History(history.clock, keys_of(ids), last_time, last_step, codes, steps, values, state)
    return new if forget_after is None else _without_stale(new, forget_after)


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
        tuple(key[fresh] for key in history.keys),
        history.last_time[fresh],
        history.last_step[fresh],
        code[history.codes[rows]],
        history.steps[rows],
        history.values[rows],
        None if history.state is None else history.state[fresh],
    )


def _in_time(rows, clock):
    """The rows as series, on the clock; without one in the order in which they come."""
    if (rows.times is None) != (clock is None):
        raise ValueError(
            "X has no times, but the rows learned before had: its index, or the column time=."
            if rows.times is None
            else "X has times, but the rows learned before had none."
        )
    starts, n_rows = rows.runs.starts, len(rows.values)
    whole = len(starts) == len(rows.ids)  # series by series
    if clock is None:
        order = np.arange(n_rows)
        return Series(starts, np.zeros_like(starts), n_rows) if whole else Series.of(rows.codes, order)
    if whole and rows.ticks.step in (0, clock.length(rows.times)):
        return Series(starts, clock.steps(rows.times[starts]), n_rows)
    return Series.of(rows.codes, clock.steps(rows.times))


def _tail(history, ids, follows):
    """Values, codes and steps of the history of the series that follow theirs."""
    if not follows.any():
        return history.values[:0], history.codes[:0], history.steps[:0]
    code = ids.get_indexer(history.ids)
    used = np.flatnonzero(((code >= 0) & follows[code])[history.codes])
    return history.values[used], code[history.codes[used]], history.steps[used]


def _check_gaps(placed, rows, on_gap):
    gaps = placed.series.gaps
    if gaps is None:
        return
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
