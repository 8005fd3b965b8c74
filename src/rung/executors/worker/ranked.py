"""The channels of a trial that several processes train: what rank 0 is told reaches the others.

Rank 0 speaks with the driver as a training alone does. At each step it says how that went on, and the others wait for
it: so all leave their loops at the same step, and none runs ahead of a save.
"""

from collections.abc import Callable

import msgspec

from rung.core.event import Ended
from rung.executors.base import Channel, Command, Leave, Message


class Verdict(msgspec.Struct, frozen=True, tag=True):
    """How rank 0 went on after a step.

    Attributes:
        resource: The step.
        target: Where the next decision falls.
        goes_on: Whether training goes on; else the trial is left.
    """

    resource: int
    target: int
    goes_on: bool


class Back(msgspec.Struct, frozen=True, tag=True):
    """The training function has come back in this rank."""


class Ranked:
    """The channel of one of several processes that train a trial together.

    Attributes:
        rank: Its number, from 0.
        world_size: How many there are.
    """

    def __init__(self, rank: int, world_size: int) -> None:
        self.rank = rank
        self.world_size = world_size


class First(Ranked):
    """That of rank 0: the driver's commands come here, and what is said here reaches the driver.

    Args:
        world_size: How many ranks there are.
        channel: That of a training alone.
        say: Says a verdict to the others.
    """

    def __init__(self, world_size: int, channel: Channel, say: Callable[[Verdict], None]) -> None:
        super().__init__(0, world_size)
        self._channel = channel
        self.say = say

    def send(self, message: Message) -> None:
        """Say something to the driver."""
        self._channel.send(message)

    def receive(self, wait: bool) -> Command | Leave | None:
        """The next command; see the protocol."""
        return self._channel.receive(wait)


class Other(Ranked):
    """That of a rank above 0: nothing but a failure leaves it, and verdicts are all that arrives.

    Args:
        rank: Its number.
        world_size: How many ranks there are.
        fail: Says that the training has failed here.
        hear: Waits for the next verdict.
    """

    def __init__(
        self, rank: int, world_size: int, fail: Callable[[Ended], None], hear: Callable[[], Verdict]
    ) -> None:
        super().__init__(rank, world_size)
        self._fail = fail
        self.hear = hear

    def send(self, message: Message) -> None:
        """Say that the training has failed here; all else is for rank 0 to say."""
        if isinstance(message, Ended):
            self._fail(message)

    def receive(self, wait: bool) -> None:
        """Nothing: commands are for rank 0."""
