"""Lines that a program prints, as reports.

A report is a JSON object on a line of its own with the objective, or with a `step`. As few programs print JSON by
themselves, `accuracy=0.93` and `accuracy: 0.93` anywhere in a line count as well, for objectives only.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rung.core.errors import MisuseError

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_VALUE = (
    r"""\s*[=:]\s*["']?(?P<value>(?>[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf(?:inity)?)))(?!\w)"""
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured at a step.

    Attributes:
        metrics: Names and numbers.
        step: The step; None: one more than before.
        saved: The name of the checkpoint of that step; None if there is none.
    """

    metrics: Mapping[str, float]
    step: int | None
    saved: str | None


@dataclass(slots=True)
class _Pending:
    metrics: dict[str, float] = field(default_factory=dict)
    step: int | None = None
    saved: str | None = None


class Reports:
    """Gathers what belongs to one report until it has all objectives, or the next step begins.

    Attributes:
        broken: The last line that looked like JSON and was not.
        others: Names of the numbers in JSON objects without an objective.
    """

    def __init__(self, objectives: Sequence[str]) -> None:
        self._objectives = objectives
        self._pairs = {
            name: re.compile(rf"""(?<![\w.\-/]){re.escape(name)}["']?{_VALUE}""", re.IGNORECASE)
            for name in objectives
        }
        self._pending = _Pending()
        self.broken: str | None = None
        self.others: dict[str, None] = {}

    def read(self, line: bytes) -> list[Report]:
        """The reports that this line completes.

        Raises:
            MisuseError: If a report holds what none can hold.
        """
        text = line.decode(errors="replace").strip()
        if not text.startswith(('{"', "{}")):
            numbers = self._numbers(text)
            if text.startswith("{") and not numbers:
                self.broken = text
            self._pending.metrics.update(numbers)
            return self._complete()
        found = self._object(text)
        if found is None:
            return []
        if found.keys().isdisjoint((*self._objectives, "step", "saved")):
            self.others.update(dict.fromkeys(name for name, value in found.items() if _is_number(value)))
            return []
        return self._take(found)

    def rest(self) -> list[Report]:
        """What was left when the program ended: a step without all objectives."""
        pending, self._pending = self._pending, _Pending()
        if pending.metrics or pending.step is not None:
            return [Report(pending.metrics, pending.step, pending.saved)]
        return []

    def has_objective(self, text: str) -> bool:
        """Whether an objective stands in some text."""
        return bool(self._numbers(text))

    def _object(self, text: str) -> dict[str, Any] | None:  # Any: whatever the program prints
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            self.broken = text
            return None
        return found if isinstance(found, dict) else None

    def _take(self, found: dict[str, Any]) -> list[Report]:
        step, saved = _step(found.pop("step", None)), _saved(found.pop("saved", None))
        before = self.rest() if step is not None and self._pending.step not in (None, step) else []
        for name, value in found.items():
            if _is_number(value):
                self._pending.metrics[name] = float(value)
            elif name in self._objectives:
                raise MisuseError(
                    f"the program reported {name} = {json.dumps(value):.60}, which is no number."
                )
        if step is not None:
            self._pending.step = step
        if saved is not None:
            self._pending.saved = saved
        return before + self._complete()

    def _complete(self) -> list[Report]:
        pending = self._pending
        return self.rest() if all(name in pending.metrics for name in self._objectives) else []

    def _numbers(self, text: str) -> dict[str, float]:
        """The last number of each objective in a line."""
        found = {}
        for name, pattern in self._pairs.items():
            if name in text or name.lower() in text.lower():
                for match in pattern.finditer(_COLOURS.sub("", text)):
                    found[name] = float(match["value"])
        return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _step(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise MisuseError(
        f"a report's step is a whole number, but the program reported step {json.dumps(value):.60}."
    )


def _saved(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value not in ("", ".", "..") and "/" not in value):
        return value
    raise MisuseError(
        'a report\'s "saved" is the name of a file or folder in $RUNG_SAVE, without /, '
        f"but the program reported {json.dumps(value):.60}."
    )
