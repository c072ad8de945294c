"""Forecasts of many steps and many series by any regressor."""

from collections.abc import Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skbackprop.all_or_nothing import all_or_nothing
from skbackprop.compat import (
    N_FRAMES,
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    with_callbacks,
)
from skbackprop.estimators.intervals import check_coverage
from skbackprop.estimators.quantiles import regression_score
from skbackprop.parametrized import Parametrized
from skbackprop.persistence import Persistent
from skbackprop.time_series.acting import reasons_of_forecaster
from skbackprop.time_series.beginning import FirstRows
from skbackprop.time_series.changes import Changes
from skbackprop.time_series.clock import check_fits, clock_for
from skbackprop.time_series.closed import closed_steps
from skbackprop.time_series.conformal import adapted, calibrated, ends_of
from skbackprop.time_series.features import COLUMNS, whole_numbers
from skbackprop.time_series.history import empty_history, place, remember
from skbackprop.time_series.known_ahead import report_unknown
from skbackprop.time_series.learning import Chunked, Whole
from skbackprop.time_series.models import Forecast, StagedModels, levels_of
from skbackprop.time_series.panels import ordered_rows, row_steps
from skbackprop.time_series.progress import ModelProgress
from skbackprop.time_series.reading import floats_of, read_ahead, read_series
from skbackprop.time_series.rows import as_frame, as_list
from skbackprop.time_series.strategies import STRATEGIES
from skbackprop.time_series.waiting import TooFewRowsError
from skbackprop.time_series.windows import NORMALIZERS, learned_windows
from skbackprop.unused import warn_unused


def _can_go_on(self):
    if self.estimator is None or hasattr(self.estimator, "partial_fit"):
        return True
    raise AttributeError(
        f"{type(self.estimator).__name__} has no partial_fit: `observe` continues without learning."
    )


