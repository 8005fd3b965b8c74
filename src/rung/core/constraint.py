"""Constraints: limits that reported metrics must keep, and how trials that break them are ranked.

A trial that keeps all limits is feasible. As in Deb's rules, a feasible trial comes before an infeasible one, and of
two infeasible ones the one first that breaks the limits by less. Whoever ranks by losses needs no rule for that:
`ranking` gives an infeasible trial losses that are worse than those of any feasible one.

Reference:
    Deb, An Efficient Constraint Handling Method for Genetic Algorithms, CMAME 2000, section 3.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec

from rung.core.errors import SpecError
from rung.core.objective import Losses, Number

INFEASIBLE = 1e100
"""The losses of feasible trials lie below it, those of infeasible ones do not. It is finite, unlike what has failed."""

_MOST = 1e40  # violations beyond it are all the same, so that sums of squares stay finite

Violations = tuple[float, ...]
"""By how much each limit is broken, in parts of the limit; 0 where it is kept."""


class _Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    metric: str


class Constraint(_Metric, frozen=True, kw_only=True):
    """A limit that a reported metric must keep.

    Attributes:
        metric: Its name in `trial.report(...)`.
        upper: It is at most this; None: it may be as large as it will.
        lower: It is at least this; None: it may be as small as it will.
    """

    upper: float | None = None
    lower: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not self.metric:
            raise SpecError(f"a constraint is on the name of a reported metric, got {self.metric!r}.")
        if self.upper is None and self.lower is None:
            raise SpecError(
                f"the constraint on {self.metric!r} has no limit. Give upper= or lower=, such as upper=0.1."
            )
        for name in ("upper", "lower"):
            _check_limit(self.metric, name, getattr(self, name))
        if self.upper is not None and self.lower is not None and self.lower > self.upper:
            raise SpecError(
                f"the constraint on {self.metric!r} can never be kept: lower={self.lower:g} is above "
                f"upper={self.upper:g}. Swap them?"
            )

    def violation(self, value: float) -> float:
        """By how much a value breaks a limit, in parts of that limit (of 1 where that is 0); 0 if it keeps both."""
        if not math.isfinite(value):
            return math.inf
        if self.upper is not None and value > self.upper:
            return (value - self.upper) / (abs(self.upper) or 1.0)
        if self.lower is not None and value < self.lower:
            return (self.lower - value) / (abs(self.lower) or 1.0)
        return 0.0

    def __str__(self) -> str:
        """The limit in words: `latency at most 0.1`."""
        limits = [("at least", self.lower), ("at most", self.upper)]
        told = [f"{words} {limit:g}" for words, limit in limits if limit is not None]
        return f"{self.metric} {' and '.join(told)}"


Constraints = tuple[Constraint, ...]


def constraints_of(given: Sequence[Constraint]) -> Constraints:
    """The constraints of a study, as its user gives them.

    Raises:
        SpecError: If one is no constraint, or a metric has two.
    """
    if isinstance(given, Constraint | str) or not isinstance(given, Sequence):
        raise SpecError(
            f'constraints is a list such as [rung.Constraint("latency", upper=0.1)], got {given!r:.80}.'
        )
    for each in given:
        if not isinstance(each, Constraint):
            raise SpecError(
                f'a constraint is one such as rung.Constraint("latency", upper=0.1), got {each!r:.80}.'
            )
    names = [each.metric for each in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SpecError(f"a metric has two constraints: {twice}. Give one with lower= and upper=.")
    return tuple(given)


def limited(limits: Constraints, metrics: Mapping[str, Number]) -> tuple[float, ...] | None:
    """The values of the constrained metrics in a report, or None if it lacks one."""
    try:
        return tuple([float(metrics[limit.metric]) for limit in limits])
    except KeyError:
        return None


def violations(limits: Constraints, values: Sequence[float]) -> Violations:
    """By how much each limit is broken by the value of its metric."""
    return tuple([limit.violation(value) for limit, value in zip(limits, values, strict=True)])


def ranking(losses: Losses, broken: Violations) -> Losses:
    """Losses to rank by: the same for a feasible trial, else all `INFEASIBLE * (1 + total violation)`.

    So whatever compares losses puts infeasible trials behind all feasible ones and before those that have failed
    (`inf`), and orders them by their violation alone.
    """
    total = sum(broken)
    return losses if not total else (INFEASIBLE * (1 + min(total, _MOST)),) * len(losses)


def is_feasible(loss: float) -> bool:
    """Whether a loss to rank by is that of a feasible trial."""
    return loss < INFEASIBLE


def _check_limit(metric: str, name: str, limit: object) -> None:
    if limit is None:
        return
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
        raise SpecError(
            f"the limit {name} of the constraint on {metric!r} is a finite number, got {limit!r}."
        )
