"""The state: events in, facts and queries out, compared whole."""

import pytest

from core.folding import (
    WHY,
    Naming,
    Study,
    created,
    failed,
    lost,
    observed,
    reached,
    reported,
    saved,
    started,
)
from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.decision import (
    Arrived,
    Failed,
    JobGranted,
    MoreTrials,
    NewSpace,
    NoMoreTrials,
    TrialCreated,
    TrialStopped,
    Yielded,
    YieldRequested,
)
from rung.core.errors import ContradictionError
from rung.core.record import Incumbent, Owed
from rung.core.resource import Fraction, Replicates
from rung.core.space import Float, Space
from rung.core.why import Why


def test_a_trial_that_reaches_its_target_rests_there() -> None:
    study = Study(created(), started(0, 0, 2), reported(0, 1, 0.9), reported(0, 2, 0.8), reached(0))
    assert study.facts == [
        TrialCreated(0),
        JobGranted(0, 0, 0, 2),
        observed(0, 1, (0.9,), (0.9,)),
        observed(0, 2, (0.8,), (0.8,)),
        Arrived(0, 2, (0.8,)),
    ]
    state = study.state
    assert state.status(0) == "paused"
    assert state.incumbent == Incumbent(0, 2, (0.8,))
    assert (state.account.resource, state.account.reserved, state.account.seconds) == (2, 0, 2.0)
    assert (state.jobs, list(state.owed), dict(state.history.pending)) == ({}, [], {})


def test_a_lost_job_is_owed_and_the_scheduler_hears_nothing_of_it() -> None:
    study = Study(created(), started(0, 0, 3), reported(0, 1)).then(lost(0))
    assert study.facts == []
    state = study.state
    assert (state.status(0), state.why(0)) == ("queued", Why("owed", resource=3))
    assert state.trials[0].owed == Owed(3, 2, False, "search")
    assert (list(state.owed), dict(state.history.pending)) == ([0], {0: 3})
    study.then(started(1, 0, 3, attempt=2))
    assert study.facts == []
    assert (state.status(0), list(state.owed)) == ("running", [])


def test_owed_jobs_are_granted_again_in_the_order_in_which_they_were_lost() -> None:
    study = Study(created(0), started(0, 0, 3), created(1), started(1, 0, 3, trial=1), lost(1, 1), lost(0))
    assert list(study.state.owed) == [1, 0]


def test_a_job_that_is_lost_again_and_again_without_progress_has_failed() -> None:
    study = Study(created(), retries=2)
    for job, attempt in enumerate((1, 2)):
        study.then(started(job, 0, 3, attempt=attempt), lost(job))
        assert study.state.trials[0].owed == Owed(3, attempt + 1, False, "search")
    study.then(started(2, 0, 3, attempt=3), lost(2))
    assert study.facts == [Failed(0, 3)]
    assert study.state.status(0) == "failed"
    assert study.state.history.view().failed.tolist() == [[0, 3]]


def test_progress_that_was_saved_begins_the_attempts_anew() -> None:
    study = Study(created(), started(0, 0, 9), reported(0, 1), saved(0, 1), lost(0), retries=0)
    assert study.state.trials[0].owed == Owed(9, 1, False, "search")
    assert study.state.resumes_at(0) == (1, "0/1")


def test_a_failed_trial_is_told_once_and_counts_at_the_target_that_it_aimed_for() -> None:
    study = Study(created(), started(0, 0, 9), reported(0, 1)).then(failed(0))
    assert study.facts == [Failed(0, 9)]
    assert (study.state.status(0), study.state.why(0)) == ("failed", Why("failed"))


def test_a_fault_of_the_code_is_not_the_fault_of_the_trial() -> None:
    failure = ev.Failure("code", "MisuseError", "never reported")
    study = Study(created(), started(0, 0, 3)).then(failed(0, failure=failure))
    assert study.facts == []
    assert study.state.trials[0].owed == Owed(3, 1, False, "search")


