"""Lists of events for tests of the state: builders that fill the dull fields, and a scheduler that notes its facts."""

from collections.abc import Sequence

from rung.core import decision as facts
from rung.core import event as ev
from rung.core.decision import Ask, Decision, Fact, RestingStatus, Wait
from rung.core.event import Entry
from rung.core.invariants import validate
from rung.core.objective import Losses, Objective
from rung.core.resource import Resource, Steps
from rung.core.space import Float, Space
from rung.core.state import State
from rung.core.why import Why

SPACE = Space({"x": Float(0.0, 1.0)})
LOST = ev.Failure("machine", "lost", "the worker is gone")
DIVERGED = ev.Failure("configuration", "diverged", "loss is nan")
WHY = Why("new")


class Notes:
    """A scheduler that decides nothing and notes what it is told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.complete_at = 10**9
        self.changes: Sequence[int] = ()
        self._at: dict[int, int] = {}

    def decide(self, ask: Ask) -> Decision:
        return Wait(Why("all busy"))

    def apply(self, fact: Fact) -> Sequence[int]:
        self.facts.append(fact)
        if isinstance(fact, facts.Arrived | facts.Yielded):
            self._at[fact.trial] = fact.resource
        return self.changes

    def status(self, trial: int) -> RestingStatus:
        return "complete" if self._at[trial] >= self.complete_at else "paused"

    def why(self, trial: int) -> Why:
        return Why("noted", resource=self._at[trial])


class Naming(Notes):
    """One that says which trial is the best."""

    def __init__(self, best: facts.Arrived) -> None:
        super().__init__()
        self.best = best


class Study:
    """A state to which events are given one by one; `facts` are those that its scheduler has learned since."""

    def __init__(
        self,
        *events: ev.AnyEvent,
        resource: Resource | None = None,
        retries: int = 3,
        notes: Notes | None = None,
    ) -> None:
        self.notes = notes or Notes()
        self.state = State(SPACE, (Objective("loss"),), resource or Steps(), self.notes, retries)
        self.changed: Sequence[int] = ()
        self.then(*events)

    def then(self, *events: ev.AnyEvent) -> "Study":
        self.notes.facts.clear()
        for event in events:
            self.changed = self.state.apply(Entry(self.state.seq + 1, 0.0, event))
            validate(self.state)
        return self

    @property
    def facts(self) -> list[Fact]:
        return self.notes.facts


def observed(
    trial: int, resource: int, losses: Losses, own: Losses, units: int = 1, loss: float | None = None
) -> facts.Observed:
    """What is told of a report as `reported` makes it; `loss` is what it said, where another one stands."""
    said = own[0] if loss is None else loss
    return facts.Observed(trial, resource, losses, own, units, 1.0, {"loss": said})


def created(trial: int = 0, **options: object) -> ev.Created:
    return ev.Created(trial, {"x": 0.5}, **{"source": "searcher", "seed": 0, **options})  # type: ignore[arg-type]


def started(job: int, start: int, target: int, trial: int = 0, **options: object) -> ev.Started:
    return ev.Started(job, trial, start, target, **{"worker": 0, "why": WHY, **options})  # type: ignore[arg-type]


def reported(
    job: int, resource: int, loss: float | str = 0.5, trial: int = 0, **options: object
) -> ev.Reported:
    return ev.Reported(job, trial, resource, {"loss": loss}, **{"seconds": 1.0, **options})  # type: ignore[arg-type]


def reached(job: int, trial: int = 0) -> ev.Ended:
    return ev.Ended(job, trial, "reached", held=True)


def lost(job: int, trial: int = 0) -> ev.Ended:
    return ev.Ended(job, trial, "lost", LOST)


def failed(job: int, trial: int = 0, failure: ev.Failure = DIVERGED) -> ev.Ended:
    return ev.Ended(job, trial, "failed", failure)


def saved(job: int, resource: int, trial: int = 0, name: str = "") -> ev.Saved:
    return ev.Saved(job, trial, resource, name or f"{trial}/{resource}")
