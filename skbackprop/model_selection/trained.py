"""Candidates are trained together, then handed to scikit-learn's loop over all fits."""

from collections import deque
from copy import copy
from itertools import chain

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from skbackprop.compat import check_method_params, safe_indexing
from skbackprop.estimators import BackpropClassifier, BackpropRegressor
from skbackprop.model_selection.fold import train_candidates


class TakesOver:
    """An estimator whose first `fit` takes over one with the same parameters that is trained already."""

    trained = None

    def fit(self, X, y=None, *args, **params):
        if self.trained is None:
            return super().fit(X, y, *args, **params)
        vars(self).update(vars(vars(self).pop("trained")))
        return self


class TrainedRegressor(TakesOver, BackpropRegressor):
    """The regressor that a scorer gets."""


class TrainedClassifier(TakesOver, BackpropClassifier):
    """The classifier that a scorer gets."""


class TrainedPipeline(TakesOver, Pipeline):
    """The pipeline that a scorer gets."""


TRAINED = {kind.__bases__[1]: kind for kind in (TrainedRegressor, TrainedClassifier, TrainedPipeline)}


class Candidates:
    """The estimator of a search while its `fit` runs. Its clones are what scikit-learn's loop fits.

    The loop makes one clone at its start, which is this object itself; then one for each fit, all folds of
    the first candidate, then all of the next one; then one for the fit to all rows.
    """

    def __init__(self, estimator, X, y, params, folds):
        self.estimator, self.data, self.folds = estimator, (X, y, params), folds
        self.clones = deque([self])

    def __sklearn_clone__(self):
        return self.clones.popleft() if self.clones else clone(self.estimator)

    def __getattr__(self, name):
        return getattr(self.estimator, name)

    def __repr__(self):
        return repr(self.estimator)

    def __reduce__(self):
        return copy, (self.estimator,)  # a search is sent along with every fit: without the data

    def split(self, X, y, **metadata):
        return self.folds

    def train(self, candidates, n_jobs, pre_dispatch):
        """Train on all folds in parallel; with more jobs than folds, on parts of the candidates too.

        Returns the seconds of each candidate on each fold, 0.0 where it is left to be fitted alone.
        """
        X, y, params = self.data
        n_jobs_at_once = effective_n_jobs(n_jobs)
        n_parts = max(1, min(len(candidates), -(-n_jobs_at_once // max(1, len(self.folds)))))
        n_calls_each = -(-n_parts * len(self.folds) // n_jobs_at_once)
        calls = (
            delayed(train_candidates)(
                self.estimator,
                part.tolist(),
                safe_indexing(X, rows),
                safe_indexing(y, rows),
                check_method_params(X, params, rows),
                n_calls_each,
            )
            for rows, _ in self.folds
            for part in np.array_split(candidates, n_parts)
        )
        fits = list(chain(*Parallel(n_jobs, pre_dispatch=pre_dispatch)(calls)))  # fold by fold
        fits = [fits[k :: len(candidates)] for k in range(len(candidates))]
        self.clones.extend(self._clone(trained) for trained, _ in chain(*fits))
        return np.array([[seconds for _, seconds in folds] for folds in fits])

    def _clone(self, trained):
        if trained is None:
            return clone(self.estimator)
        estimator = TRAINED[type(trained)](**trained.get_params(deep=False))
        estimator.trained = trained
        return estimator
