"""What predicts: columns -> networks -> targets, with the loss that says what the outputs mean."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.sparse import issparse

from skbackprop.layers import Dense
from skbackprop.losses import Loss
from skbackprop.model.codes import check_codes
from skbackprop.network import Network, net_input
from skbackprop.objective import Objective
from skbackprop.sparse import SparseRows


class ColumnEncoder(Protocol):
    """What turns X into the columns of the networks: a `TabularEncoder`, or a policy for missing values."""

    def encode(self, X: Any) -> Any:
        """The columns, (n_rows, n_inputs): an array, or for sparse X a CSR matrix."""


@dataclass(frozen=True, eq=False)
class Model:
    """It never changes, but for the weights of its networks: what is learned later makes another one.

    Parameters
    ----------
    columns : NoMissing, SkipRows, Impute or TabularEncoder
        What turns X into numbers, by `encode`.

    networks : list of Network
        One network; or several, the members of all of which predict together.

    targets : RegressionTargets, ClassificationTargets or ManyOutputs
        How y becomes columns, and the outputs become predictions.

    loss : Loss
        Of the outputs.

    codes : tuple of int, default=()
        The columns of the networks that an `Embedding` reads.

    temperature : array or float, default=None
        What net inputs are divided by before they become probabilities.
    """

    columns: ColumnEncoder
    networks: list[Network]
    targets: Any  # each kind has ways of its own from outputs to predictions
    loss: Loss
    codes: tuple[int, ...] = ()
    temperature: np.ndarray | float | None = None

    @property
    def network(self) -> Network:
        """The only one."""
        (network,) = self.networks
        return network

    @property
    def dtype(self) -> np.dtype:
        """Of weights and outputs."""
        return self.networks[0].theta.dtype

    @property
    def dense_layers(self) -> list[tuple]:
        """(layer, params) of every Dense layer of the only network, in forward order."""
        return [(layer, params) for _, layer, params, _ in self.network.parts() if isinstance(layer, Dense)]

    def inputs(self, X: Any, unused: np.ndarray | None = None) -> Any:
        """Rows as the networks see them.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_rows, n_features)
            For an encoder the table as it comes, else an array that is validated already.

        unused : array of bool of shape (n_rows,), default=None
            Rows whose outputs nobody will read: what an `Embedding` reads there is not checked.
        """
        inputs = self.columns.encode(X)
        if self.codes:
            check_codes(inputs if unused is None else inputs[~unused], self.codes, self.columns)
        return inputs

    def outputs(self, inputs: Any, finish: Callable = net_input, depth: int | None = None) -> np.ndarray:
        """finish(z) of rows that `inputs` gives.

        Returns
        -------
        outputs : ndarray of shape (n_rows, n_outputs) or (n_members, n_rows, n_outputs)
            The second form for members of an `Ensemble`.
        """
        rows = SparseRows(inputs) if issparse(inputs) else inputs
        found = [network.predict(rows, finish, depth) for network in self.networks]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def finish(self, z: np.ndarray, out: np.ndarray) -> None:
        """From net inputs, which are overwritten, to what the loss predicts: its inverse link."""
        if self.temperature is not None:
            z = np.divide(z, self.temperature, out=z)
        self.loss.predict(z, out)

    def objectives(self, alpha: float = 0.0) -> list[Objective]:
        """What training minimises, for each network, on copies in float64."""
        copies = [network.astype(np.float64) for network in deepcopy(self.networks)]  # with their generators
        return [Objective(network, self.loss, alpha) for network in copies]


def model_of(estimator: Any) -> Model:
    """The model of a fitted estimator.

    Parameters
    ----------
    estimator : estimator
        One of this library that predicts by networks.

    Returns
    -------
    model : Model

    Raises
    ------
    AttributeError
        If it is not fitted.
    """
    if "model_" not in vars(estimator):
        raise AttributeError(f"This {type(estimator).__name__} is not fitted yet: it has no weights.")
    return estimator.model_
