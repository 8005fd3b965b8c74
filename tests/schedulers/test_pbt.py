import math
from collections.abc import Callable
from functools import partial

import pytest

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Decision,
    Failed,
    Finished,
    JobGranted,
    New,
    NewSpace,
    Slot,
    TrialCreated,
    TrialStopped,
    Wait,
)
from rung.core.errors import SpecError
from rung.core.history import History, HistoryView
from rung.core.objective import Objective
from rung.core.parameter import Constant
from rung.core.rng import Rng, rng
from rung.core.space import Config, Float, Space
from rung.core.why import Why, sentence
from rung.schedulers.explore import Copied, Perturb
from rung.schedulers.pbt import PBT, LivePBT, SyncPBT

SPACE = Space({"x": Float(0.0, 1.0)})


class Population:
    """A live scheduler with a history and checkpoints beside it, as a state would keep them."""

    def __init__(self, spec: PBT | SyncPBT, live: LivePBT | None = None) -> None:
        self.live = live or spec.start(SPACE, (Objective("loss"),), 0)
        self.history = History(SPACE, 1)
        self.saved: dict[int, int] = {}  # by trial: resource of the checkpoint that a child of it begins from

    def decide(self, *, may_create: bool = True, room: float = math.inf) -> Decision:
        ask = Ask(
            (Slot(0),),
            frozenset(),
            may_create,
            room,
            self.history,
            partial(rng, 0),
            lambda trial: self.saved.get(trial, 0),
            lambda parent: self.saved.get(parent, 0),
        )
        found = self.live.decide(ask)
        assert self.live.decide(ask) == found
        assert "None" not in sentence(found.why)
        assert "?" not in sentence(found.why)
        return found

    def grant(self, decision: Decision) -> int:
        """Do as decided; returns the trial."""
        match decision:
            case Advance(trial=trial):
                pass
            case New(parent=parent, ends=ends, config=config):
                trial = len(self.history.configs)
                self.history.add_trial(config or {"x": 0.5})
                self.live.apply(TrialCreated(trial, parent=parent, ends=ends))
                self.saved[trial] = 0 if parent is None else self.saved.get(parent, 0)
                if ends is not None:
                    self.live.apply(TrialStopped(ends))
        assert isinstance(decision, New | Advance)
        self.live.apply(JobGranted(0, trial, 0, decision.target))
        return trial

    def found(self, n: int) -> None:
        for _ in range(n):
            decision = self.decide()
            assert isinstance(decision, New)
            assert decision.parent is None
            assert decision.save
            self.grant(decision)

    def arrive(self, resource: int, losses: dict[int, float]) -> None:
        for trial, loss in losses.items():
            self.live.apply(Arrived(trial, resource, (loss,)))
            self.saved[trial] = resource

    def turns(self) -> list[tuple[str, int | None, int | None, int]]:
        """All that can be granted now, done: (who, whom it copies, whom it ends, to where)."""
        done: list[tuple[str, int | None, int | None, int]] = []
        while isinstance(decision := self.decide(may_create=False), New | Advance):
            parent = decision.parent if isinstance(decision, New) else None
            ends = decision.ends if isinstance(decision, New) else None
            assert decision.save
            trial = self.grant(decision)
            done.append((f"trial {trial}", parent, ends, decision.target))
        return done


def test_the_population_is_founded_first_and_not_beyond_its_size() -> None:
    of = Population(PBT(10, population=3, interval=4))
    of.found(3)
    assert isinstance(of.decide(), Wait)
    assert isinstance(of.decide(may_create=False), Wait)


def test_the_last_of_five_is_replaced_by_a_child_of_the_first() -> None:
    of = Population(SyncPBT(10, population=5, interval=4))
    of.found(5)
    of.arrive(4, {0: 0.4, 1: 0.1, 2: 0.3, 3: 0.5, 4: 0.2})
    assert of.turns() == [
        ("trial 5", 1, 3, 8),
        ("trial 0", None, None, 8),
        ("trial 1", None, None, 8),
        ("trial 2", None, None, 8),
        ("trial 4", None, None, 8),
    ]


