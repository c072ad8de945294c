"""What a fitted network gives: outputs, the output of a hidden layer, weights."""

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators.codes import check_codes
from skbackprop.estimators.missing import rows_with_nan
from skbackprop.estimators.validation import check_X
from skbackprop.estimators.written_weights import WrittenThrough
from skbackprop.layers import Dense
from skbackprop.network import net_input
from skbackprop.sparse import SparseRows


class FittedNetwork(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """The part of an estimator that reads `network_`."""

    _code_columns = ()  # the places in the network's input of what embeddings read

    def _dense_layers(self):
        """(layer, params) of every Dense layer, in forward order."""
        if "network_" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: it has no weights.")
        parts = self.network_.parts()
        return [(layer, params) for _, layer, params, _ in parts if isinstance(layer, Dense)]

    @property
    def coefs_(self):
        """W of each dense layer, in net input = x W + b, shape (n_inputs, n_units); see `intercepts_`."""
        layers = self._dense_layers()
        return WrittenThrough(
            "coefs_",
            [partial(layer.acting_weight, params) for layer, params in layers],
            [partial(layer.set_acting_weight, params) for layer, params in layers],
        )

    @coefs_.setter
    def coefs_(self, weights):
        self.coefs_[:] = weights

    @property
    def intercepts_(self):
        """b of each dense layer, shape (n_units,). What is set is written into the network's memory."""
        biases = [params.bias[0] for _, params in self._dense_layers()]
        return WrittenThrough(
            "intercepts_",
            [partial(np.ndarray.view, bias) for bias in biases],
            [partial(np.copyto, bias) for bias in biases],
        )

    @intercepts_.setter
    def intercepts_(self, biases):
        self.intercepts_[:] = biases

    def _finish(self, z, out):
        """The loss's inverse link."""
        self._training.objective.loss.predict(z, out)

    def _outputs(self, inputs, finish, depth=None):
        """finish(z) for rows that are checked already."""
        return self.network_.predict(SparseRows(inputs) if issparse(inputs) else inputs, finish, depth)

    def _check_has_learned(self):
        if "_before_first" in vars(self):
            raise NotFittedError(
                f"This {type(self).__name__} has learned nothing yet: every row so far held NaN, and "
                "missing='skip' leaves such rows out."
            )
        if "network_" not in vars(self):
            check_is_fitted(self)

    def _checked(self, X):
        self._check_has_learned()
        return check_X(self, X, self.network_.theta.dtype, finite=self._missing.finite)

    def _filled(self, X):
        """As the network sees the rows; codes that an Embedding reads are checked."""
        inputs = self._missing.fill(X)
        if self._code_columns:
            read = inputs[~rows_with_nan(X)] if self._predicts_nan() else inputs
            check_codes(read, self._code_columns, self.missing)
        return inputs

    def _predicts_nan(self):
        return self.predict_missing == "nan" and self.missing == "skip"

    def _checked_outputs(self, X, finish, depth=None):
        X = self._checked(X)
        outputs = self._outputs(self._filled(X), finish, depth)
        if self._predicts_nan():
            outputs[rows_with_nan(X)] = np.nan
        return outputs

    def transform(self, X):
        """The output of a hidden layer, the one that `transform_layer` chooses.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        Returns
        -------
        a : ndarray of shape (n_samples, n_units)
            The layer's output; `set_output` may ask for a DataFrame.
        """
        return self._checked_outputs(X, net_input, self._transform_depth())

    def _transform_depth(self):
        self._check_has_learned()
        n_hidden = len(self.network_.root.layers) - 1
        if not -n_hidden <= self.transform_layer < n_hidden:
            raise ValueError(
                f"transform_layer={self.transform_layer} is not the index of a hidden layer: there are "
                f"{n_hidden}."
            )
        return self.transform_layer % n_hidden + 1

    def _has_such_a_layer(self):
        if "network_" in vars(self):
            try:
                self._transform_depth()
            except ValueError as error:
                raise AttributeError(str(error)) from error
        return True

    @available_if(_has_such_a_layer)
    def get_feature_names_out(self, input_features=None):
        """Names of the columns of `transform`: the estimator's name and a number.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Not used, for the API.

        Returns
        -------
        names : ndarray of str objects of shape (n_units,)
        """
        return super().get_feature_names_out(input_features)

    @property
    def _n_features_out(self):
        self._has_such_a_layer()
        root = self.network_.root
        return replace(root, layers=root.layers[: self._transform_depth()]).n_outputs(self.network_.n_inputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
