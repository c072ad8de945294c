"""The log loss of a classifier, binary and multinomial."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from skbackprop.activations import logistic, softplus
from skbackprop.compat import Interval
from skbackprop.losses.cross_entropy import SoftmaxLink
from skbackprop.losses.loss import Loss
from skbackprop.memory import Buffer, Setting
from skbackprop.schedules import Scheduled, check_scheduled


@dataclass(eq=False, repr=False)
class LogLoss(Loss):
    """The log loss of a classifier: binary for one column or several labels, otherwise multinomial.

    `for_columns` chooses between the two; a classifier also accepts each of them directly.

    Parameters
    ----------
    label_smoothing : float or Scheduled, default=0.0
        e in the smoothed target (1 - e) y + e / n_classes (Szegedy et al., 2016).
    """

    label_smoothing: float | Scheduled = 0.0

    _parameter_constraints = {"label_smoothing": [Interval(Real, 0, 1, closed="left"), Scheduled]}
    for_classes = True
    n_scratch = 1

    def _validate_params(self):
        super()._validate_params()
        check_scheduled(self)

    def for_columns(self, exclusive):
        return (MultinomialLogLoss if exclusive else BinaryLogLoss)(self.label_smoothing)

    def buffers(self, n_outputs):
        scalar = Buffer((), per_sample=False)
        smoothing = {"label_smoothing": Setting(self.label_smoothing), "rest": scalar, "class_share": scalar}
        return {**super().buffers(n_outputs), **smoothing}

    def smooth(self, y, n_classes, out, work):
        if not self.label_smoothing:
            return y
        np.subtract(1.0, work.label_smoothing, out=work.rest)
        np.divide(work.label_smoothing, n_classes, out=work.class_share)
        np.multiply(y, work.rest, out=out)
        return np.add(out, work.class_share, out=out)

    def losses_and_delta(self, y, z, losses, out, work):
        raise TypeError("LogLoss stands for two losses: use the one that `for_columns` returns.")


class BinaryLogLoss(LogLoss):
    """L = log(1 + exp(z)) - y z, dL/dz = logistic(z) - y, for each column."""

    out_activation = "logistic"

    def for_columns(self, exclusive):
        if exclusive:
            raise ValueError("BinaryLogLoss is for two classes or several labels: use LogLoss.")
        return self

    def losses_and_delta(self, y, z, losses, out, work):
        (scratch,) = work.scratch
        y = self.smooth(y, 2, scratch, work)
        softplus(z, losses, out)
        np.multiply(y, z, out=out)
        np.subtract(losses, out, out=losses)
        logistic(z, out)
        np.subtract(out, y, out=out)

    def predict(self, z, out):
        logistic(z, out)

    def predict_backward(self, output_gradient, z, prediction):
        return output_gradient * prediction * (1.0 - prediction)


class MultinomialLogLoss(LogLoss, SoftmaxLink):
    """L = log sum_k exp(z_k) - sum_k y_k z_k, dL/dz = softmax(z) - y."""

    columns_for_two_classes = 2

    def for_columns(self, exclusive):
        if not exclusive:
            raise ValueError(f"loss={self!r} needs exactly one class per sample: use LogLoss.")
        return self

    def losses_and_delta(self, y, z, losses, out, work):
        (scratch,) = work.scratch
        y = self.smooth(y, z.shape[-1], scratch, work)
        self.cross_entropy_and_delta(y, z, losses, out, work)
