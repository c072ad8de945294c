"""TabularBackpropClassifier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax, logsumexp
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import type_of_target, unique_labels

from skbackprop.compat import Interval, StrOptions
from skbackprop.docstrings import documented
from skbackprop.estimators.calibration import temperatures
from skbackprop.estimators.class_weight import class_weights
from skbackprop.estimators.tabular.base import BaseTabular
from skbackprop.estimators.tabular.recipes import FOR_CLASSES
from skbackprop.estimators.targets import all_labels, read_labels
from skbackprop.estimators.weights import scored
from skbackprop.losses import MultinomialLogLoss
from skbackprop.model import model_of
from skbackprop.targets import classification_targets


def error_rate(columns, z, weight):
    return np.average(z.argmax(axis=1) != columns.argmax(axis=1), weights=weight)


def log_loss(columns, z, weight):
    return np.average(-(columns * log_softmax(z, axis=1)).sum(axis=1), weights=weight)


def area_above(columns, z, weight):
    """1 - AUC of the second of two classes, else of each class against the others, the mean."""
    pairs = (
        zip(columns[:, 1:].T, (z[:, 1:] - z[:, :1]).T)
        if z.shape[1] == 2
        else zip(columns.T, log_softmax(z, axis=1).T)
    )
    areas = [roc_auc_score(y, score, sample_weight=weight) for y, score in pairs if 0 < y.sum() < len(y)]
    return 1.0 - np.mean(areas) if areas else 1.0


CRITERIA = {"accuracy": error_rate, "neg_log_loss": log_loss, "roc_auc": area_above}


@documented
@dataclass(eq=False, repr=False, kw_only=True)
class TabularBackpropClassifier(ClassifierMixin, BaseTabular):
    """A classifier of raw tables: RealMLP's network and recipe, its members validated in turn.

    Text, categories, dates, booleans and missing values need no preparation.

    Parameters
    ----------
    activation : str, Activation or None, default=None
        Of the hidden layers, a name from `skbackprop.activations`. None: 'selu'.

    dropout : float or None, default=None
        The share of nodes that are switched off at first; it falls to 0 from half of the epochs
        on. None: 0 of 'td_s', else 0.15.

    learning_rate_init : float or None, default=None
        The largest learning rate. None: 0.04.

    label_smoothing : float or None, default=None
        e in the smoothed target (1 - e) y + e / n_classes. None: 0.1 if `scoring` is 'accuracy', else 0: it
        spoils probabilities and their order.

    scoring : {'accuracy', 'neg_log_loss', 'roc_auc'}, default='accuracy'
        What the best epoch is best in.

    class_weight : dict, 'balanced' or None, default=None
        The weight of each class in the loss.

    calibration : {'temperature'} or None, default=None
        Whether log odds are divided by the number that makes the log loss of the rows held out, if there are
        any, smallest.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.

    temperature_ : float or None
        What log odds are divided by.

    See Also
    --------
    TabularBackpropRegressor : The same for numbers.
    BackpropClassifier : One network of any layers, for columns of numbers.

    References
    ----------
    D. Holzmüller, L. Grinsztajn, I. Steinwart: Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
    Tabular Data, NeurIPS 2024.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop import TabularBackpropClassifier
    >>> X = pd.DataFrame({"size": [1.0, 2.0, None, 8.0] * 10, "colour": ["red", "red", "blue", None] * 10})
    >>> y = ["small", "small", "large", "large"] * 10
    >>> net = TabularBackpropClassifier(max_iter=20, hidden_layer_sizes=[16], random_state=0).fit(X, y)
    >>> net.predict(pd.DataFrame({"size": [1.5, 7.0], "colour": ["red", "green"]}))
    array(['small', 'large'], dtype='<U5')
    """

    label_smoothing: float | None = None
    scoring: str = "accuracy"
    class_weight: object = None
    calibration: str | None = None

    _parameter_constraints = {
        **BaseTabular._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left"), None],
        "scoring": [StrOptions(set(CRITERIA))],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "calibration": [StrOptions({"temperature"}), None],
    }
    _recipes = FOR_CLASSES

    def _settings(self, **more):
        if self.label_smoothing is None and self.scoring != "accuracy":
            more["label_smoothing"] = 0.0
        return super()._settings(**more)

    def _check_y(self, y):
        y = column_or_1d(read_labels(y), warn=True)
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", estimator=self)
        if type_of_target(y, input_name="y") not in ("binary", "multiclass"):
            raise ValueError(
                f"Unknown label type: {type_of_target(y)}. y must have one class label for each row."
            )
        return y

    def _learn_targets(self, y, weight, settings, classes):
        if classes is not None:
            classes = unique_labels(read_labels(classes))
        targets = classification_targets(y, classes, columns_for_two=2)
        self.classes_ = targets.classes
        return targets, MultinomialLogLoss(settings.label_smoothing)

    def _classes_of_all(self, y):
        return all_labels(y)

    def _strata(self, y):
        return np.unique(y, return_inverse=True)[1]

    def _loss_weight(self, targets, y, weight):
        if self.class_weight is None:
            return weight
        learned = np.ones(len(y)) if weight is None else weight[:, 0]
        of_classes = class_weights(self.class_weight, targets, y, learned)
        weight = of_classes if weight is None else of_classes * weight
        if not weight.any():
            raise ValueError(f"class_weight={self.class_weight!r} leaves no row with a weight above 0.")
        return weight

    def _criterion(self, loss):
        return CRITERIA[self.scoring]

    def _end_fit(self, model, rows, y, held_out, z):
        if self.calibration is None:
            return model
        weight = None if rows.weight is None else rows.weight[held_out]
        columns = rows.columns[held_out]
        found = temperatures(model.targets.blocks, columns, z, weight)
        return replace(model, temperature=float(found[0]))

    @property
    def temperature_(self) -> np.ndarray | float | None:
        """What log odds are divided by."""
        return model_of(self).temperature

    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Go on with one pass over some rows, at a constant learning rate.

        Medians, ranges and levels are those of the rows of the first call, or of `fit`; what is new later is
        unknown to them. The network, and the settings of its training, stay too.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            More rows of the table.

        y : array-like of shape (n_rows,)
            Class labels.

        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, not negative.

        classes : array-like of shape (n_classes,), default=None
            All class labels that may ever come; needed in the first call.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if classes is None and "model_" not in vars(self):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if (
            classes is not None
            and "model_" in vars(self)
            and not np.array_equal(unique_labels(read_labels(classes)), self.classes_)
        ):
            raise ValueError(f"classes={classes!r} is not the same as before: {self.classes_!r}.")
        return self._partial_fit(X, y, sample_weight, classes)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the members' mean probabilities.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table.

        Returns
        -------
        log_p : ndarray of shape (n_rows, n_classes)
            In the order of `classes_`.
        """
        model, z = self._outputs(X)
        z = z.astype(np.float64) / (model.temperature or 1.0)
        return logsumexp(log_softmax(z, axis=-1), axis=0) - np.log(len(z))

    def predict_proba(self, X: Any) -> np.ndarray:
        """The members' mean probabilities.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table.

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
            In the order of `classes_`.
        """
        p = np.exp(self.predict_log_proba(X))
        return p / p.sum(axis=1, keepdims=True)

    def decision_function(self, X: Any) -> np.ndarray:
        """Log odds of the second of two classes, else the logarithm of each class's probability.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table.

        Returns
        -------
        z : ndarray of shape (n_rows,) or (n_rows, n_classes)
            Larger for what is more probable.
        """
        log_p = self.predict_log_proba(X)
        return log_p[:, 1] - log_p[:, 0] if len(self.classes_) == 2 else log_p

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table.

        Returns
        -------
        y : ndarray of shape (n_rows,)
            Class labels.
        """
        most_probable = self.predict_log_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """The share of rows whose class is predicted.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table.

        y : array-like of shape (n_rows,)
            Class labels.

        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows.

        Returns
        -------
        accuracy : float
            From 0 to 1.
        """
        X, y, sample_weight = scored(X, y, sample_weight, read_labels)
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)
