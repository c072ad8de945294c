"""The models of a strategy: what each of them learns, and how their forecasts follow each other."""

import warnings
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skbackprop.compat import N_FRAMES
from skbackprop.time_series.changes import Changes
from skbackprop.time_series.closed import Closed
from skbackprop.time_series.examples import Examples, divided, learnable
from skbackprop.time_series.panels import future_buffers, new_origins, ordered_rows, placed_buffers
from skbackprop.time_series.progress import INTERRUPTED, interruptible
from skbackprop.time_series.strategies import STRATEGIES
from skbackprop.time_series.waiting import TooFewRowsError
from skbackprop.time_series.windows import LEAST, Origins, Windows, take


class Forecast(NamedTuple):
    """What is forecast for some rows."""

    quantiles: np.ndarray  # (n_rows, n_levels), in the units that the models learn
    ahead: np.ndarray  # (n_rows,), steps after the history
    scale: np.ndarray  # (n_rows,), of the last window of the row's series; NaN: it holds no known value
    number: np.ndarray  # (n_rows,), of the row's series


def levels_of(quantile):
    """The quantiles that are learned, the median among them, and the places of those that are asked for."""
    asked = np.atleast_1d(np.asarray(quantile, dtype=float))
    if asked.ndim > 1 or not asked.size or not (np.diff(asked, prepend=0.0, append=1.0) > 0).all():
        raise ValueError(
            f"quantile={quantile!r} must be a number inside (0, 1), or several in ascending order."
        )
    levels = tuple(np.union1d(asked, 0.5).tolist())
    places = [levels.index(level) for level in asked]
    return levels, places[0] if np.ndim(quantile) == 0 else places


