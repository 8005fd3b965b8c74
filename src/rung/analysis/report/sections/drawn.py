"""The sections that are figures."""

from functools import partial
from typing import Any

import numpy as np

from rung.analysis import plots
from rung.analysis.data import StudyData
from rung.analysis.plots.parallel import parallel_data, parallel_figure
from rung.analysis.report.figures import Draw, figure, side_by_side
from rung.analysis.report.html import Html, element, joined
from rung.analysis.report.reading import Reading, Section


def progress(reading: Reading) -> Section:
    """The best value so far."""
    names = {"best-so-far": "Over the resource spent.", "best-over-time": "Over time."}
    figures = [figure(name, _draw(reading, name), about) for name, about in names.items()]
    return Section("progress", "Progress", side_by_side(*figures))


def front(reading: Reading) -> Section | None:
    """The front of several objectives."""
    if len(reading.data.objectives) == 1:
        return None
    draw = partial(plots.pareto_front, reading.data, weights=reading.weights)
    body = figure("pareto-front", draw, _about("pareto-front"), "Pareto front")
    return Section("front", "Pareto front", body)


def curves(reading: Reading) -> Section:
    """Learning curves, and the rungs where they were judged."""
    body = joined(
        _figure(reading, "learning-curves"), _figure(reading, "rungs"), _lineage(reading), _audits(reading)
    )
    return Section("curves", "Curves and rungs", body)


def _lineage(reading: Reading) -> Html:
    """The lineage of the best, where trials began from others."""
    if all(trial.parent is None for trial in reading.data.trials):
        return joined()
    return _figure(reading, "lineage")


def _audits(reading: Reading) -> Html:
    """What early stopping costs, where audits tell."""
    if reading.data.spec.audit is None:
        return joined()
    lines = [element("li", sentence) for sentence in reading.study.audits.sentences()]
    return joined(element("h3", "Audits of early stopping"), element("ul", lines))


def hyperparameters(reading: Reading) -> Section:
    """The values of hyperparameters beside what became of them."""
    parallel = figure("parallel-coordinates", partial(_parallel, reading.data), _SELECT)
    body = joined(parallel, *(_figure(reading, name) for name in ("slices", "model", "contours")))
    return Section("hyperparameters", "Hyperparameters", body)


def workers(reading: Reading) -> Section:
    """Which trial had which worker when."""
    return Section("workers", "Workers", _figure(reading, "timeline", "Workers"))


_SELECT = "Which configurations are good. What is selected here is also selected in the table of trials."


def _figure(reading: Reading, name: str, section: str = "") -> Html:
    return figure(name, _draw(reading, name), _about(name), section)


def _draw(reading: Reading, name: str) -> Draw:
    return partial(plots.FIGURES[name].draw, reading.data)


def _about(name: str) -> str:
    summary = plots.FIGURES[name].summary
    return f"{summary[0].upper()}{summary[1:]}."


def _parallel(data: StudyData) -> Any:  # Any: a plotly Figure
    """Parallel coordinates that know the trial of each line."""
    found = parallel_data(data)
    return parallel_figure(found).update_traces(customdata=found.trial.astype(np.int32))
