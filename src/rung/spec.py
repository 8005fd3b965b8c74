"""The spec of a study: everything that decides, as plain values that stand in its log."""

import platform
import re
from collections.abc import Sequence
from typing import Any, get_args

import msgspec
import numpy as np

from rung.core.audit import Audit
from rung.core.audits import Audits
from rung.core.change import refusal
from rung.core.confirm import Confirm
from rung.core.confirmations import Confirmations
from rung.core.constraint import Constraints
from rung.core.decision import Auditable, Scheduler, SchedulerSpec, required_metrics
from rung.core.errors import MismatchError, SpecError, StoreError
from rung.core.joined import informed
from rung.core.objective import Objectives
from rung.core.parameter import Parameter
from rung.core.resource import Resource
from rung.core.rng import rng
from rung.core.space import Space
from rung.core.state import State
from rung.core.suggestion import Searcher, SearcherSpec
from rung.schedulers.registry import SCHEDULERS
from rung.searchers.duplicates import Duplicates, distinct
from rung.searchers.registry import SEARCHERS
from rung.version import __version__

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,99}")


class StudySpec(msgspec.Struct, frozen=True):
    """What a study is.

    Attributes:
        name: Its name in the store.
        space: What is tuned.
        objectives: What is optimized.
        resource: What a unit of training is.
        scheduler: The scheduler's spec, as plain values.
        searcher: The searcher's spec, as plain values.
        seed: From which everything random derives.
        retries: How often a job that was lost without progress is granted again.
        audit: How early stopping is audited; None: it is not.
        confirm: What part of the budget confirms the best; None: none does.
        constraints: Limits that reported metrics must keep.
        where: Rules that configurations must keep, see `Space.where`.
        duplicates: Whether a configuration of a finite space is tried once only ("forbid"), or when the searcher
            suggests it again takes over the results ("reuse"), or is trained with another seed ("replicate", as
            versions did that knew no other).
    """

    name: str
    space: dict[str, Parameter]
    objectives: Objectives
    resource: Resource
    scheduler: dict[str, Any]  # each scheduler's own options; decoded by its registry
    searcher: dict[str, Any]
    seed: int = 0
    retries: int = 3
    audit: Audit | None = None
    confirm: Confirm | None = None
    constraints: Constraints = ()
    where: tuple[str, ...] = ()
    duplicates: Duplicates = "replicate"

    def __post_init__(self) -> None:
        check_name(self.name)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise SpecError(f"seed must be an integer, got {self.seed!r}.")
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            raise SpecError(f"retries must be a whole number of at least 0, got {self.retries!r}.")
        if self.audit is not None and not isinstance(self.audit, Audit):
            raise SpecError(f"audit must be a share such as 0.03, or a rung.Audit, got {self.audit!r}.")
        if self.confirm is not None and not isinstance(self.confirm, Confirm):
            raise SpecError(f"confirm must be a share such as 0.1, or a rung.Confirm, got {self.confirm!r}.")
        if self.duplicates not in get_args(Duplicates):
            raise SpecError(
                f"duplicates must be 'forbid', 'reuse' or 'replicate', got {self.duplicates!r}. Leave it out to "
                "forbid them."
            )

    def to_builtins(self) -> dict[str, Any]:  # Any: nested JSON
        """As plain JSON values."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        if self.audit is None:
            del found["audit"]  # a version that knows no audits can go on with the study
        if self.confirm is None:
            del found["confirm"]  # likewise
        if not self.constraints:
            del found["constraints"]  # the same
        if not self.where:
            del found["where"]
        if self.duplicates == "replicate":
            del found["duplicates"]
        return found

    def start(self) -> State:
        """The state of the study before its first event.

        Raises:
            SpecError: If its parts do not fit together.
        """
        space, chosen = self.full_space(), self.scheduler_spec()
        if getattr(chosen, "needs_replicates", False) and not self.resource.averages:
            kind, name = type(self.resource).__name__, self.scheduler["type"]
            raise SpecError(
                f"scheduler {name!r} compares trials on the same folds, seeds or instances, but resource is {kind}. "
                'Say resource=rung.Replicates("fold"), and let train report the value on trial.instance.'
            )
        scheduler = chosen.start(space, self.objectives, self.seed)
        return State(
            space,
            self.objectives,
            self.resource,
            scheduler,
            self.retries,
            audits=self._audits(scheduler),
            confirmations=self._confirmations(),
            constraints=self.constraints,
        )

    def _confirmations(self) -> Confirmations:
        if self.confirm is not None and len(self.objectives) > 1:
            metrics = [goal.metric for goal in self.objectives]
            raise SpecError(
                f"confirm= looks for the one best trial, which needs one objective, got {metrics}."
            )
        return Confirmations(self.confirm, getattr(self.scheduler_spec(), "max_resource", None))

    def _audits(self, scheduler: Scheduler) -> Audits | None:
        if self.audit is None:
            return None
        name = self.scheduler["type"]
        if not isinstance(scheduler, Auditable):
            reason = getattr(scheduler, "not_audited", "stops none")
            raise SpecError(
                f"audit= finishes trials that were stopped early, but scheduler {name!r} {reason}."
            )
        if len(self.objectives) > 1:
            metrics = [goal.metric for goal in self.objectives]
            raise SpecError(
                f"audit= compares trials with the best, which needs one objective, got {metrics}."
            )
        if self.audit.adapt and len(scheduler.levels) < 2:
            raise SpecError(f"adapt=True raises min_resource, but scheduler {name!r} has only one level.")
        return Audits(
            self.audit,
            scheduler,
            restarts=self.resource.restarts,
            origin=float(rng(self.seed, "audit", 0).random()),
        )

    @classmethod
    def from_builtins(cls, data: dict[str, Any]) -> "StudySpec":
        """From what stands in a log.

        Raises:
            StoreError: If it cannot be understood.
        """
        try:
            return msgspec.convert(data, cls)
        except (msgspec.ValidationError, SpecError) as error:
            raise StoreError(
                f"the stored study {data.get('name')!r} cannot be understood: {error}."
            ) from None

    @property
    def ranked_by(self) -> tuple[str, ...]:
        """The metrics that trials are ranked by."""
        judged = [*(goal.metric for goal in self.objectives), *(limit.metric for limit in self.constraints)]
        return tuple(dict.fromkeys(judged))

    @property
    def required(self) -> tuple[str, ...]:
        """The metrics that a report at a target must hold."""
        return tuple(dict.fromkeys([*self.ranked_by, *required_metrics(self.scheduler_spec())]))

    def full_space(self) -> Space:
        """What is tuned, with its rules."""
        return Space(self.space, self.where)

    def scheduler_spec(self) -> SchedulerSpec:
        """The scheduler's spec."""
        return SCHEDULERS.decode(self.scheduler)

    def searcher_spec(self) -> SearcherSpec:
        """The searcher's spec."""
        return SEARCHERS.decode(self.searcher)

    def searcher_in(self, space: Space) -> Searcher:
        """A live searcher in a space of the study.

        Raises:
            SpecError: If it cannot work there.
        """
        searcher = self.searcher_spec().start(space, self.objectives, self.seed)
        full = getattr(self.scheduler_spec(), "max_resource", None)
        return distinct(informed(searcher), space, self.duplicates, full)


