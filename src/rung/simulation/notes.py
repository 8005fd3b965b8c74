"""Notes: what is kept of a simulated run."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Notes:
    """What happened in a run up to its horizon.

    Attributes:
        times: When the incumbent changed, in virtual seconds.
        spent: The units of training that had been reported by then.
        regrets: Of the incumbents.
        results: Reports.
        busy_s: Time that workers had a job, summed over those that ended.
        written: Checkpoints written.
        moved: Jobs that began from the checkpoint of another worker.
        held: Checkpoints that exist.
        most_held: The most there were at once.
        arrived: Trials that reached each target.
        firsts: When the first of them did.
        trained: Units that jobs towards each target have reported.
        jobs: Jobs granted towards each target.
    """

    times: list[float] = field(default_factory=list)
    spent: list[int] = field(default_factory=list)
    regrets: list[float] = field(default_factory=list)
    results: int = 0
    busy_s: float = 0.0
    written: int = 0
    moved: int = 0
    held: int = 0
    most_held: int = 0
    arrived: Counter[int] = field(default_factory=Counter)
    firsts: dict[int, float] = field(default_factory=dict)
    trained: Counter[int] = field(default_factory=Counter)
    jobs: Counter[int] = field(default_factory=Counter)

    def best(self, now: float, spent: int, regret: float) -> None:
        """The incumbent has changed."""
        self.times.append(now)
        self.spent.append(spent)
        self.regrets.append(regret)

    def arrive(self, target: int, now: float) -> None:
        """A trial has reached a target."""
        self.arrived[target] += 1
        if target not in self.firsts:
            self.firsts[target] = now

    def saved(self) -> None:
        """A checkpoint was written."""
        self.written += 1
        self.held += 1
        self.most_held = max(self.most_held, self.held)
