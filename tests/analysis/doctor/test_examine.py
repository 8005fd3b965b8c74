"""The examination as a whole: healthy studies are left alone, small and odd ones are no trouble."""

from collections.abc import Mapping

import pytest

import rung
from analysis.tuned import tuned
from rung.analysis.data import read
from rung.analysis.doctor.examine import CHECKS, doctor, examine

SPACE = {
    "lr": rung.Float(1e-4, 1e-1, log=True, default=1e-2),
    "decay": rung.Float(1e-6, 1e-2, log=True, default=1e-4),
    "kind": rung.Choice(["a", "b", "c"], default="a"),
}


def healthy(lr: float, decay: float, kind: str, resource: int) -> float:
    """Optima inside the ranges, every hyperparameter matters, curves flatten early."""
    x, y = SPACE["lr"], SPACE["decay"]
    assert isinstance(x, rung.Float) and isinstance(y, rung.Float)
    space = rung.Space(SPACE)
    u = space.encode([{"lr": lr, "decay": decay, "kind": kind}])[0]
    return (
        (u[0] - 0.45) ** 2
        + 0.8 * (u[1] - 0.55) ** 2
        + {"a": 0.0, "b": 0.08, "c": 0.15}[kind]
        + 2.0**-resource
    )


@pytest.mark.parametrize(
    "scheduler",
    [rung.FIFO(max_resource=27), rung.ASHA(max_resource=27, min_resource=3)],
    ids=["fifo", "asha"],
)
def test_a_healthy_study_has_nothing_to_complain_about(scheduler: rung.FIFO | rung.ASHA) -> None:
    study = tuned(SPACE, healthy, scheduler=scheduler, trials=160, noise=0.001)
    found = examine(study)
    assert [str(finding) for finding in found.findings] == []
    assert sum(check.outcome == "fine" for check in found.checked) >= 12


@pytest.mark.parametrize("trials", [0, 1, 3, 12])
def test_a_small_study_is_not_judged_beyond_what_is_known(trials: int) -> None:
    study = tuned(SPACE, healthy, scheduler=rung.ASHA(max_resource=27), trials=trials)
    found = examine(study)
    assert {finding.check for finding in found.findings} <= {"trials", "top"}
    assert len(found.checked) == len(CHECKS)
    assert all(check.why for check in found.checked if check.outcome == "unknown")


def test_pure_noise_is_told_apart_from_what_matters() -> None:
    space = {name: rung.Float(0, 1) for name in "abcdef"}

    def constant(resource: int, **config: float) -> float:
        return 0.0

    checks = {finding.check for finding in doctor(tuned(space, constant, noise=1.0, trials=200))}
    assert not checks & {"edge", "logarithm", "unimportant", "failures"}


def test_warnings_come_first_and_each_finding_says_what_to_do() -> None:
    def value(resource: int, x: float, y: float, z: float) -> float:
        if z > 0.7:
            raise ValueError("out of memory")
        return x

    study = tuned(
        {"x": rung.Float(0.1, 1), "y": rung.Float(0.1, 1), "z": rung.Float(0.1, 1)}, value, trials=120
    )
    found = doctor(study)
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, reverse=True)
    assert {finding.check for finding in found} >= {"edge", "failures"}
    for finding in found:
        assert finding.sentence.endswith(".") and finding.advice.endswith(".")
        assert isinstance(finding.evidence, Mapping) and finding.evidence


def test_columns_alone_are_enough_but_for_what_stands_in_the_log() -> None:
    data = read(tuned(SPACE, healthy, trials=20))
    unknown = {check.name: check.why for check in examine(data).checked if check.outcome == "unknown"}
    assert unknown["saving"] == "the log is not at hand"
