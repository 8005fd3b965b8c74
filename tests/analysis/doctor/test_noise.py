"""Noise against differences, and curves that have not flattened."""

import rung
from analysis.tuned import tuned
from rung.analysis.data import read
from rung.analysis.doctor.case import Case
from rung.analysis.doctor.noise import noise, still_improving

SPACE = {"x": rung.Float(0, 1)}


def case(value, jitter: float = 0.0) -> Case:
    return Case(read(tuned(SPACE, value, scheduler=rung.FIFO(max_resource=20), trials=40, noise=jitter)))


def test_leaders_within_the_noise_are_found_and_the_noise_is_measured() -> None:
    (found,) = noise(case(lambda x, resource: 0.01 * x + 1 / resource, jitter=0.05))
    assert 0.03 < float(found.evidence["noise"]) < 0.08
    assert "which of them is first is chance" in found.sentence


def test_a_steep_smooth_curve_is_no_noise_and_large_differences_are_left_alone() -> None:
    assert list(noise(case(lambda x, resource: x / 50 + 5 / resource))) == []
    assert list(noise(case(lambda x, resource: 10 * x + 1 / resource, jitter=0.05))) == []


def test_curves_that_still_fall_at_the_end_are_found() -> None:
    (found,) = still_improving(case(lambda x, resource: x - resource, jitter=0.05))
    assert 0.2 < float(found.evidence["late_share"]) < 0.45


def test_flat_curves_and_overfitting_ones_and_noise_are_left_alone() -> None:
    assert list(still_improving(case(lambda x, resource: x + 0.7**resource, jitter=0.01))) == []
    assert list(still_improving(case(lambda x, resource: x + abs(resource - 14) / 20))) == []


def test_short_curves_cannot_tell() -> None:
    from rung.analysis.doctor.examine import examine

    found = examine(Case(read(tuned(SPACE, lambda x, resource: x, trials=30))).data)
    unknown = {check.name for check in found.checked if check.outcome == "unknown"}
    assert unknown >= {"noise", "still_improving", "top", "first_rung", "early_ranks"}
