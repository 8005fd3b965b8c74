"""The seam between the driver and any place where jobs run.

The driver sends commands to workers and is delivered outcomes. On the worker's side a callable made elsewhere
(`rung.trial`) does the training and speaks through a `Channel`; executors only carry what it says.

A worker that reached its target *holds* the trial: its callable has said `Ended(held=True)` and waits for the
next command. A `Job` for the same trial makes it go on at once; `Release` makes it leave the trial, saving it
first on request. The driver always releases a worker before it sends a job for another trial.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from rung.core.decision import Slot
from rung.core.event import Ended, Failure, Reported, Sampled, Saved
from rung.core.job import Job

# To a worker


class Yield(msgspec.Struct, frozen=True, tag=True):
    """Hand back control of this job at the next report; ignored if the job is over."""

    job: int


class Release(msgspec.Struct, frozen=True, tag=True):
    """Leave the trial that you hold; with `save`, write its checkpoint first if the training can."""

    save: bool


class Keep(msgspec.Struct, frozen=True, tag=True):
    """Write a checkpoint of the trial that you hold, if the training can, and hold it on."""


class Start(msgspec.Struct, frozen=True, tag=True):
    """Begin or go on with a job.

    Attributes:
        job: The job.
        port: Where the processes of a gang find each other in this trial; None: until a gang has chosen one.
    """

    job: Job
    port: int | None = None


Command = Start | Yield | Release | Keep


class Leave(msgspec.Struct, frozen=True):
    """The machine wants the process gone (SIGTERM): save, end the job, leave. Drivers do not send it."""


# From a pool


class Joined(msgspec.Struct, frozen=True):
    """A worker is there and free."""

    slot: Slot


class Leaving(msgspec.Struct, frozen=True):
    """A worker is about to go, as its machine is taken away: give it nothing any more."""

    worker: int


class Left(msgspec.Struct, frozen=True):
    """A worker is gone, with its job if it had one.

    Attributes:
        worker: Which one.
        failure: Why. A fault of the machine: its job is granted again; of the configuration (out of memory,
            time-out): its trial has failed.
    """

    worker: int
    failure: Failure


class Released(msgspec.Struct, frozen=True, tag=True):
    """A worker has left the trial that it held: the checkpoint asked for is written, or there is none."""

    trial: int


Message = Reported | Saved | Sampled | Ended | Released
"""What a worker says; the driver stamps and records it, but for `Released`, which only tells it to go on."""

Outcome = Message | Joined | Leaving | Left


class Channel(Protocol):
    """The worker's end, given to the callable with each first job of a trial."""

    def send(self, message: Message) -> None:
        """Say something to the driver."""
        ...

    def receive(self, wait: bool) -> Command | Leave | None:
        """The next command; None if there is none and `wait` is false, or if the driver is gone."""
        ...


class Call(Protocol):
    """Does the training of a trial, from its first job here until it is released; raises nothing.

    One exception: where Ctrl-C is not ignored, that is in the driver's own process, it lets
    `KeyboardInterrupt` through, once it has said `Ended(yielded)`.
    """

    @property
    def output(self) -> str | None:
        """Folder for what trainings print where workers are processes, a file a trial; None: not kept."""
        ...

    @property
    def shared(self) -> str | None:
        """The folder that the machines of all workers must see; None: there is none."""
        ...

    def __call__(self, job: Job, channel: Channel) -> None:
        """Train."""
        ...


class Pool(Protocol):
    """Workers, started."""

    @property
    def holds(self) -> bool:
        """Whether workers can hold a trial; if not, each is released as soon as it is at rest."""
        ...

    @property
    def trains_apart(self) -> bool:
        """Whether workers train while the driver does something else."""
        ...

    def clock(self) -> float:
        """Now, in seconds: Unix time, or virtual time."""
        ...

    def send(self, worker: int, command: Command) -> None:
        """Give a command to a worker. A command to one that has just left is dropped; `Left` will tell."""
        ...

    def wait(self, until: float | None, deliver: Callable[[Outcome], None]) -> None:
        """Block until something happened, at most to the time `until`, and deliver each outcome, in order.

        Deliveries happen on the caller's thread; the receiver may call `send` within one. The first call
        delivers a `Joined` for each worker that is ready; later ones may come at any time.
        """
        ...

    def want(self, workers: int | None) -> None:
        """So many workers have something to do; None: all would. Where machines come when asked for, they do."""
        ...

    def wake(self) -> None:
        """Make a `wait` in progress return soon; may be called from a signal handler or another thread."""
        ...

    def close(self, grace_s: float) -> None:
        """End all workers: ask them to finish, and after `grace_s` seconds end them by force. Idempotent."""
        ...


class Executor(Protocol):
    """The options of a pool."""

    def start(self, call: Call) -> Pool:
        """Start workers that will run `call`.

        Raises:
            ExecutorError: If they cannot be started.
        """
        ...
