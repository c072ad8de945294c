"""A layer that does not change its input."""

from skbackprop.layers.layer import Layer


class Passthrough(Layer):
    """a = x: for columns of `Blocks` that need no layer, or as a shortcut in `Concatenate`."""

    def forward(self, x, params, work, training):
        return x

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient

    def input_gradient(self, params, work):
        return work.output_gradient