def test_a_job_that_was_lost_after_its_last_report_has_reached_its_target() -> None:
    for resource in (None, Replicates(), Fraction()):
        study = Study(created(), started(0, 0, 1), reported(0, 1), resource=resource).then(lost(0))
        assert study.facts == [Arrived(0, 1, (0.5,))]
        assert list(study.state.owed) == []


def test_the_first_observation_stands() -> None:
    study = Study(created(), started(0, 0, 2), reported(0, 1, 0.9), lost(0), started(1, 0, 2, attempt=2))
    study.then(reported(1, 1, 0.1, repeat=True), reported(1, 2, 0.7), reached(1))
    assert study.facts == [observed(0, 2, (0.7,), (0.7,)), Arrived(0, 2, (0.7,))]
    assert study.state.history.view().losses.tolist() == [[0.9], [0.7]]


def test_an_arrival_that_repeats_has_the_value_that_was_observed_first() -> None:
    study = Study(created(), started(0, 0, 1), ev.YieldAsked(0, 0, WHY), lost(0), started(1, 0, 1))
    study.then(reported(0, 1, 0.3), reported(1, 1, 0.9, repeat=True), reached(1))
    assert study.facts == [observed(0, 1, (0.3,), (0.3,), loss=0.9), Arrived(0, 1, (0.3,))]
    assert study.state.incumbent == Incumbent(0, 1, (0.3,))


def test_a_late_report_is_kept_for_searchers_and_moves_nothing() -> None:
    study = Study(created(), started(0, 0, 3), lost(0)).then(reported(0, 1, 0.9))
    assert study.facts == []
    assert study.state.history.view().losses.tolist() == [[0.9]]
    assert (study.state.account.resource, study.state.account.seconds) == (0, 1.0)
    assert (study.state.trials[0].position, list(study.state.owed)) == (0, [0])


def test_units_of_a_lost_worker_are_refunded_up_to_the_last_checkpoint() -> None:
    study = Study(created(), started(0, 0, 9), *[reported(0, r) for r in (1, 2)], saved(0, 2), reported(0, 3))
    assert (study.state.account.resource, study.state.account.reserved) == (3, 6)
    study.then(lost(0))
    assert (study.state.account.resource, study.state.account.reserved) == (2, 0)
    assert study.state.trials[0].position == 2


def test_units_that_only_the_memory_of_a_lost_worker_held_are_refunded_too() -> None:
    study = Study(created(), started(0, 0, 1), reported(0, 1), reached(0))
    study.then(started(1, 1, 3), reported(1, 2), lost(1))
    assert study.state.resumes_at(0) == (0, None)
    assert (study.state.account.resource, study.state.account.reserved) == (0, 0)
    study.then(started(2, 0, 3), *[reported(2, r, repeat=True) for r in (1, 2)], reported(2, 3), reached(2))
    assert study.state.account.resource == 3


def test_replicates_need_no_checkpoint_and_keep_what_was_reported() -> None:
    study = Study(created(), started(0, 0, 3), reported(0, 1), reported(0, 2), lost(0), resource=Replicates())
    assert study.state.resumes_at(0) == (2, None)
    assert study.state.account.resource == 2


def test_the_value_of_replicates_is_their_mean() -> None:
    study = Study(created(), started(0, 0, 3), resource=Replicates())
    study.then(reported(0, 1, 1.0), reported(0, 2, 2.0), reported(0, 3, 6.0), reached(0))
    assert study.facts == [
        observed(0, 1, (1.0,), (1.0,)),
        observed(0, 2, (1.5,), (2.0,)),
        observed(0, 3, (3.0,), (6.0,)),
        Arrived(0, 3, (3.0,)),
    ]


