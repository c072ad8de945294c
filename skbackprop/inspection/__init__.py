"""See inside a fitted network: net inputs, outputs, deltas, gradients, and what follows from them."""

from skbackprop.inspection.trace import Trace, trace

__all__ = [
    "Trace",
    "trace",
]
