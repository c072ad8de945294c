"""The classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels

from skbackprop.activations import Activation
from skbackprop.compat import StrOptions
from skbackprop.docstrings import documented
from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.building import check_loss, make_classification_loss
from skbackprop.estimators.calibration import temperatures
from skbackprop.estimators.class_weight import class_weights, holds_balanced
from skbackprop.estimators.fitting import NOTHING
from skbackprop.estimators.targets import all_labels, read_labels
from skbackprop.estimators.validation import about, check_n_epochs, check_X_y, validation_arguments
from skbackprop.estimators.weights import scored
from skbackprop.layers import Layer
from skbackprop.losses import CLASSIFICATION_LOSSES, Loss, MultinomialLogLoss
from skbackprop.model import model_of
from skbackprop.names import resolve
from skbackprop.targets import classification_targets


@documented
@dataclass(eq=False, repr=False)
class BackpropClassifier(ClassifierMixin, BaseBackprop):
    """A feed-forward neural network classifier, trained by backpropagation.

    The parameters of `sklearn.neural_network.MLPClassifier` have the same names, order, defaults and
    meaning, and the same `random_state` gives the same model, number for number; their vocabulary is
    larger here. Where scikit-learn is mistaken, the page ``docs/differences.md`` says what differs.

    Parameters
    ----------
    early_stopping : bool, default=False
        Whether training stops when the score of a validation part makes no progress for `n_iter_no_change`
        epochs; the weights of the best epoch are kept. The part is `X_val`, or a split of X as `validation`
        says; the score is that of `scoring`. A random part keeps the shares of the classes if it has room for
        all of them; several labels or outputs are drawn at random.

    scoring : str, callable or None, default=None
        The score of the validation part, a name or a scorer of scikit-learn; None is the accuracy.
        'loss' decides by the validation loss.

    grow : bool, default=False
        Whether `partial_fit`, and `fit` with `warm_start`, accept columns of X and classes that are new. The
        network gets inputs and outputs with weights of 0; all else stays. Columns of a DataFrame are
        matched by name; in prediction those that are not known are left out. The first and the last
        layer must be Dense.

    missing : {'error', 'skip', 'impute'}, default="error"
        What to do with NaN in X. 'skip' leaves such rows out of training
        and counts them in `n_rows_skipped_`; 'impute' puts the training mean in place of NaN and adds an
        indicator column for each feature with NaN in training. The statistics of 'impute' are those of the
        first call. Infinity is always an error.

    predict_missing : {'fill', 'nan'}, default="fill"
        With ``missing="skip"``, what is predicted for rows with NaN: 'fill' takes the mean over the rows
        learned in its place; 'nan' gives NaN (probabilities; `predict` gives classes as with 'fill').

    loss : 'log_loss' or Loss, default="log_loss"
        'log_loss' is the binary log loss for two classes and for several labels, else the multinomial
        one; an object from `skbackprop.losses`, such as ``LogLoss(label_smoothing=0.1)``, sets more.

    class_weight : dict, 'balanced', list or None, default=None
        Weights of the classes in the loss: a dict from class to weight, 1 for classes that are not in it;
        'balanced' is n_samples / (n_classes * number of rows of the class). For several outputs or labels a
        list with an entry for each, and each output is weighted by itself. It multiplies `sample_weight`,
        and does not enter scores and the validation loss.

    calibration : {'temperature'} or None, default=None
        'temperature' divides the net inputs by a number T that makes the log loss on the validation part
        smallest (Guo et al., 2017), for each output or label one, between 0.1 and 100: predicted classes stay
        the same, `predict_proba` becomes honest. It needs a validation part.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.

    temperature_ : ndarray of shape (n_outputs_,) or None
        T of every node of the last layer, with `calibration`.

    See Also
    --------
    BackpropRegressor : The same network for numbers.
    sklearn.neural_network.MLPClassifier : scikit-learn's.

    Notes
    -----
    The gradient is found by backpropagation: delta of an output node is dE/dz from the loss; delta of a
    hidden node is phi'(z_j) sum_k w_jk delta_k, over all nodes k of the next layer; dE/dw_ij = a_i delta_j
    [1]_. Adam is as in [2]_; first weights are drawn as scikit-learn draws them, after [3]_.

    References
    ----------
    .. [1] Rumelhart, Hinton, Williams (1986). Learning representations by back-propagating errors.
    .. [2] Kingma, Ba (2015). Adam: a method for stochastic optimization. arXiv:1412.6980.
    .. [3] Glorot, Bengio (2010). Understanding the difficulty of training deep feedforward networks.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skbackprop import BackpropClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = make_pipeline(StandardScaler(), BackpropClassifier(early_stopping=True, random_state=0))
    >>> bool(model.fit(X_train, y_train).score(X_test, y_test) > 0.9)
    True
    """

    _parameter_constraints = {
        **BaseBackprop._parameter_constraints,
        "loss": [StrOptions(set(CLASSIFICATION_LOSSES)), Loss],
        "class_weight": [dict, StrOptions({"balanced"}), list, None],
        "calibration": [StrOptions({"temperature"}), None],
    }

    hidden_layer_sizes: Sequence[int | Layer] | int | Layer = (100,)
    activation: str | Activation | Sequence[str | Activation] = "relu"
    loss: str | Loss = field(default="log_loss", kw_only=True)
    class_weight: dict | str | list | None = field(default=None, kw_only=True)
    calibration: str | None = field(default=None, kw_only=True)

    def _check_X_y(self, X, y, *, y_finite, **settings):
        return check_X_y(self, X, y, read_labels, **settings)

    def _make_targets(self, y, dtype, classes=None):
        loss = check_loss(resolve(self.loss, CLASSIFICATION_LOSSES, "loss"), for_classes=True)
        with about("y"):
            targets = classification_targets(y, classes, loss.columns_for_two_classes)
        self.classes_ = targets.classes
        return targets, make_classification_loss(loss, targets, self.class_weight), "identity"

    def _known_of_all(self, y, stream):
        return stream if stream.get("classes") is not None else {"classes": all_labels(y)}

    def _grown_targets(self, y, classes=None):
        with about("y"):
            targets, outputs = self.model_.targets.grown(y, classes)
        if targets is self.model_.targets:
            return None
        loss = resolve(self.loss, CLASSIFICATION_LOSSES, "loss")
        self.classes_ = targets.classes
        return targets, outputs, make_classification_loss(loss, targets, self.class_weight)

    def _loss_weight(self, data, order, incremental):
        if self.class_weight is None:
            return data.weight
        if incremental and holds_balanced(self.class_weight):
            raise ValueError(
                f"class_weight={self.class_weight!r} needs all the data, and partial_fit sees a part: give "
                "the weights themselves, for instance those of "
                "sklearn.utils.class_weight.compute_class_weight."
            )
        learned = np.zeros(data.y.shape[0])
        learned[order] = 1.0 if data.weight is None else data.weight[order, 0]
        weight = class_weights(self.class_weight, self.model_.targets, data.y, learned)
        weight = weight if data.weight is None else weight * data.weight
        if not (incremental or weight[order].any()):
            raise ValueError(f"class_weight={self.class_weight!r} leaves no row with a weight above 0.")
        return weight

    def _strata(self, y, n_held_out):
        if len(self.model_.targets.blocks) > 1:
            return None
        _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        room = min(n_held_out, len(codes) - n_held_out)
        return codes if len(counts) > 1 and counts.min() > 1 and len(counts) <= room else None

    def _score_net_input(self, z, y, sample_weight):
        return _accuracy(y, self.model_.targets.decode(z), sample_weight)

    def _end_fit(self, monitor):
        if self.calibration is None:
            return
        rows, model = monitor.held_out, self.model_
        found = temperatures(model.targets.blocks, rows.columns, monitor.net_input(), rows.weight)
        self.model_ = replace(model, temperature=found.astype(model.dtype))

    @property
    def temperature_(self) -> np.ndarray | float | None:
        """T of every node of the last layer, with `calibration`."""
        return model_of(self).temperature

    def _forget_validation(self):
        self.model_ = replace(self.model_, temperature=None)

    def _check_monitor(self, monitor):
        if self.calibration is not None and monitor is None:
            raise ValueError(
                f"calibration={self.calibration!r} needs a validation part in every call: validation=..., "
                "X_val and y_val, or early_stopping=True with another solver than 'lbfgs'."
            )

    @available_if(lambda self: self._check_solver())
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        classes: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
        n_epochs: int = 1,
    ) -> Self:
        """Continue with some epochs over the given rows.

        The optimizer's state, the learning rate and the random sequence continue from call to call. With
        `early_stopping` the rows are scored before they are learned, or `X_val` is after every epoch; when
        `n_iter_no_change` is used up, `stopped_` is True and nothing is learned any more.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, each in `classes`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative.

        classes : array-like of shape (n_classes,), default=None
            All class labels that may ever come; needed in the first call only.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation part, measured after every epoch; with `early_stopping` the weights of its best epoch
            so far, over all calls with the same part, are those that predict.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its target.

        sample_weight_val : array-like of shape (n_val,), default=None
            The weights of its rows.

        n_epochs : int, default=1
            Number of passes over the rows.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._fit(
            X,
            y,
            sample_weight,
            incremental=True,
            validation=validation_arguments(X_val, y_val, sample_weight_val),
            n_epochs=check_n_epochs(n_epochs),
            classes=self._known_classes(classes),
        )

    def _known_classes(self, classes):
        """All class labels, or a list of those of each output; None where they are known already."""
        fitted = "model_" in vars(self)
        if classes is None:
            given, _ = vars(self).get("_before_first", NOTHING)
            if not fitted and given.get("classes") is not None:
                return given["classes"]
            if not (fitted or self.grow):
                raise ValueError("classes must be passed on the first call to partial_fit.")
            return None
        several = isinstance(classes, list | tuple) and len(classes) and np.ndim(classes[0]) == 1
        with about("classes"), np.errstate(invalid="ignore"):  # of NaN
            given = [_known(of_one) for of_one in classes] if several else _known(classes)
            if not all(map(len, given if several else [given])):
                raise ValueError("at least one class is needed.")
        if fitted and not self.grow and not _same_classes(given, self.classes_):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}"
            )
        return given

    def predict(self, X: Any) -> np.ndarray:
        """Class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable class of each row, or the indicators of labels more probable than not.
        """
        inputs = self._inputs(self._checked(X))
        return self.model_.targets.decode(self.model_.outputs(inputs))

    def decision_function(self, X: Any) -> np.ndarray:
        """The net input of the last layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        Returns
        -------
        z : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log odds of the second one, else a column for each class or label.
        """
        z = self._outputs(X)
        return self.model_.targets.decision(z)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        self._check_has_learned()
        return self.model_.targets.proba(self._outputs(X, self.model_.finish))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of probabilities, from the net input: never -inf from rounding.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        z = self._outputs(X)
        z = z if self.temperature_ is None else z / self.temperature_
        return self.model_.targets.log_proba(z)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """The share of rows that are right: with several outputs or labels, in all of them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            The accuracy.
        """
        X, y, sample_weight = scored(X, y, sample_weight, read_labels)
        predicted = self.predict(X)
        with about("y, sample_weight"), np.errstate(invalid="ignore"):  # of NaN
            return _accuracy(y, predicted, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = not isinstance(self.loss, MultinomialLogLoss)
        tags.target_tags.multi_output = True
        return tags


def _accuracy(y, predicted, sample_weight):
    if predicted.ndim == 1 or issparse(y):
        return accuracy_score(y, predicted, sample_weight=sample_weight)
    right = (np.asarray(y) == predicted).all(axis=1)
    return accuracy_score(np.ones(len(right)), right, sample_weight=sample_weight)


def _known(classes):
    return unique_labels(read_labels(classes))


def _same_classes(given, known):
    if isinstance(known, list) != isinstance(given, list):
        return False
    if not isinstance(known, list):
        return np.array_equal(given, known)
    return len(given) == len(known) and all(np.array_equal(*pair) for pair in zip(given, known))