def test_the_mean_is_that_of_the_first_observations_when_late_reports_ran_ahead() -> None:
    study = Study(created(), started(0, 0, 3), reported(0, 1, 1.0), lost(0), resource=Replicates())
    study.then(started(1, 1, 3), reported(0, 2, 2.0), reported(0, 3, 6.0))
    study.then(reported(1, 2, 50.0, repeat=True), reported(1, 3, 50.0, repeat=True), reached(1))
    assert study.facts == [
        observed(0, 2, (1.5,), (2.0,), loss=50.0),
        observed(0, 3, (3.0,), (6.0,), loss=50.0),
        Arrived(0, 3, (3.0,)),
    ]


def test_what_is_observed_says_how_many_units_were_trained_for_it() -> None:
    study = Study(created(), started(0, 0, 9), reported(0, 2), lost(0), started(1, 0, 9, attempt=2))
    study.then(reported(1, 4), reported(1, 9))
    assert study.facts == [
        observed(0, 4, (0.5,), (0.5,), units=4),  # trained again from the start, not from 2 on
        observed(0, 9, (0.5,), (0.5,), units=5),
    ]
    study = Study(created(), started(0, 0, 10), reported(0, 10), reached(0), resource=Fraction())
    study.then(started(1, 0, 30), reported(1, 30))
    assert study.facts[-1] == observed(0, 30, (0.5,), (0.5,), units=30)


def test_a_scheduler_that_names_the_best_decides_what_the_incumbent_is() -> None:
    study = Study(created(), created(1), started(0, 0, 9), reported(0, 9, 0.5), reached(0))
    assert study.state.incumbent == Incumbent(0, 9, (0.5,))
    naming = Study(created(), created(1), notes=Naming(Arrived(1, 2, (0.4,))))
    naming.then(started(0, 0, 9), reported(0, 9, 0.5), reached(0))
    assert naming.state.incumbent == Incumbent(1, 2, (0.4,))


def test_a_fraction_of_the_data_is_trained_from_the_start_each_time() -> None:
    study = Study(created(), started(0, 0, 10), reported(0, 10), reached(0), resource=Fraction())
    assert study.state.resumes_at(0) == (0, None)
    study.then(started(1, 0, 30), reported(1, 30), reached(1))
    assert study.state.account.resource == 40


def parent_and_child(*events: ev.AnyEvent) -> Study:
    """Trial 0 has reached 3 and saved; trial 1 is its child and replaces nobody."""
    parent = [created(), started(0, 0, 3), *[reported(0, r) for r in (1, 2, 3)], saved(0, 3), reached(0)]
    child = [created(1, parent=0, source="scheduler"), started(1, 3, 6, trial=1, restore="0/3")]
    return Study(*parent, *child, *events)


def test_a_child_starts_at_the_checkpoint_of_its_parent() -> None:
    study = parent_and_child()
    assert study.facts[-2:] == [TrialCreated(1, 0, 0), JobGranted(1, 1, 3, 6)]
    assert study.state.resumes_at(1) == (3, "0/3")
    study.then(reported(1, 4, trial=1), lost(1, 1))
    assert study.state.resumes_at(1) == (3, "0/3")
    assert (study.state.account.trials, study.state.account.resource) == (1, 3)


def test_the_checkpoint_of_a_parent_is_kept_while_a_child_needs_it() -> None:
    study = parent_and_child()
    study.then(started(2, 3, 6), reported(2, 4), saved(2, 4))
    assert study.state.needless(0) == []
    study.then(reported(2, 5), saved(2, 5), reported(1, 4, trial=1), saved(1, 4, trial=1))
    assert study.changed == (1, 0)
    assert [checkpoint.checkpoint for checkpoint in study.state.needless(0)] == ["0/3"]


def test_the_checkpoint_of_a_parent_is_free_when_its_child_has_failed() -> None:
    study = parent_and_child()
    study.then(started(2, 3, 6), reported(2, 4), saved(2, 4), reported(2, 5), saved(2, 5), failed(1, 1))
    assert 0 in study.changed
    assert [checkpoint.checkpoint for checkpoint in study.state.needless(0)] == ["0/3"]


