"""The sentences for a program that does not keep to the protocol: what is wrong, what was given, what to do."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one study, and the sentences that are made of them.

    Attributes:
        program: The program's name.
        unit: What a unit of resource is called.
        objectives: Metrics that a report must hold.
    """

    program: str
    unit: str
    objectives: tuple[str, ...]

    def silent(self, broken: str | None, others: Collection[str], on_stderr: bool) -> str:
        """It ended well and reported nothing.

        Args:
            broken: A line that was to be JSON.
            others: What it reported in place of the objective.
            on_stderr: Whether the objective stood on standard error.
        """
        goal = " and ".join(self.objectives)
        if on_stderr:
            return (
                f"{self.program} printed {goal} on standard error, where progress bars live and nothing is read. "
                "Print it on standard output, or write it to the file $RUNG_REPORTS."
            )
        if broken is not None:
            return (
                f"{self.program} printed half a report, or one that is no JSON: {broken!r:.80}. "
                f"Print a JSON object on a line of its own: {self.example()}."
            )
        if others:
            return (
                f"{self.program} reported {', '.join(others)}, but not the objective {goal}. "
                f"Print a line such as {self.example()}, or name another objective."
            )
        return (
            f"{self.program} ended without a report. Print a line such as {self.example()} or {self._pair()}."
        )

    def lacking(self, given: Collection[str], step: int) -> str:
        """The report at the target does not hold an objective."""
        missing = next(name for name in self.objectives if name not in given)
        held = ", ".join(given) or "nothing"
        return (
            f"the report of {self.program} at {self.unit} {step} lacks the objective {missing!r}; it holds {held}. "
            f"Print {self.example()}."
        )

    def early(self, last: int, target: int) -> str:
        """It ended below the target that it was given."""
        return (
            f"{self.program} ended after reporting {self.unit} {last}, but $RUNG_TARGET was {target}. Report each "
            f"{self.unit} up to there; for a program that reports only at its end, leave max_resource out."
        )

    def beyond(self, step: int, target: int) -> str:
        """It jumped over the target."""
        return (
            f"{self.program} reported {self.unit} {step}, but a decision falls at {self.unit} {target}, "
            f"which is in $RUNG_TARGET. Report there, too, or choose rungs where it reports: min_resource={step}."
        )

    def backwards(self, step: int, last: int) -> str:
        """A step was reported that does not lie above the last one."""
        if step == 0:
            return (
                f"{self.program} reported {self.unit} 0, but a step is how many were trained: the first one is 1. "
                "Add 1, or leave the step out, and each report counts as one more."
            )
        return (
            f"{self.program} reported {self.unit} {step} after {last}, but steps must rise. Began it again at 0 "
            "though it was given $RUNG_CHECKPOINT? Then let it go on from there, and count from $RUNG_START."
        )

    def unsaved(self, name: str) -> str:
        """A report names a checkpoint that is not there."""
        return (
            f"{self.program} reported that it saved {name!r}, but there is no such file or folder in $RUNG_SAVE. "
            "Save it there first, then report."
        )

    def example(self) -> str:
        """A report as it should be."""
        return "{" + ", ".join(f'"{name}": 0.5' for name in self.objectives) + "}"

    def _pair(self) -> str:
        return ", ".join(f"{name}=0.5" for name in self.objectives)
