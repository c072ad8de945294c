"""See inside a fitted network."""

from skbackprop.inspection.displays import NetworkDisplay, TrainingCurveDisplay, WeightHistogramDisplay

__all__ = [
    "NetworkDisplay",
    "TrainingCurveDisplay",
    "WeightHistogramDisplay",
]
