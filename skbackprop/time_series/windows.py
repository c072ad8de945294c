"""Windows of series in flat buffers, each normalised by its own values."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from skbackprop.time_series.changes import rounding
from skbackprop.time_series.clock import season_clock
from skbackprop.time_series.features import whole_numbers


class WindowScale(NamedTuple):
    """What a window is normalised with: z = (y - offset) / scale, both (n_windows, 1).

    Where y has never changed the scale is 0: z is 0, and is mapped back to the offset.
    """

    offset: np.ndarray
    scale: np.ndarray

    def of(self, y):
        return (y - self.offset) / np.where(self.scale > 0, self.scale, np.inf)

    def inverse(self, z):
        return z * self.scale + self.offset


def at_least(size, y, least):
    """The size of changes in windows, at least a share of what is usual in their series."""
    errors = rounding(np.nanmax(np.abs(y), axis=1, keepdims=True))
    return np.maximum(np.where(size > errors, size, 0), least)


def last_known(y):
    """The last value of each window that is known."""
    known = np.isfinite(y[:, ::-1])
    return np.take_along_axis(y[:, ::-1], known.argmax(axis=1)[:, None], axis=1)


def by_mean(y, least):
    center = np.nanmean(y, axis=1, keepdims=True)
    return WindowScale(center, at_least(np.nanmean(np.abs(y - center), axis=1, keepdims=True), y, least))


def by_last(y, least):
    return WindowScale(last_known(y), by_mean(y, least).scale)


def by_moments(y, least):
    """Reversible instance normalisation without its affine map (Kim et al., 2022)."""
    center, spread = np.nanmean(y, axis=1, keepdims=True), np.nanstd(y, axis=1, keepdims=True)
    return WindowScale(center, at_least(spread, y, least))


def by_level(y, least):
    """Division by the mean size, as N-BEATS does (Oreshkin et al., 2020)."""
    size = np.nanmean(np.abs(y), axis=1, keepdims=True)
    return WindowScale(np.zeros_like(size), np.maximum(size, least))


NORMALIZERS = {"last": by_last, "mean": by_mean, "revin": by_moments, "level": by_level, None: None}
LEAST = 1 / 3  # of the usual change of its series: the least scale of a window


@dataclass(frozen=True)
class Buffers:
    """Series one after the other on a flat axis, each step at its place; missing values are NaN."""

    y: np.ndarray  # (size,)
    past: np.ndarray  # (n_past, size), columns known up to the origin of a forecast
    future: np.ndarray  # (n_future, size), columns known ahead
    least: np.ndarray  # (n_series + 1,), the least scale of a window; the last one of series never seen


class Origins(NamedTuple):
    """Where forecasts begin: after these places, at these steps, of these series."""

    places: np.ndarray
    steps: np.ndarray
    codes: np.ndarray

    def __getitem__(self, index):
        return Origins(*(np.asarray(part)[index] for part in tuple(self)))

    def __len__(self):
        return len(self.places)


@dataclass(frozen=True)
class Windows:
    """From origins to rows of numbers: the window of y, of the other columns, the calendar, the series.

    A window of places is a strided view of the buffer: only the rows asked for are ever copied.
    """

    lags: np.ndarray  # ascending, lag 1 is the last value known
    column_lags: np.ndarray  # of the columns other than y
    hidden: int  # the number of last steps in which only y and the columns known ahead are seen
    ahead: np.ndarray  # the steps ahead whose columns known in the future are seen
    periods: tuple  # (period in steps, number of harmonics), of the calendar at the origin
    season: int  # of the earlier values that are seen with those known ahead; 0: no such values
    n_series: int  # indicators of the series; 0: none
    normalize: str | None
    unit: float  # of y, one for all series: scales as features are divided by it; so is y without `normalize`
    center: np.ndarray  # (n_past + n_future,), of the other columns
    spread: np.ndarray

    @property
    def reach(self):
        """How many steps a window looks back, its last value included."""
        return int(max(self.lags.max(), self.column_lags.max(initial=1) + self.hidden, self.season))

    def rows(self, buffers, origins, fill):
        """Features (n_origins, n_features) with their scale; missing values become `fill`."""
        y = take(buffers.y, origins.places, 1 - self.lags[::-1])
        scale = self.scale(y, buffers.least[origins.codes])
        parts = [fill_missing(scale.of(y), fill)]
        n_past = len(buffers.past)
        offsets = 1 - self.column_lags[::-1]
        for k, column in enumerate([*buffers.past, *buffers.future]):
            seen = [offsets - self.hidden] if k < n_past else [offsets, self.ahead]
            if k >= n_past and self.season:
                seen.append(self.ahead[self.ahead <= self.season] - self.season)
            values = take(column, origins.places, np.concatenate(seen))
            parts.append(fill_missing((values - self.center[k]) / self.spread[k], fill))
        parts.append(self.calendar(origins.steps + 1))
        if self.n_series:
            parts.append(np.equal.outer(origins.codes, np.arange(self.n_series)))
        if self.normalize is not None:
            parts.append(np.log(np.where(scale.scale > 0, scale.scale / self.unit, 1)))
        return np.concatenate(parts, axis=1, dtype=buffers.y.dtype, casting="unsafe"), scale

    def scale(self, y, least):
        """The offset and the scale of windows (n_windows, n_lags), the scales at least `least`."""
        if self.normalize is None:
            return WindowScale(np.zeros((len(y), 1), y.dtype), np.full((len(y), 1), self.unit, y.dtype))
        empty = ~np.isfinite(y).any(axis=1)
        if empty.any():
            y = np.where(empty[:, None], 0, y)
        return NORMALIZERS[self.normalize](y, least[:, None].astype(y.dtype))

    def unknown(self, buffers, origins, begin, is_closed=None):
        """Whether all of y is missing in a window, or a value after `begin` that its forecast depends on.

        Values may be missing up to `begin`, as in the windows that were learned, and where `is_closed`
        (size,) is True.
        """
        y = take(buffers.y, origins.places, 1 - self.lags)
        after = buffers.y if is_closed is None else np.where(is_closed, 0, buffers.y)
        unknown = ~np.isfinite(y).any(axis=1) | _missing_after(after, origins, 1 - self.lags, begin)
        before = self.ahead[self.ahead <= self.season] - self.season
        seen = np.concatenate([1 - self.column_lags, self.ahead, before])
        for column in buffers.future:
            unknown |= _missing_after(column, origins, seen, begin)
        return unknown

    def calendar(self, steps):
        """sin(2 pi k t / period), cos(2 pi k t / period) of absolute steps t."""
        columns = np.empty((len(steps), 0))
        for period, n_harmonics in self.periods:
            turns = np.outer(steps, np.arange(1, n_harmonics + 1)) / period % 1.0
            columns = np.concatenate([columns, np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)], axis=1)
        return columns


def take(buffer, places, offsets):
    """The values at each place plus each offset, (n_places, n_offsets); outside the buffer NaN."""
    first, last = int(offsets.min()), int(offsets.max())
    contiguous = len(offsets) == last - first + 1 and offsets[0] == first and (np.diff(offsets) == 1).all()
    inside = len(places) == 0 or (places.min() + first >= 0 and places.max() + last < len(buffer))
    if contiguous and inside:
        return sliding_window_view(buffer, len(offsets))[places + first]
    where = places[:, None] + offsets
    values = buffer.take(where, mode="clip")
    values[(where < 0) | (where >= len(buffer))] = np.nan
    return values


def _missing_after(buffer, origins, offsets, begin):
    missing = ~np.isfinite(take(buffer, origins.places, offsets))
    return (missing & (origins.places[:, None] + offsets > begin[:, None])).any(axis=1)


def fill_missing(z, fill):
    return z if fill is None else np.where(np.isfinite(z), z, fill)


LONGEST = 400  # steps of a season that a window holds by default
OFTEN = 8  # times that a longer season has passed at least, for a window that holds it by default
N_INDICATORS = 20  # series, at most, of which a window has indicators


def learned_windows(rows, placed, unit, settings):
    """The seasons, and the windows, of rows with y as their first column; `unit` is 0 if it never changes."""
    series, horizon = placed.series, settings.horizon
    n_steps = int((series.last - series.first).max()) + 1
    seasons = settings.seasons
    if seasons is None:
        seasons = seasons_of(season_clock(rows, placed.clock, settings))
    elif not all(isinstance(season, Real) and season > 1 for season in seasons):
        raise ValueError(f"seasons={seasons!r} must be numbers of steps above 1.")
    seasons = tuple(season for season in seasons if 2 * season <= n_steps)
    lags = chosen_lags(settings.lags, seasons, horizon, n_steps)
    others = [column[np.isfinite(column)] for column in rows.values[:, 1:].T]
    spread = np.array([column.std() if len(column) else 1.0 for column in others])
    size = np.array([np.abs(column).max() if len(column) else 0.0 for column in others])
    known_before = [int(season) for season in seasons if horizon <= season <= lags.max()]
    n_series = len(placed.ids)
    return seasons, Windows(
        lags=lags,
        column_lags=np.arange(1, min(lags.max(), int(seasons[0]) if seasons else 1) + 1),
        hidden=0,
        ahead=np.arange(1, horizon + 1),
        periods=tuple((season, max(1, min(3, int(np.ceil(season / 2)) - 1))) for season in seasons),
        season=max(known_before, default=0),
        n_series=n_series if 1 < n_series <= N_INDICATORS else 0,
        normalize=settings.normalize,
        unit=unit or float(np.nanmean(np.abs(rows.values[:, 0]))) or 1.0,
        center=np.array([column.mean() if len(column) else 0.0 for column in others]),
        spread=np.where(spread > rounding(size), spread, np.where(size > 0, size, 1.0)),
    )


def chosen_lags(lags, seasons, horizon, n_steps):
    """The lags given; or two short seasons, frequent longer ones and twice the horizon, if steps suffice."""
    if lags is None:
        within = [int(season) for season in seasons if season <= LONGEST]
        often = [season for season in within if OFTEN * season <= n_steps]
        wanted = max([2 * season for season in within[:1]] + often + [2 * horizon, 8])
        return np.arange(1, min(wanted, max(1, (n_steps - horizon) // 2)) + 1)
    given = whole_numbers("lags", lags, 1)
    return np.arange(1, given[0] + 1) if isinstance(lags, Integral) else np.sort(given)


DAY = 86_400_000_000_000  # ns


def seasons_of(clock):
    """The periods, in steps, that a calendar suggests: a day, a week, a year; several of them, ascending."""
    if clock is None or clock.unit in ("numbers", "periods"):
        return ()
    size = clock.size
    if clock.unit == "months":
        return (12 // size,) if 12 % size == 0 and size < 12 else ()
    if clock.unit == "business days":
        week = len(clock.weekdays)
        return (week, round(week * 365.2425 / 7)) if week > 1 else ()
    spans = np.array([1, 7, 365.2425]) * (1 if clock.unit == "days" else DAY)
    steps = spans / size
    whole = np.isclose(steps, steps.round()) | (steps > 50)
    return tuple(float(s) if abs(s - round(s)) > 1e-9 else round(s) for s in steps[(steps > 1.5) & whole])
