"""The card: what it says, and that it says no more than the data allow."""

import ast
import re

import pytest

import rung
from rung.analysis.card import card

SPACE = {
    "lr": rung.Float(1e-4, 1.0, log=True),
    "a|b": rung.Choice(["x", "`y`"]),
    "opt": rung.Choice({"adam": {"beta": rung.Float(0.8, 0.99)}, "sgd": {}}),
}


def train(trial: rung.Trial) -> None:
    _ = trial.checkpoint
    for step in trial.steps():
        trial.report(accuracy=1 - trial.config["lr"] / step, size=step, save=lambda folder: None)


def study(**options: object) -> rung.Study:
    options = {"maximize": "accuracy", "scheduler": rung.ASHA(max_resource=9), **options}
    found = rung.Study("digits", SPACE, store=None, **options)
    return found.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=30))


def blocks(text: str) -> dict[str, str]:
    return dict(re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def test_a_single_run_is_said_to_have_no_interval_and_to_be_optimistic() -> None:
    found = study()
    text = card(found)
    reached = sum(trial.resource == 9 for trial in found.trials)
    assert "This is one run, from which no interval can be made." in text
    assert f"best of {reached} trials that came to 9 steps, which makes its value optimistic" in text
    assert "95 % interval" not in text


def test_folds_give_the_mean_and_its_interval() -> None:
    text = card(study(resource=rung.Replicates("fold")))
    assert re.search(r"Mean over 9 folds: [\d.]+, 95 % interval [\d.]+ to [\d.]+ \(Student's t\)", text)
    assert "Folds share training data" in text
    assert "optimistic" in text


def test_trials_of_the_same_configuration_give_the_mean_and_its_interval() -> None:
    noise = iter([0.5, 0.1, 0.3])
    study = rung.Study("s", {"x": rung.Choice(["a"])}, minimize="value", duplicates="replicate", store=None)
    study.run(
        lambda trial: trial.report(value=next(noise)), executor=rung.InProcess(), budget=rung.Budget(trials=3)
    )
    assert "Mean over 3 trials of this configuration: 0.3, 95 % interval -0.19683 to 0.79683" in card(study)


def test_its_code_defines_the_study_and_the_best_configuration() -> None:
    found = study()
    text = card(found)
    codes = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert codes[0].startswith("import rung\n\nstudy = rung.Study(\n")
    assert "budget=rung.Budget(trials=30)" in codes[0]
    ast.parse(codes[0])
    assert ast.literal_eval(codes[1].removeprefix("config = ")) == found.best_config
    assert blocks(text)["sh"].startswith("--lr ")


def test_every_table_has_as_many_cells_in_each_row() -> None:
    text = card(study())
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        widths = {len(re.split(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1
    assert "| `beta` | 0.8 to 0.99 | - | `opt=adam` |" in text
    assert r"| `a\|b` |" in text


def test_several_objectives_give_the_front() -> None:
    found = study(minimize="size", scheduler=rung.FIFO(max_resource=2))
    text = card(found)
    assert "## Front" in text
    assert "## Best" not in text
    for trial in found.front:
        assert re.search(rf"^\| {trial.number} \|", text, re.MULTILINE)


def test_what_was_spent_is_told_against_training_every_trial_to_the_end() -> None:
    found = study()
    spent = found.state.account.resource
    assert f"- **Training:** {spent} steps, {100 * spent / 270:.0f} % of the 270" in card(found)


def test_a_study_without_a_result_has_no_card() -> None:
    with pytest.raises(rung.NoResultError, match="has no result yet"):
        card(rung.Study("empty", SPACE, minimize="loss", store=None))
