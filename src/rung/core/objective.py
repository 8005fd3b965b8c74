"""Objectives: which reported metrics are minimized or maximized, and when a report counts as diverged.

The sign is turned here and nowhere else: inside rung every objective is a loss, lower is better.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec

from rung.core.errors import MisuseError, SpecError

Number = float | str
"""A reported number: a finite float or int, or one of the words 'nan', 'inf', '-inf', which JSON can hold."""

Metrics = dict[str, Number]
Losses = tuple[float, ...]
"""One number for each objective, lower is better; `inf` stands for a value that is not finite."""


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One metric to optimize.

    Attributes:
        metric: Its name in `trial.report(...)`.
        maximize: Whether more is better.
        diverges_at: A value worse than this ends its trial at once as diverged; None: only a value
            that is not finite does.
    """

    metric: str
    maximize: bool = False
    diverges_at: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not self.metric:
            raise SpecError(f"an objective is the name of a reported metric, got {self.metric!r}.")

    def loss(self, value: float) -> float:
        """The value as a loss; `inf` where it is not finite."""
        if not math.isfinite(value):
            return math.inf
        return -value if self.maximize else value

    def value(self, loss: float) -> float:
        """The reported value that has this loss."""
        return -loss if self.maximize else loss


Objectives = tuple[Objective, ...]


def objectives(
    minimize: str | Sequence[str] | None,
    maximize: str | Sequence[str] | None,
    diverges_at: float | Mapping[str, float] | None = None,
) -> Objectives:
    """The objectives of a study, from the words of its user: first the minimized, then the maximized.

    Raises:
        SpecError: If there is none, one is named twice, or a divergence limit has no objective.
    """
    low = _names("minimize", minimize)
    high = _names("maximize", maximize)
    names = low + high
    if not names:
        raise SpecError('a study needs an objective. Say minimize="loss" or maximize="accuracy".')
    if twice := {name for name in names if names.count(name) > 1}:
        raise SpecError(f"an objective is named twice: {sorted(twice)}. Name each metric once.")
    limits = _limits(names, diverges_at)
    return tuple(Objective(name, maximize=name in high, diverges_at=limits.get(name)) for name in names)


def losses(goals: Objectives, metrics: Mapping[str, Number]) -> Losses | None:
    """The losses of one report, or None if it lacks an objective."""
    try:
        if len(goals) == 1:  # without a loop, as every report comes this way
            return (goals[0].loss(float(metrics[goals[0].metric])),)
        return tuple([goal.loss(float(metrics[goal.metric])) for goal in goals])
    except KeyError:
        return None


def divergence(goals: Objectives, metrics: Mapping[str, Number]) -> str | None:
    """Why a report ends its trial ("loss is nan"), or None if it does not."""
    for goal in goals:
        if goal.metric not in metrics:
            continue
        value = float(metrics[goal.metric])
        if not math.isfinite(value):
            return f"{goal.metric} is {value}"
        if goal.diverges_at is not None and goal.loss(value) > goal.loss(goal.diverges_at):
            return f"{goal.metric} is {value:g}, worse than the limit of {goal.diverges_at:g}"
    return None


def number(name: str, value: object) -> Number:
    """A reported value as a plain number.

    Accepts everything that `float` accepts without guessing: Python and NumPy numbers, 0-d arrays, tensors.

    Raises:
        MisuseError: If it is no number.
    """
    if isinstance(value, str | bytes | bytearray) or value is None:
        raise _no_number(name, value)
    if type(value) is not float:
        try:
            value = float(value)  # type: ignore[arg-type]  # whatever it is, float() judges
        except (TypeError, ValueError):
            raise _no_number(name, value) from None
    return value if math.isfinite(value) else repr(value)


def _no_number(name: str, value: object) -> MisuseError:
    return MisuseError(
        f"a report must hold numbers, got {name}={_short(value)} of type {type(value).__name__}. "
        f"Report a number, for example {name}=float(...)."
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _names(option: str, given: str | Sequence[str] | None) -> list[str]:
    if given is None:
        return []
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Sequence):
        raise SpecError(f"{option} is the name of a metric or a list of names, got {given!r}.")
    return list(given)


def _limits(names: Sequence[str], given: float | Mapping[str, float] | None) -> Mapping[str, float]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        if len(names) > 1:
            raise SpecError(
                f"diverges_at is one number, but there are {len(names)} objectives. "
                f"Give a dict, for example diverges_at={{{names[0]!r}: {given!r}}}."
            )
        given = {names[0]: given}
    if unknown := sorted(set(given) - set(names)):
        raise SpecError(
            f"diverges_at names {unknown}, which is no objective. The objectives are {list(names)}."
        )
    return given
