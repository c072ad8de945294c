"""The classifier."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call

from skbackprop.activations import Activation
from skbackprop.estimators.base import BaseBackprop, net_input
from skbackprop.estimators.building import check_loss
from skbackprop.estimators.validation import check_X_y
from skbackprop.layers import Layer
from skbackprop.losses import CLASSIFICATION_LOSSES, Loss
from skbackprop.names import resolve
from skbackprop.targets import as_column_or_matrix, classification_targets


@dataclass(eq=False, repr=False)
class BackpropClassifier(ClassifierMixin, BaseBackprop):
    """A feed-forward neural network classifier, trained by backpropagation.

    The parameters of `sklearn.neural_network.MLPClassifier` have the same names, order, defaults and
    meaning, and the same `random_state` gives the same model, number for number; their vocabulary is
    larger here. Where scikit-learn is mistaken, the page ``docs/differences.md`` says what differs.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int or Layer, int or Layer, default=(100,)
        The hidden layers in order: a number stands for a dense layer of so many nodes, an object from
        `skbackprop.layers` for itself, as in ``[Dense(64), Dropout(0.2), 32]``.

    activation : str, Activation or list of them, default="relu"
        phi of the hidden layers given as numbers, one for all or one for each: 'identity', 'logistic',
        'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', 'silu', 'gelu', 'mish', or an object from
        `skbackprop.activations`.

    solver : {'lbfgs', 'sgd', 'adam'} or Optimizer, default="adam"
        'lbfgs' is SciPy's L-BFGS-B on all rows at once; 'sgd' and 'adam' take the parameters below; an
        object from `skbackprop.optimizers` brings its own, which a grid search reaches as
        ``solver__learning_rate``.

    alpha : float, default=0.0001
        Strength of the L2 penalty: alpha / (2 * sum of the batch's sample weights) * the sum of the
        squared weights (not biases) is added to the loss.

    batch_size : int or 'auto', default="auto"
        Rows in a mini-batch; 'auto' is min(200, n_samples). Not used by 'lbfgs'.

    learning_rate : {'constant', 'invscaling', 'adaptive'} or callable, default="constant"
        How the learning rate moves. The names are for SGD, as in scikit-learn: 'invscaling'
        divides the initial rate by (t + 1)^power_t at every epoch's end, t the samples seen; 'adaptive'
        divides it by 5 whenever `n_iter_no_change` epochs brought no progress. A callable from
        `skbackprop.schedules`, or your own, works with every solver but 'lbfgs': it takes the share of
        `max_iter` epochs that is over, 0 to 1, and returns a factor of the initial rate. Every call of
        `fit` starts at 0; in a stream the calls of `partial_fit` are the epochs.

    learning_rate_init : float, default=0.001
        The initial learning rate of 'sgd' and 'adam'.

    power_t : float, default=0.5
        The exponent of 'invscaling'.

    max_iter : int, default=200
        The largest number of epochs, or of iterations of 'lbfgs', in one call of `fit`.

    shuffle : bool, default=True
        Whether the rows are shuffled before every epoch.

    random_state : int, RandomState instance or None, default=None
        Draws the first weights, the validation part, the order of rows, and dropout. After an int, calls
        of `partial_fit`, and of `fit` with `warm_start`, continue the sequence.

    tol : float, default=1e-4
        An epoch counts as progress if the loss falls, or the validation score rises, by at least `tol`.
        For 'lbfgs' the bound on the gradient.

    verbose : bool, default=False
        Whether the loss is printed after every epoch.

    warm_start : bool, default=False
        Whether `fit` continues the fitted network, with the optimizer's state and the random sequence.

    momentum : float, default=0.9
        Of solver='sgd', in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether 'sgd' looks ahead (Nesterov).

    early_stopping : bool, default=False
        Whether a part of the rows is held out, and training stops when the accuracy on it makes no progress
        for `n_iter_no_change` epochs; the weights of the best epoch are kept. The part keeps the shares of
        the classes if it has room for all of them; several labels are drawn at random.

    validation_fraction : float, default=0.1
        The share of rows held out with `early_stopping`.

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the moments of 'adam', in [0, 1).

    epsilon : float, default=1e-8
        Added to the root of the second moment of 'adam'.

    n_iter_no_change : int, default=10
        So many epochs without progress are allowed.

    max_fun : int, default=15000
        The largest number of evaluations of 'lbfgs'.

    loss : 'log_loss' or Loss, default="log_loss"
        'log_loss' is the binary log loss for two classes and for several labels, else the multinomial
        one; an object from `skbackprop.losses`, such as ``LogLoss(label_smoothing=0.1)``, sets more.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.

    loss_ : float
        The loss of the last epoch: the mean over its batches, each before its step, with the penalty.

    best_loss_ : float or None
        The smallest value of `loss_curve_`; None with `early_stopping`.

    loss_curve_ : list of float
        `loss_` of every epoch since the network was made, or the loss of every iteration of 'lbfgs'.

    validation_scores_ : list of float or None
        The validation score of every epoch, with `early_stopping`.

    best_validation_score_ : float or None
        The largest of `validation_scores_`.

    t_ : int
        The number of samples that the solver has seen.

    coefs_ : list of ndarray of shape (n_inputs, n_units)
        The weights of every dense layer: views, not copies.

    intercepts_ : list of ndarray of shape (n_units,)
        The biases of every dense layer: views, not copies.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    n_iter_ : int
        Number of epochs, or of iterations of 'lbfgs', of the last call.

    n_layers_ : int
        Number of dense layers, the output among them, plus 1 for the input.

    n_outputs_ : int
        Number of nodes of the last layer.

    out_activation_ : str
        The activation from the last net input to the prediction.

    network_ : Network
        The network itself: layers, `theta`, and named views of it.

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
    }

    hidden_layer_sizes: Sequence[int | Layer] | int | Layer = (100,)
    activation: str | Activation | Sequence[str | Activation] = "relu"
    loss: str | Loss = field(default="log_loss", kw_only=True)

    def _validate(self, X, y, reset, dtype, **stream):
        if stream:
            _check_partial_fit_first_call(self, **stream)
        X, y = check_X_y(self, X, y, reset=reset, dtype=dtype)
        y = as_column_or_matrix(y)
        if not reset:
            return X, y, self._targets
        loss = resolve(self.loss, CLASSIFICATION_LOSSES, "loss")
        known = self.classes_ if stream else None
        targets = classification_targets(y, known, loss.columns_for_two_classes)
        self.classes_ = targets.classes
        return X, y, targets

    def _make_loss(self, targets):
        loss = check_loss(resolve(self.loss, CLASSIFICATION_LOSSES, "loss"), for_classes=True)
        return loss.for_columns(targets.exclusive), "identity"

    def _strata(self, columns, n_held_out):
        if columns.shape[1] > 1 and not self._targets.exclusive:
            return None
        codes = columns.argmax(axis=1) if columns.shape[1] > 1 else columns[:, 0].astype(int)
        counts = np.bincount(codes)
        counts = counts[counts > 0]
        room = min(n_held_out, len(codes) - n_held_out)
        return codes if counts.min() > 1 and len(counts) <= room else None

    def _score_rows(self, X, y, sample_weight):
        z = self._outputs(X, net_input)
        if not np.isfinite(z).all():
            return np.nan
        return accuracy_score(y, self._targets.decode(z), sample_weight=sample_weight)

    def fit(self, X, y, sample_weight=None):
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input; float32 stays float32.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels (numbers, strings, booleans), or an indicator matrix of several labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For input or parameters that are not valid, and if training diverges; the estimator then
            keeps the last finite weights.
        """
        return self._fit(X, y, sample_weight)

    @available_if(lambda self: self._check_solver())
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Continue with one epoch over the given rows.

        The optimizer's state, the learning rate and the random sequence go on from call to call.

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

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def predict(self, X):
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
        z = self._checked_outputs(X, net_input)
        return self._targets.decode(z)

    def decision_function(self, X):
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
        z = self._checked_outputs(X, net_input)
        return self._targets.decision(z)

    def predict_proba(self, X):
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
        p = self._checked_outputs(X, self._finish)
        return self._targets.proba(p)

    def predict_log_proba(self, X):
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
        z = self._checked_outputs(X, net_input)
        return self._targets.log_proba(z)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
