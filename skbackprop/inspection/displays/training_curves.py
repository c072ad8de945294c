"""The plot of a training: its loss and its score, epoch by epoch."""

import re
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, is_classifier

from skbackprop.axes import panels
from skbackprop.estimators.tabular.base import BaseTabular
from skbackprop.inspection.displays.style import BLUE, GRAY, RED, legend_above, plain, spans_decades
from skbackprop.inspection.opened import opened

MEASURED = {  # the measures on the held-out rows of a member
    "accuracy": "error rate",
    "neg_log_loss": "log loss",
    "roc_auc": "1 - area under the ROC curve",
}


class TrainingCurveDisplay:
    """Loss and score after every epoch, on training rows and on validation rows.

    Every curve has shape (n_epochs,), or (n_epochs, n_members) with a line for each member. A curve that is
    shorter than the training loss belongs to the last epochs.

    Parameters
    ----------
    training_loss : array-like
        The training loss of each epoch.

    validation_loss : array-like or None, default=None
        The loss on the validation part after each epoch.

    training_score : array-like or None, default=None
        The score on training rows.

    validation_score : array-like or None, default=None
        The score on the validation part.

    best_epoch : int, array-like of shape (n_members,) or None, default=None
        The best epoch on the validation part, counted from 1.

    loss_name : str, default="loss"
        The label of the losses.

    score_name : str, default="score"
        The label of the scores.

    Attributes
    ----------
    ax_ : Axes
        The Axes of the loss.

    axes_ : ndarray of Axes
        The Axes of the loss and, if there are scores, of the scores.

    figure_ : Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import TrainingCurveDisplay
    >>> net = BackpropClassifier(early_stopping=True, learning_rate_init=0.01, random_state=0)
    >>> model = make_pipeline(StandardScaler(), net).fit(*load_wine(return_X_y=True))
    >>> display = TrainingCurveDisplay.from_estimator(model)
    """

    def __init__(
        self,
        training_loss,
        *,
        validation_loss=None,
        training_score=None,
        validation_score=None,
        best_epoch=None,
        loss_name="loss",
        score_name="score",
    ):
        self.training_loss = training_loss
        self.validation_loss = validation_loss
        self.training_score = training_score
        self.validation_score = validation_score
        self.best_epoch = best_epoch
        self.loss_name = loss_name
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator: BaseEstimator, *, ax: Any = None) -> Self:
        """Draw the curves of a fitted estimator.

        With `early_stopping` the best epoch is the one whose weights are kept; otherwise it is the epoch with
        the best score on the validation part, if there is one. Long streams only keep the end of their
        curves: the first epoch in the plot has the number 1.

        Parameters
        ----------
        estimator : estimator
            A fitted network, tabular or not, or a Pipeline or a search that ends in one.

        ax : Axes, array-like of Axes or None, default=None
            Where to draw: one for each panel, or one that is divided. None: in a new figure.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        model = opened(estimator)
        curves = _of_members(model) if isinstance(model.estimator, BaseTabular) else _of_one(model)
        return cls(**curves).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, array-like of Axes or None, default=None
            Where to draw: one for each panel, or one that is divided. None: in a new figure.

        Returns
        -------
        self : object
        """
        parts = [(self.loss_name, self.training_loss, self.validation_loss)]
        if self.training_score is not None or self.validation_score is not None:
            parts.append((self.score_name, self.training_score, self.validation_score))
        self.axes_ = panels(ax, len(parts), size=(7, 3))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        for ax, (name, training, validation) in zip(self.axes_, parts):
            self._draw(ax, training, label="training", color=BLUE)
            self._draw(ax, validation, label="validation", color=RED, linestyle="--")
            self._mark_best(ax, validation)
            ax.set(xlabel="epoch", ylabel=name)
            ax.xaxis.get_major_locator().set_params(integer=True)
            plain(ax)
            legend_above(ax)
        if spans_decades(self.training_loss):
            self.ax_.set_yscale("log")
        return self

    def _draw(self, ax, curve, label, **style):
        if curve is None or not len(curve):
            return
        curve = np.asarray(curve, dtype=float)
        thin = {"linewidth": 0.8, "linestyle": "-"} if curve.ndim == 2 and curve.shape[1] > 1 else {}
        lines = ax.plot(self._epochs(curve), curve, **style | thin)
        lines[0].set_label(label)

    def _epochs(self, curve):
        """The epochs of a curve, which ends with the training loss; later scores of a stream come after."""
        return 1 + np.arange(len(curve)) + max(0, len(self.training_loss) - len(curve))

    def _mark_best(self, ax, validation):
        if self.best_epoch is None or validation is None:
            return
        best, curve = np.ravel(self.best_epoch), np.asarray(validation, dtype=float)
        curve = curve.reshape(len(curve), -1)
        rows = best - self._epochs(curve)[0]
        label = f"best epoch: {best[0]}" if len(best) == 1 else "best epoch of each member"
        ax.plot(best, curve[rows, np.arange(len(best))], "o", color=RED, markersize=6, label=label)
        if len(best) == 1:
            ax.axvline(best[0], color=GRAY, linewidth=1, linestyle=":")


def _of_one(model):
    """The curves of a network with one validation part."""
    estimator = model.estimator
    scoring = estimator.scoring if estimator.scoring != "loss" else None
    default = "accuracy" if is_classifier(estimator) else "R²"
    scores = estimator.validation_scores_
    return {
        "training_loss": estimator.loss_curve_,
        "validation_loss": estimator.validation_loss_curve_,
        "training_score": estimator.training_scores_,
        "validation_score": scores,
        "best_epoch": _best_epoch(estimator) if scores else None,
        "loss_name": _loss_name(model.loss),
        "score_name": default if scoring is None else getattr(scoring, "__name__", str(scoring)),
    }


def _best_epoch(estimator):
    """The best epoch, counted from 1; None for a stream, whose scores are on different rows."""
    kept = estimator.run_.has_best
    if estimator.early_stopping and estimator.solver != "lbfgs" and not kept:
        return None
    by_loss = estimator.scoring == "loss"
    scores = (
        -np.array(estimator.validation_loss_curve_) if by_loss else np.array(estimator.validation_scores_)
    )
    if np.isnan(scores).all():
        return None
    best = estimator.run_.record.patience.best if kept else np.nanmax(scores)
    at_best = np.flatnonzero(scores == best)
    first = 1 + max(0, len(estimator.loss_curve_) - len(scores))
    return int(first + at_best[-1 if estimator.best_epoch == "last" else 0])


def _of_members(model):
    """The curves of a tabular estimator: a line for each member."""
    estimator = model.estimator
    curves = {"training_loss": estimator.loss_curves_, "loss_name": _loss_name(model.loss)}
    measured = estimator.validation_curves_
    if not measured.any():  # there were no held-out rows
        return curves
    curves["best_epoch"] = 1 + estimator.best_epochs_
    if is_classifier(estimator):
        return curves | {"validation_score": measured, "score_name": MEASURED[estimator.scoring]}
    return curves | {"validation_loss": measured}


def _loss_name(loss):
    """SquaredError -> loss: squared error."""
    words = re.findall("[A-Z][a-z]*", type(loss).__name__)
    return f"loss: {' '.join(words).lower()}"
