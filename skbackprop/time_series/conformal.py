"""Intervals from errors on rows that were held out: split conformal prediction, adaptive in streams.

Ends that are among the quantiles are corrected: conformalized quantile regression (Romano et al., 2019).
"""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import clone

from skbackprop.compat import safe_indexing
from skbackprop.time_series.changes import rounding
from skbackprop.time_series.reading import read_ahead, read_target
from skbackprop.time_series.waiting import TooFewRowsError

N_ORIGINS = 60  # of the calibration, at most
N_KEPT = 2000  # errors of a step ahead, at most
RATE = 0.02  # of the adaption
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # that streams adapt


def ends_of(levels, coverage):
    """Which of the quantiles are the ends of the interval; the median twice if they are absent."""
    ends = [np.flatnonzero(np.isclose(levels, (1 + sign * coverage) / 2)) for sign in (-1, 1)]
    return tuple(int(end[0]) for end in ends) if all(map(len, ends)) else (levels.index(0.5),) * 2


def beyond(errors, ends):
    """How far y was outside of the uncorrected interval, max(lower - y, y - upper)."""
    lower, upper = ends
    return np.maximum(-errors[..., lower], errors[..., upper])


@dataclass(frozen=True)
class Conformal:
    """Errors of quantiles in units of the windows' scales, and how streams have moved the rates of misses."""

    levels: tuple  # of the quantiles
    errors: np.ndarray  # y - quantile, (n_forecasts, horizon, n_levels), NaN where y is not known
    moves: np.ndarray  # (n_shares,), what is added to the rate of misses of each of SHARES

    def widths(self, shares):
        """What each end moves outwards, in scales, (n_shares, horizon); and from how many errors, (horizon,).

        The ceil((n + 1) (1 - rate))-th smallest of n, the largest where that is more. The move of
        a share is interpolated between those of SHARES.
        """
        moves = np.interp(shares, (0.0, *SHARES, 1.0), (0.0, *self.moves, 0.0))
        n = np.isfinite(self.errors[..., 0]).sum(axis=0)
        widths, ordered = np.empty((len(shares), len(n))), {}
        for result, share, move in zip(widths, shares, moves):
            ends = ends_of(self.levels, share)
            if ends not in ordered:
                ordered[ends] = np.sort(beyond(self.errors, ends), axis=0)  # NaN comes last
            place = np.clip(rank(n, share - move), 1, np.maximum(n, 1)) - 1
            result[:] = np.take_along_axis(ordered[ends], place[None], axis=0)
        return widths, n

    def widening(self, coverage, ahead):
        """The width of a share for steps ahead, beyond the horizon that of its end; NaN: too few errors."""
        widths, n = self.widths([coverage])
        enough = rank(n, coverage) <= n
        if not enough.any():
            raise ValueError(
                f"coverage={coverage} needs at least {int(np.ceil(coverage / (1 - coverage) - 1e-9))} errors "
                f"of a step ahead, but the calibration has {n.max()}: give a smaller coverage, or a larger "
                "calibration_horizons= in fit."
            )
        return np.where(enough, widths[0], np.nan)[np.minimum(ahead, len(n)) - 1]


def rank(n, share):
    """Which of n errors, the smallest of them being the first, a share of the values does not exceed."""
    return np.ceil((n + 1) * share - 1e-9).astype(np.intp)


def calibrated(forecaster, X, y, steps, progress):
    """The errors of a clone that learned all but the last steps, from rolling origins in these."""
    horizon, n_held_out = forecaster.horizon, forecaster.calibration_horizons * forecaster.horizon
    first = steps.max() + 1 - n_held_out
    if not (steps < first).any():
        raise TooFewRowsError(
            f"calibration_horizons={forecaster.calibration_horizons}: {n_held_out} steps are held out of "
            f"{steps.max() - steps.min() + 1}, and none is left to learn."
        )
    model = clone(forecaster).set_params(calibration_horizons=None)
    model._learn(*_rows(X, y, steps < first), progress, "calibration")
    stride = max(1, -(-(n_held_out - horizon + 1) // N_ORIGINS))
    errors = []
    for origin in range(first, first + n_held_out - horizon + 1, stride):
        ahead = (steps >= origin) & (steps < origin + horizon)
        if ahead.any():
            errors.append(_errors(model, *_rows(X, y, ahead)))
        seen = (steps >= origin) & (steps < origin + stride)
        if seen.any():
            model.observe(*_rows(X, y, seen))
    known = newest(np.concatenate(errors)) if errors else np.empty((0, horizon, 1))
    if len(known) == 0:
        raise TooFewRowsError(
            f"calibration_horizons={forecaster.calibration_horizons}: of the last {n_held_out} steps, which "
            "are held out, no forecast can be compared with a y that is known. Give a larger number, or rows "
            "up to the last known y."
        )
    return Conformal(model.models_.levels, known, np.zeros(len(SHARES)))


def adapted(forecaster, X, y):
    """The conformal part after new rows, which are forecast first: alpha += rate (1 - coverage - miss).

    Once for each step, with the share of the series that missed.
    """
    conformal = forecaster.conformal_
    errors = _errors(forecaster, X, y)
    known = np.isfinite(errors[..., 0])
    n_known = known.sum(axis=0)
    moves, (widths, _) = conformal.moves.copy(), conformal.widths(SHARES)
    for number, (coverage, width) in enumerate(zip(SHARES, widths)):
        missed = known & (beyond(errors, ends_of(conformal.levels, coverage)) > width)
        share = missed.sum(axis=0)[n_known > 0] / n_known[n_known > 0]
        moves[number] += RATE * (1 - coverage - share).sum()
    return replace(conformal, errors=newest(np.concatenate([conformal.errors, errors])), moves=moves)


def newest(errors):
    """The last errors that are known of each step ahead: chunks of few rows have none of far steps."""
    known = np.isfinite(errors[..., :1])
    errors = np.take_along_axis(errors, np.argsort(known, axis=0, kind="stable"), axis=0)[-N_KEPT:]
    return errors[np.isfinite(errors[..., 0]).any(axis=1)]


def _errors(model, X, y):
    """(y - quantile) / scale of the next steps, for each series; NaN where y or a unit is not known."""
    n_levels = len(model.models_.levels)
    rows = read_ahead(model, X)
    is_known = model.history_.ids.get_indexer(rows.ids) >= 0  # of each series
    X, y = _rows(X, y, is_known[rows.codes])
    if len(y) == 0:
        return np.empty((0, model.horizon, n_levels))
    forecast = model._predict(X)
    errors = np.full((forecast.number.max() + 1, model.horizon, n_levels), np.nan)
    near = forecast.ahead <= model.horizon
    off = read_target(model, y, len(y))[:, None] - forecast.quantiles
    scale = forecast.scale[:, None]
    is_none = np.abs(off) <= rounding(np.abs(forecast.quantiles))
    off = np.where(is_none, 0, np.where(scale > 0, off, np.nan) / np.where(scale > 0, scale, 1))
    errors[forecast.number[near], forecast.ahead[near] - 1] = off[near]
    return errors


def _rows(X, y, chosen):
    return safe_indexing(X, np.flatnonzero(chosen)), np.asarray(y)[chosen]
