"""A fitted estimator, taken apart: the steps before it, its model in float64, rows as this one sees them."""

from copy import deepcopy
from functools import cached_property

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators.quantiles import quantiles_of_targets
from skbackprop.estimators.seen import batch_of, inputs_of
from skbackprop.inspection.columns import joined, names_in, sources_of_columns
from skbackprop.inspection.one_hot_codes import Expanded
from skbackprop.inspection.unwrapping import layers_around, transformed_rows, transformed_targets
from skbackprop.preprocessing import TabularEncoder
from skbackprop.targets.regression import RegressionTargets


def opened(estimator):
    """What is in an estimator of this library, a Pipeline that ends in one, or a search for one."""
    before, targets, estimator = layers_around(estimator)
    check_is_fitted(estimator, "model_")
    return Opened(before, targets, estimator)


class Opened:
    """The estimator, the transformers `before` it and those of its target, and its model."""

    def __init__(self, before, target_transformers, estimator):
        self.before, self.target_transformers = before, target_transformers
        self.estimator, self.model = estimator, estimator.model_

    @property
    def loss(self):
        """The loss that the networks were trained with."""
        return self.model.loss

    @property
    def targets(self):
        """How y became columns."""
        return self.model.targets

    @property
    def trained_networks(self):
        """The networks of the estimator itself."""
        return self.model.networks

    def objectives(self):
        """An objective on a float64 copy of each network."""
        run = getattr(self.estimator, "run_", None)  # tables have no penalty of this kind
        return self.model.objectives(0.0 if run is None else run.objective.alpha)

    def objective_of_training(self):
        """The same at the weights that train, which may be others than those of the result."""
        return deepcopy(self.estimator.run_.objective).astype(np.float64)

    @property
    def temperature(self):
        """What net inputs are divided by before they become probabilities."""
        found = self.model.temperature
        return 1.0 if found is None else np.asarray(found, dtype=np.float64)

    def transformed(self, X):
        """X after the steps before the estimator."""
        return transformed_rows(self.before, X)

    def inputs(self, X):
        """Rows as the networks see them, (n_samples, n_inputs)."""
        encoded = inputs_of(self.estimator, self.transformed(X))
        return (encoded.toarray() if issparse(encoded) else encoded).astype(np.float64)

    def batch(self, X, y, sample_weight=None):
        """Rows, targets and weights as the loss sees them, in float64."""
        y = transformed_targets(self.target_transformers, y)
        batch = batch_of(self.estimator, self.transformed(X), y, sample_weight)
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
        targets = self.model.targets
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
        targets = self.model.targets
        if getattr(targets, "scale", None) is None:
            return 1.0, 0.0
        return targets._by_column(targets.scale), targets._by_column(targets.shift)

    def _own_sources(self, names):
        """For each column of the networks its name, and the column of X that it is made of."""
        columns = self.model.columns
        if isinstance(columns, TabularEncoder):
            sources, seen = sources_of_columns([columns], names)
            return seen, sources
        n_features = self.estimator.n_features_in_
        places = columns.places(n_features)
        indicators = [f"missingindicator_{names[place - n_features]}" for place in places[n_features:]]
        return [*names, *indicators], [int(place % n_features) for place in places]


def _names_of_numbers(quantiles):
    """y, or y0, y1, ...; with the quantile where a target has several."""
    several = len(quantiles) > 1
    names = []
    for k, of_target in enumerate(quantiles):
        name = f"y{k}" if several else "y"
        names += [f"{name} {tau:g}" for tau in of_target] or [name]
    return names
