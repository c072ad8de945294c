"""See inside a fitted network."""

from skbackprop.inspection.displays import (
    AttributionDisplay,
    NetworkDisplay,
    TrainingCurveDisplay,
    WeightHistogramDisplay,
)

__all__ = [
    "AttributionDisplay",
    "NetworkDisplay",
    "TrainingCurveDisplay",
    "WeightHistogramDisplay",
]
