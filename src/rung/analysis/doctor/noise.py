"""Checks of differences: is the best better than its noise, and would it be better still with more training?"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rung.analysis.doctor.case import Case, need
from rung.analysis.doctor.finding import Finding
from rung.core.history import Floats
from rung.words import number

LEADERS = 5
TAIL = 12  # last reports of a curve that its noise is taken from
STILL = 0.15  # of all gain, in the last third of training: curves that have not flattened


def noise(case: Case) -> Iterator[Finding]:
    """The leaders differ by less than their curves jump from report to report."""
    top = _highest(case, LEADERS)
    need(top is not None, f"no level has {LEADERS} trials with a result")
    assert top is not None
    leaders = sorted(case.at(top).items(), key=lambda pair: (pair[1], pair[0]))[:LEADERS]
    jumps = [jump for trial, _ in leaders if (jump := _jump(*case.curve(trial))) is not None]
    need(
        len(jumps) >= 3 and not case.data.resource.averages,
        "curves of the leaders are too short to see their noise",
    )
    size = math.sqrt(float(np.mean(np.square(jumps))))
    gap = leaders[-1][1] - leaders[0][1]
    if gap < size:
        yield Finding(
            "noise",
            "advice",
            f"The best {LEADERS} trials at {case.units(top)} differ by {number(gap)} in {case.goal.metric}, less than "
            f"their curves jump from one report to the next (standard deviation {number(size)}): which of them is "
            "first is chance.",
            "Train these again with other seeds before you choose, or report a mean over several evaluations.",
            {"resource": top, "leaders": LEADERS, "difference": gap, "noise": size},
        )


def still_improving(case: Case) -> Iterator[Finding]:
    """Curves at the highest resource have not flattened."""
    need(not (case.data.resource.averages or case.data.resource.restarts), "training has no curves here")
    top = _highest(case, 3)
    need(top is not None, "no level has 3 trials with a result")
    assert top is not None
    curves = [case.curve(trial) for trial in case.at(top)]
    gains = [gain for curve in curves if (gain := _late_gain(*curve)) is not None]
    need(len(gains) >= 3, "fewer than 3 trials have curves that are long enough")
    late = float(np.median(gains))
    if late > STILL and sum(gain > STILL / 2 for gain in gains) >= 0.8 * len(gains):
        yield Finding(
            "still_improving",
            "advice",
            f"Trials are still getting better when they end at {case.units(top)}: the last third of training brings "
            f"{late:.0%} of all their gain (median of {len(gains)}).",
            "Raise max_resource, if you can pay for it.",
            {"resource": top, "late_share": late, "trials": len(gains)},
        )


def _highest(case: Case, least: int) -> int | None:
    """The highest level with so many results, if it is the highest that was meant, or the one below it."""
    return max((level for level in case.data.levels if len(case.at(level)) >= least), default=None)


def _jump(resources: npt.NDArray[np.int64], losses: Floats) -> float | None:
    """Standard deviation of the noise of a curve, from third differences, which are blind to its trend."""
    if len(losses) < 6 or len(set(np.diff(resources[-TAIL:]).tolist())) != 1:
        return None
    third = np.diff(losses[-TAIL:], n=3)
    return math.sqrt(float(np.mean(third**2)) / 20)  # 20 = 1 + 9 + 9 + 1


def _late_gain(resources: npt.NDArray[np.int64], losses: Floats) -> float | None:
    """Share of a curve's gain that falls in its last third; both ends and the middle smoothed over a few reports."""
    if len(losses) < 9:
        return None
    near = max(1, len(losses) // 9)
    at = int(np.searchsorted(resources, resources[-1] * 2 / 3))
    first, middle, last = losses[0], losses[max(0, at - near // 2) : at + near].mean(), losses[-near:].mean()
    gain = first - last
    noise = _jump(resources, losses) or 0.0
    return float((middle - last) / gain) if gain > 3 * noise and gain > 0 else None
