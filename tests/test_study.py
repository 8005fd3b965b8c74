"""Study: what a user holds. Opening, running, resuming, ask and tell, and the sentences for what does not fit."""

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import rung
from rung.core import event as ev

SPACE = {"x": rung.Float(0, 1, default=0.5), "n": rung.Int(1, 4, default=2)}


def train(trial: rung.Trial) -> None:
    for step in trial.steps():
        trial.report(loss=trial.config["x"] / step, accuracy=1 - trial.config["x"])


def run(study: rung.Study, trials: int, **options: object) -> rung.Study:
    return study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=trials), **options)  # type: ignore[arg-type]


def saying(text: str) -> str:
    return re.escape(text)


# Running


def test_trial_zero_is_the_defaults_then_comes_what_was_enqueued_then_the_searcher() -> None:
    study = rung.Study("s", SPACE, minimize="loss", store=None)
    study.enqueue({"x": 0.25, "n": 1})
    run(study, 3)
    assert [trial.source for trial in study.trials] == ["default", "enqueued", "searcher"]
    assert [trial.config for trial in study.trials][:2] == [{"x": 0.5, "n": 2}, {"x": 0.25, "n": 1}]


def test_the_best_is_the_best_trial_at_the_highest_resource_that_any_has_reached() -> None:
    study = run(rung.Study("s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=None), 40)
    top = [trial for trial in study.trials if trial.resource == 9]
    assert study.best.number == min(top, key=lambda trial: (trial.value, trial.number)).number
    assert study.best_value == study.best.values["loss"]
    assert study.best_config == study.best.config


def test_maximizing_is_minimizing_the_negative() -> None:
    def opposite(trial: rung.Trial) -> None:
        for step in trial.steps():
            trial.report(loss=-trial.config["x"] / step)

    low = rung.Study("s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=None)
    high = rung.Study("s", SPACE, maximize="loss", scheduler=rung.ASHA(max_resource=9), store=None)
    run(low, 30)
    high.run(opposite, executor=rung.InProcess(), budget=rung.Budget(trials=30))
    jobs = [
        [entry.event for entry in study.events() if isinstance(entry.event, ev.Started)]
        for study in (low, high)
    ]
    assert jobs[0] == jobs[1]
    assert low.best_value == pytest.approx(-(high.best_value or math.nan))


def test_several_objectives_have_a_front_and_no_best() -> None:
    study = run(rung.Study("s", SPACE, minimize="loss", maximize="accuracy", store=None), 10)
    assert len(study.front) == 1  # both objectives fall with x: one trial dominates all others
    with pytest.raises(rung.NoResultError, match=r"study\.front"):
        _ = study.best


def test_every_reported_metric_is_kept() -> None:
    study = run(rung.Study("s", SPACE, minimize="loss", store=None), 2)
    assert [set(metrics) for metrics in study.history.metrics] == [{"loss", "accuracy"}] * 2


def test_a_larger_budget_goes_on_with_the_same_study(tmp_path: Path) -> None:
    once = run(rung.Study("once", SPACE, minimize="loss", store=None), 7)
    twice = rung.Study("twice", SPACE, minimize="loss", store=tmp_path / "s.db")
    run(twice, 3)
    twice.close()
    again = run(rung.Study("twice", SPACE, minimize="loss", store=tmp_path / "s.db"), 7)
    assert [trial.config for trial in again.trials] == [trial.config for trial in once.trials]
    again.close()


def test_a_grid_ends_the_study_when_every_combination_was_tried() -> None:
    study = rung.Study("s", SPACE, minimize="loss", searcher=rung.GridSearch(points=3), store=None)
    run(study, 100)
    assert len(study.trials) == 3 * 3
    assert len({tuple(trial.config.values()) for trial in study.trials}) == 9


def test_a_raised_cap_reopens_complete_trials(tmp_path: Path) -> None:
    first = rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(2), store=tmp_path / "s.db")
    run(first, 2)
    first.close()
    more = rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(5), store=tmp_path / "s.db")
    run(more, 2)
    assert [(trial.resource, trial.status) for trial in more.trials] == [(5, "complete")] * 2
    more.close()


def test_a_budget_of_resource_is_never_overspent_and_the_log_says_why_nothing_runs() -> None:
    study = rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(4), store=None)
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(resource=10))
    assert study.state.account.resource == 8
    assert [entry.event.why.rule for entry in study.events() if isinstance(entry.event, ev.Idled)] == [
        "budget"
    ]


