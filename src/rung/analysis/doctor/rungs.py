"""Checks of the rungs: do early ranks tell the late ones, and does enough arrive at the top?"""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from rung.analysis.doctor.case import Case, need
from rung.analysis.doctor.finding import Finding
from rung.core.history import Floats

LEAST = 10  # trials
IN_COMMON = (
    30  # trials at two levels: with fewer, the recorded tasks that this was tried on gave false alarms
)
WEAK = 0.5  # rank correlation that the upper bound must not reach
SURE = 1.96  # standard errors between an estimate and its upper bound
AT_TOP = 3
FIRST_SHARE = 0.7


def early_ranks(case: Case) -> Iterator[Finding]:
    """A level whose ranks say little about those at the next one.

    Who is seen at both was chosen by the first, which makes their correlation smaller than it is among all. It is
    corrected for that (Thorndike's case 2, on normal scores), and the finding needs an upper bound of it that is low.
    """
    pairs = [
        (low, high) for low, high in pairwise(case.data.levels) if len(_both(case, low, high)) >= IN_COMMON
    ]
    need(bool(pairs), f"no two neighbouring levels have {IN_COMMON} trials in common")
    for low, high in pairs:
        both = _both(case, low, high)
        everyone = case.at(low)
        scores = dict(zip(everyone, _normal_scores(np.array(list(everyone.values()))), strict=True))
        early = np.array([scores[trial] for trial in both])
        late = _normal_scores(np.array([case.at(high)[trial] for trial in both]))
        if np.ptp(early) == 0 or np.ptp(late) == 0:
            continue
        chosen = float(np.corrcoef(early, late)[0, 1])
        narrowed = float(np.std(list(scores.values())) / np.std(early))
        bound = math.tanh(math.atanh(min(chosen, 0.999)) + SURE / math.sqrt(len(both) - 3))
        among_all, at_most = _widened(chosen, narrowed), _widened(bound, narrowed)
        if at_most < WEAK:
            yield Finding(
                "early_ranks",
                "warning",
                f"Ranks at {case.units(low)} say little about those at {case.units(high)}: their correlation is "
                f"{among_all:.2f}, at most {at_most:.2f} (over the {len(both)} trials seen at both, corrected for "
                "their being the better ones).",
                f"Raise min_resource to {high}, so that trials are judged later.",
                {
                    "low": low,
                    "high": high,
                    "trials": len(both),
                    "correlation": among_all,
                    "correlation_at_most": at_most,
                    "correlation_uncorrected": chosen,
                },
            )
            return  # what holds for the first level is what min_resource mends


def top(case: Case) -> Iterator[Finding]:
    """Hardly a trial was trained to the end."""
    data = case.data
    need(not data.running, "the study runs")
    last = data.spec.scheduler.get("max_resource")
    need(isinstance(last, int) and len(data.levels) >= 2, "there are no rungs")
    assert isinstance(last, int)
    arrived = len(case.at(last))
    tried = len(np.unique(data.observations.trial))
    need(tried >= LEAST, f"{tried} trials with results, {LEAST} are needed")
    if arrived < AT_TOP:
        eta = data.spec.scheduler.get("eta", 3)
        who = (
            "No trial has"
            if arrived == 0
            else "Only 1 trial has"
            if arrived == 1
            else f"Only {arrived} trials have"
        )
        below = sum(level < last for level in data.levels)
        yield Finding(
            "top",
            "warning" if arrived == 0 else "advice",
            f"{who} come to {case.units(last)}, of {tried} that were tried: with eta={eta} about one in {eta} goes on "
            f"from each of {below} levels.",
            f"Raise the budget, or have fewer rungs: a higher min_resource, or a max_resource below {last}.",
            {"resource": last, "arrived": arrived, "trials": tried, "levels_below": below},
        )


def first_rung(case: Case) -> Iterator[Finding]:
    """Most of the training went to trials that never passed the first rung."""
    data = case.data
    need(len(data.levels) >= 3 and not data.running, "there are fewer than 3 levels, or the study runs")
    first = data.levels[0]
    stayed = np.array([trial.resource <= first for trial in data.trials])
    need(len(stayed) >= 3 * LEAST, f"{len(stayed)} trials, {3 * LEAST} are needed")
    seconds = np.array([trial.seconds for trial in data.trials])
    spent = seconds.sum()
    need(spent > 0, "training times are not known")
    share = float(seconds[stayed].sum() / spent)
    if share > FIRST_SHARE:
        yield Finding(
            "first_rung",
            "advice",
            f"{share:.0%} of the training time went to the {int(stayed.sum())} trials (of {len(stayed)}) that never "
            f"passed {case.units(first)}.",
            "Lower min_resource or eta, so that more of it goes to the good ones.",
            {"share": share, "trials": len(stayed), "stayed": int(stayed.sum()), "resource": first},
        )


def _both(case: Case, low: int, high: int) -> list[int]:
    """Trials with a result at both levels."""
    early = case.at(low)
    return [trial for trial in case.at(high) if trial in early]


def _normal_scores(losses: Floats) -> Floats:
    """What the ranks would be worth if they came from a normal distribution; ties share the mean."""
    from scipy.stats import norm, rankdata

    scores: Floats = norm.ppf((rankdata(losses) - 0.5) / len(losses))
    return scores


def _widened(correlation: float, ratio: float) -> float:
    """What a correlation would be if its first variable had a spread `ratio` times as large."""
    widened = correlation * ratio
    return widened / math.sqrt(1 - correlation**2 + widened**2)
