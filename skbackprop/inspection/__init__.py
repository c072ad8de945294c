"""See inside a fitted network."""

from skbackprop.inspection.displays import TrainingCurveDisplay

__all__ = ["TrainingCurveDisplay"]
