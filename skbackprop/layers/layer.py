"""The contract of a layer: see README.md in this folder."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator, clone


class Layer(BaseEstimator, ABC):
    """Settings only; owns no array. `n_outputs`, `parameters` and `buffers` describe, the rest computes."""

    _parameter_constraints: dict = {}
    takes_data = False  # whether first values come from data: `initialize_from`

    def resolved(self):
        """A checked copy in which every name has become the object that it stands for."""
        self._validate_params()
        return clone(self)

    def n_outputs(self, n_inputs):
        return n_inputs

    def parameters(self, n_inputs):
        """A tree of `Parameter`."""
        return {}

    def buffers(self, n_inputs):
        """A tree of `Buffer`, or numbers of columns."""
        return {}

    def initialize_from(self, params, work, random_state):
        """First values from the last forward pass; all layers below have theirs already."""

    @abstractmethod
    def forward(self, x, params, work, training):
        """The output for x, shape (n_samples, n_inputs)."""

    @abstractmethod
    def backward(self, output_gradient, params, gradients, work):
        """From dE/d(output): deltas, and the parameters' gradients."""

    @abstractmethod
    def input_gradient(self, params, work):
        """dE/dx, after `backward`: what the layer below receives. Never asked of the first layer."""
