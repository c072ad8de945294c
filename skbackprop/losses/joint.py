"""A separate loss for each output of one network."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skbackprop.losses.loss import Loss
from skbackprop.memory import Buffer, side_by_side


@dataclass(eq=False, repr=False)
class JointLoss(Loss):
    """E = sum_k E_k, where each loss has its own columns of z and of y.

    Two losses never share a column of z, so delta consists of their deltas, one after the other. The outputs
    share the layers before (multitask learning: Caruana, 1997). With `sample_weight` of shape (n_samples,
    n_losses) every loss is averaged with its own column: E_k = sum_i w_ik L_k(i) / sum_i w_ik. A single
    column is used for all losses. The strength of an L2 penalty is alpha times the mean of the 1 / sum_i
    w_ik.

    `out_activation` is the common name of all losses, or "per_output" if they differ.

    Parameters
    ----------
    losses : list of Loss
        One for each output, all for regression or all for classification.

    z_widths : list of int, default=None
        Number of columns of the net input for each loss. It must be the number that the loss needs for its
        columns of y, which is the default.

    y_widths : list of int, default=None
        Number of columns of the target for each loss; by default 1. For the multinomial log loss it is the
        number of classes.

    Examples
    --------
    >>> from skbackprop.losses import Huber, JointLoss, Poisson, Quantiles
    >>> JointLoss([Huber(), Poisson()]).n_nodes(2)
    2
    >>> JointLoss([Huber(), Quantiles((0.1, 0.5, 0.9))]).n_nodes(2)
    4
    """

    losses: list
    z_widths: list | None = None
    y_widths: list | None = None

    _parameter_constraints = {
        "losses": [list, tuple],
        "z_widths": [list, tuple, None],
        "y_widths": [list, tuple, None],
    }

    def _validate_params(self):
        super()._validate_params()
        if not self.losses or not all(isinstance(loss, Loss) for loss in self.losses):
            raise ValueError(f"losses={self.losses!r} must be a list of losses such as Huber().")
        for loss in self.losses:
            loss._validate_params()
        if len({loss.for_classes for loss in self.losses}) > 1:
            raise ValueError(f"losses={self.losses!r} must be all for regression or all for classification.")
        for name in ("y_widths", "z_widths"):
            widths = getattr(self, name)
            if widths is not None and (
                len(widths) != len(self.losses) or not all(isinstance(w, Integral) and w > 0 for w in widths)
            ):
                raise ValueError(
                    f"{name}={widths!r} must have an integer > 0 for each of the {len(self.losses)} losses."
                )
        needed = self._nodes()
        if list(self.nodes_of_losses()) != needed:
            raise ValueError(f"z_widths={self.z_widths!r} does not fit: the losses need {needed}.")

    @property
    def for_classes(self):
        self._validate_params()
        return self.losses[0].for_classes

    @property
    def shiftable(self):
        return all(loss.shiftable for loss in self.losses)

    @property
    def out_activation(self):
        names = {loss.out_activation for loss in self.losses}
        return names.pop() if len(names) == 1 else "per_output"

    def _y_widths(self):
        return [1] * len(self.losses) if self.y_widths is None else self.y_widths

    def _nodes(self):
        return [loss.n_nodes(width) for loss, width in zip(self.losses, self._y_widths())]

    def nodes_of_losses(self):
        return self._nodes() if self.z_widths is None else self.z_widths

    def blocks(self):
        """(loss, its columns of y, its columns of z) for each loss."""
        return zip(self.losses, side_by_side(self._y_widths()), side_by_side(self.nodes_of_losses()))

    def for_columns(self, exclusive):
        """Each loss for its own columns; several columns are the classes of one output."""
        if exclusive:
            raise ValueError("JointLoss is for several outputs: use LogLoss for one class label per sample.")
        parts = [loss.for_columns(width > 1) for loss, width in zip(self.losses, self._y_widths())]
        return JointLoss(parts, self.z_widths, self.y_widths)

    def n_nodes(self, n_columns):
        if n_columns != sum(self._y_widths()):
            raise ValueError(
                f"y has {n_columns} column(s), but JointLoss(y_widths={list(self._y_widths())}) needs "
                f"{sum(self._y_widths())}."
            )
        return sum(self.nodes_of_losses())

    def buffers(self, n_outputs):
        if n_outputs != sum(self.nodes_of_losses()):
            raise ValueError(
                f"JointLoss(z_widths={list(self.nodes_of_losses())}) needs a network with "
                f"{sum(self.nodes_of_losses())} outputs, but it has {n_outputs}."
            )
        return {
            "delta": n_outputs,
            "value": Buffer((1, 1), per_sample=False),
            "mean_inverse": Buffer((1, 1), per_sample=False),
            "parts": [loss.buffers(width) for loss, width in zip(self.losses, self.nodes_of_losses())],
        }

    def check_targets(self, y):
        self._validate_params()
        y = y.reshape(len(y), -1)
        self.n_nodes(y.shape[1])
        for k, (loss, columns, _) in enumerate(self.blocks()):
            try:
                loss.check_targets(y[:, columns])
            except ValueError as error:
                raise ValueError(f"Output {k} of y, counted from 0: {error}") from error

    def losses_and_delta(self, y, z, losses, out, work):
        raise TypeError("Each loss of a JointLoss is averaged by itself: use `value_and_delta`.")

    def value_and_delta(self, y, z, sample_weight, out, work):
        n_losses = len(self.losses)
        own = sample_weight is not None and sample_weight.shape[-1] != 1
        if own and sample_weight.shape[-1] != n_losses:
            raise ValueError(
                f"sample_weight has {sample_weight.shape[-1]} columns: give one, or one for each of the "
                f"{n_losses} losses."
            )
        np.copyto(work.value, 0.0)
        np.copyto(work.mean_inverse, 0.0)
        for k, ((loss, y_block, z_block), part) in enumerate(zip(self.blocks(), work.parts)):
            weight = sample_weight[..., k : k + 1] if own else sample_weight
            value = loss.value_and_delta(y[..., y_block], z[..., z_block], weight, out[..., z_block], part)
            np.add(work.value, value, out=work.value)
            np.add(work.mean_inverse, part.inverse_weight, out=work.mean_inverse)
        work.inverse_weight = np.divide(work.mean_inverse, n_losses, out=work.mean_inverse)
        return work.value

    def predict(self, z, out):
        for loss, _, block in self.blocks():
            loss.predict(z[..., block], out[..., block])

    def predict_backward(self, output_gradient, z, prediction):
        blocks = zip(self.losses, side_by_side(self.nodes_of_losses()))
        parts = [
            loss.predict_backward(output_gradient[..., block], z[..., block], prediction[..., block])
            for loss, block in blocks
        ]
        return np.concatenate(parts, axis=-1)
