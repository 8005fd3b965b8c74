"""What confirmations tell: how good the leaders really are, which difference is real, and whether the best was lucky.

Every number comes from repetitions alone: what the search has seen of a leader is better than what is to be expected
of it, as it was chosen for that.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import msgspec
import numpy as np

from rung.confirming import ALPHA, fallen_behind
from rung.core import event as ev
from rung.core.confirmations import Results, ranked
from rung.core.objective import Objective
from rung.core.space import Config
from rung.core.state import State
from rung.core.why import Why, plural
from rung.models.proportion import Estimate, mean
from rung.models.versus import Pair, pairs

FEW = 2  # values, or nothing is known about their spread


@dataclass(frozen=True, slots=True)
class Measured:
    """What several trainings have come to; all numbers in the unit of the metric.

    Attributes:
        values: Those that ended well, by the number of their seed.
        n_failed: How many failed, or broke a constraint.
        mean: Their mean; NaN if there is none.
        low, high: Its 95 % interval (Student's t).
    """

    values: dict[int, float]
    n_failed: int
    mean: float
    low: float
    high: float

    @property
    def n(self) -> int:
        """How many ended well."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Leader:
    """A trial that was confirmed.

    Attributes:
        trial: Its number.
        config: Its configuration.
        searched: The value with which it became a leader; None: it had none.
        searched_at: The resource there.
        measured: What its repetitions came to.
        is_behind: Whether it was shown to be worse than the best, and so was not repeated to the end.
    """

    trial: int
    config: Config
    searched: float | None
    searched_at: int
    measured: Measured
    is_behind: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """How two leaders compare on the seeds that both have.

    Attributes:
        better, worse: Their trials, by the mean difference.
        n: Common seeds.
        gap: By how much the better one is better, in the unit of the metric; at least 0.
        low, high: Its 95 % interval.
        p: That so large a difference would be seen if there were none, adjusted for all pairs (Holm).
        is_real: Whether `p` is below 0.05.
    """

    better: int
    worse: int
    n: int
    gap: float
    low: float
    high: float
    p: float
    is_real: bool


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """How configurations near the winner do.

    Attributes:
        measured: What they came to, by number.
        gap: By how much the winner's mean is better than theirs; below 0: theirs is better.
        is_outlier: Whether the winner is better by more than chance explains, and they are no better than what
            usually came so far in the search.
    """

    measured: Measured
    gap: float
    is_outlier: bool


@dataclass(frozen=True, slots=True, repr=False)
class Confirmed:
    """What the last confirmation of a study tells.

    Attributes:
        metric: The objective.
        maximize: Which way is better.
        leaders: The best first.
        differences: Of all pairs of leaders.
        neighbourhood: Of the winner; None: nobody asked for it.
        full: How far each repetition was trained; `unit` is what a unit is called.
        is_over: Whether nothing is left to do.
        n, n_running: Repetitions that are over, and those that are on their way or cut off.
        units: What all confirmations of the study took.
    """

    metric: str
    maximize: bool
    leaders: tuple[Leader, ...]
    differences: tuple[Difference, ...]
    neighbourhood: Neighbourhood | None
    full: int
    unit: str
    is_over: bool
    n: int
    n_running: int
    units: int

    def __bool__(self) -> bool:
        """Whether anything was confirmed."""
        return self.n > 0

    @property
    def best(self) -> Leader:
        """The winner."""
        return self.leaders[0]

    def sentences(self) -> list[str]:
        """What is known, in words."""
        if not self.n:
            return ["nothing was confirmed yet: study.confirm(train)"]
        leaders = [self._leader(leader) for leader in self.leaders]
        return [*leaders, self.verdict, *self.notes()]

    def notes(self) -> list[str]:
        """What is known besides the leaders: of the neighbourhood, and what it took."""
        near = self.neighbourhood
        return [*([] if near is None else [self._near(near)]), self._spent()]

    def to_builtins(self) -> dict[str, Any]:  # Any: nested JSON
        """As plain JSON values; what is not finite is None."""
        found: dict[str, Any] = _finite(msgspec.to_builtins(self))
        return found

    def __str__(self) -> str:
        """A line for each leader, and what it means."""
        return "\n".join(self.sentences())

    def __repr__(self) -> str:
        """The same: this is for reading; `to_builtins` has the numbers."""
        return str(self)

    def _leader(self, leader: Leader) -> str:
        found = leader.measured
        if not found.n and not found.n_failed:
            return f"trial {leader.trial}: not trained anew yet"
        value = f"{self.metric} {found.mean:.4g}" if found.n else "no value"
        interval = f" ({found.low:.4g} to {found.high:.4g})" if found.n >= FEW else ""
        over = f" over {found.n} {plural('training', found.n)}"
        failed = f", {found.n_failed} failed" if found.n_failed else ""
        claimed = "" if leader.searched is None else f"; the search had {leader.searched:.4g}"
        behind = "; clearly behind" if leader.is_behind else ""
        return f"trial {leader.trial}: {value}{interval}{over}{failed}{claimed}{behind}"

    @property
    def verdict(self) -> str:
        """Which leader is the best, and whether that is sure, in a sentence."""
        if not self.n:
            return "nothing was confirmed yet"
        best = self.best.trial
        if len(self.leaders) == 1:
            return f"trial {best} is the only leader"
        real = [each.worse for each in self.differences if each.better == best and each.is_real]
        others = [leader.trial for leader in self.leaders[1:] if leader.trial not in real]
        if not others:
            return f"trial {best} is the best: the difference is real to each of the others"
        if not real:
            return f"trial {best} has the best mean, but no difference to the others is shown to be real"
        sure = f"the difference is real to {_listed(real)}, not shown to {_listed(others)}"
        return f"trial {best} has the best mean; {sure}"

    def _near(self, near: Neighbourhood) -> str:
        found = near.measured
        if not found.n:
            return "of the configurations near it, none has a result yet"
        interval = f" ({found.low:.4g} to {found.high:.4g})" if found.n >= FEW else ""
        words = (
            "a small change loses what it won, so it is a lucky point"
            if near.is_outlier
            else "they do well, too, so it is no lucky point"
        )
        return f"{found.n} configurations near it: {self.metric} {found.mean:.4g}{interval}; {words}"

    def _spent(self) -> str:
        on_the_way = f"; {self.n_running} more on their way" if self.n_running else ""
        return f"confirming took {self.units} {plural(self.unit, self.units)}{on_the_way}"


def confirmed(state: State) -> Confirmed:
    """What the last confirmation of a study tells so far."""
    known, goal = state.confirmations, state.objectives[0]
    begun = known.last or ev.ConfirmBegun((), 0, _NOTHING)
    results: dict[int, Results] = {leader: known.results(leader) for leader in begun.leaders}
    order = ranked(begun.leaders, results)
    behind = fallen_behind(results) if begun.seeds is not None and len(results) > 1 else set[int]()
    compared = pairs(list(combinations(order, 2)), results)
    over = sum(len(found) for found in results.values())
    made = sum(len(known.made(leader)) for leader in begun.leaders)
    near = _neighbourhood(state, order, results) if begun.neighbours and order else None
    return Confirmed(
        goal.metric,
        goal.maximize,
        tuple(_leader(state, leader, results[leader], leader in behind) for leader in order),
        tuple(_difference(pair, goal) for pair in compared if pair.n),
        near,
        begun.full,
        state.resource.unit,
        known.round is None,
        over,
        made - over,
        known.units,
    )


_NOTHING = Why("asked")


def _leader(state: State, trial: int, results: Results, behind: bool) -> Leader:
    record = state.trials[trial]
    losses, goal = record.losses, state.objectives[0]
    searched = goal.value(losses[0]) if losses is not None and math.isfinite(losses[0]) else None
    return Leader(trial, record.config, searched, record.resource, measured(results, goal), behind)


def measured(results: Results, goal: Objective) -> Measured:
    """Some results as values of the metric."""
    values = {number: goal.value(loss) for number, loss in results.items() if math.isfinite(loss)}
    found = mean(np.array(list(values.values()))) if values else Estimate(math.nan, -math.inf, math.inf)
    return Measured(values, len(results) - len(values), found.value, found.low, found.high)


def _difference(pair: Pair, goal: Objective) -> Difference:
    """A pair with the better one first; of losses, so that more is worse."""
    gap, first, second = pair.gap, pair.first, pair.second
    if gap.value < 0:
        gap, first, second = Estimate(-gap.value, -gap.high, -gap.low), second, first
    return Difference(first, second, pair.n, gap.value, gap.low, gap.high, pair.p, pair.p < ALPHA)


def _neighbourhood(state: State, order: Sequence[int], results: dict[int, Results]) -> Neighbourhood | None:
    winner, goal = order[0], state.objectives[0]
    near = state.confirmations.near_results(winner)
    own = [loss for loss in results[winner].values() if math.isfinite(loss)]
    losses = [loss for loss in near.values() if math.isfinite(loss)]
    if not own or not losses:
        return Neighbourhood(measured(near, goal), math.nan, False)
    gap = float(np.mean(losses) - np.mean(own))
    alone = np.mean(losses) >= _usual(state) and _is_better(own, losses)
    return Neighbourhood(measured(near, goal), gap, bool(alone))


def _usual(state: State) -> float:
    """The median loss of what the search has brought as far as repetitions go; without any, nothing is usual."""
    begun = state.confirmations.last
    _, losses = state.history.view().at(begun.full if begun is not None else 0)
    return float(np.median(losses[:, 0])) if len(losses) else math.inf


def _is_better(own: Sequence[float], near: Sequence[float]) -> bool:
    """Whether one mean is lower than another one by more than chance explains (Welch's t-test, one-sided)."""
    from scipy.stats import ttest_ind

    if len(own) < FEW or len(near) < FEW:
        return False
    if np.ptp(own) == 0 and np.ptp(near) == 0:
        return own[0] < near[0]
    return bool(ttest_ind(own, near, equal_var=False, alternative="less").pvalue < ALPHA)


def _listed(trials: Iterable[int]) -> str:
    words = [f"trial {trial}" for trial in trials]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _finite(value: Any) -> Any:  # JSON values
    match value:
        case dict():
            return {str(name): _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
