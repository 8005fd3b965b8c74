"""How `rung run` tells of a run: as text or as JSON, or not at all."""

import json
from pathlib import Path

from .conftest import FILE, Call


def write(folder: Path, text: str = FILE) -> None:
    (folder / "small.py").write_text(text)


def test_as_json_every_line_of_the_output_is_an_object(spawn: Call, tmp_path: Path) -> None:
    write(tmp_path)
    said = spawn("run", "small.py", "--log", "json")
    assert said.code == 0, said.err
    assert said.err == ""
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [lines[0]["event"], lines[-1]["event"]] == ["run_began", "run_ended"]
    assert sum(line["event"] == "trial_created" for line in lines) == 12
    again = spawn("run", "small.py", "--log", "json", "--quiet")
    assert [json.loads(line)["trials"] for line in again.out.splitlines()] == [12]


def test_warnings_are_objects_too(spawn: Call, tmp_path: Path) -> None:
    write(tmp_path, FILE.replace(", save=lambda folder: None", ""))
    said = spawn("run", "small.py", "--log", "json")
    warnings = [line for line in map(json.loads, said.out.splitlines()) if line["event"] == "warning"]
    assert "was not saved" in warnings[0]["message"]


def test_an_error_ends_the_log_and_is_a_sentence_on_standard_error(spawn: Call, tmp_path: Path) -> None:
    write(tmp_path, FILE.replace("    _ = trial.checkpoint", "    undefined_name"))
    said = spawn("run", "small.py", "--log", "json")
    assert said.code == 2
    end = json.loads(said.out.splitlines()[-1])
    assert (end["event"], end["why"], end["counts"]) == ("run_ended", "error", {"failed": end["trials"]})
    assert "rung: the training fails the same way" in said.err


def test_an_unknown_log_is_refused(call: Call, tmp_path: Path) -> None:
    write(tmp_path)
    said = call("run", "small.py", "--log", "xml")
    assert said.code == 2
    assert "'text', 'json'" in said.err
