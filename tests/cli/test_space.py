"""`rung space`: what it shows, and how it changes the space of a study that was run."""

from pathlib import Path

import rung

from .conftest import Call, train


def test_it_shows_each_hyperparameter_on_a_line(call: Call, store: Path) -> None:
    lines = call("space").out.splitlines()
    assert lines[0] == "digits: 3 hyperparameters, 12 trials"
    assert lines[3].split() == ["lr", "0.001", "to", "1,", "logarithmic", "-"]
    assert lines[4].startswith("opt.kind")


def test_a_changed_space_is_shown_with_the_source_that_opens_the_study(call: Call, store: Path) -> None:
    assert call("space", "digits", "set", "lr", "0.1..1 log").out.startswith(
        "digits: low of lr changed from 0.001 to 0.1.\n"
    )
    assert call("space", "digits", "freeze", "opt.kind", "sgd").code == 0
    said = call("space", "digits", "add", "dropout", "0..0.5 = 0.1").out
    assert "of 12 trials outside" in said
    source = said[said.index("rung.Space(") :]
    space = eval(source, {"rung": rung})  # what the user pastes
    with rung.Study("digits", space, minimize="loss", resource=rung.Steps("epoch"),
                    scheduler=rung.ASHA(max_resource=9), store=store) as study:  # fmt: skip
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=15))
        assert {trial.config["opt.kind"] for trial in study.trials[12:]} == {"sgd"}
        assert all(0.1 <= float(trial.config["lr"] or 0) <= 1 for trial in study.trials[12:])


def test_each_reading_command_works_on_a_study_whose_space_has_changed(call: Call, store: Path) -> None:
    with rung.Study.load("digits", store) as study:
        number = str(study.best.number)
    call("space", "digits", "set", "lr", "0.9..1 log")
    call("space", "digits", "add", "dropout", "0..0.5 = 0.1")
    call("space", "digits", "freeze", "nesterov", "true")
    for command in (
        ["ls"],
        ["show"],
        ["best"],
        ["why", number],
        ["card"],
        ["trials"],
        ["doctor"],
        ["replay"],
    ):
        said = call(*command)
        assert said.code == 0, said.err
    said = call("importance")
    assert said.code in (0, 2)
    assert "Traceback" not in said.err


def test_what_is_no_edit_is_told_in_a_sentence(call: Call, store: Path) -> None:
    for words, saying in {
        ("grow", "lr", "1..2"): "to change the space write: rung space digits set lr",
        ("set", "lr"): "to change the space write",
        ("set", "lr", "a|b"): "lr cannot change from a Float to a Choice",
        ("freeze", "lr", "7"): "lr can be frozen to one of its values only",
        ("add", "x", "0..1"): "x cannot be added without a default",
    }.items():
        said = call("space", "digits", *words)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("rung: ")
        assert saying in said.err
