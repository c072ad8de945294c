import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from shared.naming import component_id

from skbackprop.averaging import AVERAGES, Averaging, ExponentialAverage, StochasticAverage
from skbackprop.layers import Dense, Ensemble, Sequential
from skbackprop.network import Network
from skbackprop.training import Record, Run

THETAS = np.random.RandomState(0).normal(size=(8, 3))


def stand_in(theta, dtype=np.float64):
    """What of a network an average is about."""
    return SimpleNamespace(theta=np.array(theta, dtype), on=lambda theta: SimpleNamespace(theta=theta))


def run(averaging, thetas, n_steps=2):
    """Epochs of `n_steps` steps to these thetas."""
    n_epochs = len(thetas) // n_steps
    for step, theta in enumerate(thetas, start=1):
        averaging.network.theta[...] = theta
        averaging.after_step()
        if step % n_steps == 0:
            averaging.after_epoch(step // n_steps / n_epochs)


def in_training(averaging):
    return Run(
        SimpleNamespace(network=averaging.network),
        averaging=averaging,
        records=[Record() for _ in np.atleast_2d(averaging.network.theta)],
    )


def shown(averaging):
    published = stand_in(averaging.network.theta)
    in_training(averaging).publish(published)
    return published.theta


def exponential(thetas, decay):
    """Adam's first moment: corrected by 1 - decay^t."""
    m = 0.0
    for theta in thetas:
        m = decay * m + (1.0 - decay) * theta
    return m / (1.0 - decay ** len(thetas))


@pytest.mark.parametrize(
    "average, expected",
    [
        (ExponentialAverage(0.9), exponential(THETAS, 0.9)),
        (ExponentialAverage(), exponential(THETAS, 0.999)),
        (ExponentialAverage(0.0), THETAS[-1]),
        (StochasticAverage(0.0), THETAS[1::2].mean(axis=0)),
        (StochasticAverage(0.6), THETAS[[5, 7]].mean(axis=0)),
        (StochasticAverage(), THETAS[[5, 7]].mean(axis=0)),
        (StochasticAverage(1.0), THETAS[7]),
    ],
    ids=component_id,
)
@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-11), (np.float32, 1e-5)])
@pytest.mark.parametrize("members", [(), (2,)], ids=["one network", "two members"])
def test_average(average, expected, dtype, rtol, members):
    averaging = Averaging(average, stand_in(np.zeros((*members, 3)), dtype))
    run(averaging, THETAS)
    assert averaging.mean.dtype == dtype
    np.testing.assert_allclose(shown(averaging), np.broadcast_to(expected, (*members, 3)), rtol=rtol)


@pytest.mark.parametrize("average", [ExponentialAverage(), StochasticAverage(0.0)], ids=component_id)
@pytest.mark.parametrize("n_epochs", [1, 2, 3000])
def test_the_average_of_equal_thetas_is_that_theta(average, n_epochs):
    """After any number of steps, in single precision."""
    averaging = Averaging(average, stand_in([0.1, -3.0, 7.0], np.float32))
    theta = averaging.network.theta.copy()
    run(averaging, [theta] * n_epochs, n_steps=1)
    np.testing.assert_array_equal(shown(averaging), theta)


def test_nothing_to_show_yet():
    averaging = Averaging(StochasticAverage(), stand_in(THETAS[0]))
    averaging.after_step()
    averaging.after_epoch(0.5)
    np.testing.assert_array_equal(shown(averaging), THETAS[0])
    assert in_training(averaging).measured is averaging.network


def test_what_is_published_leaves_training_as_it_is():
    averaging = Averaging(ExponentialAverage(0.5), stand_in(THETAS[0]))
    run(averaging, THETAS)
    for _ in range(2):
        np.testing.assert_allclose(shown(averaging), exponential(THETAS, 0.5), rtol=1e-12)
        np.testing.assert_array_equal(averaging.network.theta, THETAS[-1])


def test_what_is_written_over_the_average_is_where_training_goes_on():
    averaging = Averaging(ExponentialAverage(0.5), stand_in(THETAS[0]))
    run(averaging, THETAS)
    training, published = in_training(averaging), stand_in(THETAS[0])
    training.publish(published)
    training.take_what_was_written(published)
    np.testing.assert_array_equal(training.theta, THETAS[-1])
    published.theta[1] = 9.0
    training.take_what_was_written(published)
    np.testing.assert_array_equal(training.theta, published.theta)
    np.testing.assert_array_equal(training.result, published.theta)
    run(averaging, THETAS[:2])
    np.testing.assert_allclose(shown(averaging), exponential(THETAS[:2], 0.5), rtol=1e-12)


def test_roll_back():
    averaging = Averaging(ExponentialAverage(0.5), stand_in(THETAS[0]))
    run(averaging, THETAS[:4])
    kept = [array.copy() for array in averaging.arrays()]
    run(averaging, [[np.nan] * 3, [1.0] * 3])
    for array, copied in zip(averaging.arrays(), kept):
        np.copyto(array, copied)
    np.testing.assert_allclose(shown(averaging), exponential(THETAS[:4], 0.5), rtol=1e-12)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))], ids=["deepcopy", "pickle"]
)
@pytest.mark.parametrize("wrap", [lambda root: root, lambda root: Ensemble(2, root)], ids=["one", "two"])
def test_copies_share_their_own_network(wrap, copied):
    root = wrap(Sequential([Dense(3), Dense(1, "identity")]))
    averaging = Averaging(ExponentialAverage(0.5), Network(root, 2, random_state=0))
    thetas = np.random.RandomState(1).normal(size=(6, *averaging.network.theta.shape))
    run(averaging, thetas[:4])
    training = in_training(averaging)
    assert training.measured.theta is averaging.mean
    copy_of_training = copied(training)
    again = copy_of_training.averaging
    assert copy_of_training.objective.network is again.network
    np.testing.assert_array_equal(again.network.theta, thetas[3])
    run(again, thetas[4:])
    weight = copy_of_training.measured.parts()[0][2].weight
    assert np.shares_memory(weight, again.mean)
    np.testing.assert_allclose(shown(again), exponential(thetas, 0.5), rtol=1e-12)
    np.testing.assert_allclose(shown(averaging), exponential(thetas[:4], 0.5), rtol=1e-12)


def test_settings_are_copied():
    average = ExponentialAverage(0.5)
    averaging = Averaging(average, stand_in(THETAS[0]))
    average.decay = 0.0
    run(averaging, THETAS)
    np.testing.assert_allclose(shown(averaging), exponential(THETAS, 0.5), rtol=1e-12)


@pytest.mark.parametrize(
    "average, argument",
    [
        (ExponentialAverage(1.0), "decay"),
        (ExponentialAverage(-0.1), "decay"),
        (StochasticAverage(1.1), "start"),
        (StochasticAverage("late"), "start"),
    ],
    ids=component_id,
)
def test_wrong_settings(average, argument):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        Averaging(average, stand_in(THETAS[0]))


def test_names():
    assert {name: kind.__name__ for name, kind in AVERAGES.items()} == {
        "ema": "ExponentialAverage",
        "swa": "StochasticAverage",
    }
