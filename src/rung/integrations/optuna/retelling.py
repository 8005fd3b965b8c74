"""Optuna's trials told as the log of a rung study.

Steps are counted from 1. Each trial advances in jobs that end at its first report at or above each level of a halving
scheduler, so that ASHA, taken for what follows, finds every trial on its rungs. A complete trial has its returned value
at `max_resource`, as in `rung.integrations.optuna.optimize`. Optuna does not know when a value was reported: reports
lie evenly between the trial's beginning and its end.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import msgspec

from rung.core import event as ev
from rung.core.objective import Metrics, number
from rung.core.resource import levels
from rung.core.rng import trial_seed
from rung.core.space import Config
from rung.core.why import Why
from rung.integrations.optuna.stored import StoredTrial

ETA = 3  # that of the schedulers' defaults

_ASKED = Why("as it was asked under Optuna")
_PRUNED = Why("pruned under Optuna")
_FAILED = ev.Failure("configuration", "failed", "it failed under Optuna, which has kept no reason")
_PENDING = -1  # a job whose number is not known yet


@dataclass(frozen=True, slots=True)
class Retold:
    """A trial with its number, its configuration and its reports as rung has them.

    Attributes:
        number: Its number in rung.
        trial: The trial.
        config: Its configuration.
        reports: Metrics by resource, in order.
    """

    number: int
    trial: StoredTrial
    config: Config
    reports: Mapping[int, Metrics]


def last_resource(trials: Sequence[StoredTrial]) -> int:
    """How far a full training goes: the highest step of any trial, counted from 1; 1 if none has reported."""
    first = first_step(trials)
    return max((step - first + 1 for trial in trials for step in trial.reports), default=1)


def first_step(trials: Sequence[StoredTrial]) -> int:
    """What the study counts steps from: 0, or 1 where no trial has reported at 0."""
    return 0 if any(0 in trial.reports for trial in trials) else 1


def reports_of(trial: StoredTrial, metrics: Sequence[str], first: int, last: int) -> dict[int, Metrics]:
    """Metrics by resource: intermediate values below the end of training, and what was returned at the end."""
    below = {step - first + 1: value for step, value in trial.reports.items()}
    if trial.state != "COMPLETE" or trial.values is None:
        return {resource: {metrics[0]: number(metrics[0], value)} for resource, value in below.items()}
    found = {r: {metrics[0]: number(metrics[0], value)} for r, value in below.items() if r < last}
    found[last] = {name: number(name, value) for name, value in zip(metrics, trial.values, strict=True)}
    return found


def log_of(
    opened: ev.Opened, trials: Sequence[Retold], waiting: Iterable[Config], seed: int, last: int
) -> Iterator[ev.Entry]:
    """The log: trials in the order of their numbers, jobs in the order of time.

    Args:
        opened: Its first event.
        trials: The trials that have begun.
        waiting: Configurations that are to be tried next.
        seed: Of the study.
        last: Where a full training ends.
    """
    moments = _in_order(trials, seed, last)
    begin = moments[0][0] if moments else 0.0
    end = moments[-1][0] if moments else begin
    story = [(begin, opened), *_numbered(moments), *((end, ev.Enqueued(config)) for config in waiting)]
    for seq, (moment, event) in enumerate(story, 1):
        yield ev.Entry(seq, moment, event)


def _in_order(trials: Sequence[Retold], seed: int, last: int) -> list[tuple[float, int, ev.AnyEvent]]:
    """Time, trial and event, in order; jobs have no numbers yet."""
    began = [each.trial.began or 0.0 for each in trials]
    created = [*accumulate(reversed(began), min)][
        ::-1
    ]  # in the order of numbers, and none after its beginning
    told = [
        (moment, each.number, event)
        for each, birth in zip(trials, created, strict=True)
        for moment, event in (*_birth(each, birth, seed), *_life(each, last))
    ]
    return sorted(told, key=lambda moment: moment[:2])


def _birth(each: Retold, moment: float, seed: int) -> Iterator[tuple[float, ev.AnyEvent]]:
    yield moment, ev.Enqueued(each.config)  # not suggested by a searcher of this study
    yield moment, ev.Created(each.number, each.config, "enqueued", trial_seed(seed, each.number))


def _life(each: Retold, last: int) -> Iterator[tuple[float, ev.AnyEvent]]:
    """Jobs, reports and the end of a trial."""
    trial, n = each.number, len(each.reports)
    began = each.trial.began or 0.0
    seconds = max(0.0, (began if each.trial.ended is None else each.trial.ended) - began)
    end = began + seconds
    ladder, place, position, is_open = levels(1, last, ETA), 0, 0, False
    targets = _targets(sorted(each.reports), ladder)
    moment = began
    for k, (resource, metrics) in enumerate(each.reports.items(), 1):
        if not is_open:
            target = targets[place] if place < len(targets) else last
            yield moment, ev.Started(_PENDING, trial, position, target, 0, _ASKED)
            is_open = True
        moment = began + seconds * k / n
        yield moment, ev.Reported(_PENDING, trial, resource, metrics, seconds / n)
        position = resource
        if place < len(targets) and resource == targets[place]:
            yield moment, ev.Ended(_PENDING, trial, "reached", held=resource < last)
            place, is_open = place + 1, False
    yield from ((end, event) for event in _ending(each, position, last, is_open))


def _targets(resources: Sequence[int], ladder: Sequence[int]) -> list[int]:
    """The first report at or above each level."""
    found = (next((resource for resource in resources if resource >= level), None) for level in ladder)
    return list(dict.fromkeys(target for target in found if target is not None))


def _ending(each: Retold, position: int, last: int, is_open: bool) -> Iterator[ev.AnyEvent]:
    """How a trial that did not complete has ended, with a job towards the end of training open or not."""
    trial, state = each.number, each.trial.state
    if state == "COMPLETE":
        return
    if not is_open and (state != "PRUNED" or position == 0) and position < last:
        yield ev.Started(_PENDING, trial, position, last, 0, _ASKED)
        is_open = True
    match state:
        case "PRUNED":
            yield ev.Stopped(trial, _PRUNED)
            if is_open:
                yield ev.Ended(_PENDING, trial, "yielded")
        case "FAIL" if is_open:
            yield ev.Ended(_PENDING, trial, "failed", _FAILED)
        case "FAIL":
            yield ev.Stopped(trial, Why("failed under Optuna after its last report"))
        case _ if is_open:
            yield ev.Ended(_PENDING, trial, "yielded")


def _numbered(moments: Iterable[tuple[float, int, ev.AnyEvent]]) -> Iterator[tuple[float, ev.AnyEvent]]:
    """The events with numbers of jobs, in the order of granting, and of workers, the lowest free one each."""
    jobs: dict[int, tuple[int, int]] = {}  # trial to its open job and the worker
    free: list[int] = []
    n_jobs = n_workers = 0
    for moment, trial, event in moments:
        match event:
            case ev.Started():
                worker = heapq.heappop(free) if free else n_workers
                n_workers = max(n_workers, worker + 1)
                jobs[trial] = n_jobs, worker
                yield moment, msgspec.structs.replace(event, job=n_jobs, worker=worker)
                n_jobs += 1
            case ev.Reported():
                yield moment, msgspec.structs.replace(event, job=jobs[trial][0])
            case ev.Ended():
                job, worker = jobs.pop(trial)
                heapq.heappush(free, worker)
                yield moment, msgspec.structs.replace(event, job=job)
            case _:
                yield moment, event
