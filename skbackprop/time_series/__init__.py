"""Features of time: lags, statistics of the past, the calendar; and a test of what may be seen."""

from skbackprop.time_series.calendar import CalendarFeatures, FourierFeatures
from skbackprop.time_series.causality import check_causal
from skbackprop.time_series.forecaster import LagForecaster
from skbackprop.time_series.lags import DifferenceFeatures, LagFeatures
from skbackprop.time_series.recursive import EwmFeatures, ExpandingFeatures
from skbackprop.time_series.rolling import RollingFeatures
from skbackprop.time_series.scaling import RunningScaler
from skbackprop.time_series.splitters import PanelTimeSeriesSplit
from skbackprop.time_series.streaming import StreamingPipeline, evaluate_stream

__all__ = [
    "CalendarFeatures",
    "DifferenceFeatures",
    "EwmFeatures",
    "ExpandingFeatures",
    "FourierFeatures",
    "LagFeatures",
    "LagForecaster",
    "PanelTimeSeriesSplit",
    "RollingFeatures",
    "RunningScaler",
    "StreamingPipeline",
    "check_causal",
    "evaluate_stream",
]
