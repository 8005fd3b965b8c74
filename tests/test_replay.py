"""Replay: the decisions of a log are what would be decided again, and where they are not, that is found."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

import rung
from registered import PAIRS, TAGS
from rung.core import event as ev
from rung.core.decision import Ask, Decision, New
from rung.core.event import Entry
from rung.core.history import HistoryView
from rung.core.registry import Registry
from rung.core.suggestion import Request, Suggestion
from rung.core.why import Why
from rung.replay import Replay, replay
from rung.schedulers.asha import LiveASHA
from rung.schedulers.registry import SCHEDULERS
from rung.schedulers.rungs import Ladder
from rung.searchers.registry import SEARCHERS
from rung.spec import StudySpec
from simulations import moments, pool, reopened, run, study, train

DECISIONS = (ev.Started, ev.Stopped, ev.Idled)


def again(entries: Sequence[Entry]) -> Replay:
    return replay(lambda: entries, StudySpec.start)


def agrees(a: rung.Study) -> bool:
    found = a.replay()
    assert (found.first, found.unknown) == (None, {})
    n = sum(isinstance(entry.event, DECISIONS) for entry in a.events())
    return found.n_agreed >= n > 0


# Studies that agree


@pytest.mark.parametrize(("scheduler", "searcher"), PAIRS)
def test_simulated_studies_with_failures_and_lost_workers_agree(scheduler: str, searcher: str) -> None:
    assert agrees(run(study(scheduler, searcher)))


@pytest.mark.parametrize("scheduler", TAGS)
@pytest.mark.parametrize(
    "budget",
    [rung.Budget(resource=30), rung.Budget(worker_seconds=30.0), rung.Budget(trials=20, seconds=12.0)],
    ids=["resource", "worker seconds", "time"],
)
def test_whatever_the_budget_limits_the_decisions_agree(scheduler: str, budget: rung.Budget) -> None:
    assert agrees(run(study(scheduler), budget=budget))


@pytest.mark.parametrize("scheduler", TAGS)
def test_a_log_cut_off_after_any_event_agrees(scheduler: str) -> None:
    entries = list(run(study(scheduler)).events())
    for n in range(1, len(entries) + 1):
        found = again(entries[:n])
        assert (found.first, found.unknown) == (None, {})


def test_runs_with_more_budget_enqueued_configurations_and_another_scheduler_agree() -> None:
    first = run(study("asha"), budget=rung.Budget(trials=6))
    first.enqueue({"lr": 0.5, "layers": 2, "optimizer": "sgd"})
    run(first, 1, rung.Budget(trials=12))
    entries = list(first.events())
    changed = reopened(entries).spec
    opened = msgspec.structs.replace(changed, scheduler={"type": "asha", "max_resource": 9, "eta": 2})
    second = reopened([*entries, Entry(len(entries) + 1, 0.0, ev.SpecChanged(opened.to_builtins(), {}))])
    run(second, 2, rung.Budget(trials=20))
    assert agrees(second)
    sources = [entry.event.source for entry in second.events() if isinstance(entry.event, ev.Created)]
    assert sources[0] == "default" and "enqueued" in sources
    assert any(record.target == 2 for record in second.state.trials)


def test_the_space_may_have_changed() -> None:
    first = run(study("asha"), budget=rung.Budget(trials=6))
    wider = rung.Space({**first.space.parameters, "layers": rung.Int(1, 8, default=2)})
    first.change_space(wider)
    assert agrees(run(first, 1, rung.Budget(trials=16)))


def test_a_study_of_ask_and_tell_agrees_though_the_caller_holds_many_trials_at_once() -> None:
    with study("asha") as asked:
        asked.set_budget(rung.Budget(resource=60))
        jobs = []
        while len(jobs) < 3:
            jobs.append(asked.ask())
        for turn in range(200):
            job = jobs.pop(turn * 7 % len(jobs))
            if turn % 11 == 10:
                asked.tell(job, error="no luck")
            else:
                asked.tell(job, {"loss": job.trial * 7919 % 13 / job.target})
            if (following := asked.ask()) is not None:
                jobs.append(following)
            if not jobs:
                break
        assert any(record.target == 9 for record in asked.state.trials)
        assert agrees(asked)


def test_a_run_on_worker_processes_agrees_also_after_it_was_resumed(tmp_path: Path) -> None:
    with study("asha", store=tmp_path / "s.db") as real:
        real.run(train, workers=2, budget=rung.Budget(trials=6))
        real.run(train, workers=2, budget=rung.Budget(trials=12))
        assert agrees(real)


def test_a_study_that_has_not_begun_has_no_decisions() -> None:
    assert study("asha").replay().n_decisions == 0


# Logs that were tampered with


def test_another_trial_than_the_promoted_one_is_found_at_its_event() -> None:
    entries = list(study("asha").run(executor=pool(losses_per_hour=0), budget=rung.Budget(trials=9)).events())
    n = next(
        n for n, e in enumerate(entries) if isinstance(e.event, ev.Started) and e.event.why.rule == "promoted"
    )
    promoted = entries[n].event.trial
    before = reopened(entries[:n]).state
    other = next(
        t.number for t in before.trials if t.position == 1 and t.job is None and t.number != promoted
    )
    tampered = msgspec.structs.replace(
        entries[n], event=msgspec.structs.replace(entries[n].event, trial=other)
    )
    found = again([*entries[:n], tampered])
    assert found.first is not None
    assert found.first.seq == n + 1
    assert found.first.logged == (tampered.event,)
    (answered,) = found.first.answered
    assert (answered.trial, answered.target, answered.why) == (
        promoted,
        entries[n].event.target,
        entries[n].event.why,
    )


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (ev.Created, lambda event: msgspec.structs.replace(event, config={**event.config, "layers": 3})),
        (ev.Created, lambda event: msgspec.structs.replace(event, seed=event.seed + 1)),
        (ev.Created, lambda event: msgspec.structs.replace(event, source="scheduler")),
        (ev.Started, lambda event: msgspec.structs.replace(event, why=Why("promoted", of=99))),
        (ev.Closed, lambda event: msgspec.structs.replace(event, why=Why("exhausted"))),
        (ev.Idled, lambda event: msgspec.structs.replace(event, why=Why("barrier"))),
    ],
    ids=["configuration", "seed", "source", "reason of a job", "reason of an end", "reason of idleness"],
)
def test_a_decision_that_was_altered_is_found_at_its_event(
    kind: type[ev.AnyEvent], change: Callable[[ev.AnyEvent], ev.AnyEvent]
) -> None:
    entries = list(run(study("asha", seed=2)).events())
    n = [n for n, e in enumerate(entries) if isinstance(e.event, kind)][-1]
    altered = msgspec.structs.replace(entries[n], event=change(entries[n].event))
    found = again([*entries[:n], altered, *entries[n + 1 :]])
    assert found.first is not None
    decided = n if kind is not ev.Started or not isinstance(entries[n - 1].event, ev.Created) else n - 1
    assert found.first.seq == decided + 1
    assert found.n_different == 1
    assert altered.event in found.first.logged
    assert entries[n].event in found.first.answered


def test_the_version_that_wrote_a_difference_is_the_last_that_changed_the_study() -> None:
    entries = list(run(study("asha")).events())
    old = {"rung": "0.0.1", "python": "3.8", "numpy": "1.0"}
    opened = msgspec.structs.replace(entries[0].event, versions=old)
    n = next(n for n, e in enumerate(entries) if isinstance(e.event, ev.Created) and e.event.trial == 3)
    config = {**entries[n].event.config, "lr": 0.123}
    altered = msgspec.structs.replace(
        entries[n], event=msgspec.structs.replace(entries[n].event, config=config)
    )
    entries[0] = msgspec.structs.replace(entries[0], event=opened)
    found = again([*entries[:n], altered, *entries[n + 1 :]])
    assert found.first is not None
    assert (found.first.seq, found.first.versions) == (n + 1, old)


def test_the_last_bit_of_a_number_differs_between_versions_only() -> None:
    entries = list(run(study("asha")).events())
    n = next(n for n, e in enumerate(entries) if isinstance(e.event, ev.Created) and e.event.trial == 3)
    config = {**entries[n].event.config, "lr": entries[n].event.config["lr"] * (1 + 1e-12)}
    event = msgspec.structs.replace(entries[n].event, config=config)
    entries[n] = msgspec.structs.replace(entries[n], event=event)
    assert again(entries).n_different == 1
    opened = msgspec.structs.replace(entries[0].event, versions={"rung": "0.0.1"})
    entries[0] = msgspec.structs.replace(entries[0], event=opened)
    assert again(entries).n_different == 0


class Forgetful(msgspec.Struct, frozen=True, tag="test-forgetful", tag_field="type"):
    """A searcher with a memory of its own, which is lost with its driver."""

    tries_defaults: bool = False

    def start(self, space: rung.Space, *options: object) -> "LiveForgetful":
        return LiveForgetful(space)


class LiveForgetful:
    def __init__(self, space: rung.Space) -> None:
        self._space = space
        self._n_asked = 0

    def suggest(self, history: HistoryView, request: Request) -> list[Suggestion]:
        self._n_asked += 1
        config = self._space.sample(1, request.rng("forgetful", self._n_asked))[0]
        return [Suggestion(config)]


def test_a_searcher_that_forgets_what_it_did_before_a_resume_is_found(
    registered: Callable[[Registry, type], None],
) -> None:
    registered(SEARCHERS, Forgetful)
    lived = run(study("asha", searcher=Forgetful()))
    assert agrees(lived)
    entries = list(lived.events())
    n = next(n for n, e in enumerate(entries) if isinstance(e.event, ev.Created) and e.event.trial == 4)
    found = run(reopened(entries[:n])).replay()
    assert found.first is not None
    created = found.first.logged[0]
    assert isinstance(created, ev.Created)
    assert created.trial == 4


# Questions that cannot be asked again


class Choosy(msgspec.Struct, frozen=True, tag="test-choosy", tag_field="type"):
    """A scheduler that looks at the workers."""

    max_resource: int = 9

    def start(self, *options: object) -> "LiveChoosy":
        return LiveChoosy(Ladder.of(rung.ASHA(max_resource=self.max_resource).rung_levels(), eta=3))


class LiveChoosy(LiveASHA):
    def decide(self, ask: Ask) -> Decision:
        found = super().decide(ask)
        if isinstance(found, New) and ask.slots:
            return New(found.target, Why("new", value=float(max(slot.worker for slot in ask.slots))))
        return found


@pytest.fixture
def registered() -> Iterator[Callable[[Registry, type], None]]:
    """Enters a spec into a registry for one test."""
    entered: list[tuple[Registry, str]] = []

    def enter(registry: Registry, spec: type) -> None:
        registry.add(spec)
        entered.append((registry, spec.__struct_config__.tag))

    yield enter
    for registry, tag in entered:
        del registry._classes[tag]


def test_what_depends_on_the_slots_is_counted_as_unknown(
    registered: Callable[[Registry, type], None],
) -> None:
    registered(SCHEDULERS, Choosy)
    found = run(study("asha", scheduler=Choosy())).replay()
    assert found.first is None
    assert found.unknown["slots"] > 0
    assert found.n_agreed > 0


def test_what_depends_on_workers_that_left_unseen_is_counted_as_unknown() -> None:
    """The worker that holds a promotable trial leaves while it is free, of which no event tells.

    To go on from memory takes 2 units, from scratch 3; the budget has 2 left.
    """
    three = study("asha", scheduler=rung.ASHA(max_resource=3))
    three.run(executor=pool(losses_per_hour=0), budget=rung.Budget(resource=5, trials=3))
    # a training that cannot save itself
    unsaved = [entry for entry in three.events() if not isinstance(entry.event, ev.Saved)]
    entries = [Entry(seq, entry.time, entry.event) for seq, entry in enumerate(unsaved, 1)]
    n = next(
        n for n, e in enumerate(entries) if isinstance(e.event, ev.Started) and e.event.why.rule == "promoted"
    )
    found = again([*entries[:n], Entry(n + 1, entries[n].time, ev.Idled(Why("done")))])
    assert (found.first, found.unknown) == (None, {"held": 1})


def test_what_another_program_has_decided_is_counted_as_unknown() -> None:
    entries = list(study("asha").events())
    config = {"lr": 0.5, "layers": 2, "optimizer": "sgd"}
    told = [
        ev.Enqueued(config),
        ev.Created(0, config, "enqueued", 0),
        ev.Enqueued(config),
        ev.Created(1, config, "enqueued", 0),
        ev.Started(0, 0, 0, 1, 0, Why("as it was asked under Optuna")),
        ev.Reported(0, 0, 1, {"loss": 0.5}),
        ev.Ended(0, 0, "reached", held=True),
        ev.Stopped(1, Why("pruned under Optuna")),
    ]
    imported = reopened([*entries, *(Entry(n, 0.0, event) for n, event in enumerate(told, 2))])
    found = run(imported).replay()
    assert (found.first, found.unknown) == (None, {"elsewhere": 4})
    assert found.n_agreed > 9


def test_moments_leave_out_none_but_the_middle_of_a_group() -> None:
    entries = list(run(study("asha")).events())
    created = sum(isinstance(entry.event, ev.Created) for entry in entries)
    assert len(moments(entries)) == len(entries) - created
