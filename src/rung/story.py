"""Stories: what happened to a trial and why, told in words from its log. Pure readings."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rung.core import event as ev
from rung.core.errors import CHECKPOINT_FAULTS
from rung.core.objective import losses
from rung.core.state import State
from rung.core.why import Why, plural, sentence
from rung.words import duration, number, scalar, short, size, units


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a story.

    Attributes:
        time: When it happened.
        text: What.
    """

    time: float
    text: str


def story(entries: Iterable[ev.Entry], state: State, trial: int) -> list[Line]:
    """What happened to a trial, from its creation to where it stands at the end of the log.

    Args:
        entries: The log from its beginning.
        state: A state before the first event. It is folded here, as many reasons are known only at their time.
        trial: Its number.

    Returns:
        At least two lines, the last one on where it stands; none if there is no such trial.
    """
    teller = _Teller(state, trial)
    lines = [line for entry in entries for line in teller.told(entry)]
    if trial >= len(state.trials):
        return []
    return [*lines, *teller.training(), Line(state.time, teller.standing())]


_SOURCES = {
    "default": "created with the default of every hyperparameter",
    "enqueued": "created as the user had enqueued it",
    "searcher": "suggested by the searcher",
    "scheduler": "created by the scheduler",
}


class _Teller:
    """Folds a log and tells what concerns one trial; reports are gathered to one line for each stretch."""

    def __init__(self, state: State, trial: int) -> None:
        self._state = state
        self._trial = trial
        self._unit = state.resource.unit
        self._reports: list[tuple[float, ev.Reported]] = []  # not told yet

    def told(self, entry: ev.Entry) -> Iterator[Line]:
        """The lines of one event, which is folded."""
        event = entry.event
        self._state.apply(entry)
        if isinstance(event, ev.Created) and event.ends == self._trial:
            yield Line(entry.time, self._why())
        if getattr(event, "trial", None) != self._trial:
            return
        if isinstance(event, ev.Reported):
            self._reports.append((entry.time, event))
            return
        text = self._text(event)
        if text is not None:
            yield from self.training()
            yield Line(entry.time, text)

    def training(self) -> Iterator[Line]:
        """The reports since the last line, as one."""
        if not self._reports:
            return
        time, last = self._reports[-1]
        seconds = sum(report.seconds for _, report in self._reports)
        repeat = " once more, as it was lost" if last.repeat else ""
        span = self._span(self._reports[0][1].resource, last.resource)
        reuses = self._state.trials[self._trial].reuses is not None
        what = f"took over {span}" if reuses else f"trained {span}{repeat} in {duration(seconds)}"
        yield Line(time, f"{what}: {self._values(last)}")
        self._reports = []

    def standing(self) -> str:
        """Where the trial stands, and why."""
        return f"{self._state.status(self._trial)}{self._with_value()}: {self._why()}"

    def _text(self, event: ev.AnyEvent) -> str | None:  # noqa: PLR0911  a table
        match event:
            case ev.Created():
                return self._created(event)
            case ev.Started():
                return self._started(event)
            case ev.Ended():
                return self._ended(event)
            case ev.Stopped(why=why):
                return f"stopped: {self._words(why)}"
            case ev.YieldAsked(why=why):
                return f"asked to hand back control: {self._words(why)}"
            case ev.Saved(resource=resource, size_bytes=n_bytes):
                return f"saved a checkpoint at {units(resource, self._unit)} ({size(n_bytes)})"
            case ev.Drawn(chance=chance):
                return f"drawn, with a chance of {100 * chance:.2g} %, to be finished by an audit of early stopping"
            case ev.AuditUsed(target=target, why=why):
                return (
                    f"goes on towards {units(target, self._unit)}, as its audit trains it: {self._words(why)}"
                )
            case ev.Dropped(why=None):
                return "a checkpoint is not needed any more and was deleted"
            case ev.Dropped(why=Why() as why):
                return self._words(why)
            case _:
                return None

    def _created(self, event: ev.Created) -> str:
        if event.confirms is not None:
            what = "a configuration near that of" if event.source == "neighbour" else "the configuration of"
            return f"created to confirm {what} trial {event.confirms}, number {event.repetition}: {short(event.config)}"
        source = f"{_SOURCES[event.source]}{_suggested(event.fitted or {})}"
        again = "" if event.reuses is None else f" again after trial {event.reuses}"
        return f"{source}{again}{self._origin(event.parent)}: {short(event.config)}"

    def _origin(self, parent: int | None) -> str:
        if parent is None:
            return ""
        saved = self._state.trials[self._trial].origin
        return (
            f" after trial {parent}, from scratch"
            if saved is None
            else f" from a checkpoint of trial {saved.trial}"
        )

    def _started(self, event: ev.Started) -> str:
        if event.reuses:
            earlier, target = self._state.trials[self._trial].reuses, units(event.target, self._unit)
            return f"takes over what trial {earlier} came to up to {target}: {self._words(event.why)}"
        verb = "starts" if event.start == 0 else f"goes on at {units(event.start, self._unit)}"
        source = " from its checkpoint" if event.restore is not None else ""
        attempt = f", attempt {event.attempt}" if event.attempt > 1 else ""
        way = f"{verb}{source} towards {units(event.target, self._unit)} on worker {event.worker}{attempt}"
        return f"{way}: {self._words(event.why)}"

    def _ended(self, event: ev.Ended) -> str:
        failure = event.failure
        cause = "" if failure is None else f": {failure.type}: {failure.message}"
        match event.outcome:
            case "reached":
                return f"{self._state.status(self._trial)}: {self._why()}"
            case "yielded":
                return "handed back control"
            case "failed":
                return f"failed{cause}"
            case "lost" if failure is not None and failure.type in CHECKPOINT_FAULTS:
                return f"could not go on: {failure.message}"
            case "lost":
                return f"lost its worker{cause}"

    def _why(self) -> str:
        failure = self._state.trials[self._trial].failure
        if failure is not None:
            return f"{failure.type}: {failure.message}"
        return self._words(self._state.why(self._trial))

    def _words(self, why: Why) -> str:
        return sentence(why, self._unit)

    def _with_value(self) -> str:
        record = self._state.trials[self._trial]
        if record.losses is None:
            return ""
        values = [
            f"{goal.metric} {number(goal.value(loss))}"
            for goal, loss in zip(self._state.objectives, record.losses, strict=True)
            if math.isfinite(loss)
        ]
        return f" with {', '.join(values)}" if values else ""

    def _values(self, event: ev.Reported) -> str:
        own = losses(self._state.objectives, event.metrics)
        if own is None:
            return ", ".join(f"{name} {scalar(value)}" for name, value in event.metrics.items())
        return ", ".join(
            f"{goal.metric} {scalar(event.metrics[goal.metric])}" for goal in self._state.objectives
        )

    def _span(self, first: int, last: int) -> str:
        if first == last:
            return f"{self._unit} {last}"
        return f"{plural(self._unit, None)} {first} to {last}"


def _suggested(fitted: Mapping[str, object]) -> str:
    """Which of several searchers suggested, why that one, and in place of which trial; empty if nothing is known."""
    member, because = fitted.get("member"), fitted.get("because")
    words = f" ({member}, as {because})" if member and because else f" ({member})" if member else ""
    if (known := fitted.get("instead_of")) is not None:
        return f"{words} in place of that of trial {known}"
    if (known := fitted.get("replicates")) is not None:
        return f"{words} again after trial {known}"
    return words
