"""Disks that are full or break and clocks that jump under a running study: what is kept, and how it goes on."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rung
import rung.trial
from infra.disks import filled, mounted
from infra.processes import workers_of
from rung.core import event as ev
from rung.core.invariants import validate

SPACE = {"x": rung.Float(0, 1)}

Train = Callable[[rung.Trial], object]


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of these tests save at each report; in this process that ends with the test."""
    monkeypatch.setattr(rung.trial, "_SAVING_SHARE", rung.trial._SAVING_SHARE)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    with mounted(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def large_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 megabytes."""
    with mounted(tmp_path / "disk", size="64m") as folder:
        yield folder


def saving(size: int = 1000, extra: Callable[[rung.Trial], object] = lambda trial: None) -> Train:
    """A training that saves `size` bytes at each step; its loss is right only if no step is missing or doubled."""

    def train(trial: rung.Trial) -> None:
        rung.trial._SAVING_SHARE = math.inf  # save at each report, whatever that costs
        total = float((trial.checkpoint / "total").read_text()) if trial.checkpoint else 0.0

        def save(folder: Path) -> None:
            (folder / "weights").write_bytes(bytes(size))
            (folder / "total").write_text(repr(total))

        for step in trial.steps():
            extra(trial)
            total += trial.config["x"]
            trial.report(loss=total / step, save=save)

    return train


def study(store: Path, resource: int = 3, **options: object) -> rung.Study:
    return rung.Study(
        "s", SPACE, minimize="loss", scheduler=rung.FIFO(resource), store=store, **{"retries": 1, **options}
    )


def check_whole(study: rung.Study, trials: int) -> None:
    """All trials are complete, and no step of any is missing or doubled."""
    validate(study.state)
    assert [trial.status for trial in study.trials] == ["complete"] * trials
    assert all(trial.value == pytest.approx(trial.config["x"]) for trial in study.trials)


def events(study: rung.Study, kind: type[ev.Event]) -> list[ev.AnyEvent]:
    return [entry.event for entry in study.events() if isinstance(entry.event, kind)]


# Full disks


@pytest.mark.parametrize("executor", [rung.InProcess(), rung.Local(workers=1)], ids=["inprocess", "local"])
def test_a_full_disk_of_checkpoints_costs_checkpoints_and_no_training(
    executor: object, disk: Path, tmp_path: Path
) -> None:
    with study(tmp_path / "s.db", checkpoints=rung.Checkpoints(str(disk), every_s=0.0)) as full:
        ballast = filled(disk, left=100_000)
        full.run(saving(300_000), executor=executor, budget=rung.Budget(trials=3))
        check_whole(full, 3)
        assert not events(full, ev.Saved) and not events(full, ev.Dropped)
        ballast.unlink()
        full.run(saving(300_000), executor=executor, budget=rung.Budget(trials=4))
        check_whole(full, 4)
        assert events(full, ev.Saved)


def test_a_library_that_hides_why_it_could_not_write_does_not_fail_the_trial(
    disk: Path, tmp_path: Path
) -> None:
    def train(trial: rung.Trial) -> None:
        def save(folder: Path) -> None:
            try:
                (folder / "weights").write_bytes(bytes(2_000_000))
            except OSError:
                raise RuntimeError("[enforce fail at inline_container.cc] file write failed") from None

        for _ in trial.steps():
            trial.report(loss=trial.config["x"], save=save)

    with study(tmp_path / "s.db", checkpoints=rung.Checkpoints(str(disk), every_s=0.0)) as full:
        full.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=3))
        check_whole(full, 3)


def test_where_nothing_can_be_printed_training_goes_on(disk: Path, tmp_path: Path) -> None:
    def talk(trial: rung.Trial) -> None:
        print("x" * 10_000)

    with study(tmp_path / "s.db", checkpoints=rung.Checkpoints(str(disk))) as full:
        filled(disk)
        full.run(saving(extra=talk), executor=rung.Local(workers=1), budget=rung.Budget(trials=3))
        check_whole(full, 3)


def test_where_no_output_can_be_kept_at_all_training_goes_on(tmp_path: Path) -> None:
    with study(tmp_path / "s.db") as odd:
        odd.folder.mkdir(parents=True)
        (odd.folder / "output").write_text("a file in the way")
        odd.run(
            saving(extra=lambda trial: print("said")),
            executor=rung.Local(workers=1),
            budget=rung.Budget(trials=2),
        )
        check_whole(odd, 2)
        assert (odd.folder / "output").read_text() == "a file in the way"


def test_a_machine_on_which_no_trial_can_be_trained_ends_the_run_and_not_the_budget(
    disk: Path, tmp_path: Path
) -> None:
    def write(trial: rung.Trial) -> None:
        (trial.folder / "log").write_bytes(bytes(300_000))

    with study(tmp_path / "s.db", checkpoints=rung.Checkpoints(str(disk))) as full:
        full.run(saving(extra=write), executor=rung.Local(workers=2), budget=rung.Budget(trials=1))
        ballast = filled(disk)
        with pytest.raises(
            rung.ExecutorError,
            match=r"3 trials in a row could not be trained, .* No space left on device.* the study goes on",
        ):
            full.run(saving(extra=write), executor=rung.Local(workers=2), budget=rung.Budget(trials=20))
        assert len(full.trials) < 8
        ballast.unlink()
        (disk / next(disk.iterdir()).name / "scratch" / "0" / "log").unlink()
        full.run(saving(), executor=rung.Local(workers=2), budget=rung.Budget(trials=20))
        statuses = [trial.status for trial in full.trials]
        assert statuses.count("failed") in (3, 4)  # the other worker may have been at a fourth
        assert statuses.count("complete") == 20 - statuses.count("failed")


def test_a_full_disk_of_the_store_ends_the_run_and_the_same_study_goes_on_when_it_is_healed(
    large_disk: Path, tmp_path: Path
) -> None:
    files = rung.Checkpoints(str(tmp_path / "files"))
    ballast: list[Path] = []

    def fill(event: ev.AnyEvent, view: object) -> None:
        if isinstance(event, ev.Ended) and event.trial == 2:
            ballast.append(filled(large_disk))

    def many(trial: rung.Trial) -> None:
        trial.report({f"m{n}": n / 7 for n in range(3000)}, step=3, loss=trial.config["x"])

    with study(large_disk / "s.db", checkpoints=files) as full:
        with pytest.raises(rung.StoreError, match=r"cannot write the study 's'.*full.*Free some space"):
            full.run(many, executor=rung.Local(workers=2), budget=rung.Budget(trials=2000), watch=[fill])
        assert not workers_of()
        ballast[0].unlink()
        before = [entry.seq for entry in full.events()]
        assert before == list(range(1, len(before) + 1))
        assert {0, 1, 2} <= {report.trial for report in events(full, ev.Reported)}
        n = len(full.trials) + 3
        full.run(saving(), executor=rung.Local(workers=2), budget=rung.Budget(trials=n))
        assert [trial.status for trial in full.trials] == ["complete"] * n
        assert [entry.seq for entry in full.events()][: len(before)] == before
    with rung.Study.load("s", large_disk / "s.db") as again:
        validate(again.state)
        assert len(again.trials) == n


def test_what_was_told_while_the_disk_was_full_is_told_again_and_the_study_goes_on(disk: Path) -> None:
    with study(disk / "s.db") as full:
        first = full.ask()
        assert first is not None
        full.report(first, {"loss": 0.5}, step=1)
        full.close()
        ballast = filled(disk)
        long = {f"m{n}": n / 7 for n in range(20_000)}
        with pytest.raises(rung.StoreError, match="Free some space on that disk"):
            job = full.ask()
            full.tell(job, {"loss": 0.5, **long})
            full.close()
        ballast.unlink()
        full.close()
        again = full.ask()
        assert again is not None
        full.tell(again, {"loss": 0.25})
    with rung.Study.load("s", disk / "s.db") as found:
        validate(found.state)
        assert found.best.value in (0.25, 0.5)


@pytest.mark.parametrize("to", [0, 1, 999], ids="to {} bytes".format)
def test_a_truncated_checkpoint_is_never_gone_on_from(to: int, tmp_path: Path) -> None:
    def interrupt(trial: rung.Trial) -> None:
        if trial.resource == 2:
            raise KeyboardInterrupt

    with study(tmp_path / "s.db", checkpoints=rung.Checkpoints(every_s=0.0)) as cut:
        with pytest.raises(KeyboardInterrupt):
            cut.run(saving(extra=interrupt), executor=rung.InProcess(), budget=rung.Budget(trials=1))
        (record,) = cut.state.trials
        assert len(record.checkpoints) == 2
        weights = cut.folder / "checkpoints" / record.checkpoints[-1].checkpoint / "weights"
        weights.write_bytes(weights.read_bytes()[:to])
        cut.run(saving(), executor=rung.InProcess(), budget=rung.Budget(trials=1))
        check_whole(cut, 1)
        (drop,) = [event for event in events(cut, ev.Dropped) if event.why is not None]
        assert drop.why.rule == "damaged"
        assert f"weights has {to} bytes instead of 1000" in " ".join(line.text for line in cut.story(0))
        assert weights.stat().st_size == to  # what is damaged stays to be looked at


# Clocks


class Wall:
    """The machine's clock, which somebody sets back by an hour at the third event of a kind."""

    def __init__(self) -> None:
        self.behind_s = 0.0
        self._true = time.time

    def __call__(self) -> float:
        return self._true() - self.behind_s


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    clock = Wall()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.mark.parametrize("executor", [rung.InProcess(), rung.Local(workers=2)], ids=["inprocess", "local"])
def test_a_clock_that_is_set_back_in_a_run_changes_neither_the_order_nor_the_time_that_is_left(
    executor: object, wall: Wall, tmp_path: Path
) -> None:
    def set_back(event: ev.AnyEvent, view: object) -> None:
        if isinstance(event, ev.Reported) and event.trial == 0:
            wall.behind_s = 3600.0

    def slowly(trial: rung.Trial) -> None:
        time.sleep(0.02)

    began = time.monotonic()
    with study(tmp_path / "s.db") as jumped:
        jumped.run(saving(extra=slowly), executor=executor, budget=rung.Budget(seconds=2.5), watch=[set_back])
        assert time.monotonic() - began < 20  # an hour, if it waited for the clock
        assert wall.behind_s
        assert jumped.ended == "the 2.5 seconds of this run are over"
        times = [entry.time for entry in jumped.events()]
        assert times == sorted(times)
        assert times[-1] - times[0] < 20
        validate(jumped.state)


def test_a_clock_that_was_set_back_between_two_runs_leaves_the_events_in_order(
    wall: Wall, tmp_path: Path
) -> None:
    with study(tmp_path / "s.db") as jumped:
        jumped.run(saving(), executor=rung.InProcess(), budget=rung.Budget(trials=2))
    wall.behind_s = 3600.0
    with study(tmp_path / "s.db") as jumped:
        jumped.run(saving(), executor=rung.InProcess(), budget=rung.Budget(trials=4))
        job = jumped.ask()
        assert job is None
        times = [entry.time for entry in jumped.events()]
        assert times == sorted(times)
        assert times[-1] - times[0] < 60
        check_whole(jumped, 4)


def test_a_clock_that_is_set_back_between_ask_and_tell_costs_no_negative_time(wall: Wall) -> None:
    with rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(1), store=None) as asked:
        job = asked.ask()
        assert job is not None
        wall.behind_s = 3600.0
        asked.tell(job, {"loss": 0.5})
        (report,) = events(asked, ev.Reported)
        assert 0 <= report.seconds < 60
