"""The fold of samples: sums, peaks and shares."""

import pytest

from core.folding import WHY, Study
from rung.core import event as ev
from rung.core.errors import ContradictionError
from rung.core.usage import Usage, Usages

CREATED = (ev.Created(0, {"x": 0.5}, "searcher", 1), ev.Created(1, {"x": 0.6}, "searcher", 2))


def usages(*samples: ev.Sampled) -> Usages:
    found = Usages()
    for sample in samples:
        found.add(sample)
    return found


def test_time_is_added_and_peaks_are_kept() -> None:
    found = usages(
        ev.Sampled(0, 0, 10.0, 5.0, 300, 1.0, 70, cpus=2, gpus=1),
        ev.Sampled(1, 0, 30.0, 3.0, 200, 8.0, 90, cpus=2, gpus=1),
        ev.Sampled(2, 1, 60.0, 60.0, 250, 51.0, 80, cpus=2, gpus=1),
    )
    assert found.trials[0] == Usage(40.0, 8.0, 80.0, 300, 40.0, 40.0, 9.0, 90)
    assert (found.trials[0].cpus, found.trials[0].cpus_owned, found.trials[0].gpu) == (0.2, 2.0, 0.225)
    assert found.total == Usage(100.0, 68.0, 200.0, 300, 100.0, 100.0, 60.0, 90)


def test_time_in_which_gpus_were_not_measured_does_not_count_as_idle() -> None:
    found = usages(
        ev.Sampled(0, 0, 10.0, 5.0, 300, None, None, gpus=4), ev.Sampled(1, 0, 10.0, 5.0, 300, 5.0, 7, gpus=4)
    )
    assert found.total.gpu == 0.5
    assert (found.total.gpus_owned, found.total.gpu_memory_bytes) == (4.0, 7)
    assert usages(ev.Sampled(0, 0, 10.0, 5.0, 300, gpus=1)).total.gpu is None


def test_a_sample_moves_no_trial_and_may_come_late() -> None:
    study = Study(*CREATED, ev.Started(0, 0, 0, 3, 0, WHY), ev.Ended(0, 0, "lost"))
    before = (study.state.status(0), study.state.account, list(study.state.owed))
    study.then(ev.Sampled(0, 0, 10.0, 5.0, 300))
    assert (study.changed, study.facts) == ((), [])
    assert (study.state.status(0), study.state.account, list(study.state.owed)) == before
    assert study.state.usages.trials[0].cpu_seconds == 5.0


def test_a_sample_of_an_unknown_trial_changes_nothing() -> None:
    study = Study(*CREATED)
    with pytest.raises(ContradictionError, match="trial 2"):
        study.then(ev.Sampled(0, 2, 10.0, 5.0, 300))
    assert study.state.usages.total == Usage()