@dataclass(eq=False, repr=False)
class LagForecaster(CallbackSupportMixin, RegressorMixin, Persistent, Parametrized):
    """Forecasts from windows of the past, by one regressor for all series.

    Each window is normalised by what it holds itself, and forecasts are mapped back exactly, so that series
    of any level share one model. `predict` never sees y of the rows it forecasts.

    Parameters
    ----------
    estimator : estimator, default=None
        A regressor. None: a network of 256 relu units that learns the absolute error.

    lags : int, list of int or None, default=None
        The steps of y that a window holds; an int n stands for 1, 2, ..., n. None: two of the shortest
        season, a longer one where the series show it eight times, such as a week of hours, and at least twice
        the horizon, in no more than half of the steps.

    horizon : int, default=1
        Steps that are forecast at once. Longer forecasts continue from the last ones.

    strategy : {'mimo', 'recursive', 'direct', 'dirrec'}, default='mimo'
        'mimo': one model with `horizon` outputs; 'recursive': a model of the next step, applied again and
        again; 'direct': a model for each step; 'dirrec': a model for each step that sees the forecasts of
        earlier steps.

    normalize : {'last', 'mean', 'revin', 'level'} or None, default='mean'
        What is subtracted from a window, and what it is then divided by. 'last', 'mean': the last value or
        the mean, and the mean absolute deviation; 'revin': mean and standard deviation; 'level': nothing, and
        the mean size; None: nothing, and one number for all windows. The divisor is at least a third of the
        usual change of its series.

    known_future : str, int or list, default=()
        The columns that are known ahead, such as holidays. All others are seen up to the origin; where a
        forecast continues from an earlier one, they stay at their last values.

    groups : str, int, list or None, default=None
        The columns, or levels of the index, that name the series. None: a single series.

    time : str, int or None, default=None
        The column, or level of the index, that holds the times. None: the index of X, if it holds dates,
        periods or whole numbers; otherwise rows follow each other in their order.

    freq : str, offset, int or None, default=None
        The step of the clock, such as 'h'; a `pandas.offsets.CustomBusinessDay` knows holidays. None: that of
        the index, or the shortest step in `fit`, over the days of the week on which there are rows.

    seasons : list of float or None, default=None
        Periods in steps. None: those of the clock among day, week and year.

    target_transform : {'log1p'} or None, default=None
        Forecast log(1 + y) instead of y; for skewed counts.

    n_members : int, default=3
        Models that differ by their seed alone, where `estimator` has `random_state=None`, or by the windows
        drawn; forecasts are their medians.

    n_updates : int, default=2000
        Steps that the default network learns, of 256 windows.

    max_windows : int or None, default=None
        The most windows that a given estimator learns from, drawn at random. None: all.

    quantile : float or list, default=0.5
        The quantile that is forecast, or several in ascending order; `predict` then has a column for each.
        The default network has an output for each; a given estimator is fitted once for each, with its
        parameter ``quantile`` set, or as it is for 0.5 alone. The median is always learned too, as longer
        forecasts continue from it.

    early_stopping : bool, default=False
        Whether training stops by the windows of the last steps, which are then not learned. A given estimator
        needs X_val and y_val in `fit`, as `BackpropRegressor` and `HistGradientBoostingRegressor` have them.

    validation_fraction : float, default=0.1
        The share of time, at its end, that `early_stopping` holds out.

    calibration_horizons : int or None, default=None
        For `predict_interval`: how many times `horizon` of the last steps are first held out, forecast from
        rolling origins by a model of the steps before, and then learned with all others. None: no intervals,
        unless both ends are among `quantile`.

    on_gap : {'nan', 'raise', 'ignore'}, default='nan'
        How missing steps are treated: as NaN, as an error, or 'ignore': rows are counted instead of time.

    random_state : int, default=0
        The seed of the first member; the next ones follow.

    max_time : float or None, default=None
        Seconds for all models of `fit`, including those of the calibration: each has an equal share of the
        time left. The default network makes fewer steps, and a given estimator stops by its own `max_time`.

    verbose : bool or int, default=False
        Whether `fit` prints a line for each model, with the time left.

    Attributes
    ----------
    history_ : History
        The clock, the series, and the last rows of each.

    lags_ : ndarray of int
        The lags in use.

    seasons_ : tuple
        The periods in use.

    windows_ : Windows
        What a window holds.

    conformal_ : Conformal or None
        The errors that the intervals are made of, and the rates that streams adapt.

    models_ : StagedModels
        The models: ``models_.members`` are those of each stage of the strategy.

    stop_reason_ : str
        Why training stopped, in one line; with `verbose` it is printed.

    n_features_in_ : int
        The number of columns of X.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of X, where it has names.

    References
    ----------
    Ben Taieb, Bontempi, Atiya, Sorjamaa: A review and comparison of strategies for multi-step ahead time
    series forecasting, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> from skbackprop.time_series import LagForecaster
    >>> X = pd.DataFrame(index=pd.date_range("2026-01-01", periods=60))
    >>> y = np.tile([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0], 9)[:60]
    >>> LagForecaster(Ridge(1e-6), horizon=3).fit(X, y).forecast(3).round(2).tolist()
    [9.0, 2.0, 1.0]
    """

    _parameter_constraints = {
        "estimator": [None, HasMethods(["fit", "predict"])],
        "lags": [None, Integral, "array-like"],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "strategy": [StrOptions(set(STRATEGIES))],
        "normalize": [StrOptions({name for name in NORMALIZERS if name}), None],
        "known_future": COLUMNS,
        "groups": COLUMNS,
        "time": [None, str, Integral],
        "freq": "no_validation",
        "seasons": [None, "array-like"],
        "target_transform": [StrOptions({"log1p"}), None],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "n_updates": [Interval(Integral, 1, None, closed="left")],
        "max_windows": [None, Interval(Integral, 1, None, closed="left")],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "calibration_horizons": [None, Interval(Integral, 1, None, closed="left")],
        "on_gap": [StrOptions({"nan", "raise", "ignore"})],
        "random_state": [Interval(Integral, 0, None, closed="left")],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "verbose": ["verbose"],
    }
    columns = None  # all that are neither groups nor time

    estimator: BaseEstimator | None = None
    lags: int | Sequence[int] | None = None
    _: KW_ONLY
    horizon: int = 1
    strategy: str = "mimo"
    normalize: str | None = "mean"
    known_future: str | int | Sequence = ()
    groups: str | int | list | None = None
    time: str | int | None = None
    freq: object = None
    seasons: Sequence[float] | None = None
    target_transform: str | None = None
    n_members: int = 3
    n_updates: int = 2000
    max_windows: int | None = None
    quantile: float | Sequence[float] = 0.5
    early_stopping: bool = False
    validation_fraction: float = 0.1
    calibration_horizons: int | None = None
    on_gap: str = "nan"
    random_state: int = 0
    max_time: float | None = None
    verbose: bool | int = False

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any) -> Self:
        """Learn from all windows of the series.

        After Ctrl-C, with a warning, the members that have learned are kept if there is one for each stage of
        the strategy; else an interrupt leaves the forecaster as it was.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Times, ids and other columns, rows in any order where they have times.

        y : array-like of shape (n_rows,)
            The series; NaN where a value is missing. Windows are learned if some of their targets are known.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For columns that are absent or hold no numbers, times that are missing or repeat, and if all
            series are too short for a window.
        """
        progress = ModelProgress(self, X, y)
        with all_or_nothing(self):
            self._learn(as_frame(X), y, progress, "forecasts")
            self.__dict__.pop("_first", None)
            self.stop_reason_ = self.models_.stop_reason(self.n_members)
            progress.end(self.stop_reason_)
        return self

    def _learn(self, X, y, progress, purpose):
        """What `fit` does; `purpose` is 'forecasts' or 'calibration'."""
        rows = read_series(self, X, y, reset=True)
        if purpose != "calibration" and "_first" not in vars(self):  # else there was a warning before
            warn_unused(self, reasons_of_forecaster(self, rows.times), 4 + N_FRAMES)
        history = empty_history(rows, clock_for(self, rows))
        placed = place(rows, history, 1, 1, None, self.on_gap, True, "error")
        check_fits(placed.series, self, history.clock)
        if not np.isfinite(rows.values[:, 0]).any():
            raise TooFewRowsError(f"y is NaN in all {len(rows.values)} rows: there is nothing to learn from.")
        changes = Changes.none().after(ordered_rows(placed, rows.ids), len(rows.ids))
        self.seasons_, self.windows_ = learned_windows(rows, placed, changes.unit, self)
        self.lags_ = self.windows_.lags
        self.models_ = self._new_models(changes, closed_steps(placed, history.clock))
        keep = self.models_.keep
        placed = placed._replace(reach=keep)
        self.history_ = remember(placed, history, keep, None, None)
        held_out = self.validation_fraction if self.early_stopping else 0
        self.conformal_ = None
        if self.calibration_horizons is not None:
            self.conformal_ = calibrated(self, X, y, row_steps(placed), progress)
        keeps = purpose != "calibration"
        self.models_.fit(placed, self.history_, held_out, partial(progress.told, purpose), keeps)

    @available_if(_can_go_on)
    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X: Any, y: Any) -> Self:
        """Learn the windows that new rows complete, and continue from these rows.

        A stream may begin with any rows. As long as there is no window, or none to validate on or to
        calibrate with, they are remembered, and then learned together, as `fit` learns them; until then
        `predict` raises a `NotFittedError` that says what is missing. Of each series no more steps are
        remembered than twice those needed if all y are known. With ``lags=None`` the lags are those that
        the first rows with a window suggest: name them for a stream of short chunks.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows that come after those learned before, series by series; new series may begin.

        y : array-like of shape (n_rows,)
            The series.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As in `fit`, and for rows that do not come after those learned before.

        AttributeError
            For an estimator without `partial_fit`.
        """
        if "history_" in vars(self):
            return self._go_on(X, y, learn=True)
        X, y = as_frame(X), floats_of(self, y)
        read_series(copy(self), X, y, reset=True)  # what is wrong with these rows is said of them alone
        first = vars(self).get("_first")
        if first is not None:
            X, y = first.followed_by(X, y)
        try:
            return self.fit(X, y)
        except TooFewRowsError as error:
            self._first = FirstRows.of(self, X, y, str(error))
        return self

    def observe(self, X: Any, y: Any) -> Self:
        """Continue from new rows without learning from them.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows that come after those learned before, series by series; new series may begin.

        y : array-like of shape (n_rows,)
            The series.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As in `partial_fit`.
        """
        self._check_has_learned()
        return self._go_on(X, y, learn=False)

    def predict(self, X: Any) -> np.ndarray:
        """Forecasts for rows that follow the history of their series.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Times, ids and the columns known ahead; other columns are not looked at, and may be absent from
            a DataFrame.

        Returns
        -------
        y_pred : ndarray of shape (n_rows,) or (n_rows, n_quantiles)
            In the order of X; a column for each of several quantiles, ascending in each row. NaN for a series
            of which no value is known in the last window, and, with a warning, where columns known ahead are
            not known in every step up to the row, for 'mimo' to the end of the horizon: no forecast depends
            on which other rows X holds.

        Raises
        ------
        ValueError
            For series that were never seen, rows that do not come after those learned, and if no row has a
            forecast since columns known ahead are not known.
        """
        return self._levels(X)[:, self.models_.asked]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2 of the forecasts; with several quantiles the mean of their D^2 pinball scores.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            As in `predict`.

        y : array-like of shape (n_rows,)
            What came.

        sample_weight : array-like of shape (n_rows,) or None, default=None
            Weights of the rows.

        Returns
        -------
        score : float
            1 is perfect; 0 is as good as the best constant.
        """
        several = tuple(np.atleast_1d(self.quantile).tolist()) if np.ndim(self.quantile) else ()
        return regression_score(y, self.predict(X), [several], sample_weight)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Intervals that hold the values to come with probability `coverage`, by split conformal prediction.

        Errors of the calibration, in units of their windows' scales, give a half-width for each step ahead:
        the ceil((n + 1) coverage)-th smallest of n. In a stream, `partial_fit` adapts the rate of misses
        (Gibbs and Candes, 2021). Ends that are among `quantile` are as forecast, corrected by the calibration
        if there is one (Romano et al., 2019).

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            As in `predict`.

        coverage : float, default=0.9
            The share of the values that the intervals are to hold, in (0, 1).

        Returns
        -------
        interval : ndarray of shape (n_rows, 2)
            Lower and upper ends. NaN as in `predict`, and for steps ahead with too few errors for `coverage`.

        Raises
        ------
        ValueError
            Without `calibration_horizons` for ends that are not among `quantile`, for a share that is not
            between 0 and 1 or for which no step ahead has enough errors, and as in `predict`.
        """
        self._check_has_learned()
        check_coverage(coverage)
        levels, median = self.models_.levels, self.models_.median
        lower, upper = ends_of(levels, coverage)
        if self.conformal_ is None and lower == upper:
            raise ValueError(
                "predict_interval needs calibration_horizons=, such as 10, in fit, or both ends of the "
                f"interval among quantile=: coverage={coverage} has the ends {(1 - coverage) / 2:.6g} and "
                f"{(1 + coverage) / 2:.6g}, quantile={self.quantile!r}."
            )
        forecast = self._checked(X)
        y, wider = forecast.quantiles, 0.0
        if self.conformal_ is not None:
            wider = self.conformal_.widening(coverage, forecast.ahead) * forecast.scale
        low = np.minimum(y[:, lower] - wider, y[:, median])
        high = np.maximum(y[:, upper] + wider, y[:, median])
        return self._in_units(np.column_stack([low, high]))

    def _check_has_learned(self):
        if "_first" in vars(self):
            raise NotFittedError(
                f"This {type(self).__name__} has learned nothing yet: {len(self._first.y)} rows are "
                f"remembered until more come. {self._first.why}"
            )
        check_is_fitted(self)

    def _in_units(self, y):
        return y if self.target_transform is None else np.expm1(y)

    def _levels(self, X):
        """All quantiles that are learned (n_rows, n_levels), in the units of y."""
        return self._in_units(self._checked(X).quantiles)

    def _checked(self, X):
        """The forecast of each row of X; a warning where a column known ahead is not, an error if in all."""
        forecast = self._predict(X)
        report_unknown(forecast, self)
        return forecast

    def _predict(self, X):
        """The forecast of each row of X; NaN where what it rests on is not known."""
        self._check_has_learned()
        rows = read_ahead(self, X)
        on_gap = "ignore" if self.on_gap == "ignore" else "nan"  # steps between are forecast too
        placed = place(rows, self.history_, 1, 1, None, on_gap, True, "ahead")
        known = self.history_.ids.get_indexer(placed.ids)
        if (known < 0).any():
            name = placed.ids[int(np.argmax(known < 0))]
            raise ValueError(f"X holds the series {name!r}, of which no row was learned.")
        number = placed.codes
        ahead = row_steps(placed) - self.history_.last_step[known][number]
        future = np.full((len(known), int(ahead.max()), rows.values.shape[1]), np.nan)
        future[number, ahead - 1] = rows.values
        forecasts, scale = self.models_.ahead(self.history_, known, future)
        return Forecast(forecasts[number, ahead - 1], ahead, scale[number], number)

    def forecast(self, horizon: int | None = None) -> np.ndarray:
        """Forecasts of the next steps of every series, without columns known ahead.

        Parameters
        ----------
        horizon : int or None, default=None
            Number of steps. None: the parameter.

        Returns
        -------
        y_pred : ndarray of shape (horizon,) or (n_series, horizon), or with one more axis of n_quantiles
            Series in the order of ``history_.ids``; of one series alone without `groups`. NaN for a series of
            which no value is known in the last window.

        Raises
        ------
        ValueError
            With `known_future`: `predict` takes rows with what is known.
        """
        self._check_has_learned()
        if as_list(self.known_future):
            raise ValueError(
                f"`forecast` knows nothing ahead, and there is known_future={self.known_future!r}: give "
                "`predict` the rows of the next steps, with these columns."
            )
        n_steps = whole_numbers("horizon", self.horizon if horizon is None else horizon, 1)[0]
        series = np.arange(len(self.history_.ids))
        future = np.full((len(series), n_steps, self.history_.values.shape[1]), np.nan)
        forecasts, _ = self.models_.ahead(self.history_, series, future)
        forecasts = self._in_units(forecasts[..., self.models_.asked])
        return forecasts[0] if self.groups is None else forecasts

    def predict_one_step(self, X: Any, y: Any) -> np.ndarray:
        """The forecast of each row from the rows before it, which are known: no forecast of many steps.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows that follow the history of their series; other rows are forecast without it.

        y : array-like of shape (n_rows,)
            The series; a row's own value is not seen by its forecast.

        Returns
        -------
        y_pred : ndarray of shape (n_rows,) or (n_rows, n_quantiles)
            NaN where no value is known in the window before the row, or a column known ahead is not known.
        """
        self._check_has_learned()
        rows = read_series(self, X, y, reset=False)
        keep = self.models_.keep
        placed = place(rows, self.history_, keep, keep, None, self.on_gap, True, "alone")
        return self._in_units(self.models_.one_step(placed, self.history_)[:, self.models_.asked])

    def _go_on(self, X, y, learn):
        X, keep = as_frame(X), self.models_.keep
        rows = read_series(self, X, y, reset=False)
        placed = place(rows, self.history_, keep, keep, None, self.on_gap, True, "error")
        history = remember(placed, self.history_, keep, None, None)
        models, conformal = self.models_.observed(placed, history), self.conformal_
        if learn:
            conformal = None if conformal is None else adapted(self, X, y)
            models = models.gone_on(placed, history)
        self.history_, self.models_, self.conformal_ = history, models, conformal
        return self

    def _new_models(self, changes, closed):
        levels, asked = levels_of(self.quantile)
        seeds = range(self.random_state, self.random_state + self.n_members)
        n_stages = len(STRATEGIES[self.strategy](self.horizon))
        return StagedModels(
            self.strategy,
            self.horizon,
            self.windows_,
            season=int(self.seasons_[0]) if self.seasons_ else 1,
            n_future=len(as_list(self.known_future)),
            levels=levels,
            asked=asked,
            changes=changes,
            closed=closed,
            members=[[self._member(seed, levels) for seed in seeds] for _ in range(n_stages)],
        )

    def _member(self, seed, levels):
        if self.estimator is None:
            return Chunked(self.n_updates, seed, levels)
        return Whole(self.estimator, self.max_windows, seed, levels)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.regressor_tags.poor_score = True  # on rows that are no series
        return tags

    def __sklearn_is_fitted__(self):
        return "models_" in vars(self)
