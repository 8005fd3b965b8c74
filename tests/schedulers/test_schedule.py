import math
from functools import partial
from pathlib import Path

import msgspec
import pytest

import rung
from rung.core import event as ev
from rung.core.errors import NoResultError, SpecError
from rung.core.why import sentence
from rung.schedulers.schedule import Phase, Schedule

SPACE = rung.Space(rate=rung.Float(0.0, 1.0))
THREE = Schedule((Phase(0, 3, {"rate": 0.5}), Phase(3, 5, {"rate": 0.25}), Phase(5, 9, {"rate": 1.0})))


def train(trial: rung.Trial) -> None:
    """Its weight is the sum of the rates of all steps."""
    weight = float((trial.checkpoint / "weight").read_text()) if trial.checkpoint else 0.0
    for _ in trial.steps():
        weight += trial.config["rate"]
        trial.report(weight=weight, save=partial(save, weight))


def save(weight: float, folder: Path) -> None:
    (folder / "weight").write_text(repr(weight))


def study(schedule: Schedule, **options: object) -> rung.Study:
    return rung.Study("s", SPACE, maximize="weight", scheduler=schedule, store=None, **options)  # type: ignore[arg-type]


def test_a_schedule_trains_one_model_through_its_phases() -> None:
    found = study(THREE).run(train, executor=rung.InProcess())
    assert found.best.value == 3 * 0.5 + 2 * 0.25 + 4 * 1.0
    assert [(trial.config["rate"], trial.resource, trial.parent) for trial in found.trials] == [
        (0.5, 3, None),
        (0.25, 5, 0),
        (1.0, 9, 1),
    ]
    assert [trial.status for trial in found.trials] == ["stopped", "stopped", "complete"]
    assert found.trials[0].why == "goes on as trial 1, with the next configuration"
    assert found.ended == "the schedule is trained to its end"
    assert found.state.account.trials == 1
    assert found.state.account.resource == 9


def test_the_schedule_of_a_schedule_is_itself() -> None:
    found = study(THREE).run(train, executor=rung.InProcess())
    assert found.schedule() == THREE
    assert found.schedule(1) == Schedule(THREE.phases[:2])


def test_with_many_workers_it_is_still_one_model() -> None:
    found = study(THREE).run(
        executor=rung.Simulated(problem=lambda config, resource, seed: ({"weight": resource}, 1.0), workers=5)
    )
    assert found.state.time == pytest.approx(9.0)
    assert len(found.trials) == 3


def test_a_budget_that_ends_in_the_middle_is_gone_on_from() -> None:
    one = study(THREE).run(train, executor=rung.InProcess(), budget=rung.Budget(resource=7))
    assert one.best.resource == 5
    assert one.ended == "what is left of the budget does not cover the next job"
    one.run(train, executor=rung.InProcess())
    assert one.best.value == 6.0


def test_a_training_that_does_not_save_is_told_why_it_cannot_go_on() -> None:
    def forgetful(trial: rung.Trial) -> None:
        for step in trial.steps():
            trial.report(weight=step)

    found = study(THREE).run(forgetful, executor=rung.InProcess())
    assert len(found.trials) == 1
    assert found.ended == "the schedule cannot go on: trial 0 has no checkpoint at 3 steps"


def test_a_phase_that_fails_ends_it() -> None:
    def failing(trial: rung.Trial) -> None:
        _ = trial.checkpoint
        for step in trial.steps():
            trial.report(weight=math.nan if step == 4 else step, save=partial(save, 0.0))

    found = study(THREE).run(failing, executor=rung.InProcess())
    assert [trial.status for trial in found.trials] == ["stopped", "failed"]
    assert found.ended == "the schedule cannot go on: trial 1 failed or was stopped"


def test_the_reasons_stand_in_the_log() -> None:
    found = study(THREE).run(train, executor=rung.InProcess())
    words = [sentence(entry.event.why) for entry in found.events() if isinstance(entry.event, ev.Started)]
    assert words == [f"the schedule leads to {end} steps with this configuration" for end in (3, 5, 9)]
    told = " ".join(line.text for line in found.story(0))
    assert "better" not in told  # it was not replaced by a child of another one


def test_a_schedule_reads_and_writes_itself() -> None:
    assert Schedule.from_json(THREE.to_json()) == THREE
    assert msgspec.json.decode(THREE.to_json())["type"] == "schedule"
    assert THREE.max_resource == 9
    assert [THREE.config_at(step)["rate"] for step in range(1, 10)] == [0.5] * 3 + [0.25] * 2 + [1.0] * 4
    for outside in (0, 10):
        with pytest.raises(SpecError, match="from 1 to 9"):
            THREE.config_at(outside)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2", "this is no schedule"),
        ('{"type": "asha", "phases": []}', "this is no schedule"),
        ('{"type": "schedule", "phases": []}', "at least one phase"),
        ('{"type": "schedule", "phases": [{"start": 1, "end": 3, "config": {}}]}', "begin at 0"),
        ('{"type": "schedule", "phases": [{"start": 0, "end": 0, "config": {}}]}', "begin at 0"),
        (
            '{"type": "schedule", "phases": [{"start": 0, "end": 3, "config": {}}, '
            '{"start": 4, "end": 5, "config": {}}]}',
            "without a gap, got 0 to 3, 4 to 5",
        ),
    ],
)
def test_what_is_no_schedule_is_refused_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Schedule.from_json(text)


def test_a_schedule_of_another_space_is_refused_before_anything_runs() -> None:
    with pytest.raises(SpecError, match="the schedule does not fit the space, from 3 to 5"):
        study(Schedule((THREE.phases[0], Phase(3, 5, {"rate": 1.5}))))


def test_there_is_no_schedule_to_a_trial_that_has_reported_nothing() -> None:
    with pytest.raises(NoResultError):
        study(THREE).schedule()
    found = study(THREE).run(train, executor=rung.InProcess())
    with pytest.raises(NoResultError, match="there is no trial 7: the study has 3 trials"):
        found.schedule(7)
