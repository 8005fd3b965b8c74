"""Who is let in where the machines of a gang meet."""

import select
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rung.executors.worker import meeting
from rung.executors.worker.meeting import Meeting, admitted, joined

LIMIT_S = 20.0
HOST = "127.0.0.1"


@pytest.fixture
def there() -> Iterator[Meeting]:
    found = Meeting(outposts=1)
    yield found
    found.close()


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_strangers_are_sent_away_and_who_knows_the_secret_is_let_in(there, aside, monkeypatch):
    monkeypatch.setattr(meeting, "GREETING_S", 1.0)
    silent = socket.create_connection((HOST, there.port))
    stranger = aside.submit(joined, HOST, there.port, "another secret")
    friend = aside.submit(joined, HOST, there.port, there.token)
    with silent, admitted(there.listener, there.token) as here, friend.result(LIMIT_S) as outpost:
        if not stranger.done():  # it stands behind the friend
            there.close()
        with pytest.raises(OSError):  # refused or reset, as the system words it
            stranger.result(LIMIT_S)
        outpost.sendall(b"here")
        assert here.recv(4) == b"here"


def test_an_outpost_serves_nobody_who_does_not_know_the_secret(there, aside):
    outpost = aside.submit(joined, HOST, there.port, there.token)
    link, _ = there.listener.accept()
    with link:
        nonce = bytes(32)
        link.sendall(nonce + nonce)  # as good as any guess
        with pytest.raises(ConnectionError, match="does not know the secret"):
            outpost.result(LIMIT_S)


def test_a_proof_that_was_overheard_is_of_no_use_to_another(there, aside):
    outpost = aside.submit(joined, HOST, there.port, there.token)
    with admitted(there.listener, there.token), outpost.result(LIMIT_S):
        pass
    overheard = aside.submit(joined, HOST, there.port, there.token)
    first, _ = there.listener.accept()
    first.sendall(bytes(32))
    said = first.recv(64, socket.MSG_WAITALL)
    first.close()
    with pytest.raises(ConnectionError):
        overheard.result(LIMIT_S)
    thief = socket.create_connection((HOST, there.port))
    guard = aside.submit(admitted, there.listener, there.token)
    thief.recv(32, socket.MSG_WAITALL)
    thief.sendall(said)
    assert thief.recv(32) == b""
    thief.close()
    with joined(HOST, there.port, there.token), guard.result(LIMIT_S):
        pass


def test_who_waits_where_nobody_will_come_any_more_learns_of_it(there, aside):
    waiting = aside.submit(joined, HOST, there.port, there.token)
    select.select([there.listener], [], [], LIMIT_S)  # it has come
    port = there.port
    there.close()
    with pytest.raises(ConnectionError):
        waiting.result(LIMIT_S)
    with pytest.raises(ConnectionRefusedError):
        joined(HOST, port, there.token)
