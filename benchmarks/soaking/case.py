"""A case: all that is known of a round when it is over, for the check to judge, as plain values."""

from dataclasses import dataclass, field

from rung.core.event import Entry
from soaking.driver import Outcome
from soaking.evidence import Durable, Trained
from soaking.plan import Plan

PAUSED, REPLACED = "driver paused", "driver replaced while it slept"
"""Faults in which a driver stands still."""

LOCKED, FULL, RESTARTED, CUT = "file locked", "disk full", "database restarted", "connections cut"
"""Faults in which its database is away."""

DELAYING = (PAUSED, REPLACED, LOCKED, FULL, RESTARTED, CUT)
"""Faults during which nothing is committed."""


@dataclass
class Run:
    """A process that drove the study, or tried to.

    Attributes:
        number: From 0.
        session: Which budget it was given.
        pid: Its process id.
        begun, ended: When it was started and had ended, by the monotonic clock.
        status: Its exit status.
        outcome: How its run ended; None: it could not say.
        killed: Whether it was killed on purpose.
        fenced: Whether it was stopped until another one could take the study over.
        hung: Whether it had to be ended, as it did not end by itself.
        may_raise: Exceptions that the faults done to it explain.
    """

    number: int
    session: int
    pid: int
    begun: float
    ended: float | None = None
    status: int | None = None
    outcome: Outcome | None = None
    killed: bool = False
    fenced: bool = False
    hung: bool = False
    may_raise: set[str] = field(default_factory=set)

    @property
    def in_order(self) -> bool:
        """Whether `study.run` has returned."""
        return self.outcome is not None and self.outcome.error is None


@dataclass(frozen=True)
class Fault:
    """Something that was broken on purpose.

    Attributes:
        kind: What.
        run: The run that it met.
        begun, ended: When, by the monotonic clock.
        pid: The process that it met, if it was one.
    """

    kind: str
    run: int
    begun: float
    ended: float
    pid: int | None = None


@dataclass
class Kept:
    """A checkpoint that was found when all was over.

    Attributes:
        name: Its name.
        fault: What is wrong with it; None: it is what was saved.
        state: Trial and step in it.
    """

    name: str
    fault: str | None
    state: tuple[int, int] | None


@dataclass
class Case:
    """What is known of a round.

    Attributes:
        plan: The round.
        wall: What to subtract from the times of the log to have the monotonic clock's.
        entries: The log.
        trained: What trainings wrote.
        durable: What watchers in the drivers were told to be safe.
        seen: What an onlooker has read meanwhile: digests by the number of the entry.
        runs: The drivers.
        faults: What was broken.
        kept: The checkpoints that are there.
        tampered: Names of checkpoints that were broken.
        leftovers: Files that nobody needs, in words.
        orphans: Processes that outlived their driver, in words.
    """

    plan: Plan
    wall: float
    entries: list[Entry]
    trained: list[Trained]
    durable: list[Durable]
    seen: dict[int, str]
    runs: list[Run]
    faults: list[Fault]
    kept: list[Kept]
    tampered: set[str]
    leftovers: list[str]
    orphans: list[str]
