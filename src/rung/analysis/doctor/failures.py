"""Checks of failures: is there a region where trainings fail, and what did failures cost?"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rung.analysis.doctor.case import Case, need, place
from rung.analysis.doctor.finding import Finding
from rung.core.history import Floats
from rung.core.space import Choice, Column, Space

Mask = npt.NDArray[np.bool_]

LEAST = 5  # failures
LIMIT = 0.01
OFTEN = 0.2
COSTLY = 0.15
STEPS = 19  # thresholds tried in a range


@dataclass(frozen=True, slots=True)
class Region:
    """Where failures cluster.

    Attributes:
        words: In the user's units: `lr above 0.03`.
        inside: Which trials lie there, shape (n,).
        p_value: Chance of as many failures there if they fell anywhere, times the number of regions tried.
    """

    words: str
    inside: Mask
    p_value: float


def region(case: Case) -> Iterator[Finding]:
    """Failures cluster in a region; without one, they are many."""
    failed, X = _outcomes(case)
    need(len(failed) >= 2 * LEAST, f"{len(failed)} trials are over or have results, {2 * LEAST} are needed")
    n = int(failed.sum())
    if n < LEAST:
        return
    often = _most_often(case)
    found = _region(case.data.space, X, failed)
    if found is not None:
        within = int(failed[found.inside].sum())
        size, rest = int(found.inside.sum()), int((~found.inside).sum())
        yield Finding(
            "failures",
            "warning",
            f"Trainings fail where {found.words}: {within} of {size} trials there, {n - within} of {rest} elsewhere. "
            f"Most often it is {often}.",
            "Leave that region out of the space, or mend the training there.",
            {
                "region": found.words,
                "failed_inside": within,
                "inside": size,
                "failed_elsewhere": n - within,
                "elsewhere": rest,
                "p_value": found.p_value,
            },
        )
    elif n >= OFTEN * len(failed):
        yield Finding(
            "failures",
            "warning",
            f"{n} of {len(failed)} trials failed, anywhere in the space. Most often it is {often}.",
            "Look at one of them: rung show --status failed, then rung why TRIAL.",
            {"failed": n, "trials": len(failed)},
        )


def lost_time(case: Case) -> Iterator[Finding]:
    """Much of the workers' time went to jobs that failed or were lost."""
    ended = [job for job in case.data.jobs if job.outcome is not None]
    total = sum(job.ended - job.began for job in ended)
    need(len(ended) >= 2 * LEAST and total > 0, "too few jobs have ended")
    wasted = {
        outcome: sum(job.ended - job.began for job in ended if job.outcome == outcome)
        for outcome in ("failed", "lost")
    }
    share = sum(wasted.values()) / total
    n = {outcome: sum(job.outcome == outcome for job in ended) for outcome in wasted}
    if share > COSTLY and sum(n.values()) >= 3:
        worse = max(wasted, key=lambda outcome: wasted[outcome])
        yield Finding(
            "lost_time",
            "warning",
            f"{share:.0%} of the workers' time went to jobs that came to nothing: {n['failed']} failed, and "
            f"{n['lost']} were lost with their machine.",
            "Have trainings report early and save often, so that less is lost with a machine."
            if worse == "lost"
            else "Have trainings fail early: check what cannot work before the first step.",
            {"share": share, "failed": n["failed"], "lost": n["lost"], "jobs": len(ended)},
        )


def _outcomes(case: Case) -> tuple[Mask, Floats]:
    """Which trials failed by their configuration's fault, of those that did or have a result; and where they lie."""
    data = case.data
    failed = np.array(
        [trial.failure is not None and trial.failure.fault == "configuration" for trial in data.trials], bool
    )
    known = failed | np.array([trial.resource > 0 for trial in data.trials], bool)
    top = [column.index for column in data.space.columns if column.parent is None]
    if len(known):
        known &= np.isfinite(data.encoded[:, top]).all(axis=1)
    return failed[known], data.encoded[known]


def _region(space: Space, X: Floats, failed: Mask) -> Region | None:
    """The one condition, or the two, that best tell the failed from the others."""
    found = _best(space, X, failed)
    if found is None:
        return None
    inner = _best(space, X[found.inside], failed[found.inside])
    if inner is None or failed[found.inside].mean() > 0.9:
        return found
    inside = found.inside.copy()
    inside[found.inside] = inner.inside
    if failed[inside].sum() < 0.8 * failed[found.inside].sum():
        return found  # there are failures enough in the wider region
    return Region(f"{found.words} and {inner.words}", inside, max(found.p_value, inner.p_value))


def _best(space: Space, X: Floats, failed: Mask) -> Region | None:
    from scipy.stats import hypergeom

    n, k = len(failed), int(failed.sum())
    regions = [(words, inside) for column in space.columns for words, inside in _conditions(space, column, X)]
    if not regions or k == n:
        return None
    sizes = np.array([inside.sum() for _, inside in regions])
    hits = np.array([failed[inside].sum() for _, inside in regions])
    chances = hypergeom.sf(hits - 1, n, k, sizes) * len(regions)
    for index in np.argsort(chances, kind="stable").tolist():
        if chances[index] > LIMIT:
            return None
        rate, elsewhere = hits[index] / sizes[index], (k - hits[index]) / max(1, n - sizes[index])
        if hits[index] >= max(LEAST, 0.6 * k) and rate >= 0.3 and rate >= 3 * elsewhere:
            return Region(words=regions[index][0], inside=regions[index][1], p_value=float(chances[index]))
    return None


def _conditions(space: Space, column: Column, X: Floats) -> Iterator[tuple[str, Mask]]:
    """Conditions on one hyperparameter, with the trials that meet each; an inactive one meets none."""
    u = X[:, column.index]
    if isinstance(column.parameter, Choice):
        for k, option in enumerate(column.parameter.options):
            yield f"{column.label} is {option}", np.floor(u * column.n_values) == k
        return
    known = u[np.isfinite(u)]
    places = np.unique(np.quantile(known, np.linspace(0.05, 0.95, STEPS))) if len(known) else known
    for threshold in places.tolist():
        yield f"{column.label} is above {place(column, threshold)}", u > threshold
        yield f"{column.label} is below {place(column, threshold)}", u < threshold


def _most_often(case: Case) -> str:
    """The failure that is seen most, in words."""
    kinds = Counter(
        f"{trial.failure.type}: {trial.failure.message.splitlines()[0]}"
        if trial.failure.message
        else trial.failure.type
        for trial in case.data.trials
        if trial.failure is not None and trial.failure.fault == "configuration"
    )
    words = kinds.most_common(1)[0][0]
    return words if len(words) <= 100 else f"{words[:99]}…"
