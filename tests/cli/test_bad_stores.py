"""A store that cannot be opened is one sentence from each command that reads, and nothing is written or overwritten."""

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from infra.disks import mounted, read_only

from .conftest import FILE, Call, make

COMMANDS = [
    ["ls"],
    ["show", "digits"],
    ["best", "digits"],
    ["why", "digits", "0"],
    ["report", "digits", "--output", "report.html"],
    ["card", "digits"],
    ["trials", "digits"],
    ["export", "digits", "--output", "out.rung.gz"],
    ["replay", "digits"],
    ["space", "digits"],
]


def newer(store: Path) -> str:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("INSERT INTO rung_meta VALUES (99, 0.0)")
    return "was written by a newer rung (schema 99"


def foreign(store: Path) -> str:
    store.unlink()
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("CREATE TABLE trials (trial_id INTEGER)")
    return "is another program's database, it has a table 'trials'; nothing was changed in it"


def text(store: Path) -> str:
    store.write_text("lr,loss\n0.1,0.5\n" * 1000)
    return "Nothing was changed in it. Name another file"


def damaged(store: Path) -> str:
    content = bytearray(store.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)  # but for the first page, which names the tables
    store.write_bytes(content)
    return "Go back to a copy"


def cut(store: Path) -> str:
    store.write_bytes(store.read_bytes()[:4096])
    return "Go back to a copy"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a study, to be copied."""
    path = tmp_path_factory.mktemp("good") / "rung.db"
    make(path)
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("spoil", [newer, foreign, text, damaged, cut])
def test_a_store_that_cannot_be_read_is_one_sentence_and_stays_as_it_is(
    spoil: Callable[[Path], str], command: list[str], good: Path, call: Call, tmp_path: Path
) -> None:
    store = tmp_path / "rung.db"
    shutil.copy(good, store)
    words = spoil(store)
    before = store.read_bytes()
    assert words in sentence(call(*command))
    assert store.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["rung.db"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("oracle://me:s3cret@host/db", "a store in oracle://me:***@host/db is not supported"),
        ("postgresql://me:s3cret@127.0.0.1:1", "names no database"),
        ("postgresql://me:s3cret@127.0.0.1:1/db", "Check that the server runs and can be reached from here"),
        ("mysql://me:s3cret@127.0.0.1:1/db", "Check that the server runs and can be reached from here"),
        ("postgresql://me:s3c@ret@127.0.0.1/db", "as %40"),
    ],
)
def test_a_url_that_leads_nowhere_is_one_sentence_without_its_password(
    url: str, words: str, command: list[str], call: Call, tmp_path: Path
) -> None:
    pytest.importorskip("psycopg")
    pytest.importorskip("pymysql")
    said = sentence(call(*command, "--store", url))
    assert words in said
    assert "s3c" not in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("scheme", "extra"), [("postgresql", "postgresql"), ("mariadb", "mysql")])
def test_a_missing_package_is_one_sentence_with_its_extra(
    scheme: str, extra: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("psycopg", "pymysql"):
        monkeypatch.setitem(sys.modules, name, None)
    said = sentence(call("ls", "--store", f"{scheme}://me:s3cret@host/db"))
    assert f"pip install 'rung[{extra}]'" in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    "source", ["postgresql://me:s3cret@host/db", "oracle://me:s3cret@host/db?key=s3cret"]
)
def test_a_url_is_no_file_to_import_and_its_password_is_not_shown(source: str, call: Call) -> None:
    said = sentence(call("import", source))
    assert "rung copy STUDY --from FROM --to TO" in said
    assert "s3cret" not in said


def test_a_run_on_a_disk_that_takes_no_writes_is_one_sentence(spawn: Call, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        (tmp_path / "file.py").write_text(FILE.replace("minimize", f"store={str(disk / 's.db')!r}, minimize"))
        with read_only(disk):
            assert "rights" in sentence(spawn("run", "file.py"))
        assert not list(disk.iterdir())


FILLS_ITS_DISK = """
import rung

def train(trial):
    for step in trial.steps():
        trial.report({f"m{n}": n / 7 for n in range(3000)}, loss=trial.config["x"])

study = rung.Study("small", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=rung.FIFO(3),
                   store="disk/s.db", checkpoints=rung.Checkpoints("files"))
budget = rung.Budget(trials=200)
"""


def test_a_disk_that_fills_in_the_middle_of_a_run_is_told_without_a_traceback(
    spawn: Call, tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk"):
        (tmp_path / "file.py").write_text(FILLS_ITS_DISK)
        said = spawn("run", "file.py")
        assert said.code == 2
        first, second = said.err.splitlines()[-2:]
        assert "Traceback" not in said.err
        assert first.startswith("rung: cannot write the study 'small' in disk/s.db: ")
        assert first.endswith("Free some space on that disk, then run it again.")
        assert second.startswith("the last events of a study are lost: cannot write the study 'small'")


def sentence(said: object) -> str:
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("rung: ")
    assert said.err.count("\n") == 1, said.err
    return said.err
