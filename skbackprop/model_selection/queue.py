"""How estimators that are trained already get into scikit-learn's loop over all fits."""

from collections import deque
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from skbackprop.compat import check_method_params, safe_indexing
from skbackprop.model_selection.fold import train_candidates


class StandIn:
    """Takes an estimator's place until `fit`, which makes it that estimator.

    Parameters
    ----------
    estimator : estimator
        Gets the parameters of a candidate, and is fitted where nothing else is there.

    trained : estimator or None
        The same, with these parameters and fitted.
    """

    def __init__(self, estimator, trained):
        self.estimator, self.trained = estimator, trained

    def __sklearn_tags__(self):
        return self.estimator.__sklearn_tags__()

    def set_params(self, **parameters):
        if self.trained is None:
            self.estimator.set_params(**parameters)
        return self

    def fit(self, X, y, **params):
        fitted = self.trained
        if fitted is None:
            fitted = self.estimator.fit(X, y, **params)
        del self.estimator, self.trained
        self.__class__ = type(fitted)
        vars(self).update(vars(fitted))  # what scikit-learn put here stays
        return self


@dataclass
class Splits:
    """Folds that are known: the same ones for those trained at once and for scikit-learn's loop."""

    folds: list

    def split(self, X, y, **metadata):
        return iter(self.folds)


class Queue:
    """Trains candidates on all folds, and hands them out as scikit-learn clones the estimator of a search.

    The first clone is the queue itself. Clones of that are stand-ins, for all folds of the first candidate,
    then of the next one; when all have been handed out, for the last fit, a clone is a clone.
    """

    def __init__(self, estimator, *data):
        self.estimator, self.data = estimator, data
        self.trained, self.seconds = deque(), []

    def __getstate__(self):
        return {"estimator": self.estimator}  # a search goes to its workers with every fit

    def itself(self):
        return self

    def __sklearn_clone__(self):
        estimator = clone(self.estimator)
        return StandIn(estimator, self.trained.popleft()) if self.trained else estimator

    def train(self, candidates, splits, params, n_jobs, pre_dispatch):
        """Fold by fold, parts of a fold side by side where there are more jobs than folds."""
        X, y, _ = self.data
        n_parts = min(len(candidates), -(-effective_n_jobs(n_jobs) // len(splits.folds)))
        ends = np.linspace(0, len(candidates), n_parts + 1).round().astype(int)
        parts = [slice(*pair) for pair in pairwise(ends.tolist())]
        n_calls = n_parts * len(splits.folds)
        n_calls_each = -(-n_calls // min(n_calls, effective_n_jobs(n_jobs)))
        done = Parallel(n_jobs, pre_dispatch=pre_dispatch)(
            delayed(train_candidates)(
                self.estimator,
                candidates[part],
                safe_indexing(X, rows),
                safe_indexing(y, rows),
                check_method_params(X, params, rows),
                n_calls_each,
            )
            for rows, _ in splits.folds
            for part in parts
        )
        folds = [chain(*done[k : k + n_parts]) for k in range(0, len(done), n_parts)]
        pairs = list(chain(*zip(*folds)))  # all folds of the first candidate, then of the next one
        self.trained = deque(estimator for estimator, _ in pairs)
        self.seconds = [seconds for _, seconds in pairs]
