"""The models of a strategy: what each of them learns, and how their forecasts follow each other."""

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from skbackprop.time_series.examples import Examples, complete, divided
from skbackprop.time_series.panels import future_buffers, placed_buffers
from skbackprop.time_series.strategies import STRATEGIES
from skbackprop.time_series.windows import Origins, Windows, take


@dataclass(frozen=True)
class StagedModels:
    """For each stage of a strategy members that differ by their seed; forecasts are their medians."""

    strategy: str
    horizon: int
    windows: Windows
    season: int  # in steps, 1 without one
    n_future: int  # columns known ahead, the last ones
    levels: tuple  # the quantiles that are forecast
    members: list  # [stage][member]

    @property
    def keep(self):
        """Steps of history that anything may look back on."""
        return self.windows.reach + 2 * self.horizon

    @property
    def median(self):
        return self.levels.index(0.5)

    @property
    def stages(self):
        return STRATEGIES[self.strategy](self.horizon)

    def fit(self, placed, history, held_out, told=iter):
        """Learn all windows that end in the rows; without the last share `held_out` of time, if not 0.

        `told` goes through the members of a stage, and may tell of each.
        """
        for members, (examples, last) in zip(self.members, self._examples(placed, history)):
            n_windows = len(examples.origins)
            if n_windows == 0:
                raise ValueError(
                    f"No series is long enough: windows of {len(examples.windows.lags)} lags, half of them "
                    f"known, and {last} steps ahead are needed, n_samples={len(placed.values)}. Give fewer "
                    "lags, or a smaller horizon."
                )
            learned, validated = divided(examples.origins, last, held_out)
            for member in told(members):
                member.fit(examples, learned, validated)

    def gone_on(self, placed, history):
        """These models after they have learned the windows that end in new rows."""
        learned = replace(self, members=deepcopy(self.members))
        for members, (examples, _) in zip(learned.members, learned._examples(placed, history)):
            n_windows = len(examples.origins)
            for member in members if n_windows else []:
                member.partial_fit(*examples(np.arange(n_windows)))
        return learned

    def one_step(self, placed, history):
        """The median of each row from the rows before it; NaN where none of them is known."""
        buffers, rows = placed_buffers(placed, history.ids, self.n_future)
        before = Origins(rows.places - 1, rows.steps - 1, rows.codes)
        seen = np.isfinite(take(buffers.y, before.places, 1 - self.windows.lags)).any(axis=1)
        forecast = np.full(len(seen), np.nan)
        if seen.any():
            forecast[seen] = self._stage(0, buffers, before[seen])[:, 0, self.median]
        return forecast

    def ahead(self, history, series, future):
        """Quantiles (n_series, n_steps, n_levels) after the history of each series.

        Also the scales of their last windows; `future` are the columns in these steps.
        """
        n_steps = future.shape[1]
        buffers, begin = future_buffers(history, series, future, self.keep, self.horizon, self.n_future)
        last_step, done = history.last_step[series], 0
        scale = self.windows.scale(take(buffers.y, begin, 1 - self.windows.lags[::-1])).scale[:, 0]
        quantiles = np.empty((len(series), n_steps + self.horizon, len(self.levels)), buffers.y.dtype)
        while done < n_steps:
            for number, stage in enumerate(self.stages):
                behind = done + stage.shift
                origins = Origins(begin + behind, last_step + behind, series)
                forecast = self._stage(number, buffers, origins)
                quantiles[:, behind + stage.steps - 1] = forecast
                buffers.y[origins.places[:, None] + stage.steps] = forecast[..., self.median]
            done = behind + int(stage.steps[-1])
        return quantiles[:, :n_steps], scale

    def _examples(self, placed, history):
        """For each stage its windows with what followed, and how many steps later the last of it came."""
        buffers, ends = placed_buffers(placed, history.ids, self.n_future)
        for stage, (member, *_) in zip(self.stages, self.members):
            windows = self._windows(stage)
            origins = complete(buffers, ends, windows, stage.steps, len(self.windows.lags))
            examples = Examples(buffers, origins, windows, stage, member.fill, self.season, history.last_step)
            yield examples, int(stage.steps[-1])

    def _windows(self, stage):
        """What the models of a stage see: dirrec looks further back from a later origin.

        Of its steps before that origin the forecasts of y are known alone.
        """
        lags = self.windows.lags
        if stage.n_more:
            lags = np.concatenate([np.arange(1, stage.n_more + 1), lags + stage.n_more])
        ahead = stage.steps if self.strategy != "mimo" else self.windows.ahead
        return replace(self.windows, lags=lags, hidden=stage.n_more, ahead=ahead)

    def _stage(self, number, buffers, origins):
        """Quantiles (n_origins, n_steps, n_levels) of a stage, in units of y."""
        members = self.members[number]
        X, scale = self._windows(self.stages[number]).rows(buffers, origins, members[0].fill)
        z = np.median([member.predict(X) for member in members], axis=0)
        return scale.inverse(z.reshape(len(X), -1)).reshape(z.shape)
