"""Figures of a study, each a function from a study to a plotly figure; data first, drawing second."""

from rung.analysis.data import read
from rung.analysis.plots.bars import importances
from rung.analysis.plots.best import best_so_far
from rung.analysis.plots.contours import contours
from rung.analysis.plots.curves import learning_curves
from rung.analysis.plots.figures import FIGURES, FigureKind
from rung.analysis.plots.files import to_file
from rung.analysis.plots.front import pareto_front
from rung.analysis.plots.levels import rungs
from rung.analysis.plots.lineage import lineages
from rung.analysis.plots.model import model
from rung.analysis.plots.parallel import parallel_coordinates
from rung.analysis.plots.slices import slices
from rung.analysis.plots.style import DARK, LIGHT, Theme
from rung.analysis.plots.timeline import timeline

__all__ = [
    "DARK",
    "FIGURES",
    "LIGHT",
    "FigureKind",
    "Theme",
    "best_so_far",
    "contours",
    "importances",
    "learning_curves",
    "lineages",
    "model",
    "parallel_coordinates",
    "pareto_front",
    "read",
    "rungs",
    "slices",
    "timeline",
    "to_file",
]
