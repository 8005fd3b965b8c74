import random
from collections.abc import Sequence
from statistics import mean, median

import numpy as np
import pytest

from rung.core.decision import (
    Advance,
    Arrived,
    Failed,
    Finished,
    JobGranted,
    MinResourceRaised,
    New,
    Observed,
    Stop,
    TrialCreated,
    TrialStopped,
    Wait,
)
from rung.core.errors import SpecError
from rung.core.objective import Objective
from rung.core.why import sentence
from rung.schedulers.median import LiveStopping, MedianStopping, PercentileStopping
from schedulers.asks import OBJECTIVES, SPACE, ask

RESOURCE = 6


def begin(live: LiveStopping, trial: int) -> None:
    live.apply(TrialCreated(trial))
    live.apply(JobGranted(trial, trial, 0, RESOURCE))


def train(live: LiveStopping, trial: int, losses: Sequence[float], first: int = 1) -> int | None:
    """Report these losses; the resource at which the trial was stopped, or None if it was not."""
    for resource, loss in enumerate(losses, first):
        live.apply(Observed(trial, resource, (loss,), (loss,)))
        decision = live.decide(ask(n_slots=0))
        if isinstance(decision, Stop):
            assert decision == live.decide(ask())
            live.apply(TrialStopped(trial))
            return resource
        assert isinstance(decision, Wait)
    if first + len(losses) - 1 == RESOURCE:
        live.apply(Arrived(trial, RESOURCE, (losses[-1],)))
    return None


def curves(seed: int, n: int) -> list[list[float]]:
    draws = random.Random(seed)
    found = []
    for _ in range(n):
        level = draws.randrange(8)
        found.append([float(level + draws.randrange(8) - step / 2) for step in range(RESOURCE)])
    return found


def vizier(complete: list[list[float]], so_far: list[float]) -> bool:
    """Section 3.2.2: the best by step s is strictly worse than the median of the running averages up to s."""
    s = len(so_far)
    return min(so_far) > median(mean(curve[:s]) for curve in complete)


def percentile(complete: list[list[float]], so_far: list[float]) -> bool:
    values = [curve[len(so_far) - 1] for curve in complete]
    return min(so_far) > np.percentile(values, 30)


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        (MedianStopping(RESOURCE, min_resource=2, min_trials=3), vizier),
        (PercentileStopping(RESOURCE, min_resource=2, min_trials=3, percentile=30), percentile),
    ],
    ids=["median", "percentile"],
)
def test_trials_are_stopped_as_the_rule_says_by_brute_force(spec, rule) -> None:
    n_stopped = 0
    for seed in range(10):
        live, complete = spec.start(SPACE, OBJECTIVES, 0), []
        for trial, curve in enumerate(curves(seed, 40)):
            begin(live, trial)
            judged = [s for s in range(2, RESOURCE) if len(complete) >= 3 and rule(complete, curve[:s])]
            assert train(live, trial, curve) == (judged[0] if judged else None)
            n_stopped += bool(judged)
            if not judged:
                complete.append(curve)
    assert 100 < n_stopped < 350


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("percent", [25, 50, 70])
def test_percentile_stopping_stops_what_optunas_percentile_pruner_prunes(
    percent: int, maximize: bool
) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sign = -1.0 if maximize else 1.0
    pruner = optuna.pruners.PercentilePruner(percent, n_startup_trials=4, n_warmup_steps=2, n_min_trials=4)
    theirs = optuna.create_study(direction="maximize" if maximize else "minimize", pruner=pruner)
    spec = PercentileStopping(RESOURCE, min_resource=2, min_trials=4, percentile=percent)
    ours = spec.start(SPACE, (Objective("loss", maximize=maximize),), 0)
    stopped = []
    for number, curve in enumerate(curves(percent, 60)):
        trial, pruned = theirs.ask(), None
        for resource, loss in enumerate(curve, 1):
            trial.report(sign * loss, resource)
            if resource < RESOURCE and trial.should_prune():
                pruned = resource
                break
        state = optuna.trial.TrialState.COMPLETE if pruned is None else optuna.trial.TrialState.PRUNED
        theirs.tell(trial, None if pruned else sign * curve[-1], state=state)
        begin(ours, number)
        assert train(ours, number, curve) == pruned
        stopped.append(pruned)
    assert 10 < sum(each is not None for each in stopped) < 55


def complete(live: LiveStopping, *levels: float) -> LiveStopping:
    for trial, level in enumerate(levels):
        begin(live, trial)
        assert train(live, trial, [level] * RESOURCE) is None
    return live


