"""The recipe "td_s" beside RealMLP-TD-S, written out in torch: the same first weights, batches, and steps.

Theirs is the method of Holzmüller, Grinsztajn, Steinwart, "Better by Default", 2024, table A.1.
"""

from math import cos, log2, pi

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_wine

from skbackprop import TabularBackpropClassifier, TabularBackpropRegressor
from skbackprop.batches import MemberBatches
from skbackprop.estimators.tabular import fitting

SETTINGS = {"recipe": "td_s", "batch_size": 64, "max_iter": 12, "random_state": 0}


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="the comparison needs torch, which is no dependency")


class Fit:
    """An estimator at its first weights, and the batches that it learns."""

    def __init__(self, net, X, y, monkeypatch):
        self.net, self.batches, fit = net, [], self

        class Recorded(MemberBatches):
            def __iter__(self):
                fit.n_batches = len(self)
                for batch in super().__iter__():
                    fit.batches.append((batch.x[0].copy(), batch.y[0].copy()))
                    yield batch

        class HeldOut(fitting.HeldOut):
            def __init__(self, *arguments):
                super().__init__(*arguments)
                fit.held_out = self.X[0], self.columns[0]

        training_of = fitting.training_of

        def start(network, *arguments):
            fit.first = parameters(network)
            return training_of(network, *arguments)

        monkeypatch.setattr(fitting, "MemberBatches", Recorded)
        monkeypatch.setattr(fitting, "HeldOut", HeldOut)
        monkeypatch.setattr(fitting, "training_of", start)
        net.fit(X, y)
        self.learned = parameters(net.networks_[0])


def parameters(network):
    """Front scale, weight, bias, weight, bias, ..., of the one member."""
    return [array[0].copy() for _, _, params, _ in network.parts() for array in vars(params).values()]


def forward(torch, u, parameters, activation):
    scale, *layers = parameters
    u = u * scale
    for weight, bias in zip(layers[::2], layers[1::2]):
        z = u @ weight / len(weight) ** 0.5 + bias
        u = activation(z)
    return z


def learn(torch, fit, rate, activation, loss, error, epsilon):
    """The parameters after the last of the best epochs, that epoch, and the errors of all."""
    theirs = [torch.nn.Parameter(torch.tensor(array)) for array in fit.first]
    factors = [6.0] + [1.0, 0.1] * (len(theirs) // 2)
    groups = [{"params": [parameter]} for parameter in theirs]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.95))
    X, y = map(torch.tensor, fit.held_out)
    errors = []
    for step, batch in enumerate(fit.batches):
        x, columns = map(torch.tensor, batch)
        progress = step / len(fit.batches)
        for group, factor in zip(optimizer.param_groups, factors):
            group["lr"] = rate * factor * 0.5 * (1 - cos(2 * pi * log2(1 + 15 * progress)))
            group["eps"] = epsilon / (1 - 0.95 ** (step + 1)) ** 0.5  # ours precedes the correction of v
        optimizer.zero_grad()
        loss(forward(torch, x, theirs, activation), columns).backward()
        optimizer.step()
        if (step + 1) % fit.n_batches == 0:
            with torch.no_grad():
                errors.append(float(error(forward(torch, X, theirs, activation), y)))
            if errors[-1] == min(errors):
                best, epoch = [p.detach().numpy().copy() for p in theirs], len(errors) - 1
    return best, epoch, errors


def table(load):
    """Numbers, one with outliers and one constant, and levels: two and three."""
    X, y = load(return_X_y=True, as_frame=True)
    ranks = X.iloc[:, 1].rank(method="first")
    X["outliers"] = np.exp(3 * X.iloc[:, 2] / X.iloc[:, 2].std())
    X["constant"] = 1.0
    X["two"] = pd.cut(ranks, 2, labels=["few", "many"])
    X["three"] = pd.cut(ranks, 3, labels=["few", "some", "many"])
    return X, y


def robust(X):
    """x <- (x - median) / (q75 - q25), then x / sqrt(1 + (x / 3)^2); half the range where that is 0."""
    quartiles = np.quantile(X, 0.75, axis=0) - np.quantile(X, 0.25, axis=0)
    spread = np.where(quartiles == 0, np.ptp(X, axis=0) / 2, quartiles)
    z = (X - np.median(X, axis=0)) / np.where(spread == 0, np.inf, spread)
    return z / np.sqrt(1 + (z / 3) ** 2)


def test_columns():
    X, y = table(load_wine)
    net = TabularBackpropClassifier(recipe="td_s", max_iter=1).fit(X, y)
    two = np.where(X["two"] == "few", 1.0, -1.0)
    three = [X["three"] == level for level in ("few", "some", "many")]
    expected = robust(np.column_stack([X.iloc[:, :-2], two, *three]).astype(float))
    assert_allclose(net.encoder_.transform(X), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_regression(torch, monkeypatch):
    X, y = table(load_diabetes)
    fit = Fit(TabularBackpropRegressor(**SETTINGS), X, y, monkeypatch)
    mse, mish = torch.nn.functional.mse_loss, torch.nn.functional.mish
    # ours is half of the squared error, so that epsilon is twice as large beside its gradient
    theirs, epoch, errors = learn(torch, fit, 0.07, mish, mse, mse, epsilon=2e-8)
    assert fit.n_batches == 6 and len(errors) == 12
    assert fit.net.best_epochs_ == [epoch]
    assert_allclose(fit.net.validation_curves_[:, 0], np.array(errors) / 2, rtol=1e-3)
    compare(fit, theirs)
    scaled = forward(torch, torch.tensor(fit.net.encoder_.transform(X)), map(torch.tensor, theirs), mish)
    assert_allclose(fit.net.predict(X), scaled.numpy()[:, 0] * np.std(y) + np.mean(y), rtol=1e-3)


@pytest.mark.slow
def test_classification(torch, monkeypatch):
    X, y = table(load_wine)
    fit = Fit(TabularBackpropClassifier(**SETTINGS), X, y, monkeypatch)

    def loss(z, columns):
        return torch.nn.functional.cross_entropy(z, columns, label_smoothing=0.1)

    def error(z, columns):
        return (z.argmax(1) != columns.argmax(1)).float().mean()

    theirs, epoch, errors = learn(torch, fit, 0.04, torch.nn.functional.selu, loss, error, epsilon=1e-8)
    assert fit.n_batches == 2 and len(errors) == 12
    assert fit.net.best_epochs_ == [epoch]
    assert_allclose(fit.net.validation_curves_[:, 0], errors, atol=1e-6)
    compare(fit, theirs)


def compare(fit, theirs):
    """Equal to rounding, beside the way that they have come."""
    for ours, first, other in zip(fit.learned, fit.first, theirs, strict=True):
        assert np.abs(other - first).max() > 1e-3
        assert_allclose(ours, other, atol=1e-4)
