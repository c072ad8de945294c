"""What predicts: columns -> networks -> targets, with the loss that says what the outputs mean."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse

from skbackprop.batches import Batch
from skbackprop.layers import Dense
from skbackprop.losses import Loss
from skbackprop.model.codes import check_codes
from skbackprop.network import net_input
from skbackprop.objective import Objective
from skbackprop.sparse import SparseRows


@dataclass(frozen=True)
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

    columns: object
    networks: list
    targets: object
    loss: Loss
    codes: tuple = ()
    temperature: object = None

    @property
    def network(self):
        """The only one."""
        (network,) = self.networks
        return network

    @property
    def dtype(self):
        """Of weights and outputs."""
        return self.networks[0].theta.dtype

    @property
    def dense_layers(self):
        """(layer, params) of every Dense layer of the only network, in forward order."""
        return [(layer, params) for _, layer, params, _ in self.network.parts() if isinstance(layer, Dense)]

    def inputs(self, X, unused=None):
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
            check_codes(inputs if unused is None else inputs[~unused], self.codes, self.columns.name)
        return inputs

    def outputs(self, inputs, finish=net_input, depth=None):
        """finish(z) of rows that `inputs` gives.

        Returns
        -------
        outputs : ndarray of shape (n_rows, n_outputs) or (n_members, n_rows, n_outputs)
            The second form for members of an `Ensemble`.
        """
        rows = SparseRows(inputs) if issparse(inputs) else inputs
        found = [network.predict(rows, finish, depth) for network in self.networks]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def finish(self, z, out):
        """From net inputs, which are overwritten, to what the loss predicts: its inverse link."""
        if self.temperature is not None:
            z = np.divide(z, self.temperature, out=z)
        self.loss.predict(z, out)

    def rows(self, X, y, weight):
        """A batch of the loss: the networks' columns, encoded targets and weights."""
        inputs = self.inputs(X)
        return Batch(inputs, self.targets.encode(y, inputs.dtype), weight)

    def objectives(self, alpha=0.0):
        """What training minimises, for each network, on copies in float64."""
        copies = [network.astype(np.float64) for network in deepcopy(self.networks)]  # with their generators
        return [Objective(network, self.loss, alpha) for network in copies]
