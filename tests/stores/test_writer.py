"""The writer's thread, with a list in place of a disk."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from rung.core.errors import LeaseLostError, StoreError, UnreachableError
from rung.core.event import Entry
from rung.stores import writer as module
from rung.stores.writer import Writer
from stores.samples import reports

PATIENCE_S = 20.0  # only a broken writer lets a test wait so long


class Disk:
    """Commits to a list; can be made to fail, and to wait in the middle of a commit."""

    def __init__(self) -> None:
        self.groups: list[list[Entry]] = []
        self.failure: Exception | None = None
        self.renewal: Callable[[], None] = lambda: None
        self.writing = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def write(self, entries: Sequence[Entry]) -> None:
        self.writing.set()
        assert self.may_go_on.wait(PATIENCE_S)
        if self.failure is not None:
            raise self.failure
        self.groups.append(list(entries))

    def renew(self) -> None:
        self.renewal()

    @property
    def entries(self) -> list[Entry]:
        return [entry for group in self.groups for entry in group]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def writer(disk: Disk) -> Iterator[Writer]:
    writer = Writer(disk.write, disk.renew, [], last=0)
    yield writer
    disk.may_go_on.set()
    writer.stop()


def test_entries_are_committed_soon_without_a_flush(disk: Disk) -> None:
    told = threading.Event()
    writer = Writer(disk.write, disk.renew, [lambda seq: told.set()], last=0)
    writer.append(reports(1))
    assert told.wait(PATIENCE_S)
    assert disk.entries == reports(1)
    writer.stop()


def test_what_comes_during_a_commit_is_one_group_with_the_next(disk: Disk, writer: Writer) -> None:
    disk.may_go_on.clear()
    writer.append(reports(1))
    assert disk.writing.wait(PATIENCE_S)
    writer.append(reports(2, after=1))
    writer.append(reports(1, after=3))
    assert writer.committed == 0
    disk.may_go_on.set()
    writer.flush()
    assert disk.groups == [reports(1), reports(3, after=1)]
    assert writer.committed == 4


def test_a_failed_commit_loses_nothing_and_is_tried_again_by_flush(disk: Disk, writer: Writer) -> None:
    disk.failure = StoreError("the disk is full")
    writer.append(reports(2))
    with pytest.raises(StoreError, match="the disk is full"):
        writer.flush()
    with pytest.raises(StoreError, match="the disk is full"):
        writer.append(reports(1, after=2))
    with pytest.raises(StoreError, match="the disk is full"):
        writer.flush()
    assert (disk.groups, writer.committed, writer.saved) == ([], 0, False)
    disk.failure = None
    writer.flush()
    writer.append(reports(1, after=2))
    writer.flush()
    assert disk.entries == reports(3)
    assert writer.saved


def test_an_entry_that_cannot_be_encoded_is_an_error_that_names_it(disk: Disk, writer: Writer) -> None:
    disk.failure = TypeError("Encoding objects of type Tensor is unsupported")
    writer.append(reports(2))
    with pytest.raises(StoreError, match=r"entries 1 to 2 cannot be written: TypeError: Encoding .* Tensor"):
        writer.flush()


def test_a_lost_lease_is_final(disk: Disk, writer: Writer) -> None:
    disk.failure = LeaseLostError("taken over")
    writer.append(reports(1))
    with pytest.raises(LeaseLostError):
        writer.flush()
    disk.failure = None
    with pytest.raises(LeaseLostError):
        writer.append(reports(1, after=1))
    with pytest.raises(LeaseLostError):
        writer.flush()
    assert disk.groups == []


def test_a_group_is_bounded_and_never_parts_what_was_appended_together(
    disk: Disk, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_GROUP", 4)
    disk.may_go_on.clear()
    writer.append(reports(1))
    assert disk.writing.wait(PATIENCE_S)
    last = 1
    for n in (2, 1, 3, 6, 1, 1):
        writer.append(reports(n, after=last))
        last += n
    disk.may_go_on.set()
    writer.flush()
    assert [len(group) for group in disk.groups] == [1, 3, 3, 6, 2]
    assert disk.entries == reports(15)


def test_a_driver_runs_ahead_of_a_slow_disk_by_two_groups_at_most(
    disk: Disk, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_GROUP", 10)
    monkeypatch.setattr(module, "MAX_AHEAD", 20)
    ahead: list[int] = []

    def write(entries: Sequence[Entry]) -> None:
        ahead.append(writer._last - writer.committed)
        disk.write(entries)

    monkeypatch.setattr(writer, "_write", write)
    for seq in range(1000):
        writer.append(reports(1, after=seq))
    writer.flush()
    assert max(ahead) <= 20
    assert max(len(group) for group in disk.groups) <= 10
    assert disk.entries == reports(1000)


def test_append_waits_while_too_many_entries_wait(
    disk: Disk, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_AHEAD", 3)
    disk.may_go_on.clear()
    writer.append(reports(3))
    returned = threading.Event()

    def append() -> None:
        writer.append(reports(1, after=3))
        returned.set()

    appender = threading.Thread(target=append)
    appender.start()
    assert disk.writing.wait(PATIENCE_S)  # the full buffer does not wait for its 50 ms
    assert not returned.is_set()
    disk.may_go_on.set()
    assert returned.wait(PATIENCE_S)
    appender.join()
    writer.flush()
    assert disk.entries == reports(4)


def test_while_a_database_is_away_more_may_wait_but_not_without_bound(
    disk: Disk, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_AHEAD", 2)
    monkeypatch.setattr(module, "MAX_WAITING", 5)
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.01)
    disk.failure = UnreachableError("nobody there")
    returned = threading.Semaphore(0)

    def append() -> None:
        for seq in range(8):
            writer.append(reports(1, after=seq))
            returned.release()

    appender = threading.Thread(target=append)
    appender.start()
    for _ in range(5):
        assert returned.acquire(timeout=PATIENCE_S)
    assert not returned.acquire(timeout=0.1)
    disk.failure = None
    appender.join()
    writer.flush()
    assert disk.entries == reports(8)


def test_an_idle_writer_renews_its_lease(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENEW_EVERY_S", 0.001)
    renewals = threading.Semaphore(0)
    disk.renewal = renewals.release
    writer = Writer(disk.write, disk.renew, [], last=0)
    for _ in range(3):
        assert renewals.acquire(timeout=PATIENCE_S)
    writer.stop()


def test_a_renewal_that_fails_is_tried_again_silently(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENEW_EVERY_S", 0.001)
    tries = threading.Semaphore(0)

    def locked() -> None:
        tries.release()
        raise StoreError("the database is locked")

    disk.renewal = locked
    writer = Writer(disk.write, disk.renew, [], last=0)
    for _ in range(3):
        assert tries.acquire(timeout=PATIENCE_S)
    writer.append(reports(1))
    writer.flush()
    writer.stop()
    assert disk.entries == reports(1)


def test_an_idle_writer_notices_that_its_lease_is_lost(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENEW_EVERY_S", 0.001)
    renewals = threading.Semaphore(0)

    def taken() -> None:
        renewals.release()
        raise LeaseLostError("taken over")

    disk.renewal = taken
    writer = Writer(disk.write, disk.renew, [], last=0)
    for _ in range(2):  # at the second one, the first is settled
        assert renewals.acquire(timeout=PATIENCE_S)
    with pytest.raises(LeaseLostError):
        writer.append(reports(1))
    writer.stop()
