import random
from collections import Counter
from fractions import Fraction
from functools import partial
from itertools import count

import pytest

from rung.core.decision import (
    Advance,
    Arrived,
    JobGranted,
    MinResourceRaised,
    New,
    Stop,
    TrialCreated,
    TrialStopped,
)
from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.rng import rng
from rung.schedulers.asha import ASHA, StoppingASHA
from rung.schedulers.brackets import BracketChoice, ByShare
from rung.schedulers.hyperband import AsyncHyperband, Hyperband, LiveAsyncHyperband, StoppingHyperband
from schedulers.asks import OBJECTIVES, SPACE, ask
from schedulers.test_asha import Promotion, Stopping, as_reference

# The sizes of brackets

TABLE_1 = [  # of the JMLR paper: (n_i, r_i) for R = 81, eta = 3; s = 4 first
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(34, 3), (11, 9), (3, 27), (1, 81)],
    [(15, 9), (5, 27), (1, 81)],
    [(8, 27), (2, 81)],
    [(5, 81)],
]


def test_the_brackets_for_81_and_3_are_those_of_table_1_of_the_jmlr_paper() -> None:
    assert [list(zip(plan.sizes, plan.levels, strict=True)) for plan in Hyperband(81).plans()] == TABLE_1


def test_the_older_table_begins_with_81_27_9_6_and_5_trials() -> None:
    assert [plan.size for plan in Hyperband(81, table="iclr").plans()] == [81, 27, 9, 6, 5]


