"""Pipelines that learn from a stream, and their evaluation."""

from collections.abc import Callable
from copy import deepcopy
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, mean_absolute_error
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skbackprop.all_or_nothing import all_or_nothing
from skbackprop.compat import num_samples, safe_indexing
from skbackprop.persistence import Persistent
from skbackprop.time_series.acting import reasons_of_pipeline
from skbackprop.time_series.progress import interruptible
from skbackprop.time_series.rows import as_list, series_of, table_of
from skbackprop.time_series.stream_steps import (
    First,
    check_learns,
    follow,
    learn,
    n_looked_back_on,
    stacked,
    waits,
)
from skbackprop.unused import warn_unused


class StreamingPipeline(Persistent, Pipeline):
    """A pipeline with `partial_fit`.

    The first chunk fits the transformers. A later one is transformed with what they knew before, the last
    step learns from it, and then each transformer learns it once: rows are predicted and learned with the
    same features, those of one long table. A stream may begin with a single row. While too few rows came for
    the features to have any value, they are remembered, and the steps that need one begin with all of them;
    until then `predict` raises a `NotFittedError`. Rows without times follow those learned before.

    Parameters
    ----------
    steps : list of (str, estimator)
        As in `sklearn.pipeline.Pipeline`. Transformers have `partial_fit`, need no fit, or are a
        `FeatureUnion` or `ColumnTransformer` of such.

    label_delay : int, default=0
        How many rows later labels come: in `partial_fit`, ``y[i]`` is the label of the row `label_delay`
        before ``X[i]``. Until then features wait. Labels of rows before the first one are not looked at.

    groups : str, int, list or None, default=None
        The columns, or levels of the index, that name the series: the rows of each are counted for themselves
        then. None: all rows are one series.

    transform_input : list of str or None, default=None
        As in `sklearn.pipeline.Pipeline`.

    memory : None
        As in `sklearn.pipeline.Pipeline`; of use in `fit` only.

    verbose : bool, default=False
        Whether `fit` prints the time of each step.

    Attributes
    ----------
    waiting_ : DataFrame, ndarray, CSR matrix or None
        Features of rows whose labels have not come.

    waiting_series_ : list
        The series of each of these rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.time_series import LagFeatures, StreamingPipeline
    >>> lags = LagFeatures([0, 1], history="continue")
    >>> net = BackpropRegressor(missing="skip", random_state=0)
    >>> model = StreamingPipeline([("lags", lags), ("net", net)])
    >>> x = np.sin(np.arange(100.0))
    >>> for begin in range(0, 90, 10):
    ...     rows = slice(begin, begin + 10)
    ...     model = model.partial_fit(x[rows, None], x[1:][rows])
    >>> model.predict(x[90:93, None]).shape
    (3,)
    """

    steps: list[tuple[str, Any]]
    waiting_series_: list
    _first: First | None

    def __init__(
        self, steps, *, label_delay=0, groups=None, transform_input=None, memory=None, verbose=False
    ):
        self.label_delay = label_delay
        self.groups = groups
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit all steps on a table whose labels are known, as `sklearn.pipeline.Pipeline`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows.

        y : array-like or None, default=None
            Their labels.

        **params : dict
            For the steps.

        Returns
        -------
        self : object
        """
        self._validate_steps()
        warn_unused(self, reasons_of_pipeline(self, streams=False), 2)
        with all_or_nothing(self):  # steps are fitted one by one: where one fails, those before it are left
            *transformers, last = self.steps
            self.steps = [*((name, deepcopy(step)) for name, step in transformers), last]
            super().fit(X, y, **params)
        for _, step in self.steps:
            follow(step)
        self.waiting_, self.waiting_series_, self._first = None, [], None
        return self

    def partial_fit(
        self, X: Any, y: Any = None, *, sample_weight: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Learn the next rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Rows that follow those of the last call.

        y : array-like of shape (n_rows,) or (n_rows, n_outputs), or None, default=None
            Labels that come with them: those of the rows `label_delay` before.

        sample_weight : array-like of shape (n_rows,) or None, default=None
            Of the rows that `y` belongs to.

        **params : dict
            For `partial_fit` of the last step, such as `classes`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For a `label_delay` below 0, a step that cannot learn from a stream, and rows that a step
            refuses. Nothing is learned then.
        """
        if not isinstance(self.label_delay, Integral) or self.label_delay < 0:
            raise ValueError(f"label_delay={self.label_delay!r}: it must be a whole number of at least 0.")
        self._validate_steps()
        *transformers, (name, last) = self.steps
        ends = last in (None, "passthrough")
        if not (ends or hasattr(last, "partial_fit")):
            raise ValueError(f"The step {name!r}, {type(last).__name__}, has no partial_fit.")
        for name, step in transformers:
            check_learns(name, step)
        first = vars(self).get("_first", First())
        if "_first" not in vars(self):
            warn_unused(self, reasons_of_pipeline(self, streams=True), 2)
        if first is not None:
            params = {**first.params, **params}
            X, y, sample_weight = first.rows_with(X, y, sample_weight)
        found = self._transformed(X, y, begins="waiting_" not in vars(self))
        if found is None:  # as many rows as can be needed are remembered, and come once more
            self._first = First(params, (X, y, sample_weight))
            return self
        learned, features = found
        series = series_names(X, self.groups)
        features, y, sample_weight, waiting = self._known(features, series, y, sample_weight)
        if not ends and features.shape[0]:
            weight = {} if sample_weight is None else {"sample_weight": sample_weight}
            with interruptible():
                last.partial_fit(features, y, **weight, **params)
            follow(last)
            first = None
        self._first = None if first is None else First(params)
        self.steps = [*learned, self.steps[-1]]
        self.waiting_, self.waiting_series_ = waiting
        return self

    def _transformed(self, X, y, begins):
        """The transformers after these rows, and their features; None where a step cannot begin with them."""
        learned, features, n_missing = [], X, 0
        for name, step in self.steps[:-1]:
            if step is None or step == "passthrough":
                learned.append((name, step))
                continue
            if begins and waits(step, features, n_missing):
                return None
            step = deepcopy(step)
            if begins:
                after = step.fit_transform(features, y)
                follow(step)
                n_missing += n_looked_back_on(step)
            else:
                after = step.transform(features)
                learn(step, features)
            learned.append((name, step))
            features = after
        last = self.steps[-1][1]
        if begins and waits(last, features, n_missing):
            return None
        return learned, features

    def __sklearn_is_fitted__(self):
        """Whether the last step has learned; where only rows have come so far, an error that says so."""
        if super().__sklearn_is_fitted__():
            return True
        if "_first" not in vars(self):
            return False
        if self._first is None:
            why = "no row so far had all its features and a label."
        elif self._first.rows is None:
            why = f"no label of the rows so far has come, with label_delay={self.label_delay}."
        else:
            n_rows = num_samples(self._first.rows[0])
            why = f"the features look back on more rows than the {n_rows} so far, which are remembered."
        raise NotFittedError(f"This {type(self).__name__} has learned nothing yet: {why}")

    def _known(self, features, series, y, sample_weight):
        """The features whose labels have come, with these, and those that wait, with their series."""
        if self.label_delay == 0 or y is None:
            return features, y, sample_weight, (None, [])
        check_consistent_length(features, y, sample_weight)
        waiting = vars(self).get("waiting_")
        together = features if waiting is None else stacked(waiting, features)
        series = [*vars(self).get("waiting_series_", []), *series]
        owners, labels = delayed(series, self.label_delay)
        n_waiting = len(series) - features.shape[0]
        arrived = np.argsort(labels, kind="stable")
        owners, labels = owners[arrived], labels[arrived] - n_waiting
        waits = np.setdiff1d(np.arange(len(series)), owners)
        return (
            safe_indexing(together, owners),
            safe_indexing(y, labels),
            None if sample_weight is None else safe_indexing(sample_weight, labels),
            (safe_indexing(together, waits), [series[k] for k in waits]),
        )


