"""What a check may say: a finding, or that it cannot tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["warning", "advice"]
"""A warning: results are lost or mislead. Advice: the next study could be better or cheaper."""

Number = float | int | str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at.

    Attributes:
        check: Name of the check.
        severity: How much it matters.
        sentence: What was seen, with its numbers.
        advice: What to do.
        evidence: The numbers, by name.
    """

    check: str
    severity: Severity
    sentence: str
    advice: str
    evidence: Mapping[str, Number]

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}"


class CannotTellError(Exception):
    """A check has too little to go by; the message says what is missing, without a full stop."""
