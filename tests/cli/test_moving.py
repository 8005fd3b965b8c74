"""`rung export`, `import`, `copy` and `gc`, as they are typed."""

import re
from pathlib import Path

from cli.conftest import Call, make
from rung.stores.events import open_store


def names(path: Path) -> list[str]:
    return open_store(path).names()


def test_a_study_goes_into_a_file_and_comes_out_in_another_store(call: Call, store: Path) -> None:
    said = call("export")
    assert said.code == 0
    assert re.search(
        r"digits\.rung\.gz: digits, \d+ events, [\d.]+ kB\nleft out: \d+ checkpoints?; --checkpoints",
        said.out,
    )
    said = call("import", "digits.rung.gz", "--store", "new.db")
    assert "digits is in new.db" in said.out
    assert "begin again when they go on" in said.out
    assert call("best", "--store", "new.db").out == call("best").out


def test_a_file_that_is_damaged_or_missing_makes_no_store(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.rung.gz").write_bytes(b"no")
    for source in ("bad.rung.gz", "missing.rung.gz", "optuna:missing.db"):
        said = call("import", source, "--store", "new.db")
        assert said.code == 2
        assert said.err.startswith("rung: ")
        assert said.err.count("\n") == 1
    assert not (tmp_path / "new.db").exists()
    assert "leave --study out" in call("import", "bad.rung.gz", "--study", "x").err


def test_a_storage_of_optuna_given_as_a_file_is_answered_with_the_command(call: Call, tmp_path: Path) -> None:
    for name, begin in {"a.db": b"SQLite format 3\0", "a.log": b'{"op_code":0,"worker_id"'}.items():
        (tmp_path / name).write_bytes(begin)
        said = call("import", name)
        assert said.code == 2
        assert "rung import optuna:" in said.err


def test_a_study_is_copied_with_its_checkpoints(call: Call, store: Path, tmp_path: Path) -> None:
    said = call("copy", "digits", "--from", "rung.db", "--to", "backup.db", "--checkpoints")
    assert re.fullmatch(r"digits is in backup\.db: \d+ events\nwith \d+ checkpoints?\n", said.out)
    assert any((tmp_path / "backup.files").rglob("checkpoints/*/*"))
    assert "exists already in backup.db" in call("copy", "--to", "backup.db").err
    assert "there is no store missing.db" in call("copy", "--from", "missing.db", "--to", "new.db").err


def test_gc_shows_first_and_deletes_only_when_told(call: Call, store: Path, tmp_path: Path) -> None:
    make(store, "other")
    assert call("gc").out == "nothing to delete in rung.db and its files\n"
    said = call("gc", "digits")
    assert re.search(r"study digits +[\d.]+ \w+ +\d+ events, the last .* ago", said.out)
    assert "1 study, 0 leftovers" in said.out
    assert "To delete it, add --yes." in said.out
    assert call("gc", "digits", "--dry-run").out.splitlines()[-1] == said.out.splitlines()[-1]
    assert names(store) == ["digits", "other"]
    assert "deleted: 1 study" in call("gc", "digits", "--yes").out
    assert names(store) == ["other"]
    assert len(list((tmp_path / "rung.files").iterdir())) == 1


def test_gc_takes_all_conditions_together(call: Call, store: Path) -> None:
    make(store, "other")
    assert "nothing to delete" in call("gc", "--older-than", "1d", "--yes").out
    assert "nothing to delete" in call("gc", "--older-than", "0s", "--failed", "--yes").out
    assert names(store) == ["digits", "other"]
    assert "such as 30d, got '30 moons'" in call("gc", "--older-than", "30 moons").err
    assert "Did you mean 'other'" in call("gc", "othre", "--yes").err
    assert "deleted: 2 studies" in call("gc", "--older-than", "0s", "--yes").out


def test_gc_keeps_what_runs(call: Call, store: Path) -> None:
    driver = open_store(store).log("digits")
    driver.acquire("a run")
    said = call("gc", "digits", "--yes")
    driver.close()
    assert said.out.startswith("digits is running and is kept\n")
    assert names(store) == ["digits"]
