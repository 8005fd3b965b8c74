"""A simulated study that is interrupted at any event and resumed decides as an uninterrupted one would.

Results differ after an interruption, as running jobs are lost; so decisions are compared from the same results: the log
of the resumed study is replayed on one state that lives through it without interruption. Every scheduler and searcher
of the registries takes part.
"""

import random

import pytest

from registered import PAIRS, WITH_RANDOM
from rung.core import event as ev
from rung.core.invariants import validate
from simulations import BUDGET, moments, reopened, run, study


@pytest.mark.parametrize(("scheduler", "searcher"), WITH_RANDOM)
def test_a_study_interrupted_at_any_event_decides_as_an_uninterrupted_one(
    scheduler: str, searcher: str
) -> None:
    entries = list(run(study(scheduler, searcher)).events())
    for n in moments(entries):
        resumed = run(reopened(entries[:n]), seed=n)
        found = resumed.replay()
        assert (found.first, found.unknown) == (None, {}), f"interrupted after event {n}"
        assert list(resumed.events())[:n] == entries[:n]
        validate(resumed.state)
        assert not resumed.state.jobs and not resumed.state.owed
        assert resumed.state.account.trials <= (BUDGET.trials or 0)


@pytest.mark.parametrize(
    "scheduler", ["asha", "stopping-asha", "hyperband", "async-hyperband", "pasha", "percentile-stopping"]
)
def test_so_does_one_whose_early_stopping_is_audited(scheduler: str) -> None:
    entries = list(run(study(scheduler, audit=0.6)).events())
    assert any(isinstance(entry.event, ev.Drawn) for entry in entries)
    for n in moments(entries):
        resumed = run(reopened(entries[:n]), seed=n)
        found = resumed.replay()
        assert (found.first, found.unknown) == (None, {}), f"interrupted after event {n}"
        validate(resumed.state)
        assert not resumed.state.jobs and not resumed.state.owed and not resumed.state.audits.waiting


@pytest.mark.parametrize(("scheduler", "searcher"), PAIRS)
def test_a_study_interrupted_again_and_again_decides_as_an_uninterrupted_one(
    scheduler: str, searcher: str
) -> None:
    draw = random.Random(f"{scheduler} {searcher}")
    entries = list(study(scheduler, searcher).events())
    for seed in range(6):
        entries = list(run(reopened(entries), seed).events())
        last = moments(entries)
        entries = entries[: draw.choice(last[len(last) // 3 :])]
    resumed = run(reopened(entries), 6)
    found = resumed.replay()
    assert (found.first, found.unknown) == (None, {})
    lost = [e for e in resumed.events() if isinstance(e.event, ev.Ended) and e.event.outcome == "lost"]
    assert lost, "the study was never interrupted with a job open"
