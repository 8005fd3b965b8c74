"""The pool of agents, with agents that say what a test wants."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest

from executors.contract import job
from rung.core.decision import Slot
from rung.core.errors import ExecutorError
from rung.core.event import Ended, Failure
from rung.executors.base import Joined, Leaving, Left, Outcome, Release, Start
from rung.executors.remote import pool as remote
from rung.executors.remote.agent import Mail, Order
from rung.executors.remote.pool import DEATHS, EngineGoneError, RemotePool


class Hand:
    """An agent whose mails are written by hand."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, list[Order]]] = []
        self.waiting: Future[Mail] | None = None
        self.is_dismissed = False

    def tell(self, number: int, orders: Sequence[Order]) -> None:
        self.calls.append(("tell", number, list(orders)))

    def listen(self, number: int, orders: Sequence[Order]) -> "Future[Mail]":
        assert self.waiting is None or self.waiting.done(), "a mail is on its way already"
        self.calls.append(("listen", number, list(orders)))
        self.waiting = Future()
        return self.waiting

    def close(self, grace_s: float) -> "Future[None]":
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def dismiss(self) -> None:
        self.is_dismissed = True

    def says(self, *outcomes: Outcome, error: str | None = None) -> None:
        assert self.waiting is not None
        self.waiting.set_result(Mail(outcomes, error))

    def dies(self, words: str) -> None:
        assert self.waiting is not None
        self.waiting.set_exception(ConnectionError(words))


class Engine:
    """Places an agent at once in place of each that is lost."""

    def __init__(self, n: int) -> None:
        self.hands = [Hand() for _ in range(n)]
        self.is_closed = False
        self.n_given_back = 0

    def open(self, placed: Callable[[Hand], None]) -> None:
        self._placed = placed
        for hand in self.hands:
            placed(hand)

    is_elastic = False

    def given_back(self, handle: Hand) -> None:
        self.n_given_back += 1

    def grow(self) -> None:
        for _ in range(self.n_given_back):
            self.lost(self.hands[0])
        self.n_given_back = 0

    def lost(self, handle: Hand) -> None:
        self.hands.append(Hand())
        self._placed(self.hands[-1])

    def close(self) -> None:
        self.is_closed = True


def turn(pool: RemotePool) -> list[Outcome]:
    """What one wait delivers, where all that is to come has come."""
    found: list[Outcome] = []
    pool.wait(pool.clock(), found.append)
    return found


def joined(n: int) -> tuple[Engine, RemotePool]:
    engine = Engine(n)
    pool = RemotePool(engine)
    turn(pool)
    turn(pool)  # now each is listened to
    for hand in engine.hands:
        hand.says(Joined(Slot(0, node="far")))
    assert [outcome.slot.worker for outcome in turn(pool) if isinstance(outcome, Joined)] == list(range(n))
    return engine, pool


def test_what_is_said_in_one_turn_travels_in_one_call_which_asks_for_the_next_mail() -> None:
    engine, pool = joined(1)
    (hand,) = engine.hands
    hand.calls.clear()
    pool.send(0, Release(save=False))
    pool.send(0, Start(job(7)))
    turn(pool)
    pool.send(0, Release(save=True))
    turn(pool)
    assert hand.calls == [
        ("listen", 1, [(0, Release(save=False)), (0, Start(job(7)))]),
        ("tell", 2, [(0, Release(save=True))]),
    ]


def test_workers_have_numbers_of_their_own_though_agents_count_from_0() -> None:
    engine, pool = joined(2)
    turn(pool)
    gone = Failure("machine", "killed", "worker 0 (pid 5) was killed by signal 9")
    engine.hands[1].says(Left(0, gone), Joined(Slot(1, node="far")))
    assert turn(pool) == [Left(1, gone), Joined(Slot(2, node="far"))]
    pool.send(1, Release(save=False))  # has left: nobody hears it
    pool.send(2, Release(save=False))
    turn(pool)
    assert engine.hands[1].calls[-1][2] == [(1, Release(save=False))]


