import math
import random
from collections.abc import Iterator

import pytest

from rung.core.decision import (
    Advance,
    Arrived,
    Decision,
    Failed,
    Finished,
    JobGranted,
    New,
    Scheduler,
    Stop,
    TrialCreated,
    TrialStopped,
    Wait,
)
from rung.core.errors import SpecError
from rung.schedulers.asha import ASHA, StoppingASHA
from rung.schedulers.rungs import Rung
from schedulers.asks import OBJECTIVES, SPACE, ask


class Promotion:
    """Algorithm 2 of the ASHA paper, read line by line; O(n) per decision. Ties: the lower number is better."""

    def __init__(self, levels: list[int], eta: int) -> None:
        self.levels, self.eta = levels, eta
        self.rungs: list[dict[int, float]] = [{} for _ in levels]
        self.promoted: list[set[int]] = [set() for _ in levels]
        self.n_trials = 0

    def get_job(self) -> tuple[str, int, int]:
        for k in range(len(self.levels) - 2, -1, -1):  # "for k = floor(log(R/r)) - s - 1 ... 0"
            rung = self.rungs[k]
            candidates = sorted(rung, key=lambda trial: (rung[trial], trial))[
                : len(rung) // self.eta
            ]  # top_k
            promotable = [trial for trial in candidates if trial not in self.promoted[k]]
            if promotable:
                return "advance", promotable[0], self.levels[k + 1]
        return "new", self.n_trials, self.levels[0]

    def granted(self, trial: int, target: int) -> None:
        self.n_trials = max(self.n_trials, trial + 1)
        for k, level in enumerate(self.levels[:-1]):
            if self.levels[k + 1] == target and trial in self.rungs[k]:
                self.promoted[k].add(trial)
            assert level < self.levels[k + 1]

    def arrived(self, trial: int, level: int, loss: float) -> None:
        self.rungs[self.levels.index(level)][trial] = loss

    def failed(self, trial: int, level: int) -> None:
        self.arrived(trial, level, math.inf)
        self.never(trial)

    def never(self, trial: int) -> None:
        for promoted in self.promoted:
            promoted.add(trial)


class Stopping(Promotion):
    """The stopping rule: judged once, on arrival, against those that have arrived by then."""

    def __init__(self, levels: list[int], eta: int) -> None:
        super().__init__(levels, eta)
        self.unjudged: list[tuple[int, int]] = []  # trial, index of its rung
        self.over: set[int] = set()

    def get_job(self) -> tuple[str, int, int]:
        for trial, k in self.unjudged:
            rung = self.rungs[k]
            keep = len(rung) // self.eta
            n_better = sum((loss, other) < (rung[trial], trial) for other, loss in rung.items())
            if keep == 0 or n_better < keep:
                return "advance", trial, self.levels[k + 1]
            return "stop", trial, 0
        return "new", self.n_trials, self.levels[0]

    def granted(self, trial: int, target: int) -> None:
        self.n_trials = max(self.n_trials, trial + 1)
        self.unjudged = [waiting for waiting in self.unjudged if waiting[0] != trial]

    def arrived(self, trial: int, level: int, loss: float) -> None:
        super().arrived(trial, level, loss)
        if level != self.levels[-1]:
            self.unjudged.append((trial, self.levels.index(level)))

    def failed(self, trial: int, level: int) -> None:
        self.rungs[self.levels.index(level)][trial] = math.inf

    def never(self, trial: int) -> None:
        self.granted(trial, 0)


def as_reference(decision: Decision, n_trials: int) -> tuple[str, int, int]:
    match decision:
        case New(target=target):
            return "new", n_trials, target
        case Advance(trial=trial, target=target):
            return "advance", trial, target
        case Stop(trial=trial):
            return "stop", trial, 0
    raise AssertionError(decision)


