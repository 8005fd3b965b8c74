"""Garbage is what nobody needs, and nothing else; what runs is left alone."""

import os
import time
from pathlib import Path

import pytest

import rung
from rung.core.errors import BusyError
from rung.garbage import delete_leftovers, delete_study, leftovers, look
from rung.stores.events import Store, open_store


def train(trial: rung.Trial) -> None:
    _ = trial.checkpoint
    for _ in trial.steps():
        trial.report(loss=trial.config["x"], save=lambda folder: (folder / "w").write_bytes(b"12345"))


def make(path: Path, name: str = "small") -> Path:
    """A study with checkpoints; returns its folder."""
    study = rung.Study(
        name, {"x": rung.Float(0, 1)}, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=path
    )
    with study:
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=4))
    return study.folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    make(tmp_path / "rung.db")
    return open_store(tmp_path / "rung.db")


def all_files(root: Path) -> set[Path]:
    return set(root.rglob("*"))


def test_a_study_at_rest_leaves_no_garbage(store: Store, tmp_path: Path) -> None:
    make(tmp_path / "rung.sqlite", "in the same folder of files")
    (tmp_path / "rung.files" / "my notes").mkdir()
    assert leftovers(store) == []


def test_files_of_a_store_that_is_gone_and_unknown_checkpoints_are_garbage(
    store: Store, tmp_path: Path
) -> None:
    lost = make(tmp_path / "rung.sqlite", "lost")
    for part in tmp_path.glob("rung.sqlite*"):
        part.unlink()
    own = look(store, "small").files.folder / "checkpoints"
    unknown, half = own / "77" / "1.99", own / "0" / ".1.5-999-0"
    for folder in (unknown, half):
        folder.mkdir(parents=True)
        (folder / "w").write_bytes(b"123")
    before = all_files(tmp_path)
    found = leftovers(store)
    assert {each.path for each in found} == {lost, unknown, half}
    assert {each.size_bytes for each in found if each.path != lost} == {3}
    assert all_files(tmp_path) == before
    assert {each.path for each in delete_leftovers(store, found)} == {lost, unknown, half}
    assert all_files(tmp_path) == {each for each in before if not each.is_relative_to(lost)} - {
        unknown, unknown / "w", half, half / "w"
    }  # fmt: skip
    assert leftovers(store) == []


def test_nothing_of_a_study_that_runs_is_touched(store: Store, tmp_path: Path) -> None:
    found = look(store, "small")
    new = found.files.folder / "checkpoints" / "9" / "1.99"  # written, and not in the log yet
    new.mkdir(parents=True)
    seen = leftovers(store)
    driver = open_store(tmp_path / "rung.db").log("small")
    driver.acquire("a run")
    assert look(store, "small").is_driven
    assert leftovers(store) == []
    assert delete_leftovers(store, seen) == []  # it began to run after it was looked at
    with pytest.raises(BusyError):
        delete_study(store, found)
    assert new.is_dir()
    assert store.names() == ["small"]
    driver.close()


def test_a_deleted_study_takes_its_files_with_it(store: Store, tmp_path: Path) -> None:
    other = make(tmp_path / "rung.db", "other")
    found = look(store, "small")
    assert found.size_bytes >= 4 * 5
    delete_study(store, found)
    assert store.names() == ["other"]
    assert not found.files.folder.exists()
    assert any(other.rglob("w"))


def test_what_an_import_is_filling_is_left_until_it_is_old(store: Store, tmp_path: Path) -> None:
    draft = tmp_path / "rung.files" / ".small-0123ab-4711"
    draft.mkdir()
    assert leftovers(store) == []
    old = time.time() - 2 * 86_400
    os.utime(draft, (old, old))
    assert [each.path for each in leftovers(store)] == [draft]


def test_a_study_is_fruitless_if_trials_failed_and_none_has_a_result(tmp_path: Path) -> None:
    def fail(trial: rung.Trial) -> None:
        raise ValueError(trial.number)

    path = tmp_path / "rung.db"
    space = {"x": rung.Float(0, 1)}
    with rung.Study("bad", space, minimize="loss", store=path) as bad, pytest.raises(rung.ObjectiveError):
        bad.run(fail, executor=rung.InProcess(), budget=rung.Budget(trials=4))
    rung.Study("new", space, minimize="loss", store=path).close()
    make(path, "good")
    store = open_store(path)
    assert [name for name in store.names() if look(store, name).fruitless] == ["bad"]
