"""Look inside a fitted network: its numbers, gradient checks, contributions of columns, plots."""

from skbackprop.inspection.attribution_table import Attributions
from skbackprop.inspection.attributions import (
    expected_gradients,
    gradient_times_input,
    input_gradients,
    integrated_gradients,
)
from skbackprop.inspection.chain_rule import ChainRule
from skbackprop.inspection.delta_recorder import DeltaRecorder
from skbackprop.inspection.diagnosis import diagnose
from skbackprop.inspection.displays import (
    AttributionDisplay,
    DeltaFlowDisplay,
    GradientCheckDisplay,
    NetworkDisplay,
    TrainingCurveDisplay,
    WeightHistogramDisplay,
)
from skbackprop.inspection.findings import Diagnosis, Finding
from skbackprop.inspection.gradient_check import check_gradients
from skbackprop.inspection.gradient_report import GradientReport
from skbackprop.inspection.hidden import hidden_activations
from skbackprop.inspection.trace import Trace, trace

__all__ = [
    "AttributionDisplay",
    "Attributions",
    "ChainRule",
    "DeltaFlowDisplay",
    "DeltaRecorder",
    "Diagnosis",
    "Finding",
    "GradientCheckDisplay",
    "GradientReport",
    "NetworkDisplay",
    "Trace",
    "TrainingCurveDisplay",
    "WeightHistogramDisplay",
    "check_gradients",
    "diagnose",
    "expected_gradients",
    "gradient_times_input",
    "hidden_activations",
    "input_gradients",
    "integrated_gradients",
    "trace",
]
