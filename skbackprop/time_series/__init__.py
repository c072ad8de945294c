"""Features of time: lags, statistics of the past, the calendar; and a test of what may be seen."""

from skbackprop.time_series.backtest import Backtest, backtest
from skbackprop.time_series.calendar import CalendarFeatures, FourierFeatures
from skbackprop.time_series.causality import check_causal
from skbackprop.time_series.displays import BacktestDisplay, ForecastDisplay
from skbackprop.time_series.forecaster import LagForecaster
from skbackprop.time_series.lags import DifferenceFeatures, LagFeatures
from skbackprop.time_series.metrics import (
    coverage_score,
    mean_absolute_scaled_error,
    root_mean_squared_scaled_error,
    symmetric_mean_absolute_percentage_error,
)
from skbackprop.time_series.recursive import EwmFeatures, ExpandingFeatures
from skbackprop.time_series.rolling import RollingFeatures
from skbackprop.time_series.scaling import RunningScaler
from skbackprop.time_series.splitters import PanelTimeSeriesSplit, check_gap
from skbackprop.time_series.streaming import StreamingPipeline, evaluate_stream

__all__ = [
    "Backtest",
    "BacktestDisplay",
    "CalendarFeatures",
    "DifferenceFeatures",
    "EwmFeatures",
    "ExpandingFeatures",
    "ForecastDisplay",
    "FourierFeatures",
    "LagFeatures",
    "LagForecaster",
    "PanelTimeSeriesSplit",
    "RollingFeatures",
    "RunningScaler",
    "StreamingPipeline",
    "backtest",
    "check_causal",
    "check_gap",
    "coverage_score",
    "evaluate_stream",
    "mean_absolute_scaled_error",
    "root_mean_squared_scaled_error",
    "symmetric_mean_absolute_percentage_error",
]
