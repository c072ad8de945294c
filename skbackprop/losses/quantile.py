"""Quantile regression: the pinball loss for one quantile, or for several that cannot cross."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.special import expit

from skbackprop.compat import Interval
from skbackprop.losses.loss import Loss
from skbackprop.memory import Buffer


def pinball(y, q, tau, losses, out):
    """Write L = (q - y) (1[q > y] - tau) to `losses` and dL/dq = 1[q > y] - tau to `out`."""
    np.subtract(q, y, out=losses)
    np.greater(losses, 0.0, out=out)
    np.subtract(out, tau, out=out)
    np.multiply(losses, out, out=losses)


@dataclass(eq=False, repr=False)
class Quantile(Loss):
    """The pinball loss L = (z - y) (1[z > y] - quantile) (Koenker, Bassett, 1978)."""

    quantile: float = 0.5

    _parameter_constraints = {"quantile": [Interval(Real, 0, 1, closed="neither")]}

    def losses_and_delta(self, y, z, losses, out, work):
        pinball(y, z, self.quantile, losses, out)


@dataclass(eq=False, repr=False)
class Quantiles(Loss):
    """Several quantiles of one target, which cannot cross: L = sum_k pinball(y, q_k; tau_k).

    q_1 = z_1 and q_k = q_(k-1) + softplus(z_k), so q_1 <= q_2 <= ... for every z (Gasthaus et al., 2019;
    Cannon, 2018). As dq_m/dz_k is logistic(z_k) for all m >= k (1 for k = 1),
    dL/dz_k = logistic(z_k) sum_(m >= k) dL/dq_m. The network has a node for each quantile; y has one column.

    Parameters
    ----------
    quantiles : sequence of float, default=(0.05, 0.5, 0.95)
        The levels tau_k, strictly increasing, each above 0 and below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.losses import Quantiles
    >>> z = np.array([[1.0, -50.0, 4.0]])
    >>> q = np.empty_like(z)
    >>> Quantiles((0.1, 0.5, 0.9)).predict(z, out=q)
    >>> q.round(2)
    array([[1.  , 1.  , 5.02]])
    """

    quantiles: tuple = (0.05, 0.5, 0.95)

    _parameter_constraints = {"quantiles": ["array-like"]}
    out_activation = "cumulative_softplus"

    def _validate_params(self):
        super()._validate_params()
        tau = np.asarray(self.quantiles)
        if (
            tau.ndim != 1
            or tau.size == 0
            or tau.dtype.kind != "f"
            or not (np.diff(tau, prepend=0.0, append=1.0) > 0).all()
        ):
            raise ValueError(
                f"quantiles={self.quantiles!r} must be strictly increasing numbers inside (0, 1), "
                "such as (0.05, 0.5, 0.95)."
            )

    def n_nodes(self, n_columns):
        if n_columns != 1:
            raise ValueError(
                f"Quantiles needs a single target, but y has {n_columns} columns: use JointLoss with a "
                "Quantiles for each of them."
            )
        return len(self.quantiles)

    def buffers(self, n_outputs):
        if n_outputs != len(self.quantiles):
            raise ValueError(
                f"quantiles={self.quantiles!r} needs a network with {len(self.quantiles)} outputs, one for "
                f"each quantile, but it has {n_outputs}."
            )
        return {
            **super().buffers(n_outputs),
            "tau": Buffer((1, n_outputs), per_sample=False, fill=lambda n_samples: self.quantiles),
            "q": n_outputs,
        }

    def losses_and_delta(self, y, z, losses, out, work):
        self.predict(z, work.q)
        pinball(y, work.q, work.tau, losses, out)
        from_last = out[..., ::-1]
        np.add.accumulate(from_last, axis=-1, out=from_last)
        slope = expit(z, out=work.q)
        np.copyto(slope[..., :1], 1.0)
        np.multiply(out, slope, out=out)

    def predict(self, z, out):
        np.logaddexp(0.0, z, out=out)
        np.copyto(out[..., :1], z[..., :1])
        np.add.accumulate(out, axis=-1, out=out)

    def predict_backward(self, output_gradient, z, prediction):
        slope = expit(z)
        slope[..., :1] = 1.0
        return slope * np.cumsum(output_gradient[..., ::-1], axis=-1)[..., ::-1]
