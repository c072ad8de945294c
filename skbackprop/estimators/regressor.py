"""The regressor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.compat import Interval, StrOptions
from skbackprop.docstrings import documented
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


@documented
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

    early_stopping : bool, default=False
        Whether training stops when the score of a validation part makes no progress for `n_iter_no_change`
        epochs; the weights of the best epoch are kept. The part is `X_val`, or a split of X as `validation`
        says; the score is that of `scoring`.

    scoring : str, callable or None, default=None
        The score of the validation part, a name or a scorer of scikit-learn; None is R^2, and for several
        quantiles D^2 of their pinball losses. 'loss' decides by the validation loss.

    grow : bool, default=False
        Whether `partial_fit`, and `fit` with `warm_start`, accept columns of X that are new. The
        network gets inputs with weights of 0; all else stays. Columns of a DataFrame are
        matched by name; in prediction those that are not known are left out. The first layer must be
        Dense.

    missing : {'error', 'skip', 'impute'}, default="error"
        What to do with NaN in X, and with 'skip' in y. 'skip' leaves such rows out of training
        and counts them in `n_rows_skipped_`; 'impute' puts the training mean in place of NaN and adds an
        indicator column for each feature with NaN in training. The statistics of 'impute' are those of the
        first call. Infinity is always an error.

    predict_missing : {'fill', 'nan'}, default="fill"
        With ``missing="skip"``, what is predicted for rows with NaN: 'fill' takes the mean over the rows
        learned in its place; 'nan' gives NaN.

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
    validation_residuals_ : ndarray of shape (n_val,) or (n_val, n_outputs), or None
        The sorted absolute residuals on the validation part, from which `predict_interval` is made; with
        weights, n_val quantiles of them.

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
            raise ValueError(
                f"y must hold numbers, got dtype {y.dtype}: BackpropClassifier learns class labels."
            )
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
        self.model_.loss.check_targets(y)

    def _learn_targets(self, data, order, first_pass):
        is_scaled = first_pass and self.target_scaling is not None
        if not (is_scaled or self.clamp or self.output_range is not None):
            return
        targets, rows = self.model_.targets, slice(None) if order is None else order
        y, weight = data.y[rows], None if data.weight is None else data.weight[rows]
        if self.output_range is not None:
            check_range(self.output_range, y, data.X.dtype)
        if is_scaled:
            targets = targets.standardized_by(y, weight)
        if self.clamp:
            targets = targets.clamped_to(y)
        self.model_ = replace(self.model_, targets=targets)

    def _forget_validation(self):
        self.validation_residuals_ = None

    def _score_net_input(self, z, y, sample_weight):
        output = np.empty_like(z)
        self.model_.finish(z, output)
        prediction = self.model_.targets.decode(output)
        if not np.isfinite(prediction).all() or len(prediction) < 2:  # R^2 needs two rows
            return np.nan
        return self._score(y, prediction, sample_weight)

    def _score(self, y, prediction, sample_weight):
        return regression_score(y, prediction, self._quantiles_of_targets(), sample_weight)

    def _quantiles_of_targets(self):
        return quantiles_of_targets(self.model_.loss, self.model_.targets.n_targets)

    def _end_fit(self, monitor):
        model = self.model_
        if monitor is not None and set(model.targets.widths) == {1}:
            rows = monitor.held_out
            prediction = model.targets.decode(model.outputs(rows.inputs, model.finish))
            self.validation_residuals_ = sorted_residuals(np.abs(prediction - rows.y), rows.weight)

    @available_if(lambda self: self._check_solver())
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
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

    def predict(self, X: Any) -> np.ndarray:
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
        self._check_has_learned()
        return self.model_.targets.decode(self._outputs(X, self.model_.finish))

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
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
        return self.model_.targets.within_bounds(interval)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
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
