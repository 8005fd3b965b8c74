"""`rung ls`, `show`, `best`, `why`: what they print of a study."""

import json
import shlex
import tomllib
from pathlib import Path

import pytest

import rung
from rung.analysis.formats import as_args, as_json, as_toml
from rung.cli.start import SCRIPT
from rung.core.event import Created, Enqueued, Entry
from rung.stores.events import open_store

from .conftest import Call, make


def test_ls_lists_each_study_on_a_line(call: Call, store: Path) -> None:
    make(store, "empty", trials=0)
    said = call("ls")
    head, first, second = said.out.splitlines()
    assert head.split() == ["study", "trials", "best", "status", "last", "event"]
    assert first.split()[:3] == ["digits", "12", "loss"]
    assert "budget used up" in first
    assert second.split()[:3] == ["empty", "0", "-"]


def test_show_has_a_line_for_each_trial(call: Call, store: Path) -> None:
    lines = call("show").out.splitlines()
    assert lines[0].startswith("digits: 12 trials (")
    assert lines[2].split() == ["trial", "status", "epochs", "loss", "configuration", "why"]
    assert [line.split()[0] for line in lines[3:]] == [str(n) for n in range(12)]


def test_show_can_be_restricted_to_a_status(call: Call, store: Path) -> None:
    lines = call("show", "--status", "failed").out.splitlines()[3:]
    assert lines
    assert all("failed" in line and "ValueError: does not converge" in line for line in lines)


def test_each_format_of_best_reads_back_as_the_configuration(call: Call, store: Path) -> None:
    with rung.Study.load("digits", store) as study:
        config = study.best_config
    assert json.loads(call("best", "--format", "json").out) == config
    assert tomllib.loads(call("best", "--format", "toml").out) == config
    words = shlex.split(call("best", "--format", "args").out)
    assert words[::2] == [f"--{name}" for name in config]
    assert call("best").out.startswith("loss ")


def test_odd_names_and_values_survive_every_format() -> None:
    config = {"a.b": 'x "y"\n\x7f', "c d": -1e-05, "e": True, "f": 10**15, "ü": "ß", "g": 1e22}
    assert json.loads(as_json(config)) == config
    assert tomllib.loads(as_toml(config)) == config
    assert shlex.split(as_args({"a.b": "x 'y'", "e": True, "n": -3})) == [
        "--a.b",
        "x 'y'",
        "--e",
        "true",
        "--n",
        "-3",
    ]
    assert tomllib.loads(as_toml({"none": None, "x": 1})) == {"x": 1}


def test_why_tells_the_story_of_a_trial(call: Call, store: Path) -> None:
    with rung.Study.load("digits", store) as study:
        paused = next(trial for trial in study.trials if trial.status == "paused")
    said = call("why", str(paused.number)).out
    assert said.startswith(f"trial {paused.number} of digits\n")
    assert "suggested by the searcher: lr=" in said
    last = said.splitlines()[-1].split(maxsplit=1)
    assert last[0] == "now"
    assert last[1].startswith("paused with loss ")
    assert last[1].endswith("go on")
    assert call("why", "digits", str(paused.number)).out == said


def test_rung_alone_shows_a_script_that_works(call: Call, spawn: Call, tmp_path: Path) -> None:
    said = call()
    assert said.code == 0
    assert SCRIPT in said.out
    assert len(SCRIPT.splitlines()) <= 16
    (tmp_path / "first.py").write_text(SCRIPT)
    assert spawn("run", "first.py").code == 0


def test_each_command_has_help(call: Call) -> None:
    for command in ("run", "ls", "show", "best", "why", "card", "trials"):
        said = call(command, "--help")
        assert said.code == 0
        assert said.out.startswith(f"Usage: rung {command}")
    assert rung.__version__ in call("--version").out


def test_ls_and_show_of_a_study_at_rest_fold_no_log(
    call: Call, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, shown = call("ls").out, call("show").out
    assert call("show", "--all").out == shown
    monkeypatch.setattr(rung.Study, "load", None)
    assert call("ls").out == listed
    assert call("show").out == shown


def test_a_note_that_is_not_of_the_last_event_is_not_believed(call: Call, store: Path) -> None:
    opened = open_store(store)
    log = opened.log("digits")
    log.acquire()
    log.append([Entry(log.committed + 1, 0.0, Enqueued({"lr": 0.5, "opt.kind": "bad", "nesterov": True}))])
    log.append([Entry(log.committed + 2, 0.0, Created(12, {"lr": 0.5}, "searcher", 0))])
    log.release()
    opened.close()
    assert call("show").out.startswith("digits: 13 trials (")
    assert call("ls").out.splitlines()[1].split()[:2] == ["digits", "13"]


def test_of_a_study_that_runs_what_was_noted_is_shown_as_such(call: Call, store: Path) -> None:
    with rung.Study.load("digits", store) as study:
        study.set_budget(rung.Budget(trials=20))
        study.ask()
        study._log.flush()
        assert "running" in call("ls").out.splitlines()[1]
        said = call("show").out
    assert said.startswith("digits: 12 trials (")
    assert "It is running: this is as of " in said.splitlines()[-1]


def test_a_large_study_shows_its_leading_trials_and_all_on_request(call: Call, tmp_path: Path) -> None:
    make(tmp_path / "rung.db", trials=170)
    lines = call("show").out.splitlines()
    assert lines[-1] == "100 of 170 trials, the best first. Every one: rung show --all"
    assert len(lines) == 105
    assert len(call("show", "--all").out.splitlines()) == 173


def test_show_and_why_tell_what_audits_have_found(call: Call, tmp_path: Path) -> None:
    space = {"x": rung.Float(0, 1)}
    made = rung.Study("audited", space, minimize="loss", scheduler=rung.ASHA(max_resource=9), audit=0.4)
    pool = rung.Simulated(problem=rung.LearningCurves(made.space), workers=2)
    made.run(executor=pool, budget=rung.Budget(trials=60)).close()
    assert "audits of early stopping:\n  of " in call("show", "audited").out
    with rung.Study.load("audited", tmp_path / "rung.db") as study:
        trial = next(record for record in study.state.trials if record.rests and record.audit is not None)
        level = study.audits.at(trial.rested)
    assert f"of {level.n_stopped} trials stopped at" in call("why", "audited", str(trial.number)).out
