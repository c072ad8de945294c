"""Pictures of fitted networks, one a file, with scikit-learn's convention."""

from skbackprop.inspection.displays.training_curves import TrainingCurveDisplay

__all__ = ["TrainingCurveDisplay"]
