"""How irace divides a budget of evaluations among its races, and how one test of a race is judged.

Functions of numbers and arrays; who runs where is in `racing.py`.

Reference:
    López-Ibáñez et al., The irace Package: Iterated Racing for Automatic Algorithm Configuration, Operations Research
    Perspectives 3, 2016, sections 2.2 and 3.2 (called "the paper" here). The sizes of elitist races are those of the
    package itself, version 3, as its user guide does not give them.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rung.models.paired import Floats, conover, friedman, holm, paired_t, wilcoxon

Test = Literal["friedman", "t-test", "t-test-holm"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is fixed for all races of a study.

    Attributes:
        first_test: Instances before the first test of a race.
        each_test: Instances between a test and the next one.
        n_instances: How many instances there are.
    """

    first_test: int
    each_test: int
    n_instances: int

    def instances(self, race: int, seen: int) -> int:
        """Instances that each candidate of a race is expected to take, by which the size of the race is reckoned.

        Args:
            race: Its number, from 1.
            seen: Instances that the elites have seen before it; the race adds one at least.
        """
        fresh = self.first_test + self.each_test * min(5, race)
        after = math.ceil((seen + 1) / self.each_test) * self.each_test
        return min(self.n_instances, max(fresh, after))

    def least_evaluations(self, n_parameters: int) -> int:
        """The smallest budget with which each race can have one candidate more than survive."""
        races = n_races(n_parameters)
        more = max(races - 5, 0) + min(races - 1, 5) * self.each_test
        longest = min(self.n_instances, self.first_test + self.each_test + more)
        return races * (n_survivors(n_parameters) + 1) * longest


def n_races(n_parameters: int) -> int:
    """Into how many races the budget is divided: `floor(2 + log2 d)` (the paper, section 3.2)."""
    return 1 + max(1, n_parameters.bit_length())  # exact, where a logarithm of floats rounds


def n_survivors(n_parameters: int) -> int:
    """At how many survivors a race may end, and how many become elites: as many as races (the paper, section 3.2)."""
    return 1 + max(1, n_parameters.bit_length())  # exact, where a logarithm of floats rounds


def evaluations(left: int, race: int, races: int) -> int:
    """Evaluations for a race, numbered from 1: `(B - B_used) / (N_iter - j + 1)` (the paper, section 3.2)."""
    return left // (max(races, race) - race + 1)


def judge(losses: Floats, test: Test, alpha: float) -> tuple[int, Floats]:
    """Compare the candidates of a race with the best of them.

    With two candidates Friedman's test gives way to Wilcoxon's, as in the package.

    Args:
        losses: Shape (n instances, m candidates), finite, at least two of each.
        test: Which test.
        alpha: Its level.

    Returns:
        The column of the best, and for each column the p-value by which it is worse, 1 if it is not.
    """
    if test == "friedman":
        return _by_ranks(losses, alpha)
    best = int(np.argmin(losses.mean(axis=0)))
    p = paired_t(losses, best)
    if test == "t-test-holm":
        others = np.arange(losses.shape[1]) != best
        p[others] = holm(p[others])
    return best, p


def order(losses: Floats, test: Test) -> list[int]:
    """Columns of candidates, the best first: by their ranks, or by their means for a t-test."""
    score = friedman(losses).rank_sums if test == "friedman" else losses.sum(axis=0)
    return [int(column) for column in np.argsort(score, kind="stable")]


def _by_ranks(losses: Floats, alpha: float) -> tuple[int, Floats]:
    found = friedman(losses)
    best = int(np.argmin(found.rank_sums))
    if losses.shape[1] == 2:
        p = wilcoxon(losses, best)
    elif found.p < alpha:
        p = conover(losses, best)
    else:
        p = np.ones(losses.shape[1])
    return best, np.where(found.rank_sums > found.rank_sums[best], p, 1.0)
