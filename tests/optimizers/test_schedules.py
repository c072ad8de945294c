import pickle
from itertools import pairwise
from types import SimpleNamespace

import pytest
from shared.naming import component_id

from skbackprop.estimators.solver import make_rate
from skbackprop.schedules import (
    SCHEDULES,
    AdaptiveRate,
    Constant,
    Cosine,
    CosineCycles,
    CosineRestarts,
    Exponential,
    FlatCosine,
    Inverse,
    InverseScalingRate,
    OneCycle,
    Plateau,
    PlateauRate,
    ScheduledRate,
    Step,
    WarmUp,
)


@pytest.mark.parametrize(
    "schedule, factors",
    [
        (Constant(), (1.0, 1.0, 1.0)),
        (Step(), (1.0, 0.1, 0.01)),
        (Step((0.25, 0.3, 0.9), 0.5), (1.0, 0.25, 0.125)),
        (Exponential(), (1.0, 0.1, 0.01)),
        (Exponential(0.25), (1.0, 0.5, 0.25)),
        (Cosine(), (1.0, 0.5, 0.0)),
        (Cosine(0.2), (1.0, 0.6, 0.2)),
        (CosineRestarts(), (1.0, 1.0, 0.0)),
        (CosineRestarts(3, final=0.2), (1.0, 0.6, 0.2)),
        (CosineRestarts(2, growth=3.0), (1.0, 0.75, 0.0)),
        (CosineRestarts(2, growth=1 / 3), (1.0, 0.25, 0.0)),
        (CosineRestarts(1), (1.0, 0.5, 0.0)),
        (CosineCycles(), (0.0, 0.07361893418585597, 0.0)),
        (CosineCycles(1), (0.0, 0.930430970431205, 0.0)),
        (FlatCosine(), (1.0, 1.0, 0.0)),
        (FlatCosine(0.0), (1.0, 0.5, 0.0)),
        (FlatCosine(0.25), (1.0, 0.75, 0.0)),
        (OneCycle(), (0.04, 0.811745653949763, 4e-6)),
        (OneCycle(0.1, 0.5, 0.2), (0.1, 1.0, 0.02)),
        (OneCycle(1.0, 0.25, 1.0), (1.0, 1.0, 1.0)),
        (Inverse(), (1.0, 1 / 5.5, 0.1)),
        (Inverse(2.0), (1.0, 0.5, 1 / 3)),
        (Plateau(), (1.0, 1.0, 1.0)),
        (WarmUp(0.5), (0.0, 1.0, 1.0)),
        (WarmUp(0.8), (0.0, 0.625, 1.0)),
        (WarmUp(0.2, Cosine()), (0.0, 0.6913417161825449, 0.0)),
        (WarmUp(0.0, Exponential(0.25)), (1.0, 0.5, 0.25)),
        (lambda progress: 1.0 - progress, (1.0, 0.5, 0.0)),
    ],
    ids=component_id,
)
def test_factors(schedule, factors):
    rate = ScheduledRate(3.0, schedule)
    for progress, factor in zip((0.0, 0.5, 1.0), factors):
        assert schedule(progress) == pytest.approx(factor, abs=1e-12)
        assert rate.at(progress) == pytest.approx(3.0 * factor, abs=1e-12)


def test_after_the_planned_end_the_rate_stays():
    assert ScheduledRate(3.0, lambda progress: 1.0 + progress).at(1.5) == 6.0


def test_inverse_scaling_changes_at_the_end_of_an_epoch():
    rate = InverseScalingRate(2.0, power_t=0.5)
    assert rate.at(0.0) == rate.at(0.9) == 2.0
    rate.end_epoch(99)
    assert rate.at(0.9) == pytest.approx(0.2)
    assert not rate.lower()


def test_adaptive_is_divided_by_five_until_it_is_tiny():
    rate = AdaptiveRate(1e-5)
    seen = []
    while rate.lower():
        seen.append(rate.at(0.0))
    assert seen == pytest.approx([2e-6, 4e-7])


@pytest.mark.parametrize("n_cycles, growth", [(3, 1.0), (7, 1.0), (3, 2.0), (4, 3.0), (6, 1.5)])
def test_every_cycle_begins_at_one(n_cycles, growth):
    """Whatever the rounding of step / n_steps at the border between two."""
    lengths = [round(1000 * growth**i) for i in range(n_cycles)]
    borders = [sum(lengths[:i]) for i in range(n_cycles)]
    schedule = CosineRestarts(n_cycles, growth)
    if growth == int(growth):
        for border in borders:
            assert schedule(border / sum(lengths)) == pytest.approx(1.0, abs=1e-12)
            if border:
                assert schedule((border - 1) / sum(lengths)) < 1e-5
    factors = [schedule(step / 10_000) for step in range(10_001)]
    assert sum(b > a + 0.5 for a, b in pairwise(factors)) == n_cycles - 1


