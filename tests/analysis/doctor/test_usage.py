"""Processors and GPUs that stand idle, or that are too few."""

from dataclasses import replace

import pytest

import rung
from analysis.tuned import tuned
from rung.analysis.data import StudyData, read
from rung.analysis.doctor.case import Case
from rung.analysis.doctor.finding import CannotTellError
from rung.analysis.doctor.usage import gpus, processors
from rung.core.usage import Usage


@pytest.fixture(scope="module")
def data() -> StudyData:
    return read(tuned({"x": rung.Float(0, 1)}, lambda x, resource: x, trials=5))


def case(data: StudyData, **found: float) -> Case:
    return Case(replace(data, usage=Usage(seconds=100.0, **found)))


def test_gpus_that_stand_idle_are_found_and_busy_ones_left_alone(data: StudyData) -> None:
    known = {"gpu_room_s": 100.0, "gpu_measured_s": 100.0, "gpu_memory_bytes": 2 * 10**9}
    (found,) = gpus(case(data, gpu_seconds=11.0, **known))
    assert found.sentence.startswith("GPUs were busy for 11 % of the time in which trials had them.")
    assert "2 GB" in found.sentence
    assert "gpus_per_worker" in found.advice
    assert list(gpus(case(data, gpu_seconds=80.0, **known))) == []


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({}, "had a GPU"),
        ({"gpu_room_s": 100.0}, r"pip install 'rung\[gpu\]'"),
        ({"gpu_room_s": 100.0, "gpu_measured_s": 20.0}, "only 20 s"),
    ],
)
def test_without_measurements_nothing_is_said_of_gpus(
    data: StudyData, found: dict[str, float], why: str
) -> None:
    with pytest.raises(CannotTellError, match=why):
        list(gpus(case(data, **found)))


def test_processors_that_stand_idle_and_too_few_of_them_are_found(data: StudyData) -> None:
    (idle,) = processors(case(data, cpu_seconds=90.0, cpu_room_s=400.0))
    assert idle.sentence == "Trials used 0.9 of the 4 processors that each worker has."
    (crowded,) = processors(case(data, cpu_seconds=380.0, cpu_room_s=100.0))
    assert "3.8 processors each where a worker has 1 processor" in crowded.sentence
    assert list(processors(case(data, cpu_seconds=90.0, cpu_room_s=100.0))) == []
    assert list(processors(case(data, cpu_seconds=20.0, cpu_room_s=100.0))) == []  # one cannot be less


def test_processors_may_be_idle_where_gpus_compute(data: StudyData) -> None:
    assert list(processors(case(data, cpu_seconds=90.0, cpu_room_s=400.0, gpu_room_s=100.0))) == []