def test_a_budget_in_a_reported_metric_ends_the_run() -> None:
    def costly(trial: rung.Trial) -> None:
        for _ in trial.steps():
            trial.report(loss=1.0, usd=0.5)

    study = rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(2), store=None)
    study.run(costly, executor=rung.InProcess(), budget=rung.Budget(cost=4.0, cost_metric="usd"))
    assert study.state.account.cost == 4.0


def test_seconds_count_per_run_and_leave_trials_to_go_on_with() -> None:
    space = rung.Space(SPACE)
    executor = rung.Simulated(problem=rung.LearningCurves(space, seconds=1.0), workers=2)
    study = rung.Study("s", space, minimize="loss", scheduler=rung.FIFO(100), store=None)
    for _ in range(2):
        study.run(executor=executor, budget=rung.Budget(seconds=10))
        assert study.ended == "the 10 seconds of this run are over"
    assert [trial.number for trial in study.trials] == [0, 1]
    assert all(trial.status == "queued" and trial.resource > 10 for trial in study.trials)


# Failures


def test_a_trial_that_diverges_ends_at_once() -> None:
    def diverging(trial: rung.Trial) -> None:
        for step in trial.steps():
            trial.report(loss=math.nan if trial.number == 0 and step == 2 else 1.0)

    study = rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(5), store=None)
    study.run(diverging, executor=rung.InProcess(), budget=rung.Budget(trials=2))
    assert [(trial.status, trial.why, trial.value) for trial in study.trials] == [
        ("failed", "diverged: loss is nan", None),
        ("complete", "reached the last level, 5 steps", 1.0),
    ]


def test_where_every_trial_has_diverged_there_is_no_best() -> None:
    study = rung.Study("s", SPACE, minimize="loss", store=None)
    study.run(
        lambda trial: trial.report(loss=math.inf), executor=rung.InProcess(), budget=rung.Budget(trials=2)
    )
    with pytest.raises(rung.NoResultError, match="see its trials for what failed"):
        _ = study.best


def test_a_report_worse_than_the_users_limit_counts_as_diverged() -> None:
    study = rung.Study("s", SPACE, minimize="loss", diverges_at=0.4, store=None)
    run(study, 1)
    assert study.trials[0].why == "diverged: loss is 0.5, worse than the limit of 0.4"


def test_the_same_exception_three_times_from_the_first_trial_on_stops_the_study() -> None:
    def broken(trial: rung.Trial) -> None:
        raise KeyError("learning_rate")

    study = rung.Study("s", SPACE, minimize="loss", store=None)
    with pytest.raises(rung.ObjectiveError, match="KeyError") as caught:
        study.run(broken, executor=rung.InProcess(), budget=rung.Budget(trials=50))
    assert len(study.trials) == 3
    assert "learning_rate" in caught.value.traceback


def test_failures_of_single_configurations_do_not_stop_the_study() -> None:
    def fragile(trial: rung.Trial) -> None:
        if trial.number % 2:
            raise ValueError("too wide")
        trial.report(loss=1.0)

    study = rung.Study("s", SPACE, minimize="loss", store=None)
    study.run(fragile, executor=rung.InProcess(), budget=rung.Budget(trials=20))
    assert [trial.status for trial in study.trials] == ["complete", "failed"] * 10


def test_misuse_stops_the_study_and_its_trial_runs_again_once_the_code_is_mended(tmp_path: Path) -> None:
    def forgets(trial: rung.Trial) -> None:
        trial.report(accuracy=1.0)

    with rung.Study("s", SPACE, minimize="loss", store=tmp_path / "s.db") as study:
        with pytest.raises(rung.MisuseError, match=r"loss.*accuracy"):
            study.run(forgets, executor=rung.InProcess(), budget=rung.Budget(trials=5))
        run(study, 2)
        assert [trial.status for trial in study.trials] == ["complete", "complete"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda trial: None, "returned without a report"),
        (lambda trial: trial.report(loss="low"), "must hold numbers"),
        (lambda trial: [None for _ in trial.steps()], "report"),
        (lambda trial: (trial.report(loss=1.0, step=2), trial.report(loss=1.0, step=1)), "step"),
    ],
)
def test_each_misuse_of_a_trial_is_one_sentence(body: Callable[[rung.Trial], object], words: str) -> None:
    study = rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(3), store=None)
    with pytest.raises(rung.MisuseError, match=words) as caught:
        study.run(body, executor=rung.InProcess(), budget=rung.Budget(trials=5))
    assert "\n" not in str(caught.value)