def lowered(rate):
    """The rates of the plateaus up to the one where training stops."""
    seen = [rate.at(0.0)]
    while rate.lower():
        seen.append(rate.at(0.5))
    return seen


@pytest.mark.parametrize(
    "initial, plateau, rates",
    [
        (2.0, Plateau(), [2.0, 0.4, 0.08, 0.016, 0.0032, 0.00064]),
        (0.003, Plateau(factor=0.1), [0.003, 0.0003, 0.00003, 0.000003]),
        (0.007, Plateau(factor=0.5, smallest=0.25), [0.007, 0.0035, 0.00175]),
        (1.0, Plateau(smallest=1.0), [1.0]),
    ],
    ids=component_id,
)
def test_plateau_lowers_until_the_smallest_rate(initial, plateau, rates):
    assert lowered(PlateauRate(initial, plateau)) == pytest.approx(rates, rel=1e-12)


def test_plateau_follows_its_settings_and_pickles():
    plateau = Plateau(factor=0.5)
    rate = PlateauRate(1.0, plateau)
    rate.lower()
    plateau.set_params(factor=0.1)
    rate.lower()
    again = pickle.loads(pickle.dumps(rate))
    assert rate.at(0.0) == again.at(0.0) == pytest.approx(0.05)
    assert lowered(again) == pytest.approx(lowered(rate))


def test_adaptive_divides_by_five_exactly():
    rate, expected = AdaptiveRate(0.3), 0.3
    while rate.lower():
        expected /= 5.0
        assert rate.at(0.0) == expected
    assert expected <= 1e-6 < 5.0 * expected


def rate_of(learning_rate, is_sgd=False):
    solver = "sgd" if is_sgd else "adam"
    return make_rate(
        SimpleNamespace(solver=solver, learning_rate=learning_rate, learning_rate_init=0.5, power_t=0.3)
    )


@pytest.mark.parametrize("is_sgd", [True, False], ids=["sgd", "another"])
@pytest.mark.parametrize("name", [*SCHEDULES, "invscaling", "adaptive"])
def test_rates_by_name(name, is_sgd):
    rate = rate_of(name, is_sgd)
    assert rate.at(0.0) == pytest.approx(0.5 * SCHEDULES[name]()(0.0) if name in SCHEDULES else 0.5)
    rate.end_epoch(99)
    assert (rate.at(0.0) == 0.5 / 100**0.3) == (is_sgd and name == "invscaling")
    assert rate.lower() == (name == "plateau" or (is_sgd and name == "adaptive"))


def test_rates_by_object():
    assert isinstance(rate_of(Plateau(0.1)), PlateauRate)
    assert rate_of(Cosine()).at(0.5) == pytest.approx(0.25)
    assert rate_of(lambda progress: 2.0, True).at(0.5) == 1.0


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"learning_rate='cosin' is not known.*'cosine_restarts'"):
        rate_of("cosin")


@pytest.mark.parametrize(
    "schedule, argument",
    [
        (CosineRestarts(0), "n_cycles"),
        (CosineRestarts(growth=0.0), "growth"),
        (CosineRestarts(final=1.5), "final"),
        (CosineCycles(0), "n_cycles"),
        (FlatCosine(1.0), "flat"),
        (OneCycle(start=0.0), "start"),
        (OneCycle(peak_at=1.0), "peak_at"),
        (OneCycle(final=-1.0), "final"),
        (Inverse(-1.0), "decay"),
        (Plateau(factor=1.0), "factor"),
        (Plateau(smallest=0.0), "smallest"),
        (WarmUp(0.1, OneCycle(peak_at=0.0)), "peak_at"),
    ],
    ids=component_id,
)
def test_wrong_settings(schedule, argument):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        rate_of(schedule)


def test_a_plateau_stands_alone():
    with pytest.raises(ValueError, match="WarmUp cannot use it"):
        rate_of(WarmUp(0.1, Plateau()))


def test_cycles_double_in_length():
    schedule = CosineCycles(4)
    for k in range(5):  # the borders; 15 (2^k - 1) / 15
        assert schedule((2**k - 1) / 15) == pytest.approx(0.0, abs=1e-12)
    assert [schedule((2 ** (k + 0.5) - 1) / 15) for k in range(4)] == pytest.approx([1.0] * 4)
