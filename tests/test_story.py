"""The story of a trial, from events by hand: every kind of event has its words."""

from rung.core import event as ev
from rung.core.objective import objectives
from rung.core.resource import Steps
from rung.core.space import Float, Space
from rung.core.state import State
from rung.core.why import Why
from rung.schedulers.asha import ASHA
from rung.story import story

SPACE = Space(lr=Float(0.0, 1.0))
GOALS = objectives("loss", None)


def fresh() -> State:
    return State(SPACE, GOALS, Steps("epoch"), ASHA(max_resource=9).start(SPACE, GOALS, 0))


def log(*events: ev.AnyEvent) -> list[ev.Entry]:
    """The events, a second apart."""
    return [ev.Entry(seq, float(seq), event) for seq, event in enumerate(events, 1)]


def told(*events: ev.AnyEvent, trial: int = 0) -> list[str]:
    return [line.text for line in story(log(*events), fresh(), trial)]


def created(trial: int = 0) -> ev.Created:
    return ev.Created(trial, {"lr": 0.125}, "searcher", 0)


def started(job: int = 0, trial: int = 0, start: int = 0, target: int = 1, **more: object) -> ev.Started:
    return ev.Started(job, trial, start, target, 1, Why("new"), **more)


def reported(job: int, resource: int, loss: float = 0.5, trial: int = 0) -> ev.Reported:
    return ev.Reported(job, trial, resource, {"loss": loss}, seconds=1.5)


def test_a_trial_that_is_paused_says_against_whom() -> None:
    lines = told(created(), started(), reported(0, 1), ev.Ended(0, 0, "reached", held=True))
    assert lines[0] == "suggested by the searcher: lr=0.125"
    assert lines[1].startswith("starts towards 1 epoch on worker 1: ")
    assert lines[2] == "trained epoch 1 in 1.5 s: loss 0.5"
    assert lines[3].startswith("paused: 1st of 1 at 1 epoch")
    assert lines[4].startswith("paused with loss 0.5: 1st of 1 at 1 epoch")


def test_the_last_line_knows_what_others_did_meanwhile() -> None:
    events = [created(), started(), reported(0, 1), ev.Ended(0, 0, "reached")]
    for other in (1, 2):
        events += [created(other), started(other, other), reported(other, 1, other / 10, other)]
        events += [ev.Ended(other, other, "reached")]
    lines = told(*events)
    assert lines[-1].startswith("paused with loss 0.5: 3rd of 3 at 1 epoch")
    assert len(lines) == 5


def test_reports_on_the_way_are_one_line() -> None:
    events = [created(), started(target=9), *[reported(0, n, 1 / n) for n in range(1, 8)]]
    assert told(*events)[2:] == [
        "trained epochs 1 to 7 in 10 s: loss 0.14286",
        "running with loss 0.14286: training towards 9 epochs",
    ]


def test_a_lost_worker_and_a_checkpoint_are_told() -> None:
    lines = told(
        created(),
        started(target=3),
        reported(0, 1),
        ev.Saved(0, 0, 1, "0/1.0", 2_500),
        reported(0, 2),
        ev.Ended(0, 0, "lost", ev.Failure("machine", "killed", "worker 1 was killed by signal 9")),
        started(1, start=1, target=3, restore="0/1.0"),
        ev.Reported(1, 0, 2, {"loss": 0.5}, seconds=0.5, repeat=True),
    )
    assert "saved a checkpoint at 1 epoch (2.5 kB)" in lines
    assert "lost its worker: killed: worker 1 was killed by signal 9" in lines
    assert any(line.startswith("goes on at 1 epoch from its checkpoint towards 3 epochs") for line in lines)
    assert "trained epoch 2 once more, as it was lost in 500 ms: loss 0.5" in lines


def test_a_failure_ends_the_story() -> None:
    failure = ev.Failure("configuration", "diverged", "loss is nan")
    lines = told(created(), started(), ev.Ended(0, 0, "failed", failure))
    assert lines[-2:] == ["failed: diverged: loss is nan", "failed: diverged: loss is nan"]


def test_stopping_and_yielding_are_told_with_their_reason() -> None:
    lines = told(
        created(),
        started(target=3),
        reported(0, 1),
        ev.YieldAsked(0, 0, Why("interrupted")),
        ev.Ended(0, 0, "yielded"),
        ev.Stopped(0, Why("asked")),
    )
    assert "asked to hand back control: interrupted by the user" in lines
    assert "handed back control" in lines
    assert lines[-2:] == ["stopped: asked for by the user", "stopped with loss 0.5: asked for by the user"]


def test_there_is_no_story_of_a_trial_that_is_not_there() -> None:
    assert told(created(), trial=1) == []
