"""Schedule: hyperparameters that change in the course of one training, as the best trial of PBT had them.

It is a value that writes itself as JSON, and a scheduler: with it, a study trains one model from scratch along the
schedule. A trial keeps one configuration for life, so each phase is a trial that begins from the checkpoint of the one
before it; the training function is the same as for PBT.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Decision,
    Fact,
    Failed,
    Finished,
    JobGranted,
    New,
    RestingStatus,
    TrialCreated,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.errors import ConfigurationError, SpecError
from rung.core.objective import Objectives
from rung.core.space import Config, Space
from rung.core.why import Why


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a training with one configuration.

    Attributes:
        start: Resource at which it begins.
        end: Resource at which it ends.
        config: The configuration.
    """

    start: int
    end: int
    config: Config


class Schedule(msgspec.Struct, frozen=True, tag="schedule", tag_field="type", forbid_unknown_fields=True):
    """Train one model along a schedule of configurations.

    Attributes:
        phases: Its parts, one after the other; the first begins at 0.
    """

    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        if not self.phases:
            raise SpecError("a schedule needs at least one phase, got none.")
        starts = [phase.start for phase in self.phases]
        ends = [phase.end for phase in self.phases]
        if starts != [0, *ends[:-1]] or any(start >= end for start, end in zip(starts, ends, strict=True)):
            raise SpecError(
                "the phases of a schedule must begin at 0 and follow one another without a gap, got "
                f"{', '.join(f'{phase.start} to {phase.end}' for phase in self.phases)}."
            )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Schedule":
        """The schedule that `to_json` wrote.

        Raises:
            SpecError: If the text is none.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise SpecError(f"this is no schedule: {error}. Write one by `rung schedule --json`.") from None

    def to_json(self) -> str:
        """The schedule as JSON, which is also how a study file gives it as its `scheduler`."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()

    @property
    def max_resource(self) -> int:
        """Where it ends."""
        return self.phases[-1].end

    def config_at(self, resource: int) -> Config:
        """The configuration of the step that leads to a resource, 1 to `max_resource`; for training without rung."""
        for phase in self.phases:
            if phase.start < resource <= phase.end:
                return phase.config
        raise SpecError(f"resource must be from 1 to {self.max_resource} in this schedule, got {resource!r}.")

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveSchedule":
        """A live scheduler at the beginning of a study.

        Raises:
            SpecError: If a configuration does not fit the space.
        """
        for phase in self.phases:
            try:
                space.check(phase.config)
            except ConfigurationError as error:
                raise SpecError(
                    f"the schedule does not fit the space, from {phase.start} to {phase.end}: {error} "
                    "Take the space of the study that it comes from."
                ) from None
        return LiveSchedule(self.phases)


class LiveSchedule:
    """State: the trial that is trained now, and where it stands."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self._phases = phases
        self._next = {before.end: after for before, after in pairwise(phases)}  # by where it begins
        self._last = phases[-1].end
        self._trial: int | None = None
        self._is_running = False
        self._is_over = False
        self._stands: dict[int, int] = {}  # where trials came to rest

    def decide(self, ask: Ask) -> Decision:
        """Go on with the phase, or with the next one in a child."""
        if not ask.slots or self._is_running:
            return Wait(Why("all busy"))
        if self._trial is None:
            return self._fitting(self._first(), 0, ask) if ask.may_create else Finished(Why("done"))
        if self._is_over:
            return Finished(Why("broken off", trial=self._trial))
        return self._step(self._trial, self._stands[self._trial], ask)

    def _step(self, trial: int, stands: int, ask: Ask) -> Decision:
        """What follows where a trial came to rest."""
        if stands >= self._last:
            return Finished(Why("scheduled to the end"))
        if stands not in self._next:
            end = self._end(stands)
            return self._fitting(Advance(trial, end, _why(end), save=True), ask.starts_at(trial), ask)
        if ask.child_starts_at(trial) != stands:
            return Finished(Why("no checkpoint", stands, trial=trial))
        return self._fitting(self._child(self._next[stands], trial), stands, ask)

    def _first(self) -> New:
        first = self._phases[0]
        return New(first.end, _why(first.end), first.config, save=True)

    def _child(self, phase: Phase, trial: int) -> New:
        return New(phase.end, _why(phase.end), phase.config, parent=trial, ends=trial, save=True)

    def _end(self, stands: int) -> int:
        """The end of the phase in which a trial stands."""
        return next(phase.end for phase in self._phases if phase.start <= stands < phase.end)

    def _fitting(self, decision: New | Advance, start: int, ask: Ask) -> Decision:
        return decision if decision.target - start <= ask.room else Finished(Why("budget"))

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn which trial is trained, and where it rests."""
        match fact:
            case TrialCreated(trial=trial):
                self._trial = trial
                self._stands[trial] = 0
            case JobGranted():
                self._is_running = True
            case Arrived(trial=trial, resource=resource) | Yielded(trial=trial, resource=resource):
                self._is_running = False
                self._stands[trial] = resource
            case Failed(trial=trial) | TrialStopped(trial=trial) if trial == self._trial:
                self._is_running = False
                self._is_over = True
            case _:
                pass
        return ()

    def status(self, trial: int) -> RestingStatus:
        """Complete at the end of the schedule, else paused."""
        return "complete" if self._stands[trial] >= self._last else "paused"

    def why(self, trial: int) -> Why:
        """Where the schedule has led it."""
        return Why("scheduled", resource=self._stands[trial])


def _why(end: int) -> Why:
    return Why("scheduled", resource=end)
