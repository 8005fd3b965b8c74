"""An engine in a process of its own: what it says arrives, and where its process ends, another one takes its place."""

import logging
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from executors.contract import Hand, job
from executors.fake_engine import FakeEngine
from rung.core.errors import ExecutorError
from rung.executors.base import Joined, Left
from rung.executors.remote import envoy
from rung.executors.remote.envoy import Envoy
from rung.executors.remote.pool import RemotePool


@pytest.fixture
def there(tmp_path: Path) -> Path:
    path = tmp_path / "there"
    path.touch()
    return path


@pytest.fixture
def hand(there: Path) -> Iterator[Hand]:
    found = Hand(RemotePool(Envoy("Fake", partial(FakeEngine, there))), there.parent)
    yield found
    found.pool.close(1.0)


def pid_of_engine(joined: Joined) -> int:
    return int(joined.slot.node)


def test_jobs_and_their_ends_pass_the_process_which_leaves_the_cluster_in_the_end(
    hand: Hand, there: Path
) -> None:
    assert hand.end(job(0, target=1)).outcome == "reached"
    assert hand.end(job(1, target=1)).outcome == "reached"
    assert pid_of_engine(hand.all(Joined)[0]) != os.getpid()
    hand.pool.close(1.0)
    assert there.with_name("left").exists()


def test_a_process_that_ends_is_followed_by_another_one_when_the_cluster_answers_again(
    hand: Hand, there: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(envoy, "AGAIN_S", 0.05)
    caplog.set_level(logging.WARNING, "rung")
    hand.joined(1)
    there.unlink()
    os.kill(pid_of_engine(hand.all(Joined)[0]), signal.SIGKILL)
    left: Left = hand.left()
    assert left.failure.type == "node lost"
    why = "Fake has ended the connection to its cluster: exit status -9"
    assert left.failure.message == f"worker 0 is gone with its node: {why}"
    there.touch()
    assert hand.end(job(0, target=1), hand.comes_after(left)).outcome == "reached"
    assert [record.getMessage() for record in caplog.records] == [
        f"{why}. The run goes on when it answers again",
        "Fake answers again",
    ]


def test_a_cluster_that_is_not_there_at_first_is_an_error_with_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match=r"^there is no cluster$"):
        RemotePool(Envoy("Fake", partial(FakeEngine, tmp_path / "none")))
