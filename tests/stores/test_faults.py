"""Killed processes, full disks, damaged and foreign files: nothing that was called durable is lost."""

import itertools
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from infra.disks import mounted, read_only
from rung.core import event as ev
from rung.core.errors import BusyError, StoreError
from rung.stores import sqlite as dialect
from rung.stores.events import Log, Store, open_store
from rung.stores.sql import SqlLog
from stores.places import Place
from stores.processes import APPEND_FOR_EVER, CREATE, line, running, tell
from stores.samples import entries, reports


def test_what_a_killed_process_called_committed_is_there_in_whole_groups(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", reports(2))
    with running(APPEND_FOR_EVER, path) as driver:
        said = [int(line(driver)) for _ in range(4)]
        driver.kill()
        assert driver.stdout is not None
        said += [int(number) for number in driver.stdout.read().split("\n")[:-1]]
    grown(log, least=said[-1])


def test_processes_that_open_a_new_file_together_all_succeed(path: Path) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(running(CREATE, path, name)) for name in "ab"]
        assert [line(other) for other in others] == ["ready"] * 2
        for other in others:
            tell(other)
        assert max(line(other) for other in others) == "2"
    with closing(open_store(path)) as store:
        assert sorted(store.names()) == ["a", "b"]


def grown(log: Log, least: int) -> None:
    """The log is whole groups without a gap, at least so long, and takes more."""
    found = [entry.seq for entry in log.read()]
    assert found == list(range(1, len(found) + 1))
    assert len(found) % 3 == 2
    assert len(found) >= least
    log.acquire()
    log.append(reports(1, after=len(found)))
    log.release()
    assert log.committed == len(found) + 1


@pytest.mark.parametrize("torn", ["cut", "garbage"])
def test_a_write_that_was_torn_at_any_byte_costs_that_group_and_nothing_before(
    torn: str, path: Path, tmp_path: Path
) -> None:
    wal = path.with_name("rung.db-wal")
    with closing(open_store(path)) as store:
        log = store.create("digits", reports(2))
        log.acquire()
        ends = [wal.stat().st_size]  # of the commits, in bytes
        for seq in range(2, 32, 3):
            log.append(reports(3, after=seq))
            log.flush()
            ends.append(wal.stat().st_size)
        files = path.read_bytes(), wal.read_bytes()
    draw = random.Random(torn)
    for number in range(12):
        place = tmp_path / f"{number}"
        place.mkdir()
        at = draw.randrange(ends[0], ends[-1])
        (place / "rung.db").write_bytes(files[0])
        tail = b"" if torn == "cut" else draw.randbytes(len(files[1]) - at)
        (place / "rung.db-wal").write_bytes(files[1][:at] + tail)
        with closing(open_store(place / "rung.db")) as store:
            whole = sum(end <= at for end in ends) - 1
            assert store.log("digits").committed == 2 + 3 * whole
            with closing(sqlite3.connect(place / "rung.db")) as connection, connection:
                connection.execute("UPDATE leases SET expires = 0")  # its holder, this process, lives on
            grown(store.log("digits"), least=2 + 3 * whole)


@pytest.mark.parametrize("part", [b"\0", b"\xff"], ids=["zeros", "ones"])
def test_a_damaged_page_is_an_error_of_one_sentence_and_the_file_stays_as_it_is(
    part: bytes, path: Path
) -> None:
    with closing(open_store(path)) as store:
        store.create("digits", reports(20_000))
    content = bytearray(path.read_bytes())
    page = len(content) // 4096 // 2 * 4096
    content[page : page + 4096] = part * 4096
    path.write_bytes(content)
    with (
        pytest.raises(StoreError, match=r"cannot read the study 'digits' in .*malformed.*recover") as caught,
        closing(open_store(path)) as store,
    ):
        list(store.log("digits").read())
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    with mounted(tmp_path / "disk") as folder:
        yield folder


def test_a_full_disk_loses_nothing_and_heals(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"0" * 700_000)
    big = [ev.Ended(0, 0, "lost", ev.Failure("machine", "killed", "x" * 10_000)) for _ in range(40)]
    with closing(open_store(small_disk / "rung.db")) as store:
        log = store.create("digits", [])
        log.acquire()
        log.append(entries(big))
        with pytest.raises(StoreError, match=r"cannot write the study 'digits'.*full.*Free some space"):
            log.flush()
        with pytest.raises(StoreError, match="full"):
            log.append(reports(1, after=40))
        assert (list(log.read()), log.committed) == ([], 0)
        ballast.unlink()
        log.flush()
        assert list(log.read()) == entries(big)


