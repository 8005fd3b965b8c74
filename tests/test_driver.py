"""The driver's commands to a pool that answers as it is told."""

from collections.abc import Callable

from rung.core import event as ev
from rung.core.budget import Account, Budget
from rung.core.decision import Slot
from rung.core.objective import Objective
from rung.core.resource import Steps
from rung.core.space import Float, Space
from rung.core.state import State
from rung.dispatcher import Dispatcher
from rung.driver import Driver
from rung.executors import base
from rung.partings import RESERVE_S, STEPS, Partings
from rung.schedulers.fifo import FIFO
from rung.searchers.random import RandomSearch
from rung.stores.memory import MemoryStore

SPACE = Space({"x": Float(0.0, 1.0)})
OBJECTIVES = (Objective("loss"),)


class Hand:
    """A pool whose outcomes are given by hand, a list for each wait; `sent` are the driver's commands."""

    holds = True
    trains_apart = False

    def __init__(self, *outcomes: list[base.Outcome]) -> None:
        self.sent: list[tuple[int, base.Command]] = []
        self.wanted: list[int | None] = []
        self._outcomes = list(outcomes)

    def clock(self) -> float:
        return 0.0

    def send(self, worker: int, command: base.Command) -> None:
        self.sent.append((worker, command))

    def wait(self, until: float | None, deliver: Callable[[base.Outcome], None]) -> None:
        for outcome in self._outcomes.pop(0):
            deliver(outcome)

    def want(self, workers: int | None) -> None:
        self.wanted.append(workers)

    def wake(self) -> None:
        raise AssertionError("nobody interrupts")

    def close(self, grace_s: float) -> None:
        assert not self._outcomes


def drive(pool: Hand, trials: int) -> State:
    scheduler = FIFO(max_resource=2).start(SPACE, OBJECTIVES, 0)
    state = State(SPACE, OBJECTIVES, Steps(), scheduler)
    log = MemoryStore().create("s", [])
    log.acquire()
    searcher = RandomSearch().start(SPACE, OBJECTIVES, 0)
    dispatcher = Dispatcher(state, log, searcher, seed=0, tries_defaults=False, clock=pool.clock)
    dispatcher.record(ev.BudgetChanged(Budget(trials=trials)))
    Driver(dispatcher, pool, durable=lambda: state.seq, delete=lambda name: None).run()
    return state


def joined(worker: int) -> base.Joined:
    return base.Joined(Slot(worker))


def trained(trial: int) -> list[base.Outcome]:
    """A trial whose job has its own number arrives at 2, and its worker holds it."""
    report = ev.Reported(trial, trial, 2, {"loss": float(trial)})
    return [report, ev.Ended(trial, trial, "reached", held=True)]


def test_a_worker_that_waits_for_another_one_saves_what_it_holds() -> None:
    saved = ev.Saved(0, 0, 2, "0/2.0")
    pool = Hand([joined(0), joined(1)], trained(0), [saved], trained(1), [base.Released(0)])
    state = drive(pool, trials=2)
    assert pool.wanted == [None, None, 1, 1, 0]  # as many as have something to do; before the end all would
    commands = [(worker, command) for worker, command in pool.sent if not isinstance(command, base.Start)]
    assert commands == [
        (0, base.Keep()),
        (0, base.Release(save=True)),  # the best: what is saved already is not written again
        (1, base.Release(save=False)),
    ]
    assert [each.checkpoint for each in state.trials[0].checkpoints] == ["0/2.0"]


def test_a_job_whose_checkpoint_is_damaged_is_granted_again_from_the_start() -> None:
    failure = ev.Failure("machine", "CheckpointDamagedError", "checkpoint 0/1.0 is damaged")
    lost = ev.Failure("machine", "worker lost", "killed")
    pool = Hand(
        [joined(0)],
        [ev.Reported(0, 0, 1, {"loss": 1.0}), ev.Saved(0, 0, 1, "0/1.0"), base.Left(0, lost), joined(1)],
        [ev.Ended(1, 0, "lost", failure)],
        [ev.Reported(2, 0, 2, {"loss": 0.5}), ev.Ended(2, 0, "reached")],
    )
    state = drive(pool, trials=1)
    jobs = [command.job for _, command in pool.sent if isinstance(command, base.Start)]
    assert [(job.start, job.restore, job.attempt) for job in jobs] == [
        (0, None, 1),
        (1, "0/1.0", 1),
        (0, None, 1),
    ]
    assert (state.account.resource, state.account.trained) == (2, 3)


def test_a_worker_that_is_about_to_leave_saves_its_trial_and_gets_no_other() -> None:
    gone = ev.Failure("machine", "exited", "its machine is taken away")
    pool = Hand(
        [joined(0)],
        [ev.Reported(0, 0, 1, {"loss": 1.0}), base.Leaving(0)],
        [ev.Saved(0, 0, 1, "0/1.0"), ev.Ended(0, 0, "yielded")],
        [base.Left(0, gone), joined(1)],
        [ev.Reported(1, 0, 2, {"loss": 0.5}), ev.Ended(1, 0, "reached")],
    )
    state = drive(pool, trials=1)
    assert [(worker, type(command)) for worker, command in pool.sent] == [
        (0, base.Start),
        (0, base.Yield),
        (1, base.Start),
    ]
    assert state.account.trained == 2  # nothing was trained twice


def test_no_job_starts_where_too_little_time_is_left_and_what_a_worker_holds_there_is_saved() -> None:
    late = base.Joined(Slot(0, ends_at=RESERVE_S))
    pool = Hand([late, joined(1)], trained(0), [base.Released(0)])
    drive(pool, trials=1)
    assert {worker for worker, _ in pool.sent} == {1}


def test_a_worker_is_left_in_time_to_end_a_step_and_to_save() -> None:
    account = Account(Budget())
    account.trained, account.seconds = 10, 50.0
    partings = Partings()
    partings.join(Slot(3, ends_at=100.0))
    partings.join(Slot(4))
    due = 100.0 - RESERVE_S - STEPS * 5.0
    assert partings.next(account) == due
    assert not list(partings.due(due - 1.0, account))
    assert list(partings.due(due, account)) == [3]
    assert partings.next(account) is None
