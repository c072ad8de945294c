"""Features of time: lags, statistics of the past, the calendar; and a test of what may be seen."""

from skbackprop.time_series.calendar import CalendarFeatures, FourierFeatures
from skbackprop.time_series.causality import check_causal
from skbackprop.time_series.lags import DifferenceFeatures, LagFeatures
from skbackprop.time_series.recursive import EwmFeatures, ExpandingFeatures
from skbackprop.time_series.rolling import RollingFeatures

__all__ = [
    "CalendarFeatures",
    "DifferenceFeatures",
    "EwmFeatures",
    "ExpandingFeatures",
    "FourierFeatures",
    "LagFeatures",
    "RollingFeatures",
    "check_causal",
]
