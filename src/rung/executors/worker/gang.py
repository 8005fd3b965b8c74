"""The process of a worker whose trials are trained by several processes: `python -m rung.executors.worker.gang`.

It trains nothing. It starts the ranks, which live as long as it does, and stands between them and the driver, to which
it looks like a worker that trains alone: rank 0 gets the commands and says the reports, the others get each trial's
first job and the verdicts of rank 0 (`ranked.py`). As it never trains it is never blocked, and sees at once what
befalls a rank: one that dies takes the gang along, by the same signal; one that raises has failed the trial, and
another gang takes the place of this one, as the other ranks may wait for each other for ever.

Rank 0 stands on this machine. Where a gang spans several, outposts start the ranks on the others (`ranks.py`), and end
them when this process is gone.
"""

import faulthandler
import os
import re
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import msgspec

from rung.core.event import Ended, Failure
from rung.core.job import Job
from rung.executors import messages
from rung.executors.base import Command, Leave, Message, Release, Start
from rung.executors.messages import Frames, frame
from rung.executors.worker.connection import die_with, leave
from rung.executors.worker.mustering import Muster, mustered
from rung.executors.worker.ranked import Back, Verdict
from rung.executors.worker.ranks import Rank, Saying, Source, received
from rung.executors.worker.usage import Metered
from rung.executors.worker.wire import Used

GRACE_S = 1.0  # after the first failure: that of another rank may be its cause
_ECHO = re.compile(r"[Cc]onnection|NCCL|gloo|[Bb]roken pipe|[Tt]imed out")


def main(socket_number: int, setup_number: int, driver: int, *numbers: int) -> None:
    """Serve until the driver is gone or the machine wants this process gone.

    Args:
        socket_number: File descriptor of the connection to the driver.
        setup_number: File descriptor of the file that holds a `Setup`, shared by all workers.
        driver: Process id of the driver.
        numbers: How many ranks each machine has; where there are several, also the file descriptor of the port where
            the others come, and how many they are.
    """
    die_with(driver)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    connection = _Driver(socket.socket(fileno=socket_number))
    Gang(connection, mustered(setup_number, connection.send, *numbers)).serve()