def test_ten_members_by_hand_two_are_replaced_by_children_of_the_best_two() -> None:
    of = Population(SyncPBT(9, population=10, interval=3))
    of.found(10)
    of.arrive(3, dict(enumerate([0.9, 0.2, 0.8, 0.3, 0.7, 0.1, 0.6, 0.4, 1.0, 0.5])))
    done = of.turns()
    assert [(ends, target) for _, _, ends, target in done[:2]] == [(8, 6), (0, 6)]  # the worst first
    assert {parent for _, parent, _, _ in done[:2]} <= {1, 5}
    assert [who for who, *_ in done[2:]] == [f"trial {trial}" for trial in (1, 2, 3, 4, 5, 6, 7, 9)]


def test_a_member_that_waits_for_nobody_is_compared_with_the_latest_results_of_all() -> None:
    of = Population(PBT(20, population=3, interval=4))
    of.found(3)
    of.arrive(4, {1: 0.5})
    assert of.turns() == [("trial 1", None, None, 8)]  # there is nobody to compare it with
    of.arrive(4, {0: 0.2})
    assert of.turns() == [("trial 0", None, None, 8)]
    of.arrive(4, {2: 0.9})
    decision = of.decide()
    assert isinstance(decision, New)
    assert (decision.parent, decision.ends, decision.target) == (
        0,
        2,
        8,
    )  # from where 0 was saved, though it runs
    assert (decision.why.rank, decision.why.of, decision.why.resource) == (3, 3, 4)


def test_the_least_trained_member_goes_first() -> None:
    of = Population(PBT(20, population=3, interval=4))
    of.found(3)
    of.arrive(4, {0: 0.5})
    assert of.turns() == [("trial 0", None, None, 8)]
    of.arrive(8, {0: 0.1})
    of.arrive(4, {2: 0.05, 1: 0.06})
    decisions = []
    while isinstance(decision := of.decide(may_create=False), Advance | New):
        decisions.append(decision)
        of.grant(decision)
    order = [each.ends if isinstance(each, New) else each.trial for each in decisions]
    assert order == [1, 2, 0]


def test_a_generation_is_compared_as_it_stood_when_all_had_arrived() -> None:
    of = Population(SyncPBT(12, population=5, interval=4))
    of.found(5)
    of.arrive(4, {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.4})
    waiting = of.decide()
    assert isinstance(waiting, Wait)
    assert (waiting.why.rule, waiting.why.of) == ("generation", 1)
    of.arrive(4, {4: 0.5})
    of.grant(of.decide())  # trial 5 in place of 4
    of.grant(of.decide())  # trial 0 goes on
    of.arrive(8, {0: 9.0})  # and would be the worst now
    assert of.turns() == [(f"trial {trial}", None, None, 8) for trial in (1, 2, 3)]
    of.arrive(8, {1: 0.2, 2: 0.3, 3: 0.4, 5: 0.1})
    assert of.turns()[0] == ("trial 6", 5, 0, 12)


def test_in_a_synchronous_tournament_who_is_copied_ends_after_it_was_copied() -> None:
    for seed in range(20):
        spec = SyncPBT(8, population=6, interval=4, exploit="tournament")
        of = Population(spec, spec.start(SPACE, (Objective("loss"),), seed))
        of.found(6)
        of.arrive(4, {trial: trial / 10 for trial in range(6)})
        done = of.turns()
        ended: set[int] = set()
        for _, parent, ends, _ in done:
            assert parent not in ended
            assert parent is None or ends is None or parent < ends
            ended |= {ends} if ends is not None else set()
        assert 0 not in ended