def history(live: Scheduler, paper: Promotion, draws: random.Random, n: int, values: int) -> Iterator[None]:
    """`n` random turns with up to 20 workers, both told the same; yields after each comparison."""
    running: dict[int, int] = {}
    over: set[int] = set()
    for job in range(n):
        if paper.n_trials and draws.random() < 0.03:  # a person stops a trial, paused or complete
            trial = draws.randrange(paper.n_trials)
            if trial not in running and trial not in over:
                live.apply(TrialStopped(trial))
                paper.never(trial)
                over.add(trial)
        if not running or (len(running) < 20 and draws.random() < 0.5):
            kind, trial, target = as_reference(live.decide(ask()), paper.n_trials)
            assert (kind, trial, target) == paper.get_job()
            if kind == "stop":
                live.apply(TrialStopped(trial))
                paper.never(trial)
                over.add(trial)
            else:
                if kind == "new":
                    live.apply(TrialCreated(trial))
                live.apply(JobGranted(job, trial, 0, target))
                paper.granted(trial, target)
                running[trial] = target
            yield
        else:
            trial = draws.choice(sorted(running))
            target = running.pop(trial)
            if draws.random() < 0.1:
                live.apply(Failed(trial, target))
                paper.failed(trial, target)
                over.add(trial)
            elif draws.random() < 0.05:
                live.apply(TrialStopped(trial))
                paper.never(trial)
                over.add(trial)
            else:
                loss = float(draws.randrange(values)) if draws.random() < 0.95 else math.inf
                live.apply(Arrived(trial, target, (loss,)))
                paper.arrived(trial, target, loss)


@pytest.mark.parametrize("values", [2, 10, 10**9], ids=lambda values: f"{values} values")
@pytest.mark.parametrize(("eta", "low", "high"), [(2, 1, 16), (3, 1, 81), (4, 2, 100)])
def test_promotion_decides_as_algorithm_2_of_the_paper(eta: int, low: int, high: int, values: int) -> None:
    for seed in range(4):
        spec = ASHA(max_resource=high, min_resource=low, eta=eta)
        levels = list(spec.rung_levels())
        live = spec.start(SPACE, OBJECTIVES, 0)
        n = sum(1 for _ in history(live, Promotion(levels, eta), random.Random(seed), 800, values))
        assert n > 300


@pytest.mark.parametrize("values", [2, 10, 10**9], ids=lambda values: f"{values} values")
@pytest.mark.parametrize(("eta", "low", "high"), [(2, 1, 16), (3, 1, 81), (4, 2, 100)])
def test_stopping_decides_as_its_rule_by_brute_force(eta: int, low: int, high: int, values: int) -> None:
    for seed in range(4):
        spec = StoppingASHA(max_resource=high, min_resource=low, eta=eta)
        levels = list(spec.rung_levels())
        live = spec.start(SPACE, OBJECTIVES, 0)
        n = sum(1 for _ in history(live, Stopping(levels, eta), random.Random(seed), 800, values))
        assert n > 300


def told(live: Scheduler, *losses: float, level: int = 1) -> Scheduler:
    """A scheduler to which these losses have arrived at a level, of trials 0, 1, 2 …"""
    for trial, loss in enumerate(losses):
        live.apply(TrialCreated(trial))
        live.apply(JobGranted(trial, trial, 0, level))
        live.apply(Arrived(trial, level, (loss,)))
    return live


def test_the_highest_rung_is_served_first() -> None:
    live = told(ASHA(max_resource=9).start(SPACE, OBJECTIVES, 0), *[trial / 10 for trial in range(12)])
    for trial in range(3):
        live.apply(JobGranted(20 + trial, trial, 1, 3))
        live.apply(Arrived(trial, 3, (trial / 10,)))
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (0, 9)
    assert (decision.why.rule, decision.why.resource, decision.why.of, decision.why.keep) == (
        "promoted",
        3,
        3,
        1,
    )


def test_a_trial_that_was_out_is_promoted_when_its_rung_has_grown() -> None:
    live = told(ASHA(max_resource=3).start(SPACE, OBJECTIVES, 0), 0.5, 0.6, 0.7, 0.8, 0.9)
    live.apply(JobGranted(5, 0, 1, 3))
    assert isinstance(live.decide(ask()), New)
    told_more = [TrialCreated(5), JobGranted(6, 5, 0, 1), Arrived(5, 1, (1.0,))]
    for fact in told_more:
        live.apply(fact)
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert decision.trial == 1
    assert live.status(1) == "paused"


