"""What a tracker has to tell: the log of a study, folded, batch by batch.

Nothing here knows a tracker. The log is read from a position, so that a study that is resumed, or that was tracked
only from its second run on, is told whole and once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec

import rung.results as results  # noqa: PLR0402  `from rung import` would ask the face
from rung.core import event as ev
from rung.core.errors import NoResultError
from rung.core.state import State
from rung.core.why import sentence
from rung.spec import StudySpec
from rung.trial_result import TrialResult
from rung.watching import RunBegun, RunEnded

BATCH = 5_000  # events that are told together at most


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What a tracker knows of a study from the start.

    Attributes:
        id: The same for each run of this study, and no other study's.
        name: Its name.
        url: Where its log is.
        folder: Where its files lie.
        spec: The study.
        begun: When it was made, Unix time; where it is simulated, in virtual time.
    """

    id: str
    name: str
    url: str
    folder: Path
    spec: StudySpec
    begun: float


@dataclass(frozen=True, slots=True)
class Point:
    """Metrics at a resource; `nan` and the infinities are floats here."""

    resource: int
    metrics: dict[str, float]
    time: float


@dataclass(frozen=True, slots=True)
class TrialNews:
    """A trial of which there is something new.

    Attributes:
        trial: The trial as it stands now.
        created: When it was created.
        points: Its new reports, resources rising; each (trial, resource) comes once in a study.
        time: Of the last event.
        checkpoint: The folder of its last checkpoint, if there is one.
    """

    trial: TrialResult
    created: float
    points: Sequence[Point]
    time: float
    checkpoint: Path | None


@dataclass(frozen=True, slots=True)
class News:
    """What some events have changed.

    Attributes:
        first: Number of the first of these events.
        seq: Number of the last one.
        trials: Trials with something new, by number.
        best: The best value so far, whenever it got better, over the resource that the study had spent.
    """

    first: int
    seq: int
    trials: Sequence[TrialNews]
    best: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How a run ended.

    Attributes:
        words: Why.
        outcome: Whether it came to its end, was interrupted, or failed.
        numbers: What there is to say of the whole study in numbers.
        best: The best trial; None if there is none, or there are several objectives.
        files: Texts by the name of a file: the best configuration or the front, and the study as it is described.
        time: Of the last event.
    """

    words: str
    outcome: str
    numbers: dict[str, float]
    best: TrialResult | None
    files: dict[str, str]
    time: float


def facts(run: RunBegun) -> StudyFacts:
    """What is known of a study when a run of it begins."""
    begun = next(run.read(0)).time
    mark = sha256(f"{run.name} {begun!r}".encode()).hexdigest()[:12]
    return StudyFacts(mark, run.name, run.url, run.folder, StudySpec.from_builtins(dict(run.spec)), begun)


class Collector:
    """Reads the log and folds it; what comes after `told` is news."""

    def __init__(self, study: StudyFacts, read: Callable[[int], Iterator[ev.Entry]], told: int) -> None:
        self.state = study.spec.start()
        self._study = study
        self._read = read
        self._told = told
        self._created: list[float] = []

    def next(self) -> News | None:
        """The next batch; None if nothing is new."""
        batch = _Batch()
        for entry in self._read(self.state.seq):
            self._learn(entry, batch)
            if len(batch) >= BATCH:
                break
        if not batch:
            return None
        trials = [self._trial(number, batch) for number in sorted(batch.touched)]
        return News(self.state.seq - len(batch) + 1, self.state.seq, trials, batch.best)

    def _learn(self, entry: ev.Entry, batch: "_Batch") -> None:
        event, before = entry.event, self.state.incumbent
        changed = self.state.apply(entry)
        if isinstance(event, ev.Created):
            self._created.append(entry.time)
        if entry.seq <= self._told:
            return
        batch.n_events += 1
        batch.touched.update(changed)
        match event:
            case ev.Reported(trial=trial, repeat=False):
                metrics = {name: float(value) for name, value in event.metrics.items()}
                batch.points.setdefault(trial, []).append(Point(event.resource, metrics, entry.time))
                batch.touched.add(trial)
            case ev.Created(trial=trial) | ev.Dropped(trial=trial):
                batch.touched.add(trial)
            case _:
                pass
        if self.state.incumbent is not before and len(self.state.objectives) == 1:
            batch.best.append(self._best(entry.time))

    def _best(self, time: float) -> Point:
        found = self.state.incumbent
        assert found is not None
        goal = self.state.objectives[0]
        return Point(self.state.account.resource, {f"best {goal.metric}": goal.value(found.losses[0])}, time)

    def _trial(self, number: int, batch: "_Batch") -> TrialNews:
        saved = self.state.trials[number].checkpoints
        return TrialNews(
            results.trial(self.state, number),
            self._created[number],
            batch.points.get(number, ()),
            self.state.time,
            self._study.folder / "checkpoints" / saved[-1].checkpoint if saved else None,
        )


@dataclass(slots=True)
class _Batch:
    n_events: int = 0
    touched: set[int] = field(default_factory=set)
    points: dict[int, list[Point]] = field(default_factory=dict)
    best: list[Point] = field(default_factory=list)

    def __len__(self) -> int:
        return self.n_events


def conclusion(state: State, ended: RunEnded, study: StudyFacts) -> Conclusion:
    """How a run ended, and the best there is."""
    if ended.error is not None:
        words, outcome = f"{type(ended.error).__name__}: {ended.error}", "failed"
    else:
        words = "" if ended.why is None else sentence(ended.why, state.resource.unit)
        interrupted = ended.why is not None and ended.why.rule == "interrupted"
        outcome = "interrupted" if interrupted else "finished"
    numbers = {"trials": float(state.n_trials), "resource": float(state.account.resource)}
    numbers["seconds"] = state.account.seconds
    best, files = _best_of(state, study.name)
    files["study.json"] = _json(study.spec.to_builtins())
    return Conclusion(words, outcome, numbers, best, files, state.time)


def _best_of(state: State, name: str) -> tuple[TrialResult | None, dict[str, str]]:
    try:
        if len(state.objectives) > 1:
            front = [_plain(trial) for trial in results.front(state, name)]
            return None, {"front.json": _json(front)}
        best = results.best(state, name)
    except NoResultError:
        return None, {}
    return best, {"best.json": _json(_plain(best))}


def _plain(trial: TrialResult) -> dict[str, object]:
    return {
        "trial": trial.number,
        "resource": trial.resource,
        "values": dict(trial.values),
        "config": trial.config,
    }


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
