"""A study whose space changes in its midst: what goes on, what is dropped, and with what a script may open it."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

import rung
from rung.core import event as ev
from rung.core.decision import SchedulerSpec
from rung.core.invariants import validate
from rung.core.space import Config
from rung.core.suggestion import SearcherSpec

SPACE = {"lr": rung.Float(0.0, 1.0), "n": rung.Choice([1, 2, 3])}
WIDER = {**SPACE, "n": rung.Choice([1, 2, 3, 4])}
LONGER = {**WIDER, "dropout": rung.Float(0.0, 0.5, default=0.25)}
FROZEN = {**LONGER, "n": 2}
CHANGES = [SPACE, WIDER, LONGER, FROZEN, {**FROZEN, "lr": rung.Float(0.25, 0.75)}]


def problem(config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
    return {"loss": config["lr"] + 1 / resource + config.get("dropout", 0.0)}, 1.0  # type: ignore[operator]


SIMULATED = rung.Simulated(problem=problem, workers=3)


def opened(store: Path | None = None, space: object = SPACE, **options: object) -> rung.Study:
    options = {"scheduler": rung.ASHA(max_resource=9), **options}
    return rung.Study("s", space, minimize="loss", store=store, **options)  # type: ignore[arg-type]


def run(study: rung.Study, trials: int) -> rung.Study:
    return study.run(executor=SIMULATED, budget=rung.Budget(trials=trials))


@pytest.mark.parametrize(
    "scheduler", [rung.FIFO(), rung.ASHA(max_resource=9), rung.StoppingASHA(max_resource=9)]
)
@pytest.mark.parametrize("searcher", [rung.RandomSearch(), rung.GridSearch(points=3)])
def test_searchers_and_schedulers_go_on_through_changes(
    tmp_path: Path, scheduler: SchedulerSpec, searcher: SearcherSpec
) -> None:
    study = opened(tmp_path / "a.db", scheduler=scheduler, searcher=searcher)
    for space in CHANGES:
        study.change_space(space)
        before = len(study.trials)
        run(study, before + 6)
        new = study.trials[before:]
        assert 1 <= len(new) <= 6
        assert all(study.space.contains(trial.config) for trial in new)
        validate(study.state)
    assert study.replay().n_different == 0
    study.close()
    with opened(tmp_path / "a.db", CHANGES[-1], scheduler=scheduler, searcher=searcher) as again:
        assert [trial.config for trial in again.trials] == [trial.config for trial in study.trials]
        assert [trial.status for trial in again.trials] == [trial.status for trial in study.trials]
        assert again.history.encoded.tobytes() == study.history.encoded.tobytes()


def test_a_grid_goes_on_with_what_the_change_added_and_repeats_nothing() -> None:
    study = opened(searcher=rung.GridSearch(points=2), scheduler=rung.FIFO())
    run(study, 100)
    assert (len(study.trials), study.state.closed is not None) == (6, True)
    study.change_space(WIDER)
    run(study, 100)
    assert [trial.config for trial in study.trials[6:]] == [{"lr": 0.0, "n": 4}, {"lr": 1.0, "n": 4}]
    study.change_space(LONGER)  # with dropout 0.0 and 0.5 nothing was tried: the old trials count with 0.25
    run(study, 100)
    assert len(study.trials) == 8 + 2 * 4 * 2
    study.change_space({**LONGER, "dropout": 0.5})
    run(study, 100)
    assert len(study.trials) == 24


def test_a_searcher_that_cannot_work_in_the_new_space_is_told_before_anything_changes() -> None:
    study = opened(space={"n": rung.Int(1, 3)}, searcher=rung.GridSearch())
    with pytest.raises(rung.SpecError, match="points"):
        study.change_space({"n": rung.Int(1, 3), "x": rung.Float(0.0, 1.0, default=0.5)})
    assert (study.state.seq, list(study.space.parameters)) == (1, ["n"])


def test_random_search_brings_back_no_number_of_the_old_space() -> None:
    study = run(opened(space={"a": rung.Float(0.0, 1.0), "lr": rung.Float(0.0, 1.0)}), 30)
    study.change_space({"a": 0.5, "lr": rung.Float(0.0, 1.0)})
    run(study, 60)
    values = [value for trial in study.trials for value in set(trial.config.values()) - {0.5}]
    assert len(values) == len(set(values)) == 90


def test_ask_and_tell_goes_on_in_the_new_space_and_jobs_hold_what_was_added() -> None:
    with opened(scheduler=rung.ASHA(max_resource=9)) as study:
        study.set_budget(rung.Budget(trials=6))
        for _ in range(3):
            job = study.ask()
            assert job is not None
            study.tell(job, {"loss": float(job.trial)})
        study.change_space(LONGER)
        seen = {}
        while (job := study.ask()) is not None:
            seen[job.trial] = job.config["dropout"]
            study.tell(job, {"loss": float(job.trial)})
        assert seen[0] == 0.25  # promoted, and trained by code that knows of dropout
        assert {3, 4, 5} <= seen.keys()
        assert "dropout" not in study.trials[0].config  # what stands in the log is what was given


def test_a_paused_trial_outside_a_narrowed_range_is_promoted_like_others() -> None:
    study = opened(space={"lr": rung.Float(0.0, 1.0)})
    for lr in (0.01, 0.5, 0.9):
        study.enqueue({"lr": lr})
    run(study, 2)
    assert (study.trials[0].status, study.trials[0].resource) == ("paused", 1)
    study.change_space({"lr": rung.Float(0.4, 1.0)})
    run(study, 4)
    assert study.trials[0].resource > 1
    assert study.best.number == 0


def test_what_is_enqueued_is_completed_and_what_does_not_fit_is_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path / "a.db") as study:
        for lr in (0.1, 0.5, 0.9):
            study.enqueue({"lr": lr, "n": 1})
        with caplog.at_level(logging.WARNING, logger="rung"):
            study.change_space({**LONGER, "lr": rung.Float(0.3, 1.0)})
        assert "1 of the configurations that were enqueued in study 's' do not fit" in caplog.text
    with opened(tmp_path / "a.db", {**LONGER, "lr": rung.Float(0.3, 1.0)}) as study:
        run(study, 3)
        enqueued = [trial.config for trial in study.trials if trial.source == "enqueued"]
        assert enqueued == [{"lr": 0.5, "n": 1, "dropout": 0.25}, {"lr": 0.9, "n": 1, "dropout": 0.25}]


def test_a_script_opens_with_the_present_space_and_is_told_of_the_change_with_an_old_one(
    tmp_path: Path,
) -> None:
    store = tmp_path / "a.db"
    with opened(store) as study:
        run(study, 3)
    with pytest.raises(
        rung.MismatchError, match=r"dropout was added.* To go on in the given one: .*change_space"
    ):
        opened(store, LONGER)
    with rung.Study.load("s", store) as study:
        study.change_space(LONGER)
        assert study.spec.space == study.space.parameters
    with pytest.raises(
        rung.MismatchError, match=r"was changed since .* dropout was added.* `rung space s` shows"
    ):
        opened(store, SPACE)
    with opened(store, LONGER, retries=7) as study:
        run(study, 5)  # records the changed spec too
    with opened(store, LONGER) as study:
        assert len(study.trials) == 5
        assert study.replay().n_different == 0


def test_a_change_that_cannot_be_changes_nothing() -> None:
    study = run(opened(), 3)
    seq = study.state.seq
    with pytest.raises(rung.SpecError, match="n cannot be removed"):
        study.change_space({"lr": SPACE["lr"]})
    study.change_space(SPACE)  # nothing to change
    assert study.state.seq == seq


def test_a_study_that_another_program_drives_is_not_changed(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as driven:
        driven.ask()
        with (
            rung.Study.load("s", tmp_path / "a.db") as other,
            pytest.raises(rung.BusyError),
        ):
            other.change_space(WIDER)
        assert not any(isinstance(entry.event, ev.SpaceChanged) for entry in driven.events())


def test_another_program_s_change_is_learned_when_a_study_runs_again(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as study, rung.Study.load("s", tmp_path / "a.db") as other:
        run(study, 2)
        other.change_space(FROZEN)
        run(study, 6)
        assert all(trial.config["n"] == 2 for trial in study.trials[2:])
        with pytest.raises(rung.ConfigurationError, match="n is the constant 2"):
            study.enqueue({"lr": 0.5, "n": 1, "dropout": 0.1})
