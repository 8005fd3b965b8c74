"""Studies whose checkpoints are damaged, kept in a bucket, or have little room."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rung
from rung.core import event as ev
from rung.core.invariants import validate
from rung.stores.manifest import NAME

SPACE = {"x": rung.Float(0, 1)}


def training() -> Callable[[rung.Trial], None]:
    """A training whose loss at step n is x / n only if every step before was trained or restored."""

    def train(trial: rung.Trial) -> None:
        total = float((trial.checkpoint / "total").read_text()) if trial.checkpoint else 0.0

        def save(folder: Path) -> None:
            (folder / "total").write_text(repr(total))
            (folder / "weights").write_bytes(bytes(1000))

        for step in trial.steps():
            total += trial.config["x"]
            trial.report(loss=total / step**2, save=save)

    return train  # made in a function, so that workers get it by value


def study(tmp_path: Path, **options: object) -> rung.Study:
    return rung.Study(
        "s",
        SPACE,
        minimize="loss",
        scheduler=rung.ASHA(max_resource=9),
        store=tmp_path / "s.db",
        checkpoints=rung.Checkpoints(**options),
    )


def run(study: rung.Study, trials: int, executor: object = None) -> rung.Study:
    # As the budget counts resource, no checkpoint is left out, however slow a busy machine writes it.
    budget = rung.Budget(trials=trials, resource=10_000)
    return study.run(training(), executor=executor or rung.InProcess(), budget=budget)


def events(study: rung.Study, kind: type[ev.Event]) -> list[ev.AnyEvent]:
    return [entry.event for entry in study.events() if isinstance(entry.event, kind)]


def test_a_damaged_checkpoint_is_replaced_by_the_one_before_it_and_why_says_so(tmp_path: Path) -> None:
    with study(tmp_path, every_s=0.0) as damaged:
        run(damaged, 9)
        kept = {record.number: record.checkpoints for record in damaged.state.trials}
        for saved in kept.values():
            (damaged.folder / "checkpoints" / saved[-1].checkpoint / "total").write_text("0.1")
        run(damaged, 40)
        validate(damaged.state)
        dropped = [event for event in events(damaged, ev.Dropped) if event.why is not None]
        assert dropped
        for drop in dropped:
            before = [saved.resource for saved in kept[drop.trial] if saved.checkpoint != drop.checkpoint]
            starts = [event.start for event in events(damaged, ev.Started) if event.trial == drop.trial]
            assert starts[starts.index(drop.why.resource) + 1] == (before[-1] if before else 0)
        story = [line.text for line in damaged.story(dropped[0].trial)]
        assert any("could not go on: checkpoint" in line and "total has" in line for line in story)
        assert any("is damaged or gone, so it goes on from the one before" in line for line in story)
        assert all(trial.status in ("paused", "complete") for trial in damaged.trials)


def test_a_quota_evicts_what_is_missed_least_and_the_study_goes_on(tmp_path: Path) -> None:
    with study(tmp_path, quota_bytes=5 * 1020) as tight:
        run(tight, 30)
        validate(tight.state)
        evicted = [event for event in events(tight, ev.Dropped) if event.why is not None]
        assert evicted
        assert {event.why.rule for event in evicted} == {"evicted"}
        kept = tight.folder / "checkpoints"
        size = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file() and path.name != NAME)
        assert size == tight.state.custody.size_bytes <= 5 * 1020
        assert len(tight.trials) == 30
        assert tight.best_checkpoint is not None
        story = [line.text for line in tight.story(evicted[0].trial)]
        assert any("made room, as all of the study exceed quota_bytes=5100" in line for line in story)


def test_a_study_pauses_with_a_sentence_when_no_checkpoint_may_go(tmp_path: Path) -> None:
    with study(tmp_path, quota_bytes=10, every_s=0.0) as tiny:
        run(tiny, 30)
        assert tiny.ended is not None
        assert tiny.ended.startswith("the checkpoints that may not be deleted take")
        assert tiny.ended.endswith("more than quota_bytes=10: raise it, or save less")
        validate(tiny.state)
    with study(tmp_path) as wide:
        run(wide, 30)
        assert len(wide.trials) == 30


def test_what_is_cheaper_to_train_again_than_to_save_is_not_saved_but_the_best_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def slow_to_save(trial: rung.Trial) -> None:
        assert trial.checkpoint is None or trial.checkpoint.is_dir()
        for _ in trial.steps():
            trial.report(loss=trial.config["x"], save=lambda folder: time.sleep(0.12))

    def saved(name: str, budget: rung.Budget) -> int:
        run = rung.Study(
            name, SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=tmp_path / "s.db"
        )
        with run:
            run.run(slow_to_save, executor=rung.InProcess(), budget=budget)
            assert run.best_checkpoint is not None
            return len(events(run, ev.Saved))

    few = saved("quick training", rung.Budget(trials=12))
    assert few < saved("resource is what counts", rung.Budget(trials=12, resource=200))
    assert not caplog.records  # no advice to write save=, which is there


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A URL in an S3 server on loopback, in a thread of this process."""
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    for variable, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(variable, value)
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("bucket")
    yield "s3://bucket/studies"
    server.stop()


def test_a_worker_saves_into_a_bucket_and_goes_on_from_it_and_a_damaged_object_is_found(
    s3: str, tmp_path: Path
) -> None:
    import fsspec

    with study(tmp_path, url=s3) as remote:
        run(remote, 9)
        assert events(remote, ev.Saved)
        file_system = fsspec.filesystem("s3")
        file_system.invalidate_cache()
        for path in file_system.find("bucket/studies"):
            if path.endswith("/total"):
                file_system.pipe_file(path, b"0.0")
        run(remote, 40)
        run(remote, 44, rung.Local(workers=1))
        validate(remote.state)
        assert any(event.why is not None for event in events(remote, ev.Dropped))
        assert all(
            trial.value == pytest.approx(trial.config["x"] / trial.resource) for trial in remote.trials
        )
        assert remote.best_checkpoint is not None
        assert float((remote.best_checkpoint / "total").read_text()) > 0
        assert not (remote.folder / "checkpoints").exists()
