"""Layers one after the other."""

from dataclasses import dataclass, replace

from skbackprop.layers.layer import Layer


@dataclass(eq=False, repr=False)
class Sequential(Layer):
    """a = f_L(... f_2(f_1(x))).

    Parameters
    ----------
    layers : list of Layer
        In the order in which data pass through them; at least one.
    """

    layers: list[Layer]

    _parameter_constraints = {"layers": [list, tuple]}

    def resolved(self):
        self._validate_params()
        if not self.layers:
            raise ValueError("Sequential(layers=[]): give at least one layer.")
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential(layers=...) takes layers, got {layer!r}.")
        return replace(self, layers=[layer.resolved() for layer in self.layers])

    def _with_sizes(self, n_inputs):
        for layer in self.layers:
            yield layer, n_inputs
            n_inputs = layer.n_outputs(n_inputs)

    def n_outputs(self, n_inputs):
        for layer in self.layers:
            n_inputs = layer.n_outputs(n_inputs)
        return n_inputs

    def parameters(self, n_inputs):
        return {"layers": [layer.parameters(n) for layer, n in self._with_sizes(n_inputs)]}

    def buffers(self, n_inputs):
        return {"layers": [layer.buffers(n) for layer, n in self._with_sizes(n_inputs)]}

    def forward(self, x, params, work, training):
        for layer, p, w in zip(self.layers, params.layers, work.layers):
            x = layer.forward(x, p, w, training)
        return x

    def backward(self, output_gradient, params, gradients, work):
        p, g, w = params.layers, gradients.layers, work.layers
        for i in range(len(self.layers) - 1, 0, -1):
            self.layers[i].backward(output_gradient, p[i], g[i], w[i])
            output_gradient = self.layers[i].input_gradient(p[i], w[i])
        self.layers[0].backward(output_gradient, p[0], g[0], w[0])

    def input_gradient(self, params, work):
        return self.layers[0].input_gradient(params.layers[0], work.layers[0])
