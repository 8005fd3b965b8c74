"""What every scheduler keeps, in any order of events: registered ones and the examples of what is to come.

The properties are those of the house's style; where one is checked stands beside it. In `world.py`: budgets, one
place per trial, jobs that start where the checkpoint stands, the same answer twice, reports that come too late.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from registered import searcher
from rung.core import event as ev
from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.decision import Auditable, SchedulerSpec
from rung.core.objective import Objective
from rung.core.resource import Fraction, Replicates, Resource, Steps
from rung.dispatcher import Work
from rung.replay import replay
from rung.schedulers.registry import SCHEDULERS
from rung.searchers.registry import SEARCHERS
from schedulers import examples
from schedulers.world import SPACE, Settings, World, fold, snapshot

EXAMPLES = int(os.environ.get("RUNG_EXAMPLES", "20"))  # RUNG_EXAMPLES=300 searches deeper
STEPS = 40
MAX_RESOURCE = 9
LOSSES = (0.0, 0.5, 0.5, 1.0, 1.5, 2.0, math.nan)  # few values, so that ties occur
FREE_TO_CREATE = (
    "fifo",
    "asha",
    "stopping-asha",
    "test-hyperband",
    "test-turns",
)  # no bound on the number of trials but the budget


@dataclass(frozen=True)
class Case:
    """A scheduler in a world.

    Attributes:
        spec: Its options.
        resource: The kind of resource.
        saves: Whether trainings can write checkpoints.
        audit: How early stopping is audited.
        inspect: Checks a job that is about to be granted.
    """

    spec: SchedulerSpec
    resource: Resource = field(default_factory=Steps)
    saves: bool = True
    audit: Audit | None = None
    inspect: Callable[[World, Work], None] | None = None

    @property
    def name(self) -> str:
        tag = type(self.spec).__struct_config__.tag
        saves, audit = "" if self.saves else " cannot save", "" if self.audit is None else " audited"
        return f"{tag} {type(self.resource).__name__}{saves}{audit}"


def promoted_are_among_the_best(world: World, work: Work) -> None:
    """Whoever is promoted was then among the best `n // eta` of its rung; recomputed from the log."""
    if work.why.rule != "promoted" or not isinstance(world.settings.resource, Steps):
        return
    level, eta = work.why.resource, 3
    assert level is not None
    ranked = arrivals(world, level)
    keep = len(ranked) // eta
    assert work.trial in [trial for _, trial in ranked[:keep]]
    assert (work.why.of, work.why.keep) == (len(ranked), keep)


def arrivals(world: World, level: int) -> list[tuple[float, int]]:
    """Who has arrived at a level, best first: whose job reported there, and who failed on the way there."""
    losses: dict[tuple[int, int], float] = {}  # the first report of a trial at a resource stands
    targets: dict[int, int] = {}
    positions: dict[int, int] = {}
    found: dict[int, float] = {}
    stopped: set[int] = set()
    for entry in world.entries:
        match entry.event:
            case ev.Stopped(trial=trial):
                stopped.add(trial)
            case ev.Started(job=job, target=target):
                targets[job] = target
            case ev.Reported(job=job, trial=trial, resource=resource, metrics=metrics):
                positions[job] = resource
                loss = float(metrics["loss"])
                losses.setdefault((trial, resource), loss if math.isfinite(loss) else math.inf)
            case ev.Ended(job=job, trial=trial) if trial not in stopped and targets[job] == level:
                if world.state.trials[trial].failure is not None and last_job(world, trial) == job:
                    found[trial] = math.inf
                elif positions.get(job) == level:
                    found[trial] = losses[trial, level]
    return sorted((loss, trial) for trial, loss in found.items())


def last_job(world: World, trial: int) -> int:
    return max(
        e.event.job for e in world.entries if isinstance(e.event, ev.Started) and e.event.trial == trial
    )


def cases() -> list[Case]:
    """Every scheduler of the registry with each kind of resource that it can be used with."""
    found = []
    for tag in SCHEDULERS:
        spec = SCHEDULERS.decode({"type": tag, "max_resource": MAX_RESOURCE})
        if tag == "test-racing":
            found.append(Case(spec, Replicates()))
            continue
        found.append(Case(spec, inspect=promoted_are_among_the_best if tag == "asha" else None))
        if tag in ("asha", "fifo"):
            found += [Case(spec, saves=False), Case(spec, Fraction()), Case(spec, Replicates())]
        if isinstance(spec.start(SPACE, (Objective("loss"),), 0), Auditable):
            found.append(Case(spec, audit=Audit(0.5, adapt=True, allow=0.3)))
            found.append(Case(spec, Replicates(), audit=Audit(0.5)))
            found.append(Case(spec, Fraction(), audit=Audit(0.9)))
    return found


def machine(case: Case) -> type[RuleBasedStateMachine]:
    """Any order of what can happen to a study with this scheduler."""

    class Life(RuleBasedStateMachine):
        world: World

        @initialize(
            workers=st.sampled_from([1, 2, 3, 7]),
            trials=st.integers(1, 14),
            resource=st.sampled_from([None, None, 10, 25, 60]),
            seed=st.integers(0, 3),
            tag=st.sampled_from(list(SEARCHERS)),
        )
        def begin(self, workers: int, trials: int, resource: int | None, seed: int, tag: str) -> None:
            budget = Budget(trials=trials, resource=resource)
            self.world = World(
                Settings(
                    case.spec,
                    workers,
                    budget,
                    seed,
                    case.resource,
                    searcher(tag),
                    saves=case.saves,
                    audit=case.audit,
                ),
                inspect=case.inspect,
            )

        @rule()
        def ask(self) -> None:
            self.world.do("ask")

        @rule(number=st.integers(0, 6), loss=st.sampled_from(LOSSES))
        def step(self, number: int, loss: float) -> None:
            self.world.do("step", number, loss)

        @rule(number=st.integers(0, 6), loss=st.sampled_from(LOSSES[:-1]), n=st.integers(2, 9))
        def steps(self, number: int, loss: float, n: int) -> None:
            for _ in range(n):
                self.world.do("ask")
                self.world.do("step", number, loss)

        @rule(number=st.integers(0, 6))
        def lose(self, number: int) -> None:
            self.world.do("lose", number)

        @rule(number=st.integers(0, 6), of_code=st.integers(0, 1))
        def fail(self, number: int, of_code: int) -> None:
            self.world.do("fail", number, of_code)

        @rule(number=st.integers(0, 6), loss=st.sampled_from(LOSSES))
        def late(self, number: int, loss: float) -> None:
            self.world.do("late", number, loss)

        @rule(number=st.integers(0, 6))
        def contradict(self, number: int) -> None:
            self.world.do("contradict", number)

        @rule(number=st.integers(0, 6))
        def interrupt(self, number: int) -> None:
            self.world.do("interrupt", number)

        @rule(number=st.integers(0, 6))
        def save(self, number: int) -> None:
            self.world.do("save", number)

        @rule(number=st.integers(0, 6))
        def lose_checkpoint(self, number: int) -> None:
            self.world.do("lose_checkpoint", number)

        @rule(number=st.integers(0, 20))
        def stop_by_hand(self, number: int) -> None:
            self.world.do("stop_by_hand", number)

        @rule(number=st.integers(0, 9))
        def enqueue(self, number: int) -> None:
            self.world.do("enqueue", number)

        @rule(number=st.integers(0, 6))
        def change_space(self, number: int) -> None:
            self.world.do("change_space", number)

        @rule(trials=st.integers(1, 3))
        def raise_budget(self, trials: int) -> None:
            self.world.do("raise_budget", trials)

        @rule()
        def restart(self) -> None:
            self.world.do("restart")

        @rule()
        def drain(self) -> None:
            self.world.do("drain", 1)

        def teardown(self) -> None:
            if hasattr(self, "world"):
                self.world.do("drain", 2)
                it_has_ended(self.world)
                folding_any_prefix_equals_having_lived_it(self.world)
                every_decision_is_taken_again(self.world)
                the_same_order_gives_the_same_study(self.world)
                only_ranks_matter(self.world)
                maximizing_the_negative_is_minimizing(self.world)

    Life.__name__ = case.name
    return Life


def it_has_ended(world: World) -> None:
    """Nothing runs, and what did not run has a reason: the trials or the units of the budget are used up."""
    state = world.state
    assert not state.jobs
    assert world.reasons
    cheapest = min(
        [entry.event.target for entry in world.entries if isinstance(entry.event, ev.Started)], default=1
    )
    out_of_units = state.account.room() < max(cheapest, MAX_RESOURCE)
    assert all(state.status(record.number) != "running" for record in state.trials)
    if not out_of_units:
        assert not any(state.status(record.number) == "queued" for record in state.trials)
        exhausted = state.closed is not None and state.closed.rule == "exhausted"
        if type(world.settings.spec).__struct_config__.tag in FREE_TO_CREATE and not exhausted:
            assert state.account.trials == state.account.budget.trials


def folding_any_prefix_equals_having_lived_it(world: World) -> None:
    state = world.settings.state()
    for entry in world.entries:
        state.apply(entry)
        if entry.seq in world.snapshots:
            assert snapshot(state, world.settings.seed) == world.snapshots[entry.seq]


def every_decision_is_taken_again(world: World) -> None:
    """Also across restarts. Desks that leave while they are free are no events: what hangs on them is unknown."""
    found = replay(lambda: world.entries, lambda spec: world.settings.state())
    assert found.first is None
    assert found.unknown.keys() <= {"held"}


def the_same_order_gives_the_same_study(world: World) -> None:
    assert world.replayed(world.settings).entries == world.entries


def only_ranks_matter(world: World) -> None:
    """A monotone transform of the metric changes no decision (means of replicates are no ranks)."""
    if isinstance(world.settings.resource, Replicates) and "racing" not in repr(world.settings.spec).lower():
        return
    other = world.replayed(replace(world.settings, loss=lambda loss: math.exp(loss) * 10 - 3))
    assert without_metrics(other) == without_metrics(world)


def maximizing_the_negative_is_minimizing(world: World) -> None:
    other = world.replayed(replace(world.settings, maximize=True))
    assert without_metrics(other) == without_metrics(world)


def without_metrics(world: World) -> list[object]:
    return [
        (entry.event.job, entry.event.resource) if isinstance(entry.event, ev.Reported) else entry
        for entry in world.entries
        if not isinstance(entry.event, ev.Opened)
    ]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_scheduler_keeps_its_word_in_any_order_of_events(case: Case) -> None:
    run_state_machine_as_test(
        machine(case),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # shrinking takes minutes; add Phase.shrink to see the shortest history
        ),
    )


def test_the_examples_are_among_the_schedulers_tested() -> None:
    assert set(examples.TAGS) <= set(SCHEDULERS)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
@pytest.mark.parametrize("workers", [1, 50])
def test_one_worker_or_more_workers_than_trials_make_no_difference_to_the_end(
    case: Case, workers: int
) -> None:
    world = World(
        Settings(case.spec, workers, Budget(trials=10), 0, case.resource, saves=case.saves, audit=case.audit)
    )
    world.do("drain", 3)
    it_has_ended(world)
    assert snapshot(fold(world.entries, world.settings), 0) == snapshot(world.state, 0)
