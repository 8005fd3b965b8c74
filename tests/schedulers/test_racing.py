"""Racing, on problems whose truth is known."""

from itertools import pairwise

import numpy as np
import pytest

import rung
from registered import MAX_RESOURCE
from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.resource import Replicates
from rung.core.space import Config
from rung.core.why import sentence
from rung.schedulers.racing import LiveRacing, Racing
from schedulers.world import LOST, Settings, World

SPACE = rung.Space(
    x=rung.Float(0.0, 1.0),
    y=rung.Float(0.0, 1.0),
    kind=rung.Choice({"a": {}, "b": {"z": rung.Float(0.0, 1.0)}}),
)


def truth(config: Config) -> float:
    """What the values of a configuration would be on the average; 0 is the best."""
    x, y, z = (float(config.get(name, 0.0)) for name in ("x", "y", "z"))  # type: ignore[arg-type]
    return (x - 0.7) ** 2 + (y - 0.2) ** 2 + (0.3 if config["kind"] == "a" else 0.2 * (z - 0.5) ** 2)


def noisy(config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
    """An instance is hard or easy for all; on top of it comes noise of this configuration on this instance."""
    instance = np.random.default_rng(resource)
    own = np.random.default_rng([resource, seed])
    return {"loss": truth(config) + 3 * instance.normal() + 0.15 * own.normal()}, 1.0 + resource % 3


def run(scheduler: object, trials: int | None = None, seed: int = 0, workers: int = 4) -> rung.Study:
    study = rung.Study(
        "raced",
        SPACE,
        minimize="loss",
        scheduler=scheduler,  # type: ignore[arg-type]
        resource=rung.Replicates("instance"),
        store=None,
        seed=seed,
    )
    executor = rung.Simulated(problem=noisy, workers=workers)
    return study.run(executor=executor, budget=rung.Budget(trials=trials))


def live(study: rung.Study) -> LiveRacing:
    scheduler = study.state.scheduler
    assert isinstance(scheduler, LiveRacing)
    return scheduler


# What it is for


def test_a_race_chooses_as_equal_allocation_does_with_less_than_half_of_the_evaluations() -> None:
    excess = []
    for seed in range(4):
        equal = run(rung.FIFO(max_resource=30), 30, seed)
        raced = run(rung.Racing(max_resource=30, max_evaluations=3000), 30, seed)
        assert [trial.config for trial in raced.trials] == [trial.config for trial in equal.trials]
        spent = raced.state.account.resource
        assert spent < 0.45 * equal.state.account.resource
        short = run(rung.FIFO(max_resource=round(spent / 30)), 30, seed)  # equal allocation of as much
        best = min(truth(trial.config) for trial in equal.trials)
        excess.append([truth(study.best.config) - best for study in (raced, equal, short)])
    of_race, of_equal, of_short = np.mean(excess, axis=0)
    assert of_race <= of_equal + 1e-9
    assert of_race < of_short / 2


def test_iterated_races_end_nearer_to_the_optimum_than_equal_allocation_of_as_many_evaluations() -> None:
    found = []
    for seed in range(4):
        raced = run(rung.Racing(max_resource=40, max_evaluations=1500), seed=seed)
        spent = raced.state.account.resource
        assert 1400 < spent <= 1500
        equal = [run(rung.FIFO(max_resource=n), spent // n, seed) for n in (10, 20)]
        found.append([truth(study.best.config) for study in (raced, *equal)])
    of_race, of_ten, of_twenty = np.mean(found, axis=0)
    assert of_race < 0.7 * min(of_ten, of_twenty)


# The rules, read from logs


def test_every_test_is_over_the_same_instances_and_elites_are_not_ruled_out_by_who_has_seen_less() -> None:
    study = run(rung.Racing(max_resource=40, max_evaluations=600), seed=1)
    scheduler = live(study)
    assert len(scheduler._breeding.generations) >= 4
    n_checked = 0
    for generation in scheduler._breeding.generations[1:]:
        for elite in generation.elites:
            why = study.state.why(elite)
            assert why.rule in ("ruled out", "no elite", "survivor")
            assert (
                why.resource == study.state.trials[elite].resource
            )  # it saw no instance after that, and none more
            n_checked += why.rule != "survivor"
        newcomers = [t for t in study.trials if t.number not in generation.elites]
        assert all(trial.resource >= 5 for trial in newcomers)
    assert n_checked > 3
    for trial in study.trials:
        why = study.state.why(trial.number)
        if why.rule == "ruled out":
            assert why.trial is not None
            assert why.value is not None
            assert why.value < 0.05
            assert study.state.trials[why.trial].resource >= (why.resource or 0)


def test_each_race_sees_instances_that_its_elites_have_not_seen() -> None:
    study = run(rung.Racing(max_resource=40, max_evaluations=600), seed=2)
    created = {e.event.trial: e for e in study.events() if isinstance(e.event, ev.Created)}
    reports = [e for e in study.events() if isinstance(e.event, ev.Reported)]
    n_races = 1 + max(entry.event.bracket for entry in created.values())
    begins = [min(e.seq for e in created.values() if e.event.bracket == race) for race in range(1, n_races)]
    furthest = [max(r.event.resource for r in reports if r.seq < begin) for begin in [*begins, np.inf]]
    assert n_races >= 4
    assert all(before < after for before, after in pairwise(furthest))


def test_the_survivors_of_the_last_race_have_seen_the_same_instances() -> None:
    for seed in range(4):
        study = run(rung.Racing(max_resource=40, max_evaluations=600), seed=seed, workers=7)
        last = [t.number for t in study.trials if study.state.why(t.number).rule == "survivor"]
        assert 0 < len(last) <= 4
        assert len({study.state.trials[trial].resource for trial in last}) == 1
        assert max(trial.resource for trial in study.trials) == study.state.trials[last[0]].resource
        assert study.best.number in last


def test_workers_take_candidates_ahead_rather_than_wait() -> None:
    study = run(rung.Racing(max_resource=40, max_evaluations=600), seed=3, workers=7)
    rules = [entry.event.why.rule for entry in study.events() if isinstance(entry.event, ev.Started)]
    assert rules.count("races ahead") > 10
    one = run(rung.Racing(max_resource=40, max_evaluations=600), seed=3, workers=1)
    rules = [entry.event.why.rule for entry in one.events() if isinstance(entry.event, ev.Started)]
    assert rules.count("races ahead") == 0  # with one worker nobody waits


def test_a_candidate_that_is_ruled_out_while_it_runs_ahead_is_stopped() -> None:
    stopped = [
        entry.event
        for seed in range(6)
        for entry in run(
            rung.Racing(max_resource=40, max_evaluations=600, each_test=3), seed=seed, workers=7
        ).events()
        if isinstance(entry.event, ev.Stopped)
    ]
    assert stopped
    assert {event.why.rule for event in stopped} <= {"ruled out", "no elite"}


@pytest.mark.parametrize("test", ["friedman", "t-test", "t-test-holm"])
def test_each_test_serves(test: str) -> None:
    study = run(rung.Racing(max_resource=20, max_evaluations=400, test=test))  # type: ignore[arg-type]
    assert truth(study.best.config) < 0.1
    assert study.state.resting is not None
    assert study.state.resting.rule == "races over"


# Budgets and losses


def test_when_no_more_trials_come_the_race_goes_on_with_those_it_has() -> None:
    study = run(rung.Racing(max_resource=20, max_evaluations=600), 7)
    assert len(study.trials) == 7
    assert sum(study.state.why(t.number).rule == "ruled out" for t in study.trials) >= 2
    more = study.run(executor=rung.Simulated(problem=noisy, workers=3), budget=rung.Budget(trials=60))
    assert len(more.trials) > 7
    assert {entry.event.source for entry in more.events() if isinstance(entry.event, ev.Created)} >= {
        "searcher",
        "scheduler",
    }


def test_failed_and_stopped_candidates_hold_nobody_up() -> None:
    spec = Racing(max_resource=MAX_RESOURCE, max_evaluations=60, first_test=2)
    world = World(Settings(spec, 3, Budget(), 0, Replicates()))
    for turn in range(40):
        world.do("ask")
        world.do("step", turn, (turn * 7 % 5) / 2)
        if turn % 5 == 0:
            world.do("fail", turn, 0)
        if turn % 11 == 0:
            world.do("stop_by_hand", turn)
        if turn % 7 == 0:
            world.do("lose", turn)
    world.do("drain", 1)
    assert world.reasons[-1].rule == "races over"
    assert sum(e.event.failure == LOST for e in world.entries if isinstance(e.event, ev.Ended)) > 2


def test_when_all_elites_have_failed_the_searcher_is_asked_again() -> None:
    spec = Racing(max_resource=MAX_RESOURCE, max_evaluations=200, first_test=2)
    world = World(Settings(spec, 1, Budget(), 0, Replicates()))
    while sum(isinstance(e.event, ev.Created) for e in world.entries) < 60:
        assert world.ask()
        world.do("fail", 0, 0)
    sources = {e.event.source for e in world.entries if isinstance(e.event, ev.Created)}
    assert sources == {"searcher"}
    while world.ask():
        world.do("fail", 0, 0)
    assert world.reasons[-1].rule == "races over"


# Words


def test_reasons_read_well() -> None:
    study = run(rung.Racing(max_resource=40, max_evaluations=600), seed=1)
    words = {
        study.state.why(t.number).rule: sentence(study.state.why(t.number), "fold") for t in study.trials
    }
    assert set(words) == {"ruled out", "no elite", "survivor"}
    assert "p = " in words["ruled out"]
    started = [e.event for e in study.events() if isinstance(e.event, ev.Started)]
    rules = {event.why.rule: sentence(event.why, "fold") for event in started}
    assert rules["joins race"].startswith("joins a race of ")
    assert "elites of the last race" in rules["around elite"]
    assert not any("None" in text for text in [*words.values(), *rules.values()])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_resource": 3}, "first_test must be at least 2 and at most max_resource, got 5 and 3"),
        ({"max_resource": 9, "confidence": 95}, "confidence must be above 0.5 and below 1, got 95"),
        ({"max_resource": 9, "each_test": 0}, "each_test must be a whole number of at least 1"),
    ],
)
def test_wrong_options_get_a_sentence(options: dict[str, int], words: str) -> None:
    with pytest.raises(rung.SpecError, match=words):
        rung.Racing(**options)


def test_a_budget_too_small_for_its_races_and_a_resource_of_steps_are_refused() -> None:
    with pytest.raises(
        rung.SpecError, match="max_evaluations must be a whole number of at least 180, got 50"
    ):
        run(rung.Racing(max_resource=9, max_evaluations=50))
    with pytest.raises(rung.SpecError, match="compares trials on the same folds, seeds or instances"):
        rung.Study("s", SPACE, minimize="loss", scheduler=rung.Racing(max_resource=9), store=None)