def test_an_agent_that_dies_takes_its_worker_with_it_and_is_not_heard_again() -> None:
    engine, pool = joined(1)
    (hand,) = engine.hands
    pool.send(0, Start(job(0)))
    turn(pool)
    hand.dies("connection reset\nby peer")
    (left,) = turn(pool)
    assert left == Left(
        0,
        Failure("machine", "node lost", "worker 0 is gone with its node: ConnectionError: connection reset"),
    )
    assert hand.is_dismissed
    assert len(engine.hands) == 2


def test_agents_that_never_begin_end_the_run() -> None:
    engine = Engine(1)
    pool = RemotePool(engine)
    turn(pool)
    with pytest.raises(
        ExecutorError, match=f"{DEATHS} workers in a row were gone before they could begin: .*no room"
    ):
        for _ in range(DEATHS):
            turn(pool)
            engine.hands[-1].dies("no room")
            turn(pool)


def test_an_engine_that_is_gone_places_others_by_itself_and_ends_no_run() -> None:
    engine, pool = joined(1)
    waiting = [Hand() for _ in range(DEATHS)]  # in vain, as the cluster is full
    for hand in waiting:
        engine._placed(hand)
    turn(pool)
    turn(pool)
    for hand in [*engine.hands, *waiting]:
        assert hand.waiting is not None
        hand.waiting.set_exception(EngineGoneError("the head is gone"))
    (left,) = turn(pool)
    assert left.failure.message == "worker 0 is gone with its node: the head is gone"
    assert len(engine.hands) == 1  # it was not asked for others


def test_an_agent_that_can_never_train_ends_the_run_with_its_words_and_what_it_said_before_is_kept() -> None:
    engine, pool = joined(1)
    turn(pool)
    engine.hands[0].says(Ended(0, 0, "reached"), error="workers on far cannot see /data")
    found: list[Outcome] = []
    with pytest.raises(ExecutorError, match="cannot see /data"):
        pool.wait(pool.clock(), found.append)
    pool.wait(pool.clock(), found.append)
    assert found == [Ended(0, 0, "reached")]


def test_closing_dismisses_all_and_leaves_the_cluster_once() -> None:
    engine, pool = joined(2)
    pool.close(1.0)
    pool.close(1.0)
    assert all(hand.is_dismissed for hand in engine.hands)
    assert engine.is_closed


def test_an_elastic_cluster_gets_back_what_has_nothing_to_do_and_is_asked_again_when_there_is_work(
    monkeypatch,
) -> None:
    monkeypatch.setattr(remote, "LOOK_S", 0.0)
    monkeypatch.setattr(remote, "IDLE_S", 0.0)
    monkeypatch.setattr(remote, "GOODBYE_S", 0.0)
    engine, pool = joined(3)
    engine.is_elastic = True
    pool.send(1, Start(job(0)))
    pool.want(1)
    assert turn(pool) == []  # there must be too many for a while
    assert turn(pool) == [Leaving(0), Leaving(2)]
    left = turn(pool)
    assert {(each.worker, each.failure.type) for each in left} == {(0, "given back"), (2, "given back")}
    assert [hand.is_dismissed for hand in engine.hands] == [True, False, True]
    turn(pool)
    assert len(engine.hands) == 3
    pool.want(None)
    turn(pool)
    assert len(engine.hands) == 5


def test_a_cluster_that_is_there_in_any_case_is_kept(monkeypatch) -> None:
    monkeypatch.setattr(remote, "LOOK_S", 0.0)
    monkeypatch.setattr(remote, "IDLE_S", 0.0)
    engine, pool = joined(2)
    pool.want(0)
    assert [turn(pool) for _ in range(3)] == [[], [], []]
    assert not any(hand.is_dismissed for hand in engine.hands)
