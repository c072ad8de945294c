"""See inside a fitted model: is its gradient right, what do its columns contribute, is it well?"""

from skbackprop.inspection.attribution_table import Attributions
from skbackprop.inspection.attributions import (
    expected_gradients,
    gradient_times_input,
    input_gradients,
    integrated_gradients,
)
from skbackprop.inspection.diagnosis import diagnose
from skbackprop.inspection.findings import Diagnosis, Finding
from skbackprop.inspection.gradient_check import check_gradients
from skbackprop.inspection.gradient_report import GradientReport
from skbackprop.inspection.hidden import hidden_activations

__all__ = [
    "Attributions",
    "Diagnosis",
    "Finding",
    "GradientReport",
    "check_gradients",
    "diagnose",
    "expected_gradients",
    "gradient_times_input",
    "hidden_activations",
    "input_gradients",
    "integrated_gradients",
]
