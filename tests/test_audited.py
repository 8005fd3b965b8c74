"""Audits of early stopping: they tell the truth, cost their share, and never steer the search."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rung
from rung.core import event as ev
from rung.core.decision import SchedulerSpec
from rung.core.errors import SpecError
from rung.core.space import Config

SPACE = rung.Space(x=rung.Float(0.0, 1.0), late=rung.Float(0.0, 1.0))
MAX = 9


class Crossing:
    """Curves that begin at `x` and end at `late`, at `x` (so that early ranks are right), or at `1 - x` (wrong)."""

    def __init__(self, ranks: str = "random") -> None:
        self.ranks = ranks

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        share = (resource - 1) / (MAX - 1)
        x, late = float(str(config["x"])), float(str(config["late"]))
        end = {"random": late, "right": x, "wrong": 1 - x}[self.ranks]
        return {"loss": (1 - share) * x + share * end}, 1.0

    def final(self, config: Config) -> float:
        """The loss at the end."""
        return float(str(self(config, MAX, 0)[0]["loss"]))


def audited(
    scheduler: SchedulerSpec | None = None,
    *,
    audit: float | rung.Audit | None = 0.2,
    seed: int = 0,
    trials: int = 60,
    workers: int = 4,
    ranks: str = "random",
    budget: rung.Budget | None = None,
) -> rung.Study:
    study = rung.Study(
        "audited",
        SPACE,
        minimize="loss",
        scheduler=scheduler or rung.ASHA(max_resource=MAX),
        seed=seed,
        store=None,
        audit=audit,
    )
    pool = rung.Simulated(problem=Crossing(ranks), workers=workers, seed=seed)
    return study.run(executor=pool, budget=budget or rung.Budget(trials=trials))


def truth(study: rung.Study) -> tuple[int, int]:
    """How many trials rest early, and how many of them would have ended better than the search's best."""
    problem, state = Crossing(), study.state
    best = min(
        problem.final(record.config)
        for record in state.trials
        if record.told >= MAX and not record.rests and record.stopped is None
    )
    resting = [record for record in state.trials if record.rests]
    return len(resting), sum(problem.final(record.config) < best for record in resting)


@pytest.mark.parametrize("scheduler", [rung.ASHA(max_resource=MAX), rung.StoppingASHA(max_resource=MAX)])
def test_the_estimate_is_right_and_its_interval_covers_the_truth(scheduler: SchedulerSpec) -> None:
    errors, covered = [], []
    for seed in range(60):
        study = audited(scheduler, audit=0.4, seed=seed)
        n, better = truth(study)
        found = study.audits.overall
        assert found.n_stopped == n
        if found.n_audited:
            errors.append(found.share - better / n)
            covered.append(found.low <= better / n <= found.high)
    assert len(errors) > 50
    assert np.mean(errors) == pytest.approx(0.0, abs=0.04)
    assert np.mean(covered) >= 0.93


@pytest.mark.parametrize("share", [0.03, 0.2])
def test_audits_take_their_share_of_the_resource(share: float) -> None:
    found = [audited(audit=share, seed=seed, trials=150).audits for seed in range(10)]
    assert sum(each.units for each in found) / sum(each.spent for each in found) == pytest.approx(
        share, rel=0.25
    )
    assert all(abs(each.units - share * each.spent) <= 2 * MAX for each in found), "no study is far off"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([rung.ASHA, rung.StoppingASHA]), st.floats(0.05, 0.9))
def test_the_search_decides_as_without_audits(seed: int, kind: type, share: float) -> None:
    """One worker, so that the order of results is the same; a job that an audit serves counts as that job."""

    def decisions(audit: float | None) -> list[tuple[object, ...]]:
        study = audited(kind(max_resource=MAX), audit=audit, seed=seed, trials=25, workers=1)
        found: list[tuple[object, ...]] = []
        for entry in study.events():
            match entry.event:
                case (
                    ev.Started(purpose="search", trial=trial, target=target, why=why)
                    | ev.AuditUsed(trial=trial, target=target, why=why)
                ):
                    found.append((trial, target, why))
                case ev.Stopped(trial=trial, why=why):
                    found.append((trial, "stop", why))
                case ev.Created(trial=trial, config=config):
                    found.append((trial, *config.values()))
                case _:
                    pass
        return found

    assert decisions(share) == decisions(None)


def test_searchers_never_see_what_only_audits_have_seen() -> None:
    study = audited(audit=0.5)
    view = study.history
    for record in study.state.trials:
        known = view.resources[view.trials == record.number]
        assert known.max(initial=0) == record.told
    assert any(record.resource > record.told for record in study.state.trials)


def test_a_promoted_trial_that_was_audited_is_not_trained_again() -> None:
    study = audited(audit=0.5, trials=120)
    used = [entry.event for entry in study.events() if isinstance(entry.event, ev.AuditUsed)]
    assert used, "no audited trial was promoted: choose another seed"
    assert study.replay().n_different == 0
    reports = [(e.event.trial, e.event.resource) for e in study.events() if isinstance(e.event, ev.Reported)]
    assert len(reports) == len(set(reports))
    for event in used:
        assert study.state.trials[event.trial].told >= event.target


