import math
from functools import partial

import pytest

from rung.core.decision import (
    Advance,
    Arrived,
    Decision,
    Failed,
    Finished,
    JobGranted,
    New,
    TrialCreated,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.errors import SpecError
from rung.core.objective import Objective
from rung.core.why import sentence
from rung.schedulers.freeze_thaw import FreezeThaw, LiveFreezeThaw
from rung.schedulers.promise import Promises
from schedulers.asks import OBJECTIVES, SPACE, ask


def live(max_resource: int = 20, step: int | None = 1) -> LiveFreezeThaw:
    return FreezeThaw(max_resource, step=step).start(SPACE, OBJECTIVES, 0)


def arrive(of: LiveFreezeThaw, trial: int, resource: int, loss: float) -> None:
    if resource == 1:
        of.apply(TrialCreated(trial))
    of.apply(JobGranted(0, trial, resource - 1, resource))
    of.apply(Arrived(trial, resource, (loss,)))


def loss_at(trial: int, resource: int) -> float:
    """Curves that fall to limits of 0.1, 0.2, 0.3 …"""
    return 0.1 * (trial + 1) + math.exp(-resource / 4)


def trained(lengths: dict[int, int], **options: int) -> LiveFreezeThaw:
    of = live(**options)
    for trial, length in lengths.items():
        for resource in range(1, length + 1):
            arrive(of, trial, resource, loss_at(trial, resource))
    return of


def decide(of: LiveFreezeThaw, **question: object) -> Decision:
    found = of.decide(ask(**question))  # type: ignore[arg-type]  # the options of `ask`
    assert of.decide(ask(**question)) == found  # type: ignore[arg-type]
    assert "None" not in sentence(found.why)
    return found


def test_it_begins_with_new_trials() -> None:
    of = live()
    for trial in range(8):
        assert isinstance(decide(of), New)
        arrive(of, trial, 1, loss_at(trial, 1))


def test_the_trial_that_promises_most_goes_on_by_one_step() -> None:
    of = trained(dict.fromkeys(range(8), 4))
    decision = decide(of, may_create=False)
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (0, 5)
    of.apply(JobGranted(99, 0, 4, 5))
    following = decide(of, may_create=False)
    assert isinstance(following, Advance)
    assert following.trial == 1


def test_a_trial_thaws_when_the_one_before_it_has_disappointed() -> None:
    of = trained(dict.fromkeys(range(8), 5))
    for resource in range(6, 16):
        arrive(of, 0, resource, 0.9)
    decision = decide(of, may_create=False)
    assert isinstance(decision, Advance)
    assert decision.trial == 1


def with_twins(tell: int, steps: int = 4) -> LiveFreezeThaw:
    """Eight trials of which the last repeats the first, where `tell` steps tell curves apart."""
    of = live()
    for trial in range(8):
        for resource in range(1, steps + 1):
            arrive(of, trial, resource, loss_at(trial % 7, min(resource, tell)))
    return of


def test_what_repeats_the_curve_of_another_does_not_go_on_beside_it() -> None:
    of = with_twins(tell=4)
    of.apply(JobGranted(99, 0, 4, 5))
    following = decide(of, may_create=False)
    assert isinstance(following, Advance)
    assert following.trial == 1
    of.apply(Failed(0, 5))
    following = decide(of, may_create=False)
    assert isinstance(following, Advance)
    assert following.trial == 7


def test_two_equal_losses_do_not_make_a_repetition() -> None:
    of = with_twins(tell=2)
    of.apply(JobGranted(99, 0, 4, 5))
    following = decide(of, may_create=False)
    assert isinstance(following, Advance)
    assert following.trial == 7


def test_new_trials_that_would_repeat_others_promise_nothing() -> None:
    of = Promises(range(1, 21))
    for trial in range(60):
        for resource in range(1, 5):
            of.observe(trial, resource, loss_at(trial % 7, resource))
    assert of.gain_of_new == 0
    assert of.gains([0])[0] > 0


def test_where_all_are_known_to_the_end_but_one_a_new_trial_begins() -> None:
    of = trained({0: 20, 1: 20, 2: 19, 3: 20, 4: 20})
    assert isinstance(decide(of), New)


def test_one_lucky_report_makes_nobody_the_best() -> None:
    of = trained(dict.fromkeys(range(6), 12))
    assert of.best is not None and of.best.trial == 0
    for resource in range(13, 19):
        arrive(of, 5, resource, loss_at(5, resource))
    arrive(of, 5, 19, 0.12)
    assert of.best.trial == 0
    assert of.best.resource == 12


def test_a_diverged_trial_is_neither_the_best_nor_thawed() -> None:
    of = trained(dict.fromkeys(range(6), 6))
    of.apply(JobGranted(99, 0, 6, 7))
    of.apply(Failed(0, 7))
    assert of.best is not None and of.best.trial == 1
    decision = decide(of, may_create=False)
    assert isinstance(decision, Advance) and decision.trial == 1


def test_it_goes_on_where_every_trial_has_failed_in_the_end() -> None:
    of = trained(dict.fromkeys(range(4), 2))
    for trial in range(4):
        of.apply(JobGranted(99, trial, 2, 3))
        of.apply(Failed(trial, 3))
    for trial in range(4, 9):
        assert isinstance(decide(of), New)
        of.apply(TrialCreated(trial))
        of.apply(JobGranted(99, trial, 0, 1))
        of.apply(Failed(trial, 1))
    assert isinstance(decide(of), New)


def test_a_stopped_trial_stays_where_it_is() -> None:
    of = trained(dict.fromkeys(range(6), 6))
    for trial in range(6):
        of.apply(TrialStopped(trial))
    assert isinstance(decide(of, may_create=False), Finished)


def test_what_the_budget_does_not_cover_is_passed_over() -> None:
    of = trained(dict.fromkeys(range(6), 6))
    decision = decide(of, may_create=False, room=1, starts_at=lambda trial: 6 if trial < 2 else 0)
    assert isinstance(decision, Advance) and decision.trial == 0
    nothing = decide(of, may_create=False, room=0)
    assert isinstance(nothing, Finished) and nothing.why.rule == "budget"


def test_towards_the_end_of_the_budget_one_that_can_still_get_there_is_preferred_to_a_new_trial() -> None:
    of = trained({**dict.fromkeys(range(8), 7), 1: 8})
    of.apply(JobGranted(99, 0, 7, 8))
    assert isinstance(decide(of, room=100), New)
    decision = decide(of, room=20, starts_at=lambda trial: 7)
    assert isinstance(decision, Advance) and decision.trial == 1


def test_a_trial_that_yielded_goes_on_to_the_next_step() -> None:
    of = live(max_resource=20, step=5)
    of.apply(TrialCreated(0))
    of.apply(JobGranted(0, 0, 0, 5))
    of.apply(Yielded(0, 2))
    decision = decide(of, may_create=False)
    assert isinstance(decision, Advance) and decision.target == 5
    assert of.status(0) == "paused"


def test_without_new_trials_only_those_go_on_that_may_become_the_best_and_that_one_to_the_end() -> None:
    of = trained(dict.fromkeys(range(9), 3))
    steps = 0
    while isinstance(decision := decide(of, may_create=False), Advance):
        arrive(of, decision.trial, decision.target, loss_at(decision.trial, decision.target))
        steps += 1
    assert isinstance(decision, Finished)
    assert decision.why.rule == "nothing to gain"
    assert of.status(0) == "complete"
    assert steps < 9 * 17 / 2


def test_it_waits_while_all_run() -> None:
    of = live()
    of.apply(TrialCreated(0))
    of.apply(JobGranted(0, 0, 0, 1))
    assert isinstance(decide(of, may_create=False), Wait)
    assert isinstance(decide(of, n_slots=0), Wait)


def test_what_a_trial_is_expected_to_reach_is_told_in_the_units_of_the_metric() -> None:
    of = FreezeThaw(20, step=1).start(SPACE, (Objective("accuracy", maximize=True),), 0)
    for trial in range(6):
        for resource in range(1, 13):
            arrive(of, trial, resource, loss_at(trial, resource) - 1)
    why = of.why(2)
    assert (why.rule, why.resource) == ("frozen", 12)
    assert why.value == pytest.approx(0.7, abs=0.1)
    assert why.threshold == pytest.approx(0.9, abs=0.05)
    arrive(of, 0, 20, -0.9)
    assert (of.status(0), of.why(0).rule) == ("complete", "complete")


def test_the_same_facts_give_the_same_decisions() -> None:
    one, other = trained(dict.fromkeys(range(9), 7)), trained(dict.fromkeys(range(9), 7))
    assert partial(decide, one)() == partial(decide, other)()


def test_a_step_is_a_fiftieth_of_the_way() -> None:
    assert FreezeThaw(100).levels()[:3] == [2, 4, 6]
    assert FreezeThaw(9).levels() == list(range(1, 10))
    assert FreezeThaw(10, step=4).levels() == [4, 8, 10]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"step": 30}, "step must be at most max_resource, got 30 and 20"),
        ({"step": 0}, "step"),
        ({"step": True}, "step"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, int], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        FreezeThaw(20, **options)


def test_several_objectives_are_refused() -> None:
    with pytest.raises(SpecError, match="FreezeThaw ranks trials by one objective"):
        FreezeThaw(9).start(SPACE, (Objective("a"), Objective("b")), 0)
