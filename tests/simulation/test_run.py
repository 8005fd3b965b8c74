"""One simulated run: the same as a study of the same events, and what is noted of it is true."""

import pytest

import rung
from rung.core import event as ev
from rung.problems.base import regret
from rung.simulation.pace import full_s
from rung.simulation.run import run
from rung.simulation.setting import RETRIES, World, scheduler_for

from .worlds import SPACE, arm, problem


def test_a_run_repeats_itself_but_for_the_time_that_it_took() -> None:
    world = World(horizon=4, straggling=0.3, losses_per_hour=30)
    one, other = (run(problem(noise=0.1), arm(), world, 3) for _ in range(2))
    assert one.times == other.times
    assert (one.regrets, one.spent, one.utilization) == (other.regrets, other.spent, other.utilization)
    assert run(problem(noise=0.1), arm(), world, 4).times != one.times


def test_a_run_is_what_a_study_would_have_been() -> None:
    made, world = problem(), World(seconds=60.0)
    found = run(made, arm(), world, 3)
    study = rung.Study(
        "same",
        SPACE,
        minimize="loss",
        scheduler=rung.ASHA(max_resource=9),
        seed=3,
        store=None,
        retries=RETRIES,
    )
    study.run(executor=world.executor(made, 4, 3), budget=rung.Budget(seconds=60))
    events = [entry for entry in study.events() if entry.time <= 60.0 or isinstance(entry.event, ev.Opened)]
    assert found.results == sum(isinstance(entry.event, ev.Reported) for entry in events)
    assert found.trials == len(study.trials)
    assert found.units == found.results  # one report for each unit
    assert found.written == sum(isinstance(entry.event, ev.Saved) for entry in events)
    best = [entry.event for entry in events if isinstance(entry.event, ev.Ended)][-1]
    assert best.outcome in ("reached", "yielded")
    assert found.regrets[-1] == regret(made, study.best.config)


def test_workers_of_random_search_are_always_busy_and_one_that_starts_late_is_not() -> None:
    assert run(problem(), arm("fifo"), World(seconds=50), 0).utilization == pytest.approx(1.0)
    assert run(problem(), arm("fifo"), World(seconds=50, startup_s=10), 0).utilization == pytest.approx(0.8)


def test_a_limit_of_resource_ends_a_run_before_its_horizon() -> None:
    found = run(problem(), arm(), World(seconds=1e6, resource=100), 0)
    assert found.units <= 100
    assert found.ended_s < 1e3


def test_a_checkpoint_that_another_worker_reads_was_moved() -> None:
    assert run(problem(), arm(workers=1), World(horizon=30), 0).moved == 0
    many = run(problem(), arm(workers=8), World(horizon=30), 0)
    assert 0 < many.moved <= many.written
    assert many.most_held <= many.written


def test_the_time_of_a_full_training_is_that_of_the_curves() -> None:
    assert 0.5 * 9 < full_s(problem()) < 2 * 9


def test_a_schedule_ends_where_the_curves_do() -> None:
    assert scheduler_for({"type": "asha", "eta": 4}, 9) == {"type": "asha", "eta": 4, "max_resource": 9}
    with pytest.raises(rung.SpecError, match="curves end at 9"):
        scheduler_for({"type": "asha", "max_resource": 27}, 9)
