"""Draws docs/gaussian-processes.png: python docs/gaussian_processes.py OUT.png."""

import sys

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rung.models.acquisition import log_expected_improvement
from rung.models.gp import fit
from rung.models.kernels import Dimension, Floats, Stationary

BLUE, BAND, ROSE, GRAY = "#0a7cc2", "rgba(10,124,194,0.18)", "#c44e9b", "#8c8c8c"
GRID = np.linspace(0.0, 1.0, 301)[:, None]
KERNEL = Stationary((Dimension(),))


def loss(x: Floats) -> Floats:
    """What the searcher does not know."""
    value: Floats = np.sin(11 * x) * 0.8 + 2.2 * (x - 0.6) ** 2 - 0.5 * np.exp(-60 * (x - 0.92) ** 2)
    return value


def searched(n: int) -> tuple[Floats, Floats, Floats, Floats]:
    """The points of n trials, then mean, standard deviation and acquisition on the grid."""
    X = np.array([[0.08], [0.33], [0.70]])
    while True:
        y = loss(X[:, 0])
        shift, scale = y.mean(), y.std()
        mean, std = fit(X, (y - shift) / scale, KERNEL).predict(GRID)
        gain = log_expected_improvement(mean, std, float((y.min() - shift) / scale))[0]
        if len(X) == n:
            return X[:, 0], mean * scale + shift, std * scale, gain
        X = np.vstack([X, GRID[gain.argmax()]])


def add(figure: go.Figure, column: int, n: int) -> None:
    """One panel above, one below."""
    X, mean, std, gain = searched(n)
    x, first = GRID[:, 0], column == 1

    def line(y: Floats, row: int, name: str, **style: object) -> None:
        figure.add_scatter(x=x, y=y, name=name, row=row, col=column, mode="lines", showlegend=first, **style)

    line(mean + std, 1, "", line={"width": 0}, hoverinfo="skip")
    figure.data[-1].showlegend = False
    line(mean - std, 1, "one standard deviation", line={"width": 0}, fill="tonexty", fillcolor=BAND)
    line(loss(x), 1, "the loss, unknown", line={"color": GRAY, "dash": "dash", "width": 1.5})
    line(mean, 1, "mean", line={"color": BLUE, "width": 2.5})
    figure.add_scatter(
        x=X, y=loss(X), name="trials", row=1, col=column, mode="markers", showlegend=first,
        marker={"color": "black", "size": 8},
    )  # fmt: skip
    line(gain, 2, "log expected improvement", line={"color": ROSE, "width": 2})
    for row in (1, 2):
        figure.add_vline(
            x=float(x[gain.argmax()]), line={"color": ROSE, "dash": "dot", "width": 1.5}, row=row, col=column
        )


def main(path: str) -> None:
    """Draw the figure."""
    titles = ("after 4 trials", "after 8 trials")
    figure = make_subplots(
        2, 2, shared_xaxes=True, shared_yaxes="rows", row_heights=[0.68, 0.32], column_titles=titles,
        vertical_spacing=0.06, horizontal_spacing=0.04,
    )  # fmt: skip
    for column, n in enumerate((4, 8), 1):
        add(figure, column, n)
    figure.update_xaxes(title_text="hyperparameter, on the unit scale", row=2)
    figure.update_yaxes(title_text="loss", row=1, col=1)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(range=[-25, 0], row=2)
    figure.update_yaxes(title_text="log EI", row=2, col=1)
    figure.update_layout(
        template="simple_white", width=1000, height=520, margin={"t": 40, "b": 50, "l": 60, "r": 20},
        legend={"orientation": "h", "y": -0.14, "x": 0.5, "xanchor": "center"}, font={"size": 14},
    )  # fmt: skip
    figure.write_image(path, scale=1.2)


if __name__ == "__main__":
    main(sys.argv[1])
