"""Runs of `quality.py`: a method, a task, a seed."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import msgspec

from outcomes.lines import read


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run of a method on a task.

    Attributes:
        task, method, seed: Which one.
        version: Of the tool.
        evaluations: How many there were.
        incumbents: Each evaluation that became the incumbent, as its number from 1 and its loss without noise. The
            incumbent is the evaluation with the lowest observed loss of those that keep all limits.
        cpu_s, wall_s: What asking and telling took in all.
        error: Why it ended early, if it did.
    """

    task: str
    method: str
    seed: int
    version: str
    evaluations: int
    incumbents: list[tuple[int, float]]
    cpu_s: float
    wall_s: float
    error: str = ""

    def at(self, evaluations: int) -> float:
        """The incumbent's loss after so many evaluations, or all of them if they are fewer; inf if there is none."""
        became = bisect_right(self.incumbents, evaluations, key=lambda each: each[0])
        return self.incumbents[became - 1][1] if became else float("inf")


Key = tuple[str, str, int]
"""Task, method, seed."""


def longest(folders: Sequence[Path]) -> dict[Key, Run]:
    """The longest run of each task, method and seed, in all folders; of equal ones the last."""
    found: dict[Key, Run] = {}
    for folder in folders:
        for run in read(folder, Run):
            key = (run.task, run.method, run.seed)
            if key not in found or run.evaluations >= found[key].evaluations:
                found[key] = run
    return found
