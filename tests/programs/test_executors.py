"""Executors by name, as a command line gives them."""

import re
from collections.abc import Callable

import pytest

import rung
from rung.core.errors import SpecError
from rung.programs.executors import named


def test_a_name_alone_is_the_executor_with_its_defaults() -> None:
    assert [named(name) for name in ("local", "ray", "dask", "slurm")] == [
        rung.Local(),
        rung.Ray(),
        rung.Dask(),
        rung.Slurm(),
    ]


def test_options_are_read_as_what_they_are() -> None:
    assert named("slurm,partition=gpu,time=4:00:00,gpus=1,workers=8") == rung.Slurm(
        8, partition="gpu", time="4:00:00", gpus=1
    )
    assert named("ray, gpus=0.5, autoscales=true") == rung.Ray(gpus=0.5, autoscales=True)


def test_a_list_is_said_by_several_values_and_a_table_by_its_names() -> None:
    found = named("ray,resources.tpu=2,cpus=0.5,resources.disk=0.1")
    assert found == rung.Ray(resources={"tpu": 2, "disk": 0.1}, cpus=0.5)
    assert named("local,gpus=0,gpus=2") == rung.Local(gpus=("0", "2"))
    assert named("slurm,setup=module load cuda", rung.Slurm(setup=["other"])).setup == ["module load cuda"]


def test_what_a_file_says_of_the_same_engine_holds_where_the_text_is_silent() -> None:
    given = rung.Slurm(4, partition="gpu", setup=["module load cuda"])
    assert named("slurm,time=0:30:00", given) == rung.Slurm(
        4, partition="gpu", setup=["module load cuda"], time="0:30:00"
    )
    assert named("ray", given) == rung.Ray()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("slrm", "no executor is called 'slrm'. Did you mean 'slurm'?"),
        ("slurm,gpu", r"written name=value, as in \"slurm,partition=gpu\"; got 'gpu'"),
        ("slurm,=3", "written name=value"),
        (
            "slurm,gpus=many",
            "--executor slurm,gpus=many: gpus must be a whole number, such as 4; got 'many'.",
        ),
        ("slurm,workers=0", r"workers must be a whole number of at least 1, got 0\.$"),
        ("slurm,workers=2,workers=3", "workers is said twice, as '2' and as '3'. Say it once."),
        ("slurm,partitoin=gpu", "there is no option 'partitoin'. Did you mean 'partition'?"),
        ("slurm,nodes=3", "there is no option 'nodes'. Known are workers, partition, "),
        ("ray,cpus=-1", "cpus of a worker is a number from 0 on, got -1"),
        (
            "ray,resources=tpu",
            r"resources must be a table of numbers, such as {name = 0.5}; got 'tpu'. Here it is written "
            r"resources.name=1\.$",
        ),
        ("ray,resources.tpu=two", "resources must be a table of numbers, .* got {'tpu': 'two'}. Here"),
        ("ray,cpus.tpu=2", "there is no option 'cpus.tpu'. Did you mean 'cpus'?"),
    ],
)
def test_what_cannot_be_meant_is_told(text: str, sentence: str) -> None:
    for given in (None, rung.Slurm(), rung.Ray()):
        with pytest.raises(SpecError, match=sentence):
            named(text, given)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: rung.Ray(cpus="two"), "cpus must be a number, such as 1.0; got 'two'."),  # type: ignore[arg-type]
        (lambda: rung.Ray(resources="tpu"), "resources must be a table of numbers"),  # type: ignore[arg-type]
        (lambda: rung.Ray(trial_timeout_s=-1), "trial_timeout_s is a positive number of seconds, got -1"),
        (lambda: rung.Slurm(gpus="a100"), "gpus must be a whole number, such as 4; got 'a100'."),  # type: ignore[arg-type]
        (lambda: rung.Slurm(time=4), 'time must be text, such as "1:00:00"; got 4.'),  # type: ignore[arg-type]
        (lambda: rung.Slurm(setup="module load cuda"), "setup is a list of lines"),
        (lambda: rung.Slurm(trial_timeout_s=0), "trial_timeout_s is a positive number of seconds, got 0"),
        (lambda: rung.Dask("3"), "the address of a scheduler such as 'tcp://head:8786', got '3'."),
        (lambda: rung.Dask(trial_timeout_s=-3), "trial_timeout_s is a positive number of seconds, got -3"),
        (lambda: rung.Local(gpus=2), "gpus must be a list of texts"),  # type: ignore[arg-type]
        (lambda: rung.Local(gpus="0,1"), "gpus must be a list of texts"),  # type: ignore[arg-type]
        (lambda: rung.Local(isolate="yes"), "isolate must be true or false; got 'yes'."),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_meant_is_told_in_python_too(wrong: Callable[[], object], sentence: str) -> None:
    with pytest.raises(SpecError, match=re.escape(sentence)):
        wrong()
