import pytest
from naming import component_id

from skbackprop.schedules import (
    AdaptiveRate,
    Constant,
    Cosine,
    Exponential,
    InverseScalingRate,
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