def test_a_child_of_a_child_that_has_not_saved_starts_at_the_grandparents_checkpoint() -> None:
    study = parent_and_child(ev.Stopped(0, WHY), reported(1, 4, trial=1))
    assert study.state.child_starts_at(1) == (3, "0/3")
    study.then(created(2, parent=1, source="scheduler"), started(2, 3, 6, trial=2, restore="0/3"))
    study.then(reported(1, 5, trial=1), saved(1, 5, trial=1))
    assert study.state.needless(0) == []
    study.then(reported(1, 6, trial=1), reached(1, 1))  # trial 0 is not the incumbent any more
    study.then(reported(2, 4, trial=2), saved(2, 4, trial=2))
    assert [checkpoint.checkpoint for checkpoint in study.state.needless(0)] == ["0/3"]


def test_a_child_whose_checkpoint_is_gone_falls_back_to_what_its_parent_has_left() -> None:
    study = parent_and_child(ev.Dropped(0, "0/3"))
    assert (study.state.resumes_at(1), study.state.child_starts_at(0)) == ((0, None), (0, None))


def test_nothing_carries_over_to_a_child_where_no_checkpoint_is_needed() -> None:
    study = Study(
        created(), started(0, 0, 2), reported(0, 1), reported(0, 2), reached(0), resource=Replicates()
    )
    assert study.state.child_starts_at(0) == (0, None)


def test_the_last_two_checkpoints_of_a_live_trial_are_needed_and_none_of_one_that_is_over() -> None:
    study = Study(created(), started(0, 0, 9))
    for resource in (1, 2, 3):
        study.then(reported(0, resource), saved(0, resource))
    assert [checkpoint.resource for checkpoint in study.state.needless(0)] == [1]
    study.then(failed(0))
    assert [checkpoint.resource for checkpoint in study.state.needless(0)] == [1, 2, 3]
    study.then(ev.Dropped(0, "0/1"))
    assert [checkpoint.resource for checkpoint in study.state.needless(0)] == [2, 3]


def damaged(checkpoint: str, resource: int) -> ev.Dropped:
    return ev.Dropped(0, checkpoint, Why("damaged", resource=resource))


GONE = ev.Failure("machine", "CheckpointDamagedError", "checkpoint 0/6 is damaged")


def test_a_job_whose_checkpoint_is_damaged_goes_on_from_the_one_before_and_the_units_between_are_refunded() -> (
    None
):
    study = Study(created(), started(0, 0, 6), retries=0)
    for resource in range(1, 7):
        study.then(reported(0, resource))
    study.then(saved(0, 3), saved(0, 6), reached(0))
    study.then(started(1, 6, 9, restore="0/6"), damaged("0/6", 6), ev.Ended(1, 0, "lost", GONE))
    assert study.state.resumes_at(0) == (3, "0/3")
    assert study.state.trials[0].owed == Owed(9, 1, False, "search")  # no attempt of the training was lost
    assert (study.state.account.resource, study.state.account.trained) == (3, 6)
    study.then(started(2, 3, 9, restore="0/3"), damaged("0/3", 3), ev.Ended(2, 0, "lost", GONE))
    assert study.state.resumes_at(0) == (0, None)
    assert (study.state.account.resource, study.state.account.reserved) == (0, 0)


def test_a_complete_trial_needs_no_checkpoint_unless_it_is_the_incumbent() -> None:
    study = Study(created(), started(0, 0, 1), reported(0, 1, 0.5), saved(0, 1))
    study.notes.complete_at = 1
    study.then(reached(0))
    assert study.state.status(0) == "complete"
    assert study.state.needless(0) == []
    study.then(created(1), started(1, 0, 1, trial=1), reported(1, 1, 0.1, trial=1), reached(1, 1))
    assert 0 in study.changed
    assert len(study.state.needless(0)) == 1


