"""The figure of `docs/tpe.md`: what TPE makes of twenty trials of one hyperparameter.

python docs/tpe.py docs/tpe.png
"""

import sys

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rung.core.space import Float, Space
from rung.models.parzen import Bandwidths, Grain, kernels, log_masses, queries

GOOD = 4
WIDTH = 0.09


def loss(x: np.ndarray) -> np.ndarray:
    """Two valleys, the right one deeper."""
    return 1.0 - 0.6 * np.exp(-(((x - 0.2) / 0.12) ** 2)) - 0.9 * np.exp(-(((x - 0.7) / 0.1) ** 2))


def density(X: np.ndarray, C: np.ndarray) -> np.ndarray:
    """The kernels of some trials and the uniform density, as TPE mixes them."""
    grain = Grain.of(Space(x=Float(0, 1)).columns)
    features = np.hstack([kernels(grain, X), -log_masses(X, WIDTH)])
    logs = queries(grain, C, Bandwidths(np.array([WIDTH]), np.array([]))) @ features.T
    return (np.exp(logs).sum(axis=1) + 1.0) / (len(X) + 1)


def figure() -> go.Figure:
    """Trials above, the two densities in the middle, their ratio below."""
    X = np.random.default_rng(4).random((20, 1))
    order = np.argsort(loss(X[:, 0]))
    good, others = X[order[:GOOD]], X[order[GOOD:]]
    C = np.linspace(0, 1, 401)[:, None]
    likely, unlikely = density(good, C), density(others, C)
    ratio = likely / unlikely
    drawn = make_subplots(3, 1, shared_xaxes=True, vertical_spacing=0.04, row_heights=[0.36, 0.34, 0.3])

    def add(row: int, x: np.ndarray, y: np.ndarray, name: str, **style: object) -> None:
        drawn.add_trace(go.Scatter(x=x.ravel(), y=y.ravel(), name=name, **style), row, 1)

    add(1, C, loss(C), "loss (not known)", mode="lines", line={"color": "#999999", "dash": "dash"})
    add(1, good, loss(good), "good trials", mode="markers", marker={"color": "#0072b2", "size": 11})
    add(
        1,
        others,
        loss(others),
        "the others",
        mode="markers",
        marker={"color": "#d55e00", "size": 9, "symbol": "x"},
    )
    add(2, C, likely, "density of the good", mode="lines", line={"color": "#0072b2"}, fill="tozeroy")
    add(2, C, unlikely, "density of the others", mode="lines", line={"color": "#d55e00"})
    add(3, C, ratio, "ratio", mode="lines", line={"color": "#333333"})
    best = int(np.argmax(ratio))
    add(
        3,
        C[best],
        ratio[[best]],
        "next trial",
        mode="markers",
        marker={"color": "#009e73", "size": 13, "symbol": "star"},
    )
    for row, title in enumerate(("loss", "density", "ratio"), 1):
        drawn.update_yaxes(title=title, row=row, col=1)
    drawn.update_xaxes(title="hyperparameter", row=3, col=1)
    drawn.update_layout(
        template="plotly_white", width=760, height=620, margin={"l": 60, "r": 20, "t": 20, "b": 50}
    )
    return drawn


if __name__ == "__main__":
    figure().write_image(sys.argv[1], scale=1.3)
