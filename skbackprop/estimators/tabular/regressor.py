"""TabularBackpropRegressor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils import check_array

from skbackprop.compat import Interval, StrOptions
from skbackprop.docstrings import documented
from skbackprop.estimators.acting import check_quantile
from skbackprop.estimators.building import make_regression_loss, widths_of_targets
from skbackprop.estimators.intervals import (
    check_coverage,
    conformal_margin,
    interval_columns,
    sorted_residuals,
)
from skbackprop.estimators.quantiles import quantiles_of_targets, regression_score
from skbackprop.estimators.tabular.base import BaseTabular
from skbackprop.estimators.tabular.recipes import FOR_NUMBERS
from skbackprop.estimators.targets import read_numbers
from skbackprop.estimators.validation import as_column_or_matrix
from skbackprop.estimators.weights import scored
from skbackprop.losses import Loss
from skbackprop.targets import RegressionTargets

LOSSES = {"squared_error", "absolute_error", "huber", "log_cosh", "quantile"}


@documented
@dataclass(eq=False, repr=False, kw_only=True)
class TabularBackpropRegressor(RegressorMixin, BaseTabular):
    """A regressor of raw tables: RealMLP's network and recipe, its members validated in turn.

    Text, categories, dates, booleans and missing values need no preparation, nor does the target.

    Parameters
    ----------
    activation : str, Activation or None, default=None
        Of the hidden layers, a name from `skbackprop.activations`. None: 'mish'.

    dropout : float or None, default=None
        The share of nodes that are switched off at first; it falls to 0 from half of the epochs
        on. None: 0.15 of 'td', else 0.

    learning_rate_init : float or None, default=None
        The largest learning rate. None: 0.07 of 'td_s', else 0.2.

    loss : str or Loss, default='squared_error'
        Of the target, standardised: 'squared_error', 'absolute_error', 'huber', 'log_cosh', 'quantile'.

    quantile : float or list of float, default=0.5
        For ``loss="quantile"``: one quantile, or several, strictly increasing, which then cannot cross.

    clamp : bool or None, default=None
        Whether predictions stay in the range of the target. None: False of 'td_s', else True.

    Attributes
    ----------
    n_outputs_ : int
        Columns of y.

    validation_residuals_ : ndarray of shape (n_held_out,) or (n_held_out, n_outputs), or None
        The sorted absolute residuals of members on the rows that they hold out, from which
        `predict_interval` is made.

    See Also
    --------
    TabularBackpropClassifier : The same for classes.
    BackpropRegressor : One network of any layers, for columns of numbers.

    References
    ----------
    D. Holzmüller, L. Grinsztajn, I. Steinwart: Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
    Tabular Data, NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skbackprop import TabularBackpropRegressor
    >>> X = pd.DataFrame({"size": np.arange(40.0), "colour": ["red", "blue"] * 20})
    >>> y = 1000 * X["size"] + 5000 * (X["colour"] == "red")
    >>> net = TabularBackpropRegressor(max_iter=64, hidden_layer_sizes=[32], random_state=0).fit(X, y)
    >>> print(f"{net.score(X, y):.1f}")
    1.0
    """

    loss: str | Loss = "squared_error"
    quantile: float | Sequence[float] = 0.5
    clamp: bool | None = None

    _parameter_constraints = {
        **BaseTabular._parameter_constraints,
        "loss": [StrOptions(LOSSES), Loss],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "clamp": ["boolean", None],
    }
    _recipes = FOR_NUMBERS

    def _check_y(self, y):
        y = read_numbers(y)
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self)
        return as_column_or_matrix(y)

    def _learn_targets(self, y, weight, settings, classes):
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        check_quantile(self)
        loss = make_regression_loss(self.loss, self.quantile, n_targets)
        if not loss.shiftable:
            raise ValueError(f"loss={self.loss!r} is for y in its own unit, and here y is standardised.")
        widths = widths_of_targets(loss, n_targets)
        targets = RegressionTargets(widths, in_double=True).standardized_by(y, weight)
        self.n_outputs_, self.validation_residuals_ = n_targets, None
        return targets.clamped_to(y) if settings.clamp else targets, loss

    def _end_fit(self, model, rows, y, held_out, z):
        if set(model.targets.widths) != {1}:
            return model
        output = np.empty_like(z)
        model.loss.predict(z, output)
        residuals = np.abs(model.targets.decode(output.astype(np.float64)) - y[held_out])
        weight = None if rows.weight is None else rows.weight[held_out]
        self.validation_residuals_ = sorted_residuals(residuals, weight)
        return model

    def _criterion(self, loss):
        return loss.value

    def partial_fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Go on with one pass over some rows, at a constant learning rate.

        Medians, ranges, levels and the scale of the target are those of the rows of the first call, or of
        `fit`; predictions then stay in the range that y had there, unless ``clamp=False``. The network, and
        the settings of its training, stay too.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            More rows of the table.

        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            The target.

        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, not negative.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The mean of the members' predictions.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
            In the units of the target. With several quantiles a last axis has a column for each.
        """
        model, outputs = self._outputs(X)
        model.loss.predict(outputs.copy(), outputs)
        return np.mean([model.targets.decode(output.astype(np.float64)) for output in outputs], axis=0)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Intervals that hold the target with probability `coverage`.

        With ``loss="quantile"`` and a list that has the quantiles (1 - coverage) / 2 and
        (1 + coverage) / 2, these two. Else the prediction plus and minus the residual that covers that share
        of the rows that members held out, with the correction for their number: split conformal prediction
        [1]_. The residuals are those of single members, so the intervals of their mean are rather too wide.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table.

        coverage : float, default=0.9
            In (0, 1).

        Returns
        -------
        interval : ndarray of shape (n_rows, 2) or (n_rows, n_outputs, 2)
            Lower and upper ends.

        Raises
        ------
        ValueError
            Without these quantiles and without rows held out, or if these are too few for `coverage`.

        References
        ----------
        .. [1] Lei, G'Sell, Rinaldo, Tibshirani, Wasserman (2018). Distribution-free predictive inference
           for regression. JASA 113.
        """
        y = self.predict(X)
        check_coverage(coverage)
        quantiles = set(self._quantiles())
        if len(quantiles) > 1:
            raise ValueError("predict_interval needs the same quantiles for every column of y.")
        if quantiles != {()}:
            (of_target,) = quantiles
            return y[..., interval_columns(of_target, coverage)]
        margin = conformal_margin(self.validation_residuals_, coverage)
        return self.model_.targets.within_bounds(np.stack([y - margin, y + margin], axis=-1))

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """R^2 of the prediction; with several quantiles the mean of their D^2 pinball scores.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The table.

        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            The target.

        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            1 is perfect; 0 is as good as the best constant.
        """
        X, y, sample_weight = scored(X, y, sample_weight, read_numbers)
        return regression_score(y, self.predict(X), self._quantiles(), sample_weight)

    def _quantiles(self):
        return quantiles_of_targets(self.model_.loss, self.n_outputs_)
