"""Several layers on the same input; their outputs are concatenated."""

from dataclasses import dataclass, replace

import numpy as np

from skbackprop.layers.layer import Layer
from skbackprop.memory import Buffer


@dataclass(eq=False, repr=False)
class Concatenate(Layer):
    """a = [f_1(x), f_2(x), ...]; the input gradient is the sum over the branches.

    Parameters
    ----------
    branches : list of Layer
        At least one; `Sequential` for a branch of several layers.
    """

    branches: list[Layer]

    _parameter_constraints = {"branches": [list, tuple]}

    def resolved(self):
        self._validate_params()
        if not self.branches:
            raise ValueError("Concatenate(branches=[]): give at least one branch.")
        for branch in self.branches:
            if not isinstance(branch, Layer):
                raise TypeError(f"Concatenate(branches=...) takes layers, got {branch!r}.")
        return replace(self, branches=[branch.resolved() for branch in self.branches])

    def n_outputs(self, n_inputs):
        return sum(branch.n_outputs(n_inputs) for branch in self.branches)

    def parameters(self, n_inputs):
        return {"branches": [branch.parameters(n_inputs) for branch in self.branches]}

    def buffers(self, n_inputs):
        return {
            "branches": [branch.buffers(n_inputs) for branch in self.branches],
            "output": self.n_outputs(n_inputs),
            "output_gradients": [branch.n_outputs(n_inputs) for branch in self.branches],
            "input_gradient": Buffer((n_inputs,), late=True),
        }

    def forward(self, x, params, work, training):
        start = 0
        for branch, p, w in zip(self.branches, params.branches, work.branches):
            a = branch.forward(x, p, w, training)
            stop = start + a.shape[-1]
            np.copyto(work.output[..., start:stop], a)
            start = stop
        return work.output

    def backward(self, output_gradient, params, gradients, work):
        start = 0
        for i, branch in enumerate(self.branches):
            part = work.output_gradients[i]
            stop = start + part.shape[-1]
            np.copyto(part, output_gradient[..., start:stop])
            branch.backward(part, params.branches[i], gradients.branches[i], work.branches[i])
            start = stop

    def input_gradient(self, params, work):
        total = work.input_gradient
        np.copyto(total, 0.0)
        for branch, p, w in zip(self.branches, params.branches, work.branches):
            np.add(total, branch.input_gradient(p, w), out=total)
        return total
