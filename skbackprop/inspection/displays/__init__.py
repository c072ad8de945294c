"""Plots of fitted networks, one per file, with scikit-learn's convention for displays."""

from skbackprop.inspection.displays.attributions import AttributionDisplay
from skbackprop.inspection.displays.delta_flow import DeltaFlowDisplay
from skbackprop.inspection.displays.gradient_check import GradientCheckDisplay
from skbackprop.inspection.displays.network import NetworkDisplay
from skbackprop.inspection.displays.training_curves import TrainingCurveDisplay
from skbackprop.inspection.displays.weight_histograms import WeightHistogramDisplay

__all__ = [
    "AttributionDisplay",
    "DeltaFlowDisplay",
    "GradientCheckDisplay",
    "NetworkDisplay",
    "TrainingCurveDisplay",
    "WeightHistogramDisplay",
]