def test_a_larger_budget_opens_a_study_that_its_budget_had_closed() -> None:
    study = Study(ev.BudgetChanged(Budget(trials=1)), created())
    assert not study.state.may_create
    study.then(ev.Closed(Why("budget of trials", of=1)))
    assert study.facts == [NoMoreTrials()]
    study.then(ev.BudgetChanged(Budget(trials=1, resource=5)))
    assert study.facts == []
    study.then(ev.BudgetChanged(Budget(trials=2)))
    assert (study.facts, study.state.may_create) == ([MoreTrials()], True)


def test_a_person_who_closes_a_study_is_not_overruled_by_a_budget() -> None:
    study = Study(ev.Closed(Why("asked")), ev.BudgetChanged(Budget(trials=9)))
    assert not study.state.may_create


def test_a_configuration_that_is_asked_for_opens_a_study_whose_space_is_exhausted() -> None:
    study = Study(ev.Closed(Why("exhausted")))
    assert not study.state.may_create
    study.then(ev.Enqueued({"x": 0.1}))
    assert (study.facts, study.state.may_create) == ([MoreTrials()], True)
    study.then(created(source="enqueued"))
    assert list(study.state.enqueued) == []


def test_a_trial_that_is_stopped_while_it_runs_is_running_until_its_job_has_ended() -> None:
    study = Study(created(), started(0, 0, 3), reported(0, 1)).then(ev.Stopped(0, Why("asked")))
    assert (study.facts, study.state.status(0)) == ([TrialStopped(0)], "running")
    study.then(ev.YieldAsked(0, 0, Why("asked"), owed=False), ev.Ended(0, 0, "yielded", held=True))
    assert study.facts == [YieldRequested(0)]
    assert (study.state.status(0), study.state.why(0)) == ("stopped", Why("asked"))


def test_a_trial_that_is_stopped_is_owed_nothing() -> None:
    study = Study(created(), started(0, 0, 3), lost(0), ev.Stopped(0, Why("asked")))
    assert (list(study.state.owed), dict(study.state.history.pending)) == ([], {})
    assert study.state.status(0) == "stopped"


def test_a_child_stops_the_trial_that_it_replaces() -> None:
    study = parent_and_child().then(created(2, parent=0, ends=1, source="scheduler"))
    assert study.facts == [TrialCreated(2, 0, 0, 1), TrialStopped(1)]
    assert study.state.trials[1].stopped == Why("replaced", trial=2)


def test_a_job_that_the_driver_interrupts_is_owed_and_one_that_the_scheduler_interrupts_is_not() -> None:
    study = Study(created(), started(0, 0, 3), reported(0, 1), ev.YieldAsked(0, 0, WHY))
    study.then(ev.Ended(0, 0, "yielded", held=True))
    assert (study.facts, list(study.state.owed)) == ([], [0])
    study.then(started(1, 1, 3), reported(1, 2), ev.YieldAsked(1, 0, WHY, owed=False))
    study.then(ev.Ended(1, 0, "yielded", held=True))
    assert (study.facts, list(study.state.owed)) == ([Yielded(0, 2)], [])


def test_a_job_that_is_lost_while_it_was_to_yield_to_the_scheduler_is_at_rest_at_its_checkpoint() -> None:
    study = Study(created(), started(0, 0, 9), reported(0, 1), saved(0, 1), reported(0, 2))
    study.then(ev.YieldAsked(0, 0, WHY, owed=False), lost(0))
    assert study.facts == [YieldRequested(0), Yielded(0, 1)]
    assert list(study.state.owed) == []


def fail_at(place: str, job: int) -> list[ev.AnyEvent]:
    failure = ev.Failure("configuration", "ValueError", f"in job {job}", "", place)
    return [created(job), started(job, 0, 3, trial=job), failed(job, job, failure)]


def test_the_same_failure_three_times_from_the_first_trial_on_is_a_fault_of_the_code() -> None:
    study = Study(*fail_at("a.py:1", 0), *fail_at("a.py:1", 1))
    assert study.state.repeated_failure is None
    study.then(*fail_at("a.py:1", 2))
    assert study.state.repeated_failure is not None


