"""See inside a fitted network: net inputs, outputs, deltas, gradients, and what follows from them."""

from skbackprop.inspection.displays import (
    AttributionDisplay,
    NetworkDisplay,
    TrainingCurveDisplay,
    WeightHistogramDisplay,
)
from skbackprop.inspection.trace import Trace, trace

__all__ = [
    "AttributionDisplay",
    "NetworkDisplay",
    "Trace",
    "TrainingCurveDisplay",
    "WeightHistogramDisplay",
    "trace",
]
