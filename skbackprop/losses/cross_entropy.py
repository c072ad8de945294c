"""The softmax as the link of a loss, and the cross entropy of shares."""

import numpy as np

from skbackprop.losses.loss import Loss

MOST_OFF = 1e-4  # the largest difference of the sum of a row from 1: shares may be rounded


class SoftmaxLink(Loss):
    """A loss whose prediction is softmax(z): the base of the losses for classes and for shares."""

    out_activation = "softmax"

    def buffers(self, n_outputs):
        return {**super().buffers(n_outputs), "row": 1, "shifted": n_outputs}

    def cross_entropy_and_delta(self, y, z, losses, out, work):
        """Write -y_k log p_k to `losses` and p - y to `out`, p = softmax(z), for rows of y that sum to 1."""
        np.maximum.reduce(z, axis=-1, keepdims=True, out=work.row)
        np.subtract(z, work.row, out=work.shifted)
        np.exp(work.shifted, out=out)
        work.product(out, work.ones, out=work.row)
        np.divide(out, work.row, out=out)
        np.log(work.row, out=work.row)
        np.subtract(work.row, work.shifted, out=losses)  # -log p_k
        np.multiply(losses, y, out=losses)
        np.subtract(out, y, out=out)

    def predict(self, z, out):
        np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
        np.exp(out, out=out)
        np.divide(out, out.sum(axis=-1, keepdims=True), out=out)

    def predict_backward(self, output_gradient, z, prediction):
        mean = (output_gradient * prediction).sum(axis=-1, keepdims=True)
        return prediction * (output_gradient - mean)


class CrossEntropy(SoftmaxLink):
    """For shares: L = -sum_k y_k log p_k with p = softmax(z), dL/dz = p - y; y_k >= 0, sum_k y_k = 1.

    Its smallest value, at p = y, is the entropy of y.
    """

    shiftable = False

    def n_nodes(self, n_columns):
        if n_columns < 2:
            raise ValueError(
                "CrossEntropy needs shares in two or more columns that sum to 1 in each row, but y has one "
                "column: give a column for each share, or use output_activation='logistic' for one share."
            )
        return n_columns

    def check_targets(self, y):
        if (y < 0).any():
            raise ValueError(f"The loss 'cross_entropy' needs shares y >= 0, got {y.min():.6g}.")
        sums = y.sum(axis=-1, dtype=np.float64)
        wrong = np.flatnonzero(np.abs(sums - 1.0) > MOST_OFF)
        if wrong.size:
            raise ValueError(
                f"The loss 'cross_entropy' needs rows of y that sum to 1, but row {wrong[0]} of y sums to "
                f"{sums[wrong[0]]:.6g}: give y / y.sum(axis=1, keepdims=True)."
            )

    def losses_and_delta(self, y, z, losses, out, work):
        self.cross_entropy_and_delta(y, z, losses, out, work)

    def _value_of_outputs(self, sample_weight, out, work):
        raise ValueError(
            f"sample_weight has {sample_weight.shape[-1]} columns, but for CrossEntropy the shares of a row "
            "are one target: give one weight for each row."
        )