def test_the_best_counts_audited_trials_and_why_tells_both_sides() -> None:
    study = audited(audit=0.5, ranks="wrong")
    assert study.audits.overall.n_better
    audit = study.state.trials[study.best.number].audit
    assert audit is not None
    assert not audit.promoted
    assert "stopped for the search at" in study.best.why
    assert "finished by an audit" in study.best.why
    texts = [line.text for line in study.story(study.best.number)]
    assert any(text.startswith("drawn, with a chance of") for text in texts)
    assert any("an audit: finished to see what stopping it at" in text for text in texts)


def test_a_level_that_is_shown_to_lose_too_much_is_given_up() -> None:
    study = audited(audit=rung.Audit(0.5, adapt=True, allow=0.1), trials=120, ranks="wrong")
    raised = [entry for entry in study.events() if isinstance(entry.event, ev.MinResourceRaised)]
    assert raised
    event = raised[0].event
    assert isinstance(event, ev.MinResourceRaised)
    assert event.resource == 3
    assert event.why.value is not None
    assert event.why.value > 0.1
    later = [e for e in study.events() if e.seq > raised[0].seq and isinstance(e.event, ev.Started)]
    first = {e.event.trial: e.event for e in reversed(later) if isinstance(e.event, ev.Started)}
    new = [event for trial, event in first.items() if event.why.rule == "new"]
    assert new
    assert {event.target for event in new} <= {3, 9}
    assert study.replay().first is None


def test_a_level_that_loses_little_is_kept() -> None:
    study = audited(audit=rung.Audit(0.5, adapt=True, allow=0.1), trials=120, ranks="right")
    assert not any(isinstance(entry.event, ev.MinResourceRaised) for entry in study.events())
    assert study.audits.overall.n_better == 0


def test_budgets_are_exact_with_audits() -> None:
    study = audited(audit=0.3, budget=rung.Budget(resource=150))
    assert study.state.account.resource <= 150
    assert study.state.account.reserved == 0


def test_another_share_holds_from_the_next_run_on_and_draws_none_of_those_before(tmp_path: Path) -> None:
    def run(audit: float | None, trials: int) -> rung.Study:
        study = rung.Study(
            "later",
            SPACE,
            minimize="loss",
            scheduler=rung.ASHA(max_resource=MAX),
            store=tmp_path / "rung.db",
            audit=audit,
        )
        pool = rung.Simulated(problem=Crossing(), workers=2)
        return study.run(executor=pool, budget=rung.Budget(trials=trials))

    before = {record.number for record in run(None, 40).state.trials}
    study = run(0.4, 80)
    drawn = [entry.event.trial for entry in study.events() if isinstance(entry.event, ev.Drawn)]
    assert drawn
    resting_before = {n for n in before if study.state.trials[n].rests and study.state.trials[n].rested == 1}
    assert not resting_before & set(drawn)
    assert run(None, 90).state.audits.waiting == {}


def training() -> Callable[[rung.Trial], None]:
    """A training that saves the epoch that it has come to."""

    def train(trial: rung.Trial) -> None:
        epoch = int((trial.checkpoint / "epoch").read_text()) if trial.checkpoint else 0
        for epoch in trial.steps():
            loss = float(str(trial.config["x"])) + (1 if epoch < MAX else 0)
            trial.report(
                loss=loss, save=lambda folder, epoch=epoch: (folder / "epoch").write_text(str(epoch))
            )

    return train


@pytest.mark.parametrize("scheduler", [rung.ASHA(max_resource=MAX), rung.StoppingASHA(max_resource=MAX)])
def test_a_stopped_trial_keeps_its_checkpoint_until_real_workers_have_finished_it(
    scheduler: SchedulerSpec, tmp_path: Path
) -> None:
    study = rung.Study(
        "real", SPACE, minimize="loss", scheduler=scheduler, store=tmp_path / "rung.db", audit=0.3
    )
    study.run(training(), workers=2, budget=rung.Budget(trials=40))
    jobs = [e.event for e in study.events() if isinstance(e.event, ev.Started) and e.event.purpose == "audit"]
    assert jobs
    assert all(job.start == study.state.trials[job.trial].audit.drawn.resource for job in jobs)  # type: ignore[union-attr]
    assert all(record.audit.over for record in study.state.trials if record.audit is not None)
    left = {saved.trial for record in study.state.trials for saved in record.checkpoints}
    done = {record.number for record in study.state.trials if record.audit is not None}
    assert left & done <= {study.best.number}, "what an audit has finished needs no checkpoint"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"audit": 1.5}, "lies between 0 and 1"),
        ({"audit": 0}, "lies between 0 and 1"),
        ({"audit": "0.1"}, "must be a share such as 0.03"),
        ({"scheduler": rung.FIFO(), "audit": 0.1}, "stops none"),
        ({"audit": rung.Audit(0.1, adapt=True), "scheduler": rung.ASHA(3, min_resource=3)}, "only one level"),
    ],
)
def test_audits_that_make_no_sense_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        rung.Study(
            "no",
            SPACE,
            minimize="loss",
            store=None,
            **{"scheduler": rung.ASHA(max_resource=MAX), **options},  # type: ignore[arg-type]
        )


def test_a_study_without_audits_writes_none_in_its_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    study = audited(audit=None)
    opened = next(iter(study.events())).event
    assert isinstance(opened, ev.Opened)
    assert "audit" not in opened.spec
    assert str(study.audits).startswith("audits took 0 of")