def test_the_failure_that_repeats_is_the_one_that_is_shown() -> None:
    study = Study(*fail_at("a.py:1", 0), *[e for job in (1, 2, 3) for e in fail_at("b.py:7", job)])
    assert study.state.repeated_failure is not None
    assert study.state.repeated_failure.place == "b.py:7"


def test_failures_at_different_places_or_after_a_success_are_those_of_configurations() -> None:
    places = ["a.py:1", "a.py:1", "b.py:7", "a.py:1", "", "", ""]
    study = Study(*[event for job, place in enumerate(places) for event in fail_at(place, job)])
    assert study.state.repeated_failure is None
    study = Study(created(), started(0, 0, 1), reported(0, 1), reached(0))
    study.then(*[event for job in (1, 2, 3) for event in fail_at("a.py:1", job)])
    assert study.state.repeated_failure is None


def test_the_incumbent_is_the_best_at_the_highest_target_and_among_equals_the_first_created() -> None:
    study = Study(*[e for t in range(3) for e in (created(t), started(t, 0, 1, trial=t))])
    study.then(*[e for t in (1, 0, 2) for e in (reported(t, 1, 0.5 + (t == 2), trial=t), reached(t, t))])
    assert study.state.incumbent == Incumbent(0, 1, (0.5,))
    study.then(started(3, 1, 2, trial=2), reported(3, 2, 9.0, trial=2), reached(3, 2))
    assert study.state.incumbent == Incumbent(2, 2, (9.0,))


def test_others_whose_standing_the_scheduler_changes_are_looked_at_again() -> None:
    study = Study(
        *[e for t in range(2) for e in (created(t), started(t, 0, 1, trial=t), reported(t, 1, trial=t))]
    )
    study.then(reached(0))
    assert study.state.status(0) == "paused"
    study.notes.complete_at, study.notes.changes = 1, (0,)
    study.then(reached(1, 1))
    assert (list(study.changed), study.state.status(0), study.state.counts["complete"]) == (
        [1, 0],
        "complete",
        2,
    )


def test_a_space_that_changes_is_told_and_old_configurations_stay_as_they_were() -> None:
    study = Study(created()).then(ev.SpaceChanged({"x": Float(0.0, 10.0)}))
    assert study.facts == [NewSpace(Space({"x": Float(0.0, 10.0)}))]
    view = study.state.history.view()
    assert (view.configs, view.encoded.tolist()) == ([{"x": 0.5}], [[0.05]])


@pytest.mark.parametrize(
    "event",
    [
        reported(0, 1),
        reported(0, 4),
        reported(5, 2),
        reported(0, 2, trial=7),
        reported(0, 2, trial=-1),
        reported(0, 2, repeat=True),
        reached(0),
        lost(7),
        lost(0, 7),
        started(1, 0, 3),
        started(2, 0, 3),
        created(0),
        created(2),
        created(1, parent=1),
        created(1, source="enqueued"),
        ev.Stopped(-1, WHY),
        saved(9, 1),
        ev.Dropped(0, "?"),
        ev.YieldAsked(9, 0, WHY),
    ],
)
def test_an_event_that_contradicts_the_facts_is_refused_and_nothing_has_changed(event: ev.AnyEvent) -> None:
    study = Study(created(), started(0, 0, 3), reported(0, 1))
    before = repr((study.state.trials, study.state.jobs, study.state.account, len(study.state.history)))
    with pytest.raises(ContradictionError):
        study.then(event)
    after = repr((study.state.trials, study.state.jobs, study.state.account, len(study.state.history)))
    assert (after, study.state.seq, study.facts) == (before, 3, [])


def test_a_gap_in_the_log_is_refused() -> None:
    with pytest.raises(ContradictionError, match="event 5 does not follow event 0"):
        Study().state.apply(ev.Entry(5, 0.0, ev.Idled(WHY)))
