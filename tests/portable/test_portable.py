"""A study travels in one file, or from store to store, and is the same afterwards; what is damaged changes nothing."""

import gzip
import hashlib
import json
from pathlib import Path

import msgspec
import pytest

import rung
from rung.core import event as ev
from rung.core.errors import BusyError, SpecError, StoreError
from rung.core.event import Entry
from rung.core.invariants import validate
from rung.core.why import Why
from rung.portable.moving import copy_study, import_study
from rung.portable.reading import PortableFile
from rung.portable.writing import export_study
from rung.stores.events import Store, open_store
from rung.stores.memory import MemoryStore


def train(trial: rung.Trial) -> None:
    weight = json.loads((trial.checkpoint / "deep" / "w.json").read_text()) if trial.checkpoint else 5.0

    def save(folder: Path) -> None:
        (folder / "deep" / "empty").mkdir(parents=True)
        (folder / "deep" / "w.json").write_text(json.dumps(weight))
        (folder / "large.bin").write_bytes(bytes(range(256)) * 5000)  # more than one piece

    for _ in trial.steps():
        weight -= trial.config["x"] * weight
        trial.report(loss=weight**2, save=save)


def study(store: str | Path, trials: int, name: str = "small") -> rung.Study:
    found = rung.Study(
        name, {"x": rung.Float(0.1, 0.4)}, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=store
    )
    with found:
        found.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=trials))
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    study(tmp_path / "rung.db", 7)
    return open_store(tmp_path / "rung.db")


@pytest.fixture
def file(store: Store, tmp_path: Path) -> Path:
    path = tmp_path / "small.rung.gz"
    export_study(store, "small", path)
    return path


def log(store: Store, name: str = "small") -> list[Entry]:
    return list(store.log(name).read())


