"""Embeddings of numbers: each column becomes several, by waves with learned frequencies.

Waves have shape (n_columns, n_waves, n_samples): samples are contiguous, because elementwise functions are
fastest then. Angles, and the linear map after the waves, are matrix products for each column.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from math import pi
from numbers import Integral, Real

import numpy as np

from skbackprop.activations import Identity, ReLU
from skbackprop.compat import Interval
from skbackprop.layers.layer import Layer
from skbackprop.memory import Buffer, Parameter
from skbackprop.products import Product


def _frequencies(random_state, scale, shape):
    return random_state.normal(0.0, scale, shape)


def _frequencies_and_phases(random_state, scale, shape):
    phases = random_state.uniform(-pi, pi, shape)
    return np.concatenate([_frequencies(random_state, scale, shape), phases], axis=-1)


def _uniform(random_state, bound, shape):
    return random_state.uniform(-bound, bound, shape)


@dataclass(eq=False, repr=False)
class NumericEmbedding(Layer):
    """h_f = phi(W_f g(2 pi w_f x_f) + b_f) for each column f; a subclass defines the waves g and phi.

    With a phase p_f the angle is 2 pi w_f x_f + p_f. The parameter `angle` holds w, or w and p; the work
    array `turns` holds 2 pi x, or 2 pi x and 1.
    """

    n_frequencies: int = 16
    n_components: int = 4
    frequency_scale: float = 0.1
    learning_rate: float = 0.1
    weight_decay: float = 0.1

    _parameter_constraints = {
        "n_frequencies": [Interval(Integral, 1, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "frequency_scale": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [Interval(Real, 0, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
    }
    activation = Identity()  # phi
    has_phase = False
    waves_of_a_frequency = 1

    @property
    def n_waves(self):
        return self.waves_of_a_frequency * self.n_frequencies

    @property
    def n_linear(self):
        """The number of outputs of the linear map for each column."""
        return self.n_components

    def n_outputs(self, n_inputs):
        return n_inputs * self.n_components

    def parameters(self, n_inputs):
        decayed = {"decay": True, "learning_rate": self.learning_rate, "weight_decay": self.weight_decay}
        bound = self.n_waves**-0.5
        draw = _frequencies_and_phases if self.has_phase else _frequencies
        draw = partial(draw, scale=self.frequency_scale, shape=(n_inputs, self.n_frequencies, 1))
        weights, biases = (n_inputs, self.n_linear, self.n_waves), (n_inputs, self.n_linear, 1)
        return {
            "angle": Parameter((n_inputs, self.n_frequencies, 1 + self.has_phase), draw, **decayed),
            "weight": Parameter(weights, partial(_uniform, bound=bound, shape=weights), **decayed),
            "bias": Parameter(
                biases, partial(_uniform, bound=bound, shape=biases), learning_rate=self.learning_rate
            ),
        }

    def buffers(self, n_inputs):
        last = partial(Buffer, samples_last=True)
        of_frequencies, of_waves = (n_inputs, self.n_frequencies), (n_inputs, self.n_waves)
        linear = (n_inputs, self.n_linear)
        return {
            "turns": last((n_inputs, 1 + self.has_phase)),
            "angle": last(of_frequencies),
            "minus_angle_gradient": last(of_frequencies),
            "waves": last(of_waves),
            "waves_gradient": last(of_waves),
            "net_input": last(linear),
            "embedded": last(linear),
            "embedded_gradient": last(linear),
            "delta": last(linear),
            "turns_gradient": last((n_inputs, 1 + self.has_phase)),
            "output": self.n_outputs(n_inputs),
            "input_gradient": n_inputs,
            "ones": Buffer((1,), fill=lambda n_samples: 1.0),
            "multiply": Product((self.n_waves, max(self.n_linear, self.n_frequencies)), stacked=True),
        }

    @abstractmethod
    def compute_waves(self, params, work):
        """Write the angles to `work.angle` and g to `work.waves`."""

    @abstractmethod
    def compute_angle_gradient(self, work):
        """Compute -dE/d(angle) from `work.waves_gradient`; write it to `work.minus_angle_gradient`."""

    def forward(self, x, params, work, training):
        np.multiply(x.mT, 2.0 * pi, out=work.turns[..., 0, :])
        np.copyto(work.turns[..., 1:, :], 1.0)
        self.compute_waves(params, work)
        work.multiply(params.weight, work.waves, out=work.net_input)
        np.add(work.net_input, params.bias, out=work.net_input)
        work.embedded = self.activation.forward(work.net_input, work.embedded, ())
        np.copyto(self._embedded_part(work.output), _samples_first(work.embedded))
        return work.output

    def _embedded_part(self, columns):
        """The columns of the output, or of its gradient, that come from the linear map."""
        return columns

    def backward(self, output_gradient, params, gradients, work):
        np.copyto(_samples_first(work.embedded_gradient), self._embedded_part(output_gradient))
        work.delta = self.activation.backward(
            work.embedded_gradient, work.net_input, work.embedded, work.delta, ()
        )
        work.multiply(work.delta, work.waves.mT, out=gradients.weight)
        work.multiply(work.delta, work.ones[..., None, :, :], out=gradients.bias)
        work.multiply(params.weight.mT, work.delta, out=work.waves_gradient)
        self.compute_angle_gradient(work)
        work.multiply(work.minus_angle_gradient, work.turns.mT, out=gradients.angle)
        np.negative(gradients.angle, out=gradients.angle)

    def input_gradient(self, params, work):
        work.multiply(params.angle.mT, work.minus_angle_gradient, out=work.turns_gradient)
        return np.multiply(work.turns_gradient[..., 0, :].mT, -2.0 * pi, out=work.input_gradient)


def _samples_first(array):
    """A view of (n_columns, n_linear, n_samples) as (n_samples, n_columns * n_linear)."""
    return array.reshape(*array.shape[:-3], -1, array.shape[-1]).mT


@dataclass(eq=False, repr=False)
class PBLD(NumericEmbedding):
    """[W_f cos(2 pi w_f x_f + p_f) + b_f, x_f] for each column f (Holzmüller et al., 2024).

    The name stands for periodic, bias, linear, DenseNet: x itself is also an output. The outputs of the
    linear maps come first, column by column, then all x. Initial values: w ~ N(0, frequency_scale^2), p
    uniform in [-pi, pi], W and b uniform between -1 / sqrt(n_frequencies) and 1 / sqrt(n_frequencies).

    Parameters
    ----------
    n_frequencies : int, default=16
        Number of waves for each column.

    n_components : int, default=4
        Number of outputs for each column, including x itself; >= 2.

    frequency_scale : float, default=0.1
        Standard deviation of the initial frequencies w, > 0; use more if the target changes fast with x.

    learning_rate : float, default=0.1
        Factor of the solver's learning rate, >= 0.

    weight_decay : float, default=0.1
        Factor of `alpha` and of the solver's weight decay, >= 0; b has no weight decay.
    """

    _parameter_constraints = {
        **NumericEmbedding._parameter_constraints,
        "n_components": [Interval(Integral, 2, None, closed="left")],
    }

    has_phase = True

    @property
    def n_linear(self):
        return self.n_components - 1

    def compute_waves(self, params, work):
        work.multiply(params.angle, work.turns, out=work.angle)
        np.cos(work.angle, out=work.waves)

    def compute_angle_gradient(self, work):
        np.sin(work.angle, out=work.minus_angle_gradient)
        np.multiply(work.minus_angle_gradient, work.waves_gradient, out=work.minus_angle_gradient)

    def _embedded_part(self, columns):
        return columns[..., : self._n_embedded(columns)]

    def _n_embedded(self, columns):
        return columns.shape[-1] // self.n_components * self.n_linear

    def forward(self, x, params, work, training):
        output = super().forward(x, params, work, training)
        np.copyto(output[..., self._n_embedded(output) :], x)
        return output

    def backward(self, output_gradient, params, gradients, work):
        work.output_gradient = output_gradient
        super().backward(output_gradient, params, gradients, work)

    def input_gradient(self, params, work):
        back, g = super().input_gradient(params, work), work.output_gradient
        return np.add(back, g[..., self._n_embedded(g) :], out=back)


@dataclass(eq=False, repr=False)
class PL(NumericEmbedding):
    """W_f [cos(2 pi w_f x_f), sin(2 pi w_f x_f)] + b_f for each column f (Gorishniy et al., 2022).

    Initial values: w ~ N(0, frequency_scale^2), W and b uniform between -c and c, c = 1 / sqrt(2
    n_frequencies).

    Parameters
    ----------
    n_frequencies : int, default=16
        Number of frequencies for each column; each has a cosine and a sine.

    n_components : int, default=4
        Number of outputs for each column.

    frequency_scale : float, default=0.1
        Standard deviation of the initial frequencies w, > 0; use more if the target changes fast with x.

    learning_rate : float, default=0.1
        Factor of the solver's learning rate, >= 0.

    weight_decay : float, default=0.1
        Factor of `alpha` and of the solver's weight decay, >= 0; b has no weight decay.
    """

    waves_of_a_frequency = 2

    def _cosines_and_sines(self, waves):
        return waves[..., : self.n_frequencies, :], waves[..., self.n_frequencies :, :]

    def buffers(self, n_inputs):
        slope = Buffer((n_inputs, self.n_frequencies), samples_last=True)
        return {**super().buffers(n_inputs), "slope": slope}

    def compute_waves(self, params, work):
        np.multiply(params.angle, work.turns, out=work.angle)  # faster than a product of such thin matrices
        cosines, sines = self._cosines_and_sines(work.waves)
        np.cos(work.angle, out=cosines)
        np.sin(work.angle, out=sines)

    def compute_angle_gradient(self, work):
        cosines, sines = self._cosines_and_sines(work.waves)
        of_cosines, of_sines = self._cosines_and_sines(work.waves_gradient)
        np.multiply(cosines, of_sines, out=work.slope)
        np.multiply(sines, of_cosines, out=work.minus_angle_gradient)
        np.subtract(work.minus_angle_gradient, work.slope, out=work.minus_angle_gradient)


class PLR(PL):
    """`PL` with a rectifier: max(W_f [cos(2 pi w_f x_f), sin(2 pi w_f x_f)] + b_f, 0)."""

    activation = ReLU()