def test_the_reason_says_what_was_compared_in_the_users_own_numbers() -> None:
    spec = MedianStopping(RESOURCE, min_trials=3)
    live = complete(spec.start(SPACE, (Objective("accuracy", maximize=True),), 0), -0.9, -0.8, -0.7)
    begin(live, 3)
    live.apply(Observed(3, 1, (-0.5,), (-0.5,)))
    decision = live.decide(ask())
    assert isinstance(decision, Stop)
    assert sentence(decision.why, "epoch") == (
        "its best, 0.5, is worse than the median average of 3 complete trials up to 1 epoch, 0.8"
    )


def test_nobody_is_stopped_before_enough_trials_are_complete_or_before_the_first_resource_to_judge_at() -> (
    None
):
    live = complete(MedianStopping(RESOURCE, min_resource=3, min_trials=3).start(SPACE, OBJECTIVES, 0), 1, 1)
    begin(live, 2)
    assert train(live, 2, [9.0] * 5) is None  # two are complete
    begin(live, 3)
    complete_one = [Observed(2, RESOURCE, (1.0,), (1.0,)), Arrived(2, RESOURCE, (1.0,))]
    for fact in complete_one:
        live.apply(fact)
    assert train(live, 3, [9.0, 9.0, 9.0, 9.0]) == 3
    live.apply(MinResourceRaised(5))
    begin(live, 4)
    assert train(live, 4, [9.0] * 5) == 5
    assert list(live.levels) == [5, 6]


def test_trials_that_failed_or_were_stopped_are_not_compared_with() -> None:
    live = complete(MedianStopping(RESOURCE, min_trials=2).start(SPACE, OBJECTIVES, 0), 1)
    for trial, over in ((1, Failed(1, RESOURCE)), (2, TrialStopped(2))):
        begin(live, trial)
        live.apply(Observed(trial, 1, (0.0,), (0.0,)))
        live.apply(over)
    begin(live, 3)
    assert train(live, 3, [9.0] * RESOURCE) is None


def test_a_report_that_was_on_its_way_when_its_trial_was_stopped_moves_nothing() -> None:
    live = complete(MedianStopping(RESOURCE, min_trials=1).start(SPACE, OBJECTIVES, 0), 1)
    begin(live, 1)
    assert train(live, 1, [9.0]) == 1
    live.apply(Observed(1, 2, (9.0,), (9.0,)))
    assert isinstance(live.decide(ask(n_slots=0)), Wait)


def test_whoever_arrives_at_the_end_is_complete_however_bad() -> None:
    live = complete(MedianStopping(RESOURCE, min_trials=1).start(SPACE, OBJECTIVES, 0), 1)
    begin(live, 1)
    assert train(live, 1, [1.0] * (RESOURCE - 1) + [9.0]) is None
    assert live.status(1) == "complete"


def test_a_larger_max_resource_takes_up_the_complete_trials_again_and_compares_with_none_of_them() -> None:
    live = MedianStopping(2 * RESOURCE, min_trials=1).start(SPACE, OBJECTIVES, 0)
    for trial in range(2):  # a log of trials that were complete at RESOURCE
        begin(live, trial)
        train(live, trial, [1.0 + trial] * RESOURCE)
        live.apply(Arrived(trial, RESOURCE, (1.0 + trial,)))
    assert live.status(0) == "paused"
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (0, 2 * RESOURCE)


def test_without_anything_to_do_it_waits_for_what_runs_and_else_has_finished() -> None:
    live = MedianStopping(RESOURCE).start(SPACE, OBJECTIVES, 0)
    assert isinstance(live.decide(ask()), New)
    nothing = live.decide(ask(room=RESOURCE - 1))
    assert isinstance(nothing, Finished)
    assert nothing.why.rule == "budget"
    begin(live, 0)
    assert isinstance(live.decide(ask(may_create=False)), Wait)


@pytest.mark.parametrize(
    ("spec", "options", "words"),
    [
        (MedianStopping, {"min_trials": 0}, "min_trials must be a whole number of at least 1"),
        (MedianStopping, {"min_resource": 7}, "min_resource must be at most max_resource, got 7 and 6"),
        (PercentileStopping, {"percentile": 100}, "percentile must be a whole number from 1 to 99, got 100"),
        (PercentileStopping, {"percentile": 0.5}, "percentile must be a whole number from 1 to 99, got 0.5"),
    ],
)
def test_options_that_make_no_sense_are_refused(spec, options: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        spec(RESOURCE, **options)