def test_a_trial_that_was_stopped_while_paused_is_not_promoted_when_its_turn_comes() -> None:
    live = told(ASHA(max_resource=3).start(SPACE, OBJECTIVES, 0), *[trial / 10 for trial in range(9)])
    live.apply(TrialStopped(1))
    live.apply(JobGranted(9, 0, 1, 3))
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert decision.trial == 2


def test_a_failed_trial_does_not_hold_up_its_rung_and_is_never_promoted() -> None:
    live = ASHA(max_resource=3).start(SPACE, OBJECTIVES, 0)
    for trial in range(3):
        live.apply(TrialCreated(trial))
        live.apply(JobGranted(trial, trial, 0, 1))
        live.apply(Failed(trial, 1))
    assert isinstance(live.decide(ask()), New)
    live.apply(TrialCreated(3))
    live.apply(JobGranted(3, 3, 0, 1))
    live.apply(Arrived(3, 1, (9.0,)))
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert decision.trial == 3


@pytest.mark.parametrize(
    "spec", [ASHA(max_resource=9), StoppingASHA(max_resource=9)], ids=["asha", "stopping"]
)
def test_what_does_not_fit_into_the_room_is_left_out(spec: ASHA | StoppingASHA) -> None:
    live = told(spec.start(SPACE, OBJECTIVES, 0), 0.1, 0.2, 0.3)
    assert isinstance(live.decide(ask(room=2, starts_at=lambda trial: 1)), Advance)
    assert isinstance(live.decide(ask(room=1, starts_at=lambda trial: 1)), New | Stop)
    assert isinstance(live.decide(ask(room=2, starts_at=lambda trial: 0)), New | Stop)


def test_without_anything_to_do_it_waits_for_what_runs_and_else_has_finished() -> None:
    live = ASHA(max_resource=9).start(SPACE, OBJECTIVES, 0)
    assert isinstance(live.decide(ask(may_create=False)), Finished)
    live.apply(TrialCreated(0))
    live.apply(JobGranted(0, 0, 0, 1))
    assert isinstance(live.decide(ask(may_create=False)), Wait)
    assert isinstance(live.decide(ask(n_slots=0)), Wait)


def test_levels_by_hand_take_the_place_of_the_formula() -> None:
    live = told(ASHA(max_resource=50, levels=(5, 20, 50)).start(SPACE, OBJECTIVES, 0), 1, 2, 3, level=5)
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert decision.target == 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_resource": 9, "eta": 1}, "eta must be an integer of at least 2, got 1"),
        ({"max_resource": 0}, "max_resource must be a whole number"),
        ({"max_resource": 3, "min_resource": 4}, "min_resource must be at most max_resource"),
        ({"max_resource": 9, "levels": (1, 3)}, "the last of levels must be max_resource"),
        ({"max_resource": 9, "levels": (3, 1, 9)}, "rung levels must rise"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        ASHA(**options)


def test_a_place_on_a_rung_is_that_among_all_who_have_arrived_by_then() -> None:
    rung, arrived = Rung(9, eta=3), []
    for trial, loss in enumerate((0.5, 0.1, math.inf, 0.5, 0.3, 0.1, 0.9)):
        rung.arrive(loss, trial)
        arrived.append((loss, trial))
        for each in arrived:
            why = rung.judge_one("not promoted", *each)
            assert (why.rank, why.of, why.keep) == (
                sorted(arrived).index(each) + 1,
                len(arrived),
                len(arrived) // 3,
            )


@pytest.mark.parametrize(
    "spec", [ASHA(max_resource=9, min_resource=3), StoppingASHA(max_resource=9, min_resource=3)]
)
def test_a_trial_that_rests_below_a_first_rung_that_was_raised_has_a_reason(
    spec: ASHA | StoppingASHA,
) -> None:
    live = told(spec.start(SPACE, OBJECTIVES, 0), 0.1)
    assert (live.status(0), live.why(0).rule, live.why(0).resource) == ("paused", "below its rung", 3)
    assert isinstance(live.decide(ask()), New)
