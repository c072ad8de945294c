"""The base class of layers that contain one other layer."""

from dataclasses import dataclass, replace

from skbackprop.layers.layer import Layer


@dataclass(eq=False, repr=False)
class Wrapper(Layer):
    """Computes the same as `layer`; a subclass changes one method."""

    layer: Layer

    _parameter_constraints = {"layer": [Layer]}

    def resolved(self):
        self._validate_params()
        return replace(self, layer=self.layer.resolved())

    def n_outputs(self, n_inputs):
        return self.layer.n_outputs(n_inputs)

    def parameters(self, n_inputs):
        return {"layer": self.layer.parameters(n_inputs)}

    def buffers(self, n_inputs):
        return {"layer": self.layer.buffers(n_inputs)}

    def forward(self, x, params, work, training):
        return self.layer.forward(x, params.layer, work.layer, training)

    def backward(self, output_gradient, params, gradients, work):
        self.layer.backward(output_gradient, params.layer, gradients.layer, work.layer)

    def input_gradient(self, params, work):
        return self.layer.input_gradient(params.layer, work.layer)
