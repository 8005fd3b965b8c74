"""What simulated runs say of their arms: regret over time and resource, ranks with intervals, what workers did."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from rung.core.rng import rng
from rung.simulation.run import Run

Floats = npt.NDArray[np.float64]
Over = Literal["time", "resource"]

POINTS = 80  # of a curve
RESAMPLED = 1000
LEVEL = 0.95


class Curve(msgspec.Struct, frozen=True):
    """Regret of the incumbent over what was spent, over all problems and seeds; `inf` before the first one.

    Attributes:
        x: As a share of the horizon, or of the units that the arm that trained most has trained on a problem.
        median, low, high: The middle half of the runs.
    """

    x: list[float]
    median: list[float]
    low: list[float]
    high: list[float]


class ArmResult(msgspec.Struct, frozen=True):
    """What the runs of one arm say.

    Attributes:
        arm: Its name.
        rank: Its mean rank among the arms by the regret at the end; 1 is best, ties share.
        rank_low, rank_high: The 95 % interval of that, by the bootstrap over problems and seeds.
        regret, regret_low, regret_high: Median and quartiles of the regret at the end.
        by_problem: Median of the regret at the end, by problem.
        utilization: Mean share of the workers' time in which they had a job.
        trials, units, written, moved: Means over the runs.
        results_per_s: Reports that were simulated in a second of real time.
        over_time, over_resource: Regret on the way.
    """

    arm: str
    rank: float
    rank_low: float
    rank_high: float
    regret: float
    regret_low: float
    regret_high: float
    by_problem: dict[str, float]
    utilization: float
    trials: float
    units: float
    written: float
    moved: float
    results_per_s: float
    over_time: Curve
    over_resource: Curve


def compare(runs: Sequence[Run]) -> list[ArmResult]:
    """The arms of some runs, the best mean rank first; each arm ran on the same problems and seeds."""
    names = list(dict.fromkeys(run.arm for run in runs))
    problems = list(dict.fromkeys(run.problem for run in runs))
    by_arm = [[run for run in runs if run.arm == name] for name in names]
    finals = np.array([[_final(run) for run in arm] for arm in by_arm])
    group = np.array([problems.index(run.problem) for run in by_arm[0]])
    ranks = _ranks(finals)
    intervals = _intervals(ranks, group)
    most = {name: max(run.units for run in runs if run.problem == name) for name in problems}
    found = [_result(arm, finals[i], ranks[i], intervals[:, i], most) for i, arm in enumerate(by_arm)]
    return sorted(found, key=lambda result: result.rank)


def _final(run: Run) -> float:
    return run.regrets[-1] if run.regrets else np.inf


def _ranks(finals: Floats) -> Floats:
    """Ranks among the arms in each run, shape as `finals` (arms, runs)."""
    from scipy.stats import rankdata

    found: Floats = rankdata(finals, axis=0, method="average")
    return found


def _intervals(ranks: Floats, group: npt.NDArray[np.int64]) -> Floats:
    """Interval of each arm's mean rank, shape (2, arms): problems are resampled, and within them seeds."""
    draw = rng(0, "bootstrap", 0)
    members = [np.flatnonzero(group == each) for each in range(int(group.max()) + 1)]
    means = []
    for _ in range(RESAMPLED):
        chosen = draw.integers(len(members), size=len(members))
        runs = np.concatenate([draw.choice(members[each], len(members[each])) for each in chosen.tolist()])
        means.append(ranks[:, runs].mean(axis=1))
    tail = (1 - LEVEL) / 2
    return np.asarray(np.quantile(np.array(means), [tail, 1 - tail], axis=0))


def _result(
    runs: Sequence[Run], finals: Floats, ranks: Floats, interval: Floats, most: dict[str, int]
) -> ArmResult:
    low, middle, high = _quartiles(finals[:, None])
    mean = partial(_mean, runs)
    return ArmResult(
        arm=runs[0].arm,
        rank=float(ranks.mean()),
        rank_low=float(interval[0]),
        rank_high=float(interval[1]),
        regret=middle[0],
        regret_low=low[0],
        regret_high=high[0],
        by_problem={
            name: float(np.median([_final(run) for run in runs if run.problem == name])) for name in most
        },
        utilization=mean("utilization"),
        trials=mean("trials"),
        units=mean("units"),
        written=mean("written"),
        moved=mean("moved"),
        results_per_s=sum(run.results for run in runs) / max(sum(run.real_s for run in runs), 1e-9),
        over_time=_curve([(run.times, run.regrets, run.horizon_s) for run in runs]),
        over_resource=_curve([(run.spent, run.regrets, most[run.problem]) for run in runs]),
    )


def _mean(runs: Sequence[Run], field: str) -> float:
    return float(np.mean([getattr(run, field) for run in runs]))


def _curve(paths: Sequence[tuple[Sequence[float], Sequence[float], float]]) -> Curve:
    """Quartiles of step functions, each given by its steps, its values, and the end of its axis."""
    x = np.linspace(0, 1, POINTS + 1)[1:]
    values = np.array([_at(x * end, np.asarray(steps, float), regrets) for steps, regrets, end in paths])
    low, middle, high = _quartiles(values)
    return Curve(x.tolist(), middle, low, high)


def _at(x: Floats, steps: Floats, regrets: Sequence[float]) -> Floats:
    """A step function that is `inf` before its first step."""
    return np.append(np.inf, regrets)[np.searchsorted(steps, x, side="right")]


def _quartiles(values: Floats) -> tuple[list[float], list[float], list[float]]:
    """Over the rows; of values that were there, as between `inf` and a number there is nothing."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0, method="inverted_cdf")
    return low.tolist(), middle.tolist(), high.tolist()