@dataclass(frozen=True)
class StagedModels:
    """For each stage of a strategy members that differ by their seed; forecasts are their medians."""

    strategy: str
    horizon: int
    windows: Windows
    season: int  # in steps, 1 without one
    n_future: int  # columns known ahead, the last ones
    levels: tuple  # the quantiles that are learned
    asked: int | list  # the place in `levels` of the one to forecast, or of several
    changes: Changes  # of the series seen
    members: list  # [stage][member]
    closed: Closed | None = None  # steps that never have a value

    @property
    def keep(self):
        """How many steps of history may be needed."""
        return self.windows.reach + 2 * self.horizon

    @property
    def median(self):
        return self.levels.index(0.5)

    @property
    def stages(self):
        return STRATEGIES[self.strategy](self.horizon)

    def fit(self, placed, history, held_out, told, keeps):
        """Learn all windows that end in the rows; without the last share `held_out` of time, if not 0.

        `told(stage, members)` goes through the members of a stage, with the seconds that each may take.
        `keeps`: an interrupt ends training, and members that have learned are kept if each stage has one.
        """
        last_number = len(self.members) - 1
        if last_number:  # if there are none of the longest windows, that is said before any model is trained
            for examples, last in self._examples(placed, history, [last_number]):
                _divided(examples, last, held_out, placed)
        for number, (examples, last) in enumerate(self._examples(placed, history)):
            learned, validated = _divided(examples, last, held_out, placed)
            members, n_kept = self.members[number], 0
            try:
                for member, seconds in told(examples.stage, members):
                    is_whole = member.fit(examples, learned, validated, seconds)
                    n_kept += 1
                    if not is_whole:
                        raise KeyboardInterrupt
            except KeyboardInterrupt:
                if not keeps or number < last_number or n_kept == 0:
                    raise
                del members[n_kept:]
                warnings.warn(INTERRUPTED, stacklevel=5 + N_FRAMES)

    def stop_reason(self, n_members):
        """In one line why training stopped, of `n_members` in each stage."""
        reasons = [member.reason for of_stage in self.members for member in of_stage]
        planned = len(self.members) * n_members
        of_all = "" if len(reasons) == planned else f" of {planned}"
        counts = Counter(reasons)
        parts = [f"{why} ({n} of them)" if len(counts) > 1 else why for why, n in counts.items()]
        return f"Stopped after {len(reasons)}{of_all} model{'s' if planned > 1 else ''}: {'; '.join(parts)}."

    def observed(self, placed, history):
        """These models after new rows were seen, not learned."""
        rows = ordered_rows(placed, history.ids)
        closed = None if self.closed is None else self.closed.after(rows)
        return replace(self, changes=self.changes.after(rows, len(history.ids)), closed=closed)

    def gone_on(self, placed, history):
        """These models, which have observed new rows, after they have learned the windows that end there."""
        learned = replace(self, members=deepcopy(self.members))
        for members, (examples, _) in zip(learned.members, learned._examples(placed, history)):
            n_windows = len(examples.origins)
            for member in members if n_windows else []:
                with interruptible():
                    member.partial_fit(*examples(np.arange(n_windows)))
        return learned

    def one_step(self, placed, history):
        """Quantiles (n_rows, n_levels) of each row from the rows before it; NaN where none is known."""
        buffers, _ = placed_buffers(placed, self._least, self.n_future)
        rows = new_origins(placed, history.ids)
        before = Origins(rows.places - 1, rows.steps - 1, rows.codes)
        return self._stage(0, buffers, before, before.places)[:, 0]

    def ahead(self, history, series, future):
        """Quantiles (n_series, n_steps, n_levels) after the history of each series.

        Also the scales of their last windows; `future` are the columns in these steps. NaN: a value that the
        forecast depends on is missing.
        """
        n_steps = future.shape[1]
        buffers, begin = future_buffers(
            history, series, future, self.keep, self.horizon, self.n_future, self._least
        )
        last_step, done = history.last_step[series], 0
        window = take(buffers.y, begin, 1 - self.windows.lags[::-1])
        scale = self.windows.scale(window, self._least[series]).scale[:, 0]
        scale[~np.isfinite(window).any(axis=1)] = np.nan
        quantiles = np.empty((len(series), n_steps + self.horizon, len(self.levels)), buffers.y.dtype)
        is_closed = None if self.closed is None else np.zeros(buffers.y.shape, bool)
        while done < n_steps:
            for number, stage in enumerate(self.stages):
                behind = done + stage.shift
                origins = Origins(begin + behind, last_step + behind, series)
                forecast = self._stage(number, buffers, origins, begin, is_closed)
                quantiles[:, behind + stage.steps - 1] = forecast
                places = origins.places[:, None] + stage.steps
                buffers.y[places] = forecast[..., self.median]
                if self.closed is not None:  # missing, as in the windows that were learned
                    steps = origins.steps[:, None] + stage.steps
                    is_closed[places] = self.closed.at(series[:, None], steps)
                    buffers.y[places[is_closed[places]]] = np.nan
            done = behind + int(stage.steps[-1])
        return quantiles[:, :n_steps], scale

    @property
    def _least(self):
        """The least scale of a window of each series; 0 for those never seen, whose number is -1."""
        return np.append(LEAST * self.changes.usual, 0)

    def _examples(self, placed, history, numbers=None):
        """For each stage its windows with their targets, and how many steps ahead the last target is.

        `numbers` are those of the stages; None: all.
        """
        buffers, places = placed_buffers(placed, self._least, self.n_future)
        rows = ordered_rows(placed, history.ids)
        for number in range(len(self.members)) if numbers is None else numbers:
            stage, member = self.stages[number], self.members[number][0]
            windows = self._windows(stage)
            origins = learnable(buffers, places, rows, windows, stage.steps, len(self.windows.lags))
            examples = Examples(
                buffers, origins, windows, stage, member.fill, self.season, history.last_step, self.changes
            )
            yield examples, int(stage.steps[-1])

    def _windows(self, stage):
        """What the models of a stage see: dirrec looks further back from a later origin.

        In the steps just before that origin, only the forecasts of y are known.
        """
        lags = self.windows.lags
        if stage.n_more:
            lags = np.concatenate([np.arange(1, stage.n_more + 1), lags + stage.n_more])
        ahead = stage.steps if self.strategy != "mimo" else self.windows.ahead
        return replace(self.windows, lags=lags, hidden=stage.n_more, ahead=ahead)

    def _stage(self, number, buffers, origins, begin, is_closed=None):
        """Quantiles (n_origins, n_steps, n_levels) of a stage, in units of y; NaN: see `Windows.unknown`."""
        members, windows = self.members[number], self._windows(self.stages[number])
        unknown = windows.unknown(buffers, origins, begin, is_closed)
        forecasts = np.full((len(origins), len(self.stages[number].steps), len(self.levels)), np.nan)
        if not unknown.all():
            X, scale = windows.rows(buffers, origins[~unknown], members[0].fill)
            z = np.median([member.predict(X) for member in members], axis=0)
            forecasts[~unknown] = scale.inverse(z.reshape(len(X), -1)).reshape(z.shape)
        return forecasts


def _divided(examples, last, held_out, placed):
    """The numbers of the windows to learn from, and of those to validate on."""
    if len(examples.origins) == 0:
        n_known = np.isfinite(placed.values[:, 0]).sum()
        raise TooFewRowsError(
            f"No series is long enough: windows of {len(examples.windows.lags)} lags, half of them "
            f"known, and {last} steps ahead are needed, n_samples={len(placed.values)}, y is known "
            f"in {n_known}. Give fewer lags, or a smaller horizon."
        )
    return divided(examples.origins, last, held_out)
