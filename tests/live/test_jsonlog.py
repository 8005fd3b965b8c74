"""The log as JSON: each line is an object, and together they tell the run."""

import io
import json

import rung
from rung.live.jsonlog import JsonLog

from .studies import SPACE, two_goals


def told(
    scheduler: object = None, names: tuple[str, ...] | None = None, **options: object
) -> list[dict[str, object]]:
    out = io.StringIO()
    study = rung.Study(
        "digits",
        SPACE,
        minimize="loss",
        scheduler=scheduler or rung.ASHA(max_resource=9),
        store=None,  # type: ignore[arg-type]
    )
    problem = rung.LearningCurves(SPACE, failing=0.3, seconds=2.0)
    log = JsonLog(out, names)
    study.run(executor=rung.Simulated(problem=problem, workers=3), budget=rung.Budget(trials=30), watch=[log])
    log.warning("two\nlines")
    return [json.loads(line, parse_constant=lambda word: 1 / 0) for line in out.getvalue().splitlines()]


def of(lines: list[dict[str, object]], event: str) -> list[dict[str, object]]:
    return [line for line in lines if line["event"] == event]


def test_it_begins_and_ends_and_every_line_has_a_name_and_a_time() -> None:
    lines = told()
    assert lines[0]["event"] == "run_began"
    assert lines[0]["objectives"] == {"loss": "minimize"}
    assert lines[0]["budget"] == {"trials": 30}
    assert all(isinstance(line["time"], float) for line in lines)
    (end,) = of(lines, "run_ended")
    assert end["trials"] == 30
    assert sum(end["counts"].values()) == 30  # type: ignore[attr-defined]
    assert end["words"] == "the budget of 30 trials is used up"
    assert of(lines, "warning")[0]["message"] == "two\nlines"


def test_every_trial_is_created_every_job_starts_and_ends_and_failures_say_why() -> None:
    lines = told()
    assert [line["trial"] for line in of(lines, "trial_created")] == list(range(30))
    started = {line["job"]: line["target"] for line in of(lines, "job_started")}
    ended = {line["job"]: line for line in of(lines, "job_ended")}
    assert set(started) == set(ended)
    reached = [line for line in ended.values() if line["outcome"] == "reached"]
    assert all(line["resource"] == started[line["job"]] for line in reached)
    failed = [line for line in ended.values() if line["status"] == "failed"]
    assert failed
    assert all(line["failure"]["type"] == "diverged" and line["value"] is None for line in failed)  # type: ignore[index]


def test_each_better_best_is_told_and_the_last_is_that_of_the_end() -> None:
    lines = told()
    (end,) = of(lines, "run_ended")
    last = of(lines, "best")[-1]
    assert {name: last[name] for name in end["best"]} == end["best"]  # type: ignore[attr-defined]


def test_trials_that_are_stopped_say_why() -> None:
    assert "among the best" in str(of(told(rung.StoppingASHA(max_resource=9)), "trial_stopped")[-1]["why"])


def test_quiet_is_the_end_alone() -> None:
    assert [line["event"] for line in told(names=("run_ended",))] == ["run_ended"]


def test_several_objectives_end_with_a_front() -> None:
    out = io.StringIO()
    study = two_goals(5)
    study.run(
        lambda trial: None, executor=rung.InProcess(), budget=rung.Budget(trials=5), watch=[JsonLog(out)]
    )
    end = json.loads(out.getvalue().splitlines()[-1])
    assert end["best"] is None
    assert end["front"] == [trial.number for trial in study.front]
