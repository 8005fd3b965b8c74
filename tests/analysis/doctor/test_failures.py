"""Failures: the region in the user's units if there is one, silence if they are few."""

import rung
from analysis.tuned import tuned
from rung.analysis.data import read
from rung.analysis.doctor.case import Case
from rung.analysis.doctor.failures import lost_time, region

SPACE = {
    "lr": rung.Float(1e-4, 1.0, log=True),
    "kind": rung.Choice(["a", "b", "c"]),
    "width": rung.Int(16, 256),
}


def failing(where):
    """A training that fails where a condition holds."""

    def value(lr: float, kind: str, width: int, resource: int) -> float:
        if where(lr, kind, width):
            raise MemoryError("out of memory")
        return lr

    return value


def case(where, trials: int = 120) -> Case:
    return Case(read(tuned(SPACE, failing(where), trials=trials)))


def test_a_region_is_named_in_the_users_units() -> None:
    (found,) = region(case(lambda lr, kind, width: lr > 0.1))
    words = str(found.evidence["region"])
    assert words.startswith("lr is above ")
    assert 0.05 < float(words.rsplit(maxsplit=1)[-1]) < 0.2
    assert found.evidence["failed_elsewhere"] == 0
    assert "Most often it is MemoryError: out of memory." in found.sentence


def test_an_option_can_be_the_region() -> None:
    (found,) = region(case(lambda lr, kind, width: kind == "b"))
    assert found.evidence["region"] == "kind is b"
    assert found.evidence["failed_inside"] == found.evidence["inside"]


def test_two_conditions_can_be_the_region() -> None:
    (found,) = region(case(lambda lr, kind, width: kind == "b" and lr > 0.01, trials=200))
    words = str(found.evidence["region"])
    assert "kind is b" in words
    assert "lr is above 0.0" in words


def test_failures_anywhere_are_said_only_if_they_are_many() -> None:
    def scattered(share: int):
        return lambda lr, kind, width: int(lr * 1e9) % 100 < share

    assert list(region(case(scattered(6)))) == []
    (found,) = region(case(scattered(40)))
    assert "failed, anywhere in the space" in found.sentence
    assert "region" not in found.evidence


def test_few_failures_and_none_are_left_alone() -> None:
    assert list(region(case(lambda lr, kind, width: lr > 0.9))) == []
    assert list(region(case(lambda lr, kind, width: False))) == []


def test_time_that_came_to_nothing_is_counted() -> None:
    space = {"x": rung.Float(0, 1)}

    def value(x: float, resource: int) -> float:
        if x > 0.5 and resource == 9:
            raise ValueError("late")
        return x

    (found,) = lost_time(Case(read(tuned(space, value, scheduler=rung.FIFO(max_resource=9), trials=40))))
    assert 0.3 < float(found.evidence["share"]) < 0.7
    assert found.advice.startswith("Have trainings fail early")
    lossy = tuned(
        space,
        lambda x, resource: x,
        scheduler=rung.FIFO(max_resource=9),
        trials=40,
        losses_per_hour=120,
        seconds=lambda x: 5.0,
    )
    (found,) = lost_time(Case(read(lossy)))
    assert found.advice.startswith("Have trainings report early and save often")
    assert list(lost_time(case(lambda lr, kind, width: False))) == []