def series_names(X, groups):
    """The series of each row, something to compare."""
    if groups is None:
        return [None] * num_samples(X)
    ids, codes = series_of(table_of(X), as_list(groups))
    return np.asarray(ids, dtype=object)[codes].tolist()


def delayed(series, delay):
    """Pairs of row numbers: a row, and the one `delay` rows later in its series."""
    codes = pd.factorize(np.array([*series, None], dtype=object)[:-1], use_na_sentinel=False)[0]
    order = np.argsort(codes, kind="stable")
    first, later = order[: max(0, len(order) - delay)], order[delay:]
    same = codes[first] == codes[later]
    return first[same], later[same]


class StreamEvaluation(NamedTuple):
    """What `evaluate_stream` found."""

    score: float  # over all rows
    scores: pd.Series  # over each `window` of rows, by the number of the last one
    predictions: pd.DataFrame  # y_true and y_pred, by the number of the row


def evaluate_stream(
    model: BaseEstimator,
    X: Any,
    y: Any,
    *,
    chunk_size: int = 1,
    metric: Callable | None = None,
    window: int = 100,
    n_first: int | None = None,
    label_delay: int | None = None,
) -> StreamEvaluation:
    """Predict the rows of a stream chunk by chunk, each before it is learned (Gama, Sebastiao and Rodrigues
    2013).

    Parameters
    ----------
    model : estimator
        With `predict` and `partial_fit`. It continues from its state, and has learned the stream afterwards.

    X : DataFrame or array of shape (n_rows, n_columns)
        Rows in the order in which they come.

    y : array-like of shape (n_rows,)
        Their labels.

    chunk_size : int, default=1
        Rows that come together.

    metric : callable or None, default=None
        ``metric(y_true, y_pred)``. None: `accuracy_score` for classifiers, else `mean_absolute_error`.

    window : int, default=100
        Rows of each of `scores`.

    n_first : int or None, default=None
        Rows that are learned at the beginning without a prediction. None: for a model that is not fitted
        `chunk_size`, or all up to that with which the first label comes; else 0. Chunks are also
        not predicted as long as the model raises NotFittedError. A classifier is given all classes of `y`.

    label_delay : int or None, default=None
        How many rows later labels come. None: that of a `StreamingPipeline`, else 0.

    Returns
    -------
    evaluation : StreamEvaluation
        A named tuple of `score`, over all rows predicted; `scores`, a Series over each window of rows;
        `predictions`, a DataFrame of `y_true` and `y_pred`.

    Raises
    ------
    ValueError
        For a `label_delay` that is not that of the pipeline, and sizes that are out of range. A
        `NotFittedError`, which is one, if the model learns nothing from all rows.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.time_series import evaluate_stream
    >>> X, y = load_digits(return_X_y=True)
    >>> net = BackpropClassifier(learning_rate_init=0.01, random_state=0)
    >>> evaluation = evaluate_stream(net, X / 16, y, chunk_size=10)
    >>> evaluation.score > 0.85
    True
    """
    check_consistent_length(X, y)
    own = getattr(model, "label_delay", None)
    delay = (own or 0) if label_delay is None else label_delay
    if own is not None and own != delay:
        raise ValueError(f"label_delay={label_delay}, but the pipeline's own label_delay is {own}.")
    for name, value, least in (
        ("chunk_size", chunk_size, 1),
        ("window", window, 1),
        ("label_delay", delay, 0),
    ):
        if not isinstance(value, Integral) or value < least:
            raise ValueError(f"{name}={value!r}: it must be a whole number of at least {least}.")
    y, n_rows = np.asarray(y), len(y)
    first_params = {"classes": np.unique(y)} if is_classifier(model) and not _is_fitted(model) else {}
    row_of_label = np.arange(n_rows)
    first, later = delayed(series_names(X, getattr(model, "groups", None)), delay)
    row_of_label[later] = first
    if n_first is None:
        n_first = 0 if _is_fitted(model) else max(chunk_size, later.min(initial=n_rows) + 1)
    if not isinstance(n_first, Integral) or not 0 <= int(n_first) < n_rows:
        raise ValueError(
            f"n_first={n_first!r}: a whole number of at least 0, below the {n_rows} rows, is needed."
        )
    learned, predicted = 0, []
    for begin, end in _chunks(n_rows, n_first, chunk_size):
        chunk = safe_indexing(X, np.arange(begin, end))
        if begin >= n_first:
            try:
                predicted.append(model.predict(chunk))
            except NotFittedError:  # too few rows or labels came so far
                if predicted or end == n_rows:
                    raise
                n_first = end
        if own is not None:  # a pipeline takes rows at once, and labels when they come
            model.partial_fit(chunk, y[row_of_label[begin:end]], **first_params)
            first_params = {}
        elif end - delay > learned:
            known = np.arange(learned, end - delay)
            model.partial_fit(safe_indexing(X, known), y[known], **first_params)
            learned, first_params = end - delay, {}
    rows = np.arange(n_first, n_rows)
    predictions = pd.DataFrame({"y_true": y[n_first:], "y_pred": np.concatenate(predicted)}, index=rows)
    metric = metric or (accuracy_score if is_classifier(model) else mean_absolute_error)
    ends = [*range(n_first + window, n_rows, window), n_rows]
    scores = {end - 1: metric(*predictions.loc[end - window : end - 1].to_numpy().T) for end in ends}
    scores = pd.Series(scores, name=getattr(metric, "__name__", "score"))
    return StreamEvaluation(metric(predictions["y_true"], predictions["y_pred"]), scores, predictions)


def _chunks(n_rows, n_first, chunk_size):
    if n_first:
        yield 0, min(n_first, n_rows)
    for begin in range(n_first, n_rows, chunk_size):
        yield begin, min(begin + chunk_size, n_rows)


def _is_fitted(model):
    try:
        check_is_fitted(model)
    except (ValueError, TypeError, AttributeError):  # NotFittedError is the first and the last of these
        return False
    return True