def exactly(r_max: int, eta: int, *, older: bool) -> list[list[tuple[int, int]]]:
    """Algorithm 1 in exact fractions: n_i and r_i of each bracket, s_max first."""
    s_max = next(s for s in count() if eta ** (s + 1) > r_max)  # floor(log_eta(R))
    budget = (s_max + 1) * r_max
    brackets = []
    for s in range(s_max, -1, -1):
        if older:  # ceil(floor(B / R / (s + 1)) * eta**s)
            n = budget // r_max // (s + 1) * eta**s
        else:  # ceil(B / R * eta**s / (s + 1))
            exact = Fraction(budget, r_max) * Fraction(eta**s, s + 1)
            n = exact.numerator // exact.denominator + (exact.denominator > 1)
        r = Fraction(r_max, eta**s)
        brackets.append([(n // eta**i, int(r * eta**i)) for i in range(s + 1)])
    return brackets


@pytest.mark.parametrize("table", ["jmlr", "iclr"])
@pytest.mark.parametrize("eta", [2, 3, 4])
@pytest.mark.parametrize("r_max", [81, 243, 1000, 100, 6, 1, 10**15])
def test_brackets_are_right_in_whole_numbers(r_max: int, eta: int, table: str) -> None:
    plans = Hyperband(r_max, eta=eta, table=table).plans()  # type: ignore[arg-type]
    found = [list(zip(plan.sizes, plan.levels, strict=True)) for plan in plans]
    assert found == exactly(r_max, eta, older=table == "iclr")
    assert all(size >= 1 for plan in plans for size in plan.sizes)


def test_a_bracket_of_81_takes_at_most_five_times_81_units_where_trials_begin_anew() -> None:
    for plan in Hyperband(81).plans():
        assert sum(size * level for size, level in zip(plan.sizes, plan.levels, strict=True)) <= 5 * 81 + 81
        assert plan.units <= 5 * 81


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_resource": 9, "eta": 1}, "eta must be an integer of at least 2"),
        ({"max_resource": 9, "table": "nips"}, "table must be 'jmlr' or 'iclr', got 'nips'"),
        ({"max_resource": 3, "min_resource": 4}, "min_resource must be at most max_resource"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Hyperband(**options)  # type: ignore[arg-type]


# Asynchronous brackets


@pytest.mark.parametrize("kind", [AsyncHyperband, StoppingHyperband])
@pytest.mark.parametrize(("eta", "high"), [(2, 16), (3, 81), (4, 100)])
def test_each_bracket_decides_as_its_own_asha_by_brute_force(
    kind: type[AsyncHyperband] | type[StoppingHyperband], eta: int, high: int
) -> None:
    """Every promotion or verdict is that of the bracket's reference; trials are created where no bracket has one."""
    spec = kind(max_resource=high, eta=eta)
    levels = list(spec.rung_levels())
    reference = Promotion if kind is AsyncHyperband else Stopping
    papers = [reference(levels[bracket:], eta) for bracket in range(len(levels))]
    live, draws, history = spec.start(SPACE, OBJECTIVES, 0), random.Random(high), History(SPACE, 1)
    bracket_of: dict[int, int] = {}
    running: dict[int, int] = {}
    seen: Counter[str] = Counter()
    for job in range(1500):
        if running and (len(running) == 20 or draws.random() < 0.5):
            trial = draws.choice(sorted(running))
            target, loss = running.pop(trial), float(draws.randrange(10))
            live.apply(Arrived(trial, target, (loss,)))
            papers[bracket_of[trial]].arrived(trial, target, loss)
            continue
        decision = live.decide(ask(history=history))
        due = {bracket: paper.get_job() for bracket, paper in enumerate(papers)}
        kind_of, trial, target = as_reference(decision, len(bracket_of))
        seen[kind_of] += 1
        if isinstance(decision, New):
            assert all(name == "new" for name, _, _ in due.values())
            bracket_of[trial] = decision.bracket
            assert target == levels[decision.bracket]
            live.apply(TrialCreated(trial, decision.bracket))
            history.add_trial({"x": 0.5})
        else:
            assert due[bracket_of[trial]] == (kind_of, trial, target)
        if kind_of == "stop":
            live.apply(TrialStopped(trial))
            papers[bracket_of[trial]].never(trial)
            continue
        live.apply(JobGranted(job, trial, 0, target))
        papers[bracket_of[trial]].granted(trial, target)
        running[trial] = target
    assert seen["advance"] > 80
    assert len(set(bracket_of.values())) == len(levels)


def choices(choice: BracketChoice, n: int) -> list[int]:
    """The brackets of the first trials."""
    history, found = History(SPACE, 1), []
    for _ in range(n):
        found.append(choice.choose(history.view(), partial(rng, 0)))
        history.add_trial({"x": 0.5})
    return found


def test_brackets_get_trials_in_the_proportions_of_synchronous_hyperband() -> None:
    """One in `n` for the sizes n = 81, 33.75, 15, 7.5, 5 before they are rounded up."""
    choice = AsyncHyperband(max_resource=81).choice(0)
    sizes = [81, 33.75, 15, 7.5, 5]
    assert choice.shares == pytest.approx([size / sum(sizes) for size in sizes])
    drawn = Counter(choices(choice, 4000))
    for bracket, size in enumerate(sizes):
        assert drawn[bracket] / 4000 == pytest.approx(size / sum(sizes), abs=0.025)


def test_a_choice_of_ones_own_takes_the_place_of_the_default() -> None:
    class Last:
        def choose(self, history: object, rng: object) -> int:
            return 2

    asha = [ASHA(max_resource=9, min_resource=low) for low in (1, 3, 9)]
    live = LiveAsyncHyperband([spec.start(SPACE, OBJECTIVES, 0) for spec in asha], Last())
    decision = live.decide(ask())
    assert isinstance(decision, New)
    assert (decision.target, decision.bracket) == (9, 2)
    smaller = live.decide(ask(room=5))  # where the budget does not cover the chosen one, the next lower one
    assert isinstance(smaller, New)
    assert (smaller.target, smaller.bracket) == (3, 1)


def test_brackets_that_begin_below_a_raised_level_get_no_more_trials() -> None:
    live = AsyncHyperband(max_resource=27).start(SPACE, OBJECTIVES, 0)
    live.apply(MinResourceRaised(9))
    assert live.levels == [9, 27]
    assert min(choices(live._choice, 30)) == 0
    decision = live.decide(ask())
    assert isinstance(decision, New)
    assert decision.bracket >= 2
    one = AsyncHyperband(max_resource=27, brackets=1).start(SPACE, OBJECTIVES, 0)
    one.apply(MinResourceRaised(9))
    only = one.decide(ask())
    assert isinstance(only, New)
    assert (only.bracket, only.target) == (0, 9)


def test_one_bracket_is_asha() -> None:
    for kind, plain in ((AsyncHyperband, ASHA), (StoppingHyperband, StoppingASHA)):
        ours, theirs = (
            spec.start(SPACE, OBJECTIVES, 0)
            for spec in (kind(max_resource=9, brackets=1), plain(max_resource=9))
        )
        draws = random.Random(1)
        n_trials = 0
        for job in range(300):
            decision = ours.decide(ask())
            assert decision == theirs.decide(ask())
            if isinstance(decision, Stop):
                facts: list[object] = [TrialStopped(decision.trial)]
            else:
                new = isinstance(decision, New)
                trial = n_trials if new else decision.trial  # type: ignore[union-attr]
                n_trials += new
                granted = JobGranted(job, trial, 0, decision.target)  # type: ignore[union-attr]
                arrived = Arrived(trial, granted.target, (draws.random(),))
                facts = [*([TrialCreated(trial)] if new else []), granted, arrived]
            for fact in facts:
                ours.apply(fact)  # type: ignore[arg-type]
                theirs.apply(fact)  # type: ignore[arg-type]


def test_more_brackets_than_rungs_are_refused() -> None:
    with pytest.raises(SpecError, match="at most the number of rungs, got 4 for the rungs \\[1, 3, 9\\]"):
        AsyncHyperband(max_resource=9, brackets=4)


def test_shares_are_chances() -> None:
    assert ByShare([1, 1, 2], 0).shares == [0.25, 0.25, 0.5]


def test_the_bracket_of_a_trial_of_other_options_is_the_last_one_there_is() -> None:
    live = AsyncHyperband(max_resource=9, brackets=2).start(SPACE, OBJECTIVES, 0)
    for trial, loss in enumerate((0.1, 0.2, 0.3)):
        live.apply(TrialCreated(trial, bracket=7))
        live.apply(JobGranted(trial, trial, 0, 3))
        live.apply(Arrived(trial, 3, (loss,)))
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (0, 9)
