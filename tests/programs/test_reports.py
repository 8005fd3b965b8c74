"""Which lines are reports, and what is in them."""

import math

import pytest

from rung.core.errors import MisuseError
from rung.programs.reports import Report, Reports


def read(*lines: str, objectives: tuple[str, ...] = ("accuracy",)) -> list[Report]:
    reports = Reports(objectives)
    return [report for line in lines for report in reports.read(line.encode())]


def test_a_json_object_with_the_objective_is_a_report() -> None:
    line = '{"accuracy": 0.9, "loss": 1, "step": 3, "saved": "model", "note": "text", "nested": {"a": 1}}'
    assert read(line) == [Report({"accuracy": 0.9, "loss": 1.0}, 3, "model")]


@pytest.mark.parametrize(
    "line",
    [
        "epoch 3: accuracy=0.93, time 3 s",
        "Accuracy: 0.93",
        "{'accuracy': 0.93, 'epoch': 1}",
        "\x1b[32maccuracy\x1b[0m = 9.3e-1",
        "1/10 accuracy: 0.1\r10/10 accuracy: 0.93",
    ],
)
def test_a_number_behind_the_objective_is_a_report(line: str) -> None:
    assert read(line) == [Report({"accuracy": 0.93}, None, None)]


@pytest.mark.parametrize(
    "line",
    [
        "val_accuracy=0.5",
        "accuracy",
        "accuracy: high",
        "accuracy=0.93s",
        "x.accuracy=1",
        '{"loss": 3}',
        '{"accuracy": 0.',
        "[1]",
        "",
    ],
)
def test_other_lines_are_not(line: str) -> None:
    assert read(line) == []


def test_not_a_number_is_a_number() -> None:
    (nan,) = read('{"accuracy": NaN}')
    (inf,) = read("accuracy=-inf")
    assert math.isnan(nan.metrics["accuracy"])
    assert inf.metrics["accuracy"] == -math.inf


def test_several_objectives_may_come_on_several_lines() -> None:
    found = read("accuracy=1", '{"saved": "a"}', "size=2", "accuracy=3", objectives=("accuracy", "size"))
    assert found == [Report({"accuracy": 1.0, "size": 2.0}, None, "a")]


def test_a_step_may_lack_the_objective_until_the_next_one() -> None:
    found = read('{"step": 1, "loss": 3}', '{"step": 2, "loss": 2}', '{"step": 2, "accuracy": 0.5}')
    assert found == [Report({"loss": 3.0}, 1, None), Report({"loss": 2.0, "accuracy": 0.5}, 2, None)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"accuracy": "high"}', 'accuracy = "high", which is no number'),
        ('{"accuracy": 1, "step": 1.5}', "step is a whole number"),
        ('{"accuracy": 1, "saved": true}', "name of a file or folder"),
        ('{"accuracy": 1, "saved": "../x"}', "name of a file or folder"),
    ],
)
def test_a_report_that_makes_no_sense_is_told(line: str, words: str) -> None:
    with pytest.raises(MisuseError, match=words):
        read(line)


def test_deep_nesting_and_binary_do_no_harm() -> None:
    reports = Reports(("accuracy",))
    assert reports.read(b'{"a":' * 100_000) == []
    assert reports.read(bytes(range(256))) == []
    assert reports.broken is not None