# Watching


def test_watchers_see_every_event_after_its_commit_and_an_error_in_one_harms_nothing() -> None:
    seen: list[str] = []

    def broken(event: object, view: object) -> None:
        raise RuntimeError("watcher")

    study = rung.Study("s", SPACE, minimize="loss", store=None)
    run(study, 3, watch=[broken, lambda event, view: seen.append(type(event).__name__)])
    assert seen == [type(entry.event).__name__ for entry in study.events()][1:]


# Ask and tell


def test_ask_and_tell_drive_the_same_study() -> None:
    study = rung.Study("s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), seed=3, store=None)
    study.set_budget(rung.Budget(trials=30))
    while (job := study.ask()) is not None:
        for step in range(job.start + 1, job.target + 1):
            study.report(job, {"loss": job.config["x"] / step, "accuracy": 0.0}, step)
        study.tell(job)
    assert study.waiting == "no trial can go on and no new one is allowed"
    driven = rung.Study("s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), seed=3, store=None)
    run(driven, 30)
    assert [(t.number, t.resource, t.value) for t in study.trials] == [
        (t.number, t.resource, t.value) for t in driven.trials
    ]


def test_the_time_between_asking_and_telling_counts_as_training() -> None:
    study = rung.Study("s", SPACE, minimize="loss", store=None)
    study.set_budget(rung.Budget(worker_seconds=0.0))
    job = study.ask()
    assert job is None
    study.set_budget(rung.Budget(worker_seconds=1e-9))
    job = study.ask()
    assert job is not None
    study.tell(job, {"loss": 1.0})
    assert study.trials[0].seconds > 0
    assert study.ask() is None
    assert study.waiting == "what is left of the budget does not cover the next job"


def test_a_job_told_with_an_error_has_failed() -> None:
    study = rung.Study("s", SPACE, minimize="loss", store=None)
    job = study.ask()
    assert job is not None
    study.tell(job, error="out of memory")
    assert study.trials[0].status == "failed"
    assert study.trials[0].why == "error: out of memory"


def test_a_job_cannot_be_told_twice_or_without_the_objective() -> None:
    study = rung.Study("s", SPACE, minimize="loss", store=None)
    job = study.ask()
    assert job is not None
    with pytest.raises(rung.MisuseError, match="loss was never reported; reported were: accuracy"):
        study.tell(job, {"accuracy": 1.0})
    study.tell(job, {"loss": 1.0})
    with pytest.raises(rung.MisuseError, match="told before"):
        study.tell(job, {"loss": 1.0})


def test_jobs_asked_for_by_a_process_that_died_are_given_again(tmp_path: Path) -> None:
    first = rung.Study("s", SPACE, minimize="loss", store=tmp_path / "s.db")
    asked = first.ask()
    first.close()
    again = rung.Study("s", SPACE, minimize="loss", store=tmp_path / "s.db")
    repeated = again.ask()
    assert asked is not None and repeated is not None
    assert (repeated.trial, repeated.config, repeated.attempt) == (asked.trial, asked.config, 2)
    again.close()


# What does not fit


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, 'Say minimize="loss" or maximize="accuracy"'),
        ({"minimize": "loss", "maximize": "loss"}, "named twice"),
        ({"minimize": "loss", "seed": 0.5}, "seed must be an integer"),
        ({"minimize": "loss", "retries": -1}, "retries"),
        ({"minimize": ["a", "b"], "scheduler": rung.PASHA(max_resource=9)}, "one objective"),
        ({"minimize": "a", "scheduler": rung.ASHA(9, ranking=rung.Crowding())}, "there is one, 'a'"),
        ({"minimize": "a", "constraints": ["latency<1"]}, "rung.Constraint"),
        ({"minimize": "loss", "scheduler": "asha"}, "rung.ASHA(max_resource=81)"),
        ({"minimize": "loss", "searcher": rung.GridSearch()}, "points"),
    ],
)
def test_a_study_that_does_not_fit_together_is_refused_before_anything_is_written(
    options: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(rung.SpecError, match=saying(words)):
        rung.Study("s", SPACE, store=tmp_path / "s.db", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "s.db").exists()


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".hidden", "x" * 101])
def test_a_name_that_could_not_name_a_folder_is_refused(name: str) -> None:
    with pytest.raises(rung.SpecError, match="name is made of"):
        rung.Study(name, SPACE, minimize="loss", store=None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"space": {"x": rung.Float(0, 2, default=0.5), "n": rung.Int(1, 4, default=2)}}, "another space"),
        ({"minimize": None, "maximize": "loss"}, "other objectives"),
        ({"seed": 1}, "another seed"),
        ({"resource": rung.Replicates("fold")}, "another kind of resource"),
    ],
)
def test_a_stored_study_that_differs_is_refused_with_what_differs(
    change: dict[str, object], words: str, tmp_path: Path
) -> None:
    rung.Study("s", SPACE, minimize="loss", store=tmp_path / "s.db").close()
    options = {"space": SPACE, "minimize": "loss", "store": tmp_path / "s.db", **change}
    with pytest.raises(rung.MismatchError, match=words):
        rung.Study("s", **options)  # type: ignore[arg-type]


