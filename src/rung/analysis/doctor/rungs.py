"""Checks of the rungs: do early ranks tell the late ones, and does enough arrive at the top?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rung.analysis.doctor.case import Case, need
from rung.analysis.doctor.finding import Finding
from rung.core.history import Floats

LEAST = 10  # trials
IN_COMMON = 30  # trials at two levels; with fewer there were false alarms on recorded tasks
WEAK = 0.5  # rank correlation that the upper bound must not reach
SURE = 1.96  # standard errors between an estimate and its upper bound
AT_TOP = 3
LOSS = 0.05  # share of the stopped trials that may be better than the best
LITTLE = 0.2  # what the share must surely be below to be called fine
FIRST_SHARE = 0.7


def early_ranks(case: Case) -> Iterator[Finding]:
    """A level whose ranks say little about those at the next one.

    Who is seen at both was chosen by the first, which makes their correlation smaller than it is among all. It is
    corrected for that (Thorndike's case 2, on normal scores), and the finding needs an upper bound of it that is low.
    """
    found = [_agreement(case, low, high) for low, high in pairwise(case.data.levels)]
    need(any(found), f"no two neighbouring levels have {IN_COMMON} trials in common")
    for each in found:
        if each is not None and each.at_most < WEAK:
            yield Finding(
                "early_ranks",
                "warning",
                f"Ranks at {case.units(each.low)} say little about those at {case.units(each.high)}: their correlation "
                f"is {each.correlation:.2f}, at most {each.at_most:.2f} (over the {each.trials} trials seen at both, "
                "corrected for their being the better ones).",
                f"Raise min_resource to {each.high}, so that trials are judged later.",
                {
                    "low": each.low,
                    "high": each.high,
                    "trials": each.trials,
                    "correlation": each.correlation,
                    "correlation_at_most": each.at_most,
                    "correlation_uncorrected": each.uncorrected,
                },
            )
            return  # what holds for the first level is what min_resource mends


def early_stopping(case: Case) -> Iterator[Finding]:
    """Audits show that trials better than the best are stopped."""
    audits = case.audits
    need(audits is not None and audits.best is not None, "no stopped trial was audited: Study(audit=0.03)")
    assert audits is not None
    need(any(level.n_audited for level in audits.levels), "no audit has ended yet")
    for level in audits.levels:
        if level.low > LOSS:
            higher = [each for each in case.data.levels if each > (level.resource or 0)]
            yield Finding(
                "early_stopping",
                "warning",
                f"{audits.sentence(level)[0].upper()}{audits.sentence(level)[1:]}.",
                f"Raise min_resource to {min(higher)}, so that trials are judged later."
                if higher
                else "Stop fewer trials: a smaller eta.",
                {
                    "resource": level.resource or 0,
                    "stopped": level.n_stopped,
                    "audited": level.n_audited,
                    "better": level.n_better,
                    "share_at_least": level.low,
                    "share_at_most": level.high,
                },
            )
            return  # what holds for the first level is what min_resource mends
    overall = audits.overall
    need(overall.high < LITTLE, f"{overall.n_audited} of {overall.n_stopped} stopped trials were audited")


@dataclass(frozen=True, slots=True)
class _Agreement:
    """How well the ranks at a level agree with those at the next one.

    Attributes:
        low, high: The levels.
        trials: How many were seen at both.
        uncorrected: Correlation of their normal scores.
        correlation: What it would be among all trials at the lower level.
        at_most: Its upper bound.
    """

    low: int
    high: int
    trials: int
    uncorrected: float
    correlation: float
    at_most: float


def _agreement(case: Case, low: int, high: int) -> _Agreement | None:
    """None where too few trials were seen at both levels, or their ranks say nothing as all are equal."""
    everyone, later = case.at(low), case.at(high)
    both = [trial for trial in later if trial in everyone]
    if len(both) < IN_COMMON:
        return None
    scores = dict(zip(everyone, _normal_scores(np.array(list(everyone.values()))), strict=True))
    early = np.array([scores[trial] for trial in both])
    late = _normal_scores(np.array([later[trial] for trial in both]))
    if np.ptp(early) == 0 or np.ptp(late) == 0:
        return None
    chosen = float(np.corrcoef(early, late)[0, 1])
    narrowed = float(np.std(list(scores.values())) / np.std(early))
    bound = math.tanh(math.atanh(min(chosen, 0.999)) + SURE / math.sqrt(len(both) - 3))
    return _Agreement(low, high, len(both), chosen, _widened(chosen, narrowed), _widened(bound, narrowed))


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


def _normal_scores(losses: Floats) -> Floats:
    """What the ranks would be worth if they came from a normal distribution; ties share the mean."""
    from scipy.stats import norm, rankdata

    scores: Floats = norm.ppf((rankdata(losses) - 0.5) / len(losses))
    return scores


def _widened(correlation: float, ratio: float) -> float:
    """What a correlation would be if its first variable had a spread `ratio` times as large."""
    widened = correlation * ratio
    return widened / math.sqrt(1 - correlation**2 + widened**2)
