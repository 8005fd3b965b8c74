"""Plain lines, with a clock of our own."""

import io

import rung
from rung.core import event as ev
from rung.live.lines import Lines

from .studies import begun, simulated, steps, two_goals


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(study: rung.Study, clock: Clock, per_event: float = 0.0) -> list[str]:
    out = io.StringIO()
    told = Lines(out, clock)
    for i, (state, event, seen) in enumerate(steps(study)):
        if i == 0:
            told.begin(begun(study, state))
        else:
            clock.now += per_event
            told(event, seen)
    return out.getvalue().splitlines()


def test_a_line_comes_with_each_better_trial() -> None:
    study = simulated(failing=0.0)
    said = lines(study, Clock())
    better = {seen.incumbent for _, _, seen in steps(study) if seen.incumbent}
    assert len(said) == len(better)
    best = study.best
    assert f"best {best.value:.5g} (#{best.number} at 27 epochs)" in said[-1]
    assert "60/60 trials" in said[-1]


def test_a_line_comes_every_ten_seconds() -> None:
    study = simulated(failing=0.0)
    events = sum(1 for _ in study.events())
    assert len(lines(study, Clock(), per_event=5.0)) >= events // 2 - 1
    assert len(lines(study, Clock(), per_event=0.01)) < events // 10


def test_a_failure_is_told_once_for_each_kind() -> None:
    study = simulated(trials=40, failing=0.5)
    n = sum(1 for entry in study.events() if isinstance(entry.event, ev.Ended) and entry.event.failure)
    assert n > 1
    assert sum("failed: diverged: loss is nan" in line for line in lines(study, Clock())) == 1


def test_several_objectives_tell_how_the_front_grows() -> None:
    study = two_goals()
    assert f"front of {len(study.front)} trials" in lines(study, Clock(), per_event=20.0)[-1]


def test_what_is_left_of_the_time_is_told() -> None:
    study = simulated(budget=rung.Budget(trials=1000, seconds=60), failing=0.0)
    assert any(line.endswith(" left") for line in lines(study, Clock(), per_event=1.0))
