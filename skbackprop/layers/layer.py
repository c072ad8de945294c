"""The contract of a layer: see README.md in this folder."""

from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone

from skbackprop.memory import Work


class Layer(BaseEstimator, ABC):
    """Settings only; owns no array. `n_outputs`, `parameters` and `buffers` describe, the rest computes."""

    _parameter_constraints: dict = {}
    takes_data: bool = False  # whether first values come from data: `initialize_from`

    def resolved(self) -> Self:
        """A checked copy in which every name has become the object that it stands for."""
        self._validate_params()
        return clone(self)

    def n_outputs(self, n_inputs: int) -> int:
        return n_inputs

    def parameters(self, n_inputs: int) -> dict[str, Any]:
        """A tree of `Parameter`."""
        return {}

    def buffers(self, n_inputs: int) -> dict[str, Any]:
        """A tree of `Buffer`, or numbers of columns."""
        return {}

    def initialize_from(
        self, params: SimpleNamespace, work: Work, random_state: np.random.RandomState
    ) -> None:
        """First values from the last forward pass; all layers below have theirs already."""

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
        """From dE/d(output): deltas, and the parameters' gradients."""

    @abstractmethod
    def input_gradient(self, params: SimpleNamespace, work: Work) -> np.ndarray:
        """dE/dx, after `backward`: what the layer below receives. Never asked of the first layer."""