def test_the_last_interval_is_cut_at_max_resource_and_then_all_is_done() -> None:
    of = Population(SyncPBT(10, population=2, interval=4))
    of.found(2)
    of.arrive(4, {0: 0.1, 1: 0.2})
    assert of.turns() == [("trial 2", 0, 1, 8), ("trial 0", None, None, 8)]
    assert of.live.status(0) == "paused"
    of.arrive(8, {0: 0.1, 2: 0.2})
    assert of.turns() == [("trial 3", 0, 2, 10), ("trial 0", None, None, 10)]
    of.arrive(10, {0: 0.1, 3: 0.05})
    assert [of.live.status(trial) for trial in (0, 3)] == ["complete", "complete"]
    found = of.decide()
    assert isinstance(found, Finished)
    assert found.why.rule == "population done"


def test_a_complete_member_is_neither_compared_with_nor_copied() -> None:
    of = Population(PBT(8, population=3, interval=4))
    of.found(3)
    of.arrive(4, {0: 0.1})
    of.turns()
    of.arrive(8, {0: 0.01})
    of.arrive(4, {1: 0.2})
    assert of.turns() == [("trial 1", None, None, 8)]
    of.arrive(4, {2: 0.3})
    assert of.turns() == [("trial 3", 1, 2, 8)]


def test_a_failed_member_is_replaced_by_a_child_of_a_good_one() -> None:
    of = Population(PBT(12, population=3, interval=4))
    of.found(3)
    of.arrive(4, {0: 0.2})
    of.live.apply(Failed(1, 4))
    assert of.turns() == [("trial 3", 0, None, 8), ("trial 0", None, None, 8)]


def test_where_every_child_fails_there_are_no_more_of_them_than_arrivals() -> None:
    of = Population(PBT(100, population=2, interval=10))
    of.found(2)
    of.arrive(10, {0: 0.1})
    of.live.apply(Failed(1, 10))
    n_children = 0
    for at in range(20, 101, 10):
        done = of.turns()
        children = [int(who.split()[1]) for who, parent, _, _ in done if parent is not None]
        for child in children:
            n_children += 1
            of.live.apply(Failed(child, at))
            assert of.turns() == []  # until another member has arrived
        of.arrive(at, {0: 0.1})
    assert n_children == 9
    assert isinstance(of.decide(may_create=False), Finished)


def test_founders_that_fail_before_anybody_arrived_are_founded_anew() -> None:
    of = Population(PBT(12, population=3, interval=4))
    of.found(3)
    of.live.apply(Failed(0, 4))
    of.found(1)
    assert isinstance(of.decide(), Wait)
    for trial in (1, 2, 3):
        of.live.apply(Failed(trial, 4))
    of.found(3)
    assert isinstance(of.decide(), Wait)


def test_a_budget_of_fewer_trials_than_members_is_a_smaller_population() -> None:
    of = Population(SyncPBT(12, population=20, interval=4))
    of.found(3)
    of.arrive(4, {0: 0.1, 1: 0.2})
    assert isinstance(of.decide(may_create=False), Wait)
    of.arrive(4, {2: 0.3})
    assert of.turns() == [("trial 3", 0, 2, 8), ("trial 0", None, None, 8), ("trial 1", None, None, 8)]


def test_a_child_of_a_trial_whose_last_checkpoint_was_lost_begins_at_the_one_before() -> None:
    of = Population(PBT(20, population=2, interval=4))
    of.found(2)
    of.arrive(4, {1: 0.5, 0: 0.1})
    of.turns()
    of.arrive(8, {0: 0.1})
    of.saved[0] = 4
    of.turns()
    of.arrive(8, {1: 0.5})
    tight = of.decide(room=7)  # 4 to 12 would take 8
    assert isinstance(tight, Advance)
    decision = of.decide(room=8)
    assert isinstance(decision, New)
    assert (decision.parent, decision.ends, decision.target) == (0, 1, 12)


