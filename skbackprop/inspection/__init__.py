"""See inside a fitted network: net inputs, outputs, deltas, gradients, and what follows from them."""

from skbackprop.inspection.chain_rule import ChainRule
from skbackprop.inspection.trace import Trace, trace

__all__ = [
    "ChainRule",
    "Trace",
    "trace",
]
