"""The regressor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from numbers import Real

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.compat import Interval, StrOptions, with_callbacks
from skbackprop.estimators.acting import check_quantile
from skbackprop.estimators.base import BaseBackprop
from skbackprop.estimators.building import make_regression_loss, widths_of_targets
from skbackprop.estimators.intervals import (
    check_coverage,
    conformal_margin,
    interval_columns,
    sorted_residuals,
)
from skbackprop.estimators.quantiles import quantiles_of_targets, regression_score
from skbackprop.estimators.targets import read_numbers
from skbackprop.estimators.validation import (
    about,
    check_n_epochs,
    check_range,
    check_X_y,
    validation_arguments,
)
from skbackprop.estimators.weights import scored
from skbackprop.layers import Layer
from skbackprop.losses import REGRESSION_LOSSES, Loss
from skbackprop.targets import RegressionTargets


@dataclass(eq=False, repr=False)
class BackpropRegressor(RegressorMixin, BaseBackprop):
    """A feed-forward neural network regressor, trained by backpropagation.

    The parameters of `sklearn.neural_network.MLPRegressor` have the same names, order, defaults and
    meaning, and the same `random_state` gives the same model, number for number; their vocabulary is
    larger here. Where scikit-learn is mistaken, the page ``docs/differences.md`` says what differs.

    Parameters
    ----------
    loss : str, Loss or list of them, default="squared_error"
        'squared_error' (halved), 'absolute_error', 'huber', 'log_cosh', 'quantile' (see `quantile`),
        'poisson' (half the deviance, y >= 0) or 'gamma' (half the deviance, y > 0), these two with the
        exponential as output activation; 'cross_entropy', for shares that sum to 1 in each row of y, with
        softmax as output activation; or an object from `skbackprop.losses`, such as ``Huber(0.5)``.
        Over several outputs the loss is summed; a list has one loss for each output.

    hidden_layer_sizes : array-like of int or Layer, int or Layer, default=(100,)
        The hidden layers in order: a number stands for a dense layer of so many nodes, an object from
        `skbackprop.layers` for itself, as in ``[Dense(64), Dropout(0.2), 32]``.

    activation : str, Activation or list of them, default="relu"
        phi of the hidden layers given as numbers, one for all or one for each: 'identity', 'logistic',
        'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', 'silu', 'gelu', 'mish', 'softmax', or an
        object from `skbackprop.activations`.

    solver : str or Optimizer, default="adam"
        'lbfgs' is SciPy's L-BFGS-B on all rows at once; 'sgd' and 'adam' take the parameters below, 'adamw'
        and 'nadam' those of 'adam', 'rmsprop', 'lion' and 'muon' `learning_rate_init` only; an object from
        `skbackprop.optimizers` brings its own, which a grid search reaches as ``solver__learning_rate``.

    alpha : float, default=0.0001
        Strength of the L2 penalty: alpha / (2 * sum of the batch's sample weights) * the sum of the
        squared weights (not biases) is added to the loss.

    batch_size : int or 'auto', default="auto"
        Rows in a mini-batch; 'auto' is min(200, n_samples). Not used by 'lbfgs'.

    learning_rate : str or callable, default="constant"
        How the learning rate moves. For every solver but 'lbfgs': 'constant', 'step', 'exponential',
        'cosine', 'cosine_restarts', 'one_cycle', 'warm_up', 'inverse', 'plateau', the schedules of
        `skbackprop.schedules` with their defaults; or a callable, one of these or your own: it takes the
        share of `max_iter` epochs that is over, 0 to 1, and returns a factor of the initial rate. Every call
        of `fit` starts at 0; in a stream the calls of `partial_fit` are the epochs. For SGD only, as in
        scikit-learn: 'invscaling' divides the initial rate by (t + 1)^power_t at every epoch's end, t the
        samples seen; 'adaptive' divides it by 5 whenever `n_iter_no_change` epochs brought no progress.

    learning_rate_init : float, default=0.001
        The initial learning rate of the solvers given by name.

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
        Whether training stops when the score of a validation part makes no progress for `n_iter_no_change`
        epochs; the weights of the best epoch are kept. The part is `X_val`, or a split of X as `validation`
        says; the score is that of `scoring`.

    validation_fraction : float, default=0.1
        The share of rows held out with `early_stopping`, where nothing else says which.

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the moments of 'adam', in [0, 1).

    epsilon : float, default=1e-8
        Added to the root of the second moment of 'adam'.

    n_iter_no_change : int, default=10
        So many epochs without progress are allowed.

    max_fun : int, default=15000
        The largest number of evaluations of 'lbfgs'.

    output_layer : Dense, default=None
        The settings of the last layer, such as ``Dense(1, learning_rate=0.1, max_norm=3.0)``: its number of
        nodes and its activation are set by the estimator.

    validation : int, cross-validation splitter or iterable, default=None
        Which rows `fit` holds out. None: a random part of `validation_fraction`, with `early_stopping`. Else
        as `cv` in scikit-learn, of which the last split is taken: ``TimeSeriesSplit()`` holds out the last
        rows, ``GroupShuffleSplit()`` whole `groups`. Curves are then kept without `early_stopping` too.

    scoring : str, callable or None, default=None
        The score of the validation part, a name or a scorer of scikit-learn; None is R^2, and for several
        quantiles D^2 of their pinball losses. 'loss' decides by the validation loss.

    best_epoch : {'first', 'last'}, default="first"
        Which of several epochs with the same best score gives the weights, with `early_stopping`.

    grow : bool, default=False
        Whether `partial_fit`, and `fit` with `warm_start`, accept columns of X that are new. The
        network gets inputs with weights of 0; all else stays. Columns of a DataFrame are
        matched by name; in prediction those that are not known are left out. The first layer must be
        Dense.

    schedule_epochs : int or None, default=None
        Number of epochs over which a schedule of `learning_rate`, and `average='swa'`, run. They go on from
        call to call with `warm_start`, so that several fits are one long one. None: `max_iter`, from the
        start in every `fit`.

    checkpoint : str, PathLike or None, default=None
        A file that the state of training is written to; it takes the place of the one before in one step.
        `skbackprop.load` reads it. A file that cannot be written is a warning. Not with 'lbfgs'.

    checkpoint_epochs : int or None, default=10
        Written after every so many epochs (or calls of `partial_fit`), and when training is over.

    checkpoint_seconds : float or None, default=None
        Written after the first epoch that ends so many seconds after the last time.

    resume : bool, default=False
        Whether `fit` continues from `checkpoint`, if the file exists, to the same weights as a fit without
        interruption. Data and settings must be the same, except `max_iter` and `max_time`.

    max_time : float, default=None
        The largest number of seconds in one call of `fit`: training ends after the step in which they pass.

    engine : {'auto', 'numpy', 'replay'}, default='auto'
        What does the training steps: NumPy, call by call, or a compiled interpreter that replays a recorded
        step, with the same numbers, several times as fast on small networks; it needs numba
        (``skbackprop[fast]``). 'auto' replays where numba is installed and there are enough steps to be
        worth its start. What cannot be recorded is done by NumPy: see `engine_`.

    clip_norm : float, default=None
        The largest norm of the gradient: a longer one is shortened.

    clip_value : float, default=None
        The largest absolute value of an entry of the gradient; applied before `clip_norm`.

    average : {'ema', 'swa'}, ExponentialAverage, StochasticAverage or None, default=None
        Predict with an average of the weights: over the steps with exponential decay, or over the ends of
        the last epochs; from `skbackprop.averaging`. Not for 'lbfgs'.

    missing : {'error', 'skip', 'impute'}, default="error"
        What to do with NaN in X, and with 'skip' in y. 'skip' leaves such rows out of training
        and counts them in `n_rows_skipped_`; 'impute' puts the training mean in place of NaN and adds an
        indicator column for each feature with NaN in training. The statistics of 'impute' are those of the
        first call. Infinity is always an error.

    predict_missing : {'fill', 'nan'}, default="fill"
        With ``missing="skip"``, what is predicted for rows with NaN: 'fill' takes the mean over the rows
        learned in its place; 'nan' gives NaN.

    transform_layer : int, default=-1
        The hidden layer whose output `transform` gives, counted as in a list; dropout and normalisation
        layers count.

    output_activation : str or Activation, default=None
        From the last net input to the prediction, for targets with bounds: 'logistic' for (0, 1),
        'softplus' for positive ones, 'softmax' for shares that sum to 1, and so on. By default the one that
        belongs to the loss.

    output_range : (low, high) or array-like of shape (n_outputs, 2), default=None
        Predictions lie in this range: the network learns (y - low) / (high - low) with a logistic last
        activation. y must lie in it.

    quantile : float or list of float, default=0.5
        For ``loss="quantile"``: one quantile, or several, strictly increasing, which then cannot cross.

    target_scaling : {'standard'} or None, default=None
        'standard': the network learns (y - mean) / standard deviation of each output; predictions are in
        the units of y, losses (and Huber's delta) in units of the standard deviation. The statistics are
        those of the first call. Not for 'poisson' and 'gamma'.

    clamp : bool, default=False
        Whether predictions are clamped to the range of the targets that were learned.

    Attributes
    ----------
    loss_ : float
        The loss of the last epoch: the mean over its batches, each before its step, with the penalty.

    best_loss_ : float or None
        The smallest value of `loss_curve_`; None with `early_stopping`.

    loss_curve_ : list of float
        `loss_` of every epoch since the network was made, or the loss of every iteration of 'lbfgs'.

    validation_scores_ : list of float or None
        The validation score of every epoch, with `early_stopping`.

    validation_loss_curve_ : list of float or None
        The loss of the validation part after every epoch, without the penalty, where there is such a part.

    training_scores_ : list of float or None
        The score, after every epoch, of as many of the training rows as there are validation rows.

    stopped_ : bool
        Whether validation scores have used up `n_iter_no_change`: `partial_fit` learns no longer, until the
        validation part or `early_stopping` changes.

    engine_ : str
        What did the last training steps: 'numpy' or 'replay'.

    engine_refusal_ : str or None
        Why steps could not be replayed, where that was tried.

    n_rows_skipped_ : int
        Rows left out of training because of NaN, with ``missing="skip"``.

    best_validation_score_ : float or None
        The largest of `validation_scores_`.

    validation_residuals_ : ndarray of shape (n_val,) or (n_val, n_outputs), or None
        The sorted absolute residuals on the validation part, from which `predict_interval` is made; with
        weights, n_val quantiles of them.

    t_ : int
        The number of samples that the solver has seen.

    coefs_ : list of ndarray of shape (n_inputs, n_units)
        W of every dense layer, in net input = x W + b. They are views, not copies, and can be set, each
        or all at once; those of `NTKDense`, which keeps its weights in another unit, can only be set.

    intercepts_ : list of ndarray of shape (n_units,)
        b of every dense layer: views, not copies, which can be set too.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    n_iter_ : int
        Number of epochs, or of iterations of 'lbfgs', of the last call.

    stop_reason_ : str
        Why the last `fit` stopped, and which epoch's weights were kept, in one line.

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
    BackpropClassifier : The same network for classes.
    sklearn.neural_network.MLPRegressor : scikit-learn's.

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
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skbackprop import BackpropRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> net = BackpropRegressor(early_stopping=True, learning_rate_init=0.01, random_state=0)
    >>> model = make_pipeline(StandardScaler(), net).fit(X_train, y_train)
    >>> bool(model.score(X_test, y_test) > 0.25)
    True
    """

    _parameter_constraints = {
        **BaseBackprop._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss, list, tuple],
        "output_activation": [StrOptions(set(ACTIVATIONS)), Activation, None],
        "output_range": ["array-like", None],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "target_scaling": [StrOptions({"standard"}), None],
        "clamp": ["boolean"],
    }

    loss: str | Loss | Sequence[str | Loss] = "squared_error"
    hidden_layer_sizes: Sequence[int | Layer] | int | Layer = (100,)
    activation: str | Activation | Sequence[str | Activation] = "relu"
    output_activation: str | Activation | None = field(default=None, kw_only=True)
    output_range: Sequence[float] | None = field(default=None, kw_only=True)
    quantile: float | Sequence[float] = field(default=0.5, kw_only=True)
    target_scaling: str | None = field(default=None, kw_only=True)
    clamp: bool = field(default=False, kw_only=True)

    _weighs_outputs = True

    def _check_X_y(self, X, y, **settings):
        read = partial(read_numbers, allow_missing=settings.get("y_finite", True) is not True)
        X, y = check_X_y(self, X, y, read, **settings)
        if y.dtype.kind not in "biuf":
            raise ValueError(f"y must hold numbers, got dtype {y.dtype}.")
        return X, y

    def _make_targets(self, y, dtype):
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        check_quantile(self)
        loss = make_regression_loss(self.loss, self.quantile, n_targets)
        widths = widths_of_targets(loss, n_targets)
        shift, scale, output_activation = self._output_form(y, loss, dtype)
        return RegressionTargets(widths, shift, scale), loss, output_activation

    def _output_form(self, y, loss, dtype):
        """Shift and scale of the targets where they are given, and the activation of the last layer."""
        given = {
            name: getattr(self, name)
            for name in ("output_activation", "output_range", "target_scaling")
            if getattr(self, name) is not None
        }
        if not given:
            return None, None, "identity"
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other, got {given}.")
        ((name, value),) = given.items()
        fits = loss.shiftable if name == "target_scaling" else loss.out_activation == "identity"
        if not fits:
            raise ValueError(
                f"{name}={value!r} cannot go with loss={self.loss!r}, whose output has its own form, "
                f"{loss.out_activation!r}: leave {name}=None."
            )
        if name == "output_activation":
            return None, None, value
        if name == "output_range":
            low, high = check_range(value, y, dtype)
            return low, high - low, "logistic"
        return None, None, "identity"

    def _check_targets(self, y):
        self._training.objective.loss.check_targets(y)

    def _learn_targets(self, data, order, first_pass):
        is_scaled = first_pass and self.target_scaling is not None
        if not (is_scaled or self.clamp or self.output_range is not None):
            return
        rows = slice(None) if order is None else order
        y, weight = data.y[rows], None if data.weight is None else data.weight[rows]
        if self.output_range is not None:
            check_range(self.output_range, y, data.X.dtype)
        if is_scaled:
            self._targets = self._targets.standardized_by(y, weight)
        if self.clamp:
            self._targets = self._targets.clamped_to(y)

    def _forget_validation(self):
        self.validation_residuals_ = None

    def _score_net_input(self, z, y, sample_weight):
        output = np.empty_like(z)
        self._finish(z, output)
        prediction = self._targets.decode(output)
        if not np.isfinite(prediction).all() or len(prediction) < 2:  # R^2 needs two rows
            return np.nan
        return self._score(y, prediction, sample_weight)

    def _score(self, y, prediction, sample_weight):
        return regression_score(y, prediction, self._quantiles_of_targets(), sample_weight)

    def _quantiles_of_targets(self):
        return quantiles_of_targets(self._training.objective.loss, self._targets.n_targets)

    def _end_fit(self, monitor):
        if monitor is not None and set(self._targets.widths) == {1}:
            rows = monitor.held_out
            prediction = self._targets.decode(self._outputs(rows.inputs, self._finish))
            self.validation_residuals_ = sorted_residuals(np.abs(prediction - rows.y), rows.weight)

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None, groups=None):
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input; float32 stays float32.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Weights of the rows, not negative, or of each output of each row: 0 where a target is not known.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation part: its loss and score are kept for every epoch, and decide with
            `early_stopping`. No other rows are held out then. In a Pipeline, name it in
            `transform_input` and ask for it with `set_fit_request`.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its target.

        sample_weight_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            The weights of its rows, or of each output of them.

        groups : array-like of shape (n_samples,), default=None
            For a splitter in `validation` that keeps groups together.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For input or parameters that are not valid, and if training diverges. An estimator that was
            fitted before is then as it was; with `warm_start`, as after the last whole epoch.
        """
        validation = validation_arguments(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation=validation, groups=groups)

    @available_if(lambda self: self._check_solver())
    def partial_fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        n_epochs=1,
    ):
        """Continue with some epochs over the given rows.

        The optimizer's state, the learning rate and the random sequence go on from call to call. With
        `early_stopping` the rows are scored before they are learned, or `X_val` is after every epoch; when
        `n_iter_no_change` is used up, `stopped_` is True and nothing is learned any more.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Weights of the rows, not negative, or of each output of each row: 0 where a target is not known.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation part, measured after every epoch; with `early_stopping` the weights of its best epoch
            so far, over all calls with the same part, are those that predict.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its target.

        sample_weight_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            The weights of its rows, or of each output of them.

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
        )

    def predict(self, X):
        """Predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of the target. With several quantiles a last axis has a column for each:
            (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles).
        """
        output = self._checked_outputs(X, self._finish)
        return self._targets.decode(output)

    def predict_interval(self, X, coverage=0.9):
        """Intervals that hold the target with probability `coverage`.

        With ``loss="quantile"`` and a list that has the quantiles (1 - coverage) / 2 and
        (1 + coverage) / 2, these two. Else the prediction plus and minus the residual that covers that
        share of the validation part, with the correction for its size: split conformal prediction [1]_.
        It holds for rows drawn as those of the validation part; where that part also stopped training
        early, it is slightly optimistic.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        coverage : float, default=0.9
            In (0, 1).

        Returns
        -------
        interval : ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper bound.

        Raises
        ------
        ValueError
            Without these quantiles and without a validation part, or if that part is too small for
            `coverage`.

        References
        ----------
        .. [1] Lei, G'Sell, Rinaldo, Tibshirani, Wasserman (2018). Distribution-free predictive inference
           for regression. JASA 113.
        """
        prediction = self.predict(X)
        check_coverage(coverage)
        quantiles = self._quantiles_of_targets()
        if any(quantiles):
            if len(set(quantiles)) > 1:
                raise ValueError("predict_interval needs the same quantiles for every column of y.")
            return prediction[..., interval_columns(quantiles[0], coverage)]
        margin = conformal_margin(self.validation_residuals_, coverage)
        interval = np.stack([prediction - margin, prediction + margin], axis=-1)
        return self._targets.within_bounds(interval)

    def score(self, X, y, sample_weight=None):
        """R^2 of the prediction; with several quantiles the mean of their D^2 pinball scores.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Weights of the rows, or of each output of each row.

        Returns
        -------
        score : float
            1 is perfect; 0 is as good as the best constant.
        """
        X, y, sample_weight = scored(X, y, sample_weight, read_numbers, of_outputs=True)
        predicted = self.predict(X)
        finite = np.isfinite(predicted).reshape(len(predicted), -1).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"The predictions for {(~finite).sum()} row(s) of X are not finite: these rows hold NaN, or "
                "values that are too large."
            )
        with (
            about("y, sample_weight"),
            np.errstate(over="ignore", invalid="ignore"),
        ):  # squares of huge residuals
            return self._score(y, predicted, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = _needs_positive(self.loss)
        return tags


def _needs_positive(loss):
    """Whether a loss, a name, or one of a list of them is for positive targets only."""
    if isinstance(loss, list | tuple):
        return any(map(_needs_positive, loss))
    loss = REGRESSION_LOSSES.get(loss) if isinstance(loss, str) else loss
    return not getattr(loss, "shiftable", True)
