"""Why training stopped, and whether the user is warned that it was cut off."""

import re
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropRegressor, TabularBackpropRegressor
from skbackprop.schedules import WarmUp

X, Y = load_diabetes(return_X_y=True)
X, Y = 20.0 * X, Y / 100.0
SMALL = {"hidden_layer_sizes": (5,), "random_state": 0}


def fitted(net):
    """The estimator, and whether a ConvergenceWarning said that it was cut off."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        net.fit(X, Y)
    return net, any(issubclass(w.category, ConvergenceWarning) for w in caught)


@pytest.mark.parametrize(
    ("settings", "is_cut_off", "reason"),
    [
        ({"max_iter": 3}, True, "Stopped after 3 epochs: all epochs of max_iter are done."),
        ({"max_iter": 1}, True, "Stopped after 1 epoch: all epochs of max_iter are done."),
        ({"max_iter": 1000, "tol": 0.1}, False, "no progress of the training loss in 11 epochs."),
        ({"max_iter": 9, "learning_rate": "cosine"}, False, "all epochs of max_iter are done."),
        ({"max_iter": 9, "learning_rate": WarmUp(0.2)}, False, "all epochs of max_iter are done."),
        ({"max_iter": 9, "learning_rate": "plateau"}, True, "all epochs of max_iter are done."),
        ({"max_iter": 9, "solver": "sgd", "learning_rate": "invscaling"}, True, "all epochs"),
        ({"max_iter": 9, "early_stopping": True}, True, "the weights are those of epoch 9."),
        ({"max_time": 1e-9, "learning_rate": "cosine"}, True, "Stopped after 1 epoch: max_time is over."),
        ({"solver": "lbfgs", "max_iter": 4}, True, "Stopped after 4 iterations: STOP"),
        ({"solver": "lbfgs", "max_time": 1e-9}, True, "Stopped after 0 iterations: max_time is over."),
    ],
    ids=str,
)
def test_why_training_stopped(settings, is_cut_off, reason):
    net, was_warned = fitted(BackpropRegressor(**SMALL | settings))
    assert reason in net.stop_reason_
    assert was_warned == is_cut_off


def test_early_stopping_that_has_found_its_best_epoch_is_not_cut_off():
    """With a high rate the best epoch comes early, and the patience is too long to be used up."""
    settings = {"early_stopping": True, "max_iter": 40, "n_iter_no_change": 1000, "learning_rate_init": 0.1}
    net, was_warned = fitted(BackpropRegressor(**SMALL | settings))
    best = int(np.argmax(net.validation_scores_)) + 1
    assert best < net.n_iter_ == 40
    assert net.stop_reason_ == (
        f"Stopped after 40 epochs: all epochs of max_iter are done; the weights are those of epoch {best}."
    )
    assert not was_warned


def test_the_patience_of_early_stopping():
    settings = {"early_stopping": True, "max_iter": 400, "n_iter_no_change": 5, "learning_rate_init": 0.1}
    net, was_warned = fitted(BackpropRegressor(**SMALL | settings))
    assert re.search(r"no progress of the validation score in 6 epochs; .* of epoch \d+\.", net.stop_reason_)
    assert not was_warned


class PressedAfter(BaseEstimator):
    """A schedule that stands for a user who presses Ctrl-C."""

    def __init__(self, progress):
        self.progress = progress

    def __call__(self, progress):
        if progress >= self.progress:
            raise KeyboardInterrupt
        return 1.0


def test_an_interrupt_is_told():
    net = BackpropRegressor(**SMALL, learning_rate=PressedAfter(0.5), max_iter=8)
    with pytest.warns(UserWarning, match="interrupted"):
        net.fit(X, Y)
    assert net.stop_reason_ == "Stopped after 4 epochs: interrupted by the user."


def test_members_of_a_table(capsys):
    net, was_warned = fitted(TabularBackpropRegressor(max_iter=4, random_state=0, verbose=True))
    assert not was_warned
    assert re.fullmatch(
        r"Stopped after 4 epochs: all epochs of max_iter are done; the weights are those of epochs? .*\.",
        net.stop_reason_,
    )
    assert capsys.readouterr().out.splitlines()[-1].startswith("Stopped after 4 epochs")


def test_a_later_fit_tells_of_its_own_best_epoch():
    net = BackpropRegressor(**SMALL, early_stopping=True, warm_start=True, learning_rate="cosine", max_iter=5)
    net.fit(X, Y)
    first = net.stop_reason_
    net.fit(X, Y)
    assert "Stopped after 5 epochs" in first
    assert "Stopped after 5 epochs" in net.stop_reason_
    epochs = [int(number) for number in re.findall(r"epoch (\d+)\.", net.stop_reason_)]
    assert all(1 <= epoch <= 5 for epoch in epochs)
