"""Grid search over the parameters of a network that trains many candidates together."""

from copy import copy, deepcopy

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags, indexable
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if

from skbackprop.compat import check_method_params
from skbackprop.estimators.unchanged import unchanged_on_error
from skbackprop.model_selection.fold import is_network, network_of
from skbackprop.model_selection.trained import Candidates


class BackpropSearchCV(GridSearchCV):
    """Grid search that trains candidates together, with the results of `GridSearchCV`.

    `cv_results_` has the keys, the order and, to rounding, the values of scikit-learn's `GridSearchCV`. Only
    times differ: candidates that are trained together share their time evenly.

    On each fold, candidates are trained together, as members of one `Ensemble`, if they have the same layers,
    loss, target, sample weights, batch size, `max_iter` and solver with the same parameters. They may differ
    in everything else: learning rate and schedule, `alpha`, `random_state`, `tol`, `n_iter_no_change`, early
    stopping. A grid that varies more is trained in several such groups. Each candidate has its own first
    weights, order of rows, validation rows, stopping and best weights. A group has as many members as fit
    into the cache, so small networks gain most.

    Other fits run one by one, as in `GridSearchCV`: all estimators but `BackpropRegressor`,
    `BackpropClassifier` and a `Pipeline` that ends in one; candidates with solver='lbfgs', sparse X,
    `verbose`, `warm_start`, `checkpoint`, `max_time` or callbacks; candidates whose fit fails. The steps of a
    pipeline before the network are fitted once per fold for all candidates that have the same parameters
    for these steps.

    Parameters
    ----------
    estimator : estimator
        A `BackpropRegressor`, a `BackpropClassifier`, or a `Pipeline` that ends in one.

    param_grid : dict or list of dict
        Names of parameters and the values to try, or several such grids.

    scoring : str, callable, list, tuple or dict, default=None
        The scores of a fit on the test rows of a fold, as in scikit-learn; None is the estimator's `score`.

    n_jobs : int, default=None
        Number of processes. Folds are trained in parallel, and with more processes than folds, parts of a
        fold too.

    refit : bool, str or callable, default=True
        Whether the best candidate is fitted to all rows at the end. With several scores, the name of the
        one that decides. A function gets `cv_results_` and returns `best_index_`.

    cv : int, cross-validation generator or iterable, default=None
        The folds, as in scikit-learn; None means 5 folds.

    verbose : int, default=0
        How much is printed, as in scikit-learn.

    pre_dispatch : int or str, default='2*n_jobs'
        How many jobs are dispatched in advance, as in scikit-learn.

    error_score : 'raise' or float, default=np.nan
        The score of a fit that fails; 'raise' raises its error.

    return_train_score : bool, default=False
        Whether `cv_results_` also has the scores on the training rows.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        For each candidate its parameters, times, scores and rank.

    best_estimator_ : estimator
        The best candidate, fitted to all rows.

    best_score_ : float
        Its mean score on the test rows of the folds.

    best_params_ : dict
        Its parameters.

    best_index_ : int
        Its index in `cv_results_`.

    scorer_ : callable or dict
        The scorer, or with several scores a dict of scorers.

    n_splits_ : int
        Number of folds.

    refit_time_ : float
        Seconds of the fit to all rows.

    multimetric_ : bool
        Whether there are several scores.

    classes_ : ndarray of shape (n_classes,)
        The class labels, with a classifier.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    See Also
    --------
    sklearn.model_selection.GridSearchCV : scikit-learn's, with the same parameters.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skbackprop import BackpropRegressor, BackpropSearchCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = BackpropRegressor(target_scaling="standard", early_stopping=True, max_iter=1000, random_state=0)
    >>> grid = {"learning_rate_init": [0.01, 0.1], "alpha": [0.0001, 0.01]}
    >>> search = BackpropSearchCV(net, grid).fit(X, y)
    >>> search.cv_results_["mean_test_score"].shape
    (4,)
    """

    # set by the constructor of `GridSearchCV`
    estimator: BaseEstimator
    param_grid: dict | list[dict]
    n_jobs: int | None
    cv: object
    pre_dispatch: int | str
    scoring: object

    def fit(self, X, y=None, **params):
        """Fit every candidate on every fold, and the best one on all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The target.

        **params : dict
            Metadata for `fit` of the estimator, the splitter and the scorers, such as `sample_weight` and
            `groups`. Arrays with as many rows as `X` are split into folds with it.

        Returns
        -------
        self : object
            The fitted search.
        """
        self._validate_params()
        if y is None and get_tags(self).target_tags.required:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        if y is None or not self._may_train_at_once():
            with unchanged_on_error(self):
                return super().fit(X, y, **params)
        X, y = indexable(X, y)
        search = copy(self)
        with np.errstate(invalid="ignore"):  # y may be infinite, which is an error below
            search.cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        for_fit, for_split = self._routed(check_method_params(X, params))
        folds = list(search.cv.split(X, y, **for_split))
        search.estimator = Candidates(self.estimator, X, y, for_fit, folds)
        # a scorer keeps a reference to its estimator
        search.scoring = check_scoring(self.estimator) if self.scoring is None else self.scoring
        super(BackpropSearchCV, search).fit(X, y, **params)
        given = self.get_params(deep=False)
        vars(self).update({name: value for name, value in vars(search).items() if name not in given})
        return self

    def __sklearn_tags__(self):
        """The tags of the estimator: scikit-learn copies only some, but a search transforms too."""
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.transformer_tags = deepcopy(inner.transformer_tags)
        tags.target_tags, tags.input_tags = deepcopy(inner.target_tags), deepcopy(inner.input_tags)
        return tags

    @available_if(lambda self: hasattr(self, "transform"))
    def fit_transform(self, X, y=None, **params):
        """Fit, then transform `X` with the best candidate.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The target.

        **params : dict
            Metadata, as in `fit`.

        Returns
        -------
        a : ndarray of shape (n_samples, n_units)
            The result of `transform` of the best candidate.
        """
        return self.fit(X, y, **params).transform(X)

    def _may_train_at_once(self):
        parts = self, self.estimator, network_of(self.estimator)
        has_callbacks = any(hasattr(part, "_skl_callbacks") for part in parts)
        return not has_callbacks and (type(self.estimator) is Pipeline or is_network(self.estimator))

    def _routed(self, params):
        """Metadata for `fit` of the estimator, and for the splitter."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **params)
            return routed.estimator.fit, routed.splitter.split
        groups = {"groups": params.get("groups")}
        return {name: value for name, value in params.items() if name not in groups}, groups

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        if not isinstance(self.estimator, Candidates):
            # scikit-learn < 1.9 has no contexts of callbacks
            context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
            return super()._run_search(evaluate_candidates, **context)
        candidates = list(ParameterGrid(self.param_grid))
        seconds = self.estimator.train(candidates, self.n_jobs, self.pre_dispatch)
        results = evaluate_candidates(candidates, cv=self.estimator)
        results["mean_fit_time"] += seconds.mean(axis=1)
        results["std_fit_time"] = np.hypot(results["std_fit_time"], seconds.std(axis=1))
