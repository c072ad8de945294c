"""What predicts."""

from skbackprop.model.model import Model, model_of

__all__ = ["Model", "model_of"]
