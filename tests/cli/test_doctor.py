"""`rung doctor`: findings with what to do, and what was checked."""

import re
from pathlib import Path

import rung
from analysis.tuned import Problem

from .conftest import Call


def studied(store: Path, name: str, space: dict[str, object], value) -> None:
    with rung.Study(name, space, minimize="loss", scheduler=rung.FIFO(max_resource=1), store=store) as study:
        study.run(executor=rung.Simulated(problem=Problem(value)), budget=rung.Budget(trials=60))


def test_findings_are_said_with_their_advice(call: Call, tmp_path: Path) -> None:
    studied(
        tmp_path / "rung.db",
        "edgy",
        {"x": rung.Float(1, 2), "y": rung.Float(1, 2)},
        lambda x, y, resource: x + y / 9,
    )
    said = call("doctor")
    assert said.code == 0
    assert re.match(
        r"edgy: \d things? to look at\n\nwarning  \d of the 6 best trials have x at the low end", said.out
    )
    assert "-> Try values below 1, if they make sense." in said.out
    assert "\nFine\n" in said.out
    assert "(there are no rungs)" in said.out


def test_a_healthy_study_gets_a_list_of_what_was_checked(call: Call, tmp_path: Path) -> None:
    space = {"x": rung.Float(1, 2), "y": rung.Float(1, 2)}
    studied(tmp_path / "rung.db", "sound", space, lambda x, y, resource: (x - 1.6) ** 2 + (y - 1.4) ** 2)
    said = call("doctor", "sound")
    assert said.out.startswith("sound: nothing to complain about\n\nFine\n")
    assert "  Are the best values inside their ranges?\n" in said.out


def test_an_empty_study_is_said_to_be_unknown(call: Call, tmp_path: Path) -> None:
    with rung.Study("empty", {"x": rung.Float(1, 2)}, minimize="loss", store=tmp_path / "rung.db"):
        pass
    said = call("doctor")
    assert said.code == 0
    assert "Could not be told" in said.out
