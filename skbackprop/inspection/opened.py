"""A fitted estimator, taken apart: the steps before it, its networks in float64, rows as these see them."""

from abc import ABC, abstractmethod
from copy import deepcopy
from functools import cached_property

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from skbackprop.batches import Batch
from skbackprop.estimators.missing import Data
from skbackprop.estimators.quantiles import quantiles_of_targets
from skbackprop.estimators.tabular.base import BaseTabular
from skbackprop.estimators.weights import check_weight
from skbackprop.inspection.columns import joined, names_in, sources_of_columns
from skbackprop.inspection.one_hot_codes import Expanded
from skbackprop.inspection.unwrapping import layers_around, transformed_rows, transformed_targets
from skbackprop.objective import Objective
from skbackprop.targets.regression import RegressionTargets


def opened(estimator):
    """What is behind an estimator of this library, a Pipeline that ends in one, or a search for one."""
    before, targets, model = layers_around(estimator)
    kind = OpenedTable if isinstance(model, BaseTabular) else OpenedNetwork
    check_is_fitted(model, kind.fitted)
    return kind(before, targets, model)


class OpenedModel(ABC):
    """The estimator `model`, the transformers `before` it and those of its target."""

    def __init__(self, before, target_transformers, model):
        self.before, self.target_transformers, self.model = before, target_transformers, model

    @property
    @abstractmethod
    def loss(self):
        """The loss that the networks were trained with."""

    @property
    @abstractmethod
    def trained_networks(self):
        """The networks of the estimator itself."""

    @abstractmethod
    def _encoded(self, X):
        """The columns that the networks have, from X as the estimator takes it."""

    @abstractmethod
    def _batch(self, X, y, sample_weight):
        """The same with encoded targets and the weights of the loss."""

    @abstractmethod
    def objectives(self):
        """An objective on a float64 copy of each network."""

    @abstractmethod
    def _own_sources(self, names):
        """For each column of the networks its name, and the column of X that it is made of."""

    @property
    def temperature(self):
        """What net inputs are divided by before they become probabilities."""
        temperature = getattr(self.model, "temperature_", None)
        return 1.0 if temperature is None else np.asarray(temperature, dtype=np.float64)

    def transformed(self, X):
        """X after the steps before the estimator."""
        return transformed_rows(self.before, X)

    def inputs(self, X):
        """Rows as the networks see them, (n_samples, n_inputs)."""
        encoded = self._encoded(self.transformed(X))
        return (encoded.toarray() if issparse(encoded) else encoded).astype(np.float64)

    def batch(self, X, y, sample_weight=None):
        """Rows, targets and weights as the loss sees them, in float64."""
        y = transformed_targets(self.target_transformers, y)
        batch = self._batch(self.transformed(X), y, sample_weight)
        x = batch.x.toarray() if issparse(batch.x) else batch.x
        return batch._replace(x=x).astype(np.float64)

    def columns(self, X):
        """(names of X's columns, names of the networks' columns, source of each: an index or None)."""
        names = names_in(X)
        sources, seen = sources_of_columns(self.before, names)
        own_names, own_sources = self._own_sources(seen)
        return names, own_names, joined(sources, own_sources)

    @cached_property
    def expanded(self):
        """The networks in float64, with a column for each code of an embedding."""
        return [Expanded(network) for network in self.trained_networks]

    @property
    def output_names(self):
        """A name for each column of the networks' output."""
        targets = self.model._targets
        if isinstance(targets, RegressionTargets):
            return _names_of_numbers(quantiles_of_targets(self.loss, targets.n_targets))
        several = len(targets.classes_of_outputs) > 1
        names = []
        for k, (block, classes) in enumerate(zip(targets.blocks, targets.classes_of_outputs)):
            columns = block[0]
            last = classes[len(classes) - (columns.stop - columns.start) :]
            names += [f"{k}: {name}" for name in last] if several else last.tolist()
        return names

    @property
    def units(self):
        """(factor, shift) of each column from the network's units to those of the prediction."""
        targets = self.model._targets
        if getattr(targets, "scale", None) is None:
            return 1.0, 0.0
        return targets._by_column(targets.scale), targets._by_column(targets.shift)


class OpenedNetwork(OpenedModel):
    """A BackpropRegressor or BackpropClassifier."""

    fitted = "network_"

    @property
    def loss(self):
        return self.model._training.objective.loss

    @property
    def trained_networks(self):
        return [self.model.network_]

    def objectives(self):
        objective = self.model._training.objective
        network = deepcopy(self.model.network_).astype(np.float64)
        return [Objective(network, objective.loss, objective.alpha)]

    def objective_of_training(self):
        """The same at the weights that train, which may be others than those of the result."""
        return deepcopy(self.model._training.objective).astype(np.float64)

    def _encoded(self, X):
        return self.model._missing.fill(self.model._checked(X))

    def _batch(self, X, y, sample_weight):
        model, missing = self.model, self.model._missing
        dtype, finite = model.network_.theta.dtype, missing.finite
        X, y = model._check_X_y(X, y, reset=False, dtype=dtype, finite=finite, y_finite=missing.y_finite)
        n_outputs = y.shape[1] if model._weighs_outputs and y.ndim == 2 else 1
        data = Data(X, y, check_weight(sample_weight, X.shape[0], n_outputs=n_outputs))
        _, kept = missing.seen(X, y)
        data = data if kept is None else data.take(kept)
        weight = model._loss_weight(data, np.arange(data.X.shape[0]), incremental=False)
        return Batch(missing.fill(data.X), model._targets.encode(data.y, np.float64), weight)

    def _own_sources(self, names):
        n_features = self.model.n_features_in_
        places = self.model._missing.places(n_features)
        indicators = [f"missingindicator_{names[place - n_features]}" for place in places[n_features:]]
        return [*names, *indicators], [int(place % n_features) for place in places]


class OpenedTable(OpenedModel):
    """A TabularBackpropRegressor or TabularBackpropClassifier."""

    fitted = "networks_"

    @property
    def loss(self):
        return self.model._loss

    @property
    def trained_networks(self):
        return self.model.networks_

    def objectives(self):
        return [
            Objective(network.astype(np.float64), self.loss) for network in deepcopy(self.model.networks_)
        ]

    def _encoded(self, X):
        return self.model.encoder_._encoded(X)

    def _batch(self, X, y, sample_weight):
        rows, _ = self.model._read(X, y, sample_weight)
        return Batch(rows.X, rows.columns, rows.weight)

    def _own_sources(self, names):
        sources, seen = sources_of_columns([self.model.encoder_], names)
        return seen, sources


def _names_of_numbers(quantiles):
    """y, or y0, y1, ...; with the quantile where a target has several."""
    several = len(quantiles) > 1
    names = []
    for k, of_target in enumerate(quantiles):
        name = f"y{k}" if several else "y"
        names += [f"{name} {tau:g}" for tau in of_target] or [name]
    return names
