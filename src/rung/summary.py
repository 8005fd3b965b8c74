"""Summaries: what is listed of a study, as plain values that its store keeps beside the log.

The log stays the only truth: a summary says after which entry it holds, and whoever finds another last entry folds
the log instead.
"""

from collections import Counter

import msgspec

from rung.audited import audited
from rung.confirmed import confirmed
from rung.core.decision import Status
from rung.core.errors import NoResultError, SpecError
from rung.core.space import Config
from rung.core.state import State
from rung.core.why import sentence
from rung.results import best, compromise, feasibility, leading, trials
from rung.trial_result import TrialResult
from rung.words import costs, used

FEW = 100  # trials of a study that is shown whole; of a larger one, so many are shown


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A trial in a list; fields as in `TrialResult`."""

    number: int
    status: Status
    resource: int
    values: dict[str, float]
    config: Config
    why: str
    broken: tuple[str, ...] = ()


class Summary(msgspec.Struct, frozen=True):
    """How a study stood after an entry of its log.

    Attributes:
        time: When that was, by the log's clock.
        unit: What a unit of resource is called.
        metrics: The objectives, and the metrics that are constrained.
        n_trials: Trials created.
        counts: Trials per status.
        spent: Units of resource.
        best: The best value of the first objective; None: there is none, or no one trial is the best.
        affairs: How the study stands when no program runs it, in a few words.
        rows: All trials where there are `FEW`, else those that came furthest, the best first.
        audits: What audits tell of early stopping, in sentences.
        confirmed: What the last confirmation tells, in sentences.
        feasible: Which part of the trials keeps the constraints, in words; empty where there are none.
        objectives: How many of the metrics are objectives.
        members: How many trials each searcher suggested, where several take part.
        knee: With several objectives, the trial that is a good compromise; None: there is none.
        used: What trials have used of their machines, in words; empty where that was not measured.
        costs: What was spent of the currencies of the budget, in words; empty where nothing was.
    """

    time: float
    unit: str
    metrics: tuple[str, ...]
    n_trials: int
    counts: dict[Status, int]
    spent: int
    best: float | None
    affairs: str
    rows: tuple[Row, ...]
    audits: tuple[str, ...] = ()
    feasible: str = ""
    objectives: int = 1
    confirmed: tuple[str, ...] = ()
    members: dict[str, int] = {}
    knee: int | None = None
    used: str = ""
    costs: str = ""

    def encode(self) -> str:
        """As text for a store."""
        return _encoder.encode(self).decode()

    @classmethod
    def decode(cls, text: str) -> "Summary | None":
        """From a store; None if it is of another version of rung."""
        try:
            return _decoder.decode(text)
        except (msgspec.DecodeError, SpecError):
            return None


def summary(state: State, name: str) -> Summary:
    """A study as it stands. O(n) in the number of trials."""
    return Summary(
        state.time,
        state.resource.unit,
        _metrics(state),
        state.n_trials,
        {status: n for status, n in state.counts.items() if n},
        state.account.resource,
        _best(state, name),
        affairs(state),
        tuple(row(each) for each in _shown(state, name)),
        tuple(audited(state).sentences()) if state.audits.units else (),
        feasibility(state) if state.constraints else "",
        len(state.objectives),
        tuple(confirmed(state).sentences()) if _is_confirmed(state) else (),
        dict(Counter(member for member in state.history.members if member)),
        _knee(state, name),
        used(state.usages.total, "their") if state.usages.trials else "",
        costs(state.account.spent),
    )


def _is_confirmed(state: State) -> bool:
    return state.confirmations.last is not None and len(state.objectives) == 1


def _metrics(state: State) -> tuple[str, ...]:
    goals = [goal.metric for goal in state.objectives]
    return tuple(dict.fromkeys([*goals, *(limit.metric for limit in state.constraints)]))


def row(trial: TrialResult) -> Row:
    """A trial in a list."""
    return Row(
        trial.number,
        trial.status,
        trial.resource,
        dict(trial.values),
        trial.config,
        trial.why.partition("\n")[0],
        tuple(trial.broken),
    )


def affairs(state: State) -> str:
    """How a study stands that no program runs, in a few words."""
    if state.jobs:
        return "cut off"  # its driver died: the next run goes on with these jobs
    why = state.resting
    if why is None:
        return "not started" if not state.trials else "between runs"
    if why.rule == "done" and state.closed is not None:
        why = state.closed
    return _SHORT.get(why.rule) or sentence(why, state.resource.unit)


_SHORT = {
    "time is up": "time was up",
    "interrupted": "interrupted",
    "budget of trials": "budget used up",
    "budget": "budget used up",
    "exhausted": "space exhausted",
    "done": "done",
    "failed": "stopped by an error",
}

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Summary)


def _best(state: State, name: str) -> float | None:
    try:
        return best(state, name).value
    except NoResultError:
        return None


def _knee(state: State, name: str) -> int | None:
    try:
        return compromise(state, name).number
    except NoResultError:
        return None


def _shown(state: State, name: str) -> list[TrialResult]:
    if state.n_trials <= FEW:
        return trials(state)
    try:
        return leading(state, name, FEW)
    except NoResultError:
        return []
