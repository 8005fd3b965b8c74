"""The catalog: every figure of a study under one name, in the order in which a report shows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import plotly.graph_objects as go

from rung.analysis.data import StudyData
from rung.analysis.plots.best import best_so_far
from rung.analysis.plots.contours import contours
from rung.analysis.plots.curves import learning_curves
from rung.analysis.plots.front import pareto_front
from rung.analysis.plots.levels import rungs
from rung.analysis.plots.lineage import lineages
from rung.analysis.plots.model import model
from rung.analysis.plots.parallel import parallel_coordinates
from rung.analysis.plots.slices import slices
from rung.analysis.plots.timeline import timeline


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A figure that needs nothing but a study.

    Attributes:
        title: For a heading.
        summary: What it answers, in one line.
        draw: Makes it; raises NoResultError where there is nothing to show.
    """

    title: str
    summary: str
    draw: Callable[[StudyData], go.Figure]


FIGURES: Mapping[str, FigureKind] = {
    "best-so-far": FigureKind(
        "Best so far", "the incumbent over resource spent, or the hypervolume", best_so_far
    ),
    "best-over-time": FigureKind("Best over time", "the same over time", partial(best_so_far, over="time")),
    "pareto-front": FigureKind(
        "Pareto front", "the trials that no other one beats, for several objectives", pareto_front
    ),
    "learning-curves": FigureKind(
        "Learning curves", "how trials learned, by what became of them", learning_curves
    ),
    "rungs": FigureKind("Rungs", "how many trials arrived at each level and went on", rungs),
    "lineage": FigureKind(
        "Lineage", "from which trials the best one comes, and its hyperparameters over the training", lineages
    ),
    "parallel-coordinates": FigureKind(
        "Parallel coordinates", "which configurations are good; drag to select", parallel_coordinates
    ),
    "slices": FigureKind("Slices", "each hyperparameter against the objective", slices),
    "model": FigureKind("Model", "what a Gaussian process expects along each hyperparameter", model),
    "contours": FigureKind("Contours", "the objective over pairs of hyperparameters", contours),
    "timeline": FigureKind("Workers", "which trial had which worker when, and why it left", timeline),
}