def test_a_child_of_a_trial_that_was_saved_on_its_way_begins_there() -> None:
    of = Population(PBT(20, population=2, interval=4))
    of.found(2)
    of.arrive(4, {0: 0.1})
    of.turns()
    of.saved[0] = 8  # its report there is on its way
    of.arrive(4, {1: 0.5})
    assert of.turns() == [("trial 2", 0, 1, 12)]


def test_nobody_copies_a_member_whose_loss_is_no_number() -> None:
    of = Population(SyncPBT(8, population=2, interval=4))
    of.found(2)
    of.arrive(4, {0: math.inf, 1: math.inf})
    assert sorted(of.turns()) == [("trial 0", None, None, 8), ("trial 1", None, None, 8)]


def test_what_does_not_fit_into_the_budget_is_not_proposed() -> None:
    of = Population(PBT(20, population=2, interval=4))
    assert of.decide(room=3) == Finished(Why("budget"))
    assert of.decide(may_create=False) == Finished(Why("done"))
    of.found(2)
    of.arrive(4, {0: 0.1, 1: 0.2})
    assert of.decide(room=3) == Finished(Why("budget"))


def test_a_trial_that_a_person_stops_gives_its_place_to_a_child() -> None:
    of = Population(SyncPBT(12, population=3, interval=4))
    of.found(3)
    of.live.apply(TrialStopped(1))
    of.arrive(4, {0: 0.1, 2: 0.05})
    assert of.turns() == [("trial 3", 2, None, 8), ("trial 4", 2, 0, 8), ("trial 2", None, None, 8)]


class Recorded:
    """An explore step that remembers what it was told."""

    def __init__(self, then: Callable[[], Config]) -> None:
        self.then = then
        self.told: list[tuple[Copied, int]] = []

    def explore(self, copied: Copied, history: HistoryView, rng: Rng) -> Config:
        self.told.append((copied, history.n_trials))
        return self.then()


def test_another_explore_step_is_told_whom_a_child_copies_and_what_is_known() -> None:
    step = Recorded(lambda: {"x": 0.25})
    spec = PBT(8, population=2, interval=4)
    of = Population(spec, LivePBT(spec, SPACE, step, 0))
    of.found(2)
    of.arrive(4, {0: 0.1})
    of.turns()
    of.arrive(4, {1: 0.5})
    decision = of.decide()
    assert step.told[-1] == (Copied(0, {"x": 0.5}, 4, SPACE, 8), 2)
    assert isinstance(decision, New)
    assert decision.config == {"x": 0.25}


def test_children_are_made_in_the_present_space() -> None:
    of = Population(SyncPBT(8, population=2, interval=4, explore=Perturb(resample=0.0)))
    of.found(2)
    of.arrive(4, {0: 0.1, 1: 0.5})
    first = of.decide()
    assert isinstance(first, New)
    assert first.config in ({"x": 0.4}, {"x": 0.6})
    of.live.apply(NewSpace(Space({"x": Constant(0.5)})))
    frozen = of.decide()
    assert isinstance(frozen, New)
    assert frozen.config == {"x": 0.5}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"population": 0}, "population"),
        ({"interval": 0}, "interval"),
        ({"max_resource": 0}, "max_resource"),
        ({"exploit": "luck"}, "'truncation' or 'tournament'"),
        ({"fraction": 0.0}, "fraction"),
        ({"fraction": 0.6}, "at most 0.5"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        PBT(**{"max_resource": 10, **options})  # type: ignore[arg-type]


def test_several_objectives_are_refused() -> None:
    with pytest.raises(SpecError, match="SyncPBT ranks trials by one objective"):
        SyncPBT(10).start(SPACE, (Objective("a"), Objective("b")), 0)


def test_without_an_interval_there_are_twenty() -> None:
    assert [PBT(100).next_level(at) for at in (0, 5, 95, 97)] == [5, 10, 100, 100]
    assert PBT(7).next_level(3) == 4
