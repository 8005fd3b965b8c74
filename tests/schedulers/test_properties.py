"""What every scheduler keeps, in any order of events: registered ones and the examples of what is to come.

The properties are those of the house's style; where one is checked stands beside it. In `world.py`: budgets, one
place per trial, jobs that start where the checkpoint stands, the same answer twice, reports that come too late.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from registered import MAX_RESOURCE, OF_REPLICATES, TAGS, scheduler, searcher
from rung.core import event as ev
from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.constraint import Constraint, Constraints
from rung.core.decision import Auditable, SchedulerSpec
from rung.core.errors import SpecError
from rung.core.objective import Objective
from rung.core.resource import Fraction, Replicates, Resource, Steps
from rung.dispatcher import Work
from rung.replay import replay
from rung.schedulers.ranking import Lexicographic
from rung.schedulers.registry import SCHEDULERS
from schedulers import examples
from schedulers.world import SPACE, Settings, World, fold, snapshot

EXAMPLES = int(os.environ.get("RUNG_EXAMPLES", "4"))  # RUNG_EXAMPLES=300 searches deeper
STEPS = 40
QUICK = ("random", "grid", "quasi-random", "regularized-evolution")  # searchers that take no time
LOSSES = (0.0, 0.5, 0.5, 1.0, 1.5, 2.0, math.nan)  # few values, so that ties occur
FREE_TO_CREATE = (
    "fifo",
    "asha",
    "stopping-asha",
    "successive-halving",
    "hyperband",
    "async-hyperband",
    "hyper-tune",
    "stopping-hyperband",
    "median-stopping",
    "percentile-stopping",
    "pasha",
    "cost-asha",
    "stopping-cost-asha",
    "gate",
    "freeze-thaw",
    "test-turns",
)  # no bound on the number of trials but the budget

LIMIT = (Constraint("latency", upper=0.5),)
NOT_BY_RANK = (
    "median-stopping",
    "percentile-stopping",
    "pasha",
    "freeze-thaw",
)  # averages, interpolation, differences


@dataclass(frozen=True)
class Case:
    """A scheduler in a world.

    Attributes:
        spec: Its options.
        resource: The kind of resource.
        saves: Whether trainings can write checkpoints.
        audit: How early stopping is audited.
        several: Whether there are two objectives.
        constraints: What trials must keep.
        inspect: Checks a job that is about to be granted.
    """

    spec: SchedulerSpec
    resource: Resource = field(default_factory=Steps)
    saves: bool = True
    audit: Audit | None = None
    several: bool = False
    constraints: Constraints = ()
    inspect: Callable[[World, Work], None] | None = None

    @property
    def name(self) -> str:
        tag = type(self.spec).__struct_config__.tag
        saves, audit = "" if self.saves else " cannot save", "" if self.audit is None else " audited"
        several, constrained = " several" if self.several else "", " constrained" if self.constraints else ""
        ranking = getattr(self.spec, "ranking", None)
        by = "" if ranking is None else f" by {type(ranking).__name__}"
        test = "" if getattr(self.spec, "test", "friedman") == "friedman" else " by values"
        return f"{tag} {type(self.resource).__name__}{saves}{audit}{several}{constrained}{by}{test}"


def promoted_are_among_the_best(world: World, work: Work) -> None:
    """Whoever is promoted was then among the best `n // eta` of its rung; recomputed from the log."""
    if work.why.rule != "promoted" or not isinstance(world.settings.resource, Steps):
        return
    level, eta = work.why.resource, 3
    assert level is not None
    ranked = arrivals(world, level)
    keep = len(ranked) // eta
    assert (work.why.of, work.why.keep) == (len(ranked), keep)
    if not world.settings.several:
        assert work.trial in [trial for _, _, trial in ranked[:keep]]
        return
    last = ranked[keep - 1][:2]  # of equals in a front, the tie-break chooses
    assert next(pair[:2] for pair in ranked if pair[2] == work.trial) <= last


def arrivals(world: World, level: int) -> list[tuple[float, float, int]]:
    """Who has arrived at a level, best first: whose job reported there, and who failed on the way there.

    What stands before a trial: by how much it breaks the constraint (infinitely where it failed), and its loss; with
    several objectives, how many have to be taken away before nobody dominates it.
    """
    losses: dict[tuple[int, int], tuple[float, ...]] = {}  # the first report of a trial at a resource stands
    targets: dict[int, int] = {}
    positions: dict[int, int] = {}
    found: dict[int, tuple[float, ...]] = {}
    stopped: set[int] = set()
    failed = (math.inf, math.inf, math.inf) if world.settings.several else (math.inf, math.inf)
    for entry in world.entries:
        match entry.event:
            case ev.Stopped(trial=trial):
                stopped.add(trial)
            case ev.Started(job=job, target=target):
                targets[job] = target
            case ev.Reported(job=job, trial=trial, resource=resource, metrics=metrics):
                positions[job] = resource
                own = [float(metrics[name]) for name in world.settings.metrics]
                own = [loss if math.isfinite(loss) else math.inf for loss in own]
                broken = max(0.0, float(metrics.get("latency", 0.0)) - 0.5)
                losses.setdefault((trial, resource), (broken, *(own if not broken else [0.0] * len(own))))
            case ev.Ended(job=job, trial=trial) if trial not in stopped and targets[job] == level:
                if world.state.trials[trial].failure is not None and last_job(world, trial) == job:
                    found[trial] = failed
                elif positions.get(job) == level:
                    found[trial] = losses[trial, level]
    if world.settings.several:
        return sorted((*pair, trial) for trial, pair in by_front(found).items())
    return sorted((broken, loss, trial) for trial, (broken, loss) in found.items())


def by_front(found: dict[int, tuple[float, ...]]) -> dict[int, tuple[float, float]]:
    """The violation of each trial, and its front among those that have the same violation, by brute force."""
    fronts: dict[int, tuple[float, float]] = {}
    left, n = dict(found), 0
    while left:
        least = min(losses[0] for losses in left.values())
        rivals = {trial: losses[1:] for trial, losses in left.items() if losses[0] == least}
        first = [
            trial
            for trial, losses in rivals.items()
            if not any(dominates(o, losses) for o in rivals.values())
        ]
        fronts |= {trial: (least, float(n)) for trial in first}
        left = {trial: losses for trial, losses in left.items() if trial not in first}
        n += 1
    return fronts


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def last_job(world: World, trial: int) -> int:
    return max(
        e.event.job for e in world.entries if isinstance(e.event, ev.Started) and e.event.trial == trial
    )


def cases() -> list[Case]:
    """Every scheduler of the registry with each kind of resource that it can be used with."""
    found = []
    for tag in TAGS:
        spec = scheduler(tag)
        if tag == "racing":
            spec = msgspec.structs.replace(
                spec, first_test=2, max_evaluations=60
            )  # several races in a short study
        if tag in OF_REPLICATES:
            found += [Case(spec, Replicates()), Case(spec, Replicates(), constraints=LIMIT)]
            if tag == "racing":  # by values, not by ranks
                by_values = msgspec.structs.replace(spec, test="t-test")
                found.append(Case(by_values, Replicates(), constraints=LIMIT))
            if isinstance(spec.start(SPACE, (Objective("loss"),), 0), Auditable):
                found.append(Case(spec, Replicates(), audit=Audit(0.5, adapt=True, allow=0.3)))
            continue
        found.append(Case(spec, inspect=promoted_are_among_the_best if tag == "asha" else None))
        found.append(
            Case(spec, constraints=LIMIT, inspect=promoted_are_among_the_best if tag == "asha" else None)
        )
        if takes_several(spec):
            inspect = promoted_are_among_the_best if tag == "asha" else None
            found.append(
                Case(spec, several=True, constraints=LIMIT if tag != "asha" else (), inspect=inspect)
            )
        if tag == "asha":
            found += several_in_other_orders(tag)
            found.append(Case(spec, Replicates(), audit=Audit(0.5), constraints=LIMIT))
        if tag in ("asha", "fifo"):
            found += [Case(spec, saves=False), Case(spec, Fraction()), Case(spec, Replicates())]
        if isinstance(spec.start(SPACE, (Objective("loss"),), 0), Auditable):
            found.append(Case(spec, audit=Audit(0.5, adapt=True, allow=0.3)))
            found.append(Case(spec, Replicates(), audit=Audit(0.5)))
            found.append(Case(spec, Fraction(), audit=Audit(0.9)))
    return found


def takes_several(spec: SchedulerSpec) -> bool:
    try:
        spec.start(SPACE, (Objective("loss"), Objective("size")), 0)
    except SpecError:
        return False
    return True


def several_in_other_orders(tag: str) -> list[Case]:
    rankings = ["crowding", "scalarization", "lexicographic"]
    specs = [
        SCHEDULERS.decode({"type": tag, "max_resource": MAX_RESOURCE, "ranking": {"type": ranking}})
        for ranking in rankings
    ]
    return [Case(spec, several=True, constraints=LIMIT) for spec in specs]


def machine(case: Case) -> type[RuleBasedStateMachine]:
    """Any order of what can happen to a study with this scheduler."""

    class Life(RuleBasedStateMachine):
        world: World

        @initialize(
            workers=st.sampled_from([1, 2, 3, 7]),
            trials=st.integers(1, 14),
            resource=st.sampled_from([None, None, 10, 25, 60]),
            seed=st.integers(0, 3),
            tag=st.sampled_from(QUICK),
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
                    several=case.several,
                    constraints=case.constraints,
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
    """A monotone transform of the metric changes no decision (means and differences are no ranks)."""
    if type(world.settings.spec).__struct_config__.tag in NOT_BY_RANK:
        return
    if world.settings.several and not isinstance(
        getattr(world.settings.spec, "ranking", None), Lexicographic
    ):
        return  # distances within a front
    tag = type(world.settings.spec).__struct_config__.tag
    if isinstance(world.settings.resource, Replicates) and tag not in OF_REPLICATES:
        return
    if getattr(world.settings.spec, "test", "friedman") != "friedman":
        return  # the t-test of a race
    other = world.replayed(replace(world.settings, loss=lambda loss: math.exp(loss) * 10 - 3))
    assert without_metrics(other) == without_metrics(world)


def maximizing_the_negative_is_minimizing(world: World) -> None:
    other = world.replayed(replace(world.settings, maximize=True))
    assert without_metrics(other) == without_metrics(world)


def without_metrics(world: World) -> list[object]:
    return [unmeasured(entry) for entry in world.entries if not isinstance(entry.event, ev.Opened)]


def unmeasured(entry: ev.Entry) -> object:
    """An entry of a log without the numbers that were reported."""
    match entry.event:
        case ev.Reported(job=job, resource=resource):
            return job, resource
        case ev.Stopped(trial=trial, why=why) | ev.YieldAsked(trial=trial, why=why):
            return trial, msgspec.structs.replace(why, value=None, threshold=None)
        case ev.Started(why=why) as started:
            return msgspec.structs.replace(
                started, why=msgspec.structs.replace(why, value=None, threshold=None)
            )
    return entry


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
        Settings(
            case.spec,
            workers,
            Budget(trials=10),
            0,
            case.resource,
            saves=case.saves,
            audit=case.audit,
            several=case.several,
            constraints=case.constraints,
        )
    )
    world.do("drain", 3)
    it_has_ended(world)
    assert snapshot(fold(world.entries, world.settings), 0) == snapshot(world.state, 0)