def test_a_study_with_its_checkpoints_comes_back_to_the_byte(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "with.rung.gz"
    done = export_study(store, "small", path, checkpoints=True)
    arrived = import_study(PortableFile(path), open_store(tmp_path / "new.db"))
    old, new = rung.Study.load("small", tmp_path / "rung.db"), rung.Study.load("small", tmp_path / "new.db")
    assert list(new.events()) == list(old.events())
    assert (done.checkpoints, done.left) == (arrived.checkpoints, 0)
    assert files(new.folder / "checkpoints") == files(old.folder / "checkpoints")
    assert files(new.folder / "checkpoints")
    assert new.best == old.best


def files(root: Path) -> dict[str, bytes | None]:
    return {
        str(each.relative_to(root)): each.read_bytes() if each.is_file() else None for each in root.rglob("*")
    }


def test_an_imported_study_goes_on_as_the_original_would(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "with.rung.gz"
    export_study(store, "small", path, checkpoints=True)
    import_study(PortableFile(path), open_store(tmp_path / "new.db"))
    old, new = study(tmp_path / "rung.db", 14), study(tmp_path / "new.db", 14)
    assert [trial.config for trial in new.trials] == [trial.config for trial in old.trials]
    assert [trial.values for trial in new.trials] == [trial.values for trial in old.trials]
    assert [trial.status for trial in new.trials] == [trial.status for trial in old.trials]


def test_without_its_checkpoints_a_study_does_not_believe_in_them_and_goes_on(
    store: Store, file: Path, tmp_path: Path
) -> None:
    arrived = import_study(PortableFile(file), open_store(tmp_path / "new.db"))
    entries = log(open_store(tmp_path / "new.db"))
    assert entries[: arrived.events] == log(store)
    assert len(entries) == arrived.events + arrived.dropped
    assert arrived.dropped > 0
    found = rung.Study.load("small", tmp_path / "new.db")
    assert not any(record.checkpoints for record in found.state.trials)
    validate(found.state)
    found = study(tmp_path / "new.db", 14)
    assert not any(trial.failure for trial in found.trials)
    validate(found.state)


def test_an_import_under_another_name_is_that_study(file: Path, tmp_path: Path) -> None:
    import_study(PortableFile(file), open_store(tmp_path / "rung.db"), "again")
    found = rung.Study.load("again", tmp_path / "rung.db")
    assert found.spec.name == "again"
    assert found.folder.name.startswith("again-")
    before = len(list(found.events()))
    found = study(tmp_path / "rung.db", 7, "again")  # described as before, nothing differs
    assert not any(isinstance(entry.event, ev.SpecChanged) for entry in list(found.events())[before:])


def test_the_same_study_makes_the_same_bytes(store: Store, file: Path, tmp_path: Path) -> None:
    export_study(store, "small", tmp_path / "twice.rung.gz")
    assert (tmp_path / "twice.rung.gz").read_bytes() == file.read_bytes()


def test_an_export_replaces_nothing_and_leaves_nothing_half(store: Store, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(StoreError, match="exists already and is not replaced"):
        export_study(store, "small", file)
    assert file.read_bytes() == before
    with pytest.raises(StoreError, match="cannot write"):
        export_study(store, "small", file.parent / "nowhere" / "a.rung.gz")
    assert not [each for each in file.parent.iterdir() if each.name.startswith(".small")]


def test_checkpoints_of_a_running_study_are_not_taken_along(store: Store, tmp_path: Path) -> None:
    driver = open_store(tmp_path / "rung.db").log("small")
    driver.acquire("a run")
    with pytest.raises(BusyError, match="held by a run"):
        export_study(store, "small", tmp_path / "a.rung.gz", checkpoints=True)
    export_study(store, "small", tmp_path / "b.rung.gz")
    driver.close()


def test_a_damaged_checkpoint_stays_behind(store: Store, tmp_path: Path) -> None:
    folder = rung.Study.load("small", tmp_path / "rung.db").folder / "checkpoints"
    next(folder.rglob("w.json")).write_text("7")
    done = export_study(store, "small", tmp_path / "a.rung.gz", checkpoints=True)
    assert done.left == 1
    assert import_study(PortableFile(tmp_path / "a.rung.gz"), open_store(tmp_path / "new.db")).dropped == 1


def lines(file: Path) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).splitlines(keepends=True)


def sealed(changed: list[bytes]) -> bytes:
    """Lines as a file with a right checksum."""
    digest = hashlib.sha256(b"".join(changed[:-1])).hexdigest()
    return gzip.compress(b"".join(changed[:-1]) + b'{"line":"end","sha256":"%s"}\n' % digest.encode())


def without_an_entry(file: Path) -> bytes:
    found = lines(file)
    return sealed(found[:5] + found[6:])


def a_value_changed(file: Path) -> bytes:
    return gzip.compress(b"".join(lines(file)).replace(b'"loss":', b'"lost":', 1))


def of_a_newer_format(file: Path) -> bytes:
    found = lines(file)
    return sealed([found[0].replace(b'"format":1', b'"format":2'), *found[1:]])


def with_an_unknown_scheduler(file: Path) -> bytes:
    found = lines(file)
    return sealed([found[0], found[1].replace(b'"type":"asha"', b'"type":"magic"'), *found[2:]])


def with_a_file_outside(file: Path) -> bytes:
    found = lines(file)
    checkpoint = next(
        entry.event.checkpoint
        for line in found[1:-1]
        if isinstance((entry := msgspec.json.decode(line, type=Entry)).event, ev.Saved)
    )
    piece = {"line": "piece", "checkpoint": checkpoint, "path": "../../evil", "data": "aGk="}
    return sealed([*found[:-1], json.dumps(piece).encode() + b"\n", found[-1]])


@pytest.mark.parametrize(
    ("damaged", "sentence"),
    [
        (lambda file: file.read_bytes()[:-200], "is damaged: it ends in the middle"),
        (lambda file: file.read_bytes()[:400] + b"\0\0\0\0" + file.read_bytes()[404:], "is damaged: "),
        (lambda file: gzip.compress(b"".join(lines(file)[:-1])), "is damaged: "),
        (lambda file: b"hello", "is no file of rung export"),
        (lambda file: gzip.compress(b"hello"), "is no file of rung export"),
        (without_an_entry, "is damaged: its entry 5 has the number 6"),
        (a_value_changed, "is damaged: its checksum differs"),
        (of_a_newer_format, r"was written by a newer rung.*pip install -U rung"),
        (with_an_unknown_scheduler, r"holds a study of rung .* does not understand: .*magic"),
        (with_a_file_outside, r"\.\./\.\./evil, which is no file of a checkpoint"),
    ],
)
def test_a_file_that_is_not_right_is_told_in_a_sentence(damaged, sentence: str, file: Path) -> None:
    file.write_bytes(damaged(file))
    with pytest.raises(StoreError, match=sentence):
        PortableFile(file)


def test_a_taken_or_impossible_name_changes_nothing(store: Store, file: Path) -> None:
    before = log(store)
    with pytest.raises(StoreError, match="exists already"):
        import_study(PortableFile(file), store)
    with pytest.raises(SpecError, match="a study's name is made of"):
        import_study(PortableFile(file), store, "a/b")
    assert store.names() == ["small"]
    assert log(store) == before


def test_a_file_that_changes_after_it_was_checked_leaves_no_half_study(file: Path, tmp_path: Path) -> None:
    found, target = PortableFile(file), open_store(tmp_path / "new.db")
    file.write_bytes(without_an_entry(file))
    with pytest.raises(StoreError, match="is damaged"):
        import_study(found, target)
    assert target.names() == []


def test_a_copy_is_the_same_study_in_any_store(store: Store, tmp_path: Path) -> None:
    memory = MemoryStore()
    copied = copy_study(store, "small", memory)
    assert log(memory)[: copied.events] == log(store)
    target = open_store(tmp_path / "new.db")
    assert copy_study(store, "small", target, checkpoints=True).dropped == 0
    assert log(target) == log(store)
    assert copy_study(store, "small", store, "twin").events == copied.events
    assert [entry.time for entry in log(store, "twin")][: copied.events] == [
        entry.time for entry in log(store)
    ]


def test_a_study_never_takes_the_checkpoints_of_its_twin(store: Store, tmp_path: Path) -> None:
    target = open_store(tmp_path / "rung.sqlite")  # keeps its files in rung.files, too
    with pytest.raises(StoreError, match="has checkpoints already, of a study of the same name and moment"):
        copy_study(store, "small", target)
    assert target.names() == []


def test_a_large_log_is_imported_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.stores.sql.PAGE", 3)
    store = open_store(tmp_path / "rung.db")
    opened = ev.Opened({"name": "s"}, {})
    entries = [
        Entry(seq, 1e9 + seq / 3, opened if seq == 1 else ev.Idled(Why("all busy"))) for seq in range(1, 9)
    ]
    store.create("s", iter(entries))
    assert log(store, "s") == entries
    with pytest.raises(ValueError, match="expected 7, got 8"):
        store.create("t", iter([*entries[:6], *entries[7:]]))
    assert store.names() == ["s"]
