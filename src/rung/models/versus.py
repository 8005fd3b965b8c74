"""Candidates that were measured on the same instances, each pair of them on those that both have: which differ?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rung.models.paired import holm, paired_t
from rung.models.proportion import Estimate, mean

Results = Mapping[int, float]
"""Losses by instance; `inf` where a candidate failed."""

FEWEST = 2  # common instances, or nothing can be said


@dataclass(frozen=True, slots=True)
class Pair:
    """How two candidates compare.

    Attributes:
        first, second: Which ones.
        n: How many instances both have.
        gap: The mean of the second one's losses less the first one's, with its 95 % interval (Student's t).
        p: That so large a difference would be seen if there were none, Holm-adjusted for all pairs that were asked
            for together; 1 where too little is known.
    """

    first: int
    second: int
    n: int
    gap: Estimate
    p: float


def pairs(wanted: Sequence[tuple[int, int]], results: Mapping[int, Results]) -> list[Pair]:
    """Compare some pairs by Student's t-test of the differences; instances on which one failed are left out."""
    both = [_common(results[first], results[second]) for first, second in wanted]
    chances = [float(paired_t(losses, 0)[1]) if len(losses) >= FEWEST else 1.0 for losses in both]
    adjusted = holm(np.array(chances)).tolist() if wanted else []
    return [
        Pair(first, second, len(losses), _gap(losses), p)
        for (first, second), losses, p in zip(wanted, both, adjusted, strict=True)
    ]


def _common(first: Results, second: Results) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    rows = [(first[i], second[i]) for i in sorted(set(first) & set(second))]
    found = np.array(rows, np.float64).reshape(-1, 2)
    return found[np.isfinite(found).all(axis=1)]


def _gap(losses: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Estimate:
    if not len(losses):
        return Estimate(float("nan"), -np.inf, np.inf)
    return mean(losses[:, 1] - losses[:, 0])
