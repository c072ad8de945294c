"""Losses L(y, z) of the net input z of the last layer: one method computes the value and delta = dL/dz.

The loss of a batch is E = sum_i w_i sum_j L(y_ij, z_ij) / sum_i w_i: a weighted mean over samples i of the
sum over outputs j. With a weight for each output of each sample, E = sum_j (sum_i w_ij L_ij / sum_i w_ij). A
loss stores no data; its work arrays come from `buffers`.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skbackprop.memory import Buffer, Work, Workspaces
from skbackprop.parametrized import Parametrized
from skbackprop.products import Product


class Loss(Parametrized, ABC):
    """Base class; a subclass defines `losses_and_delta`, and its inverse link in `predict`."""

    _parameter_constraints: dict = {}
    out_activation: str = "identity"  # the name of the inverse link
    shiftable: bool = True  # whether y and z may be shifted by a constant; False if y must be positive
    for_classes: bool = False  # True: z are log odds, and `predict` gives probabilities
    columns_for_two_classes: int = 1  # columns of a classifier's target; 2: always one column per class
    n_scratch: int = 0

    def n_nodes(self, n_columns: int) -> int:
        """The number of nodes that the last layer needs if y has `n_columns` columns."""
        return n_columns

    def buffers(self, n_outputs: int) -> dict[str, Any]:
        return {
            "delta": n_outputs,
            "losses": n_outputs,
            "scratch": [n_outputs] * self.n_scratch,
            "equal_share": Buffer((1,), fill=lambda n_samples: 1.0 / n_samples),
            "equal_inverse": Buffer((), per_sample=False, fill=lambda n_samples: 1.0 / n_samples),
            "share": 1,
            "rows": Buffer((1,), fill=lambda n_samples: 1.0),
            "total": Buffer((1, 1), per_sample=False),
            "any": Buffer((1, 1), per_sample=False),
            "inverse": Buffer((1, 1), per_sample=False),
            "sums": Buffer((1, n_outputs), per_sample=False),
            "shares": Buffer((n_outputs,), late=True),
            "totals": Buffer((1, n_outputs), per_sample=False, late=True),
            "inverses": Buffer((1, n_outputs), per_sample=False, late=True),
            "ones": Buffer((n_outputs, 1), per_sample=False, fill=lambda n_samples: 1.0),
            "value": Buffer((1, 1), per_sample=False),
            "half": Buffer((), per_sample=False, fill=lambda n_samples: 0.5),  # faster than a Python number
            "product": Product((n_outputs, 1)),
        }

    def check_targets(self, y: np.ndarray) -> None:
        """Raise ValueError if y has values for which the loss is not defined."""

    def for_columns(self, exclusive: bool) -> "Loss":
        """The loss for target columns: exactly one of them is 1 (`exclusive`), or they are independent."""
        return self

    @abstractmethod
    def losses_and_delta(
        self, y: np.ndarray, z: np.ndarray, losses: np.ndarray, out: np.ndarray, work: Work
    ) -> None:
        """Write L(y, z) to `losses` and dL/dz to `out`, both of the shape of z."""

    def predict(self, z: np.ndarray, out: np.ndarray) -> None:
        """The inverse link: the prediction for z."""
        np.copyto(out, z)

    def predict_backward(
        self, output_gradient: np.ndarray, z: np.ndarray, prediction: np.ndarray
    ) -> np.ndarray:
        """dE/dz from dE/d(prediction), where `prediction` is the result of `predict` for z."""
        if type(self).predict is not Loss.predict:
            raise NotImplementedError(
                f"{type(self).__name__} defines `predict` but not `predict_backward`, which gradients of "
                "predictions need. Define it, or use gradients of net inputs."
            )
        return output_gradient

    def value(self, y: ArrayLike, z: ArrayLike, weight: ArrayLike | None = None) -> float:
        """E as one number, without delta and without work arrays.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_columns)
            Targets as the network learns them: for a classifier 0 and 1, one column per class.

        z : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Net inputs of the last layer, before the inverse link.

        weight : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Sample weights.

        Returns
        -------
        value : float
            The weighted mean over the rows of the sum of the losses over the outputs.

        Examples
        --------
        >>> from skbackprop.losses import AbsoluteError
        >>> AbsoluteError().value(y=[1.0, 2.0], z=[1.5, 4.0], weight=[3.0, 1.0])
        0.875
        """
        z = _columns(z, np.result_type(np.asarray(z), np.float32))
        y = _columns(y, z.dtype)
        weight = None if weight is None else _columns(weight, z.dtype)
        work = Workspaces(self.buffers(z.shape[1]), z.dtype)[len(z)]
        return self.value_and_delta(y, z, weight, work.delta, work).item()

    def value_and_delta(
        self, y: np.ndarray, z: np.ndarray, sample_weight: np.ndarray | None, out: np.ndarray, work: Work
    ) -> np.ndarray:
        """Return E, an array of shape (*members, 1, 1), and write dE/dz to `out`."""
        self.losses_and_delta(y, z, work.losses, out, work)
        if sample_weight is not None and sample_weight.shape[-1] != 1:
            return self._value_of_outputs(sample_weight, out, work)
        share = self.share(sample_weight, work)
        np.multiply(out, share, out=out)
        work.product(share.mT, work.losses, out=work.sums)
        return work.product(work.sums, work.ones, out=work.value)

    def share(self, sample_weight: np.ndarray | None, work: Work) -> np.ndarray:
        """w_i / sum(w), or 1 / n_samples; 0 if all weights are 0. Sets `inverse_weight` to 1 / sum(w)."""
        if sample_weight is None:
            work.inverse_weight = work.equal_inverse
            return work.equal_share
        work.inverse_weight = work.inverse
        work.product(work.rows.mT, sample_weight, out=work.total)
        np.sign(work.total, out=work.any)
        np.maximum(work.total, np.finfo(work.total.dtype).tiny, out=work.total)
        np.divide(work.any, work.total, out=work.inverse)
        return np.multiply(sample_weight, work.inverse, out=work.share)

    def _value_of_outputs(self, sample_weight: np.ndarray, out: np.ndarray, work: Work) -> np.ndarray:
        """Average each output with its own weights, as `JointLoss` does."""
        work.product(work.rows.mT, sample_weight, out=work.totals)
        np.sign(work.totals, out=work.inverses)
        np.maximum(work.totals, np.finfo(work.totals.dtype).tiny, out=work.totals)
        np.divide(work.inverses, work.totals, out=work.inverses)
        np.multiply(sample_weight, work.inverses, out=work.shares)
        np.multiply(out, work.shares, out=out)
        np.multiply(work.losses, work.shares, out=work.losses)
        work.product(work.rows.mT, work.losses, out=work.sums)
        work.product(work.inverses, work.ones, out=work.inverse)
        work.inverse_weight = np.divide(work.inverse, sample_weight.shape[-1], out=work.inverse)
        return work.product(work.sums, work.ones, out=work.value)


def _columns(values: ArrayLike, dtype: np.dtype) -> np.ndarray:
    array = np.asarray(values, dtype)
    return array.reshape(len(array), -1)
