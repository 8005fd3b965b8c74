"""Checks of what was searched: how much for so many hyperparameters, which of them matter, and with which defaults."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from rung.analysis.doctor.case import Case, listed_names, need
from rung.analysis.doctor.finding import Finding
from rung.analysis.importance import Importance
from rung.core.history import Floats
from rung.core.space import Config
from rung.words import short

EACH = 10  # trials for each hyperparameter: the usual rule of thumb
SHARE = 0.01  # of the variance, below which a hyperparameter does not matter alone …
TOTAL = 0.05  # … nor together with others
TRUST = 0.3  # R² that a forest must have for such a claim


def unimportant(case: Case) -> Iterator[Finding]:
    """Hyperparameters that explain nothing, neither among all trials nor among the better half."""
    need(
        len(case.sample) >= 50,
        f"{len(case.sample)} trials at {case.units(case.sample.resource)}, 50 are needed",
    )
    highest = max(case.data.levels)
    need(
        9 * case.sample.resource >= highest,
        f"{case.units(case.sample.resource)} of {highest} are too early to say",
    )
    for found, whose in ((case.importance, "all"), (case.importance_of_good, "the better half")):
        need(
            found.accuracy >= TRUST, f"configurations explain too little of {case.goal.metric} among {whose}"
        )
    models = [case.importance, case.importance_of_good]
    if case.importance_of_most.accuracy >= TRUST:
        models.append(case.importance_of_most)  # where those are that failed or were sorted out
    totals = [_totals(found) for found in models]
    names, shares = [], []
    for column in case.data.space.columns:
        alone = max(float(one[0][column.index]) for one in totals)
        together = max(float(one[1][column.index]) for one in totals)
        if alone <= SHARE and together <= TOTAL:
            names.append(column.label)
            shares.append(together)
    if names and len(names) < len(case.data.space.columns):
        verb, them = ("does", "it") if len(names) == 1 else ("do", "them")
        yield Finding(
            "unimportant",
            "advice",
            f"{listed_names(names)} {verb} not matter at {case.units(case.sample.resource)}: at most "
            f"{max(shares):.1%} of the variance, together with all others and also among the better half.",
            f"Fix {them} at a good value, and search the others with the same budget{_later(case, highest, them)}.",
            {
                "hyperparameters": ", ".join(names),
                "largest_share": max(shares),
                "trials": len(case.sample),
                "accuracy": case.importance.accuracy,
            },
        )


def _later(case: Case, highest: int, them: str) -> str:
    return (
        ""
        if case.sample.resource == highest
        else f", unless late training needs {them}, as it may weight decay"
    )


def trials(case: Case) -> Iterator[Finding]:
    """Too few trials for the number of hyperparameters."""
    data = case.data
    need(not data.running, "the study runs")
    need(data.spec.searcher["type"] != "grid", "a grid has as many trials as it has")
    tried = np.isfinite(data.encoded[np.unique(data.observations.trial)]).sum(axis=1)
    need(len(tried) > 0, "there is no result yet")
    d = round(float(np.mean(tried)))
    if len(tried) < EACH * d:
        yield Finding(
            "trials",
            "advice",
            f"{len(tried)} trials have results, for {d} hyperparameters that are active at a time: less than the usual "
            f"{EACH} for each.",
            f"Allow about {EACH * d} trials, with a low first rung if they are dear, or fix some hyperparameters.",
            {"trials": len(tried), "hyperparameters": d, "usual": EACH * d},
        )


def defaults(case: Case) -> Iterator[Finding]:
    """The defaults fail, or are among the worst."""
    own = [trial for trial in case.data.trials if trial.source == "default"]
    need(bool(own), "not every hyperparameter has a default")
    trial = own[0]
    if trial.failure is not None and trial.failure.fault == "configuration":
        yield Finding(
            "defaults",
            "warning",
            f"The defaults do not train: trial {trial.number} failed with {trial.failure.type}: "
            f"{trial.failure.message or 'no message'}.",
            "Look at the training with these values first: the defaults or the code may be wrong.",
            {"trial": trial.number, "failure": trial.failure.type},
        )
        return
    resources, losses = case.curve(trial.number)
    levels = [level for level in case.data.levels if level in resources]
    need(bool(levels), "the defaults have no result yet")
    others = np.array([loss for other, loss in case.at(levels[0]).items() if other != trial.number])
    need(len(others) >= 10, f"{len(others)} other trials at {case.units(levels[0])}, 10 are needed")
    loss = float(losses[resources == levels[0]][0])
    better = int((others < loss).sum())
    if better >= 0.9 * len(others):
        yield Finding(
            "defaults",
            "warning",
            f"The defaults have {case.value(loss)} at {case.units(levels[0])}: {better} of the {len(others)} other "
            f"trials are better, most of them drawn blindly (median {case.value(float(np.median(others)))}).",
            "Check that the defaults, and the training, are what you think they are.",
            {
                "trial": trial.number,
                "better": better,
                "others": len(others),
                "value": case.goal.value(loss),
                "median": case.goal.value(float(np.median(others))),
            },
        )


def duplicates(case: Case) -> Iterator[Finding]:
    """The same configuration tried again and again."""
    need(case.data.spec.duplicates != "reuse", "what repeats a configuration takes over its results")
    own = [trial for trial in case.data.searched if trial.parent is None and trial.source != "enqueued"]
    need(len(own) >= 2, "fewer than 2 trials were suggested")
    counts = Counter(_key(trial.config) for trial in own)
    again = len(own) - len(counts)
    if again >= max(3, 0.1 * len(own)):
        most, times = counts.most_common(1)[0]
        config = next(trial.config for trial in own if _key(trial.config) == most)
        yield Finding(
            "duplicates",
            "advice",
            f"{again} of {len(own)} trials repeat a configuration that was tried before, one of them {times} times: "
            f"{short(config)}.",
            _instead(case.data.space.size, len(own)),
            {"repeated": again, "trials": len(own), "most_often": times},
        )


def _instead(size: float, n: int) -> str:
    if size <= n:
        return f"The space has only {size:g} configurations: GridSearch tries each once."
    return "Widen the space, or end the study earlier."


def _totals(found: Importance) -> tuple[Floats, Floats]:
    """What each hyperparameter explains alone in its branch, and with all pairs that it is in."""
    total = found.within.copy()
    for pair in found.pairs:
        total[[pair.first, pair.second]] += pair.importance
    return found.within, total


def _key(config: Config) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in config.items()))
