"""Checkpoints are complete or not there."""

import json
import math
import os
from pathlib import Path

import msgspec
import pytest

from rung.core.errors import SpecError, StoreError
from rung.stores.checkpoint_folder import CheckpointFolder
from rung.stores.checkpoints import Checkpoints


@pytest.fixture
def kept(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoints")


def saving(text: str):
    def save(folder: Path) -> None:
        (folder / "weights").mkdir()
        (folder / "weights" / "layer").write_text(text)
        (folder / "state.json").write_text(json.dumps({"step": 3}))

    return save


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_what_was_written_is_there_with_its_size(kept: CheckpointFolder) -> None:
    assert kept.write("3/9.17", saving("abc")) == 3 + len('{"step": 3}')
    assert (kept.path("3/9.17") / "weights" / "layer").read_text() == "abc"
    assert everything(kept.root) == [
        "3",
        "3/9.17",
        "3/9.17/.rung-manifest",
        "3/9.17/state.json",
        "3/9.17/weights",
        "3/9.17/weights/layer",
    ]


def test_a_checkpoint_without_a_file_is_one_too(kept: CheckpointFolder) -> None:
    assert kept.write("0/1.0", lambda folder: None) == 0
    assert kept.names() == ["0/1.0"]


def test_a_save_that_fails_leaves_nothing(kept: CheckpointFolder) -> None:
    def save(folder: Path) -> None:
        (folder / "half").write_text("a half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        kept.write("3/9.17", save)
    assert kept.names() == []
    assert everything(kept.root) == ["3"]


def test_nobody_sees_a_checkpoint_that_is_being_written(kept: CheckpointFolder) -> None:
    def save(folder: Path) -> None:
        saving("new")(folder)
        assert kept.names() == ["3/3.1"]
        assert not kept.path("3/9.17").exists()

    kept.write("3/3.1", saving("old"))
    kept.write("3/9.17", save)
    assert kept.names() == ["3/3.1", "3/9.17"]


def test_the_later_of_two_with_the_same_name_counts(kept: CheckpointFolder) -> None:
    kept.write("3/9.17", saving("of a job whose number was never committed"))
    kept.write("3/9.17", saving("new"))
    assert (kept.path("3/9.17") / "weights" / "layer").read_text() == "new"
    assert len(everything(kept.root)) == 6


def test_names_come_in_the_order_of_trials_resources_and_jobs(kept: CheckpointFolder) -> None:
    names = ["2/3.1", "2/27.5", "2/27.10", "10/1.2"]
    for name in reversed(names):
        kept.write(name, lambda folder: None)
    assert kept.names() == names


def test_a_dropped_checkpoint_is_gone_and_may_be_dropped_again(kept: CheckpointFolder) -> None:
    kept.write("3/9.17", saving("a"))
    kept.write("3/27.18", saving("b"))
    kept.drop("3/9.17")
    kept.drop("3/9.17")
    assert kept.names() == ["3/27.18"]
    kept.drop("3/27.18")
    assert everything(kept.root) == []


def test_sweeping_deletes_leftovers_and_no_checkpoint(kept: CheckpointFolder) -> None:
    kept.write("3/9.17", saving("a"))
    leftover = kept.root / "3" / ".27.18-123-0"
    leftover.mkdir()
    (leftover / "half").write_text("a half")
    kept.sweep()
    assert not leftover.exists()
    assert kept.names() == ["3/9.17"]


def test_a_folder_that_was_never_made_holds_no_checkpoints(kept: CheckpointFolder) -> None:
    kept.sweep()
    assert kept.names() == []
    assert not kept.root.exists()


def test_a_folder_that_cannot_be_written_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"checkpoint 3/9\.17 could not be written"):
        CheckpointFolder(tmp_path / "file").write("3/9.17", saving("a"))


def test_the_folder_stays_where_it_is_when_the_training_changes_its_own(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = CheckpointFolder("checkpoints")
    kept.write("0/1.0", lambda folder: os.chdir("/"))
    assert (tmp_path / "checkpoints" / "0" / "1.0").is_dir()


def test_a_spec_reads_what_it_has_written() -> None:
    spec = Checkpoints("/scratch", every_s=10.0)
    assert msgspec.json.decode(msgspec.json.encode(spec), type=Checkpoints) == spec
    assert Checkpoints() == Checkpoints(None, every_s=60.0)


@pytest.mark.parametrize("every_s", [-1, math.nan, True, "often"])
def test_an_interval_that_is_no_time_is_refused(every_s: object) -> None:
    with pytest.raises(SpecError, match="every_s is a number of seconds of at least 0"):
        Checkpoints(every_s=every_s)
