"""Rules between hyperparameters on the command line: `rung run --where`, and `rung space … where` and `lift`."""

from pathlib import Path

import rung

from .conftest import Call


def test_a_study_of_a_command_takes_rules(call: Call, store: Path) -> None:
    rules = ["--where", "a * b <= 9", "--where", "a != b"]
    ran = call(
        "run",
        "env echo loss={a:1..9} {b:1..9}",
        "--minimize",
        "loss",
        "--trials",
        "4",
        "--name",
        "ruled",
        *rules,
    )
    assert ran.code == 0
    with rung.Study.load("ruled", store) as study:
        assert study.space.rules == ("a * b <= 9", "a != b")
        assert len(study.trials) == 4
        assert all(study.space.contains(trial.config) for trial in study.trials)


def test_rules_are_shown_added_and_lifted(call: Call, store: Path) -> None:
    assert call("space", "digits", "where", "lr <= 0.5").out.startswith(
        "digits: the rule 'lr <= 0.5' was added.\n"
    )
    assert "\nwhere lr <= 0.5\n" in call("space", "digits").out
    assert (
        "'lr <= 0.1' is no rule of this space. Its rules are 'lr <= 0.5'."
        in call("space", "digits", "lift", "lr <= 0.1").err
    )
    assert "the rule 'lr <= 0.5' was removed" in call("space", "digits", "lift", "lr <= 0.5").out
    assert "which is no hyperparameter" in call("space", "digits", "where", "rl <= 0.5").err
