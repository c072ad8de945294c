"""What predicts."""

from skbackprop.model.model import Model

__all__ = ["Model"]
