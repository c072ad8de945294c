"""The contract of a layer: see README.md in this folder."""

from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from sklearn.base import clone

from skbackprop.memory import Work
from skbackprop.parametrized import Parametrized


class Layer(Parametrized, ABC):
    """Holds settings, owns no array. `n_outputs`, `parameters` and `buffers` declare, the rest computes."""

    _parameter_constraints: dict = {}
    takes_data: bool = False  # whether initial values depend on data: `initialize_from`

    def resolved(self) -> Self:
        """A checked copy in which every name is replaced by the object that it stands for."""
        self._validate_params()
        return clone(self)

    def n_outputs(self, n_inputs: int) -> int:
        return n_inputs

    def parameters(self, n_inputs: int) -> dict[str, Any]:
        """A tree of `Parameter`."""
        return {}

    def buffers(self, n_inputs: int) -> dict[str, Any]:
        """A tree of `Buffer` objects, or of widths (numbers of columns)."""
        return {}

    def initialize_from(
        self, params: SimpleNamespace, work: Work, random_state: np.random.RandomState
    ) -> None:
        """Set initial values from the last forward pass; all earlier layers already have theirs."""

    @abstractmethod
    def forward(self, x: np.ndarray, params: SimpleNamespace, work: Work, training: bool) -> np.ndarray:
        """The output for x, shape (n_samples, n_inputs)."""

    @abstractmethod
    def backward(
        self,
        output_gradient: np.ndarray,
        params: SimpleNamespace,
        gradients: SimpleNamespace,
        work: Work,
    ) -> None:
        """Compute the deltas and the gradients of the parameters from dE/d(output)."""

    @abstractmethod
    def input_gradient(self, params: SimpleNamespace, work: Work) -> np.ndarray:
        """dE/dx, after `backward`: what the previous layer receives. Not called for the first layer."""
