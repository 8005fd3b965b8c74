"""Workers: idle ones, slow ones, and what saving costs."""

from dataclasses import replace

import rung
from analysis.tuned import tuned
from rung.analysis.data import read
from rung.analysis.doctor.case import Case, LogFacts, facts
from rung.analysis.doctor.workers import idle, saving, slow

SPACE = {"x": rung.Float(0, 1)}


def value(x: float, resource: int) -> float:
    return x


def test_workers_that_wait_are_found_with_the_reason_in_the_log() -> None:
    study = tuned(
        SPACE,
        value,
        trials=90,
        workers=9,
        scheduler=rung.ASHA(max_resource=3),
        seconds=lambda x: 300 if x < 0.01 else 1,
    )
    data = read(study)
    (found,) = idle(Case(data, facts(study.events(), data.unit)))
    assert float(found.evidence["share"]) > 0.5
    assert found.evidence["workers"] == 9
    assert found.evidence["reason"]
    assert str(found.evidence["reason"]) in found.sentence


def test_busy_workers_and_pauses_between_runs_are_left_alone() -> None:
    data = read(tuned(SPACE, value, trials=100, workers=4))
    assert list(idle(Case(data))) == []
    later = [
        replace(job, number=job.number + 100, began=job.began + 9999, ended=job.ended + 9999)
        for job in data.jobs
    ]
    assert list(idle(Case(replace(data, jobs=[*data.jobs, *later])))) == []


def test_a_worker_of_half_the_speed_is_found_and_dear_configurations_are_not() -> None:
    data = read(tuned(SPACE, value, trials=100, workers=4, seconds=lambda x: 1 + x))
    assert list(slow(Case(data))) == []
    jobs = [
        replace(job, ended=job.began + 3 * (job.ended - job.began)) if job.worker == 2 else job
        for job in data.jobs
    ]
    (found,) = slow(Case(replace(data, jobs=jobs)))
    assert found.evidence["worker"] == 2
    assert 2 < float(found.evidence["ratio"]) < 4


def test_saving_that_takes_long_is_found() -> None:
    data = read(tuned(SPACE, value, trials=100))
    (found,) = saving(Case(data, LogFacts(saving_s=25.0)))
    assert found.evidence["share"] == 0.2
    assert list(saving(Case(data, LogFacts(saving_s=1.0)))) == []
