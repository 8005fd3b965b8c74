"""Eviction: what is missed least goes first, and what is needed stays."""

from core.folding import WHY, Study, created, reached, reported, saved, started
from rung.core import event as ev
from rung.core.eviction import DAMAGED, LOST, Candidate, candidates, to_evict


def candidate(trial: int, size_bytes: int, chance: float, replay_s: float) -> Candidate:
    return Candidate(ev.Saved(0, trial, 3, f"{trial}/3.0", size_bytes), chance, replay_s)


def test_the_smallest_chance_times_replay_goes_first_until_there_is_room() -> None:
    likely = candidate(0, 10, 0.9, 100.0)
    cheap = candidate(1, 10, 0.9, 1.0)
    unlikely = candidate(2, 10, 0.02, 100.0)
    assert to_evict([likely, cheap, unlikely], 1) == [cheap.saved]
    assert to_evict([likely, cheap, unlikely], 11) == [cheap.saved, unlikely.saved]
    assert to_evict([likely, cheap, unlikely], 99) == [cheap.saved, unlikely.saved, likely.saved]
    assert to_evict([likely, cheap, unlikely], 0) == []


def test_of_equals_the_older_trial_goes_first() -> None:
    assert to_evict([candidate(2, 1, 0.5, 4.0), candidate(1, 1, 1.0, 2.0)], 1)[0].trial == 1


def rung(*losses: float) -> Study:
    """Trials that rest at 3 and took one second a step; each has a checkpoint of 100 bytes at 2 and at 3."""
    study = Study()
    for trial, loss in enumerate(losses):
        study.then(created(trial), started(trial, 0, 3, trial=trial))
        for resource in (1, 2, 3):
            study.then(reported(trial, resource, loss, trial=trial))
            if resource > 1:
                study.then(saved(trial, resource, trial=trial))
        study.then(reached(trial, trial))
    return study


def found(study: Study, held: tuple[int, ...] = ()) -> dict[str, tuple[float, float]]:
    return {
        each.saved.checkpoint: (round(each.chance, 3), each.replay_s)
        for each in candidates(study.state, held)
    }


def test_a_trial_at_rest_is_resumed_the_likelier_the_better_it_stands_on_its_rung() -> None:
    assert found(rung(0.3, 0.1, 0.2, 0.4)) == {
        "0/2": (DAMAGED, 2.0), "0/3": (0.5, 1.0),
        "1/2": (DAMAGED, 2.0), "1/3": (1.0, 1.0),
        "2/2": (DAMAGED, 2.0), "2/3": (0.75, 1.0),
        "3/2": (DAMAGED, 2.0), "3/3": (0.25, 1.0),
    }  # fmt: skip


def test_a_trial_in_memory_needs_its_checkpoint_only_if_its_worker_is_lost() -> None:
    assert found(rung(0.3, 0.1), held=(1,))["1/3"] == (LOST, 1.0)


def test_what_a_job_begins_from_or_a_child_waits_for_stays() -> None:
    study = rung(0.3, 0.1, 0.2)
    study.then(started(3, 3, 6, trial=0, restore="0/3"))
    study.then(created(3, parent=2, source="scheduler"))
    assert set(found(study)) == {"0/2", "1/2", "1/3", "2/2"}


def test_the_last_checkpoint_of_the_best_trial_stays_when_it_is_over() -> None:
    study = rung(0.3, 0.1).then(ev.Stopped(1, WHY))
    assert study.state.incumbent is not None and study.state.incumbent.trial == 1
    assert set(found(study)) == {"0/2", "0/3", "1/2"}


def test_the_study_knows_what_its_checkpoints_take() -> None:
    study = Study(created(), started(0, 0, 3), reported(0, 1))
    study.then(ev.Saved(0, 0, 1, "0/1", 700, 2.0), ev.Saved(0, 0, 1, "0/1 again", 50, 1.0))
    assert study.state.custody.size_bytes == 750
    study.then(ev.Dropped(0, "0/1"))
    assert (study.state.custody.size_bytes, study.state.custody.saves) == (50, 2)
    assert study.state.custody.saving_s == 3.0
