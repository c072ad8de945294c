"""scikit-learn's MLP with the defects mended that docs/differences.md lists: the peer of the grid."""

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.neural_network import _multilayer_perceptron as module

SPLIT, SHUFFLE = module.train_test_split, module.shuffle
ADAM, SGD = module.AdamOptimizer, module.SGDOptimizer


def mend(monkeypatch, stream=False):
    """For one estimator: a stratified split that is the same in every call; optimizer and order are kept."""
    kept = {}

    def split(*arrays, random_state, test_size, stratify):
        y = arrays[1]
        if y.dtype == bool and y.shape[1] > 1 and (y.sum(axis=1) == 1).all():
            stratify = y.argmax(axis=1)
        if "rows" not in kept:
            rows = np.arange(len(y))
            kept["rows"] = SPLIT(rows, random_state=random_state, test_size=test_size, stratify=stratify)
        return [array[rows] for array in arrays for rows in kept["rows"]]

    def keep(kind):
        return lambda *settings: kept.setdefault("optimizer", kind(*settings))

    def shuffle(order, random_state):
        if len(kept.get("order", ())) == len(order) and not stream:
            order = kept["order"]
        kept["order"] = SHUFFLE(order, random_state=random_state)
        return kept["order"]

    monkeypatch.setattr(module, "shuffle", shuffle)
    monkeypatch.setattr(module, "train_test_split", split)
    monkeypatch.setattr(module, "AdamOptimizer", keep(ADAM))
    monkeypatch.setattr(module, "SGDOptimizer", keep(SGD))


class _Mended:
    """`fit` after `fit` goes on with the random sequence, and the best weights are not written to."""

    def fit(self, X, y, sample_weight=None):
        if isinstance(self.random_state, int):
            self.random_state = np.random.RandomState(self.random_state)
        super().fit(X, y, sample_weight)
        self._best_coefs = [coef.copy() for coef in self.coefs_]
        self._best_intercepts = [intercept.copy() for intercept in self.intercepts_]
        return self

    def partial_fit(self, X, y, sample_weight=None, **classes):
        if isinstance(self.random_state, int):
            self.random_state = np.random.RandomState(self.random_state)
        return super().partial_fit(X, y, sample_weight, **classes)


class MendedClassifier(_Mended, MLPClassifier):
    pass


class MendedRegressor(_Mended, MLPRegressor):
    pass
