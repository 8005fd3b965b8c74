"""The scene of a run: what it says is what the state says, event by event, from wherever it begins."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rung
from rung.core import event as ev
from rung.core.why import Why
from rung.live.phrases import now, spent
from rung.live.rungs import Rung
from rung.live.scene import Running, Scene
from rung.watching import RunEnded

from .studies import begun, scene_of, simulated, steps, two_goals

STUDIES: dict[str, Callable[[], rung.Study]] = {
    "asha": simulated,
    "asha with losses": lambda: simulated(losses_per_hour=200.0, failing=0.3),
    "stopping asha": lambda: simulated(rung.StoppingASHA(max_resource=9)),
    "fifo": lambda: simulated(rung.FIFO(5), trials=12, losses_per_hour=300.0),
    "folds": lambda: simulated(rung.ASHA(max_resource=9), resource=rung.Replicates(), losses_per_hour=100.0),
    "shares of data": lambda: simulated(rung.ASHA(max_resource=9), resource=rung.Fraction()),
    "two objectives": two_goals,
}


def reading(scene: Scene) -> dict[str, object]:
    """What a scene says that does not depend on when it began."""
    return {
        "counts": {status: n for status, n in scene.counts.items() if n},
        "running": {
            job.trial: (job.job, job.worker, job.start, job.target, job.position)
            for job in scene.running.values()
        },
        # a rung that all have left is not known to one who begins later
        "rungs": [plain(rung) for rung in scene.rungs if rung.standing.total()],
        "incumbent": scene.incumbent,
        "front": (scene.front.resource, scene.front.losses),
        "account": scene.account,
        "configs": [scene.config(trial) for trial in range(sum(scene.counts.values()))],
        "n_reports": scene.n_reports,
    }


def plain(found: Rung) -> tuple[object, ...]:
    standing = {status: n for status, n in found.standing.items() if n}
    return found.bracket, found.level, found.arrived, found.promoted, standing


def agree(study: rung.Study) -> None:
    scene: Scene | None = None
    for i, (state, event, seen) in enumerate(steps(study)):
        scene = scene or Scene(begun(study, state))
        scene.apply(event, seen)
        if i % 7 == 0:  # beginning again is not cheap
            assert reading(scene) == reading(Scene(begun(study, state))), event
        assert {job.trial for job in state.jobs.values()} == set(scene.running)
        assert sum(rung.coming for rung in scene.rungs) == state.counts["running"] + len(state.owed)


@pytest.mark.parametrize("name", STUDIES)
def test_a_scene_that_follows_events_says_what_one_says_that_begins_there(name: str) -> None:
    agree(STUDIES[name]())


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 1000),
    workers=st.integers(1, 9),
    failing=st.sampled_from([0.0, 0.5]),
    lost=st.sampled_from([0.0, 500.0]),
    stopping=st.booleans(),
)
def test_so_it_is_for_random_studies(
    seed: int, workers: int, failing: float, lost: float, stopping: bool
) -> None:
    scheduler = rung.StoppingASHA(max_resource=9) if stopping else rung.ASHA(max_resource=9)
    agree(simulated(scheduler, trials=20, workers=workers, failing=failing, losses_per_hour=lost, seed=seed))


def test_rungs_count_who_is_coming_who_arrived_and_who_waits() -> None:
    study = simulated(trials=81, failing=0.0)
    scene = scene_of(study)
    found = {rung.level: rung for rung in scene.rungs}
    assert sorted(found) == [1, 3, 9, 27]
    assert found[1].arrived == 81
    for low, high in ((1, 3), (3, 9), (9, 27)):
        assert found[low].promoted == found[high].arrived
        assert found[low].standing["paused"] == found[low].arrived - found[low].promoted
    assert found[27].standing["complete"] == found[27].arrived


def test_the_front_is_that_of_the_study() -> None:
    study = two_goals()
    assert sorted(scene_of(study).front.losses) == [trial.number for trial in study.front]


def test_of_folds_it_shows_the_mean_as_the_study_does() -> None:
    study = simulated(rung.FIFO(5), trials=4, failing=0.0, resource=rung.Replicates())
    scene = scene_of(study)
    values = [y for _, y in scene.curve(study.best.number).points]
    assert values[-1] == pytest.approx(study.best_value)


def test_the_best_so_far_of_a_resumed_study_is_what_was_seen_live() -> None:
    study = simulated(failing=0.0)
    live, resumed = scene_of(study), Scene(begun(study, study.state))
    assert live.best_so_far.points[-1][1] == resumed.best_so_far.points[-1][1] == study.best_value
    assert len(resumed.best_so_far.points) > 3


def test_parts_of_the_budget_tell_how_long_they_last() -> None:
    study = simulated(budget=rung.Budget(trials=60, resource=100_000, seconds=1e6), failing=0.0)
    scene = scene_of(study, share=0.5)
    trials, resource, seconds = scene.parts(0.0)
    elapsed = scene.elapsed(0.0)
    assert (trials.spent, trials.limit) == (scene.account.trials, 60)
    assert trials.left_s == pytest.approx((60 - trials.spent) * elapsed / trials.spent)
    assert resource.left_s == pytest.approx((100_000 - resource.spent) * elapsed / resource.spent)
    assert seconds.left_s == pytest.approx(1e6 - elapsed)
    assert scene.parts(5.0)[2].left_s == pytest.approx(1e6 - elapsed - 5.0)
    assert scene_of(study).parts(0.0)[0].left_s == 0.0


def test_four_workers_that_always_have_work_are_busy_all_the_time() -> None:
    scene = scene_of(simulated(trials=200, failing=0.0), share=0.8)
    assert scene.busy(0.0) == pytest.approx(1.0, abs=0.01)
    assert scene.busy(0.0) is not None and not math.isnan(scene.pace(0.0))
    assert scene.pace(0.0) * scene.elapsed(0.0) == pytest.approx(scene.account.trained)


def test_failures_keep_their_first_line_and_say_if_they_are_granted_again() -> None:
    study = simulated(trials=4)
    state, _, seen = list(steps(study))[-1]
    scene = Scene(begun(study, state))
    failure = ev.Failure("configuration", "ValueError", "first\nsecond")
    scene.apply(ev.Ended(0, 0, "failed", failure), seen)
    assert scene.failures[-1].message == "first"
    assert scene.failures[-1].again


def test_it_says_why_workers_idle_why_jobs_end_and_how_it_ended() -> None:
    study = simulated(trials=4)
    state, _, seen = list(steps(study))[-1]
    scene = Scene(begun(study, state))
    assert now(scene) == "starting 4 workers"
    scene.apply(ev.Idled(Why("done")), seen)
    assert now(scene) == "4 of 4 workers idle: no trial can go on and no new one is allowed"
    scene.apply(ev.YieldAsked(0, 0, Why("interrupted")), seen)
    assert now(scene) == "ending: interrupted by the user"
    scene.end(RunEnded(seen, Why("interrupted")))
    assert now(scene) == "ended: interrupted by the user"


def test_workers_are_counted_by_machine_where_they_are_not_the_drivers() -> None:
    study = simulated()
    scene = scene_of(study)
    assert " on " not in spent(scene, 0.0)[1]
    for trial, node in [(100, "n2"), (101, "n1"), (102, "n2")]:
        scene.running[trial] = Running(trial, trial, trial, node, 0, 3, 0, None, None)
    assert " (1 on n1, 2 on n2)" in spent(scene, 0.0)[1]