def test_a_close_that_cannot_write_can_be_repeated(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", [])
    log.acquire()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
        log.append(reports(2))
        for close in (log.close, sqlite.close):
            with pytest.raises(StoreError, match="cannot write"):
                close()
        other.execute("DROP TRIGGER broken")
    log.close()
    assert list(log.read()) == reports(2)


def test_a_commit_that_failed_but_is_durable_is_not_written_twice(
    sqlite: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = sqlite.create("digits", [])
    assert isinstance(log, SqlLog)
    log.acquire()
    failures = iter([sqlite3.OperationalError("disk I/O error")])

    def commit_and_fail(connection: sqlite3.Connection) -> None:
        connection.commit()
        for failure in failures:
            raise failure

    monkeypatch.setattr(log._writing.dialect, "do_commit", commit_and_fail)
    log.append(reports(2))
    with pytest.raises(StoreError, match="disk I/O error"):
        log.flush()
    log.flush()
    assert list(log.read()) == reports(2)


def test_another_program_that_writes_for_long_is_an_error_that_heals(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "BUSY_TIMEOUT_S", 0.01)
    with closing(open_store(path)) as store, closing(sqlite3.connect(path)) as other:
        log = store.create("digits", [])
        log.acquire()
        other.execute("BEGIN IMMEDIATE")
        log.append(reports(2))
        with pytest.raises(StoreError, match=r"locked.*Another program is writing"):
            log.flush()
        other.rollback()
        log.flush()
        assert list(log.read()) == reports(2)


def test_a_file_of_a_newer_rung_is_refused(path: Path) -> None:
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO rung_meta VALUES (99, 0.0)")
    refused(
        path, r"written by a newer rung \(schema 99, this one knows 3\). Upgrade with pip install -U rung"
    )


def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE studies (study_id INTEGER)")
    refused(path, "is another program's database, it has a table 'studies'; nothing was changed")


@pytest.mark.parametrize("content", [b"x", b"x" * 511, b"lr,loss\n0.1,0.5\n" * 1000])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path, "Nothing was changed in it. Name another file")


def refused(path: Path, words: str) -> None:
    """Opening raises these words and changes nothing."""
    before = path.read_bytes()
    with pytest.raises(StoreError, match=words):
        open_store(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with closing(open_store(path)) as store:
        assert store.names() == []


def test_a_damaged_file_is_an_error_that_says_how_to_save_the_rest(path: Path) -> None:
    with closing(open_store(path)) as store:
        store.create("digits", reports(2000))
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half:] = b"\xff" * (len(content) - half)
    path.write_bytes(content)
    with closing(open_store(path)) as store:
        log = store.log("digits")
        with pytest.raises(StoreError, match=r"cannot read the study 'digits' .* malformed.*recover"):
            list(log.read())


def test_an_entry_that_something_else_wrote_is_named(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", reports(3))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("""UPDATE events SET data = '{"type":"Novel"}' WHERE seq = 2""")
    reading = log.read()
    assert list(itertools.islice(reading, 1)) == reports(1)
    with pytest.raises(StoreError, match=r"entry 2 of the study 'digits' .* cannot be understood: .*Novel"):
        next(reading)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the folder .*missing does not exist. Make it"):
        open_store(tmp_path / "missing" / "rung.db")


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is a folder, not a database. Name a file in it, .*rung.db"):
        open_store(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error_about_rights(tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):  # root ignores rights, but cannot make files in /proc
        folder = Path("/proc")
    if not folder.is_dir():
        pytest.skip("root, and no /proc")
    with pytest.raises(StoreError, match=r"cannot open the store in .* Check the rights of that file"):
        open_store(folder / "rung.db")


def test_a_file_that_may_only_be_read_is_an_error_about_rights_and_stays_as_it_is(small_disk: Path) -> None:
    path = small_disk / "rung.db"
    with closing(open_store(path)) as store:
        store.create("digits", reports(3))
    before = path.read_bytes()
    with (
        read_only(small_disk),
        pytest.raises(StoreError, match=r"rights|right to write") as caught,
        closing(open_store(path)) as store,
    ):
        store.log("digits").acquire()
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_who_may_only_read_an_old_kind_of_file_reads_it(small_disk: Path) -> None:
    path = small_disk / "rung.db"
    with closing(open_store(path)) as store:
        store.create("digits", reports(3))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # without a write-ahead log beside it
    with read_only(small_disk), closing(open_store(path)) as store:
        assert list(store.log("digits").read()) == reports(3)


TAKE_TURNS = """
me = int(sys.argv[2])
log = open_store(path).log("digits")
from rung.core import event as ev
from rung.core.event import Entry
say("ready")
hear()
for turn in range(int(sys.argv[3])):
    while True:
        try:
            log.acquire(f"driver {me}")
            break
        except BusyError:
            pass
    seq = log.committed
    for n in range(3):
        log.append([Entry(seq + n + 1, 0.0, ev.Reported(0, 0, 1, {"driver": me, "turn": turn, "n": n}))])
    log.release()
say("done")
"""


def test_of_drivers_that_race_for_the_lease_many_times_only_one_writes_at_a_time(
    store: Store, place: Place
) -> None:
    log = store.create("digits", [])
    drivers, turns = 2, 6
    with ExitStack() as stack:
        racers = [
            stack.enter_context(running(TAKE_TURNS, place.url, str(n), str(turns))) for n in range(drivers)
        ]
        assert [line(racer) for racer in racers] == ["ready"] * drivers
        for racer in racers:
            tell(racer)
        assert [line(racer) for racer in racers] == ["done"] * drivers
    said = [tuple(entry.event.metrics.values()) for entry in log.read()]
    assert len(said) == drivers * turns * 3
    groups = [said[at : at + 3] for at in range(0, len(said), 3)]
    for group in groups:
        assert group == [(*group[0][:2], n) for n in range(3)]
    assert sorted(group[0] for group in groups) == [(n, t, 0) for n in range(drivers) for t in range(turns)]


def test_a_lease_of_before_the_clock_was_set_back_is_neither_lost_nor_left_for_ever(
    store: Store, place: Place
) -> None:
    log = store.create("digits", [])
    log.acquire()
    place.change_lease(expires=time.time() + 3600)  # as if the clock had been set back by an hour since
    with pytest.raises(BusyError):
        store.log("digits").acquire()
    log.append(reports(1))
    log.flush()
    assert place.rows("SELECT expires FROM leases")[0][0] < time.time() + 120  # each commit sets it anew
    place.change_lease(expires=time.time() + 3600, pid=2**30)
    store.log("digits").acquire()  # its holder has died on this machine: no clock is asked