def check_name(name: object) -> None:
    """Raise unless a study can have this name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SpecError(
            f"a study's name is made of letters, digits, spaces and . _ + -, up to 100 of them, "
            f"got {name!r}. It also names the folder of the study's files."
        )


def check_same(stored: StudySpec, given: StudySpec, spaces: Sequence[Space]) -> bool:
    """Whether a stored study can go on as the given one just so (True), or after a `SpecChanged` (False).

    Args:
        stored: What it is; its space is not looked at.
        given: What it shall be.
        spaces: Every space that it had, the present one last.

    Raises:
        MismatchError: If what must not change differs; the message says what.
    """
    for field, (words, advice) in _FIXED.items():
        old, new = getattr(stored, field), getattr(given, field)
        if old != new:
            raise MismatchError(
                f"study {given.name!r} exists with {words}: stored {_shown(old)}, given {_shown(new)}. {advice}"
            )
    if (space := given.full_space()) != spaces[-1]:
        raise MismatchError(_other_space(given.name, space, spaces))
    return msgspec.structs.replace(stored, space=given.space, where=given.where) == given


def _other_space(name: str, given: Space, spaces: Sequence[Space]) -> str:
    if given in spaces:
        return (
            f"the space of study {name!r} was changed since it was the given one: "
            f"{given.difference(spaces[-1])} Give the present one: `rung space {name}` shows it."
        )
    why = refusal(spaces[-1], given)
    advice = (
        f"To go on in the given one: rung.Study.load({name!r}, store).change_space(space), or `rung space`. Else "
        "give the study another name, or go back to the stored space."
        if why is None
        else f"It cannot go on in the given one: {why} Or give the study another name."
    )
    return f"study {name!r} exists with another space: {spaces[-1].difference(given)} {advice}"


_FIXED = {
    "objectives": (
        "other objectives",
        "Its results cannot be compared any more: give the study another name.",
    ),
    "constraints": (
        "other constraints",
        "Its trials were ranked by the stored ones: give the study another name.",
    ),
    "resource": (
        "another kind of resource",
        "Its results cannot be compared any more: give the study another name.",
    ),
    "seed": (
        "another seed",
        "Everything random in it derives from the stored one: give the study another name, or that seed.",
    ),
}


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()


def versions() -> dict[str, str]:
    """What the log says of who wrote it."""
    return {"rung": __version__, "python": platform.python_version(), "numpy": np.__version__}


def plain(spec: SchedulerSpec | SearcherSpec, kind: str) -> dict[str, Any]:
    """A scheduler's or searcher's spec as plain values."""
    try:
        found = msgspec.to_builtins(spec)
    except TypeError:
        found = None
    if not isinstance(found, dict) or "type" not in found:
        raise SpecError(
            f"{kind} must be a {kind}'s options such as rung.ASHA(max_resource=81), got {spec!r}."
        )
    return found