class Gang:
    """The ranks, and what is known of their trial.

    `_orders` holds commands for rank 0 that wait until all ranks have come back from the trial before; `_heard` what
    ranks have said, in order, until it is dealt with, with None for the end of one.
    """

    def __init__(self, driver: "_Driver", muster: Muster) -> None:
        self._driver = driver
        self._metered = Metered(driver)
        self._muster = muster
        self._near = muster.near
        self._first = muster.near[0]
        self._others = muster.others
        self._orders: deque[Command] = deque()
        self._heard: deque[tuple[Rank, Saying | None]] = deque()
        self._n_ready = 0
        self._n_out = 0  # ranks in the training function
        self._job: Job | None = None  # the open one
        self._is_bound = False  # rank 0 has a trial that it was not told to leave
        self._end: Ended | None = None  # a failure of rank 0, until it is known how it has left
        self._drains = False
        self._leaves = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(driver.link, selectors.EVENT_READ, None)
        for source in muster.sources:
            self._selector.register(source.link, selectors.EVENT_READ, source)
        signal.signal(signal.SIGTERM, self._terminate)

    @property
    def _ranks(self) -> Sequence[Rank]:
        return self._first, *self._others

    def serve(self) -> None:
        """Until all ranks have ended."""
        while any(rank.is_there for rank in self._ranks):
            for key, _ in self._selector.select():
                if key.data is None:
                    self._listen_to_driver()
                else:
                    self._listen_to(key.data)
                    self._deal()

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        """Rank 0 saves and leaves, and all others with it."""
        self._leaves = True
        self._first.popen.terminate()

    # The driver

    def _listen_to_driver(self) -> None:
        if not self._driver.read():
            self._selector.unregister(self._driver.link)
            self._drain()
        while (command := self._metered.receive(False)) is not None:
            assert not isinstance(command, Leave)  # drivers do not send it
            if self._orders or self._begins(command):
                self._orders.append(command)
            else:
                self._order(command)
        self._go_on()

    def _drain(self) -> None:
        """No more commands will come: rank 0 ends when it has done what it does, and the others after it."""
        self._drains = True
        self._first.say_no_more()

    def _go_on(self) -> None:
        """Give out what waits, once nobody is in a trial."""
        if self._n_out:
            return
        if self._orders:
            start = self._orders.popleft()
            assert isinstance(start, Start)  # see above
            start = Start(start.job, self._muster.ports.next())
            self._metered.begin(start.job)
            self._n_out, self._is_bound = len(self._ranks), True
            for rank in self._others:
                rank.say(start)
            self._order(start)
        while self._orders and not self._begins(self._orders[0]):
            self._order(self._orders.popleft())

    def _begins(self, command: Command) -> bool:
        """Whether a command is a trial's first job here."""
        return isinstance(command, Start) and not self._is_bound

    def _order(self, command: Command) -> None:
        if isinstance(command, Start):
            self._job = command.job
        elif isinstance(command, Release):
            self._is_bound = False
        self._first.say(command)

    # The ranks

    def _listen_to(self, source: Source) -> None:
        self._heard.extend(source.read())
        if not source.is_open:
            self._selector.unregister(source.link)

    def _deal(self) -> None:
        """Deal with what was heard."""
        while self._heard:
            rank, said = self._heard.popleft()
            if said is None:
                self._ended(rank)
            elif isinstance(said, Ended) and (rank.number or said.failure is not None):
                self._failed(rank, said)
            else:
                self._said(rank, said)

    def _said(self, rank: Rank, said: Saying) -> None:
        match said:
            case messages.Ready():
                self._n_ready += 1
                if self._n_ready == len(self._ranks):
                    self._driver.send(said)
            case messages.Broken() | messages.Spent() | messages.Refused():
                self._driver.send(said)
            case Used():
                self._metered.elsewhere(rank.number, said)
            case Verdict():
                self._concluded(said)
            case Back():
                self._n_out -= 1
                if rank.number == 0 and self._end is not None:
                    self._judge(rank, self._end)
                self._go_on()
            case _:
                self._say(said)

    def _concluded(self, verdict: Verdict) -> None:
        for rank in self._others:
            rank.say(verdict)
        if not verdict.goes_on and self._end is not None:  # it has diverged: all leave in order
            self._say(self._end)
            self._end = None

    def _say(self, message: Message) -> None:
        if isinstance(message, Ended):
            self._job = None
            self._is_bound = self._is_bound and message.held
        self._metered.send(message)

    # Failures

    def _failed(self, rank: Rank, ended: Ended) -> None:
        if rank.number == 0:
            self._end = ended  # judged when it is known whether it has raised
        else:
            self._judge(rank, ended)

    def _judge(self, rank: Rank, ended: Ended) -> NoReturn:
        """A rank has raised: find out whether another one is the cause, tell the driver, and make room."""
        # Not by equality: ranks may fail in the same words.
        before = [] if self._end is None or self._end is ended else [(self._first, self._end)]
        rank, ended = self._cause([*before, (rank, ended)])
        if self._job is None:  # the trial is held: there is no job to fail
            _log(f"{rank} has failed while its trial was at rest")
            self._die(1)
        if ended.failure is not None and rank.number:
            ended = msgspec.structs.replace(ended, failure=_named(ended.failure, rank.number))
        self._driver.spent = f"{rank} had failed, and all ranks with it"
        self._say(msgspec.structs.replace(ended, job=self._job.number))
        self._die(0)

    def _cause(self, found: list[tuple[Rank, Ended]]) -> tuple[Rank, Ended]:
        """The failure that is not the echo of another one; does not return where a rank has died."""
        found = found + self._failures()
        until = time.monotonic() + GRACE_S
        while len(found) < len(self._ranks) and (left := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                if key.data is None:  # it can wait
                    self._selector.unregister(self._driver.link)
                else:
                    self._listen_to(key.data)
            found += self._failures()
        return min(found, key=lambda each: (_is_echo(each[1]), each[0].number))

    def _failures(self) -> list[tuple[Rank, Ended]]:
        """Those that were heard of and not dealt with yet; all else does not matter any more."""
        found = []
        while self._heard:
            rank, said = self._heard.popleft()
            if said is None:
                self._ended(rank)
            elif isinstance(said, Ended):
                found.append((rank, said))
        return found

    def _ended(self, rank: Rank) -> None:
        """The process of a rank is gone: in order, or all go the same way."""
        if rank is self._first and (self._drains or (self._leaves and rank.status == 0)):
            self._drains = True
            for other in self._others:
                other.say_no_more()
        if self._drains:
            return
        _log(f"{rank} {_end(rank.status)}")
        self._die(1 if rank.status is None else rank.status)

    def _die(self, status: int) -> NoReturn:
        """End as a rank has ended; the driver ends what is left here, outposts what is left elsewhere."""
        for rank in self._near:
            rank.popen.kill()
        if status < 0:
            if status != -signal.SIGKILL:
                signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
        os._exit(status)


class _Driver:
    """The connection to the driver, as a channel.

    Attributes:
        link: The socket.
        spent: Why this gang cannot go on after what is said next; empty: it can.
    """

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.spent = ""
        self._frames = Frames()
        self._commands: deque[Command] = deque()

    def read(self) -> bool:
        """Take what has arrived; whether there will be more."""
        data = received(self.link)
        self._commands.extend(map(messages.commands.decode, self._frames.feed(data)))
        return bool(data)

    def send(self, message: messages.Said) -> None:
        """Say something; without a driver there is no reason to live."""
        data = frame(message)
        if self.spent and isinstance(message, Ended):
            data = frame(messages.Spent(self.spent)) + data
        try:
            self.link.sendall(data)
        except OSError:
            leave()

    def receive(self, wait: bool) -> Command | None:
        """The next command that has been read."""
        return self._commands.popleft() if self._commands else None


def _named(failure: Failure, rank: int) -> Failure:
    return msgspec.structs.replace(failure, message=f"rank {rank}: {failure.message}")


def _is_echo(ended: Ended) -> bool:
    return ended.failure is not None and _ECHO.search(ended.failure.message) is not None


def _end(status: int | None) -> str:
    if status is None:
        return "is gone with its machine"
    return f"was killed by signal {-status}" if status < 0 else f"exited with code {status}"


def _log(sentence: str) -> None:
    """Into what the driver keeps of a worker that has died."""
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
