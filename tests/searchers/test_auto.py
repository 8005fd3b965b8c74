import re
from functools import partial
from pathlib import Path

import pytest

import rung
from rung.core import event as ev
from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Float, Int, Space
from rung.core.suggestion import Request
from rung.searchers.auto import MANY_TRIALS, MANY_WORKERS, MEASURED, RULES, Auto, Situation, chosen
from rung.searchers.registry import SEARCHERS

NUMBERS = Space(x=Float(0, 1), y=Float(0, 1), n=Int(1, 9), kind=Choice(["a", "b"]))
CHOICES = Space({f"k{i}": Choice(["a", "b", "c"]) for i in range(3)} | {"x": Float(0, 1)})
TREE = Space(
    kind=Choice({"a": {"x": Float(0, 1), "m": Choice(["u", "v"])}, "b": {"y": Float(0, 1)}}), z=Float(0, 1)
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.searcher)
def test_every_rule_names_a_searcher_and_gives_a_reason(rule):
    assert rule.searcher in SEARCHERS
    assert rule.why


@pytest.mark.parametrize(
    ("situation", "searcher"),
    [
        (Situation.of(NUMBERS, 1), "gp"),
        (Situation.of(NUMBERS, 2), "gp"),
        (Situation.of(NUMBERS, 4), "tpe"),
        (Situation.of(NUMBERS, 1, budget=MANY_TRIALS), "tpe"),
        (Situation.of(NUMBERS, 2, budget=MANY_TRIALS), "nsga-ii"),
        (Situation.of(NUMBERS, 1, trial_seconds=0.001), "tpe"),
        (Situation.of(NUMBERS, 1, trial_seconds=60.0), "gp"),
        (Situation(4, 1, 1, trials=MANY_TRIALS), "tpe"),
        (Situation(4, 1, 1, trials=99, pending=MANY_WORKERS + 1), "tpe"),
        (Situation(4, 1, 1, trials=99, uneven=True), "tpe"),
        (Situation.of(TREE, 1), "gp"),
        (Situation.of(CHOICES, 1), "tpe"),
        (Situation.of(Space(a=1), 1), "random"),
    ],
)
def test_the_table_decides(situation, searcher):
    assert chosen(situation).searcher == searcher


def created(study):
    return [entry.event for entry in study.events() if isinstance(entry.event, ev.Created)]


def test_the_log_says_what_was_chosen_and_once_why():
    study = rung.Study("auto", NUMBERS, minimize="loss", searcher=Auto(), store=None)
    study.run(
        lambda trial: trial.report(loss=trial.config["x"]),
        executor=rung.InProcess(),
        budget=rung.Budget(trials=4),
    )
    fitted = [event.fitted for event in created(study)]
    assert [each["member"] for each in fitted] == ["gp"] * 4
    assert ["because" in each for each in fitted] == [True, False, False, False]


def test_a_larger_budget_changes_the_choice_and_the_log_says_so():
    study = rung.Study("auto", NUMBERS, minimize="loss", searcher=Auto(), store=None)
    for trials, budget in ((2, 2), (4, MANY_TRIALS)):
        study.set_budget(rung.Budget(trials=budget))
        while len(study.trials) < trials:
            job = study.ask()
            study.tell(job, {"loss": job.config["x"]})
    fitted = [event.fitted for event in created(study)]
    assert [each["member"] for each in fitted] == ["gp", "gp", "tpe", "tpe"]
    assert "2000 trials or more" in fitted[2]["because"]


@pytest.mark.parametrize(("seconds", "member"), [(0.001, "tpe"), (5.0, "gp")])
def test_how_long_trials_take_is_read_from_the_log(seconds, member):
    history = History(NUMBERS, 1, 0)
    for number in range(MEASURED):
        history.add_trial({"x": number / MEASURED, "y": 0.5, "n": 3, "kind": "a"})
        history.add_observation(number, 1, (float(number),), {}, seconds, float(number))
    live = Auto().start(NUMBERS, (Objective("loss"),), seed=1)
    (suggestion,) = live.suggest(history.view(), Request(MEASURED, MEASURED, 1, 1, 0, partial(rng, 1)))
    assert suggestion.fitted["member"] == member


def test_trials_that_were_stopped_early_are_seen():
    study = rung.Study(
        "early", NUMBERS, minimize="loss", scheduler=rung.ASHA(max_resource=9), searcher=Auto(), store=None
    )

    def train(trial):
        for epoch in trial.steps():
            trial.report(loss=trial.config["x"] / epoch)

    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=8))
    fitted = [event.fitted for event in created(study)]
    assert (fitted[0]["member"], fitted[-1]["member"]) == ("gp", "tpe")
    assert "stopped early" in next(each["because"] for each in fitted if each["member"] == "tpe")


def test_a_study_whose_user_names_no_searcher_has_auto_and_a_stored_one_keeps_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr("rung.study.Auto", Auto)  # tests/conftest.py puts random search in its place
    options = {"minimize": "loss", "store": tmp_path / "rung.db"}
    with rung.Study("named", NUMBERS, searcher=rung.RandomSearch(), **options):
        pass
    with rung.Study("unnamed", NUMBERS, **options) as study:
        assert study.spec.searcher == {"type": "auto"}
    with rung.Study("named", NUMBERS, **options) as study:
        assert study.spec.searcher == {"type": "random"}
        study.run(
            lambda trial: trial.report(loss=1.0), executor=rung.InProcess(), budget=rung.Budget(trials=1)
        )
        assert not any(isinstance(entry.event, ev.SpecChanged) for entry in study.events())


@pytest.mark.parametrize("seconds", [-1, "fast", True, float("nan")])
def test_a_wrong_time_is_refused(seconds):
    with pytest.raises(SpecError, match="trial_seconds"):
        Auto(trial_seconds=seconds)


def test_the_story_of_a_trial_tells_who_suggested_it():
    study = rung.Study("auto", NUMBERS, minimize="loss", searcher=Auto(), store=None)
    study.run(lambda trial: trial.report(loss=1.0), executor=rung.InProcess(), budget=rung.Budget(trials=2))
    assert "(gp, as most hyperparameters are numbers" in study.story(0)[0].text
    assert "(gp):" in study.story(1)[0].text


def test_the_guide_lists_the_rules_as_they_are():
    page = (Path(__file__).parents[2] / "docs" / "choosing-a-searcher.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| .+ \|$", page, re.MULTILINE)
    assert rows == [(rule.searcher, rule.why) for rule in RULES]
