"""The figure of `docs/quasi-random.md`: 32 trials of three searchers in a square.

python docs/quasi_random.py docs/quasi-random.png
"""

import sys

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from scipy.spatial import cKDTree

import rung

TRIALS, PARTS = 32, 8
SEARCHERS = {
    "random": rung.RandomSearch(),
    "Sobol": rung.QuasiRandom(),
    "Latin hypercube": rung.QuasiRandom(design="latin", size=TRIALS),
}


def points(searcher: object) -> np.ndarray:
    """What a study with a searcher has tried, shape (TRIALS, 2)."""
    space = {"x": rung.Float(0, 1), "y": rung.Float(0, 1)}
    study = rung.minimize(lambda x, y: x + y, space, trials=TRIALS, searcher=searcher, seed=3)
    return np.array([[trial.config["x"], trial.config["y"]] for trial in study.trials])


def gap(X: np.ndarray) -> float:
    """The radius of the largest circle without a trial whose centre lies in the square."""
    line = np.linspace(0, 1, 301)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return float(cKDTree(X).query(grid)[0].max())


def figure() -> go.Figure:
    """The trials of each searcher, and how many fall into each eighth of x."""
    found = {name: points(searcher) for name, searcher in SEARCHERS.items()}
    titles = [f"{name}<br>largest gap {gap(X):.2f}" for name, X in found.items()]
    drawn = make_subplots(
        2,
        len(found),
        row_heights=[0.75, 0.25],
        vertical_spacing=0.06,
        subplot_titles=titles,
        shared_xaxes=True,
    )
    for column, X in enumerate(found.values(), 1):
        marks = go.Scatter(x=X[:, 0], y=X[:, 1], mode="markers", marker={"color": "#0072b2", "size": 8})
        counts, edges = np.histogram(X[:, 0], PARTS, (0, 1))
        bars = go.Bar(x=(edges[1:] + edges[:-1]) / 2, y=counts, marker={"color": "#999999"})
        drawn.add_trace(marks, 1, column)
        drawn.add_trace(bars, 2, column)
        drawn.update_xaxes(range=[0, 1], dtick=1 / PARTS, showticklabels=False, row=1, col=column)
        drawn.update_xaxes(range=[0, 1], title="x", tickvals=[0, 0.5, 1], row=2, col=column)
        drawn.update_yaxes(range=[0, 1], dtick=1 / PARTS, showticklabels=False, row=1, col=column)
        drawn.update_yaxes(range=[0, 9], dtick=4, row=2, col=column)
    drawn.update_yaxes(title="y", row=1, col=1)
    drawn.update_yaxes(title="trials", row=2, col=1)
    drawn.update_layout(
        template="plotly_white",
        width=900,
        height=430,
        bargap=0.1,
        showlegend=False,
        margin={"l": 60, "r": 20, "t": 60, "b": 50},
    )
    return drawn


if __name__ == "__main__":
    figure().write_image(sys.argv[1], scale=1.3)