def test_a_second_driver_is_refused_while_the_first_one_lives(tmp_path: Path) -> None:
    with rung.Study("s", SPACE, minimize="loss", store=tmp_path / "s.db") as first:
        first.ask()
        second = rung.Study("s", SPACE, minimize="loss", store=tmp_path / "s.db")
        with pytest.raises(rung.BusyError):
            run(second, 1)
        second.close()


def test_the_best_of_nothing_is_a_sentence() -> None:
    with pytest.raises(rung.NoResultError, match="no result yet"):
        _ = rung.Study("s", SPACE, minimize="loss", store=None).best


def test_a_trial_prints_as_one_line() -> None:
    study = run(rung.Study("s", SPACE, minimize="loss", store=None), 1)
    assert str(study.best) == "trial 0 (complete): loss=0.5 at 1 with x=0.5 n=2"


# The short way


def test_minimize_is_as_short_as_scipy() -> None:
    study = rung.minimize(lambda x, n: (x - 0.3) ** 2 + n, SPACE, trials=50)
    assert study.best_config["n"] == 1
    assert rung.maximize(lambda x, n: x + n, SPACE, trials=50).best_config["n"] == 4


def test_a_frame_has_a_row_per_trial() -> None:
    pytest.importorskip("pandas")
    frame = run(rung.Study("s", SPACE, minimize="loss", store=None), 4).to_frame()
    fixed = ["trial", "status", "why", "resource", "loss", "seconds", "source", "parent", "failure"]
    assert list(frame.columns) == [*fixed, "config.x", "config.n"]
    assert list(frame["trial"]) == [0, 1, 2, 3]


# The best model


def test_the_checkpoint_of_the_best_is_kept_and_those_of_other_complete_trials_are_deleted(
    tmp_path: Path,
) -> None:
    def saving(trial: rung.Trial) -> None:
        for step in trial.steps():
            trial.report(
                loss=trial.config["x"] / step,
                save=lambda folder: (folder / "x").write_text(str(trial.config["x"])),
            )

    study = rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(3), store=tmp_path / "s.db")
    study.run(saving, executor=rung.InProcess(), budget=rung.Budget(trials=10))
    assert study.best_checkpoint is not None
    assert (study.best_checkpoint / "x").read_text() == str(study.best_config["x"])
    assert len(list((study.folder / "checkpoints").glob("*/*"))) == 1
    study.close()


# What changes between runs


def saving_steps(trial: rung.Trial) -> None:
    total = float((trial.checkpoint / "total").read_text()) if trial.checkpoint else 0.0
    for step in trial.steps():
        total += trial.config["x"]
        trial.report(loss=total / step, save=lambda folder: (folder / "total").write_text(repr(total)))  # noqa: B023


