"""A damaged checkpoint in a folder is told from a good one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rung.core.errors import CheckpointDamagedError, CheckpointGoneError, StoreError
from rung.stores.checkpoint_folder import CheckpointFolder
from rung.stores.manifest import NAME


def save(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "weights").mkdir()
    (folder / "weights" / "layer").write_bytes(bytes(range(256)) * 1000)
    (folder / "state.json").write_text("{}")


@pytest.fixture
def kept(tmp_path: Path) -> CheckpointFolder:
    kept = CheckpointFolder(tmp_path / "checkpoints")
    kept.write("3/9.17", save)
    return kept


def test_what_was_written_is_fetched_in_place(kept: CheckpointFolder) -> None:
    folder = kept.fetch("3/9.17")
    assert folder == kept.path("3/9.17")
    kept.done(folder)
    assert (folder / "empty").is_dir()
    assert kept.fetch("3/9.17") == folder


def cut(layer: Path) -> None:
    layer.write_bytes(layer.read_bytes()[:-1])


def flip(layer: Path) -> None:
    content = bytearray(layer.read_bytes())
    content[1234] ^= 1
    layer.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (cut, r"in .*, weights/layer has 255999 bytes instead of 256000"),
        (flip, r"in .*, weights/layer is not what was written: its checksum differs"),
        (Path.unlink, r"in .*, weights/layer is missing"),
        (lambda layer: shutil.rmtree(layer.parent), r"in .*, weights/layer is missing"),
    ],
)
def test_a_file_that_is_not_what_was_written_is_found(
    kept: CheckpointFolder, spoil: Callable[[Path], object], sentence: str
) -> None:
    spoil(kept.path("3/9.17") / "weights" / "layer")
    with pytest.raises(CheckpointDamagedError, match=rf"checkpoint 3/9\.17 is damaged: {sentence}"):
        kept.fetch("3/9.17")


def test_a_checkpoint_without_a_whole_manifest_does_not_exist_and_is_swept(kept: CheckpointFolder) -> None:
    manifest = kept.path("3/9.17") / NAME
    manifest.write_bytes(manifest.read_bytes()[:-2])
    with pytest.raises(CheckpointGoneError, match=r"checkpoint 3/9\.17 is gone"):
        kept.fetch("3/9.17")
    manifest.unlink()
    with pytest.raises(CheckpointGoneError, match=r"checkpoint 3/9\.17 is gone"):
        kept.fetch("3/9.17")
    assert kept.names() == []
    kept.sweep()
    assert not kept.path("3/9.17").exists()


def test_what_was_copied_from_another_checkpoint_has_its_own_manifest(kept: CheckpointFolder) -> None:
    def copy(folder: Path) -> None:
        shutil.copytree(kept.fetch("3/9.17"), folder, dirs_exist_ok=True)
        (folder / "state.json").write_text('{"step": 27}')

    kept.write("3/27.18", copy)
    assert (kept.fetch("3/27.18") / "state.json").read_text() == '{"step": 27}'


def test_a_checkpoint_that_cannot_be_read_now_is_not_taken_for_a_damaged_one(
    kept: CheckpointFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(StoreError, match=r"checkpoint 3/9\.17 could not be read: .*Permission") as caught:
        kept.fetch("3/9.17")
    assert not isinstance(caught.value, CheckpointGoneError)
