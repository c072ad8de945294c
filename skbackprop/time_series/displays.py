"""Pictures of forecasts and of backtests."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from skbackprop.axes import new_axes
from skbackprop.time_series.rows import as_list, series_of, table_of, times_of


class ForecastDisplay:
    """What was forecast, with its interval, and what came, a panel for each series.

    Parameters
    ----------
    frame : DataFrame
        The columns series, time and y_pred; y, lower and upper where they are known.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One for each series.

    figure_ : Figure
        The picture.
    """

    def __init__(self, frame):
        self.frame = frame

    @classmethod
    def from_estimator(
        cls, estimator: BaseEstimator, X: Any, y: Any = None, *, coverage: Any = None, axes: Any = None
    ) -> Self:
        """Forecast rows, and draw.

        Parameters
        ----------
        estimator : LagForecaster
            A fitted one.

        X : DataFrame or array-like of shape (n_rows, n_columns)
            As in `LagForecaster.predict`.

        y : array-like of shape (n_rows,), default=None
            What came.

        coverage : float or None, default=None
            Also draw intervals that hold this share of the values.

        axes : array-like of Axes or None, default=None
            Where to draw, one for each series. None: in a new figure.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        y_pred = estimator._levels(X)[:, estimator.models_.median]
        table, groups = table_of(X), as_list(estimator.groups)
        times, (ids, codes) = times_of(table, estimator.time, groups), series_of(table, groups)
        frame = pd.DataFrame({"series": ids.to_numpy()[codes], "y_pred": y_pred})
        frame["time"] = np.arange(len(frame)) if times is None else times
        if y is not None:
            frame["y"] = np.asarray(y)
        if coverage is not None:
            frame["lower"], frame["upper"] = estimator.predict_interval(X, coverage).T
        return cls(frame).plot(axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        axes : array-like of Axes or None, default=None
            Where to draw, one for each series. None: in a new figure.

        Returns
        -------
        self : object
        """
        parts = list(self.frame.groupby("series", sort=False))
        self.axes_ = new_axes(len(parts)) if axes is None else np.ravel(axes)
        if len(self.axes_) < len(parts):
            raise ValueError(f"axes: {len(self.axes_)} were given for {len(parts)} series.")
        for ax, (name, part) in zip(self.axes_, parts):
            part = part.sort_values("time")
            draw(ax, part, "y_pred")
            ax.set(title=name if len(parts) > 1 else "", xlabel="time", ylabel="y")
        self.axes_[0].legend(loc="best")
        self.figure_ = self.axes_[0].figure
        return self


class BacktestDisplay:
    """The forecasts of every fold of a backtest, with what came, a panel for each series.

    Parameters
    ----------
    backtest : Backtest
        What `backtest` found.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One for each series.

    figure_ : Figure
        The picture.
    """

    def __init__(self, backtest):
        self.backtest = backtest

    @classmethod
    def from_backtest(cls, backtest: Any, *, axes: Any = None) -> Self:
        """Draw what `backtest` found.

        Parameters
        ----------
        backtest : Backtest
            The result.

        axes : array-like of Axes or None, default=None
            Where to draw, one for each series. None: in a new figure.

        Returns
        -------
        display : BacktestDisplay

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        return cls(backtest).plot(axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        axes : array-like of Axes or None, default=None
            Where to draw, one for each series. None: in a new figure.

        Returns
        -------
        self : object
        """
        predictions = self.backtest.predictions
        method = self.backtest.scores["method"].iloc[0]
        parts = list(predictions.groupby("series", sort=False))
        self.axes_ = new_axes(len(parts)) if axes is None else np.ravel(axes)
        if len(self.axes_) < len(parts):
            raise ValueError(f"axes: {len(self.axes_)} were given for {len(parts)} series.")
        mase = self.backtest.scores.query("method == @method").groupby("series")["MASE"].mean()
        for ax, (name, part) in zip(self.axes_, parts):
            for k, (_, fold) in enumerate(part.groupby("fold")):
                draw(ax, fold.sort_values("time"), method, label=k == 0)
            label = f"{name}: " if len(parts) > 1 else ""
            ax.set(title=f"{label}MASE {mase[name]:.2f}", xlabel="time", ylabel="y")
        self.axes_[0].legend(loc="best")
        self.figure_ = self.axes_[0].figure
        return self


def draw(ax, part, method, label=True):
    """What came in black, the forecast and its interval in color."""

    def named(text):
        return {"label": text} if label else {}

    time = pd.Index(part["time"])
    if isinstance(time, pd.PeriodIndex):
        time = time.to_timestamp()
    if "y" in part:
        ax.plot(time, part["y"], color="black", linewidth=1, **named("observed"))
    ax.plot(time, part[method], color="tab:blue", **named("forecast"))
    if "lower" in part:
        ax.fill_between(
            time, part["lower"], part["upper"], color="tab:blue", alpha=0.2, linewidth=0, **named("interval")
        )
