"""Which hyperparameters matter, and which changes led from the defaults to the best."""

from functools import partial

from rung.analysis import plots
from rung.analysis.ablation import Ablation, Step, ablation
from rung.analysis.importance import Importance, importance
from rung.analysis.report.figures import figure, missing
from rung.analysis.report.html import Html, element, joined, table
from rung.analysis.report.reading import Reading, Section
from rung.core.errors import MissingDependencyError, NoResultError
from rung.core.space import Config
from rung.words import number, short, units

TRUSTED = 0.2  # below this share of explained variance the numbers say nothing
PAIRS = 5


def importances(reading: Reading) -> Section:
    """For each objective; and the path from the defaults to the best."""
    parts = [_of(reading, goal.metric) for goal in reading.data.objectives]
    return Section("importance", "Importance", joined(*parts, _path(reading)))


def _of(reading: Reading, objective: str) -> Html:
    try:
        found = importance(reading.data, objective=objective)
    except (NoResultError, MissingDependencyError) as error:
        return missing(error)
    rows = {
        label: (float(share), float(spread))
        for label, share, spread in zip(found.labels, found.importance, found.std, strict=True)
    }
    title = f"Share of the variance of {objective} that each hyperparameter explains"
    draw = partial(plots.importances, rows, title=title)
    return joined(figure(f"importance-{objective}", draw, _trust(found)), _pairs(found))


def _trust(found: Importance) -> str:
    used = f"fANOVA on {units(found.n_trials, 'trial')} at {units(found.resource, found.unit)}"
    if found.accuracy <= TRUSTED:
        return f"{used}. The forest hardly predicts trials that it has not seen: do not trust this yet."
    return f"{used}; the forest explains {found.accuracy:.0%} of the variance of trials that it has not seen."


def _pairs(found: Importance) -> Html | None:
    rows = [
        (f"{found.labels[pair.first]} with {found.labels[pair.second]}", f"{pair.importance:.1%}")
        for pair in found.pairs[:PAIRS]
        if pair.importance >= 0.01
    ]
    if not rows:
        return None
    return element(
        "details",
        element("summary", "Pairs that matter together"),
        table(("pair", "share beyond each alone"), rows),
    )


def _path(reading: Reading) -> Html | None:
    try:
        found = ablation(reading.data)
    except (NoResultError, MissingDependencyError):
        return None
    rows = [_step(found, step) for step in found.steps]
    metric = reading.data.objectives[0].metric
    return element(
        "div",
        element("h3", "From the defaults to the best"),
        element("p", "Each step is the change that helps most, as the forest predicts it.", class_="quiet"),
        table(
            ("change", f"predicted {metric}", "gain"),
            [("the defaults", number(found.start_value), ""), *rows],
        ),
    )


def _step(found: Ablation, step: Step) -> tuple[Html, str, str]:
    change = joined(element("code", _short(step.before)), " → ", element("code", _short(step.after)))
    return change, number(step.value), f"{step.gain:+.3g}"


def _short(config: Config) -> str:
    return short(config) or "absent"
