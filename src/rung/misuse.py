"""The sentences for a training function that uses its trial wrongly: what is wrong, given, and to do."""

from collections.abc import Collection
from dataclasses import dataclass

from rung.core.why import plural


@dataclass(frozen=True, slots=True)
class Misuse:
    """The words of one study, and the sentences that are made of them.

    Attributes:
        unit: What a unit of resource is called.
        objectives: Metrics that a report must hold.
        train: Name of the training function.
        others: Those of them that are no objectives.
    """

    unit: str
    objectives: tuple[str, ...]
    train: str
    others: tuple[str, ...] = ()

    def lacking(self, objective: str, given: Collection[str], step: int) -> str:
        """A report at the target does not hold an objective, or another metric that it must hold."""
        held = ", ".join(map(repr, given)) or "nothing"
        what = f"the objective {objective!r}"
        if objective in self.others:
            what = f"{objective!r}, which a constraint or the scheduler needs"
        return f"the report at {self.unit} {step} lacks {what}; it holds {held}. Say {self._example()}."

    def unreported(self, target: int) -> str:
        """The target was reached without a report."""
        return (
            f"{self.unit} {target} ended without a report, but a decision falls there. "
            f"Say {self._example()} at the end of each {self.unit}, or at least of trial.target."
        )

    def unread(self, start: int) -> str:
        """A trial goes on from a checkpoint that nobody has looked at."""
        return (
            f"training goes on after {self.unit} {start}, but {self.train} has not looked at "
            "trial.checkpoint. Load what save= has written there before the first report."
        )

    def backwards(self, step: int, last: int) -> str:
        """A step was reported that does not lie above the last one."""
        what = "again" if step == last else f"after {self.unit} {last}"
        return (
            f"{self.unit} {step} was reported {what}, but steps must rise. "
            f"Report once for each of {self._loop()}, which goes on where the trial stands."
        )

    def beyond(self, step: int, target: int) -> str:
        """A report jumped over the target."""
        return (
            f"{self.unit} {step} was reported, but a decision falls at {self.unit} {target}. "
            "Report there, too: its number is trial.target."
        )

    def out_of_step(self, step: int, first: int) -> str:
        """Two ranks of a gang do not report the same steps."""
        return (
            f"this process was at {self.unit} {step} when rank 0 reported {self.unit} {first}. All ranks must take the "
            f"same steps: {self._loop()} does so, and a report is made by all of them, or by rank 0 only."
        )

    def returned(self, last: int, start: int, target: int) -> str:
        """The training function returned before the target."""
        if last == start:
            units = plural(self.unit, 0)
            return (
                f"{self.train} returned without a report, but {units} up to {target} were asked for. "
                f"Say {self._example()}."
            )
        return (
            f"{self.train} returned at {self.unit} {last} of {target}. "
            f"Train and report up to trial.target: {self._loop()} goes just as far."
        )

    def unnamed(self, given: object) -> str:
        """A report that is no dict of names."""
        return (
            f"a report is a dict of names and numbers, got {given!r:.60}. "
            f'Say {self._example()}, or trial.report({{"loss": 0.5}}).'
        )

    def uncounted(self, step: object) -> str:
        """A step that is no whole number."""
        return f"a report's step is a whole number, got step={step!r:.60}. Say step={self._word()}."

    def _example(self) -> str:
        if all(name.isidentifier() for name in self.objectives):
            return f"trial.report({', '.join(f'{name}=...' for name in self.objectives)})"
        return f"trial.report({{{', '.join(f'{name!r}: ...' for name in self.objectives)}}})"

    def _loop(self) -> str:
        return f"`for {self._word()} in trial.steps()`"

    def _word(self) -> str:
        return self.unit if self.unit.isidentifier() else "step"


def no_number(function: object, value: object) -> str:
    """A plain function returned something else than a number."""
    return (
        f"{name_of(function)} must return a number, got {value!r:.60} of type {type(value).__name__}. "
        "Return the value to optimize, for example float(loss)."
    )


def name_of(function: object) -> str:
    """What a function calls itself."""
    return getattr(function, "__name__", type(function).__name__)