def test_a_trial_whose_checkpoint_was_deleted_starts_again_and_the_study_goes_on(tmp_path: Path) -> None:
    with rung.Study(
        "s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=tmp_path / "s.db"
    ) as study:
        study.run(saving_steps, executor=rung.InProcess(), budget=rung.Budget(trials=9))
        shutil.rmtree(study.folder / "checkpoints")
        study.run(saving_steps, executor=rung.InProcess(), budget=rung.Budget(trials=40))
        lost = [
            entry.event.failure.type
            for entry in study.events()
            if isinstance(entry.event, ev.Ended) and entry.event.failure is not None
        ]
        assert set(lost) == {"CheckpointGoneError"}
        assert {trial.status for trial in study.trials} == {"paused", "complete"}
        assert all(trial.value == pytest.approx(trial.config["x"]) for trial in study.trials)


def test_other_options_of_the_scheduler_hold_from_the_next_run_on_and_stand_in_the_log(
    tmp_path: Path,
) -> None:
    for scheduler in (
        rung.ASHA(max_resource=9),
        rung.ASHA(max_resource=16, eta=2),
        rung.StoppingASHA(max_resource=27),
    ):
        with rung.Study("s", SPACE, minimize="loss", scheduler=scheduler, store=tmp_path / "s.db") as study:
            known = len(study.trials)
            run(study, known + 20)
            assert len(study.trials) == known + 20
            assert study.best.resource == scheduler.max_resource
    with rung.Study.load("s", tmp_path / "s.db") as study:
        changes = [entry.event for entry in study.events() if isinstance(entry.event, ev.SpecChanged)]
        assert [change.spec["scheduler"]["type"] for change in changes] == ["asha", "stopping-asha"]
        assert len(study.trials) == 60


def test_files_of_another_study_of_the_same_name_are_left_alone_and_those_of_a_dead_driver_are_swept(
    tmp_path: Path,
) -> None:
    def opened(store: str) -> rung.Study:
        return rung.Study(
            "s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=tmp_path / store,
            checkpoints=rung.Checkpoints(url=str(tmp_path / "shared")),
        )  # fmt: skip

    with opened("a.db") as first, opened("b.db") as second:
        first.run(saving_steps, executor=rung.InProcess(), budget=rung.Budget(trials=9))
        kept = sorted(first.folder.glob("checkpoints/*/*"))
        orphan = second.folder / "checkpoints" / "0" / "3.17"
        orphan.mkdir(parents=True)
        second.run(saving_steps, executor=rung.InProcess(), budget=rung.Budget(trials=3))
        assert kept and sorted(first.folder.glob("checkpoints/*/*")) == kept
        assert not orphan.exists()


# Tailing


def test_a_study_that_is_refreshed_knows_what_another_program_has_logged_and_reads_only_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "rung.db"
    with rung.Study("s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=store) as driver:
        run(driver, 5)
        reader = rung.Study.load("s", store)
        known, read, asked = reader.state.seq, reader._log.read, []

        def reading(after: int = 0, **options: object) -> object:
            asked.append(after)
            return read(after, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(reader._log, "read", reading)
        assert (reader.refresh().state.seq, asked) == (known, [known])
        run(driver, 9)
        assert reader.refresh().trials == driver.trials
        assert reader.state.seq == driver.state.seq
        assert asked == [known, known]
        reader.close()


def test_a_study_is_refreshed_with_options_that_were_changed_meanwhile(tmp_path: Path) -> None:
    store = tmp_path / "rung.db"
    reader = run(rung.Study("s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=3), store=store), 9)
    with rung.Study("s", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=store) as driver:
        run(driver, 12)
        assert reader.refresh().trials == driver.trials
        assert reader.spec == driver.spec
    reader.close()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"executor": "local"}, r"executor must be an executor such as rung.Local\(workers=4\), got 'local'"),
        ({"executor": rung.Local}, "executor must be an executor such as"),
        ({"budget": 100}, r"budget must be a budget such as rung.Budget\(trials=100\), got 100"),
    ],
)
def test_a_run_with_what_is_no_executor_or_no_budget_is_refused(
    given: dict[str, object], sentence: str
) -> None:
    study = rung.Study("wrong", {"x": rung.Float(0, 1)}, minimize="loss", store=None)
    with pytest.raises(rung.SpecError, match=sentence):
        study.run(print, **given)  # type: ignore[arg-type]
