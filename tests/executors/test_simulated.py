"""The simulator, and with it whole studies: repeated to the bit, interrupted and killed at every event."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import rung
from registered import OF_REPLICATES, OPTIONS, TAGS
from rung import study as study_module
from rung.core import event as ev
from rung.core.decision import SchedulerSpec
from rung.core.event import Entry
from rung.core.invariants import validate
from rung.core.resource import Replicates, Resource, Steps
from rung.core.space import Config
from rung.core.state import State
from rung.executors.simulated import Simulated
from rung.problems.synthetic import LearningCurves
from rung.schedulers.registry import SCHEDULERS
from rung.stores.memory import MemoryStore
from schedulers import examples
from schedulers.world import snapshot

SPACE = rung.Space(x=rung.Float(0.0, 1.0), y=rung.Int(1, 5))
assert set(examples.TAGS) <= set(TAGS)


def kind(tag: str) -> Resource:
    return Replicates() if tag in OF_REPLICATES else Steps()


def spec(tag: str, max_resource: int = 9) -> SchedulerSpec:
    return SCHEDULERS.decode({"type": tag, "max_resource": max_resource, **OPTIONS.get(tag, {})})


def budget_of(tag: str) -> rung.Budget:
    return rung.Budget(trials=6, resource=30)


def pool(
    tag: str, *, workers: int = 2, losses_per_hour: float = 0.0, failing: float = 0.15, noise: float = 0.1
) -> Simulated:
    problem = LearningCurves(SPACE, noise=noise, failing=failing, seed=3)
    return Simulated(
        problem=problem,
        workers=workers,
        losses_per_hour=losses_per_hour,
        restart_s=0.5,
        seed=1,
    )


def new_study(tag: str, max_resource: int = 9, store: Path | None = None) -> rung.Study:
    return rung.Study(
        "simulated",
        SPACE,
        minimize="loss",
        scheduler=spec(tag, max_resource),
        resource=kind(tag),
        seed=5,
        store=store,
    )


def finished(tag: str, budget: rung.Budget, executor: Simulated, max_resource: int = 9) -> rung.Study:
    return new_study(tag, max_resource).run(executor=executor, budget=budget)


def without_time_of_opening(study: rung.Study) -> list[Entry]:
    return list(study.events())[1:]


def check_end(study: rung.Study, budget: rung.Budget) -> None:
    """Budgets are kept, everything is accounted for, and no report was counted twice."""
    state = study.state
    validate(state)
    assert not state.jobs
    assert study.ended
    if budget.resource is not None:
        assert state.account.resource <= budget.resource
        assert state.account.reserved == 0
    if budget.trials is not None:
        assert state.account.trials <= budget.trials
    first = [
        (entry.event.trial, entry.event.resource)
        for entry in study.events()
        if isinstance(entry.event, ev.Reported) and not entry.event.repeat
    ]
    assert len(first) == len(set(first))
    assert sum(state.counts.values()) == len(state.trials)
    assert state.counts["running"] == 0
    assert state.counts["queued"] == 0 or state.account.room() < 9


@pytest.mark.parametrize("losses_per_hour", [0.0, 300.0], ids=["no losses", "with losses"])
@pytest.mark.parametrize("tag", TAGS)
def test_a_simulation_repeats_itself_to_the_bit(tag: str, losses_per_hour: float) -> None:
    budget = rung.Budget(trials=12)
    one, other = (finished(tag, budget, pool(tag, losses_per_hour=losses_per_hour)) for _ in range(2))
    assert without_time_of_opening(one) == without_time_of_opening(other)
    assert repr(without_time_of_opening(one)) == repr(without_time_of_opening(other))
    check_end(one, budget)


@pytest.mark.parametrize("tag", TAGS)
def test_every_scheduler_ends_a_long_study_with_losses_and_failing_trials(tag: str) -> None:
    budget = rung.Budget(trials=60)
    study = finished(tag, budget, pool(tag, workers=7, losses_per_hour=100, failing=0.4), max_resource=27)
    check_end(study, budget)
    outcomes = {entry.event.outcome for entry in study.events() if isinstance(entry.event, ev.Ended)}
    assert outcomes >= {"reached", "failed", "lost"}
    highest = max(record.resource for record in study.state.trials)
    assert highest > 9 or tag in (
        "pasha",
        "racing",
    )  # which go on only while there is something to tell apart
    if tag not in ("test-racing", "racing", "pbt", "sync-pbt"):
        assert len(study.trials) == 60


def test_a_thousand_workers_train_a_thousand_trials_at_once() -> None:
    budget = rung.Budget(trials=1000)
    study = finished("asha", budget, pool("asha", workers=1000))
    check_end(study, budget)
    started = [entry for entry in study.events() if isinstance(entry.event, ev.Started)]
    assert [entry.time for entry in started[:1000]] == [0.0] * 1000
    assert {entry.event.worker for entry in started[:1000]} == set(range(1000))
    assert len(study.trials) == 1000


def test_the_virtual_clock_is_the_clock_of_the_log() -> None:
    def two_seconds(config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        return {"loss": 1.0}, 2.0

    study = new_study("fifo", 3).run(
        executor=Simulated(problem=two_seconds, workers=2), budget=rung.Budget(trials=4)
    )
    ended = [entry.time for entry in study.events() if isinstance(entry.event, ev.Ended)]
    assert ended == [6.0, 6.0, 12.0, 12.0]


def test_a_problem_that_raises_is_a_failed_trial() -> None:
    def picky(config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        if config["x"] < 0.5:
            raise ArithmeticError("x is too small")
        return {"loss": config["x"]}, 1.0

    study = new_study("fifo").run(executor=Simulated(problem=picky), budget=rung.Budget(trials=12))
    for trial in study.trials:
        assert trial.status == ("failed" if trial.config["x"] < 0.5 else "complete")
    assert {trial.failure.message for trial in study.trials if trial.failure} == {"x is too small"}


def test_seconds_end_a_run_and_the_next_one_goes_on() -> None:
    study = new_study("asha")
    budget = rung.Budget(trials=20, seconds=10)
    study.run(executor=pool("asha"), budget=budget)
    assert "10 seconds" in (study.ended or "")
    assert study.state.counts["running"] == 0
    for _ in range(20):
        study.run(executor=pool("asha"), budget=budget)
    assert len(study.trials) == 20
    check_end(study, budget)


# Interrupted and killed


class Snapshots:
    """A state that remembers what it was after every event."""

    def __init__(self, study: rung.Study) -> None:
        self.seen: dict[int, object] = {}
        state = study.state
        apply = state.apply

        def remembering(entry: Entry) -> object:
            changed = apply(entry)
            self.seen[entry.seq] = snapshot(state, 5)
            return changed

        state.apply = remembering  # type: ignore[method-assign, assignment]  # a spy


def fresh_state(tag: str) -> State:
    scheduler = spec(tag).start(SPACE, rung.Study("s", SPACE, minimize="loss", store=None).spec.objectives, 5)
    return State(SPACE, new_study(tag).spec.objectives, kind(tag), scheduler)


@pytest.mark.parametrize("tag", TAGS)
def test_folding_every_prefix_of_a_run_gives_the_state_that_was_lived(tag: str) -> None:
    study = new_study(tag)
    lived = Snapshots(study)
    study.run(executor=pool(tag, losses_per_hour=400), budget=budget_of(tag))
    folded = fresh_state(tag)
    n_events = 0
    for entry in study.events():
        folded.apply(entry)
        validate(folded)
        if entry.seq in lived.seen:
            assert snapshot(folded, 5) == lived.seen[entry.seq]
            n_events += 1
    assert n_events > 25  # a gate turns away at once who has lost too often


def ends(entries: list[Entry]) -> Iterator[int]:
    """How much of a log a kill can leave behind: `Created` and `Started` are appended as one group."""
    for n, entry in enumerate(entries, 1):
        if not isinstance(entry.event, ev.Created):
            yield n


def killed(tag: str, entries: list[Entry], n: int, monkeypatch: pytest.MonkeyPatch) -> rung.Study:
    """A study whose driver was killed after `n` events."""
    store = MemoryStore()
    store.create("simulated", entries[:n])
    monkeypatch.setattr(study_module, "open_store", lambda url: store)
    return new_study(tag)


@pytest.mark.parametrize("tag", TAGS)
def test_a_study_that_is_killed_at_any_event_goes_on_to_its_end(
    tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = budget_of(tag)
    whole = finished(tag, budget, pool(tag, losses_per_hour=200))
    entries = list(whole.events())
    for n in ends(entries):
        study = killed(tag, entries, n, monkeypatch)
        study.run(executor=pool(tag, losses_per_hour=200), budget=budget)
        check_end(study, budget)
        assert list(study.events())[:n] == entries[:n]
        again = killed(tag, list(study.events()), study.state.seq, monkeypatch)
        assert snapshot(again.state, 5) == snapshot(study.state, 5)


def without_losses(tag: str) -> Simulated:
    return pool(tag, failing=0.0)


@pytest.mark.parametrize("tag", ["fifo", "asha", "stopping-asha", "hyperband", "pasha"])
def test_a_budget_of_trials_is_met_exactly_wherever_the_study_was_killed(
    tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = rung.Budget(trials=5)
    entries = list(finished(tag, budget, without_losses(tag)).events())
    for n in ends(entries):
        study = killed(tag, entries, n, monkeypatch)
        study.run(executor=without_losses(tag), budget=budget)
        check_end(study, budget)
        assert len(study.trials) == 5


def test_a_study_in_a_file_is_the_same_as_one_in_memory(tmp_path: Path) -> None:
    budget = rung.Budget(trials=8)
    in_memory = finished("asha", budget, pool("asha"))
    in_file = new_study("asha", store=tmp_path / "rung.db").run(executor=pool("asha"), budget=budget)
    assert without_time_of_opening(in_file) == without_time_of_opening(in_memory)
    in_file.close()
    with rung.Study.load("simulated", tmp_path / "rung.db") as loaded:
        assert snapshot(loaded.state, 5) == snapshot(in_file.state, 5)


# The synthetic problem


def curve(problem: LearningCurves, config: Config, n: int) -> Iterator[float]:
    for resource in range(1, n + 1):
        metrics, seconds = problem(config, resource, 0)
        assert 0.5 <= seconds <= 2.0
        loss = metrics["loss"]
        assert isinstance(loss, float)
        yield loss


def test_learning_curves_fall_and_are_the_same_whenever_they_are_asked() -> None:
    problem = LearningCurves(SPACE, seed=1)
    losses = list(curve(problem, {"x": 0.3, "y": 2}, 30))
    assert losses == sorted(losses, reverse=True)
    assert losses[10:] == list(curve(LearningCurves(SPACE, seed=1), {"x": 0.3, "y": 2}, 30))[10:]


def test_about_the_given_share_of_learning_curves_diverges() -> None:
    problem = LearningCurves(SPACE, failing=0.25, seed=1)
    diverged = sum(math.isnan(list(curve(problem, {"x": x / 400, "y": 1}, 9))[-1]) for x in range(400))
    assert 70 <= diverged <= 130


# What workers cost


def minute(config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
    return {"loss": config["x"]}, 60.0


def times(study: rung.Study, kind: type[ev.Event]) -> list[float]:
    return [entry.time for entry in study.events() if isinstance(entry.event, kind)]


def run_of(scheduler: SchedulerSpec, trials: int, **options: object) -> rung.Study:
    study = rung.Study("costs", SPACE, minimize="loss", scheduler=scheduler, seed=5, store=None)
    executor = Simulated(problem=minute, **options)  # type: ignore[arg-type]  # its own
    return study.run(executor=executor, budget=rung.Budget(trials=trials))


def test_a_worker_takes_time_to_start() -> None:
    study = run_of(rung.FIFO(max_resource=2), 2, workers=2, startup_s=7.0)
    assert times(study, ev.Started) == [7.0, 7.0]
    assert times(study, ev.Ended) == [127.0, 127.0]


def test_saving_and_restoring_keep_a_worker_from_training() -> None:
    free = run_of(rung.ASHA(max_resource=9), 30, workers=1)
    dear = run_of(rung.ASHA(max_resource=9), 30, workers=1, save_s=5.0, restore_s=2.0)
    jobs = [entry.event for entry in dear.events() if isinstance(entry.event, ev.Started)]
    restored = sum(job.restore is not None for job in jobs)
    assert restored > 0
    last = [max(times(study, ev.Ended)) for study in (free, dear)]
    saved = sum(time <= last[1] for time in times(dear, ev.Saved))  # what is held at the end is saved later
    assert last[1] - last[0] == pytest.approx(5.0 * saved + 2.0 * restored)


def test_stragglers_are_slower_and_never_faster() -> None:
    study = run_of(rung.FIFO(max_resource=3), 200, workers=10, straggling=0.5)
    took = [entry.event.seconds / 60 for entry in study.events() if isinstance(entry.event, ev.Reported)]
    assert min(took) >= 1.0
    per_job = [took[k] for k in range(0, len(took), 3)]
    assert 0.3 < sum(per_job) / len(per_job) - 1 < 0.5  # the mean of |N(0, 0.5)| is 0.4


def test_decisions_take_real_time_where_they_are_charged() -> None:
    quick = run_of(rung.FIFO(max_resource=1), 50, workers=1)
    charged = run_of(rung.FIFO(max_resource=1), 50, workers=1, charges_decisions=True)
    assert max(times(quick, ev.Ended)) == 50 * 60
    assert 50 * 60 < max(times(charged, ev.Ended)) < 50 * 60 + 30
    assert times(charged, ev.Ended) == sorted(times(charged, ev.Ended))


def test_workers_that_wait_save_what_they_hold() -> None:
    study = run_of(rung.FIFO(max_resource=4), 3, workers=2)
    first, second, third = (trial.number for trial in study.trials)
    saved = [entry for entry in study.events() if isinstance(entry.event, ev.Saved)]
    assert {entry.event.trial for entry in saved} <= {first, second, third}
    assert len({entry.event.checkpoint for entry in saved}) == len(saved)


def test_what_makes_no_sense_is_refused() -> None:
    for options in ({"startup_s": -1.0}, {"straggling": math.nan}, {"workers": 0}):
        with pytest.raises(rung.SpecError, match=next(iter(options))):
            Simulated(problem=minute, **options)  # type: ignore[arg-type]  # wrong on purpose


def test_a_problem_that_never_reports_what_is_needed_is_told_so() -> None:
    limited = rung.Study(
        "limited",
        SPACE,
        minimize="loss",
        constraints=[rung.Constraint("mb", upper=3)],
        scheduler=rung.FIFO(max_resource=2),
        store=None,
    )
    with pytest.raises(
        rung.MisuseError, match=r"reports no 'mb' at step 2, .* it reports 'loss'\. Return it"
    ):
        limited.run(executor=Simulated(problem=minute), budget=rung.Budget(trials=3))
